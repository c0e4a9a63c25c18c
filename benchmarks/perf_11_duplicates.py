"""
PERF-11 for LEAD-12: finding duplicates costs as much for the last lead as for the first.

So many leads are imported into a store that knows customers; each twentieth lead has the number of one of them, in
another dress. Measured at a quarter of the size and at the size, in memory and on a SQLite file: every lead is
normalised, looked up, linked where it is one, and saved. The customers are made before, each with a key of its own.
The ratio is the median of three rounds, each of which does both sizes; the garbage collector is off while timing.
``SALESFLOW_BENCH_LEADS`` makes another size.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median
from time import process_time

from benchmarks.measure import Result, meets
from benchmarks.sales import TEMPLATE
from salesflow import Employee, ImportedLead, MemoryStore, Organization, SalesFlow
from salesflow.app.import_report import Item
from salesflow.app.importing import Intake
from salesflow.files.mapping import Arrival
from salesflow.ports import Store
from salesflow.stores.sql import SqlStore

LEADS = int(os.environ.get("SALESFLOW_BENCH_LEADS", "100000"))
"""How many leads come in, at the size."""

EACH = 20
"""One lead in so many is a duplicate: five per cent."""

ROUNDS = 3


def measure() -> list[Result]:
    """Return the ratio for each store."""
    size = "" if LEADS == 100_000 else f", {LEADS:,} leads"
    stores: dict[str, Callable[[], AbstractContextManager[Store]]] = {"in memory": _memory, "on SQLite": _sqlite}
    results = []
    for name, opened in stores.items():
        times = [(_seconds(opened, LEADS), _seconds(opened, LEADS // 4)) for _ in range(ROUNDS)]
        ours, quarter = (round(median(column), 3) for column in zip(*times, strict=True))
        ratio = round(median(whole / part for whole, part in times), 2)
        told = f"PERF-11 LEAD-12 duplicates {name}, four times the size{size}"
        results.append(Result(told, ours, quarter, "s", ratio, "<= 4.4", meets(ratio, "<= 4.4")))
    return results


@contextmanager
def _memory() -> Iterator[Store]:
    yield MemoryStore()


@contextmanager
def _sqlite() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder, SqlStore(f"sqlite:///{folder}/leads.db") as store:
        yield store


def _seconds(opened: Callable[[], AbstractContextManager[Store]], leads: int) -> float:
    """Return the CPU time of taking so many leads in."""
    with opened() as store:
        flow = SalesFlow(store=store, organization=Organization([Employee("li")]), processes=[TEMPLATE])
        li = flow.acting_as("li")
        known = leads // EACH
        for number in range(known):
            li.customers.create(f"Customer {number}", phone=f"139{number:08}")
        gc.collect()
        gc.disable()
        began = process_time()
        report = Intake(li._execution, "files.import_csv").take(_items(leads))
        spent = process_time() - began
        gc.enable()
        assert (report.imported, report.linked) == (leads, known), report.problems[:1]
    return spent


def _items(leads: int) -> Iterator[Item]:
    for number in range(leads):
        customer, rest = divmod(number, EACH)
        digits = f"{customer:08}" if rest == 0 else f"{number:08}"
        phone = f"+86 {'139' if rest == 0 else '138'}-{digits[:4]}-{digits[4:]}"
        yield Item(number + 1, None, Arrival(ImportedLead(id=str(number), title="A lead", phone=phone, owner="li")))
