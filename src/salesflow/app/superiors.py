"""What superiors and other approvers decide: grades, owed stages, registrations, approvals (GRADE-3, RULE-2)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TypedDict, Unpack

from salesflow.app import superior_intents
from salesflow.app.case import Case
from salesflow.app.history import Readable
from salesflow.model import Grade, Money, Opportunity


class WaitingArguments(TypedDict, total=False):
    """What `SuperiorDecisions.request_approval` takes: the arguments of the operation that shall wait."""

    stage: str
    reason: str | None
    amount: Money | None
    close_date: date | None
    comment: str | None
    competitor: str | None


class SuperiorDecisions(Readable[Opportunity]):
    """Grades by hand, waivers, registrations and approvals."""

    def set_grade(self, opportunity: Opportunity | str, grade: Grade, *, reason: str | None) -> Opportunity:
        """
        Set a grade by hand, A to D, until it is cleared. For the owner's superiors.

        Raises:
            Refused: `grade_by_hand`, `reason_missing`.

        Source: GRADE-3.
        """
        return self._change("set_grade", opportunity, superior_intents.set_grade, grade, reason)

    def clear_grade(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Let the computed grade count again. For the owner's superiors.

        Raises:
            Refused: `no_override`.

        Source: GRADE-3.
        """
        return self._change("clear_grade", opportunity, superior_intents.clear_grade)

    def waive_stage(self, opportunity: Opportunity | str, stage: str, *, reason: str | None) -> Opportunity:
        """
        Let an owed stage go. For the owner's superiors.

        Raises:
            Refused: `nothing_owed`, `reason_missing`.

        Source: GRADE-4.
        """
        return self._change("waive_stage", opportunity, superior_intents.waive_stage, stage, reason)

    def register_with_partner(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Ask for the registration (报备) of a partner's deal; the owner's superior decides it by `approve` or `refuse`.

        Raises:
            Refused: `not_partner_led`, `registration_state`, `no_approver`.

        Source: OPP-20.
        """
        return self._change("register_with_partner", opportunity, superior_intents.register_with_partner)

    def request_approval(
        self, opportunity: Opportunity | str, operation: str, **arguments: Unpack[WaitingArguments]
    ) -> Opportunity:
        """
        Ask that an operation may happen; it does when it is approved, as you, checked again.

        Args:
            operation: ``"advance"``, ``"change_stage"``, ``"win"``, ``"lose"`` or ``"invalidate"``.
            arguments: What it shall be called with, such as ``stage="negotiation"`` for `change_stage`, or
                ``amount`` and ``close_date`` for `win`; a day that is left out is that of the approval.

        Raises:
            Refused: `approval_not_needed`, `approval_pending`, `approvals_apart`, `no_approver`, and whatever else
                stands in the operation's way.

        Source: RULE-2.
        """
        return self._change(
            "request_approval", opportunity, superior_intents.request_approval, operation, arguments,
            access=lambda _case: (f"opportunities.{operation}", ()),
        )  # fmt: skip

    def approve(
        self, opportunity: Opportunity | str, approval: str | None = None, *, comment: str | None = None
    ) -> Opportunity:
        """
        Approve what waits; it happens now. For whom the approval names, nobody else, and not for whoever asked.

        Args:
            approval: Its id; None means the one that waits.

        Raises:
            Refused: `approval_unknown`, `approval_decided`, `approval_expired`, and whatever stands in the
                operation's way by now.

        Source: RULE-2, ACC-18.
        """
        return self._change(
            "approve",
            opportunity,
            superior_intents.approve,
            approval,
            comment,
            access=lambda case: _approvers(case, approval),
        )

    def refuse(
        self, opportunity: Opportunity | str, approval: str | None = None, *, comment: str | None
    ) -> Opportunity:
        """
        Refuse what waits, with a reason. For whom the approval names, nobody else.

        Raises:
            Refused: `approval_unknown`, `approval_decided`, `approval_expired`, `reason_missing`.

        Source: RULE-2, ACC-18.
        """
        return self._change(
            "refuse", opportunity, superior_intents.refuse, approval, comment,
            access=lambda case: _refusers(case, approval),
        )  # fmt: skip

    def withdraw_approval(self, opportunity: Opportunity | str, approval: str | None = None) -> Opportunity:
        """
        Take a request back.

        Raises:
            Refused: `approval_unknown`, `approval_decided`, `approval_expired`.

        Source: RULE-2, ACC-27.
        """
        return self._change(
            "withdraw_approval", opportunity, superior_intents.withdraw_approval, approval,
            access=lambda case: (_waiting_operation(case.record, approval), ()),
        )  # fmt: skip


def _approvers(case: Case, approval: str | None) -> tuple[str, Collection[str]]:
    """ACC-18: whom the approval names, but for whoever asked."""
    approver, requested_by = superior_intents.named_approval(case, approval)
    return "opportunities.approve", superior_intents.approvers(case, approver, requested_by)


def _refusers(case: Case, approval: str | None) -> tuple[str, Collection[str]]:
    """ACC-18: whom the approval names; whoever asked may say no to it too, if they are named."""
    approver, _ = superior_intents.named_approval(case, approval)
    return "opportunities.refuse", superior_intents.approvers(case, approver, None)


def _waiting_operation(opportunity: Opportunity, approval: str | None) -> str:
    """ACC-27: withdrawing takes the row of the operation that waits."""
    for asked in reversed(opportunity.approvals):
        if approval in (None, asked.id):
            return asked.operation
    return "opportunities.withdraw_approval"
