"""Moving through stages and out of them: OPP-5 … OPP-8, OPP-10, and what waits for an approval (RULE-2, OPP-20)."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

from tests.machine.reference.access import refusals
from tests.machine.reference.books import OPERATIONS, Case, Effect, No, operation
from tests.machine.reference.people import Plain
from tests.machine.reference.stages import (
    asked,
    broken,
    codes,
    enter,
    forward,
    is_over,
    jump,
    leave,
    not_approved,
    owed,
    skip,
    stage_of,
    unfinished,
    waiting,
)
from tests.machine.reference.standing import stands

OPEN = ("in_progress",)
COMPLETED = ("won", "lost", "invalid")
REGISTRATION = "opportunities.register_with_partner"


def no_effect() -> None:
    """For what is refused."""


def expire(case: Case) -> None:
    """An approval that waited for the stage that is left waits no more."""
    for approval in waiting(case.record, moves_only=True):
        approval["status"] = "expired"


def go(case: Case, target: str, exit: str, reason: str | None) -> None:
    """Leave the stage, pass over what lies between, enter the target and take its default probability."""
    deal, template = case.record, case.books.template(case.record)
    order = codes(template)
    between = order[order.index(deal["stage"]) + 1 : order.index(target)] if exit == "jumped" else []
    leave(deal, case.now, exit, "skipped", reason)
    expire(case)
    for code in between:
        skip(deal, code, case.now, reason)
    enter(deal, template, target, case.now, exit)
    deal["probability"] = (stage_of(template, target)["probability"], "stage")


@operation("opportunities.advance")
def advance(case: Case, is_approved: bool = False) -> tuple[set[No], Effect]:
    deal = case.record
    found = stands(deal, OPEN)
    order = codes(case.books.template(deal))
    if found or deal["stage"] == order[-1]:
        return found or {("no_next_stage", "")}, no_effect
    target = order[order.index(deal["stage"]) + 1]
    return forward(case, target, is_approved), lambda: go(case, target, "advanced", None)


@operation("opportunities.change_stage")
def change_stage(
    case: Case, stage: str, reason: str | None = None, is_approved: bool = False
) -> tuple[set[No], Effect]:
    deal, template = case.record, case.books.template(case.record)
    found, order = stands(deal, OPEN), codes(template)
    if found:
        return found, no_effect
    if stage not in order:
        return {("stage_unknown", "")}, no_effect
    steps = order.index(stage) - order.index(deal["stage"])
    if steps == 0:
        return {("already_there", "")}, no_effect
    if steps < 0:
        found = broken(deal, template, "change_stage") | (set() if reason else {("reason_missing", "")})
        return found, lambda: go(case, stage, "returned", reason)
    if steps == 1 and not unfinished(case, deal, template):
        return forward(case, stage, is_approved), lambda: go(case, stage, "advanced", reason)
    return jump(case, stage, reason, is_approved), lambda: go(case, stage, "jumped", reason)


@operation("opportunities.change_process")
def change_process(
    case: Case, process: str, stage: str | None = None, reason: str | None = None
) -> tuple[set[No], Effect]:
    """OPP-9: it lands in the stage of equal code, else in the first; a stage that is chosen is gone to from there."""
    deal, template = case.record, case.books.latest(process)
    left = case.books.template(deal)
    found, order = stands(deal, OPEN) | broken(deal, left, "change_process"), codes(template)
    if deal["process"] == process:
        found.add(("same_process", ""))
    if stage is not None and stage not in order:
        found.add(("stage_unknown", ""))
    if found - broken(deal, left, "change_process"):
        return found, no_effect
    landing = deal["stage"] if deal["stage"] in order else order[0]
    before = order[: min(order.index(landing), order.index(stage or landing))]
    if template["jump"] == "fast_track" and deal["route"] != "full":
        before = before[:1]
    if any(stage_of(template, code)["approval"] for code in before):
        return found | {("approval_needed", "")}, no_effect
    landed = copy.deepcopy(deal)
    there = Case(case.books, case.person, landed)
    leave(landed, case.now, "process_changed", "skipped", reason)
    expire(there)
    landed.update(process=process, process_version=template["version"])
    tasks = {(s["code"], t["code"]): t for s in template["stages"] for t in s["tasks"]}
    for task in landed["tasks"]:
        if task["stage"] in order:
            wanted = tasks.get((task["stage"], task["code"]))
            task["is_required"] = wanted is not None
            task["routes"] = set(wanted["routes"]) if wanted is not None else task["routes"]
    enter(landed, template, landing, case.now, "process_changed")
    landed["probability"] = (stage_of(template, landing)["probability"], "stage")
    happen: Effect = no_effect
    if stage not in (None, landing):
        further, happen = change_stage(there, str(stage), reason)
        found |= further

    def take_over() -> None:
        happen()
        deal.update(landed)

    return found, take_over


def close(case: Case, outcome: str, day: Any, amount: Any, reason: Any, comment: Any, competitor: Any) -> None:
    """The stage is left, what was open in it is cancelled, and the outcome stands."""
    deal = case.record
    leave(deal, case.now, "closed", "cancelled", reason)
    expire(case)
    deal["closings"].append(
        {
            "outcome": outcome, "stage": deal["stage"], "by": case.person, "day": day or case.today, "amount": amount,
            "reason": reason, "comment": comment, "competitor": competitor, "probability": deal["probability"],
            "ended_by": None,
        }
    )  # fmt: skip
    deal["status"], deal["probability"] = outcome, (100 if outcome == "won" else 0, "outcome")
    if outcome == "invalid":
        for process in deal["after_sales"]:
            if process["status"] == "running":
                leave(process, case.now, "closed", "cancelled")
                process["status"] = "cancelled"


@operation("opportunities.win")
def win(
    case: Case, amount: Any = None, close_date: Any = None, comment: str | None = None, is_approved: bool = False
) -> tuple[set[No], Effect]:
    deal, template = case.record, case.books.template(case.record)
    found = stands(deal, OPEN)
    if not found and template["win_from"] == "last" and deal["stage"] != codes(template)[-1]:
        found = {("not_last_stage", "")}
    if not found:
        found = forward(case, None, is_approved)
        found |= {("stage_owed", code) for code in owed(deal, template) if code != deal["stage"]}
    worth = amount if amount is not None else deal["amount"]
    return found, lambda: close(case, "won", close_date, worth, None, comment, None)


def reasoned(case: Case, name: str, listed: str, reason: str | None, is_approved: bool) -> set[No]:
    """OPP-7: the reason is one of the template's list; its rules and its approval bind too."""
    template = case.books.template(case.record)
    found = stands(case.record, OPEN)
    if found:
        return found
    found = broken(case.record, template, name) | (set() if is_approved else not_approved(case, name))
    return found if reason in template[listed] else found | {("reason_unknown" if reason else "reason_missing", "")}


