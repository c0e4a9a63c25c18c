"""Lists and counts: whole, in order, page by page, and of what one sees only."""

from __future__ import annotations

import base64
import json
from datetime import date, timedelta
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import ORDER_KEYS, position, sort_value
from salesflow.visibility import owner, record, team
from tests.app.world import LATER, TODAY, BareStore, World

KINDS = {"leads": "lead", "opportunities": "opportunity", "customers": "customer", "contacts": "contact"}
ORDERS = [(group, minus + key) for group, kind in KINDS.items() for key in ORDER_KEYS[kind] for minus in ("", "-")]
NAMES = ("Zhou", "acme", "Acme", "张伟", "Acme")


def full(world: World) -> World:
    """Fill the world with a dozen records of each kind: equal values, missing values, several owners."""
    for n in range(12):
        world.clock.move(timedelta(hours=n % 3))
        by = ("li", "chen", "qian")[n % 3]
        acting = world.acting(by)
        name = NAMES[n % len(NAMES)]
        lead = world.acting(by).leads.create(title=name, phone="1")
        customer = world.customer(by, name)
        world.contact(customer.id, by, name)
        deal = world.deal(
            by, customer=customer.id, name=name,
            amount=[None, sf.Money(n * 100, "CNY"), sf.Money("5.50", "USD")][n % 3 - n % 2],
            close_date=[LATER, None, TODAY + timedelta(days=n)][n % 3],
        )  # fmt: skip
        if n % 2:
            acting.leads.follow_up(lead, "rang")
            acting.opportunities.edit(acting.opportunities.add_activity(deal, "call", "x"), probability=n)
    return world


WORLDS = {"memory": full(World()), "three methods": full(World(through=BareStore))}
every_store = pytest.mark.parametrize("store", WORLDS)


def paged(desk: Any, limit: int, **how: Any) -> list[Any]:
    """Return all that a list holds, page by page."""
    found: list[Any] = []
    after = None
    while True:
        page = desk.list(limit=limit, after=after, **how)
        assert len(page.items) <= limit
        assert page.has_more == (page.after is not None)
        found += page.items
        after = page.after
        if after is None:
            return found


@every_store
@pytest.mark.parametrize(("group", "order_by"), ORDERS)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_follow_each_other_without_gap_or_repetition(store: str, group: str, order_by: str, limit: int):
    """VIS-1, VIS-21: each order, both ways, any page size: all that is seen, once, missing values last, ties by id."""
    world = WORLDS[store]
    desk = getattr(world.acting("zhang"), group)
    found = paged(desk, limit, order_by=order_by)
    assert len(found) == 8
    value = sort_value(KINDS[group], order_by)
    places = [position(order_by, value(item), item.id) for item in found]
    assert places == sorted(places)
    assert {item.id for item in found} == {item.id for item in desk.list().items}
    known = [value(item) is not None for item in found]
    assert known == sorted(known, reverse=True)


@every_store
def test_lists_have_a_default_order_and_page(store: str):
    """VIS-1: opportunities by close date, leads by creation, latest first; customers and contacts by name."""
    li = WORLDS[store].acting("li")
    for desk, order in (
        (li.opportunities, "-close_date"), (li.leads, "-created_at"), (li.customers, "name"), (li.contacts, "name"),
    ):  # fmt: skip
        assert desk.list() == desk.list("all", order_by=order, limit=50)


@every_store
@pytest.mark.parametrize("group", KINDS)
def test_counts_agree_with_lists(store: str, group: str):
    """VIS-16: no further than the cap; None counts them all."""
    world = WORLDS[store]
    for person, expected in (("li", 8), ("chen", 4), ("qian", 4), ("wu", 0), ("root", 12)):
        desk = getattr(world.acting(person), group)
        assert desk.count() == desk.count("all", None) == len(desk.list().items) == expected
        assert [desk.count(cap=cap) for cap in (1, 3, 5)] == [min(expected, cap) for cap in (1, 3, 5)]


