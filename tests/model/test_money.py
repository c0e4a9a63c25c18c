"""Money: OPP-2, PIPE-8, REL-8."""

import copy
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Money
from salesflow.model.money import LARGEST_AMOUNT, minor_digits
from salesflow.testing import strategies as some

yuan = some.money(currencies=("CNY",), smallest=-(10**12), largest=10**12)


@given(yuan, yuan)
def test_sums_and_differences_are_exact(one, other):
    """OPP-2: adding and taking away lose no cent."""
    assert Fraction((one + other).amount) == Fraction(one.amount) + Fraction(other.amount)
    assert (one + other) - other == one
    assert (one - other).currency == "CNY"


@given(yuan, yuan)
def test_order_is_that_of_the_amounts(one, other):
    """OPP-2: comparing two amounts of one currency compares the numbers."""
    told = (one < other, one <= other, one > other, one >= other, one == other)
    a, b = one.amount, other.amount

    assert told == (a < b, a <= b, a > b, a >= b, a == b)


@given(some.money())
def test_money_survives_copying_and_text(money):
    """OPP-2: equal amounts are equal and hash alike, however they were written; copies are equal."""
    again = Money(str(money.amount), money.currency)

    assert again == money
    assert hash(again) == hash(money)
    assert pickle.loads(pickle.dumps(money)) == copy.deepcopy(money) == money


def test_equal_amounts_are_equal_however_written():
    """OPP-2: 1, 1.0 and 1.00 CNY are one amount; of another currency it is another."""
    assert len({Money("1", "CNY"), Money(1, "CNY"), Money(Decimal("1.00"), "CNY"), Money("1E0", "CNY")}) == 1
    assert Money("1", "CNY") != Money("1", "USD")


@pytest.mark.parametrize("mix", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_unlike_currencies_never_mix(mix):
    """PIPE-8: no operation takes two currencies, nor a plain number."""
    for other in (Money(1, "USD"), 1, None):
        with pytest.raises(InvalidInput):
            getattr(Money(1, "CNY"), mix)(other)


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("CNY", 2), ("KWD", 3), ("XXX", 2)])
def test_a_currency_has_its_decimals(currency, digits):
    """OPP-2: as many decimals as ISO 4217 says; zeros behind them do no harm, anything else is refused."""
    smallest = Decimal(1).scaleb(-digits)

    assert minor_digits(currency) == digits
    assert Money(smallest, currency).amount == smallest
    assert Money(f"{smallest:f}" + ("00" if digits else ".00"), currency).amount == smallest
    with pytest.raises(InvalidInput, match="decimals"):
        Money(smallest / 10, currency)


@pytest.mark.parametrize(
    "amount",
    [
        1.5, True, None, b"1", [], "", "one", "1,5", "1 2", "١٢", "１", "NaN", "sNaN", "Infinity", "-inf",
        "1e999999", "1e15", "9" * 41, 10**15, -(10**15), Decimal("1e15"), Decimal("nan"),
        pytest.param(10**5000, id="a huge integer"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(amount):
    """REL-8: floats, odd text, other scripts, infinities and what is far too large are refused by name."""
    with pytest.raises(InvalidInput) as caught:
        Money(amount, "CNY")

    assert caught.value.what == "amount"


@pytest.mark.parametrize("currency", ["cny", "CN", "CNYY", "", "C1Y", "ÄÖÜ", None, 156, "CNY\n"])
def test_what_is_no_currency_is_refused(currency):
    """REL-8: a currency is three capital letters."""
    with pytest.raises(InvalidInput) as caught:
        Money("1", currency)

    assert caught.value.what == "currency"


def test_the_largest_amount_fits():
    """OPP-2: just below the limit is an amount, at the limit it is not."""
    largest = Money(LARGEST_AMOUNT - Decimal("0.01"), "CNY")

    assert str(largest) == "999,999,999,999,999.99 CNY"
    with pytest.raises(InvalidInput):
        largest + Money("0.01", "CNY")


@given(st.decimals(allow_nan=False) | st.text(max_size=45) | st.integers() | st.floats())
def test_anything_is_money_or_a_typed_error(value):
    """REL-8: whatever is given, there is an exact amount or an `InvalidInput`, nothing else."""
    try:
        money = Money(value, "CNY")
    except InvalidInput:
        return

    assert abs(money.amount) < LARGEST_AMOUNT
    assert money.amount == money.amount.quantize(Decimal("0.01"))
