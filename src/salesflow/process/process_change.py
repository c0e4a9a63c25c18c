"""
Going on in another process (更换销售流程): the record leaves one template and enters another (OPP-9).

It lands in the stage of equal code, else in the first. A chosen stage is reached from there, by the rules of the
target: what lies beyond is a jump, by its rule and the route; what lies before is going back, with a reason. Landing
behind a stage that needs an approval is refused, or going there and back would be a way around it (RULE-2).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice, takewhile

from attrs import evolve

from salesflow.model import (
    Decision,
    EventBuilder,
    EventKind,
    Jump,
    Opportunity,
    Probability,
    ProbabilitySource,
    Reason,
    Route,
    SalesProcess,
    Stage,
    StageEntry,
    StageExit,
    TaskStatus,
    apply,
)
from salesflow.process import stages
from salesflow.process.adoption import adopt
from salesflow.process.approvals import expire
from salesflow.process.engine import Engine
from salesflow.process.standing import OPEN, opportunity_stands, refused


def change_process(
    opportunity: Opportunity, engine: Engine, stage: str | None = None, *, by: str, at: datetime,
    reason: str | None = None, keep_manual: bool = False,
) -> Decision:  # fmt: skip
    """
    Decide to go on in the process of *engine*.

    The visit ends and its open tasks are skipped; an approval that waited for leaving the stage expires, as with
    every leaving; a partner's registration belongs to the deal and stays. A task that is done in a stage of equal
    code counts as done. What was skipped is owed where the target has a stage of that code; what lies before the
    landing is not.

    Args:
        engine: The engine of the target's version.
        stage: The stage to go on in; None means that of equal code, else the first.
        reason: Why, in the person's words; needed for a jump by the target's rule, and for going back.
        keep_manual: Whether a probability set by hand outlives entering a stage.

    Source: OPP-9, RULE-2, GRADE-4.
    """
    target = engine.process
    by_code = {one.code: one for one in target.stages}
    reasons = list(opportunity_stands(opportunity, OPEN))
    if opportunity.process == target.id:
        reasons.append(Reason("same_process", process=target.id))
    if stage is not None and stage not in by_code:
        reasons.append(Reason("stage_unknown", stage=stage, stages=tuple(by_code)))
    if reasons:
        return refused(*reasons)
    landing = by_code.get(opportunity.stage, target.stages[0])
    needed = _approval_before(opportunity, target, landing.code, stage)
    if needed is not None:
        return refused(Reason("approval_needed", approver=needed))
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.change_process")
    at = builder.at
    builder.add(
        EventKind.STAGE_LEFT, reason,
        visits=stages.leave(opportunity.visits, at=at, exit=StageExit.PROCESS_CHANGED, reason=reason),
        tasks=stages.settle(opportunity.tasks, TaskStatus.SKIPPED),
        approvals=expire(opportunity.approvals, at),
    )  # fmt: skip
    builder.add(
        EventKind.PROCESS_CHANGED, reason,
        process=target.id, process_version=target.version, tasks=adopt(builder.value("tasks"), target),
    )  # fmt: skip
    visits = stages.enter(builder.value("visits"), landing.code, at=at, entry=StageEntry.PROCESS_CHANGED)
    probability = opportunity.probability
    if not (keep_manual and probability.source is ProbabilitySource.HAND):
        probability = Probability(landing.probability, ProbabilitySource.STAGE)
    builder.add(
        EventKind.STAGE_ENTERED,
        visits=visits, tasks=stages.begin(builder.value("tasks"), landing, len(visits)), stage=landing.code,
        probability=probability,
    )  # fmt: skip
    if stage is None or stage == landing.code:
        return builder.decision()
    landed = evolve(apply(opportunity, builder.events), version=opportunity.version)
    onward = engine.change_stage(landed, stage, by=by, at=at, reason=reason, keep_manual=keep_manual)
    if onward.reasons:
        return onward
    told = len(builder.events)
    operation = builder.operation
    after = (evolve(event, number=told + event.number, operation=operation) for event in onward.events)
    return Decision((*builder.events, *after))


def _approval_before(opportunity: Opportunity, target: SalesProcess, landing: str, stage: str | None) -> str | None:
    """Who must approve a stage that would lie behind the record, though it never left it forward; None for nobody."""
    before: Iterator[Stage] = takewhile(lambda one: one.code not in (landing, stage), target.stages)
    if target.jump is Jump.FAST_TRACK and opportunity.grade.route is not Route.FULL:
        before = islice(before, 1)  # a fast track asks for the stage that it leaves, and for none that it passes over
    return next((one.approval for one in before if one.approval is not None), None)
