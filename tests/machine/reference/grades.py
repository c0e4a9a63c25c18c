"""Grades and routes (GRADE-1 … GRADE-4), with the default boundaries in yuan."""

from __future__ import annotations

from decimal import Decimal

from tests.machine.reference.books import Case, Effect, No, operation
from tests.machine.reference.people import Plain
from tests.machine.reference.standing import stands

ROUTES = {None: "full", "A": "full", "B": "full", "C": "fast_track", "D": "fast_track", "E": "partner"}
BOUNDARIES = (("A", 5_000_000), ("B", 1_000_000), ("C", 300_000), ("D", 0))


def computed(deal: Plain) -> str | None:
    """The grade by amount; none without an amount, or without a rate for its currency."""
    if deal["led_by"] == "partner":
        return "E"
    if deal["amount"] is None or deal["amount"][1] != "CNY":
        return None
    return next(grade for grade, least in BOUNDARIES if Decimal(deal["amount"][0]) >= least)


def regrade(deal: Plain) -> None:
    """GRADE-4: looked at anew; a grade by hand counts only while the party leads that led when it was set."""
    deal["computed"] = computed(deal)
    by_hand = deal["by_hand"]
    counts = by_hand is not None and by_hand["led_by"] == deal["led_by"]
    deal["effective"] = by_hand["grade"] if counts else deal["computed"]
    deal["route"] = ROUTES[deal["effective"]]


@operation("opportunities.set_grade")
def set_grade(case: Case, grade: str, reason: str | None) -> tuple[set[No], Effect]:
    found = stands(case.record, ("in_progress",))
    if grade == "E":
        found.add(("grade_by_hand", ""))
    elif not (reason or "").strip():
        found.add(("reason_missing", ""))

    def set_it() -> None:
        deal = case.record
        deal["by_hand"] = {"grade": grade, "led_by": deal["led_by"], "by": case.person, "reason": reason}
        regrade(deal)

    return found, set_it


@operation("opportunities.clear_grade")
def clear_grade(case: Case) -> tuple[set[No], Effect]:
    found = stands(case.record, ("in_progress",))
    if case.record["by_hand"] is None:
        found.add(("no_override", ""))

    def clear() -> None:
        case.record["by_hand"] = None
        regrade(case.record)

    return found, clear
