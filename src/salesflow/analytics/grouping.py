"""What figures may be grouped by, in an engine: the names of `salesflow.pipeline.GROUPINGS`, not functions (PIPE-2)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import ibis
import pyarrow as arrow

from salesflow.analytics.layout import day_of_month
from salesflow.analytics.tables import Table, Tables
from salesflow.errors import InvalidInput
from salesflow.model.enums import Grade, LedBy
from salesflow.pipeline import GROUPINGS, SHARED_GROUPINGS
from salesflow.pipeline.grouping import DEPARTMENT
from salesflow.pipeline.periods import PERIODS

Name = Callable[[Any], Hashable]
"""What a value in the engine is called as the key of a group."""


def _as_it_is(value: Any) -> Hashable:
    return value  # type: ignore[no-any-return]


def _month(seen: Table) -> Any:
    return seen.actual_close_date.year() * 12 + seen.actual_close_date.month() - 1


def _label(period: str) -> Name:
    label_of = PERIODS[period][0]
    return lambda month: label_of(day_of_month(month))[0]


ONE_OF: Mapping[str, tuple[Callable[[Table], Any], Name]] = MappingProxyType(
    {
        **{name: (itemgetter(name), _as_it_is) for name in "owner source process stage customer".split()},
        "grade": (lambda seen: seen.grade_effective, Grade),
        "led_by": (lambda seen: seen.led_by, LedBy),
        "month_closed": (_month, _label("month")),
        "quarter_closed": (_month, _label("quarter")),
        "year_closed": (_month, _label("year")),
    }
)


def keyed(
    tables: Tables, seen: Table, by: str, departments: Mapping[str, str | None] | None, names: Mapping[str, str]
) -> tuple[Table, Name]:
    """
    Return *seen* with the column ``key``, a row for each group that a record is in, and what a key is called.

    Args:
        by: The name of a grouping.
        departments: The main department of each owner; needed only for ``"department"``.
        names: The name of each competitor of the catalogue, by its id.

    Raises:
        InvalidInput: *by* is not known, or ``"department"`` and nobody says who is in which.
    """
    if by == DEPARTMENT:
        if departments is None:
            raise InvalidInput("departments", None, "must give the main department of each owner, to group by it")
        return seen.mutate(key=seen.owner), departments.get
    if by in tuple(ONE_OF):
        column, name = ONE_OF[by]
        return seen.mutate(key=column(seen)), name
    if by not in tuple(SHARED_GROUPINGS):
        known = ", ".join((*GROUPINGS, *SHARED_GROUPINGS, DEPARTMENT))
        raise InvalidInput("by", by, f"must be one of {known}; a function cannot be asked in an engine")
    groups = members(tables, by, names)
    return seen.left_join(groups, [seen.id == groups.of]), _as_it_is


def members(tables: Tables, by: str, names: Mapping[str, str]) -> Table:
    """Return which groups a record is in, each once: its id in ``of`` and the group in ``key``."""
    if by == "team":
        table = tables.team_member
        return table.select(of=table.opportunity, key=table.person).distinct()
    table = tables.product if by == "product" else named(tables.competitor, "key", names)
    return table.select(of=table.opportunity, key=table.key).distinct()


def named(table: Table, column: str, names: Mapping[str, str]) -> Table:
    """Return *table* with the name of a competitor in a column where its id stood; *names* are by id."""
    if not names:
        return table
    known = ibis.memtable(arrow.table({"known_id": list(names), "known_name": list(names.values())}))
    met = table.left_join(known, [table[column] == known.known_id])
    return met.mutate(**{column: met.known_name.coalesce(met[column])}).drop("known_id", "known_name")
