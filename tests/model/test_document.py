"""Documents add up: lines, rounding, totals, and what always holds of one (OPP-13)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from attrs import evolve
from hypothesis import given

from salesflow.errors import InvalidInput
from salesflow.model import Document, DocumentKind, Money, ProductLine, check, document_id, total_of
from salesflow.model.money import minor_digits
from salesflow.testing.strategies import CURRENCIES, documents, product_lines


def line(quantity: str, price: str, currency: str = "CNY", key: str = "a") -> ProductLine:
    return ProductLine(key, "A", Decimal(quantity), Money(price, currency))


@pytest.mark.parametrize(
    ("quantity", "price", "currency", "amount"),
    [
        ("2", "0.33", "CNY", "0.66"),
        ("2.5", "0.33", "CNY", "0.83"),  # 0.825
        ("0.5", "0.01", "CNY", "0.01"),  # half a cent goes up, not to the even one
        ("2.5", "0.01", "CNY", "0.03"),
        ("0.4999999999999999999999999999999999", "0.01", "CNY", "0.00"),  # not rounded twice
        ("1.5", "1", "JPY", "2"),
        ("0.5", "0.001", "KWD", "0.001"),
        ("1E-400000", "1", "CNY", "0"),
        ("999999999999999", "0.01", "CNY", "9999999999999.99"),
    ],
)
def test_a_line_is_rounded_half_up_to_the_smallest_unit(quantity: str, price: str, currency: str, amount: str) -> None:
    """OPP-13: quantity times unit price, exactly, then once to the cent: a half goes away from zero."""
    assert line(quantity, price, currency).amount == Money(amount, currency)


@pytest.mark.parametrize("quantity", ["1E15", "1E999999999", "NaN", "sNaN", "Infinity"])
def test_a_quantity_beyond_all_is_refused(quantity: str) -> None:
    """REL-8: typed, and at once, however large the exponent."""
    with pytest.raises(InvalidInput, match="quantity"):
        _ = line(quantity, "1").amount


def test_an_amount_beyond_all_is_refused() -> None:
    """OPP-13: a line, or all of them, that come to more than any amount may be."""
    with pytest.raises(InvalidInput, match="must be smaller than"):
        _ = line("1000", "999999999999999").amount
    with pytest.raises(InvalidInput, match="must be smaller than"):
        total_of([line("1", "999999999999999"), line("1", "999999999999999", key="b")])
    with pytest.raises(InvalidInput, match="cannot be mixed"):
        total_of([line("1", "1"), line("1", "1", "USD", "b")])


@given(product_lines())
def test_the_parts_add_up_to_the_total(lines: tuple[ProductLine, ...]) -> None:
    """OPP-13: the total is the sum of what stands behind each line, and each is within half a unit of the exact one."""
    digits = minor_digits(lines[0].unit_price.currency)
    amounts = [each.amount for each in lines]
    assert sum(Fraction(amount.amount) for amount in amounts) == Fraction(total_of(lines).amount)
    for each, amount in zip(lines, amounts, strict=True):
        exact = Fraction(each.quantity) * Fraction(each.unit_price.amount)
        off = (Fraction(amount.amount) - exact) * 10**digits
        assert -Fraction(1, 2) < off <= Fraction(1, 2)
        assert amount == Money(amount.amount, each.unit_price.currency)


@given(product_lines(min_size=2))
def test_the_order_of_the_lines_does_not_matter(lines: tuple[ProductLine, ...]) -> None:
    """OPP-13: nor does how they are added up."""
    turned = tuple(reversed(lines))
    assert total_of(turned) == total_of(lines)
    assert total_of(lines[:1]) + total_of(lines[1:]) == total_of(lines)


BROKEN = {
    "id: the kind and the number": lambda d: evolve(d, id="quote"),
    "opportunity, lead, customer: at least one": lambda d: evolve(d, opportunity=None, lead=None, customer=None),
    "lines: at least one, each key once": lambda d: evolve(d, lines=()),
    "total: the sum of the lines, in their currency": lambda d: evolve(d, total=d.total + Money(1, d.total.currency)),
    "accepted_at: of a quote": lambda d: evolve(
        d, kind=DocumentKind.ORDER, id=document_id(DocumentKind.ORDER, d.number), paid=None, accepted_at=d.created_at
    ),
    "paid: of every invoice, and of nothing else": lambda d: evolve(
        d, kind=DocumentKind.QUOTE, id=document_id(DocumentKind.QUOTE, d.number), paid=Money(0, d.total.currency)
    ),
    "paid: from nothing to the total": lambda d: evolve(
        d, kind=DocumentKind.INVOICE, id=document_id(DocumentKind.INVOICE, d.number), accepted_at=None,
        paid=d.total + Money(1, d.total.currency),
    ),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
@given(document=documents())
def test_what_always_holds_of_a_document(rule: str, document: Document) -> None:
    """OPP-13: a sound one breaks no rule; each rule is broken by something, and by that alone."""
    assert check(document) == []
    assert check(BROKEN[rule](document)) == [rule]


@given(documents())
def test_lines_and_payments_in_other_currencies_are_unsound(document: Document) -> None:
    """OPP-13: one currency per document."""
    others = [code for code in CURRENCIES if code != document.total.currency]
    foreign = line("1", "0", others[0], key="foreign")
    assert check(evolve(document, lines=(*document.lines, foreign))) == [
        "total: the sum of the lines, in their currency"
    ]
    if document.paid is not None:
        assert check(evolve(document, paid=Money(0, others[1]))) == ["paid: from nothing to the total"]


@given(documents())
def test_an_id_is_given_once_per_kind_and_number(document: Document) -> None:
    """OPP-13: the number makes the id, so that no store can hold one number of a kind twice."""
    assert document.id == f"{document.kind}:{document.number}" == document_id(document.kind, document.number)
