"""A lead (销售线索): a possible deal plus a way to reach someone (domain §2)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from attrs import frozen

from salesflow.model.activity import Activity
from salesflow.model.duplicates import Duplicate
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


@frozen
class OverdueReminder:
    """
    The last time that somebody was told that the lead is left alone.

    Args:
        step: ``"remind_owner"`` or ``"remind_superior"``.
        owner: Who owned the lead then; it counts for nobody else.
        at: When, in UTC; it counts until the lead is followed up.

    Source: LEAD-13.
    """

    step: str
    owner: str
    at: datetime

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return self.step


@frozen
class Merge:
    """
    A lead that was merged into this one, and redirects to it until the merge is undone.

    Args:
        lead: The other lead's id.
        version: The version that the merge gave this one; what it held just before and after is in its history.
        documents: The ids of the documents that moved here with it.

    Source: LEAD-15.
    """

    lead: str
    version: int
    documents: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return self.lead


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
        assigned_at: Since when its owner has it (UTC); None while it has none, and where nobody knows.
        last_follower, last_follow_up_at: Who worked it last, and when (UTC).
        pool: The pool (公海) it lies in while it has no owner; None is the common pool of all employees.
        former_owners: Everybody who lost it by recycling, in order.
        conversion: What it became, or None.
        upstream_lead: The lead that it was pushed down from (线索下推), or None.
        reminders: The last reminder of each step, before it is recycled as overdue (LEAD-13).
        merges: The leads that were merged into it and still redirect to it, in that order (LEAD-15).
        merged_into: The lead that this one was merged into, and that its id leads to; it is voided as long.
        quote_number, contract_number: The number of the quote (销售意向单) and of the contract (销售合同) that were
            issued last for it, or for the opportunity that it became; None before (LEAD-7).
        match_keys: The canonical keys that duplicates are found by (LEAD-12).
        duplicate_of: What one of its keys belonged to already when it was saved, or None.

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
    assigned_at: datetime | None = None
    last_follower: str | None = None
    last_follow_up_at: datetime | None = None
    disqualified_reason: str | None = None
    conversion: Conversion | None = None
    quote_number: str | None = None
    contract_number: str | None = None
    upstream_lead: str | None = None
    pool: str | None = None
    match_keys: tuple[str, ...] = ()
    duplicate_of: Duplicate | None = None
    merged_into: str | None = None
    merges: tuple[Merge, ...] = collection()
    reminders: tuple[OverdueReminder, ...] = collection()
    former_owners: tuple[FormerOwner, ...] = collection()
    activities: tuple[Activity, ...] = collection()
    custom: tuple[CustomField, ...] = collection()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None

    @property
    def has_documents(self) -> bool:
        """Whether a quote or a contract was ever issued for it, or for the opportunity that it became (LEAD-7)."""
        return self.quote_number is not None or self.contract_number is not None


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
