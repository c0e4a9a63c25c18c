"""Sales velocity (PIPE-2): its four parts, each as another figure has it, and their product."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Closing, Money, Opportunity, OpportunityStatus, Probability, ProbabilitySource
from salesflow.pipeline import GROUPINGS, Totals, sales_cycle, velocity, win_rates
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import many

ZONE = ZoneInfo("Asia/Shanghai")


@given(many(), st.sampled_from([None, *GROUPINGS]))
def test_its_parts_are_those_of_the_other_figures(deals: list[Opportunity], by: str | None):
    """PIPE-2, PIPE-8: open, won and lost are counted, the days are the sales cycle's, in all and per group."""
    found = velocity(iter(deals), ZONE, by)
    counted = [deal for deal in deals if deal.status is not OpportunityStatus.INVALID]
    cycle, rates = sales_cycle(deals, ZONE), win_rates(deals, by)
    assert (found.overall.won, found.overall.lost) == (rates.overall.won, rates.overall.lost)
    assert found.overall.won_value == rates.overall.won_value
    assert found.overall.mean_days == cycle.won.mean
    assert found.overall.open == sum(deal.status is OpportunityStatus.IN_PROGRESS for deal in deals)
    assert (found.population.counted, found.population.left_out) == (len(counted), len(deals) - len(counted))
    assert sum(each.open + each.won + each.lost for each in found.groups) == (len(counted) if by else 0)
    for group in found.groups:
        same = rates.group(group.key)
        assert (group.won, group.lost) == ((same.won, same.lost) if same else (0, 0))
        days = [each for each in (found.overall, group) if each.mean_days and each.valued]
        for each in days:
            for currency, amount in each.per_day:
                rate = Fraction(each.won, each.won + each.lost)
                average = Fraction(each.won_value.of(currency)) / each.valued
                exact = each.open * rate * average / Fraction(each.mean_days or 0)
                assert float(amount) == pytest.approx(float(exact))
        assert all(each.per_day == Totals() for each in (found.overall, group) if each not in days)


def won(days: int, amount: str | None) -> Opportunity:
    """A deal that was won so many days after it was created."""
    closing = Closing(
        1, OpportunityStatus.WON, "agreement", None, "li", date(2026, 1, 5 + days),
        Probability(10, ProbabilitySource.STAGE), actual_amount=Money(amount, "CNY") if amount else None,
    )  # fmt: skip
    return make_opportunity(f"w{days}", status=OpportunityStatus.WON, closings=(closing,))


def test_a_worked_example():
    """PIPE-2: 3 open x 2/3 won x 100 CNY on average / 10 days is 20 CNY a day."""
    lost = make_opportunity("l", status=OpportunityStatus.LOST)
    deals = [won(5, "60"), won(15, "140"), lost, *(make_opportunity(f"o{n}") for n in range(3))]
    assert velocity(deals, ZONE).overall.per_day == Totals((("CNY", Decimal(20)),))


def test_nothing_is_guessed():
    """PIPE-2: without a win, a value or its days there is no velocity; an unknown grouping is refused."""
    open_deal = make_opportunity("o")
    for deals in ([open_deal], [open_deal, won(0, "60")], [open_deal, won(5, None)], []):
        assert velocity(deals, ZONE).overall.per_day == Totals()
    with pytest.raises(InvalidInput, match="by"):
        velocity([], ZONE, "weather")
