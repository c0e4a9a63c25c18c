"""
PERF-10: funnel, time in stage and period changes over 10,000,000 events, against hand-written DuckDB SQL.

The tables are those that `salesflow.analytics.write_tables` writes, as Parquet files: 2,500,000 opportunities of one
process of seven stages, one in twenty voided, each with four events that moved the open pipeline, and 7,500,000 stays.
Both read the same files over connections of their own with as many threads, count what an administrator sees in the
scene `all`, population included, and give equal results before anything is timed. The hand-written SQL is what somebody
would write who knows these tables: the exact quantiles of DuckDB, no joins beyond those needed. PERF-11: ours at a
quarter of the size and at the size. ``SALESFLOW_BENCH_EVENTS`` makes another number of events, for trying.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import ibis

import salesflow as sf
from benchmarks.figures.by_hand import BY_HAND, SHAPES
from benchmarks.figures.made import STAGES, make_tables
from benchmarks.measure import Result, Work, agree, compared, interleaved, meets, repeated
from salesflow import analytics
from salesflow.analytics.layout import FORMAT
from salesflow.visibility.filters import NOT_VOIDED

EVENTS = int(os.environ.get("SALESFLOW_BENCH_EVENTS", "10000000"))
"""How many events there are, at the size; a quarter of them are there at a quarter of it."""

SIZE = "" if EVENTS == 10_000_000 else f", {EVENTS:,} events"

NOW = datetime(2026, 1, 5, tzinfo=UTC)
PERIOD = (NOW - timedelta(days=90), NOW - timedelta(days=60))
PROCESS = sf.SalesProcess("sales", 1, [sf.Stage(code) for code in STAGES])

Asked = Mapping[str, tuple[Callable[[], Any], tuple[Any, ...]]]


def measure() -> list[Result]:
    """Return the ratios of PERF-10, and PERF-11 for it."""
    warnings.filterwarnings("ignore", "fetch_arrow_table", DeprecationWarning)
    quarter, whole = _measured(EVENTS // 4), _measured(EVENTS)
    results = [compared(f"PERF-10 {name} vs DuckDB SQL{SIZE}", *times, "<= 1.3", "us") for name, times in whole.items()]
    for name, (ours, _) in whole.items():
        before = median(quarter[name][0])
        ratio = median(ours) / before
        shown = (round(median(ours), 3), round(before, 3), "us", round(ratio, 2))
        name = f"PERF-11 PERF-10 {name}, four times the size{SIZE}"
        results.append(Result(name, *shown, "<= 4.4", meets(ratio, "<= 4.4")))
    return results


def _measured(events: int) -> dict[str, tuple[list[float], list[float]]]:
    with TemporaryDirectory() as folder:
        make_tables(Path(folder), events // 4)
        about = {"format": FORMAT, "zone": "UTC", "at": NOW.isoformat()}
        (Path(folder) / "salesflow.json").write_text(json.dumps(about))
        ours, by_hand = ibis.duckdb.connect(), duckdb.connect()
        tables = analytics.open_tables(ours, folder)
        asked: Asked = {
            "funnel": (partial(analytics.funnel, tables, NOT_VOIDED, PROCESS), (by_hand, folder)),
            "time in stage": (partial(analytics.stage_times, tables, NOT_VOIDED, PROCESS, NOW), (by_hand, folder, NOW)),
            "changes": (partial(analytics.changes, tables, NOT_VOIDED, *PERIOD), (by_hand, folder, *PERIOD)),
        }
        found = {}
        for name, (ours_of, given) in asked.items():
            hand = partial(BY_HAND[name], *given)
            agree({"by hand": hand(), "ours": SHAPES[name](ours_of())})
            works = {"ours": Work(repeated(ours_of, 1), 1), "by hand": Work(repeated(hand, 1), 1)}
            times = interleaved(works, 5)
            found[name] = (times["ours"], times["by hand"])
        return found
