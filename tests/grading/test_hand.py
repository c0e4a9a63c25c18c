"""Grades set by hand, and regrading: GRADE-3, GRADE-4."""

from datetime import date
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, PortError
from salesflow.grading import AmountPolicy, GradeDecision, clear_grade, regrade, route_of, set_grade
from salesflow.model import Grade, Grading, LedBy, Money, Opportunity, Reason, Route
from salesflow.testing import strategies as some
from tests.grading.test_amounts import PLAIN

DAY = date(2026, 3, 2)
records = st.builds(
    lambda led_by, amount, grade: evolve(PLAIN, led_by=led_by, amount=amount, grade=grade),
    st.sampled_from(LedBy),
    st.none() | some.money(),
    some.gradings(),
)
BY_HAND = st.sampled_from((Grade.A, Grade.B, Grade.C, Grade.D))


class Says:
    """A policy that gives or raises what it was made with."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def grade(self, opportunity: Opportunity, on: date | None = None) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def with_hand(opportunity: Opportunity, grade: Grade) -> Opportunity:
    grading = set_grade(opportunity, grade, "reference customer", "zhang")
    assert isinstance(grading, Grading)
    return evolve(opportunity, grade=grading)


@given(records, st.none() | st.sampled_from(Grade))
def test_without_an_override_the_policy_counts(opportunity, grade):
    """GRADE-4: regrading takes the policy's grade, its reason and the grade's route."""
    decision = GradeDecision(grade, Reason("at_least", amount="2", boundary="1"))

    grading = regrade(opportunity, Says(decision), DAY)

    assert Grading(grade, decision.reason, route_of(grade)) == grading
    assert grade is grading.effective


@given(records, BY_HAND, some.money(currencies=("CNY",)))
def test_an_override_outlives_a_change_of_amount(opportunity, by_hand, amount):
    """GRADE-3: a grade set by hand stays, and decides the route, while both grades stay visible."""
    opportunity = evolve(with_hand(opportunity, by_hand), amount=amount)

    grading = regrade(opportunity, AmountPolicy(), DAY)

    assert AmountPolicy().grade(opportunity).grade is grading.computed
    assert (by_hand, by_hand, route_of(by_hand)) == (grading.override, grading.effective, grading.route)
    assert (grading.override_reason, grading.override_by) == ("reference customer", "zhang")


@given(records, BY_HAND)
def test_another_lead_party_suspends_the_override(opportunity, by_hand):
    """GRADE-3: while another party leads, the computed grade counts; once back, so does the override."""
    there = evolve(opportunity, led_by=LedBy.US, amount=Money("1", "CNY"))
    there = with_hand(there, by_hand)
    away = evolve(there, led_by=LedBy.PARTNER)

    suspended = regrade(away, AmountPolicy(), DAY)
    back = regrade(evolve(away, led_by=LedBy.US, grade=suspended), AmountPolicy(), DAY)

    assert (suspended.effective, suspended.route, suspended.is_suspended) == (Grade.E, Route.PARTNER, True)
    assert by_hand is suspended.override
    assert (by_hand, route_of(by_hand), False) == (back.effective, back.route, back.is_suspended)


def test_setting_anew_ends_a_suspension():
    """GRADE-3: a grade set by hand after the change of lead party counts, whatever was suspended before."""
    record = evolve(PLAIN, led_by=LedBy.US)
    away = evolve(with_hand(record, Grade.A), led_by=LedBy.PARTNER)
    away = evolve(away, grade=regrade(away, AmountPolicy(), DAY))

    grading = set_grade(away, Grade.C, "ours after all", "zhang")

    assert isinstance(grading, Grading)
    assert (grading.effective, grading.is_suspended, grading.override_led_by) == (
        Grade.C,
        False,
        LedBy.PARTNER,
    )


def test_e_is_never_set_by_hand():
    """GRADE-3: E follows from who leads the deal."""
    assert Reason("grade_by_hand", grade="E") == set_grade(PLAIN, Grade.E, "a partner's, really", "zhang")


@pytest.mark.parametrize("reason", ["", " ", "\t\n"])
def test_setting_by_hand_needs_a_reason(reason):
    """GRADE-3: no grade by hand without words that say why."""
    assert Reason("reason_missing") == set_grade(PLAIN, Grade.A, reason, "zhang")


@given(records, BY_HAND)
def test_clearing_gives_back_the_computed_grade(opportunity, by_hand):
    """GRADE-3: cleared, the grading is what it was before anything was set by hand."""
    opportunity = evolve(opportunity, grade=evolve(opportunity.grade, route=route_of(opportunity.grade.computed)))

    assert opportunity.grade == clear_grade(with_hand(opportunity, by_hand))


def test_nothing_to_clear_is_said():
    """GRADE-3: clearing where nothing was set by hand is refused; a suspended override can be cleared."""
    record = evolve(PLAIN, led_by=LedBy.US)
    away = evolve(with_hand(record, Grade.A), led_by=LedBy.PARTNER)
    away = evolve(away, grade=regrade(away, AmountPolicy(), DAY))
    cleared = clear_grade(away)

    assert Reason("no_override") == clear_grade(record)
    assert isinstance(cleared, Grading)
    assert (
        cleared.override, cleared.override_by, cleared.override_led_by, cleared.is_suspended,
    ) == (None, None, None, False)  # fmt: skip


@pytest.mark.parametrize("answer", [RuntimeError("down"), None, Grade.A])
def test_a_policy_that_fails_is_named(answer):
    """GRADE-7, REL-7: an application's policy that raises or gives no decision is a PortError."""
    with pytest.raises(PortError) as caught:
        regrade(PLAIN, Says(answer), DAY)

    assert caught.value.port == "grading policy"
    assert (answer if isinstance(answer, Exception) else None) is caught.value.__cause__


def test_an_error_of_ours_passes_through_a_policy():
    """GRADE-7: what is a typed error already is not wrapped again."""
    error = InvalidInput("on", None, "must be a day")

    with pytest.raises(InvalidInput) as caught:
        regrade(PLAIN, Says(error), DAY)

    assert error is caught.value
