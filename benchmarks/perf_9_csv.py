"""
PERF-9: importing deals from a CSV file (`benchmarks.deals`): reading alone, into SQLite, and the memory it takes.

The peer reads the same file with `csv.DictReader` and builds one plain frozen object of each row, dates and amount
parsed. *Reading* is what an import does before it asks the store: rows, mapping, validation. *Into SQLite* is
`files.import_csv` on a fresh database file, customers made on the way. Each runs in a process of its own and takes the
rows in in five parts, the peer reading each part behind it: the ratio is the median of the five. As everywhere here the
garbage collector is off while a part is timed; so the memory also tells whether circles are left. What an import costs
with the collector on is reported beside it, for few rows. The process reports its CPU times and the most memory that it
ever held (``ru_maxrss``, which counts what SQLite holds too).

PERF-11: both at the size and at a quarter of it, the quarter before the size and once more behind it: a machine is not
equally quick from one quarter of an hour to the next. ``SALESFLOW_BENCH_ROWS`` makes another size, for trying.
"""

from __future__ import annotations

import csv
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import mean
from time import process_time
from typing import TypeAlias
from zoneinfo import ZoneInfo

from attrs import frozen

from benchmarks.deals import MAPPING, agents, write_deals
from benchmarks.measure import Result, compared, meets
from benchmarks.sales import TEMPLATE
from salesflow import Employee, Organization, SalesFlow
from salesflow.files.mapping import RowMapper
from salesflow.files.reading import CsvRows
from salesflow.stores.sql import SqlStore

ROWS = int(os.environ.get("SALESFLOW_BENCH_ROWS", "1000000"))
"""How many rows the file has, at the size."""

FEW = 10_000
"""The memory that so many rows take is what more may take too."""

PARTS = 5

Run: TypeAlias = tuple[list[float], list[float], float]
"""Seconds of each part, ours and the peer's, and the most megabytes."""


@frozen
class Deal:
    """What the peer builds of a row."""

    id: str
    name: str
    owner: str
    stage: str
    entered_at: datetime
    close_date: date
    amount: Decimal
    currency: str
    customer: str
    outcome: str | None
    reason: str | None


def measure() -> list[Result]:
    """Return the ratios of PERF-9, and PERF-11 for it."""
    found: dict[int, list[dict[str, Run]]] = {FEW: [], ROWS // 4: [], ROWS: []}
    with tempfile.TemporaryDirectory() as name:
        for rows in (FEW, ROWS // 4, ROWS, ROWS // 4):
            folder = Path(name) / str(rows)
            folder.mkdir(exist_ok=True)
            for part in range(PARTS):
                write_deals(folder / f"{part}.csv", rows // PARTS, before=part * (rows // PARTS))
            found[rows].append({what: _run(what, folder) for what in ("reading", "sqlite")})
        collecting = _run("sqlite", Path(name) / str(FEW), "collecting")
    size = "" if ROWS == 1_000_000 else f", {ROWS:,} rows"
    (here,), (few,), quarters = found[ROWS], found[FEW], found[ROWS // 4]
    reading, sqlite = here["reading"], here["sqlite"]
    rate = f"PERF-9 rows a second of CPU into SQLite{size}"
    linear = {"reading": "reading", "into SQLite": "sqlite"}
    return [
        compared(f"PERF-9 reading, mapping, validating vs DictReader and objects{size}", *reading[:2], "<= 6", "s"),
        compared(f"PERF-9 into SQLite vs DictReader and objects{size}", *sqlite[:2], "<= 55", "s"),
        Result(rate, round(ROWS / sum(sqlite[0])), 0, "rows/s", 0, None, None),
        compared(f"PERF-9 into SQLite, the collector on, {FEW:,} rows", *collecting[:2], None, "s"),
        _ratio(f"PERF-9 memory of all rows vs {FEW:,}{size}", sqlite[2], few["sqlite"][2], "MB", "<= 1.2"),
        *(
            _ratio(
                f"PERF-11 PERF-9 {name}, four times the size{size}", sum(here[what][0]),
                mean(sum(quarter[what][0]) for quarter in quarters), "s", "<= 4.4",
            )
            for name, what in linear.items()
        ),
    ]  # fmt: skip


def _ratio(name: str, ours: float, peer: float, unit: str, bar: str) -> Result:
    ratio = ours / peer
    return Result(name, round(ours, 3), round(peer, 3), unit, round(ratio, 2), bar, meets(ratio, bar))


def _run(what: str, folder: Path, *ways: str) -> Run:
    """
    Return seconds of CPU for each part of the rows, ours and the peer's, and megabytes at most.

    They are those of a process that does *what* with the parts one behind the other; *ways* may be ``collecting``.
    """
    command = [sys.executable, "-m", "benchmarks.perf_9_csv", what, str(folder), *ways]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    ours, plain, megabytes = json.loads(done.stdout.splitlines()[-1])
    return ours, plain, megabytes


def plainly(path: Path) -> int:
    """Read the file as one would by hand; return how many rows it has."""
    count = 0
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            Deal(
                row["number"], row["deal"], row["agent"], row["step"],
                datetime.fromisoformat(row["engaged"]).replace(tzinfo=UTC), date.fromisoformat(row["closes"]),
                Decimal(row["value"]), row["currency"], row["account"], row["result"] or None, row["why"] or None,
            )  # fmt: skip
            count += 1
    return count


def reading(path: Path) -> int:
    """Read, map and validate; return how many rows there are."""
    with path.open("rb") as file:
        rows = CsvRows(file, MAPPING.layout, path.name)
        arrive = RowMapper(MAPPING, rows.columns, path.name, None, ZoneInfo("UTC"))
        return sum(1 for row in rows if arrive(row.cells))


@contextmanager
def sqlite() -> Iterator[Callable[[Path], int]]:
    """Give what imports a file into one fresh database and returns how many rows came in."""
    organization = Organization(
        [Employee("head"), *(Employee(one, manager="head") for one in agents())], administrators=["head"]
    )
    with tempfile.TemporaryDirectory() as folder, SqlStore(f"sqlite:///{folder}/deals.db") as store:
        flow = SalesFlow(store=store, organization=organization, processes=[TEMPLATE])
        yield lambda path: flow.acting_as("head").files.import_csv(path, MAPPING).imported


def _work(what: str, folder: Path, *ways: str) -> None:
    ours, plain = [], []
    with sqlite() if what == "sqlite" else nullcontext(reading) as run:
        for part in range(PARTS):
            path = folder / f"{part}.csv"
            for times, work in ((ours, run), (plain, plainly)):
                gc.collect()
                if "collecting" not in ways:
                    gc.disable()
                began = process_time()
                count = work(path)
                times.append(process_time() - began)
                gc.enable()
                assert count * PARTS == int(folder.name), f"{count} rows of {path}"
    print(json.dumps((ours, plain, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)))


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
