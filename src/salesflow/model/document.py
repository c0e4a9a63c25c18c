"""
Documents of a sale: quote, contract, order, invoice, with lines and an exact total (OPP-13).

A line's amount is quantity times unit price, rounded half up to the currency's smallest unit, as European and Chinese
invoices are; the total is the sum of the lines' amounts, so that what stands on paper adds up to the cent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from functools import reduce
from typing import ClassVar

from attrs import frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import DocumentKind
from salesflow.model.money import LARGEST_AMOUNT, Money, minor_digits

LONGEST_NUMBER = 100
"""A document's number has at most so many characters."""

_EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


@frozen
class ProductLine:
    """
    One product with its quantity and unit price.

    Args:
        key: The product's code, unique within the record.
        name: For people.
        quantity: How many, an exact decimal above zero.
        unit_price: The price of one, not negative.

    Source: OPP-2, OPP-13.
    """

    key: str
    name: str
    quantity: Decimal
    unit_price: Money

    @property
    def amount(self) -> Money:
        """
        What the line comes to: rounded to the currency's smallest unit, a half away from zero.

        Raises:
            InvalidInput: It is beyond the largest amount, or the quantity is none.

        Source: OPP-13.

        >>> ProductLine("cable", "Cable, by the metre", Decimal("2.5"), Money("0.33", "CNY")).amount
        Money(amount=Decimal('0.83'), currency='CNY')
        """
        price = self.unit_price
        if not (self.quantity.is_finite() and -LARGEST_AMOUNT < self.quantity < LARGEST_AMOUNT):
            raise InvalidInput("quantity", self.quantity, f"must be smaller than {LARGEST_AMOUNT}")
        cent = Decimal(1).scaleb(-minor_digits(price.currency))
        exact = _EXACT.multiply(self.quantity, price.amount)
        return Money(exact.quantize(cent, ROUND_HALF_UP, _EXACT), price.currency)


def total_of(lines: Iterable[ProductLine]) -> Money:
    """
    Return what *lines*, at least one, come to: the sum of their amounts.

    Raises:
        InvalidInput: The lines have several currencies, or come to more than the largest amount.

    Source: OPP-13.
    """
    return reduce(Money.__add__, [line.amount for line in lines])


def document_id(kind: DocumentKind, number: str) -> str:
    """
    Return the id of a document: made of its number, so that no store can hold one number of a kind twice.

    Source: OPP-13.
    """
    return f"{kind}:{number}"


@frozen(kw_only=True)
class Document:
    """
    A quote, contract, order or invoice.

    What it is about belongs to an opportunity, else to a lead, else to a customer alone; whoever sees that sees the
    document. Once issued it changes only by being accepted or paid.

    Args:
        id: Its kind and its number, such as ``quote:Q-7``: a number is given once per kind.
        kind: What it is.
        number: The number that the application's numbering gave.
        customer: Whom it is for; None where only a contact, or a lead, is known.
        opportunity, lead: What it belongs to, or None.
        source_document: The id of the document it was made from, or None.
        lines: What is sold, at least one, all in one currency.
        total: The sum of the lines' amounts.
        accepted_at: Of a quote, when the customer accepted it (UTC); None until then, and for the others.
        paid: Of an invoice, how much the application says was paid; None for the others.

    Source: OPP-13, LEAD-7.
    """

    KIND: ClassVar[str] = "document"

    id: str
    version: int
    kind: DocumentKind
    number: str
    total: Money
    customer: str | None = None
    opportunity: str | None = None
    lead: str | None = None
    source_document: str | None = None
    lines: tuple[ProductLine, ...] = ()
    accepted_at: datetime | None = None
    paid: Money | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None

    @property
    def belongs_to(self) -> tuple[str, str] | None:
        """The kind and id of the record that decides who sees it and who may act on it; None for a broken one."""
        named = (("opportunity", self.opportunity), ("lead", self.lead), ("customer", self.customer))
        return next(((kind, id) for kind, id in named if id is not None), None)
