"""
Issuing a document: the one path of the five operations that do (OPP-13, LEAD-7).

The document, the record that it is for, and the lead that record came from are saved together. The number is asked for
last, and once: what is refused uses none, and what is decided anew after a conflict keeps its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

from attrs import frozen

from salesflow.app.case import Case
from salesflow.app.execution import TRIES, Execution, reference
from salesflow.app.redirects import survivor
from salesflow.errors import Conflict, PortError
from salesflow.model import (
    Customer,
    Decision,
    Document,
    DocumentKind,
    Lead,
    LeadCard,
    Money,
    Opportunity,
    ProductLine,
    Reason,
    apply,
    created,
)
from salesflow.ports import Write
from salesflow.process import draft_document, number_document, product_lines, refused, write_number_back

BearerT = TypeVar("BearerT", Opportunity, Lead, Customer)


@frozen
class IssuedDocument(Generic[BearerT]):
    """
    What issuing a document gave.

    Args:
        document: The document.
        record: What it is for: the opportunity or the lead, with the number written back, or the customer as it is.

    Source: OPP-13, LEAD-7.
    """

    document: Document
    record: BearerT


def issue(
    run: Execution, operation: str, kind: DocumentKind, bearer: str,
    ref: Opportunity | Lead | LeadCard | Customer | str, lines: Sequence[ProductLine] | None,
    source: Document | str | None,
) -> IssuedDocument[Any]:  # fmt: skip
    """
    Issue a document of *kind*.

    Args:
        operation: The operation's id.
        bearer, ref: The kind of record that it is for, and which one.
        lines: What is sold; None takes the lines of *source*, else the products of the opportunity.
        source: The document that it is made from, or None.

    Raises:
        NotFound: The record or the source is not there, or may not be seen.
        Refused: With every reason, those of access among them.
        Conflict: Somebody else changed the record, or the source, first.
        PortError: The numbering failed, or gave a number that another document of the kind has.
    """
    asked = () if lines is None else product_lines(lines, "lines")
    given = (str(kind), asked, None if source is None else reference("document", source)[0])
    number: str | None = None
    tries = 0
    while True:
        tries += 1
        repeated = run.repeated(operation, ref, given)
        if repeated is not None:
            return IssuedDocument(*repeated)
        case = run.case(bearer, ref)
        run.shield(case, operation)
        draft, reasons = _draft(case, kind, asked, None if source is None else run.case("document", source).record)
        run.admit(case, operation, (*reasons, *case.kernel.rules.broken(operation, case.record)))
        assert draft is not None  # else there were reasons
        number = case.kernel.document_number(draft) if number is None else number
        document = number_document(draft, number)
        told = created(document, at=case.now, by=case.person, operation=operation)
        back = _written_back(case, document, operation)
        record = next((write.record for write in back if write.id == case.record.id), case.record)
        issued = IssuedDocument(document, run.told(case.sight, record))
        try:
            writes = (Write("document", document.id, 0, document, (told,)), *back)
            run.save(writes, operation, ref, (document, record), given, case.sight)
        except Conflict as conflict:
            if (conflict.kind, conflict.id) == ("document", document.id):
                if run.repeated(operation, ref, given) is None:
                    raise PortError("documents", f"gave the number {number!r}, which another {kind} has") from conflict
            elif tries == TRIES:
                raise
        else:
            return issued


def _draft(
    case: Case, kind: DocumentKind, lines: tuple[ProductLine, ...], source: Document | None
) -> tuple[Document | None, tuple[Reason, ...]]:
    lead = None if source is None else _source_lead(case)
    draft, reasons = draft_document(
        kind, case.record, lines, source, source_lead=None if lead is None else lead.id, by=case.person, at=case.now
    )
    if case.kernel.documents is None:
        reasons = (*reasons, Reason("documents_unavailable"))
    return draft, reasons


def _source_lead(case: Case) -> Lead | None:
    """Return the lead that an opportunity was converted from, or the one that it was merged into since (LEAD-15)."""
    id = case.record.source_lead if isinstance(case.record, Opportunity) else None
    return None if id is None else survivor(case.kernel, case.get("lead", id))


def _written_back(case: Case, document: Document, operation: str) -> list[Write]:
    """The number goes to the record itself, and from an opportunity to the lead that it was converted from."""
    lead = _source_lead(case)
    records = [case.record, *([lead] if lead is not None and not lead.voided else [])]
    writes = []
    for record in records:
        told = write_number_back(record, document, by=case.person, at=case.now, operation=operation).events
        if told:
            writes.append(Write(record.KIND, record.id, record.version, apply(record, told), told))
    return writes


def issue_something(case: Case, kind: DocumentKind) -> Decision:
    """What issuing a document of *kind* would do, whatever its lines; for `moves` (OPP-14)."""
    draft, reasons = _draft(case, kind, (ProductLine("-", "-", Decimal(1), Money(0, "XXX")),), None)
    if draft is None or reasons:
        return refused(*reasons)
    operation = f"issue {kind}"
    return write_number_back(case.record, number_document(draft, "-"), by=case.person, at=case.now, operation=operation)
