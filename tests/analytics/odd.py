"""Histories of deals as odd as a record may be: any text, day, moment and amount, stays in any order or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TypeVar

from attrs import evolve, fields

import salesflow as sf
from salesflow.model import (
    Access,
    Closing,
    Competitor,
    Event,
    EventBuilder,
    EventKind,
    Grade,
    Grading,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    StageEntry,
    StageExit,
    StageVisit,
    TeamMember,
    apply,
    created,
)
from salesflow.model.moments import EARLIEST, LATEST
from salesflow.ports import UnitOfWork, Write
from salesflow.stores import MemoryStore
from salesflow.testing import FixedClock
from salesflow.testing.records import make_opportunity, new, unit
from salesflow.testing.strategies.histories import History
from tests.analytics.figures import NOW, ZONE

ValueT = TypeVar("ValueT")

TEXTS = (
    "plain", "o'brien", 'q"q', "semi;colon", "--", "商机", "zero\u200bwidth", "back\\slash", "\\", "\\'", "%", "_",
    "{x}", "${x}", "${env:HOME}", "e\u0301", "é", "😀", "x" * 2000, " ", "", "None", "NULL", ":p", "?", "line\nbreak",
)  # fmt: skip

MOMENTS = (
    EARLIEST, LATEST, datetime(1901, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2025, 12, 31, 15, 59, 59, 999999, tzinfo=UTC),
    datetime(2025, 6, 1, 1, 2, 3, 456789, tzinfo=UTC), datetime(2025, 6, 8, tzinfo=UTC),
)  # fmt: skip

STAYED = (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), *MOMENTS[4:])
"""When stays begin and end: engines that interpolate with floats tell those of some thousand years to a second only."""

DAYS = (
    date.min, date.max, date(2, 1, 1), date(9998, 12, 31), date(1582, 10, 10), date(1900, 2, 28), date(1970, 1, 1),
    date(2024, 2, 29), date(2025, 12, 31), date(2026, 1, 4), date(2026, 1, 5), date(2026, 1, 31), date(2026, 3, 31),
)  # fmt: skip

AMOUNTS = tuple(
    sf.Money(amount, currency)
    for currency, amounts in (
        ("CNY", ("999999999999999.99", "0.01", "0", "-0.00", "12.30", "1E+2", "1.00000000000000000000")),
        ("JPY", ("999999999999999", "1E+3")), ("KWD", ("999999999999999.999", "0.001")),
    )
    for amount in amounts
)  # fmt: skip

RIVALS = (("é", "plain"), ("%", "o'brien"), ("{x}", "${x}"), ("plain", "Globex"), ("_", "é"))
"""Ids and names of the catalogue's competitors; deals name either, and some are both."""

STAGES = ("qualification", "bid_decision", "negotiation", "agreement", "retired", "o'stage", "${x}")


OWNERS = ("li", "wang", "o'brien", "${x}")
SCENES = ("all", "mine", "joint", "won", "subordinates", "departments", "shared", "voided")

PEOPLE = sf.Organization(
    [
        sf.Employee("li", department="west"), sf.Employee("wang", manager="li", department="east"),
        sf.Employee("o'brien", manager="li"), sf.Employee("${x}", department="east"),
    ],
    departments=[sf.Department("west"), sf.Department("east", parent="west")],
    administrators={"root"},
)  # fmt: skip


def odd_histories(chance: Random, count: int, people: Sequence[str]) -> list[History]:
    """
    So many histories of one to three decisions, each of a deal of its own.

    Args:
        people: Who owns most of them.
    """
    return [_history(chance, f"{number}{chance.choice(TEXTS)}", people) for number in range(count)]


def kept(histories: Iterable[History]) -> MemoryStore:
    """A store that holds them."""
    store = MemoryStore()
    for history in histories:
        for version, (record, events) in enumerate(zip(history.records, history.decisions, strict=True)):
            store.save(UnitOfWork((Write("opportunity", record.id, version, record, events),)))
    return store


