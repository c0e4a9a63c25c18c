"""
Issuing documents, accepting a quote, recording a payment (OPP-13, LEAD-7).

A document is drafted before it has a number: the application's numbering is asked only for what is not refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from attrs import evolve, fields_dict

from salesflow.errors import InvalidInput
from salesflow.model import (
    Customer,
    Decision,
    Document,
    DocumentKind,
    EventBuilder,
    EventKind,
    Lead,
    LeadStatus,
    Money,
    Opportunity,
    ProductLine,
    Reason,
    document_id,
    total_of,
    utc,
)
from salesflow.process.standing import SELLING, lead_stands, opportunity_stands, refused

Bearer: TypeAlias = Opportunity | Lead | Customer
"""What a document is issued for."""

SOURCES: Mapping[DocumentKind, tuple[DocumentKind, ...]] = MappingProxyType(
    {
        DocumentKind.QUOTE: (),
        DocumentKind.CONTRACT: (DocumentKind.QUOTE, DocumentKind.ORDER),
        DocumentKind.ORDER: (DocumentKind.QUOTE, DocumentKind.CONTRACT),
        DocumentKind.INVOICE: (DocumentKind.QUOTE, DocumentKind.CONTRACT, DocumentKind.ORDER),
    }
)
"""The kinds of document that one of each kind is made from."""

_QUOTED = (LeadStatus.ASSIGNED, LeadStatus.CONVERTED)


def draft_document(
    kind: DocumentKind, bearer: Bearer, lines: tuple[ProductLine, ...], source: Document | None, *,
    source_lead: str | None = None, by: str, at: datetime,
) -> tuple[Document | None, tuple[Reason, ...]]:  # fmt: skip
    """
    Return the document that is to be issued, still without id and number; or None, with every reason against it.

    Args:
        bearer: What it is issued for.
        lines: What is sold; of none given, those of *source* count, then the products of an opportunity.
        source: The document that it is made from, or None.
        source_lead: The lead that has the documents of the one that an opportunity came from, where that one was merged
            (LEAD-15); None means that it was not.

    Raises:
        InvalidInput: A line, or all of them together, come to more than the largest amount.

    Source: OPP-13, LEAD-7.
    """
    reasons = [*_stands(bearer), *_against_source(kind, bearer, source, source_lead)]
    if not lines and source is not None:
        lines = source.lines
    if not lines and isinstance(bearer, Opportunity):
        lines = bearer.products
    currencies = {line.unit_price.currency for line in lines}
    if not lines:
        reasons.append(Reason("lines_missing"))
    if len(currencies) > 1:
        reasons.append(Reason("several_currencies", currencies=tuple(sorted(currencies))))
    if reasons:
        return None, tuple(reasons)
    at, total = utc(at), total_of(lines)
    draft = Document(
        id="", version=1, kind=kind, number="", total=total, customer=_customer_of(bearer),
        opportunity=bearer.id if isinstance(bearer, Opportunity) else None,
        lead=bearer.id if isinstance(bearer, Lead) else None,
        source_document=None if source is None else source.id, lines=lines,
        paid=Money(0, total.currency) if kind is DocumentKind.INVOICE else None,
        created_at=at, created_by=by, updated_at=at,
    )  # fmt: skip
    return draft, ()


def number_document(draft: Document, number: str) -> Document:
    """Return *draft* with its number and id: what is issued."""
    return evolve(draft, id=document_id(draft.kind, number), number=number)


def write_number_back(record: Bearer, document: Document, *, by: str, at: datetime, operation: str) -> Decision:
    """
    Decide that *record* remembers the document's number: an opportunity of every kind, a lead of some, a customer none.

    Source: OPP-13, LEAD-7.
    """
    name = f"{document.kind}_number"
    if name not in fields_dict(type(record)):
        return Decision()
    builder = EventBuilder(record, at=at, by=by, operation=operation)
    builder.add(EventKind.DOCUMENT_ISSUED, **{name: document.number})
    return builder.decision()


def accept_quote(document: Document, bearer: Bearer, *, by: str, at: datetime) -> Decision:
    """
    Decide that the customer accepted a quote, once.

    Args:
        bearer: What the quote belongs to.

    Source: OPP-13.
    """
    reasons = list(_stands(bearer))
    if document.kind is not DocumentKind.QUOTE:
        reasons.append(Reason("not_a_quote", document=document.id, kind=str(document.kind)))
    if document.accepted_at is not None:
        reasons.append(Reason("already_accepted", document=document.id))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(document, at=at, by=by, operation="documents.accept")
    builder.add(EventKind.QUOTE_ACCEPTED, accepted_at=builder.at)
    return builder.decision()


def record_payment(document: Document, bearer: Bearer, amount: Money, *, by: str, at: datetime) -> Decision:
    """
    Decide to add a payment to what was paid of an invoice, which stays between nothing and the total.

    Args:
        bearer: What the invoice belongs to.
        amount: What was paid; a negative one takes a payment back that bounced or was a mistake.

    Raises:
        InvalidInput: The amount is zero or in another currency; the calling code must say what was paid.

    Source: OPP-13.
    """
    if not amount.amount:
        raise InvalidInput("amount", str(amount), "must not be zero")
    reasons = list(_stands(bearer))
    if document.paid is None:
        reasons.append(Reason("not_an_invoice", document=document.id, kind=str(document.kind)))
        return refused(*reasons)
    paid = document.paid + amount
    if not 0 <= paid.amount <= document.total.amount:
        facts = {"paid": str(document.paid), "total": str(document.total), "amount": str(amount)}
        reasons.append(Reason("payment_out_of_range", **facts))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(document, at=at, by=by, operation="documents.record_payment")
    builder.add(EventKind.PAYMENT_RECORDED, paid=paid)
    return builder.decision()


def _stands(bearer: Bearer) -> tuple[Reason, ...]:
    if isinstance(bearer, Opportunity):
        return opportunity_stands(bearer, SELLING)
    if isinstance(bearer, Lead):
        return lead_stands(bearer, _QUOTED)
    return (Reason("is_voided"),) if bearer.voided else ()


def _customer_of(bearer: Bearer) -> str | None:
    if isinstance(bearer, Lead):
        return bearer.conversion.customer if bearer.conversion is not None else None
    return bearer.customer if isinstance(bearer, Opportunity) else bearer.id


def _against_source(
    kind: DocumentKind, bearer: Bearer, source: Document | None, source_lead: str | None
) -> list[Reason]:
    """A source is an earlier document of the same deal, and a quote is one that the customer said yes to."""
    if source is None:
        return []
    reasons = []
    if source.kind not in SOURCES[kind]:
        allowed = tuple(map(str, SOURCES[kind])) or ("none",)
        reasons.append(Reason("wrong_source", kind=str(kind), source=str(source.kind), allowed=allowed))
    elif source.kind is DocumentKind.QUOTE and source.accepted_at is None:
        reasons.append(Reason("quote_not_accepted", document=source.id))
    own: list[tuple[str, str | None]] = [(bearer.KIND, bearer.id), ("customer", _customer_of(bearer))]
    if isinstance(bearer, Opportunity):
        own.append(("lead", source_lead or bearer.source_lead))
    if source.belongs_to not in own:
        reasons.append(Reason("source_elsewhere", document=source.id))
    return reasons
