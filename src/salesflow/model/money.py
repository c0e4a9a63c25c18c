"""Money is an exact decimal amount in one currency; unlike currencies never mix (PIPE-8)."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput

LARGEST_AMOUNT = Decimal(10) ** 15
"""Amounts at or beyond this are refused: they are typing errors, and stores keep minor units in 64 bits."""

_WIDE = Context(prec=28)
"""Whatever precision the application works with, an amount is looked at to its last digit."""

_MINOR_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}


def minor_digits(currency: str) -> int:
    """Return how many decimal digits *currency* has: 2 unless ISO 4217 says otherwise."""
    return _MINOR_DIGITS.get(currency, 2)


def _exact(value: object) -> Decimal:
    """Turn text, int or Decimal into an exact Decimal; a float has already lost its cents and is refused."""
    amount = value if type(value) is Decimal else _decimal(value)
    if not amount.is_finite():
        raise InvalidInput("amount", value, "must be finite")
    if not -LARGEST_AMOUNT < amount < LARGEST_AMOUNT:
        raise InvalidInput("amount", value, f"must be smaller than {LARGEST_AMOUNT}")
    return amount


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidInput("amount", value, "must be text, int or Decimal (a float is not exact)")
    if isinstance(value, str) and (len(value) > 40 or not value.isascii()):
        raise InvalidInput("amount", value, "is not a decimal number")
    if isinstance(value, int) and abs(value) >= LARGEST_AMOUNT:
        raise InvalidInput("amount", "an integer", f"must be smaller than {LARGEST_AMOUNT}")
    try:
        return Decimal(value)
    except InvalidOperation:
        raise InvalidInput("amount", value, "is not a decimal number") from None


@lru_cache(maxsize=256)
def _smallest(currency: str) -> Decimal:
    """Return the smallest unit of *currency*."""
    if len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper():
        return Decimal(1).scaleb(-minor_digits(currency))
    raise InvalidInput("currency", currency, "must be three capital letters, such as 'CNY'")


@frozen(order=False)
class Money:
    """
    An exact amount in one currency.

    Args:
        amount: Text, int or Decimal, with no more decimals than the currency has (2 for CNY, 0 for JPY);
            smaller than 10**15. Never a float.
        currency: ISO 4217 code, three capital letters.

    Raises:
        InvalidInput: The caller's amount or currency does not fit, or two currencies would be mixed.

    Source: OPP-2, PIPE-8.

    >>> Money("1200000", "CNY") >= Money(1_000_000, "CNY")
    True
    """

    amount: Decimal = field(converter=_exact)
    currency: str

    def __attrs_post_init__(self) -> None:
        amount, currency = self.amount, self.currency
        if not isinstance(currency, str):
            raise InvalidInput("currency", currency, "must be three capital letters, such as 'CNY'")
        if amount.quantize(_smallest(currency), None, _WIDE) != amount:
            digits = minor_digits(currency)
            raise InvalidInput("amount", str(amount), f"has more than {digits} decimals of {currency}")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        return f"{self.amount:,} {self.currency}"

    def _same(self, other: Any) -> Decimal:
        if not isinstance(other, Money):
            raise InvalidInput("money", other, "must be Money")
        if other.currency != self.currency:
            raise InvalidInput("currency", other.currency, f"cannot be mixed with {self.currency} without a rate")
        return other.amount
