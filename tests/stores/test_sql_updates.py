"""What an update writes: every column as the record is, and no index entry of a value that stays (HIST-3, PERF-9)."""

from datetime import date
from itertools import product
from sqlite3 import PARSE_COLNAMES, PARSE_DECLTYPES
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import create_engine, event, select, text

from salesflow.errors import Conflict
from salesflow.model import Money, Opportunity, Probability, ProbabilitySource
from salesflow.stores import MemoryStore
from salesflow.stores.sql import SqlStore
from salesflow.stores.sql.schema import SHELVES
from salesflow.stores.sql.statements import kept_for
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit
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


def assert_kept(store: SqlStore, records: list[Opportunity]) -> None:
    """Assert that the columns of the store's rows are those of *records*."""
    shelf = SHELVES["opportunity"]
    with store._engine.connect() as connection:
        rows = connection.execute(select(shelf.table).where(shelf.table.c.tenant == store.tenant)).mappings()
        found = {row["id"]: dict(row) for row in rows}
    for record in records:
        expected = shelf.row(record) | {"version": record.version}
        assert {name: found[record.id][name] for name in expected} == expected


@pytest.mark.parametrize("database", ["memory_engine", "postgresql_engine"])
def test_every_column_is_as_the_record_is(request, database):
    """HIST-3, PERF-5: each field goes from each value to each, all in one unit, and back, each by itself."""
    store = fresh_store(request.getfixturevalue(database))
    records = [make_opportunity(f"{n:03}", **{name: old}) for n, (name, old, _) in enumerate(_STEPS)]
    store.save(unit(*map(new, records)))
    there = [change(record, **{name: to}) for record, (name, _, to) in zip(records, _STEPS, strict=True)]
    store.save(unit(*there))
    back = [change(write.record, 2, **{name: old}) for write, (name, old, _) in zip(there, _STEPS, strict=True)]
    assert_kept(store, [write.record for write in there])
    for write in back:
        store.save(unit(write))
    assert_kept(store, [write.record for write in back])


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


def test_what_stays_is_told_of_ones_own_tenant(memory_engine):
    """I-31: a record of another tenant with this id, and with the new value, says nothing of one's own."""
    one, two = fresh_store(memory_engine), fresh_store(memory_engine)
    for store, name in ((one, "one"), (two, "two")):
        store.save(unit(new(make_opportunity("a", name=name))))
    changed = change(make_opportunity("a", name="one"), name="two")
    one.save(unit(changed))

    assert_kept(one, [changed.record])


def test_changes_of_too_many_kinds_are_written_in_one_way(memory_engine):
    """HIST-3: a unit whose every record changes in a way of its own is saved as rightly, and compiles no more."""
    store = fresh_store(memory_engine)
    deals = [make_opportunity(f"{n:02}") for n in range(64)]
    store.save(unit(*map(new, deals)))
    fields: dict[str, Any] = {
        "name": "x",
        "customer": "acme",
        "contact": "ada",
        "owner": "zhang",
        "amount": Money(1, "CNY"),
        "close_date": date(2026, 1, 5),
    }
    writes = [
        change(deal, **{name: value for bit, (name, value) in enumerate(fields.items()) if n >> bit & 1}, source=f"{n}")
        for n, deal in enumerate(deals)
    ]
    before = len(kept_for(memory_engine.dialect))
    store.save(unit(*writes))

    assert_kept(store, [write.record for write in writes])
    assert len(kept_for(memory_engine.dialect)) <= before + 2


@pytest.mark.parametrize("damage", ["garbage", 5, "2026-01-05 00:00:00"])
def test_a_damaged_column_is_written_anew(tmp_path, damage):
    """REL-7: what somebody spoiled by hand stands in no update's way."""
    with SqlStore(f"sqlite:///{tmp_path / 'sales.db'}") as store:
        deal = make_opportunity("a", close_date=date(2026, 1, 5))
        store.save(unit(new(deal)))
        with store._engine.connect() as connection:
            connection.execute(text("UPDATE salesflow_opportunity SET close_date = :it"), {"it": damage})
        changed = change(deal, name="x")
        store.save(unit(changed))
        assert_kept(store, [changed.record])


@pytest.mark.parametrize("detected", [0, PARSE_DECLTYPES, PARSE_DECLTYPES | PARSE_COLNAMES])
def test_an_engine_that_reads_days_itself_will_do(tmp_path, detected):
    """HIST-3: an application's connections are used as they are set up."""
    engine = create_engine(f"sqlite:///{tmp_path / 'sales.db'}", connect_args={"detect_types": detected})
    store = SqlStore(engine)
    store.create_schema()
    deal = make_opportunity("a", close_date=date(2026, 1, 5))
    store.save(unit(new(deal)))
    changed = change(deal, name="x")
    store.save(unit(changed))
    with engine.connect() as connection:
        row = connection.execute(text("SELECT name, close_date || '' FROM salesflow_opportunity")).one()
    assert tuple(row) == ("x", "2026-01-05")
    engine.dispose()


@pytest.mark.parametrize("make", [MemoryStore, lambda: SqlStore("sqlite://")])
def test_a_deleted_record_is_a_conflict_at_every_version(make):
    """HIST-3: also at the version that its deletion has; a sound write of the unit is not blamed."""
    store, deal, other = make(), make_opportunity("a"), make_opportunity("b")
    store.save(unit(new(deal), new(other)))
    store.save(unit(deletion(deal)))
    for version in (1, 2, 3):
        late = change(evolve(deal, version=version), name="x")
        with pytest.raises(Conflict) as caught:
            store.save(unit(change(other, name="y"), late))
        assert (caught.value.kind, caught.value.id) == ("opportunity", "a")
    assert store.get("opportunity", "b") == other


def test_a_conflict_that_is_gone_when_looked_for_is_one_all_the_same(tmp_path, monkeypatch):
    """HIST-3: somebody brought the record to the expected version meanwhile; the unit was not saved, and says so."""
    with SqlStore(f"sqlite:///{tmp_path / 'sales.db'}") as store:
        deal = make_opportunity("a")
        store.save(unit(new(deal)))
        first = change(deal, name="first")
        look = store._conflict

        def late(whole):
            store.save(unit(first))
            return look(whole)

        monkeypatch.setattr(store, "_conflict", late)
        with pytest.raises(Conflict) as caught:
            store.save(unit(change(first.record, name="second")))
        assert (caught.value.id, caught.value.expected_version) == ("a", 2)
        assert store.get("opportunity", "a") == first.record
