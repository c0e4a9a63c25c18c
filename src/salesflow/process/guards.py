"""
What stands in the way of a stage move. Each guard looks at one attempt, adds every reason, says whether it passed.

Guards are pure: they read the attempt and append to its reasons, nothing else. They are the conditions of the
compiled machine (OPP-5, OPP-6, OPP-6a, OPP-7, GRADE-4, RULE-1, RULE-2, IO-3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from attrs import frozen

from salesflow.model import (
    Closing,
    EventBuilder,
    Jump,
    LedBy,
    Opportunity,
    Probability,
    ProbabilitySource,
    Reason,
    Registration,
    Route,
    SalesProcess,
    Stage,
    StageExit,
    Task,
    TaskStatus,
)
from salesflow.process.asked_approvals import AskedApproval, missing_approval
from salesflow.process.requirements import filled_test
from salesflow.process.rules import CompiledRule


@frozen
class CompiledStage:
    """
    A stage with what its guards need worked out once.

    Args:
        stage: The template's stage.
        index: Its place, from 0.
        probability: The chance of winning that entering it sets.
        required: Per required field: how to tell that it is filled, the routes it binds, the reason if not.
        open_tasks: Per task code, the reason that an open one gives.
    """

    stage: Stage
    index: int
    probability: Probability
    required: tuple[tuple[Callable[[Opportunity], bool], tuple[Route, ...], Reason], ...]
    open_tasks: Mapping[str, Reason]


def compile_stage(stage: Stage, index: int) -> CompiledStage:
    """Work out what the guards of *stage* need."""
    return CompiledStage(
        stage,
        index,
        Probability(stage.probability, ProbabilitySource.STAGE),
        tuple(
            (
                filled_test(needed.field),
                needed.routes,
                Reason("field_empty", field=needed.field, stage=stage.code),
            )
            for needed in stage.required_fields
        ),
        {t.code: Reason("task_open", task=t.code, stage=stage.code) for t in stage.tasks},
    )


class Attempt:
    """
    One attempted move: all that a guard or an effect ever sees, and the model whose state the machine moves.

    Args:
        state: The machine's state; starts as the record's stage or outcome.
        opportunity: The record decided on.
        process: The template.
        source: The compiled stage it stands in, or left when it was completed.
        tasks: The tasks that count: the opportunity's, or those of its after-sales process.
        route: The route that binds it.
        at, by, today: When (UTC), who, and the business day.
        builder: Collects the events.
        target: The stage to enter, or None.
        skipped: The stages passed over.
        exit: How the stage is left.
        closing: The completion that a closing move makes, or None.
        reason: The person's words or a code of the template's lists, or None.
        is_approved: Whether no approval is asked for: it was just granted, or the move is one beside the deal.
        keep_manual: Whether a probability set by hand outlives entering a stage.
    """

    __slots__ = (
        "at", "builder", "by", "closing", "exit", "is_approved", "keep_manual", "opportunity", "process", "reason",
        "reasons", "route", "skipped", "source", "state", "target", "tasks", "today",
    )  # fmt: skip

    def __init__(
        self, state: str, opportunity: Opportunity, process: SalesProcess, source: CompiledStage,
        tasks: tuple[Task, ...], route: Route, at: datetime, by: str, today: date | None, builder: EventBuilder,
    ) -> None:  # fmt: skip
        self.state = state
        self.opportunity = opportunity
        self.process = process
        self.source = source
        self.tasks = tasks
        self.route = route
        self.at = at
        self.by = by
        self.today = today
        self.builder = builder
        self.reasons: list[Reason] = []
        self.target: CompiledStage | None = None
        self.skipped: tuple[Stage, ...] = ()
        self.reason: str | None = None
        self.closing: Closing | None = None
        self.exit = StageExit.CLOSED
        self.is_approved = False
        self.keep_manual = False


Guard = Callable[[Attempt], bool]
"""Adds to an attempt's reasons and says whether it passed."""


def has_arrived(attempt: Attempt) -> bool:
    """IO-3: what an import did not bring stands in the way of the next move."""
    opportunity = attempt.opportunity
    if not opportunity.is_imported:
        return True
    missing = [
        Reason("arrival_incomplete", field=name)
        for name, value in (
            ("customer", opportunity.customer or opportunity.contact),
            ("close_date", opportunity.close_date),
        )
        if value is None
    ]
    attempt.reasons += missing
    return not missing


def fields_are_filled(attempt: Attempt) -> bool:
    """OPP-5: the stage's required fields that bind this route are filled."""
    passed = True
    for is_filled, routes, reason in attempt.source.required:
        if (not routes or attempt.route in routes) and not is_filled(attempt.opportunity):
            attempt.reasons.append(reason)
            passed = False
    return passed


def tasks_are_done(attempt: Attempt) -> bool:
    """OPP-5: the stage's must-do tasks that bind this route are finished."""
    passed = True
    route = attempt.route
    for task in attempt.tasks:
        if task.status is TaskStatus.OPEN and task.is_required and (not task.routes or route in task.routes):
            known = attempt.source.open_tasks.get(task.code)
            attempt.reasons.append(known or Reason("task_open", task=task.code, stage=task.stage))
            passed = False
    return passed


