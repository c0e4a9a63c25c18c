"""What deleting, merging and pushing down leads is refused for (LEAD-3, LEAD-11, LEAD-15)."""

from __future__ import annotations

from typing import Any

from salesflow.model import ReviewState
from tests.app.calls import Do, No
from tests.app.lead_situations import deletable, double, merged, merged_twice, overdue, redirected_to
from tests.app.situations import disabled
from tests.app.world import World

DELETE: Do = lambda desk, r: desk.delete(r)  # noqa: E731 - one of a table of lambdas
PUSH_DOWN: Do = lambda desk, r: desk.push_down(r)  # noqa: E731
UNMERGE: Do = lambda desk, r: desk.unmerge(r)  # noqa: E731


def merge(other: str = "lead-1", **fields: str) -> Do:
    return lambda desk, r: desk.merge(r, other, fields=fields)


def beside(world: World, **values: Any) -> Any:
    """A lead that came to some other state, put beside ``lead-1``."""
    return world.place(double(world), **values)


def converted_beside(world: World) -> Any:
    """A converted lead, beside ``lead-1``, which is converted too."""
    return world.place(world.converted_lead())


def pooled_beside(world: World) -> Any:
    """A lead in a pool, beside ``lead-1`` of li's."""
    world.lead()
    return world.pooled()


def with_one_way_each(world: World) -> Any:
    """A lead with a phone, beside ``lead-1`` with an e-mail address."""
    world.lead(phone=None, email="qian@example.com")
    return world.lead()


def reached_by_the_other(world: World) -> Any:
    """A lead that would have no reach without what was merged into it."""
    survivor = world.acting("zhang").leads.merge(with_one_way_each(world), "lead-1")
    return world.acting("li").leads.edit(survivor, phone=None)


REFUSED = [
    No("leads.delete", "zhang", World.lead, DELETE, "wrong_status"),
    No(
        "leads.delete",
        "zhang",
        lambda w: w.place(deletable(w), review=ReviewState.APPROVED),
        DELETE,
        "wrong_review_state",
    ),
    No("leads.delete", "zhang", redirected_to, DELETE, "has_redirects"),
    No("leads.delete", "zhang", lambda w: w.place(deletable(w), quote_number="Q"), DELETE, "has_documents"),
    No("leads.delete", "li", World.disqualified_lead, DELETE, "not_permitted"),
    No("leads.delete", "root", lambda w: w.voided(deletable(w)), DELETE, "is_voided"),
    No("leads.push_down", "zhang", World.disqualified_lead, PUSH_DOWN, "wrong_status"),
    No("leads.push_down", "zhang", World.lead, lambda desk, r: desk.push_down(r, owner="han"), "person_unknown"),
    No("leads.push_down", "li", World.lead, PUSH_DOWN, "not_permitted"),
    No("leads.push_down", "root", disabled, PUSH_DOWN, "is_disabled"),
    No("leads.merge", "li", double, merge(), "not_permitted other_lead"),
    No("leads.merge", "zhang", lambda w: beside(w, disabled=True), merge(), "is_disabled"),
    No("leads.merge", "zhang", lambda w: w.place(w.disqualified_lead()), merge(), "wrong_status"),
    No("leads.merge", "zhang", converted_beside, merge(), "both_converted"),
    No(
        "leads.merge",
        "zhang",
        lambda w: w.place(w.converted_lead()) and w.lead(),
        merge(owner="survivor"),
        "owner_stays",
    ),
    No(
        "leads.merge",
        "zhang",
        lambda w: w.place(w.pooled(), owner=None) and w.lead(),
        merge(owner="other"),
        "owner_missing",
    ),
    No("leads.merge", "zhang", with_one_way_each, merge(phone="other", email="survivor"), "reach_missing"),
    No("leads.merge", "root", lambda w: w.voided(double(w)), merge(), "is_voided"),
    No("leads.merge", "zhang", lambda w: (merged(w), w.lead())[1], merge(), "other_lead"),
    No("leads.merge", "zhang", merged, lambda desk, r: desk.merge("lead-1", r), "is_merged"),
    No("leads.unmerge", "zhang", World.lead, UNMERGE, "not_merged"),
    No("leads.unmerge", "li", merged, UNMERGE, "not_permitted"),
    No("leads.unmerge", "root", lambda w: w.voided(merged(w)), UNMERGE, "is_voided"),
    No("leads.unmerge", "root", lambda w: w.acting("root").leads.disable(merged(w)), UNMERGE, "is_disabled"),
    No("leads.unmerge", "zhang", reached_by_the_other, UNMERGE, "reach_missing"),
    No("leads.unmerge", "zhang", merged_twice, lambda desk, r: desk.unmerge("lead-1"), "merged_later"),
    No("leads.recycle_overdue", "zhang", overdue, lambda desk, r: desk.recycle_overdue(), "not_permitted"),
]
