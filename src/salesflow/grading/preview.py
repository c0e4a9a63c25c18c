"""What if: which opportunities would be graded otherwise under a new policy, before it is put in place (GRADE-7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from attrs import frozen

from salesflow.grading.hand import regrade
from salesflow.grading.policy import GradingPolicy
from salesflow.model.opportunity import Grading, Opportunity


@frozen
class GradeChange:
    """
    One opportunity that would be graded otherwise.

    Args:
        opportunity: As it stands.
        after: Its grading under the new policy, with the reason.

    Source: GRADE-7.
    """

    opportunity: Opportunity
    after: Grading

    @property
    def before(self) -> Grading:
        """Its grading as it stands."""
        return self.opportunity.grade

    @property
    def is_route_changed(self) -> bool:
        """Whether it would have to run more or less of its process than now."""
        return self.before.route is not self.after.route


def what_if(opportunities: Iterable[Opportunity], policy: GradingPolicy, on: date | None) -> tuple[GradeChange, ...]:
    """
    Return those of *opportunities* whose effective grade or route would be another, in the order given.

    Counted are those in progress and not voided: what is completed keeps its grade. A grade set by hand stays, so
    that such an opportunity is listed only where its override is suspended. Nothing is changed.

    Args:
        opportunities: Any number.
        policy: The policy to try.
        on: The grading date; None only where the policy needs none.

    Raises:
        PortError: The policy failed, or gave no `GradeDecision`.

    Source: GRADE-7.
    """
    changes = []
    for opportunity in opportunities:
        if opportunity.is_completed or opportunity.voided:
            continue
        before, after = opportunity.grade, regrade(opportunity, policy, on)
        if (before.effective, before.route) != (after.effective, after.route):
            changes.append(GradeChange(opportunity, after))
    return tuple(changes)
