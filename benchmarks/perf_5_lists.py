"""
PERF-5: the first page of 50 by close date, the capped count and the exact count of what a viewer sees, in SQL.

On each of two databases (`benchmarks.lists.targets`), over one connection and within a reading transaction of the
store: the part of the store that yields rows, its choice of a way included, against the best of the hand-written shapes
(`benchmarks.lists.by_hand`) for that viewer. Both hand over the same rows, which neither decodes, and the answers are
equal before anything is timed. Every shape is tried once; those within twice the fastest are timed side by side with
ours, and the best of them is the peer. The store counts some rows to choose its way, and goes by that count for
up to fifty lists of one viewer; so ours is the mean of many lists where a list is short.

PERF-11: ours at a quarter of the size too, on a database beside the other, in the same rounds: a machine is not equally
quick from one minute to the next. A page must not cost more than the size grows.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any

from attrs import frozen
from sqlalchemy import Connection

from benchmarks.lists import by_hand
from benchmarks.lists.database import TENANT
from benchmarks.lists.targets import TARGETS, Target
from benchmarks.lists.world import DEALS, SIZE, Viewer, World, found_world
from benchmarks.measure import Result, Work, agree, compared, interleaved, repeated
from salesflow.ports import Query
from salesflow.stores.sql.compiler import FilterCompiler
from salesflow.stores.sql.dialects import dialect_of
from salesflow.stores.sql.lists import Reader
from salesflow.stores.sql.schema import SHELVES

BAR = "<= 1.3"
LINEAR = "<= 4.4"
_ROUNDS = 5  # and three times as many of what is short: a server's short times differ by a third from one to the next
_WORTH_TIMING = 2
_PATIENCE = 3  # a shape that takes longer than so many times the fastest so far is given up
_HOPELESS = 100  # and before any was fast, one that takes longer than so many times ours
_CHEAP_NS = 50_000_000  # what takes less is repeated within a round


def measure() -> list[Result]:
    """Return the ratios of PERF-5, and PERF-11 for it."""
    world = found_world()
    return [result for target in TARGETS for result in _measured(target, world)]


def _measured(target: Target, world: World) -> list[Result]:
    with target.filled(world, (DEALS, DEALS // 4)) as engines, ExitStack() as connections:
        whole, quarter = (_Asker(target, connections.enter_context(engine.connect())) for engine in engines.values())
        return [result for viewer in world.viewers for result in whole.compared(viewer, quarter)]


@frozen(eq=False)
class _Asker:
    """
    Asks one database over one connection.

    Args:
        target: Which database.
        connection: The connection.
    """

    target: Target
    connection: Connection

    def compared(self, viewer: Viewer, quarter: _Asker) -> list[Result]:
        """Return how our lists compare with the best hand-written shapes', and with ours at a quarter of the size."""
        values = {"tenant": TENANT, "viewer": viewer.id, "line": self.target.tongue.line(viewer.line)}
        writer = by_hand.Writer(self.target.tongue, values)
        by_name = {
            "first page": writer.pages(),
            "capped count": writer.counts(by_hand.CAP),
            "exact count": writer.counts(None),
        }
        connections = (self.connection, quarter.connection)
        clock = self.target.clock(connections)
        at_quarter = quarter._ours(viewer)
        found = []
        for name, ask in self._ours(viewer).items():
            near = self._worth_timing(by_name[name], ask, clock)
            for connection in connections:
                connection.exec_driver_sql(dialect_of(connection.engine).begin_reading)
            asks = {"ours": ask, "a quarter": at_quarter[name], **near}
            works = {shape: _work(run, clock) for shape, run in asks.items()}
            is_short = all(work.operations > 1 for work in works.values())
            times = interleaved(works, 3 * _ROUNDS if is_short else _ROUNDS, clock)
            for connection in connections:
                connection.exec_driver_sql("ROLLBACK")
            best = min(near, key=lambda shape: median(times[shape]))
            asked = f"{self.target.name} {viewer.name} {name}"
            print(f"[{asked}: {best}]", flush=True)
            found.append(compared(f"PERF-5 {asked}{SIZE}", times["ours"], times[best], BAR))
            told = f"PERF-11 PERF-5 {asked}, four times the size{SIZE}"
            found.append(compared(told, times["ours"], times["a quarter"], LINEAR))
        return found

    def _ours(self, viewer: Viewer) -> dict[str, Callable[[], list[Any]]]:
        compiler = FilterCompiler(SHELVES["opportunity"], dialect_of(self.connection.engine))
        reader = Reader(self.connection, compiler, TENANT)
        page = Query("opportunity", viewer.filter, "-close_date", 50)
        return {
            "first page": lambda: list(
                reader._rows(reader._planned(page.filter), page.order_by, page.limit, page.after)
            ),
            "capped count": lambda: [(reader.count(viewer.filter, by_hand.CAP),)],
            "exact count": lambda: [(reader.count(viewer.filter, None),)],
        }

    def _worth_timing(
        self, shapes: dict[str, by_hand.Statement], ask: Callable[[], list[Any]], clock: Callable[[], int]
    ) -> dict[str, Callable[[], list[Any]]]:
        """Return the hand-written shapes that are not far behind the fastest; each gave our answer."""
        began = clock()
        expected = list(map(tuple, ask()))
        hopeless = _HOPELESS * (clock() - began)
        spent: dict[str, int] = {}
        for name, statement in shapes.items():
            patience = _PATIENCE * min(spent.values()) if spent else hopeless
            for _ in range(2):  # the first one warms up
                began = clock()
                answer = self.target.within(self.connection, max(patience, _CHEAP_NS) / 1e9, statement)
                if answer is not None:
                    spent[name] = clock() - began
                    agree({"ours": expected, name: list(map(tuple, answer))})
                if answer is None or spent[name] > _CHEAP_NS:
                    break
        near = _WORTH_TIMING * min(spent.values())
        return {
            name: lambda statement=statement: statement.run(self.connection)
            for name, statement in shapes.items()
            if spent.get(name, near + 1) <= near
        }


def _work(ask: Callable[[], list[Any]], clock: Callable[[], int]) -> Work:
    ask()
    began = clock()
    ask()
    times = max(1, min(50, _CHEAP_NS // max(1, clock() - began)))
    return Work(repeated(ask, times), times)
