"""Pushing down (线索下推): a new lead made of an upstream one, which stays as it is (LEAD-3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from attrs import evolve

from salesflow.model import Decision, Lead, LeadStatus, utc
from salesflow.process.leads import create_lead
from salesflow.process.standing import lead_stands, refused

_MAY_BE_UPSTREAM = (LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED, LeadStatus.CONVERTED)


def push_down(
    upstream: Lead, *, id: str, title: str | None, owner: str | None, by: str, at: datetime,
    pool_of: Callable[[Lead], str | None], keyed: Callable[[Lead], Lead],
) -> tuple[Lead, Decision]:  # fmt: skip
    """
    Decide to push a lead down: a new one that carries over what describes the deal and the reach.

    That is title, contact, company, phone, e-mail, channel, source, description and the application's own fields. What
    was done with the upstream lead stays with it: owner and branch, activities, review, numbers, conversion. A
    disqualified lead goes nowhere any more (LEAD-9).

    Args:
        id: The new lead's id.
        title: Its title; None means that of the upstream lead.
        owner: Who works it; None leaves it unassigned.
        pool_of: Chooses the pool (公海) of a lead without owner.
        keyed: Gives the lead with its keys, linked to what is known by them.

    Returns:
        The new lead at version 1, and the events that make it or every reason why not.

    Source: LEAD-3, LEAD-12, LEAD-14.
    """
    at = utc(at)
    lead = Lead(
        id=id, version=1, title=upstream.title if title is None else title, owner=owner,
        status=LeadStatus.UNASSIGNED if owner is None else LeadStatus.ASSIGNED,
        assigned_at=None if owner is None else at, contact=upstream.contact, company=upstream.company,
        phone=upstream.phone, email=upstream.email, channel=upstream.channel, source=upstream.source,
        description=upstream.description, custom=upstream.custom,
        upstream_lead=upstream.id, created_at=at, created_by=by, updated_at=at,
    )  # fmt: skip
    reasons = lead_stands(upstream, _MAY_BE_UPSTREAM)
    if reasons:
        return lead, refused(*reasons)
    if owner is None:
        lead = evolve(lead, pool=pool_of(lead))
    lead = keyed(lead)
    return lead, create_lead(lead, by=by, at=at, operation="leads.push_down")
