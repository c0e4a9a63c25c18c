"""The forecast from tables: what is closed and may still close, by period and category (PIPE-4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import ibis

from salesflow.analytics.counting import OPEN, WON, Tally, population_of, tallied
from salesflow.analytics.layout import day_of_month
from salesflow.analytics.tables import Tables
from salesflow.model import Money
from salesflow.model.enums import OpportunityStatus
from salesflow.model.moments import plain_day
from salesflow.pipeline import Forecast, ForecastBucket, ForecastCategory
from salesflow.pipeline.forecast import (
    BEST_CASE_PERCENT,
    COMMIT_PERCENT,
    RULE,
    SLIPPED,
    STATUSES,
    UNDATED,
    forecast_of,
    periods_of,
)
from salesflow.pipeline.periods import PERIODS
from salesflow.visibility.filters import Filter


def forecast(
    tables: Tables, filter: Filter, *, since: date, until: date, today: date, period: str = "month",
    quotas: Mapping[str, Money] = MappingProxyType({}),
) -> Forecast:  # fmt: skip
    """
    Return what `salesflow.pipeline.forecast` returns.

    Args:
        filter: What the viewer sees.
        since, until, today, period, quotas: As there.

    Raises:
        InvalidInput: As there, or the tables cannot tell who passes *filter*.

    Source: PIPE-4, PIPE-8.
    """
    today, periods = plain_day(today, "today"), periods_of(since, until, period, quotas)
    label_of = PERIODS[period][0]
    seen = tables.seen(filter)
    is_open = seen.status == str(OPEN)
    day = is_open.ifelse(seen.close_date, seen.actual_close_date)
    keys = {
        "status": seen.status,
        "month": day.year() * 12 + day.month() - 1,
        "is_slipped": is_open & (seen.close_date < ibis.literal(today)),
        "category": ibis.cases(
            (~is_open, str(ForecastCategory.CLOSED)),
            (seen.probability_percent >= COMMIT_PERCENT, str(ForecastCategory.COMMIT)),
            (seen.probability_percent >= BEST_CASE_PERCENT, str(ForecastCategory.BEST_CASE)),
            else_=str(ForecastCategory.PIPELINE),
        ),
    }

    def place_of(row: Mapping[str, Any]) -> tuple[OpportunityStatus, str, ForecastCategory]:
        place = UNDATED if row["month"] is None else label_of(day_of_month(row["month"]))[0]
        status = OpportunityStatus(row["status"])
        return status, SLIPPED if row["is_slipped"] else place, ForecastCategory(row["category"])

    found = tallied(seen, keys, {OPEN: "amount", WON: "actual_amount"}, place_of)
    buckets = {
        (place, category): _bucket(tally) for (status, place, category), tally in found.items() if status in STATUSES
    }
    tallies = ((status, tally) for (status, _, _), tally in found.items())
    return forecast_of(periods, quotas, buckets, population_of(tallies, STATUSES, RULE))


def _bucket(tally: Tally) -> ForecastBucket:
    return ForecastBucket(tally.count, tally.amounts, tally.weighted, tally.count - tally.valued)
