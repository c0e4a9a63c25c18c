"""What a database does to the SQL store, and what the store then says: typed, and all is as it was (REL-7, REL-8)."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text

from salesflow import Employee, NewCustomer, Organization, SalesFlow, templates
from salesflow.errors import PortError
from salesflow.ports import DoneOnce, Query
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import FILTERS, change, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING
from tests.stores.databases import fresh_store

OPERATIONS: dict[str, Callable[[SqlStore], Any]] = {
    "get": lambda store: store.get("opportunity", "a"),
    "get_many": lambda store: store.get_many("opportunity", ["a"]),
    "query": lambda store: store.query(Query("opportunity", FILTERS["owner"], limit=1)),
    "ids": lambda store: store.ids("opportunity", FILTERS["owner"]),
    "count": lambda store: store.count("opportunity", FILTERS["owner"]),
    "save": lambda store: store.save(unit(new(make_opportunity("b")))),
    "events": lambda store: store.events("opportunity", "a"),
    "done": lambda store: store.done("key"),
    "outbox": lambda store: store.outbox(0, 10),
    "revision": lambda store: store.revision("opportunity"),
    "tombstone": lambda store: store.tombstone("opportunity", "a"),
}
"""Every operation of a store."""


@pytest.fixture
def url(tmp_path):
    """A database file that holds one deal."""
    url = f"sqlite:///{tmp_path / 'sales.db'}"
    with SqlStore(url) as store:
        store.save(unit(new(make_opportunity("a"))))
    return url


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_closed_store_says_so(url, operation):
    """REL-7: whatever is asked of a closed store, it says that it is closed; it does not open itself again."""
    store = SqlStore(url)
    store.close()
    store.close()
    with pytest.raises(PortError, match="closed; make another SqlStore"):
        OPERATIONS[operation](store)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_table_that_is_gone_is_a_typed_error(url, operation):
    """REL-7: whatever the database refuses is a PortError with its words, without statement and values."""
    with SqlStore(url) as store:
        with store._engine.connect() as connection:
            for (name,) in list(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")):
                connection.exec_driver_sql(f"ALTER TABLE {name} RENAME TO gone_{name}")
        with pytest.raises(PortError, match="no such table") as caught:
            OPERATIONS[operation](store)
    assert "SELECT" not in str(caught.value)
    assert "INSERT" not in str(caught.value)


def test_a_full_disk_loses_nothing_that_was_there(url):
    """REL-7: where the disk is full, the unit is refused as a whole, and what would do is said."""
    with SqlStore(url) as store:
        store._engine.dispose()
        # as many pages as there are already
        event.listen(store._engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1"))
        with pytest.raises(PortError, match="full; make room on the disk"):
            store.save(unit(*[new(make_opportunity(f"n{n}", name="x" * 300)) for n in range(300)]))
        assert store.get("opportunity", "a") == make_opportunity("a")  # who reads needs no room

    with SqlStore(url) as store:
        assert store.ids("opportunity", EVERYTHING) == {"a"}
        assert store.count("opportunity", EVERYTHING) == len(store.outbox(0, 10)) == 1


def test_a_file_that_may_not_be_written_can_be_read(url):
    """REL-7: a read-only database answers, and refuses a change with what would do."""
    path = url.removeprefix("sqlite:///")
    with SqlStore(url) as open_elsewhere, SqlStore(f"sqlite:///file:{path}?mode=ro&uri=true") as store:
        assert store.get("opportunity", "a") == open_elsewhere.get("opportunity", "a")
        with pytest.raises(PortError, match=r"readonly.*right to write"):
            store.save(unit(new(make_opportunity("b"))))


@pytest.mark.parametrize("content", [b"no database, but quite a long text" * 50, b"SQLite format 3\x00" + b"x" * 5000])
def test_a_file_that_is_no_database_is_refused(tmp_path, content):
    """REL-8: another file is not touched, and the error says that it is none."""
    path = tmp_path / "sales.db"
    path.write_bytes(content)
    with pytest.raises(PortError, match=r"cannot open .*(no SQLite database|damaged)"):
        SqlStore(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there_is_named(tmp_path):
    """REL-8: so does a path where no file can be."""
    with pytest.raises(PortError, match=r"nowhere.*folder must be there"):
        SqlStore(f"sqlite:///{tmp_path / 'nowhere' / 'sales.db'}")


def test_a_writer_that_does_not_end_is_waited_for_and_named(url, monkeypatch):
    """REL-7: after the busy timeout the store gives up, says so, and takes up again when the other is done."""
    monkeypatch.setattr("salesflow.stores.sql.dialects.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    with SqlStore(url) as store:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(PortError, match="locked; another process has been writing for too long"):
            store.save(unit(new(make_opportunity("b"))))
        assert store.get("opportunity", "b") is None  # readers are not held up
        other.execute("ROLLBACK")
        store.save(unit(new(make_opportunity("b"))))
        assert store.count("opportunity", EVERYTHING) == 2
    other.close()


@pytest.mark.parametrize("statement", range(9))
def test_a_connection_lost_while_saving_leaves_nothing_half_there(url, statement):
    """REL-7: at whichever statement the connection goes, nothing of the unit is there, and the next one is saved."""
    store = SqlStore(url)
    seen: list[str] = []

    def cut(connection, cursor, told, *_):
        seen.append(told)
        if len(seen) == statement + 1:
            connection.connection.driver_connection.close()

    record = store.get("opportunity", "a")
    two = unit(change(record, name="changed"), new(make_opportunity("b")), done=DoneOnce("key", "edit", ()))
    event.listen(store._engine, "before_cursor_execute", cut)
    with pytest.raises(PortError):
        store.save(two)
    event.remove(store._engine, "before_cursor_execute", cut)
    assert len(seen) == statement + 1

    assert store.get_many("opportunity", ["a", "b"]) == {"a": record}
    assert (store.done("key"), len(store.events("opportunity", "a"))) == (None, 1)
    with store._engine.connect() as connection:
        connection.invalidate()
    store.save(two)
    assert store.count("opportunity", EVERYTHING) == 2
    store.close()


def test_a_forked_process_opens_its_own_connections(url):
    """REL-7: a store that a process inherits works there, and the parent's goes on."""
    with SqlStore(url) as store:
        store.get("opportunity", "a")
        child = os.fork()
        if child == 0:
            code = 1
            try:
                store.save(unit(new(make_opportunity("child"))))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        store.save(unit(new(make_opportunity("parent"))))
        assert status == 0
        assert store.ids("opportunity", EVERYTHING) == {"a", "child", "parent"}


