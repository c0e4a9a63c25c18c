"""What an amount is worth at home on the grading date: no rate, no guess (GRADE-6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model.money import Money
from salesflow.model.reasons import Reason
from salesflow.ports import Rates, rate_of


def has_rates(_instance: object, attribute: Any, value: Any) -> None:
    """Refuse what is neither None nor a `Rates` port, when a policy is made and not when it is first needed."""
    if value is not None and not callable(getattr(value, "rate", None)):
        raise InvalidInput(attribute.name, value, "must have a method rate(currency, home, on), or be None")


def worth_at_home(amount: Money | None, home: str, rates: Rates | None, on: date | None) -> Decimal | Reason:
    """
    Return how much *home* the amount is, or why nobody can say.

    Args:
        amount: None gives a reason.
        home: The currency to convert to.
        rates: Knows the rates; None knows none.
        on: The grading date; needed only where something is converted.

    Raises:
        InvalidInput: Something must be converted, and the caller named no day.
        PortError: The rates port failed, or gave no sensible positive Decimal.

    Source: GRADE-1, GRADE-6.
    """
    if amount is None:
        return Reason("amount_missing")
    currency = amount.currency
    if currency == home:
        return amount.amount
    rate = None if rates is None else _rate(rates, currency, home, on)
    if rate is None:
        return Reason("rate_missing", currency=currency, home=home)
    with localcontext(prec=100):
        return amount.amount * rate


def _rate(rates: Rates, currency: str, home: str, on: date | None) -> Decimal | None:
    if on is None:
        raise InvalidInput("on", on, f"must be the grading date, to convert {currency} to {home}")
    return rate_of(rates, currency, home, on)
