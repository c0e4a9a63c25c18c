"""Pieces of the published JSON Schemas: text, codes, numbers, lists, flags, as `ValueChecks` takes them (PROC-3)."""

from __future__ import annotations

import json
from typing import Any

from salesflow.model.requests import LONGEST_NAME
from salesflow.process.value_checks import LONGEST_CODE

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

HIDDEN = r"\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
"""Characters that nobody sees, as a pattern has them; the loader knows more of them."""


def text(longest: int) -> Schema:
    """Return what a text is, on one line; it may be empty."""
    return {"type": "string", "maxLength": longest, "pattern": f"^[^{HIDDEN}]*$"}


def name(longest: int = LONGEST_NAME) -> Schema:
    """Return what a text is that says something."""
    return {
        "type": "string",
        "maxLength": longest,
        "pattern": rf"^[^{HIDDEN}]*[^\s{HIDDEN}][^{HIDDEN}]*$",
    }


def whole(least: int, most: int) -> Schema:
    """Return what a whole number is, both bounds included."""
    return {"type": "integer", "minimum": least, "maximum": most}


def array(items: Schema, most: int, **more: Any) -> Schema:
    """Return what a list of at most *most* items is."""
    return {"type": "array", "items": items, "maxItems": most, **more}


def schema_text(schema: Schema) -> str:
    """Return a schema as its published file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def summary(cls: type[Any]) -> str:
    """Return the first paragraph of a docstring, on one line."""
    return " ".join((cls.__doc__ or "").strip().split("\n\n")[0].split())


CODE: Schema = {"type": "string", "maxLength": LONGEST_CODE, "pattern": "^[a-z][a-z0-9_]*$"}
LABEL: Schema = {"$ref": "#/$defs/Label"}
FLAG: Schema = {"type": "boolean"}
