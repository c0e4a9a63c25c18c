"""Counting opportunities in an engine: how many, how many voided, and what they are worth, per currency (PIPE-8)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from decimal import Decimal, localcontext
from typing import Any, TypeVar

import ibis
from attrs import define, field

from salesflow.analytics.compiler import text
from salesflow.analytics.layout import MONEY_DECIMALS, MONEY_DIGITS
from salesflow.analytics.tables import Table
from salesflow.model import SalesProcess
from salesflow.model.enums import OpportunityStatus
from salesflow.pipeline import Population, Totals
from salesflow.pipeline.totals import DIGITS, added

KeyT = TypeVar("KeyT", bound=Hashable)

_WEIGHED = f"decimal({MONEY_DIGITS + 3}, {MONEY_DECIMALS})"
"""Holds any amount a hundred times."""

OPEN, WON, LOST = OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON, OpportunityStatus.LOST


def rows(expression: Any) -> list[dict[str, Any]]:
    """Run an expression that gives few rows, and return them."""
    found: list[dict[str, Any]] = expression.to_pyarrow().to_pylist()
    return found


@define
class Tally:
    """
    What some opportunities add up to.

    Args:
        count, voided: How many, and how many of them are voided.
        valued: How many have the amount that counts.
        days, dated: How many days those took together that say so, and how many those are.
    """

    count: int = 0
    voided: int = 0
    valued: int = 0
    days: int = 0
    dated: int = 0
    _amounts: list[tuple[str, Decimal]] = field(factory=list)
    _weighted: list[tuple[str, Decimal]] = field(factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        """Add one row of `tallied`."""
        self.count += row["count"]
        self.voided += row["voided"]
        self.valued += row["valued"]
        self.days += row["days"] or 0
        self.dated += row["dated"]
        if row["currency"] is not None:
            self._amounts.append((row["currency"], row["amount"]))
            self._weighted.append((row["currency"], row["weighted"]))

    @property
    def amounts(self) -> Totals:
        """What they are worth, per currency."""
        return totals(self._amounts)

    @property
    def weighted(self) -> Totals:
        """The same, each times its win probability."""
        return totals((currency, amount.scaleb(-2)) for currency, amount in self._weighted)


def totals(amounts: Iterable[tuple[str, Decimal]]) -> Totals:
    """Return the sums per currency, without the zeros that an engine's fixed number of decimals adds."""
    with localcontext(prec=DIGITS):
        return Totals(tuple((currency, _plain(amount)) for currency, amount in added(amounts)))


def _plain(amount: Decimal) -> Decimal:
    whole = amount.to_integral_value()
    return whole if whole == amount else amount.normalize()


def worth(seen: Table, of: Mapping[OpportunityStatus, str]) -> tuple[Any, Any]:
    """Return the amount that an opportunity of each status counts for, and its currency; NULL for any other."""
    amounts = [(str(status), seen[name]) for status, name in of.items()]
    currencies = [(str(status), seen[f"{name}_currency"]) for status, name in of.items()]
    return seen.status.cases(*amounts, else_=ibis.null()), seen.status.cases(*currencies, else_=ibis.null())


def tallied(
    seen: Table, keys: Mapping[str, Any], of: Mapping[OpportunityStatus, str], name: Callable[[Mapping[str, Any]], KeyT]
) -> dict[KeyT, Tally]:
    """
    Return the tallies of *seen*, by what *name* makes of the values of *keys*.

    Args:
        keys: Expressions over *seen* by the name that *name* finds their values under.
        of: Which amount counts for which status, as `worth` takes it.
    """
    amount, currency = worth(seen, of)
    table = seen.select(
        **keys, voided=seen.voided, value=amount, currency=currency,
        percent=seen.probability_percent, days=seen.days_taken,
    )  # fmt: skip
    found: dict[KeyT, Tally] = {}
    grouped = table.group_by([*keys, "currency"]).agg(
        count=table.count(),
        voided=table.voided.cast("int32").sum(),
        valued=table.value.count(),
        amount=table.value.sum(),
        weighted=(table.value.cast(_WEIGHED) * table.percent).sum(),
        days=table.days.sum(),
        dated=table.days.count(),
    )
    for row in rows(grouped):
        found.setdefault(name(row), Tally()).add(row)
    return found


def population_of(
    tallies: Iterable[tuple[OpportunityStatus | None, Tally]], statuses: Collection[OpportunityStatus], rule: str
) -> Population:
    """
    Return the population of a figure.

    Args:
        tallies: All that is seen, each with its status; None for what is left out whatever its status.
        statuses: Those that are counted.
        rule: What is counted and what is left out, in words.
    """
    given = counted = voided = 0
    for status, tally in tallies:
        given += tally.count
        if status in statuses:
            counted += tally.count
            voided += tally.voided
    return Population(tuple(statuses), counted, given - counted, voided, rule)


def population_of_process(
    seen: Table, process: SalesProcess, statuses: Collection[OpportunityStatus], rule: str
) -> Population:
    """Return the population of a figure that counts what is of *process* and has one of *statuses*."""
    grouped = seen.group_by("status", is_of_process=seen.process == text(process.id)).agg(
        count=seen.count(), voided=seen.voided.cast("int32").sum()
    )
    tallies = (
        (OpportunityStatus(row["status"]) if row["is_of_process"] else None, Tally(row["count"], row["voided"]))
        for row in rows(grouped)
    )
    return population_of(tallies, statuses, rule)
