"""
The JSON Schemas of mappings and organisation files, so that an editor checks them while they are written.

Made of what the readers know. A schema refuses nothing that its reader takes; it cannot tell what rests on another
place: a cycle, an id that stands twice, a date format without a day, a zone or a file that is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from salesflow.files.cells import DECIMALS, THOUSANDS, Kind
from salesflow.files.mapping import FIELDS, PARTIES, REQUIRED
from salesflow.files.organization import DEPTHS, EMPLOYEE
from salesflow.files.reading import DELIMITERS, ENCODINGS
from salesflow.files.schema_parts import FLAG, Schema, array, name, text
from salesflow.files.tables import MOST_ENTRIES
from salesflow.model.organization import LONGEST_ID
from salesflow.model.requests import LONGEST_NAME

_NAME = name()
_ID = name(LONGEST_ID)
_TEXT = text(LONGEST_NAME)
_NAMES = array(_NAME, MOST_ENTRIES, uniqueItems=True)
_TEXTS: Schema = {"type": "object", "additionalProperties": _TEXT, "maxProperties": MOST_ENTRIES}
_FILE: Schema = {**_NAME, "not": {"pattern": r'[/\\\\:*?"<>|]|^\.\.?$'}}
_LAYOUT: Schema = {
    "delimiter": {"description": "What stands between the cells of a CSV file.", "enum": list(DELIMITERS)},
    "encoding": {"description": "How a CSV file is encoded.", "enum": list(ENCODINGS)},
    "empty": {"description": "Texts that mean that nothing is there, such as N/A.", **_NAMES},
}
_LOOKUP: Schema = {
    "description": "A second file beside the data: what the text is looked up in, before `values`.",
    "type": "object",
    "properties": {
        "file": {"description": "Its plain name.", **_FILE},
        "key": {"description": "The column that is looked up in.", **_NAME},
        "value": {"description": "The column that the value comes from.", **_NAME},
    },
    "required": ["file", "key", "value"],
    "additionalProperties": False,
}
_CELL: Schema = {
    "column": {"description": "The column that is read.", **_NAME},
    "columns": {"description": "Columns whose texts are joined, the empty ones left out.", **_NAMES, "minItems": 1},
    "constant": {"description": "The same text for every row.", **_NAME},
    "join": {"description": "What stands between joined columns; a space where left out.", **_TEXT},
    "values": {"description": "What each text becomes; an empty one means nothing.", **_TEXTS},
    "otherwise": {"description": "What a text becomes that look-up and values do not have; else its row is refused.",
                  **_TEXT},
    "required": {"description": "Whether an empty value refuses the row.", **FLAG},
}  # fmt: skip
_OF_KIND: dict[str, Schema] = {
    "date": {"format": {"description": "How dates are written, such as %d.%m.%Y; ISO 8601 where left out.", **_NAME}},
    "number": {
        "decimal": {"description": "What stands before the decimals.", "enum": list(DECIMALS)},
        "thousands": {"description": "What stands between thousands.", "enum": ["", *THOUSANDS]},
    },
    "text": {},
}
_SAME_MARK = [
    {"properties": {"decimal": {"const": ","}, "thousands": {"const": ","}}, "required": ["decimal", "thousands"]},
    {"properties": {"decimal": {"const": "."}, "thousands": {"const": "."}}, "required": ["thousands"]},
]


def mapping_schema() -> Schema:
    """
    Return the JSON Schema (draft 2020-12) of import mappings.

    The same stands in ``mapping.schema.json`` beside this module. An editor with TOML support reads it where the
    first line of a mapping names it: ``#:schema mapping.schema.json``.

    Source: IO-1.
    """
    cells = {f"{kind}_cell": _cell(kind, {"lookup": _LOOKUP}) for kind in _OF_KIND}
    fields = {f"{kind}_fields": _fields(kind) for kind in FIELDS}
    return {
        **_head("mapping", "salesflow import mapping"),
        **_table(
            "Which column of a CSV or JSON file becomes which field of a record.",
            {
                "kind": {"description": "What a row becomes.", "enum": list(FIELDS)},
                "key": {"description": "The columns that make a row's identity, where fields.id does not.",
                        **_NAMES, "minItems": 1},
                "fields": {"description": "Where each field comes from.", "type": "object"},
                "history": {"description": "For each stage, when it was entered; for an outcome, when it was closed.",
                            "type": "object",
                            "additionalProperties": _reference("date_cell"), "maxProperties": MOST_ENTRIES},
                **{party: _table(
                    f"A {party} that is found by name, or made, on the way.",
                    dict.fromkeys(known, _reference("text_cell")), ["name"],
                ) for party, known in PARTIES.items()},
                "spellings": {"description": "Per column, each wrong spelling with the right one.", "type": "object",
                              "additionalProperties": _TEXTS, "maxProperties": MOST_ENTRIES},
                "time_zone": {"description": "The zone of moments that name none; the business's where left out.",
                              **_NAME},
                "sparse": {"description": "Whether the objects of a JSON file leave out what is empty.", **FLAG},
                **_LAYOUT,
            },
            ["kind", "fields"],
        ),
        "oneOf": [{"required": ["key"]}, {"properties": {"fields": {"required": ["id"]}}}],
        "if": {"properties": {"kind": {"const": "lead"}}},
        "then": {"properties": {"fields": _reference("lead_fields"), **dict.fromkeys(("history", *PARTIES), False)}},
        "else": {"properties": {"fields": _reference("opportunity_fields")}},
        "allOf": [
            {"if": {"required": [party]}, "then": {"properties": {"fields": {"properties": {party: False}}}}}
            for party in PARTIES
        ],
        "$defs": {**cells, **fields},
    }  # fmt: skip


def organization_schema() -> Schema:
    """
    Return the JSON Schema (draft 2020-12) of organisation files.

    The same stands in ``organization.schema.json`` beside this module; the first line ``#:schema …`` names it.

    Source: ORG-1 … ORG-6.
    """
    said = {
        "id": {"description": "Who they are, for ever.", **_ID},
        "name": {"description": "For people.", **_NAME},
        "manager": {"description": "The id of the one manager; a root where left out.", **_ID},
        "department": {"description": "The id of the main department.", **_ID},
        "departments": {"description": "Ids of other departments.", **_NAMES},
        "groups": {"description": "Ids of user groups.", **_NAMES},
        "active": {"description": "Whether they still work here; false keeps a link of the chain.", **FLAG},
    }
    columns = {
        key: {**_reference("cell"), "description": f"Where `{key}` comes from: true or false in any case."}
        if kind == "flag" else {**_reference("cell"), "description": f"Where `{key}` comes from."}
        for key, kind in EMPLOYEE.items()
    }  # fmt: skip
    department = {
        "id": said["id"], "name": said["name"],
        "head": {"description": "The id of the employee who heads it.", **_ID},
        "parent": {"description": "The id of the department above.", **_ID},
    }  # fmt: skip
    group = {
        "id": said["id"], "name": said["name"],
        "members": {"description": "Ids of employees, beside those who name the group.", **_NAMES},
    }  # fmt: skip
    rows = {
        "file": {"description": "The plain name of a CSV file beside this one.", **_FILE},
        "separator": {"description": "What stands between several departments or groups of a cell; ; where left out.",
                      **_NAME},
    }  # fmt: skip
    return {
        **_head("organization", "salesflow organisation"),
        **_table(
            "Who works here: employees, departments, groups and switches.",
            {
                "employees": _tables("Employees, written here.", said, ["id"]),
                "employees_from": _tables("Employees read from a CSV file.", {**rows, **columns, **_LAYOUT},
                                          ["file", "id"]),
                "departments": _tables("Departments.", department, ["id"]),
                "groups": _tables("User groups.", group, ["id"]),
                "administrators": {"description": "Ids of CRM administrators, who need not be employees.", **_NAMES},
                "depth_subordinates": {"description": "Whom scenes count as below: all, or direct reports only.",
                                       "enum": list(DEPTHS), "default": DEPTHS[0]},
                "depth_superiors": {"description": "Who may act for whom: all above, or the direct manager only.",
                                    "enum": list(DEPTHS), "default": DEPTHS[0]},
                "include_subdepartments": {"description": "Whether a head sees sub-departments too.", **FLAG,
                                           "default": True},
            },
        ),
        "$defs": {"cell": _cell("text", {})},
    }  # fmt: skip


def _head(kind: str, title: str) -> Schema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:salesflow:{kind}",
        "title": title,
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _table(description: str, properties: Schema, required: Iterable[str] = ()) -> Schema:
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _tables(description: str, properties: Schema, required: Iterable[str]) -> Schema:
    return {"description": description, **array(_table("One of them.", properties, required), MOST_ENTRIES)}


def _cell(kind: str, more: Schema) -> Schema:
    """Return what the definition of one value is: a column's name, or a table."""
    known = {**_CELL, **more, **_OF_KIND[kind]}
    table: dict[str, Any] = {
        **_table("Where a value comes from.", known),
        "oneOf": [{"required": [one]} for one in ("column", "columns", "constant")],
        "dependentRequired": {"join": ["columns"]},
        "dependentSchemas": {"otherwise": {"anyOf": [{"required": [one]} for one in ("values", "lookup")]}},
    }
    if kind == "number":
        table["not"] = {"anyOf": _SAME_MARK}
    return {"description": "A column's name, or a table.", "anyOf": [_NAME, table]}


def _fields(kind: str) -> Schema:
    as_cell: dict[Kind, str] = {"day": "date", "moment": "date", "number": "number", "text": "text"}
    fields = {field: _reference(f"{as_cell[declared]}_cell") for field, declared in FIELDS[kind].items()}
    dependent = {amount: ["currency"] for amount in ("amount", "actual_amount") if amount in fields}
    return {**_table(f"The fields of a{'n' if kind[0] == 'o' else ''} {kind}.", fields, REQUIRED[kind]),
            **({"dependentRequired": dependent} if dependent else {})}  # fmt: skip
