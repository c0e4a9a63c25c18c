"""Grades by amount: GRADE-1, GRADE-2, GRADE-6."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, PortError
from salesflow.grading import AmountPolicy, GradeDecision, route_of
from salesflow.model import Grade, LedBy, Money, Opportunity, Probability, ProbabilitySource, Reason, Route
from salesflow.testing import strategies as some

DAY = date(2026, 3, 2)
PLAIN = Opportunity(
    id="o1", version=1, name="CRM2000", owner="li", process="crm2000", process_version=1,
    stage="qualification", probability=Probability(10, ProbabilitySource.STAGE),
)  # fmt: skip


class Table:
    """Rates from a table; whatever else it holds is given or raised as it stands."""

    def __init__(self, **rates: Any) -> None:
        self.rates = rates
        self.asked: list[tuple[str, str, date]] = []

    def rate(self, currency: str, home: str, on: date) -> Any:
        self.asked.append((currency, home, on))
        found = self.rates.get(currency)
        if isinstance(found, Exception):
            raise found
        return found


def worth(amount: str | None, currency: str = "CNY", led_by: LedBy = LedBy.US) -> Opportunity:
    return evolve(PLAIN, amount=None if amount is None else Money(amount, currency), led_by=led_by)


@pytest.mark.parametrize(
    ("amount", "grade", "reason"),
    [
        ("99999999999999.99", Grade.A, ("at_least", "5,000,000 CNY")),
        ("5000000", Grade.A, ("at_least", "5,000,000 CNY")),
        ("4999999.99", Grade.B, ("at_least", "1,000,000 CNY")),
        ("1000000", Grade.B, ("at_least", "1,000,000 CNY")),
        ("999999.99", Grade.C, ("below", "1,000,000 CNY")),
        ("300000", Grade.C, ("below", "1,000,000 CNY")),
        ("299999.99", Grade.D, ("below", "300,000 CNY")),
        ("0", Grade.D, ("below", "300,000 CNY")),
    ],
)
def test_boundaries_belong_to_the_upper_grade(amount, grade, reason):
    """GRADE-1: led by us, A and B from 1,000,000 on, C and D below; boundaries belong to the upper grade."""
    opportunity = worth(amount)

    decision = AmountPolicy().grade(opportunity)

    code, boundary = reason
    assert GradeDecision(grade, Reason(code, amount=str(opportunity.amount), boundary=boundary)) == decision
    assert boundary in str(decision.reason)


@given(some.money(currencies=("CNY",), largest=10**7), some.money(currencies=("CNY",), largest=10**7))
def test_more_money_is_never_a_lower_grade(one, other):
    """GRADE-1: the grade never falls as the amount rises."""
    lower, higher = sorted((one, other), key=lambda money: money.amount)
    policy = AmountPolicy()

    grades = [policy.grade(evolve(PLAIN, amount=amount)).grade for amount in (higher, lower)]

    assert grades == sorted(grades, key=str)


@given(st.none() | some.money())
def test_a_partners_deal_is_e_whatever_the_amount(amount):
    """GRADE-1: led by a partner it is E, with any amount, in any currency, or without one."""
    decision = AmountPolicy().grade(evolve(PLAIN, amount=amount, led_by=LedBy.PARTNER))

    assert GradeDecision(Grade.E, Reason("led_by_partner")) == decision
    assert Route.PARTNER is decision.route


def test_without_an_amount_it_is_undecided():
    """GRADE-1: no amount, no grade; the reason says so, and the route is the full one."""
    decision = AmountPolicy().grade(PLAIN)

    assert GradeDecision(None, Reason("amount_missing")) == decision
    assert Route.FULL is decision.route


def test_each_grade_has_its_route():
    """GRADE-2: A and B run the whole process, C and D the fast track, E the partner's; undecided runs all."""
    full, fast = Route.FULL, Route.FAST_TRACK
    expected = {
        None: full,
        Grade.A: full,
        Grade.B: full,
        Grade.C: fast,
        Grade.D: fast,
        Grade.E: Route.PARTNER,
    }

    assert expected == {grade: route_of(grade) for grade in (None, *Grade)}


