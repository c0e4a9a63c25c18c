"""Situations that an operation may meet, beyond those of the world itself; each returns what it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import salesflow as sf
from tests.app.world import LATER, SMALL, World


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


def just_lost(world: World) -> sf.Lead:
    """One in a pool that makes former owners wait, which li has lost to it."""
    claimed = world.acting("li").leads.claim(world.pooled(cool_down=timedelta(days=7)))
    return world.acting("li").leads.recycle(claimed, reason="no time")


def contact_elsewhere(world: World) -> sf.Opportunity:
    world.contact()
    return world.deal()


def fast(world: World) -> sf.Opportunity:
    return world.deal(process="tas_bidding", amount=SMALL)


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
