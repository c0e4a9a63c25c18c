"""
PERF-1: what the engine adds to a stage move, and what it costs to ask for every open move.

*Public call*: ``compile(template).advance(opportunity, by=, at=, route=)`` against a dict table that somebody
wrote for this one template, with the same call and the same `Decision`. Both run the same guards (required
fields, tasks done, and those two that never find anything here: import complete, approved) and the same
effects (the old visit ended, the new one begun, its two tasks made, the probability set), which both take from
the library; so the ratio is the engine's own work: its checks of what it is given, and the machine. Both
collect every reason. Neither folds the events into the record.

*Machine alone*: ``machine.events["advance"].trigger(attempt, attempt)`` against the same table, with guards
and an effect of one line each (`benchmarks.state_machines`), so that nothing hides what the machine costs.

*Open moves*: nine moves from the second stage, six of them blocked (two reasons each, or a missing jump
reason), tried one by one with every reason, against one move of the hand-written table. An open move is decided
in full, events and all, and thrown away: the same code that would do it says whether it can be done. The same
by the machine alone, where one hand-written move is a microsecond, is reported without a bar; it lies near 12.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

from attrs import evolve

from benchmarks.measure import Result, Work, agree, compared, interleaved, repeated
from benchmarks.sales import NOW, STAGES, TEMPLATE, TODAY, opportunity
from benchmarks.state_machines import by_hand, with_salesflow
from benchmarks.state_machines.deal import MOVES, Engine
from salesflow.model import (
    Decision,
    EventBuilder,
    Opportunity,
    OpportunityStatus,
    Reason,
    Route,
    StageExit,
)
from salesflow.process import Engine as SalesEngine
from salesflow.process import compile
from salesflow.process.guards import GUARDS_BEFORE_LEAVING, Attempt

BATCH = 100
"""How often a round does its work: short rounds, and many, so that other load falls on all alike."""

Advance = Callable[..., Decision]


def measure() -> list[Result]:
    """Return the four ratios of PERF-1."""
    engine = compile(TEMPLATE)
    by_table = hand_written(engine)
    _check_same_answers(engine, by_table)
    ready = [opportunity(f"o{n}", stage) for n, stage in enumerate(STAGES[:-1])]
    blocked = opportunity("o9", STAGES[1], is_ready=False)
    nine = _nine_moves(engine, blocked)
    agree({"six of nine moves are blocked": 6, "by the engine": sum(bool(d.reasons) for d in nine())})
    asked = with_salesflow.NineMoves()
    agree({"six of nine moves are blocked": 6, "by the machine": sum(bool(reasons) for reasons in asked())})
    times = interleaved(
        {
            "engine": Work(_all_of(engine.advance, ready), BATCH * len(ready)),
            "table": Work(_all_of(by_table, ready), BATCH * len(ready)),
            "nine by engine": Work(repeated(nine, BATCH), BATCH),
            "machine": _driven(with_salesflow.ENGINE),
            "trivial table": _driven(by_hand.ENGINE),
            "nine by machine": Work(repeated(asked, BATCH * 3), BATCH * 3),
        },
        rounds=21,
    )
    return [
        compared("PERF-1 advance vs hand-written table", times["engine"], times["table"], "<= 1.5"),
        compared("PERF-1 machine alone vs hand-written table", times["machine"], times["trivial table"], "<= 1.5"),
        compared("PERF-1 nine open moves vs one hand-written", times["nine by engine"], times["table"], "<= 12"),
        compared(
            "PERF-1 nine open moves vs one, machine alone", times["nine by machine"], times["trivial table"], None
        ),
    ]  # fmt: skip


def hand_written(engine: SalesEngine) -> Advance:
    """Return `advance` as somebody would write it by hand for this one template, over a plain dict."""
    states = engine.machine.states
    rows: dict[str, tuple[Any, ...]] = {
        stage.stage.code: (
            stage, after, after.stage.code, GUARDS_BEFORE_LEAVING,
            tuple(states[stage.stage.code].on_exit), tuple(states[after.stage.code].on_enter),
        )
        for stage, after in pairwise(engine.stages)
    }  # fmt: skip

    def advance(record: Opportunity, *, by: str, at: datetime, route: Route | None = None) -> Decision:
        if record.voided:
            return Decision(reasons=(Reason("is_voided"),))
        if record.status is not OpportunityStatus.IN_PROGRESS:
            allowed = (str(OpportunityStatus.IN_PROGRESS),)
            return Decision(reasons=(Reason("wrong_status", status=str(record.status), allowed=allowed),))
        row = rows.get(record.stage)
        if row is None:
            return Decision(reasons=(Reason("no_next_stage", stage=record.stage),))
        stage, next_stage, target, guards, leave, enter = row
        builder = EventBuilder(record, at=at, by=by, operation="opportunities.advance")
        attempt = Attempt(
            record.stage, record, TEMPLATE, stage, record.tasks, route or record.grade.route, at, by, None, builder
        )  # fmt: skip
        attempt.exit = StageExit.ADVANCED
        attempt.target = next_stage
        for guard in guards:
            guard(attempt)
        if attempt.reasons:
            return Decision(reasons=tuple(attempt.reasons))
        for effect in leave:
            effect(attempt)
        attempt.state = target
        for effect in enter:
            effect(attempt)
        return builder.decision()

    return advance


def _check_same_answers(engine: SalesEngine, by_table: Advance) -> None:
    records = [opportunity("o1", stage, is_ready=is_ready) for stage in STAGES for is_ready in (True, False)]
    records += [evolve(records[0], voided=True), evolve(records[0], status=OpportunityStatus.INVALID)]
    ways: dict[str, Advance] = {"engine": engine.advance, "table": by_table}
    agree({name: [way(r, by="p1", at=NOW, route=Route.FULL) for r in records] for name, way in ways.items()})


def _all_of(advance: Advance, records: list[Opportunity]) -> Callable[[Any], None]:
    def run() -> None:
        for record in records:
            advance(record, by="p1", at=NOW, route=Route.FULL)

    return repeated(run, BATCH)


def _nine_moves(engine: SalesEngine, record: Opportunity) -> Callable[[], list[Decision]]:
    first, *_ = STAGES

    def ask() -> list[Decision]:
        return [
            engine.advance(record, by="p1", at=NOW, route=Route.FULL),
            *[engine.change_stage(record, stage, by="p1", at=NOW, route=Route.FULL) for stage in STAGES[3:]],
            engine.change_stage(record, first, by="p1", at=NOW, route=Route.FULL, reason="asked again"),
            engine.win(record, by="p1", at=NOW, today=TODAY, route=Route.FULL),
            engine.lose(record, by="p1", at=NOW, today=TODAY, reason="price"),
            engine.invalidate(record, by="p1", at=NOW, today=TODAY, reason="other"),
        ]

    return ask


def _driven(engine: Engine) -> Work:
    return Work(engine.drive, BATCH * MOVES, lambda: engine.start([engine.deal_class(str(n)) for n in range(BATCH)]))
