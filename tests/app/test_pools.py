"""Pools (公海) through the facade: where leads go, who claims them, what a card keeps to itself (LEAD-14, VIS-18)."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import salesflow as sf
from salesflow.files.json_codec import from_json
from salesflow.files.mapping import parse_mapping
from salesflow.model import EventKind, replay
from salesflow.visibility import PoolIn, VisibilityPolicy, record, scenes
from tests.app.world import PROCESSES, World, codes, organization

SECRETS = {
    "contact": "Ms Qian of the purchase", "phone": "139-4711", "email": "qian@secret.example", "company": "Umbra Ltd",
    "description": "knows our price", "channel": "qq-4711",
}  # fmt: skip
"""What a card does not tell, each of it a text that stands nowhere else."""


def secretive(world: World, **values: Any) -> sf.Lead:
    """A lead of the pool east that holds everything that a card hides, with a history that tells of it."""
    world.pooled(**values)
    root = world.acting("root").leads
    lead = root.create(title="CRM2000", source="fair", owner=None, **SECRETS)
    root.follow_up(lead, "they said 4711")
    return root.edit(lead.id, custom={"budget": "a 4711 of money"})


def every_read(world: World, person: str, id: str) -> Iterator[Callable[[], Any]]:
    """Every way to read of one lead, or of several."""
    acting = world.acting(person)
    now = world.clock.now()
    yield lambda: acting.leads.get(id)
    yield lambda: acting.leads.list().items
    yield lambda: acting.leads.list(order_by="title", limit=1)
    yield lambda: acting.leads.count()
    yield lambda: acting.leads.moves(id)
    yield lambda: acting.leads.history(id)
    yield lambda: acting.leads.as_of(id, now)
    yield lambda: str(acting.why(person, id))
    yield lambda: acting.who_can_see(id)
    yield lambda: acting.what_if(sf.Employee(person))
    for kind in ("lead", "opportunity"):
        yield partial(exported, acting.files.export_csv, kind)
        yield partial(exported, acting.files.export_json, kind)
    yield lambda: acting.leads.follow_up(id, "x")
    yield lambda: acting.leads.edit(id, phone=None, email=None, channel=None)
    yield lambda: acting.leads.convert(id, customer=sf.NewCustomer("A"))
    yield lambda: acting.leads.recycle(id, reason=None)
    yield lambda: acting.leads.disqualify(id, reason="x")
    yield lambda: acting.leads.void(id)
    yield lambda: acting.leads.unvoid(id)
    yield lambda: acting.leads.assign(id, person)
    yield lambda: acting.leads.set_review_state(id, "approved")
    yield lambda: acting.leads.disable(id)
    yield lambda: acting.leads.enable(id)


def exported(write: Callable[..., int], kind: str) -> str:
    file = io.StringIO()
    write("all", file, kind=kind)
    return file.getvalue()


def told(read: Callable[[], Any]) -> str:
    """What a read says, whatever it is; a refusal says something too."""
    try:
        return repr(read())
    except sf.SalesflowError as error:
        return f"{error!r} {error}"


def test_a_card_tells_nothing_but_title_source_and_age():
    """VIS-18, LEAD-14, REL-11: no read, no list, no export, no proof and no refusal holds what the card hides."""
    world = World()
    lead = secretive(world)
    world.clock.move(timedelta(days=3, hours=5))
    assert world.acting("li").leads.get(lead) == sf.LeadCard(id=lead.id, title="CRM2000", source="fair", age_days=3)
    for read in every_read(world, "li", lead.id):
        words = told(read)
        assert not [secret for secret in (*SECRETS.values(), "4711") if secret in words], words
        assert "wrong_review_state" not in words
        assert "wrong_status" not in words
    for person in ("zhang", "root"):
        assert world.acting(person).leads.get(lead.id) == world.store.get("lead", lead.id)
        assert len(world.acting(person).leads.history(lead.id)) == 3
        assert SECRETS["phone"] in exported(world.acting(person).files.export_csv, "lead")
    with pytest.raises(sf.NotFound):
        world.acting("qian").leads.get(lead.id)


def test_history_and_the_past_of_a_card_are_not_there():
    """VIS-17, VIS-18: what a member may not read is not there for them; once claimed, all of it is."""
    world = World()
    lead = secretive(world)
    li = world.acting("li").leads
    for read in (lambda: li.history(lead.id), lambda: li.as_of(lead.id, world.clock.now())):
        with pytest.raises(sf.NotFound) as missing:
            read()
        assert (missing.value.kind, missing.value.id) == ("lead", lead.id)
    claimed = li.claim(next(item for item in li.list().items if item.id == lead.id))
    assert (claimed.owner, claimed.status, claimed.pool, claimed.phone) == ("li", "assigned", None, SECRETS["phone"])
    assert li.get(claimed) == claimed
    assert [event.kind for event in li.history(claimed)] == "created lead_followed_up edited lead_claimed".split()
    assert li.as_of(claimed, world.clock.now()) == claimed
    with pytest.raises(sf.NotFound):
        world.acting("chen").leads.claim(claimed.id)


def test_exports_hold_the_cards():
    """IO-2, VIS-16, VIS-18: an export has what the list has; a card's row has title and source, its JSON reads back."""
    world = World()
    lead = secretive(world)
    li = world.acting("li")
    cards = {card.id: card for card in li.leads.list().items}
    lines = exported(li.files.export_csv, "lead").splitlines()
    header, *rows = [line.split(",") for line in lines]
    assert {row[0] for row in rows} == set(cards)
    row = dict(zip(header, next(row for row in rows if row[0] == lead.id), strict=True))
    assert {name: cell for name, cell in row.items() if cell} == {"id": lead.id, "title": "CRM2000", "source": "fair"}
    items = json.loads(exported(li.files.export_json, "lead"))
    assert [from_json(json.dumps(item)) for item in items] == [cards[id] for id in sorted(cards)]


