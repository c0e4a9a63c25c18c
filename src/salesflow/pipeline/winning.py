"""
Win rates: won / (won + lost), by count and by value (PIPE-2).

Open and invalid opportunities are in neither part. By value a win counts its actual amount and a loss the
amount it might have been worth; a record without that amount counts by number only.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from salesflow.model.enums import OpportunityStatus
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.grouping import GroupBy, grouped
from salesflow.pipeline.population import Population, counted_of
from salesflow.pipeline.totals import Totals, total_of

DECIDED = (OpportunityStatus.WON, OpportunityStatus.LOST)
"""What a win rate is of."""

RULE = "won and lost opportunities; left out are the open and the invalid ones"
"""What is counted."""


@frozen
class WinRate:
    """
    The win rate of one group.

    Args:
        key: What the group has in common; None also for all together.
        won, lost: How many.
        rate: won / (won + lost); None where nothing was closed.
        won_value: The actual amounts of the won, per currency.
        lost_value: The amounts of the lost, per currency.

    Source: PIPE-2.
    """

    key: Any
    won: int
    lost: int
    rate: float | None
    won_value: Totals
    lost_value: Totals

    def rate_by_value(self, currency: str) -> float | None:
        """Return won / (won + lost) by value in *currency*; None where both are nothing."""
        won, lost = self.won_value.of(currency), self.lost_value.of(currency)
        return float(won / (won + lost)) if won + lost > Decimal(0) else None


@frozen
class WinRates:
    """
    The win rates of all together and of each group.

    Args:
        overall: All together.
        groups: One for each value that occurs, the missing value last; empty where none was asked for. By team,
            product or competitor a record may be in several, and they add up to more than the whole.
        population: Which records are counted.

    Source: PIPE-2, PIPE-8.
    """

    overall: WinRate
    groups: tuple[WinRate, ...]
    population: Population

    def group(self, key: Hashable) -> WinRate | None:
        """Return the group of *key*, or None where nothing of it was closed."""
        return next((group for group in self.groups if group.key == key), None)


def win_rates(
    opportunities: Iterable[Opportunity],
    by: GroupBy | None = None,
    departments: Mapping[str, str | None] | None = None,
) -> WinRates:
    """
    Return the win rate of *opportunities*, together and by group; the value won per customer is among them.

    Args:
        opportunities: Those that the viewer sees; left out are the open and the invalid ones.
        by: A name of `GROUPINGS` or `SHARED_GROUPINGS`; ``"department"``, of the owner; or a function that gives
            a record's group; None for no groups.
        departments: The main department of each owner; needed only by ``"department"``.

    Raises:
        InvalidInput: *by* is a name that is not known, or nobody says who is in which department.

    Source: PIPE-2, PIPE-8.
    """
    counted, population = counted_of(opportunities, DECIDED, RULE)
    return WinRates(
        _win_rate(None, counted),
        tuple(_win_rate(key, members) for key, members in grouped(counted, by, departments)),
        population,
    )


def _win_rate(key: Hashable, closed: list[Opportunity]) -> WinRate:
    won = [opportunity for opportunity in closed if opportunity.status is OpportunityStatus.WON]
    lost = [opportunity for opportunity in closed if opportunity.status is OpportunityStatus.LOST]
    won_value = total_of(opportunity.actual_amount for opportunity in won)
    return win_rate_of(key, len(won), len(lost), won_value, total_of(opportunity.amount for opportunity in lost))


def win_rate_of(key: Hashable, won: int, lost: int, won_value: Totals, lost_value: Totals) -> WinRate:
    """Return the win rate of what was counted, in whatever way."""
    return WinRate(key, won, lost, won / (won + lost) if won + lost else None, won_value, lost_value)
