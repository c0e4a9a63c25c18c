"""
The forecast (销售预测): what is closed and what may still close, period by period, against a quota (PIPE-4).

Every open or won opportunity stands in exactly one place: in a period, by its actual or expected close date; among
the slipped, whose expected close date has passed; among the undated; or outside the periods asked for. Lost and
invalid ones stand nowhere. Nothing is added across currencies, and a category has no setter: it follows from the
win probability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import OpportunityStatus
from salesflow.model.moments import plain_day
from salesflow.model.money import Money
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.periods import PERIODS, frame
from salesflow.pipeline.population import Population, counted_of
from salesflow.pipeline.totals import Totals, total_of, value_of, weighted_total_of

STATUSES = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON)
"""What a forecast is of."""

RULE = "open and won opportunities; left out are the lost and the invalid ones"
"""What is counted."""

SLIPPED, UNDATED = "slipped", "undated"
"""Where those stand that are in no period."""


class ForecastCategory(StrEnum):
    """How sure an opportunity is to close."""

    CLOSED = "closed"
    COMMIT = "commit"
    BEST_CASE = "best_case"
    PIPELINE = "pipeline"


COMMIT_PERCENT = 75
"""At or above this win probability an open opportunity is `COMMIT`."""

BEST_CASE_PERCENT = 40
"""At or above this one it is `BEST_CASE`; below, `PIPELINE`."""


def category_of(opportunity: Opportunity) -> ForecastCategory:
    """Return the category of an open or won opportunity, by its win probability."""
    if opportunity.status is OpportunityStatus.WON:
        return ForecastCategory.CLOSED
    percent = opportunity.probability.percent
    if percent >= COMMIT_PERCENT:
        return ForecastCategory.COMMIT
    return ForecastCategory.BEST_CASE if percent >= BEST_CASE_PERCENT else ForecastCategory.PIPELINE


@frozen
class ForecastBucket:
    """
    Some opportunities of a forecast.

    Args:
        count: How many.
        amounts: What they were sold for, or may be, per currency.
        weighted: The same, each times its win probability.
        without_amount: How many have no amount, and add nothing.
    """

    count: int
    amounts: Totals
    weighted: Totals
    without_amount: int

    def __add__(self, other: ForecastBucket) -> ForecastBucket:
        """Return both together."""
        return ForecastBucket(
            self.count + other.count,
            self.amounts + other.amounts,
            self.weighted + other.weighted,
            self.without_amount + other.without_amount,
        )


NO_BUCKET = ForecastBucket(0, Totals(), Totals(), 0)
"""No opportunities at all."""


@frozen
class ForecastPeriod:
    """
    One period of a forecast.

    Args:
        label: Such as ``"2026-03"``, ``"2026Q1"``, ``"2026"``.
        first, last: Its days.
        categories: A bucket for each `ForecastCategory`.
        total: All of them together; its weighted amount is the weighted forecast.
        quota: What was to be reached, or None.
        attainment: What is closed in the quota's currency, as a share of it; None without quota or of nothing.

    Source: PIPE-4.
    """

    label: str
    first: date
    last: date
    categories: Mapping[ForecastCategory, ForecastBucket]
    total: ForecastBucket
    quota: Money | None = None
    attainment: float | None = None


@frozen
class Forecast:
    """
    A forecast over several periods.

    Args:
        periods: In the order of time.
        slipped: Open ones that were expected before today.
        undated: Open ones without an expected, and won ones without an actual close date.
        outside: Those that close before or after all of the periods.
        population: Which records are counted.

    Source: PIPE-4, PIPE-8.
    """

    periods: tuple[ForecastPeriod, ...]
    slipped: ForecastBucket
    undated: ForecastBucket
    outside: ForecastBucket
    population: Population = field(repr=False)


def forecast(
    opportunities: Iterable[Opportunity], *, since: date, until: date, today: date, period: str = "month",
    quotas: Mapping[str, Money] = MappingProxyType({}),
) -> Forecast:  # fmt: skip
    """
    Return the forecast of the periods that *since* and *until* lie in and of those between.

    Args:
        opportunities: Those that the viewer sees; left out are the lost and the invalid ones.
        since, until: A day of the first and of the last period.
        today: The business day, before which an open one has slipped.
        period: ``"month"``, ``"quarter"`` or ``"year"``.
        quotas: What is to be reached, by a period's label.

    Raises:
        InvalidInput: The period is unknown, *until* is before *since*, there are more than 1,000 periods, or a
            quota is of none of them.

    Source: PIPE-4, PIPE-8.
    """
    today, periods = plain_day(today, "today"), periods_of(since, until, period, quotas)
    label_of = PERIODS[period][0]
    held: dict[tuple[str, ForecastCategory], list[Opportunity]] = {}
    counted, population = counted_of(opportunities, STATUSES, RULE)
    for opportunity in counted:
        is_open = opportunity.status is OpportunityStatus.IN_PROGRESS
        day = opportunity.close_date if is_open else opportunity.actual_close_date
        place = UNDATED if day is None else label_of(day)[0]
        if is_open and day is not None and day < today:
            place = SLIPPED
        held.setdefault((place, category_of(opportunity)), []).append(opportunity)
    return forecast_of(periods, quotas, {place: _bucket(members) for place, members in held.items()}, population)


def periods_of(since: date, until: date, period: str, quotas: Mapping[str, Money]) -> list[tuple[str, date, date]]:
    """
    Return label, first and last day of the periods that a forecast is asked for.

    Raises:
        InvalidInput: As of `forecast`.
    """
    periods = list(frame(plain_day(since, "since"), plain_day(until, "until"), period))
    handed: object = quotas
    if not isinstance(handed, Mapping) or not all(isinstance(quota, Money) for quota in handed.values()):
        raise InvalidInput("quotas", quotas, "must be Money by the label of a period")
    strange = sorted(map(str, quotas.keys() - {label for label, _, _ in periods}))
    if strange:
        raise InvalidInput("quotas", ", ".join(strange), f"must be of {periods[0][0]} to {periods[-1][0]}")
    return periods


def forecast_of(
    periods: Sequence[tuple[str, date, date]], quotas: Mapping[str, Money],
    buckets: Mapping[tuple[str, ForecastCategory], ForecastBucket], population: Population,
) -> Forecast:  # fmt: skip
    """
    Return the forecast of what was counted, in whatever way.

    Args:
        periods: Label, first and last day of each, in the order of time.
        buckets: By the label of a period, one of these or another, or by `SLIPPED` or `UNDATED`; and by category.

    Source: PIPE-4, PIPE-8.
    """
    labels = {label for label, _, _ in periods}

    def together(is_meant: Callable[[str], bool]) -> ForecastBucket:
        return sum((bucket for (place, _), bucket in buckets.items() if is_meant(place)), NO_BUCKET)

    told = []
    for label, first, last in periods:
        categories = {category: buckets.get((label, category), NO_BUCKET) for category in ForecastCategory}
        quota, attainment = quotas.get(label), None
        if quota is not None and quota.amount:
            attainment = float(categories[ForecastCategory.CLOSED].amounts.of(quota.currency) / quota.amount)
        total = sum(categories.values(), NO_BUCKET)
        told.append(ForecastPeriod(label, first, last, categories, total, quota, attainment))
    return Forecast(
        tuple(told),
        together(lambda place: place == SLIPPED),
        together(lambda place: place == UNDATED),
        together(lambda place: place not in labels | {SLIPPED, UNDATED}),
        population,
    )


def _bucket(opportunities: list[Opportunity]) -> ForecastBucket:
    worths = [value_of(opportunity) for opportunity in opportunities]
    return ForecastBucket(
        len(opportunities), total_of(worths), weighted_total_of(opportunities), sum(worth is None for worth in worths)
    )
