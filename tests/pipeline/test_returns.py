"""What lead sources brought in for what they cost: LEAD-16, PIPE-8."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import PortError
from salesflow.model import Label, Lead, LeadSource, LeadStatus, Money, OpportunityStatus, Ref, SourceCost
from salesflow.pipeline import RateDay, RatePolicy, converted_costs, source_returns
from salesflow.testing.strategies import lead_sources
from tests.pipeline.deals import many, sources

FEWER = settings(max_examples=max(10, settings().max_examples // 2))
"""What the profile asks for, less, since each example takes long to draw."""

TODAY = date(2026, 3, 1)
CODES = ("website", "fair")


def costs(*amounts: Money, until: date | None = None) -> tuple[SourceCost, ...]:
    days: dict[str, Any] = (
        {"campaign": Ref("campaign", "spring")} if until is None else {"since": until, "until": until}
    )
    return tuple(SourceCost(amount=amount, **days) for amount in amounts)


def source(code: str, *spent: SourceCost) -> LeadSource:
    return LeadSource(id=code, version=1, name=Label({"en": code}), costs=spent)


@st.composite
def leads(draw: st.DrawFn) -> list[Lead]:
    """Up to eight leads of some sources, in every status."""
    drawn = draw(st.lists(st.tuples(sources, st.sampled_from(LeadStatus), st.booleans()), max_size=8))
    return [
        Lead(id=str(n), version=1, title="x", owner=None, status=status, source=code, voided=voided)
        for n, (code, status, voided) in enumerate(drawn)
    ]


amounts = st.sampled_from((Money("0", "CNY"), Money("10.01", "CNY"), Money("3", "USD"), Money("7", "JPY")))
catalogues = st.dictionaries(st.sampled_from(CODES), st.lists(amounts, max_size=3)).map(
    lambda found: [source(code, *costs(*spent)) for code, spent in found.items()]
)


@FEWER
@given(leads(), many(), catalogues)
def test_returns_are_those_of_a_naive_count(told: list[Lead], deals: list[Any], catalogue: list[LeadSource]):
    """LEAD-16: leads, converted, opportunities, won, value won and cost of each source; sources add up to all."""
    found = source_returns(iter(told), iter(deals), iter(catalogue))
    known = {each.id: each for each in catalogue}
    codes = {*known, *(each.source for each in told), *(each.source for each in deals)}
    assert [each.source for each in found.sources] == sorted(codes, key=lambda code: (code is None, code or ""))
    for each in found.sources:
        mine = [lead for lead in told if lead.source == each.source]
        own = [deal for deal in deals if deal.source == each.source]
        won = [deal for deal in own if deal.status is OpportunityStatus.WON]
        converted = [lead for lead in mine if lead.status is LeadStatus.CONVERTED]
        assert (each.leads, each.converted) == (len(mine), len(converted))
        assert (each.opportunities, each.won) == (len(own), len(won))
        assert each.conversion == (len(converted) / len(mine) if mine else None)
        spent = known[each.source].costs if each.source in known else ()
        assert each.name == (known[each.source].name if each.source in known else None)
        for currency in ("CNY", "USD", "JPY"):
            sold = sum(Fraction(d.actual_amount.amount) for d in won if is_in(d.actual_amount, currency))
            cost = sum(Fraction(c.amount.amount) for c in spent if is_in(c.amount, currency))
            assert (Fraction(each.won_value.of(currency)), Fraction(each.cost.of(currency))) == (sold, cost)
            assert each.return_in(currency) == (pytest.approx(float(sold / cost)) if cost else None)
    assert (found.leads.counted, found.opportunities.counted) == (len(told), len(deals))
    assert (found.leads.voided, found.leads.left_out) == (sum(lead.voided for lead in told), 0)
    assert found.leads.statuses == tuple(LeadStatus)
    assert sum(each.leads for each in found.sources) == len(told)


def is_in(amount: Money | None, currency: str) -> bool:
    return amount is not None and amount.currency == currency


def test_a_source_that_brought_nothing_is_told_and_one_without_cost_has_no_return():
    """LEAD-16: what cost money and brought nothing is what one looks for; nothing is divided by nothing."""
    lead = Lead(id="1", version=1, title="x", owner=None, status=LeadStatus.ASSIGNED, source="referral")
    found = source_returns([lead], [], [source("fair", *costs(Money(10, "CNY"), Money(5, "CNY")))])
    fair, referral = found.sources
    assert (fair.source, fair.leads, fair.conversion, fair.return_in("CNY")) == ("fair", 0, None, 0.0)
    assert (dict(fair.cost), fair.return_in("USD")) == ({"CNY": Decimal(15)}, None)
    assert (referral.name, referral.leads, referral.return_in("CNY")) == (None, 1, None)
    assert found.source("fair") is fair
    assert found.source("bought_list") is None
    assert found.source(None) is None


class Desk:
    """Rates that go up by one each day of a month; none for yen."""

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        """Return the day of the month."""
        return Decimal(on.day) if currency == "USD" else None


@pytest.mark.parametrize(
    ("day", "until", "worth"),
    [
        (RateDay.TODAY, date(2026, 2, 7), "20"), (RateDay.CLOSING, date(2026, 2, 7), "140"),
        (RateDay.CLOSING, date(2026, 3, 9), "20"), (RateDay.CLOSING, None, "20"), (RateDay.TODAY, None, "20"),
    ],
)  # fmt: skip
def test_costs_become_one_currency_by_the_stated_policy(day: RateDay, until: date | None, worth: str):
    """PIPE-8: the rate of the day, or frozen at the cost's last day once that is over; without a rate as it was."""
    spent = costs(Money(20, "USD"), Money(5, "JPY"), Money(3, "CNY"), until=until)
    policy = RatePolicy("CNY", Desk(), day)
    (found,) = converted_costs([source("fair", *spent)], policy, TODAY)
    assert [cost.amount for cost in found.costs] == [Money(worth, "CNY"), Money(5, "JPY"), Money(3, "CNY")]
    assert [evolve(cost, amount=spent[0].amount) for cost in found.costs] == [spent[0]] * 3


@FEWER
@given(st.lists(lead_sources(), max_size=2))
def test_without_a_policy_costs_are_as_they_are(catalogue: list[LeadSource]):
    """PIPE-8: unlike currencies are never added without a rate policy."""
    assert list(converted_costs(iter(catalogue), None, TODAY)) == catalogue


def test_a_rates_port_that_fails_is_a_port_error():
    """PIPE-8, REL-7: what the port raises is said to be the port's."""

    class Broken:
        def rate(self, currency: str, home: str, on: date) -> Decimal | None:
            raise RuntimeError("down")

    given_sources: Iterator[LeadSource] = iter([source("fair", *costs(Money(1, "USD")))])
    with pytest.raises(PortError, match="down"):
        list(converted_costs(given_sources, RatePolicy("CNY", Broken()), TODAY))
