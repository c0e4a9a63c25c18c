"""
Saving: records, what stands beside them, events and marks, all in one transaction or not at all (HIST-3).

Every write is guarded by its version, every uniqueness by a unique key: who loses a race gets `Conflict`.
Everything that can be worked out is, before the transaction begins. Rows are locked in one order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

from salesflow.errors import Conflict, InvalidInput
from salesflow.files.json_codec import to_text, to_texts
from salesflow.model import StageVisit, utc
from salesflow.model.duplicates import known_by
from salesflow.ports import REVISION, UnitOfWork, Write
from salesflow.stores.sql.dialects import FEW, Dialect
from salesflow.stores.sql.schema import (
    CONTACT_ROLES,
    COUNTERS,
    DONE,
    EVENTS,
    KEYS,
    MICROSECOND,
    SHELVES,
    TEAM,
    TOMBSTONES,
    VISITS,
    Shelf,
)
from salesflow.stores.sql.statements import Statement, statement_of

OUTBOX = "outbox"
"""The counter of the last position."""

FORGOTTEN = "outbox:forgotten"
"""The counter of the last position that every reader of the outbox has."""

Rows = list[dict[str, Any]]

_PARTS = (TEAM, VISITS, CONTACT_ROLES, *KEYS.values())
"""The tables of what stands beside a record."""


@frozen(eq=False)
class _Step:
    """One write with its rows, made before the transaction."""

    write: Write
    shelf: Shelf
    row: dict[str, Any] | None
    parts: tuple[tuple[Table, Rows], ...]


@frozen(eq=False)
class Prepared:
    """A unit of work as rows; nothing of it is in the database yet."""

    unit: UnitOfWork
    steps: list[_Step]
    events: Rows
    done: dict[str, Any] | None


def prepare(unit: UnitOfWork, tenant: str) -> Prepared:
    """
    Return *unit* as rows of *tenant*.

    Raises:
        InvalidInput: A record stands twice in the unit, is of an unknown kind, or is deleted without an event.
    """
    if len({(write.kind, write.id) for write in unit.writes}) < len(unit.writes):
        raise InvalidInput("writes", [write.id for write in unit.writes], "must name each record once")
    events: Rows = []
    steps = sorted((_step(write, tenant, events) for write in unit.writes), key=_lock_order)
    done = unit.done
    mark = None if done is None else {"tenant": tenant, "key": done.key, "document": to_text(done)}
    return Prepared(unit, steps, events, mark)


def _lock_order(step: _Step) -> tuple[str, str]:
    return step.write.kind, step.write.id


def _step(write: Write, tenant: str, events: Rows) -> _Step:
    """Return the rows of *write*; those of its events are added to *events*."""
    shelf = SHELVES.get(write.kind)
    if shelf is None:
        raise InvalidInput("kind", write.kind, f"must be one of {', '.join(SHELVES)}")
    record = write.record
    if record is None:
        if not write.events and write.expected_version:
            raise InvalidInput("events", write.id, "must say who deleted the record, and when")
        events += _event_rows(write, tenant, map(to_text, write.events))
        return _Step(write, shelf, None, _parts(shelf, None, tenant, write.id))
    document, happened = to_texts(record, write.events)
    events += _event_rows(write, tenant, happened)
    row = {"tenant": tenant, "id": write.id, "version": record.version, **shelf.row(record), "document": document}
    return _Step(write, shelf, row, _parts(shelf, record, tenant, write.id))


def _event_rows(write: Write, tenant: str, documents: Iterable[str]) -> Rows:
    return [
        {
            "tenant": tenant, "kind": event.record_kind, "id": event.record_id, "version": event.version,
            "number": event.number, "document": document,
        }
        for event, document in zip(write.events, documents, strict=True)
    ]  # fmt: skip


def _parts(shelf: Shelf, record: Any, tenant: str, id: str) -> tuple[tuple[Table, Rows], ...]:
    if shelf.kind in KEYS:
        # in order, so that two writers never wait for one another's keys
        keys = sorted(() if record is None else known_by(record))
        known = [{"tenant": tenant, shelf.kind: id, "number": number, "key": key} for number, key in enumerate(keys)]
        return ((KEYS[shelf.kind], known),)
    if shelf.kind != "opportunity":
        return ()
    key = {"tenant": tenant, "opportunity": id}
    team, visits, roles = ((), (), ()) if record is None else (record.team, record.visits, record.contact_roles)
    voided = 0 if record is None else int(record.voided)
    members = [
        {
            **key, "number": number, "person": one.person, "role": str.__str__(one.role), "access": str(one.access),
            "voided": voided,
        }
        for number, one in enumerate(team)
    ]  # fmt: skip
    stays = [
        {
            **key, "number": number, "stage": one.stage, "entry": str(one.entry),
            "exit": None if one.exit is None else str(one.exit), "entered_at": one.entered_at, "left_at": one.left_at,
            "took_us": _microseconds(one),
        }
        for number, one in enumerate(visits, 1)
    ]  # fmt: skip
    contacts = [{**key, "number": number, "contact": one.contact} for number, one in enumerate(roles)]
    return ((TEAM, members), (VISITS, stays), (CONTACT_ROLES, contacts))


def _microseconds(stay: StageVisit) -> int | None:
    if stay.entered_at is None or stay.left_at is None:
        return None
    return (utc(stay.left_at) - utc(stay.entered_at)) // MICROSECOND


def revision_of(kind: str) -> str:
    """Return the name of the counter that tells of writes of *kind*."""
    return f"revision:{kind}"


_ALWAYS_THE_SAME = ("tenant", "id")


def _update_of(table: Table, kept: frozenset[str]) -> Update:
    """
    Return what puts a record's new version in the place of the one at ``at``.

    Each column is given as ``to_`` it; those of *kept* stay as they are.
    """
    of_version = (
        table.c.tenant == bindparam("tenant", type_=table.c.tenant.type),
        table.c.id == bindparam("of", type_=table.c.id.type),
        table.c.version == bindparam("at", type_=table.c.version.type),
    )
    columns = [column for column in table.columns if column.name not in kept.union(_ALWAYS_THE_SAME)]
    return update(table).where(*of_version).values({c.name: bindparam(f"to_{c.name}", type_=c.type) for c in columns})


@cache
def _indexed(shelf: Shelf, dialect: Dialect) -> Select[Any]:
    """Return what reads the indexed columns of some records, as the database holds them: they may be damaged."""
    table = shelf.table
    held = (type_coerce(dialect.plain(table.c[name]), NullType()).label(name) for name in sorted(shelf.indexed))
    return select(table.c.id, *held).where(table.c.tenant == bindparam("tenant"), dialect.one_of(table.c.id, "ids"))


@cache
def _beside(table: Table, kind: str, one_of: Callable[[Any, str], ColumnElement[bool]]) -> Select[Any]:
    """Return what reads the rows of *table* that stand beside some records of *kind*."""
    return select(table).where(table.c.tenant == bindparam("tenant"), one_of(table.c[kind], "ids"))


@cache
def _removal(table: Table, kind: str) -> Delete:
    """Return what deletes one row of *table* that stands beside a record of *kind*."""
    of_record = (table.c.tenant == bindparam("tenant"), table.c[kind] == bindparam("of"))
    return delete(table).where(*of_record, table.c.number == bindparam("at"))


class Overtaken(Exception):
    """
    Some record that was to be replaced is not at its expected version; which one, is seen after the rollback.

    Args:
        write: One of those that it may be.
    """

    def __init__(self, write: Write) -> None:
        super().__init__()
        self.conflict = Conflict(write.kind, write.id, write.expected_version, None)


class Writer:
    """
    Saves one prepared unit of work over one connection, inside one transaction.

    Args:
        connection: An open one, in a transaction that may write.
        dialect: The database's ways.
        tenant: Whose records.
    """

    def __init__(self, connection: Connection, dialect: Dialect, tenant: str) -> None:
        self._connection, self._dialect, self._tenant = connection, dialect, tenant

    def save(self, prepared: Prepared) -> None:
        """
        Save everything.

        Raises:
            Conflict: A record to delete is not at its expected version, or a new one was deleted; the caller must
                roll back.
            Overtaken: A record to replace is not at its expected version; likewise.
            IntegrityError: A new record, a mark or a unique key is there already; likewise.
        """
        made = [step for step in prepared.steps if step.row is not None and not step.write.expected_version]
        for shelf in {id(step.shelf): step.shelf for step in made}.values():
            self._insert(shelf.table, [step.row for step in made if step.shelf is shelf and step.row])
        self._refuse_deleted(made)
        beside = [part for step in made for part in step.parts]
        there = (step for step in prepared.steps if step.row is None or step.write.expected_version)
        for (_, is_deleted), alike in groupby(there, lambda step: (step.write.kind, step.row is None)):
            steps = list(alike)
            if is_deleted:
                for step in steps:
                    self._delete(step)
            else:
                self._update(steps)
                beside += self._cleared(steps)
        for table in _PARTS:  # last: a key that one record gives up is free for another of the same unit
            self._insert(table, [row for part, rows in beside if part is table for row in rows])
        if prepared.done is not None:
            self._insert(DONE, [prepared.done])
        self._tell(prepared)

    def _insert(self, table: Table, rows: Rows) -> None:
        if rows:
            made = statement_of(("insert", table.name), self._connection.dialect, lambda: insert(table).inline())
            made.run_many(self._connection, rows)

    def _refuse_deleted(self, made: Iterable[_Step]) -> None:
        """Refuse ids that were deleted. Asked after inserting, when nobody else can be deleting them."""
        ids: dict[str, list[str]] = {}
        for step in made:
            ids.setdefault(step.write.kind, []).append(step.write.id)
        for kind, some in ids.items():
            table = TOMBSTONES
            found = self._connection.execute(
                select(table.c.id, table.c.version).where(
                    table.c.tenant == self._tenant, table.c.kind == kind, self._dialect.one_of(table.c.id, "ids")
                ),
                {"ids": self._dialect.ids(frozenset(some))},
            ).first()
            if found is not None:
                raise Conflict(kind, found.id, 0, found.version)

    def _update(self, steps: Sequence[_Step]) -> None:
        """Put the new versions of records of one kind in the place of those that they came from."""
        table, changed = steps[0].shelf.table, 0
        for kept, alike in self._by_what_stays(steps).items():
            made = self._update_statement(table, kept)
            rows = [self._replacing(step) for step in alike]
            if self._connection.dialect.supports_sane_multi_rowcount:
                changed += made.run_many(self._connection, rows).rowcount
            else:  # a driver of the application's choice, which does not count the rows of them all
                changed += sum(made.run(self._connection, row).rowcount for row in rows)
        if changed != len(steps):
            raise Overtaken(steps[0].write)

    def _by_what_stays(self, steps: Sequence[_Step]) -> Mapping[frozenset[str], Sequence[_Step]]:
        """
        Return the steps, all of one kind, by the indexed columns that need not be named in their update.

        Of a record that is not there nothing stays; nor of any, where their changes are of too many kinds.
        """
        if not self._dialect.rewrites_named:
            return {frozenset(): steps}
        shelf = steps[0].shelf
        ids = self._dialect.ids(frozenset(step.write.id for step in steps))
        asked = {"tenant": self._tenant, "ids": ids}
        found = self._connection.execute(_indexed(shelf, self._dialect), asked).mappings()
        there = {row["id"]: dict(row) for row in found}
        new = self._update_statement(shelf.table, frozenset())
        groups: dict[frozenset[str], list[_Step]] = {}
        for step in steps:
            held, row = there.get(step.write.id, {}), step.row or {}
            told = {name: new.converted(f"to_{name}", row[name]) for name in shelf.indexed}
            stays = frozenset(name for name, _ in held.items() & told.items())
            groups.setdefault(stays, []).append(step)
        return groups if len(groups) <= FEW else {frozenset(): steps}

    def _update_statement(self, table: Table, kept: frozenset[str]) -> Statement:
        shape = ("update", table.name, kept)
        return statement_of(shape, self._connection.dialect, lambda: _update_of(table, kept))

    def _replacing(self, step: _Step) -> dict[str, Any]:
        assert step.row is not None  # what is deleted is not updated
        values = {f"to_{name}": value for name, value in step.row.items() if name not in _ALWAYS_THE_SAME}
        return values | {"tenant": self._tenant, "of": step.write.id, "at": step.write.expected_version}

    def _cleared(self, steps: Sequence[_Step]) -> list[tuple[Table, Rows]]:
        """Delete the rows beside records of one kind that are not the steps'; return those that are not there."""
        kind, missing = steps[0].shelf.kind, []
        ids = frozenset(step.write.id for step in steps)
        one_of = self._dialect.one_of_few if len(ids) <= FEW else self._dialect.one_of
        asked = {"tenant": self._tenant, "ids": self._dialect.ids(ids)}
        for place, (table, _) in enumerate(steps[0].parts):
            wanted = {(row[kind], row["number"]): row for step in steps for row in step.parts[place][1]}
            there = self._connection.execute(_beside(table, kind, one_of), asked).mappings()
            found = {(row[kind], row["number"]): dict(row) for row in there}
            gone = [key for key, row in found.items() if wanted.get(key) != row]
            if gone:
                removed = [{"tenant": self._tenant, "of": of, "at": number} for of, number in gone]
                self._connection.execute(_removal(table, kind), removed)
            missing.append((table, [row for key, row in wanted.items() if found.get(key) != row]))
        return missing

    def _delete(self, step: _Step) -> None:
        write, table = step.write, step.shelf.table
        of_version = (table.c.tenant == self._tenant, table.c.id == write.id, table.c.version == write.expected_version)
        # locks the record before what hangs on it goes
        if (
            self._connection.execute(update(table).where(*of_version).values(version=write.expected_version)).rowcount
            != 1
        ):
            raise self.conflict(write) or Conflict(write.kind, write.id, write.expected_version, None)
        self._cleared([step])
        self._connection.execute(delete(table).where(*of_version))
        self._connection.execute(
            delete(EVENTS).where(EVENTS.c.tenant == self._tenant, EVENTS.c.kind == write.kind, EVENTS.c.id == write.id)
        )
        last = write.events[-1]
        self._insert(
            TOMBSTONES,
            [
                {
                    "tenant": self._tenant, "kind": write.kind, "id": write.id, "at": last.at, "by": last.by,
                    "version": write.expected_version + 1, "operation": last.operation,
                }
            ],
        )  # fmt: skip

    def _tell(self, prepared: Prepared) -> None:
        """
        Count, and put the events into the outbox; from here to the commit nobody else of the tenant can.

        Raises:
            Conflict: A revision that the unit rests on is another by now; the caller must roll back.
        """
        added: Counter[str] = Counter()
        for step in prepared.steps:
            added[revision_of(step.write.kind)] += 1
            added[f"size:{step.write.kind}"] += (step.row is not None) - (step.write.expected_version > 0)
        events = prepared.events
        added[OUTBOX] += len(events)
        told = self._dialect.insert(COUNTERS)
        self._connection.execute(
            told.on_conflict_do_update(
                index_elements=[COUNTERS.c.tenant, COUNTERS.c.name],
                set_={"value": COUNTERS.c.value + told.excluded.value},
            ),
            [{"tenant": self._tenant, "name": name, "value": added[name]} for name in sorted(added)],
        )
        resting_on = prepared.unit.resting_on
        if not events and not resting_on:
            return
        names = [OUTBOX, *(revision_of(kind) for kind, _ in resting_on)]
        counters = (COUNTERS.c.tenant == self._tenant, COUNTERS.c.name.in_(names))
        # Asked only now, when whoever changes a revision has committed or waits for this transaction.
        told_now = self._connection.execute(select(COUNTERS.c.name, COUNTERS.c.value).where(*counters))
        values = {row.name: row.value for row in told_now}
        for kind, revision in resting_on:
            before = values.get(revision_of(kind), 0) - added[revision_of(kind)]
            if before != revision:
                raise Conflict(REVISION, kind, revision, before)
        first = values[OUTBOX] - len(events) + 1
        self._insert(EVENTS, [{**event, "position": first + number} for number, event in enumerate(events)])

    def conflict(self, write: Write) -> Conflict | None:
        """Return the conflict of *write* with what is there now, or None where there is none."""
        table, expected = SHELVES[write.kind].table, write.expected_version
        found = self._connection.scalar(
            select(table.c.version).where(table.c.tenant == self._tenant, table.c.id == write.id)
        )
        if found is not None and found == expected:
            return None
        if found is None:
            found = self._connection.scalar(
                select(TOMBSTONES.c.version).where(
                    TOMBSTONES.c.tenant == self._tenant,
                    TOMBSTONES.c.kind == write.kind,
                    TOMBSTONES.c.id == write.id,
                )
            )
        return None if found is None and not expected else Conflict(write.kind, write.id, expected, found)
