"""What-if (VIS-19): what it foretells is what then happens, and nobody learns more by asking than they may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.visibility import Removed, SightChange
from salesflow.visibility.sight import Sight
from tests.app.world import PROCESSES, World

KINDS = ("opportunity", "lead", "customer", "contact")
PEOPLE = ("sun", "zhang", "li", "chen", "zhou", "zhao", "wu", "wang", "qian")
Sights = dict[tuple[str, str], set[str]]


def furnished() -> World:
    """A world in which several people have records of every kind, with teams and a sharing rule."""
    world = World()
    for person in ("li", "chen", "zhao", "wang", "qian"):
        world.deal(person)
        world.deal(person, team=[sf.TeamMember("feng", "joint"), sf.TeamMember("zheng", "presales")])
        world.contact(by=person)
        world.acting(person).leads.create(title="A", phone="1")
    world.voided(world.deal())
    world.share("wang")
    return world


def sights(world: World) -> Sights:
    """What everybody sees of each kind, through the public lists."""
    found: Sights = {}
    for person in [*PEOPLE, "feng", "zheng", "root"]:
        for kind, group in zip(KINDS, ("opportunities", "leads", "customers", "contacts"), strict=True):
            try:
                listed = getattr(world.acting(person), group).list(limit=200).items
            except sf.NotFound:
                listed = ()
            found[person, kind] = {record.id for record in listed}
    return found


def difference(before: Sights, after: Sights) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """Who gained and who lost what."""
    pairs = {key: (after[key] - before[key], before[key] - after[key]) for key in before}
    return {key: pair for key, pair in pairs.items() if any(pair)}


def foretold(changes: Sequence[Any]) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """The same of what was foretold; each person and kind stands once."""
    told = {(each.person, each.kind): (set(each.gains), set(each.loses)) for each in changes}
    assert len(told) == len(changes)
    return told


def employee(world: World, person: str) -> sf.Employee:
    """The employee as they are."""
    return next(each for each in world.organization.employees if each.id == person)


@pytest.fixture(scope="module")
def company() -> World:
    return furnished()


@pytest.mark.parametrize("person", ["li", "zhang", "chen", "qian"])
def test_what_a_change_of_manager_foretells_happens(company: World, person: str):
    """VIS-19: for every new manager, gains and losses are exactly the difference of all lists."""
    before, old, moved = sights(company), employee(company, person), 0
    for manager in (*PEOPLE, None):
        plan = evolve(old, manager=manager)
        try:
            told = foretold(company.flow.what_if(plan))
        except sf.OrganizationError:
            with pytest.raises(sf.OrganizationError):
                company.organization.put_employee(plan)
            continue
        company.organization.put_employee(plan)
        assert told == difference(before, sights(company))
        company.organization.put_employee(old)
        moved += bool(told)
    assert moved >= 3


Change = Callable[[World], Any]

CHANGES: list[tuple[str, Change, Callable[[World, Any], Any]]] = [
    (
        "department",
        lambda world: evolve(employee(world, "li"), department="west"),
        lambda world, plan: world.organization.put_employee(plan),
    ),
    (
        "head",
        lambda world: sf.Department("west", head="zhao"),
        lambda world, plan: world.organization.put_department(plan),
    ),
    (
        "departure",
        lambda world: evolve(employee(world, "zhang"), active=False),
        lambda world, plan: world.organization.put_employee(plan),
    ),
    (
        "removal",
        lambda world: Removed("employee", "zhang"),
        lambda world, plan: world.organization.remove_employee(plan.id),
    ),
    (
        "new rule",
        lambda world: sf.SharingRule(id="new", version=1, from_department="west", to_department="service"),
        lambda world, plan: world.flow.sharing.create(from_department="west", to_department="service"),
    ),
    (
        "rule gone",
        lambda world: Removed("sharing_rule", world.flow.sharing.list()[0].id),
        lambda world, plan: world.flow.sharing.delete(plan.id),
    ),
]


@pytest.mark.parametrize(("plan", "do"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_what_a_change_foretells_happens(plan: Change, do: Callable[[World, Any], Any]):
    """VIS-19: departments, heads, departures and sharing rules alike; asking changes nothing."""
    world = furnished()
    before, planned = sights(world), plan(world)
    held = world.everything()
    told = foretold(world.flow.what_if(planned))
    assert told
    assert told == foretold(world.acting("root").what_if([planned]))
    assert (sights(world), world.everything()) == (before, held)
    do(world, planned)
    assert told == difference(before, sights(world))


def test_what_a_group_foretells_happens():
    """VIS-11, VIS-19: somebody put into a group gains what is shared with it, and loses it with the group."""
    world = World()
    deal = world.deal()
    world.flow.sharing.create(from_person="li", to_group="experts")
    told = world.flow.what_if(sf.UserGroup("experts", members={"qian"}))
    assert ("qian", "opportunity", (deal.id,), ()) in [(c.person, c.kind, c.gains, c.loses) for c in told]
    world.organization.put_group(sf.UserGroup("experts", members={"qian"}))
    told = world.flow.what_if(Removed("group", "experts"))
    assert ("qian", "opportunity", (), (deal.id,)) in [(c.person, c.kind, c.gains, c.loses) for c in told]
    assert world.flow.what_if([Removed("group", "experts"), sf.UserGroup("experts", members={"qian"})]) == ()


def test_what_a_department_without_its_record_foretells():
    """VIS-12, VIS-19: without the department nobody heads it, so its head loses what only headship opened."""
    world = World()
    deal = world.deal("chen")
    world.organization.put_department(sf.Department("lab", head="qian"))
    world.organization.put_employee(sf.Employee("qian", department="lab"))
    world.organization.set_department("chen", "lab")
    (change, customer) = world.flow.what_if(Removed("department", "lab"))
    assert (change.person, change.loses) == ("qian", (deal.id,))
    assert str(change) == f"qian loses 1 of kind opportunity ({deal.id})"
    assert customer.kind == "customer"


def test_a_template_opens_nothing_to_anybody():
    """VIS-19: a change of a stage template moves no sight."""
    assert furnished().flow.what_if(PROCESSES[0]) == ()


def test_a_long_change_is_told_shortly():
    """VIS-19: the words name a few records and count the rest."""
    change = SightChange("li", "lead", gains=tuple("abcdef"), loses=("x",))
    assert str(change) == "li gains 6 of kind lead (a, b, c, d, e, …) and loses 1 of kind lead (x)"


def test_whoever_asks_is_told_of_their_line_and_their_records_only():
    """VIS-19, ACC-26, REL-11: what is told to a person is what they could see record by record and person by person."""
    world = furnished()
    plan = evolve(employee(world, "li"), manager="wu", department="service")
    whole = foretold(world.flow.what_if(plan))
    shown = foretold(world.acting("zhang").what_if(plan))
    seen = sights(world)
    line = {"zhang", "li", "chen"}
    expected = {}
    for (person, kind), sides in whole.items():
        gains, loses = (side & seen["zhang", kind] for side in sides)
        if person in line and (gains or loses):
            expected[person, kind] = (gains, loses)
    assert shown == expected
    assert ("zhang", "opportunity") in shown
    assert ("wu", "opportunity") in whole


def test_nobody_plans_for_others_nor_probes_sharing_rules():
    """VIS-17, VIS-19: people beside one's own line and sharing rules read as absent; a planned rule is a new one."""
    world = furnished()
    (rule,) = world.flow.sharing.list()
    li = world.acting("li")
    for plan in (employee(world, "zhao"), Removed("employee", "zhao"), sf.Employee("nobody"), sf.Employee("zhang")):
        with pytest.raises(sf.NotFound, match="there is no person"):
            li.what_if(plan)
    for id in (rule.id, "unknown"):
        with pytest.raises(sf.NotFound, match="there is no sharing_rule"):
            li.what_if(Removed("sharing_rule", id))
    narrowed = evolve(rule, to_person="chen")
    assert foretold(li.what_if(narrowed)) == foretold(li.what_if(evolve(narrowed, id="other")))
    assert any(each.person == "chen" for each in li.what_if(narrowed))
    assert li.what_if(Removed("employee", "chen")) == world.acting("li").what_if([Removed("employee", "chen")])
    world.organization.put_employee(sf.Employee("li", active=False))
    with pytest.raises(sf.NotFound, match="there is no person 'li'"):
        li.what_if(())


@pytest.mark.parametrize(
    "plan",
    [Removed("employee", "nobody"), Removed("department", "x"), Removed("group", "x"), Removed("sharing_rule", "x"), 5],
)
def test_what_cannot_be_planned_is_refused(plan: Any):
    """VIS-19: what is not there cannot be taken away, and a number is no plan."""
    with pytest.raises(sf.InvalidInput):
        World().flow.what_if(plan)
    with pytest.raises(sf.InvalidInput, match="must be one of employee"):
        Removed("pool", "x")


def test_many_records_are_walked_page_by_page(monkeypatch: pytest.MonkeyPatch):
    """VIS-19: a change over more records than a page holds tells every one."""
    from salesflow.app import kernel

    monkeypatch.setattr(kernel, "WALKED_PAGE", 2)
    world = World()
    deals = {world.deal(name=f"deal {number}").id for number in range(5)}
    told = foretold(world.flow.what_if(evolve(employee(world, "li"), manager="qian")))
    assert told["qian", "opportunity"] == (deals, set())
    assert isinstance(world.flow._kernel.sight(), Sight)
