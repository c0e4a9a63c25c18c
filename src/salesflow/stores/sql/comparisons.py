"""Comparisons of fields as SQL: what is NULL, or of another type, passes none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, false

from salesflow.model import Money
from salesflow.stores.sql.schema import LARGEST_WHOLE, KeyField, KeyType, minor_units
from salesflow.visibility.filters import OPERATORS, FieldCompare


def compared(filter: FieldCompare, key: KeyField, table: FromClause) -> ColumnElement[bool]:
    """Return the comparison of the columns of *key* in *table*; values of unlike types compare in no way."""
    compare: Callable[[Any, Any], Any] = OPERATORS[filter.operator]
    value = filter.value
    column = table.c[key.columns[-1]]
    match key.type:
        case KeyType.MONEY if isinstance(value, Money):
            return and_(table.c[key.columns[0]] == value.currency, compare(column, minor_units(value)))
        case KeyType.TEXT if isinstance(value, str):
            return _boolean(compare(column, str(value)))
        case KeyType.WHOLE if isinstance(value, int | Decimal):
            return _whole(filter.operator, column, Decimal(value))
        case KeyType.DAY if isinstance(value, date) and not isinstance(value, datetime):
            return _boolean(compare(column, value))
        case KeyType.MOMENT if isinstance(value, datetime) and value.utcoffset() is not None:
            return _boolean(compare(column, value))
        case _:
            return false()


def _whole(operator: str, column: ColumnElement[Any], value: Decimal) -> ColumnElement[bool]:
    """Return the comparison of a whole number with one that may have decimals, or be larger than any column's."""
    near = max(-LARGEST_WHOLE, min(LARGEST_WHOLE, value))
    whole = int(near.to_integral_value(ROUND_CEILING if operator in ("<", ">=") else ROUND_FLOOR))
    if operator in ("==", "!=") and whole != near:
        return false() if operator == "==" else column.is_not(None)
    return _boolean(OPERATORS[operator](column, whole))


def _boolean(clause: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = clause
    return found