def approval_guard(asked: tuple[AskedApproval, ...]) -> Guard:
    """Return the guard of a move that asks for *asked*: only the approval itself makes it happen (RULE-2)."""

    def is_approved(attempt: Attempt) -> bool:
        if not attempt.is_approved:
            attempt.reasons.append(missing_approval(asked, attempt.opportunity, attempt.at))
        return attempt.is_approved

    return is_approved


def rule_guard(rules: tuple[CompiledRule, ...]) -> Guard:
    """Return the guard of a move that *rules* bind: all of them hold (RULE-1)."""

    def rules_hold(attempt: Attempt) -> bool:
        opportunity = attempt.opportunity
        broken = [reason for rule in rules if (reason := rule.broken(opportunity)) is not None]
        attempt.reasons += broken
        return not broken

    return rules_hold


def has_reason_to_jump(attempt: Attempt) -> bool:
    """OPP-6: jumping needs a reason, unless nothing is left open and only optional stages are passed over."""
    if attempt.reason:
        return True
    if not is_finished(attempt) or not all(stage.is_optional for stage in attempt.skipped):
        attempt.reasons.append(Reason("reason_missing"))
        return False
    return True


def has_reason(attempt: Attempt) -> bool:
    """OPP-6: going back needs a reason."""
    if attempt.reason:
        return True
    attempt.reasons.append(Reason("reason_missing"))
    return False


def is_finished(attempt: Attempt) -> bool:
    """Whether nothing that must be done or filled in is open, without giving reasons."""
    before = len(attempt.reasons)
    done = fields_are_filled(attempt) & tasks_are_done(attempt)
    del attempt.reasons[before:]
    return done


def is_on_fast_track(attempt: Attempt) -> bool:
    """OPP-6a: only a fast track, or a partner's deal whose registration is approved, jumps, to the last stage only."""
    if attempt.route is Route.FULL:
        attempt.reasons.append(Reason("full_route"))
        return False
    last = attempt.process.stages[-1].code
    passed = True
    if attempt.target is None or attempt.target.stage.code != last:
        attempt.reasons.append(Reason("only_to_last_stage", last=last))
        passed = False
    registration = attempt.opportunity.registration
    if attempt.opportunity.led_by is LedBy.PARTNER and registration is not Registration.APPROVED:
        attempt.reasons.append(Reason("registration_needed", registration=str(registration)))
        passed = False
    return passed


def owes_nothing(attempt: Attempt) -> bool:
    """
    GRADE-4: what was skipped on a fast track is owed once the route is full; winning needs it done or waived.

    The stage it stands in is looked at by the other guards.
    """
    current = attempt.source.stage.code
    owed = [s for s in owed_stages(attempt.opportunity, attempt.process, attempt.route) if s != current]
    attempt.reasons += [Reason("stage_owed", stage=stage) for stage in owed]
    return not owed


def gives_lost_reason(attempt: Attempt) -> bool:
    """OPP-7: losing names a reason of the template's list."""
    return _known(attempt, attempt.process.lost_reasons)


def gives_invalid_reason(attempt: Attempt) -> bool:
    """OPP-7: invalidating names a reason of the template's list."""
    return _known(attempt, attempt.process.invalid_reasons)


def _known(attempt: Attempt, known: tuple[str, ...]) -> bool:
    if not attempt.reason:
        attempt.reasons.append(Reason("reason_missing"))
        return False
    if attempt.reason not in known:
        attempt.reasons.append(Reason("reason_unknown", reason=attempt.reason, known=known))
        return False
    return True


def owed_stages(opportunity: Opportunity, process: SalesProcess, route: Route | None = None) -> tuple[str, ...]:
    """
    Return the stages that *opportunity* owes, in order: skipped on a fast track, and now on the full route.

    A stage is known by its code, also where the record went through another process in between (OPP-9).

    Args:
        route: The route that binds it; None means that of its grade.

    Source: GRADE-4, OPP-6a.
    """
    if process.jump is not Jump.FAST_TRACK or (route or opportunity.grade.route) is not Route.FULL:
        return ()
    left_open = {
        task.stage
        for task in opportunity.tasks
        if task.status is TaskStatus.SKIPPED and task.is_required and (not task.routes or Route.FULL in task.routes)
    }
    waived = {waiver.stage: waiver.at for waiver in opportunity.waivers}
    owed: set[str] = set()
    for visit in opportunity.visits:
        let_go = waived.get(visit.stage)
        if let_go is not None and visit.left_at is not None and visit.left_at <= let_go:
            continue
        if visit.exit is StageExit.SKIPPED or (visit.exit is StageExit.JUMPED and visit.stage in left_open):
            owed.add(visit.stage)
        elif visit.exit is StageExit.ADVANCED:
            owed.discard(visit.stage)
    return tuple(stage.code for stage in process.stages if stage.code in owed)


GUARDS_BEFORE_LEAVING = (has_arrived, fields_are_filled, tasks_are_done)
"""What must hold before a stage is left forward by the regular way."""

GUARDS_BEFORE_WIN = (*GUARDS_BEFORE_LEAVING, owes_nothing)
"""What must hold before it is won, from whatever stage (OPP-7)."""

JUMP_GUARDS: Mapping[Jump, tuple[Guard, ...]] = {
    Jump.FREE: (has_arrived,),
    Jump.REASON: (has_arrived, has_reason_to_jump),
    Jump.FAST_TRACK: (has_arrived, is_on_fast_track),
}
"""What must hold before a stage is left forward by a jump, per the template's rule."""
