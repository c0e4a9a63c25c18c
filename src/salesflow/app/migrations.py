"""
Walking over the records of a template: to migrate them, or to run their past through a draft (PROC-6, PROC-8).

The store is read page by page, and each record is saved by itself: memory does not grow with the records, and
what was stopped is run again and does the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from attrs import evolve, field, frozen

from salesflow.app.case import Case
from salesflow.app.execution import TRIES, callback
from salesflow.app.grades import graded
from salesflow.app.kernel import Kernel
from salesflow.errors import Conflict, InvalidInput
from salesflow.model import Opportunity, SalesProcess, StageExit, apply, utc
from salesflow.model.requests import flag
from salesflow.ports import UnitOfWork, Write
from salesflow.process import (
    Migration,
    MigrationOutcome,
    MigrationPlan,
    MigrationResult,
    RehearsedMove,
    compile,
    rehearse,
)
from salesflow.process.rehearsal import draft_stages

MOST_LISTED = 1_000
"""A report names at most so many; the counts are of all."""


@frozen
class MigrationReport:
    """
    What a migration did, or in a dry run would do. A record whose after-sales process migrates too counts twice.

    Args:
        migrated: How many are on the new version now.
        stays: How many stay on the old one, by the code of each reason.
        conflicts: How many were changed by others again and again meanwhile; running it again takes them.
        newly_unmet: How many have something new in the way of their next move, by the code of each reason.
        listed: The outcomes of those that stay or met a conflict, the first 1,000.

    Source: PROC-6.
    """

    migrated: int = 0
    stays: dict[str, int] = field(factory=dict)
    conflicts: int = 0
    newly_unmet: dict[str, int] = field(factory=dict)
    listed: tuple[MigrationOutcome, ...] = ()


@frozen
class RehearsalReport:
    """
    What a draft would have stopped.

    Args:
        opportunities: How many have a past in the draft's process.
        moves: How many moves they made.
        stopped: How many of these the draft would have stopped.
        where: How many, by the stage that was left and the code of each reason.
        listed: The moves that it would have stopped, the first 1,000.

    Source: PROC-8.
    """

    opportunities: int
    moves: int
    stopped: int
    where: dict[tuple[str, str], int]
    listed: tuple[RehearsedMove, ...]


def migrate(
    kernel: Kernel, plan: MigrationPlan, *, by: str, dry_run: bool,
    progress: Callable[[MigrationOutcome], None] | None,
) -> MigrationReport:  # fmt: skip
    """Migrate every record that *plan* concerns, one by one; `SalesFlow.migrate` says what is raised."""
    if not isinstance(plan, MigrationPlan):
        raise InvalidInput("plan", plan, "must be a MigrationPlan")
    flag(dry_run, "dry_run")
    callback(progress, "progress")
    engine = kernel.processes.engine
    migration = Migration(plan, engine(plan.process, plan.from_version), engine(plan.process, plan.to_version))
    results: Counter[MigrationResult] = Counter()
    stays: Counter[str] = Counter()
    newly_unmet: Counter[str] = Counter()
    listed: list[MigrationOutcome] = []
    for record in kernel.walk("opportunity"):
        if not migration.concerns(record):
            continue
        for outcome in _migrated(kernel, migration, record, by, dry_run):
            results[outcome.result] += 1
            stays.update({reason.code for reason in outcome.reasons})
            newly_unmet.update({reason.code for reason in outcome.newly_unmet})
            if outcome.result is not MigrationResult.MIGRATED and len(listed) < MOST_LISTED:
                listed.append(outcome)
            if progress is not None:
                progress(outcome)
    return MigrationReport(
        results[MigrationResult.MIGRATED], dict(stays), results[MigrationResult.CONFLICT], dict(newly_unmet),
        tuple(listed),
    )  # fmt: skip


def rehearse_all(
    kernel: Kernel, draft: SalesProcess, stages: Mapping[str, str] | None, since: datetime | None,
    until: datetime | None, progress: Callable[[RehearsedMove], None] | None,
) -> RehearsalReport:  # fmt: skip
    """Run the past of every opportunity through *draft*; `SalesFlow.rehearse` says what is raised."""
    if not isinstance(draft, SalesProcess):
        raise InvalidInput("draft", draft, "must be a SalesProcess")
    callback(progress, "progress")
    engine = compile(draft)
    named = draft_stages(stages, draft)
    if len(set(named.values())) < len(named):
        raise InvalidInput("stages", stages, "must give each stage of the draft one other code at most")
    begin = None if since is None else utc(since, "since")
    end = None if until is None else utc(until, "until")
    opportunities = moves = stopped = 0
    where: Counter[tuple[str, str]] = Counter()
    listed: list[RehearsedMove] = []
    for record in kernel.walk("opportunity"):
        if record.process != draft.id and not any(v.exit is StageExit.PROCESS_CHANGED for v in record.visits):
            continue
        made = [
            move for move in rehearse(kernel.events("opportunity", record.id), engine, named)
            if (begin is None or move.at >= begin) and (end is None or move.at < end)
        ]  # fmt: skip
        opportunities += bool(made)
        moves += len(made)
        for move in made:
            if move.reasons:
                stopped += 1
                where.update({(move.stage, reason.code) for reason in move.reasons})
                if len(listed) < MOST_LISTED:
                    listed.append(move)
                if progress is not None:
                    progress(move)
    return RehearsalReport(opportunities, moves, stopped, dict(where), tuple(listed))


def _migrated(
    kernel: Kernel, migration: Migration, record: Opportunity, by: str, dry_run: bool
) -> tuple[MigrationOutcome, ...]:
    """Migrate one record and return its outcomes: none where others have migrated or deleted it meanwhile."""
    outcomes: tuple[MigrationOutcome, ...] = ()
    for _ in range(TRIES):
        decision, outcomes = migration.decide(record, by=by, at=kernel.now())
        if dry_run or not decision.events:
            return outcomes
        events = graded(Case(kernel, kernel.sight(), by, decision.events[0].at, record), decision.events)
        after = apply(record, events)
        try:
            write = Write("opportunity", record.id, record.version, after, events)
            kernel.save(UnitOfWork((write,)))
        except Conflict:
            now = kernel.get("opportunity", record.id)
            if now is None:
                return ()
            record = now
        else:
            return outcomes
    return tuple(
        evolve(outcome, result=MigrationResult.CONFLICT, after=None)
        if outcome.result is MigrationResult.MIGRATED
        else outcome
        for outcome in outcomes
    )