@operation("opportunities.lose")
def lose(
    case: Case, reason: str | None = None, competitor: str | None = None, comment: str | None = None,
    close_date: Any = None, is_approved: bool = False,
) -> tuple[set[No], Effect]:  # fmt: skip
    return reasoned(case, "lose", "lost_reasons", reason, is_approved), lambda: close(
        case, "lost", close_date, None, reason, comment, competitor
    )


@operation("opportunities.invalidate")
def invalidate(
    case: Case, reason: str | None = None, comment: str | None = None, close_date: Any = None,
    is_approved: bool = False,
) -> tuple[set[No], Effect]:  # fmt: skip
    return reasoned(case, "invalidate", "invalid_reasons", reason, is_approved), lambda: close(
        case, "invalid", close_date, None, reason, comment, None
    )


@operation("opportunities.reopen")
def reopen(case: Case) -> tuple[set[No], Effect]:
    deal = case.record

    def take_up() -> None:
        closing = deal["closings"][-1]
        closing["ended_by"] = case.person
        deal["status"], deal["probability"] = "in_progress", closing["probability"]
        enter(deal, case.books.template(deal), closing["stage"], case.now, "reopened")

    found = stands(deal, COMPLETED)
    return found or broken(deal, case.books.template(deal), "reopen"), take_up


