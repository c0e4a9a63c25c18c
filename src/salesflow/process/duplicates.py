"""What a lead's keys were found to belong to: which record of several, and the event that says so (LEAD-12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import evolve

from salesflow.model import Change, Customer, Duplicate, Event, EventBuilder, EventKind, Lead
from salesflow.model.duplicates import known_by
from salesflow.model.moments import EARLIEST


def find_duplicate(lead: Lead, keys: Sequence[str], known: Iterable[Customer | Lead]) -> Duplicate | None:
    """
    Return what *lead* is about already: a customer before a lead, by the first key that tells, the oldest first.

    Args:
        lead: It is no duplicate of itself, nor of the customer that it became.
        keys: Its keys, as they are to be.
        known: Whatever is known by some of them; others do no harm.

    Source: LEAD-12.
    """
    became = None if lead.conversion is None else lead.conversion.customer
    own = {("lead", lead.id), ("customer", became)}
    others = [record for record in known if (record.KIND, record.id) not in own]
    others.sort(key=lambda record: (record.created_at or EARLIEST, record.id))
    for kind in ("customer", "lead"):
        for key in keys:
            for record in others:
                if kind == record.KIND and key in known_by(record):
                    return Duplicate(kind, record.id)
    return None


def without_link(lead: Lead) -> Lead:
    """Return *lead* as it is before it is linked: what its first event brings into being."""
    return lead if lead.duplicate_of is None else evolve(lead, duplicate_of=None)


def linked(lead: Lead, made: Event) -> tuple[Event, ...]:
    """Return *made*, which brought the lead into being without its link, and the event that links it, if it is."""
    link = lead.duplicate_of
    if link is None:
        return (made,)
    told = evolve(made, number=1, kind=EventKind.LEAD_LINKED, changes=(Change("duplicate_of", None, None, link),))
    return made, told


def link(builder: EventBuilder, duplicate: Duplicate | None) -> None:
    """Add the event that links the lead to *duplicate*, or to nothing any more, where it is not so already."""
    if builder.value("duplicate_of") != duplicate:
        kind = EventKind.LEAD_UNLINKED if duplicate is None else EventKind.LEAD_LINKED
        builder.add(kind, duplicate_of=duplicate)
