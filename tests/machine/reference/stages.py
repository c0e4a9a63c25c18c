"""Being in a stage, leaving it and entering another: of a process, or of the one beside it (OPP-5 … OPP-8, OPP-12)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.machine.reference.books import Case, No
from tests.machine.reference.people import Plain


def codes(template: Plain) -> list[str]:
    return [stage["code"] for stage in template["stages"]]


def stage_of(template: Plain, code: str) -> Plain:
    found: Plain = template["stages"][codes(template).index(code)]
    return found


def enter(side: Plain, template: Plain, code: str, at: datetime | None, entry: str) -> None:
    """A new visit; tasks that are not there yet are made, those skipped or cancelled that are asked for open again."""
    side["visits"].append({"stage": code, "entry": entry, "entered": at, "left": None, "exit": None, "reason": None})
    side["stage"] = code
    own = {task["code"]: task for task in side["tasks"] if task["stage"] == code}
    asked = {wanted["code"] for wanted in stage_of(template, code)["tasks"]}
    for task in own.values():
        if task["status"] in ("skipped", "cancelled") and (task["code"] in asked or task["is_ad_hoc"]):
            task["status"] = "open"
    for wanted in stage_of(template, code)["tasks"]:
        if wanted["code"] not in own:
            id = f"{side.get('prefix', '')}{len(side['visits'])}:{wanted['code']}"
            side["tasks"].append(task_of(id, wanted["code"], code, True, wanted["routes"]))


def task_of(id: str, code: str, stage: str, is_required: bool, routes: Any = (), **more: Any) -> Plain:
    blank = {"status": "open", "assignee": None, "due": None, "done_by": None, "is_ad_hoc": False}
    return {"id": id, "code": code, "stage": stage, "is_required": is_required, "routes": set(routes), **blank, **more}


def leave(side: Plain, at: datetime, exit: str, unfinished: str, reason: str | None = None) -> None:
    """The visit ends, never before it began; what is still open is *unfinished*."""
    last = side["visits"][-1]
    last["left"] = at if last["entered"] is None else max(at, last["entered"])
    last["exit"], last["reason"] = exit, reason
    for task in side["tasks"]:
        if task["status"] == "open":
            task["status"] = unfinished


def skip(side: Plain, code: str, at: datetime, reason: str | None) -> None:
    side["visits"].append(
        {"stage": code, "entry": "jumped", "entered": at, "left": at, "exit": "skipped", "reason": reason}
    )


def binds(thing: Plain, route: str) -> bool:
    """PROC-1: no routes named means all of them."""
    return not thing["routes"] or route in thing["routes"]


def unfinished(case: Case, side: Plain, template: Plain) -> set[No]:
    """OPP-5: required fields that are empty, and must-do tasks that are open."""
    deal, route = case.record, case.record["route"]
    stage = side["stage"]
    found = {
        ("field_empty", wanted["field"])
        for wanted in stage_of(template, stage)["fields"]
        if binds(wanted, route) and not is_filled(deal, side, wanted["field"])
    }
    return found | {
        ("task_open", task["code"])
        for task in side["tasks"]
        if task["status"] == "open" and task["stage"] == stage and task["is_required"] and binds(task, route)
    }


def is_filled(deal: Plain, side: Plain, field: str) -> bool:
    """Money of zero is an amount and False an answer; only what is absent or blank is empty."""
    if field.startswith("custom."):
        value = deal["custom"].get(field.removeprefix("custom."))
        return value is not None and not (isinstance(value, str) and not value.strip())
    if field == "feedback":
        return any(given[0] == len(side["visits"]) for given in side["feedback"])
    if field == "team":
        return any(person != deal["owner"] for person, _ in deal["team"])
    if field == "primary_contact":
        return any(role["is_primary"] for role in deal["contact_roles"].values())
    if field == "amount":
        return deal["amount"] is not None
    return bool(deal[field])


def not_arrived(deal: Plain) -> set[No]:
    """IO-3: what an import did not bring stands in the way of the next move forward."""
    if not deal["is_imported"]:
        return set()
    missing = {"customer": not (deal["customer"] or deal["contact"]), "close_date": deal["close_date"] is None}
    return {("arrival_incomplete", field) for field, is_missing in missing.items() if is_missing}


def waiting(deal: Plain, *, moves_only: bool = False) -> list[Plain]:
    """The approvals that wait for a decision."""
    asked = [a for a in deal["approvals"] if a["status"] == "requested"]
    return [a for a in asked if a["operation"] != "opportunities.register_with_partner"] if moves_only else asked


def is_over(approval: Plain, now: datetime) -> bool:
    """RULE-2: nobody decided it in time."""
    return approval["expires_at"] is not None and now >= approval["expires_at"]


def asked(deal: Plain, template: Plain, name: str, target: str | None = None) -> dict[str, int | None]:
    """
    RULE-2: who is asked before *name*, with the days that a request waits; stages that are passed ask too.

    On a fast track the stages that are passed over ask for nothing. Without a target it is about the outcome.
    """
    order = codes(template)
    first = order.index(deal["stage"])
    end = len(order) if target is None else order.index(target)
    passed = template["stages"][first : min(end, first + 1) if template["jump"] == "fast_track" else end]
    found = [stage for stage in passed if name in ("advance", "change_stage", "win") and stage["approval"]]
    found += [own for own in template["approvals"] if own["before"] == name]
    days: dict[str, int | None] = {}
    for one in found:
        known = [limit for limit in (days.get(one["approval"]), one["expires"]) if limit is not None]
        days[one["approval"]] = min(known) if known else None
    return days


def not_approved(case: Case, name: str, target: str | None = None) -> set[No]:
    """RULE-2: what it asks for is not there: several approvers are asked one by one, one that waits is awaited."""
    deal = case.record
    whom = asked(deal, case.books.template(deal), name, target)
    if not whom:
        return set()
    if len(whom) > 1:
        return {("approvals_apart", "")}
    pending = [one for one in waiting(deal, moves_only=True) if not is_over(one, case.now)]
    return {("approval_pending", pending[0]["id"])} if pending else {("approval_needed", "")}


def broken(deal: Plain, template: Plain, name: str) -> set[No]:
    """RULE-1: the rules of the template that stand in the way of *name*."""
    return {
        ("rule_broken", rule["code"])
        for rule in template["rules"]
        if name in rule["before"]
        and (not rule["stages"] or deal["stage"] in rule["stages"])
        and all(holds(deal, condition) for condition in rule["when"])
        and not all(holds(deal, condition) for condition in rule["needs"])
    }


def holds(deal: Plain, condition: Plain) -> bool:
    """RULE-1: what is absent never matches, and unlike currencies never compare."""
    field = condition["field"]
    if len(condition) == 1:
        return is_filled(deal, deal, field)
    value = deal["custom"].get(field.removeprefix("custom.")) if field.startswith("custom.") else deal[field]
    if field == "probability":
        return bool(value[0] >= condition["at_least"])
    if field == "amount":
        least, currency = condition["at_least"]
        return value is not None and value[1] == currency and Decimal(value[0]) >= Decimal(least)
    return value in condition.get("one_of", (condition.get("equals"),))


def owed(deal: Plain, template: Plain) -> list[str]:
    """
    GRADE-4: the stages that a deal on the full route has not run, since it was on a fast track when it passed them.

    What counts is how a stage was last passed: run to its end, or skipped, or left by a jump with must-dos open;
    a visit that ended before the stage was let go counts no more.
    """
    if template["jump"] != "fast_track" or deal["route"] != "full":
        return []
    found = []
    for code in codes(template):
        let_go = deal["waivers"].get(code)
        passes = [
            visit
            for visit in deal["visits"]
            if visit["stage"] == code
            and visit["exit"] in ("advanced", "skipped", "jumped")
            and not (let_go is not None and visit["left"] <= let_go["at"])
        ]
        open_ones = any(
            t["stage"] == code and t["status"] == "skipped" and t["is_required"] and binds(t, "full")
            for t in deal["tasks"]
        )
        decisive = [v["exit"] for v in passes if v["exit"] != "jumped" or open_ones]
        if decisive and decisive[-1] != "advanced":
            found.append(code)
    return found


def forward(case: Case, target: str | None, is_approved: bool) -> set[No]:
    """What stands in the way of leaving a stage forward by the regular way, or of winning where there is no target."""
    deal, template = case.record, case.books.template(case.record)
    name = "win" if target is None else "advance"
    found = not_arrived(deal) | unfinished(case, deal, template) | broken(deal, template, name)
    return found if is_approved else found | not_approved(case, name, target)


def jump(case: Case, target: str, reason: str | None, is_approved: bool) -> set[No]:
    """OPP-6, OPP-6a: what stands in the way of jumping to *target*."""
    deal, template = case.record, case.books.template(case.record)
    found = not_arrived(deal) | (set() if is_approved else not_approved(case, "change_stage", target))
    found |= broken(deal, template, "change_stage")
    if template["jump"] == "reason":
        order = codes(template)
        passed = template["stages"][order.index(deal["stage"]) + 1 : order.index(target)]
        is_clean = not unfinished(case, deal, template) and all(s["is_optional"] for s in passed)
        if not reason and not is_clean:
            found.add(("reason_missing", ""))
    if template["jump"] == "fast_track":
        if deal["route"] == "full":
            return found | {("full_route", "")}
        if target != codes(template)[-1]:
            found.add(("only_to_last_stage", ""))
        if deal["led_by"] == "partner" and deal["registration"] != "approved":
            found.add(("registration_needed", ""))
    return found
