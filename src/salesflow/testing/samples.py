"""A dozen records of every kind, for the conformance suite: equal and missing values, nobody's and voided ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from salesflow.model import (
    Access,
    Competitor,
    Contact,
    ContactRole,
    Conversion,
    Customer,
    Delivery,
    Document,
    DocumentKind,
    Label,
    Lead,
    LeadSource,
    LeadStatus,
    Literature,
    Money,
    Opportunity,
    Pool,
    Ref,
    SharingRule,
    TeamMember,
    TeamRole,
)
from salesflow.testing.records import AT, make_opportunity

OWNERS = ("li", None, "wang", "zhang")
"""Whose the samples are, by turns."""

POOLS = (None, "east", "gone")
"""Where the samples without owner lie, by turns."""

SAMPLES = 12
"""So many there are of each kind."""

_NAMES = ("b", "商机", "B", "b")
_AMOUNTS = (Money("0.10", "CNY"), None, Money("9", "USD"), Money("9.00", "CNY"))


def _stamped(number: int) -> dict[str, Any]:
    made = AT + timedelta(minutes=number // 3)
    return {"id": f"{number * 5 % SAMPLES}", "version": 1, "created_at": made, "created_by": "li", "updated_at": made}


def _owned(number: int) -> dict[str, Any]:
    return {**_stamped(number), "owner": OWNERS[number % 4], "voided": number % 5 == 0}


def _opportunity(number: int) -> Opportunity:
    values = _owned(number)
    joint = (TeamMember("zhao", TeamRole.JOINT, Access.READ),) if number % 3 == 0 else ()
    roles = (ContactRole(f"{number}", "evaluator"),) if number % 4 == 0 else ()
    return make_opportunity(
        values.pop("id"), values.pop("owner") or "li", *joint, name=_NAMES[number % 4],
        amount=_AMOUNTS[number % 4], customer=str(number % 6) if number % 2 else None, contact_roles=roles,
        close_date=None if number % 3 == 2 else date(2026, 2, 1 + number % 4),
        **{name: value for name, value in values.items() if name != "version"},
    )  # fmt: skip


def _lead(number: int) -> Lead:
    values, turn = _owned(number), number % 3
    converted = Conversion(str(number % 6), str(number), None) if values["owner"] and turn == 0 else None
    status = LeadStatus.UNASSIGNED if values["owner"] is None else LeadStatus.ASSIGNED
    return Lead(
        title=_NAMES[number % 4], phone="1", pool=POOLS[turn] if values["owner"] is None else None,
        status=LeadStatus.CONVERTED if converted else status, conversion=converted,
        last_follow_up_at=AT + timedelta(days=number % 2) if turn else None, **values,
    )  # fmt: skip


def _customer(number: int) -> Customer:
    return Customer(name=_NAMES[number % 4], deals_won=number % 3, **_owned(number))


def _contact(number: int) -> Contact:
    return Contact(name=_NAMES[number % 4], customer=str(number % 5) if number % 3 else None, **_owned(number))


def _competitor(number: int) -> Competitor:
    return Competitor(name=_NAMES[number % 4], reported_revenue=_AMOUNTS[number % 4], **_stamped(number))


def _document(number: int) -> Document:
    total = _AMOUNTS[number % 4] or Money(0, "CNY")
    customer = str(number % 5) if number % 2 else None
    number_given = f"Q-{number % 7}"
    return Document(kind=DocumentKind.QUOTE, number=number_given, total=total, customer=customer, **_stamped(number))


def _literature(number: int) -> Literature:
    valid_until = None if number % 3 else AT.date()
    return Literature(
        title=_NAMES[number % 4], kind="manual", document=Ref("url", f"{number}"), valid_until=valid_until,
        **_stamped(number),
    )  # fmt: skip


def _lead_source(number: int) -> LeadSource:
    return LeadSource(name=Label((("zh", _NAMES[number % 4]),)), **_stamped(number))


def _delivery(number: int) -> Delivery:
    return Delivery(
        automation="notice", event=f"opportunity/{number}/1/0", on="won", record_kind="opportunity",
        record_id=f"{number}", at=AT, by="li", next_at=AT + timedelta(minutes=number % 3), **_stamped(number),
    )  # fmt: skip


def _sharing_rule(number: int) -> SharingRule:
    return SharingRule(from_person="li", to_person=f"p{number}", access=list(Access)[number % 2], **_stamped(number))


def _pool(number: int) -> Pool:
    members = None if number % 3 == 0 else frozenset({"li", "wang"})
    return Pool(name=_NAMES[number % 4], members=members, ceiling=number or None, **_stamped(number))


MAKERS: Mapping[str, Callable[[int], Any]] = MappingProxyType(
    {
        "opportunity": _opportunity,
        "lead": _lead,
        "customer": _customer,
        "contact": _contact,
        "competitor": _competitor,
        "literature": _literature,
        "lead_source": _lead_source,
        "document": _document,
        "delivery": _delivery,
        "sharing_rule": _sharing_rule,
        "pool": _pool,
    }
)
"""Makes sample number so many, of every kind of record that a store keeps."""

OWNED = ("opportunity", "lead", "customer", "contact")
"""The kinds that somebody owns, and that lists of people are asked for."""


def samples(kind: str) -> list[Any]:
    """Return the samples of *kind*, in no order."""
    return [MAKERS[kind](number) for number in range(SAMPLES)]
