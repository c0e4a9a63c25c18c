"""
Known already (共享客户): by which canonical keys a record is known, and what a lead of the same key tells (LEAD-12).

A customer is known by its keys, and keeps them to itself; a lead is known by its own once it has a document.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

UNIQUE_KEY = "unique key"
"""What a `Conflict` is about where a key that is unique is held by another record."""


@frozen
class Duplicate:
    """
    What a lead's key was found to belong to already.

    In the store it names the record and no more. Whoever reads the lead is told the name too if they may see that
    record; otherwise every field is None, which still says that a duplicate is known.

    Args:
        kind: ``"customer"``, or ``"lead"`` for a lead that has documents; None where the viewer may not know.
        id: Which; None likewise.
        name: What it is called now; None in the store, and where the viewer may not know.

    Source: LEAD-12.
    """

    kind: str | None = None
    id: str | None = None
    name: str | None = None


def unique_keys(record: Any) -> tuple[str, ...]:
    """
    Return the keys that no other record of its kind may hold: those of a customer.

    Args:
        record: Of any kind; None, a record that is gone, holds none.

    Source: LEAD-12.
    """
    return tuple(record.match_keys) if getattr(record, "KIND", None) == "customer" else ()


def known_by(record: Any) -> tuple[str, ...]:
    """
    Return the keys by which a later lead is found to be about what *record* is about; of most records none.

    Source: LEAD-12.
    """
    if getattr(record, "KIND", None) == "lead":
        has_document = record.quote_number is not None or record.contract_number is not None
        return tuple(record.match_keys) if has_document and not record.voided else ()
    return unique_keys(record)
