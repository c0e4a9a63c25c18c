"""
Records as rows of CSV, one column a field: what people open in a spreadsheet (IO-2).

A cell that a spreadsheet would run as a formula is made harmless, whoever wrote it into the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from salesflow.files.formulas import harmless
from salesflow.model import LeadCard


def _plain(*names: str) -> dict[str, Callable[[Any], Any]]:
    return {name: _attribute(name) for name in names}


def _attribute(name: str) -> Callable[[Any], Any]:
    return lambda record: getattr(record, name)


def _amount(name: str) -> Callable[[Any], Any]:
    def amount(record: Any) -> Decimal | None:
        money = getattr(record, name)
        return None if money is None else money.amount

    return amount


def _currency_of_total(record: Any) -> str:
    return str(record.total.currency)


def _currency(record: Any) -> str | None:
    money = record.amount or record.actual_amount
    return None if money is None else str(money.currency)


_TIMES = _plain("created_at", "created_by", "updated_at")

COLUMNS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = MappingProxyType(
    {
        "opportunity": {
            **_plain("id", "name", "owner", "status", "process", "stage", "customer", "contact"),
            "amount": _amount("amount"),
            "actual_amount": _amount("actual_amount"),
            "currency": _currency,
            **_plain("close_date", "actual_close_date"),
            "probability": lambda record: record.probability.percent,
            "grade": lambda record: record.grade.effective,
            **_plain("led_by", "source", "source_lead", "voided"),
            **_TIMES,
        },
        "lead": {
            **_plain("id", "title", "owner", "status", "branch", "contact", "company", "phone", "email", "channel"),
            **_plain("source", "description", "last_follow_up_at", "voided"),
            **_TIMES,
        },
        "customer": {**_plain("id", "name", "owner", "phone", "email", "industry", "deal_status"), **_TIMES},
        "contact": {**_plain("id", "name", "owner", "customer", "phone", "email", "title"), **_TIMES},
        "document": {
            **_plain("id", "kind", "number"),
            "total": _amount("total"),
            "paid": _amount("paid"),
            "currency": _currency_of_total,
            **_plain("customer", "opportunity", "lead", "source_document", "accepted_at"),
            **_TIMES,
        },
    }
)
"""Per kind of record the columns of its CSV file, each with where its value comes from."""


_OF_CARD = frozenset(("id", "title", "source"))


def csv_row(kind: str, record: Any) -> list[str]:
    """Return the cells of one record, in the order of `COLUMNS`; of a lead's card, those that it tells."""
    if isinstance(record, LeadCard):
        return [_cell(getattr(record, name)) if name in _OF_CARD else "" for name in COLUMNS[kind]]
    return [_cell(value(record)) for value in COLUMNS[kind].values()]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    return harmless(value) if isinstance(value, str) else str(value)
