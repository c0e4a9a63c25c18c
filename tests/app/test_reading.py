"""Reading one record: as it is, what happened to it, as it was, and why somebody sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.model import replay
from tests.app.world import BareStore, World, kinds

GROUPS: dict[str, Callable[[World], Any]] = {
    "leads": World.lead,
    "opportunities": World.deal,
    "customers": World.customer,
    "contacts": World.contact,
}
each_group = pytest.mark.parametrize("group", GROUPS)


@each_group
def test_get_gives_the_record_as_it_is_now_to_whoever_sees_it(group: str):
    """ACC-26, VIS-17: by id or by a snapshot, however old; hidden and absent read alike."""
    world = World()
    record = GROUPS[group](world)
    for person in ("li", "zhang", "sun", "root"):
        desk = getattr(world.acting(person), group)
        assert desk.get(record.id) == desk.get(record) == desk.get(evolve(record, version=9)) == record
    for person in ("qian", "chen", "wu"):
        with pytest.raises(sf.NotFound) as hidden:
            getattr(world.acting(person), group).get(record.id)
        with pytest.raises(sf.NotFound) as absent:
            getattr(world.acting(person), group).get("none")
        assert str(hidden.value) == str(absent.value).replace("'none'", repr(record.id))


@each_group
def test_history_and_as_of_tell_what_happened(group: str):
    """HIST-1: the events replay to the record; at each past moment it is what it was then."""
    world = World()
    record = GROUPS[group](world)
    desk = getattr(world.acting("li"), group)
    was = [(world.clock.now(), record)]
    for text in ("one", "two"):
        world.clock.move(timedelta(hours=1))
        record = desk.edit(record, custom={"text": text})
        was.append((world.clock.now(), record))
    assert kinds(desk.history(record.id)) == ("created", "edited", "edited")
    assert replay(desk.history(record)) == record
    for moment, then in was:
        assert desk.as_of(record, moment) == desk.as_of(record.id, moment + timedelta(minutes=59)) == then
    with pytest.raises(sf.NotFound):
        desk.as_of(record, was[0][0] - timedelta(seconds=1))
    stranger = getattr(world.acting("qian"), group)
    with pytest.raises(sf.NotFound):
        stranger.history(record)
    with pytest.raises(sf.NotFound):
        stranger.as_of(record, was[-1][0])


@pytest.mark.parametrize("moment", [None, "2026-01-05", datetime(2026, 1, 5), 5])
def test_as_of_takes_an_aware_moment(moment: Any):
    """HIST-2: a naive datetime says no moment."""
    world = World()
    with pytest.raises(sf.InvalidInput, match="timezone-aware"):
        world.acting("li").opportunities.as_of(world.deal(), moment)


def test_as_of_with_a_clock_that_was_put_back():
    """HIST-1: where the clock ran backwards, the past is told up to the first event that lies behind the moment."""
    world = World()
    lead = world.lead()
    start = world.clock.now()
    world.clock.move(timedelta(hours=-1))
    later = world.acting("li").leads.edit(lead, title="B")
    with pytest.raises(sf.NotFound):
        world.acting("li").leads.as_of(lead, start - timedelta(minutes=30))
    assert world.acting("li").leads.as_of(lead, start) == later


def test_a_store_without_history_says_so():
    """HIST-1: history is a capability that a store may lack; then asking for it is the application's mistake."""
    world = World(through=BareStore)
    lead = world.lead()
    with pytest.raises(sf.PortError, match="keeps no history"):
        world.acting("li").leads.history(lead)
    with pytest.raises(sf.PortError, match="keeps no history"):
        world.acting("li").leads.as_of(lead, world.clock.now())


@each_group
@pytest.mark.parametrize("by", ["record", "id"])
def test_why_and_who_can_see_agree_with_get(group: str, by: str):
    """VIS-15: who is said to see it gets it, and why says through whom; nobody else does either."""
    world = World()
    world.share("feng")
    record = GROUPS[group](world)
    ref = record if by == "record" else record.id
    seen = world.flow.who_can_see(ref)
    assert set(seen) == {"li", "zhang", "sun", "feng", "root"}
    for person in ("li", "zhang", "sun", "feng", "root", "chen", "qian", "wu"):
        proof = world.flow.why(person, ref)
        assert proof.is_visible == (person in seen)
        assert proof.ways == seen.get(person, ())
        if proof.is_visible:
            assert getattr(world.acting(person), group).get(ref) == record
    assert str(world.flow.why("zhang", ref)).splitlines()[0] == "visible: owner li -> manager zhang"


def test_people_learn_of_those_below_them_only():
    """ACC-26, VIS-17: of a record that one sees, one may ask about oneself and one's own people."""
    world = World()
    world.share("feng")
    deal = world.team_deal()
    assert set(world.acting("zhang").who_can_see(deal)) == {"zhang", "li"}
    assert set(world.acting("li").who_can_see(deal.id)) == {"li"}
    assert set(world.acting("root").who_can_see(deal)) == set(world.flow.who_can_see(deal))
    assert world.acting("zhang").why("li", deal).is_visible
    assert not world.acting("li").why("chen", deal.id).is_visible
    assert world.acting("li").why("li", deal) == world.flow.why("li", deal)
    assert world.acting("root").why("qian", deal) == world.flow.why("qian", deal)
    for person in ("zhang", "zhao", "sun", "nobody", "root", "han"):
        with pytest.raises(sf.NotFound, match=f"no person '{person}'"):
            world.acting("li").why(person, deal)


