"""The part of the JSON Schema of template files that is about dialogs: what each of its fields takes (OPP-16)."""

from __future__ import annotations

import re
from typing import Any

from salesflow.files.schema_parts import CODE, FLAG, LABEL, Schema, array
from salesflow.model import AnswerKind, Dialog, DialogChoice, DialogQuestion
from salesflow.model.conditions import CUSTOM
from salesflow.process.dialogs import OPPORTUNITY_FILLS, OPPORTUNITY_PROPOSALS
from salesflow.process.value_checks import MOST_ITEMS

_PROPOSAL: Schema = {"type": "string", "pattern": f"^({'|'.join(OPPORTUNITY_PROPOSALS)})(:[a-z][a-z0-9_]*)?$"}
_FILLED: Schema = {
    "anyOf": [{"enum": list(OPPORTUNITY_FILLS)}, {"type": "string", "pattern": f"^{re.escape(CUSTOM)}.+$"}]
}

DIALOG_VALUES: dict[type[Any], dict[str, Schema]] = {
    Dialog: {
        "code": CODE,
        "questions": array({"$ref": f"#/$defs/{DialogQuestion.__name__}"}, MOST_ITEMS, minItems=1, uniqueItems=True),
        "name": LABEL,
        "stage": CODE,
    },
    DialogQuestion: {
        "code": CODE,
        "text": LABEL,
        "kind": {"enum": list(AnswerKind)},
        "choices": array({"$ref": f"#/$defs/{DialogChoice.__name__}"}, MOST_ITEMS, uniqueItems=True),
        "is_required": FLAG,
        "next": CODE,
        "fills": _FILLED,
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "finishes": CODE,
        "proposes": _PROPOSAL,
    },
    DialogChoice: {"code": CODE, "text": LABEL, "next": CODE, "finishes": CODE, "proposes": _PROPOSAL},
}
"""What each field takes."""
