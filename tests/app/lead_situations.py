"""Leads that are two of one, or that nobody follows up, for the tables of operations (LEAD-11, LEAD-13, LEAD-15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import salesflow as sf
from tests.app.world import LINES, World


def double(world: World, **values: Any) -> sf.Lead:
    """A lead of li's, beside another one, ``lead-1``, that is about the same."""
    world.lead(title="First", email="qian@example.com")
    return world.lead(title="Second", phone="138", **values)


def merged(world: World) -> sf.Lead:
    """The lead ``lead-2``, into which ``lead-1`` was merged."""
    return world.acting("zhang").leads.merge(double(world), "lead-1")


def merged_twice(world: World) -> sf.Lead:
    """The lead ``lead-2``, into which ``lead-1`` was merged, and then ``lead-3``."""
    survivor = merged(world)
    return world.acting("zhang").leads.merge(survivor, world.lead(title="Third"))


def merged_with_documents(world: World) -> sf.Lead:
    """The same where ``lead-1`` has a quote and an order, which moved."""
    survivor = double(world)
    leads = world.acting("li").leads
    leads.quote("lead-1", LINES)
    leads.order("lead-1", LINES)
    return world.acting("zhang").leads.merge(survivor, "lead-1")


def double_with_quote(world: World) -> sf.Lead:
    """A lead beside ``lead-1``, for which a quote was issued."""
    survivor = double(world)
    world.acting("li").leads.quote("lead-1", LINES)
    return survivor


def deletable(world: World) -> sf.Lead:
    """A lead in the pool east that nobody ever had."""
    return world.pooled()


def redirected_to(world: World) -> sf.Lead:
    """A lead in the pool east, into which another one of that pool was merged."""
    survivor = world.pooled()
    return world.acting("zhang").leads.merge(survivor, world.pooled())


def overdue(world: World, days: int = 30) -> sf.Lead:
    """A lead of li's that was left alone for so many days."""
    lead = world.lead()
    world.clock.move(timedelta(days=days))
    return lead


def reminded(world: World) -> sf.Lead:
    """The same, and its owner and the owner's superior were reminded; it is due now."""
    overdue(world, 20)
    for _ in range(2):
        world.acting("root").leads.recycle_overdue()
        world.clock.move(timedelta(days=5))
    lead: Any = world.store.get("lead", "lead-1")
    return lead
