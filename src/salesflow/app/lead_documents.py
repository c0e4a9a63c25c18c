"""Documents of a lead: a quote, and what an order makes (LEAD-7)."""

from __future__ import annotations

from collections.abc import Sequence

from salesflow.app.history import Readable
from salesflow.app.issuing import IssuedDocument, issue
from salesflow.model import Document, DocumentKind, Lead, LeadCard, ProductLine


class LeadDocuments(Readable[Lead]):
    """Quoting and ordering; each number is written back to the lead."""

    def quote(self, lead: Lead | LeadCard | str, lines: Sequence[ProductLine]) -> IssuedDocument[Lead]:
        """
        Place a quote (报价): a 销售意向单 is issued, and its number is the lead's `quote_number`.

        Args:
            lines: What is offered.

        Raises:
            Refused: `documents_unavailable`, `wrong_status`, `is_voided`, `is_disabled`, `lines_missing`,
                `several_currencies`, `not_permitted`.

        Source: LEAD-7, ACC-19.
        """
        run, operation = self._execution, self._operation("quote")
        issued: IssuedDocument[Lead] = issue(run, operation, DocumentKind.QUOTE, self._kind, lead, lines, None)
        return issued

    def order(
        self, lead: Lead | LeadCard | str, lines: Sequence[ProductLine] | None = None, *,
        source: Document | str | None = None,
    ) -> IssuedDocument[Lead]:  # fmt: skip
        """
        Place an order (下单): a contract (销售合同) is issued, and its number is the lead's `contract_number`.

        Args:
            lines: What is ordered; None means the lines of *source*.
            source: The accepted quote that it is made from; None means none.

        Raises:
            Refused: `documents_unavailable`, `wrong_status`, `is_voided`, `is_disabled`, `lines_missing`,
                `several_currencies`, `wrong_source`, `source_elsewhere`, `quote_not_accepted`, `not_permitted`.

        Source: LEAD-7, ACC-19.
        """
        run, operation = self._execution, self._operation("order")
        issued: IssuedDocument[Lead] = issue(run, operation, DocumentKind.CONTRACT, self._kind, lead, lines, source)
        return issued
