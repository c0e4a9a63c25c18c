"""
The history of a record as people read it: an entry for each thing that somebody did at one moment (HIST-1).

It says what the events say and nothing more; names of people and stages are handed in, since events know codes only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from html import escape
from itertools import groupby
from types import MappingProxyType
from typing import Any

from attrs import fields as attrs_fields
from attrs import frozen, has

from salesflow.model.activity import Activity
from salesflow.model.document import ProductLine
from salesflow.model.events import Change, Event
from salesflow.model.money import Money
from salesflow.model.opportunity import (
    Approval,
    Closing,
    ContactRole,
    Feedback,
    Grading,
    Probability,
    StageVisit,
    Task,
    TeamMember,
    Waiver,
)
from salesflow.model.party import CustomField

LONGEST_VALUE = 120
"""So many characters of a value are told; the event itself holds all of it."""

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_SILENT = frozenset(("id", "version", "created_at", "created_by", "updated_at"))


@frozen
class TimelineChange:
    """
    One value before and after, in words.

    Args:
        what: The field, and of a collection the item.
        before, after: What it was and is; a dash where there was or is nothing.
    """

    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.what}: {self.before} → {self.after}"


@frozen
class TimelineEntry:
    """
    What one person did at one moment.

    Args:
        at: When, in the timeline's zone.
        by: The person, by name where one is known.
        operation: The operation's id.
        kinds: The kinds of what happened, in order.
        happened: The same, a few words each.
        reasons: Why, in the person's words.
        changes: Which values changed.
    """

    at: datetime
    by: str
    operation: str
    kinds: tuple[str, ...]
    happened: tuple[str, ...]
    reasons: tuple[str, ...]
    changes: tuple[TimelineChange, ...]

    def __str__(self) -> str:
        said = "".join(f' "{reason}"' for reason in self.reasons)
        head = f"{self.at:%Y-%m-%d %H:%M}  {self.by}  {', '.join(self.happened)}{said}"
        return "\n".join([head, *(f"    {change}" for change in self.changes)])

    def html(self) -> str:
        """Return the entry as an item of a list, escaped; what it tells changes the direction of nothing around it."""
        told = zip(self.kinds, self.happened, strict=True)
        happened = ", ".join(f'<span class="badge {kind}">{_held(words)}</span>' for kind, words in told)
        said = " ".join(f"<q>{_held(reason)}</q>" for reason in self.reasons)
        changes = "".join(
            f"<li>{_held(one.what)}: {_held(one.before)} → <b>{_held(one.after)}</b></li>" for one in self.changes
        )
        return (
            f'<li><time datetime="{self.at.isoformat()}">{self.at:%Y-%m-%d %H:%M}</time><div>'
            f'<p><span class="person">{_held(self.by)}</span> <code>{escape(self.operation)}</code> {said}</p>'
            f"<p>{happened}</p>{f'<ul>{changes}</ul>' if changes else ''}</div></li>"
        )


@frozen
class Timeline:
    """
    A record's history, oldest first; prints as text.

    Args:
        entries: What was done, in order.

    Source: HIST-1.
    """

    entries: tuple[TimelineEntry, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.entries))

    def html(self) -> str:
        """Return a self-contained list, escaped, whose look is the page's to decide."""
        return f'<ol class="timeline">{"".join(entry.html() for entry in self.entries)}</ol>'


def _held(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"


def timeline_of(
    events: Iterable[Event], *, names: Mapping[str, str] = _NO_NAMES, zone: tzinfo = UTC,
    fields: Iterable[str] | None = None,
) -> Timeline:  # fmt: skip
    """
    Return the history that *events* tell, for people to read.

    Args:
        events: Of one record, in order, such as `history` of a desk gives them.
        names: What to call people, stages, tasks and other codes, by id or code; what is not there is said as it is.
        zone: In which days and hours are told.
        fields: The fields whose changes are told; None means all of them.

    Source: HIST-1.
    """
    told = None if fields is None else frozenset(fields)
    return Timeline(
        tuple(
            TimelineEntry(
                at.astimezone(zone), names.get(by, by), operation,
                tuple(str(event.kind) for event in some), tuple(_words(event, names) for event in some),
                tuple(dict.fromkeys(event.reason for event in some if event.reason)),
                tuple(_changes(some, names, told)),
            )
            for (at, by, operation), some in _together(events)
        )
    )  # fmt: skip


def _together(events: Iterable[Event]) -> Iterator[tuple[tuple[datetime, str, str], Sequence[Event]]]:
    """Events are told in one entry where one person did the same thing at one moment."""
    for key, group in groupby(events, key=lambda event: (event.at, event.by, event.operation)):
        yield key, list(group)


def _words(event: Event, names: Mapping[str, str]) -> str:
    what = str(event.kind).replace("_", " ")
    tasks = [change.after or change.before for change in event.changes if change.field == "tasks"]
    about = [names.get(task.code, task.code) for task in tasks if isinstance(task, Task)]
    return f"{what}: {', '.join(about)}" if what.startswith("task ") and about else what


def _changes(
    events: Iterable[Event], names: Mapping[str, str], told: frozenset[str] | None
) -> Iterator[TimelineChange]:
    for event in events:
        for change in event.changes:
            if change.field not in _SILENT and (told is None or change.field in told):
                before, after = _shown(change.before, names), _shown(change.after, names)
                if before != after:
                    yield TimelineChange(_what(change, names), before, after)


def _what(change: Change, names: Mapping[str, str]) -> str:
    what = change.field.replace("_", " ")
    return what if change.key is None else f"{what} {names.get(change.key, change.key)}"


def _shown(value: Any, names: Mapping[str, str]) -> str:
    """Return a value in words on one line, cut where it is long."""
    text = " ".join(_said(value, names).split())
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _said(value: Any, names: Mapping[str, str]) -> str:
    def name(code: object) -> str:
        return names.get(str(code), str(code))

    match value:
        case None | () | "":
            return "–"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case date():
            return value.isoformat()
        case Money() | int() | str():
            return name(value)
        case Probability():
            return f"{value.percent} %"
        case Grading():
            return f"{value.effective or '–'}, {value.route}"
        case StageVisit():
            return name(value.stage) if value.exit is None else f"{name(value.stage)}, {value.exit}"
        case Task():
            return f"{value.status}" + (f", {name(value.assignee)}" if value.assignee else "")
        case TeamMember():
            return f"{name(value.role)}, {value.access}"
        case Activity() | Feedback():
            return value.text
        case Approval():
            return f"{value.operation}, {value.status}"
        case Closing():
            return f"{value.outcome}" + (f", {name(value.reason)}" if value.reason else "")
        case ContactRole():
            return f"{name(value.role)}" + (", primary" if value.is_primary else "")
        case Waiver():
            return f"{name(value.stage)} waived"
        case CustomField():
            return _said(value.value, names)
        case ProductLine():
            return f"{value.quantity} × {value.name} at {value.unit_price}"
        case tuple():
            return ", ".join(_said(each, names) for each in value)
        case _ if has(type(value)):
            told = {one.name: getattr(value, one.name) for one in attrs_fields(type(value))}
            plain = {what: each for what, each in told.items() if isinstance(each, str | Money | date)}
            return ", ".join(f"{what.replace('_', ' ')} {_said(each, names)}" for what, each in plain.items())
        case _:
            return name(value)
