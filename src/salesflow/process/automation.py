"""
Which automations an event sets off: a pure question about a record and what just happened to it (RULE-3).

An event's word is what automations call it. Arrivals are not moves: what an import brings or a migration carries over
sets nothing off, and neither does what the application does without a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from attrs import frozen

from salesflow.model import Automation, Event, EventKind
from salesflow.model.conditions import Test, compile_condition
from salesflow.process.asked_approvals import OWNER_SUPERIOR


@frozen
class Happening:
    """
    An event that automations know, by its word.

    Args:
        record_kind: What it happens to.
        kinds: The events that it stands for.
        misfits: The actions that what it happened to takes no more, or never does.
    """

    record_kind: str
    kinds: tuple[EventKind, ...]
    misfits: tuple[str, ...] = ()


_CREATE_TASK, _ISSUE_DOCUMENT = "create_task", "issue_document"
ACTIONS = (_CREATE_TASK, "notify", _ISSUE_DOCUMENT, "call")
"""The actions, of which an automation has exactly one."""


def _deal(*kinds: EventKind) -> Happening:
    return Happening("opportunity", kinds)


def _over(kind: EventKind, *misfits: str) -> Happening:
    return Happening("opportunity", (kind,), (_CREATE_TASK, *misfits))


def _lead(*kinds: EventKind) -> Happening:
    return Happening("lead", kinds, (_CREATE_TASK, _ISSUE_DOCUMENT))


HAPPENINGS: Mapping[str, Happening] = MappingProxyType(
    {
        "opportunity_created": _deal(EventKind.CREATED),
        "stage_entered": _deal(EventKind.CREATED, EventKind.STAGE_ENTERED),
        "stage_left": _deal(EventKind.STAGE_LEFT),
        "process_changed": _deal(EventKind.PROCESS_CHANGED),
        "won": _over(EventKind.WON),
        "lost": _over(EventKind.LOST, _ISSUE_DOCUMENT),
        "invalidated": _over(EventKind.INVALIDATED, _ISSUE_DOCUMENT),
        "reopened": _deal(EventKind.REOPENED),
        "grade_changed": _deal(EventKind.GRADED, EventKind.GRADE_SET, EventKind.GRADE_CLEARED),
        "route_changed": _deal(EventKind.ROUTE_CHANGED),
        "owner_changed": _deal(EventKind.OWNER_CHANGED),
        "task_finished": _deal(EventKind.TASK_FINISHED),
        "approval_requested": _deal(EventKind.APPROVAL_REQUESTED, EventKind.REGISTRATION_REQUESTED),
        "approval_granted": _deal(EventKind.APPROVAL_GRANTED, EventKind.REGISTRATION_APPROVED),
        "approval_refused": _deal(EventKind.APPROVAL_REFUSED, EventKind.REGISTRATION_REFUSED),
        "after_sales_started": _deal(EventKind.AFTER_SALES_STARTED),
        "after_sales_finished": _deal(EventKind.AFTER_SALES_FINISHED),
        "lead_created": _lead(EventKind.CREATED),
        "lead_assigned": _lead(EventKind.LEAD_ASSIGNED),
        "lead_claimed": _lead(EventKind.LEAD_CLAIMED),
        "lead_followed_up": _lead(EventKind.LEAD_FOLLOWED_UP),
        "lead_converted": _lead(EventKind.LEAD_CONVERTED),
        "lead_recycled": _lead(EventKind.LEAD_RECYCLED),
        "lead_disqualified": _lead(EventKind.LEAD_DISQUALIFIED),
    }
)
"""Every event that an automation may name, by its word: a closed list."""

PLACEHOLDERS = ("customer", "title", "amount", "stage", "owner", "causer", "close_date")
"""What a message may hold in braces: a closed list."""

ONE_PERSON = ("owner", OWNER_SUPERIOR, "causer")
"""Words that name one person of a record; who is meant by id or by team role begins with `PERSON` or `ROLE`."""

TEAM = "team"
"""The word that names everybody in the team."""


class Match(NamedTuple):
    """An automation that an event sets off, and the stage that it is about."""

    event: Event
    automation: Automation
    stage: str | None


class _Asked(NamedTuple):
    """An automation with its conditions made ready."""

    automation: Automation
    tests: tuple[Test, ...]


class AutomationTable:
    """
    The automations of one template version or of the application, by the event that sets them off.

    Args:
        automations: Sound ones.
    """

    def __init__(self, automations: Iterable[Automation]) -> None:
        self._asked: dict[tuple[str, str], list[_Asked]] = {}
        self.by_code: dict[str, Automation] = {}
        for automation in automations:
            happening = HAPPENINGS[automation.on]
            kind = happening.record_kind
            asked = _Asked(automation, tuple(compile_condition(each, kind) for each in automation.when))
            self.by_code[automation.code] = automation
            for event in happening.kinds:
                self._asked.setdefault((kind, event), []).append(asked)

    def __bool__(self) -> bool:
        return bool(self.by_code)

    def matching(self, record: Any, events: Sequence[Event]) -> Iterator[Match]:
        """
        Give what *events* set off, in the order of the events and then of the automations.

        Args:
            record: As it is after them.

        Source: RULE-3.
        """
        for event in events:
            for automation, tests in self._asked.get((event.record_kind, event.kind), ()):
                if not _has_happened(automation.on, event):
                    continue
                stage = _stage_of(event, record)
                if automation.stage in (None, stage) and all(test(record) for test in tests):
                    yield Match(event, automation, stage)


def by_template(record: Any, events: Sequence[Event]) -> Iterator[tuple[str, int, Sequence[Event]]]:
    """
    Give the template version that an opportunity was on, with the events that happened there.

    There are two where the events hold a change of the process: what comes before it happened on the former one.

    Args:
        record: As it is after the events.

    Source: RULE-3, OPP-9.
    """
    for number, event in enumerate(events):
        if event.kind == EventKind.PROCESS_CHANGED:
            before = {change.field: change.before for change in event.changes}
            yield before["process"], before.get("process_version", record.process_version), events[:number]
            yield record.process, record.process_version, events[number:]
            return
    yield record.process, record.process_version, events


def _has_happened(word: str, event: Event) -> bool:
    """Whether an event of a fitting kind is the one that the word means: a grade decided anew may be the same."""
    if word != "grade_changed":
        return True
    grades = [change for change in event.changes if change.field == "grade"]
    return any(change.before.effective is not change.after.effective for change in grades)


def _stage_of(event: Event, record: Any) -> str | None:
    """The stage that the event is about: the one entered or left, else the one in which the record stands then."""
    stage: str | None = getattr(record, "stage", None)
    if event.kind in (EventKind.STAGE_LEFT, EventKind.STAGE_ENTERED):
        return next((change.after.stage for change in event.changes if change.field == "visits"), stage)
    return stage
