"""
A store in a relational database, through SQLAlchemy Core: SQLite embedded, written for PostgreSQL too.

Every operation is one transaction over a connection of the engine's pool, so a store may be shared between
threads, and several processes may use one database.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from random import uniform
from time import sleep
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, inspect, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from salesflow.errors import Conflict, InvalidInput, PortError
from salesflow.model import Event
from salesflow.model.duplicates import UNIQUE_KEY, unique_keys
from salesflow.ports import DoneOnce, Query, RecordFilter, Tombstone, UnitOfWork
from salesflow.stores.sql.compiler import FilterCompiler
from salesflow.stores.sql.dialects import dialect_of, make_engine, transaction
from salesflow.stores.sql.lists import Memory, Reader
from salesflow.stores.sql.schema import (
    COUNTERS,
    DONE,
    EVENTS,
    KEYS,
    SCHEMA,
    SCHEMA_VERSION,
    SHELVES,
    TOMBSTONES,
    metadata,
)
from salesflow.stores.sql.trouble import as_port_error, is_undone, read_document, told
from salesflow.stores.sql.writing import FORGOTTEN, OUTBOX, Overtaken, Writer, prepare, revision_of

TRIES = 5
"""How often a unit of work is saved that the database undoes for another's sake."""

PAUSE_SECONDS = 0.02
"""Before each further try it waits up to so long, and each time up to so much longer."""


