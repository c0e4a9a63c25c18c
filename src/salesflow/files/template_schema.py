"""
The JSON Schema of template files, so that an editor checks a template while it is written (PROC-2, PROC-3).

Made of the model: its fields, their defaults, and what its docstrings say. The schema refuses nothing that
`load_template` takes. It cannot tell what rests on another place: that a code stands twice, or that a stage,
role or custom field is not declared.
"""

from __future__ import annotations

import re
from typing import Any

import attrs

from salesflow.files.automation_schema import AUTOMATION_VALUES, ONE_ACTION
from salesflow.files.dialog_schema import DIALOG_VALUES
from salesflow.files.rule_schema import APPROVER, RULE_VALUES
from salesflow.files.schema_parts import CODE, FLAG, LABEL, Schema, array, name, summary, text, whole
from salesflow.model import (
    Automation,
    Dialog,
    Jump,
    Label,
    ProcessApproval,
    ProcessRule,
    RequiredField,
    Route,
    SalesProcess,
    Stage,
    TaskTemplate,
    TeamRole,
    WinFrom,
)
from salesflow.model.conditions import CUSTOM
from salesflow.model.requests import LONGEST_NAME
from salesflow.process.asked_approvals import PROCESS_APPROVABLE
from salesflow.process.automation_checks import MOST_AUTOMATIONS
from salesflow.process.checks import (
    LARGEST_VERSION,
    LONGEST_MARK,
    MOST_STAGES,
    MOST_TASKS,
    OUTCOME_CODES,
)
from salesflow.process.dialog_checks import MOST_DIALOGS
from salesflow.process.findings import WARNINGS
from salesflow.process.requirements import FIELDS
from salesflow.process.rule_checks import LONGEST_LIMIT, MOST_RULES
from salesflow.process.value_checks import MOST_ITEMS

_ARGUMENT = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<text>.*)", re.DOTALL)


def _of(cls: type[Any]) -> Schema:
    return {"$ref": f"#/$defs/{cls.__name__}"}


_NAME = name()
_MARK = text(LONGEST_MARK)
_NAMES = array(_NAME, MOST_ITEMS, uniqueItems=True)
_CODES = array(CODE, MOST_ITEMS, uniqueItems=True)
_ROUTES = array({"enum": list(Route)}, MOST_ITEMS, uniqueItems=True)
_FIELD: Schema = {"anyOf": [{"enum": list(FIELDS)}, {"type": "string", "pattern": f"^{re.escape(CUSTOM)}.+$"}]}
_ROLE: Schema = {"anyOf": [{"enum": list(TeamRole)}, _NAME]}
_WAIVER: Schema = {"type": "string", "pattern": rf"^[a-z][a-z0-9_]*: ({'|'.join(WARNINGS)})$"}
_ONE_CORE: Schema = {
    "contains": {"type": "object", "properties": {"is_core": {"const": True}}, "required": ["is_core"]},
    "minContains": 0,
    "maxContains": 1,
}

