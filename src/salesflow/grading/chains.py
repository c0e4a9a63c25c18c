"""Policies one after the other: the first that decides has decided (GRADE-7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.grading.policy import GradeDecision, GradingPolicy, fields_read
from salesflow.model.opportunity import Opportunity
from salesflow.model.reasons import Reason


def _policies(policies: Iterable[GradingPolicy]) -> tuple[GradingPolicy, ...]:
    given: Any = policies
    kept = tuple(given) if isinstance(given, Iterable) else ()
    if not kept or not all(callable(getattr(policy, "grade", None)) for policy in kept):
        raise InvalidInput("policies", given, "must be a list of one or more grading policies")
    return kept


@frozen
class ChainedPolicy:
    """
    Several policies in order: the grade and the reason are those of the first one that is not undecided.

    So a policy for few cases stands before one for all: it decides what it knows and leaves the rest undecided.

    Args:
        policies: At least one.

    Raises:
        InvalidInput: There is none, or one of them is no policy; whoever configures it must mend that.

    Source: GRADE-7.
    """

    policies: tuple[GradingPolicy, ...] = field(converter=_policies)

    @property
    def reads(self) -> frozenset[str]:
        """Every field whose change grades again under any of them."""
        return frozenset().union(*map(fields_read, self.policies))

    def grade(self, opportunity: Opportunity, on: date | None = None) -> GradeDecision:
        """
        Return the decision of the first policy that decides; where none does, undecided, with each one's reason.

        Args:
            opportunity: Only read.
            on: The grading date.

        Source: GRADE-7.
        """
        because = []
        for policy in self.policies:
            decision = policy.grade(opportunity, on)
            if decision.grade is not None:
                return decision
            because.append(decision.reason)
        if len(because) == 1:
            return GradeDecision(None, because[0])
        return GradeDecision(None, Reason("no_policy_decides", because=tuple(map(str, because))))
