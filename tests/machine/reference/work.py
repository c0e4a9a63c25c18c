"""Working on a deal: tasks, feedback, fields, people, and after-sales beside it (OPP-3, 4, 11, 12, 18, 19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.machine.reference.books import Case, Effect, No, operation
from tests.machine.reference.grades import regrade
from tests.machine.reference.moves import OPEN, no_effect
from tests.machine.reference.people import Plain
from tests.machine.reference.stages import codes, enter, leave, task_of, unfinished
from tests.machine.reference.standing import stands

SERVED = ("in_progress", "won", "lost")


def running(deal: Plain) -> Plain | None:
    """The after-sales process that runs."""
    return next((process for process in deal["after_sales"] if process["status"] == "running"), None)


def _named(side: Plain, task: str) -> Plain | None:
    return next((t for t in side["tasks"] if t["stage"] == side["stage"] and task in (t["code"], t["id"])), None)


def _task(deal: Plain, task: str) -> tuple[Plain | None, bool]:
    """The task that is meant, and whether it is looked for in after-sales: where the own stage has none such."""
    own, beside = _named(deal, task), running(deal)
    if own is not None or beside is None:
        return own, False
    return _named(beside, task), True


def _task_access(name: str) -> Callable[..., Any]:
    def access(case: Case, task: str, **_: Any) -> tuple[str, Any]:
        found, is_beside = _task(case.record, task)
        named = () if found is None else (found["assignee"],)
        return (f"opportunities.{'after_sales_task' if is_beside else name}"), named

    return access


def _on_task(name: str, decide: Callable[..., tuple[set[No], Plain]]) -> None:
    """An operation on one task: *decide* gives its reasons and what changes in the task."""

    def whole(case: Case, task: str, **given: Any) -> tuple[set[No], Effect]:
        found, is_beside = _task(case.record, task)
        no = stands(case.record, SERVED if is_beside else OPEN)
        if no or found is None:
            return no or {("task_unknown", "")}, no_effect
        no, changes = decide(case, found, **given)

        def change() -> bool:
            is_new = {**found, **changes} != found
            found.update(changes)
            return is_new

        return no, change

    operation(f"opportunities.{name}", _task_access(name))(whole)


def _not_open(task: Plain) -> set[No]:
    return set() if task["status"] == "open" else {("task_not_open", "")}


def _assigned(case: Case, task: Plain, assignee: str | None = None, **due: Any) -> tuple[set[No], Plain]:
    no = _not_open(task)
    if assignee is not None and not case.sees(assignee):
        no.add(("assignee_cannot_see", ""))
    return no, {"assignee": assignee or task["assignee"], **due}


_on_task("finish_task", lambda case, task: (_not_open(task), {"status": "done", "done_by": case.person}))
_on_task(
    "reopen_task",
    lambda case, task: (
        set() if task["status"] == "done" else {("task_not_done", "")},
        {"status": "open", "done_by": None},
    ),
)
_on_task("assign_task", _assigned)
_on_task(
    "unassign_task",
    lambda case, task: ({("task_unassigned", "")} if task["assignee"] is None else set(), {"assignee": None}),
)


def _adding(case: Case, after_sales: bool = False, **_: Any) -> tuple[str, Any]:
    return ("opportunities.after_sales_task" if after_sales else "opportunities.add_task"), ()


@operation("opportunities.add_task", _adding)
def add_task(
    case: Case, name: str, code: str | None = None, assignee: str | None = None, due: Any = None,
    after_sales: bool = False,
) -> tuple[set[No], Effect]:  # fmt: skip
    deal = case.record
    code = code or f"added_{deal['version'] + 1}"
    found = stands(deal, SERVED if after_sales else OPEN)
    side = running(deal) if after_sales else deal
    if side is None:
        found.add(("after_sales_not_running", ""))
    # Where no after-sales runs, the code is compared with the deal's own tasks: a reason more, and true as well.
    side = side or deal
    if any(t["stage"] == side["stage"] and t["code"] == code for t in side["tasks"]):
        found.add(("task_exists", ""))
    if assignee is not None and not case.sees(assignee):
        found.add(("assignee_cannot_see", ""))
    id = f"{side.get('prefix', '')}{len(side['visits'])}:{code}"
    made = task_of(id, code, side["stage"], False, assignee=assignee, due=due, is_ad_hoc=True)
    return found, lambda: side["tasks"].append(made)


@operation("opportunities.fill_feedback")
def fill_feedback(case: Case, text: str) -> tuple[set[No], Effect]:
    deal = case.record
    return stands(deal, None), lambda: deal["feedback"].append((len(deal["visits"]), text, case.person))


@operation("opportunities.add_activity")
def add_activity(case: Case, kind: str, text: str, at: Any = None) -> tuple[set[No], Effect]:
    deal, at = case.record, at or case.now

    def add() -> None:
        deal["activities"].append((kind, text, at, case.person))
        deal["last_activity"] = max(at, deal["last_activity"] or at)

    return stands(deal, None), add


@operation("opportunities.edit")
def edit(case: Case, **changes: Any) -> tuple[set[No], Effect]:
    deal = case.record
    found = stands(deal, OPEN) | case.unknown_parties(changes.get("customer"), changes.get("contact"))
    held = (deal["customer"], deal["contact"])
    if any(held) and not any((changes.get("customer", held[0]), changes.get("contact", held[1]))):
        found.add(("customer_missing", ""))

    def change() -> bool:
        asked = dict(changes)
        if "probability" in asked:
            asked["probability"] = (asked["probability"], "hand")
        if "custom" in asked:
            asked["custom"] = {**deal["custom"], **asked["custom"]}
        new_customer = asked.get("customer")
        if new_customer is not None and new_customer != deal["customer"]:
            # CUS-3: a contact with a role belongs to the deal's customer; the others leave with the old one.
            contacts = case.books.records
            deal["contact_roles"] = {
                id: role
                for id, role in deal["contact_roles"].items()
                if contacts["contact", id]["customer"] == new_customer
            }
        if all(deal[name] == value for name, value in asked.items()):
            return False
        if any(deal[name] != asked.get(name, deal[name]) for name in ("amount", "led_by")):
            deal.update(asked)
            regrade(deal)
        deal.update(asked)
        return True

    return found, change


@operation("opportunities.change_owner")
def change_owner(
    case: Case, to: str, old_owner_role: str | None = None, hand_over_tasks: bool = True
) -> tuple[set[No], Effect]:
    deal, old = case.record, case.record["owner"]
    found = stands(deal, None) | case.unknown_people(to)
    if to == old:
        found.add(("already_owner", ""))
    if old_owner_role == "owner":
        found.add(("owner_role", ""))

    def transfer() -> None:
        team = {who: access for who, access in deal["team"].items() if who[1] != "owner"}
        if old_owner_role is None:
            team = {who: access for who, access in team.items() if who[0] != old}
        else:
            team[old, old_owner_role] = "read_write"
        deal["team"], deal["owner"] = {**team, (to, "owner"): "read_write"}, to
        for side in (deal, *deal["after_sales"]) if hand_over_tasks else ():
            for task in side["tasks"]:
                if task["status"] != "done" and task["assignee"] == old:
                    task["assignee"] = to

    return found, transfer


def _membership(deal: Plain, person: str, role: str) -> set[No]:
    found = stands(deal, SERVED)
    if role == "owner":
        found.add(("owner_role", ""))
    elif (person, role) not in deal["team"]:
        found.add(("member_unknown", ""))
    return found


@operation("opportunities.add_member")
def add_member(case: Case, person: str, role: str, access: str) -> tuple[set[No], Effect]:
    team = case.record["team"]
    found = stands(case.record, SERVED) | case.unknown_people(person)
    if role == "owner":
        found.add(("owner_role", ""))
    if (person, role) in team:
        found.add(("member_exists", person))
    return found, lambda: team.update({(person, role): access})


@operation("opportunities.change_member")
def change_member(case: Case, person: str, role: str, access: str) -> tuple[set[No], Effect]:
    return _membership(case.record, person, role), lambda: case.record["team"].update({(person, role): access})


@operation("opportunities.remove_member")
def remove_member(case: Case, person: str, role: str) -> tuple[set[No], Effect]:
    return _membership(case.record, person, role), lambda: case.record["team"].pop((person, role))


@operation("opportunities.set_contact_role")
def set_contact_role(
    case: Case, contact: str, role: str, is_primary: bool = False, related_to: str | None = None
) -> tuple[set[No], Effect]:
    deal = case.record
    found = case.unknown_parties(None, contact)
    if not found:
        found = stands(deal, OPEN)
        if deal["customer"] not in (None, case.books.records["contact", contact]["customer"]):
            found.add(("contact_elsewhere", ""))
    found = found | case.unknown_parties(None, related_to)
    wanted = {"role": role, "is_primary": is_primary, "related_to": related_to}

    def put() -> bool:
        before = {id: dict(held) for id, held in deal["contact_roles"].items()}
        for held in deal["contact_roles"].values() if is_primary else ():
            held["is_primary"] = False
        deal["contact_roles"][contact] = wanted
        return bool(deal["contact_roles"] != before)

    return found, put


@operation("opportunities.add_competitor")
def add_competitor(case: Case, competitor: str) -> tuple[set[No], Effect]:
    found, known = stands(case.record, OPEN), case.record["competitors"]
    if competitor in known:
        found.add(("competitor_present", ""))
    return found, lambda: known.append(competitor)


@operation("opportunities.remove_competitor")
def remove_competitor(case: Case, competitor: str) -> tuple[set[No], Effect]:
    found, known = stands(case.record, OPEN), case.record["competitors"]
    if competitor not in known:
        found.add(("competitor_missing", ""))
    return found, lambda: known.remove(competitor)


@operation("opportunities.start_after_sales")
def start_after_sales(case: Case, process: str | None = None) -> tuple[set[No], Effect]:
    deal = case.record
    found = stands(deal, SERVED)
    if running(deal) is not None:
        found.add(("after_sales_running", ""))
    template = case.books.latest(process or "after_sales")
    side: Plain = {
        "process": template["id"], "process_version": template["version"], "stage": None, "status": "running",
        "visits": [], "tasks": [], "feedback": [], "prefix": f"after{len(deal['after_sales']) + 1}:",
    }  # fmt: skip

    def start() -> None:
        enter(side, template, codes(template)[0], case.now, "created")
        deal["after_sales"].append(side)

    return found, start


def _beside(case: Case) -> tuple[set[No], Any]:
    found, side = stands(case.record, SERVED), running(case.record)
    return (found if side is not None else found | {("after_sales_not_running", "")}), side


@operation("opportunities.after_sales_feedback")
def after_sales_feedback(case: Case, text: str) -> tuple[set[No], Effect]:
    found, side = _beside(case)
    return found, lambda: side["feedback"].append((len(side["visits"]), text, case.person))


@operation("opportunities.after_sales_advance")
def after_sales_advance(case: Case) -> tuple[set[No], Effect]:
    found, side = _beside(case)
    if side is None:
        return found, no_effect
    template = case.books.template(side)
    order = codes(template)
    if side["stage"] == order[-1]:
        return found | {("no_next_stage", "")}, no_effect
    target = order[order.index(side["stage"]) + 1]

    def go_on() -> None:
        leave(side, case.now, "advanced", "skipped")
        enter(side, template, target, case.now, "advanced")

    return found | unfinished(case, side, template), go_on


@operation("opportunities.finish_after_sales")
def finish_after_sales(case: Case) -> tuple[set[No], Effect]:
    found, side = _beside(case)
    if side is None:
        return found, no_effect
    template = case.books.template(side)
    is_last = side["stage"] == codes(template)[-1]
    if not is_last:
        found.add(("not_last_stage", ""))
    if is_last or template["win_from"] == "any":
        found |= unfinished(case, side, template)

    def finish() -> None:
        leave(side, case.now, "closed", "skipped")
        side["status"] = "finished"

    return found, finish
