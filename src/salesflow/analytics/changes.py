"""What changed in the open pipeline over a period, from the table of movements, reconciled to the unit (PIPE-3)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import ibis
from attrs import define, field, frozen

from salesflow.analytics.compiler import text
from salesflow.analytics.counting import rows, totals
from salesflow.analytics.layout import EPOCH, microseconds
from salesflow.analytics.tables import Table, Tables
from salesflow.errors import InvalidInput
from salesflow.pipeline import Level, Movement, PipelineChange, PipelineChanges, Totals
from salesflow.pipeline.changes import period_of, population_of_changes
from salesflow.visibility.filters import Filter

MOST_LISTED = 10_000
"""So many events are listed at once at most."""


def changes(tables: Tables, filter: Filter, since: datetime, until: datetime) -> PipelineChanges:
    """
    Return what `salesflow.pipeline.changes` returns, with its events counted; `moved` lists them.

    Args:
        filter: What the viewer sees.
        since, until: Two moments, timezone-aware: after the one, up to and with the other.

    Raises:
        InvalidInput: A moment is naive, *until* is before *since*, or the tables cannot tell who passes *filter*.

    Source: PIPE-3, PIPE-8.
    """
    since, until = period_of(since, until)
    begin, end = microseconds(since), microseconds(until)
    seen = tables.seen(filter)
    movement = tables.movement.filter(tables.movement.at_us <= end)
    movement = movement.filter(movement.opportunity.isin(seen.id))
    movement = movement.mutate(is_within=movement.at_us > begin)
    grouped = movement.group_by(["is_within", "movement", "amount_currency"]).agg(
        events=movement.events.sum(), opened=movement.opened.sum(), amount=movement.amount.sum()
    )
    start, over, events = _Sum(), _Sum(), Counter[Movement]()
    within = {each: _Sum() for each in Movement}
    for row in rows(grouped):
        over.add(row)
        if row["is_within"]:
            kind = Movement(row["movement"])
            within[kind].add(row)
            events[kind] += row["events"]
        else:
            start.add(row)
    told = (PipelineChange(kind, within[kind].level, events[kind]) for kind in Movement if events[kind])
    population = population_of_changes(_touched(movement), seen.count().to_pyarrow().as_py())
    return PipelineChanges(since, until, start.level, over.level, tuple(told), population)


def _touched(movement: Table) -> int:
    """Return how many records were open at the start, or moved in the period."""
    of_record = movement.group_by("opportunity").agg(
        open=movement.opened.sum(where=~movement.is_within), moved=movement.count(where=movement.is_within)
    )
    touched: int = of_record.filter((of_record.open > 0) | (of_record.moved > 0)).count().to_pyarrow().as_py()
    return touched


@define
class _Sum:
    count: int = 0
    amounts: list[tuple[str, Decimal]] = field(factory=list)

    def add(self, row: dict[str, Any]) -> None:
        self.count += row["opened"]
        if row["amount_currency"] is not None:
            self.amounts.append((row["amount_currency"], row["amount"]))

    @property
    def level(self) -> Level:
        return Level(self.count, Totals(tuple(pair for pair in totals(self.amounts) if pair[1])))


@frozen
class Moved:
    """
    One event that moved the open pipeline.

    Args:
        at: When it counts, in UTC.
        opportunity: The record's id; with *version* and *number* it names the event in the record's history.
        movement: What it did; one event may do several things, and is listed for each.
        operation, by: What caused it and who did it.

    Source: PIPE-3.
    """

    at: datetime
    opportunity: str
    version: int
    number: int
    movement: Movement
    operation: str
    by: str


def moved(
    tables: Tables, filter: Filter, since: datetime, until: datetime, *, limit: int = MOST_LISTED,
    after: Moved | None = None,
) -> tuple[Moved, ...]:  # fmt: skip
    """
    Return the first events that changed the open pipeline, in the order of time, then of the records' ids.

    Args:
        filter: What the viewer sees.
        since, until: As of `changes`.
        limit: At most so many, up to 10,000.
        after: The last of those that are known already: the next ones come; None means from the beginning.

    Raises:
        InvalidInput: As of `changes`, or *limit* is no such number.

    Source: PIPE-3.
    """
    since, until = period_of(since, until)
    handed: object = limit
    if isinstance(handed, bool) or not isinstance(handed, int) or not 1 <= handed <= MOST_LISTED:
        raise InvalidInput("limit", limit, f"must be a whole number from 1 to {MOST_LISTED:,}")
    seen = tables.seen(filter)
    listed = tables.movement
    listed = listed.filter(listed.events > 0, listed.at_us > microseconds(since), listed.at_us <= microseconds(until))
    listed = listed.filter(listed.opportunity.isin(seen.id))
    if after is not None:
        listed = listed.filter(_is_later(listed, after))
    listed = listed.order_by(["at_us", "opportunity", "version", "number", "movement"]).limit(limit)
    return tuple(
        Moved(
            EPOCH + timedelta(microseconds=row["at_us"]), row["opportunity"], row["version"], row["number"],
            Movement(row["movement"]), row["operation"], row["by_person"],
        )
        for row in rows(listed)
    )  # fmt: skip


def _is_later(listed: Table, after: Moved) -> Any:
    """Return the condition that an event comes behind *after*, in the order of the list."""
    place = {
        "at_us": microseconds(after.at), "opportunity": text(after.opportunity), "version": after.version,
        "number": after.number, "movement": str(after.movement),
    }  # fmt: skip
    is_later: Any = ibis.literal(False)
    for name, value in reversed(place.items()):
        is_later = (listed[name] > value) | ((listed[name] == value) & is_later)
    return is_later
