"""What documents are refused for: issuing, accepting, paying (OPP-13, LEAD-7)."""

from __future__ import annotations

from typing import Any

import salesflow as sf
from salesflow.model import DocumentKind
from tests.app.calls import Do, No
from tests.app.situations import quote_of_a_customer, quote_of_a_lead, quoted, quoted_lead, unassigned
from tests.app.world import LINES, World

ACCEPT: Do = lambda desk, r: desk.accept(r)  # noqa: E731 - one of a table of lambdas
PAY: Do = lambda desk, r: desk.record_payment(r, sf.Money(1, "CNY"))  # noqa: E731


def issues(method: str, lines: Any = LINES, **source: str) -> Do:
    return lambda desk, r: getattr(desk, method)(r, lines, **source)


def issues_alone(method: str, lines: Any = LINES, **source: str) -> Do:
    return lambda desk, r: desk.issue(r, method, lines, **source)


def deal_beside_a_quote_of_another(world: World) -> sf.Opportunity:
    """One beside a contract of another deal, contract:C-1."""
    world.acting("li").opportunities.issue_contract(world.deal(), LINES)
    return world.deal()


def lead_beside_a_quote_of_another(world: World) -> sf.Lead:
    """One beside an accepted quote of another lead, quote:Q-1."""
    world.acting("li").documents.accept(quote_of_a_lead(world))
    return world.lead()


def customer_beside_a_contract_of_another(world: World) -> sf.Customer:
    """One beside a contract on another customer, contract:C-1."""
    world.acting("li").documents.issue(world.customer(), "contract", LINES)
    return world.customer(name="Globex")


def customer_with_a_quote(world: World) -> sf.Customer:
    """One with a quote, quote:Q-1, that nobody accepted."""
    return world.acting("li").customers.get(quote_of_a_customer(world).customer or "")


DOLLARS = sf.ProductLine("x", "X", LINES[0].quantity, sf.Money(1, "USD"))
UNNUMBERED: dict[str, Any] = {"documents": None}
NO_LINES = [
    no
    for group, given, do, methods in (
        ("leads", World.lead, issues, "quote order"),
        ("opportunities", World.deal, issues, "issue_quote issue_contract issue_order issue_invoice"),
        ("documents", World.customer, issues_alone, "invoice"),
    )
    for method in methods.split()
    for operation in [f"{group}.{'issue' if group == 'documents' else method}"]
    for no in (
        No(operation, "li", given, do(method), "documents_unavailable", UNNUMBERED),
        No(operation, "li", given, do(method, ()), "lines_missing"),
        No(operation, "li", given, do(method, [*LINES, DOLLARS]), "several_currencies"),
    )
]
NO_SOURCE = [
    no
    for method in ("issue_contract", "issue_order", "issue_invoice")
    for no in (
        No(f"opportunities.{method}", "li", quoted, issues(method, (), source="quote:Q-1"), "quote_not_accepted"),
        No(f"opportunities.{method}", "li", lambda w: w.acting("li").opportunities.get(w.invoice().opportunity or ""),
           issues(method, source="invoice:I-1"), "wrong_source"),
        No(f"opportunities.{method}", "li", deal_beside_a_quote_of_another, issues(method, source="contract:C-1"),
           "wrong_source source_elsewhere" if method == "issue_contract" else "source_elsewhere"),
    )
]  # fmt: skip

NO_DOCUMENT = [
    *NO_LINES,
    *NO_SOURCE,
    No("opportunities.issue_order", "li", World.lost, issues("issue_order"), "wrong_status"),
    No("leads.quote", "root", unassigned, issues("quote"), "wrong_status"),
    No("leads.order", "li", quoted_lead, issues("order", (), source="quote:Q-1"), "quote_not_accepted"),
    No("leads.order", "li", lead_beside_a_quote_of_another, issues("order", source="quote:Q-1"), "source_elsewhere"),
    No("leads.order", "li", lambda w: w.acting("li").leads.order(w.lead(), LINES).record,
       issues("order", source="contract:C-1"), "wrong_source"),
    No("documents.issue", "li", customer_with_a_quote, issues_alone("order", (), source="quote:Q-1"),
       "quote_not_accepted"),
    No("documents.issue", "li", customer_with_a_quote, issues_alone("quote", source="quote:Q-1"), "wrong_source"),
    No("documents.issue", "li", customer_beside_a_contract_of_another, issues_alone("order", source="contract:C-1"),
       "source_elsewhere"),
    No("documents.accept", "li", World.invoice, ACCEPT, "not_a_quote"),
    No("documents.accept", "li", World.accepted, ACCEPT, "already_accepted"),
    No("documents.accept", "li", lambda w: (q := w.quote(), w.acting("li").opportunities.lose(
        q.opportunity or "", reason="price"))[0], ACCEPT, "wrong_status"),
    No("documents.accept", "li", lambda w: (q := quote_of_a_lead(w), w.acting("root").leads.disable(q.lead or ""))[0],
       ACCEPT, "is_disabled"),
    No("documents.record_payment", "li", World.quote, PAY, "not_an_invoice"),
    No("documents.record_payment", "li", World.invoice, lambda desk, r: desk.record_payment(r, sf.Money(-1, "CNY")),
       "payment_out_of_range"),
    No("documents.record_payment", "root", lambda w: (i := w.invoice(), w.voided(
        w.acting("li").opportunities.get(i.opportunity or "")))[0], PAY, "is_voided"),
    No("documents.record_payment", "li", quote_of_a_customer, PAY, "not_an_invoice"),
    No("documents.record_payment", "li", lambda w: w.place(quote_of_a_lead(w), kind=DocumentKind.INVOICE, id="x",
       paid=sf.Money(0, "CNY"), lead=w.acting("root").leads.disable("lead-1").id), PAY, "is_disabled"),
]  # fmt: skip
"""Each reason that is given of documents."""
