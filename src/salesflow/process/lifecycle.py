"""Voiding hides a record from all but administrators, unvoiding restores exactly what was, deleting is for blanks."""

from __future__ import annotations

from datetime import datetime

from salesflow.model import Decision, EventBuilder, EventKind, Lead, Opportunity, Reason, ReviewState
from salesflow.process.standing import opportunity_stands, refused

_REVIEWS_TO_VOID = (ReviewState.CREATED, ReviewState.RE_REVIEW)


def void(record: Opportunity | Lead, *, reason: str | None, by: str, at: datetime) -> Decision:
    """
    Decide to void (作废) a record: any status will do; a lead's review must not have passed.

    Source: OPP-10, LEAD-10.
    """
    reasons = []
    if record.voided:
        reasons.append(Reason("is_voided"))
    if isinstance(record, Lead) and record.review not in _REVIEWS_TO_VOID:
        allowed = tuple(map(str, _REVIEWS_TO_VOID))
        reasons.append(Reason("wrong_review_state", state=str(record.review), allowed=allowed))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(record, at=at, by=by, operation=_operation(record, "void"))
    builder.add(EventKind.VOIDED, reason, voided=True)
    return builder.decision()


def unvoid(record: Opportunity | Lead, *, by: str, at: datetime) -> Decision:
    """
    Decide to unvoid (反作废) a record; everything else is as it was.

    Source: OPP-10, LEAD-10.
    """
    if not record.voided:
        return refused(Reason("is_not_voided"))
    builder = EventBuilder(record, at=at, by=by, operation=_operation(record, "unvoid"))
    builder.add(EventKind.UNVOIDED, voided=False)
    return builder.decision()


def delete(opportunity: Opportunity, *, by: str, at: datetime) -> Decision:
    """
    Decide to delete an opportunity to which nothing happened but its creation.

    Source: OPP-10.
    """
    reasons = list(opportunity_stands(opportunity, None))
    if opportunity.version > 1:
        reasons.append(Reason("has_history"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.delete")
    builder.add(EventKind.DELETED)
    return builder.decision()


def _operation(record: Opportunity | Lead, method: str) -> str:
    return f"{'leads' if isinstance(record, Lead) else 'opportunities'}.{method}"
