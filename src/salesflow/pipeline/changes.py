"""
What changed in the open pipeline over a period, from the history, reconciled to the unit (PIPE-3).

Each event moves a record into the open pipeline, out of it, or within it. What was open at the start, plus what
every event moved, is what is open at the end, in number and in money of each currency.

An event belongs to the period in which its record had got so far: where a clock went back, an event counts at the
time of the latest one before it, so that history keeps its order and periods add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import OpportunityStatus, StageEntry
from salesflow.model.events import Change, Event
from salesflow.model.moments import utc
from salesflow.model.money import Money
from salesflow.model.opportunity import StageVisit
from salesflow.pipeline.population import Population
from salesflow.pipeline.totals import Totals, added, total_of


class Movement(StrEnum):
    """What an event did to the open pipeline."""

    NEW = "new"
    WON = "won"
    LOST = "lost"
    INVALIDATED = "invalidated"
    REOPENED = "reopened"
    VOIDED = "voided"
    UNVOIDED = "unvoided"
    MOVED_FORWARD = "moved_forward"
    MOVED_BACK = "moved_back"
    AMOUNT_UP = "amount_up"
    AMOUNT_DOWN = "amount_down"
    CURRENCY_CHANGED = "currency_changed"
    CLOSE_DATE_PUSHED = "close_date_pushed"
    CLOSE_DATE_PULLED = "close_date_pulled"


_ENDED = {
    OpportunityStatus.WON: Movement.WON,
    OpportunityStatus.LOST: Movement.LOST,
    OpportunityStatus.INVALID: Movement.INVALIDATED,
}
_WAYS = {
    StageEntry.ADVANCED: Movement.MOVED_FORWARD,
    StageEntry.JUMPED: Movement.MOVED_FORWARD,
    StageEntry.RETURNED: Movement.MOVED_BACK,
}


@frozen
class Level:
    """
    What is open at one moment.

    Args:
        count: How many opportunities.
        amounts: What they may be worth, per currency.
    """

    count: int = 0
    amounts: Totals = field(factory=Totals)


@frozen
class PipelineChange:
    """
    All movements of one sort in the period.

    Args:
        movement: Which sort.
        moved: What it adds to the open pipeline, less than nothing where it takes away.
        count: How many events.
        events: What happened, in the order of time, then of the records' ids; empty where events were only counted,
            as `salesflow.analytics` does.
    """

    movement: Movement
    moved: Level
    count: int
    events: tuple[Event, ...] = ()


@frozen
class PipelineChanges:
    """
    How the open pipeline went from one moment to another: ``start`` and all ``changes`` are ``end``.

    Args:
        since, until: The period, in UTC: after the one, up to and with the other.
        start, end: What was open at either.
        changes: In the order of `Movement`; a sort that did not occur is left out.
        population: Which records are counted.

    Source: PIPE-3, PIPE-8.
    """

    since: datetime
    until: datetime
    start: Level
    end: Level
    changes: tuple[PipelineChange, ...]
    population: Population

    def __str__(self) -> str:
        lines = [f"open at {self.since:%Y-%m-%d %H:%M}: {_told(self.start)}"]
        lines += [f"  {each.movement}: {each.count}, {_told(each.moved)}" for each in self.changes]
        lines.append(f"open at {self.until:%Y-%m-%d %H:%M}: {_told(self.end)}")
        return "\n".join(lines)


def changes(histories: Iterable[Sequence[Event]], since: datetime, until: datetime) -> PipelineChanges:
    """
    Return what changed in the open pipeline after *since*, up to and with *until*.

    Open is what is in progress and not voided.

    Args:
        histories: The events of each opportunity that the viewer sees, each in its own order.
        since, until: Two moments, timezone-aware.

    Raises:
        InvalidInput: A moment is naive, or *until* is before *since*.

    Source: PIPE-3, PIPE-8.
    """
    since, until = period_of(since, until)
    found: dict[Movement, list[tuple[datetime, Event]]] = {each: [] for each in Movement}
    tallies = {each: _Tally() for each in Movement}
    start, end, records, touched = _Tally(), _Tally(), 0, 0
    for history in histories:
        records += 1
        start_level = end_level = Level()
        is_touched = False
        for at, event, before, after in _folded(history):
            if at > until:
                break
            end_level = after.level
            if at <= since:
                start_level = end_level
                continue
            for movement, level in _movements(before, after, event):
                is_touched = True
                tallies[movement].add(level)
                found[movement].append((at, event))
        touched += is_touched or start_level.count > 0
        start.add(start_level)
        end.add(end_level)
    told = [
        PipelineChange(
            movement, tallies[movement].level(), len(events), tuple(event for _, event in sorted(events, key=_by_time))
        )
        for movement, events in found.items()
        if events
    ]
    population = population_of_changes(touched, records)
    return PipelineChanges(since, until, start.level(), end.level(), tuple(told), population)


def period_of(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """
    Return both in UTC.

    Raises:
        InvalidInput: A moment is naive, or *until* is before *since*.
    """
    since, until = utc(since, "since"), utc(until, "until")
    if until < since:
        raise InvalidInput("until", until, f"must not be before since, {since}")
    return since, until


def population_of_changes(touched: int, given: int) -> Population:
    """Return the population of changes: *touched* were open at the start or moved in the period, of all *given*."""
    rule = "opportunities that were in progress and not voided at the start or in the period; left out are all others"
    return Population((OpportunityStatus.IN_PROGRESS,), touched, given - touched, 0, rule)


def movements(history: Iterable[Event]) -> Iterator[tuple[datetime, Movement, Level, Event]]:
    """
    Give what each event of one record did to the open pipeline, in order; one that did nothing to it is left out.

    What comes is the time that the event counts at, the sort of movement, what it added, and the event.

    Args:
        history: All events of the record, in its own order.

    Source: PIPE-3, PIPE-6.
    """
    for at, event, before, after in _folded(history):
        for movement, level in _movements(before, after, event):
            yield at, movement, level, event


def _folded(history: Iterable[Event]) -> Iterator[tuple[datetime, Event, _State, _State]]:
    """Give each event with the time that it counts at, and the state before and after it."""
    state, at = _State(), None
    for event in history:
        at = event.at if at is None or event.at > at else at
        before, state = state, state.after(event.changes)
        yield at, event, before, state


def _by_time(item: tuple[datetime, Event]) -> tuple[datetime, str]:
    return item[0], item[1].record_id


@frozen
class _State:
    """What the fold of a history needs to know of a record."""

    is_there: bool = False
    status: OpportunityStatus = OpportunityStatus.IN_PROGRESS
    voided: bool = False
    amount: Money | None = None
    close_date: Any = None

    @property
    def level(self) -> Level:
        if self.is_there and not self.voided and self.status is OpportunityStatus.IN_PROGRESS:
            return Level(1, total_of((self.amount,)))
        return Level()

    def after(self, made: Iterable[Change]) -> _State:
        values = {change.field: change.after for change in made if change.field in _FOLDED}
        if not values and self.is_there:
            return self
        kept = {name: getattr(self, name) for name in _FOLDED}
        return _State(True, **{**kept, **values})


_FOLDED = ("status", "voided", "amount", "close_date")


class _Tally:
    """Adds levels up."""

    def __init__(self) -> None:
        self._count = 0
        self._amounts: list[tuple[str, Decimal]] = []

    def add(self, level: Level) -> None:
        """Add one more."""
        self._count += level.count
        self._amounts += level.amounts

    def level(self) -> Level:
        """Return the sum; a currency of which nothing is left is left out."""
        sums = added(self._amounts)
        return Level(self._count, Totals(tuple((currency, amount) for currency, amount in sums if amount)))


def _movements(before: _State, after: _State, event: Event) -> Iterator[tuple[Movement, Level]]:
    """Give what *event* did: first what moved the record in or out, else what happened to it while it was open."""
    was, now = before.level, after.level
    moved = _step(was, now)
    if was.count != now.count:
        yield _in_or_out(before, after), moved
    elif now.count:
        if _worth(before.amount) != _worth(after.amount):
            yield _amount_moved(before.amount, after.amount), moved
        if before.close_date is not None and after.close_date is not None and before.close_date != after.close_date:
            is_later = after.close_date > before.close_date
            yield Movement.CLOSE_DATE_PUSHED if is_later else Movement.CLOSE_DATE_PULLED, Level()
        for change in event.changes:
            visit = change.after
            if (
                change.before is None
                and isinstance(visit, StageVisit)
                and visit.left_at is None
                and visit.entry in _WAYS
            ):
                yield _WAYS[visit.entry], Level()


def _in_or_out(before: _State, after: _State) -> Movement:
    if not before.is_there:
        return Movement.NEW
    if before.voided != after.voided:
        return Movement.VOIDED if after.voided else Movement.UNVOIDED
    return _ENDED.get(after.status, Movement.REOPENED)


def _worth(amount: Money | None) -> tuple[Decimal, str] | None:
    """What an amount comes to: nothing is nothing in whatever currency, and an unknown amount adds nothing."""
    return (amount.amount, amount.currency) if amount is not None and amount.amount else None


def _amount_moved(before: Money | None, after: Money | None) -> Movement:
    was, now = _worth(before), _worth(after)
    if was is not None and now is not None and was[1] != now[1]:
        return Movement.CURRENCY_CHANGED
    is_more = (now[0] if now else 0) > (was[0] if was else 0)
    return Movement.AMOUNT_UP if is_more else Movement.AMOUNT_DOWN


def _step(before: Level, after: Level) -> Level:
    """Return what leads from one level to the other."""
    taken = tuple((currency, -amount) for currency, amount in before.amounts)
    return Level(after.count - before.count, after.amounts + Totals(taken))


def _told(level: Level) -> str:
    money = ", ".join(f"{amount:,} {currency}" for currency, amount in level.amounts)
    return f"{level.count:,} opportunities" + (f", {money}" if money else "")
