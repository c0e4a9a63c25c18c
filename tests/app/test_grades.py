"""Grades through the facade: computed on every change, set by hand, and what they permit (GRADE-1 … GRADE-6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import salesflow as sf
from salesflow.grading import AmountPolicy
from tests.app.world import LARGE, SMALL, World, kinds


class Euros:
    """Rates that know the euro only."""

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        """Return eight for the euro."""
        return Decimal(8) if currency == "EUR" else None


GRADES = [
    (None, None, "full", "amount_missing"),
    (sf.Money(5_000_000, "CNY"), "A", "full", "at_least"),
    (sf.Money(1_000_000, "CNY"), "B", "full", "at_least"),
    (sf.Money("999999.99", "CNY"), "C", "fast_track", "below"),
    (sf.Money(1, "CNY"), "D", "fast_track", "below"),
    (sf.Money(125_000, "EUR"), "B", "full", "at_least"),
    (sf.Money(125_000, "USD"), None, "full", "rate_missing"),
]


@pytest.mark.parametrize(("amount", "grade", "route", "code"), GRADES)
@pytest.mark.parametrize("by", ["create", "edit", "convert", "import"])
def test_the_grade_follows_the_amount_however_it_came(
    by: str, amount: sf.Money | None, grade: str | None, route: str, code: str
):
    """GRADE-1, GRADE-2, GRADE-4, GRADE-6: each grade with its reason, on every way that an amount comes in."""
    world = World(grading=AmountPolicy(rates=Euros()))
    li = world.acting("li")
    if by == "create":
        deal = world.deal(amount=amount)
    elif by == "edit":
        deal = li.opportunities.edit(world.deal(amount=SMALL), amount=amount)
    elif by == "convert":
        asked = sf.NewOpportunity("A", amount=amount, process="crm2000")
        made = li.leads.convert(world.lead(), customer=sf.NewCustomer("A"), opportunity=asked).opportunity
        assert made is not None
        deal = made
    else:
        arrival = sf.ImportedOpportunity(
            id="x", name="A", owner="li", process="crm2000", stage="bidding", amount=amount
        )
        li.files.import_opportunities([arrival])
        deal = li.opportunities.get("x")
    assert (deal.grade.effective, deal.grade.route) == (grade, route)
    assert deal.grade.reason is not None
    assert deal.grade.reason.code == code
    assert code in {"amount_missing", "rate_missing", "at_least", "below", "led_by_partner"}


def test_a_partners_deal_is_e_whatever_the_amount():
    """GRADE-1, GRADE-4: a change of lead party regrades; a change of route is an event."""
    world = World()
    deal = world.deal()
    told = len(world.outbox())
    deal = world.acting("li").opportunities.edit(deal, led_by=sf.LedBy.PARTNER)
    assert (deal.grade.effective, deal.grade.route) == ("E", "partner")
    assert deal.grade.reason is not None
    assert deal.grade.reason.code == "led_by_partner"
    assert kinds(world.outbox(told)) == ("edited", "graded", "route_changed")
    told = len(world.outbox())
    world.acting("li").opportunities.edit(deal, amount=SMALL)
    assert kinds(world.outbox(told)) == ("edited",)


def test_both_grades_stay_visible_and_another_lead_party_suspends_the_one_by_hand():
    """GRADE-3: set by hand, it counts until cleared; while a partner leads, it does not."""
    world = World()
    zhang, li = world.acting("zhang").opportunities, world.acting("li").opportunities
    deal = zhang.set_grade(world.deal(amount=SMALL), sf.Grade.A, reason="key account")
    assert (deal.grade.computed, deal.grade.override, deal.grade.effective) == ("C", "A", "A")
    assert (deal.grade.override_by, deal.grade.override_reason) == ("zhang", "key account")
    deal = li.edit(deal, amount=sf.Money(1, "CNY"))
    assert (deal.grade.computed, deal.grade.effective, deal.grade.route) == ("D", "A", "full")
    deal = li.edit(deal, led_by=sf.LedBy.PARTNER)
    assert (deal.grade.effective, deal.grade.is_suspended) == ("E", True)
    deal = li.edit(deal, led_by=sf.LedBy.US)
    assert (deal.grade.effective, deal.grade.is_suspended) == ("A", False)
    deal = zhang.clear_grade(deal)
    assert (deal.grade.effective, deal.grade.override, deal.grade.route) == ("D", None, "fast_track")


def test_owed_stages_are_run_or_waived_before_winning():
    """GRADE-4, OPP-6a: raised to the full route, each skipped stage is owed; waived with a reason, it is won."""
    world = World()
    deal = world.owing()
    li, zhang = world.acting("li").opportunities, world.acting("zhang").opportunities
    deal = li.edit(deal, amount=LARGE)
    with pytest.raises(sf.Refused) as refused:
        li.win(deal)
    owed = [reason.facts["stage"] for reason in refused.value.reasons if reason.code == "stage_owed"]
    assert owed == ["validate", "initiate", "analyse_needs", "present_value", "prepare_tender", "submit_bid"]
    for stage in owed:
        deal = zhang.waive_stage(deal, stage, reason="known customer")
    assert li.win(deal).status == "won"


def test_what_the_actual_amount_is_changes_no_grade():
    """OPP-7, GRADE-4: what was really sold is the closing's; the grade is of what it might be worth."""
    world = World()
    deal = world.agreed()
    won = world.acting("li").opportunities.win(deal, amount=SMALL)
    assert (won.actual_amount, won.amount, won.grade) == (SMALL, LARGE, deal.grade)
