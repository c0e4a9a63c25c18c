"""The orders that lists may ask for, and the one total order that every store keeps: the key, then the id."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from salesflow.errors import InvalidInput

_COMMON: dict[str, Callable[[Any], Any]] = {
    "created_at": lambda r: r.created_at,
    "updated_at": lambda r: r.updated_at,
    "id": lambda r: r.id,
}
_BY_NAME: dict[str, Callable[[Any], Any]] = {**_COMMON, "name": lambda r: r.name}

ORDER_KEYS = MappingProxyType(
    {
        "opportunity": {
            **_BY_NAME,
            "close_date": lambda r: r.close_date,
            "amount": lambda r: None if r.amount is None else (r.amount.currency, r.amount.amount),
            "probability": lambda r: r.probability.percent,
            "last_activity_at": lambda r: r.last_activity_at,
        },
        "lead": {
            **_COMMON,
            "title": lambda r: r.title,
            "last_follow_up_at": lambda r: r.last_follow_up_at,
        },
        "customer": _BY_NAME,
        "contact": _BY_NAME,
        "document": {**_COMMON, "number": lambda r: r.number},
    }
)
"""Per kind of record, the closed list of order keys. By amount means by currency, then amount."""

DEFAULT_ORDER = MappingProxyType(
    {
        "opportunity": "-close_date", "lead": "-created_at", "customer": "name", "contact": "name",
        "document": "-created_at",
    }
)  # fmt: skip
"""The order of a list that names none."""


class _Backwards:
    """Wraps a value so that it sorts the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: _Backwards) -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and bool(other.value == self.value)

    __hash__ = None  # type: ignore[assignment]


def sort_value(kind: str, order_by: str) -> Callable[[Any], Any]:
    """
    Return the function that gives the value a record is ordered by; a record without one comes last.

    Args:
        kind: The kind of record.
        order_by: A key of `ORDER_KEYS`; a leading minus means largest first.

    Raises:
        InvalidInput: There is no such key; the message lists those that are.
    """
    known = ORDER_KEYS.get(kind, _COMMON)
    value = known.get(str(order_by).removeprefix("-"))
    if value is None:
        raise InvalidInput("order_by", order_by, f"must be one of {', '.join(known)}, with or without a minus")
    return value


def position(order_by: str, value: Any, id: str) -> tuple[Any, ...]:
    """Return where a record with this sort value and id stands in the order: comparable with any other."""
    if value is None:
        return (1, id)
    return (0, _Backwards(value) if order_by.startswith("-") else value, id)
