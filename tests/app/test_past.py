"""The past as of a moment: lists, boards, figures, and who could see (HIST-1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.model import EventKind
from salesflow.testing import FixedClock
from tests.app.world import LARGE, SMALL, TODAY, BareStore, World, codes

HOUR = timedelta(hours=1)


def lists(acting: Any) -> dict[str, Any]:
    """What a person reads of many records at once."""
    deals = acting.opportunities
    return {
        "mine": deals.list("mine").items,
        "won": deals.list("won", order_by="amount").items,
        "subordinates": deals.list("subordinates").items,
        "count": deals.count(),
        "board": deals.board(process="crm2000"),
        "leads": [(lead.id, lead.title) for lead in acting.leads.list().items],
        "customers": acting.customers.list().items,
        "pages": pages(deals),
        "funnel": acting.pipeline.funnel(process="crm2000"),
        "forecast": acting.pipeline.forecast(),
        "win_rates": acting.pipeline.win_rates(),
        "stage_times": acting.pipeline.stage_times(process="crm2000"),
        "overdue": deals.overdue(),
    }


def pages(deals: Any) -> list[str]:
    """The ids of every page, two at a time."""
    found: list[str] = []
    after = None
    while True:
        page = deals.list(limit=2, after=after, order_by="name")
        found += [each.id for each in page.items]
        if not page.has_more:
            return found
        after = page.after


def advance(world: World) -> None:
    deal = world.finished(world.deal(name=f"Deal {world.clock.now():%d %H}"))
    world.acting("li").opportunities.advance(deal)


def drop(world: World) -> None:
    for deal in world.acting("li").opportunities.list("mine").items[:1]:
        if deal.status == "in_progress":
            world.acting("li").opportunities.lose(deal, reason="price")


def grow(world: World) -> None:
    for deal in world.acting("li").opportunities.list("mine").items[-1:]:
        if deal.status == "in_progress":
            world.acting("li").opportunities.edit(deal, amount=SMALL if deal.amount == LARGE else LARGE)


def void_first(world: World) -> None:
    for deal in world.acting("root").opportunities.list(order_by="id").items[:1]:
        world.acting("root").opportunities.void(deal)


def unvoid_first(world: World) -> None:
    for deal in world.acting("root").opportunities.list("voided").items[:1]:
        world.acting("root").opportunities.unvoid(deal)


STEPS: dict[str, Callable[[World], Any]] = {
    "deal": World.deal, "advance": advance, "won": World.won, "drop": drop, "grow": grow, "lead": World.lead,
    "convert": World.converted_lead, "pooled": World.pooled, "void": void_first, "unvoid": unvoid_first,
}  # fmt: skip


@settings(max_examples=12)
@given(st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=6))
def test_what_is_read_as_of_a_moment_is_what_was_read_then(steps: list[str]):
    """HIST-1, PIPE-1, PIPE-4: every list, page, board and figure of every past moment, for who sees all of it now."""
    world = World(clock=FixedClock())
    clock: Any = world.ports["clock"]
    read = []
    for step in steps:
        STEPS[step](world)
        for person in ("root", "sun"):
            read.append((clock.now(), person, lists(world.acting(person))))
        clock.move(timedelta(days=9))
    hidden = {deal.id for deal in world.acting("root").opportunities.list("voided").items}
    for moment, person, expected in read:
        if person == "root" or not hidden:
            assert lists(world.acting(person).as_of(moment)) == expected


def test_what_is_hidden_now_is_hidden_in_the_past():
    """HIST-1, VIS-20, REL-11: a revoke holds for the past too; a new owner sees what the record was before."""
    world = World()
    deal = world.deal(name="Ours")
    rule = world.share("wang")
    before = world.clock.now()
    world.clock.move(HOUR)
    assert [each.id for each in world.acting("wang").as_of(before).opportunities.list().items] == [deal.id]
    world.flow.sharing.delete(rule)
    then = world.acting("wang").as_of(before)
    assert then.opportunities.list().items == ()
    assert then.opportunities.count() == 0
    with pytest.raises(sf.NotFound):
        then.opportunities.get(deal.id)
    moved = world.acting("li").opportunities.change_owner(deal, "zhou", old_owner_role=None)
    mine = world.acting("zhou").as_of(before).opportunities
    assert [each.owner for each in mine.list().items] == ["li"]
    assert mine.list("mine").items == ()
    assert world.acting("li").as_of(before).opportunities.list().items == ()
    world.acting("root").opportunities.void(moved)
    assert world.acting("zhou").as_of(before).opportunities.list().items == ()
    assert world.acting("root").as_of(before).opportunities.count() == 1


def test_a_lead_seen_as_a_card_has_no_past():
    """HIST-1, VIS-18: who may only claim it now does not read what it was when it had an owner."""
    world = World()
    world.pooled()
    lead = world.lead(title="Once his")
    before = world.clock.now()
    world.clock.move(HOUR)
    world.acting("li").leads.recycle(lead, reason="no time")
    assert any(each.id == lead.id for each in world.acting("chen").leads.list().items)
    assert world.acting("chen").as_of(before).leads.list().items == ()
    assert [each.id for each in world.acting("zhang").as_of(before).leads.list("subordinates").items] == [lead.id]


def test_who_could_see_it_then():
    """HIST-1: by the team, owner and rules of then; to a person, as far as they see the others' line now."""
    world = World()
    deal = world.deal()
    world.share("wang")
    before = world.clock.now()
    world.clock.move(HOUR)
    shown = world.flow.who_can_see(deal)
    moved = world.acting("li").opportunities.change_owner(deal, "zhou", old_owner_role=None)
    past = world.flow.as_of(before)
    assert past.is_todays_organization
    assert dict(past.who_can_see(moved)) == dict(shown)
    assert "li" not in world.flow.who_can_see(moved)
    assert past.why("wang", deal.id).is_visible
    assert not past.why("zhou", deal.id).is_visible
    assert world.flow.why("zhou", deal.id).is_visible
    assert set(world.acting("sun").as_of(before).who_can_see(deal)) == {"sun", "zhang", "li", "wang"}
    assert set(world.acting("zhou").as_of(before).who_can_see(deal)) == set()
    assert world.acting("sun").as_of(before).why("li", deal).is_visible
    for asker, about in (("zhou", "li"), ("zhou", "nobody")):
        with pytest.raises(sf.NotFound):
            world.acting(asker).as_of(before).why(about, deal.id)
    for trusted in (lambda: past.why("nobody", deal.id), lambda: past.why("li", "nothing")):
        with pytest.raises(sf.NotFound):
            trusted()
    with pytest.raises(sf.NotFound):
        world.acting("li").as_of(before).who_can_see(deal)


