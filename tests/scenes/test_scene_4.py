"""
SCENE-4: the examples of the sales course: parts to a reseller, software by RFP, a sale over the counter.

With its rules: no lead without e-mail and source, no win without the manager; and its automation: the first contact
becomes a task by itself, and the team hears of a win, who the customer is and what it is worth.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.model import (
    AutomaticTask,
    Automation,
    ProcessApproval,
    ProductLine,
)
from salesflow.ports import Notification
from salesflow.testing import CountingIds, FixedClock

BUILTIN = sf.templates.builtin()
WITH_APPROVAL = evolve(BUILTIN["auto_parts"], approvals=[ProcessApproval("win", "owner_superior")])
FIRST_CONTACT = Automation(
    "first_contact", "stage_entered", stage="inquiry",
    create_task=AutomaticTask("call_customer", "Call the customer", due_in_days=1, assignee="owner"),
)  # fmt: skip


class Mail:
    """The application's mail, as far as this scene goes: what was sent, to whom."""

    def __init__(self) -> None:
        self.sent: list[Notification] = []

    def notify(self, notification: Notification) -> None:
        """Send it."""
        self.sent.append(notification)


class Numbers:
    """The application's numbers of documents."""

    def __init__(self) -> None:
        self.last = 0

    def number(self, document: sf.Document) -> str:
        """Return the next one of its kind."""
        self.last += 1
        return f"{document.kind}-{self.last}"


class Company:
    """Maria sells, Tom helps her, Ann manages both; the course's own examples are what they sell."""

    def __init__(self) -> None:
        self.mail = Mail()
        self.clock = FixedClock()
        self.flow = sf.SalesFlow(
            store=sf.MemoryStore(), clock=self.clock, ids=CountingIds(), notifier=self.mail, documents=Numbers(),
            organization=sf.Organization(
                [sf.Employee("ann"), sf.Employee("maria", manager="ann"), sf.Employee("tom", manager="ann")]
            ),
            processes=[WITH_APPROVAL, BUILTIN["rfp_software"], BUILTIN["walk_in"]],
            automation=[FIRST_CONTACT],
            rules=[
                sf.BusinessRule(
                    "reachable_and_sourced", "leads.create", lambda lead: bool(lead.email and lead.source),
                    {"en": "A lead needs an e-mail address and a source", "zh": "线索须有电子邮件和来源"},
                )
            ],
        )  # fmt: skip
        self.maria = self.flow.acting_as("maria")
        self.ann = self.flow.acting_as("ann")


def codes(refused: Any) -> set[str]:
    """The codes of all reasons."""
    return {reason.code for reason in refused.value.reasons}


def test_a_lead_without_email_and_source_is_refused_by_a_rule():
    """SCENE-4, RULE-1: with all that is missing, and with the company's own words; with both it is a lead."""
    maria = Company().maria
    with pytest.raises(sf.Refused, match="needs an e-mail address and a source") as refused:
        maria.leads.create(title="200 brake pads", phone="0100 200300")
    assert codes(refused) == {"rule_broken"}
    assert maria.leads.list().items == ()
    with pytest.raises(sf.Refused):
        maria.leads.create(title="200 brake pads", email="buyer@reseller.example")
    assert maria.leads.create(title="200 brake pads", email="buyer@reseller.example", source="trade show").id


