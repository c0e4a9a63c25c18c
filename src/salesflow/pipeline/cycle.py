"""
The sales cycle: plain days, in the business's zone, from the entry of the first stage to the closing (PIPE-2).

A record begins when it entered its first stage, or where that is unknown when it was created. It ends on its
actual close date. Where either is unknown, or the end lies before the beginning, it is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from attrs import frozen

from salesflow.model.enums import OpportunityStatus
from salesflow.model.moments import business_day
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.population import Population, counted_of


@frozen
class Spread:
    """
    How whole numbers of days are spread.

    Args:
        count: How many there are.
        median: The one in the middle, or the mean of the two; None where there are none.
        mean: The mean; None where there are none.
        percentile_90: The smallest that at least nine in ten do not exceed; None where there are none.

    Source: PIPE-2.
    """

    count: int
    median: float | None
    mean: float | None
    percentile_90: int | None


@frozen
class SalesCycle:
    """
    How long opportunities took, in days.

    Args:
        completed: Won, lost and invalid ones together.
        won, lost, invalid: Each outcome on its own.
        without_days: How many completed ones have no usable dates and are in none of the spreads.
        population: Which records are counted.

    Source: PIPE-2, PIPE-8.
    """

    completed: Spread
    won: Spread
    lost: Spread
    invalid: Spread
    without_days: int
    population: Population


def sales_cycle(opportunities: Iterable[Opportunity], zone: ZoneInfo) -> SalesCycle:
    """
    Return how long the completed ones of *opportunities* took.

    Args:
        opportunities: Those that the viewer sees; left out are the open ones.
        zone: The business's time zone, which decides on which day a stage was entered.

    Source: PIPE-2, PIPE-8, HIST-2.
    """
    days: dict[OpportunityStatus, list[int]] = {
        status: [] for status in OpportunityStatus if status is not OpportunityStatus.IN_PROGRESS
    }
    rule = "won, lost and invalid opportunities; left out are the open ones"
    counted, population = counted_of(opportunities, days, rule)
    for opportunity in counted:
        length = days_taken(opportunity, zone)
        if length is not None:
            days[opportunity.status].append(length)
    everything = [length for found in days.values() for length in found]
    return SalesCycle(
        spread_of(everything),
        spread_of(days[OpportunityStatus.WON]),
        spread_of(days[OpportunityStatus.LOST]),
        spread_of(days[OpportunityStatus.INVALID]),
        len(counted) - len(everything),
        population,
    )


def spread_of(days: Sequence[int]) -> Spread:
    """Return how *days* are spread; their order does not matter."""
    if not days:
        return Spread(0, None, None, None)
    ranked, count = sorted(days), len(days)
    median = (ranked[(count - 1) // 2] + ranked[count // 2]) / 2
    return Spread(count, median, sum(ranked) / count, ranked[-(-9 * count // 10) - 1])


def days_taken(opportunity: Opportunity, zone: ZoneInfo) -> int | None:
    """Return how many days a completed one took; None where a date is unknown, or the end before the beginning."""
    entered = opportunity.visits[0].entered_at if opportunity.visits else None
    begun, ended = entered or opportunity.created_at, opportunity.actual_close_date
    days = None if begun is None or ended is None else (ended - business_day(begun, zone)).days
    return None if days is None or days < 0 else days
