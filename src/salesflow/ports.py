"""
Everything that an application may inject, on one page.

Each port is a `Protocol` with few methods. What a port raises reaches the caller as `PortError`, with the
record as it was. Only the store, the organisation and the processes are needed; the rest has a default or is
absent, and then nothing asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from attrs import field, frozen

from salesflow.errors import PortError
from salesflow.model.document import Document
from salesflow.model.events import Event
from salesflow.model.label import Label
from salesflow.model.lead import Lead
from salesflow.model.organization import Department, Employee, UserGroup
from salesflow.model.reasons import Reason


class Clock(Protocol):
    """Tells the time. Called once per operation, before anything is decided (HIST-2)."""

    def now(self) -> datetime:
        """Return the present moment, timezone-aware."""
        ...


class Ids(Protocol):
    """Makes ids of new records (HIST-2)."""

    def new(self, kind: str) -> str:
        """Return an id that no record of *kind* has; text of at most 200 characters."""
        ...


class Rates(Protocol):
    """Exchange rates (GRADE-6). Absent by default: then other currencies stay ungraded."""

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        """Return how much *home* one unit of *currency* is on that day, or None where unknown."""
        ...


def rate_of(rates: Rates, currency: str, home: str, on: date) -> Decimal | None:
    """
    Return what *rates* gives, or None where it knows no rate.

    Raises:
        PortError: The port failed, or gave no sensible positive Decimal.

    Source: GRADE-6, PIPE-8.
    """
    try:
        rate: object = rates.rate(currency, home, on)
    except Exception as error:
        raise PortError("rates", f"failed for {currency} to {home} on {on}: {error}") from error
    if rate is None:
        return None
    if not isinstance(rate, Decimal) or not rate.is_finite() or rate <= 0 or abs(rate.adjusted()) > 15:
        raise PortError("rates", f"gave {rate!r} for {currency} on {on}, not a sensible positive Decimal")
    return rate


class OrganizationSource(Protocol):
    """Who works here (ORG-6). Read at every call; only a new `version` makes the library read the rest."""

    @property
    def version(self) -> Hashable:
        """Something that differs whenever anything else here does."""
        ...

    @property
    def employees(self) -> Iterable[Employee]:
        """Every employee, those who left included while they are links in the chain."""
        ...

    @property
    def departments(self) -> Iterable[Department]:
        """Every department."""
        ...

    @property
    def groups(self) -> Iterable[UserGroup]:
        """Every user group that has a name or members of its own."""
        ...

    @property
    def administrators(self) -> Iterable[str]:
        """Ids of the CRM administrators (ORG-5); they need not be employees."""
        ...


class RemembersOrganization(Protocol):
    """An organisation port that can tell who worked here at a past moment (HIST-1)."""

    def as_of(self, moment: datetime) -> OrganizationSource | None:
        """Return the organisation as it was at *moment*, in UTC, or None where it is not known any more."""
        ...


class PoolSelector(Protocol):
    """Chooses the pool (公海) of a lead that has no owner any more, or none yet (LEAD-14); None by default."""

    def __call__(self, lead: Lead) -> str | None:
        """
        Return the id of a pool, or None for the common pool of all employees.

        Args:
            lead: The lead as it is to be made; or as it stands, with its owner, before it is recycled.
        """
        ...


class KeyNormalizer(Protocol):
    """Brings what people type into one form, so that equal things have equal keys (LEAD-12); `PlainKeys` by default."""

    def __call__(self, field: str, text: str) -> str | None:
        """
        Return the canonical key of *text*, or None where it is none: such a text equals no other.

        What it returns for a key of its own is that key.

        Args:
            field: ``"phone"``, ``"email"`` or ``"company"``.
            text: As somebody typed it.
        """
        ...


@frozen
class Notification:
    """
    One notice to one person about one record: what an automation (RULE-3) or an overdue run (LEAD-13) has to say.

    Args:
        id: The same each time this notice is handed over, so that a notifier that was asked twice tells it once.
        to: Whom to tell: an employee's id. They can see the record.
        kind, record_id: The record that it is about.
        code: Why, as a stable word: the automation's code, or the library's own.
        message: What to say, in each language that its author gave.
        at: When what it tells of happened, in UTC.
    """

    id: str
    to: str
    kind: str
    record_id: str
    code: str
    message: Label
    at: datetime


class Notifier(Protocol):
    """Tells people something, by mail or chat or whatever the application has. Absent by default: nobody is told."""

    def notify(self, notification: Notification) -> None:
        """Tell it, or raise: then it is handed over again later."""
        ...


class DocumentNumbers(Protocol):
    """Numbers documents (OPP-13). Absent by default: then none is issued."""

    def number(self, document: Document) -> str:
        """
        Return a number that no other document of its kind has: text of 1 to 100 characters on one line.

        Asked once for each document that nothing stands against, before it is saved; where it cannot be saved, the
        number is lost.

        Args:
            document: The document as it is to be issued, still without number and id.
        """
        ...


class RecordFilter(Protocol):
    """A condition on a record's own fields: what a rule becomes for one viewer."""

    def matches(self, record: Any) -> bool:
        """Whether the record passes. Never raises for a record of its kind."""
        ...


@frozen
class Query:
    """
    What a list asks of a store.

    Args:
        kind: The kind of record.
        filter: What a record must pass. A store may look inside to be faster, and then answers the same.
        order_by: A key of `salesflow.model.ORDER_KEYS`; a leading minus means largest first. Ties go by id.
        limit: How many at most; None means all.
        after: Start after this position: the sort value and the id of the last record seen.
    """

    kind: str
    filter: RecordFilter
    order_by: str = "id"
    limit: int | None = None
    after: tuple[Any, str] | None = None


