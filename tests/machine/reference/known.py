"""What is known already (LEAD-12): one number is one customer's, and a lead of a known number says whose it is."""

from __future__ import annotations

from typing import Any

from tests.machine.reference.books import Case, No
from tests.machine.reference.people import People, Plain

Records = dict[tuple[str, str], Plain]
Link = tuple[str | None, str | None]
"""The kind and id of what is known; both are None for whoever may not know."""


def key(phone: str | None) -> str | None:
    """The number, however it is written; a short one is none."""
    digits = "".join(filter(str.isdecimal, phone or "")).removeprefix("00").removeprefix("86")
    return digits if len(digits) > 4 else None


def holders(records: Records, number: str | None, kind: str) -> list[Plain]:
    """Those of *kind* that have this number."""
    return [r for (k, _), r in records.items() if k == kind and number is not None and key(r["phone"]) == number]


def link(records: Records, lead: Plain) -> Link | None:
    """What the lead is about: the customer of its number, else the oldest lead of it that has a document."""
    became = lead["conversion"] and lead["conversion"][0]
    for customer in holders(records, key(lead["phone"]), "customer"):
        if customer["id"] != became:
            return "customer", customer["id"]
    sold = [
        other
        for other in holders(records, key(lead["phone"]), "lead")
        if other["id"] != lead.get("id") and not other["voided"] and (other["quote_number"] or other["contract_number"])
    ]
    return ("lead", min(sold, key=lambda other: (other["created"], other["id"]))["id"]) if sold else None


def told(people: People, records: Records, person: str, record: Plain) -> Plain:
    """The record as *person* is handed it: of a lead's link, what they may know; of a merged lead, where it leads."""
    if not record.get("duplicate_of"):
        return record
    target: Any = records.get(record["duplicate_of"])
    while target and target.get("merged_into"):
        target = records["lead", target["merged_into"]]
    may_know = target and people.sees(person, target) and people.sees_whole(person, target)
    return {**record, "duplicate_of": (target["kind"], target["id"]) if may_know else (None, None)}


def taken(case: Case, phone: str | None, own: str | None = None) -> set[No]:
    """Why no customer but *own* gets this number, if one has it."""
    found: set[No] = set()
    for customer in holders(case.books.records, key(phone), "customer"):
        if customer["id"] != own:
            is_seen = case.people.sees(case.person, customer)
            found.add(("customer_exists", customer["id"]) if is_seen else ("customer_exists_unseen", ""))
    return found
