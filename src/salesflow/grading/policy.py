"""What a grading policy is: it grades or says why it cannot, with a reason; the grade gives the route."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from attrs import fields, frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import Grade, Route
from salesflow.model.opportunity import Opportunity
from salesflow.model.reasons import Reason

_ROUTES = {
    Grade.A: Route.FULL,
    Grade.B: Route.FULL,
    Grade.C: Route.FAST_TRACK,
    Grade.D: Route.FAST_TRACK,
    Grade.E: Route.PARTNER,
}


def route_of(grade: Grade | None) -> Route:
    """
    Return how much of the process a grade must run; an undecided one (None) runs all of it.

    Source: GRADE-1, GRADE-2.
    """
    return Route.FULL if grade is None else _ROUTES[grade]


@frozen
class GradeDecision:
    """
    What a policy says of one opportunity.

    Args:
        grade: The grade, or None where it is undecided.
        reason: Why.

    Source: GRADE-1, GRADE-7.
    """

    grade: Grade | None
    reason: Reason

    @property
    def route(self) -> Route:
        """The route that the grade gives."""
        return route_of(self.grade)


class GradingPolicy(Protocol):
    """
    Grades opportunities; called on every change of amount, currency or lead party (GRADE-4, GRADE-7).

    A policy that reads more names it in an attribute `reads`, such as ``("probability", "custom")``: then a change
    of those fields grades again too, while the opportunity is in progress.
    """

    def grade(self, opportunity: Opportunity, on: date | None = None) -> GradeDecision:
        """
        Return the grade of *opportunity*, with the reason.

        Args:
            opportunity: Only read.
            on: The grading date, a business day; None where nothing depends on it.
        """
        ...


READ_BY_ALL = frozenset(("amount", "led_by"))
"""The fields whose change always grades again (GRADE-4)."""


def fields_read(policy: object) -> frozenset[str]:
    """
    Return the fields whose change grades again under *policy*.

    Raises:
        InvalidInput: Its `reads` names what is no field of an opportunity; whoever wrote the policy must mend it.

    Source: GRADE-4, GRADE-7.
    """
    reads: object = getattr(policy, "reads", ())
    known = frozenset(declared.name for declared in fields(Opportunity))
    if isinstance(reads, str) or not isinstance(reads, Iterable) or not known.issuperset(read := tuple(reads)):
        raise InvalidInput("grading.reads", reads, "must be names of an opportunity's fields, such as ('custom',)")
    return READ_BY_ALL.union(read)