def flow_of(told: Sequence[History]) -> tuple[sf.SalesFlow, MemoryStore]:
    """A company that has these histories, and its store."""
    store = kept(told)
    flow = sf.SalesFlow(
        store=store, organization=PEOPLE, processes=sf.templates.builtin().values(), clock=FixedClock(NOW),
        time_zone=ZONE,
    )  # fmt: skip
    store.save(unit(*(new(Competitor(id=id, version=1, name=name)) for id, name in RIVALS)))
    return flow, store


def _history(chance: Random, id: str, people: Sequence[str]) -> History:
    first = _deal(chance, id, people)
    found, decisions = [first], list[tuple[Event, ...]]()
    decisions.append((created(first, at=chance.choice(MOMENTS), by="li", operation="create"),))
    for _ in range(chance.randrange(3)):
        builder = EventBuilder(found[-1], at=chance.choice(MOMENTS), by="li", operation="edit")
        target = _deal(chance, id, people)
        names = [field.name for field in fields(Opportunity) if field.name not in ("id", "version", "updated_at")]
        half = len(names) // 2
        builder.add(EventKind.EDITED, **{name: getattr(target, name) for name in names[:half]})
        builder.add(EventKind.EDITED, "second half", **{name: getattr(target, name) for name in names[half:]})
        decisions.append(builder.decision().events)
        found.append(apply(found[-1], decisions[-1]))
    return History(tuple(decisions), tuple(found))


def _deal(chance: Random, id: str, people: Sequence[str]) -> Opportunity:
    owner = chance.choice((*people, *people, *TEXTS))
    open = OpportunityStatus.IN_PROGRESS
    status = chance.choice((open, open, *OpportunityStatus))
    deal = make_opportunity(
        id, owner, process=chance.choice(("crm2000", "crm2000", "crm2000", "o'process")), stage=chance.choice(STAGES)
    )
    return evolve(
        deal,
        name=chance.choice(TEXTS),
        team=() if chance.random() < 0.1 else (*deal.team, *_others(chance, people)),
        status=status,
        voided=chance.random() < 0.2,
        amount=_maybe(chance, AMOUNTS),
        close_date=_maybe(chance, DAYS),
        source=_maybe(chance, TEXTS),
        customer=_maybe(chance, TEXTS),
        contact=_maybe(chance, TEXTS),
        competitors=tuple(chance.sample(TEXTS, chance.randrange(4))),
        visits=_visits(chance),
        closings=() if status is open else _closings(chance, status),
        created_at=_maybe(chance, MOMENTS),
        last_activity_at=_maybe(chance, MOMENTS),
        probability=Probability(chance.choice((0, 7, 39, 40, 74, 75, 100)), ProbabilitySource.HAND),
        grade=Grading(_maybe(chance, tuple(Grade)), Reason("amount_missing")),
    )


def _maybe(chance: Random, values: Sequence[ValueT]) -> ValueT | None:
    return None if chance.random() < 0.25 else chance.choice(values)


def _others(chance: Random, people: Sequence[str]) -> tuple[TeamMember, ...]:
    keys = {(chance.choice((*people, *TEXTS)), chance.choice(("joint", "o'role"))) for _ in range(chance.randrange(3))}
    return tuple(TeamMember(person, role, chance.choice(tuple(Access))) for person, role in sorted(keys))


def _visits(chance: Random) -> tuple[StageVisit, ...]:
    found = []
    for number in range(1, chance.randrange(7)):
        entered, left = _maybe(chance, STAYED), _maybe(chance, STAYED)
        if entered is not None and chance.random() < 0.5:
            left = entered + timedelta(milliseconds=chance.randrange(20))
        exit = None if left is None else chance.choice(tuple(StageExit))
        entry = chance.choice(tuple(StageEntry))
        found.append(StageVisit(number, chance.choice(STAGES), entered, entry, left, exit))
    return tuple(found)


def _closings(chance: Random, status: OpportunityStatus) -> tuple[Closing, ...]:
    before = Probability(chance.randrange(101), ProbabilitySource.STAGE)
    return tuple(
        Closing(
            number, status, chance.choice(STAGES), _maybe(chance, MOMENTS), "li", _maybe(chance, DAYS), before,
            actual_amount=_maybe(chance, AMOUNTS), reason=_maybe(chance, TEXTS), competitor=_maybe(chance, TEXTS),
        )
        for number in range(1, chance.randrange(1, 4))
    )  # fmt: skip
