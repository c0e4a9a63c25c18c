"""
A filter as a condition on a table expression: the only place that turns visibility into Ibis (VIS-15).

The condition lets exactly those pass that `matches` lets pass. A node that it does not know and a field without a
column are errors: nobody sees a figure of what could not be decided. What is NULL passes neither a comparison nor its
negation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Context, Decimal
from functools import reduce
from math import floor
from operator import add, and_, or_
from types import MappingProxyType
from typing import Any, TypeAlias

import ibis
import pyarrow as arrow

from salesflow.analytics.layout import LAYOUTS, MONEY_DECIMALS, MONEY_DIGITS, microseconds
from salesflow.errors import InvalidInput
from salesflow.model import Access, Money
from salesflow.visibility.filters import (
    OPERATORS,
    AllOf,
    AnyOf,
    Everything,
    FieldCompare,
    Filter,
    Negation,
    Nothing,
    OwnerIn,
    PoolIn,
    TeamIn,
    Voided,
    negation,
)

Condition: TypeAlias = Any

_LARGEST = 10**15
"""No whole number in a column is as large; a comparison with a larger one is one with this."""

_BEFORE_BRACE = re.compile(r"(?<=\$)(?=\{)")

_FEW = 50
"""Up to so many texts are literals of a statement."""

_SMALLEST, _WIDE = Decimal(1).scaleb(-MONEY_DECIMALS), Context(prec=MONEY_DIGITS)

_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in "id voided name owner process stage status source customer contact led_by".split()},
        "grade.effective": "grade_effective",
        "probability.percent": "probability_percent",
        "amount": "amount",
        "actual_amount": "actual_amount",
        "close_date": "close_date",
        "actual_close_date": "actual_close_date",
        **{name: f"{name}_us" for name in ("created_at", "updated_at", "last_activity_at")},
    }
)
"""The column of each field that a rule may compare."""


def condition(filter: Filter, record: Any, team: Any) -> Condition:
    """
    Return *filter* as a condition on opportunities.

    Args:
        record: The table of opportunities.
        team: The table of team members.

    Raises:
        InvalidInput: The node is not known, or there is no column for its field.

    Source: VIS-15.
    """
    match filter:
        case Everything():
            return ibis.literal(True)
        case Nothing() | PoolIn() | Negation(part=PoolIn()):
            return ibis.literal(False)  # an opportunity lies in no pool
        case Voided():
            return record.voided == filter.is_voided
        case OwnerIn():
            return among(record.owner, filter.people)
        case Negation(part=OwnerIn() as part):
            return record.owner.notnull() & ~among(record.owner, part.people)
        case TeamIn():
            return record.id.isin(_members(filter, team))
        case Negation(part=TeamIn() as part):
            return ~record.id.isin(_members(part, team))
        case FieldCompare():
            return _compared(filter, record)
        case Negation(part=AllOf() | AnyOf() | FieldCompare() | Voided() | Negation() | Everything() | Nothing()):
            return condition(negation(filter.part), record, team)
        case AllOf():
            return _joined(and_, [condition(part, record, team) for part in filter.parts], of_none=True)
        case AnyOf():
            return _joined(or_, [condition(part, record, team) for part in filter.parts], of_none=False)
        case _:
            raise InvalidInput("filter", type(filter).__name__, "is a node that cannot be asked of tables")


def _joined(join: Callable[[Any, Any], Any], parts: list[Condition], *, of_none: bool) -> Condition:
    """Join conditions two by two: a thousand of them nest ten deep, which engines and Ibis bear."""
    if len(parts) < 2:
        return parts[0] if parts else ibis.literal(of_none)
    middle = len(parts) // 2
    return join(_joined(join, parts[:middle], of_none=of_none), _joined(join, parts[middle:], of_none=of_none))


def text(value: str) -> Any:
    """Return a text as an expression; Spark puts its own settings and the machine's for any ``${…}`` in a statement."""
    parts: Iterator[Any] = map(ibis.literal, _BEFORE_BRACE.split(value))
    return reduce(add, parts)


def among(column: Any, values: Iterable[str]) -> Condition:
    """
    Return the condition that a column holds one of *values*.

    Many are handed over as a table: a statement with thousands of literals takes a second to make.
    """
    texts = sorted(values)
    if len(texts) <= _FEW:
        return column.isin([text(each) for each in texts]) if texts else ibis.literal(False)
    return column.isin(ibis.memtable(arrow.table({"text": texts})).text)


def _members(filter: TeamIn, team: Any) -> Any:
    found = among(team.person, filter.people)
    if filter.roles is not None:
        found &= among(team.role, map(str, filter.roles))
    if filter.access is not Access.READ:
        found &= team.access == str(Access.READ_WRITE)
    return team.filter(found).opportunity


def _compared(filter: FieldCompare, record: Any) -> Condition:
    """Return the comparison; values of unlike types compare in no way."""
    name = _COLUMNS.get(filter.name)
    if name is None:
        raise InvalidInput("filter", filter.name, "is a field that the tables have no column for")
    compare, column, value = OPERATORS[filter.operator], record[name], filter.value
    match LAYOUTS["opportunity"].columns[name]:
        case "money" if isinstance(value, Money):
            amount = value.amount.quantize(_SMALLEST, context=_WIDE)
            return (record[f"{name}_currency"] == value.currency) & compare(column, amount)
        case "text" if isinstance(value, str):
            return compare(column, text(str(value)))
        case "small" | "flag" if isinstance(value, int | Decimal):
            number = max(-_LARGEST, min(_LARGEST, value))
            whole = floor(number)
            return compare(column.cast("int64") * 2, 2 * whole + (number != whole))  # what is between two is odd
        case "day" if isinstance(value, date) and not isinstance(value, datetime):
            return compare(column, value)
        case "whole" if isinstance(value, datetime) and value.utcoffset() is not None:
            return compare(column, microseconds(value))
        case _:
            return ibis.literal(False)
