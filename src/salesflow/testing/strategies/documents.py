"""Documents of a sale with lines that add up (OPP-13)."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from salesflow.model import Document, DocumentKind, Money, ProductLine, document_id, total_of
from salesflow.model.money import minor_digits
from salesflow.testing.strategies.values import CURRENCIES, moments, names, people, record_ids

_IDS = ("deal", "lead", "acme")


@st.composite
def product_lines(
    draw: st.DrawFn, *, currency: str | None = None, min_size: int = 1, max_size: int = 4
) -> tuple[ProductLine, ...]:
    """
    Lines of a document or a deal, each key once, in one currency; broken quantities and prices that round either way.

    Args:
        currency: ISO 4217 code; None draws one.

    Source: OPP-2, OPP-13.
    """
    currency = currency or draw(st.sampled_from(CURRENCIES))
    prices = st.integers(0, 10**9).map(lambda minor: Money(Decimal(minor).scaleb(-minor_digits(currency)), currency))
    quantities = st.decimals("0.001", 10**4, places=3)
    keys = st.sampled_from(("a", "b", "c", "d", "服务"))
    line = st.builds(ProductLine, keys, names(), quantities, prices)
    return tuple(draw(st.lists(line, min_size=min_size, max_size=max_size, unique_by=lambda each: each.key)))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """
    Documents of every kind, of an opportunity, a lead or a customer; quotes accepted or not, invoices paid or not.

    Source: OPP-13.
    """
    kind, number, lines = draw(st.sampled_from(DocumentKind)), draw(names()), draw(product_lines())
    total = total_of(lines)
    owing = draw(st.integers(0, int(total.amount)))
    whole = draw(st.integers(0, 2))
    made = draw(moments())
    return Document(
        id=document_id(kind, number), version=1, kind=kind, number=number, total=total, lines=lines,
        opportunity=_IDS[0] if whole == 0 else None, lead=_IDS[1] if whole == 1 else None,
        customer=_IDS[2] if whole == 2 else draw(st.none() | record_ids()),
        source_document=draw(st.none() | record_ids()),
        accepted_at=draw(st.none() | moments()) if kind is DocumentKind.QUOTE else None,
        paid=Money(total.amount - owing, total.currency) if kind is DocumentKind.INVOICE else None,
        created_at=made, created_by=draw(people()), updated_at=made,
    )  # fmt: skip
