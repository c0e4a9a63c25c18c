"""What may happen next with documents: issuing, accepting, paying (OPP-13, LEAD-7)."""

from __future__ import annotations

from typing import Any

from tests.machine.driver import Run
from tests.machine.steps import EVERYBODY, Plain, a_deal, coin, on_record, pick, some_id, step

PAPERS = ("quote", "contract", "order", "invoice")


def some_lines(run: Run) -> list[Plain] | None:
    """A line or two, now and then none at all, or in two currencies."""
    crm = {"key": "crm", "name": "CRM2000", "quantity": pick(run, ("1", "2.5", "0.005")), "price": "33.33"}
    day = {"key": "day", "name": "Training", "quantity": "3", "price": pick(run, ("0.01", "900"))}
    lines: Any = pick(run, ([crm], [crm, day], [crm, day], [day], [], None))
    foreign = coin(run, 8)
    return lines and [{**line, "currency": "USD" if foreign and line is day else "CNY"} for line in lines]


def some_source(run: Run, *about: tuple[str, str | None]) -> str | None:
    """A document that the new one may be made from, of the same deal more often than not."""
    papers = [record for (kind, _), record in run.books.records.items() if kind == "document"]
    own = [paper["id"] for paper in papers if run.books.people.bearer_key(paper) in about]
    found: str | None = pick(run, (*own[-2:] * 2, *[paper["id"] for paper in papers][-1:], None, None, "quote:none"))
    return found


def issue_for_a_deal(run: Run, paper: str) -> None:
    id, deal = a_deal(run, lambda deal: deal["status"] in ("in_progress", "won") and not deal["voided"])
    given: Plain = {"lines": some_lines(run)}
    if paper != "quote":
        lead = run.books.records.get(("lead", deal["source_lead"])) if deal else None
        about = [("opportunity", id), *([("lead", run.books.survivor(lead)["id"])] if lead else [])]
        given["source"] = some_source(run, *about)
    on_record(run, f"opportunities.issue_{paper}", id, **given)


@step("opportunities.issue_quote", 3)
def quote(run: Run) -> None:
    issue_for_a_deal(run, "quote")


@step("opportunities.issue_contract", 1)
def contract(run: Run) -> None:
    issue_for_a_deal(run, "contract")


@step("opportunities.issue_order")
def order(run: Run) -> None:
    issue_for_a_deal(run, "order")


@step("opportunities.issue_invoice")
def invoice(run: Run) -> None:
    issue_for_a_deal(run, "invoice")


@step("leads.quote")
def quote_a_lead(run: Run) -> None:
    on_record(run, "leads.quote", some_id(run, "lead"), lines=some_lines(run) or [])


@step("leads.order", 1)
def order_of_a_lead(run: Run) -> None:
    id = some_id(run, "lead")
    on_record(run, "leads.order", id, lines=some_lines(run), source=some_source(run, ("lead", id)))


@step("documents.issue", 1)
def issue_for_a_customer(run: Run) -> None:
    id = some_id(run, "customer")
    customer = run.books.records.get(("customer", id))
    person = customer["owner"] if customer and not coin(run, 3) else None
    source = some_source(run, ("customer", id))
    given: Plain = {"paper": pick(run, PAPERS), "lines": some_lines(run), "source": source}
    run.attempt("documents.issue", person or pick(run, EVERYBODY), id, given, by_snapshot=coin(run, 4))


def a_paper(run: Run, paper: str) -> tuple[str, str]:
    """A document, more often than not of that sort, and somebody who might work it."""
    known = [r["id"] for (kind, _), r in run.books.records.items() if kind == "document" and r["paper"] == paper]
    id = pick(run, (*known[-3:] * 2, some_id(run, "document")))
    record = run.books.records.get(("document", id))
    whole = run.books.people.bearer(record) if record else None
    owner = whole["owner"] if whole else None
    return id, pick(run, (*[owner] * 4, "root", *EVERYBODY)) or "root"


@step("documents.accept", 3)
def accept(run: Run) -> None:
    id, person = a_paper(run, "quote")
    on_record(run, "documents.accept", id, person)


@step("documents.record_payment", 3)
def pay(run: Run) -> None:
    id, person = a_paper(run, "invoice")
    record = run.books.records.get(("document", id))
    currency = record["total"][1] if record else "CNY"
    amount = (pick(run, ("0.01", "33.33", "83.33", "-33.33", "99999")), currency)
    on_record(run, "documents.record_payment", id, person, amount=amount)
