"""
Which approvals a move of an opportunity asks for: of the stages it passes, and of the process itself (RULE-2).

There is no way around one: passing over a stage asks for its approval just as leaving it does, or a jump would be the
way around. On a fast track only the stage that is left asks: there the route, and for a partner's deal the
registration, is what permits the jump (OPP-6a).
"""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from salesflow.model import Approval, ApprovalStatus, Jump, Opportunity, Reason, SalesProcess

APPROVABLE = ("advance", "change_stage", "win", "lose", "invalidate")
"""The operations that can wait for an approval."""

PROCESS_APPROVABLE = ("win", "lose", "invalidate")
"""The operations that an approval of the process itself can bind, beside those of its stages."""

OWNER_SUPERIOR = "owner_superior"
"""The approver who is any superior of the record's owner."""

PERSON, ROLE = "person:", "role:"
"""What an approver begins with who is one person, or everybody in one role of the team."""

REGISTRATION = "opportunities.register_with_partner"
"""The operation that a partner registration waits for; its approval is no stage move (OPP-20)."""

_FORWARD = ("advance", "change_stage", "win")


@frozen
class AskedApproval:
    """
    An approval that a move asks for.

    Args:
        approver: Who decides: `OWNER_SUPERIOR`, or an id after `PERSON`, or a team role after `ROLE`.
        expires_after_days: How long a request waits; None means for ever.
    """

    approver: str
    expires_after_days: int | None


def asked_approvals(
    process: SalesProcess, operation: str, stage: str, target: str | None = None
) -> tuple[AskedApproval, ...]:
    """
    Return the approvals that *operation* asks for, each approver once, with the shortest time that is given.

    Args:
        operation: One of `APPROVABLE`.
        stage: Where the record stands.
        target: The stage to enter; None is the outcome, behind the last stage. One that lies before asks for none.

    Source: RULE-2, OPP-6, OPP-6a, OPP-7.
    """
    codes = [one.code for one in process.stages]
    first, end = codes.index(stage), len(codes) if target is None else codes.index(target)
    passed = process.stages[first : first + 1 if process.jump is Jump.FAST_TRACK else end] if end > first else ()
    found = [
        (one.approval, one.approval_expires_after_days)
        for one in (passed if operation in _FORWARD else ())
        if one.approval is not None
    ]
    found += [(one.approver, one.expires_after_days) for one in process.approvals if one.before == operation]
    shortest: dict[str, int | None] = {}
    for approver, days in found:
        known = [limit for limit in (shortest.get(approver), days) if limit is not None]
        shortest[approver] = min(known, default=None)
    return tuple(AskedApproval(approver, days) for approver, days in shortest.items())


def missing_approval(asked: tuple[AskedApproval, ...], opportunity: Opportunity, at: datetime) -> Reason:
    """
    Return the reason why a move that asks for *asked*, one or more, does not just happen.

    Source: RULE-2.
    """
    first, *others = (one.approver for one in asked)
    if others:
        return Reason("approvals_apart", approvers=(first, *others))
    for approval in opportunity.approvals:
        if is_waiting(approval) and approval.operation != REGISTRATION and not is_expired(approval, at):
            return Reason("approval_pending", approval=approval.id)
    return Reason("approval_needed", approver=first)


def is_waiting(approval: Approval) -> bool:
    """Whether nobody decided it, and no move of the record overtook it."""
    return approval.status is ApprovalStatus.REQUESTED


def is_expired(approval: Approval, at: datetime) -> bool:
    """Whether its time was over at *at*; from that very moment on it is."""
    return approval.expires_at is not None and at >= approval.expires_at
