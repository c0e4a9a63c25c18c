"""
What stands in the way of a stage move. Each guard looks at one attempt, adds every reason, says whether it passed.

Guards are pure: they read the attempt and append to its reasons, nothing else. They are the conditions of the
compiled machine (OPP-5, OPP-6, OPP-6a, OPP-7, GRADE-4, RULE-2, IO-3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from attrs import frozen

from salesflow.model import (
    ApprovalStatus,
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
from salesflow.process.requirements import filled_test


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
        is_approved: Whether this attempt happens because it was just approved.
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


def is_approved(attempt: Attempt) -> bool:
    """RULE-2: a stage that needs an approval is left forward only by the approval itself."""
    needed = attempt.source.stage.approval
    return needed is None or _is_granted(attempt, needed)


def is_approved_on_the_way(attempt: Attempt) -> bool:
    """RULE-2: so is one that is passed over; without a target, all that follow are."""
    target = attempt.target
    needed = _first_approval(attempt.process, attempt.source.index, None if target is None else target.index)
    return needed is None or _is_granted(attempt, needed)


def approval_on_the_way(process: SalesProcess, source: str, target: str | None) -> str | None:
    """
    Return who must approve that *source* is left forward for *target*; None where nobody must.

    Passing over a stage asks for its approval too, or a jump would be the way around it. On a fast track only the
    stage that is left asks: there the route, and for a partner's deal the registration, is what permits the jump.

    Args:
        target: The stage to enter; None is the win, behind the last one.

    Source: RULE-2, OPP-6, OPP-6a.
    """
    codes = [stage.code for stage in process.stages]
    return _first_approval(process, codes.index(source), None if target is None else codes.index(target))


def _first_approval(process: SalesProcess, first: int, end: int | None) -> str | None:
    for stage in process.stages[first : first + 1 if process.jump is Jump.FAST_TRACK else end]:
        if stage.approval is not None:
            return stage.approval
    return None


def _is_granted(attempt: Attempt, needed: str) -> bool:
    if attempt.is_approved:
        return True
    waiting = waiting_approval(attempt.opportunity)
    if waiting is not None:
        attempt.reasons.append(Reason("approval_pending", approval=waiting))
    else:
        attempt.reasons.append(Reason("approval_needed", approver=needed))
    return False


def waiting_approval(opportunity: Opportunity) -> str | None:
    """Return the id of the approval of a stage move that waits for a decision, or None."""
    for approval in opportunity.approvals:
        if approval.status is ApprovalStatus.REQUESTED and approval.operation != REGISTRATION:
            return approval.id
    return None


REGISTRATION = "opportunities.register_with_partner"
"""The operation that a partner registration waits for; its approval is no stage move (OPP-20)."""


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


GUARDS_BEFORE_LEAVING = (has_arrived, fields_are_filled, tasks_are_done, is_approved)
"""What must hold before a stage is left forward by the regular way."""

GUARDS_BEFORE_EARLY_WIN = (has_arrived, fields_are_filled, tasks_are_done, is_approved_on_the_way, owes_nothing)
"""What must hold before it is won from a stage that is not the last one (OPP-7)."""

JUMP_GUARDS: Mapping[Jump, tuple[Callable[[Attempt], bool], ...]] = {
    Jump.FREE: (has_arrived, is_approved_on_the_way),
    Jump.REASON: (has_arrived, has_reason_to_jump, is_approved_on_the_way),
    Jump.FAST_TRACK: (has_arrived, is_on_fast_track, is_approved),
}
"""What must hold before a stage is left forward by a jump, per the template's rule."""
