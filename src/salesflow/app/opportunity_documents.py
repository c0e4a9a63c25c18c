"""Documents of an opportunity: quote, contract, order, invoice (OPP-13)."""

from __future__ import annotations

from collections.abc import Sequence

from salesflow.app.history import Readable
from salesflow.app.issuing import IssuedDocument, issue
from salesflow.model import Document, DocumentKind, Opportunity, ProductLine


class OpportunityDocuments(Readable[Opportunity]):
    """Issuing documents of a deal; each number is written back to the opportunity, and to the lead it came from."""

    def issue_quote(
        self, opportunity: Opportunity | str, lines: Sequence[ProductLine] | None = None
    ) -> IssuedDocument[Opportunity]:
        """
        Issue a quote (销售意向单, 报价).

        Args:
            lines: What is offered; None means the products of the opportunity.

        Raises:
            Refused: `documents_unavailable`, `lines_missing`, `several_currencies`.

        Source: OPP-13, ACC-11.
        """
        return self._issue(DocumentKind.QUOTE, opportunity, lines, None)

    def issue_contract(
        self, opportunity: Opportunity | str, lines: Sequence[ProductLine] | None = None, *,
        source: Document | str | None = None,
    ) -> IssuedDocument[Opportunity]:  # fmt: skip
        """
        Issue a contract (销售合同).

        Args:
            lines: What is sold; None means the lines of *source*, else the products of the opportunity.
            source: The accepted quote, or the order, that it is made from; None means none.

        Raises:
            Refused: `documents_unavailable`, `lines_missing`, `several_currencies`, `wrong_source`,
                `source_elsewhere`, `quote_not_accepted`.

        Source: OPP-13, ACC-11.
        """
        return self._issue(DocumentKind.CONTRACT, opportunity, lines, source)

    def issue_order(
        self, opportunity: Opportunity | str, lines: Sequence[ProductLine] | None = None, *,
        source: Document | str | None = None,
    ) -> IssuedDocument[Opportunity]:  # fmt: skip
        """
        Issue an order (订单); from an accepted quote in one step, or without one.

        Args:
            lines: What is ordered; None means the lines of *source*, else the products of the opportunity.
            source: The accepted quote, or the contract, that it is made from; None means none.

        Raises:
            Refused: `documents_unavailable`, `lines_missing`, `several_currencies`, `wrong_source`,
                `source_elsewhere`, `quote_not_accepted`.

        Source: OPP-13, ACC-11.
        """
        return self._issue(DocumentKind.ORDER, opportunity, lines, source)

    def issue_invoice(
        self, opportunity: Opportunity | str, lines: Sequence[ProductLine] | None = None, *,
        source: Document | str | None = None,
    ) -> IssuedDocument[Opportunity]:  # fmt: skip
        """
        Issue an invoice (发票), of which nothing is paid yet; with or without an order.

        Args:
            lines: What is billed, perhaps a part; None means the lines of *source*, else the opportunity's products.
            source: The order, contract or accepted quote that it is made from; None means none.

        Raises:
            Refused: `documents_unavailable`, `lines_missing`, `several_currencies`, `wrong_source`,
                `source_elsewhere`, `quote_not_accepted`.

        Source: OPP-13, ACC-11.
        """
        return self._issue(DocumentKind.INVOICE, opportunity, lines, source)

    def _issue(
        self, kind: DocumentKind, opportunity: Opportunity | str, lines: Sequence[ProductLine] | None,
        source: Document | str | None,
    ) -> IssuedDocument[Opportunity]:  # fmt: skip
        operation = self._operation(f"issue_{kind}")
        issued: IssuedDocument[Opportunity]
        issued = issue(self._execution, operation, kind, self._kind, opportunity, lines, source)
        return issued
