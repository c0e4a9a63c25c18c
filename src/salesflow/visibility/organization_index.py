"""
The organisation as one call sees it: immutable, numbered once, read many times.

Whoever holds an index answers a whole request from one moment; a change makes another index (VIS-20).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import lru_cache
from typing import Literal, TypeVar

from salesflow.errors import InvalidInput, OrganizationError, PortError
from salesflow.model.organization import Department, Employee, UserGroup
from salesflow.ports import OrganizationSource
from salesflow.visibility.forest import Forest

Depth = Literal["all", "direct"]
"""How far a line of management reaches: to everybody below, or to direct reports only."""

Reach = Literal["subordinates", "superiors"]
"""Whom scenes count, and for whom somebody may act: each has a depth of its own (ORG-2)."""

MANAGERS = "managers must not form a cycle"
DEPARTMENTS = "departments must not form a cycle"

_ATTEMPTS = 100
_KEPT_DEPARTMENTS = 2048
_KEPT_PEOPLE = 8192
_NOBODY: frozenset[str] = frozenset()

KeyedT = TypeVar("KeyedT", Employee, Department, UserGroup)


def by_id(what: str, items: Iterable[KeyedT]) -> dict[str, KeyedT]:
    """
    Return *items* by their id.

    Raises:
        OrganizationError: Two of them have one id.
    """
    found: dict[str, KeyedT] = {}
    doubled: dict[str, None] = {}
    for item in items:
        if item.id in found:
            doubled[item.id] = None
        found[item.id] = item
    if doubled:
        raise OrganizationError(f"each {what} has an id of its own", tuple(doubled))
    return found


def known_depth(what: str, depth: str) -> Depth:
    """Return *depth* if it is one; else raise `InvalidInput`, which is the caller's fault."""
    if depth not in ("all", "direct"):
        raise InvalidInput(what, depth, "must be 'all' or 'direct'")
    return "all" if depth == "all" else "direct"


