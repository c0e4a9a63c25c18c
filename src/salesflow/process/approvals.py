"""
Approvals, in their thinnest form: an operation waits until the owner's superior lets it happen (RULE-2).

What waits is kept with its arguments and happens when approved, as the requester, checked again.
A partner's registration is an approval too (OPP-20).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
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
)
from salesflow.process.guards import REGISTRATION
from salesflow.process.standing import OPEN, opportunity_stands, refused

APPROVABLE = ("advance", "change_stage", "win")
"""The operations that can wait for an approval."""


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
    *, has_approver: bool, by: str, at: datetime,
) -> Decision:  # fmt: skip
    """
    Decide to ask for an approval of *waiting*.

    Args:
        waiting: One of `APPROVABLE`.
        arguments: What it shall be called with.
        blockers: What stands in its way now; all but the approval must be out of the way.
        has_approver: Whether anybody stands above the owner.

    Source: RULE-2.
    """
    others = [r for r in blockers if r.code != "approval_needed"]
    if len(others) == len(blockers) and not others:
        others.append(Reason("approval_not_needed", operation=waiting))
    if not has_approver:
        others.append(Reason("no_approver", owner=opportunity.owner))
    if others:
        return refused(*others)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.request_approval")
    operation = f"opportunities.{waiting}"
    approval = Approval(str(opportunity.version + 1), operation, opportunity.stage, arguments, by, builder.at)
    builder.add(EventKind.APPROVAL_REQUESTED, approvals=(*opportunity.approvals, approval))
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
        reasons.append(Reason("no_approver", owner=opportunity.owner))
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
    """Return every approval that waits for a decision: of a stage move, or of a partner registration."""
    return tuple(a for a in opportunity.approvals if a.status is ApprovalStatus.REQUESTED)


def find_waiting(opportunity: Opportunity, approval: str | None) -> Approval | Reason:
    """
    Return the approval that waits for a decision, or the reason why there is none.

    Args:
        approval: Its id; None means the only one that waits.
    """
    if approval is None:
        waiting = waiting_approvals(opportunity)
        if len(waiting) > 1:
            return Reason("approvals_waiting", approvals=tuple(a.id for a in waiting))
        return waiting[0] if waiting else Reason("approval_unknown", approval="")
    found = next((a for a in opportunity.approvals if a.id == approval), None)
    if found is None:
        return Reason("approval_unknown", approval=approval)
    if found.status is not ApprovalStatus.REQUESTED:
        return Reason("approval_decided", approval=approval, status=str(found.status))
    return found


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
    if not approvals:
        return approvals
    return tuple(
        evolve(a, status=ApprovalStatus.EXPIRED, decided_at=at)
        if a.status is ApprovalStatus.REQUESTED and a.operation != REGISTRATION
        else a
        for a in approvals
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
