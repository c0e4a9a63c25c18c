"""A lead (销售线索): a possible deal plus a way to reach someone (domain §2)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from attrs import frozen

from salesflow.model.activity import Activity
from salesflow.model.enums import LeadStatus, ReviewState
from salesflow.model.events import collection
from salesflow.model.party import CustomField


@frozen
class FormerOwner:
    """
    Somebody who owned the lead and does no more.

    Args:
        number: Counts from 1 within the lead.
        until: When they lost it, in UTC.
        reason: Why, in words.

    Source: LEAD-8.
    """

    number: int
    person: str
    until: datetime
    reason: str

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return str(self.number)


@frozen
class Conversion:
    """
    What a lead was converted into: ids, each None where that part was not asked for.

    Source: LEAD-6.
    """

    customer: str | None
    contact: str | None
    opportunity: str | None


@frozen(kw_only=True)
class Lead:
    """
    A lead.

    Args:
        title: The possible deal, in a few words.
        owner: The employee who works it, or None while it is `UNASSIGNED`.
        branch: The branch (门店) it is assigned to, or None.
        contact: The name of the person to reach, or None.
        phone, email, channel: Ways to reach someone; at least one is given.
        source: Where it came from (LEAD-16).
        last_follower, last_follow_up_at: Who worked it last, and when (UTC).
        pool: The pool (公海) it lies in while it has no owner; None is the common pool of all employees.
        former_owners: Everybody who lost it by recycling, in order.
        conversion: What it became, or None.

    Source: LEAD-1 … LEAD-17.
    """

    KIND: ClassVar[str] = "lead"

    id: str
    version: int
    title: str
    owner: str | None
    status: LeadStatus
    voided: bool = False
    disabled: bool = False
    review: ReviewState = ReviewState.CREATED
    branch: str | None = None
    contact: str | None = None
    company: str | None = None
    phone: str | None = None
    email: str | None = None
    channel: str | None = None
    source: str | None = None
    description: str | None = None
    last_follower: str | None = None
    last_follow_up_at: datetime | None = None
    disqualified_reason: str | None = None
    conversion: Conversion | None = None
    quote_number: str | None = None
    contract_number: str | None = None
    upstream_lead: str | None = None
    pool: str | None = None
    former_owners: tuple[FormerOwner, ...] = collection()
    activities: tuple[Activity, ...] = collection()
    custom: tuple[CustomField, ...] = collection()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class LeadCard:
    """
    What somebody who may only claim a pool lead sees of it: never the contact.

    Args:
        age_days: Whole days since the lead was created.

    Source: LEAD-14, VIS-18.
    """

    id: str
    title: str
    source: str | None
    age_days: int
