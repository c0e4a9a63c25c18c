"""
SCENE-3: one opportunity of each grade A–E through `tas_bidding`; a small but important one; a partner's registered.

A supplier of large systems works by TAS+ (the TAS article): what matters runs all seven stages, with a review at the
start; small deals take the fast track; what a partner leads is registered first. 李娜 sells, 张伟 is her superior,
陈静 does presales.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import salesflow as sf
from salesflow.testing import CountingIds, FixedClock

STAGES = [
    "validate", "initiate", "analyse_needs", "present_value", "prepare_tender", "submit_bid", "sign_contract",
]  # fmt: skip
SYSTEM = sf.ProductLine("system", "Control system", Decimal(1), sf.Money("900000", "CNY"))
EFFORT = sf.grading.Resources(
    {
        "A": {"presales_days": 60, "executive_sponsor": True},
        "B": {"presales_days": 20, "executive_sponsor": False},
        "C": {"presales_days": 3},
    }
)


class Supplier:
    """The supplier's people, and their deals."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        organization = sf.Organization(
            [
                sf.Employee("zhang", name="张伟"),
                sf.Employee("li", name="李娜", manager="zhang"),
                sf.Employee("chen", name="陈静", manager="zhang"),
            ]
        )
        self.flow = sf.SalesFlow(
            store=sf.MemoryStore(), organization=organization, processes=sf.templates.builtin(), clock=self.clock,
            ids=CountingIds(), settings=sf.Settings(resources=EFFORT),
        )  # fmt: skip
        self.li = self.flow.acting_as("li").opportunities
        self.zhang = self.flow.acting_as("zhang").opportunities
        self.customer = self.flow.acting_as("li").customers.create("Harbour Authority")
        self.engineer = self.flow.acting_as("li").contacts.create("Ms Qian", customer=self.customer.id)

    def deal(self, amount: str | None, led_by: sf.LedBy = sf.LedBy.US) -> sf.Opportunity:
        """Return a new deal in `tas_bidding`."""
        return self.li.create(
            f"System for {amount}", customer=self.customer.id, process="tas_bidding", led_by=led_by,
            amount=None if amount is None else sf.Money(amount, "CNY"),
            close_date=self.flow.today() + timedelta(days=120),
        )  # fmt: skip

    def work(self, deal: sf.Opportunity) -> sf.Opportunity:
        """Do whatever the stage asks for on this route, and nothing more."""
        asked = self.li.moves(deal)
        wanted = next(m for m in asked if m.operation == ("win" if deal.stage == STAGES[-1] else "advance"))
        for reason in wanted.blockers:
            if reason.code == "task_open":
                deal = self.li.finish_task(deal, reason.facts["task"])
            elif reason.facts.get("field") == "team":
                deal = self.li.add_member(deal, "chen", role=sf.TeamRole.PRESALES)
            elif reason.facts.get("field") == "contact_roles":
                deal = self.li.set_contact_role(deal, self.engineer.id, role="evaluator", is_primary=True)
            elif reason.facts.get("field") == "competitors":
                deal = self.li.add_competitor(deal, "Globex")
            elif reason.facts.get("field") == "products":
                deal = self.li.edit(deal, products=[SYSTEM])
        self.clock.move(timedelta(days=5))
        return deal

    def go_on(self, deal: sf.Opportunity) -> sf.Opportunity:
        """Work, and enter the next stage; the review of the second one is 张伟's to pass."""
        deal = self.work(deal)
        if deal.stage != "initiate":
            return self.li.advance(deal)
        with pytest.raises(sf.Refused, match="approval"):
            self.li.advance(deal)
        return self.zhang.approve(self.li.request_approval(deal, "advance"), comment="the review is passed")

    def run_all(self, deal: sf.Opportunity) -> sf.Opportunity:
        """Run every stage that is left, and win."""
        while deal.stage != STAGES[-1]:
            deal = self.go_on(deal)
        return self.li.win(self.work(deal))


@pytest.fixture
def supplier() -> Supplier:
    return Supplier()


def left(deal: sf.Opportunity) -> list[tuple[str, str]]:
    """Every stay, and how it ended."""
    return [(visit.stage, str(visit.exit)) for visit in deal.visits]


@pytest.mark.parametrize(
    ("amount", "grade", "effort"), [("8000000", "A", 60), ("5000000", "A", 60), ("1000000", "B", 20)]
)
def test_a_and_b_run_the_whole_process(supplier: Supplier, amount: str, grade: str, effort: int):
    """SCENE-3, GRADE-1, GRADE-2, GRADE-5, OPP-6a: seven stages in order, the review among them, and no jump."""
    deal = supplier.deal(amount)
    assert (deal.grade.effective, deal.grade.route) == (grade, "full")
    assert supplier.li.resources(deal)["presales_days"] == effort
    with pytest.raises(sf.Refused) as refused:
        supplier.li.change_stage(deal, "sign_contract", reason="we are in a hurry")
    assert [reason.code for reason in refused.value.reasons] == ["full_route"]
    won = supplier.run_all(deal)
    assert left(won) == [*((stage, "advanced") for stage in STAGES[:-1]), ("sign_contract", "closed")]
    assert {task.status for task in won.tasks} == {"done"}
    (passed,) = won.approvals
    assert (passed.requested_by, passed.decided_by) == ("li", "zhang")


