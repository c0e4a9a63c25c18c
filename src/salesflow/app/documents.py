"""What one person may do with documents (单据): `flow.acting_as(person).documents` (OPP-13)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from salesflow import process
from salesflow.app.case import Access, Case
from salesflow.app.execution import Execution, reference
from salesflow.app.history import Readable
from salesflow.app.intents import actor
from salesflow.app.issuing import IssuedDocument, issue
from salesflow.app.paging import Page
from salesflow.errors import InvalidInput, NotFound
from salesflow.model import Customer, Decision, Document, DocumentKind, Lead, LeadCard, Money, Opportunity, ProductLine
from salesflow.visibility import FieldCompare, Filter, Names, all_of


class DocumentDesk(Readable[Document]):
    """
    Every operation on documents. Whoever sees what a document belongs to sees the document, and nobody else.

    An opportunity's documents are issued by `opportunities`, a lead's by `leads`; here those of a customer alone are.
    """

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution, "document")

    def get(self, document: Document | str) -> Document:
        """
        Return the document as it is now.

        Raises:
            NotFound: It is not there, or what it belongs to may not be seen.

        Source: OPP-13, VIS-17.
        """
        return self._get(document)

    def list(
        self, scene: str = "all", *, opportunity: Opportunity | str | None = None,
        lead: Lead | LeadCard | str | None = None, customer: Customer | str | None = None,
        kind: DocumentKind | str | None = None, order_by: str | None = None, limit: int = 50, after: str | None = None,
    ) -> Page[Document]:  # fmt: skip
        """
        Return one page of the documents of what the person sees in *scene*.

        Args:
            opportunity, lead, customer: Only those that name this one; None means any.
            kind: Only those of this kind; None means any.
            order_by: ``created_at updated_at number id``; a leading minus means largest first. None means
                ``-created_at``.
            limit: 1 to 1000.
            after: The `after` of the page before.

        Raises:
            InvalidInput: A scene, kind, order, limit or place is unknown.

        Source: OPP-13, VIS-1 … VIS-13.
        """
        named = {"opportunity": opportunity, "lead": lead, "customer": customer}
        narrow: list[Filter] = [Names(what, reference(what, ref)[0]) for what, ref in named.items() if ref is not None]
        if kind is not None:
            narrow.append(FieldCompare("kind", "==", str(_kind(kind))))
        return self._page(scene, order_by, limit, after, all_of(narrow))

    def issue(
        self, customer: Customer | str, kind: DocumentKind | str, lines: Sequence[ProductLine] | None = None, *,
        source: Document | str | None = None,
    ) -> IssuedDocument[Customer]:  # fmt: skip
        """
        Issue a document on a customer alone.

        Args:
            kind: ``quote``, ``contract``, ``order`` or ``invoice``.
            lines: What is sold; None means the lines of *source*.
            source: Another document on the customer alone that it is made from; None means none.

        Raises:
            InvalidInput: There is no such kind.
            Refused: `documents_unavailable`, `lines_missing`, `several_currencies`, `wrong_source`,
                `source_elsewhere`, `quote_not_accepted`, `not_permitted`.

        Source: OPP-13, ACC-11, ACC-22.
        """
        run, operation = self._execution, self._operation("issue")
        issued: IssuedDocument[Customer] = issue(run, operation, _kind(kind), "customer", customer, lines, source)
        return issued

    def accept(self, document: Document | str) -> Document:
        """
        Say that the customer accepted a quote, once; an order is then issued from it in one step.

        Raises:
            Refused: `not_a_quote`, `already_accepted`, `wrong_status`, `is_voided`, `is_disabled`, `not_permitted`.

        Source: OPP-13, ACC-11.
        """
        return self._change("accept", document, _accept, access=_row_of("accept"))

    def record_payment(self, document: Document | str, amount: Money) -> Document:
        """
        Add a payment to what was paid of an invoice.

        What is paid stays between nothing and the total: what a customer pays beyond it is no payment of this invoice.

        Args:
            amount: What was paid, in the invoice's currency; a negative one takes a payment back.

        Raises:
            InvalidInput: The amount is no money, zero, or in another currency.
            Refused: `not_an_invoice`, `payment_out_of_range`, `wrong_status`, `is_voided`, `is_disabled`,
                `not_permitted`.

        Source: OPP-13, ACC-11.
        """
        return self._change("record_payment", document, _record_payment, amount, access=_row_of("record_payment"))


def _kind(kind: DocumentKind | str) -> DocumentKind:
    try:
        return DocumentKind(kind)
    except ValueError:
        raise InvalidInput("kind", kind, f"must be one of {', '.join(DocumentKind)}") from None


def _accept(case: Case) -> Decision:
    """OPP-13."""
    return process.accept_quote(case.record, case.subject, **actor(case))


def _record_payment(case: Case, amount: Money) -> Decision:
    """OPP-13."""
    if not isinstance(amount, Money):
        raise InvalidInput("amount", amount, "must be Money, such as Money('100', 'CNY')")
    return process.record_payment(case.record, case.subject, amount, **actor(case))


def _row_of(method: str) -> Access:
    """The row that says who may, by what the document belongs to: ACC-11 of an opportunity, ACC-19, ACC-22."""
    rows = {"opportunity": f"documents.{method}", "lead": "leads.quote", "customer": "documents.issue"}

    def row(case: Case) -> tuple[str, Collection[str]]:
        if case.subject is None:
            raise NotFound("document", case.record.id)  # what it belongs to is gone: no store of ours has such a one
        return rows[case.subject.KIND], ()

    return row
