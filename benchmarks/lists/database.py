"""
A database with the deals in it, as the store keeps them, made in bulk: rows first, indexes then.

The store's own tables, rows and codec, by COPY where the database has it; a deal's document is that of one real
opportunity with this deal's values put in. Two tables more hold what hand-written statements may ask: the management
line as labels and as a closure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from attrs import evolve
from sqlalchemy import Connection, Engine, Table, insert

from benchmarks.lists.world import Deal, World
from benchmarks.sales import opportunity
from salesflow.files.json_codec import write_plain
from salesflow.stores.sql.schema import COUNTERS, SHELVES, TEAM
from salesflow.stores.sql.statements import compiled

TENANT = "default"
_PIECE = 20_000
_SHELF = SHELVES["opportunity"]
_FASTER = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY")
"""With these SQLite writes each page once; a database that breaks is made anew."""


def fill(engine: Engine, world: World, deals: Iterable[Deal], number: int) -> None:
    """
    Put *deals* into an empty database.

    Args:
        engine: The database; the store's tables are there.
        number: How many deals there are.
    """
    indexes = [index for table in (_SHELF.table, TEAM) for index in table.indexes]
    with engine.connect() as connection:
        for setting in _FASTER if engine.dialect.name == "sqlite" else ():
            connection.exec_driver_sql(f"PRAGMA {setting}")
        connection.exec_driver_sql("BEGIN")
        for index in indexes:
            index.drop(connection)
        rest, rows = iter(deals), _Rows()
        while piece := list(islice(rest, _PIECE)):
            _put(connection, _SHELF.table, map(rows.row, piece))
            _put(connection, TEAM, (row for deal in piece for row in _members(deal)))
        connection.execute(insert(COUNTERS), {"tenant": TENANT, "name": "size:opportunity", "value": number})
        for index in indexes:
            index.create(connection)
        _add_line(connection, world)
        connection.exec_driver_sql("COMMIT")
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")  # as the server does by itself, some minutes later
    engine.dispose()  # the settings were those of the connection; the next one keeps the store's own


def _put(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Put *rows* into *table*."""
    if connection.dialect.name == "sqlite":
        compiled(insert(table).inline(), connection.dialect).run_many(connection, rows)
        return
    names = [column.name for column in table.columns]
    driver: Any = connection.connection.driver_connection
    with driver.cursor().copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([row[name] for name in names])


class _Rows:
    """Makes the rows of deals: what all of them have in common is worked out once."""

    def __init__(self) -> None:
        prototype = evolve(opportunity("o", "propose"), team=())
        plain: dict[str, Any] = write_plain(prototype)
        self._columns = _SHELF.row(prototype)
        self._write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
        own = ("id", "name", "owner", "voided", "amount", "close_date", "team")
        self._rest = self._write({name: value for name, value in plain.items() if name not in own})[1:]
        self._currency = plain["amount"]["currency"]

    def row(self, deal: Deal) -> dict[str, Any]:
        """Return the row of *deal*."""
        own = {
            "id": deal.id, "name": f"Deal {deal.id}", "owner": deal.owner, "voided": deal.is_voided,
            "amount": {"amount": f"{deal.minor // 100}.{deal.minor % 100:02}", "currency": self._currency},
            "close_date": None if deal.close_date is None else deal.close_date.isoformat(),
            "team": [{"person": one.person, "role": one.role, "access": one.access} for one in deal.team],
        }  # fmt: skip
        return {
            **self._columns, "tenant": TENANT, "id": deal.id, "version": 1, "name": own["name"], "owner": deal.owner,
            "voided": int(deal.is_voided), "amount_minor": deal.minor, "close_date": deal.close_date,
            "document": f"{self._write(own)[:-1]},{self._rest}",
        }  # fmt: skip


def _members(deal: Deal) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(deal.team):
        yield {
            "tenant": TENANT, "opportunity": deal.id, "number": number, "person": one.person, "role": one.role.value,
            "access": one.access.value, "voided": int(deal.is_voided),
        }  # fmt: skip


def _add_line(connection: Connection, world: World) -> None:
    """Add the management line: `line_label(person, first, last)` and `line_closure(above, below)`."""
    below: dict[str, list[str]] = {}
    for person, manager in world.managers.items():
        if manager is not None:
            below.setdefault(manager, []).append(person)
    labels: list[tuple[str, int, int]] = []

    def number(person: str, at: int) -> int:
        last = at
        for other in below.get(person, ()):
            last = number(other, last + 1)
        labels.append((person, at, last))
        return last

    at = 0
    for person, manager in world.managers.items():
        if manager is None:
            at = number(person, at + 1)
    closure = []
    for person in world.managers:
        above: str | None = person
        while above is not None:
            closure.append((above, person))
            above = world.managers[above]
    text = "VARCHAR NOT NULL" if connection.dialect.name == "sqlite" else 'VARCHAR COLLATE "C" NOT NULL'
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    for table, columns, rows in (
        ("line_label", f"person {text} PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL", labels),
        ("line_closure", f"above {text}, below {text}, PRIMARY KEY (above, below)", closure),
    ):
        connection.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
        names = [column.split()[0] for column in columns.split(", ")][: len(rows[0])]
        marks = ", ".join(mark for _ in names)
        connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
    connection.exec_driver_sql("CREATE INDEX line_label_by_first ON line_label (first, person)")