_VALUES: dict[type[Any], dict[str, Schema]] = {
    SalesProcess: {
        "id": CODE,
        "version": whole(1, LARGEST_VERSION),
        "stages": array(_of(Stage), MOST_STAGES, minItems=1),
        "name": LABEL,
        "customer_types": _NAMES,
        "starts_when": _MARK,
        "ends_when": _MARK,
        "jump": {"enum": list(Jump)},
        "win_from": {"enum": list(WinFrom)},
        "entry_from_lead": CODE,
        "lost_reasons": {**_CODES, "minItems": 1},
        "invalid_reasons": {**_CODES, "minItems": 1},
        "custom_fields": _CODES,
        "custom_roles": _NAMES,
        "rules": array(_of(ProcessRule), MOST_RULES, uniqueItems=True),
        "approvals": array(_of(ProcessApproval), len(PROCESS_APPROVABLE), uniqueItems=True),
        "automation": array(_of(Automation), MOST_AUTOMATIONS, uniqueItems=True),
        "dialogs": array(_of(Dialog), MOST_DIALOGS, uniqueItems=True),
        "waived": array(_WAIVER, MOST_STAGES * len(WARNINGS), uniqueItems=True),
        "origin": _NAME,
    },
    Stage: {
        "code": {**CODE, "not": {"enum": sorted(OUTCOME_CODES)}},
        "name": LABEL,
        "probability": whole(0, 100),
        "starts_when": _MARK,
        "ends_when": _MARK,
        "required_fields": array({"anyOf": [_FIELD, _of(RequiredField)]}, MOST_ITEMS, uniqueItems=True),
        "tasks": array(_of(TaskTemplate), MOST_TASKS, uniqueItems=True, **_ONE_CORE),
        "procedures": _NAMES,
        "roles": array(_ROLE, MOST_ITEMS, uniqueItems=True),
        "limit_days": whole(1, LONGEST_LIMIT),
        "is_optional": FLAG,
        "approval": APPROVER,
        "approval_expires_after_days": whole(1, LONGEST_LIMIT),
        "origin": _NAME,
    },
    TaskTemplate: {"code": CODE, "name": LABEL, "is_core": FLAG, "routes": _ROUTES, "origin": _NAME},
    RequiredField: {"field": _FIELD, "routes": _ROUTES},
    **RULE_VALUES,
    **AUTOMATION_VALUES,
    **DIALOG_VALUES,
}
"""What each field takes; a field of the model that is missing here makes no schema at all."""


def template_schema() -> dict[str, Any]:
    """
    Return the JSON Schema (draft 2020-12) of template files.

    The same stands in ``template.schema.json`` beside this module. An editor with TOML support reads it where the
    first line of a template names it: ``#:schema template.schema.json``.

    Source: PROC-2, PROC-3.
    """
    process = _table(SalesProcess)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:salesflow:template",
        "title": "salesflow stage template",
        **process,
        "$defs": {
            "Label": {
                "description": summary(Label),
                "anyOf": [
                    text(LONGEST_NAME),
                    {
                        "type": "object",
                        "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
                        "additionalProperties": text(LONGEST_NAME),
                        "maxProperties": MOST_ITEMS,
                    },
                ],
            },
            **{cls.__name__: _table(cls) for cls in _VALUES if cls is not SalesProcess},
        },
    }


def _table(cls: type[Any]) -> Schema:
    described = _arguments(cls)
    fields = attrs.fields(cls)
    return {
        "description": summary(cls),
        "type": "object",
        "properties": {field.name: _property(_VALUES[cls][field.name], field, described) for field in fields},
        "required": [field.name for field in fields if field.default is attrs.NOTHING],
        "additionalProperties": False,
        **(ONE_ACTION if cls is Automation else {}),
    }


def _property(value: Schema, field: attrs.Attribute[Any], described: dict[str, str]) -> Schema:
    said = {"description": described[field.name], **value}
    default = field.default
    if default is attrs.NOTHING or default is None:
        return said
    plain = str(default) if isinstance(default, Label) else default
    return {**said, "default": list(plain) if isinstance(plain, tuple) else plain}


def _arguments(cls: type[Any]) -> dict[str, str]:
    """What the docstring says of each argument, on one line."""
    said = _docstring(cls).split("    Args:\n")[1].split("\n\n")[0]
    described = {}
    for entry in re.split(r"\n {8}(?=\S)", f"\n{said}")[1:]:
        found = _ARGUMENT.fullmatch(entry)
        assert found is not None
        text = " ".join(found["text"].replace("``", "").replace("None", "left out").split())
        text = text.replace(". left out", ". Left out")
        described.update(dict.fromkeys(found["names"].split(", "), text))
    return described


def _docstring(cls: type[Any]) -> str:
    """As it is written, indented as in its module."""
    return cls.__doc__ or ""
