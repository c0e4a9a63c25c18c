"""What may happen next with leads, customers, contacts, sharing rules and arrivals, and to the company itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import salesflow as sf
from tests.machine import worlds
from tests.machine.driver import Run
from tests.machine.steps import (
    AMOUNTS,
    EVERYBODY,
    TEXTS,
    WORDS,
    any_day,
    any_team,
    coin,
    on_record,
    pick,
    some_id,
    step,
)

PHONES = ("1", "139 0000 0001", "+86 13900000001", "0086-139-0000-0002")
"""How people type two numbers, and one that is none."""


def open_for_business(run: Run) -> None:
    """Some records to begin with: a customer with a contact, deals by two templates, a lead."""
    people = run.books.people
    workers = sorted(filter(people.is_employee, worlds.PEOPLE), key=lambda p: bool(people.superiors(p)))
    worker = workers[-1]
    run.attempt("customers.create", worker, None, {"name": "Acme", "phone": pick(run, PHONES[:2])})
    run.attempt("contacts.create", worker, None, {"name": "Ms Qian", "customer": "customer-1"})
    for process in ("plain", "tender", "tender"):
        given = {"name": "A deal", "process": process, "customer": "customer-1", "amount": pick(run, AMOUNTS),
                 "close_date": any_day(run), "led_by": pick(run, ("us", "us", "partner"))}  # fmt: skip
        run.attempt("opportunities.create", worker, None, given)
    run.attempt("leads.create", worker, None, {"title": "A lead", "phone": PHONES[2]})


def a_lead(run: Run) -> str:
    return some_id(run, "lead")


@step("leads.create", 4)
def create_lead(run: Run) -> None:
    ways = ({"email": "a@b"}, {"channel": "qq", "branch": "north"}, {"contact": "Q"})
    reach = pick(run, ({"phone": pick(run, PHONES)}, {"phone": PHONES[1]}, *ways))
    owner = pick(run, ("", "", *EVERYBODY, None))
    run.attempt("leads.create", pick(run, EVERYBODY), None, {"title": "A lead", "owner": owner, **reach})


@step("leads.assign")
def assign_lead(run: Run) -> None:
    on_record(run, "leads.assign", a_lead(run), to=pick(run, EVERYBODY), branch=pick(run, ("", "south", None)))


@step("leads.claim", 3)
def claim(run: Run) -> None:
    free = [r["id"] for r in run.books.records.values() if r["kind"] == "lead" and r["status"] == "unassigned"]
    on_record(run, "leads.claim", pick(run, [*free, a_lead(run)]), pick(run, EVERYBODY))


@step("leads.set_review_state", 1)
def set_review_state(run: Run) -> None:
    state = pick(run, ("created", "submitted", "approved", "re_review"))
    on_record(run, "leads.set_review_state", a_lead(run), pick(run, ("root", "root", None)), state=state)


@step("leads.disable", 1)
def disable(run: Run) -> None:
    on_record(run, "leads.disable", a_lead(run), pick(run, ("root", None)))


@step("leads.enable", 2)
def enable(run: Run) -> None:
    disabled = [r["id"] for r in run.books.records.values() if r["kind"] == "lead" and r["disabled"]]
    on_record(run, "leads.enable", pick(run, [*disabled * 3, a_lead(run)]), pick(run, ("root", "root", None)))


@step("leads.follow_up")
def follow_up(run: Run) -> None:
    at = pick(run, (None, run.clock.now() - timedelta(days=1)))
    on_record(run, "leads.follow_up", a_lead(run), text=pick(run, TEXTS), at=at)


@step("leads.edit")
def edit_lead(run: Run) -> None:
    some: dict[str, Any] = {"phone": (*PHONES, None), "email": ("c@d", None), "title": ("A lead", "Other")}
    names = run.chance.sample(sorted(some), pick(run, (1, 2, 3)))
    on_record(run, "leads.edit", a_lead(run), **{name: pick(run, some[name]) for name in names})


@step("leads.start_dialog")
def start_dialog(run: Run) -> None:
    answers = {"who": pick(run, ("Other", "A lead", None))}
    dialog = pick(run, ("guide",) * 4 + ("none",))
    on_record(run, "leads.start_dialog", a_lead(run), dialog=dialog, answers=answers)


@step("leads.recycle")
def recycle(run: Run) -> None:
    on_record(run, "leads.recycle", a_lead(run), reason=pick(run, WORDS))


@step("leads.disqualify", 1)
def disqualify(run: Run) -> None:
    on_record(run, "leads.disqualify", a_lead(run), reason=pick(run, WORDS))


@step("leads.void", 1)
def void_lead(run: Run) -> None:
    on_record(run, "leads.void", a_lead(run), reason=None)


@step("leads.unvoid", 1)
def unvoid_lead(run: Run) -> None:
    hidden = [id for (kind, id), r in run.books.records.items() if kind == "lead" and r["voided"]]
    on_record(run, "leads.unvoid", pick(run, [*hidden * 3, a_lead(run)]), pick(run, ("root", None)))


@step("leads.convert", 4)
def convert(run: Run) -> None:
    new: dict[str, Any] = {
        "customer": {"name": "Acme"},
        "contact": {"name": "Ms Qian"},
        "opportunity": {
            "name": "From a lead", "process": pick(run, ("plain", "tender")), "amount": pick(run, AMOUNTS),
            "close_date": any_day(run, past=True), "team": any_team(run), "reason": pick(run, WORDS),
            "stage": pick(run, (None, None, *worlds.STAGES)), "led_by": pick(run, ("us", "partner")),
        },
    }  # fmt: skip
    given = {kind: pick(run, (new[kind], new[kind], *run.known(kind)[-1:], None)) for kind in new}
    on_record(run, "leads.convert", a_lead(run), **given)


@step("customers.create", 2)
def create_customer(run: Run) -> None:
    owner = pick(run, (None, None, *EVERYBODY))
    given = {"name": "Acme", "phone": pick(run, (*PHONES, None)), "owner": owner}
    run.attempt("customers.create", pick(run, EVERYBODY), None, given)


@step("customers.edit", 1)
def edit_customer(run: Run) -> None:
    owner = {"owner": pick(run, EVERYBODY), "email": "a@b"}
    given = pick(run, ({"name": "Acme Ltd"}, {"phone": pick(run, PHONES)}, {"phone": None}, owner))
    on_record(run, "customers.edit", some_id(run, "customer"), **given)


@step("contacts.create", 2)
def create_contact(run: Run) -> None:
    customer = pick(run, (None, *run.known("customer")[-2:], "none"))
    run.attempt("contacts.create", pick(run, EVERYBODY), None, {"name": "Ms Qian", "customer": customer})


@step("contacts.edit", 1)
def edit_contact(run: Run) -> None:
    customer = pick(run, (None, *run.known("customer")[-2:], "none"))
    on_record(run, "contacts.edit", some_id(run, "contact"), customer=customer)


@step("sharing.create", 3)
def create_sharing(run: Run) -> None:
    source = pick(run, ({"from_person": pick(run, worlds.PEOPLE)}, {"from_department": "east",
                        "from_subdepartments": coin(run)}))  # fmt: skip
    target = pick(run, ({"to_person": pick(run, worlds.PEOPLE)}, {"to_group": "experts"},
                        {"to_department": "east", "to_subdepartments": coin(run)}))  # fmt: skip
    who = pick(run, ("root", "root", *EVERYBODY))
    run.attempt("sharing.create", who, None, {**source, **target, "access": pick(run, ("read", "read_write"))})


def a_rule(run: Run) -> str | None:
    known = run.known("sharing_rule")
    return str(pick(run, known)) if known else None


@step("sharing.edit", 1)
def edit_sharing(run: Run) -> None:
    rule = a_rule(run)
    if rule is not None:
        access = pick(run, ("read", "read_write"))
        run.attempt("sharing.edit", pick(run, ("root", *EVERYBODY)), None, {"rule": rule, "access": access})


@step("sharing.delete", 1)
def delete_sharing(run: Run) -> None:
    rule = a_rule(run)
    if rule is not None:
        run.attempt("sharing.delete", pick(run, ("root",) * 4 + EVERYBODY), None, {"rule": rule})


@step("files.import_opportunities", 3)
def arrive(run: Run) -> None:
    """IO-3: one arrival for whoever imports, often without what its next move will ask for."""
    workers = [p for p in worlds.PEOPLE if run.books.people.is_employee(p)]
    person, process = pick(run, workers), pick(run, ("plain", "tender"))
    outcome = pick(run, (None, None, "won", "lost"))
    given = {
        "name": "Old", "owner": person, "process": process, "outcome": outcome,
        "arrival": f"old-{len(run.known('opportunity'))}-{run.position}",
        "stage": run.books.latest(process)["stages"][-1 if coin(run) else 0]["code"],
        "reason": "price" if outcome == "lost" else None, "close_date": pick(run, (None, any_day(run))),
        "amount": pick(run, AMOUNTS),
    }  # fmt: skip
    run.attempt("files.import_opportunities", person, None, given)


@step("organisation", 3)
def reorganize(run: Run) -> None:
    """VIS-20: somebody gets another manager or department, leaves or comes back; the next call knows."""
    person = pick(run, worlds.PEOPLE[1:])
    who = run.books.people.employees[person]
    what = pick(run, ("manager", "department", "active"))
    if what == "manager":
        who["manager"] = pick(run, (None, *worlds.PEOPLE[: worlds.PEOPLE.index(person)]))
        run.organization.set_manager(person, who["manager"])
    elif what == "department":
        who["department"] = pick(run, (None, *worlds.DEPARTMENTS))
        run.organization.set_department(person, who["department"])
    else:
        who["active"] = not who["active"]
        run.organization.put_employee(sf.Employee(person, **who))


@step("time", 4)
def time_goes_by(run: Run) -> None:
    """Mostly forward; a clock may also be set back (I-19)."""
    run.wait(pick(run, (timedelta(minutes=1), timedelta(hours=9), timedelta(days=40), timedelta(hours=-1))))