def test_boundaries_are_settings():
    """GRADE-1: another company's boundaries, in another home currency, take the place of the defaults."""
    policy = AmountPolicy(Money(100, "USD"), upper=Money(200, "USD"), lower=Money(50, "USD"))

    assert [policy.grade(worth(amount, "USD")).grade for amount in ("200", "100", "50", "49.99")] == [
        Grade.A,
        Grade.B,
        Grade.C,
        Grade.D,
    ]


@pytest.mark.parametrize(
    "boundaries",
    [
        {"upper": Money("999999.99", "CNY")},
        {"lower": Money("1000000.01", "CNY")},
        {"lower": Money("-0.01", "CNY")},
        {"lower": Money("300000", "USD")},
        {"upper": Money("5000000", "USD")},
        {"boundary": 1_000_000},
        {"upper": None},
        {"lower": "300000"},
    ],
)
def test_boundaries_that_make_no_sense_are_refused(boundaries):
    """GRADE-1: boundaries rise from zero or more, are money, and are of one currency."""
    with pytest.raises(InvalidInput):
        AmountPolicy(**boundaries)


def test_boundaries_may_meet():
    """GRADE-1: where two boundaries are one, the grade between them is never given."""
    one = Money("1000000", "CNY")
    policy = AmountPolicy(one, upper=one, lower=one)

    assert [policy.grade(worth(amount)).grade for amount in ("1000000", "999999")] == [Grade.A, Grade.D]


def test_another_currency_without_a_rate_is_undecided():
    """GRADE-6: no rates port, or no rate for the day: no guess, and the reason names both currencies."""
    expected = GradeDecision(None, Reason("rate_missing", currency="USD", home="CNY"))

    assert expected == AmountPolicy().grade(worth("1", "USD"), DAY)
    assert expected == AmountPolicy(rates=Table(EUR=Decimal(7))).grade(worth("1", "USD"), DAY)
    assert Route.FULL is expected.route


def test_another_currency_is_converted_on_the_grading_date():
    """GRADE-6: the rate of the grading date decides, to the last digit; the reason shows both amounts."""
    table = Table(USD=Decimal("7.0000000000000000000000000001"))
    policy = AmountPolicy(Money(700, "CNY"), upper=Money(7000, "CNY"), lower=Money(7, "CNY"), rates=table)

    decision = policy.grade(worth("1000", "USD"), DAY)
    just_below = AmountPolicy(
        Money(700, "CNY"),
        upper=Money(7000, "CNY"),
        lower=Money(7, "CNY"),
        rates=Table(USD=Decimal("6.9999999999999999999999999999")),
    ).grade(worth("1000", "USD"), DAY)

    assert (decision.grade, just_below.grade) == (Grade.A, Grade.B)
    assert table.asked == [("USD", "CNY", DAY)]
    assert str(decision.reason) == "1,000 USD (7,000.0000000000000000000000001000 CNY) is at or above 7,000 CNY"


def test_the_home_currency_needs_no_rate():
    """GRADE-6: the port is asked only for an amount of ours in another currency."""
    table = Table(CNY=RuntimeError("asked"))
    policy = AmountPolicy(rates=table)

    for opportunity in (worth("1"), worth(None), worth("1", "USD", LedBy.PARTNER)):
        policy.grade(opportunity, DAY)

    assert table.asked == []


@pytest.mark.parametrize(
    "answer",
    [RuntimeError("down"), 7.2, "7.2", True, Decimal(0), Decimal("-7"), Decimal("NaN"), Decimal("inf")],
)
def test_a_rates_port_that_fails_is_named(answer):
    """GRADE-6, REL-7: a port that raises or gives no positive Decimal is a PortError, its error chained."""
    with pytest.raises(PortError) as caught:
        AmountPolicy(rates=Table(USD=answer)).grade(worth("1", "USD"), DAY)

    assert caught.value.port == "rates"
    assert (answer if isinstance(answer, Exception) else None) is caught.value.__cause__


def test_converting_needs_a_day():
    """GRADE-6: a rate is of a day, so that converting without one is the caller's mistake."""
    with pytest.raises(InvalidInput, match="grading date"):
        AmountPolicy(rates=Table(USD=Decimal(7))).grade(worth("1", "USD"))
