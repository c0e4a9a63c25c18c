"""How a lead ends, and begins again: deleted for good, or pushed down into another one (LEAD-3, LEAD-11)."""

from __future__ import annotations

from tests.machine.reference.books import Case, Effect, No, operation
from tests.machine.reference.known import link
from tests.machine.reference.making import own_or_nobody, put
from tests.machine.reference.standing import lead_stands


@operation("leads.delete")
def delete_lead(case: Case) -> tuple[set[No], Effect]:
    """LEAD-11: disabled or not; nothing that hangs on it is left behind."""
    lead = case.record
    found = lead_stands(lead, ("unassigned", "disqualified")) - {("is_disabled", "")}
    if lead["review"] in ("submitted", "approved"):
        found.add(("wrong_review_state", ""))
    if lead["quote_number"] or lead["contract_number"]:
        found.add(("has_documents", ""))
    if lead["merges"]:
        found.add(("has_redirects", ""))
    return found, lambda: case.books.records.pop(("lead", lead["id"]))


@operation("leads.push_down")
def push_down(case: Case, title: str | None = None, owner: str | None = "") -> tuple[set[No], Effect]:
    """LEAD-3: deal and reach go along; an empty owner means left out."""
    upstream, works = case.record, own_or_nobody(case, None) if owner == "" else owner
    found = lead_stands(upstream, ("unassigned", "assigned", "converted")) | case.unknown_people(works)
    blank = dict.fromkeys("branch last_follower last_follow_up conversion disqualified".split())
    carried = {name: upstream[name] for name in "contact company phone email channel source description".split()}
    lead = {
        **blank, **carried, "title": title or upstream["title"], "owner": works, "former": [], "activities": [],
        "created": case.now, "disabled": False, "review": "created",
        "status": "assigned" if works else "unassigned", "assigned_at": case.now if works else None,
    }  # fmt: skip
    lead["duplicate_of"] = link(case.books.records, lead)
    id = case.books.next_id("lead")

    def make() -> bool:
        put(case, "lead", id, **lead)
        return False  # the upstream lead stays as it is

    return found, make