def test_parts_to_a_reseller_whose_win_a_manager_approves():
    """SCENE-4, PROC-4, RULE-2, RULE-3, OPP-13: from the first call to the order that the quote became."""
    company = Company()
    maria, ann = company.maria, company.ann
    lead = maria.leads.create(
        title="200 brake pads", contact="Mr Gray", email="buyer@reseller.example", source="trade show"
    )
    made = maria.leads.convert(
        lead, customer=sf.NewCustomer("Parts & Co"), contact=sf.NewContact("Mr Gray"),
        opportunity=sf.NewOpportunity("200 brake pads", process="auto_parts", amount=sf.Money("40000", "CNY")),
    )  # fmt: skip
    assert made.opportunity is not None
    deal = maria.opportunities.get(made.opportunity)

    # The first contact became a task by itself, for whoever deals with the customer, due tomorrow.
    (call,) = [task for task in deal.tasks if task.code == "call_customer"]
    assert (call.assignee, call.due, call.is_required) == ("maria", company.flow.today() + timedelta(days=1), False)
    deal = maria.opportunities.finish_task(deal, call.id)

    # "Salespeople note contact, parts and the likely size": without the parts nothing goes on.
    deal = maria.opportunities.finish_task(deal, "note_inquiry")
    with pytest.raises(sf.Refused) as refused:
        maria.opportunities.advance(deal)
    assert codes(refused) == {"field_empty"}
    pads = ProductLine("pad", "Brake pad", Decimal(200), sf.Money("200", "CNY"))
    deal = maria.opportunities.edit(deal, products=[pads], close_date=company.flow.today() + timedelta(days=30))
    deal = maria.opportunities.advance(deal)

    # "There may be several talks", and need not be: it goes on from the talks to the quote.
    deal = maria.opportunities.finish_task(deal, "agree_quantities")
    deal = maria.opportunities.advance(deal)
    quote = maria.opportunities.issue_quote(deal).document
    deal = maria.opportunities.finish_task(deal.id, "send_quote")
    order = maria.opportunities.issue_order(deal, source=maria.documents.accept(quote)).document
    assert (order.total, order.source_document) == (sf.Money("40000", "CNY"), quote.id)

    # The manager must approve before it is won; it is won as Maria, when Ann agrees.
    with pytest.raises(sf.Refused) as refused:
        maria.opportunities.win(deal.id)
    assert codes(refused) == {"approval_needed"}
    maria.opportunities.add_member(deal.id, "tom", role="sales", access=sf.Access.READ)
    maria.opportunities.request_approval(deal.id, "win")
    with pytest.raises(sf.Refused):
        maria.opportunities.approve(deal.id)
    assert company.mail.sent == []
    deal = ann.opportunities.approve(deal.id, comment="well done")
    assert (deal.status, deal.closing.by if deal.closing else None) == ("won", "maria")

    # The team hears of it, as the template says: who the customer is, and what it is worth.
    assert {(each.to, each.message.text("en")) for each in company.mail.sent} == {
        ("maria", "Parts & Co bought for 40,000 CNY: 200 brake pads"),
        ("tom", "Parts & Co bought for 40,000 CNY: 200 brake pads"),
    }  # fmt: skip
    assert company.mail.sent[0].message.text("zh") == "Parts & Co 成交 40,000 CNY：200 brake pads"
    assert maria.customers.get(made.customer.id if made.customer else "").deal_status == "deal"


def test_software_by_rfp_goes_out_only_with_an_approved_response():
    """SCENE-4, PROC-4, RULE-2: refused once, mended, approved; the customer turns it down in the end."""
    company = Company()
    maria, ann = company.maria, company.ann
    customer = maria.customers.create("City of Port")
    deal = maria.opportunities.create(
        "Harbour system", customer=customer.id, process="rfp_software", amount=sf.Money("3000000", "CNY"),
        close_date=company.flow.today() + timedelta(days=90),
    )  # fmt: skip
    for stage in ("identify_rfp", "prepare_response"):
        assert deal.stage == stage
        for task in [task for task in deal.tasks if task.stage == stage]:
            deal = maria.opportunities.finish_task(deal, task.id)
        deal = maria.opportunities.advance(deal)
    deal = maria.opportunities.finish_task(deal, "check_response")
    with pytest.raises(sf.Refused) as refused:
        maria.opportunities.advance(deal)
    assert codes(refused) == {"approval_needed"}
    deal = maria.opportunities.request_approval(deal, "advance")
    deal = ann.opportunities.refuse(deal, comment="page 12 names the wrong harbour")
    deal = maria.opportunities.request_approval(deal, "advance")
    deal = ann.opportunities.approve(deal)
    assert deal.stage == "submitted"
    deal = maria.opportunities.finish_task(deal, "deliver_response")
    lost = maria.opportunities.lose(deal, reason="price", comment="the customer turned the bid down")
    assert [str(approval.status) for approval in lost.approvals] == ["refused", "approved"]
    assert company.mail.sent == []


def test_a_walk_in_sale():
    """SCENE-4, PROC-4: the customer knows what to buy, goes straight to the checkout, and pays."""
    company = Company()
    tom = company.flow.acting_as("tom")
    customer = tom.customers.create("A customer in the shop")
    deal = tom.opportunities.create("One mirror", customer=customer.id, process="walk_in", amount=sf.Money("99", "CNY"))
    deal = tom.opportunities.change_stage(deal, "checkout")
    won = tom.opportunities.win(deal)
    assert (won.status, won.actual_amount) == ("won", sf.Money("99", "CNY"))
    assert [each.to for each in company.mail.sent] == ["tom"]
