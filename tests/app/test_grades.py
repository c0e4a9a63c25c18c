"""Grades through the facade: computed on every change, set by hand, and what they permit (GRADE-1 … GRADE-6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

import salesflow as sf
from salesflow.files.json_codec import from_json, to_json
from salesflow.grading import AmountPolicy, ChancePoints, Criterion, CustomPoints, ScorecardPolicy
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


def because(deal: sf.Opportunity) -> sf.Reason:
    """Return why the policy says so: every grade has a reason."""
    assert deal.grade.reason is not None
    return deal.grade.reason


VALUE = CustomPoints("strategic_value", {"high": 100, "low": 0})
CARD = ScorecardPolicy([Criterion("chance", ChancePoints()), Criterion("value", VALUE)])


def test_whatever_the_policy_reads_grades_again_while_it_is_in_progress():
    """GRADE-4, GRADE-7: custom fields and probability too, where the policy says so; what is completed keeps it."""
    world = World(grading=CARD)
    opportunities = world.acting("li").opportunities
    deal = world.deal()
    assert (deal.grade.effective, because(deal).code) == (None, "criteria_not_rated")
    deal = opportunities.edit(deal, custom={"strategic_value": "high"})
    assert (deal.grade.effective, because(deal).facts["score"]) == ("B", "55.00")
    assert kinds(opportunities.history(deal))[1:] == ("edited", "graded")
    deal = opportunities.edit(deal, custom={"strategic_value": "low"})
    assert kinds(opportunities.history(deal))[3:] == ("edited", "graded", "route_changed")
    deal = opportunities.change_stage(world.finished(deal), "bid_decision")
    assert (deal.grade.effective, because(deal).facts["score"]) == ("D", "12.50")
    lost = opportunities.lose(deal, reason="price")
    assert (lost.grade, lost.probability.percent) == (deal.grade, 0)
    reopened = opportunities.reopen(lost)
    assert reopened.grade == deal.grade
    lead = world.acting("li").leads.edit(world.lead(), custom={"strategic_value": "high"})
    assert lead.version == 2


def test_moves_tell_of_the_grade_that_follows():
    """OPP-14, GRADE-7: where entering a stage grades again, the move says so, and that is what happens."""
    world = World(grading=CARD)
    opportunities = world.acting("li").opportunities
    deal = world.finished(opportunities.edit(world.deal(), custom={"strategic_value": "high"}))
    (move,) = (move for move in opportunities.moves(deal) if move.operation == "advance")
    assert move.effects == ("stage_left", "stage_entered", "graded")
    told = len(opportunities.history(deal))
    opportunities.advance(deal)
    assert kinds(opportunities.history(deal.id))[told:] == move.effects


def test_a_score_is_kept_with_all_that_it_is_made_of():
    """GRADE-7, IO-2: the reason on the record goes through a file and comes back equal."""
    world = World(grading=CARD)
    deal = world.acting("li").opportunities.edit(world.deal(), custom={"strategic_value": "high"})
    assert from_json(to_json(deal)) == deal
    assert because(from_json(to_json(world.deal()))).code == "criteria_not_rated"


def test_what_if_lists_what_a_new_policy_would_change_of_what_one_sees():
    """GRADE-7, VIS-16: visible records in progress only; trusted code sees all; nothing is changed."""
    world = World()
    mine, theirs = world.deal(amount=LARGE), world.deal("zhao", amount=LARGE)
    world.won()
    before = world.everything()
    strict = AmountPolicy(sf.Money(2_000_000, "CNY"))
    (change,) = world.acting("li").what_if(strict)
    assert (change.opportunity, change.before.effective, change.after.effective) == (mine, "B", "C")
    assert change.is_route_changed
    assert str(change.after.reason).endswith("is below 2,000,000 CNY")
    assert {each.opportunity.id for each in world.acting("sun").what_if(strict)} == {mine.id, theirs.id}
    assert {each.opportunity.id for each in world.flow.what_if(strict)} == {mine.id, theirs.id}
    assert world.flow.what_if(AmountPolicy()) == ()
    assert world.everything() == before
    for acting in (world.flow, world.acting("li")):
        with pytest.raises(sf.InvalidInput):
            acting.what_if(5)  # type: ignore[call-overload]  # on purpose


def test_a_grade_says_what_it_may_use():
    """GRADE-5, ACC-26: by the flow's settings, for whoever sees the record; nothing while the grade is undecided."""
    resources = sf.grading.Resources({"B": {"presales_days": 10}})
    world = World(settings=sf.Settings(resources=resources))
    opportunities = world.acting("li").opportunities
    assert dict(opportunities.resources(world.deal())) == {"presales_days": 10}
    assert dict(opportunities.resources(world.deal(amount=None).id)) == {}
    with pytest.raises(sf.NotFound):
        world.acting("qian").opportunities.resources(world.deal())