@pytest.mark.parametrize(("amount", "grade"), [("500000", "C"), ("300000", "C"), ("299999.99", "D")])
def test_c_and_d_take_the_fast_track(supplier: Supplier, amount: str, grade: str):
    """SCENE-3, GRADE-2, OPP-6a: from the first stage to the last, with the few tasks that bind them there."""
    deal = supplier.deal(amount)
    assert (deal.grade.effective, deal.grade.route) == (grade, "fast_track")
    with pytest.raises(sf.Refused) as refused:
        supplier.li.change_stage(deal, "submit_bid")
    assert [reason.code for reason in refused.value.reasons] == ["only_to_last_stage"]
    deal = supplier.li.change_stage(supplier.work(deal), "sign_contract")
    assert [task.code for task in deal.tasks if task.status == "done"] == ["verify_project"]
    won = supplier.li.win(supplier.work(deal))
    assert left(won) == [
        ("validate", "jumped"), *((stage, "skipped") for stage in STAGES[1:-1]), ("sign_contract", "closed"),
    ]  # fmt: skip


def test_e_is_the_partners_and_is_registered_first(supplier: Supplier):
    """SCENE-3, GRADE-1, OPP-20: E whatever the amount; no jump before the registration, asked for twice, passed."""
    deal = supplier.deal("8000000", sf.LedBy.PARTNER)
    assert (deal.grade.effective, deal.grade.route, deal.registration) == ("E", "partner", "unregistered")
    deal = supplier.li.register_with_partner(deal)
    with pytest.raises(sf.Refused) as refused:
        supplier.li.change_stage(deal, "sign_contract")
    assert [reason.facts["registration"] for reason in refused.value.reasons] == ["requested"]
    deal = supplier.zhang.refuse(deal, comment="who is the partner?")
    assert deal.registration == "refused"
    deal = supplier.zhang.approve(supplier.li.register_with_partner(deal))
    assert deal.registration == "approved"
    deal = supplier.li.change_stage(deal, "sign_contract")
    won = supplier.li.win(supplier.work(deal))
    assert (won.status, won.actual_amount) == ("won", sf.Money("8000000", "CNY"))


def test_a_small_but_important_one_is_raised_by_hand(supplier: Supplier):
    """SCENE-3, GRADE-3, ACC-17: by the superior, with a reason; both grades stay visible, and it runs all stages."""
    deal = supplier.deal("200000")
    assert (deal.grade.effective, deal.grade.route) == ("D", "fast_track")
    with pytest.raises(sf.Refused, match="a superior of the owner"):
        supplier.li.set_grade(deal, sf.Grade.A, reason="I like it")
    deal = supplier.zhang.set_grade(deal, sf.Grade.A, reason="the first system in this harbour")
    assert (deal.grade.computed, deal.grade.override, deal.grade.effective) == ("D", "A", "A")
    assert deal.grade.override_reason == "the first system in this harbour"
    assert supplier.li.resources(deal)["executive_sponsor"] is True
    won = supplier.run_all(deal)
    assert [stage for stage, _ in left(won)] == STAGES
    assert [change.opportunity for change in supplier.flow.what_if(sf.grading.AmountPolicy())] == []


def test_one_that_grew_after_its_jump_pays_what_it_owes(supplier: Supplier):
    """SCENE-3, GRADE-4: raised to the full route it owes the stages that it skipped: done, or waived with a reason."""
    deal = supplier.li.change_stage(supplier.work(supplier.deal("400000")), "sign_contract")
    deal = supplier.work(supplier.li.edit(deal, amount=sf.Money("2000000", "CNY")))
    with pytest.raises(sf.Refused) as refused:
        supplier.li.win(deal)
    owed = [reason.facts["stage"] for reason in refused.value.reasons if reason.code == "stage_owed"]
    assert owed == STAGES[:-1]
    for stage in ("validate", "analyse_needs", "present_value", "prepare_tender", "submit_bid"):
        deal = supplier.zhang.waive_stage(deal, stage, reason="known customer, no tender")
    deal = supplier.li.change_stage(deal, "initiate", reason="the review is owed")
    won = supplier.run_all(deal)
    assert won.status == "won"
    assert left(won)[-7:] == [
        ("sign_contract", "returned"), *((stage, "advanced") for stage in STAGES[1:-1]), ("sign_contract", "closed"),
    ]  # fmt: skip


def test_without_an_amount_nobody_guesses(supplier: Supplier):
    """SCENE-3, GRADE-1: undecided, with the reason, and the whole route until somebody knows."""
    deal = supplier.deal(None)
    assert (deal.grade.effective, deal.grade.route) == (None, "full")
    assert str(deal.grade.reason) == "without an amount there is no grade"
    assert dict(supplier.li.resources(deal)) == {}
