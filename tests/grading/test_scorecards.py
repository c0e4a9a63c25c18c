"""Scorecards and chains: every decision with its reason, no guess, and what is not sound is refused (GRADE-7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, PortError
from salesflow.grading import (
    AmountPoints,
    AmountPolicy,
    ChainedPolicy,
    ChancePoints,
    Criterion,
    CustomPoints,
    GradeDecision,
    ScorecardPolicy,
    fields_read,
    regrade,
)
from salesflow.model import CustomField, Grade, LedBy, Money, Opportunity, Probability, ProbabilitySource, Reason
from tests.process.samples import opened

ON = date(2026, 3, 2)
DEAL = evolve(opened(), amount=Money("2000000", "CNY"), probability=Probability(60, ProbabilitySource.HAND))
STRATEGIC = evolve(DEAL, custom=(CustomField("strategic_value", "high"),))
SIZE = AmountPoints({Money("1000000", "CNY"): 50, Money("5000000", "CNY"): 100})
VALUE = CustomPoints("strategic_value", {"high": 100, "medium": 50, "low": 0})
CARD = ScorecardPolicy([Criterion("size", SIZE, 3), Criterion("value", VALUE, 2), Criterion("chance", ChancePoints())])


class Fixed:
    """Gives the same points to everybody."""

    def __init__(self, points: Any) -> None:
        self.given = points

    def points(self, opportunity: Opportunity, on: date | None) -> Any:
        return self.given


class Says:
    """A policy that always says the same."""

    reads = ("close_date",)

    def __init__(self, grade: Grade | None, code: str) -> None:
        self.decision = GradeDecision(grade, Reason(code))

    def grade(self, opportunity: Opportunity, on: date | None = None) -> GradeDecision:
        return self.decision


class Eight:
    """Eight of the home currency for one euro, on one day, and no other rate."""

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        return Decimal(8) if (currency, home, on) == ("EUR", "CNY", ON) else None


def test_the_score_is_the_weighted_mean_and_stands_in_the_reason():
    """GRADE-7: (3 x 50 + 2 x 100 + 1 x 60) / 6 = 68.33: B, with all that it is made of."""
    decision = CARD.grade(STRATEGIC, ON)
    assert decision.grade is Grade.B
    assert decision.reason == Reason(
        "score_at_least", score="68.33", boundary=50, parts=("size 50 x 3", "value 100 x 2", "chance 60 x 1")
    )
    assert str(decision.reason) == "the score 68.33 is at or above 50 (size 50 x 3, value 100 x 2, chance 60 x 1)"


def test_what_nobody_can_rate_is_not_guessed():
    """GRADE-1, GRADE-6, GRADE-7: a criterion without an answer leaves the grade undecided, each with its reason."""
    decision = CARD.grade(evolve(DEAL, amount=None), ON)
    assert decision.grade is None
    assert decision.reason.code == "criteria_not_rated"
    assert decision.reason.facts["criteria"] == (
        "size: without an amount there is no grade",
        "value: the custom field 'strategic_value' holds none of high, medium, low",
    )
    unknown = evolve(STRATEGIC, custom=(CustomField("strategic_value", 5),))
    assert CARD.grade(unknown, ON).grade is None


def test_other_currencies_take_a_rate_or_are_undecided():
    """GRADE-6: points by amount convert on the grading date; no rate, no guess."""
    deal = evolve(DEAL, amount=Money("625000", "EUR"))
    assert AmountPoints([(Money(5_000_000, "CNY"), 90)], rates=Eight()).points(deal, ON) == 90
    missing = Reason("rate_missing", currency="EUR", home="CNY")
    assert AmountPoints([(Money(5_000_000, "CNY"), 90)], rates=Eight()).points(deal, date(2026, 3, 3)) == missing
    assert SIZE.points(deal, ON) == missing


@pytest.mark.parametrize(
    ("amount", "points"), [(0, 0), ("999999.99", 0), (1_000_000, 50), ("4999999.99", 50), (5_000_000, 100)]
)
def test_a_steps_own_amount_reaches_it(amount: Any, points: int):
    """GRADE-1, GRADE-7: boundaries belong to the upper side; below the lowest step there are no points."""
    assert SIZE.points(evolve(DEAL, amount=Money(amount, "CNY")), ON) == points


def test_below_the_lowest_boundary_it_is_d():
    """GRADE-7: with the score in the reason there as well."""
    decision = ScorecardPolicy([Criterion("x", Fixed(24))]).grade(DEAL)
    assert decision == GradeDecision(Grade.D, Reason("score_below", score="24.00", boundary=25, parts=("x 24 x 1",)))


def test_what_a_partner_leads_is_e_whatever_the_score():
    """GRADE-1: led by a partner E, also where nobody could rate it."""
    decision = CARD.grade(evolve(DEAL, amount=None, led_by=LedBy.PARTNER), ON)
    assert (decision.grade, decision.reason) == (Grade.E, Reason("led_by_partner"))


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 5)), min_size=1, max_size=4),
    st.tuples(*[st.integers(0, 100)] * 3).map(sorted),
)
def test_the_grade_is_where_the_exact_mean_stands(lines: list[tuple[int, int]], bounds: list[int]):
    """GRADE-7: against a mean worked out apart; a boundary itself belongs to the upper grade, shown is never more."""
    criteria = [Criterion(str(n), Fixed(points), weight) for n, (points, weight) in enumerate(lines)]
    lower, middle, upper = bounds
    decision = ScorecardPolicy(criteria, upper=upper, boundary=middle, lower=lower).grade(DEAL)
    mean = Fraction(sum(p * w for p, w in lines), sum(w for _, w in lines))
    expected = "A" if mean >= upper else "B" if mean >= middle else "C" if mean >= lower else "D"
    assert decision.grade == expected
    shown = Fraction(decision.reason.facts["score"])
    assert shown <= mean < shown + Fraction(1, 100)
    assert (decision.reason.code == "score_below") == (expected == "D")


@pytest.mark.parametrize("points", [-1, 101, 1.5, True, None, "50", Decimal(5)])
def test_a_rating_that_breaks_its_contract_is_a_failing_port(points: Any):
    """REL-7: whole points from 0 to 100, or a reason."""
    with pytest.raises(PortError, match="'x' gave"):
        ScorecardPolicy([Criterion("x", Fixed(points))]).grade(DEAL)


def test_the_first_policy_of_a_chain_that_decides_has_decided():
    """GRADE-7: a policy for few cases before one for all; the reason is the deciding one's."""
    few = ScorecardPolicy([Criterion("value", VALUE)])
    chain = ChainedPolicy([few, AmountPolicy()])
    assert (chain.grade(STRATEGIC).grade, chain.grade(STRATEGIC).reason.code) == (Grade.A, "score_at_least")
    assert (chain.grade(DEAL).grade, chain.grade(DEAL).reason.code) == (Grade.B, "at_least")


