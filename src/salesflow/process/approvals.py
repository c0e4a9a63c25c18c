"""
Approvals (审批): an operation waits until whoever the template names lets it happen (RULE-2).

What waits is kept with its arguments and happens when approved, as the requester, checked again. What is not decided
in time is expired: from then on it counts for nothing, and a new request says so in the record.
A partner's registration is an approval too (OPP-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from attrs import evolve

from salesflow.model import (
    Approval,
    ApprovalStatus,
    Decision,
    EventBuilder,
    EventKind,
    LedBy,
    Money,
    Opportunity,
    Reason,
    Registration,
    SalesProcess,
)
from salesflow.process.asked_approvals import (
    OWNER_SUPERIOR,
    REGISTRATION,
    AskedApproval,
    asked_approvals,
    is_expired,
    is_waiting,
)
from salesflow.process.standing import OPEN, opportunity_stands, refused


def kept_arguments(arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a waiting operation was called with as text, which every store holds; what is None is left out."""
    return tuple(
        (name, f"{value.amount} {value.currency}" if isinstance(value, Money) else str(value))
        for name, value in sorted(arguments.items())
        if value is not None
    )


def read_arguments(kept: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Return the arguments that `kept_arguments` kept."""
    return {name: _READ[name](text) if name in _READ else text for name, text in kept}


def _money(text: str) -> Money:
    amount, _, currency = text.partition(" ")
    return Money(amount, currency)


_READ: Mapping[str, Callable[[str], Any]] = {"amount": _money, "close_date": date.fromisoformat}


def request_approval(
    opportunity: Opportunity, waiting: str, arguments: tuple[tuple[str, str], ...], blockers: tuple[Reason, ...],
    *, asked: tuple[AskedApproval, ...], has_approver: bool, by: str, at: datetime,
) -> Decision:  # fmt: skip
    """
    Decide to ask for an approval of *waiting*; an earlier request that is expired by now is marked so.

    Args:
        waiting: One of `APPROVABLE`.
        arguments: What it shall be called with.
        blockers: What stands in its way now; all but the approval must be out of the way.
        asked: The approvals that it asks for.
        has_approver: Whether anybody can decide the one that it asks for.

    Source: RULE-2.
    """
    others = [r for r in blockers if r.code != "approval_needed"]
    if len(others) == len(blockers) and not others:
        others.append(Reason("approval_not_needed", operation=waiting))
    if len(asked) == 1 and not has_approver:
        others.append(Reason("no_approver", owner=opportunity.owner, approver=asked[0].approver))
    if others:
        return refused(*others)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.request_approval")
    (needed,) = asked
    days = needed.expires_after_days
    approval = Approval(
        str(opportunity.version + 1), f"opportunities.{waiting}", opportunity.stage, arguments, by, builder.at,
        approver=needed.approver, expires_at=None if days is None else builder.at + timedelta(days=days),
    )  # fmt: skip
    earlier = _settled(opportunity.approvals, builder.at, lambda one: is_expired(one, builder.at))
    builder.add(EventKind.APPROVAL_REQUESTED, approvals=(*earlier, approval))
    return builder.decision()


def register_with_partner(opportunity: Opportunity, *, has_approver: bool, by: str, at: datetime) -> Decision:
    """
    Decide to ask for the registration (报备) of a partner's deal; a refused one may be asked for again.

    Source: OPP-20.
    """
    reasons = list(opportunity_stands(opportunity, OPEN))
    if opportunity.led_by is not LedBy.PARTNER:
        reasons.append(Reason("not_partner_led"))
    askable = (Registration.UNREGISTERED, Registration.REFUSED)
    if opportunity.registration not in askable:
        state = str(opportunity.registration)
        reasons.append(Reason("registration_state", registration=state, allowed=tuple(map(str, askable))))
    if not has_approver:
        reasons.append(Reason("no_approver", owner=opportunity.owner, approver=OWNER_SUPERIOR))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation=REGISTRATION)
    approval = Approval(str(opportunity.version + 1), REGISTRATION, opportunity.stage, (), by, builder.at)
    builder.add(
        EventKind.REGISTRATION_REQUESTED,
        registration=Registration.REQUESTED,
        approvals=(*opportunity.approvals, approval),
    )
    return builder.decision()


def waiting_approvals(opportunity: Opportunity) -> tuple[Approval, ...]:
    """Return every approval that nobody decided, an expired one included: of a move, or of a partner registration."""
    return tuple(filter(is_waiting, opportunity.approvals))


def find_waiting(opportunity: Opportunity, approval: str | None, at: datetime) -> Approval | Reason:
    """
    Return the approval that waits for a decision, or the reason why there is none.

    Args:
        approval: Its id; None means the only one that waits.
        at: When, in UTC: one that is expired by then waits no more.
    """
    if approval is None:
        waiting = waiting_approvals(opportunity)
        found = [one for one in waiting if not is_expired(one, at)] or waiting
        if len(found) > 1:
            return Reason("approvals_waiting", approvals=tuple(one.id for one in found))
        return _undecided(found[0], at) if found else Reason("approval_unknown", approval="")
    known = next((one for one in opportunity.approvals if one.id == approval), None)
    return Reason("approval_unknown", approval=approval) if known is None else _undecided(known, at)


def _undecided(approval: Approval, at: datetime) -> Approval | Reason:
    if not is_waiting(approval):
        return Reason("approval_decided", approval=approval.id, status=str(approval.status))
    if is_expired(approval, at):
        return Reason("approval_expired", approval=approval.id, expired_at=str(approval.expires_at))
    return approval


def outdated(opportunity: Opportunity, approval: Approval, process: SalesProcess) -> tuple[Reason, ...]:
    """
    Return why granting *approval* would not do any more: the move asks for another approver by now, or for several.

    Source: RULE-2.
    """
    asked = _asked_by(approval, opportunity.stage, process)
    others = [one.approver for one in asked if one.approver != approval.approver]
    return tuple(Reason("approval_needed", approver=approver) for approver in others)


def approvals_for(
    process: SalesProcess, operation: str, stage: str, arguments: Mapping[str, Any]
) -> tuple[AskedApproval, ...]:
    """
    Return the approvals that *operation* asks for when it is called with *arguments*; none where there is no such move.

    Args:
        operation: One of `APPROVABLE`.
        stage: Where the record stands.

    Source: RULE-2.
    """
    codes = [one.code for one in process.stages]
    if operation == "advance":
        target = next(iter(codes[codes.index(stage) + 1 :]), None)
    elif operation == "change_stage":
        target = next((code for code in codes if code == arguments.get("stage")), None)
    else:
        return asked_approvals(process, operation, stage)
    return () if target is None else asked_approvals(process, operation, stage, target)


def _asked_by(approval: Approval, stage: str, process: SalesProcess) -> tuple[AskedApproval, ...]:
    operation = approval.operation.removeprefix("opportunities.")
    return approvals_for(process, operation, stage, dict(approval.arguments))


def grant(
    opportunity: Opportunity, approval: Approval, comment: str | None, *, by: str, at: datetime
) -> EventBuilder | tuple[Reason, ...]:
    """
    Begin the decision that grants *approval*; what waited is then decided with the builder that comes back.

    For a registration the builder is the whole decision already.

    Source: RULE-2, OPP-20.
    """
    reasons = opportunity_stands(opportunity, OPEN)
    if approval.operation == REGISTRATION and opportunity.led_by is not LedBy.PARTNER:
        reasons = (*reasons, Reason("not_partner_led"))
    if reasons:
        return reasons
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.approve")
    decided = _decided(opportunity, approval, ApprovalStatus.APPROVED, comment, by, builder.at)
    if approval.operation == REGISTRATION:
        builder.add(EventKind.REGISTRATION_APPROVED, comment, approvals=decided, registration=Registration.APPROVED)
    else:
        builder.add(EventKind.APPROVAL_GRANTED, comment, approvals=decided)
        builder.by = approval.requested_by
    return builder


def refuse(opportunity: Opportunity, approval: Approval, comment: str | None, *, by: str, at: datetime) -> Decision:
    """
    Decide against *approval*; nothing that waited happens.

    Source: RULE-2, OPP-20.
    """
    reasons = list(opportunity_stands(opportunity, OPEN))
    if not comment:
        reasons.append(Reason("reason_missing"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.refuse")
    decided = _decided(opportunity, approval, ApprovalStatus.REFUSED, comment, by, builder.at)
    if approval.operation == REGISTRATION:
        builder.add(EventKind.REGISTRATION_REFUSED, comment, approvals=decided, registration=Registration.REFUSED)
    else:
        builder.add(EventKind.APPROVAL_REFUSED, comment, approvals=decided)
    return builder.decision()


def withdraw(opportunity: Opportunity, approval: Approval, *, by: str, at: datetime) -> Decision:
    """
    Decide to take the request back.

    Source: RULE-2.
    """
    reasons = opportunity_stands(opportunity, OPEN)
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.withdraw_approval")
    decided = _decided(opportunity, approval, ApprovalStatus.WITHDRAWN, None, by, builder.at)
    if approval.operation == REGISTRATION:
        builder.add(EventKind.APPROVAL_WITHDRAWN, approvals=decided, registration=Registration.UNREGISTERED)
    else:
        builder.add(EventKind.APPROVAL_WITHDRAWN, approvals=decided)
    return builder.decision()


def expire(approvals: tuple[Approval, ...], at: datetime) -> tuple[Approval, ...]:
    """Return the approvals as they are once the stage is left: what waited for a move out of it waits no more."""
    return _settled(approvals, at, lambda approval: True) if approvals else approvals


def carry_approvals(
    approvals: tuple[Approval, ...], process: SalesProcess, named: Mapping[str, str], at: datetime
) -> tuple[Approval, ...]:
    """
    Return the approvals of a record that goes on in the same stage of another version of its template.

    What waits goes on waiting, for the stage that its target is called now; where its move is gone, or asks for no
    approval or another one, it is expired.

    Args:
        process: The version that it goes on in.
        named: From a stage's code to the one that it has there.

    Source: PROC-6, RULE-2.
    """
    renamed = tuple(_renamed(one, named) if is_waiting(one) else one for one in approvals)
    return _settled(renamed, at, lambda approval: not _is_asked(approval, process))


def _renamed(approval: Approval, named: Mapping[str, str]) -> Approval:
    arguments = tuple((name, named.get(text, text) if name == "stage" else text) for name, text in approval.arguments)
    return evolve(approval, arguments=arguments)


def _is_asked(approval: Approval, process: SalesProcess) -> bool:
    return [one.approver for one in _asked_by(approval, approval.stage, process)] == [approval.approver]


def _settled(approvals: tuple[Approval, ...], at: datetime, ends: Callable[[Approval], bool]) -> tuple[Approval, ...]:
    """Return the approvals, those that waited for a move and that *ends* names as expired."""
    return tuple(
        evolve(approval, status=ApprovalStatus.EXPIRED, decided_at=at)
        if is_waiting(approval) and approval.operation != REGISTRATION and ends(approval)
        else approval
        for approval in approvals
    )


def _decided(
    opportunity: Opportunity,
    approval: Approval,
    status: ApprovalStatus,
    comment: str | None,
    by: str,
    at: datetime,
) -> tuple[Approval, ...]:
    after = evolve(approval, status=status, decided_by=by, decided_at=at, comment=comment)
    return tuple(after if a.id == approval.id else a for a in opportunity.approvals)
