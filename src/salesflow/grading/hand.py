"""
Computed and by hand, both kept: what is set by hand counts until cleared, or the lead party changes.

Who may set one, and in which status, is access's and process's to say.
"""

from __future__ import annotations

from datetime import date

from attrs import evolve

from salesflow.errors import PortError, SalesflowError
from salesflow.grading.policy import GradeDecision, GradingPolicy, route_of
from salesflow.model.enums import Grade
from salesflow.model.events import having
from salesflow.model.opportunity import Grading, Opportunity
from salesflow.model.reasons import Reason


def regrade(opportunity: Opportunity, policy: GradingPolicy, on: date | None) -> Grading:
    """
    Return the grading of *opportunity* as it stands now; the override is kept.

    An override is suspended while another party leads the deal than when it was set, and counts again when
    that party is back.

    Args:
        opportunity: With its new amount and lead party.
        policy: Computes the grade.
        on: The grading date; None only where the policy needs none.

    Raises:
        PortError: The policy failed, or gave no `GradeDecision`.

    Source: GRADE-3, GRADE-4.
    """
    try:
        decision: object = policy.grade(opportunity, on)
    except SalesflowError:
        raise
    except Exception as error:
        raise PortError("grading policy", f"failed for {opportunity.id!r}: {error}") from error
    if not isinstance(decision, GradeDecision):
        raise PortError("grading policy", f"gave {type(decision).__name__}, not a GradeDecision")
    before = opportunity.grade
    suspended = before.override is not None and before.override_led_by is not opportunity.led_by
    return _routed(having(before, computed=decision.grade, reason=decision.reason, is_suspended=suspended))


def set_grade(opportunity: Opportunity, grade: Grade, reason: str, by: str) -> Grading | Reason:
    """
    Return the grading with *grade* set by hand in place of any earlier one, or why that is not possible.

    Args:
        grade: A to D, up or down; E follows from who leads the deal and is never set.
        reason: Why, in the person's words.
        by: The person's id.

    Source: GRADE-3.
    """
    if grade is Grade.E:
        return Reason("grade_by_hand", grade=grade.value)
    if not reason.strip():
        return Reason("reason_missing")
    return _routed(
        evolve(
            opportunity.grade,
            override=grade,
            override_reason=reason,
            override_by=by,
            override_led_by=opportunity.led_by,
            is_suspended=False,
        )
    )


def clear_grade(opportunity: Opportunity) -> Grading | Reason:
    """
    Return the grading without what was set by hand, suspended or not, or why there is nothing to clear.

    Source: GRADE-3.
    """
    now = opportunity.grade
    if now.override is None:
        return Reason("no_override")
    return _routed(Grading(computed=now.computed, reason=now.reason))


def _routed(grading: Grading) -> Grading:
    route = route_of(grading.effective)
    return grading if grading.route is route else having(grading, route=route)
