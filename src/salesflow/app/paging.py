"""Pages of a list, stable under equal sort keys: the place to go on from is the last record's key and id."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from attrs import frozen

from salesflow.errors import InvalidInput
from salesflow.model import utc
from salesflow.model.requests import can_be_stored

ItemT = TypeVar("ItemT")

LARGEST_PAGE = 1000
"""A page holds at most this many records."""


@frozen
class Page(Generic[ItemT]):
    """
    One page of a list.

    Args:
        items: The records, in order.
        has_more: Whether there is a next page.
        after: What to pass as ``after=`` to get it; None where there is none.
    """

    items: tuple[ItemT, ...]
    has_more: bool
    after: str | None


_TO_TEXT: dict[type, tuple[str, Callable[[Any], str]]] = {
    datetime: ("t", datetime.isoformat),
    date: ("d", date.isoformat),
    str: ("s", str),
    int: ("i", str),
}

_HELD = {"close_date": "d", "amount": "m", "probability": "i", "id": "s", "name": "s", "title": "s", "number": "s"}
"""What the place in an order is told by; every other order is by a moment, ``t``."""

_LONGEST = 20_000


def cursor(order_by: str, value: Any, id: str) -> str:
    """Return a text that says where a page ended."""
    if value is None:
        packed = ["n"]
    elif isinstance(value, tuple):
        packed = ["m", value[0], str(value[1])]
    else:
        letter, to_text = _TO_TEXT[type(value)]
        packed = [letter, to_text(value)]
    return base64.urlsafe_b64encode(json.dumps([order_by, packed, id]).encode()).decode()


def read_cursor(text: str, order_by: str) -> tuple[Any, str]:
    """
    Return the sort value and the id that `cursor` put into *text*.

    Raises:
        InvalidInput: It is no cursor, or one of a list in another order.
    """
    problem = InvalidInput("after", text, "must be the `after` of a page of this same list and order")
    try:
        held_order, packed, id = json.loads(base64.urlsafe_b64decode(text[:_LONGEST].encode()))
        letter, *rest = packed
        readers: dict[str, Callable[[], Any]] = {
            "n": lambda: None,
            "m": lambda: (str(rest[0]), Decimal(rest[1])),
            "t": lambda: utc(datetime.fromisoformat(rest[0])),
            "d": lambda: date.fromisoformat(rest[0]),
            "s": lambda: str(rest[0]),
            "i": lambda: int(rest[0]),
        }
        value = readers[letter]()
        is_place = letter in ("n", _HELD.get(order_by.removeprefix("-"), "t"))
        is_place = is_place and not (letter == "m" and not value[1].is_finite())
    except (
        AttributeError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        ArithmeticError,
        binascii.Error,
        RecursionError,
    ):
        raise problem from None
    texts = [id, *(map(str, rest[:1]) if letter in "sm" else ())]
    if held_order != order_by or not is_place or not isinstance(id, str) or not all(map(can_be_stored, texts)):
        raise problem
    return value, id
