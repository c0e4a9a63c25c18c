"""
A store in memory: for tests, for examples, for one process.

Everything is checked before anything is changed, and one lock is held by whoever reads or writes: a reader
sees whole units of work, and what raises leaves the store as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Sequence, Set
from functools import lru_cache, partial
from itertools import islice
from operator import attrgetter
from threading import RLock
from typing import Any

from salesflow.errors import Conflict, InvalidInput
from salesflow.model.duplicates import UNIQUE_KEY, unique_keys
from salesflow.model.events import Event, shape
from salesflow.ports import REVISION, DoneOnce, Query, RecordFilter, Tombstone, UnitOfWork, Write
from salesflow.stores.order import Order
from salesflow.stores.postings import NOWHERE, Candidates, Place, Postings, place_of
from salesflow.visibility.behind import Behind, BelongsTo, parties

_PLACED_BY = (
    "owner", "team", "pool", "voided", "match_keys", "quote_number", "contract_number",
    "customer", "contact", "contact_roles", "conversion", "opportunity", "lead",
)  # fmt: skip
"""Every field that `place_of` reads."""


@lru_cache
def _placed_by(cls: type) -> Callable[[Any], Any]:
    """Return what reads those fields of *cls* by which its records stand in the postings."""
    return attrgetter("id", *(name for name in _PLACED_BY if name in shape(cls).places))


class _Shelf:
    """Everything about one kind of record; *behind* is that of its postings."""

    __slots__ = ("history", "orders", "postings", "records", "revision", "tombstones")

    def __init__(self, behind: Callable[[Behind | BelongsTo], set[str] | None]) -> None:
        self.records: dict[str, Any] = {}
        self.history: dict[str, list[tuple[int, Event]]] = {}
        self.tombstones: dict[str, Tombstone] = {}
        self.postings = Postings(behind)
        self.orders: dict[str, Order] = {}
        self.revision = 0

    def candidates(self, filter: RecordFilter) -> tuple[Candidates | None, int]:
        """Return the candidates, None where every record is one, and how many pass at most."""
        found, total = self.postings.candidates(filter), len(self.records)
        return found, total if found is None else min(found.estimate, total)

    def passing(self, filter: RecordFilter, candidates: Candidates | None) -> list[Any]:
        """Return the records that pass, in no order."""
        records = self.records
        if candidates is None:
            return [record for record in records.values() if filter.matches(record)]
        found = [records[id] for id in candidates.ids()]
        return found if candidates.exact else [record for record in found if filter.matches(record)]


class MemoryStore:
    """
    Keeps records, history, idempotency marks, outbox and tombstones in memory. Safe to share between threads.

    Lists are answered from postings by owner and team member where few records can pass, and by walking the
    order where many do; either way a record is in the list exactly if the filter's `matches` says so.

    Source: HIST-1, HIST-3, LEAD-12, PERF-6.
    """

    keeps_unique_keys = True

    def __init__(self) -> None:
        self._lock = RLock()
        self._shelves: dict[str, _Shelf] = {}
        self._done: dict[str, DoneOnce] = {}
        self._outbox: list[Event | None] = []
        self._forgotten = 0

    def get(self, kind: str, id: str) -> Any | None:
        """Return the record, or None where there is none."""
        with self._lock:
            shelf = self._shelves.get(kind)
            return None if shelf is None else shelf.records.get(id)

    def get_many(self, kind: str, ids: Collection[str]) -> dict[str, Any]:
        """Return those of the records that are there, by id."""
        with self._lock:
            records = self._shelf(kind).records
            return {id: records[id] for id in ids if id in records}

    def query(self, query: Query) -> Sequence[Any]:
        """
        Return the records that pass, in order.

        Raises:
            InvalidInput: There is no such order for this kind; the caller must choose another.
        """
        if query.limit is not None and query.limit < 1:
            return []
        with self._lock:
            shelf = self._shelf(query.kind)
            order = shelf.orders.get(query.order_by) or Order(query.kind, query.order_by)
            candidates, few = shelf.candidates(query.filter)
            # Gathering takes a step for each that passes; walking takes as many as meet `limit` of them.
            if query.limit is not None and few * few > query.limit * len(shelf.records):
                shelf.orders[query.order_by] = order
                page = _walk(shelf, order, query, query.limit, few)
                if page is not None:
                    return page
            found = order.sorted(shelf.passing(query.filter, candidates))
            if query.after is not None:
                found = order.behind(found, query.after)
            return found[: query.limit]

    def ids(self, kind: str, filter: RecordFilter) -> Set[str]:
        """Return the ids of the records that pass."""
        with self._lock:
            shelf = self._shelf(kind)
            candidates, _ = shelf.candidates(filter)
            if candidates is not None and candidates.exact:
                return candidates.ids()
            return {record.id for record in shelf.passing(filter, candidates)}

    def count(self, kind: str, filter: RecordFilter, cap: int | None = None) -> int:
        """Return how many records of *kind* pass, or *cap* where they are at least that many."""
        with self._lock:
            shelf = self._shelf(kind)
            _, few = shelf.candidates(filter)
            if cap is None or few * few <= cap * len(shelf.records):
                exact = len(self.ids(kind, filter))
                return exact if cap is None else min(exact, cap)
            passing = (record for record in shelf.records.values() if filter.matches(record))
            return sum(1 for _ in islice(passing, cap))

    def save(self, unit: UnitOfWork) -> None:
        """
        Save everything or nothing.

        Raises:
            Conflict: A record is not at its expected version, a new one is there already or was deleted, the
                idempotency key is there already, a key that is unique is held by another record, or a revision is
                not the one rested on. Whoever lost the race must load and decide again.
            InvalidInput: A record stands twice in the unit, or a deletion has no event.
        """
        with self._lock:
            if unit.done is not None and unit.done.key in self._done:
                raise Conflict("idempotency key", unit.done.key, 0, 1)
            for kind, revision in unit.resting_on:
                found = self._shelves[kind].revision if kind in self._shelves else 0
                if found != revision:
                    raise Conflict(REVISION, kind, revision, found)
            writes = unit.writes
            if len(writes) > 1 and len({(write.kind, write.id) for write in writes}) < len(writes):
                raise InvalidInput("writes", [write.id for write in writes], "must name each record once")
            steps = [self._checked(write) for write in writes]
            self._refuse_held_keys(writes)
            for write, shelf, old, places in steps:
                self._put(write, shelf, old, places)
            if unit.done is not None:
                self._done[unit.done.key] = unit.done

    def events(self, kind: str, id: str) -> Sequence[Event]:
        """Return the record's events in order; empty where there is no such record."""
        with self._lock:
            return [event for _, event in self._shelf(kind).history.get(id, ())]

    def done(self, key: str) -> DoneOnce | None:
        """Return the mark of *key*, or None."""
        with self._lock:
            return self._done.get(key)

    def outbox(self, after: int, limit: int) -> Sequence[tuple[int, Event]]:
        """Return at most *limit* (position, event) pairs behind position *after*; positions count from 1."""
        found: list[tuple[int, Event]] = []
        with self._lock:
            for place in range(max(after - self._forgotten, 0), len(self._outbox)):
                if len(found) >= limit:
                    break
                event = self._outbox[place]
                if event is not None:
                    found.append((self._forgotten + place + 1, event))
        return found

    def forget_outbox(self, up_to: int) -> None:
        """Forget what stands in the outbox up to position *up_to*, that one included; history stays."""
        with self._lock:
            done = min(max(up_to - self._forgotten, 0), len(self._outbox))
            del self._outbox[:done]
            self._forgotten += done

    def revision(self, kind: str) -> Hashable:
        """Return something that differs whenever a record of *kind* was written."""
        with self._lock:
            shelf = self._shelves.get(kind)
            return 0 if shelf is None else shelf.revision

    def tombstone(self, kind: str, id: str) -> Tombstone | None:
        """Return the tombstone of a deleted record, or None."""
        with self._lock:
            return self._shelf(kind).tombstones.get(id)

    def _shelf(self, kind: str) -> _Shelf:
        return self._shelves.get(kind) or _Shelf(partial(self._behind, kind))

    def _behind(self, kind: str, behind: Behind | BelongsTo) -> set[str] | None:
        """
        Return the ids of the records of *kind* that some record which passes names, or that name it.

        None where more may pass than there are records of the kind: then asking each is the shorter way.
        """
        shelf, records = self._shelf(behind.kind), self._shelf(kind).records
        candidates, few = shelf.candidates(behind.filter)
        if few > len(records):
            return None
        passing = shelf.passing(behind.filter, candidates)
        if isinstance(behind, BelongsTo):
            named = self._shelf(kind).postings.named
            return {id for record in passing for id in named.get((behind.kind, record.id), ())}
        return {id for record in passing for party, id in parties(record) if party == kind and id in records}

    def _checked(self, write: Write) -> tuple[Write, _Shelf, Any, tuple[Place, Place] | None]:
        """Return all that changing the store takes, and change nothing; whatever can raise raises here."""
        shelf = self._shelves.get(write.kind)
        if shelf is None:
            shelf = self._shelves[write.kind] = _Shelf(partial(self._behind, write.kind))
        old, new = shelf.records.get(write.id), write.record
        found = 0 if old is None else old.version
        if old is None and write.id in shelf.tombstones:
            raise Conflict(write.kind, write.id, write.expected_version, shelf.tombstones[write.id].version)
        if found != write.expected_version or (old is None and new is None):
            raise Conflict(write.kind, write.id, write.expected_version, None if old is None else found)
        if new is None and not write.events:
            raise InvalidInput("events", write.id, "must say who deleted the record, and when")
        if old is not None and new is not None and _placed_by(new.__class__)(old) == _placed_by(new.__class__)(new):
            return write, shelf, old, None
        before = NOWHERE if old is None else place_of(old)
        return write, shelf, old, (before, NOWHERE if new is None else place_of(new))

    def _refuse_held_keys(self, writes: tuple[Write, ...]) -> None:
        """Raise `Conflict` where, after all *writes*, two records of a kind would hold a key that is unique."""
        held: dict[tuple[str, str], str] = {}
        for write in writes:
            for key in unique_keys(write.record):
                holders = self._shelf(write.kind).postings.keys.get(key)
                others = holders and holders.difference(other.id for other in writes if other.kind == write.kind)
                if others or held.setdefault((write.kind, key), write.id) != write.id:
                    raise Conflict(UNIQUE_KEY, key, 0, 1)

    def _put(self, write: Write, shelf: _Shelf, old: Any, places: tuple[Place, Place] | None) -> None:
        id = write.id
        if places is not None:
            shelf.postings.move(id, *places)
        for order in shelf.orders.values():
            order.note(id, old)
        entries = list(enumerate(write.events, self._forgotten + len(self._outbox) + 1))
        self._outbox.extend(write.events)
        shelf.revision += 1
        if write.record is not None:
            shelf.records[id] = write.record
            shelf.history.setdefault(id, []).extend(entries)
            return
        del shelf.records[id]
        for position, _ in shelf.history.pop(id, ()):
            if position > self._forgotten:
                self._outbox[position - self._forgotten - 1] = None
        last = write.events[-1]
        version = write.expected_version + 1
        shelf.tombstones[id] = Tombstone(write.kind, id, version, last.at, last.by, last.operation)


def _walk(shelf: _Shelf, order: Order, query: Query, limit: int, budget: int) -> list[Any] | None:
    """Return the page met by walking the order, or None where *budget* steps did not fill it."""
    ids, start = order.ids(shelf.records, query.after)
    records, matches = shelf.records, query.filter.matches
    page: list[Any] = []
    stop = min(len(ids), start + budget)
    for index in range(start, stop):
        record = records[ids[index]]
        if matches(record):
            page.append(record)
            if len(page) >= limit:
                return page
    return page if stop == len(ids) else None
