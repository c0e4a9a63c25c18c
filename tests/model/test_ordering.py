"""The orders of lists: a closed list of keys, ties by id, records without a value last (api)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import DEFAULT_ORDER, ORDER_KEYS, Customer, Money, position, sort_value
from salesflow.testing import strategies as some
from salesflow.testing.records import make_opportunity

days = st.none() | st.dates(date(2026, 1, 1), date(2026, 1, 4))
placed = st.tuples(days, st.sampled_from("abcd"))


def test_every_key_of_every_kind_reads_a_value():
    """api: each listed key can be asked for in both directions, and a default is one of them."""
    for kind, default in DEFAULT_ORDER.items():
        assert default.removeprefix("-") in ORDER_KEYS[kind]
    opportunity = make_opportunity("a", amount=Money(2, "USD"))
    for key in ORDER_KEYS["opportunity"]:
        assert sort_value("opportunity", "-" + key)(opportunity) == sort_value("opportunity", key)(opportunity)
    assert sort_value("opportunity", "amount")(opportunity) == ("USD", 2)
    assert sort_value("opportunity", "amount")(make_opportunity("a")) is None
    assert sort_value("customer", "name")(Customer(id="c", version=1, name="Acme", owner=None)) == "Acme"


@given(some.leads(id=st.just("l1")))
def test_leads_are_ordered_by_their_own_keys(lead):
    """api: a lead has a title and a last follow-up, and an id like every record."""
    values = [sort_value("lead", key)(lead) for key in ("title", "last_follow_up_at", "id", "updated_at")]

    assert values == [lead.title, lead.last_follow_up_at, "l1", lead.updated_at]


@pytest.mark.parametrize("order_by", ["", "-", "--id", "Amount", "team", "__class__", None, 3])
def test_an_unknown_key_is_refused(order_by):
    """api: anything outside the closed list is refused, and the refusal shows it."""
    with pytest.raises(InvalidInput, match=r"must be one of .*close_date"):
        sort_value("opportunity", order_by)


def test_a_kind_without_keys_of_its_own_has_the_common_ones():
    """api: a sharing rule can be listed by id and by its dates, and by nothing else."""
    assert sort_value("sharing_rule", "id")(make_opportunity("a")) == "a"
    with pytest.raises(InvalidInput):
        sort_value("sharing_rule", "name")


@given(placed, placed, st.sampled_from(("close_date", "-close_date")))
def test_the_order_is_total(one, other, order_by):
    """api: of two different places exactly one is before the other, and a missing value is behind any."""
    first, second = position(order_by, *one), position(order_by, *other)

    assert (first < second) + (second < first) + (first == second) == 1
    assert (first == second) == (one == other)
    if one[0] is None and other[0] is not None:
        assert second < first
    if None not in (one[0], other[0]) and one[0] != other[0]:
        assert (first < second) == ((one[0] > other[0]) if order_by[0] == "-" else (one[0] < other[0]))
    if one[0] == other[0] and one[1] != other[1]:
        assert (first < second) == (one[1] < other[1])


def test_a_place_backwards_equals_only_its_like():
    """api: a reversed value compares with reversed values only."""
    _, backwards, _ = position("-name", "a", "1")

    assert backwards != "a"
    with pytest.raises(TypeError):
        hash(backwards)
