"""One currency by a stated policy (PIPE-8): of the day, frozen at the close, or none; what has no rate stays apart."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, PortError
from salesflow.model import Money, Opportunity, OpportunityStatus
from salesflow.pipeline import (
    RateDay,
    RatePolicy,
    Totals,
    changes,
    converted,
    converted_changes,
    total_of,
    value_of,
    win_rates,
)
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import many
from tests.pipeline.test_changes import moments_of, together, told_histories

TODAY = date(2026, 4, 1)


class Daily:
    """A dollar is seven yuan, and a fen more each day of the year; nobody knows what a yen is."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, date]] = []

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        """Return it, or whatever the test wants."""
        self.asked.append((currency, home, on))
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is not None:
            return self.answer
        return Decimal(7) + Decimal(on.timetuple().tm_yday) / 100 if currency == "USD" else None


def worth(amount: Money, day: date) -> Money:
    """What an amount comes to, by hand."""
    rate = Daily().rate(amount.currency, "CNY", day)
    return Money((amount.amount * rate).quantize(Decimal("0.01")), "CNY") if rate else amount


@given(many(), st.sampled_from(RateDay))
def test_every_amount_is_converted_at_the_rate_of_its_day(deals: list[Opportunity], day: RateDay):
    """PIPE-8: open ones by today's rate, closed ones by that of their closing where the policy freezes it."""
    rates = Daily()
    found = list(converted(iter(deals), RatePolicy("CNY", rates, day), TODAY))
    assert len(found) == len(deals)
    for before, after in zip(deals, found, strict=True):
        on = before.actual_close_date or TODAY if day is RateDay.CLOSING else TODAY
        assert after.amount == (before.amount and worth(before.amount, on))
        assert after.actual_amount == (before.actual_amount and worth(before.actual_amount, on))
        same = evolve(after, amount=before.amount, closings=before.closings)
        assert same == before
    assert len(rates.asked) == len(set(rates.asked))
    assert {currency for currency, _, _ in rates.asked} <= {"USD", "JPY"}


@given(many())
def test_a_missing_rate_stands_apart_and_stops_nothing(deals: list[Opportunity]):
    """PIPE-8: unlike currencies are never added without a rate: yen stay yen, and all else is yuan."""
    plain = win_rates(deals).overall
    whole = win_rates(converted(deals, RatePolicy("CNY", Daily()), TODAY)).overall
    assert {currency for currency, _ in (*whole.won_value, *whole.lost_value)} <= {"CNY", "JPY"}
    assert whole.won_value.of("JPY") == plain.won_value.of("JPY")
    assert (whole.won, whole.lost) == (plain.won, plain.lost)
    assert list(converted(deals, None, TODAY)) == deals


@given(st.data())
def test_converted_changes_reconcile(data: st.DataObject):
    """PIPE-3, PIPE-8: one day's rates count for both ends and all between, so that no rate moves the pipeline."""
    histories = data.draw(st.lists(told_histories(), max_size=3))
    since, _, until = data.draw(moments_of(histories))
    plain = changes(histories, since, until)
    found = converted_changes(plain, RatePolicy("CNY", Daily()), TODAY)
    assert together(found.start, *(each.moved for each in found.changes)) == found.end
    assert [each.events for each in found.changes] == [each.events for each in plain.changes]
    for before, after in ((plain.start, found.start), (plain.end, found.end)):
        dollars = before.amounts.of("USD") * (Daily().rate("USD", "CNY", TODAY) or 0)
        assert after.amounts.of("CNY") == before.amounts.of("CNY") + dollars
        assert (after.amounts.of("JPY"), after.count) == (before.amounts.of("JPY"), before.count)
    assert converted_changes(plain, None, TODAY) is plain


def test_a_worked_example():
    """PIPE-8: frozen at the close, what was won on the second of January stays 7.02 for a dollar."""
    from tests.pipeline.test_winning import closed

    (closing,) = closed(OpportunityStatus.WON, actual=Money("100", "USD")).closings
    won = make_opportunity(
        "w", status=OpportunityStatus.WON, closings=(evolve(closing, actual_close_date=date(2026, 1, 2)),)
    )
    still = make_opportunity("o", amount=Money("100", "USD"))
    totals = {
        day: total_of(map(value_of, converted([won, still], RatePolicy("CNY", Daily(), day), TODAY))) for day in RateDay
    }
    assert totals[RateDay.TODAY] == Totals((("CNY", Decimal("1582.00")),))
    assert totals[RateDay.CLOSING] == Totals((("CNY", Decimal("702.00") + Decimal("791.00")),))


def test_what_would_be_too_large_stays_as_it_is():
    """PIPE-8: money has a largest amount; what would be beyond stands apart, and nothing stops."""
    large = make_opportunity("o", amount=Money("900000000000000", "USD"))
    (found,) = converted([large], RatePolicy("CNY", Daily()), TODAY)
    assert found == large


@pytest.mark.parametrize("answer", [OSError("no line"), 7.0, Decimal(0), Decimal("NaN"), Decimal("1e20")])
def test_a_port_that_breaks_its_promise_is_an_error(answer: Any):
    """REL-7, PIPE-8: a missing rate is None; what fails or is no rate is the port's fault, and names the day."""
    deal = make_opportunity("o", amount=Money("1", "USD"))
    with pytest.raises(PortError, match=r"USD.*2026-04-01"):
        list(converted([deal], RatePolicy("CNY", Daily(answer)), TODAY))


@pytest.mark.parametrize("wrong", [{"currency": "yuan"}, {"currency": None}, {"day": "yesterday"}])
def test_a_policy_must_make_sense(wrong: dict[str, Any]):
    """PIPE-8: a currency has three capital letters; a rate is of today or of the closing."""
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        RatePolicy(**{"currency": "CNY", "rates": Daily(), **wrong})
    assert RatePolicy("CNY", Daily(), RateDay("closing")).day is RateDay.CLOSING
