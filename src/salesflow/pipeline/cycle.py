"""
The sales cycle: plain days, in the business's zone, from the entry of the first stage to the closing (PIPE-2).

A record begins when it entered its first stage, or where that is unknown when it was created. It ends on its
actual close date. Where either is unknown, or the end lies before the beginning, it is counted apart.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from zoneinfo import ZoneInfo

from attrs import frozen

from salesflow.model.enums import OpportunityStatus
from salesflow.model.moments import business_day
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.population import Population, counted_of

COMPLETED = tuple(status for status in OpportunityStatus if status is not OpportunityStatus.IN_PROGRESS)
"""Won, lost and invalid."""

RULE = "won, lost and invalid opportunities; left out are the open ones"
"""What is counted."""


@frozen
class Spread:
    """
    How whole numbers of days are spread.

    Args:
        count: How many there are.
        median: The one in the middle, or the mean of the two; None where there are none.
        mean: The mean; None where there are none.
        percentile_90: Where the days in their order are cut at nine tenths, between two neighbours in proportion, as
            spreadsheets do; None where there are none.

    Source: PIPE-2.
    """

    count: int
    median: float | None
    mean: float | None
    percentile_90: float | None


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
    counted, population = counted_of(opportunities, COMPLETED, RULE)
    days = Counter(
        (opportunity.status, length) for opportunity in counted if (length := days_taken(opportunity, zone)) is not None
    )
    return sales_cycle_of(days, population)


def sales_cycle_of(days: Mapping[tuple[OpportunityStatus, int], int], population: Population) -> SalesCycle:
    """
    Return the sales cycle of what was counted, in whatever way.

    Args:
        days: How many of each outcome took so many days.

    Source: PIPE-2, PIPE-8.
    """
    together: Counter[int] = Counter()
    by_outcome: dict[OpportunityStatus, Counter[int]] = {outcome: Counter() for outcome in COMPLETED}
    for (outcome, length), count in days.items():
        together[length] += count
        by_outcome[outcome][length] += count
    return SalesCycle(
        spread_counted(together),
        spread_counted(by_outcome[OpportunityStatus.WON]),
        spread_counted(by_outcome[OpportunityStatus.LOST]),
        spread_counted(by_outcome[OpportunityStatus.INVALID]),
        population.counted - together.total(),
        population,
    )


def spread_of(days: Iterable[int]) -> Spread:
    """Return how *days* are spread; their order does not matter."""
    return spread_counted(Counter(days))


def spread_counted(days: Mapping[int, int]) -> Spread:
    """Return how numbers of days are spread, from how often each occurs."""
    count = sum(days.values())
    if not count:
        return Spread(0, None, None, None)
    lengths = sorted(days)
    ranks = list(accumulate(days[length] for length in lengths))

    def at(rank: int) -> int:
        return lengths[bisect_left(ranks, rank)]

    median = (at((count + 1) // 2) + at(count // 2 + 1)) / 2
    before, tenths = divmod(9 * (count - 1), 10)
    percentile_90 = (at(before + 1) * (10 - tenths) + at(min(before + 2, count)) * tenths) / 10
    mean = sum(length * often for length, often in days.items()) / count
    return Spread(count, median, mean, percentile_90)


def days_taken(opportunity: Opportunity, zone: ZoneInfo) -> int | None:
    """Return how many days a completed one took; None where a date is unknown, or the end before the beginning."""
    entered = opportunity.visits[0].entered_at if opportunity.visits else None
    begun, ended = entered or opportunity.created_at, opportunity.actual_close_date
    days = None if begun is None or ended is None else (ended - business_day(begun, zone)).days
    return None if days is None or days < 0 else days
