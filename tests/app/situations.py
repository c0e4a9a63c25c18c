"""Situations that an operation may meet, beyond those of the world itself; each returns what it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import salesflow as sf
from tests.app.world import LATER, LINES, SMALL, World


def nothing(world: World) -> None:
    """The operation makes something new."""


def after(world: World, operation: str, *args: Any, by: str = "li", **named: Any) -> Callable[[Any], Any]:
    """Return what does an operation to a record, so that situations can be built up."""
    group, method = operation.split(".")
    return lambda record: getattr(getattr(world.acting(by), group), method)(record, *args, **named)


def assigned(world: World) -> sf.Opportunity:
    """One whose first task is feng's, who is in the team."""
    deal = world.team_deal(sf.TeamMember("feng", "presales"))
    return world.acting("li").opportunities.assign_task(deal, "confirm_tender", "feng")


def dated(world: World) -> sf.Opportunity:
    return world.acting("li").opportunities.assign_task(assigned(world), "confirm_tender", due=LATER)


def ruled(world: World, **values: Any) -> sf.Opportunity:
    """One whose next stage is for presales to approve and for large deals only, and whose loss wang approves."""
    team = [sf.TeamMember("feng", "presales"), sf.TeamMember("wang", "after_sales")]
    return world.deal(process="ruled", team=team, **values)


def small(world: World) -> sf.Opportunity:
    return ruled(world, amount=SMALL)


def expired(world: World) -> sf.Opportunity:
    """One whose request to be lost nobody decided in time."""
    asked = after(world, "opportunities.request_approval", "lose", reason="price")(ruled(world))
    world.clock.move(timedelta(days=14))
    return asked


def apart(world: World) -> sf.Opportunity:
    """One with two stages before it that two different people approve."""
    return world.deal(process="apart")


def with_competitor(world: World) -> sf.Opportunity:
    return world.acting("li").opportunities.add_competitor(world.deal(), "Globex")


def graded_by_hand(world: World) -> sf.Opportunity:
    return world.acting("zhang").opportunities.set_grade(world.deal(amount=SMALL), sf.Grade.A, reason="key account")


def in_negotiation(world: World) -> sf.Opportunity:
    """One in a stage that another template has too."""
    return world.acting("li").opportunities.change_stage(world.deal(), "negotiation", reason="second purchase")


def with_task_done(world: World) -> sf.Opportunity:
    return world.acting("li").opportunities.finish_task(world.deal(), "confirm_tender")


def arrived(world: World) -> sf.Opportunity:
    """One that came from another system without customer and close date."""
    arrival = sf.ImportedOpportunity(id="old-1", name="Old", owner="li", process="crm2000", stage="agreement")
    world.acting("li").files.import_opportunities([arrival])
    return world.finished(world.acting("li").opportunities.get("old-1"))


def unassigned(world: World) -> sf.Lead:
    return world.lead(owner=None)


def disabled(world: World) -> sf.Lead:
    return world.acting("root").leads.disable(world.lead())


def a_pool(world: World) -> sf.Pool:
    return world.acting("root").pools.create("East", members=["li"])


def pool_in_use(world: World) -> sf.Pool:
    """A pool with a lead in it."""
    world.pooled()
    return world.flow.pools.get("east")


def at_the_ceiling(world: World) -> sf.Lead:
    """One in a pool that lets nobody have two, for li, who has one."""
    world.lead()
    return world.pooled(ceiling=1)


def of_a_known_customer(world: World, by: str = "li") -> sf.Lead:
    """A lead of li's whose number a customer has, of li's or of somebody else's."""
    world.acting(by).customers.create("Mr Wang", phone="139 1234 5678")
    return world.lead(phone="+86 13912345678")


def of_a_hidden_customer(world: World) -> sf.Lead:
    """A lead of li's whose number a customer has that li does not see."""
    return of_a_known_customer(world, "qian")


def a_customer_beside_a_known_one(world: World) -> sf.Customer:
    """A customer of li's without a number; another of li's has one."""
    of_a_known_customer(world)
    return world.customer()


def a_customer_beside_a_hidden_one(world: World) -> sf.Customer:
    """A customer of li's without a number; one that li does not see has one."""
    of_a_hidden_customer(world)
    return world.customer()


def just_lost(world: World) -> sf.Lead:
    """One in a pool that makes former owners wait, which li has lost to it."""
    claimed = world.acting("li").leads.claim(world.pooled(cool_down=timedelta(days=7)))
    return world.acting("li").leads.recycle(claimed, reason="no time")


def contact_elsewhere(world: World) -> sf.Opportunity:
    world.contact()
    return world.deal()


def fast(world: World) -> sf.Opportunity:
    return world.deal(process="tas_bidding", amount=SMALL)


