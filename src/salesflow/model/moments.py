"""Time is aware and UTC; a day is a plain date in the business's own zone. Both are worked out here only (HIST-2)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from salesflow.errors import InvalidInput

EARLIEST = datetime(2, 1, 1, tzinfo=UTC)
"""No moment lies before; a year is kept free at either end, so that every zone can tell every moment."""

LATEST = datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
"""No moment lies after."""


def utc(moment: Any, what: str = "at") -> datetime:
    """
    Return *moment* in UTC.

    Args:
        moment: A timezone-aware datetime.
        what: The argument's name, for the message.

    Raises:
        InvalidInput: *moment* is naive or no datetime, so the caller must say which zone is meant (HIST-2);
            or it does not lie between `EARLIEST` and `LATEST`.
    """
    if not isinstance(moment, datetime) or (moment.tzinfo is not UTC and moment.utcoffset() is None):
        raise InvalidInput(what, moment, "must be a timezone-aware datetime")
    if not EARLIEST <= moment <= LATEST:
        raise InvalidInput(what, moment, f"must lie between {EARLIEST.isoformat()} and {LATEST.isoformat()}")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def zone_of(name: str, what: str = "time_zone") -> ZoneInfo:
    """
    Return the business's time zone.

    Args:
        name: Its IANA name.
        what: The argument's name, for the message.

    Raises:
        InvalidInput: There is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise InvalidInput(what, name, "must be an IANA zone, such as 'Asia/Shanghai'") from None


def business_day(now: datetime, zone: ZoneInfo) -> date:
    """
    Return the calendar day that *now* (aware) falls on in the business's time zone (HIST-2).

    Raises:
        InvalidInput: As `utc` does.
    """
    return utc(now, "now").astimezone(zone).date()


def plain_day(value: object, what: str) -> date:
    """
    Return *value* if it is a plain date, without a time of day.

    Raises:
        InvalidInput: It is a datetime or anything else: a close date has no clock time.
    """
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidInput(what, value, "must be a plain date")
    return value
