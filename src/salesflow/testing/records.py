"""Records, writes and filters that the conformance suites are made of, and the definition of a right answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from salesflow.model import (
    Access,
    EventBuilder,
    EventKind,
    Money,
    Opportunity,
    Probability,
    ProbabilitySource,
    TeamMember,
    TeamRole,
    apply,
    created,
    position,
    sort_value,
)
from salesflow.ports import DoneOnce, Query, UnitOfWork, Write
from salesflow.visibility.behind import Names
from salesflow.visibility.filters import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    FieldCompare,
    Filter,
    Negation,
    OwnerIn,
    TeamIn,
    Voided,
)

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When everything in the suite happens, to the minute."""


def make_opportunity(id: str, owner: str = "li", *others: TeamMember, **values: Any) -> Opportunity:
    """Return a plain opportunity at version 1, with *others* in its team."""
    settled: dict[str, Any] = {
        "name": f"deal {id}",
        "process": "crm2000",
        "process_version": 1,
        "stage": "qualification",
        "probability": Probability(10, ProbabilitySource.STAGE),
        "created_at": AT,
        "created_by": owner,
        "updated_at": AT,
    }
    team = (TeamMember(owner, TeamRole.OWNER, Access.READ_WRITE), *others)
    return Opportunity(id=id, version=1, owner=owner, team=team, **{**settled, **values})


def new(record: Any) -> Write:
    """Return the write that brings *record* into being, with its event."""
    event = created(record, at=record.updated_at or AT, by="li", operation="create")
    return Write(record.KIND, record.id, 0, record, (event,))


def change(record: Any, minutes: int = 1, **values: Any) -> Write:
    """Return the write that gives *record* the *values*, with its event."""
    builder = EventBuilder(record, at=AT + timedelta(minutes=minutes), by="zhang", operation="edit")
    builder.add(EventKind.EDITED, **values)
    events = builder.decision().events
    return Write(record.KIND, record.id, record.version, apply(record, events), events)


def deletion(record: Any) -> Write:
    """Return the write that deletes *record*."""
    builder = EventBuilder(record, at=AT + timedelta(hours=1), by="zhang", operation="delete")
    builder.add(EventKind.DELETED)
    return Write(record.KIND, record.id, record.version, None, builder.decision().events)


def unit(*writes: Write, done: DoneOnce | None = None) -> UnitOfWork:
    """Return the unit of work of these writes."""
    return UnitOfWork(writes, done)


def expected_page(records: Iterable[Any], query: Query) -> list[Any]:
    """Return what a scan of *records* answers to *query*: the definition of a right answer."""
    value = sort_value(query.kind, query.order_by)

    def where(record: Any) -> tuple[Any, ...]:
        return position(query.order_by, value(record), record.id)

    found = sorted((record for record in records if query.filter.matches(record)), key=where)
    if query.after is not None:
        start = position(query.order_by, *query.after)
        found = [record for record in found if start < where(record)]
    return found[: query.limit]


def many_opportunities() -> list[Opportunity]:
    """Deals of four people; equal and missing sort values, ids whose order is not that of creation."""
    days: tuple[date | None, ...] = (date(2026, 3, 1), None, date(2026, 2, 1), date(2026, 3, 1))
    amounts = (Money("10", "CNY"), Money("9.5", "USD"), None, Money("10.00", "CNY"), Money("2", "USD"))
    owners = ("li", "wang", "zhang")
    found = []
    for number in range(30):
        others = []
        if number % 3 == 1:
            others.append(TeamMember("zhao", TeamRole.JOINT, Access.READ))
        if number % 5 == 0:
            others.append(TeamMember("li", TeamRole.SALES, Access.READ_WRITE))
        found.append(
            make_opportunity(
                f"{number * 7 % 30}",
                owners[number % 3],
                *others,
                close_date=days[number % 4],
                amount=amounts[number % 5],
                name=("商机", "Deal", "deal")[number % 3],
                voided=number % 7 == 0,
                customer="acme" if number % 4 == 0 else None,
                last_activity_at=None if number % 2 else AT + timedelta(days=number % 4),
            )
        )
    return found


LI, TWO = frozenset({"li"}), frozenset({"li", "zhao"})

FILTERS: dict[str, Filter] = {
    "everything": EVERYTHING,
    "nothing": NOTHING,
    "owner": OwnerIn(LI),
    "nobody's": OwnerIn(frozenset()),
    "an owner nobody knows": OwnerIn(frozenset({"nobody"})),
    "more people than there are": OwnerIn(TWO | {f"p{n}" for n in range(50)}),
    "team": TeamIn(TWO),
    "team in a role": TeamIn(TWO, frozenset({TeamRole.JOINT})),
    "team that may write": TeamIn(TWO, None, Access.READ_WRITE),
    "voided": Voided(True),
    "not voided": Voided(False),
    "the scene all": AllOf((Voided(False), AnyOf((OwnerIn(LI), TeamIn(TWO))))),
    "all, narrowed": AllOf((Voided(False), AnyOf((OwnerIn(LI), TeamIn(TWO))), OwnerIn(LI))),
    "all, of a field": AllOf((TeamIn(TWO), FieldCompare("name", "==", "Deal"))),
    "a field": FieldCompare("amount", ">=", Money("10", "CNY")),
    "two fields": AllOf((FieldCompare("name", "==", "Deal"), FieldCompare("voided", "==", 0))),
    "owner or a field": AnyOf((OwnerIn(LI), FieldCompare("name", "==", "Deal"))),
    "hidden or an owner's": AnyOf((AllOf((Voided(False), OwnerIn(LI))), OwnerIn(frozenset({"wang"})))),
    "not the owner's": Negation(OwnerIn(LI)),
    "who names a customer": Names("customer", "acme"),
    "not who names them, of the owner": AllOf((Negation(Names("customer", "acme")), OwnerIn(LI))),
    "nobody of the team": AllOf((Negation(TeamIn(TWO)), Voided(False))),
}
"""Filters of every node, and of the shapes that lists use, by what they ask for."""