def hide(case: Case, reason: str | None = None) -> tuple[set[No], Effect]:
    found: set[No] = {("is_voided", "")} if case.record["voided"] else set()
    if case.record.get("review") in ("submitted", "approved"):
        found.add(("wrong_review_state", ""))
    return found, lambda: case.record.update(voided=True)


def show(case: Case) -> tuple[set[No], Effect]:
    return (set() if case.record["voided"] else {("is_not_voided", "")}), lambda: case.record.update(voided=False)


for kind in ("opportunities", "leads"):
    operation(f"{kind}.void")(hide)
    operation(f"{kind}.unvoid")(show)


@operation("opportunities.delete")
def delete(case: Case) -> tuple[set[No], Effect]:
    found = stands(case.record, None)
    if case.record["version"] > 1:
        found.add(("has_history", ""))
    if any(case.record[f"{paper}_number"] for paper in ("quote", "contract", "order", "invoice")):
        found.add(("has_documents", ""))
    return found, lambda: case.books.records.pop(("opportunity", case.record["id"]))


def named(case: Case, approver: str) -> list[str]:
    """ACC-18: whom an approval names."""
    kind, _, who = approver.partition(":")
    if kind == "person":
        return [who]
    if kind == "role":
        return [person for person, role in case.record["team"] if role == who]
    return list(case.people.superiors(case.record["owner"]))


def _no_approver(case: Case, approver: str) -> set[No]:
    """ACC-18: one of those who are named who sees the record, and is not the one who asks."""
    has_one = any(case.sees(p) for p in named(case, approver) if p != case.person)
    return set() if has_one else {("no_approver", "")}


def _ask_for(case: Case, name: str, given: Plain, approver: str = "owner_superior", days: int | None = None) -> None:
    """RULE-2: what is over by now is marked so in the same breath."""
    for earlier in waiting(case.record, moves_only=True) if name != REGISTRATION else ():
        if is_over(earlier, case.now):
            earlier["status"] = "expired"
    case.record["approvals"].append(
        {
            "id": str(case.record["version"] + 1), "operation": name, "given": given, "by": case.person,
            "status": "requested", "decided_by": None, "comment": None, "approver": approver,
            "expires_at": None if days is None else case.now + timedelta(days=days),
        }
    )  # fmt: skip


@operation("opportunities.request_approval", lambda case, operation, **_: (f"opportunities.{operation}", ()))
def request_approval(case: Case, operation: str, **given: str) -> tuple[set[No], Effect]:
    found, _ = OPERATIONS[f"opportunities.{operation}"].decide(case, **given)
    found = found - {("approval_needed", "")} if found else {("approval_not_needed", "")}
    deal, template = case.record, case.books.template(case.record)
    order, target = codes(template), given.get("stage")
    if operation == "advance":
        target = next(iter(order[order.index(deal["stage"]) + 1 :]), None)
    is_move = target in order if operation in ("advance", "change_stage") else True
    whom = asked(deal, template, operation, target) if is_move else {}
    if len(whom) != 1:
        return found, no_effect
    ((approver, days),) = whom.items()
    return found | _no_approver(case, approver), lambda: _ask_for(
        case, f"opportunities.{operation}", given, approver, days
    )


@operation("opportunities.register_with_partner")
def register(case: Case) -> tuple[set[No], Effect]:
    deal = case.record
    found = stands(deal, OPEN)
    if deal["led_by"] != "partner":
        found.add(("not_partner_led", ""))
    if deal["registration"] not in ("unregistered", "refused"):
        found.add(("registration_state", ""))

    def ask() -> None:
        deal["registration"] = "requested"
        _ask_for(case, REGISTRATION, {})

    return found | _no_approver(case, "owner_superior"), ask


