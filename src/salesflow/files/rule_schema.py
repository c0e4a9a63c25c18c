"""The part of the JSON Schema of template files about business rules, approvals and conditions (RULE-1, RULE-2)."""

from __future__ import annotations

import re
from typing import Any

from salesflow.files.schema_parts import CODE, HIDDEN, Schema, array, name, text, whole
from salesflow.model import Condition, ProcessApproval, ProcessRule
from salesflow.model.conditions import CUSTOM, OPPORTUNITY_FIELDS
from salesflow.model.requests import LONGEST_NAME
from salesflow.process.asked_approvals import OWNER_SUPERIOR, PERSON, PROCESS_APPROVABLE, ROLE
from salesflow.process.rule_checks import LONGEST_LIMIT
from salesflow.process.rules import RULE_OPERATIONS
from salesflow.process.value_checks import MOST_ITEMS

APPROVER: Schema = {
    "anyOf": [
        {"enum": [OWNER_SUPERIOR]},
        {"type": "string", "pattern": f"^({PERSON}|{ROLE})[^{HIDDEN}]*[^\\s{HIDDEN}][^{HIDDEN}]*$"},
    ]
}
"""Who approves."""

_FIELD: Schema = {
    "anyOf": [{"enum": list(OPPORTUNITY_FIELDS)}, {"type": "string", "pattern": f"^{re.escape(CUSTOM)}.+$"}]
}
_CONDITIONS = array({"$ref": f"#/$defs/{Condition.__name__}"}, MOST_ITEMS)
_ORDERED: Schema = {"anyOf": [{"type": "integer"}, text(LONGEST_NAME)]}
_VALUE: Schema = {"anyOf": [{"type": ["integer", "boolean"]}, text(LONGEST_NAME)]}

RULE_VALUES: dict[type[Any], dict[str, Schema]] = {
    ProcessRule: {
        "code": CODE,
        "before": array({"enum": list(RULE_OPERATIONS)}, MOST_ITEMS, minItems=1, uniqueItems=True),
        "needs": {**_CONDITIONS, "minItems": 1},
        "message": {
            "anyOf": [
                name(),
                {
                    "type": "object",
                    "propertyNames": {"pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"},
                    "additionalProperties": text(LONGEST_NAME),
                    "minProperties": 1,
                    "maxProperties": MOST_ITEMS,
                },
            ]
        },
        "stages": array(CODE, MOST_ITEMS, uniqueItems=True),
        "when": _CONDITIONS,
    },
    ProcessApproval: {
        "before": {"enum": list(PROCESS_APPROVABLE)},
        "approver": APPROVER,
        "expires_after_days": whole(1, LONGEST_LIMIT),
    },
    Condition: {
        "field": _FIELD,
        "equals": _VALUE,
        "one_of": array(_VALUE, MOST_ITEMS, minItems=1),
        "at_least": _ORDERED,
        "at_most": _ORDERED,
    },
}
"""What each field takes."""
