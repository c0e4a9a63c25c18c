"""Moments and days: HIST-2."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import business_day, utc
from salesflow.model.moments import plain_day
from salesflow.testing import strategies as some


@given(some.moments(), st.integers(-14, 14))
def test_a_moment_is_kept_in_utc(moment, hours):
    """HIST-2: an aware moment of any zone becomes the same moment in UTC."""
    there = moment.astimezone(timezone(timedelta(hours=hours)))

    assert utc(there) == moment
    assert utc(there).tzinfo is UTC
    assert utc(moment) is moment


@pytest.mark.parametrize("moment", [datetime(2026, 1, 1), date(2026, 1, 1), "2026-01-01T00:00:00Z", None, 0])
def test_a_moment_without_a_zone_is_refused(moment):
    """HIST-2: a naive datetime, or what is none, is refused, and the argument is named."""
    with pytest.raises(InvalidInput, match=r"closed_at: .*aware"):
        utc(moment, "closed_at")


def test_the_day_is_that_of_the_business():
    """HIST-2: one moment is two days in two zones."""
    moment = datetime(2026, 1, 5, 17, tzinfo=UTC)

    assert business_day(moment, ZoneInfo("Asia/Shanghai")) == date(2026, 1, 6)
    assert business_day(moment, ZoneInfo("UTC")) == date(2026, 1, 5)


@pytest.mark.parametrize("value", [datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01", None, 20260101])
def test_a_day_has_no_clock_time(value):
    """HIST-2: a close date is a plain date; a datetime is none."""
    with pytest.raises(InvalidInput, match=r"close_date: .*plain date"):
        plain_day(value, "close_date")
    assert plain_day(date(2026, 1, 1), "close_date") == date(2026, 1, 1)
