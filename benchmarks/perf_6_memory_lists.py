"""
PERF-6: lists of `MemoryStore` against a scan, over the deals of PERF-5.

*Ids* is `store.ids` of what a viewer sees; the scan asks of every record a predicate written by hand, the sets of
people folded in. *First page* is the first 50 by close date, against that scan alone, without any sorting. The
answers are equal before anything is timed. Each is asked once a round, when the garbage collector has just been through
all records: what a list costs who asks for it once in a while, and no cache of the processor holds it any more. Asked
five times in a row, a quarter of the deals fits those caches and all of them do not.

PERF-11: ours at a quarter of the size and at the size.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from attrs import evolve

from benchmarks.lists.world import DEALS, SIZE, Viewer, World, deals, found_world
from benchmarks.measure import Result, Work, agree, compared, interleaved, meets
from benchmarks.sales import opportunity
from salesflow.model import Money, Opportunity
from salesflow.model.events import shape
from salesflow.ports import Query, UnitOfWork, Write
from salesflow.stores import MemoryStore

_PIECE = 10_000
_BARS = {"leaf": ">= 1000", "manager": ">= 50"}


def measure() -> list[Result]:
    """Return the ratios of PERF-6, and PERF-11 for it."""
    world = found_world()
    results: list[Result] = []
    before = {name: median(ours) for name, (ours, _) in _measured(world, DEALS // 4).items()}
    for name, (ours, scan) in _measured(world, DEALS).items():
        who, _, what = name.partition(" ")
        bar = ">= 80" if "page" in what else _BARS.get(who)
        results.append(compared(f"PERF-6 {name} vs scan{SIZE}", ours, scan, bar))
        time = median(ours)
        ratio = time / before[name]
        shown = (round(time, 3), round(before[name], 3), "us", round(ratio, 2))
        name = f"PERF-11 PERF-6 {name}, four times the size{SIZE}"
        results.append(Result(name, *shown, "<= 4.4", meets(ratio, "<= 4.4")))
    return results


def _measured(world: World, size: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return, by viewer and question, our times and the scan's."""
    store, records = _filled(world, size)
    found = {}
    for viewer in world.viewers:
        scan = _scan(viewer, records)
        query = Query("opportunity", viewer.filter, "-close_date", 50)
        agree({"scan": {record.id for record in scan()}, "ids": set(store.ids("opportunity", viewer.filter))})
        dated = [(record.close_date, record) for record in scan() if record.close_date is not None]
        expected = sorted(dated, key=lambda pair: (-pair[0].toordinal(), pair[1].id))
        agree({"sorted scan": [record for _, record in expected[:50]], "page": list(store.query(query))})
        times = interleaved(
            {
                "ids": Work(lambda _, viewer=viewer: store.ids("opportunity", viewer.filter), 1),
                "first page": Work(lambda _, query=query: store.query(query), 1),
                "scan": Work(lambda _, scan=scan: scan(), 1),
            },
        )
        for what in ("ids", "first page"):
            found[f"{viewer.name} {what}"] = (times[what], times["scan"])
    return found


def _scan(viewer: Viewer, records: list[Opportunity]) -> Callable[[], list[Opportunity]]:
    line = viewer.line

    def scan() -> list[Opportunity]:
        found = []
        for record in records:
            if record.voided:
                continue
            if record.owner in line:
                found.append(record)
                continue
            for member in record.team:
                if member.person in line:
                    found.append(record)
                    break
        return found

    return scan


def _filled(world: World, size: int) -> tuple[MemoryStore, list[Opportunity]]:
    store = MemoryStore()
    prototype = evolve(opportunity("o", "propose"), version=1)
    known = shape(Opportunity)
    blank = dict(zip(known.places, known.read(prototype), strict=True))
    records: list[Opportunity] = []
    for deal in deals(world, size):
        values: dict[str, Any] = {
            **blank, "id": deal.id, "name": f"Deal {deal.id}", "owner": deal.owner, "team": deal.team,
            "voided": deal.is_voided, "close_date": deal.close_date, "amount": Money(deal.minor // 100, "CNY"),
        }  # fmt: skip
        records.append(Opportunity(**values))
    for start in range(0, size, _PIECE):
        piece = records[start : start + _PIECE]
        store.save(UnitOfWork(tuple(Write("opportunity", record.id, 0, record) for record in piece)))
    return store, records