class SqlStore:
    """
    Keeps records, history, idempotency marks, outbox and tombstones of one tenant in a relational database.

    Made from the URL of a SQLite file, it makes its tables where there are none. On another database, and with
    an engine of the application's own, call `create_schema` once, or put `salesflow.stores.sql.metadata` under
    your own migrations. An own engine's connections are used as they are set up.

    Args:
        url_or_engine: Such as ``"sqlite:///sales.db"``, or a SQLAlchemy engine.
        tenant: Whose records: nothing of another tenant is ever read or written.

    Every operation may raise `PortError`: the database failed, or the store is closed. Nothing of the operation is
    kept then, and the message says what would do.

    Raises:
        InvalidInput: The URL is none, or names a database that the store does not know.
        PortError: The database holds the tables of another version.

    Source: HIST-1, HIST-3, LEAD-12, VIS-15.
    """

    keeps_unique_keys = True

    def __init__(self, url_or_engine: str | Engine, tenant: str = "default") -> None:
        if not tenant:
            raise InvalidInput("tenant", tenant, "must be a text that is not empty")
        self.tenant = tenant
        self._is_own = isinstance(url_or_engine, str)
        engine = _opened(url_or_engine) if isinstance(url_or_engine, str) else url_or_engine
        self._dialect = dialect_of(engine)
        self._engine = engine if self._is_own else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._compilers = {kind: FilterCompiler(shelf, self._dialect) for kind, shelf in SHELVES.items()}
        self._memory = {kind: Memory() for kind in SHELVES}
        self._is_closed = False
        self._process, self._inherited = os.getpid(), engine.pool
        if self._is_own and self._dialect.name == "sqlite":
            try:
                self.create_schema()
            except PortError as problem:
                self.close()
                raise PortError("store", f"cannot open {engine.url!r}: {problem.what}") from problem

    def create_schema(self) -> None:
        """
        Make the tables where there are none; safe to repeat, and for two processes at once.

        Raises:
            PortError: The database holds the tables of another version.
        """
        with self._connected() as connection:
            has_table = inspect(connection).has_table(SCHEMA.name)
            # tables that an application's own migrations made hold no version yet
            is_there = has_table and connection.scalar(select(SCHEMA.c.version)) is not None
        if is_there:
            self._check_schema()
            return
        with self._connected(self._dialect.begin_writing) as connection:
            metadata.create_all(connection)
            if connection.scalar(select(SCHEMA.c.version)) is None:
                connection.execute(SCHEMA.insert(), {"version": SCHEMA_VERSION})
        self._check_schema()

    def _check_schema(self) -> None:
        with self._connected() as connection:
            found = connection.scalar(select(SCHEMA.c.version))
        if found != SCHEMA_VERSION:
            rule = f"this salesflow knows schema {SCHEMA_VERSION}; use the version that made it, or another file"
            raise PortError("store", f"the database has schema {found}; {rule}")

    def close(self) -> None:
        """Close the connections of an engine that the store made itself; the store then answers nothing more."""
        if self._is_own:
            self._is_closed = True
            self._engine.dispose()

    def __enter__(self) -> SqlStore:
        """Return the store, which is closed at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def get(self, kind: str, id: str) -> Any | None:
        """Return the record, or None where there is none."""
        return self.get_many(kind, (id,)).get(id)

    def get_many(self, kind: str, ids: Collection[str]) -> dict[str, Any]:
        """Return those of the records that are there, by id."""
        compiler = self._compilers.get(kind)
        if compiler is None or not ids:
            return {}
        with self._connected() as connection:
            return self._reader(connection, compiler).get_many(ids)

    def query(self, query: Query) -> Sequence[Any]:
        """
        Return the records that pass, in order.

        Raises:
            InvalidInput: There is no such order for this kind, or `after` is no position in it; the caller must
                choose another.
        """
        compiler = self._compilers.get(query.kind)
        if compiler is None or (query.limit is not None and query.limit < 1):
            return []
        with self._connected(self._dialect.begin_reading) as connection:
            return self._reader(connection, compiler).page(query)

    def ids(self, kind: str, filter: RecordFilter) -> Set[str]:
        """Return the ids of the records that pass."""
        compiler = self._compilers.get(kind)
        if compiler is None:
            return frozenset()
        with self._connected(self._dialect.begin_reading) as connection:
            return self._reader(connection, compiler).ids(filter)

    def count(self, kind: str, filter: RecordFilter, cap: int | None = None) -> int:
        """Return how many records of *kind* pass, or *cap* where they are at least that many."""
        compiler = self._compilers.get(kind)
        if compiler is None:
            return 0
        with self._connected(self._dialect.begin_reading) as connection:
            return self._reader(connection, compiler).count(filter, cap)

    def save(self, unit: UnitOfWork) -> None:
        """
        Save everything or nothing.

        Raises:
            Conflict: A record is not at its expected version, a new one is there already or was deleted, the
                idempotency key is there already, a key that is unique is held by another record, or a revision is
                not the one rested on. Whoever lost the race must load and decide again.
            InvalidInput: A record stands twice in the unit, is of an unknown kind, or a deletion has no event.
        """
        prepared = prepare(unit, self.tenant)
        if not unit.writes and unit.done is None:
            return
        tries = 0
        while True:
            tries += 1
            try:
                with self._connected(self._dialect.begin_writing) as connection:
                    Writer(connection, self._dialect, self.tenant).save(prepared)
                return
            except IntegrityError as problem:
                raise (self._conflict(unit) or PortError("store", told(problem))) from problem
            except Overtaken as lost:
                raise (self._conflict(unit) or lost.conflict) from None
            except PortError as problem:
                if tries == TRIES or not is_undone(problem):
                    raise
            # never in step with whoever it was undone for
            sleep(uniform(0, PAUSE_SECONDS * tries))

    def events(self, kind: str, id: str) -> Sequence[Event]:
        """Return the record's events in order; empty where there is no such record."""
        shelf = SHELVES.get(kind)
        if shelf is None:
            return []
        table = shelf.table
        is_there = select(table.c.id).where(table.c.tenant == self.tenant, table.c.id == id).exists()
        of_record = (EVENTS.c.tenant == self.tenant, EVENTS.c.kind == kind, EVENTS.c.id == id, is_there)
        statement = select(EVENTS.c.document).where(*of_record).order_by(EVENTS.c.version, EVENTS.c.number)
        with self._connected() as connection:
            return [read_document(Event, document) for document in connection.scalars(statement)]

    def done(self, key: str) -> DoneOnce | None:
        """Return the mark of *key*, or None."""
        document = self._scalar(select(DONE.c.document).where(DONE.c.tenant == self.tenant, DONE.c.key == key))
        return None if document is None else read_document(DoneOnce, document)

    def outbox(self, after: int, limit: int) -> Sequence[tuple[int, Event]]:
        """Return at most *limit* (position, event) pairs behind position *after*; positions count from 1."""
        if limit < 1:
            return []
        forgotten = self._counter(FORGOTTEN).scalar_subquery()
        statement = (
            select(EVENTS.c.position, EVENTS.c.document)
            .where(EVENTS.c.tenant == self.tenant, EVENTS.c.position > after)
            .where(EVENTS.c.position > func.coalesce(forgotten, 0))
            .order_by(EVENTS.c.position)
            .limit(limit)
        )
        with self._connected() as connection:
            return [(position, read_document(Event, document)) for position, document in connection.execute(statement)]

    def forget_outbox(self, up_to: int) -> None:
        """
        Forget what stands in the outbox up to position *up_to*, that one included.

        The rows stay, since they are the history too; a reader begins behind them.
        """
        with self._connected(self._dialect.begin_writing) as connection:
            last = connection.scalar(self._counter(OUTBOX)) or 0
            put = self._dialect.insert(COUNTERS)
            further = put.on_conflict_do_update(
                index_elements=[COUNTERS.c.tenant, COUNTERS.c.name],
                set_={"value": put.excluded.value},
                where=COUNTERS.c.value < put.excluded.value,
            )
            connection.execute(further, {"tenant": self.tenant, "name": FORGOTTEN, "value": min(up_to, last)})

    def revision(self, kind: str) -> Hashable:
        """Return something that differs whenever a record of *kind* was written."""
        return self._scalar(self._counter(revision_of(kind))) or 0

    def tombstone(self, kind: str, id: str) -> Tombstone | None:
        """Return the tombstone of a deleted record, or None."""
        of_record = (TOMBSTONES.c.tenant == self.tenant, TOMBSTONES.c.kind == kind, TOMBSTONES.c.id == id)
        with self._connected() as connection:
            found = connection.execute(select(TOMBSTONES).where(*of_record)).mappings().first()
        return None if found is None else Tombstone(**{name: found[name] for name in found if name != "tenant"})

    @contextmanager
    def _connected(self, begin: str | None = None) -> Iterator[Connection]:
        """
        Give a connection, inside a transaction where *begin* says how one begins.

        Raises:
            PortError: The store is closed, or the database failed; nothing of the transaction is kept.
        """
        if self._is_closed:
            raise PortError("store", "is closed; make another SqlStore for the database")
        if self._is_own and self._process != os.getpid():
            # a fork: what the parent opened stays the parent's, neither used nor closed here
            self._process, self._inherited = os.getpid(), self._engine.pool
            self._engine.dispose(close=False)
        opened: Callable[[], AbstractContextManager[Connection]]
        opened = self._engine.connect if begin is None else partial(transaction, self._engine, begin)
        with as_port_error(), opened() as connection:
            yield connection

    def _reader(self, connection: Connection, compiler: FilterCompiler) -> Reader:
        return Reader(connection, compiler, self.tenant, self._memory[compiler.shelf.kind])

    def _counter(self, name: str) -> Select[tuple[int]]:
        return select(COUNTERS.c.value).where(COUNTERS.c.tenant == self.tenant, COUNTERS.c.name == name)

    def _scalar(self, statement: Any) -> Any:
        with self._connected() as connection:
            return connection.scalar(statement)

    def _conflict(self, unit: UnitOfWork) -> Conflict | None:
        """Return the conflict of *unit* with what is there now: a mark, a record or a unique key; None without one."""
        if unit.done is not None and self.done(unit.done.key) is not None:
            return Conflict("idempotency key", unit.done.key, 0, 1)
        with self._connected() as connection:
            writer = Writer(connection, self._dialect, self.tenant)
            for write in unit.writes:
                conflict = writer.conflict(write)
                if conflict is not None:
                    return conflict
            return self._held(connection, unit)

    def _held(self, connection: Connection, unit: UnitOfWork) -> Conflict | None:
        """Return which unique key is held by another record, of the store or of *unit* itself."""
        held: dict[tuple[str, str], str] = {}
        for write in unit.writes:
            for key in unique_keys(write.record):
                table = KEYS[write.kind]
                of_key = (table.c.tenant == self.tenant, table.c.key == key)
                holder = connection.scalar(select(table.c[write.kind]).where(*of_key))
                gives_up = any(other.kind == write.kind and other.id == holder for other in unit.writes)
                is_held = holder is not None and not gives_up
                if is_held or held.setdefault((write.kind, key), write.id) != write.id:
                    return Conflict(UNIQUE_KEY, key, 0, 1)
        return None


def _opened(url: str) -> Engine:
    scheme = url.partition("://")[0]
    try:
        return make_engine(url)
    except SQLAlchemyError:
        # the URL may hold a password
        raise InvalidInput("url", scheme, "must begin a database's URL, such as 'sqlite:///sales.db'") from None
    except ImportError as problem:
        raise InvalidInput("url", scheme, f"needs a driver that is not installed: {problem}") from problem
