"""Organisations without a cycle: trees of any shape, vacancies, people who left, groups, administrators (ORG)."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from salesflow.model import Department, Employee, UserGroup
from salesflow.testing.strategies.values import PEOPLE
from salesflow.visibility import Organization
from salesflow.visibility.organization_index import Depth

DEPARTMENTS = ("east", "west", "service")
"""The departments that people belong to unless told otherwise."""

GROUPS = ("experts", "board")
"""The user groups that people belong to."""


@st.composite
def organizations(
    draw: st.DrawFn, people: Sequence[str] = PEOPLE, departments: Sequence[str] = DEPARTMENTS
) -> Organization:
    """
    Organisations of some of *people* and *departments*.

    Managers and parents come earlier in a drawn order, so there is no cycle; a manager may be missing, or
    unknown, or have left; a department may have no head; an administrator need not be an employee.

    Source: ORG-1 … ORG-5.
    """
    order = draw(st.permutations(people))[: draw(st.integers(1, len(people)))]
    units = draw(st.permutations(departments))[: draw(st.integers(0, len(departments)))]
    unit = st.none() | st.sampled_from(units) if units else st.none()
    depths: tuple[Depth, ...] = ("all", "direct")
    switch = st.sampled_from(depths)
    employees = [
        Employee(
            person,
            manager=draw(st.none() | st.sampled_from((*order[:number], "unknown"))),
            department=draw(unit),
            departments=draw(st.lists(st.sampled_from(units), max_size=1)) if units else (),
            groups=draw(st.frozensets(st.sampled_from(GROUPS), max_size=1)),
            active=draw(st.integers(0, 4)) > 0,
        )
        for number, person in enumerate(order)
    ]
    return Organization(
        employees,
        [
            Department(
                code,
                head=draw(st.none() | st.sampled_from(order)),
                parent=draw(st.none() | st.sampled_from(units[:number])) if number else None,
            )
            for number, code in enumerate(units)
        ],
        [UserGroup(code, members=draw(st.frozensets(st.sampled_from(order), max_size=2))) for code in GROUPS],
        draw(st.frozensets(st.sampled_from((order[0], "root")), max_size=2)),
        depth_subordinates=draw(switch),
        depth_superiors=draw(switch),
        include_subdepartments=draw(st.booleans()),
    )
