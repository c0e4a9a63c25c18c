"""Several threads and processes on one SQLite file: nothing lost, doubled or half done (HIST-3, REL-5)."""

import os
import random
import signal
import subprocess
import sys
import time
from threading import Barrier, Thread
from typing import Any

import pytest

from salesflow.errors import Conflict
from salesflow.model import Activity, apply, replay
from salesflow.model.events import EventBuilder, EventKind
from salesflow.ports import DoneOnce, Query, UnitOfWork, Write
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import AT, deletion, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING, TeamIn
from tests.stores.databases import fresh_store


def noted(record, number: int) -> Write:
    """Return the write that adds one activity: a counter whose every step can be told apart."""
    builder = EventBuilder(record, at=AT, by="li", operation="note")
    builder.add(EventKind.ACTIVITY_ADDED, activities=(*record.activities, Activity(str(number), "note", "x", AT, "li")))
    events = builder.decision().events
    return Write(record.KIND, record.id, record.version, apply(record, events), events)


def together(*tasks) -> list[Any]:
    """Run *tasks* in threads that begin at one moment; return what they raised."""
    barrier, raised = Barrier(len(tasks)), []

    def run(task):
        barrier.wait()
        try:
            task()
        except BaseException as problem:
            raised.append(problem)

    threads = [Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("kind", ["file_engine", "memory_engine"])
def test_no_update_is_lost(request, kind):
    """HIST-3: of changes raced by two threads each acknowledged one is there, and none twice."""
    store = fresh_store(request.getfixturevalue(kind), make_opportunity("a"))

    def write(numbers):
        for number in numbers:
            while True:
                try:
                    store.save(unit(noted(store.get("opportunity", "a"), number)))
                    break
                except Conflict:
                    continue

    assert together(lambda: write(range(15)), lambda: write(range(100, 115))) == []

    record: Any = store.get("opportunity", "a")
    assert {activity.id for activity in record.activities} == set(map(str, [*range(15), *range(100, 115)]))
    assert record.version == 31
    assert replay(store.events("opportunity", "a")) == record


def test_one_of_two_wins(file_engine):
    """HIST-3: of two new records with one id, two first uses of a key, one is saved and the other a conflict."""
    store = fresh_store(file_engine)
    for number in range(5):
        id, key = f"deal {number}", f"key {number}"
        done = DoneOnce(key, "create", ())

        same_id = together(*[lambda who=who, id=id: store.save(unit(new(make_opportunity(id, who)))) for who in "ab"])
        same_key = together(
            *[lambda id=id + who, done=done: store.save(unit(new(make_opportunity(id)), done=done)) for who in "ab"]
        )

        assert [type(problem) for problem in same_id + same_key] == [Conflict, Conflict]
        assert same_key[0].kind == "idempotency key"
    assert store.count("opportunity", EVERYTHING) == len(store.query(Query("opportunity", EVERYTHING))) == 10


def test_a_deletion_and_a_change_do_not_both_win(file_engine):
    """LEAD-11: whichever comes first, the other is a conflict, and nothing of a deleted record is left."""
    store = fresh_store(file_engine)
    for number in range(5):
        record = make_opportunity(str(number))
        store.save(unit(new(record)))
        problems = together(
            lambda record=record: store.save(unit(deletion(record))),
            lambda record=record: store.save(unit(noted(record, 1))),
        )
        assert [type(problem) for problem in problems] == [Conflict]
        is_gone = store.get("opportunity", record.id) is None
        assert is_gone is (store.tombstone("opportunity", record.id) is not None)
        assert is_gone is (len(store.events("opportunity", record.id)) == 0)


def test_readers_see_whole_units(file_engine):
    """HIST-3: while a writer saves two records at once, a reader never sees one without the other."""
    store = fresh_store(file_engine)
    seen: list[int] = []

    def write():
        for number in range(30):
            store.save(unit(new(make_opportunity(f"{number}a", "li")), new(make_opportunity(f"{number}b", "li"))))

    def read():
        while not seen or seen[-1] < 60:
            seen.append(len(store.query(Query("opportunity", TeamIn({"li"}), "-close_date"))))

    assert together(write, read) == []
    assert all(number % 2 == 0 for number in seen)


def test_tenants_are_strangers(file_engine):
    """I-31: two tenants with the same ids, keys and people never meet, neither reading nor writing."""
    first, second = fresh_store(file_engine), fresh_store(file_engine)
    record = make_opportunity("a", "li", name="secret")
    first.save(unit(new(record), done=DoneOnce("key", "create", ())))
    first.save(unit(new(make_opportunity("gone"))))
    first.save(unit(deletion(first.get("opportunity", "gone"))))

    assert [second.get("opportunity", "a"), second.done("key"), second.tombstone("opportunity", "gone")] == [None] * 3
    assert [*second.query(Query("opportunity", EVERYTHING)), *second.events("opportunity", "a")] == []
    assert (second.ids("opportunity", TeamIn({"li"})), second.count("opportunity", EVERYTHING)) == (set(), 0)
    assert (list(second.outbox(0, 10)), second.revision("opportunity")) == ([], 0)
    with pytest.raises(Conflict):
        second.save(unit(noted(record, 1)))
    with pytest.raises(Conflict):
        second.save(unit(deletion(record)))
    second.save(unit(new(make_opportunity("a", "wang")), new(make_opportunity("gone")), done=DoneOnce("key", "x", ())))
    second.save(unit(deletion(second.get("opportunity", "a"))))
    assert first.get("opportunity", "a") == record
    assert len(first.events("opportunity", "a")) == 1


_WRITERS = """
import os, sys, time
from salesflow.stores.sql import SqlStore
from salesflow.ports import DoneOnce
from salesflow.testing.records import make_opportunity, new, unit
from tests.stores.test_sql_races import noted

def write(number):
    store = SqlStore(sys.argv[1])
    while True:
        number += 1
        old = store.get("opportunity", "counter")
        made, done = new(make_opportunity(f"deal {number}", "li")), DoneOnce(f"key {number}", "note", ())
        if sys.argv[2] == "broken":  # in two commits, with a pause between them
            store.save(unit(noted(old, number), done=done))
            print("done", number, flush=True)
            time.sleep(0.2)
            store.save(unit(made))
            continue
        store.save(unit(noted(old, number), made, done=done))
        print("done", number, flush=True)

for line in sys.stdin:
    writer = os.fork()
    if writer == 0:
        write(int(line))
    print("pid", writer, flush=True)
    os.waitpid(writer, 0)
    print("dead", 0, flush=True)
"""
"""A process that makes writers, one for each line it is given: starting Python anew for each would take seconds."""


def _killed_writer(writers: Any, first: int, wait: float) -> int:
    """Let a writer run, kill it *wait* seconds after its first change; return the last one it acknowledged."""
    writers.stdin.write(f"{first}\n")
    writers.stdin.flush()
    told: dict[str, int] = {}
    while not {"pid", "done"} <= told.keys():
        word, number = writers.stdout.readline().split()
        told[word] = int(number)
    time.sleep(wait)
    os.kill(told["pid"], signal.SIGKILL)
    while "dead" not in told:
        word, number = writers.stdout.readline().split()
        told[word] = int(number)
    return told["done"]


def _survives(url: str, kills: int, how: str) -> None:
    """Kill *kills* writers one after another, and assert after each that the database holds whole units."""
    command = [sys.executable, "-c", _WRITERS, url, how]
    with SqlStore(url) as store, subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as writers:
        store.save(unit(new(make_opportunity("counter"))))
        number, chance = 0, random.Random(7)
        for _ in range(kills):
            acknowledged = _killed_writer(writers, number, chance.uniform(0.0, 0.03))
            counter: Any = store.get("opportunity", "counter")
            numbers = [int(activity.id) for activity in counter.activities]
            number = numbers[-1]

            assert numbers == list(range(1, number + 1))
            assert number in (acknowledged, acknowledged + 1)
            assert replay(store.events("opportunity", "counter")) == counter
            assert store.ids("opportunity", EVERYTHING) == {"counter", *(f"deal {n}" for n in numbers)}
            assert store.count("opportunity", EVERYTHING) == number + 1
            assert [store.done(f"key {n}") is not None for n in (number, number + 1)] == [True, False]
            places = [place for place, _ in store.outbox(0, 10**6)]
            assert places == list(range(1, 2 * number + 2))


@pytest.mark.parametrize("kills", [10, pytest.param(1000, marks=pytest.mark.long)])
def test_a_killed_writer_leaves_whole_units(tmp_path, kills):
    """REL-5: after kill -9 every acknowledged change is there, none is half there, and replay gives the record."""
    _survives(f"sqlite:///{tmp_path / 'sales.db'}", kills, "whole")


def test_the_harness_catches_a_broken_writer(tmp_path):
    """REL-5: a writer that saves in two commits is found out, or the test above would prove nothing."""
    with pytest.raises(AssertionError):
        _survives(f"sqlite:///{tmp_path / 'sales.db'}", 5, "broken")


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
        store.save(UnitOfWork((new(make_opportunity("a")),)))
    monkeypatch.undo()

    assert store.get("opportunity", "a") is None
    store.save(unit(new(make_opportunity("a"))))
    assert store.count("opportunity", EVERYTHING) == 1