SCENES = {
    "all": "li, joint, service, chen, below joint, below service, shared, won, lost",
    "mine": "li, won, lost",
    "joint": "joint",
    "serviced": "service",
    "participating": "li, joint, service, won, lost",
    "won": "won",
    "lost": "lost",
    "subordinates": "chen",
    "subordinates_joint": "below joint",
    "subordinates_serviced": "below service",
    "shared": "shared",
    "departments": "",
    "voided": "",
}


def scenery() -> World:
    """One opportunity for each scene of li's, and one that is in none."""
    world = World()
    write = sf.Access.READ_WRITE
    world.flow.sharing.create(from_person="feng", to_person="li")
    for name, by, members in (
        ("li", "li", []),
        ("joint", "zhou", [sf.TeamMember("li", "joint", write)]),
        ("service", "zhou", [sf.TeamMember("li", "after_sales")]),
        ("chen", "chen", []),
        ("below joint", "zhou", [sf.TeamMember("chen", "joint")]),
        ("below service", "zhou", [sf.TeamMember("chen", "after_sales")]),
        ("shared", "feng", []),
        ("hidden", "qian", []),
    ):
        world.deal(by, name=name, team=members)
    li = world.acting("li").opportunities
    for name in ("won", "lost", "voided"):
        deal = world.deal(name=name, process="gated")
        if name == "won":
            deal = li.request_approval(li.advance(deal), "win")
            world.acting("zhang").opportunities.approve(deal)
        elif name == "lost":
            li.lose(deal, reason="price")
        else:
            world.voided(deal)
    return world


@pytest.mark.parametrize("scene", SCENES)
def test_scenes_by_name(scene: str):
    """VIS-1 … VIS-13: each scene holds what it says; voided ones are in none but the administrators' own."""
    li = SCENERY.acting("li").opportunities
    expected = set(filter(None, SCENES[scene].split(", ")))
    assert {deal.name for deal in li.list(scene).items} == expected
    assert li.count(scene) == len(expected)


SCENERY = scenery()


def test_the_voided_scene_is_for_administrators():
    """VIS-13: an administrator sees all that is not voided, and the voided ones where they ask for those."""
    root = SCENERY.acting("root").opportunities
    assert [deal.name for deal in root.list("voided").items] == ["voided"]
    assert root.count("voided") == 1
    assert "voided" not in {deal.name for deal in root.list().items}
    assert root.count() == 10
    (voided,) = root.list("voided").items
    assert root.get(voided.id) == voided


def test_scenes_of_the_applications_own_narrow_and_never_widen():
    """VIS-14: a scene is evaluated within `all`: however wide its rule, it shows nothing that is hidden."""
    own = sf.scenes.default() | {
        "big": (owner.is_viewer | team.includes_viewer()) & (record.amount >= sf.Money(1_000_000, "CNY")),
        "not_mine": ~owner.is_viewer,
    }
    flow = sf.SalesFlow(**{**SCENERY.ports, "scenes": own})
    li = flow.acting_as("li").opportunities
    assert {deal.name for deal in li.list("big").items} == {"li", "joint", "service", "won", "lost"}
    names = {deal.name for deal in li.list("not_mine").items}
    assert names == {"joint", "service", "chen", "below joint", "below service", "shared"}
    assert flow.acting_as("root").opportunities.count("not_mine") == 10
    with pytest.raises(sf.InvalidInput, match="must hold 'voided'"):
        sf.SalesFlow(**{**SCENERY.ports, "scenes": {"all": owner.is_viewer}})


