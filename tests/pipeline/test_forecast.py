"""The forecast (PIPE-4): a partition of what is open and won, per period and category, against a quota."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Money, Opportunity, OpportunityStatus
from salesflow.pipeline import Forecast, ForecastBucket, ForecastCategory, Totals, forecast
from salesflow.pipeline.periods import MOST_PERIODS, PERIODS
from tests.pipeline.deals import START, many

DAY = timedelta(days=1)
TODAY = START.date()
SINCE, UNTIL = TODAY - 20 * DAY, TODAY + 40 * DAY
close_dates = st.none() | st.integers(-70, 200).map(lambda days: TODAY + days * DAY)


@st.composite
def pipelines(draw: st.DrawFn) -> list[Opportunity]:
    """Deals that are expected to close some day, or nobody knows when."""
    return [evolve(deal, close_date=draw(close_dates)) for deal in draw(many())]


def buckets(found: Forecast) -> list[ForecastBucket]:
    """Every bucket of the partition."""
    return [
        *(bucket for period in found.periods for bucket in period.categories.values()),
        found.slipped,
        found.undated,
        found.outside,
    ]


@given(pipelines(), st.sampled_from(sorted(PERIODS)))
def test_the_buckets_are_a_partition(deals: list[Opportunity], period: str):
    """PIPE-4, PIPE-8: whatever is open or won stands in exactly one bucket, and nothing else does."""
    found = forecast(deals, since=SINCE, until=UNTIL, today=TODAY, period=period)
    counted = [deal for deal in deals if deal.status in (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON)]
    assert sum(bucket.count for bucket in buckets(found)) == len(counted) == found.population.counted
    assert found.population.left_out == len(deals) - len(counted)
    for each in found.periods:
        assert each.total.count == sum(bucket.count for bucket in each.categories.values())
        for currency in ("CNY", "USD", "JPY"):
            parts = each.categories.values()
            assert each.total.amounts.of(currency) == sum(bucket.amounts.of(currency) for bucket in parts)
            assert each.total.weighted.of(currency) == sum(bucket.weighted.of(currency) for bucket in parts)


@given(pipelines(), st.sampled_from(sorted(PERIODS)))
def test_each_one_stands_where_its_day_says(deals: list[Opportunity], period: str):
    """PIPE-4: by the actual close date once it is won, by the expected one before, apart where that has passed."""
    for deal in deals:
        found = forecast([deal], since=SINCE, until=UNTIL, today=TODAY, period=period)
        day = deal.close_date if deal.status is OpportunityStatus.IN_PROGRESS else deal.actual_close_date
        where = [each for each in found.periods if each.total.count]
        if deal.status not in (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON):
            assert not any(bucket.count for bucket in buckets(found))
        elif day is None:
            assert found.undated.count == 1
        elif deal.status is OpportunityStatus.IN_PROGRESS and day < TODAY:
            assert found.slipped.count == 1
        elif where:
            assert where[0].first <= day <= where[0].last
        else:
            assert found.outside.count == 1
            assert not found.periods[0].first <= day <= found.periods[-1].last


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)), st.integers(0, 900), st.sampled_from(sorted(PERIODS)))
def test_the_periods_follow_each_other_without_gap(since: date, days: int, period: str):
    """PIPE-4: from the first day of the period of *since* to the last of that of *until*, at the ends of time too."""
    until = min(since, date.max - days * DAY) + days * DAY
    frame = forecast([], since=since, until=until, today=since, period=period).periods
    assert frame[0].first <= since
    assert frame[-1].first <= until <= frame[-1].last
    assert all(this.last + DAY == then.first for this, then in pairwise(frame))
    assert len({each.label for each in frame}) == len(frame)


def test_labels_and_categories():
    """PIPE-4: closed, commit at 75 % and above, best case at 40 % and above, else pipeline."""
    from salesflow.model import Probability, ProbabilitySource
    from salesflow.testing.records import make_opportunity

    deals = [
        make_opportunity(
            f"o{percent}",
            probability=Probability(percent, ProbabilitySource.HAND),
            amount=Money("100", "CNY"),
            close_date=TODAY,
        )
        for percent in (0, 39, 40, 74, 75, 100)
    ]
    (month,) = forecast(deals, since=TODAY, until=TODAY, today=TODAY).periods
    assert {str(category): bucket.count for category, bucket in month.categories.items()} == {
        "closed": 0,
        "commit": 2,
        "best_case": 2,
        "pipeline": 2,
    }
    assert month.total.weighted == Totals((("CNY", Decimal(328)),))
    labels = {period: forecast([], since=TODAY, until=TODAY, today=TODAY, period=period).periods for period in PERIODS}
    assert {period: each[0].label for period, each in labels.items()} == {
        "month": "2026-01",
        "quarter": "2026Q1",
        "year": "2026",
    }


@given(many())
def test_a_quota_is_met_by_what_is_closed_in_its_currency(deals: list[Opportunity]):
    """PIPE-4: unlike currencies count for nothing; without a quota there is no attainment."""
    quotas = {"2026": Money("20", "CNY"), "2027": Money("0", "CNY")}
    this, then = forecast(deals, since=TODAY, until=date(2027, 1, 1), today=TODAY, period="year", quotas=quotas).periods
    closed = this.categories[ForecastCategory.CLOSED].amounts.of("CNY")
    assert this.attainment == float(closed / 20)
    assert (this.quota, then.attainment) == (quotas["2026"], None)
    assert forecast(deals, since=TODAY, until=TODAY, today=TODAY).periods[0].attainment is None


def test_what_cannot_be_forecast_is_refused():
    """PIPE-4: an unknown period, a backward one, more than a thousand, and a quota of none of them."""
    asked: dict[str, Any] = {"since": SINCE, "until": UNTIL, "today": TODAY}
    for wrong, words in (
        ({"period": "week"}, "must be one of month, quarter, year"),
        ({"until": SINCE - DAY}, "must not be before since"),
        ({"until": SINCE + DAY * 31 * MOST_PERIODS}, "more than 1,000 periods"),
        ({"quotas": {"2026Q1": Money("1", "CNY")}}, "must be of 2025-12 to 2026-02"),
    ):
        with pytest.raises(InvalidInput, match=words):
            forecast([], **{**asked, **wrong})
