"""
Running past opportunities through a draft of their template: which moves it would have stopped, and where (PROC-8).

Each move of a history is looked at by itself: the record as it was before it is seen through the draft, and the
draft is asked for the same move. What was stopped does not change what is asked next, since it happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby, pairwise

from attrs import evolve, frozen

from salesflow.errors import InvalidInput
from salesflow.model import Decision, Event, EventBuilder, EventKind, Opportunity, Reason, SalesProcess, apply, replay
from salesflow.process.adoption import adopt
from salesflow.process.engine import Engine
from salesflow.process.migration_plan import mapped_stages
from salesflow.process.stages import begin

_CLOSINGS = {EventKind.WON: "win", EventKind.LOST: "lose", EventKind.INVALIDATED: "invalidate"}


@frozen
class RehearsedMove:
    """
    One move that really happened, and what the draft says of it.

    Args:
        record: The opportunity's id.
        at, by: When, and who made it.
        operation: ``advance change_stage win lose invalidate``; of an approved one, what had waited.
        stage: The stage that was left, by the code that it had then.
        to: The stage that was entered; None for a closing.
        reasons: Why the draft would have stopped it; empty where it lets it happen.

    Source: PROC-8.
    """

    record: str
    at: datetime
    by: str
    operation: str
    stage: str
    to: str | None
    reasons: tuple[Reason, ...]


def rehearse(
    events: Iterable[Event], draft: Engine, stages: Mapping[str, str] | None = None
) -> Iterator[RehearsedMove]:
    """
    Give every move that a history made in the draft's process, each with what the draft would have said.

    A task that the draft asks for counts as done if it was done, by its code; one that nobody could have
    known of is open. Moves in another process, migrations and reopenings are not asked about.

    Args:
        events: All events of one opportunity, from its creation on.
        draft: The engine of the draft (`compile`); its id tells which moves are meant, of whatever version.
        stages: From a stage's code to that of the draft, where they are not equal; a draft stage has at most one
            other code.

    Raises:
        InvalidInput: The events are not whole, or *stages* names what the draft does not have.

    Source: PROC-8.
    """
    named = draft_stages(stages, draft.process)
    record: Opportunity | None = None
    for _, decision in groupby(events, key=lambda event: event.version):
        told = tuple(decision)
        if record is None:
            record = replay(told)
            continue
        after = apply(record, told)
        if record.process == draft.process.id:
            move = _move(record, after, told)
            if move is not None:
                yield _rehearsed(record, move, told, draft, named)
        record = after


def draft_stages(stages: Mapping[str, str] | None, draft: SalesProcess) -> dict[str, str]:
    """
    Return the codes of *draft* by the code that each stands for, where they are not equal.

    Raises:
        InvalidInput: *stages* is no mapping of codes or names what the draft does not have.

    Source: PROC-8.
    """
    named = dict(mapped_stages({} if stages is None else stages))
    codes = {stage.code for stage in draft.stages}
    unknown = sorted(set(named.values()) - codes)
    if unknown:
        raise InvalidInput("stages", unknown, f"must be stages of the draft: {', '.join(sorted(codes))}")
    return named


def _move(before: Opportunity, after: Opportunity, told: tuple[Event, ...]) -> RehearsedMove | None:
    """Return what was done, without what the draft says of it; None for what is no move."""
    kinds = [event.kind for event in told]
    operation = told[-1].operation.rpartition(".")[2]
    to: str | None = None
    closing = next((_CLOSINGS[kind] for kind in _CLOSINGS if kind in kinds), None)
    if closing is not None:
        operation = closing
    elif EventKind.STAGE_LEFT not in kinds or EventKind.PROCESS_CHANGED in kinds:
        return None
    else:
        to = after.stage
        if EventKind.APPROVAL_GRANTED in kinds:
            waiting = {approval.id: approval for approval in before.approvals}
            granted = next(a for a in after.approvals if a != waiting.get(a.id) and a.decided_by is not None)
            operation = granted.operation.rpartition(".")[2]
    return RehearsedMove(before.id, told[0].at, told[0].by, operation, before.stage, to, ())


def _rehearsed(
    record: Opportunity, move: RehearsedMove, told: tuple[Event, ...], draft: Engine, named: Mapping[str, str]
) -> RehearsedMove:
    codes = {stage.code for stage in draft.process.stages}
    missing = [code for code in (move.stage, move.to) if code is not None and named.get(code, code) not in codes]
    if missing:
        process, version = draft.process.id, draft.process.version
        reasons = (Reason("stage_unmapped", stage=code, process=process, version=version) for code in missing)
        return evolve(move, reasons=tuple(reasons))
    return evolve(move, reasons=_asked(_seen(record, draft, named), move, told, draft, named).reasons)


def _seen(record: Opportunity, draft: Engine, named: Mapping[str, str]) -> Opportunity:
    """Return the record as it would stand in the draft: all its past under the draft's codes, its tasks as asked."""
    code = named.get(record.stage, record.stage)
    stage = next(stage for stage in draft.process.stages if stage.code == code)
    visits = tuple(evolve(visit, stage=named.get(visit.stage, visit.stage)) for visit in record.visits)
    tasks = tuple(evolve(task, stage=named.get(task.stage, task.stage)) for task in record.tasks)
    return evolve(
        record, process_version=draft.process.version, stage=code, visits=visits,
        tasks=begin(adopt(tasks, draft.process), stage, visits[-1].number),
    )  # fmt: skip


def _asked(
    record: Opportunity, move: RehearsedMove, told: tuple[Event, ...], draft: Engine, named: Mapping[str, str]
) -> Decision:
    at, by = move.at, move.by
    approved = None
    if any(event.kind == EventKind.APPROVAL_GRANTED for event in told):
        approved = EventBuilder(record, at=at, by=by, operation=told[-1].operation)
    reason = next((event.reason for event in told if event.kind == EventKind.STAGE_LEFT), None)
    if move.operation == "win":
        return draft.win(record, by=by, at=at, today=at.date(), approved=approved)
    if move.operation == "lose":
        return draft.lose(record, by=by, at=at, today=at.date(), reason=reason, approved=approved)
    if move.operation == "invalidate":
        return draft.invalidate(record, by=by, at=at, today=at.date(), reason=reason, approved=approved)
    to = named.get(str(move.to), str(move.to))
    if to == record.stage:
        return Decision()
    if move.operation == "advance" and (record.stage, to) in pairwise(s.code for s in draft.process.stages):
        return draft.advance(record, by=by, at=at, approved=approved)
    return draft.change_stage(record, to, by=by, at=at, reason=reason, approved=approved)