def test_a_scene_of_ones_own_shows_cards_too_and_a_proof_no_field():
    """VIS-14, VIS-18: whoever sees a pool's lead through a rule of the application's own sees its card; why says no."""
    rule = scenes.default()["all"] | (record.company == "Nobody Ltd") & sf.visibility.everybody
    world = World(visibility=VisibilityPolicy(scenes=scenes.default() | {"all": rule}))
    lead = secretive(world)
    proof = str(world.acting("li").why("li", lead.id)) + repr(world.acting("li").why("li", lead.id))
    assert "pool east -> member li" in proof
    assert SECRETS["company"] not in proof
    assert SECRETS["company"] in repr(world.flow.why("li", lead.id))


def test_a_rule_that_shows_a_pools_lead_to_others_shows_them_the_card():
    """VIS-14, VIS-18: an `all` that lets everybody see leads from a fair shows them as cards, and lets nobody claim."""
    rule = scenes.default()["all"] | ((record.source == "fair") & sf.visibility.everybody)
    world = World(visibility=VisibilityPolicy(scenes=scenes.default() | {"all": rule}))
    lead = secretive(world)
    assert isinstance(world.acting("qian").leads.get(lead), sf.LeadCard)
    with pytest.raises(sf.Refused) as refused:
        world.acting("qian").leads.claim(lead.id)
    assert codes(refused.value) == {"not_permitted"}


def test_dispatchers_stand_in_for_the_owner():
    """ACC-19, ACC-20, ACC-27: whoever dispatches the pool works its leads and gives them away, and claims none."""
    world = World()
    lead = secretive(world)
    zhang = world.acting("zhang").leads
    lead = zhang.follow_up(lead, "rang")
    lead = zhang.edit(lead, title="CRM2000 for Umbra")
    lead = zhang.set_review_state(lead, "submitted")
    lead = zhang.enable(zhang.disable(lead))
    with pytest.raises(sf.Refused) as refused:
        zhang.claim(lead)
    assert codes(refused.value) == {"not_permitted"}
    given_away = zhang.assign(lead, "zhao")
    assert (given_away.owner, given_away.pool) == ("zhao", None)
    with pytest.raises(sf.NotFound):
        zhang.get(lead.id)


