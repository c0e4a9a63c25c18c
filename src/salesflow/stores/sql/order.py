"""One order of one table, as terms to sort by and as what stands behind a position; ties go by id (VIS-16)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, bindparam, or_

from salesflow.errors import InvalidInput
from salesflow.model import Money, utc
from salesflow.stores.sql.schema import KeyField, KeyType, minor_units

Position = tuple[Any, str]
"""The value that a list is ordered by, and the id, of the last record before what is asked for."""


class Order:
    """
    By the key's columns, records without a value last, ties by id.

    Args:
        orders: The key field of each order key.
        order_by: One of them, or ``id``, with or without a minus.
        table: The kind's table.
    """

    def __init__(self, orders: dict[str, KeyField], order_by: str, table: FromClause) -> None:
        self._field = orders.get(order_by.removeprefix("-"))
        self._is_backwards = order_by.startswith("-")
        self._id = table.c.id
        self.keys = [table.c[name] for name in self._field.columns] if self._field is not None else []
        self.last = self._id.desc() if self._is_backwards and not self.keys else self._id

    def terms(self, plain: Callable[[ColumnElement[Any]], ColumnElement[Any]] | None = None) -> list[Any]:
        """Return what to sort by; *plain* hides it from the planner, and then records without a value come too."""
        shown = plain if plain is not None else lambda column: column
        keys = [shown(key).desc() if self._is_backwards else shown(key).asc() for key in self.keys]
        last = shown(self._id).desc() if self._is_backwards and not self.keys else shown(self._id).asc()
        return [*([self.has_none()] if plain is not None and keys else []), *keys, last]

    def has_value(self) -> ColumnElement[bool]:
        """Return whether a record has a value to sort by."""
        return self.keys[0].is_not(None)

    def has_none(self) -> ColumnElement[bool]:
        """Return whether it has none."""
        return self.keys[0].is_(None)

    def behind(self) -> ColumnElement[bool]:
        """Return what stands behind a position that has a value."""
        return or_(self.has_none(), self.further()) if self.keys else self.further()

    def behind_nothing(self) -> ColumnElement[bool]:
        """Return what stands behind a position without a value."""
        return and_(self.has_none(), self._id > bindparam("after_id", type_=self._id.type))

    def further(self) -> ColumnElement[bool]:
        """Return what stands behind a position that has a value, among records that have one."""
        id = bindparam("after_id", type_=self._id.type)
        found = self._id < id if self._is_backwards and not self.keys else self._id > id
        for number, key in reversed(list(enumerate(self.keys))):
            value = bindparam(f"after_{number}", type_=key.type)
            # the first comparison is what an index can begin from
            reached, passed = (key <= value, key < value) if self._is_backwards else (key >= value, key > value)
            found = and_(reached, or_(passed, found))
        return found

    def values(self, after: Position | None) -> dict[str, Any]:
        """
        Return the parameters of a position.

        Raises:
            InvalidInput: Its value is none of this order.
        """
        if after is None:
            return {}
        told: dict[str, Any] = {"after_id": after[1]}
        if self._field is not None and after[0] is not None:
            told |= {f"after_{number}": value for number, value in enumerate(_of_type(self._field.type, after[0]))}
        return told


def _of_type(type: KeyType, value: Any) -> list[Any]:
    match type, value:
        case KeyType.MONEY, (str(currency), Decimal() as amount):
            return [currency, minor_units(Money(amount, currency))]
        case (KeyType.TEXT, str()) | (KeyType.WHOLE, int()):
            return [value]
        case KeyType.DAY, date() if not isinstance(value, datetime):
            return [value]
        case KeyType.MOMENT, datetime():
            return [utc(value, "after")]
        case _:
            raise InvalidInput("after", value, f"must be a {type.value}, as this order has")