class Remembering:
    """An organisation port that knows who worked here at every moment since it was made."""

    def __init__(self, world: World, past: Any) -> None:
        self._world, self._past = world, past

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.organization, name)

    def as_of(self, moment: datetime) -> Any:
        """Return the one of then."""
        return self._past(moment)


def test_an_organisation_that_remembers_answers_for_then():
    """HIST-1, ORG-6: scenes and people of then where the port can tell; where it cannot, it says so."""
    world = World()
    deal = world.deal()
    before = world.clock.now()
    then = sf.Organization([evolve(each, manager="wu") if each.id == "li" else each
                            for each in world.organization.employees])  # fmt: skip
    flow = sf.SalesFlow(**{**world.ports, "organization": Remembering(world, lambda moment: then)})
    past = flow.as_of(before)
    assert not past.is_todays_organization
    assert set(past.who_can_see(deal)) == {"li", "wu", "sun"}
    assert flow.acting_as("sun").as_of(before).is_todays_organization is False
    flow = sf.SalesFlow(**{**world.ports, "organization": Remembering(world, lambda moment: None)})
    assert flow.as_of(before).is_todays_organization

    def broken(moment: datetime) -> Any:
        raise OSError("no connection")

    flow = sf.SalesFlow(**{**world.ports, "organization": Remembering(world, broken)})
    with pytest.raises(sf.PortError, match="organization"):
        flow.as_of(before)


