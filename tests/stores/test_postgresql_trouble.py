"""What PostgreSQL does to a store, and what the store then does and says: repeated where safe, else typed (REL-7)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import create_engine, event, make_url, text

from salesflow.errors import PortError
from salesflow.ports import DoneOnce
from salesflow.stores.sql import SqlStore
from salesflow.stores.sql.store import TRIES
from salesflow.testing.records import change, make_opportunity, new, unit
from tests.stores.databases import fresh_store

UNDONE = {"a deadlock": "40P01", "a serialization failure": "40001"}


@pytest.fixture
def store(postgresql_engine):
    """A store that holds two deals."""
    return fresh_store(postgresql_engine, make_opportunity("a"), make_opportunity("b"))


def both_changed(store: SqlStore) -> Any:
    """Return a unit of work that changes both deals, makes a third, and is done once."""
    deals = [change(store.get("opportunity", id), name="changed") for id in ("a", "b")]
    return unit(*deals, new(make_opportunity("c")), done=DoneOnce("key", "edit", ()))


@contextmanager
def failing(store: SqlStore, code: str, statement: int, times: int) -> Iterator[list[str]]:
    """Let the server fail with *code* at one statement of every save, so many *times*; give what was asked of it."""
    told: list[str] = []
    failed = [0]

    def replace(
        _connection: Any, _cursor: Any, asked: str, values: Any, _context: Any, is_many: bool
    ) -> tuple[str, Any]:  # fmt: skip
        if asked.startswith("BEGIN"):
            told.clear()
        told.append(asked)
        if len(told) == statement + 1 and failed[0] < times:
            failed[0] += 1
            return f"DO $$ BEGIN RAISE EXCEPTION 'undone' USING ERRCODE = '{code}'; END $$", [()] if is_many else ()
        return asked, values

    event.listen(store._engine, "before_cursor_execute", replace, retval=True)
    try:
        yield told
    finally:
        event.remove(store._engine, "before_cursor_execute", replace)


@pytest.mark.parametrize("times", [1, TRIES - 1])
@pytest.mark.parametrize("code", UNDONE.values(), ids=UNDONE)
@pytest.mark.parametrize("statement", range(1, 9))
def test_what_the_database_undoes_is_done_again_as_a_whole(store, statement, code, times):
    """I-41: undone for another's sake at any statement, the whole unit is run again, and is there once."""
    wanted = both_changed(store)
    with failing(store, code, statement, times) as told:
        store.save(wanted)
    assert len(told) > 8
    assert [store.get("opportunity", id).version for id in "abc"] == [2, 2, 1]
    assert [len(store.events("opportunity", id)) for id in "abc"] == [2, 2, 1]
    assert store.done("key") is not None


def test_nothing_is_tried_for_ever(store):
    """I-41: undone again and again, the caller is told, and nothing of it is there."""
    before = store.outbox(0, 100)
    with failing(store, "40P01", 3, TRIES), pytest.raises(PortError, match="again and again; repeat the operation"):
        store.save(both_changed(store))
    assert store.outbox(0, 100) == before


@pytest.mark.parametrize("code", ["53100", "57014", "XX000"])
def test_what_may_happen_again_is_not_tried_again(store, code):
    """I-41: only what the database undid for another's sake is repeated; a full disk is the caller's to know of."""
    before = store.outbox(0, 100)
    with failing(store, code, 3, 1), pytest.raises(PortError):
        store.save(both_changed(store))
    assert store.outbox(0, 100) == before


def test_a_deadlock_with_the_applications_own_work_ends(store, postgresql_engine):
    """I-42: another transaction that holds the same rows the other way round: the server undoes one, both end."""
    table, tenant = text("SELECT 1 FROM salesflow_opportunity WHERE tenant = :t AND id = :i FOR UPDATE"), store.tenant
    saved: list[Any] = []
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    wanted = both_changed(store)
    with postgresql_engine.connect() as other, postgresql_engine.connect() as watch:
        other.exec_driver_sql("BEGIN")
        other.execute(table, {"t": tenant, "i": "b"})
        saving = Thread(target=lambda: saved.append(store.save(wanted)))
        saving.start()
        while not watch.scalar(waiting):  # the store holds a, and waits for b
            pass
        other.execute(table, {"t": tenant, "i": "a"})
        other.exec_driver_sql("COMMIT")
        saving.join()
    assert saved == [None]
    assert [store.get("opportunity", id).version for id in "abc"] == [2, 2, 1]


def told_of(url: str, tenant: str, options: str) -> str:
    """Return what a change is told over a connection with *options*."""
    with SqlStore(make_url(url).update_query_dict({"options": options}).render_as_string(), tenant) as store:
        assert store.get("opportunity", "a") is not None  # readers are not held up
        with pytest.raises(PortError) as caught:
            store.save(unit(change(store.get("opportunity", "a"), name="x")))
        return str(caught.value)


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ("-c default_transaction_read_only=on", "takes no changes; name the one that does"),
        ("-c lock_timeout=50ms", "for too long; repeat the operation"),
        ("-c statement_timeout=50ms", "than the server allows; repeat the operation"),
    ],
)
def test_a_server_that_cannot_now_is_told_with_what_would_do(store, postgresql_url, postgresql_engine, options, advice):
    """REL-7: read-only, a lock held too long, a statement that takes too long: typed, and nothing is changed."""
    with postgresql_engine.connect() as other:
        other.exec_driver_sql("BEGIN")
        held = text("SELECT 1 FROM salesflow_opportunity WHERE tenant = :t FOR UPDATE")
        other.execute(held, {"t": store.tenant})
        assert advice in told_of(postgresql_url, store.tenant, options)
        other.exec_driver_sql("ROLLBACK")
    assert store.get("opportunity", "a").version == 1


def test_a_database_without_the_tables_is_told_what_would_do(postgresql_url):
    """REL-7: on PostgreSQL nobody makes tables unasked; the error says who can."""
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE bare"))
    bare = make_url(postgresql_url).set(database="bare").render_as_string()
    with SqlStore(bare) as store, pytest.raises(PortError, match=r"create_schema\(\)"):
        store.get("opportunity", "a")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE bare"))
    engine.dispose()


def test_a_server_that_is_not_there_is_a_typed_error(tmp_path):
    """REL-7: nobody listens: a `PortError`, at once."""
    with SqlStore(f"postgresql+psycopg://x@/y?host={tmp_path}") as store, pytest.raises(PortError, match="failed"):
        store.get("opportunity", "a")