def test_how_deep_one_knows_of_is_the_organisations_switch():
    """ORG-2, ACC-26: with direct subordinates only, one learns of one's direct reports only."""
    world = World()
    people = world.organization.employees
    direct = sf.Organization(people, administrators={"root"}, depth_subordinates="direct")
    world.flow = sf.SalesFlow(**{**world.ports, "organization": direct})
    deal = world.deal()
    assert set(world.acting("zhang").who_can_see(deal)) == {"zhang", "li"}
    deal = world.deal("chen")
    assert set(world.acting("li").who_can_see(deal)) == {"li", "chen"}
    with pytest.raises(sf.NotFound):
        world.acting("zhang").why("chen", deal)


@pytest.mark.parametrize("ask", ["why", "who_can_see"])
def test_what_one_does_not_see_cannot_be_asked_about(ask: str):
    """VIS-17: a hidden record and an absent one give the same answer, by record and by id."""
    world = World()
    deal = world.deal()

    def asked(person: str, ref: Any) -> str:
        acting = world.acting(person)
        with pytest.raises(sf.NotFound) as missing:
            acting.why(person, ref) if ask == "why" else acting.who_can_see(ref)
        return str(missing.value).replace(deal.id, "none")

    assert asked("qian", deal.id) == asked("qian", "none")
    assert asked("qian", deal) == asked("qian", evolve(deal, id="none"))
    assert asked("qian", evolve(deal, owner="qian")) == asked("qian", evolve(deal, id="none"))
    with pytest.raises(sf.NotFound):
        world.flow.who_can_see("none")
    with pytest.raises(sf.NotFound):
        world.flow.why("li", evolve(deal, id="none"))
    with pytest.raises(sf.NotFound, match="no person"):
        world.flow.why("nobody", deal)


def test_a_hidden_record_of_the_same_id_does_not_stand_in_the_way():
    """VIS-17: ids of two kinds may be equal; what is hidden changes no answer about what is seen."""
    world = World()
    lead = world.place(world.lead(), id="same")
    before = world.acting("li").why("li", "same")
    world.place(world.deal("qian"), id="same")
    assert world.acting("li").why("li", "same") == before
    assert set(world.acting("li").who_can_see(lead.id)) == {"li"}


@pytest.mark.parametrize("ref", [None, 5, ["id"], sf.Employee("li"), sf.Opportunity])
def test_only_records_can_be_asked_about(ref: Any):
    """VIS-15: anything else is the calling code's mistake."""
    world = World()
    for ask in (
        lambda: world.flow.why("li", ref),
        lambda: world.flow.who_can_see(ref),
        lambda: world.acting("li").why("li", ref),
        lambda: world.acting("li").who_can_see(ref),
    ):
        with pytest.raises(sf.InvalidInput):
            ask()
    rule = world.share("qian")
    with pytest.raises(sf.InvalidInput):
        world.flow.why("li", rule)


@pytest.mark.parametrize("person", [None, 5, ["li"], "", "li\n"])
def test_a_person_is_named_by_an_id(person: Any):
    """ORG-5: what is no id at all is the calling code's mistake; an id that nobody has is not found."""
    world = World()
    deal = world.deal()
    for ask in (
        lambda: world.acting(person),
        lambda: world.flow.why(person, deal),
        lambda: world.acting("root").why(person, deal),
    ):
        with pytest.raises(sf.InvalidInput, match="person"):
            ask()
    for nobody in ("nobody", "han"):
        with pytest.raises(sf.NotFound):
            world.acting(nobody)


def test_cards_show_what_lists_show_beside_the_fields():
    """PIPE-1: last activity, activities of 30 days, the next task due; a snapshot may be old."""
    world = World()
    opportunities = world.acting("li").opportunities
    deal = opportunities.add_activity(world.deal(), "call", "rang")
    deal = opportunities.assign_task(deal, "confirm_tender", "li", due=world.flow.today() - timedelta(days=1))
    card = opportunities.card(deal)
    assert (card.opportunity, card.recent_activities, card.is_task_overdue) == (deal, 1, True)
    assert card.next_task is not None
    assert card.next_task.code == "confirm_tender"
    assert opportunities.card(evolve(deal, version=1)) == opportunities.card(deal.id) == card
    with pytest.raises(sf.NotFound):
        world.acting("qian").opportunities.card(deal)


def test_sharing_rules_are_read_by_administrators():
    """VIS-11, ACC-26: got and listed, by id; one that is not there is not found; trusted code asks for no rights."""
    world = World()
    rules = [world.share(person) for person in ("qian", "feng")]
    for desk in (world.acting("root").sharing, world.flow.sharing):
        assert desk.list() == tuple(rules)
        assert desk.get(rules[0]) == desk.get(rules[0].id) == rules[0]
        with pytest.raises(sf.NotFound):
            desk.get("none")
        with pytest.raises(sf.Conflict):
            desk.get(evolve(rules[0], version=2))
    edited = world.flow.sharing.edit(rules[0].id, access=sf.Access.READ_WRITE)
    assert edited == world.flow.sharing.get(rules[0].id)
    assert edited.access is sf.Access.READ_WRITE
    world.flow.sharing.delete(edited)
    assert world.flow.sharing.list() == (rules[1],)
