"""
How much is it worth our effort? Policies, routes, and grades set by hand (GRADE).

Everything here is a pure function of an opportunity and a day; nothing is saved here.
"""

from salesflow.grading.amounts import AmountPolicy
from salesflow.grading.hand import clear_grade, regrade, set_grade
from salesflow.grading.policy import GradeDecision, GradingPolicy, route_of

__all__ = [
    "AmountPolicy",
    "GradeDecision",
    "GradingPolicy",
    "clear_grade",
    "regrade",
    "route_of",
    "set_grade",
]
