"""What status and flags an operation needs (domain.md §2, §5)."""

from __future__ import annotations

from tests.machine.reference.books import No
from tests.machine.reference.people import Plain


def stands(deal: Plain, allowed: tuple[str, ...] | None) -> set[No]:
    """A deal that is voided allows nothing; else its status must be one of *allowed* (None: any)."""
    if deal["voided"]:
        return {("is_voided", "")}
    if allowed is not None and deal["status"] not in allowed:
        return {("wrong_status", "")}
    return set()


def lead_stands(lead: Plain, allowed: tuple[str, ...]) -> set[No]:
    """The same of a lead, where everything that is wrong is said."""
    found: set[No] = {("is_voided", "")} if lead["voided"] else set()
    if lead["disabled"]:
        found.add(("is_disabled", ""))
    if lead["status"] not in allowed:
        found.add(("wrong_status", ""))
    return found