def test_nothing_can_be_changed_in_the_past():
    """HIST-1: every write is refused and says where it can be done; the present is as it was."""
    world = World()
    deal = world.deal()
    held = world.everything()
    then = world.acting("li").as_of(world.clock.now())
    for write in (
        lambda: then.opportunities.edit(deal, name="Other"),
        lambda: then.customers.create("New"),
        lambda: then.leads.create(title="New", phone="1"),
    ):
        with pytest.raises(sf.InvalidInput, match="through the flow itself"):
            write()
    with pytest.raises(sf.Refused) as refused:
        then.opportunities.advance(deal)
    assert "task_open" in codes(refused.value)
    assert world.everything() == held


def test_administrators_of_then_read_nothing_now():
    """HIST-1, ACC-26: who administers today reads the rules and pools of then; who did once does not."""
    world = World()
    world.share("wang")
    before = world.clock.now()
    root = world.acting("root").as_of(before)
    assert len(root.sharing.list()) == 1
    assert root.pools.list() == ()
    then = sf.Organization(world.organization.employees, administrators={"root", "wang"})
    flow = sf.SalesFlow(**{**world.ports, "organization": Remembering(world, lambda moment: then)})
    wang = flow.acting_as("wang").as_of(before)
    for read in (lambda: wang.sharing, lambda: wang.pools):
        with pytest.raises(sf.Refused):
            read()
    with pytest.raises(sf.InvalidInput, match="about today"):
        wang.what_if(sf.Employee("li"))


def test_the_moment_is_aware_and_no_later_than_now():
    """HIST-1, HIST-2: a naive moment is refused; one to come is now."""
    world = World()
    deal = world.deal()
    with pytest.raises(sf.InvalidInput):
        world.flow.as_of(datetime(2026, 1, 1))
    with pytest.raises(sf.InvalidInput):
        world.acting("li").as_of(TODAY)  # type: ignore[arg-type]
    ahead = world.acting("li").as_of(world.clock.now() + timedelta(days=400))
    assert ahead.moment == world.clock.now()
    assert ahead.opportunities.get(deal.id) == deal
    assert ahead.opportunities.list().items == (deal,)
    early = world.acting("li").as_of(world.clock.now() - HOUR)
    assert early.opportunities.list().items == ()
    with pytest.raises(sf.NotFound):
        early.opportunities.get(deal.id)
    with pytest.raises(sf.NotFound):
        early.opportunities.get("nothing")


def test_a_record_that_was_deleted_left_nothing():
    """HIST-1, OPP-10: gone for good, from the past too."""
    world = World()
    deal = world.deal()
    before = world.clock.now()
    world.clock.move(HOUR)
    world.acting("li").opportunities.delete(deal)
    assert world.acting("root").as_of(before).opportunities.list().items == ()


def test_a_record_that_changes_while_the_past_is_held_is_looked_at_again():
    """VIS-20: who loses it loses its past on the next call of the same object."""
    world = World()
    deal = world.deal()
    then = world.acting("li").as_of(world.clock.now())
    assert then.opportunities.list().items == (deal,)
    world.clock.move(HOUR)
    edited = world.acting("li").opportunities.edit(deal, name="Other")
    assert then.opportunities.list().items == (deal,)
    assert [event.kind for event in then.opportunities.history(deal.id)] == [EventKind.CREATED]
    world.acting("li").opportunities.change_owner(edited, "zhou", old_owner_role=None)
    assert then.opportunities.list().items == ()


def test_a_store_without_history_cannot_tell():
    """HIST-1: said as such, not answered with the present."""
    world = World(through=BareStore)
    world.deal()
    with pytest.raises(sf.PortError, match="history"):
        world.acting("li").as_of(world.clock.now()).opportunities.list()
