"""Guided dialogs: what the answers fill and finish, as one change (OPP-16)."""

from __future__ import annotations

from typing import Any

from tests.machine.reference.access import refusals
from tests.machine.reference.books import OPERATIONS, Case, Effect, No, operation
from tests.machine.reference.making import WORKED
from tests.machine.reference.moves import OPEN, no_effect
from tests.machine.reference.people import Plain
from tests.machine.reference.standing import lead_stands, stands


def _together(case: Case, parts: list[tuple[str, Plain]]) -> tuple[set[No], Effect]:
    """Every reason against any part; then all of it, which is told in any case."""
    decided = [OPERATIONS[name].decide(case, **given) for name, given in parts]
    found = set[No]().union(*(reasons for reasons, _ in decided))

    def do() -> None:
        for _, effect in decided:
            effect()

    return found, do


@operation("opportunities.start_dialog")
def guide(case: Case, dialog: str, answers: Plain) -> tuple[set[No], Effect]:
    deal = case.record
    found = stands(deal, OPEN)
    known = {each["code"]: each for each in case.books.template(deal)["dialogs"]}
    if dialog not in known:
        return found | {("dialog_unknown", "")}, no_effect
    script = known[dialog]
    if script["stage"] not in (None, deal["stage"]):
        return found | {("dialog_elsewhere", "")}, no_effect
    if found or refusals(case.people, case.person, "opportunities.start_dialog", deal, ()):
        return found, no_effect
    fills: dict[str, Any] = {}
    if answers["who"] is not None:
        fills["source"] = answers["who"]
    if answers["much"] is not None:
        fills["amount"] = (str(answers["much"]), "CNY")
    parts: list[tuple[str, Plain]] = [("opportunities.edit", fills)] if fills else []
    if answers["who"] is not None and script["finishes"] is not None:
        parts.append(("opportunities.finish_task", {"task": script["finishes"]}))
    return _together(case, parts)


@operation("leads.start_dialog")
def qualify(case: Case, dialog: str, answers: Plain) -> tuple[set[No], Effect]:
    found = lead_stands(case.record, (*WORKED, "converted"))
    if dialog != "guide":
        return found | {("dialog_unknown", "")}, no_effect
    if found or refusals(case.people, case.person, "leads.start_dialog", case.record, ()):
        return found, no_effect
    if answers["who"] is None:
        return found, lambda: None
    return _together(case, [("leads.edit", {"title": answers["who"]})])
