"""
PERF-9: importing deals from a CSV file (`benchmarks.deals`): reading alone, into SQLite, and the memory it takes.

The peer reads the same file with `csv.DictReader` and builds one plain frozen object of each row, dates and amount
parsed. *Reading* is what an import does before it asks the store: rows, mapping, validation. *Into SQLite* is
`files.import_csv` on a fresh database file, customers made on the way. Each runs in a process of its own, which
reports its CPU time and the most memory that it ever held (``ru_maxrss``, which counts what SQLite holds too).

PERF-11: both at a quarter of the size and at the size. ``SALESFLOW_BENCH_ROWS`` makes another size, for trying.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

from attrs import frozen

from benchmarks.deals import MAPPING, agents, write_deals
from benchmarks.measure import Result, meets
from benchmarks.sales import TEMPLATE
from salesflow import Employee, Organization, SalesFlow
from salesflow.files.mapping import RowMapper
from salesflow.files.reading import CsvRows
from salesflow.stores.sql import SqlStore

ROWS = int(os.environ.get("SALESFLOW_BENCH_ROWS", "1000000"))
"""How many rows the file has, at the size."""

FEW = min(10_000, ROWS)
"""The memory that so many rows take is what more may take too."""


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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for rows in (FEW, ROWS // 4, ROWS):
            write_deals(folder / f"{rows}.csv", rows)
        few, _, all_rows = FEW, ROWS // 4, ROWS
        plain, plain_before = _run("plain", folder, all_rows), _run("plain", folder, ROWS // 4)
        reading, reading_before = _run("reading", folder, all_rows), _run("reading", folder, ROWS // 4)
        sqlite, sqlite_before = _run("sqlite", folder, all_rows), _run("sqlite", folder, ROWS // 4)
        at_first = _run("sqlite", folder, few)
    rate = Result("PERF-9 rows a second of CPU into SQLite", round(all_rows / sqlite[0]), 0, "rows/s", 0, None, None)
    return [
        _ratio("PERF-9 reading, mapping, validating vs DictReader and objects", reading[0], plain[0], "s", "<= 6"),
        _ratio("PERF-9 into SQLite vs DictReader and objects", sqlite[0], plain[0], "s", "<= 55"),
        rate,
        _ratio(f"PERF-9 memory of all rows vs {few:,}", sqlite[1], at_first[1], "MB", "<= 1.2"),
        _ratio("PERF-11 PERF-9 reading, four times the size", reading[0], reading_before[0], "s", "<= 4.4"),
        _ratio("PERF-11 PERF-9 into SQLite, four times the size", sqlite[0], sqlite_before[0], "s", "<= 4.4"),
        _ratio("PERF-11 PERF-9 the peer, four times the size", plain[0], plain_before[0], "s", None),
    ]


def _ratio(name: str, ours: float, peer: float, unit: str, bar: str | None) -> Result:
    ratio = ours / peer
    return Result(name, round(ours, 3), round(peer, 3), unit, round(ratio, 2), bar, meets(ratio, bar))


def _run(what: str, folder: Path, rows: int) -> tuple[float, float]:
    """Return seconds of CPU and megabytes at most, of a process that does *what* with so many rows."""
    command = [sys.executable, "-m", "benchmarks.perf_9_csv", what, str(folder / f"{rows}.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, megabytes = done.stdout.split()[-2:]
    return float(seconds), float(megabytes)


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


def sqlite(path: Path) -> int:
    """Import into a fresh database; return how many rows came in."""
    organization = Organization(
        [Employee("head"), *(Employee(one, manager="head") for one in agents())], administrators=["head"]
    )
    with tempfile.TemporaryDirectory() as folder, SqlStore(f"sqlite:///{folder}/deals.db") as store:
        flow = SalesFlow(store=store, organization=organization, processes=[TEMPLATE])
        return flow.acting_as("head").files.import_csv(path, MAPPING).imported


def _work(what: str, path: Path) -> None:
    run = {"plain": plainly, "reading": reading, "sqlite": sqlite}[what]
    began = process_time()
    count = run(path)
    spent = process_time() - began
    assert count == int(path.stem), f"{count} rows of {path.name}"
    print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]))
