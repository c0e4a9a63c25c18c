"""
SCENE-1: a tender for CRM2000 goes from qualification to agreement; one like it is lost half-way, one is invalid.

A software vendor sells CRM2000 by tender (Fxiaoke's example). 李娜 owns the deals, 张伟 is her superior, 陈静 does
presales and 王强 will serve the customer afterwards.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

import salesflow as sf
from salesflow.testing import CountingIds, FixedClock

STAGES = {
    "qualification": ["confirm_tender", "confirm_qualification"],
    "bid_decision": ["collect_requirements", "identify_fit_and_gaps", "roi_report", "decide_to_bid"],
    "bidding": ["build_demo", "prepare_presentation"],
    "negotiation": [],
    "agreement": ["prepare_contract", "arrange_follow_up"],
}
"""The five stages and their tasks, as the source tells them."""


class Vendor:
    """The vendor's people, and a calendar that moves on."""

    def __init__(self) -> None:
        self.clock = FixedClock()
        organization = sf.Organization(
            employees=[
                sf.Employee("zhang", name="张伟", department="sales"),
                sf.Employee("li", name="李娜", manager="zhang", department="sales"),
                sf.Employee("chen", name="陈静", manager="zhang", department="presales"),
                sf.Employee("wang", name="王强", department="service"),
            ],
            departments=[sf.Department("sales", head="zhang"), sf.Department("presales"), sf.Department("service")],
        )
        self.flow = sf.SalesFlow(
            store=sf.MemoryStore(), organization=organization, processes=sf.templates.builtin(), clock=self.clock,
            ids=CountingIds(), time_zone="Asia/Shanghai",
        )  # fmt: skip
        self.li = self.flow.acting_as("li")

    def days_pass(self, days: int) -> None:
        self.clock.move(timedelta(days=days))

    def tender(self) -> sf.Opportunity:
        """A customer's tender comes to hand, as a lead; it becomes a customer and an opportunity."""
        lead = self.li.leads.create(title="CRM2000 for Acme", contact="Ms Qian", phone="+86 139 1234 5678")
        made = self.li.leads.convert(
            lead,
            customer=sf.NewCustomer("Acme"),
            opportunity=sf.NewOpportunity(
                "CRM2000 for Acme", amount=sf.Money("1200000", "CNY"), process="crm2000",
                close_date=self.flow.today() + timedelta(days=90),
            ),
        )  # fmt: skip
        assert made.opportunity is not None
        return made.opportunity


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


def test_a_tender_from_qualification_to_agreement_with_every_task(vendor: Vendor):
    """SCENE-1, OPP-3, OPP-5, OPP-7: a stage is left when its tasks are done, and the next one begins, up to the win."""
    li = vendor.li.opportunities
    deal = vendor.tender()
    assert (deal.owner, deal.grade.effective, deal.grade.route) == ("li", "B", "full")
    deal = li.add_member(deal, "chen", role=sf.TeamRole.PRESALES)
    deal = li.add_member(deal, "wang", role=sf.TeamRole.AFTER_SALES, access=sf.Access.READ_WRITE)

    for number, (stage, tasks) in enumerate(STAGES.items()):
        assert deal.stage == stage
        assert [task.code for task in deal.tasks if task.stage == stage] == tasks
        assert deal.probability == sf.model.Probability([10, 25, 50, 75, 90][number], sf.model.ProbabilitySource.STAGE)
        for task in tasks:
            with pytest.raises(sf.Refused) as refused:
                li.win(deal) if stage == "agreement" else li.advance(deal)
            still_open = [reason.facts["task"] for reason in refused.value.reasons]
            assert still_open == tasks[tasks.index(task) :]
            if task == "build_demo":
                deal = li.assign_task(deal, task, "chen", due=vendor.flow.today() + timedelta(days=7))
                deal = vendor.flow.acting_as("chen").opportunities.finish_task(deal, task)
            else:
                deal = li.finish_task(deal, task)
            vendor.days_pass(2)
        deal = li.fill_feedback(deal, f"{stage} is done")
        deal = deal if stage == "agreement" else li.advance(deal)

    deal = li.win(deal, amount=sf.Money("1150000", "CNY"))
    assert (deal.status, deal.stage, deal.probability.percent) == ("won", "agreement", 100)
    assert deal.actual_amount == sf.Money("1150000", "CNY")
    assert deal.actual_close_date == vendor.flow.today()
    assert [visit.stage for visit in deal.visits] == list(STAGES)
    assert {visit.exit for visit in deal.visits[:-1]} == {"advanced"}
    assert {task.status for task in deal.tasks} == {"done"}
    assert [task.done_by for task in deal.tasks if task.code == "build_demo"] == ["chen"]
    assert [feedback.stage for feedback in deal.feedback] == list(STAGES)

    wang = vendor.flow.acting_as("wang").opportunities
    deal = wang.start_after_sales(deal)
    assert (deal.after_sales[0].stage, deal.status) == ("installation", "won")


def test_a_tender_dropped_half_way_as_lost(vendor: Vendor):
    """SCENE-1, OPP-6, OPP-7: a stage is jumped over with a reason; from any stage it may be lost, with a reason."""
    li = vendor.li.opportunities
    deal = vendor.tender()
    deal = li.finish_task(deal, "confirm_tender")
    deal = li.finish_task(deal, "confirm_qualification")
    deal = li.advance(deal)
    with pytest.raises(sf.Refused) as refused:
        li.change_stage(deal, "negotiation")
    assert [str(reason) for reason in refused.value.reasons] == ["a reason is needed"]
    deal = li.change_stage(deal, "negotiation", reason="second purchase, no demo needed")
    skipped = [task for task in deal.tasks if task.stage == "bid_decision"]
    assert {task.status for task in skipped} == {"skipped"}

    with pytest.raises(sf.Refused) as refused:
        li.lose(deal, reason="bad luck")
    assert "budget, needs_mismatch, competitor, price, other" in str(refused.value)
    deal = li.lose(deal, reason="price", competitor="Globex")
    assert (deal.status, deal.stage, deal.probability.percent) == ("lost", "negotiation", 0)
    assert deal.closing is not None
    assert (deal.closing.reason, deal.closing.competitor, deal.actual_amount) == ("price", "Globex", None)
    with pytest.raises(sf.Refused):
        li.advance(deal)
    assert [found.id for found in vendor.flow.acting_as("zhang").opportunities.list("lost").items] == [deal.id]

    deal = li.reopen(deal)
    assert (deal.status, deal.stage, deal.closing) == ("in_progress", "negotiation", None)


def test_a_tender_that_was_none(vendor: Vendor):
    """SCENE-1, OPP-7: found not to be worth following, it is invalid: neither won nor lost."""
    li = vendor.li.opportunities
    deal = li.finish_task(vendor.tender(), "confirm_tender")
    deal = li.invalidate(deal, reason="customer_cancelled", comment="the tender was called off")
    assert (deal.status, deal.stage, deal.probability.percent) == ("invalid", "qualification", 0)
    assert [(task.code, task.status) for task in deal.tasks] == [
        ("confirm_tender", "done"), ("confirm_qualification", "cancelled"),
    ]  # fmt: skip
    for scene in ("won", "lost"):
        assert vendor.li.opportunities.count(scene) == 0
    rates = vendor.li.pipeline.win_rates()
    assert (rates.overall.won, rates.overall.lost) == (0, 0)
