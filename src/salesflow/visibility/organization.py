"""
The organisation in memory: what is published never changes, a change publishes anew.

Readers are never stopped: they hold the state they began with. A change is checked, then published in one
step with a new version, or refused and everything stays as it was (ORG-6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Any

from attrs import evolve, frozen

from salesflow.errors import InvalidInput, OrganizationError
from salesflow.model.organization import Department, Employee, UserGroup, listed_ids
from salesflow.visibility.forest import Forest, find_cycle
from salesflow.visibility.organization_index import DEPARTMENTS, MANAGERS, Depth, KeyedT, by_id, known_depth


@frozen
class Published:
    """
    The organisation as it stands at one version: an `OrganizationSource` that never changes.

    Args:
        version: Counts the changes, from 1.
        people, places, circles: Employees, departments and user groups by id; never changed once here.
        administrators: Ids of the CRM administrators.
        depth_subordinates, depth_superiors, include_subdepartments: As in `Organization`.
    """

    version: int
    people: Mapping[str, Employee]
    places: Mapping[str, Department]
    circles: Mapping[str, UserGroup]
    administrators: frozenset[str]
    depth_subordinates: Depth
    depth_superiors: Depth
    include_subdepartments: bool

    @property
    def employees(self) -> tuple[Employee, ...]:
        """Everybody, those who left included."""
        return tuple(self.people.values())

    @property
    def departments(self) -> tuple[Department, ...]:
        """Every department."""
        return tuple(self.places.values())

    @property
    def groups(self) -> tuple[UserGroup, ...]:
        """The user groups that were given."""
        return tuple(self.circles.values())


class Organization:
    """
    Who works here, kept in memory: an `OrganizationSource` for an application that has none of its own.

    Args:
        employees: Everybody, each id once. An unknown manager makes a root and is listed in `warnings`.
        departments: Every department, each id once.
        groups: The user groups that have a name, or members beside those whose `Employee.groups` name them.
        administrators: Ids of the CRM administrators; they need not be employees (ORG-5).
        depth_subordinates: Whom scenes count as subordinates: ``"all"`` below, or ``"direct"`` reports only.
        depth_superiors: Who may act for whom: ``"all"`` above, or the ``"direct"`` manager only.
        include_subdepartments: Whether a department's head sees its sub-departments too (ORG-4).

    Raises:
        OrganizationError: Two have one id, or managers or departments form a cycle, which is then named.
        InvalidInput: A depth or switch has no such position, or a list holds what does not belong there.

    Source: ORG-1 … ORG-6.

    >>> org = Organization([Employee("zhang"), Employee("li", manager="zhang")])
    >>> org.set_manager("zhang", "li")
    Traceback (most recent call last):
        ...
    salesflow.errors.OrganizationError: managers must not form a cycle: zhang, li
    """

    def __init__(
        self,
        employees: Iterable[Employee],
        departments: Iterable[Department] = (),
        groups: Iterable[UserGroup] = (),
        administrators: Iterable[str] = (),
        *,
        depth_subordinates: Depth = "all",
        depth_superiors: Depth = "all",
        include_subdepartments: bool = True,
    ) -> None:
        state = Published(
            1,
            by_id("employee", _each(Employee, employees, "employees")),
            by_id("department", _each(Department, departments, "departments")),
            by_id("user group", _each(UserGroup, groups, "groups")),
            frozenset(listed_ids(administrators, "administrators")),
            known_depth("depth_subordinates", depth_subordinates),
            known_depth("depth_superiors", depth_superiors),
            _switch("include_subdepartments", include_subdepartments),
        )
        Forest(_managers(state.people), MANAGERS)
        Forest(_parents(state.places), DEPARTMENTS)
        self._state = state
        self._changing = Lock()

    @property
    def published(self) -> Published:
        """Everything at the present version, which no later change touches: an index is built from it."""
        return self._state

    @property
    def version(self) -> int:
        """Counts the changes, from 1."""
        return self._state.version

    @property
    def employees(self) -> tuple[Employee, ...]:
        """Everybody, those who left included."""
        return self._state.employees

    @property
    def departments(self) -> tuple[Department, ...]:
        """Every department."""
        return self._state.departments

    @property
    def groups(self) -> tuple[UserGroup, ...]:
        """The user groups that were given."""
        return self._state.groups

    @property
    def administrators(self) -> frozenset[str]:
        """Ids of the CRM administrators."""
        return self._state.administrators

    @property
    def warnings(self) -> tuple[str, ...]:
        """What names something that is not there, and is taken as absent: one line each."""
        return tuple(_warnings(self._state))

    def put_employee(self, employee: Employee) -> None:
        """
        Add *employee*, or replace the one with this id.

        Raises:
            OrganizationError: The manager would close a cycle; nothing changed.
            InvalidInput: It is no `Employee`; nothing changed.
        """
        _each(Employee, (employee,), "employee")
        with self._changing:
            self._publish_employees({**self._state.people, employee.id: employee}, employee.id)

    def set_manager(self, person: str, manager: str | None) -> None:
        """
        Put *person* below *manager*; None puts them at the top.

        Raises:
            OrganizationError: There is no such employee, or it would close a cycle; nothing changed.
            InvalidInput: An id is none; nothing changed.
        """
        with self._changing:
            changed = evolve(self._employee(person), manager=manager)
            self._publish_employees({**self._state.people, person: changed}, person)

    def set_department(self, person: str, department: str | None) -> None:
        """
        Make *department* the main department of *person*; None takes it away.

        Raises:
            OrganizationError: There is no such employee; nothing changed.
            InvalidInput: An id is none; nothing changed.
        """
        with self._changing:
            changed = evolve(self._employee(person), department=department)
            self._publish_employees({**self._state.people, person: changed}, person)

    def remove_employee(self, person: str) -> None:
        """
        Remove *person*; their reports go to the next above (ORG-2).

        For somebody who left and stays a link in the chain, put the employee with ``active=False`` instead.

        Raises:
            OrganizationError: There is no such employee; nothing changed.
        """
        with self._changing:
            manager = self._employee(person).manager
            above = manager if manager in self._state.people else None
            self._publish_employees(
                {
                    id: evolve(employee, manager=above) if employee.manager == person else employee
                    for id, employee in self._state.people.items()
                    if id != person
                },
                person,
            )

    def put_department(self, department: Department) -> None:
        """
        Add *department*, or replace the one with this id.

        Raises:
            OrganizationError: The parent would close a cycle; nothing changed.
            InvalidInput: It is no `Department`; nothing changed.
        """
        _each(Department, (department,), "department")
        with self._changing:
            departments = {**self._state.places, department.id: department}
            _refuse_cycle(_parents(departments), department.id, DEPARTMENTS)
            self._state = evolve(self._state, version=self._state.version + 1, places=departments)

    def put_group(self, group: UserGroup) -> None:
        """
        Add *group*, or replace the one with this id.

        Raises:
            InvalidInput: It is no `UserGroup`; nothing changed.
        """
        _each(UserGroup, (group,), "group")
        with self._changing:
            groups = {**self._state.circles, group.id: group}
            self._state = evolve(self._state, version=self._state.version + 1, circles=groups)

    def _employee(self, person: str) -> Employee:
        if not isinstance(person, str):
            raise InvalidInput("person", person, "must be an employee's id, a text")
        employee = self._state.people.get(person)
        if employee is None:
            raise OrganizationError("there is no such employee", (person,))
        return employee

    def _publish_employees(self, employees: Mapping[str, Employee], changed: str) -> None:
        # A new cycle runs through what changed, so the way up from there finds it.
        _refuse_cycle(_managers(employees), changed, MANAGERS)
        self._state = evolve(self._state, version=self._state.version + 1, people=employees)


def _each(kind: type[KeyedT], items: Any, what: str) -> tuple[KeyedT, ...]:
    listed = tuple(items) if isinstance(items, Iterable) else (items,)
    for item in listed:
        if not isinstance(item, kind):
            raise InvalidInput(what, item, f"must be {kind.__name__} objects, such as a list of them")
    return listed


def _switch(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(what, value, "must be True or False")
    return value


def _managers(employees: Mapping[str, Employee]) -> dict[str, str | None]:
    return {id: employee.manager for id, employee in employees.items()}


def _parents(departments: Mapping[str, Department]) -> dict[str, str | None]:
    return {id: department.parent for id, department in departments.items()}


def _refuse_cycle(parents: Mapping[str, str | None], start: str, rule: str) -> None:
    cycle = find_cycle(parents, start)
    if cycle:
        raise OrganizationError(rule, cycle)


def _warnings(state: Published) -> Iterator[str]:
    employees, departments = state.people, state.places
    for id, employee in employees.items():
        belongs = dict.fromkeys((employee.department, *employee.departments))
        if employee.manager is not None and employee.manager not in employees:
            yield f"employee {id!r}: there is no manager {employee.manager!r}, so nobody is above"
        for named in belongs:
            if named is not None and named not in departments:
                yield f"employee {id!r}: there is no department {named!r}, so it has no head"
    for id, department in departments.items():
        if department.head is not None and department.head not in employees:
            yield f"department {id!r}: there is no employee {department.head!r} to be its head"
        if department.parent is not None and department.parent not in departments:
            yield f"department {id!r}: there is no parent {department.parent!r}, so nothing is above"
    for id, group in state.circles.items():
        for person in sorted(group.members - employees.keys()):
            yield f"group {id!r}: there is no employee {person!r}"
