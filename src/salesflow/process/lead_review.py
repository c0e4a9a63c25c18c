"""Beside a lead's status: its review state, in the order of the domain, and whether it is disabled (LEAD-17)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from salesflow.model import Decision, EventBuilder, EventKind, Lead, Reason, ReviewState
from salesflow.process.standing import lead_stands, refused

REVIEW_ORDER: Mapping[ReviewState, ReviewState] = MappingProxyType(
    {
        ReviewState.CREATED: ReviewState.SUBMITTED,
        ReviewState.SUBMITTED: ReviewState.APPROVED,
        ReviewState.APPROVED: ReviewState.RE_REVIEW,
        ReviewState.RE_REVIEW: ReviewState.SUBMITTED,
    }
)
"""The review state that follows each (domain §2)."""


def set_review_state(lead: Lead, state: ReviewState, *, by: str, at: datetime) -> Decision:
    """
    Decide to set the review state; only the one that follows the present one will do.

    Source: LEAD-17.
    """
    reasons = list(lead_stands(lead, None))
    if REVIEW_ORDER[lead.review] is not state:
        before = tuple(str(earlier) for earlier, later in REVIEW_ORDER.items() if later is state)
        reasons.append(Reason("wrong_review_state", state=str(lead.review), allowed=before))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.set_review_state")
    builder.add(EventKind.REVIEW_STATE_SET, review=state)
    return builder.decision()


def disable_lead(lead: Lead, *, by: str, at: datetime) -> Decision:
    """
    Decide to disable (禁用) a lead: every operation but void, delete and enable is refused then.

    Source: LEAD-17.
    """
    reasons = lead_stands(lead, None)
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.disable")
    builder.add(EventKind.LEAD_DISABLED, disabled=True)
    return builder.decision()


def enable_lead(lead: Lead, *, by: str, at: datetime) -> Decision:
    """
    Decide to enable a lead that is disabled.

    Source: LEAD-17.
    """
    reasons = list(lead_stands(lead, None, even_disabled=True))
    if not lead.disabled:
        reasons.append(Reason("is_not_disabled"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.enable")
    builder.add(EventKind.LEAD_ENABLED, disabled=False)
    return builder.decision()