def test_a_chain_that_decides_nothing_says_why_each_did_not():
    """GRADE-7: undecided, with every reason; a chain of one gives that one's own."""
    blank = evolve(DEAL, amount=None)
    decision = ChainedPolicy([AmountPolicy(), Says(None, "my_own")]).grade(blank)
    assert decision.grade is None
    assert decision.reason.code == "no_policy_decides"
    assert decision.reason.facts["because"][0] == "without an amount there is no grade"
    assert ChainedPolicy([AmountPolicy()]).grade(blank).reason == Reason("amount_missing")


def test_a_policy_says_what_it_reads():
    """GRADE-4, GRADE-7: amount and lead party always; what criteria and chained policies read beyond them too."""
    assert fields_read(AmountPolicy()) == {"amount", "led_by"}
    assert fields_read(CARD) == {"amount", "led_by", "probability", "custom"}
    assert fields_read(ChainedPolicy([CARD, Says(None, "x")])) == fields_read(CARD) | {"close_date"}


def test_a_scorecard_is_graded_like_any_policy():
    """GRADE-7: the grade on the record carries the score, and the route follows from it."""
    grading = regrade(STRATEGIC, CARD, ON)
    assert (grading.computed, grading.route, grading.reason) == ("B", "full", CARD.grade(STRATEGIC, ON).reason)


NOTHING: Any = 1.5
BAD: list[Any] = [
    lambda: AmountPoints([]),
    lambda: AmountPoints(5),
    lambda: AmountPoints([5]),
    lambda: AmountPoints([(Money(1, "CNY"), 101)]),
    lambda: AmountPoints([(5, 1)]),
    lambda: AmountPoints([(Money(1, "CNY"), 1), (Money(2, "USD"), 2)]),
    lambda: AmountPoints([(Money(1, "CNY"), 1)], rates=NOTHING),
    lambda: CustomPoints("", {"a": 1}),
    lambda: CustomPoints("x", {}),
    lambda: CustomPoints("x", 5),
    lambda: CustomPoints("x", {"a": -1}),
    lambda: CustomPoints("x", {"": 1}),
    lambda: Criterion("", Fixed(1)),
    lambda: Criterion("x", NOTHING),
    lambda: Criterion("x", Fixed(1), 0),
    lambda: Criterion("x", Fixed(1), True),
    lambda: Criterion("x", Fixed(1), 1001),
    lambda: ScorecardPolicy([]),
    lambda: ScorecardPolicy(5),
    lambda: ScorecardPolicy([5]),
    lambda: ScorecardPolicy([Criterion("x", Fixed(1)), Criterion("x", Fixed(2))]),
    lambda: ScorecardPolicy([Criterion("x", Fixed(1))], upper=40),
    lambda: ScorecardPolicy([Criterion("x", Fixed(1))], lower=60),
    lambda: ScorecardPolicy([Criterion("x", Fixed(1))], upper=101),
    lambda: ScorecardPolicy([Criterion("x", Fixed(1))], lower=NOTHING),
    lambda: ChainedPolicy([]),
    lambda: ChainedPolicy(NOTHING),
    lambda: ChainedPolicy([NOTHING]),
]


@pytest.mark.parametrize("make", BAD)
def test_what_is_not_sound_is_refused_when_it_is_configured(make: Any):
    """GRADE-7, REL-8: whoever configures a policy learns it at once."""
    with pytest.raises(InvalidInput):
        make()
