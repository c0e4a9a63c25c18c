"""Does one operation on the library and on the reference, and compares everything that there is to compare."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve

import salesflow as sf
from salesflow.model import RECORD_CLASSES, DocumentKind, apply, check, replay
from salesflow.ports import AuditEntry
from salesflow.testing import FixedClock
from salesflow.visibility import VisibilityPolicy
from tests.machine import following, worlds
from tests.machine.reference import (  # noqa: F401 - they say what each operation does
    grades,
    guiding,
    known,
    lead_ends,
    lead_pairs,
    making,
    moves,
    papers,
    work,
)
from tests.machine.reference.books import Answer, Books
from tests.machine.reference.papers import count_deals
from tests.machine.showing import show

Plain = dict[str, Any]

POLICY = VisibilityPolicy()
KINDS = {
    "opportunities": "opportunity", "leads": "lead", "customers": "customer", "contacts": "contact",
    "documents": "document",
}  # fmt: skip
SUBJECTS = {
    "task_open": "task", "field_empty": "field", "stage_owed": "stage", "arrival_incomplete": "field",
    "customer_unknown": "customer", "contact_unknown": "contact", "person_unknown": "person",
    "customer_exists": "customer",
    "member_exists": "person", "approval_pending": "approval", "rule_broken": "rule",
}  # fmt: skip
"""Of the reasons that one refusal may hold several times: the fact that tells them apart."""

COUNTS: Counter[tuple[str, str]] = Counter()
"""How often each operation came to each end, over all runs of this process."""


class PredictableIds:
    """Ids that count within their kind and can be told beforehand."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """Return the next id."""
        self.made[kind] += 1
        return f"{kind}-{self.made[kind]}"

    def number(self, document: sf.Document) -> str:
        """Return the next number of a document."""
        return self.new(document.kind)

    def coming(self, kind: str) -> str:
        """Return what `new` would; of a document, the id that its number makes."""
        id = f"{kind}-{self.made[kind] + 1}"
        return f"{kind}:{id}" if kind in tuple(DocumentKind) else id


class AuditLog:
    """An audit sink that remembers."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        """Keep the entry."""
        self.entries.append(entry)


def told(reasons: Any) -> frozenset[tuple[str, str]]:
    """The reasons of a refusal as the reference gives them."""
    return frozenset((r.code, str(r.facts[SUBJECTS[r.code]]) if r.code in SUBJECTS else "") for r in reasons)


class Run:
    """
    One company at work: the library over a store, and the reference beside it.

    Args:
        chance: What decides whatever may be one way or another; each step gets its own.
        store: Where the library keeps its records; empty.
    """

    def __init__(self, chance: Random, store: Any) -> None:
        self.chance, self.store = chance, store
        self.clock, self.ids, self.audit = FixedClock(), PredictableIds(), AuditLog()
        people = worlds.some_people(chance)
        specs = [worlds.some_template(chance, id, approvals=False) for id in ("plain", "after_sales")]
        specs += [worlds.some_template(chance, "tender", version) for version in (1, 2)]
        templates: dict[str, dict[int, Plain]] = {}
        for spec in specs:
            templates.setdefault(spec["id"], {})[spec["version"]] = spec
        self.books = Books(people, templates, self.ids.coming)
        self.zone = ZoneInfo("Asia/Shanghai")
        self.organization = worlds.organization_of(people)
        self.flow = sf.SalesFlow(
            store=store, organization=self.organization, processes=map(worlds.template_of, specs), clock=self.clock,
            ids=self.ids, documents=self.ids, time_zone=self.zone.key, visibility=POLICY, audit=self.audit,
            lead_dialogs=[worlds.LEAD_DIALOG],
        )  # fmt: skip
        self.position = 0
        self.folded: dict[tuple[str, str], Any] = {}
        self.past: dict[tuple[str, str], list[Any]] = {}
        self.gone: dict[tuple[str, str], None] = {}
        self.keys = 0

    def attempt(
        self, operation: str, person: str, id: str | None, given: Plain, *, by_snapshot: bool = False, move: Any = None,
    ) -> str:  # fmt: skip
        """
        Do *operation* as *person*, on the library and on the reference.

        Args:
            id: The record it is about; None where it makes one.
            given: Its other arguments, as the reference takes them.
            by_snapshot: Whether a snapshot is handed in, now and then an old one, in place of the id.
            move: What `moves` said of exactly this call, or None.

        Returns:
            How it ended: ``done``, ``refused``, ``absent`` or ``outdated``.
        """
        group, method = operation.split(".")
        about = "customer" if operation == "documents.issue" else KINDS.get(group)  # which it is issued for
        kind = about if id is not None else None
        self.books.now = self.clock.now()
        self.books.today = self.books.now.astimezone(self.zone).date()
        key = (kind or "", id or given.get("rule", ""))
        ref, version = (id, None)
        if by_snapshot and key in self.past and key not in self.gone:
            ref = self.chance.choice(self.past[key][-2:])
            version = ref.version
        answer, effect = self.books.ask(person, operation, kind, id or "", version, given)
        foretold = move if move is not None else self._foretold(person, kind, id, method, given)
        if operation == "leads.unmerge" and key in self.books.records:
            key = ("lead", self.books.survivor(self.books.records[key])["id"])
        audited, before = len(self.audit.entries), set(self.books.records)
        was = copy.deepcopy(self.books.records.get(key))
        once = group != "files" and worlds.coin(self.chance, 8)
        self.keys += once

        def call() -> Any:
            acting = self.flow.acting_as(person)
            desk = getattr(acting.once(f"key {self.keys}") if once else acting, group)
            return call_facade(desk, method, () if id is None else (ref,), given)

        heard, result = self._heard(call)
        assert heard == answer, (operation, person, given, heard, answer)
        COUNTS[operation, answer.kind] += 1
        tail, later = following.parted(self._tail(), operation)
        expected = self._expected(answer, effect, key, before)
        assert {(event.record_kind, event.record_id) for event in tail} == expected, (operation, given)
        self._check_audit(answer, operation, person, audited)
        for written in expected:
            own = [event for event in tail if (event.record_kind, event.record_id) == written]
            self._check_written(written, own, operation, person)
        following.check_followed(self, operation, person, was, expected, expected - before, later)
        if answer.kind == "done" and group != "files":
            self._check_result(person, result, once=once)
        if foretold is not None:
            self._check_foretold(foretold, answer, tail, is_exact=move is not None)
        if once:
            again, repeated = self._heard(call)
            if answer.kind == "done" and group != "files":
                assert (again, repeated) == (Answer("done"), result)
            assert self._tail() == []
        return answer.kind

    def _heard(self, call: Callable[[], Any]) -> tuple[Answer, Any]:
        try:
            return Answer("done"), call()
        except sf.NotFound:
            return Answer("absent"), None
        except sf.Conflict:
            return Answer("outdated"), None
        except sf.Refused as refused:
            reasons: Any = refused.reasons
            assert len(set(reasons)) == len(reasons)
            assert all(str(reason) for reason in reasons)
            return Answer("refused", told(reasons)), None

    def _tail(self) -> list[Any]:
        """What came into the outbox since the last look (I-15: it is the history, event for event)."""
        found = self.store.outbox(self.position, 1000)
        if found:
            self.position = found[-1][0]
        return [event for _, event in found]

    def _expected(
        self, answer: Answer, effect: Callable[[], object], key: tuple[str, str], before: set[tuple[str, str]]
    ) -> set[tuple[str, str]]:
        """Carry out the effect on the reference; return the records that must have been written (I-5)."""
        if answer.kind != "done":
            return set()
        records = self.books.records
        versions = {each: record["version"] for each, record in records.items()}
        changed = effect() is not False
        count_deals(records)
        if key[1] and not key[0]:
            key = ("sharing_rule", key[1])
        written = set(records) ^ before
        if key in records and key in before and changed:
            records[key]["version"] += 1
            written.add(key)
        # what an effect changes beside, it counts itself
        return written | {each for each in versions if each in records and records[each]["version"] != versions[each]}

    def _check_written(self, key: tuple[str, str], events: list[Any], operation: str, person: str) -> None:
        """The record is the reference's, folded from its events, sound, one version on (I-2, I-9, I-13, I-14)."""
        record = self.store.get(*key)
        if record is not None and record.version > events[-1].version:  # what followed changed it again
            record = replay([each for each in self.store.events(*key) if each.version <= events[-1].version])
        earlier = self.folded.get(key)
        assert {event.operation for event in events} == {operation}
        assert [event.number for event in events] == list(range(len(events)))
        assert {event.at for event in events} == {self.clock.now()}
        first, *then = events
        assert first.by == person
        # RULE-2: what is approved happens as whoever asked for it.
        known = {a["id"]: a["by"] for a in self.books.records.get(key, {}).get("approvals", ())}
        asked = {known[change.key] for change in first.changes if change.field == "approvals"}
        assert {event.by for event in then} <= (asked if operation == "opportunities.approve" else {person})
        if key not in self.books.records:
            assert record is None
            assert list(self.store.events(*key)) == []
            assert self.store.tombstone(*key).by == person
            self.gone[key] = None
            return
        wanted = self.books.records[key]
        assert {event.version for event in events} == {wanted["version"]}
        shown = show(record)
        assert shown == wanted, {n: (shown.get(n), wanted.get(n)) for n in {*shown, *wanted}
                                 if shown.get(n) != wanted.get(n)}  # fmt: skip
        assert check(record) == []
        folded = replay(events) if earlier is None else apply(earlier, events)
        assert folded == record
        if earlier is not None and key[0] == "opportunity":
            self._check_closed(earlier, record, operation)
        self.folded[key] = record
        self.past.setdefault(key, []).append(record)

    @staticmethod
    def _check_closed(before: Any, after: Any, operation: str) -> None:
        """I-1: what is closed or voided stays as it is but for reopening, unvoiding and a transfer (OPP-11)."""
        if before.is_completed and operation != "opportunities.reopen":
            for name in ("status", "stage", "amount", "closings", "visits", "grade", "probability"):
                assert getattr(after, name) == getattr(before, name)
            assert after.owner == before.owner or operation == "opportunities.change_owner"
        if before.voided:
            assert operation == "opportunities.unvoid"

    def _check_audit(self, answer: Answer, operation: str, person: str, audited: int) -> None:
        """ACC-25: a refusal is told with its reasons; else at most an administrator's override."""
        followed = following.ADD_TASK if operation != following.ADD_TASK else None
        new = [entry for entry in self.audit.entries[audited:] if entry.operation != followed]
        if answer.kind == "refused":
            (entry,) = new
            assert (entry.operation, entry.person, told(entry.reasons)) == (operation, person, answer.reasons)
        else:
            assert all(entry.is_override and self.books.people.is_administrator(person) for entry in new)

    def told(self, person: str, record: Plain) -> Plain:
        """The record as *person* is handed it (LEAD-12)."""
        return known.told(self.books.people, self.books.records, person, record)

    def _check_result(self, person: str, result: Any, *, once: bool) -> None:
        """
        What the operation gave is what the store holds, but for what they may not know of a lead's duplicate.

        With a key it is what the change itself made, as it is to whoever cannot see what followed (RULE-3).
        """
        parts = [result]
        if isinstance(result, sf.ConvertedLead):
            parts = [result.lead, result.customer, result.contact, result.opportunity]
        if isinstance(result, sf.IssuedDocument):
            parts = [result.document, result.record]
        for part in parts:
            if part is not None:
                kept, own = self.store.get(part.KIND, part.id), {}
                key = (part.KIND, part.id)
                if part.version < kept.version:
                    assert once or not self.books.people.sees(person, self.books.records[key])
                    kept = next(each for each in self.past[key] if each.version == part.version)
                if isinstance(part, sf.Lead):
                    assert show(part) == self.told(person, self.books.records["lead", part.id])
                    own = {"duplicate_of": kept.duplicate_of}
                assert evolve(part, **own) == kept

    def _foretold(self, person: str, kind: str | None, id: str | None, method: str, given: Plain) -> Any:
        """What `moves` says of the operation that is about to be done, or None where it says nothing of it."""
        if self.books.records.get((kind or "", id or ""), {}).get("merged_into"):
            return None  # its moves are those of the survivor
        if kind not in ("opportunity", "lead") or not self.books.people.knows(person):
            return None
        if not worlds.coin(self.chance, 4):
            return None  # it takes ten times as long as the operation, and each move is followed by itself too
        if method == "change_process" and given["stage"] is not None:
            return None  # `moves` tells of going on in the stage of equal code
        group = "leads" if kind == "lead" else "opportunities"
        try:
            found = getattr(self.flow.acting_as(person), group).moves(id)
        except sf.NotFound:
            return None
        about: list[Any] = [
            given.get(name)
            for name in ("stage", "task", "competitor", "operation", "approval", "process", "state", "dialog")
        ]
        if "role" in given:
            about.append(f"{given['role']}:{given.get('person')}")
        own = [m for m in found if m.operation == method]
        if method in ("reopen", "advance"):
            about.append(own[0].to)
        if method == "add_task":
            return next((m for m in own if (m.to is not None) == given["after_sales"]), None)
        return next((m for m in own if m.to in about and (m.to is not None or any(about) is False)), None)

    def _check_foretold(self, move: Any, answer: Answer, tail: list[Any], *, is_exact: bool) -> None:
        """OPP-14: what `moves` said stood in the way did, and what it said would happen happened (I-4)."""
        if answer.kind in ("outdated", "absent"):
            return  # the snapshot is old, or what the arguments name is not there
        blockers = told(move.blockers)
        assert blockers <= answer.reasons, move
        if is_exact:
            assert blockers == answer.reasons, move
        if not blockers and (is_exact or not move.inputs):
            assert answer.kind == "done", move
        if answer.kind == "done" and (is_exact or not move.inputs):
            kind = {"leads": "lead"}.get(tail[0].operation.split(".")[0], "opportunity") if tail else ""
            about = [event for event in tail if event.record_kind == kind]
            assert tuple(e.kind for e in about if e.record_id == about[0].record_id) == move.effects, move

    def check_all(self) -> None:
        """At the end: every record, its whole history and each version of it, as the reference has it (I-13, I-17)."""
        assert self._tail() == []
        for key, wanted in self.books.records.items():
            record, events = self.store.get(*key), list(self.store.events(*key))
            assert show(record) == wanted
            assert replay(events) == record == self.folded[key]
            assert [event.version for event in events] == sorted(event.version for event in events)
            for snapshot in self.past[key]:
                assert replay([e for e in events if e.version <= snapshot.version]) == snapshot
        following.check_waiting(self)
        told = (event for _, event in self.store.outbox(0, 1_000_000) if event.record_kind != "delivery")
        assert {event.record_id for event in told} == {id for _, id in {*self.books.records, *self.gone}}
        assert all(self.store.get(kind, "none") is None for kind in RECORD_CLASSES)

    def known(self, kind: str) -> list[str]:
        """The ids of the records of a kind that are there."""
        return [id for k, id in self.books.records if k == kind]

    def wait(self, by: timedelta) -> None:
        """Let time go by."""
        self.clock.move(by)


