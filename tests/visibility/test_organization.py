"""The organisation: what it refuses, what it warns of, and how it changes under its readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, OrganizationError, PortError
from salesflow.model import Department, Employee, SharingRule, UserGroup
from salesflow.visibility import Organization, OrganizationIndex, Sight
from salesflow.visibility.forest import Forest, find_cycle
from tests.visibility.reference import World
from tests.visibility.worlds import opportunity, organization, worlds


def org(**managers: str | None) -> Organization:
    """People by their manager, in the order given."""
    return Organization([Employee(id, manager=manager) for id, manager in managers.items()])


@pytest.mark.parametrize(
    ("managers", "cycle"),
    [
        ({"a": "a"}, ("a",)),
        ({"a": "b", "b": "a"}, ("a", "b")),
        ({"x": None, "a": "b", "b": "c", "c": "a"}, ("a", "b", "c")),
        ({"tail": "b", "a": "c", "b": "a", "c": "b"}, ("b", "a", "c")),
    ],
)
def test_a_cycle_of_managers_is_refused_by_name(managers: dict[str, str | None], cycle: tuple[str, ...]) -> None:
    """ORG-2: the error lists the cycle in its own order, without those who only hang below it."""
    with pytest.raises(OrganizationError, match="managers must not form a cycle") as refused:
        org(**managers)

    assert refused.value.ids == cycle


def test_a_cycle_of_departments_is_refused_by_name() -> None:
    """ORG-3: likewise for departments, on building and on changing."""
    with pytest.raises(OrganizationError, match="departments must not form a cycle: east, west"):
        Organization([], [Department("east", parent="west"), Department("west", parent="east")])
    made = Organization([], [Department("east"), Department("west", parent="east")])
    with pytest.raises(OrganizationError, match="departments must not form a cycle: east, west"):
        made.put_department(Department("east", parent="west"))
    assert made.version == 1
    made.put_department(Department("north", parent="west"))

    assert OrganizationIndex(made).department_holders("north", True) == ("north", "west", "east")


def test_any_source_is_checked() -> None:
    """ORG-2, ORG-6: an index refuses a cycle, a doubled id and an unknown depth of any source, not only of ours."""

    class Source:
        version = 1
        employees: Iterable[Employee] = (Employee("a", manager="b"), Employee("b", manager="a"))
        departments: Iterable[Department] = ()
        groups: Iterable[UserGroup] = ()
        administrators: Iterable[str] = ()

    source = Source()
    with pytest.raises(OrganizationError, match="a, b"):
        OrganizationIndex(source)
    source.employees = (Employee("a"), Employee("a"))
    with pytest.raises(OrganizationError, match="each employee has an id of its own: a"):
        OrganizationIndex(source)
    source.employees = ()
    assert OrganizationIndex(source).depths == {"subordinates": "all", "superiors": "all"}
    source.depth_subordinates = "some"  # type: ignore[attr-defined] # a source may have it
    with pytest.raises(InvalidInput, match="must be 'all' or 'direct'"):
        OrganizationIndex(source)


def test_ids_are_unique() -> None:
    """ORG-1: two of one kind with one id are refused, each doubled id once."""
    with pytest.raises(OrganizationError, match="each employee") as refused:
        Organization([Employee("a"), Employee("a"), Employee("a"), Employee("b"), Employee("b")])
    assert refused.value.ids == ("a", "b")
    with pytest.raises(OrganizationError, match="each department"):
        Organization([], [Department("a"), Department("a")])
    with pytest.raises(OrganizationError, match="each user group"):
        Organization([], [], [UserGroup("a"), UserGroup("a")])


@pytest.mark.parametrize("ids", ["root", 5, None, ["root", 5], [["root"]], [b"root"]])
def test_ids_are_texts_in_a_list(ids: Any) -> None:
    """ORG-1, ORG-5: one text is not its letters, and what is no text is no id, wherever ids are listed."""
    with pytest.raises(InvalidInput, match="administrators"):
        Organization([], administrators=ids)
    for what, make in (("departments", Employee), ("groups", Employee), ("members", UserGroup)):
        with pytest.raises(InvalidInput, match=what):
            make("a", **{what: ids})

    assert Organization([], administrators=iter(["root", "root"])).administrators == {"root"}


@pytest.mark.parametrize("what", ["employees", "departments", "groups"])
@pytest.mark.parametrize("items", [["x"], "x", 5, None, {"x": Employee("x")}, [SharingRule(id="x", version=1)]])
def test_lists_hold_what_they_say(what: str, items: Any) -> None:
    """ORG-1, ORG-3: what is no employee, department or group is refused when the organisation is made."""
    with pytest.raises(InvalidInput, match=what):
        Organization(**{"employees": (), what: items})


def test_a_change_to_what_is_none_changes_nothing() -> None:
    """ORG-1, ORG-6: neither is it put in later."""
    made = org(li=None)
    changes: list[Callable[[Any], None]] = [made.put_employee, made.put_department, made.put_group]
    for change in changes:
        with pytest.raises(InvalidInput, match="objects"):
            change("x")
    assert made.version == 1
    made.put_group(UserGroup("x"))
    assert made.version == 2


def test_depths_are_known() -> None:
    """ORG-2: a switch has two positions."""
    with pytest.raises(InvalidInput, match="depth_superiors"):
        Organization([], depth_superiors="none")  # type: ignore[arg-type] # the mistake that is tested


def test_warnings_name_what_is_not_there() -> None:
    """ORG-2: an unknown manager, department, head, parent or member is taken as absent, and listed."""
    made = Organization(
        [Employee("li", manager="ghost", department="nowhere", departments=("lost", "nowhere"))],
        [Department("east", head="ghost", parent="nowhere")],
        [UserGroup("tender", members=frozenset({"li", "ghost"}))],
    )

    assert made.warnings == (
        "employee 'li': there is no manager 'ghost', so nobody is above",
        "employee 'li': there is no department 'nowhere', so it has no head",
        "employee 'li': there is no department 'lost', so it has no head",
        "department 'east': there is no employee 'ghost' to be its head",
        "department 'east': there is no parent 'nowhere', so nothing is above",
        "group 'tender': there is no employee 'ghost'",
    )
    assert OrganizationIndex(made).line.above("li") == ()
    assert org(a=None, b="a").warnings == ()
    sound = Organization(
        [Employee("li", department="east")],
        [Department("east", head="li"), Department("west", parent="east")],
        [UserGroup("tender", members=frozenset({"li"}))],
    )
    assert sound.warnings == ()


def test_who_left_stays_a_link() -> None:
    """ORG-2: active=False keeps the chain whole, and gives no rights."""
    made = org(chief=None, boss="chief", li="boss")
    made.put_employee(Employee("boss", manager="chief", active=False))
    sight, record = Sight(OrganizationIndex(made)), opportunity("li")

    assert sight.superiors("li") == ("chief",)
    assert not sight.can_see("boss", record)
    assert str(sight.why("chief", record)) == "visible: owner li -> manager boss -> manager chief"


def test_who_is_removed_hands_over_the_reports() -> None:
    """ORG-2: the reports go to the next above; where nobody known is above, to the top."""
    made = org(chief=None, boss="chief", li="boss", wang="boss")
    made.remove_employee("boss")

    assert {e.id: e.manager for e in made.employees} == {"chief": None, "li": "chief", "wang": "chief"}
    top = org(boss="ghost", li="boss")
    top.remove_employee("boss")
    assert [e.manager for e in top.employees] == [None]
    assert top.warnings == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.set_manager("ghost", None),
        lambda made: made.set_department("ghost", None),
        lambda made: made.remove_employee("ghost"),
        lambda made: made.set_manager("chief", "li"),
        lambda made: made.put_employee(Employee("chief", manager="chief")),
    ],
)
def test_a_refused_change_changes_nothing(change: Callable[[Organization], None]) -> None:
    """ORG-6: an unknown person or a cycle is refused, and everything is as it was."""
    made = org(chief=None, boss="chief", li="boss")
    before = (made.version, made.employees)
    with pytest.raises(OrganizationError):
        change(made)

    assert before == (made.version, made.employees)


def test_an_unknown_manager_who_arrives_closes_no_cycle() -> None:
    """ORG-2: who named an unknown manager is below them once they come, unless that closes a cycle."""
    made = org(li="ghost")
    with pytest.raises(OrganizationError, match="ghost, li"):
        made.put_employee(Employee("ghost", manager="li"))
    made.put_employee(Employee("ghost"))

    assert OrganizationIndex(made).line.above("li") == ("ghost",)


def test_every_change_is_a_new_version() -> None:
    """ORG-6, VIS-20: each change publishes another version; an index that was built keeps what it saw."""
    made = Organization([Employee("boss"), Employee("li")], [Department("east")], administrators=["root"])
    before = OrganizationIndex(made)
    made.set_manager("li", "boss")
    made.set_department("li", "east")
    made.put_department(Department("east", head="li"))
    made.put_group(UserGroup("tender", members=frozenset({"li"})))
    made.put_employee(Employee("wang", manager="li"))
    after = OrganizationIndex(made)

    assert (before.version, after.version) == (1, 6)
    assert before.line.above("li") == ()
    assert after.line.above("wang") == ("li", "boss")
    assert after.headed == {"li": "east"}
    assert after.members_of("tender") == {"li"}
    assert made.groups == (UserGroup("tender", members=frozenset({"li"})),)
    assert made.administrators == {"root"}
    assert made.departments == (Department("east", head="li"),)
    assert made.published.version == made.version


@given(worlds(), st.data())
def test_changes_equal_a_rebuild(world: World, data: st.DataObject) -> None:
    """ORG-2, ORG-6, VIS-20: after any changes the organisation is what building it anew would give."""
    made = organization(world)
    employees = {employee.id: employee for employee in world.employees}
    for _ in range(data.draw(st.integers(1, 5))):
        if not employees:
            break
        person = data.draw(st.sampled_from(sorted(employees)))
        other = data.draw(st.sampled_from([None, "ghost", *sorted(employees)]))
        kind = data.draw(st.sampled_from(["manager", "department", "remove", "put"]))
        change: Callable[[], None]
        if kind == "manager":
            wanted = {**employees, person: evolve(employees[person], manager=other)}
            change = partial(made.set_manager, person, other)
        elif kind == "department":
            wanted = {**employees, person: evolve(employees[person], department=other)}
            change = partial(made.set_department, person, other)
        elif kind == "put":
            new = Employee(f"new_{person}", manager=other)
            wanted = {**employees, new.id: new}
            change = partial(made.put_employee, new)
        else:
            manager = employees[person].manager
            above = manager if manager in employees else None
            wanted = {
                id: evolve(e, manager=above) if e.manager == person else e
                for id, e in employees.items()
                if id != person
            }
            change = partial(made.remove_employee, person)
        rebuilt = _built(evolve(world, employees=tuple(wanted.values())))
        if rebuilt is None:
            with pytest.raises(OrganizationError, match="cycle"):
                change()
            continue
        change()
        employees = wanted
        assert rebuilt.employees == made.employees
        assert rebuilt.warnings == made.warnings
        fresh, changed = OrganizationIndex(rebuilt), OrganizationIndex(made)
        for id in employees:
            assert fresh.line.above(id) == changed.line.above(id)


def _built(world: World) -> Organization | None:
    try:
        return organization(world)
    except OrganizationError:
        return None


def test_two_changes_at_once_close_no_cycle() -> None:
    """ORG-2, ORG-6: when two threads each put one below the other, one of them is refused, every time."""
    for _ in range(50):
        made, start = org(a=None, b=None), Barrier(2)

        def move(person: str, manager: str, made: Organization = made, start: Barrier = start) -> bool:
            start.wait()
            try:
                made.set_manager(person, manager)
            except OrganizationError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            moved = [pool.submit(move, "a", "b"), pool.submit(move, "b", "a")]

        assert sorted(future.result() for future in moved) == [False, True]
        assert made.version == 2
        assert len(OrganizationIndex(made).line.order) == 2


def test_readers_are_never_stopped_nor_torn() -> None:
    """ORG-6: an index built while changes run shows one published version, whole."""
    made, stop = Organization([Employee("li")], administrators=[]), Event()

    def keep_changing() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            made.put_employee(Employee("li", department=f"d{number}"))

    def expected(version: object) -> str | None:
        return None if version == 1 else f"d{int(str(version)) - 1}"

    writer = Thread(target=keep_changing)
    writer.start()
    try:
        versions = []
        for _ in range(200):
            index = OrganizationIndex(made)
            versions.append((index.version, index.main_department("li")))
    finally:
        stop.set()
        writer.join()

    assert all(department == expected(version) for version, department in versions)


def test_a_source_that_never_rests_is_an_error_of_its_own() -> None:
    """ORG-6: a source whose version changes at every look breaks its contract, and that is said."""

    class Restless:
        employees: Iterable[Employee] = ()
        departments: Iterable[Department] = ()
        groups: Iterable[UserGroup] = ()
        administrators: Iterable[str] = ()

        @property
        def version(self) -> object:
            return object()

    with pytest.raises(PortError, match="organization"):
        OrganizationIndex(Restless())


def test_a_chain_of_a_hundred_thousand() -> None:
    """ORG-2: depth needs no recursion: building, changing, checking and explaining a very deep chain works."""
    size = 100_000
    made = Organization([Employee("p0"), *(Employee(f"p{n}", manager=f"p{n - 1}") for n in range(1, size))])
    sight, last = Sight(OrganizationIndex(made)), f"p{size - 1}"

    assert sight.can_see("p0", opportunity(last))
    assert not sight.can_see(last, opportunity("p0"))
    assert len(sight.who_can_see(opportunity(last))) == size
    assert len(sight.why("p0", opportunity(last)).ways[0].steps) == size
    assert len(sight.superiors(last)) == size - 1
    with pytest.raises(OrganizationError) as refused:
        made.set_manager("p0", last)
    assert len(refused.value.ids) == size


def test_departments_named_by_employees_only() -> None:
    """ORG-1, ORG-3: a department that only employees name has people, no head, and nothing below."""
    made = Organization(
        [Employee("li", department="ghost", departments=("east",)), Employee("wang", departments=("ghost",))],
        [Department("east", parent="ghost"), Department("west", parent="east")],
    )
    index = OrganizationIndex(made)

    assert index.people_of("ghost", True) == {"li", "wang"}
    assert index.main_people_of("ghost", True) == {"li"}
    assert index.people_of("east", True) == {"li"}
    assert index.department_reach("east", True) == ("east", "west")
    assert index.department_holders("west", False) == ("west",)
    assert index.people_of("nowhere", True) == frozenset()
    assert index.departments_of("li") == ("ghost", "east")
    assert index.heads == {}


def test_groups_take_members_from_both_sides() -> None:
    """ORG-1: a user group has those whom it lists and those who list it."""
    made = Organization(
        [Employee("li", groups=frozenset({"tender"})), Employee("wang")],
        groups=[UserGroup("tender", members=frozenset({"wang"}))],
    )
    index = OrganizationIndex(made)

    assert index.members_of("tender") == {"li", "wang"}
    assert index.groups_of("li") == index.groups_of("wang") == ("tender",)
    assert index.groups_of("root") == ()
    assert index.members_of("nothing") == frozenset()


def test_forest_answers_for_what_it_does_not_know() -> None:
    """ORG-2: an unknown id is below nobody, above nobody, and has nothing around it."""
    forest = Forest({"a": None, "b": "a", "c": "a", "d": "unknown"}, "no cycle")

    assert "a" in forest
    assert "x" not in forest
    assert forest.has_below("a", "b")
    assert not forest.has_below("b", "a")
    assert not forest.has_below("a", "a")
    assert not forest.has_below("x", "a")
    assert not forest.has_below("a", "x")
    assert forest.with_below("x") == ()
    assert forest.with_below("a") == ("a", "b", "c")
    assert forest.children("a") == ("b", "c")
    assert forest.children("b") == ()
    assert forest.parent("b") == "a"
    assert forest.parent("d") is None
    assert forest.parent("x") is None
    assert forest.above("x") == ()
    assert find_cycle({"a": None, "b": "a"}, "b") == ()


NO_ID: tuple[Any, ...] = (5, "", [], ["zhang"], {}, "x" * 201)
UNSOUND: list[tuple[Any, dict[str, Any]]] = [
    *((Employee, {"id": "li", name: bad}) for name in ("manager", "department") for bad in NO_ID),
    *((Department, {"id": "east", name: bad}) for name in ("head", "parent") for bad in NO_ID),
    *((Employee, {"id": "li", "active": bad}) for bad in (None, 1, "yes")),
    *((kind, {"id": "x", "name": bad}) for kind in (Employee, Department, UserGroup) for bad in (None, 5, ["x"])),
    (Organization, {"employees": [], "include_subdepartments": "yes"}),
]


@pytest.mark.parametrize(("kind", "values"), UNSOUND)
def test_people_and_departments_check_what_they_are_given(kind: Any, values: dict[str, Any]):
    """ORG-1, ORG-3, REL-8: what can be no id, name or switch is refused at once, what cannot be hashed too."""
    with pytest.raises(InvalidInput):
        kind(**values)


@pytest.mark.parametrize("change", ["set_manager", "set_department"])
@pytest.mark.parametrize("bad", [5, [], ["zhang"], {}])
def test_a_change_of_people_checks_what_it_is_given(change: str, bad: Any):
    """ORG-6, REL-8: what is no id changes nothing."""
    organization = Organization([Employee("li")])
    for person, value in ((bad, None), ("li", bad)):
        with pytest.raises(InvalidInput):
            getattr(organization, change)(person, value)
    with pytest.raises(InvalidInput):
        organization.remove_employee(bad)
    assert (organization.version, organization.employees) == (1, (Employee("li"),))
