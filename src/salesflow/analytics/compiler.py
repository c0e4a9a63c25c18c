"""
A filter as a condition on a table expression: the only place that turns visibility into Ibis (VIS-15).

The condition lets exactly those pass that `matches` lets pass. A node that it does not know and a field without a
column are errors: nobody sees a figure of what could not be decided. What is NULL passes neither a comparison nor its
negation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from operator import and_, or_
from types import MappingProxyType
from typing import Any, TypeAlias

import ibis

from salesflow.analytics.layout import LAYOUTS, microseconds
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
)

Condition: TypeAlias = Any

_LARGEST = 10**15
"""No whole number in a column is as large; a comparison with a larger one is one with this."""

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
            return _among(record.owner, filter.people)
        case Negation(part=OwnerIn() as part):
            return record.owner.notnull() & ~_among(record.owner, part.people)
        case TeamIn():
            return record.id.isin(_members(filter, team))
        case Negation(part=TeamIn() as part):
            return ~record.id.isin(_members(part, team))
        case FieldCompare():
            return _compared(filter, record)
        case AllOf():
            return reduce(and_, (condition(part, record, team) for part in filter.parts))
        case AnyOf():
            return reduce(or_, (condition(part, record, team) for part in filter.parts))
        case _:
            raise InvalidInput("filter", filter, "is a node that cannot be asked of tables")


def _among(column: Any, people: Any) -> Condition:
    ids = sorted(people)
    return column.isin(ids) if ids else ibis.literal(False)


def _members(filter: TeamIn, team: Any) -> Any:
    found = _among(team.person, filter.people)
    if filter.roles is not None:
        found &= _among(team.role, map(str, filter.roles))
    if filter.access is not Access.READ:
        found &= team.access == str(Access.READ_WRITE)
    return team.filter(found).opportunity


def _compared(filter: FieldCompare, record: Any) -> Condition:
    """Return the comparison; values of unlike types compare in no way."""
    name = _COLUMNS.get(filter.name)
    if name is None:
        raise InvalidInput("filter", filter, f"compares {filter.name}, which the tables have no column for")
    compare, column, value = OPERATORS[filter.operator], record[name], filter.value
    match LAYOUTS["opportunity"].columns[name]:
        case "money" if isinstance(value, Money):
            return (record[f"{name}_currency"] == value.currency) & compare(column, value.amount)
        case "text" if isinstance(value, str):
            return compare(column, str(value))
        case "small" | "flag" if isinstance(value, int | Decimal):
            return compare(column.cast("int64"), max(-_LARGEST, min(_LARGEST, value)))
        case "day" if isinstance(value, date) and not isinstance(value, datetime):
            return compare(column, value)
        case "whole" if isinstance(value, datetime) and value.utcoffset() is not None:
            return compare(column, microseconds(value))
        case _:
            return ibis.literal(False)