def test_a_selector_puts_leads_into_pools():
    """LEAD-14, LEAD-1, LEAD-2, LEAD-8: on create without owner, on import and on recycling; never with an owner."""
    asked: list[tuple[str, str | None]] = []

    def select(lead: sf.Lead) -> str | None:
        asked.append((lead.title, lead.owner))
        return "fairs" if lead.source == "fair" else None

    world = World(pool_selector=select)
    fairs = world.flow.pools.create("Fairs", id="fairs", members=["chen"])
    li = world.acting("li").leads
    assert li.create(title="A", phone="1", source="fair").pool is None
    assert asked == []
    assert li.create(title="B", phone="1", source="fair", owner=None).pool == fairs.id
    assert li.create(title="C", phone="1", owner=None).pool is None
    mapping = 'kind = "lead"\nkey = ["phone"]\n[fields]\ntitle = "title"\nphone = "phone"\nsource = "source"'
    rows = io.StringIO("title,phone,source\nD,2,fair\nE,3,web\n")
    assert world.acting("root").files.import_csv(rows, parse_mapping(mapping)).imported == 2
    pools = {lead.title: lead.pool for lead, _ in world.everything()["lead"]}
    assert pools == {"A": None, "B": "fairs", "C": None, "D": "fairs", "E": None}
    mine = li.create(title="F", phone="1", source="fair")
    assert li.recycle(mine, reason="no time").pool == "fairs"
    assert asked == [("B", None), ("C", None), ("D", None), ("E", None), ("F", "li")]
    assert isinstance(world.acting("chen").leads.get(mine.id), sf.LeadCard)
    with pytest.raises(sf.NotFound):
        li.get(mine.id)
    for _, told_of in world.everything()["lead"]:
        assert replay(told_of) == world.store.get("lead", told_of[0].record_id)


@pytest.mark.parametrize("answer", ["gone", 5, "raises"])
def test_a_selector_that_is_wrong_is_said_to_be_and_nothing_is_saved(answer: Any):
    """REL-7, LEAD-14: a pool that is not there, no id at all, an exception: `PortError` that names the port."""

    def select(_lead: sf.Lead) -> Any:
        if answer == "raises":
            raise LookupError("no such pool")
        return answer

    world = World(pool_selector=select)
    lead = world.lead()
    before = world.everything()
    leads = world.acting("li").leads
    for act in (
        lambda: leads.create(title="A", phone="1", owner=None),
        lambda: leads.recycle(lead, reason="no time"),
        lambda: leads.moves(lead),
    ):
        with pytest.raises(sf.PortError, match="pool_selector"):
            act()
    assert world.everything() == before
    with pytest.raises(sf.InvalidInput, match="pool_selector"):
        World(pool_selector="east")


def test_a_pool_takes_effect_at_once():
    """VIS-20, LEAD-14: who joins, leaves or dispatches a pool sees so on the next call; so does who leaves the firm."""
    world = World()
    lead = world.pooled()
    pools = world.acting("root").pools
    for change, whole, cards in (
        ({"members": ["qian"]}, "zhang root", "qian"),
        ({"members": None}, "zhang root", "li chen qian sun zhao"),
        ({"members": [], "dispatchers": []}, "root", ""),
        ({"dispatchers": ["qian"]}, "qian root", ""),
    ):
        pools.edit("east", **change)
        for person in ("li", "chen", "zhang", "qian", "sun", "zhao", "root"):
            expected = sf.Lead if person in whole.split() else sf.LeadCard if person in cards.split() else None
            try:
                found = type(world.acting(person).leads.get(lead.id))
            except sf.NotFound:
                found = None
            assert found is expected, (change, person)
    world.organization.put_employee(sf.Employee("qian", active=False))
    assert set(world.flow.who_can_see(lead.id)) == {"root"}


