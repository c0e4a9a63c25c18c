"""
Sales velocity (销售速度): what the open pipeline brings in per day, at the rate it did before (PIPE-2).

Open opportunities x win rate x average value of a win / average days that a win took. A part of it that is not known
yet, as where nothing was won, leaves the velocity empty: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from salesflow.model.enums import OpportunityStatus
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.cycle import days_taken
from salesflow.pipeline.grouping import GroupBy, grouped
from salesflow.pipeline.population import Population, counted_of
from salesflow.pipeline.totals import Totals, total_of

STATUSES = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON, OpportunityStatus.LOST)
"""What a velocity is made of."""

RULE = "open, won and lost opportunities; left out are the invalid ones"
"""What is counted."""


@frozen
class Velocity:
    """
    The velocity of one group, and what it is made of.

    Args:
        key: What the group has in common; None also for all together.
        open: How many are open.
        won, lost: How many were; the win rate is won / (won + lost).
        won_value: What the won were sold for, per currency.
        valued: How many of the won that is.
        mean_days: What the won took on average, where known; None where no win has its dates.
        per_day: The velocity, per currency; empty where a part of it is missing.

    Source: PIPE-2.
    """

    key: Any
    open: int
    won: int
    lost: int
    won_value: Totals
    valued: int
    mean_days: float | None
    per_day: Totals


@frozen
class Velocities:
    """
    The velocity of all together and of each group.

    Args:
        overall: All together.
        groups: As of `WinRates`.
        population: Which records are counted.

    Source: PIPE-2, PIPE-8.
    """

    overall: Velocity
    groups: tuple[Velocity, ...]
    population: Population


def velocity(
    opportunities: Iterable[Opportunity],
    zone: ZoneInfo,
    by: GroupBy | None = None,
    departments: Mapping[str, str | None] | None = None,
) -> Velocities:
    """
    Return the sales velocity, together and by group.

    Args:
        opportunities: Those that the viewer sees; left out are the invalid ones.
        zone: The business's time zone, which decides on which day a stage was entered.
        by, departments: As of `win_rates`.

    Raises:
        InvalidInput: As of `win_rates`.

    Source: PIPE-2, PIPE-8.
    """
    counted, population = counted_of(opportunities, STATUSES, RULE)
    return Velocities(
        _velocity(None, counted, zone),
        tuple(_velocity(key, members, zone) for key, members in grouped(counted, by, departments)),
        population,
    )


def _velocity(key: Hashable, members: Sequence[Opportunity], zone: ZoneInfo) -> Velocity:
    won = [each for each in members if each.status is OpportunityStatus.WON]
    lost = sum(each.status is OpportunityStatus.LOST for each in members)
    open = len(members) - len(won) - lost
    amounts = [each.actual_amount for each in won if each.actual_amount is not None]
    taken = [days for each in won if (days := days_taken(each, zone)) is not None]
    return velocity_of(key, open, len(won), lost, total_of(amounts), len(amounts), sum(taken), len(taken))


def velocity_of(
    key: Hashable, open: int, won: int, lost: int, won_value: Totals, valued: int, days: int, dated: int
) -> Velocity:
    """
    Return the velocity of what was counted, in whatever way.

    Args:
        days: How many days all of the won took together.
        dated: How many of the won that is.
    """
    per_day = Totals()
    if valued and days:
        share, over = open * won * dated, (won + lost) * valued * days
        with localcontext(prec=28):
            per_day = Totals(tuple((currency, amount * share / Decimal(over)) for currency, amount in won_value))
    return Velocity(key, open, won, lost, won_value, valued, days / dated if dated else None, per_day)
