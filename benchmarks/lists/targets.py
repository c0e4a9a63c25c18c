"""
The databases that lists are measured on: how each is made, how its statements are written, whose time counts.

A statement's time is CPU time: this process's, and with PostgreSQL also that of the process which serves the
connection. So the server may not hand work to others: parallel workers are off, and so is compiling at run time,
which pays for no statement of a list. It has the memory that a server of this size is given.

``SALESFLOW_BENCH_FOLDER`` names a folder in which the databases stay, so that the next run need not fill them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from time import process_time_ns
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from benchmarks.lists import by_hand
from benchmarks.lists.database import fill
from benchmarks.lists.world import World, deals
from salesflow.stores.sql import SqlStore
from salesflow.stores.sql.dialects import make_engine
from tests import postgresql

_SETTINGS = {
    **postgresql.SETTINGS,
    "shared_buffers": "6GB",  # a quarter of the machine's memory, as is usual; half of it would hold the largest table
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "max_wal_size": "8GB",
}


@frozen
class Target:
    """
    One database.

    Args:
        name: As figures call it.
        tongue: How hand-written statements are written.
        filled: Gives, by size, an engine with so many deals; all is gone at the end.
        clock: What gives nanoseconds of CPU that were spent for some connections so far.
        limit: Makes statements of a connection fail that take more than so many seconds; None takes it off.
    """

    name: str
    tongue: by_hand.Tongue
    filled: Callable[[World, Collection[int]], AbstractContextManager[dict[int, Engine]]]
    clock: Callable[[Collection[Connection]], Callable[[], int]]
    limit: Callable[[Connection, float | None], None]

    def within(self, connection: Connection, seconds: float, statement: by_hand.Statement) -> list[Any] | None:
        """Return the statement's rows, or None where it takes longer than *seconds*."""
        self.limit(connection, seconds)
        try:
            return statement.run(connection)
        except OperationalError as error:
            if any(said in str(error) for said in ("interrupted", "statement timeout")):
                return None
            raise
        finally:
            self.limit(connection, None)


@contextmanager
def _sqlite_filled(world: World, sizes: Collection[int]) -> Iterator[dict[int, Engine]]:
    with _folder("sqlite") as folder, ExitStack() as engines:
        found = {}
        for size in sizes:
            path = folder / f"deals_{size}.db"
            if not path.exists():
                unfinished = path.with_suffix(".unfinished")
                unfinished.unlink(missing_ok=True)
                _fill(f"sqlite:///{unfinished}", world, size)
                unfinished.rename(path)
            found[size] = engines.enter_context(_engine(f"sqlite:///{path}"))
        yield found


@contextmanager
def _postgresql_filled(world: World, sizes: Collection[int]) -> Iterator[dict[int, Engine]]:
    missing = postgresql.missing()
    if missing is not None:
        raise SystemExit(missing)
    with _folder("postgresql") as folder, postgresql.server(_SETTINGS, folder) as url, ExitStack() as engines:
        first, found = engines.enter_context(_engine(url)), {}
        for size in sizes:
            name = f"deals_{size}"
            with first.connect() as connection:
                names = {row[0] for row in connection.exec_driver_sql("SELECT datname FROM pg_database")}
                if name not in names:
                    connection.exec_driver_sql("DROP DATABASE IF EXISTS unfinished")
                    connection.exec_driver_sql("CREATE DATABASE unfinished")
                    _fill(_with_database(first, "unfinished"), world, size)
                    connection.exec_driver_sql(f"ALTER DATABASE unfinished RENAME TO {name}")
            found[size] = engines.enter_context(_engine(_with_database(first, name)))
        yield found


def _with_database(engine: Engine, name: str) -> str:
    return engine.url.set(database=name).render_as_string(hide_password=False)


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    """Give a folder for one database's files."""
    kept = os.environ.get("SALESFLOW_BENCH_FOLDER")
    if kept:
        folder = Path(kept).resolve() / name
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="s") as made:
            Path(made).chmod(0o755)  # the server may run as another user
            folder = Path(made) / name
            folder.mkdir()
            yield folder


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _fill(url: str, world: World, size: int) -> None:
    with _engine(url) as engine:
        SqlStore(engine).create_schema()
        fill(engine, world, deals(world, size), size)


def _clock_of_this_process(_connections: Collection[Connection]) -> Callable[[], int]:
    return process_time_ns


def _clock_with_server(connections: Collection[Connection]) -> Callable[[], int]:
    """Return a clock of this process and those that serve *connections*."""
    servers = [connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for connection in connections]
    # nanoseconds on a CPU, where /proc/N/stat has hundredths of a second
    paths = [Path(f"/proc/{server}/schedstat") for server in servers]

    def clock() -> int:
        return process_time_ns() + sum(int(path.read_text().split()[0]) for path in paths)

    return clock


def _limit_sqlite(connection: Connection, seconds: float | None) -> None:
    driver: Any = connection.connection.driver_connection
    until = 0 if seconds is None else process_time_ns() + int(seconds * 1e9)
    driver.set_progress_handler(None if seconds is None else lambda: process_time_ns() > until, 100_000)


def _limit_postgresql(connection: Connection, seconds: float | None) -> None:
    connection.exec_driver_sql(f"SET statement_timeout = {0 if seconds is None else int(seconds * 1000) + 1}")


TARGETS = (
    Target("SQLite", by_hand.SQLITE, _sqlite_filled, _clock_of_this_process, _limit_sqlite),
    Target("PostgreSQL", by_hand.POSTGRESQL, _postgresql_filled, _clock_with_server, _limit_postgresql),
)