def test_the_facade_passes_the_words_on(url):
    """REL-7: through the library it is the same error, and no sales person reads a statement."""
    store = SqlStore(url)
    flow = SalesFlow(store=store, organization=Organization([Employee("li")]), processes=templates.builtin())
    li = flow.acting_as("li")
    store.close()
    with pytest.raises(PortError, match="closed"):
        li.customers.create(NewCustomer("Acme").name)


def test_words_without_advice_stay(memory_engine):
    """REL-7: what nobody foresaw is told in the database's own words."""
    with pytest.raises(PortError, match="syntax error"):
        SqlStore(memory_engine)._scalar(text("SELEC 1"))


_OPENERS = """
import os, sys
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import make_opportunity, new, unit

def run(number):
    for file in range(5):
        SqlStore(f"{sys.argv[1]}{file}.db").save(unit(new(make_opportunity(str(number)))))

writers = []
for number in range(3):
    writers.append(os.fork())
    if writers[-1] == 0:
        run(number)
        os._exit(0)
sys.exit(any(os.waitpid(writer, 0)[1] for writer in writers))
"""


def test_processes_open_one_new_file(tmp_path):
    """HIST-3: processes that open a database at one moment make its tables once, and all write."""
    url = f"sqlite:///{tmp_path / 'sales'}"
    subprocess.run([sys.executable, "-c", _OPENERS, url], check=True)
    for file in range(5):
        with SqlStore(f"{url}{file}.db") as store:
            assert store.ids("opportunity", EVERYTHING) == {"0", "1", "2"}


def test_an_error_in_the_middle_leaves_nothing(file_engine, monkeypatch):
    """REL-7: whatever raises while a unit is being saved, all is as it was, and the store goes on."""
    store = fresh_store(file_engine)
    monkeypatch.setattr("salesflow.stores.sql.writing.Writer._tell", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.save(unit(new(make_opportunity("a"))))
    monkeypatch.undo()

    assert store.get("opportunity", "a") is None
    store.save(unit(new(make_opportunity("a"))))
    assert store.count("opportunity", EVERYTHING) == 1
