"""Plain values as the domain has them: ids, names, money, moments, days, labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from salesflow.model import Label, Money
from salesflow.model.money import minor_digits

CURRENCIES = ("CNY", "USD", "JPY", "KWD")
"""Two, two, none and three decimals."""

PEOPLE = ("li", "wang", "zhang", "zhao", "qian")
"""The people that records are given to unless told otherwise: few, so that they meet."""


def record_ids() -> st.SearchStrategy[str]:
    """Ids of records: few enough to collide, some of them beyond ASCII."""
    return st.sampled_from(("a", "b", "c", "A", "10", "9", "é", "商机", "a b", "x" * 200))


def people() -> st.SearchStrategy[str]:
    """Ids of employees, out of `PEOPLE`."""
    return st.sampled_from(PEOPLE)


def names(max_size: int = 12) -> st.SearchStrategy[str]:
    """Names and titles as requests accept them: on one line, not blank, any script (model.requests)."""
    alphabet = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))
    return st.text(alphabet, min_size=1, max_size=max_size).filter(lambda text: bool(text.strip()))


@st.composite
def money(
    draw: st.DrawFn,
    currencies: Sequence[str] = CURRENCIES,
    smallest: int = 0,
    largest: int = 10**13,
) -> Money:
    """
    Exact amounts in one of *currencies*, small and large ones alike.

    Args:
        currencies: ISO 4217 codes.
        smallest, largest: Bounds in whole units of the currency.

    Source: OPP-2.
    """
    currency = draw(st.sampled_from(currencies))
    digits = minor_digits(currency)
    minor = draw(st.integers(smallest * 10**digits, largest * 10**digits))
    return Money(Decimal(minor).scaleb(-digits), currency)


def moments(
    earliest: datetime = datetime(2020, 1, 1, tzinfo=UTC), latest: datetime = datetime(2030, 1, 1, tzinfo=UTC)
) -> st.SearchStrategy[datetime]:
    """Aware moments in UTC between the two, both included (HIST-2)."""
    first, last = int(earliest.timestamp()), int(latest.timestamp())
    return st.integers(first, last).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def days(earliest: date = date(2020, 1, 1), latest: date = date(2030, 1, 1)) -> st.SearchStrategy[date]:
    """Plain days between the two, both included (HIST-2)."""
    return st.dates(earliest, latest)


def labels() -> st.SearchStrategy[Label]:
    """Names for people, in one to three languages (PROC-9)."""
    languages = st.sampled_from(("en", "zh", "de"))
    texts = st.dictionaries(languages, names(), min_size=1, max_size=3)
    return texts.map(lambda pairs: Label(tuple(pairs.items())))