def test_the_ceiling_counts_open_leads_and_the_cool_down_ends():
    """LEAD-14, LEAD-8: converted and voided leads are not open; after the cool-down a former owner may claim again."""
    world = World()
    first, second = world.pooled(ceiling=2, cool_down=timedelta(days=7)), world.pooled()
    li = world.acting("li").leads
    mine = [li.create(title="A", phone="1"), li.create(title="B", phone="2")]
    with pytest.raises(sf.Refused) as refused:
        li.claim(first.id)
    (reason,) = refused.value.reasons
    assert reason.facts == {"person": "li", "held": 2, "pool": "east", "ceiling": 2}
    li.convert(mine[0], customer=sf.NewCustomer("Acme"))
    claimed = li.claim(first.id)
    world.voided(mine[1])
    claimed = li.recycle(claimed, reason="no time")
    assert li.claim(second.id).owner == "li"
    with pytest.raises(sf.Refused) as refused:
        li.claim(claimed.id)
    (reason,) = refused.value.reasons
    assert (reason.code, reason.facts["since"]) == (
        "pool_cool_down", (world.clock.now() + timedelta(days=7)).isoformat(),
    )  # fmt: skip
    assert world.acting("chen").leads.moves(claimed.id)[1].is_open
    world.clock.move(timedelta(days=7))
    assert li.claim(claimed.id).owner == "li"


def test_a_claim_from_a_pool_with_a_ceiling_is_told_of_in_the_pool():
    """LEAD-14, HIST-1: the pool's history says who claimed and when, and replays to it; without ceiling, nothing."""
    world = World()
    lead = world.pooled(ceiling=2)
    world.acting("li").leads.claim(lead.id)
    history = world.store.events("pool", "east")
    assert [(event.kind, event.by) for event in history] == [("created", ""), (EventKind.CLAIMED_FROM, "li")]
    assert replay(history) == world.store.get("pool", "east")
    world.flow.pools.edit("east", ceiling=None)
    world.acting("chen").leads.claim(world.pooled().id)
    assert len(world.store.events("pool", "east")) == 3


class Meeting:
    """A store at which so many saves of leads arrive together: each was decided before any was saved."""

    def __init__(self, store: Any, parties: int) -> None:
        self._store, self._barrier = store, Barrier(parties)
        self._met = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: Any) -> None:
        """Wait for the others the first time round."""
        if any(write.kind == "lead" and write.expected_version for write in unit.writes):
            self._met += 1
            if self._met <= self._barrier.parties:
                self._barrier.wait()
        self._store.save(unit)


