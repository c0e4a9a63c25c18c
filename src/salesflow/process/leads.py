"""The life of a lead (销售线索): create, assign, claim, follow up, convert, recycle, disqualify (domain §2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import evolve, frozen

from salesflow.model import (
    Activity,
    Contact,
    Conversion,
    Customer,
    Decision,
    EventBuilder,
    EventKind,
    FormerOwner,
    ImportedLead,
    Lead,
    LeadStatus,
    NewContact,
    NewCustomer,
    Opportunity,
    Pool,
    Reason,
    created,
    utc,
)
from salesflow.process.duplicates import linked, without_link
from salesflow.process.standing import FOLLOWED_UP, lead_stands, refused

WORKED = (LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED)


def create_lead(lead: Lead, *, by: str, at: datetime, operation: str = "leads.create") -> Decision:
    """
    Decide to create *lead*, which is complete but for being checked: a title, and a way to reach someone.

    One that is linked to what is known already gets an event of its own for that.

    Source: LEAD-1, LEAD-12, and the two marks of a lead (domain §2).
    """
    return _made(lead, EventKind.CREATED, by=by, at=at, operation=operation)


def _made(lead: Lead, kind: EventKind, *, by: str, at: datetime, operation: str) -> Decision:
    reasons = _missing(lead)
    if reasons:
        return refused(*reasons)
    return Decision(linked(lead, created(without_link(lead), at=at, by=by, operation=operation, kind=kind)))


def _missing(lead: Lead) -> list[Reason]:
    """Return which of the two marks of a lead *lead* lacks."""
    reasons = []
    if not lead.title.strip():
        reasons.append(Reason("title_missing"))
    if not (lead.phone or lead.email or lead.channel):
        reasons.append(Reason("reach_missing"))
    return reasons


def _common_pool(_lead: Lead) -> str | None:
    return None


def _as_it_is(lead: Lead) -> Lead:
    return lead


def _no_keys(_customer: Customer) -> tuple[str, ...]:
    return ()


def import_lead(
    arrival: ImportedLead, *, by: str, at: datetime, operation: str = "files.import_csv",
    pool_of: Callable[[Lead], str | None] = _common_pool, keyed: Callable[[Lead], Lead] = _as_it_is,
) -> tuple[Lead, Decision]:  # fmt: skip
    """
    Take in a lead from elsewhere: unassigned unless it names an owner.

    Args:
        arrival: What the file or the other system knew.
        at: When it arrives, in UTC.
        operation: The id of the operation that takes it in.
        pool_of: Chooses the pool (公海) of a lead without owner; None is the common one.
        keyed: Gives the lead with its keys, linked to what is known by them.

    Returns:
        The lead at version 1, and the events that made it or every reason why not.

    Source: LEAD-2, LEAD-12, LEAD-14.
    """
    at = utc(at)
    lead = Lead(
        id=arrival.id, version=1, title=arrival.title, owner=arrival.owner,
        status=LeadStatus.UNASSIGNED if arrival.owner is None else LeadStatus.ASSIGNED,
        assigned_at=None if arrival.owner is None else at,
        branch=arrival.branch, contact=arrival.contact, company=arrival.company, phone=arrival.phone,
        email=arrival.email, channel=arrival.channel, source=arrival.source, description=arrival.description,
        created_at=arrival.created_at or at, created_by=by, updated_at=at,
    )  # fmt: skip
    if not _missing(lead):
        if lead.owner is None:
            lead = evolve(lead, pool=pool_of(lead))
        lead = keyed(lead)
    return lead, _made(lead, EventKind.IMPORTED, by=by, at=at, operation=operation)


def assign_lead(lead: Lead, to: str, *, branch: str | None, by: str, at: datetime) -> Decision:
    """
    Decide to assign (分配) a lead to somebody, at a branch (门店) or none.

    Source: LEAD-4.
    """
    reasons = lead_stands(lead, WORKED)
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.assign")
    assigned_at = lead.assigned_at if to == lead.owner else builder.at
    builder.add(
        EventKind.LEAD_ASSIGNED,
        owner=to, branch=branch, status=LeadStatus.ASSIGNED, pool=None, assigned_at=assigned_at,
    )  # fmt: skip
    return builder.decision()


def claim_lead(lead: Lead, pool: Pool | None, *, held: int, by: str, at: datetime) -> Decision:
    """
    Decide to claim a lead from its pool (公海); it is then an ordinary lead of the claimer's.

    Args:
        pool: The pool it lies in; None is the common one, without ceiling and cool-down.
        held: How many open leads the claimer has; counts only where the pool has a ceiling.
        by: Who claims.

    Source: LEAD-14, LEAD-8.
    """
    reasons = list(lead_stands(lead, (LeadStatus.UNASSIGNED,)))
    at = utc(at)
    if pool is not None and pool.ceiling is not None and held >= pool.ceiling:
        reasons.append(Reason("pool_ceiling", person=by, held=held, pool=pool.id, ceiling=pool.ceiling))
    if pool is not None and pool.cool_down is not None:
        free_from = [former.until + pool.cool_down for former in lead.former_owners if former.person == by]
        if free_from and at < max(free_from):
            since = max(free_from).isoformat()
            reasons.append(Reason("pool_cool_down", person=by, pool=pool.id, since=since))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.claim")
    builder.add(EventKind.LEAD_CLAIMED, owner=by, status=LeadStatus.ASSIGNED, pool=None, assigned_at=builder.at)
    return builder.decision()


def follow_up_lead(lead: Lead, kind: str, text: str, *, happened_at: datetime, by: str, at: datetime) -> Decision:
    """
    Decide to follow up (跟进): add an activity, which also says who worked the lead last, and when.

    Source: LEAD-5.
    """
    reasons = lead_stands(lead, FOLLOWED_UP)
    if reasons:
        return refused(*reasons)
    happened_at = utc(happened_at, "happened_at")
    activity = Activity(str(lead.version + 1), kind, text, happened_at, by)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.follow_up")
    heard_at = min(happened_at, utc(at))  # what is planned has not happened yet: it keeps no lead from being overdue
    is_latest = lead.last_follow_up_at is None or heard_at >= lead.last_follow_up_at
    builder.add(
        EventKind.LEAD_FOLLOWED_UP,
        activities=(*lead.activities, activity),
        last_follower=by if is_latest else lead.last_follower,
        last_follow_up_at=heard_at if is_latest else lead.last_follow_up_at,
    )
    return builder.decision()


def recycle_lead(lead: Lead, *, reason: str | None, pool: str | None = None, by: str, at: datetime) -> Decision:
    """
    Decide to recycle (回收): owner and branch are cleared, the former owner and the reason are kept.

    Args:
        pool: The pool (公海) it goes to; None is the common one.

    Source: LEAD-8, LEAD-14.
    """
    reasons = list(lead_stands(lead, (LeadStatus.ASSIGNED,)))
    if not reason:
        reasons.append(Reason("reason_missing"))
    if reasons or lead.owner is None:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.recycle")
    former = FormerOwner(len(lead.former_owners) + 1, lead.owner, builder.at, reason or "")
    builder.add(
        EventKind.LEAD_RECYCLED, reason,
        owner=None, branch=None, status=LeadStatus.UNASSIGNED, pool=pool, assigned_at=None,
        former_owners=(*lead.former_owners, former),
    )  # fmt: skip
    return builder.decision()


def disqualify_lead(lead: Lead, *, reason: str | None, by: str, at: datetime) -> Decision:
    """
    Decide to disqualify (无效关闭); it is irreversible, afterwards only void or delete.

    Source: LEAD-9.
    """
    reasons = list(lead_stands(lead, WORKED))
    if not reason:
        reasons.append(Reason("reason_missing"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.disqualify")
    builder.add(EventKind.LEAD_DISQUALIFIED, reason, status=LeadStatus.DISQUALIFIED, disqualified_reason=reason)
    return builder.decision()


@frozen
class Converted:
    """
    A lead's conversion, decided as a whole: all of it happens, or nothing.

    Args:
        decision: The lead's own events.
        customer, contact: New records with their events, or None where an existing one or none was named.
    """

    decision: Decision
    customer: tuple[Customer, Decision] | None = None
    contact: tuple[Contact, Decision] | None = None


def convertible(lead: Lead) -> tuple[Reason, ...]:
    """
    Return why *lead* cannot be converted now; a converted one names what it became.

    Source: LEAD-6.
    """
    if lead.conversion is not None and not lead.voided:
        made = lead.conversion
        into = tuple(id for id in (made.customer, made.contact, made.opportunity) if id is not None)
        return (Reason("already_converted", into=into),)
    return lead_stands(lead, (LeadStatus.ASSIGNED,))


def convert_lead(
    lead: Lead, *, customer: NewCustomer | str | None, customer_id: str | None, contact: NewContact | str | None,
    contact_id: str | None, opportunity: Opportunity | str | None, by: str, at: datetime,
    keys_of: Callable[[Customer], tuple[str, ...]] = _no_keys,
) -> Converted:  # fmt: skip
    """
    Decide to convert (转客户) a lead into any non-empty combination of customer, contact and opportunity.

    Args:
        customer, contact: A new one to make, the id of an existing one, or None.
        customer_id, contact_id: The ids that new ones get, or the existing ones' ids, or None.
        opportunity: The new one as it will be, the id of an existing one, or None.
        keys_of: Gives the keys of a new customer. That nobody else holds them is asked by whoever knows the others.

    Source: LEAD-6, LEAD-12.
    """
    operation = "leads.convert"
    reasons = list(convertible(lead))
    if customer is None and contact is None:
        reasons.append(Reason("convert_nothing" if opportunity is None else "convert_needs_party"))
    if reasons:
        return Converted(refused(*reasons))
    opportunity_id = opportunity.id if isinstance(opportunity, Opportunity) else opportunity
    builder = EventBuilder(lead, at=at, by=by, operation=operation)
    at = builder.at
    conversion = Conversion(customer_id, contact_id, opportunity_id)
    builder.add(EventKind.LEAD_CONVERTED, status=LeadStatus.CONVERTED, conversion=conversion)
    made_customer = made_contact = None
    if isinstance(customer, NewCustomer):
        record = Customer(
            id=customer_id or "", version=1, name=customer.name, owner=lead.owner, industry=customer.industry,
            phone=customer.phone or lead.phone, email=customer.email or lead.email, source_lead=lead.id,
            created_at=at, created_by=by, updated_at=at,
        )  # fmt: skip
        record = evolve(record, match_keys=keys_of(record))
        made_customer = (record, Decision((created(record, at=at, by=by, operation=operation),)))
    if isinstance(contact, NewContact):
        person = Contact(
            id=contact_id or "", version=1, name=contact.name, owner=lead.owner, customer=customer_id,
            phone=contact.phone or lead.phone, email=contact.email or lead.email, title=contact.title,
            source_lead=lead.id, created_at=at, created_by=by, updated_at=at,
        )  # fmt: skip
        made_contact = (person, Decision((created(person, at=at, by=by, operation=operation),)))
    return Converted(builder.decision(), made_customer, made_contact)
