"""Issuing documents, accepting a quote, recording a payment, and what follows from a win (OPP-13, LEAD-7, CUS-2)."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    Conversion,
    Customer,
    DealStatus,
    Document,
    DocumentKind,
    LeadStatus,
    Money,
    OpportunityStatus,
    ProductLine,
    Reason,
    check,
    created,
    replay,
)
from salesflow.process import (
    accept_quote,
    compile,
    count_deals,
    customer_won,
    delete,
    draft_document,
    number_document,
    record_payment,
    void,
    write_number_back,
)
from salesflow.process.documents import SOURCES, Bearer
from salesflow.testing.strategies import product_lines
from tests.process.samples import AT, BY, MINE, NAIVE, a_lead, closed, codes, does, kinds, later, opened

LINES = (
    ProductLine("cable", "Cable", Decimal("2.5"), Money("0.33", "CNY")),
    ProductLine("box", "Box", Decimal(2), Money("10", "CNY")),
)
QUOTE, CONTRACT, ORDER, INVOICE = DocumentKind
ACME = Customer(id="acme", version=1, name="Acme", owner="li")


def bearers() -> dict[str, Bearer]:
    """One of each kind of record that a document is issued for."""
    return {"opportunity": opened(), "lead": a_lead(), "customer": ACME}


def issued(kind: DocumentKind = QUOTE, bearer: Bearer | None = None, number: str = "7", **values: Any) -> Document:
    """A document that was issued."""
    lines, source = values.pop("lines", LINES), values.pop("source", None)
    draft, reasons = draft_document(kind, bearer or opened(), lines, source, **BY)
    assert reasons == ()
    assert draft is not None
    return evolve(number_document(draft, number), **values)


def accepted(bearer: Bearer | None = None) -> Document:
    return does(issued(bearer=bearer), accept_quote(issued(bearer=bearer), bearer or opened(), **BY))


def refusals(kind: DocumentKind, bearer: Bearer, lines: Any = LINES, source: Document | None = None) -> list[str]:
    draft, reasons = draft_document(kind, bearer, lines, source, **BY)
    assert (draft is None) == bool(reasons)
    assert all(str(reason) != repr(reason) for reason in reasons)
    return [reason.code for reason in reasons]


@pytest.mark.parametrize("kind", DocumentKind)
@pytest.mark.parametrize("bearer", ["opportunity", "lead", "customer"])
def test_a_document_is_whole_when_it_is_issued(kind: DocumentKind, bearer: str) -> None:
    """OPP-13: with lines, total and what it is for; sound, made by its one event; of an invoice nothing is paid yet."""
    about = bearers()[bearer]
    made = issued(kind, about)
    assert check(made) == []
    assert made.belongs_to == (bearer, about.id)
    assert (made.customer, made.total) == (None if bearer == "lead" else "acme", Money("20.83", "CNY"))
    assert (made.id, made.number, made.version) == (f"{kind}:7", "7", 1)
    assert made.paid == (Money(0, "CNY") if kind is INVOICE else None)
    assert (made.created_at, made.created_by, made.updated_at) == (AT, "li", AT)
    assert replay((created(made, operation="issue", **BY),)) == made
    with pytest.raises(InvalidInput, match="aware"):
        draft_document(kind, about, LINES, None, by="li", at=NAIVE)


def test_a_converted_leads_document_is_for_what_it_became() -> None:
    """LEAD-6, LEAD-7: then the customer is known."""
    lead = a_lead(status=LeadStatus.CONVERTED, conversion=Conversion("acme", None, None))
    assert issued(bearer=lead).customer == "acme"
    contact_only = a_lead(status=LeadStatus.CONVERTED, conversion=Conversion(None, "qian", None))
    assert issued(bearer=contact_only).customer is None


@pytest.mark.parametrize("status", OpportunityStatus)
def test_an_opportunity_takes_documents_while_it_is_worked_or_won(status: OpportunityStatus) -> None:
    """OPP-13: in progress or won, and not voided."""
    deal = opened() if status is OpportunityStatus.IN_PROGRESS else closed(status)
    is_fine = status in (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON)
    assert refusals(ORDER, deal) == ([] if is_fine else ["wrong_status"])
    assert refusals(ORDER, evolve(deal, voided=True)) == ["is_voided"]


@pytest.mark.parametrize("status", LeadStatus)
def test_a_lead_takes_documents_while_it_is_assigned_or_converted(status: LeadStatus) -> None:
    """LEAD-7: assigned or converted, neither voided nor disabled."""
    lead = a_lead(status=status)
    is_fine = status in (LeadStatus.ASSIGNED, LeadStatus.CONVERTED)
    assert refusals(QUOTE, lead) == ([] if is_fine else ["wrong_status"])
    lead = a_lead(voided=True, disabled=True)
    assert refusals(QUOTE, lead) == ["is_voided", "is_disabled"]


def test_a_voided_customer_takes_none() -> None:
    """OPP-13."""
    assert refusals(QUOTE, evolve(ACME, voided=True)) == ["is_voided"]


def test_lines_come_from_the_call_the_source_or_the_deal() -> None:
    """OPP-13: in this order; with none, and in two currencies, there is no document."""
    priced = evolve(opened(), products=LINES[:1])
    source = accepted(priced)
    assert issued(ORDER, priced, lines=LINES[1:], source=source).lines == LINES[1:]
    assert issued(ORDER, priced, lines=(), source=source).lines == source.lines == LINES
    assert issued(ORDER, priced, lines=()).lines == LINES[:1]
    assert refusals(ORDER, opened(), ()) == ["lines_missing"]
    assert refusals(QUOTE, a_lead(), ()) == ["lines_missing"]
    dollars = ProductLine("x", "X", Decimal(1), Money(1, "USD"))
    draft, (reason,) = draft_document(QUOTE, opened(), (*LINES, dollars), None, **BY)
    assert (draft, reason) == (None, Reason("several_currencies", currencies=("CNY", "USD")))
    with pytest.raises(InvalidInput, match="must be smaller than"):
        refusals(QUOTE, opened(), (ProductLine("x", "X", Decimal(10**10), Money(10**10, "CNY")),))


@pytest.mark.parametrize(("kind", "source"), [*product(DocumentKind, DocumentKind)])
def test_which_document_comes_from_which(kind: DocumentKind, source: DocumentKind) -> None:
    """OPP-13: a contract from quote or order, an order from quote or contract, an invoice from any of these."""
    come_from = {"contract": "quote order", "order": "quote contract", "invoice": "quote contract order"}
    earlier = accepted() if source is QUOTE else issued(source)
    assert refusals(kind, opened(), LINES, earlier) == (
        [] if source in come_from.get(kind, "").split() else ["wrong_source"]
    )
    assert SOURCES[kind] == tuple(come_from.get(kind, "").split())


def test_an_order_is_made_from_an_accepted_quote_in_one_step() -> None:
    """OPP-13: it carries the lines over and remembers the quote; a quote that nobody accepted makes none."""
    quote = accepted()
    order = issued(ORDER, source=quote, lines=())
    assert (order.lines, order.total, order.source_document) == (quote.lines, quote.total, "quote:7")
    assert refusals(ORDER, opened(), (), issued()) == ["quote_not_accepted"]


def test_a_source_is_of_the_same_deal() -> None:
    """OPP-13: of this opportunity, the lead that it came from, or its customer alone; a lead's, or a customer's."""
    deal = evolve(opened(), source_lead="lead")
    lead = a_lead(status=LeadStatus.CONVERTED, conversion=Conversion("acme", None, None))
    other = evolve(opened(), id="other")
    known: dict[str, Bearer] = {"deal": deal, "other": other, "lead": lead, "acme": ACME}
    of = {name: issued(ORDER, about) for name, about in known.items()}
    fits = {
        name: {source for source, paper in of.items() if not refusals(INVOICE, about, LINES, paper)}
        for name, about in known.items()
    }
    assert fits == {
        "deal": {"deal", "lead", "acme"}, "other": {"other", "acme"}, "lead": {"lead", "acme"}, "acme": {"acme"},
    }  # fmt: skip
    assert refusals(INVOICE, a_lead(), LINES, of["acme"]) == ["source_elsewhere"]
    assert draft_document(INVOICE, evolve(deal, source_lead="merged"), LINES, of["lead"], source_lead="lead", **BY)[0]


@pytest.mark.parametrize("kind", DocumentKind)
def test_numbers_are_written_back(kind: DocumentKind) -> None:
    """OPP-13, LEAD-7: a deal knows the last number of every kind, a lead of quote and contract, a customer none."""
    back: dict[str, Any] = {"operation": "test", **BY}
    deal, lead = opened(), a_lead()
    for number in ("7", "8"):
        paper = issued(kind, number=number)
        deal = does(deal, write_number_back(deal, paper, **back))
        assert getattr(deal, f"{kind}_number") == number
        assert deal.has_documents
        decision = write_number_back(lead, paper, **back)
        if kind in (QUOTE, CONTRACT):
            lead = does(lead, decision)
            assert getattr(lead, f"{kind}_number") == number
        else:
            assert decision.events == ()
        assert lead.has_documents == (kind in (QUOTE, CONTRACT))
    assert kinds(write_number_back(opened(), issued(kind), **back)) == ["document_issued"]
    assert write_number_back(ACME, issued(kind), **back).events == ()
    assert not opened().has_documents


def test_a_deal_with_documents_is_not_deleted() -> None:
    """OPP-10: nothing but its creation happened, and no document."""
    deal = opened()
    assert kinds(delete(deal, **BY)) == ["deleted"]
    numbered = does(deal, write_number_back(deal, issued(), operation="test", **BY))
    assert codes(delete(numbered, **BY)) == ["has_history", "has_documents"]
    assert codes(delete(evolve(numbered, version=1), **BY)) == ["has_documents"]


def test_a_quote_is_accepted_once() -> None:
    """OPP-13: when is kept; nothing but a quote is accepted, and nothing for a deal that is over."""
    quote, deal = issued(), opened()
    after = does(quote, accept_quote(quote, deal, by="zhang", at=later()))
    assert after.accepted_at == later()
    assert kinds(accept_quote(quote, deal, **BY)) == ["quote_accepted"]
    assert codes(accept_quote(after, deal, **BY)) == ["already_accepted"]
    assert codes(accept_quote(quote, closed(OpportunityStatus.LOST), **BY)) == ["wrong_status"]
    for kind in (CONTRACT, ORDER, INVOICE):
        assert codes(accept_quote(issued(kind), deal, **BY)) == ["not_a_quote"]


def test_what_is_paid_stays_between_nothing_and_the_total() -> None:
    """OPP-13: a payment adds up, a negative one takes back; no more than the invoice asks, and nothing else is paid."""
    deal, invoice = opened(), issued(INVOICE)
    half = does(invoice, record_payment(invoice, deal, Money("10", "CNY"), **BY))
    assert half.paid == Money("10", "CNY")
    assert kinds(record_payment(half, deal, Money("10.83", "CNY"), **BY)) == ["payment_recorded"]
    assert does(half, record_payment(half, deal, Money("-10", "CNY"), **BY)).paid == Money(0, "CNY")
    for amount in ("10.84", "-10.01"):
        assert codes(record_payment(half, deal, Money(amount, "CNY"), **BY)) == ["payment_out_of_range"]
    lost = closed(OpportunityStatus.LOST)
    assert codes(record_payment(half, lost, Money("99", "CNY"), **BY)) == ["wrong_status", "payment_out_of_range"]
    for kind in (QUOTE, CONTRACT, ORDER):
        assert codes(record_payment(issued(kind), deal, Money(1, "CNY"), **BY)) == ["not_an_invoice"]
    with pytest.raises(InvalidInput, match="must not be zero"):
        record_payment(invoice, deal, Money(0, "CNY"), **BY)
    with pytest.raises(InvalidInput, match="cannot be mixed"):
        record_payment(invoice, deal, Money(1, "USD"), **BY)


@given(product_lines(), st.lists(st.integers(-50, 100), max_size=6))
def test_payments_add_up(lines: tuple[ProductLine, ...], percents: list[int]) -> None:
    """OPP-13: paid is the sum of the payments that were let, and never less than nothing nor more than the total."""
    deal = opened()
    invoice = issued(INVOICE, lines=lines)
    total, let = invoice.total.amount, Decimal(0)
    cent = Decimal(1).scaleb(invoice.lines[0].amount.amount.as_tuple().exponent)  # type: ignore[arg-type]
    for percent in percents:
        amount = Money((total * percent / 100).quantize(cent), invoice.total.currency)
        if amount.amount:
            decision = record_payment(invoice, deal, amount, **BY)
            assert decision.is_allowed == (0 <= let + amount.amount <= total)
            if decision.is_allowed:
                invoice, let = does(invoice, decision), let + amount.amount
        assert invoice.paid == Money(let, invoice.total.currency)


@pytest.mark.parametrize("status", OpportunityStatus)
def test_which_deal_counts_for_its_customer(status: OpportunityStatus) -> None:
    """CUS-2: one that stands as won, until it is reopened or voided; of a contact alone, for nobody."""
    deal = opened() if status is OpportunityStatus.IN_PROGRESS else closed(status)
    assert customer_won(deal) == ("acme" if status is OpportunityStatus.WON else None)
    assert customer_won(does(deal, void(deal, reason=None, **BY))) is None
    if status is OpportunityStatus.WON:
        assert customer_won(evolve(deal, customer=None, contact="qian")) is None
        assert customer_won(does(deal, compile(MINE).reopen(deal, **BY))) is None


def test_the_deal_status_follows_the_wins() -> None:
    """CUS-2: none, deal, repeat, and back; it never falls below none."""
    customer, seen = ACME, [ACME.deal_status]
    for further in (1, 1, 1, -1, -1, -1):
        decision = count_deals(customer, further, operation="opportunities.win", by="li", at=AT)
        assert kinds(decision) == ["deals_counted"]
        customer = does(customer, decision)
        seen.append(customer.deal_status)
    none, deal, repeat = DealStatus
    assert seen == [none, deal, repeat, repeat, repeat, deal, none]
    assert count_deals(customer, -1, operation="opportunities.reopen", **BY).events == ()
    assert check(evolve(customer, deals_won=-1)) == ["deals_won: not negative"]
