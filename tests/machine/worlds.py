"""Organisations and templates, drawn as plain values and made twice: for the library, and for the reference."""

from __future__ import annotations

from random import Random
from typing import Any

import salesflow as sf
from salesflow.model import DialogQuestion, RequiredField
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
RULED = ("create", "advance", "change_stage", "change_process", "win", "lose", "invalidate", "reopen")


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
            **some_approval(chance, 4 if approvals else 0),
        }
        for code in order
    ]
    own = [{"before": word, **some_approval(chance, 6 if approvals else 0)} for word in ("win", "lose", "invalidate")]
    if stages[-1]["approval"] is not None:  # winning from the last stage asks one approver only
        own[0]["approval"] = own[0]["approval"] and stages[-1]["approval"]
    return {
        "id": id,
        "version": version,
        "stages": stages,
        "jump": chance.choice(("free", "reason", "fast_track", "fast_track")),
        "win_from": chance.choice(("last", "any")),
        "entry_from_lead": chance.choice((None, *order)),
        "lost_reasons": ("price", "other"),
        "invalid_reasons": ("other",),
        "approvals": [one for one in own if one["approval"] is not None],
        "rules": [some_rule(chance, n, order) for n in range(chance.choice((0, 0, 1, 2)) if approvals else 0)],
        "automation": [some_automation(chance, n, order) for n in range(chance.choice((0, 0, 1, 2)))],
        "dialogs": [some_dialog(chance, stages)],
    }


def some_dialog(chance: Random, stages: list[Plain]) -> Plain:
    """Who told them of us, which may finish a task, and how much it may cost; neither must be answered."""
    stage = chance.choice((None, None, *(each["code"] for each in stages)))
    tasks = [task["code"] for each in stages if stage in (None, each["code"]) for task in each["tasks"]]
    return {"code": "guide", "stage": stage, "finishes": chance.choice((None, *tasks))}


def dialog_of(spec: Plain) -> sf.model.Dialog:
    """Return the dialog of the library."""
    who = DialogQuestion("who", "Who?", fills="source", is_required=False, finishes=spec["finishes"])
    much = DialogQuestion("much", "How much?", kind="number", fills="amount", currency="CNY", is_required=False)
    return sf.model.Dialog(spec["code"], [who, much], stage=spec["stage"])


LEAD_DIALOG = sf.model.Dialog("guide", [DialogQuestion("who", "Who?", fills="title", is_required=False)])


def some_approval(chance: Random, one_in: int) -> Plain:
    """Who must approve, and how long it waits; nobody, but once in so many."""
    if one_in == 0 or not coin(chance, one_in):
        return {"approval": None, "expires": None}
    whom = ("owner_superior", "owner_superior", "person:p2", "role:sales")
    return {"approval": chance.choice(whom), "expires": chance.choice((None, None, 1, 5))}


def some_rule(chance: Random, number: int, order: tuple[str, ...]) -> Plain:
    """A rule that is often broken and easily kept."""
    return {
        "code": f"r{number}",
        "before": some(chance, RULED, 3) or ["win"],
        "stages": some(chance, order, 1),
        "when": [some_condition(chance)] if coin(chance, 3) else [],
        "needs": [some_condition(chance) for _ in range(chance.randint(1, 2))],
    }


def some_condition(chance: Random) -> Plain:
    return chance.choice(
        (
            {"field": "source", "one_of": ["web", "fair"]},
            {"field": "led_by", "equals": "us"},
            {"field": "amount", "at_least": ("1000000", "CNY")},
            {"field": "amount"},
            {"field": "custom.budget", "equals": "yes"},
            {"field": "probability", "at_least": 20},
            {"field": "team"},
        )
    )


def condition_of(spec: Plain) -> sf.Condition:
    asked: Plain = {name: sf.Money(*value) if isinstance(value, tuple) else value for name, value in spec.items()}
    return sf.Condition(asked.pop("field"), **asked)


def some_automation(chance: Random, number: int, order: tuple[str, ...]) -> Plain:
    """A task that is made when something happened; now and then one that the stage may have already."""
    return {
        "id": f"a{number}",
        "code": chance.choice((f"auto_{number}", f"auto_{number}", "t")),
        "on": chance.choice(("stage_entered", "stage_entered", "stage_left", "reopened", "owner_changed")),
        "stage": chance.choice((None, None, *order)),
        "assignee": chance.choice((None, "owner", "causer")),
        "due_in_days": chance.choice((None, 0, 3)),
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
                approval_expires_after_days=stage["expires"],
            )
            for stage in spec["stages"]
        ],
        dialogs=map(dialog_of, spec["dialogs"]),
        jump=spec["jump"],
        win_from=spec["win_from"],
        entry_from_lead=spec["entry_from_lead"],
        lost_reasons=spec["lost_reasons"],
        invalid_reasons=spec["invalid_reasons"],
        custom_fields=["budget"],
        rules=[
            sf.ProcessRule(
                made["code"], made["before"], map(condition_of, made["needs"]), "no", stages=made["stages"],
                when=map(condition_of, made["when"]),
            )
            for made in spec["rules"]
        ],
        approvals=[
            sf.ProcessApproval(one["before"], one["approval"], expires_after_days=one["expires"])
            for one in spec["approvals"]
        ],
        automation=[
            sf.Automation(
                made["id"], made["on"], stage=made["stage"],
                create_task=sf.AutomaticTask(
                    made["code"], made["code"], due_in_days=made["due_in_days"], assignee=made["assignee"]
                ),
            )
            for made in spec["automation"]
        ],
    )  # fmt: skip


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
