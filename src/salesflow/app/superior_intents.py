"""
What superiors and other approvers are asked for and decide, from a case to events or reasons: grades by hand, owed
stages, registrations and approvals (GRADE-3, GRADE-4, OPP-20, RULE-2, ACC-17, ACC-18).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import evolve

from salesflow import process
from salesflow.app.case import Case
from salesflow.app.intents import actor, advance, change_stage, invalidate, lose, win
from salesflow.errors import InvalidInput
from salesflow.grading import clear_grade as grade_cleared
from salesflow.grading import set_grade as grade_set
from salesflow.model import (
    Approval,
    Decision,
    EventBuilder,
    EventKind,
    Grade,
    Grading,
    Reason,
)
from salesflow.model.requests import named, worded
from salesflow.process import refused


def set_grade(case: Case, grade: Grade, reason: str | None) -> Decision:
    """GRADE-3."""
    try:
        grade = Grade(grade)
    except ValueError:
        raise InvalidInput("grade", grade, "must be Grade.A, B, C or D") from None
    after = grade_set(case.record, grade, worded(reason, "reason") or "", case.person)
    return _regraded(case, after, EventKind.GRADE_SET, reason)


def clear_grade(case: Case) -> Decision:
    """GRADE-3."""
    return _regraded(case, grade_cleared(case.record), EventKind.GRADE_CLEARED, None)


def _regraded(case: Case, after: Grading | Reason, kind: EventKind, reason: str | None) -> Decision:
    """Say the grade and, as an event of its own, the route that follows from it (GRADE-4)."""
    reasons = list(process.opportunity_stands(case.record, process.OPEN))
    if isinstance(after, Reason):
        reasons.append(after)
    if isinstance(after, Reason) or reasons:
        return refused(*reasons)
    operation = "set_grade" if kind is EventKind.GRADE_SET else "clear_grade"
    builder = EventBuilder(case.record, **actor(case), operation=f"opportunities.{operation}")
    route = case.record.grade.route
    builder.add(kind, reason, grade=evolve(after, route=route))
    if after.route is not route:
        builder.add(EventKind.ROUTE_CHANGED, grade=after)
    return builder.decision()


def waive_stage(case: Case, stage: str, reason: str | None) -> Decision:
    """GRADE-4."""
    return process.waive_stage(
        case.record, case.engine.process, named(stage, "stage"), reason=worded(reason, "reason"), **actor(case)
    )


def register_with_partner(case: Case) -> Decision:
    """OPP-20."""
    return process.register_with_partner(
        case.record, has_approver=_has_approver(case, process.OWNER_SUPERIOR), **actor(case)
    )


def _has_approver(case: Case, approver: str) -> bool:
    """ACC-18: an approver must be able to see the record, and nobody approves what they ask for themselves."""
    sight = case.sight
    people = approvers(case, approver, requested_by=case.person)
    return any(sight.knows(person) and sight.can_see(person, case.record) for person in people)


def approvers(case: Case, approver: str, requested_by: str | None) -> tuple[str, ...]:
    """
    Return whom an approval names, but for whoever asked, though they be named (ACC-18).

    Args:
        approver: As a template names them: the owner's superior, a person, a role of the team.
        requested_by: Who asked for the approval; None leaves nobody out.
    """
    if approver.startswith(process.PERSON):
        people: Iterable[str] = (approver.removeprefix(process.PERSON),)
    elif approver.startswith(process.ROLE):
        role = approver.removeprefix(process.ROLE)
        people = (member.person for member in case.record.team if member.role == role)
    else:
        people = case.sight.superiors(case.record.owner)
    return tuple(person for person in people if person != requested_by)


def named_approval(case: Case, approval: str | None) -> tuple[str, str | None]:
    """
    Return who decides the approval that is meant, and who asked for it; where there is none, an owner's superior.

    Args:
        approval: Its id; None means the one that waits, else the last.
    """
    found = waiting_approval(case, approval)
    if isinstance(found, Reason):
        known = (one for one in reversed(case.record.approvals) if approval in (None, one.id))
        last = next(known, None)
        return (process.OWNER_SUPERIOR if last is None else last.approver), None
    return found.approver, found.requested_by


def request_approval(case: Case, operation: str, arguments: Mapping[str, Any]) -> Decision:
    """RULE-2. Asked for with all else out of the way, and decided by whom the template names."""
    if operation not in process.APPROVABLE:
        raise InvalidInput("operation", operation, f"must be one of {', '.join(process.APPROVABLE)}")
    blockers = _waiting_move(case, operation, arguments, None).reasons
    asked = process.approvals_for(case.engine.process, operation, case.record.stage, arguments)
    return process.request_approval(
        case.record, operation, process.kept_arguments(arguments),
        (*blockers, *case.kernel.rules.broken(f"opportunities.{operation}", case.record)), asked=asked,
        has_approver=any(_has_approver(case, one.approver) for one in asked), **actor(case),
    )  # fmt: skip


_ARGUMENTS = {
    "advance": (),
    "change_stage": ("stage", "reason"),
    "win": ("amount", "close_date", "comment"),
    "lose": ("reason", "competitor", "comment", "close_date"),
    "invalidate": ("reason", "comment", "close_date"),
}
_WAITING: Mapping[str, Callable[..., Decision]] = {
    "advance": advance,
    "change_stage": change_stage,
    "win": win,
    "lose": lose,
    "invalidate": invalidate,
}


def _waiting_move(case: Case, operation: str, arguments: Mapping[str, Any], approved: EventBuilder | None) -> Decision:
    known = _ARGUMENTS[operation]
    if not set(arguments) <= set(known) or (operation == "change_stage" and "stage" not in arguments):
        raise InvalidInput("arguments", sorted(arguments), f"of {operation} are {', '.join(known) or 'none'}")
    return _WAITING[operation](case, **arguments, approved=approved)


def waiting_approval(case: Case, approval: str | None) -> Approval | Reason:
    """Return the approval that is meant, or why there is none."""
    if approval is not None:
        named(approval, "approval")
    return process.find_waiting(case.record, approval, case.now)


def approve(case: Case, approval: str | None = None, comment: str | None = None) -> Decision:
    """RULE-2: what waited happens now, as the requester, checked again: their right to it, the rules, the template."""
    found = waiting_approval(case, approval)
    if isinstance(found, Reason):
        return refused(found)
    builder = process.grant(case.record, found, worded(comment, "comment"), **actor(case))
    if isinstance(builder, tuple):
        return refused(*builder)
    if found.operation == process.REGISTRATION:
        return builder.decision()
    requester = found.requested_by
    if not case.sight.knows(requester) or not case.sight.can_see(requester, case.record):
        return refused(Reason("person_unknown", person=requester))
    theirs = case.sight.refusals(requester, found.operation, case.record)
    as_requester = Case(case.kernel, case.sight, requester, case.now, case.record)
    method = found.operation.removeprefix("opportunities.")
    decision = _waiting_move(as_requester, method, process.read_arguments(found.arguments), builder)
    against = (
        *theirs,
        *process.outdated(case.record, found, case.engine.process),
        *decision.reasons,
        *case.kernel.rules.broken(found.operation, case.record),
    )
    return refused(*against) if against else decision


def refuse(case: Case, approval: str | None = None, comment: str | None = None) -> Decision:
    """RULE-2."""
    found = waiting_approval(case, approval)
    if isinstance(found, Reason):
        return refused(found)
    return process.refuse(case.record, found, worded(comment, "comment"), **actor(case))


def withdraw_approval(case: Case, approval: str | None = None) -> Decision:
    """RULE-2."""
    found = waiting_approval(case, approval)
    if isinstance(found, Reason):
        return refused(found)
    return process.withdraw(case.record, found, **actor(case))
