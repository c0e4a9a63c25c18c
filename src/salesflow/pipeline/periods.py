"""Months, quarters and years: how each is called, and the days that it has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from salesflow.errors import InvalidInput

MOST_PERIODS = 1_000
"""A figure has at most so many periods."""


def _month(day: date) -> tuple[str, date]:
    return f"{day.year:04}-{day.month:02}", day.replace(day=1)


def _quarter(day: date) -> tuple[str, date]:
    return f"{day.year:04}Q{(day.month + 2) // 3}", day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _year(day: date) -> tuple[str, date]:
    return f"{day.year:04}", day.replace(month=1, day=1)


PERIODS: Mapping[str, tuple[Callable[[date], tuple[str, date]], int]] = MappingProxyType(
    {"month": (_month, 32), "quarter": (_quarter, 93), "year": (_year, 367)}
)
"""Per name of a period: what tells a day's label and first day, and more days than one has."""


def frame(since: date, until: date, period: str) -> Iterator[tuple[str, date, date]]:
    """
    Give label, first and last day of the periods that *since* and *until* lie in, and of those between.

    Raises:
        InvalidInput: The period is unknown, *until* is before *since*, or there are more than 1,000 periods.
    """
    if period not in tuple(PERIODS):
        raise InvalidInput("period", period, f"must be one of {', '.join(PERIODS)}")
    if until < since:
        raise InvalidInput("until", until, f"must not be before since, {since}")
    label_of, more_days = PERIODS[period]
    day = since
    for _ in range(MOST_PERIODS):
        label, first = label_of(day)
        try:
            day = label_of(first + timedelta(days=more_days))[1]
        except OverflowError:
            yield label, first, date.max
            return
        yield label, first, day - timedelta(days=1)
        if day > until:
            return
    raise InvalidInput("until", until, f"is more than {MOST_PERIODS:,} periods after since, {since}")
