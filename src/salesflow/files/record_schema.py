"""
The JSON Schema of what `to_json` writes: records, events, requests, people, templates (IO-2).

Made of the model: its fields with their types, and what its docstrings say. The schema refuses nothing that `from_json`
takes. It cannot tell what rests on another place, or on what a record is: that a sum is that of the lines, that a team
has one owner, that a currency has two decimals.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from salesflow.files.json_codec import FORMAT, RECORDS, TYPES
from salesflow.files.schema_parts import Schema, summary
from salesflow.model import Change, Event, Label, Money, Reason
from salesflow.model.events import shape

_MOST_WHOLE = 2**63
_DECIMAL: Schema = {
    "description": "An exact number, as text.",
    "type": "string",
    "maxLength": 40,
    "pattern": r"^-?[0-9]{1,40}(\.[0-9]{1,40})?(E[+-]?[0-9]{1,3})?$",
}
_MOMENT: Schema = {
    "description": "A moment in UTC.",
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?\+00:00$",
}
_DAY: Schema = {"description": "A day.", "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_TEXT: Schema = {"type": "string"}
_WHOLE: Schema = {"type": "integer", "minimum": -_MOST_WHOLE, "maximum": _MOST_WHOLE - 1}
_TRUTH: Schema = {"type": "boolean"}
_NOTHING: Schema = {"type": "null"}


def _object(properties: dict[str, Schema], required: list[str], **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **more}


def _of(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


_TAGS = {"$decimal": "Decimal", "$moment": "Moment", "$day": "Day", "$money": "Money"}
_PARTS: dict[str, Schema] = {
    "Decimal": _DECIMAL,
    "Moment": _MOMENT,
    "Day": _DAY,
    "Span": _object(dict.fromkeys(("days", "seconds", "microseconds"), _WHOLE), [], description="A length of time."),
    "Money": _object(
        {"amount": _of("Decimal"), "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}, ["amount", "currency"],
        description=summary(Money),
    ),
    "Label": {"description": "A name in several languages.", "type": "object", "additionalProperties": _TEXT},
    "Reason": _object(
        {"code": _TEXT, "facts": {"type": "object", "additionalProperties": _of("Fact")}}, ["code", "facts"],
        description=summary(Reason),
    ),
    "Fact": {
        "description": "A value whose type no field declares: an object with one tag says what is no plain value.",
        "anyOf": [
            _TEXT, _WHOLE, _TRUTH, _NOTHING, {"type": "array", "items": _of("Fact")},
            *(_object({tag: _of(part)}, [tag]) for tag, part in _TAGS.items()),
        ],
    },
}  # fmt: skip
_PLAIN: dict[Any, Schema] = {
    str: _TEXT, int: _WHOLE, bool: _TRUTH, NoneType: _NOTHING, Decimal: _of("Decimal"), datetime: _of("Moment"),
    date: _of("Day"), timedelta: _of("Span"), Money: _of("Money"), Label: _of("Label"), Reason: _of("Reason"),
}  # fmt: skip


def record_schema() -> Schema:
    """
    Return the JSON Schema (draft 2020-12) of what `to_json` writes, and of a list of such, as `export_json` writes it.

    The same stands in ``record.schema.json`` beside this module, and ``salesflow schema record`` prints it.

    Source: IO-2.
    """
    definitions = dict(_PARTS)
    for cls in TYPES.values():
        _define(cls, definitions)
    envelope = _object(
        {
            "salesflow": {"description": "The version of the format.", "type": "integer", "const": FORMAT},
            "type": {"description": "What it is.", "enum": list(TYPES)},
            "value": {"description": "The thing itself; what has its default value is left out."},
        },
        ["salesflow", "type", "value"],
        allOf=[_where("type", name, {"value": _PLAIN.get(cls) or _of(cls.__name__)}) for name, cls in TYPES.items()],
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:salesflow:record",
        "title": "salesflow record",
        "description": "Anything that salesflow writes as JSON, or a list of such, as an export is.",
        "if": {"type": "array"},
        "then": {"items": _of("Envelope")},
        "else": _of("Envelope"),
        "$defs": {"Envelope": envelope, **definitions},
    }


def _where(key: str, value: str, then: dict[str, Schema]) -> Schema:
    """What holds of an object that says *value* at *key*."""
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": {"properties": then}}


def _define(cls: type[Any], definitions: dict[str, Schema]) -> None:
    """Add *cls*, and every class that one of its fields may hold, unless it is there."""
    if cls.__name__ in definitions or cls in _PLAIN:
        return
    definitions[cls.__name__] = {}  # so that a class may hold itself
    hints = get_type_hints(cls)
    fields = {field.name: field for field in attrs.fields(cls)}
    made = _object(
        {name: _schema(hints[name], definitions) for name in fields},
        [name for name, field in fields.items() if field.default is attrs.NOTHING],
        description=summary(cls),
    )
    if cls is Event:
        made["properties"]["record_kind"] = {"enum": list(RECORDS)}
        made["allOf"] = [_where("record_kind", kind, {"changes": _changes(kind, definitions)}) for kind in RECORDS]
    definitions[cls.__name__] = made


def _changes(kind: str, definitions: dict[str, Schema]) -> Schema:
    """The changes of an event of one kind of record: of each of its fields, as that declares them."""
    name = f"ChangeOf{RECORDS[kind].__name__}"
    definitions[name] = {"description": f"A field of a {kind} that changed.", "anyOf": [*_fields(kind, definitions)]}
    return {"type": "array", "items": _of(name)}


def _fields(kind: str, definitions: dict[str, Schema]) -> Iterator[Schema]:
    cls = RECORDS[kind]
    hints, collections = get_type_hints(cls), shape(cls).collections
    for field in attrs.fields(cls):
        is_item = field.name in collections
        side = _schema((get_args(hints[field.name])[0] if is_item else hints[field.name]) | None, definitions)
        properties = {"field": {"const": field.name}, "before": side, "after": side}
        key: dict[str, Schema] = {"key": _TEXT} if is_item else {}
        yield _object({**properties, **key}, ["field", *key, "before", "after"])


def _schema(declared: Any, definitions: dict[str, Schema]) -> Schema:
    """What a value is that a field declares as *declared*."""
    if declared in _PLAIN:
        return _PLAIN[declared]
    if declared is Change:  # which field it is of, and so what it holds, rests on the event
        return {"type": "object"}
    origin, parts = get_origin(declared), get_args(declared)
    if origin in (Union, UnionType):
        choices = [_schema(part, definitions) for part in parts]
        return {"anyOf": [choice for place, choice in enumerate(choices) if choice not in choices[:place]]}
    if origin in (tuple, frozenset):
        if origin is tuple and parts[-1] is not Ellipsis:
            each = [_schema(part, definitions) for part in parts]
            return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
        return {"type": "array", "items": _schema(parts[0], definitions)}
    if declared is Any:
        return {}
    if issubclass(declared, Enum):
        return {"enum": [choice.value for choice in declared]}
    _define(declared, definitions)
    return _of(declared.__name__)
