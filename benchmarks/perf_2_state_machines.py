"""
PERF-2: a stage move against the state machines that Python has, the same guards and effect in each.

Every engine moves fresh deals through seven stages; a move asks two guards, changes the stage and notes one
event, which are the same methods of `benchmarks.state_machines.deal.Deal` everywhere. Each engine is used as
its manual shows; what it needs per deal (`add_model`, a machine or a workflow each) is made before the clock
starts. salesflow is its compiled machine, driven by one attempt per move, as its own engine drives it: guards
give reasons and all are asked, which no peer does. The record, its history and the rights of whoever moves it
are in none of them; PERF-3 is about those.

Memory is what 5,000 records hold after each was asked to move, beyond themselves (`tracemalloc`): by
salesflow's public `advance`, by `transitions` after `add_model`, and by `python-statemachine` (500 records);
in whole bytes, since the interpreter's own free lists hold a fraction of one.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.measure import Result, Work, agree, compared, interleaved, meets
from benchmarks.sales import NOW, STAGES, TEMPLATE, opportunity
from benchmarks.state_machines import (
    by_hand,
    with_salesflow,
    with_spiff,
    with_statemachine,
    with_transitions,
    with_viewflow,
)
from benchmarks.state_machines.deal import MOVES, Deal, Engine
from salesflow.model import Route
from salesflow.process import compile

ENGINES: tuple[tuple[Engine, int, str | None], ...] = (
    (by_hand.ENGINE, 300, None),
    (with_transitions.ENGINE, 60, ">= 7"),
    (with_viewflow.ENGINE, 150, ">= 2"),
    (with_statemachine.ENGINE, 4, ">= 100"),
    (with_spiff.ENGINE, 3, ">= 250"),
)
"""The peers, how many deals each moves in one round, and the bars."""

RECORDS = 5_000


def measure() -> list[Result]:
    """Return the ratios of PERF-2."""
    ours = with_salesflow.ENGINE
    engines = {engine.name: engine for engine in (ours, *(peer for peer, _, _ in ENGINES))}
    agree({name: _outcomes(engine) for name, engine in engines.items()})
    works = {ours.name: _work(ours, 300)} | {peer.name: _work(peer, deals) for peer, deals, _ in ENGINES}
    times = interleaved(works, rounds=15)
    return [
        *[
            compared(f"PERF-2 stage move vs {peer.name}", times[ours.name], times[peer.name], bar)
            for peer, _, bar in ENGINES
            if bar is not None
        ],
        _memory("transitions", with_transitions.ENGINE, RECORDS),
        _memory("python-statemachine", with_statemachine.ENGINE, RECORDS // 10),
    ]


def _work(engine: Engine, deals: int) -> Work:
    return Work(engine.drive, deals * MOVES, lambda: engine.start([engine.deal_class(str(n)) for n in range(deals)]))


def _outcomes(engine: Engine) -> list[tuple[Any, ...]]:
    """What becomes of deals that may move, lack the amount, have an open task, or lack both; and at the end."""
    shapes: tuple[dict[str, Any], ...] = (
        {},
        {"amount": None},
        {"open_tasks": ("t",)},
        {"amount": None, "open_tasks": ("t",)},
    )
    deals = [engine.deal_class(str(n), **shape) for n, shape in enumerate(shapes)]
    answers = []
    for deal, one in zip(deals, engine.start(deals), strict=True):
        moved = [bool(engine.advance(one)) for _ in range(MOVES + 1)]
        answers.append((moved, deal.stage, deal.events))
    return answers


def _memory(name: str, peer: Engine, count: int) -> Result:
    engine = compile(TEMPLATE)
    records = [opportunity(f"o{n}", STAGES[0]) for n in range(RECORDS)]

    def move_all() -> None:
        for record in records:
            engine.advance(record, by="p1", at=NOW, route=Route.FULL)

    deals: Sequence[Deal] = [peer.deal_class(str(n)) for n in range(count)]
    move_all()
    peer.start([peer.deal_class("warm")])
    ours = min(_held(move_all) for _ in range(3)) // RECORDS
    theirs = _held(lambda: peer.start(deals)) // count
    ratio = float(ours)
    bar = "<= 0"
    return Result(f"PERF-2 memory per record beyond it vs {name}", ours, theirs, "bytes", ratio, bar, meets(ratio, bar))


def _held(act: Callable[[], object]) -> int:
    """Return the bytes that are held after *act* and were not before; what it returns counts."""
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = act()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return after - before
