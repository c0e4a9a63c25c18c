"""Every world of few people: no luck of the draw (REL-3). The quick profile runs the small ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from salesflow.model import Access, Department, Employee, OpportunityStatus, Pool, SharingRule, TeamMember, TeamRole
from salesflow.visibility import Sight
from tests.visibility.reference import World
from tests.visibility.test_agreement import SCENES
from tests.visibility.worlds import customer, lead, opportunity, sight

LINE_SCENES = ("all", "mine", "won", "subordinates", "subordinates_joint", "subordinates_serviced", "departments")


def forests(size: int) -> Iterator[tuple[int | None, ...]]:
    """Every way to put *size* things under each other, or under nothing, without a cycle."""
    for parents in product([None, *range(size)], repeat=size):
        if all(_ends(parents, start) for start in range(size)):
            yield parents


def _ends(parents: tuple[int | None, ...], start: int) -> bool:
    here: int | None = start
    for _ in parents:
        here = None if here is None else parents[here]
    return here is None


def _id(letter: str, number: int | None) -> str | None:
    return None if number is None else f"{letter}{number}"


def assert_all_agree(world: World, seen: Sight, record: Any, scenes: tuple[str, ...]) -> int:
    """Compare list, check, audience and proof with the reference for everybody; return how many comparisons."""
    people = [*(employee.id for employee in world.employees), *world.administrators]
    visible = {viewer for viewer in people if world.can_see(viewer, record)}
    assert visible == set(seen.who_can_see(record))
    for viewer in people:
        assert (viewer in visible) == seen.can_see(viewer, record) == seen.why(viewer, record).is_visible
        for scene in scenes:
            assert world.scene(viewer, record, scene) == seen.filter(viewer, record.KIND, scene).matches(record)
    return len(people) * (len(scenes) + 3)


def test_there_are_as_many_forests_as_mathematics_says() -> None:
    """ORG-2: the enumeration itself misses nothing: (n + 1) ** (n - 1) labelled forests."""
    assert [len(list(forests(size))) for size in (1, 2, 3, 4)] == [1, 3, 16, 125]


def lines(size: int) -> Iterator[World]:
    """Every management line of *size* people, with both depths, and with anybody having left."""
    for managers in forests(size):
        for left in (None, *range(size)):
            for depth in ("all", "direct"):
                employees = tuple(
                    Employee(f"p{n}", manager=_id("p", manager), active=n != left) for n, manager in enumerate(managers)
                )
                yield World(employees, depth_subordinates=depth, depth_superiors=depth)


def check_lines(size: int) -> int:
    checked = 0
    for world in lines(size):
        seen = sight(world)
        for owner, member in product(range(size), range(size)):
            for role in (TeamRole.JOINT, TeamRole.AFTER_SALES):
                record = opportunity(f"p{owner}", TeamMember(f"p{member}", role), status=OpportunityStatus.WON)
                checked += assert_all_agree(world, seen, record, LINE_SCENES)
    return checked


def test_every_line_of_three() -> None:
    """ORG-2, VIS-1 … VIS-10: all forests of three people, both depths, anybody gone, every owner and member."""
    assert check_lines(3) > 50_000


@pytest.mark.long
def test_every_line_of_four() -> None:
    """ORG-2, VIS-1 … VIS-10: the same with four people."""
    assert check_lines(4) > 1_000_000


def departments(people: int, places: int, managers: tuple[int | None, ...]) -> Iterator[World]:
    """Every placing of *people* and heads in every tree of *places*."""
    for parents in forests(places):
        for heads in product([None, *range(people)], repeat=places):
            for mains in product([None, *range(places)], repeat=people):
                for subdepartments in (True, False):
                    yield World(
                        tuple(
                            Employee(f"p{n}", manager=_id("p", managers[n]), department=_id("d", main))
                            for n, main in enumerate(mains)
                        ),
                        tuple(
                            Department(f"d{n}", parent=_id("d", parents[n]), head=_id("p", head))
                            for n, head in enumerate(heads)
                        ),
                        include_subdepartments=subdepartments,
                    )


def check_departments(people: int, places: int) -> int:
    checked = 0
    for world in departments(people, places, (None,) * people):
        seen = sight(world)
        records = [lead("p0"), lead(None), opportunity("p0", TeamMember("p1", TeamRole.PRESALES))]
        for record in records:
            checked += assert_all_agree(world, seen, record, ("all", "departments"))
    return checked


def test_every_department_of_two_people_and_two_places() -> None:
    """ORG-3, ORG-4, VIS-12, VIS-21: every tree, head and main department; on leads the owner counts."""
    assert check_departments(2, 2) > 10_000


@pytest.mark.long
def test_every_department_of_three_people_and_three_places() -> None:
    """ORG-3, ORG-4, VIS-12: the same with three people in three departments."""
    assert check_departments(3, 3) > 1_000_000


def shares() -> Iterator[SharingRule]:
    """Every shape of one sharing rule between two people, two departments and one group."""
    sources = [{"from_person": "p0"}, *({"from_department": d, "from_subdepartments": s} for d in "ab" for s in (0, 1))]
    targets = [
        {"to_person": "p1"},
        {"to_group": "g"},
        *({"to_department": d, "to_subdepartments": s} for d in "ab" for s in (0, 1)),
    ]
    for source, target, access in product(sources, targets, Access):
        yield SharingRule(id="s", version=1, access=access, **source, **target)  # type: ignore[arg-type] # by name


def check_shares(places: list[str | None]) -> int:
    checked = 0
    departments = (Department("a"), Department("b", parent="a"))
    for rule, mains, further in product(shares(), product(places, repeat=2), ((), ("b",))):
        employees = (
            Employee("p0", department=mains[0], departments=further),
            Employee("p1", department=mains[1], departments=further, groups=frozenset({"g"})),
            Employee("boss_of_p1"),
        )
        world = World(employees, departments, shares=(rule,))
        seen = sight(world)
        for record in (customer("p0"), opportunity("p0"), opportunity("p1")):
            checked += assert_all_agree(world, seen, record, ("all", "shared"))
            for viewer in ("p0", "p1"):
                codes = [r.code for r in seen.refusals(viewer, "opportunities.change_process", record)]
                may = world.owner_line(viewer, record) or world.shared_read_write(viewer, record)
                assert may == (codes == [])
    return checked


def test_every_sharing_rule() -> None:
    """VIS-11, ACC-1: every source, target, sub-department flag and access, over people in any department."""
    assert check_shares([None, "a", "b"]) > 10_000


def groups_of(people: list[str]) -> Iterator[frozenset[str]]:
    """Every set of *people*."""
    for chosen in product([False, True], repeat=len(people)):
        yield frozenset(person for person, is_in in zip(people, chosen, strict=True) if is_in)


def check_pools(size: int) -> int:
    """Every pool of *size* people, the last of whom may have left and the first administer; every place of a lead."""
    checked = 0
    people = [f"p{n}" for n in range(size)]
    some = list(groups_of(people))
    for left, administrators in product((False, True), (frozenset[str](), frozenset(people[:1]))):
        employees = tuple(Employee(id, active=not (left and id == people[-1])) for id in people)
        for members, dispatchers in product([None, *some], some):
            pool = Pool(id="a", version=1, members=members, dispatchers=dispatchers)
            world = World(employees, administrators=administrators, pools=(pool,))
            seen = sight(world)
            for record in (
                *(lead(owner, pool=where) for owner in (None, "p0") for where in (None, "a", "gone")),
                customer(None),
            ):
                checked += assert_all_agree(world, seen, record, ("all", "mine"))
                for viewer in people:
                    may = not seen.refusals(viewer, "leads.claim", record)
                    is_theirs = bool(world.admits(viewer, record)) or viewer in administrators
                    claimable = getattr(record, "status", None) in (None, "unassigned")
                    assert may == (is_theirs and world.knows(viewer) and claimable), (viewer, record)
                    assert world.sees_whole(viewer, record) == seen.sees_whole(viewer, record)
    return checked


def test_every_pool_of_two() -> None:
    """VIS-18, ACC-21: every set of members and dispatchers, an administrator, somebody who left, and every place."""
    assert check_pools(2) > 3_000


@pytest.mark.long
def test_every_pool_of_four() -> None:
    """VIS-18, ACC-21: the same with four people."""
    assert check_pools(4) > 100_000


@pytest.mark.parametrize("voided", [False, True])
def test_every_scene_of_the_voided(voided: bool) -> None:
    """VIS-13, ACC-15: a voided record is in no scene but `voided`, and there for administrators only."""
    world = World((Employee("p0"), Employee("p1", manager="p0")), administrators=frozenset({"root", "p0"}))
    seen = sight(world)
    for record in (lead(None, voided=voided), opportunity("p1", voided=voided), customer("p1", voided=voided)):
        assert assert_all_agree(world, seen, record, tuple(SCENES)) > 0
