"""What differs between databases, all of it: how to begin, how to pass many ids, how to hold the planner back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import evolve, frozen
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    GenerativeSelect,
    QueuePool,
    Select,
    String,
    Table,
    Text,
    any_,
    bindparam,
    case,
    create_engine,
    event,
    false,
    func,
    make_url,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.types import UserDefinedType

from salesflow.errors import InvalidInput

BUSY_SECONDS = 30
"""How long a connection waits for another writer's commit before it gives up."""

_SQLITE_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "cache_size = -16000",  # kibibytes; an import touches more than 8 MB, and with 32 it is no quicker
    "wal_autocheckpoint = 10000",  # pages, 40 MB; an import touches the same pages again within so many
)


FEW = 32
"""So many ids at most are few."""


@frozen(eq=False)
class Dialect:
    """
    One database's ways.

    Args:
        begin_reading: Begins a transaction that sees one moment of the database.
        begin_writing: Begins a transaction that may write; on SQLite nobody else may from here on.
        one_of: Whether a text column is among ids that travel as one parameter, of that name; an index may find them.
        one_of_few: The same, where they are at most `FEW`.
        among: The same, asked of each record by itself.
        ids: What that parameter is for some ids.
        plain: The column, hidden from the planner, so that it does not search an index by it.
        fenced: The rows of a semi-join, kept from becoming a hash of all that they are of.
        each_once: The ids that some statements give, each once, for a cost that grows as they do; told whether
            they are at most *few_rows*, which are better told apart in another way.
        few_rows: So many rows of people are few.
        insert: An insert that can update what is there.
        hashes: Whether a scan to the end works a semi-join out at once for all records, and ids are told apart only
            when all have come; where not, each is asked as it comes, and a count ends at its cap.
        reads_apart: Whether the page's documents are read once its ids are known; where not, reading what a record is
            sorted by has read its document too.
        rewrites_named: Whether an update rewrites the index entries of every column that it names, changed or not.
    """

    name: str
    begin_reading: str
    begin_writing: str
    one_of: Callable[[ColumnElement[Any], str], ColumnElement[bool]]
    one_of_few: Callable[[ColumnElement[Any], str], ColumnElement[bool]]
    among: Callable[[ColumnElement[Any], str], ColumnElement[bool]]
    ids: Callable[[frozenset[str]], Any]
    plain: Callable[[ColumnElement[Any]], ColumnElement[Any]]
    fenced: Callable[[Select[Any]], Select[Any]]
    each_once: Callable[[Sequence[Select[Any]], bool], GenerativeSelect]
    few_rows: int
    insert: Callable[[Table], Any]
    hashes: bool
    reads_apart: bool
    rewrites_named: bool

    @property
    def of_few(self) -> Dialect:
        """The ways where no list of ids is longer than `FEW`."""
        return evolve(self, one_of=self.one_of_few)


