"""
Duplicates (共享客户) over the store: a record's keys, what is known by them, and what a reader is told of it (LEAD-12).

A lead says in the store which record its key belonged to. Whoever reads the lead is told that record's name if they
may see it, and otherwise only that there is one; so it is wherever a lead, or what happened to it, is handed out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from salesflow.app.kernel import Kernel
from salesflow.app.port import Port
from salesflow.app.redirects import survivor
from salesflow.model import Change, Customer, Duplicate, Event, Lead, Reason
from salesflow.model.duplicates import known_by
from salesflow.process import field_of, find_duplicate, match_keys
from salesflow.visibility import KnownBy, Sight

NORMALIZER_PORT = Port("key_normalizer")

_HIDDEN = Duplicate()


def keys_of(kernel: Kernel, record: Any) -> tuple[str, ...]:
    """
    Return the canonical keys of a lead or customer, by the flow's settings.

    Args:
        record: It, or what it is to be made of.

    Raises:
        PortError: The normaliser failed.

    Source: LEAD-12.
    """
    with NORMALIZER_PORT:
        return match_keys(record, kernel.settings.duplicate_keys, kernel.key_normalizer)


def known(kernel: Kernel, keys: Collection[str]) -> Mapping[str, list[Any]]:
    """Return, by key, the customers and leads that are known by it; a key that nothing is known by is left out."""
    found: dict[str, list[Any]] = {}
    if keys:
        for kind in ("customer", "lead"):
            for record in kernel.query(kind, KnownBy(keys)):
                for key in known_by(record):
                    found.setdefault(key, []).append(record)
    return found


def keyed(kernel: Kernel, lead: Lead) -> Lead:
    """Return *lead* with its keys, linked to what is known by them already, or to nothing."""
    keys = keys_of(kernel, lead)
    return with_keys(lead, keys, known(kernel, keys))


def with_keys(lead: Lead, keys: tuple[str, ...], known: Mapping[str, Iterable[Any]]) -> Lead:
    """Return *lead* with *keys*, linked to what is *known* by them."""
    link = find_duplicate(lead, keys, [record for key in keys for record in known.get(key, ())])
    is_so = (lead.match_keys, lead.duplicate_of) == (keys, link)
    return lead if is_so else evolve(lead, match_keys=keys, duplicate_of=link)


def against_keys(kernel: Kernel, sight: Sight, person: str, customer: Customer, keys: Collection[str]) -> list[Reason]:
    """
    Return a reason for each of *keys* that another customer than *customer* holds; it names those that the person sees.

    Source: LEAD-12.
    """
    there = known(kernel, keys)
    return [
        taken(kernel, sight, person, key, holder)
        for key in keys
        for holder in there.get(key, ())
        if holder.KIND == "customer" and holder.id != customer.id
    ]


def taken(kernel: Kernel, sight: Sight, person: str, key: str, holder: Customer) -> Reason:
    """Return why no other customer gets *key*, which *holder* has."""
    field = field_of(key)
    if sight.can_see(person, holder):
        return Reason("customer_exists", field=field, customer=holder.id, name=holder.name)
    if kernel.settings.reveal_duplicates:
        return Reason("customer_exists_named", field=field, name=holder.name)
    return Reason("customer_exists_unseen", field=field)


def tell_leads(kernel: Kernel, sight: Sight, person: str, records: Sequence[Any]) -> tuple[Any, ...]:
    """Return *records* as *person* may read them: of a lead's duplicate what they may know. Others are left alone."""
    told = _telling(kernel, sight, person, [record.duplicate_of for record in records if _is_linked(record)])
    return tuple(
        [evolve(record, duplicate_of=told[record.duplicate_of]) if _is_linked(record) else record for record in records]
    )


def tell_events(kernel: Kernel, sight: Sight, person: str, events: Iterable[Event]) -> tuple[Event, ...]:
    """Return *events* as *person* may read them; replayed they give what `tell_leads` gives."""
    events = tuple(events)
    links = [
        link for event in events for change in event.changes if change.field == "duplicate_of" for link in change[2:]
    ]
    told: dict[Any, Any] = {None: None, **_telling(kernel, sight, person, filter(None, links))}

    def retold(change: Change) -> Change:
        is_link = change.field == "duplicate_of"
        return change._replace(before=told[change.before], after=told[change.after]) if is_link else change

    if not links:
        return events
    return tuple([evolve(event, changes=tuple(map(retold, event.changes))) for event in events])


def _is_linked(record: Any) -> bool:
    return isinstance(record, Lead) and record.duplicate_of is not None


def _telling(kernel: Kernel, sight: Sight, person: str, links: Iterable[Duplicate]) -> Mapping[Duplicate, Duplicate]:
    """Return what each of *links*, as the store has them, is for *person*."""
    wanted: dict[str, set[str]] = {}
    for link in links:
        wanted.setdefault(str(link.kind), set()).add(str(link.id))
    told = {}
    for kind, ids in wanted.items():
        there = kernel.get_many(kind, ids)
        told.update({Duplicate(kind, id): _told(kernel, sight, person, survivor(kernel, there.get(id))) for id in ids})
    return told


def _told(kernel: Kernel, sight: Sight, person: str, record: Customer | Lead | None) -> Duplicate:
    """What is hidden and what is gone read alike."""
    if record is None:
        return _HIDDEN
    name = record.name if isinstance(record, Customer) else record.company or record.contact or record.title
    if sight.can_see(person, record) and sight.sees_whole(person, record):
        return Duplicate(record.KIND, record.id, name)
    return Duplicate(name=name) if kernel.settings.reveal_duplicates else _HIDDEN