def _the_one(case: Case, approval: str | None) -> Plain | set[No]:
    """The approval that is meant, or why there is none."""
    still = waiting(case.record)
    if approval is None:
        meant = [one for one in still if not is_over(one, case.now)] or still
        if len(meant) != 1:
            return {("approvals_waiting", "") if meant else ("approval_unknown", "")}
    else:
        meant = [one for one in case.record["approvals"] if one["id"] == approval]
    if not meant:
        return {("approval_unknown", "")}
    if meant[0]["status"] != "requested":
        return {("approval_decided", "")}
    return {("approval_expired", "")} if is_over(meant[0], case.now) else meant[0]


def _decided(case: Case, found: Plain, status: str, registration: str, comment: str | None = None) -> None:
    found.update(status=status, decided_by=case.person, comment=comment)
    if found["operation"] == REGISTRATION:
        case.record["registration"] = registration


def _named_of(case: Case, approval: str | None) -> tuple[list[str], str | None]:
    """Whom the approval that is meant names, and who asked; where none waits, whom the last one named."""
    found = _the_one(case, approval)
    if not isinstance(found, set):
        return named(case, found["approver"]), found["by"]
    known = [one for one in case.record["approvals"] if approval in (None, one["id"])]
    return named(case, known[-1]["approver"] if known else "owner_superior"), None


def _refusers(case: Case, approval: str | None = None, **_: Any) -> tuple[str, list[str]]:
    return "opportunities.refuse", _named_of(case, approval)[0]


def _others(case: Case, approval: str | None = None, **_: Any) -> tuple[str, list[str]]:
    """ACC-18: nobody approves what they asked for themselves."""
    people, asked_by = _named_of(case, approval)
    return "opportunities.approve", [person for person in people if person != asked_by]


@operation("opportunities.approve", _others)
def approve(case: Case, approval: str | None = None, comment: str | None = None) -> tuple[set[No], Effect]:
    found = _the_one(case, approval)
    if isinstance(found, set):
        return found, no_effect
    no = stands(case.record, OPEN)
    name = found["operation"]
    if name == REGISTRATION:
        if case.record["led_by"] != "partner":
            no.add(("not_partner_led", ""))
        return no, lambda: _decided(case, found, "approved", "approved", comment)
    if no:
        return no, no_effect
    requester = found["by"]
    if not case.sees(requester):
        return {("person_unknown", requester)}, no_effect
    as_requester = Case(case.books, requester, case.record)
    no, happen = OPERATIONS[name].decide(as_requester, **found["given"], is_approved=True)

    def let_it_happen() -> None:
        _decided(case, found, "approved", "", comment)
        happen()

    return no | refusals(case.people, requester, name, case.record, ()), let_it_happen


@operation("opportunities.refuse", _refusers)
def refuse(case: Case, approval: str | None = None, comment: str | None = None) -> tuple[set[No], Effect]:
    found = _the_one(case, approval)
    if isinstance(found, set):
        return found, no_effect
    no = stands(case.record, OPEN)
    if not comment:
        no.add(("reason_missing", ""))
    return no, lambda: _decided(case, found, "refused", "refused", comment)


def _withdrawn_row(case: Case, approval: str | None = None, **_: Any) -> tuple[str, Any]:
    """ACC-27: the row of the operation that waits; nobody's where nothing is meant."""
    asked = [a for a in case.record["approvals"] if approval in (None, a["id"])]
    return (asked[-1]["operation"] if asked else "opportunities.withdraw_approval"), ()


@operation("opportunities.withdraw_approval", _withdrawn_row)
def withdraw(case: Case, approval: str | None = None) -> tuple[set[No], Effect]:
    found = _the_one(case, approval)
    if isinstance(found, set):
        return found, no_effect
    return stands(case.record, OPEN), lambda: _decided(case, found, "withdrawn", "unregistered")


@operation("opportunities.waive_stage")
def waive(case: Case, stage: str, reason: str | None) -> tuple[set[No], Effect]:
    deal = case.record
    found = stands(deal, OPEN)
    if stage not in owed(deal, case.books.template(deal)):
        found.add(("nothing_owed", ""))
    if not reason:
        found.add(("reason_missing", ""))

    def let_go() -> None:
        deal["waivers"][stage] = {"reason": reason, "at": case.now, "by": case.person}

    return found, let_go
