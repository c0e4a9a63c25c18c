"""
How much is it worth our effort? Policies, routes, resources, and grades set by hand (GRADE).

Everything here is a pure function of an opportunity and a day; nothing is saved here.
"""

from salesflow.grading.amounts import AmountPolicy
from salesflow.grading.chains import ChainedPolicy
from salesflow.grading.hand import clear_grade, regrade, set_grade
from salesflow.grading.policy import GradeDecision, GradingPolicy, fields_read, route_of
from salesflow.grading.preview import GradeChange, what_if
from salesflow.grading.resources import Resources
from salesflow.grading.scorecards import (
    AmountPoints,
    ChancePoints,
    Criterion,
    CustomPoints,
    Points,
    ScorecardPolicy,
)

__all__ = [
    "AmountPoints",
    "AmountPolicy",
    "ChainedPolicy",
    "ChancePoints",
    "Criterion",
    "CustomPoints",
    "GradeChange",
    "GradeDecision",
    "GradingPolicy",
    "Points",
    "Resources",
    "ScorecardPolicy",
    "clear_grade",
    "fields_read",
    "regrade",
    "route_of",
    "set_grade",
    "what_if",
]
