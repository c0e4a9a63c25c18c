"""Documents: issuing, accepting, paying (OPP-13, LEAD-7), and whose deals count (CUS-2)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.machine.reference.books import Absent, Case, Effect, No, operation
from tests.machine.reference.people import Plain
from tests.machine.reference.standing import lead_stands, stands

EARLIER = {
    "quote": (), "contract": ("quote", "order"), "order": ("quote", "contract"),
    "invoice": ("quote", "contract", "order"),
}  # fmt: skip
CENTS = 100
"""Every price here is in a currency of two decimals."""


def amount_of(line: Plain) -> Fraction:
    """Quantity times price, rounded half up to the cent."""
    exact = Fraction(line["quantity"]) * Fraction(line["price"]) * CENTS
    return Fraction((exact + Fraction(1, 2)) // 1, CENTS)


def able(record: Plain) -> set[No]:
    """What a deal, a lead or a customer has against documents now."""
    if record["kind"] == "opportunity":
        return stands(record, ("in_progress", "won"))
    return lead_stands(record, ("assigned", "converted")) if record["kind"] == "lead" else stands(record, None)


def _source(case: Case, id: str | None) -> Plain | None:
    if id is None:
        return None
    found = case.books.records.get(("document", id))
    if found is None or not case.people.sees(case.person, found):
        raise Absent
    return found


def issue(case: Case, paper: str, lines: list[Plain] | None, source: str | None = None) -> tuple[set[No], Effect]:
    """OPP-13, LEAD-7: the number goes to the deal, the lead, and the lead that the deal came from."""
    about, found = case.record, able(case.record)
    whose, earlier, id = _customer(about), _source(case, source), case.books.next_id(paper)
    came_from = _came_from(case, about)
    lines = lines or (earlier["lines"] if earlier else [])
    if not lines:
        found.add(("lines_missing", ""))
    if len({line["currency"] for line in lines}) > 1:
        found.add(("several_currencies", ""))
    if earlier is not None:
        if earlier["paper"] not in EARLIER[paper]:
            found.add(("wrong_source", ""))
        elif earlier["paper"] == "quote" and not earlier["accepted"]:
            found.add(("quote_not_accepted", ""))
        own = {(about["kind"], about["id"]), ("customer", whose)}
        if came_from is not None:
            own.add(("lead", came_from["id"]))
        if case.people.bearer_key(earlier) not in own:
            found.add(("source_elsewhere", ""))

    def make() -> None:
        total = sum(map(amount_of, lines), Fraction(0))
        case.books.records["document", id] = {
            "kind": "document", "id": id, "version": 1, "voided": False, "paper": paper, "lines": list(lines),
            "number": id.partition(":")[2], "customer": whose, "total": (total, lines[0]["currency"]),
            "opportunity": about["id"] if about["kind"] == "opportunity" else None,
            "lead": about["id"] if about["kind"] == "lead" else None, "source": source, "accepted": None,
            "paid": Fraction(0) if paper == "invoice" else None,
        }  # fmt: skip
        for record in (about, came_from) if came_from is not None and not came_from["voided"] else (about,):
            if f"{paper}_number" in record:
                record[f"{paper}_number"] = id.partition(":")[2]
                record["version"] += record is not about

    return found, make


def _came_from(case: Case, about: Plain) -> Plain | None:
    """LEAD-6, LEAD-15: the lead that a deal came from, or the one that it was merged into."""
    if about["kind"] != "opportunity":
        return None
    lead = case.books.records.get(("lead", about["source_lead"]))
    return lead and case.books.survivor(lead)


def _customer(about: Plain) -> str | None:
    if about["kind"] == "lead":
        return about["conversion"][0] if about["conversion"] else None
    whose: str | None = about["customer"] if about["kind"] == "opportunity" else about["id"]
    return whose


def _issues(paper: str) -> Any:
    def decide(case: Case, lines: list[Plain] | None = None, source: str | None = None) -> tuple[set[No], Effect]:
        return issue(case, paper, lines, source)

    return decide


for paper in EARLIER:
    operation(f"opportunities.issue_{paper}")(_issues(paper))
operation("leads.quote")(_issues("quote"))
operation("leads.order")(_issues("contract"))


@operation("documents.issue")
def issue_alone(
    case: Case, paper: str, lines: list[Plain] | None = None, source: str | None = None
) -> tuple[set[No], Effect]:
    """OPP-13: on a customer alone; its version does not change."""
    found, make = issue(case, paper, lines, source)

    def alone() -> bool:
        make()
        return False

    return found, alone


def _row(method: str) -> Any:
    rows = {"opportunity": f"documents.{method}", "lead": "leads.quote", "customer": "documents.issue"}
    return lambda case, **_: (rows[case.people.bearer_key(case.record)[0]], ())


@operation("documents.accept", _row("accept"))
def accept(case: Case) -> tuple[set[No], Effect]:
    paper, found = case.record, able(case.people.bearer(case.record))
    if paper["paper"] != "quote":
        found.add(("not_a_quote", ""))
    if paper["accepted"]:
        found.add(("already_accepted", ""))
    return found, lambda: paper.update(accepted=case.now)


@operation("documents.record_payment", _row("record_payment"))
def pay(case: Case, amount: tuple[str, str]) -> tuple[set[No], Effect]:
    paper, found = case.record, able(case.people.bearer(case.record))
    if paper["paid"] is None:
        return found | {("not_an_invoice", "")}, lambda: None
    after = paper["paid"] + Fraction(amount[0])
    if not 0 <= after <= paper["total"][0]:
        found.add(("payment_out_of_range", ""))
    return found, lambda: paper.update(paid=after)


def count_deals(records: dict[tuple[str, str], Plain]) -> None:
    """CUS-2: each customer's deals are those that stand as won; who has another number now, has another version."""
    for (kind, id), customer in records.items():
        if kind == "customer":
            won = sum(
                deal["kind"] == "opportunity" and deal["customer"] == id and deal["status"] == "won"
                and not deal["voided"] for deal in records.values()
            )  # fmt: skip
            if won != customer["deals_won"]:
                customer["deals_won"], customer["version"] = won, customer["version"] + 1