@frozen
class Write:
    """
    One record in a unit of work.

    Args:
        kind, id: Which record.
        expected_version: The version that the decision was made on; 0 for a new record.
        record: The record as it shall be; None deletes it, and its events with it.
        events: What happened to it; a deletion has at least one, which says who did it and when.
    """

    kind: str
    id: str
    expected_version: int
    record: Any
    events: tuple[Event, ...] = ()


@frozen
class DoneOnce:
    """
    A mark that an operation was done, so that repeating it gives the first result (HIST-3).

    Args:
        key: The caller's idempotency key, with the person it belongs to.
        request: What was asked, in words: the same key for another request is refused.
        result: The records that came out, as (kind, id, version).
    """

    key: str
    request: str
    result: tuple[tuple[str, str, int], ...]


REVISION = "revision"
"""The kind of a `Conflict` with a revision that the unit of work rests on; its id is the kind of record."""


@frozen
class UnitOfWork:
    """
    What is saved together or not at all: records, their events, outbox entries (the same events), one mark.

    Args:
        writes: Each record at most once.
        done: The idempotency mark, or None.
        resting_on: The revisions that the decision was made on, as (kind, revision): who may act may rest on a
            sharing rule that is taken away at this very moment (VIS-20). A store that counts revisions saves
            nothing where one of them is another by now; others need not look.
    """

    writes: tuple[Write, ...]
    done: DoneOnce | None = None
    resting_on: tuple[tuple[str, Any], ...] = ()


class Store(Protocol):
    """
    Keeps records. These three methods are all that the library needs.

    What a store returns is never changed by the library, and what it was given never changes later.
    """

    def get(self, kind: str, id: str) -> Any | None:
        """Return the record, or None where there is none."""
        ...

    def query(self, query: Query) -> Sequence[Any]:
        """Return the records that pass, in order."""
        ...

    def save(self, unit: UnitOfWork) -> None:
        """
        Save everything or nothing. The id of a deleted record is never given again.

        Raises:
            Conflict: A record is not at its expected version, or a new one is there already or was deleted; or
                the unit rests on a revision that is another by now.
            InvalidInput: A record stands twice in the unit, or a deletion carries no event.
        """
        ...


class GetsMany(Protocol):
    """A store that finds many records at once: an import then asks once a batch, not once a row (IO-1)."""

    def get_many(self, kind: str, ids: Collection[str]) -> Mapping[str, Any]:
        """Return those of the records that are there, by id."""
        ...


class KeepsHistory(Protocol):
    """A store that can tell what happened to a record (HIST-1)."""

    def events(self, kind: str, id: str) -> Sequence[Event]:
        """Return the record's events in order; empty where there is no such record."""
        ...


class KeepsKeys(Protocol):
    """A store that keeps idempotency marks; `save` then raises Conflict for a key that is there already."""

    def done(self, key: str) -> DoneOnce | None:
        """Return the mark of *key*, or None."""
        ...


class KeepsUniqueKeys(Protocol):
    """
    A store that keeps the keys of `salesflow.model.duplicates.unique_keys` apart, whoever saves at once (LEAD-12).

    `save` then raises Conflict where, after the unit, two records of a kind would hold one key. A key is free again
    when its record is deleted, or saved without it. With another store two customers of one key are refused too, but
    two people who save at the same moment may make both.
    """

    keeps_unique_keys: bool
    """Always true."""


class KeepsOutbox(Protocol):
    """A store that hands saved events on, at least once and in order (RULE-3)."""

    def outbox(self, after: int, limit: int) -> Sequence[tuple[int, Event]]:
        """Return at most *limit* (position, event) pairs behind position *after*."""
        ...

    def forget_outbox(self, up_to: int) -> None:
        """
        Forget what stands up to position *up_to*, that one included: everybody who reads the outbox has it.

        History stays, and so do positions: what is saved later stands behind all that was ever there.
        """
        ...


class CountsRevisions(Protocol):
    """A store that says cheaply whether any record of a kind changed: sharing rules and pools are read then only."""

    def revision(self, kind: str) -> Hashable:
        """Return something that differs whenever a record of *kind* was written."""
        ...


class Counts(Protocol):
    """A store that counts without handing over what it counts."""

    def count(self, kind: str, filter: RecordFilter, cap: int | None = None) -> int:
        """Return how many records of *kind* pass, or *cap* where they are at least that many."""
        ...


@frozen
class Tombstone:
    """
    What stays of a deleted record: that it was there, and who deleted it; nothing of what it held (LEAD-11).

    Args:
        kind, id: Which record; the id is never given again.
        version: The version that the deletion made.
        at: When it was deleted, in UTC.
        by: Who deleted it.
        operation: The operation's id.
    """

    kind: str
    id: str
    version: int
    at: datetime
    by: str
    operation: str


class KeepsTombstones(Protocol):
    """A store that remembers what was deleted, for the audit (LEAD-11, OPP-10)."""

    def tombstone(self, kind: str, id: str) -> Tombstone | None:
        """Return the tombstone of a deleted record, or None."""
        ...


@frozen
class AuditEntry:
    """
    A refusal, or an administrator's override (ACC-25). Never part of a record's own history.

    Args:
        at: When, in UTC.
        person: Who tried.
        operation: What.
        kind, id: On which record.
        reasons: Why it was refused; empty for an override.
        is_override: Whether an administrator did what only others may.
    """

    at: datetime
    person: str
    operation: str
    kind: str
    id: str
    reasons: tuple[Reason, ...] = field(default=())
    is_override: bool = False


class AuditSink(Protocol):
    """Takes audit entries (ACC-25). Absent by default."""

    def record(self, entry: AuditEntry) -> None:
        """Keep the entry."""
        ...