class OrganizationIndex:
    """
    Who stands where, built from any `OrganizationSource`.

    The source may have three more attributes, its policy on how far lines reach: `depth_subordinates`
    (whom scenes count) and `depth_superiors` (who may act for whom), each ``"all"`` or ``"direct"``, and
    `include_subdepartments` (whether a department's head sees those below too). Left out, all are deep.
    A source that changes while it is read may offer `published`, an immutable source of one version.

    Attributes:
        version: The source's version that this index shows.
        employees: Everybody, those who left included, by id.
        departments: Every department by id.
        administrators: Ids of the CRM administrators; whoever left is none any more.
        known: Everybody who may do anything: active employees and administrators (ORG-5).
        depths: How far the line reaches, for scenes and for superiors.
        line: The tree of management.
        heads: The head of each department, where that department is also the head's own main one (VIS-12).
        headed: The same the other way round: the department of each such head.

    Raises:
        OrganizationError: Two have one id, or managers or departments form a cycle.
        PortError: The source kept changing while it was read.

    Source: ORG-1 … ORG-5.
    """

    def __init__(self, source: OrganizationSource) -> None:
        source = getattr(source, "published", source)
        self.version, employees, departments, groups, administrators = _read(source)
        self.depths: Mapping[Reach, Depth] = {
            "subordinates": known_depth("depth_subordinates", getattr(source, "depth_subordinates", "all")),
            "superiors": known_depth("depth_superiors", getattr(source, "depth_superiors", "all")),
        }
        self.include_subdepartments = bool(getattr(source, "include_subdepartments", True))
        self.employees: Mapping[str, Employee] = by_id("employee", employees)
        self.departments: Mapping[str, Department] = by_id("department", departments)
        active = frozenset(id for id, employee in self.employees.items() if employee.active)
        self.active = active
        self.administrators = frozenset(id for id in administrators if id in active or id not in self.employees)
        self.known = active | self.administrators
        self.line = Forest({id: employee.manager for id, employee in self.employees.items()}, MANAGERS)
        members: dict[str, set[str]] = {group.id: set(group.members) for group in groups}
        self._people: dict[str, list[str]] = {}
        self._main_people: dict[str, list[str]] = {}
        self._departments: dict[str, tuple[str, ...]] = {}
        for id, employee in self.employees.items():
            main = () if employee.department is None else (employee.department,)
            belongs = self._departments[id] = tuple(dict.fromkeys((*main, *employee.departments)))
            for department in belongs:
                self._people.setdefault(department, []).append(id)
            for department in main:
                self._main_people.setdefault(department, []).append(id)
            for group in employee.groups:
                members.setdefault(group, set()).add(id)
        # A department that only employees name is one too: without head, parent or sub-departments.
        parents = dict.fromkeys(self._people)
        known = self.departments
        self._tree = Forest(
            {**parents, **{id: d.parent if d.parent in known else None for id, d in known.items()}},
            DEPARTMENTS,
        )
        self.heads = {
            id: department.head
            for id, department in known.items()
            if department.head is not None and self.main_department(department.head) == id
        }
        self.headed: Mapping[str, str] = {head: id for id, head in self.heads.items()}
        self._groups = {group: frozenset(people) for group, people in members.items()}
        self._groups_of: dict[str, tuple[str, ...]] = {}
        for group, people in self._groups.items():
            for person in people:
                self._groups_of[person] = (*self._groups_of.get(person, ()), group)
        self.people_of = lru_cache(_KEPT_DEPARTMENTS)(self._people_of)
        self.heads_over = lru_cache(_KEPT_DEPARTMENTS)(self._heads_over)
        self.heads_of = lru_cache(_KEPT_PEOPLE)(self._heads_of)
        self.main_people_of = lru_cache(_KEPT_DEPARTMENTS)(self._main_people_of)

    def above(self, person: str, depth: Depth) -> tuple[str, ...]:
        """Return those above *person*, nearest first, who left included; ``"direct"`` gives one at most."""
        if depth == "all":
            return self.line.above(person)
        manager = self.line.parent(person)
        return () if manager is None else (manager,)

    def departments_of(self, person: str) -> tuple[str, ...]:
        """Return every department that *person* belongs to, the main one first (ORG-1)."""
        return self._departments.get(person, ())

    def main_department(self, person: str) -> str | None:
        """Return the main department (主部门) of *person*, or None."""
        return self.employees[person].department if person in self.employees else None

    def department_reach(self, department: str, subdepartments: bool) -> tuple[str, ...]:
        """Return *department*, and all below it if *subdepartments*."""
        return self._tree.with_below(department) if subdepartments else (department,)

    def department_holders(self, department: str, subdepartments: bool) -> tuple[str, ...]:
        """Return *department*, and all above it if *subdepartments*: those whose reach includes it."""
        return (department, *self._tree.above(department)) if subdepartments else (department,)

    def _heads_over(self, department: str) -> tuple[str, ...]:
        """Return the heads of *department*, and by ORG-4 of those above it, each in their own main one (VIS-12)."""
        holders = self.department_holders(department, self.include_subdepartments)
        return tuple([self.heads[holder] for holder in holders if holder in self.heads])

    def _heads_of(self, person: str) -> tuple[str, ...]:
        """Return the heads over the main department of *person*; none where there is no such department."""
        main = self.main_department(person)
        return () if main is None else self.heads_over(main)

    def groups_of(self, person: str) -> tuple[str, ...]:
        """Return the user groups that *person* is in."""
        return self._groups_of.get(person, ())

    def members_of(self, group: str) -> frozenset[str]:
        """Return everybody in the user group."""
        return self._groups.get(group, _NOBODY)

    def _people_of(self, department: str, subdepartments: bool) -> frozenset[str]:
        """Return whoever belongs to *department*, or to one below it if *subdepartments*."""
        return frozenset().union(*(self._people.get(d, ()) for d in self.department_reach(department, subdepartments)))

    def _main_people_of(self, department: str, subdepartments: bool) -> frozenset[str]:
        """Return those whose main department is *department*, or one below it if *subdepartments*."""
        reach = self.department_reach(department, subdepartments)
        return frozenset().union(*(self._main_people.get(d, ()) for d in reach))


_Read = tuple[Hashable, tuple[Employee, ...], tuple[Department, ...], tuple[UserGroup, ...], tuple[str, ...]]


def _read(source: OrganizationSource) -> _Read:
    """Read everything at one version, however often the source changes meanwhile."""
    for _ in range(_ATTEMPTS):
        version = source.version
        people, administrators = tuple(source.employees), tuple(source.administrators)
        departments, groups = tuple(source.departments), tuple(source.groups)
        if source.version == version:
            return version, people, departments, groups, administrators
    raise PortError("organization", "it kept changing while it was read")
