"""
The life of one command: load, ask who may, decide, fold, grade, save together. One path for every operation.

Of a snapshot that is handed in only id and version are used: the record decided on is always the store's, so a
doctored copy gains nothing. Every exception of a port becomes `PortError`, and then nothing was saved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from hashlib import sha256
from typing import Any, NoReturn, TypeVar

from salesflow.app.automation import writes_of
from salesflow.app.business_rules import against_making, against_rules
from salesflow.app.cards import shown
from salesflow.app.case import Access, Case, Intent, Made
from salesflow.app.deals import deal_writes
from salesflow.app.duplicates import tell_leads
from salesflow.app.grades import graded
from salesflow.app.kernel import Kernel
from salesflow.app.paging import LARGEST_PAGE, Page, cursor, read_cursor
from salesflow.app.port import AUDIT_PORT, STORE_PORT
from salesflow.app.redirects import survivor
from salesflow.errors import Conflict, InvalidInput, NotFound, PortError, Refused
from salesflow.model import (
    DEFAULT_ORDER,
    RECORD_CLASSES,
    EventKind,
    Lead,
    LeadCard,
    Reason,
    apply,
    replay,
    sort_value,
)
from salesflow.model.requests import named
from salesflow.ports import (
    AuditEntry,
    DoneOnce,
    UnitOfWork,
    Write,
)
from salesflow.visibility import EVERYTHING, Filter, Sight, all_of

RecordT = TypeVar("RecordT", bound=Any)

TRIES = 5
"""How often an operation is decided after conflicts; on a snapshot that is stale by then, only once."""


class Execution:
    """
    Runs operations for one person.

    Args:
        kernel: The ports.
        person: Who acts.
        key: An idempotency key: the next operation is done once for it; or None.
    """

    def __init__(self, kernel: Kernel, person: str, key: str | None = None) -> None:
        self.kernel = kernel
        self.person = person
        self.key = key

    def case(self, kind: str, ref: Any) -> Case:
        """
        Return the case of a record that the person may see; of a lead that was merged, that of the survivor.

        Args:
            kind: The kind of record.
            ref: A snapshot, or an id.

        Raises:
            NotFound: It is not there or may not be seen.
            Conflict: The snapshot is not of the version that the store has.
            InvalidInput: *ref* is neither a snapshot of this kind nor an id.
        """
        id, version = reference(kind, ref)
        kernel = self.kernel
        sight = kernel.sight()
        if not sight.knows(self.person):
            raise NotFound("person", self.person)
        record = kernel.get(kind, id)
        redirected_from = None
        if kind == "lead" and record is not None and record.merged_into is not None:
            redirected_from, record = id, survivor(kernel, record)
        if record is None or not sight.can_see(self.person, record):
            raise NotFound(kind, id)
        if version is not None and version != record.version and redirected_from is None:
            raise Conflict(kind, id, version, record.version)
        return Case(kernel, sight, self.person, kernel.now(), record, redirected_from=redirected_from)

    def read(self, operation: str, kind: str, ref: Any) -> Any:
        """Return a record as the person sees it now; *ref* may be of any version."""
        case = self.reading(operation, kind, ref)
        return self.told(case.sight, shown(case.sight, self.person, case.record, case.now))

    def told(self, sight: Sight, record: Any) -> Any:
        """Return a record that the person is handed, with what they may know of a lead's duplicate (LEAD-12)."""
        return tell_leads(self.kernel, sight, self.person, (record,))[0] if isinstance(record, Lead) else record

    def reading(self, operation: str, kind: str, ref: Any) -> Case:
        """Return the case of a record that the person may read so; *ref* may be of any version."""
        case = self.case(kind, reference(kind, ref)[0])
        self.admit(case, operation, ())
        return case

    def shield(
        self, case: Case, operation: str, *, row: str | None = None, also: Collection[str] = (), follows: bool = False,
    ) -> None:  # fmt: skip
        """
        Refuse, before anything is decided, what would tell of a lead that the person sees the card of (VIS-18).

        So is a command on a lead that was merged, unless it *follows* to the survivor, as reading does (LEAD-15).
        """
        if case.redirected_from is not None and not follows:
            self._refuse(case, operation, (Reason("is_merged", into=case.record.id),))
        if not case.is_whole:
            self.admit(case, operation, (), row=row, also=also)

    def blank(self) -> Case:
        """Return a case without a record, for making one."""
        sight = self.kernel.sight()
        if not sight.knows(self.person):
            raise NotFound("person", self.person)
        return Case(self.kernel, sight, self.person, self.kernel.now())

    def change(
        self, operation: str, kind: str, ref: Any, intent: Intent, *args: Any, access: Access | None = None,
        beside: Callable[[Case], tuple[Write, ...]] | None = None, follows: bool = False,
    ) -> Any:  # fmt: skip
        """
        Run an operation on one record and return the record as it is then.

        Args:
            operation: The operation's id.
            access: Gives, for the case, the row of the access table that counts and who else is admitted;
                None means the operation's own row and nobody else.
            beside: Gives, before the decision, what else is written with it; None means nothing.
            follows: Whether the id of a lead that was merged stands for the survivor, in place of being refused.

        Raises:
            NotFound: The record is not there or may not be seen.
            Refused: With every reason, those of access among them.
            Conflict: Somebody else changed the record first.
        """
        repeated = self.repeated(operation, ref, args)
        if repeated is not None:
            return repeated[0] if repeated else None
        tries = 0
        while True:
            tries += 1
            case = self.case(kind, ref)
            row, also = (operation, ()) if access is None else access(case)
            self.shield(case, operation, row=row, also=also, follows=follows)
            further = () if beside is None else beside(case)
            decision = intent(case, *args)
            reasons = (*decision.reasons, *against_rules(case, operation, decision))
            self.admit(case, operation, reasons, row=row, also=also)
            record = case.record
            events = graded(case, decision.events)
            if not events and self.key is None:
                return self.told(case.sight, record)
            deleted = bool(events) and events[-1].kind == EventKind.DELETED
            after = record if deleted else apply(record, events)
            write = Write(kind, record.id, record.version, None if deleted else after, events)
            further = (*further, *deal_writes(case, write.record, operation))
            result = () if deleted else (after,)
            told = self.told(case.sight, after)
            try:
                is_set_off = self.save((write, *further) if events else (), operation, ref, result, args, case.sight)
            except Conflict:
                repeated = self.repeated(operation, ref, args)
                if repeated is not None:
                    return repeated[0] if repeated else None
                if tries == TRIES:
                    raise
            else:
                # The change may have moved what a lead is linked to, or hidden it; it is saved, so nothing is raised.
                with suppress(Exception):
                    told = self.told(case.sight, after)
                return self.renewed(told) if is_set_off else told

    def admit(
        self, case: Case, operation: str, reasons: Sequence[Reason], *, row: str | None = None,
        also: Collection[str] = (), is_told: bool = True,
    ) -> None:  # fmt: skip
        """
        Raise `Refused` unless access and the decision both say yes; tell the audit sink of refusals and overrides.

        Args:
            is_told: Whether the sink is told; of `moves` and `why` it is not (ACC-25).
        """
        row = row or operation
        every = combined(case.sight.refusals(self.person, row, case.subject, also=also), reasons)
        if every:
            self._refuse(case, operation, every, is_told=is_told)
        is_heard = is_told and self.kernel.audit is not None
        if is_heard and case.sight.is_override(self.person, row, case.subject, also=also):
            self._tell_audit(case, operation, ())

    def _refuse(self, case: Case, operation: str, reasons: tuple[Reason, ...], *, is_told: bool = True) -> NoReturn:
        if is_told:
            self._tell_audit(case, operation, reasons)
        raise Refused(operation, reasons)

    def _tell_audit(self, case: Case, operation: str, reasons: tuple[Reason, ...]) -> None:
        """Tell the audit sink, where there is one, of a refusal; without reasons, of an override."""
        record, audit = case.record, self.kernel.audit
        if audit is not None:
            kind, id = (record.KIND, record.id) if record is not None else ("", "")
            with AUDIT_PORT:
                audit.record(AuditEntry(case.now, self.person, operation, kind, id, reasons, not reasons))

    def save(
        self, writes: tuple[Write, ...], operation: str, ref: Any, result: Sequence[Any], given: Any = (),
        sight: Sight | None = None,
    ) -> bool:  # fmt: skip
        """
        Save *writes* together, with the idempotency mark, which holds the *result*, where there is a key.

        What they set off is saved with them, and done then (RULE-3).

        Args:
            sight: What said that the person may: a sharing rule or pool that changed since makes a conflict; None
                where it rests on neither.

        Returns:
            Whether something was set off and done, so that records may have changed again.
        """
        done = None
        if self.key is not None:
            marks = tuple((record.KIND, record.id, record.version) for record in result)
            done = DoneOnce(self._key(), request(operation, ref, given), marks)
        automation = self.kernel.automation
        deliveries = () if automation is None else automation.set_off(writes)
        if deliveries:
            writes = (*writes, *writes_of(deliveries))
        self.kernel.save(UnitOfWork(writes, done, () if sight is None else sight.revisions))
        return automation is not None and bool(deliveries) and automation.run(deliveries)

    def renewed(self, record: RecordT) -> RecordT:
        """
        Return *record* as it is after what its change set off; as it was, to whoever sees it no more.

        With a key it is what the change itself made, since that is what repeating it gives. Nothing is raised: the
        change is saved.
        """
        if self.key is not None:
            return record
        with suppress(Exception):
            case = self.case(record.KIND, record.id)
            if case.is_whole:
                now: RecordT = self.told(case.sight, case.record)
                return now
        return record

    def make(self, operation: str, name: Any, given: Any, decide: Callable[[], Made[RecordT]]) -> RecordT:
        """
        Make a record as *decide* says and return it; with a key that was used already, what it gave then.

        After a conflict it is decided anew: an id, a key, or what the right to make it rests on was taken meanwhile.

        Args:
            name, given: What is asked for, which tells this request from another of the same key.
            decide: Begins with what is there now, each time that it is called.

        Raises:
            Refused: With every reason, those of access among them.
            Conflict: Others were faster again and again.
        """
        tries = 0
        while True:
            tries += 1
            repeated = self.repeated(operation, name, given)
            if repeated is not None:
                faster: RecordT = repeated[0]
                return faster
            made = decide()
            self.admit(made.case, operation, (*made.reasons, *against_making(made.case, operation, made.record)))
            record, sight = made.record, made.case.sight
            assert record is not None  # else there were reasons
            told: RecordT = self.told(sight, record)
            write = Write(record.KIND, record.id, 0, record, made.events)
            try:
                is_set_off = self.save((write,), operation, name, (record,), given, sight)
            except Conflict:
                if tries == TRIES:
                    raise
            else:
                return self.renewed(told) if is_set_off else told

    def repeated(self, operation: str, ref: Any, given: Any = ()) -> tuple[Any, ...] | None:
        """
        Return the records that the operation gave when it was done with this key, or None if it was not (HIST-3).

        Args:
            operation, ref, given: What is asked now: the operation, the record or name, the other arguments.

        Raises:
            NotFound: The person does not work here any more, or lost sight of one of the records since (VIS-20).
            InvalidInput: The key was used for another request.
            PortError: The store keeps no keys.
        """
        if self.key is None:
            return None
        case = self.blank()
        done = getattr(self.kernel.store, "done", None)
        if done is None:
            raise PortError("store", "keeps no idempotency keys: it has no method `done`")
        with STORE_PORT:
            mark = done(self._key())
        if mark is None:
            return None
        if mark.request != request(operation, ref, given):
            raise InvalidInput("key", self.key, f"was used for another request: {mark.request}")
        return tuple(self._as_it_was(case.sight, operation, *part) for part in mark.result)

    def _as_it_was(self, sight: Sight, operation: str, kind: str, id: str, version: int) -> Any:
        """Return what the operation gave, to whoever sees it now, or closed the door by that operation themselves."""

        def is_seen(record: Any) -> bool:
            can_see = record is not None and sight.can_see(self.person, record)
            return can_see and sight.sees_whole(self.person, record)

        told = self.kernel.events(kind, id)
        if not told:
            raise NotFound(kind, id)
        given = self.told(sight, replay(event for event in told if event.version <= version))
        if is_seen(survivor(self.kernel, replay(told))):
            return given
        before = [event for event in told if event.version < version]
        making = _MADE_AS.get(operation, operation)
        could = is_seen(replay(before)) if before else not sight.refusals(self.person, making, None)
        if not could or is_seen(given):
            raise NotFound(kind, id)
        return given

    def _key(self) -> str:
        return f"{self.person}\n{self.key}"

    def visible(self, kind: str, scene: str) -> Any:
        """Return the filter of what the person sees in *scene*."""
        named(scene, "scene")
        return self.kernel.sight().filter(self.person, kind, scene)  # whoever is not known sees nothing

    def page(
        self, kind: str, scene: str, order_by: str | None, limit: int, after: str | None, narrow: Filter = EVERYTHING
    ) -> Page[Any]:
        """
        Return one page of what the person sees and that passes *narrow*.

        Raises:
            InvalidInput: The scene, order, limit or place is unknown.
        """
        order = order_by if order_by is not None else DEFAULT_ORDER.get(kind, "id")
        value = sort_value(kind, order)
        whole_number(limit, "limit", LARGEST_PAGE)
        place = None if after is None else read_cursor(after, order)
        seen = self.visible(kind, scene)
        if narrow != EVERYTHING:
            seen = all_of((seen, narrow))
        found = self.kernel.query(kind, seen, order_by=order, limit=limit + 1, after=place)
        place_after = cursor(order, value(found[limit - 1]), found[limit - 1].id) if len(found) > limit else None
        items = tuple(found[:limit])
        if kind == "lead":
            sight, now = self.kernel.sight(), self.kernel.now()
            items = tuple(shown(sight, self.person, lead, now) for lead in items)
            items = tell_leads(self.kernel, sight, self.person, items)
        return Page(items, place_after is not None, place_after)

    def pages(self, kind: str, scene: str) -> Iterator[tuple[Any, ...]]:
        """Give the pages of all that the person sees in *scene*, by id, at least one."""
        after = None
        while True:
            page = self.page(kind, scene, "id", LARGEST_PAGE, after)
            yield page.items
            if not page.has_more:
                return
            after = page.after

    def count(self, kind: str, scene: str, cap: int | None) -> int:
        """Return how many records the person sees in *scene*, at most *cap*; None counts them all."""
        return self.kernel.count(kind, self.visible(kind, scene), cap)


