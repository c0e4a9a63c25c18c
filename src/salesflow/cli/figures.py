"""Figures as JSON: an object for an attrs class, a list for a tuple, text for sums of money and for dates."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import attrs

from salesflow.pipeline import Card
from salesflow.pipeline.totals import Totals
from salesflow.visibility import Cause, Proof


def plain(value: Any) -> Any:
    """
    Return *value* as JSON has it.

    Args:
        value: A figure of `salesflow.pipeline`, a proof, or a part of one. Sums of money become an object with exact
            text per currency, a card the id of its record, a rule and a way in the words that they print.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Totals):
        return {currency: plain(amount) for currency, amount in value}
    if isinstance(value, Card):
        return value.opportunity.id
    if isinstance(value, Cause):
        return str(value)
    if isinstance(value, Proof):
        return plain(attrs.asdict(value, recurse=False) | {"rule": str(value.rule)})
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return plain(attrs.asdict(value, recurse=False)) if attrs.has(type(value)) else str(value)


def money(totals: Totals) -> str:
    """Return sums of money for people, the currencies apart."""
    return " + ".join(f"{amount:,.2f} {currency}".replace(".00 ", " ") for currency, amount in totals) or "–"


def percent(share: float | None, digits: int = 0) -> str:
    """Return a share for people; a dash where there is none."""
    return "–" if share is None else f"{share:.{digits}%}"
