"""
PERF-5: the first page of 50 by close date, the capped count and the exact count of what a viewer sees, in SQL.

On one database (`benchmarks.lists`) and over one connection: the part of the store that yields rows, its choice of
a way included, against the best of the hand-written shapes (`benchmarks.lists.by_hand`) for that viewer. Both hand
over the same rows, which neither decodes, and the answers are equal before anything is timed. Every shape is tried
once; those within twice the fastest are timed side by side with ours, and the best of them is the peer.

A target is a database and what its hand-written statements are; PostgreSQL becomes a second one.

PERF-11: ours at a quarter of the size and at the size; a page must not cost more than the size grows.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from benchmarks.lists import by_hand
from benchmarks.lists.database import TENANT, fill
from benchmarks.lists.world import DEALS, SIZE, Viewer, World, deals, found_world
from benchmarks.measure import Result, Work, agree, compared, interleaved, meets
from salesflow.ports import Query
from salesflow.stores.sql import SqlStore
from salesflow.stores.sql.compiler import FilterCompiler
from salesflow.stores.sql.dialects import dialect_of, make_engine
from salesflow.stores.sql.lists import Reader
from salesflow.stores.sql.schema import SHELVES

BAR = "<= 1.3"
LINEAR = "<= 4.4"
_WORTH_TIMING = 2
_PATIENCE = 3  # a shape that takes longer than so many times the fastest so far is given up
_HOPELESS = 100  # and before any was fast, one that takes longer than so many times ours
_CHEAP_NS = 20_000_000  # what takes less is repeated within a round


def measure() -> list[Result]:
    """Return the ratios of PERF-5, and PERF-11 for it."""
    world = found_world()
    results: list[Result] = []
    ours: dict[int, dict[str, float]] = {}
    for size in (DEALS // 4, DEALS):
        with on_sqlite(world, size) as engine, engine.connect() as connection:
            found = _compared(connection, world, is_timed_by_hand=size == DEALS)
        ours[size] = {name: median(times) for name, (times, _) in found.items()}
        results += [compared(f"PERF-5 SQLite {name}{SIZE}", *pair, BAR) for name, pair in found.items() if pair[1]]
    for name, time in ours[DEALS].items():
        before = ours[DEALS // 4][name]
        ratio = time / before
        name = f"PERF-11 PERF-5 SQLite {name}, four times the size{SIZE}"
        shown = (round(time, 3), round(before, 3), "us", round(ratio, 2))
        results.append(Result(name, *shown, LINEAR, meets(ratio, LINEAR)))
    return results


@contextmanager
def on_sqlite(world: World, size: int) -> Iterator[Engine]:
    """Give a database file with so many deals; it is gone at the end."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'deals.db'}"
        SqlStore(url).close()
        engine = make_engine(url)
        fill(engine, world, deals(world, size), size)
        yield engine
        engine.dispose()


def _compared(
    connection: Connection, world: World, *, is_timed_by_hand: bool
) -> dict[str, tuple[list[float], list[float]]]:
    """Return, by what was asked, our times and the best hand-written shape's; none where that was not timed."""
    found = {}
    for viewer in world.viewers:
        values = {"tenant": TENANT, "viewer": viewer.id, "line": json.dumps(sorted(viewer.line))}
        by_name = {
            "first page": by_hand.pages(values),
            "capped count": by_hand.counts(values, by_hand.CAP),
            "exact count": by_hand.counts(values, None),
        }
        ours = _ours(connection, viewer)
        for name, ask in ours.items():
            works = {"ours": _work(ask)}
            if is_timed_by_hand:
                works |= _worth_timing(connection, by_name[name], ask)
            times = interleaved(works, 5)
            mine = times.pop("ours")
            best = min(times, key=lambda shape: median(times[shape])) if times else ""
            if best:
                print(f"[{viewer.name} {name}: {best}]", end=" ", flush=True)
            found[f"{viewer.name} {name}"] = (mine, times.get(best, []))
    return found


def _ours(connection: Connection, viewer: Viewer) -> dict[str, Callable[[], list[Any]]]:
    compiler = FilterCompiler(SHELVES["opportunity"], dialect_of(connection.engine))
    reader = Reader(connection, compiler, TENANT)
    page = Query("opportunity", viewer.filter, "-close_date", 50)
    return {
        "first page": lambda: list(reader._rows(reader._planned(page.filter), page.order_by, page.limit, page.after)),
        "capped count": lambda: [(reader.count(viewer.filter, by_hand.CAP),)],
        "exact count": lambda: [(reader.count(viewer.filter, None),)],
    }


def _worth_timing(
    connection: Connection, shapes: dict[str, by_hand.Statement], ask: Callable[[], list[Any]]
) -> dict[str, Work]:
    """Return the hand-written shapes that are not far behind the fastest; each gave our answer."""
    began = process_time_ns()
    expected = list(map(tuple, ask()))
    hopeless = _HOPELESS * (process_time_ns() - began)
    spent: dict[str, int] = {}
    for name, statement in shapes.items():
        patience = _PATIENCE * min(spent.values()) if spent else hopeless
        for _ in range(2):  # the first one warms up
            began = process_time_ns()
            answer = _within(connection, began + max(patience, _CHEAP_NS), statement)
            if answer is not None:
                spent[name] = process_time_ns() - began
                agree({"ours": expected, name: list(map(tuple, answer))})
            if answer is None or spent[name] > _CHEAP_NS:
                break
    near = _WORTH_TIMING * min(spent.values())
    return {
        name: _work(lambda statement=statement: statement.run(connection))
        for name, statement in shapes.items()
        if spent.get(name, near + 1) <= near
    }


def _within(connection: Connection, until: int, statement: by_hand.Statement) -> list[Any] | None:
    """Return the statement's rows, or None where it takes longer than *until* of this process's CPU time."""
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: process_time_ns() > until, 100_000)
    try:
        return statement.run(connection)
    except OperationalError:
        return None
    finally:
        driver.set_progress_handler(None, 0)


def _work(ask: Callable[[], list[Any]]) -> Work:
    began = process_time_ns()
    ask()
    times = max(1, min(50, _CHEAP_NS // max(1, process_time_ns() - began)))

    def run(_prepared: Any) -> None:
        for _ in range(times):
            ask()

    return Work(run, times)
