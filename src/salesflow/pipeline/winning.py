"""
Win rates: won / (won + lost), by count and by value (PIPE-2).

Open and invalid opportunities are in neither part. By value a win counts its actual amount and a loss the
amount it might have been worth; a record without that amount counts by number only.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from attrs import frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import OpportunityStatus
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.population import Population, population_of
from salesflow.pipeline.totals import Totals, total_of

GROUPINGS: Mapping[str, Callable[[Opportunity], Hashable]] = MappingProxyType(
    {
        "owner": lambda opportunity: opportunity.owner,
        "source": lambda opportunity: opportunity.source,
        "grade": lambda opportunity: opportunity.grade.effective,
        "process": lambda opportunity: opportunity.process,
        "stage": lambda opportunity: opportunity.stage,
        "customer": lambda opportunity: opportunity.customer,
        "led_by": lambda opportunity: opportunity.led_by,
    }
)
"""What win rates may be grouped by; each record is in one group, None where it has no such value."""


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
        groups: One for each value that occurs, the missing value last; empty where none was asked for.
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
    opportunities: Iterable[Opportunity], by: str | Callable[[Opportunity], Hashable] | None = None
) -> WinRates:
    """
    Return the win rate of *opportunities*, together and by group.

    Args:
        opportunities: Those that the viewer sees; left out are the open and the invalid ones.
        by: A name of `GROUPINGS`; or a function that gives a record's group, such as the manager of its
            owner; None for no groups.

    Raises:
        InvalidInput: *by* is a name that is not known; the caller must choose another.

    Source: PIPE-2, PIPE-8.
    """
    if isinstance(by, str) and by not in GROUPINGS:
        raise InvalidInput("by", by, f"must be one of {', '.join(GROUPINGS)}, or a function")
    group_of = GROUPINGS[by] if isinstance(by, str) else by
    given = 0
    counted = []
    groups: dict[Hashable, list[Opportunity]] = {}
    for opportunity in opportunities:
        given += 1
        if opportunity.status in (OpportunityStatus.WON, OpportunityStatus.LOST):
            counted.append(opportunity)
            if group_of is not None:
                groups.setdefault(group_of(opportunity), []).append(opportunity)
    rule = "won and lost opportunities; left out are the open and the invalid ones"
    return WinRates(
        _win_rate(None, counted),
        tuple(_win_rate(key, groups[key]) for key in sorted(groups, key=lambda key: (key is None, str(key)))),
        population_of(counted, given, (OpportunityStatus.WON, OpportunityStatus.LOST), rule),
    )


def _win_rate(key: Hashable, closed: list[Opportunity]) -> WinRate:
    won = [opportunity for opportunity in closed if opportunity.status is OpportunityStatus.WON]
    lost = [opportunity for opportunity in closed if opportunity.status is OpportunityStatus.LOST]
    return WinRate(
        key,
        len(won),
        len(lost),
        len(won) / len(closed) if closed else None,
        total_of(opportunity.actual_amount for opportunity in won),
        total_of(opportunity.amount for opportunity in lost),
    )
