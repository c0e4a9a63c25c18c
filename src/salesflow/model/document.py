"""Documents of a sale: quote, contract, order, invoice, with lines and an exact total (OPP-13)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from attrs import frozen

from salesflow.model.money import Money


@frozen
class ProductLine:
    """
    One product with its quantity and unit price.

    Args:
        key: The product's code, unique within the record.
        name: For people.
        quantity: How many, an exact decimal.
        unit_price: The price of one.

    Source: OPP-2, OPP-13.
    """

    key: str
    name: str
    quantity: Decimal
    unit_price: Money


@frozen(kw_only=True)
class Document:
    """
    A quote, contract, order or invoice.

    Args:
        kind: ``quote``, ``contract``, ``order`` or ``invoice``.
        number: The number that the application's numbering gave.
        customer: Whom it is for.
        opportunity, lead: What it belongs to, or None.
        source_document: The document it was made from, or None.
        total: The sum, as issued.
        paid: Of an invoice, how much the application says was paid; None for the others.

    Source: OPP-13, LEAD-7.
    """

    KIND: ClassVar[str] = "document"

    id: str
    version: int
    kind: str
    number: str
    total: Money
    customer: str | None = None
    opportunity: str | None = None
    lead: str | None = None
    source_document: str | None = None
    lines: tuple[ProductLine, ...] = ()
    paid: Money | None = None
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