_MADE_AS = {"leads.push_down": "leads.create"}
"""Which row says who may make such a record, where the operation's own is about the record that it is made of."""


def reference(kind: str, ref: Any) -> tuple[str, int | None]:
    """
    Return the id, and of a snapshot the version, of what an operation was given; a lead's card has no version.

    Raises:
        InvalidInput: It is neither an id nor a record of *kind*.
    """
    if isinstance(ref, str):
        return ref, None
    if isinstance(ref, RECORD_CLASSES[kind]) and isinstance(ref.id, str):
        return ref.id, ref.version
    if isinstance(ref, LeadCard) and kind == "lead":
        return ref.id, None
    raise InvalidInput(kind, ref, f"must be {'an' if kind[0] in 'aeiou' else 'a'} {kind} or its id")


def whole_number(value: Any, what: str, largest: int) -> None:
    """Raise `InvalidInput` unless *value* is a whole number from 1 to *largest*."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= largest:
        raise InvalidInput(what, value, f"must be a whole number, 1 to {largest}")


def callback(value: Any, what: str) -> None:
    """Raise `InvalidInput` unless *value* can be called or is None: before the work, not after its first part."""
    if value is not None and not callable(value):
        raise InvalidInput(what, value, "must be a function that takes one thing, or None")


def request(operation: str, ref: Any, given: Any) -> str:
    """Return what was asked, for telling one request from another: its words, and a digest of its arguments."""
    named_by = ref if isinstance(ref, str) else getattr(ref, "id", "")
    if operation.endswith(".create"):
        # What it is called may be somebody's name, and the mark outlives the record (LEAD-11).
        named_by, given = "", (named_by, given)
    digest = sha256(repr(_in_order(given)).encode("utf-8", "surrogatepass")).hexdigest()[:16] if given else ""
    return f"{operation} {named_by} {digest}".strip()


def _in_order(given: Any) -> Any:
    """Return what was given with every mapping and set in one order: their own asks for nothing else."""
    if isinstance(given, Mapping):
        return sorted(((str(key), _in_order(value)) for key, value in given.items()), key=lambda pair: pair[0])
    if isinstance(given, Set):
        return sorted(map(repr, given))
    return tuple(map(_in_order, given)) if isinstance(given, tuple) else given


def combined(access: Sequence[Reason], decision: Sequence[Reason]) -> tuple[Reason, ...]:
    """Return the reasons of both, each code about the record's standing only once, whoever gave it."""
    if not access:
        return tuple(dict.fromkeys(decision)) if len(decision) > 1 else tuple(decision)
    once = {"wrong_status", "is_voided"}
    given = {reason.code for reason in access}
    kept = [r for r in decision if not (r.code in once and r.code in given)]
    return tuple(dict.fromkeys((*access, *kept)))
