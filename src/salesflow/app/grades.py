"""The grade that follows from a decision, as more events of the same decision (GRADE-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from salesflow.grading import regrade
from salesflow.model import Event, EventBuilder, EventKind, Opportunity, apply

if TYPE_CHECKING:
    from salesflow.app.case import Case


def graded(case: Case, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """
    Return *events* and, where they changed what the policy reads, the new grade and route as one or two more.

    What is completed keeps the grade that it had.

    Source: GRADE-4, GRADE-7.
    """
    if not _touches(case.kernel.graded_fields, events):
        return events
    record = case.record
    if not isinstance(record, Opportunity):
        return events
    after = apply(record, events)
    if after.is_completed:
        return events
    grade = regrade(after, case.kernel.grading, case.today)
    before = after.grade
    if grade == before:
        return events
    builder = EventBuilder(record, at=case.now, by=events[0].by, operation=events[0].operation)
    builder.events.extend(events)
    builder.values["grade"] = before
    builder.add(EventKind.GRADED, grade=evolve(grade, route=before.route))
    if grade.route is not before.route:
        builder.add(EventKind.ROUTE_CHANGED, grade=grade)
    return tuple(builder.events)


def _touches(fields: frozenset[str], events: tuple[Event, ...]) -> bool:
    for event in events:
        for change in event.changes:
            if change.field in fields:
                return True
    return False