def _one_of_json(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    told = bindparam(name, type_=Text())
    return column.in_(select(func.json_each(told).table_valued("value").c.value))


def _as_json(ids: frozenset[str]) -> str:
    # in order: SQLite sorts them into a tree, and three thousand out of order cost it more than the page
    return json.dumps(sorted(ids), ensure_ascii=False)


class _TextArray(UserDefinedType[str]):
    """An array as PostgreSQL writes one: written once for a list of people, not by the driver each time."""

    cache_ok = True
    render_bind_cast = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "VARCHAR[]"


def _one_of_array(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    # as rows: of an array the planner would look at each id, and three thousand cost it more than the page
    return column.in_(select(func.unnest(bindparam(name, type_=_TextArray()), type_=String())))


def _one_of_few_array(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    # not as rows: to plan a join with them costs as much as it takes to count one person's deals
    return column == any_(bindparam(name, type_=_TextArray()))


def _among_array(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    # hashed, once; within a case the planner does not look at each id
    return case((column == any_(bindparam(name, type_=_TextArray())), true()), else_=false())


def _as_array(ids: frozenset[str]) -> str:
    escaped = [id.replace("\\", "\\\\").replace('"', '\\"') for id in sorted(ids)]
    return "{" + ",".join([f'"{id}"' for id in escaped]) + "}"


def _with_plus(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return UnaryExpression(column, operator=operators.custom_op("+"), type_=column.type)


def _in_groups(ids: Sequence[Select[Any]]) -> GenerativeSelect:
    found = union_all(*ids).subquery()
    return select(found.c.id).group_by(found.c.id)


def _as_union(ids: Sequence[Select[Any]]) -> GenerativeSelect:
    return union(*ids) if len(ids) > 1 else ids[0].distinct()


def _told_apart_by_sqlite(ids: Sequence[Select[Any]], are_few: bool) -> GenerativeSelect:
    # groups are sorted; a union's tree outgrows the cache: half a million cost it seven times a quarter of them
    return _as_union(ids) if are_few else _in_groups(ids)


def _told_apart_by_postgresql(ids: Sequence[Select[Any]], are_few: bool) -> GenerativeSelect:
    if are_few:
        return _in_groups(ids)
    # it would make a hash, which outgrows its memory: half a million cost it five times a quarter of them
    found = union_all(*ids).subquery()
    in_order = select(found.c.id).order_by(found.c.id).offset(0).subquery()
    return select(in_order.c.id).group_by(in_order.c.id)


SQLITE = Dialect(
    "sqlite",
    "BEGIN",
    "BEGIN IMMEDIATE",
    _one_of_json,
    _one_of_json,
    lambda column, name: _one_of_json(_with_plus(column), name),
    _as_json,
    _with_plus,
    lambda rows: rows,
    _told_apart_by_sqlite,
    2_000,
    insert_sqlite,
    False,
    True,
    True,
)
"""SQLite searches by every listed id unless a plus stands before the column: 76 ms became 0.86 ms."""

POSTGRESQL = Dialect(
    "postgresql",
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan",
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    _one_of_array,
    _one_of_few_array,
    _among_array,
    _as_array,
    lambda column: column,
    lambda rows: rows.offset(0),
    _told_apart_by_postgresql,
    50_000,
    insert_postgresql,
    True,
    False,
    False,
)
"""
PostgreSQL hashes the whole team table unless OFFSET 0 stands in the semi-join: 443 ms became 7 ms.

A statement that it has seen some times it plans for any people and any limit: 50 ms became 11 s.
"""

_DIALECTS = {dialect.name: dialect for dialect in (SQLITE, POSTGRESQL)}


def dialect_of(engine: Engine) -> Dialect:
    """
    Return the ways of the engine's database.

    Raises:
        InvalidInput: It is none that the store knows.
    """
    found = _DIALECTS.get(engine.dialect.name)
    if found is None:
        raise InvalidInput("engine", engine.dialect.name, f"must be one of {', '.join(_DIALECTS)}")
    return found


def make_engine(url: str) -> Engine:
    """
    Return an engine for *url*; a SQLite file is set up to lose nothing and to let readers and a writer work at once.

    A database in memory has one connection, which threads take in turn.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, isolation_level="AUTOCOMMIT")
    options: dict[str, Any] = {}
    if parsed.database in (None, "", ":memory:"):
        options = {"poolclass": QueuePool, "pool_size": 1, "max_overflow": 0}
    engine = create_engine(
        parsed,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        **options,
    )
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for setting in _SQLITE_SETTINGS:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


@contextmanager
def transaction(engine: Engine, begin: str) -> Iterator[Connection]:
    """
    Give a connection inside a transaction, which is committed at the end and rolled back by an exception.

    Args:
        engine: One whose connections commit by themselves, so that *begin* decides.
        begin: One of a dialect's two ways to begin.
    """
    with engine.connect() as connection:  # closing it rolls back what was not committed
        connection.exec_driver_sql(begin)
        yield connection
        connection.exec_driver_sql("COMMIT")
