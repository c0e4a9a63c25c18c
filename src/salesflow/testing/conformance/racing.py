"""
Threads that meet in one store: of two at the same moment one wins, and whoever reads sees whole units (HIST-3).

Threads find little in a store that several processes use; its own races are for its own tests.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest

from salesflow.errors import Conflict
from salesflow.model import Activity, replay
from salesflow.ports import DoneOnce, Query
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING, TeamIn

_ROUNDS = 5
_PAUSE_SECONDS = 0.001  # who reads without a pause may keep a writer from the only connection


def together(*tasks: Callable[[], Any]) -> list[BaseException | None]:
    """Run *tasks* in threads that begin at one moment; return what each raised, None where nothing."""
    barrier, raised = Barrier(len(tasks)), list[BaseException | None]([None] * len(tasks))

    def run(number: int, task: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            task()
        except BaseException as problem:
            raised[number] = problem

    threads = [Thread(target=run, args=each) for each in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


class RaceRules(StoreSuite):
    """
    What holds while several threads read and write.

    Source: HIST-3, LEAD-11, RULE-3.
    """

    def test_no_update_is_lost(self, store: Any) -> None:
        """HIST-3, I-35: of changes raced by two threads each acknowledged one is there, and none twice."""
        store.save(unit(new(make_opportunity("a"))))

        def write(numbers: range) -> None:
            for number in numbers:
                while True:
                    record = store.get("opportunity", "a")
                    activity = Activity(str(number), "note", "x", AT, "li")
                    try:
                        store.save(unit(change(record, activities=(*record.activities, activity))))
                        break
                    except Conflict:
                        continue

        assert together(partial(write, range(10)), partial(write, range(10, 20))) == [None, None]
        record = store.get("opportunity", "a")
        assert sorted(int(activity.id) for activity in record.activities) == list(range(20))
        assert record.version == 21
        if hasattr(store, "events"):
            assert replay(store.events("opportunity", "a")) == record

    def test_one_of_two_new_records_wins(self, store: Any) -> None:
        """HIST-3: two new records with one id: one is saved, the other is a conflict."""
        for number in range(_ROUNDS):
            tasks = [partial(store.save, unit(new(make_opportunity(str(number), who)))) for who in ("li", "wang")]
            assert sorted(map(type, together(*tasks)), key=repr) == [type(None), Conflict]
        assert len(store.query(Query("opportunity", EVERYTHING))) == _ROUNDS

    def test_one_of_two_uses_of_a_key_wins(self, store: Any) -> None:
        """HIST-3, I-39: the second of two operations with one key saves nothing."""
        self._capable(store, "done", "KeepsKeys")
        for number in range(_ROUNDS):
            done = DoneOnce(f"key {number}", "create", ())
            tasks = [
                partial(store.save, unit(new(make_opportunity(f"{number}{who}")), done=done)) for who in ("li", "wang")
            ]
            assert sorted(map(type, together(*tasks)), key=repr) == [type(None), Conflict]
        assert len(store.query(Query("opportunity", EVERYTHING))) == _ROUNDS

    def test_a_deletion_and_a_change_do_not_both_win(self, store: Any) -> None:
        """LEAD-11: whichever comes first, the other is a conflict, and nothing of a deleted record is left."""
        for number in range(_ROUNDS):
            record = make_opportunity(str(number))
            store.save(unit(new(record)))
            tasks = (partial(store.save, unit(deletion(record))), partial(store.save, unit(change(record, name="x"))))
            assert sorted(map(type, together(*tasks)), key=repr) == [type(None), Conflict]
            is_gone = store.get("opportunity", record.id) is None
            if hasattr(store, "events"):
                assert is_gone is (len(store.events("opportunity", record.id)) == 0)

    def test_crossed_units_both_end(self, store: Any) -> None:
        """HIST-3, I-42: two units that change the same two records, named in either order: one wins, none waits."""
        for number in range(_ROUNDS):
            deals = [make_opportunity(f"{number}{which}") for which in "ab"]
            store.save(unit(*map(new, deals)))
            first, second = [change(deal, name="x") for deal in deals], [change(deal, name="y") for deal in deals[::-1]]
            raised = together(partial(store.save, unit(*first)), partial(store.save, unit(*second)))
            assert sorted(map(type, raised), key=repr) == [type(None), Conflict]
            assert len({store.get("opportunity", deal.id).name for deal in deals}) == 1

    def test_readers_see_whole_units(self, store: Any) -> None:
        """HIST-3, I-43: while a writer saves two records at once, no list ever holds one without the other."""
        seen: list[int] = []
        ended = Event()

        def write() -> None:
            try:
                for number in range(20):
                    pair = [make_opportunity(f"{number}{which}", "li") for which in "ab"]
                    store.save(unit(*map(new, pair)))
            finally:
                ended.set()

        def read() -> None:
            while not ended.is_set():
                sleep(_PAUSE_SECONDS)
                seen.append(len(store.query(Query("opportunity", TeamIn({"li"}), "-close_date"))))

        assert together(write, read) == [None, None]
        assert {number % 2 for number in seen} == {0}

    @pytest.mark.parametrize("writers", [1, 3])
    def test_a_reader_of_the_outbox_misses_nothing(self, store: Any, writers: int) -> None:
        """RULE-3, I-15: a reader that follows the positions meets every event once, those of a record in order."""
        self._capable(store, "outbox", "KeepsOutbox")
        found: list[Any] = []
        ended = [Event() for _ in range(writers)]

        def write(writer: int) -> None:
            try:
                for number in range(10):
                    record = make_opportunity(f"{writer} {number}")
                    store.save(unit(new(record)))
                    store.save(unit(change(record, name="x")))
            finally:
                ended[writer].set()

        def read() -> None:
            at, is_last = 0, False
            while not is_last:
                sleep(_PAUSE_SECONDS)
                is_last = all(each.is_set() for each in ended)
                while piece := store.outbox(at, 3):
                    found.extend(event for _, event in piece)
                    at = piece[-1][0]

        assert set(together(read, *[partial(write, writer) for writer in range(writers)])) == {None}
        told = [(event.record_id, event.version) for event in found]
        assert len(set(told)) == len(told) == writers * 20
        for record in {id for id, _ in told}:
            assert [version for id, version in told if id == record] == [1, 2]