def at_once(flow: sf.SalesFlow, calls: list[tuple[str, str]]) -> list[sf.Lead | sf.SalesflowError]:
    """What becomes of claims, (person, lead), that were all decided before one was saved."""
    found: list[sf.Lead | sf.SalesflowError] = []

    def run(person: str, id: str) -> None:
        try:
            found.append(flow.acting_as(person).leads.claim(id))
        except sf.SalesflowError as error:
            found.append(error)

    threads = [Thread(target=run, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_of_two_claims_at_once_exactly_one_wins():
    """LEAD-14, REL-6: the loser finds it gone to somebody else, and nothing of theirs was saved."""
    world = World()
    lead = world.pooled()
    flow = sf.SalesFlow(**{**world.ports, "store": Meeting(world.store, 2)})
    one, other = at_once(flow, [("li", lead.id), ("chen", lead.id)])
    won, lost = (one, other) if isinstance(one, sf.Lead) else (other, one)
    assert isinstance(won, sf.Lead)
    # li stands above chen and sees what chen won; to chen, what li won is not there
    assert isinstance(lost, sf.NotFound if won.owner == "li" else sf.Refused)
    assert world.store.get("lead", lead.id) == won
    assert [event.kind for event in world.store.events("lead", lead.id)] == ["created", "lead_claimed"]


def test_the_ceiling_holds_when_two_leads_are_claimed_at_once():
    """LEAD-14, REL-6: somebody who claims two leads at the same moment, with room for one, gets one."""
    world = World()
    first, second = world.pooled(ceiling=1), world.pooled()
    flow = sf.SalesFlow(**{**world.ports, "store": Meeting(world.store, 2)})
    results = at_once(flow, [("li", first.id), ("li", second.id)])
    (won,) = [found for found in results if isinstance(found, sf.Lead)]
    (lost,) = [found for found in results if isinstance(found, sf.Refused)]
    assert codes(lost) == {"pool_ceiling"}
    assert won.owner == "li"
    assert world.acting("li").leads.count("mine") == 1


def test_pools_are_kept_by_administrators_and_by_trusted_code():
    """ACC-23, ACC-26, LEAD-14: made, read, changed and deleted; whoever may not is told nothing of what is there."""
    world = World()
    for desk in (world.acting("root").pools, world.flow.pools):
        made = desk.create("East", members={"li"}, dispatchers=("zhang",), ceiling=3, cool_down=timedelta(days=1))
        assert (made.members, made.dispatchers, made.ceiling) == (frozenset({"li"}), frozenset({"zhang"}), 3)
        assert desk.get(made) == desk.get(made.id) == made
        assert desk.list() == (made,)
        edited = desk.edit(made, name="East and west", members=None, cool_down=None)
        assert edited == evolve(made, version=2, name="East and west", members=None, cool_down=None)
        with pytest.raises(sf.Conflict):
            desk.edit(made, ceiling=None)
        with pytest.raises(sf.NotFound):
            desk.edit("none", ceiling=None)
        desk.delete(edited)
        assert desk.list() == ()
        with pytest.raises(sf.Conflict):
            desk.create("Again", id=made.id)
        with pytest.raises(sf.Refused):
            desk.create("East", members=["han"])
    for ask in (lambda: world.acting("li").pools.get("none"), lambda: world.acting("li").pools.delete("none")):
        with pytest.raises(sf.Refused):
            ask()


def test_a_pool_with_leads_in_it_stays():
    """LEAD-14: a lead must lie somewhere; with the last one gone the pool may go too."""
    world = World()
    lead = world.pooled()
    with pytest.raises(sf.Refused) as refused:
        world.flow.pools.delete("east")
    assert codes(refused.value) == {"pool_not_empty"}
    world.acting("li").leads.claim(lead.id)
    world.flow.pools.delete("east")
    assert world.flow.pools.list() == ()


def test_with_a_key_a_claim_and_a_pool_are_made_once():
    """HIST-3: repeating gives the first result, whatever order a set of people comes in; another request is refused."""
    world = World()
    lead = world.pooled(ceiling=1)
    once = world.acting("li").once("k")
    assert once.leads.claim(lead.id) == once.leads.claim(lead.id)
    root = world.acting("root").once("k")
    made = root.pools.create("West", members={"li", "chen", "zhang"})
    assert root.pools.create("West", members=["zhang", "li", "chen"]) == made
    with pytest.raises(sf.InvalidInput):
        root.pools.create("West", members=["li"])
    edit = world.acting("root").once("e").pools
    assert edit.edit(made.id, members={"li", "zhang"}) == edit.edit(made.id, members=["zhang", "li"])
    delete = world.acting("root").once("d").pools
    delete.delete(made.id)
    delete.delete(made.id)
    assert len(world.flow.pools.list()) == 1


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"members": "li"}, "members"),
        ({"members": 5}, "members"),
        ({"members": [5]}, "members"),
        ({"dispatchers": None}, "dispatchers"),
        ({"dispatchers": ["li", ""]}, "dispatchers"),
        ({"ceiling": 0}, "ceiling"),
        ({"ceiling": True}, "ceiling"),
        ({"ceiling": 1_000_001}, "ceiling"),
        ({"cool_down": 5}, "cool_down"),
        ({"cool_down": timedelta(0)}, "cool_down"),
        ({"cool_down": timedelta(days=36_501)}, "cool_down"),
        ({"owner": "li"}, "changes"),
    ],
)
def test_what_is_no_pool_is_invalid(values: dict[str, Any], what: str):
    """LEAD-14: the error names the value; nothing is kept."""
    world = World()
    pool = world.flow.pools.create("East")
    before = world.everything()
    with pytest.raises(sf.InvalidInput) as invalid:
        world.flow.pools.edit(pool, **values)
    assert invalid.value.what == what
    if what not in ("changes",):
        with pytest.raises(sf.InvalidInput):
            world.flow.pools.create(**{"name": "West", **values})
    assert world.everything() == before


@pytest.mark.parametrize("bad", ["", 5, "a\nb"])
def test_what_is_no_id_of_a_pool_is_invalid(bad: Any):
    """LEAD-14: an id that the selector shall name is one line of text."""
    with pytest.raises(sf.InvalidInput):
        World().flow.pools.create("East", id=bad)


