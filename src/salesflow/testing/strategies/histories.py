"""Histories: a record's events from its creation on, each decision leading to another sound record."""

from __future__ import annotations

from typing import Any

from attrs import fields, frozen
from hypothesis import strategies as st

from salesflow.model import Event, EventBuilder, EventKind, apply, created
from salesflow.testing.strategies.values import moments

_KEPT = frozenset({"id", "version", "updated_at"})


@frozen
class History:
    """
    What happened to one record, and what it was after each decision.

    Args:
        decisions: The events of each decision, the creation first.
        records: The record after each, in the same order.
    """

    decisions: tuple[tuple[Event, ...], ...]
    records: tuple[Any, ...]

    @property
    def events(self) -> tuple[Event, ...]:
        """All events in order."""
        return tuple(event for decision in self.decisions for event in decision)


@st.composite
def histories(draw: st.DrawFn, records: st.SearchStrategy[Any], max_size: int = 4) -> History:
    """
    Histories of one to *max_size* decisions; whatever differs between two drawn records is what happened.

    Args:
        records: A strategy of records at version 1; each drawn one is a state to move to.

    Source: HIST-1.
    """
    states = draw(st.lists(records, min_size=1, max_size=max_size))
    first = states[0]
    decisions: list[tuple[Event, ...]] = [(created(first, at=first.updated_at, by="li", operation="create"),)]
    found = [first]
    for target in states[1:]:
        builder = EventBuilder(found[-1], at=draw(moments()), by="li", operation="edit")
        values = {f.name: getattr(target, f.name) for f in fields(type(target)) if f.name not in _KEPT}
        half = len(values) // 2
        builder.add(EventKind.EDITED, **dict(list(values.items())[:half]))
        builder.add(EventKind.EDITED, "second half", **dict(list(values.items())[half:]))
        decisions.append(builder.decision().events)
        found.append(apply(found[-1], decisions[-1]))
    return History(tuple(decisions), tuple(found))
