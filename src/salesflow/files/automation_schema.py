"""The part of the JSON Schema of template files that is about automation: what each of its fields takes (RULE-3)."""

from __future__ import annotations

import re
from typing import Any

from salesflow.files.schema_parts import CODE, HIDDEN, LABEL, Schema, array, name, whole
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, DocumentKind
from salesflow.model.conditions import Condition
from salesflow.model.requests import LONGEST_NAME
from salesflow.process.asked_approvals import PERSON, ROLE
from salesflow.process.automation import ACTIONS, HAPPENINGS, ONE_PERSON, PLACEHOLDERS, TEAM
from salesflow.process.automation_checks import LONGEST_WAIT
from salesflow.process.value_checks import MOST_ITEMS

_WORDS = [word for word, happening in HAPPENINGS.items() if happening.record_kind == "opportunity"]
_BY_NAME: Schema = {"type": "string", "pattern": f"^({re.escape(PERSON)}|{re.escape(ROLE)}).*[^\\s{HIDDEN}].*$"}
_MESSAGE: Schema = {
    "type": "string",
    "maxLength": LONGEST_NAME,
    "pattern": rf"^([^{{}}{HIDDEN}]|\{{({'|'.join(PLACEHOLDERS)})\}})*$",
}


def _somebody(*words: str) -> Schema:
    return {"anyOf": [{"enum": list(words)}, _BY_NAME]}


AUTOMATION_VALUES: dict[type[Any], dict[str, Schema]] = {
    Automation: {
        "code": CODE,
        "on": {"enum": _WORDS},
        "stage": CODE,
        "when": array({"$ref": f"#/$defs/{Condition.__name__}"}, MOST_ITEMS),
        "create_task": {"$ref": f"#/$defs/{AutomaticTask.__name__}"},
        "notify": {"$ref": f"#/$defs/{AutomaticNotice.__name__}"},
        "issue_document": {"enum": list(DocumentKind)},
        "call": CODE,
        "origin": name(),
    },
    AutomaticTask: {
        "code": CODE,
        "name": LABEL,
        "due_in_days": whole(0, LONGEST_WAIT),
        "assignee": _somebody(*ONE_PERSON),
    },
    AutomaticNotice: {
        "to": array(_somebody(*ONE_PERSON, TEAM), MOST_ITEMS, minItems=1, uniqueItems=True),
        "message": {
            "anyOf": [
                {**_MESSAGE, "minLength": 1},
                {
                    "type": "object",
                    "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
                    "additionalProperties": _MESSAGE,
                    "minProperties": 1,
                    "maxProperties": MOST_ITEMS,
                },
            ]
        },
    },
}
"""What each field takes."""

ONE_ACTION: Schema = {"oneOf": [{"required": [action]} for action in ACTIONS]}
"""An automation has exactly one action."""