@pytest.mark.parametrize(
    "how",
    [
        {"scene": "none"}, {"scene": None}, {"scene": ["all"]}, {"scene": 5}, {"order_by": "none"}, {"order_by": 5},
        {"order_by": ["id"]}, {"order_by": "--id"}, {"limit": 0}, {"limit": 1001}, {"limit": True}, {"limit": "5"},
        {"limit": None}, {"limit": 2.5}, {"after": "none"}, {"after": 5}, {"after": b"x"}, {"after": ""},
        {"after": ["x"]}, {"after": "é"},
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("group", KINDS)
def test_what_no_list_can_be_asked_for_is_invalid(group: str, how: dict[str, Any]):
    """HIST-2: the wrong name, type or size is the calling code's mistake, whoever asks."""
    desk = getattr(SCENERY.acting("li"), group)
    with pytest.raises(sf.InvalidInput):
        desk.list(**how)
    if set(how) == {"scene"}:
        with pytest.raises(sf.InvalidInput):
            desk.count(**how)


@pytest.mark.parametrize("cap", [0, -1, True, "5", 2.5])
def test_a_cap_is_a_whole_number_above_nothing(cap: Any):
    """VIS-16: None counts them all."""
    with pytest.raises(sf.InvalidInput, match="cap"):
        SCENERY.acting("li").leads.count(cap=cap)


def test_a_place_belongs_to_one_order():
    """VIS-1: a place handed to a list in another order would skip records in silence, so it is refused."""
    desk = SCENERY.acting("li").opportunities
    place = desk.list(limit=1, order_by="name").after
    assert place is not None
    for order in (None, "-name", "id", "amount"):
        with pytest.raises(sf.InvalidInput, match="after"):
            desk.list(limit=1, order_by=order, after=place)
    assert desk.list("mine", limit=1, order_by="name", after=place).items


def written(order: str, *packed: Any, id: Any = "opportunity-1") -> str:
    return base64.urlsafe_b64encode(json.dumps([order, list(packed), id]).encode()).decode()


DOCTORED = [
    ("close_date", "i", "5"), ("close_date", "t", "2026-01-05T09:00:00+00:00"), ("close_date", "d", "never"),
    ("close_date", "d", 5), ("close_date", "d"), ("close_date",), ("close_date", "x", "y"), ("close_date", ["d"]),
    ("created_at", "t", "2026-01-05T09:00:00"), ("created_at", "s", "x"), ("amount", "m", "CNY", "NaN"),
    ("amount", "m", "CNY", "sNaN"), ("amount", "m", "CNY", "Infinity"), ("amount", "m", "CNY", "one"),
    ("amount", "i", "5"), ("probability", "s", "x"), ("probability", "i", "9" * 5000), ("name", "i", "5"),
]  # fmt: skip


@pytest.mark.parametrize("doctored", DOCTORED, ids=lambda doctored: repr(doctored)[:60])
@pytest.mark.parametrize("minus", ["", "-"])
def test_doctored_places_are_refused(doctored: tuple[Any, ...], minus: str):
    """REL-8: a place that no page gave is the calling code's mistake, and never an error of the store."""
    order, *packed = doctored
    desk = SCENERY.acting("li").opportunities
    with pytest.raises(sf.InvalidInput, match="after"):
        desk.list(order_by=minus + order, after=written(minus + order, *packed))


@pytest.mark.parametrize(
    "text",
    [
        base64.urlsafe_b64encode(raw).decode()
        for raw in (b"5", b"null", b'["id"]', b'{"a": 1}', b"[" * 4000, b"\xff\xfe")
    ]
    + [written("id", "s", "x", id=5), written("id", "s", "x", id=None), "A" * 100_000],
    ids=lambda text: text[:12],
)
def test_garbage_is_no_place(text: str):
    """REL-8: whatever it decodes to."""
    with pytest.raises(sf.InvalidInput, match="after"):
        SCENERY.acting("li").opportunities.list(order_by="id", after=text)


def test_places_of_the_longest_names_work():
    """VIS-1: a name of 300 astral characters still gives a place to go on from."""
    world = World()
    for _ in range(3):
        world.customer(name="🚀" * 300)
    assert len(paged(world.acting("li").customers, 1)) == 3


def test_dates_of_close_are_plain_days():
    """HIST-2: what a page is ordered by is a day, and its place comes back as one."""
    world = World()
    for n in range(3):
        world.deal(close_date=date(2026, 2, 1 + n))
    found = paged(world.acting("li").opportunities, 1, order_by="close_date")
    assert [deal.close_date for deal in found] == [date(2026, 2, 1), date(2026, 2, 2), date(2026, 2, 3)]
