"""
Folding events into a record: the only way a record ever changes, and the proof that history is complete.

A decision's events, or a whole history, are folded into one list of values and the record is built once.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from salesflow.errors import InvalidInput
from salesflow.model.catalogue import Competitor, LeadSource, Literature
from salesflow.model.delivery import Delivery
from salesflow.model.document import Document
from salesflow.model.events import Change, Event, shape
from salesflow.model.lead import Lead
from salesflow.model.opportunity import Opportunity
from salesflow.model.party import Contact, Customer
from salesflow.model.sharing import Pool, SharingRule

RecordT = TypeVar("RecordT")

RECORD_CLASSES: dict[str, type[Any]] = {
    cls.KIND: cls
    for cls in (
        Lead, Opportunity, Customer, Contact, Document, Competitor, Literature, LeadSource, SharingRule, Pool, Delivery,
    )
}  # fmt: skip
"""The class of each kind of record."""


def apply(record: RecordT, events: Iterable[Event]) -> RecordT:
    """
    Return *record* after *events*, which must continue it without a gap.

    Args:
        record: The record as it stands.
        events: Events of one decision or of several in order.

    Raises:
        InvalidInput: The events belong to another record or state, so whoever kept them lost something.

    Source: HIST-1.
    """
    told = list(events)
    if not told:
        return record
    return _fold(type(record), list(shape(type(record)).read(record)), told)


def replay(events: Iterable[Event]) -> Any:
    """
    Return the record that *events*, from its creation on, give.

    Raises:
        InvalidInput: There are no events, they are of an unknown kind of record, or one is missing.

    Source: HIST-1.
    """
    told = list(events)
    if not told:
        raise InvalidInput("events", told, "must hold at least the creation")
    first = told[0]
    cls = RECORD_CLASSES.get(first.record_kind)
    if cls is None:
        raise InvalidInput("events", first.record_kind, f"must be of a known kind: {', '.join(RECORD_CLASSES)}")
    known = shape(cls)
    values = list(known.blanks)
    values[known.places["id"]], values[known.places["version"]] = first.record_id, 0
    record: Any = _fold(cls, values, told)
    return record


def _fold(cls: type[RecordT], values: list[Any], events: list[Event]) -> RecordT:
    known = shape(cls)
    places, collections = known.places, known.collections
    id, version = values[places["id"]], values[places["version"]]
    kind = getattr(cls, "KIND", None)
    opened: dict[str, dict[str | None, Any]] = {}
    number = -1
    for event in events:
        if event.version == version + 1 and event.number == 0:
            version, number = event.version, 0
        elif event.version == version and event.number == number + 1 and number >= 0:
            number += 1
        else:
            raise InvalidInput("events", event.id, f"does not continue {id!r} at version {version}")
        if event.record_id != id or event.record_kind != kind:
            raise InvalidInput("events", event.id, f"does not belong to {id!r}")
        for change in event.changes:
            name, key, before, after = change
            if name in collections:
                items = opened.get(name)
                if items is None:
                    items = opened[name] = {item.key: item for item in values[places[name]]}
                current = items.get(key)
                if key is None or (current is not before and current != before):
                    raise _mismatch(event, change)
                if after is None:
                    items.pop(key, None)
                else:
                    items[key] = after
                continue
            place = places.get(name)
            if place is None or key is not None:
                raise _mismatch(event, change)
            current = values[place]
            if current is not before and current != before:
                raise _mismatch(event, change)
            values[place] = after
    for name, items in opened.items():
        values[places[name]] = tuple(items.values())
    values[places["version"]], values[places["updated_at"]] = version, events[-1].at
    record: RecordT = known.make(*values)
    return record


def _mismatch(event: Event, change: Change) -> InvalidInput:
    where = change.field if change.key is None else f"{change.field}[{change.key}]"
    return InvalidInput("events", event.id, f"expects another value in {where} than the record has")
