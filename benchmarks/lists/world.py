"""
The company of PERF-4 again, its million deals, and who lists them: a leaf, a manager of 100, a vice-president.

Departments, groups and sharing rules are left out, so that what a viewer sees is their own and their line's and a
hand-written label or closure of the line says the same. The owner and one to three more are in each team, one deal
in twenty is voided, one in fifty has no close date. All is drawn from one seed. ``SALESFLOW_BENCH_DEALS`` makes
another number of them, for trying.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from attrs import evolve, frozen

from benchmarks.visibility.world import found_company
from salesflow.model import Access, TeamMember, TeamRole
from salesflow.visibility import Organization, OrganizationIndex, Sight
from salesflow.visibility.filters import Filter

DEALS = int(os.environ.get("SALESFLOW_BENCH_DEALS", "1000000"))
"""How many deals there are, at the size; a quarter of them are there at a quarter of it."""

SIZE = "" if DEALS == 1_000_000 else f", {DEALS:,} deals"
"""What is added to a figure's name where the size is another."""

WANTED = {"leaf": 1, "manager": 100, "vice-president": 3000}
"""How many people each viewer's line has, themselves among them, as nearly as the company allows."""

_ROLES = (TeamRole.SALES, TeamRole.JOINT, TeamRole.PRESALES, TeamRole.AFTER_SALES)


class Deal(NamedTuple):
    """What differs from deal to deal."""

    id: str
    owner: str
    team: tuple[TeamMember, ...]
    is_voided: bool
    close_date: date | None
    minor: int


@frozen
class Viewer:
    """
    Who lists.

    Args:
        line: They and everybody below them.
        filter: What a deal must pass to be in their scene `all`.
    """

    name: str
    id: str
    line: frozenset[str]
    filter: Filter


@frozen
class World:
    """
    The company and its viewers.

    Args:
        managers: Everybody's manager, whoever is above first.
        people: Ids of those who own deals: the lower three levels.
        sight: salesflow's view of the company.
        viewers: Leaf, manager and vice-president.
    """

    managers: dict[str, str | None]
    people: tuple[str, ...]
    sight: Sight
    viewers: tuple[Viewer, ...]


def found_world() -> World:
    """Return the company and its viewers."""
    company = found_company()
    employees = [evolve(one, department=None, departments=(), groups=frozenset()) for one in company.employees.values()]
    managers = {one.id: one.manager for one in employees}
    sight = Sight(OrganizationIndex(Organization(employees)))
    lines: dict[str, set[str]] = {id: {id} for id in managers}
    for id in managers:
        above: str | None = managers[id]
        while above is not None:
            lines[above].add(id)
            above = managers[above]
    viewers = []
    for name, size in WANTED.items():
        among = company.levels[-1] if name == "leaf" else managers
        id = min(among, key=lambda each: (abs(len(lines[each]) - size), each))
        viewers.append(Viewer(name, id, frozenset(lines[id]), sight.filter(id, "opportunity")))
    return World(managers, tuple(p for level in company.levels[4:] for p in level), sight, tuple(viewers))


def deals(world: World, number: int, seed: int = 5) -> Iterator[Deal]:
    """Give so many deals; fewer are the first of more."""
    chance = Random(seed)
    near: dict[str | None, list[str]] = {}
    for person in world.people:
        near.setdefault(world.managers[person], []).append(person)
    members = {(p, r): TeamMember(p, _ROLES[r], tuple(Access)[r % 2]) for p in world.people for r in range(4)}
    owners = {p: TeamMember(p, TeamRole.OWNER, Access.READ_WRITE) for p in world.people}
    people, first = world.people, date(2020, 1, 1)
    for n in range(number):
        owner = people[int(chance.random() * len(people))]
        colleagues = near[world.managers[owner]]
        team = {owner: owners[owner]}
        for _ in range(1 + int(chance.random() * 3)):
            among = colleagues if chance.random() < 0.6 else people
            person = among[int(chance.random() * len(among))]
            team.setdefault(person, members[person, int(chance.random() * 4)])
        closes = None if chance.random() < 0.02 else first + timedelta(int(chance.random() * 2500))
        minor = int(chance.random() * 1e9)
        yield Deal(f"o{n * 7919 % number:07}", owner, tuple(team.values()), chance.random() < 0.05, closes, minor)
