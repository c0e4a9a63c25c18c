"""
Unlike currencies in one sum, by a stated policy only (PIPE-8).

What has a rate is converted, record by record and rounded to the currency's smallest unit, before any figure is made
of it; what has none stays as it is, and so stands apart in every sum. A missing rate stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum

from attrs import evolve, field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.catalogue import LeadSource
from salesflow.model.enums import OpportunityStatus
from salesflow.model.money import LARGEST_AMOUNT, Money, minor_digits
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.changes import Level, PipelineChanges
from salesflow.pipeline.totals import Totals, added
from salesflow.ports import Rates, rate_of

_DIGITS = 100


class RateDay(StrEnum):
    """Of which day a rate is taken."""

    TODAY = "today"
    CLOSING = "closing"


def _is_currency(policy: object, attribute: object, value: str) -> None:
    Money(0, value)


def _is_day(policy: object, attribute: object, value: str) -> None:
    if value not in tuple(RateDay):
        raise InvalidInput("day", value, f"must be one of {', '.join(RateDay)}")


@frozen
class RatePolicy:
    """
    How amounts become one currency. Without one, unlike currencies are shown apart.

    Args:
        currency: The currency that all shall have, such as ``"CNY"``.
        rates: Where rates come from.
        day: The rate of the day for everything; or `RateDay.CLOSING`: of what is closed the rate of that day,
            frozen for ever, and of what is open the rate of the day.

    Raises:
        InvalidInput: The currency is no three capital letters, or the day is neither.

    Source: PIPE-8.
    """

    currency: str = field(validator=_is_currency)
    rates: Rates
    day: RateDay = field(default=RateDay.TODAY, validator=_is_day)


def check_policy(rates: object) -> None:
    """
    Refuse what is no policy.

    Raises:
        InvalidInput: *rates* is neither a `RatePolicy` nor None.
    """
    if rates is not None and not isinstance(rates, RatePolicy):
        raise InvalidInput("rates", rates, "must be a RatePolicy or None")


def converted(opportunities: Iterable[Opportunity], policy: RatePolicy | None, today: date) -> Iterator[Opportunity]:
    """
    Give *opportunities* with their amounts in the policy's currency, as far as there are rates.

    Args:
        policy: None leaves all as they are.
        today: The business day of the figure.

    Raises:
        PortError: The rates port failed, or gave no positive Decimal.

    Source: PIPE-8.
    """
    if policy is None:
        yield from opportunities
        return
    exchange = _Exchange(policy)
    for opportunity in opportunities:
        is_frozen = policy.day == RateDay.CLOSING and opportunity.status is not OpportunityStatus.IN_PROGRESS
        day = (opportunity.actual_close_date if is_frozen else None) or today
        yield evolve(
            opportunity,
            amount=exchange.money(opportunity.amount, day),
            closings=tuple(
                evolve(closing, actual_amount=exchange.money(closing.actual_amount, day))
                for closing in opportunity.closings
            ),
        )


def converted_costs(sources: Iterable[LeadSource], policy: RatePolicy | None, today: date) -> Iterator[LeadSource]:
    """
    Give *sources* with their costs in the policy's currency, as far as there are rates.

    Args:
        policy: None leaves all as they are. `RateDay.CLOSING` means a cost's last day, where it has one and that is
            over; else the rate of the day.
        today: The business day of the figure.

    Raises:
        PortError: As of `converted`.

    Source: LEAD-16, PIPE-8.
    """
    if policy is None:
        yield from sources
        return
    exchange = _Exchange(policy)
    is_frozen = policy.day == RateDay.CLOSING
    for source in sources:
        days = [min(cost.until, today) if is_frozen and cost.until is not None else today for cost in source.costs]
        costs = zip(source.costs, days, strict=True)
        amounts = [exchange.money(cost.amount, day) or cost.amount for cost, day in costs]
        yield evolve(
            source,
            costs=tuple(evolve(cost, amount=amount) for cost, amount in zip(source.costs, amounts, strict=True)),
        )


def converted_changes(changes: PipelineChanges, policy: RatePolicy | None, day: date) -> PipelineChanges:
    """
    Return *changes* with all sums in the policy's currency, as far as there are rates; they reconcile as before.

    Args:
        policy: None leaves all as it is.
        day: The one day whose rates count for both ends and all between, so that no rate moves the pipeline.

    Raises:
        PortError: As of `converted`.

    Source: PIPE-3, PIPE-8.
    """
    if policy is None:
        return changes
    exchange = _Exchange(policy)

    def level(known: Level) -> Level:
        sums = added(exchange.sum(currency, amount, day) for currency, amount in known.amounts)
        return Level(known.count, Totals(tuple(pair for pair in sums if pair[1])))

    return evolve(
        changes,
        start=level(changes.start),
        end=level(changes.end),
        changes=tuple(evolve(each, moved=level(each.moved)) for each in changes.changes),
    )


class _Exchange:
    """Asks the port once for each currency and day."""

    def __init__(self, policy: RatePolicy) -> None:
        self._policy = policy
        self._known: dict[tuple[str, date], Decimal | None] = {}

    def money(self, amount: Money | None, day: date) -> Money | None:
        """Return *amount* in the policy's currency; as it is where there is no rate, or it would be too large."""
        if amount is None:
            return None
        home = self._policy.currency
        rate = self.rate(amount.currency, day)
        if rate is None or amount.currency == home:
            return amount
        with localcontext(prec=_DIGITS):
            worth = (amount.amount * rate).quantize(Decimal(1).scaleb(-minor_digits(home)))
        return Money(worth, home) if abs(worth) < LARGEST_AMOUNT else amount

    def sum(self, currency: str, amount: Decimal, day: date) -> tuple[str, Decimal]:
        """Return a sum in the policy's currency, exactly; as it is where there is no rate."""
        rate = self.rate(currency, day)
        with localcontext(prec=_DIGITS):
            return (currency, amount) if rate is None else (self._policy.currency, amount * rate)

    def rate(self, currency: str, day: date) -> Decimal | None:
        """Return the rate, or None where there is none."""
        home = self._policy.currency
        if currency == home:
            return Decimal(1)
        if (currency, day) not in self._known:
            self._known[currency, day] = rate_of(self._policy.rates, currency, home, day)
        return self._known[currency, day]
