"""Two leads that are one, and two again (LEAD-15)."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.machine.reference.access import refusals
from tests.machine.reference.books import Absent, Case, Effect, No, operation
from tests.machine.reference.moves import no_effect
from tests.machine.reference.people import Plain
from tests.machine.reference.standing import lead_stands

PLAIN = "title contact company phone email channel source description quote_number contract_number".split()
PLACE = "owner status branch assigned_at conversion".split()
LAST = "last_follower last_follow_up".split()


def _papers(case: Case, lead: str) -> list[Plain]:
    return [r for (kind, _), r in case.books.records.items() if kind == "document" and r["lead"] == lead]


def _is_one_of(case: Case, link: tuple[str, str], *leads: Plain) -> bool:
    """A lead is no duplicate of itself, nor of what was merged into it, however long ago."""
    target = case.books.records.get(link)
    return target is not None and case.books.survivor(target)["id"] in {lead["id"] for lead in leads}


def _carry(papers: list[Plain], to: str) -> None:
    for paper in papers:
        paper["lead"] = to
        paper["version"] += 1


@operation("leads.merge")
def merge(case: Case, other: str, fields: Plain) -> tuple[set[No], Effect]:
    """What is not chosen is the survivor's, or where that is empty the other's."""
    lead, records = case.record, case.books.records
    away = records.get(("lead", other))
    if away is None or not case.people.sees(case.person, case.books.survivor(away)):
        raise Absent
    found = lead_stands(lead, ("unassigned", "assigned", "converted"))
    barred = refusals(case.people, case.person, "leads.merge", away, ())
    if away["merged_into"] or (barred and not case.people.sees_whole(case.person, away)):
        return found | {("other_lead", "")}, no_effect
    if barred or lead_stands(away, (away["status"],)):
        found.add(("other_lead", ""))
    choice = fields.get("owner")
    converted = [each["id"] for each in (lead, away) if each["conversion"]]
    if len(converted) == 2:
        found.add(("both_converted", ""))
    elif converted and choice is not None and (choice == "other") != (converted == [other]):
        found.add(("owner_stays", ""))
    elif not converted and choice == "other" and not away["owner"]:
        found.add(("owner_missing", ""))
    values = {}
    for name in PLAIN:
        take = fields.get(name) or ("survivor" if lead[name] else "other")
        values[name] = (away if take == "other" else lead)[name]
    if not (values["phone"] or values["email"] or values["channel"]):
        found.add(("reach_missing", ""))
    if converted:
        moves_in = converted == [other]
    else:
        moves_in = choice == "other" or (choice is None and not lead["owner"] and away["status"] == "assigned")
    if moves_in:
        values |= {name: away[name] for name in PLACE}
        values["status"] = "converted" if converted else "assigned"
    if away["last_follow_up"] and (not lead["last_follow_up"] or lead["last_follow_up"] < away["last_follow_up"]):
        values |= {name: away[name] for name in LAST}
    links = [each["duplicate_of"] for each in (lead, away) if each["duplicate_of"]]
    links = [each for each in links if not _is_one_of(case, each, lead, away)]
    values["duplicate_of"] = links[0] if links else None

    def join() -> None:
        before, papers = deepcopy(lead), _papers(case, other)
        lead.update(values, merges=[*lead["merges"], other], activities=[*lead["activities"], *away["activities"]])
        away.update(voided=True, merged_into=lead["id"], version=away["version"] + 1)
        _carry(papers, lead["id"])
        case.books.merges[other] = (before, deepcopy(lead), [paper["id"] for paper in papers])

    return found, join


@operation("leads.unmerge")
def unmerge(case: Case) -> tuple[set[No], Effect]:
    """What still is as the merge left it is again as before; what was changed since stays."""
    lead, records = case.record, case.books.records
    found = lead_stands(lead, (lead["status"],))
    if not lead["merges"]:
        found.add(("not_merged", ""))
    elif case.asked not in (None, lead["merges"][-1]):
        found.add(("merged_later", ""))
    if found:
        return found, no_effect
    other = lead["merges"][-1]
    before, after, ids = case.books.merges[other]
    values = {name: (before if lead[name] == after[name] else lead)[name] for name in (*PLAIN, "duplicate_of")}
    if not (values["phone"] or values["email"] or values["channel"]):
        found.add(("reach_missing", ""))
    if all(lead[name] == after[name] for name in PLACE):
        values |= {name: before[name] for name in PLACE}
    since = lead["activities"][len(after["activities"]) :]
    if all(lead[name] == after[name] for name in LAST):
        last: tuple[Any, Any] = (before["last_follow_up"], before["last_follower"])
        for _, _, at, by in since:
            if last[0] is None or last[0] <= at:
                last = (at, by)
        values |= {"last_follow_up": last[0], "last_follower": last[1]}

    def part() -> None:
        lead.update(values, merges=lead["merges"][:-1], activities=[*before["activities"], *since])
        away = records["lead", other]
        away.update(voided=False, merged_into=None, version=away["version"] + 1)
        _carry([paper for paper in _papers(case, lead["id"]) if paper["id"] in ids], other)

    return found, part
