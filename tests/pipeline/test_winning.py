"""Win rates: PIPE-2, PIPE-8."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Closing, Money, OpportunityStatus, Probability, ProbabilitySource
from salesflow.pipeline import GROUPINGS, Totals, WinRate, win_rates
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