def a_competitor(world: World) -> sf.Competitor:
    return world.acting("root").competitors.create("Globex", main_product="GlobexCRM")


def a_competitor_in_use(world: World) -> sf.Competitor:
    """One that a deal named by its id when it was lost."""
    competitor = a_competitor(world)
    world.acting("li").opportunities.lose(world.deal(), reason="price", competitor=competitor.id)
    return competitor


def a_competitor_with_literature(world: World) -> sf.Competitor:
    """One that a document names by its id."""
    competitor = a_competitor(world)
    a_brochure(world, competitors=[competitor.id])
    return competitor


def a_brochure(world: World, **details: Any) -> sf.Literature:
    desk = world.acting("root").literature
    return desk.create("Why CRM2000", kind="brochure", document="https://acme.example/why.pdf", **details)


def a_source(world: World) -> sf.LeadSource:
    return world.acting("root").sources.create("fair", name={"en": "Trade show", "zh": "展会"})


def shared_in_department(world: World) -> sf.SharingRule:
    return world.acting("root").sharing.create(from_department="east", to_department="west")


def complete(world: World, stage: str = "bidding") -> sf.Opportunity:
    """One that came from another system in an earlier stage, without customer and close date."""
    arrival = sf.ImportedOpportunity(id="old-1", name="Old", owner="li", process="crm2000", stage=stage)
    world.acting("li").files.import_opportunities([arrival])
    return world.acting("li").opportunities.get("old-1")


def owing_nothing_filled(world: World) -> sf.Opportunity:
    """One in the last stage of the fast track, without an amount any more."""
    opportunities = world.acting("li").opportunities
    deal = opportunities.change_stage(fast(world), "sign_contract")
    return world.finished(opportunities.edit(deal, close_date=None))


def gated_last(world: World) -> sf.Opportunity:
    """One in a last stage that is left with an approval only."""
    return world.acting("li").opportunities.advance(world.deal(process="gated"))


def two_waiting(world: World) -> sf.Opportunity:
    """One with a stage approval and a partner registration that both wait."""
    li = world.acting("li").opportunities
    return li.register_with_partner(li.edit(world.waiting(), led_by=sf.LedBy.PARTNER))


def with_contact_role(world: World) -> sf.Opportunity:
    """One in which a contact of its customer has a role; there is another customer beside, customer-2."""
    deal = world.deal()
    contact = world.contact(deal.customer)
    world.customer(name="Globex")
    return world.acting("li").opportunities.set_contact_role(deal, contact.id, role="user", is_primary=True)


def guarded(world: World) -> sf.Opportunity:
    """One in the first of three stages, of which the second is left with an approval only."""
    return world.deal(process="guarded")


def quoted(world: World) -> sf.Opportunity:
    """One with a quote, quote:Q-1, that was not accepted."""
    return world.acting("li").opportunities.get(world.quote().opportunity or "")


def with_accepted_quote(world: World) -> sf.Opportunity:
    """One with a quote, quote:Q-1, that was accepted."""
    return world.acting("li").opportunities.get(world.accepted().opportunity or "")


def with_order(world: World) -> sf.Opportunity:
    """One with an order, order:O-1."""
    return world.acting("li").opportunities.issue_order(world.deal(), LINES).record


def priced(world: World) -> sf.Opportunity:
    """One with products and their prices."""
    return world.acting("li").opportunities.edit(world.deal(), products=LINES)


def from_a_lead(world: World) -> sf.Opportunity:
    """One that a lead became; lead-1."""
    deal = sf.NewOpportunity("A", process="crm2000")
    made = world.acting("li").leads.convert(world.lead(), customer=sf.NewCustomer("Acme"), opportunity=deal)
    assert made.opportunity is not None
    return made.opportunity


def quoted_lead(world: World) -> sf.Lead:
    """A lead of li's with a quote, quote:Q-1."""
    return world.acting("li").leads.quote(world.lead(), LINES).record


def quote_of_a_lead(world: World) -> sf.Document:
    return world.acting("li").leads.quote(world.lead(), LINES).document


def quote_of_a_customer(world: World) -> sf.Document:
    return world.acting("li").documents.issue(world.customer(), "quote", LINES).document


def invoice_of_a_customer(world: World) -> sf.Document:
    return world.acting("li").documents.issue(world.customer(), "invoice", LINES).document


def arrived_as_won(world: World) -> sf.Opportunity:
    """One that came from another system as won, for customer-1, and to which nothing happened here."""
    arrival = sf.ImportedOpportunity(
        id="old-1", name="Old", owner="li", process="crm2000", stage="agreement", customer=world.customer().id,
        outcome=sf.OpportunityStatus.WON,
    )  # fmt: skip
    world.acting("li").files.import_opportunities([arrival])
    return world.acting("li").opportunities.get("old-1")
