"""
Writers that are killed in the middle of their work, and what must be true of the database afterwards (REL-5).

A writer saves one unit of work after another: a counter that grows by one activity, a new deal, and a mark. It
acknowledges each when `save` has returned. Then it is killed with signal 9 at any moment.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import make_url, text

from salesflow.model import Activity, apply, replay
from salesflow.model.events import EventBuilder, EventKind
from salesflow.ports import DoneOnce, Write
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import AT, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING

LONGEST_WAIT_SECONDS = 0.06
"""A writer is killed at most so long after it began, or by turns after its first acknowledgement."""

BROKEN_PAUSE_SECONDS = 0.02
"""How long a broken writer's database is not what it says."""

Record = Any


def noted(record: Record, number: int) -> Write:
    """Return the write that adds one activity: a counter whose every step can be told apart."""
    builder = EventBuilder(record, at=AT, by="li", operation="note")
    builder.add(EventKind.ACTIVITY_ADDED, activities=(*record.activities, Activity(str(number), "note", "x", AT, "li")))
    events = builder.decision().events
    return Write(record.KIND, record.id, record.version, apply(record, events), events)


def write(store: SqlStore, how: str, turn: str) -> None:
    """Save for ever, and acknowledge each unit; *how* says whether as one should."""
    store.get("opportunity", "nothing")
    _tell("begun", 0)
    counter = make_opportunity(f"counter {turn}")
    for number in range(sys.maxsize):
        growing = new(counter) if number == 0 else noted(counter, number)
        made, done = new(make_opportunity(f"{turn} {number}")), DoneOnce(f"{turn} {number}", "note", ())
        match how:
            case "whole":
                store.save(unit(growing, made, done=done))
            case "in two commits":
                store.save(unit(growing, done=done))
                time.sleep(BROKEN_PAUSE_SECONDS)
                store.save(unit(made))
            case "acknowledged too early":
                _tell("done", number)
                time.sleep(BROKEN_PAUSE_SECONDS)
                store.save(unit(growing, made, done=done))
        counter = growing.record
        _tell("done", number)


def _tell(word: str, number: int) -> None:
    os.write(1, f"{word} {number}\n".encode())


def serve(url: str, how: str) -> None:
    """Make a writer for each line: starting Python anew for each would take longer than it lives."""
    store = SqlStore(url)
    # what is compiled once is compiled here
    warm = make_opportunity("warm")
    elsewhere = SqlStore(store._engine, tenant=f"warm {os.getpid()}")
    elsewhere.save(unit(new(warm), done=DoneOnce("warm", "note", ())))
    elsewhere.save(unit(noted(warm, 1)))
    store._engine.dispose()
    for line in sys.stdin:
        writer = os.fork()
        if writer == 0:
            write(store, how, line.strip())
        _tell("pid", writer)
        os.waitpid(writer, 0)
        _tell("dead", 0)


_SERVE = "import sys; from tests.stores.crashes import serve; serve(*sys.argv[1:])"


@contextmanager
def writers(url: str, how: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that makes writers; it ends with the block, and a writer that lives with it."""
    with subprocess.Popen([sys.executable, "-c", _SERVE, url, how], stdin=-1, stdout=-1, text=True) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def killed(process: subprocess.Popen[str], turn: int, wait_seconds: float) -> int | None:
    """
    Let a writer begin, kill it after *wait_seconds*; return the last number that it acknowledged, or None.

    The time counts from when it began in one turn, and from its first acknowledgement in the next.
    """
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{turn}\n")
    process.stdin.flush()
    told: dict[str, int] = {}
    awaited = {"pid", "done" if turn % 2 else "begun"}
    while not awaited <= told.keys():
        word, number = process.stdout.readline().split()
        told[word] = int(number)
    time.sleep(wait_seconds)
    os.kill(told["pid"], signal.SIGKILL)
    while "dead" not in told:
        word, number = process.stdout.readline().split()
        told[word] = int(number)
    return told.get("done")


def settle(store: SqlStore, name: str) -> None:
    """Wait until no connection called *name* is left: a PostgreSQL server may finish what a dead writer began."""
    if store._engine.dialect.name != "postgresql":
        return
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    for _ in range(2_000):
        with store._engine.connect() as connection:
            if not connection.scalar(asked, {"name": name}):
                return
        time.sleep(0.005)
    raise AssertionError("a dead writer's connection stays for ever")


class Witness:
    """
    Looks at the database after each death, and fails where an acknowledged change is missing or one is half there.

    Args:
        store: A store on the same database.
    """

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._place = 0
        self.acknowledged = self.saved = 0

    def look(self, turn: int, acknowledged: int | None) -> None:
        """Assert that the turn's units are there as a whole, up to the last acknowledged one or the next."""
        store = self._store
        told = store.outbox(self._place, 10**6)
        counter: Record = store.get("opportunity", f"counter {turn}")
        number = -1 if counter is None else len(counter.activities)
        least = -1 if acknowledged is None else acknowledged
        assert number in (least, least + 1)
        if counter is not None:
            assert [int(activity.id) for activity in counter.activities] == list(range(1, number + 1))
            assert replay(store.events("opportunity", counter.id)) == counter
        deals = store.get_many("opportunity", [f"{turn} {each}" for each in range(number + 3)])
        assert set(deals) == {f"{turn} {each}" for each in range(number + 1)}
        for deal in deals.values():
            assert replay(store.events("opportunity", deal.id)) == deal
        marks = [store.done(f"{turn} {each}") is not None for each in range(number + 3)]
        assert marks == [True] * (number + 1) + [False, False]
        self._follow(turn, told)
        self.acknowledged += least + 1
        self.saved += number + 1

    def _follow(self, turn: int, told: Any) -> None:
        """I-15: the outbox goes on without a gap, and holds each unit's events, once and together."""
        assert [place for place, _ in told] == list(range(self._place + 1, self._place + len(told) + 1))
        self._place += len(told)
        pairs = [(event.record_id, event.version) for _, event in told]
        for number in range(len(pairs) // 2):
            assert set(pairs[2 * number : 2 * number + 2]) == {(f"counter {turn}", number + 1), (f"{turn} {number}", 1)}

    def end(self, turns: int) -> None:
        """Assert that the whole database is sound, and that it holds nothing else."""
        store = self._store
        counters = store.get_many("opportunity", [f"counter {turn}" for turn in range(turns)])
        assert store.count("opportunity", EVERYTHING) == self.saved + len(counters)
        assert self._place == 2 * self.saved
        if store._engine.dialect.name == "sqlite":
            with store._engine.connect() as connection:
                assert connection.scalar(text("PRAGMA integrity_check")) == "ok"


def survives(url: str, kills: int, how: str = "whole") -> Witness:
    """Kill *kills* writers one after another, and assert after each that the database holds whole units."""
    named = make_url(url)
    if named.get_backend_name() == "postgresql":
        named = named.update_query_dict({"application_name": "writer"})
    with SqlStore(url) as store:
        store.create_schema()
    with SqlStore(url) as store, writers(named.render_as_string(hide_password=False), how) as process:
        witness, chance = Witness(store), random.Random(7)
        for turn in range(kills):
            acknowledged = killed(process, turn, chance.uniform(0.0, LONGEST_WAIT_SECONDS))
            settle(store, "writer")
            witness.look(turn, acknowledged)
        witness.end(kills)
        return witness
