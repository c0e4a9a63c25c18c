"""
Taking arrivals in, in bounded batches: each batch is one unit of work, so that nothing is half there or there twice.

A batch that met a conflict is taken in again: as a whole where something changed that it rests on, else in halves; what
still conflicts by itself is a problem of its row. A dry run goes the same way, and notes what it would have made in a
temporary file in place of the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from salesflow.app.case import Case
from salesflow.app.claims import pool_for
from salesflow.app.deals import with_deals
from salesflow.app.duplicates import keys_of, known, taken, with_keys
from salesflow.app.execution import TRIES, Execution, callback
from salesflow.app.import_rehearsal import Rehearsal
from salesflow.app.import_report import ImportReport, Item, Plan, Tally
from salesflow.app.port import STORE_PORT
from salesflow.errors import Conflict, InvalidInput
from salesflow.files.mapping import Arrival, derived_id
from salesflow.files.problems import CellProblem, wrong
from salesflow.model import (
    Contact,
    Customer,
    Event,
    EventKind,
    ImportedLead,
    Lead,
    Opportunity,
    Reason,
    created,
)
from salesflow.model.duplicates import unique_keys
from salesflow.model.organization import LONGEST_ID
from salesflow.model.requests import flag, named
from salesflow.ports import REVISION, UnitOfWork, Write
from salesflow.process import import_lead, import_opportunity, refused
from salesflow.process.arrivals import brought_along, moments_ahead

BATCH = 1_000
"""So many rows of a file are saved together."""

_REMEMBERED = 32_768  # ids of customers and contacts that are known to be there


class Intake:
    """
    One import by one person.

    Args:
        run: Who imports.
        operation: The operation's id.
        dry_run: Whether nothing is written.
        batch: How many rows are saved together.

    Raises:
        NotFound: The acting person does not work here.
        Refused: The acting person may not import at all.

    Source: IO-1, IO-3, ACC-16.
    """

    def __init__(self, run: Execution, operation: str, *, dry_run: bool = False, batch: int = BATCH) -> None:
        case = run.blank()
        own = (run.person,) if case.sight.is_employee(run.person) else ()
        run.admit(case, operation, (), also=own)
        self._run, self._operation, self._batch = run, operation, batch
        self._dry = Rehearsal() if flag(dry_run, "dry_run") else None
        self._began = case.now
        self._column_of: Callable[[str], str | None] = _no_column
        self._there: set[tuple[str, str]] = set()
        self._looked_up: dict[tuple[str, str], Any] = {}
        self._keys: dict[int, tuple[str, ...]] = {}
        self._known: Mapping[str, list[Any]] = {}
        self._claimed: dict[str, str] = {}
        self._elsewhere: dict[str, Mapping[str, str]] = {}
        self._tally = Tally()

    def take(
        self, items: Iterable[Item], *, column_of: Callable[[str], str | None] | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> ImportReport:  # fmt: skip
        """
        Take every item in, and return what came of it.

        Args:
            items: Read batch by batch, each when the one before is saved.
            column_of: Gives the column that a field comes from.
            progress: Called with each row's number once its batch is saved.

        Raises:
            PortError: The store failed; the batches before are in.
        """
        callback(progress, "progress")
        self._column_of = column_of or _no_column
        iterator = iter(items)
        try:
            while batch := list(islice(iterator, self._batch)):
                self._take(batch)
                if progress is not None:
                    for item in batch:
                        progress(item.row)
        finally:
            if self._dry is not None:
                self._dry.close()
        return self._tally.report()

    def _take(self, items: list[Item], tries: int = 1) -> None:
        case = self._run.blank()
        if len(self._there) >= _REMEMBERED:
            self._there.clear()
        pending: dict[tuple[str, str], Write] = {}
        self._looked_up = self._look_up(items)
        self._claimed = {}
        self._keys = {item.row: self._keys_of(item.arrival) for item in items}
        self._known = known(self._run.kernel, {key for keys in self._keys.values() for key in keys})
        plans = [self._plan(case, item, pending) for item in items]
        try:
            self._save(case, pending)
        except Conflict as conflict:
            self._there.clear()
            self._elsewhere.clear()
            # Where what the batch rests on changed, or a customer, all of it is decided anew: its rows are sound.
            is_beside = conflict.kind == REVISION or (conflict.expected_version or 0) > 0
            if tries < TRIES and (len(items) == 1 or is_beside):
                self._take(items, tries + 1)
                return
            if len(items) > 1:
                half = len(items) // 2
                self._take(items[:half])
                self._take(items[half:])
                return
            plans = [Plan(problems=(self._conflicted(items[0], conflict),))]
        for item, plan in zip(items, plans, strict=True):
            self._tally.add(item, plan)

    def _save(self, case: Case, pending: Mapping[tuple[str, str], Write]) -> None:
        if self._dry is not None:
            self._dry.note(pending.values())
        elif pending:
            writes = with_deals(case, pending, self._looked_up, self._operation)
            self._run.kernel.save(UnitOfWork(writes, resting_on=case.sight.revisions))

    def _plan(self, case: Case, item: Item, pending: dict[tuple[str, str], Write]) -> Plan:
        arrival = item.arrival
        if arrival is None:
            return Plan(problems=item.problems)
        record = arrival.record
        kind = "lead" if isinstance(record, ImportedLead) else "opportunity"
        problems = [*self._not_theirs(case, arrival), *self._not_seen(case, arrival)]
        if problems:
            return Plan(problems=tuple(problems))
        known = self._get(kind, record.id)
        before = self._told_before(kind, record.id, known, pending)
        if before is None and known is not None and self._is_theirs(case, known):
            return Plan()
        problems = list(self._not_yet(case, arrival))
        if problems:
            return Plan(problems=tuple(problems))
        writes: list[Write] = []
        try:
            named(record.id, "id", longest=LONGEST_ID)
            made, decision = self._record(case, arrival, self._keys[item.row], pending, writes)
        except InvalidInput as error:
            column = self._column_of(error.what)
            return Plan(problems=(wrong("invalid_value", column, problem=str(error)),))
        if before is not None:
            is_same = before == repr(brought_along(made))
            return Plan() if is_same else Plan(problems=(self._doubled(record.id),))
        # RULE-1, IO-3: a lead is as good as created; an opportunity arrives, and the rules guard moves
        broken = case.kernel.rules.against_new(made) if kind == "lead" else ()
        reasons = (*decision.reasons, *broken)
        if reasons:
            return Plan(problems=tuple(CellProblem(reason.code, None, str(reason)) for reason in reasons))
        if known is not None or (self._dry is not None and self._is_deleted(kind, record.id)):
            return Plan(problems=(self._taken(record.id),))
        writes.append(Write(made.KIND, made.id, 0, made, decision.events))
        pending.update({(write.kind, write.id): write for write in writes})
        self._claimed.update((key, write.id) for write in writes for key in unique_keys(write.record))
        return Plan(tuple(writes), missing=tuple(_missing(made)))

    def _told_before(
        self, kind: str, id: str, known: Any | None, pending: Mapping[tuple[str, str], Write]
    ) -> str | None:
        """Return what an earlier row of this import brought along under the id, or None where none did."""
        if (kind, id) in pending:
            return repr(brought_along(pending[kind, id].record))
        if self._dry is not None:
            return self._dry.told(kind, id)
        if known is None or known.version > 1 or known.updated_at < self._began or known.created_by != self._run.person:
            return None
        return repr(brought_along(known))

    def _is_theirs(self, case: Case, record: Opportunity | Lead) -> bool:
        """Whether the person may know that it is there: sees it, or made it, as a lead that went to a pool since."""
        return record.created_by == self._run.person or case.sight.can_see(self._run.person, record)

    def _record(
        self, case: Case, arrival: Arrival, keys: tuple[str, ...], pending: Mapping[tuple[str, str], Write],
        writes: list[Write],
    ) -> tuple[Any, Any]:  # fmt: skip
        """Return the record that an arrival makes with its decision; add what is made on the way to *writes*."""
        record, run = arrival.record, self._run
        if isinstance(record, ImportedLead):
            return import_lead(
                record, by=run.person, at=case.now, operation=self._operation,
                pool_of=lambda lead: pool_for(case.kernel, case.sight, lead),
                keyed=lambda lead: with_keys(lead, keys, self._known),
            )  # fmt: skip
        customer, contact = record.customer, record.contact
        if arrival.customer is not None:
            owner = arrival.customer_owner or record.owner
            asked = arrival.customer
            customer = self._party("customer", (asked.name,), pending)
            is_there = self._is_there("customer", customer, pending)
            holder = None if is_there else self._holder(case, keys)
            if isinstance(holder, Reason):
                return record, refused(holder)
            if holder is not None:
                customer = holder
            elif not is_there:
                made = Customer(
                    id=customer, version=1, name=asked.name, owner=owner, phone=asked.phone, email=asked.email,
                    industry=asked.industry, match_keys=keys,
                    created_at=case.now, created_by=run.person, updated_at=case.now,
                )  # fmt: skip
                writes.append(Write("customer", customer, 0, made, (self._imported(case, made),)))
        if arrival.contact is not None:
            person = arrival.contact
            contact = self._party("contact", (customer or "", person.name), pending)
            if not self._is_there("contact", contact, pending):
                someone = Contact(
                    id=contact, version=1, name=person.name, owner=record.owner, customer=customer, phone=person.phone,
                    email=person.email, title=person.title, created_at=case.now, created_by=run.person,
                    updated_at=case.now,
                )  # fmt: skip
                writes.append(Write("contact", contact, 0, someone, (self._imported(case, someone),)))
        kernel = case.kernel
        return import_opportunity(
            kernel.processes.latest(record.process).process, record, grader=case.grader(), by=run.person, at=case.now,
            zone_day=kernel.today, customer=customer, contact=contact, operation=self._operation,
        )  # fmt: skip

    def _imported(self, case: Case, record: Customer | Contact) -> Event:
        return created(record, at=case.now, by=self._run.person, operation=self._operation, kind=EventKind.IMPORTED)

    def _keys_of(self, arrival: Arrival | None) -> tuple[str, ...]:
        """Return the keys of the lead that arrives, or of the customer that an opportunity brings along anew."""
        if arrival is None:
            return ()
        if isinstance(arrival.record, ImportedLead):
            return keys_of(self._run.kernel, arrival.record)
        customer = arrival.customer
        if customer is None:
            return ()
        key = ("customer", derived_id("customer", self._run.person, customer.name))
        is_there = key in self._there or self._looked_up.get(key) is not None
        return () if is_there else keys_of(self._run.kernel, customer)

    def _holder(self, case: Case, keys: tuple[str, ...]) -> str | Reason | None:
        """
        Return the id of the customer that has one of *keys*, which is the one that is meant (LEAD-12).

        None where nobody has; a reason where the person may not see who has.
        """
        for key in keys:
            customers = [found for found in self._known.get(key, ()) if found.KIND == "customer"]
            if customers:
                (found,) = customers  # a key has one customer at most (I-38)
                seen = case.sight.can_see(self._run.person, found)
                return str(found.id) if seen else taken(case.kernel, case.sight, self._run.person, key, found)
            made = self._claimed.get(key) or (None if self._dry is None else self._dry.holder(key))
            if made is not None:
                return made
        return None

    def _party(self, kind: str, parts: tuple[str, ...], pending: Mapping[tuple[str, str], Write]) -> str:
        """Return the id of the customer or contact of this name: one that is there, else the one that is to be."""
        id = derived_id(kind, self._run.person, *parts)
        if self._is_there(kind, id, pending):
            return id
        return self._by_hand(kind).get(id, id)

    def _by_hand(self, kind: str) -> Mapping[str, str]:
        """Return, by the id that an import would give, those that the person sees and that got another id."""
        if kind not in self._elsewhere:
            found: dict[str, str] = {}
            for record in chain.from_iterable(self._run.pages(kind, "all")):
                parts = (record.name,) if kind == "customer" else (record.customer or "", record.name)
                id = derived_id(kind, self._run.person, *parts)
                if id != record.id:
                    found.setdefault(id, record.id)
            self._elsewhere[kind] = found
        return self._elsewhere[kind]

    def _is_there(self, kind: str, id: str, pending: Mapping[tuple[str, str], Write]) -> bool:
        key = (kind, id)
        if key in pending or key in self._there:
            return True
        found = self._get(kind, id) is not None
        if found:
            self._there.add(key)
        return found or (self._dry is not None and self._dry.has(kind, id))

    def _look_up(self, items: Iterable[Item]) -> dict[tuple[str, str], Any]:
        """Return what the store holds, None where nothing, under the ids that *items* will ask for."""
        asked: dict[str, set[str]] = {}
        for item in items:
            if item.arrival is not None:
                for kind, id in self._named(item.arrival):
                    asked.setdefault(kind, set()).add(id)
        found: dict[tuple[str, str], Any] = {}
        for kind, ids in asked.items():
            there = self._run.kernel.get_many(kind, ids)
            found.update({(kind, id): there.get(id) for id in ids})
        return found

    def _named(self, arrival: Arrival) -> Iterator[tuple[str, str]]:
        record = arrival.record
        if isinstance(record, ImportedLead):
            yield "lead", record.id
            return
        yield "opportunity", record.id
        if arrival.customer is not None:
            customer = derived_id("customer", self._run.person, arrival.customer.name)
            if ("customer", customer) not in self._there:
                yield "customer", customer
        for kind, id in (("customer", record.customer), ("contact", record.contact)):
            if id is not None:
                yield kind, id

    def _get(self, kind: str, id: str) -> Any | None:
        """Return a record as it was when its batch began, or as it is where the batch did not name it."""
        key = (kind, id)
        return self._looked_up[key] if key in self._looked_up else self._run.kernel.get(kind, id)

    def _is_deleted(self, kind: str, id: str) -> bool:
        tombstone = getattr(self._run.kernel.store, "tombstone", None)
        if tombstone is None:
            return False
        with STORE_PORT:
            return tombstone(kind, id) is not None

    def _conflicted(self, item: Item, conflict: Conflict) -> CellProblem:
        assert item.arrival is not None  # nothing else is written
        kind, id = conflict.kind, item.arrival.record.id
        if conflict.id == id and self._is_deleted(kind, id):
            return self._taken(id)
        return wrong("conflict", problem=str(conflict))

    def _taken(self, id: str) -> CellProblem:
        """VIS-16: an id that is deleted and one that is somebody else's secret read alike."""
        return wrong("id_taken", self._column_of("id"), value=id)

    def _doubled(self, id: str) -> CellProblem:
        """IO-1: of two rows with one id that differ, nobody can say which one is meant."""
        return wrong("duplicate_id", self._column_of("id"), value=repr(id))

    def _not_yet(self, case: Case, arrival: Arrival) -> Iterator[CellProblem]:
        """IO-3: a past does not lie ahead."""
        for what, moment in moments_ahead(arrival.record, case.now):
            yield wrong("in_future", self._column_of(what), field=what, value=moment.isoformat())

    def _not_theirs(self, case: Case, arrival: Arrival) -> Iterator[CellProblem]:
        """ACC-16: whoever a row names works here, and importing for others takes an administrator."""
        run = self._run
        for what, owner in (("owner", arrival.record.owner), ("customer", arrival.customer_owner)):
            if owner is None:
                continue
            if not case.sight.is_employee(owner):
                reason = Reason("person_unknown", person=owner)
                yield CellProblem(reason.code, self._column_of(what), str(reason))
            elif owner != run.person and not case.sight.is_administrator(run.person):
                yield wrong("for_others", self._column_of(what), value=repr(owner))

    def _not_seen(self, case: Case, arrival: Arrival) -> Iterator[CellProblem]:
        """A customer or contact that a row names by id is one that the person sees."""
        record = arrival.record
        if isinstance(record, ImportedLead):
            return
        for kind, id in (("customer", record.customer), ("contact", record.contact)):
            if id is None:
                continue
            found = self._get(kind, id)
            if found is None or not case.sight.can_see(self._run.person, found):
                reason = Reason(f"{kind}_unknown", **{kind: id})
                yield CellProblem(reason.code, self._column_of(kind), str(reason))


def _no_column(_field: str) -> None:
    return None


def _missing(made: Opportunity | Lead) -> Iterator[str]:
    """Give the fields that a record arrived without and that somebody will ask for."""
    if isinstance(made, Lead):
        absent = {"contact": made.contact is None, "source": made.source is None}
    else:
        absent = {
            "customer": made.customer is None and made.contact is None,
            "close_date": made.close_date is None and not made.is_completed,
            "closed_at": made.is_completed and made.actual_close_date is None,
            "amount": made.amount is None,
            "entered_at": made.visits[-1].entered_at is None,
        }
    return (name for name, is_absent in absent.items() if is_absent)