def call_facade(desk: Any, method: str, ref: tuple[Any, ...], given: Plain) -> Any:
    """Call the facade with the plain arguments of the reference turned into the library's."""
    named = {name: _spoken(name, value) for name, value in given.items()}
    if method == "import_opportunities":
        named["id"] = named.pop("arrival")
        return desk.import_opportunities([sf.ImportedOpportunity(**named)])
    if "paper" in named:
        named["kind"] = named.pop("paper")
    if method in ("create", "push_down") and named.get("owner") == "":
        del named["owner"]
    if method == "assign" and named.get("branch") == "":
        del named["branch"]
    if method == "convert":
        making_of = {"customer": sf.NewCustomer, "contact": sf.NewContact, "opportunity": sf.NewOpportunity}
        for name, value in named.items():
            if isinstance(value, dict):
                named[name] = making_of[name](**{k: _spoken(k, v) for k, v in value.items()})
    if method == "delete" and "rule" in named:
        ref = (named.pop("rule"),)
    if method == "start_dialog":
        return desk.start_dialog(*ref, named["dialog"], answers=named["answers"]).finish().record
    return getattr(desk, method)(*ref, **named)


def _spoken(name: str, value: Any) -> Any:
    if name == "lines" and value is not None:
        return [
            sf.ProductLine(of["key"], of["name"], Decimal(of["quantity"]), sf.Money(of["price"], of["currency"]))
            for of in value
        ]
    if name == "amount" and value is not None:
        return sf.Money(*value)
    if name == "team":
        return [sf.TeamMember(person, role, sf.Access(access)) for person, role, access in value]
    if name == "grade":
        return sf.Grade(value)
    return value
