"""
SCENE-5: Get Cloudy West wants 35 custom sneakers (Salesforce's example).

Aparna of Get Cloudy brought Lars Johnson of Get Cloudy West. The deal is created at needs analysis; its probability
comes from the stage until somebody knows better; Lars is the primary contact, Aparna an influencer.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

import salesflow as sf
from salesflow.testing import CountingIds, FixedClock


def test_get_cloudy_west_35_sneakers():
    """SCENE-5, OPP-1, OPP-2, CUS-3, PROC-4: each step of the unit, in its order."""
    flow = sf.SalesFlow(
        store=sf.MemoryStore(), organization=sf.Organization([sf.Employee("you")]), clock=FixedClock(),
        processes=sf.templates.builtin(), ids=CountingIds(),
    )  # fmt: skip
    you = flow.acting_as("you")

    # The opportunity: a name, an account, a close date in the future, and the stage that it stands in.
    cloudy = you.customers.create("Get Cloudy West")
    deal = you.opportunities.create(
        "Get Cloudy West - 35 Custom Sneakers", customer=cloudy.id, close_date=flow.today() + timedelta(days=30),
        process="salesforce_standard", stage="needs_analysis",
    )  # fmt: skip
    assert (deal.stage, deal.status, deal.owner) == ("needs_analysis", "in_progress", "you")
    assert deal.grade.effective is None

    # "Salesforce adds a probability by the stage. If it is not right, you can change it."
    assert (deal.probability.percent, deal.probability.source) == (25, "stage")
    deal = you.opportunities.edit(deal, probability=40)
    assert (deal.probability.percent, deal.probability.source) == (40, "hand")

    # Who is involved: Lars, who is primary, and Aparna, who is added to the account to be given a role.
    lars = you.contacts.create("Lars Johnson", customer=cloudy.id)
    deal = you.opportunities.set_contact_role(deal, lars.id, role="decision_maker", is_primary=True)
    aparna = you.contacts.create("Aparna")
    with pytest.raises(sf.Refused) as refused:
        you.opportunities.set_contact_role(deal, aparna.id, role="influencer")
    assert "does not belong to customer" in str(refused.value)
    you.contacts.edit(aparna, customer=cloudy.id)
    deal = you.opportunities.set_contact_role(deal, aparna.id, role="influencer", related_to=lars.id)
    assert [(role.contact, role.role, role.is_primary) for role in deal.contact_roles] == [
        (lars.id, "decision_maker", True), (aparna.id, "influencer", False),
    ]  # fmt: skip
    assert deal.contact_roles[1].related_to == lars.id

    # To go on there is a proposal to write: kind, number and price of the sneakers.
    sneakers = sf.ProductLine("sneaker", "Custom sneakers", Decimal(35), sf.Money("120", "USD"))
    deal = you.opportunities.edit(deal, products=[sneakers], amount=sf.Money("4200", "USD"))
    deal = you.opportunities.advance(deal)
    assert deal.stage == "proposal"
    assert (deal.probability.percent, deal.probability.source) == (50, "stage")
    deal = you.opportunities.add_activity(deal, "email", "sent the proposal; Lars likes it, the price is open")

    # Any stage may be picked; the board shows where it stands and what it may be worth.
    deal = you.opportunities.advance(deal)
    assert deal.stage == "negotiation"
    column = you.opportunities.board(process="salesforce_standard").column("negotiation")
    assert column is not None
    assert (column.count, dict(column.amount), dict(column.weighted)) == (
        1, {"USD": Decimal(4200)}, {"USD": Decimal(3150)},
    )  # fmt: skip
    deal = you.opportunities.win(deal)
    assert (deal.status, deal.probability.percent, deal.actual_amount) == ("won", 100, sf.Money("4200", "USD"))
