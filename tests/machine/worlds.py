"""Organisations and templates, drawn as plain values and made twice: for the library, and for the reference."""

from __future__ import annotations

from random import Random
from typing import Any

import salesflow as sf
from salesflow.model import RequiredField
from tests.machine.reference.people import People

Plain = dict[str, Any]

PEOPLE = ("p1", "p2", "p3", "p4", "p5")
DEPARTMENTS = ("east", "west")
GROUPS = ("experts",)
STAGES = ("a", "b", "c", "d")
TASKS = ("t", "u")
FIELDS = (
    "amount", "close_date", "source", "contact", "competitors", "team", "feedback", "primary_contact", "activities",
    "custom.budget",
)  # fmt: skip
ROUTES = ("full", "fast_track", "partner")


def coin(chance: Random, one_in: int = 2) -> bool:
    """True once in so many."""
    return chance.randrange(one_in) == 0


def some(chance: Random, of: tuple[str, ...], most: int) -> list[str]:
    """At most so many of them, each once."""
    return chance.sample(of, chance.randint(0, most))


def some_template(chance: Random, id: str, version: int = 1, *, approvals: bool = True) -> Plain:
    """A template that the checker has nothing against, small and often easy to pass."""
    order = STAGES[: chance.randint(1, 4)]
    stages = [
        {
            "code": code,
            "probability": chance.choice((0, 20, 60, 100)),
            "fields": [{"field": field, "routes": some(chance, ROUTES, 2)} for field in some(chance, FIELDS, 1)],
            "tasks": [{"code": task, "routes": some(chance, ROUTES, 2)} for task in some(chance, TASKS, 2)],
            "is_optional": coin(chance, 3),
            "approval": "owner_superior" if approvals and coin(chance, 4) else None,
        }
        for code in order
    ]
    return {
        "id": id,
        "version": version,
        "stages": stages,
        "jump": chance.choice(("free", "reason", "fast_track", "fast_track")),
        "win_from": chance.choice(("last", "any")),
        "entry_from_lead": chance.choice((None, *order)),
        "lost_reasons": ("price", "other"),
        "invalid_reasons": ("other",),
    }


def template_of(spec: Plain) -> sf.SalesProcess:
    """Return the template of the library."""
    return sf.SalesProcess(
        spec["id"],
        spec["version"],
        [
            sf.Stage(
                stage["code"],
                probability=stage["probability"],
                required_fields=[RequiredField(wanted["field"], wanted["routes"]) for wanted in stage["fields"]],
                tasks=[sf.TaskTemplate(task["code"], routes=task["routes"]) for task in stage["tasks"]],
                is_optional=stage["is_optional"],
                approval=stage["approval"],
            )
            for stage in spec["stages"]
        ],
        jump=spec["jump"],
        win_from=spec["win_from"],
        entry_from_lead=spec["entry_from_lead"],
        lost_reasons=spec["lost_reasons"],
        invalid_reasons=spec["invalid_reasons"],
        custom_fields=["budget"],
    )


def some_people(chance: Random) -> People:
    """An organisation of five; mostly one tree, now and then with somebody who stands alone or has left."""
    place = (*DEPARTMENTS, None)
    employees = {
        person: {
            "manager": chance.choice((*PEOPLE[:n], *PEOPLE[:n], *PEOPLE[:n], None, "unknown")) if n else None,
            "department": chance.choice(place),
            "departments": some(chance, DEPARTMENTS, 1),
            "groups": frozenset(some(chance, GROUPS, 1)),
            "active": n == 0 or not coin(chance, 8),
        }
        for n, person in enumerate(PEOPLE)
    }
    head = (None, *PEOPLE)
    departments = {
        "east": {"head": chance.choice(head), "parent": None},
        "west": {"head": chance.choice(head), "parent": "east"},
    }
    depth = ("all", "all", "direct")
    return People(
        employees,
        departments,
        {group: set(some(chance, PEOPLE, 2)) for group in GROUPS},
        {"root"} | chance.choice((set(), set(), {"p1"})),
        {
            "depth_subordinates": chance.choice(depth),
            "depth_superiors": chance.choice(depth),
            "include_subdepartments": coin(chance),
        },
    )


def organization_of(people: People) -> sf.Organization:
    """Return the organisation of the library."""
    return sf.Organization(
        [sf.Employee(id, **values) for id, values in people.employees.items()],
        [sf.Department(id, **values) for id, values in people.departments.items()],
        [sf.UserGroup(id, members=members) for id, members in people.groups.items()],
        people.administrators,
        **people.switches,
    )
