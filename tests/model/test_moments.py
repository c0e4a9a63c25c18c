"""Moments and days: HIST-2."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import business_day, utc
from salesflow.model.moments import EARLIEST, LATEST, plain_day
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


TOO_FAR = [
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
    datetime.min.replace(tzinfo=ZoneInfo("America/New_York")),
    datetime.max.replace(tzinfo=ZoneInfo("Asia/Shanghai")),
    EARLIEST - timedelta(microseconds=1),
    LATEST + timedelta(microseconds=1),
    datetime(2, 1, 1, tzinfo=timezone(timedelta(hours=1))),
]


@pytest.mark.parametrize("moment", TOO_FAR, ids=str)
def test_a_moment_that_some_zone_cannot_tell_is_refused(moment):
    """HIST-2, REL-8: next to the ends of the calendar a moment is `InvalidInput`, in UTC and as a day."""
    with pytest.raises(InvalidInput, match=r"closed_at: .*must lie between 0002-01-01.* and 9998-12-31"):
        utc(moment, "closed_at")
    with pytest.raises(InvalidInput, match="must lie between"):
        business_day(moment, ZoneInfo("America/New_York"))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Shanghai", "Pacific/Kiritimati", "UTC"])
@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
def test_every_zone_tells_the_first_and_the_last_moment(moment, zone):
    """HIST-2: within the bounds a moment survives any zone and has a day there."""
    assert utc(moment.astimezone(ZoneInfo(zone))) == moment
    assert abs((business_day(moment, ZoneInfo(zone)) - moment.date()).days) <= 1


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
