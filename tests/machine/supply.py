"""What a move asks for, supplied so that nothing but what the move itself says can stand in its way (OPP-14)."""

from __future__ import annotations

from typing import Any

from tests.machine.driver import Run
from tests.machine.reference.known import holders, key
from tests.machine.reference.people import Plain

ABOUT = {
    "change_stage": "stage",
    "change_process": "process",
    "waive_stage": "stage",
    "finish_task": "task",
    "assign_task": "task",
    "reopen_task": "task",
    "unassign_task": "task",
    "remove_competitor": "competitor",
    "request_approval": "operation",
    "approve": "approval",
    "refuse": "approval",
    "withdraw_approval": "approval",
    "set_review_state": "state",
    "start_dialog": "dialog",
}
"""The argument that takes what a move is about, of those that take it."""


GIVEN_UP = {"lose": "price", "invalidate": "other"}
"""The reasons that the templates' lists know."""


def _assignees(record: Plain, task: str | None) -> list[str]:
    """Who has the task now: giving it to them again would change nothing."""
    sides = [record, *record.get("after_sales", ())]
    return [t["assignee"] for side in sides for t in side.get("tasks", ()) if t["id"] == task]


def _a_customer(run: Run, person: str, record: Plain) -> Any:
    """A new one, or the one that has the lead's number; None where it is somebody's whom they do not see (LEAD-12)."""
    held = next(iter(holders(run.books.records, key(record.get("phone")), "customer")), None)
    if held is None:
        return {"name": "Acme"}
    return held["id"] if run.books.people.sees(person, held) else None


def given_for(run: Run, person: str, record: Plain, move: Any) -> Plain | None:
    """Return the arguments of the call that the move describes; None where the world has nothing to supply."""
    people, books = run.books.people, run.books
    workers = [p for p in people.employees if people.is_employee(p)]
    seeing = [p for p in (*people.employees, "root") if people.sees(p, record)]
    contacts = [
        id
        for (kind, id), held in books.records.items()
        if kind == "contact" and people.sees(person, held) and record.get("customer") in (None, held["customer"])
    ]
    if move.operation == "merge":
        return None  # with which lead is drawn by the step of its own
    if move.operation == "set_review_state" and move.to is None:
        return None  # of a lead that one sees only the card of
    version = record["version"]
    others = [p for p in workers if p != record["owner"]]
    supply: dict[str, Any] = {
        "reason": GIVEN_UP.get(str(move.to) if move.operation == "request_approval" else move.operation, "because"),
        "to": others[0] if others else None,
        "person": workers[0],
        "role": f"role {version}",
        "access": "read",
        "contact": contacts[0] if contacts else None,
        "competitor": f"competitor {version}",
        "kind": "call",
        "text": "rang",
        "comment": "so it is",
        "name": "Ring them",
        "assignee": next((p for p in seeing if p not in _assignees(record, move.to)), None),
        "grade": "A",
        "process": "after_sales",
        "customer": _a_customer(run, person, record),
        "opportunity": None,
        "owner": workers[0],
        "lines": [{"key": "crm", "name": "CRM2000", "quantity": "2.5", "price": "33.33", "currency": "CNY"}],
    }
    if move.operation == "start_dialog":
        supply["answers"] = dict.fromkeys(("who",) if record["kind"] == "lead" else ("who", "much"))
    always = {"reason"} if move.operation in {"lose", "invalidate"} else set()
    names = {*move.inputs, *always}
    given = {name: supply[name] for name in names - {"changes"}}
    if "changes" in names:
        given["title" if record["kind"] == "lead" else "name"] = f"name {version}"
    if move.operation == "convert":
        given["contact"] = None
        if given["customer"] is None:
            return None
    elif None in given.values():
        return None
    if move.operation in ABOUT:
        given[ABOUT[move.operation]] = move.to
    if move.operation == "request_approval" and str(move.to).startswith("change_stage:"):
        given |= {"operation": "change_stage", "stage": str(move.to).partition(":")[2]}
    if move.operation == "add_task" and move.to is not None:
        given["after_sales"] = True
    if move.operation in {"change_member", "remove_member"}:
        role, _, member = str(move.to).partition(":")
        given |= {"role": role, "person": member}
    if move.operation in {"set_grade", "waive_stage", "recycle", "disqualify"}:
        given.setdefault("reason", None)
    if move.operation == "set_contact_role" and "contact" not in given:
        return None
    return given
