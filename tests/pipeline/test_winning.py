"""Win rates: PIPE-2, PIPE-8."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Closing, Money, OpportunityStatus, Probability, ProbabilitySource, ProductLine, TeamMember
from salesflow.pipeline import GROUPINGS, SHARED_GROUPINGS, Totals, WinRate, win_rates
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import many

WON, LOST = OpportunityStatus.WON, OpportunityStatus.LOST


def closed(outcome: OpportunityStatus, amount: Money | None = None, actual: Money | None = None, **values):
    closing = Closing(
        1, outcome, "agreement", None, "li", None, Probability(10, ProbabilitySource.STAGE), actual_amount=actual
    )
    return make_opportunity("x", status=outcome, closings=(closing,), amount=amount, **values)


@given(many(), st.sampled_from(sorted(GROUPINGS)))
def test_win_rates_are_those_of_a_naive_count(opportunities, by):
    """PIPE-2: won / (won + lost) in all and per group; the open and the invalid are in neither part."""
    found = win_rates(iter(opportunities), by)
    ours = [each for each in opportunities if each.status in (WON, LOST)]
    keys = {GROUPINGS[by](each) for each in ours}

    assert {group.key for group in found.groups} == keys
    for rate, members in [
        (found.overall, ours),
        *((found.group(key) or found.overall, [each for each in ours if GROUPINGS[by](each) == key]) for key in keys),
    ]:
        won = [each for each in members if each.status is WON]
        assert (rate.won, rate.lost) == (len(won), len(members) - len(won))
        assert rate.rate == (len(won) / len(members) if members else None)
        for currency in ("CNY", "USD"):
            gained = sum(
                Fraction(each.actual_amount.amount)
                for each in won
                if each.actual_amount and each.actual_amount.currency == currency
            )
            missed = sum(
                Fraction(each.amount.amount)
                for each in members
                if each.status is LOST and each.amount and each.amount.currency == currency
            )
            assert Fraction(rate.won_value.of(currency)) == gained
            assert Fraction(rate.lost_value.of(currency)) == missed
            share = float(gained / (gained + missed)) if gained + missed else None
            assert rate.rate_by_value(currency) == (share if share is None else pytest.approx(share))
    assert found.population.counted == len(ours)
    assert found.population.left_out == len(opportunities) - len(ours)
    assert found.population.statuses == (WON, LOST)


@given(many())
def test_groups_add_up_to_all(opportunities):
    """PIPE-2: the groups are a partition; whatever they are, their counts and values add up to the whole."""
    groupings: list[Any] = [*GROUPINGS, lambda each: each.name]
    for by in groupings:
        found = win_rates(opportunities, by)

        assert sum(group.won for group in found.groups) == found.overall.won
        assert sum(group.lost for group in found.groups) == found.overall.lost
        assert sum((group.won_value for group in found.groups), Totals()) == found.overall.won_value
        assert sum((group.lost_value for group in found.groups), Totals()) == found.overall.lost_value


def test_nothing_closed_has_no_rate():
    """PIPE-2: where nothing was won or lost the rate is None, never 0 or 1."""
    found = win_rates([make_opportunity("a"), closed(OpportunityStatus.INVALID)])

    assert found.overall == WinRate(None, 0, 0, None, Totals(), Totals())
    assert found.overall.rate_by_value("CNY") is None
    assert (found.groups, found.population.left_out) == ((), 2)
    assert found.group("li") is None


def test_by_value_a_win_counts_what_was_sold_and_a_loss_what_it_might_have_been():
    """PIPE-2: 80 sold (of a hoped-for 100) against 20 lost is 80 %; other currencies stand apart."""
    found = win_rates(
        [
            closed(WON, Money(100, "CNY"), Money(80, "CNY")),
            closed(LOST, Money(20, "CNY")),
            closed(LOST, Money(7, "USD")),
            closed(WON, Money(9, "USD")),
            closed(LOST),
        ]
    )

    assert found.overall.rate == 0.4
    assert (found.overall.rate_by_value("CNY"), found.overall.rate_by_value("USD")) == (0.8, 0.0)


def test_groups_stand_in_order_and_the_missing_value_last():
    """PIPE-2: groups are sorted by what they have in common; records without it come last."""
    records = [closed(WON, source=source) for source in (None, "website", "referral")]

    assert [group.key for group in win_rates(records, "source").groups] == ["referral", "website", None]


def test_an_unknown_grouping_is_refused():
    """PIPE-2: the names are a closed list, and the refusal shows it; a function is always possible."""
    with pytest.raises(InvalidInput, match="owner, source"):
        win_rates([], "weather")
    with pytest.raises(InvalidInput, match="department"):
        win_rates([], "weather")
    nothing: Any = 5
    with pytest.raises(InvalidInput, match="by"):
        win_rates([], nothing)


def line(code: str) -> ProductLine:
    return ProductLine(code, code, Decimal(1), Money("1", "CNY"))


PEOPLE = st.lists(st.sampled_from(("zhao", "feng")), max_size=2, unique=True)
winners = st.none() | st.just("sap")
THINGS = st.lists(st.sampled_from(("crm", "erp")), max_size=2, unique=True)


@given(many(), st.data())
def test_by_team_product_and_competitor_a_record_counts_in_each_of_its_groups(opportunities, data):
    """PIPE-2: whoever is in the team in whatever role, every product, every competitor; what has none is in None."""
    told = [
        evolve(
            each,
            team=(*each.team, *(TeamMember(person, "presales") for person in data.draw(PEOPLE))),
            products=tuple(map(line, data.draw(THINGS))),
            competitors=tuple(data.draw(THINGS)),
            closings=tuple(
                evolve(closing, competitor=data.draw(st.none() | st.just("sap"))) for closing in each.closings
            ),
        )
        for each in opportunities
    ]
    wanted = {
        "team": lambda each: {member.person for member in each.team},
        "product": lambda each: {product.key for product in each.products},
        "competitor": lambda each: {*each.competitors, *(closing.competitor for closing in each.closings)} - {None},
    }
    assert wanted.keys() == SHARED_GROUPINGS.keys()
    for by, keys_of in wanted.items():
        found = win_rates(told, by)
        ours = [each for each in told if each.status in (WON, LOST)]
        keys = {key for each in ours for key in keys_of(each) or {None}}
        assert {group.key for group in found.groups} == keys
        for group in found.groups:
            members = [each for each in ours if group.key in (keys_of(each) or {None})]
            assert (group.won, group.lost) == (
                sum(each.status is WON for each in members),
                sum(each.status is LOST for each in members),
            )
        assert found.overall == win_rates(told).overall


@given(many())
def test_by_department_is_by_that_of_the_owner(opportunities):
    """PIPE-2: the caller says who is in which; who is in none, or unknown, makes the group None."""
    departments = {"li": "east", "wang": None}
    found = win_rates(opportunities, "department", departments)
    same = win_rates(opportunities, lambda each: departments.get(each.owner))
    assert found == same
    with pytest.raises(InvalidInput, match="main department"):
        win_rates(opportunities, "department")


def test_by_the_month_quarter_and_year_of_closing():
    """PIPE-2: won, lost and value by when they closed; a day that nobody knows comes last."""
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 31), None]
    records = [evolve(closed(WON), closings=(evolve(closed(WON).closings[0], actual_close_date=day),)) for day in days]
    told = {by: [group.key for group in win_rates(records, by).groups] for by in GROUPINGS if by.endswith("_closed")}
    assert told == {
        "month_closed": ["2025-12", "2026-01", "2026-03", None],
        "quarter_closed": ["2025Q4", "2026Q1", None],
        "year_closed": ["2025", "2026", None],
    }
