"""Sums of money are exact and kept per currency: unlike currencies are never added (PIPE-8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext

from attrs import frozen

from salesflow.model.enums import OpportunityStatus
from salesflow.model.money import Money
from salesflow.model.opportunity import Opportunity

DIGITS = 100
"""No sum has more digits, whatever precision the application works with."""

_NOTHING = Decimal(0)


@frozen
class Totals:
    """
    One exact sum for each currency that occurs, in the order of their codes.

    A sum may be larger than any one amount of `Money` may be, so it is a plain Decimal.

    Source: PIPE-1, PIPE-8.
    """

    sums: tuple[tuple[str, Decimal], ...] = ()

    def of(self, currency: str) -> Decimal:
        """Return the sum in *currency*; zero where nothing was added in it."""
        return dict(self.sums).get(currency, _NOTHING)

    def __iter__(self) -> Iterator[tuple[str, Decimal]]:
        return iter(self.sums)

    def __bool__(self) -> bool:
        """Whether anything was added at all, be it zero."""
        return bool(self.sums)

    def __add__(self, other: Totals) -> Totals:
        """Return the sums of both, currency by currency."""
        return added((*self.sums, *other.sums))


def total_of(amounts: Iterable[Money | None]) -> Totals:
    """Return the sums of *amounts*; a missing one (None) adds nothing, not even its currency."""
    return added((amount.currency, amount.amount) for amount in amounts if amount is not None)


def weighted_total_of(opportunities: Iterable[Opportunity]) -> Totals:
    """Return the sums of what each is worth, times its probability (PIPE-1)."""
    with localcontext(prec=DIGITS):
        return added(
            (worth.currency, (worth.amount * opportunity.probability.percent).scaleb(-2))
            for opportunity in opportunities
            if (worth := value_of(opportunity)) is not None
        )


def value_of(opportunity: Opportunity) -> Money | None:
    """
    Return what an opportunity counts for: open, its amount; won, its actual amount; lost or invalid, nothing.

    None stands for an unknown amount, and for nothing.

    Source: PIPE-1, PIPE-8.
    """
    if opportunity.status is OpportunityStatus.IN_PROGRESS:
        return opportunity.amount
    return opportunity.actual_amount if opportunity.status is OpportunityStatus.WON else None


def added(pairs: Iterable[tuple[str, Decimal]]) -> Totals:
    """Return the sums of amounts, each with its currency."""
    sums: dict[str, Decimal] = {}
    with localcontext(prec=DIGITS):
        for currency, amount in pairs:
            sums[currency] = sums.get(currency, _NOTHING) + amount
    return Totals(tuple(sorted(sums.items())))
