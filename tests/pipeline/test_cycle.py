"""The sales cycle: PIPE-2, PIPE-8, HIST-2."""

from datetime import UTC, date, datetime, timedelta
from statistics import fmean, median, quantiles
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import (
    Closing,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    StageEntry,
    StageVisit,
)
from salesflow.pipeline import Spread, sales_cycle, spread_of
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import many

SHANGHAI = ZoneInfo("Asia/Shanghai")
WON = OpportunityStatus.WON


def took(entered: datetime | None, closed: date | None, created: datetime | None = None, *, visited: bool = True):
    """A won deal of these dates."""
    visits = (StageVisit(1, "agreement", entered, StageEntry.IMPORTED),) if visited else ()
    closing = Closing(1, WON, "agreement", None, "li", closed, Probability(10, ProbabilitySource.STAGE))
    return make_opportunity("x", status=WON, closings=(closing,), visits=visits, created_at=created)


@given(st.lists(st.integers(0, 400), min_size=1))
def test_a_spread_is_that_of_the_textbook(days):
    """PIPE-2: median, mean and the 90th percentile that cuts in proportion, whatever the order."""
    found = spread_of(days)
    *_, percentile = quantiles(days, n=10, method="inclusive") if len(days) > 1 else days

    assert (found.count, found.median) == (len(days), median(days))
    assert found.mean == pytest.approx(fmean(days))
    assert found.percentile_90 == percentile


def test_no_days_have_no_spread():
    """PIPE-2: nothing measured is None, never 0."""
    assert spread_of([]) == Spread(0, None, None, None)


@given(many())
def test_outcomes_are_a_partition_of_the_completed(opportunities):
    """PIPE-2, PIPE-8: won, lost and invalid add up; unusable dates are counted apart, open ones left out."""
    found = sales_cycle(iter(opportunities), SHANGHAI)
    completed = [each for each in opportunities if each.is_completed]
    days = []
    for each in completed:
        closed_on = each.closings[-1].actual_close_date
        if closed_on is not None:
            length = (closed_on - each.visits[0].entered_at.astimezone(SHANGHAI).date()).days
            days += [length] if length >= 0 else []

    assert found.completed == spread_of(days)
    assert found.won.count + found.lost.count + found.invalid.count == len(days)
    assert found.without_days == len(completed) - len(days)
    assert found.population.counted == len(completed)
    assert found.population.left_out == len(opportunities) - len(completed)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9), st.integers(1, 30))
def test_a_later_closing_is_as_much_longer(days, more):
    """PIPE-2: closing every deal some days later moves median, mean and percentile by as much."""
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    before, after = (
        sales_cycle([took(start, start.date() + timedelta(day + plus)) for day in days], SHANGHAI).won
        for plus in (0, more)
    )

    assert (after.median, after.percentile_90) == (before.median + more, before.percentile_90 + more)
    assert after.mean == pytest.approx(before.mean + more)


def test_a_day_is_one_of_the_business():
    """HIST-2: 17:00 in London is tomorrow in Shanghai, so that a deal closed tomorrow there took no day."""
    late = took(datetime(2026, 1, 5, 17, tzinfo=UTC), date(2026, 1, 6))

    assert sales_cycle([late], SHANGHAI).won.median == 0
    assert sales_cycle([late], ZoneInfo("UTC")).won.median == 1


def test_it_begins_with_the_first_stage_else_with_the_creation():
    """PIPE-2: the first stage's entry counts; where it is unknown the creation; without either it is apart."""
    start, end = datetime(2026, 1, 5, tzinfo=UTC), date(2026, 1, 25)
    earlier = start - timedelta(days=10)

    assert sales_cycle([took(start, end, created=earlier)], SHANGHAI).won.median == 20
    assert sales_cycle([took(None, end, created=earlier)], SHANGHAI).won.median == 30
    assert sales_cycle([took(None, end, created=earlier, visited=False)], SHANGHAI).won.median == 30
    for unknown in (took(None, end), took(start, None), took(start, date(2026, 1, 4))):
        found = sales_cycle([unknown], SHANGHAI)
        assert (found.won, found.without_days) == (spread_of([]), 1)