@pytest.mark.parametrize("bad", ["open", "", 5, None])
def test_an_unknown_review_state_is_invalid(bad: Any):
    """LEAD-17: the error lists the states that are."""
    world = World()
    with pytest.raises(sf.InvalidInput, match="created, submitted, approved, re_review"):
        world.acting("root").leads.set_review_state(world.lead(), bad)


def test_review_states_go_round_in_their_order_and_disabling_stops_all_but_voiding():
    """LEAD-17: created, submitted, approved, re_review and submitted again; disabled, a lead takes void and no more."""
    world = World()
    root = world.acting("root").leads
    lead = world.lead()
    for state in ("submitted", "approved", "re_review", "submitted", "approved", "re_review"):
        blocked = {move.to: move.is_open for move in root.moves(lead) if move.operation == "set_review_state"}
        assert blocked == {state: True}
        lead = root.set_review_state(lead, state)
        assert lead.review == state
    lead = root.disable(lead)
    useful = {move.operation for move in root.moves(lead) if move.is_open}
    assert useful == {"enable", "void"}
    assert root.unvoid(root.void(lead)).disabled
    assert not root.enable(lead.id).disabled


PEOPLE = ("li", "chen", "zhang", "qian", "root")


@given(
    st.none() | st.frozensets(st.sampled_from(PEOPLE[:4])),
    st.frozensets(st.sampled_from(PEOPLE[:4])),
    st.lists(st.sampled_from(["east", None, "li", "chen"]), min_size=1, max_size=5),
)
def test_lists_counts_and_reads_agree_on_cards(
    members: frozenset[str] | None, dispatchers: frozenset[str], places: list[str | None]
):
    """VIS-15, VIS-16, VIS-18: whoever looks, the list, the count and each get say the same of every lead."""
    world = World()
    world.flow.pools.create("East", id="east", members=members, dispatchers=dispatchers)
    leads = []
    for place in places:
        world.pool = place if place == "east" else None
        owner = place if place in PEOPLE else None
        leads.append(world.acting("root").leads.create(title="A", phone="4711", owner=owner))
    world.acting("root").leads.void(leads[-1])
    for person in PEOPLE:
        desk = world.acting(person).leads
        listed = {item.id: item for item in desk.list().items}
        assert desk.count() == len(listed)
        for lead, place in zip(leads[:-1], places, strict=False):
            above = {"li": ("li", "zhang", "sun"), "chen": ("chen", "li", "zhang", "sun")}.get(str(place), ())
            dispatches = place == "east" and person in dispatchers
            whole = person == "root" or person in above or dispatches
            pooled = place in ("east", None) and person != "root"
            member = pooled and (place is None or members is None or person in members)
            found = listed.get(lead.id)
            assert isinstance(found, sf.Lead) == whole
            assert isinstance(found, sf.LeadCard) == (member and not whole)
            if found is not None:
                assert desk.get(lead.id) == found
                assert ("4711" in repr(found)) == whole
        assert leads[-1].id not in listed


def test_an_empty_pool_is_never_everybody():
    """VIS-18: a pool without members is nobody's to claim, and no filter of it lets everything pass."""
    world = World()
    lead = world.pooled(members=[], dispatchers=[])
    for person in PEOPLE[:4]:
        with pytest.raises(sf.NotFound):
            world.acting(person).leads.claim(lead.id)
    assert not PoolIn(()).matches(lead)


def test_a_flow_without_selector_has_the_common_pool_alone():
    """LEAD-14: the default is one pool of all employees, without ceiling and cool-down."""
    flow = sf.SalesFlow(store=sf.MemoryStore(), organization=organization(), processes=PROCESSES)
    leads = [flow.acting_as("root").leads.create(title="A", phone="1") for _ in range(3)]
    assert {lead.pool for lead in leads} == {None}
    qian = flow.acting_as("qian").leads
    assert [qian.claim(lead.id).owner for lead in leads] == ["qian"] * 3
    back = qian.recycle(leads[0].id, reason="no time")
    assert back.pool is None
    assert qian.claim(back.id).owner == "qian"
