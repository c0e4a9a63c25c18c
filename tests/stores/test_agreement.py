"""
Memory, SQLite and PostgreSQL list exactly what domain.md lets a person see, and count it, page by page (REL-3).

What is right is said by the plain loops of `tests.visibility.reference`; the order of a list by sorting here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import product
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.model import Access, Department, Employee, OpportunityStatus, TeamMember, TeamRole, sort_value
from salesflow.ports import Query
from salesflow.stores import MemoryStore
from salesflow.stores.sql import lists
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit
from salesflow.visibility import Sight
from salesflow.visibility.filters import AllOf, AnyOf, FieldCompare, Filter, OwnerIn, TeamIn, Voided
from tests.stores.databases import fresh_store
from tests.visibility.reference import World
from tests.visibility.test_agreement import SCENES
from tests.visibility.test_exhaustive import departments, lines, shares
from tests.visibility.worlds import customer, lead, opportunities, opportunity, records, sight, worlds

QUICK = settings().max_examples
"""How many examples the profile asks for; a database takes a part of it."""

PAGE_SIZES = (1, 2, 50)
MOST_PAGES = 12
ORDERS = {"opportunity": "-close_date", "lead": "title", "customer": "name", "contact": "-name"}
WAYS = st.sampled_from(("gather", "walk", "hash"))
DAYS = (None, date(2026, 3, 1), date(2026, 2, 1))


@pytest.fixture(scope="session", params=["memory", "sqlite", "postgresql"])
def make_store(request):
    """Return what makes an empty store of one kind."""
    if request.param == "memory":
        return MemoryStore
    engine = request.getfixturevalue({"sqlite": "memory_engine", "postgresql": "postgresql_engine"}[request.param])
    return lambda: fresh_store(engine)


def filled(make_store: Any, some: Iterable[Any]) -> Any:
    """Return a new store that holds *some* records."""
    store = make_store()
    store.save(unit(*map(new, some)))
    return store


@contextmanager
def always(way: str) -> Iterator[None]:
    """Make the SQL store gather every list, walk it, or hash teams on the walk: small examples would meet one way."""
    # teams are hashed where people are too many to be gathered, and few for so many probes
    probes = lists._HASHED_PER_PROBE
    answers = {"gather": lambda limit: True, "walk": lambda _: False, "hash": lambda limit: limit and limit >= probes}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists.Reader, "_are_few", lambda _reader, _plan, _arms, limit: bool(answers[way](limit)))
        # many ids are told apart in another way than few
        patch.setattr(lists.Reader, "_are_short", lambda *_: way == "gather")
        yield


def in_order(some: Iterable[Any], order_by: str) -> list[Any]:
    """Return *some* records by their order, equal ones by id, those without a value last."""
    name = order_by.removeprefix("-")
    by_id = sorted(some, key=lambda record: record.id)
    told = [record for record in by_id if getattr(record, name) is not None]
    told.sort(key=lambda record: getattr(record, name), reverse=order_by.startswith("-"))
    return told + [record for record in by_id if getattr(record, name) is None]


def pages(store: Any, kind: str, filter: Filter, limit: int) -> list[Any]:
    """Return a list as its reader meets it: page by page to the end."""
    value = sort_value(kind, ORDERS[kind])
    found: list[Any] = []
    after = None
    while page := store.query(Query(kind, filter, ORDERS[kind], limit, after)):
        assert len(page) <= limit
        found += page
        after = (value(page[-1]), page[-1].id)
    return found


def assert_listed(store: Any, kind: str, filter: Filter, expected: Sequence[Any]) -> None:
    """Assert that *filter* lists *expected*, and nothing that is not in it, by ids, counts and every page."""
    assert store.ids(kind, filter) == {record.id for record in expected}
    size = len(expected)
    assert [store.count(kind, filter, cap) for cap in (None, 1, 2)] == [size, min(size, 1), min(size, 2)]
    for limit in PAGE_SIZES:
        if size > MOST_PAGES * limit:
            continue  # small pages of long lists are what the conformance suite reads
        assert pages(store, kind, filter, limit) == in_order(expected, ORDERS[kind])


@st.composite
def worlds_with_records(draw: st.DrawFn) -> tuple[World, list[Any]]:
    """A world and up to seven records of all kinds, with close dates that repeat."""
    world = draw(worlds())
    drawn = draw(st.lists(records(world), max_size=7))
    days = st.sampled_from(DAYS)
    return world, [
        evolve(each, id=str(n), updated_at=AT, **({"close_date": draw(days)} if each.KIND == "opportunity" else {}))
        for n, each in enumerate(drawn)
    ]


@settings(max_examples=max(3, QUICK // 8))
@given(worlds_with_records(), WAYS, st.data())
def test_every_scene_lists_what_the_domain_says(make_store, drawn, way, data):
    """REL-3, VIS-1 … VIS-16: in every scene each record is listed and counted, or is not, as the domain says."""
    world, some = drawn
    viewers = data.draw(st.lists(st.sampled_from(world.everyone()), min_size=1, max_size=3, unique=True))
    store, view = filled(make_store, some), sight(world)
    done: dict[tuple[str, Filter], list[Any]] = {}
    with always(way):
        for viewer, kind, scene in product(viewers, ORDERS, SCENES):
            expected = [each for each in some if kind == each.KIND and world.scene(viewer, each, scene)]
            filter = view.filter(viewer, kind, scene)
            if (kind, filter) not in done:
                assert_listed(store, kind, filter, expected)
            assert done.setdefault((kind, filter), expected) == expected, (viewer, scene)


@settings(max_examples=max(3, QUICK // 5))
@given(st.data(), WAYS, st.sampled_from((1, 2, 3)))
def test_pages_stay_true_while_records_come_and_go(make_store, data, way, limit):
    """REL-3, VIS-16: of what stays, a list shows each record once; what comes between pages only behind the place."""
    world = data.draw(worlds())
    drawn = data.draw(st.lists(opportunities(world), min_size=4, max_size=8))
    ids = st.text("abc", min_size=1, max_size=6)
    names = data.draw(st.lists(ids, min_size=len(drawn), max_size=len(drawn), unique=True))
    there = {id: evolve(each, id=id, updated_at=AT, close_date=data.draw(st.sampled_from(DAYS)))
             for id, each in zip(names, drawn, strict=True)}  # fmt: skip
    store, used = filled(make_store, there.values()), set(there)
    viewer = data.draw(st.sampled_from(world.everyone()))
    filter, order = sight(world).filter(viewer, "opportunity"), ORDERS["opportunity"]
    value, after, shown = sort_value("opportunity", order), None, list[str]()
    with always(way):
        while True:
            every = in_order((each for each in there.values() if world.scene(viewer, each, "all")), order)
            if after is not None:
                mark = evolve(opportunity("x"), id=after[1], close_date=after[0])
                beyond = in_order([each for each in every if each.id != mark.id] + [mark], order)
                every = beyond[beyond.index(mark) + 1 :]
            page = store.query(Query("opportunity", filter, order, limit, after))
            assert list(page) == every[:limit]
            if not page:
                break
            shown += [each.id for each in page]
            after = (value(page[-1]), page[-1].id)
            fresh = data.draw(ids.filter(lambda id: id not in used))
            if len(used) < 12:
                record = evolve(data.draw(opportunities(world)), id=fresh, updated_at=AT,
                                close_date=data.draw(st.sampled_from(DAYS)))  # fmt: skip
                store.save(unit(new(record)))
                there[fresh] = record
                used.add(fresh)
            gone = data.draw(st.sampled_from([None, *there]))
            if gone is not None and len(there) > 2:
                store.save(unit(deletion(there.pop(gone))))
    assert len(shown) == len(set(shown))


def every_opportunity(size: int) -> list[Any]:
    """Every opportunity of one owner and at most one member: each role that a scene reads, outcome, and voided."""
    found = []
    roles = (TeamRole.JOINT, TeamRole.AFTER_SALES, TeamRole.PRESALES)
    members = [None, *product(range(size), roles)]
    statuses = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON, OpportunityStatus.LOST)
    for owner, member, status in product(range(size), members, statuses):
        team = [] if member is None else [TeamMember(f"p{member[0]}", member[1], Access.READ)]
        found.append(opportunity(f"p{owner}", *team, status=status))
    found += [evolve(each, voided=True) for each in found[::7]]
    return [evolve(each, id=f"{n:03}", updated_at=AT, close_date=DAYS[n % 3]) for n, each in enumerate(found)]


def check_exhaustively(make_store: Any, some: Sequence[Any], every_world: Iterable[World]) -> int:
    """
    Ask a store that holds *some* for every list of *every_world*; return how many records were listed or not.

    A store is given a filter, and cannot know which world it came from: filters that are equal are asked once,
    and what must come out is what the reference says of the first world that has them. That equal filters mean
    the same in every world is what `tests.visibility.test_exhaustive` shows.
    """
    store, kinds = filled(make_store, some), {each.KIND for each in some}
    asked: set[tuple[str, Filter]] = set()
    for world in every_world:
        view: Sight = sight(world)
        for employee, kind, scene in product(world.employees, kinds, SCENES):
            filter = view.filter(employee.id, kind, scene)
            if (kind, filter) not in asked:
                asked.add((kind, filter))
                expected = [each for each in some if kind == each.KIND and world.scene(employee.id, each, scene)]
                assert_listed(store, kind, filter, expected)
    return len(asked) * len(some)


PARTIES: list[Any] = [
    *(lead(owner, voided=voided) for owner, voided in product((None, "p0", "p1", "p2"), (False, True))),
    *(customer(owner) for owner in (None, "p0", "p1", "p2")),
]


def some_of_each(size: int) -> list[Any]:
    """Opportunities, leads and customers of every owner: what departments and sharing rules read."""
    parties = [evolve(each, id=f"p{n:02}", updated_at=AT) for n, each in enumerate(PARTIES)]
    return [*every_opportunity(size)[::3], *parties]


def test_every_line_of_three_is_listed(make_store):
    """REL-3, VIS-1 … VIS-10: all forests of three people, both depths, anybody gone, all opportunities at once."""
    assert check_exhaustively(make_store, every_opportunity(3), lines(3)) > 3_000


def test_every_department_of_two_is_listed(make_store):
    """REL-3, VIS-12: every tree of two departments, heads and main departments, over every kind of record."""
    assert check_exhaustively(make_store, some_of_each(2), departments(2, 2, (None, None))) > 300


def shared_worlds(places: Sequence[str | None]) -> Iterator[World]:
    """Every sharing rule between two people of any department, one of them in a group."""
    for rule, mains in product(shares(), product(places, repeat=2)):
        employees = (
            Employee("p0", department=mains[0]),
            Employee("p1", department=mains[1], groups=frozenset({"g"})),
            Employee("p2", department="b"),
        )
        yield World(employees, (Department("a"), Department("b", parent="a")), shares=(rule,))


def test_every_sharing_rule_is_listed(make_store):
    """REL-3, VIS-11: every shape of a sharing rule, over every kind of record."""
    assert check_exhaustively(make_store, some_of_each(3), shared_worlds([None, "a", "b"])) > 300


@pytest.mark.long
def test_every_line_of_four_is_listed(make_store):
    """REL-3, VIS-1 … VIS-10: the same lines with four people."""
    assert check_exhaustively(make_store, every_opportunity(4), lines(4)) > 10_000


@pytest.mark.long
def test_every_department_of_three_is_listed(make_store):
    """REL-3, VIS-12: three people in every tree of three departments."""
    assert check_exhaustively(make_store, some_of_each(3), departments(3, 3, (None, None, None))) > 1_000


def test_what_a_store_gives_back_decides_as_what_was_saved(make_store):
    """REL-3, VIS-15: a record read from any store is equal to the one saved, so every check of it is the same."""
    some = some_of_each(3)
    store = filled(make_store, some)
    for each in some:
        assert store.get(each.KIND, each.id) == each
    moved = change(some[0], owner="p2")
    store.save(unit(moved))
    assert store.get("opportunity", some[0].id) == moved.record


def test_owners_and_members_of_the_same_people_are_not_taken_for_others(make_store):
    """VIS-10: asked at once or one by one, in any role or some, with any access or writing, by a walk of the order."""
    teams = [
        (TeamMember(person, role, access),)
        for person in ("wang", "zhao")
        for role in (TeamRole.SALES, TeamRole.PRESALES)
        for access in Access
    ]
    deals = [
        make_opportunity(
            f"{n}-{place}", ("wang", "li", "qian")[(n + place) % 3], *team, close_date=date(2026, 1, 1 + place)
        )
        for n in range(4)
        for place, team in enumerate([*teams, ()])
    ]
    store, memory = filled(make_store, deals), filled(MemoryStore, deals)
    some, others = frozenset({"wang", "li"}), frozenset({"wang"})
    nodes: list[Filter] = [
        OwnerIn(some), OwnerIn(others), TeamIn(others), TeamIn(some), TeamIn(some, frozenset({TeamRole.SALES})),
        TeamIn(others, None, Access.READ_WRITE),
    ]  # fmt: skip
    for first in nodes:
        for second in nodes:
            for third in (None, OwnerIn(others), FieldCompare("close_date", "<", date(2026, 1, 3))):
                either: Filter = AnyOf((first, second, *([] if third is None else [third])))
                for asked in (either, AllOf((Voided(False), either))):
                    query = Query("opportunity", asked, "-close_date", 100)
                    with always("walk"):
                        assert list(store.query(query)) == list(memory.query(query)), asked
