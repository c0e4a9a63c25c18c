"""
Moving running records from one version of a template to another, by a plan (PROC-6, PROC-9).

Every stage that is occupied needs a place in the new version: equal codes by themselves, the rest by word of the
plan. A record that has none stays where it was, and is told. No guard is asked and no stage is entered or left in
the sense of the process: a migration is not a move, and its one event says `migrated`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import (
    AfterSales,
    AfterSalesStatus,
    Decision,
    EventBuilder,
    EventKind,
    Opportunity,
    Probability,
    ProbabilitySource,
    Reason,
    SalesProcess,
    Stage,
    StageEntry,
    StageExit,
    TaskStatus,
)
from salesflow.process import stages
from salesflow.process.adoption import adopt, carry
from salesflow.process.after_sales import can_run_beside
from salesflow.process.approvals import carry_approvals, expire
from salesflow.process.beside import task_prefix
from salesflow.process.engine import Engine
from salesflow.process.guards import owed_stages
from salesflow.process.migration_plan import MigrationOutcome, MigrationPlan, MigrationResult, Standing
from salesflow.process.standing import OPEN, SERVED, opportunity_stands


class Migration:
    """
    A plan with the engines of both versions: decides for one record at a time.

    Args:
        plan: The plan.
        old, new: The engines of the versions that it names.

    Raises:
        InvalidInput: The plan names a stage that a version does not have; whoever wrote it must mend it.

    Source: PROC-6.
    """

    def __init__(self, plan: MigrationPlan, old: Engine, new: Engine) -> None:
        self.plan = plan
        self._old, self._new = old, new
        known = {stage.code for stage in old.process.stages}
        self._targets = {stage.code: stage for stage in new.process.stages if stage.code in known}
        by_code = {stage.code: stage for stage in new.process.stages}
        for before, after in plan.stages:
            for code, stages_of in ((before, old.process), (after, new.process)):
                codes = [stage.code for stage in stages_of.stages]
                if code not in codes:
                    rule = f"is no stage of version {stages_of.version}; its stages are {', '.join(codes)}"
                    raise InvalidInput("stages", code, rule)
            self._targets[before] = by_code[after]

    def concerns(self, opportunity: Opportunity) -> bool:
        """Whether the opportunity, or the after-sales process that runs beside it, is on the old version."""
        return self._is_old(opportunity) or any(self._is_running(beside) for beside in opportunity.after_sales)

    def decide(
        self, opportunity: Opportunity, *, by: str, at: datetime
    ) -> tuple[Decision, tuple[MigrationOutcome, ...]]:
        """
        Decide what becomes of *opportunity*: one event for all of it, and an outcome for each process of it.

        A stage of equal code goes on with its visit. Under another code the visit ends and one begins. Tasks that
        the new version asks for under the same code are carried along, open or done; others that were open are
        skipped; what it asks for beyond them is made. A probability set by hand stays. Visits, finished
        tasks and feedback of stages that are gone stay as they are. An approval that waits goes on waiting, for the
        stage that its move would enter as it is called now; it is expired where the record stands in another stage,
        or the move is gone, or asks for no approval or another one.

        Args:
            by: Who migrates.
            at: When, in UTC.

        Returns:
            The decision, which changes nothing where nothing of the record can be migrated, and the outcomes;
            none for a record that is not on the old version.

        Source: PROC-6, HIST-1.
        """
        builder = EventBuilder(opportunity, at=at, by=by, operation="flow.migrate")
        outcomes = []
        values: dict[str, Any] = {}
        if self._is_old(opportunity):
            outcomes.append(self._own(opportunity, values, by, builder.at))
        for beside in opportunity.after_sales:
            if self._is_running(beside):
                outcomes.append(self._beside(opportunity, beside, values, by, builder.at))
        if values:
            builder.add(EventKind.MIGRATED, **values)
        return builder.decision(), tuple(outcomes)

    def _own(self, opportunity: Opportunity, values: dict[str, Any], by: str, at: datetime) -> MigrationOutcome:
        before = _standing(opportunity, self._old.process)
        target, reasons = self._target(opportunity.stage, opportunity_stands(opportunity, OPEN))
        if target is None or reasons:
            return MigrationOutcome(opportunity.id, MigrationResult.STAYS, before, reasons=reasons)
        visits, tasks = self._carried(opportunity, target, "", at)
        probability, approvals = opportunity.probability, opportunity.approvals
        if probability.source is ProbabilitySource.STAGE:
            probability = Probability(target.probability, ProbabilitySource.STAGE)
        if target.code == opportunity.stage:
            named = {before: after.code for before, after in self._targets.items()}
            approvals = carry_approvals(approvals, self._new.process, named, at)
        else:
            approvals = expire(approvals, at)
        values.update(
            process_version=self.plan.to_version, stage=target.code, visits=visits, tasks=tasks,
            probability=probability, approvals=approvals,
        )  # fmt: skip
        there = evolve(opportunity, **values)
        unmet = (_unmet(self._old, opportunity, by, at), _unmet(self._new, there, by, at))
        return _migrated(opportunity, before, _standing(there, self._new.process), opportunity, there, unmet)

    def _beside(
        self, opportunity: Opportunity, running: AfterSales, values: dict[str, Any], by: str, at: datetime
    ) -> MigrationOutcome:
        before = _standing(running)
        stands = opportunity_stands(opportunity, SERVED)
        if not can_run_beside(self._new):
            stands = (*stands, Reason("not_beside", process=self.plan.process, version=self.plan.to_version))
        target, reasons = self._target(running.stage, stands)
        if target is None or reasons:
            return MigrationOutcome(
                opportunity.id, MigrationResult.STAYS, before, reasons=reasons, after_sales=running.number
            )
        visits, tasks = self._carried(running, target, task_prefix(running.number), at)
        there = evolve(running, process_version=self.plan.to_version, stage=target.code, visits=visits, tasks=tasks)
        values["after_sales"] = tuple(there if one is running else one for one in opportunity.after_sales)
        unmet = (
            self._old.blockers(_last_or_next(self._old, running.stage), opportunity, running, by=by, at=at),
            self._new.blockers(_last_or_next(self._new, there.stage), opportunity, there, by=by, at=at),
        )
        outcome = _migrated(opportunity, before, _standing(there), running, there, unmet)
        return evolve(outcome, after_sales=running.number)

    def _target(self, stage: str, reasons: tuple[Reason, ...]) -> tuple[Stage | None, tuple[Reason, ...]]:
        target = self._targets.get(stage)
        if target is None:
            missing = Reason("stage_unmapped", stage=stage, process=self.plan.process, version=self.plan.to_version)
            reasons = (*reasons, missing)
        return target, reasons

    def _carried(
        self, record: Opportunity | AfterSales, target: Stage, prefix: str, at: datetime
    ) -> tuple[stages.Visits, stages.Tasks]:
        visits, tasks = record.visits, record.tasks
        if target.code != record.stage:
            left = stages.leave(visits, at=at, exit=StageExit.MIGRATED)
            visits = stages.enter(left, target.code, at=at, entry=StageEntry.MIGRATED)
            tasks = carry(tasks, record.stage, target)
        return visits, stages.begin(adopt(tasks, self._new.process), target, visits[-1].number, prefix)

    def _is_old(self, record: Opportunity | AfterSales) -> bool:
        return record.process == self.plan.process and record.process_version == self.plan.from_version

    def _is_running(self, beside: AfterSales) -> bool:
        return beside.status is AfterSalesStatus.RUNNING and self._is_old(beside)


def _standing(record: Opportunity | AfterSales, process: SalesProcess | None = None) -> Standing:
    own = record if isinstance(record, Opportunity) else None
    return Standing(
        record.process_version,
        record.stage,
        own.probability.percent if own is not None else None,
        tuple(task.code for task in record.tasks if task.stage == record.stage and task.status is TaskStatus.OPEN),
        owed_stages(own, process) if own is not None and process is not None else (),
    )


def _migrated(
    opportunity: Opportunity, before: Standing, after: Standing, was: Opportunity | AfterSales,
    now: Opportunity | AfterSales, unmet: tuple[tuple[Reason, ...], tuple[Reason, ...]],
) -> MigrationOutcome:  # fmt: skip
    statuses = {task.id: task.status for task in was.tasks}
    stood_there = {task.id for task in was.tasks if task.stage == was.stage}
    dropped = [
        task.code for task in now.tasks
        if task.status is TaskStatus.SKIPPED and statuses.get(task.id) is TaskStatus.OPEN
    ]  # fmt: skip
    here = [task for task in now.tasks if task.stage == now.stage]
    is_added = {t.id for t in here if t.status is TaskStatus.OPEN and statuses.get(t.id) is not TaskStatus.OPEN}
    is_carried = {
        t.id for t in here if t.id in stood_there and t.id not in is_added and t.status is not TaskStatus.SKIPPED
    }
    known = {_apart_from_its_stage(reason) for reason in unmet[0]}
    return MigrationOutcome(
        opportunity.id, MigrationResult.MIGRATED, before, after,
        carried=tuple(task.code for task in here if task.id in is_carried), dropped=tuple(dropped),
        added=tuple(task.code for task in here if task.id in is_added),
        newly_unmet=tuple(reason for reason in unmet[1] if _apart_from_its_stage(reason) not in known),
    )  # fmt: skip


def _apart_from_its_stage(reason: Reason) -> tuple[object, ...]:
    """What a reason says, whatever its stage is called: a task that was carried along open is no new obstacle."""
    return (reason.code, *(item for item in reason.items if item[0] != "stage"))


def _last_or_next(engine: Engine, stage: str) -> str:
    return "win" if stage == engine.process.stages[-1].code else "advance"


def _unmet(engine: Engine, opportunity: Opportunity, by: str, at: datetime) -> tuple[Reason, ...]:
    """Return what blocks the next move: the next stage, or after the last one the win."""
    if _last_or_next(engine, opportunity.stage) == "win":
        return engine.win(opportunity, by=by, at=at, today=at.date()).reasons
    return engine.advance(opportunity, by=by, at=at).reasons
