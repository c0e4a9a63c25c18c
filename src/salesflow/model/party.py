"""Whom we sell to: customers and contacts; and what the application alone knows (CUS)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from attrs import field, frozen

from salesflow.model.enums import DealStatus
from salesflow.model.events import collection
from salesflow.model.money import Money


@frozen
class Ref:
    """
    A thing that only the application knows: a campaign, a visit, a branch. Never looked into.

    Source: CUS-1.
    """

    kind: str
    id: str
    label: str = ""


def _told_apart(value: object) -> tuple[bool, object]:
    """True equals 1 in Python, yet a field that goes from one to the other has changed."""
    return isinstance(value, bool), value


@frozen
class CustomField:
    """A field of the application's own, declared by the template or the application (OPP-2)."""

    key: str
    value: str | int | bool | Money | None = field(eq=_told_apart)


@frozen(kw_only=True)
class Customer:
    """
    A customer (客户): a company or a person that buys.

    Args:
        owner: The employee who keeps the customer.
        deals_won: How many opportunities of theirs stand as won: a win that was reopened, voided or deleted does not.
        source_lead: The lead that it was converted from, or None.
        match_keys: The canonical keys that no other customer holds (LEAD-12).

    Source: CUS-1, CUS-2.
    """

    KIND: ClassVar[str] = "customer"

    id: str
    version: int
    name: str
    owner: str | None
    phone: str | None = None
    email: str | None = None
    industry: str | None = None
    deals_won: int = 0
    source_lead: str | None = None
    match_keys: tuple[str, ...] = ()
    voided: bool = False
    custom: tuple[CustomField, ...] = collection()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None

    @property
    def deal_status(self) -> DealStatus:
        """No deal yet (未成交), one (成交), or several (多次成交): it follows from the wins (CUS-2)."""
        if self.deals_won == 0:
            return DealStatus.NONE
        return DealStatus.DEAL if self.deals_won == 1 else DealStatus.REPEAT


@frozen(kw_only=True)
class Contact:
    """
    A contact (联系人): a person, usually at a customer, whom it follows.

    Args:
        customer: The customer's id, or None for a person who stands alone.
        owner: The employee who keeps the contact.
        source_lead: The lead that it was converted from, or None.

    Source: CUS-1.
    """

    KIND: ClassVar[str] = "contact"

    id: str
    version: int
    name: str
    owner: str | None
    customer: str | None = None
    phone: str | None = None
    email: str | None = None
    title: str | None = None
    source_lead: str | None = None
    voided: bool = False
    custom: tuple[CustomField, ...] = collection()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
