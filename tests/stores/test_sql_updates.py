"""What an update writes: every column as the record is, and no index entry of a value that stays (HIST-3, PERF-9)."""

from datetime import date
from itertools import product
from typing import Any

import pytest
from sqlalchemy import create_engine, event, select, text

from salesflow.model import Money, Probability, ProbabilitySource
from salesflow.stores.sql import SqlStore
from salesflow.stores.sql.schema import SHELVES
from salesflow.testing.records import AT, change, make_opportunity, new, unit
from tests.stores.databases import fresh_store

_VALUES: dict[str, tuple[Any, ...]] = {
    "name": ("a", "b"),
    "owner": ("li", "zhang"),
    "voided": (False, True),
    "customer": ("acme", "other", None),
    "contact": ("ada", None),
    "amount": (Money(1, "CNY"), Money(1, "USD"), Money(2, "CNY"), None),
    "close_date": (date(2026, 1, 5), date(2027, 1, 5), None),
    "last_activity_at": (AT, None),
    "probability": (Probability(10, ProbabilitySource.STAGE), Probability(20, ProbabilitySource.STAGE)),
}
_STEPS = [(name, old, new) for name, values in _VALUES.items() for old, new in product(values, values)]


@pytest.mark.parametrize("database", ["memory_engine", "postgresql_engine"])
def test_every_column_is_as_the_record_is(request, database):
    """HIST-3, PERF-5: each field goes from each value to each, all at once, and back, each alone: lists rest on it."""
    store, shelf = fresh_store(request.getfixturevalue(database)), SHELVES["opportunity"]
    records = [make_opportunity(f"{n:03}", **{name: old}) for n, (name, old, _) in enumerate(_STEPS)]
    store.save(unit(*map(new, records)))
    there = [change(record, **{name: to}) for record, (name, _, to) in zip(records, _STEPS, strict=True)]
    store.save(unit(*there))
    back = [change(write.record, 2, **{name: old}) for write, (name, old, _) in zip(there, _STEPS, strict=True)]
    rows = select(shelf.table).where(shelf.table.c.tenant == store.tenant)
    for writes, units in ((there, []), (back, [unit(write) for write in back])):
        for some in units:
            store.save(some)
        with store._engine.connect() as connection:
            found = {row["id"]: dict(row) for row in connection.execute(rows).mappings()}
        for record in (write.record for write in writes):
            expected = shelf.row(record) | {"version": record.version}
            assert {name: found[record.id][name] for name in expected} == expected


def test_the_entries_of_what_did_not_change_are_left_alone(tmp_path):
    """PERF-9: SQLite writes the entry anew of every column that an update names, so it names those that change."""
    engine = create_engine(f"sqlite:///{tmp_path / 'sales.db'}")
    store = SqlStore(engine)
    store.create_schema()
    deals = [make_opportunity(id, amount=Money(1, "CNY"), close_date=date(2026, 1, 5)) for id in "abc"]
    store.save(unit(*map(new, deals)))
    named: list[tuple[set[str], bool]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, statement, _values, _context, is_many):
        if statement.startswith("UPDATE"):
            words = set(statement.replace("=", " ").split())
            named.append((words & SHELVES["opportunity"].indexed, is_many))

    store.save(unit(change(deals[0], name="x"), change(deals[1], name="y"), change(deals[2], amount=Money(2, "CNY"))))

    assert sorted((sorted(words), is_many) for words, is_many in named) == [
        (["amount_minor", "updated_at"], False),
        (["name", "updated_at"], True),
    ]
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"
    engine.dispose()
