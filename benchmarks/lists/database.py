"""
A database with the deals in it, as the store keeps them, made in bulk: rows first, indexes then.

The store's own tables, rows and codec; a deal's document is that of one real opportunity with this deal's values
put in. Two tables more hold what hand-written statements may ask: the management line as labels and as a closure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from attrs import evolve
from sqlalchemy import Connection, Engine, insert

from benchmarks.lists.world import Deal, World
from benchmarks.sales import opportunity
from salesflow.files.json_codec import write_plain
from salesflow.model import Money
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
        rows = iter(deals)
        prototype = evolve(opportunity("o", "propose"), team=())
        known = _SHELF.row(prototype), write_plain(prototype)
        made = compiled(insert(_SHELF.table).inline(), connection.dialect)
        joined = compiled(insert(TEAM).inline(), connection.dialect)
        while piece := list(islice(rows, _PIECE)):
            made.run_many(connection, (_row(deal, *known) for deal in piece))
            joined.run_many(connection, (row for deal in piece for row in _members(deal)))
        connection.execute(insert(COUNTERS), {"tenant": TENANT, "name": "size:opportunity", "value": number})
        for index in indexes:
            index.create(connection)
        _add_line(connection, world)
        connection.exec_driver_sql("COMMIT")
    engine.dispose()  # the settings were those of the connection; the next one keeps the store's own


def _row(deal: Deal, columns: dict[str, Any], plain: dict[str, Any]) -> dict[str, Any]:
    amount = Money(f"{deal.minor // 100}.{deal.minor % 100:02}", "CNY")
    closes = None if deal.close_date is None else deal.close_date.isoformat()
    told = {
        **plain, "id": deal.id, "name": f"Deal {deal.id}", "owner": deal.owner, "voided": deal.is_voided,
        "amount": write_plain(amount), "close_date": closes,
        "team": [{"person": one.person, "role": str(one.role), "access": str(one.access)} for one in deal.team],
    }  # fmt: skip
    return {
        **columns, "tenant": TENANT, "id": deal.id, "version": 1, "name": told["name"], "owner": deal.owner,
        "voided": int(deal.is_voided), "amount_minor": deal.minor, "close_date": deal.close_date,
        "document": json.dumps(told, ensure_ascii=False, separators=(",", ":")),
    }  # fmt: skip


def _members(deal: Deal) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(deal.team):
        yield {
            "tenant": TENANT, "opportunity": deal.id, "number": number, "person": one.person, "role": str(one.role),
            "access": str(one.access),
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
    text = "VARCHAR NOT NULL"
    for table, columns, rows in (
        ("line_label", f"person {text} PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL", labels),
        ("line_closure", f"above {text}, below {text}, PRIMARY KEY (above, below)", closure),
    ):
        connection.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
        names = [column.split()[0] for column in columns.split(", ")][: len(rows[0])]
        marks = ", ".join("?" for _ in names)
        connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)
    connection.exec_driver_sql("CREATE INDEX line_label_by_first ON line_label (first, person)")
