"""Voiding hides a record from all but administrators, unvoiding restores exactly what was, deleting is for blanks."""

from __future__ import annotations

from datetime import datetime

from salesflow.model import Decision, EventBuilder, EventKind, Lead, LeadStatus, Opportunity, Reason, ReviewState
from salesflow.process.standing import lead_stands, opportunity_stands, refused

_REVIEWS_TO_REMOVE = (ReviewState.CREATED, ReviewState.RE_REVIEW)
_STATUSES_TO_DELETE = (LeadStatus.UNASSIGNED, LeadStatus.DISQUALIFIED)


def void(record: Opportunity | Lead, *, reason: str | None, by: str, at: datetime) -> Decision:
    """
    Decide to void (作废) a record: any status will do; a lead's review must not have passed.

    Source: OPP-10, LEAD-10.
    """
    if isinstance(record, Lead):
        reasons = [*lead_stands(record, None, even_disabled=True), *_against_review(record)]
    else:
        reasons = list(opportunity_stands(record, None))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(record, at=at, by=by, operation=_operation(record, "void"))
    builder.add(EventKind.VOIDED, reason, voided=True)
    return builder.decision()


def unvoid(record: Opportunity | Lead, *, by: str, at: datetime) -> Decision:
    """
    Decide to unvoid (反作废) a record; everything else is as it was.

    Source: OPP-10, LEAD-10, LEAD-15.
    """
    if isinstance(record, Lead) and record.merged_into is not None:
        return refused(Reason("is_merged", into=record.merged_into))
    if not record.voided:
        return refused(Reason("is_not_voided"))
    builder = EventBuilder(record, at=at, by=by, operation=_operation(record, "unvoid"))
    builder.add(EventKind.UNVOIDED, voided=False)
    return builder.decision()


def delete(opportunity: Opportunity, *, by: str, at: datetime) -> Decision:
    """
    Decide to delete an opportunity to which nothing happened but its creation, and for which no document was issued.

    Source: OPP-10.
    """
    reasons = list(opportunity_stands(opportunity, None))
    if opportunity.version > 1:
        reasons.append(Reason("has_history"))
    if opportunity.has_documents:
        reasons.append(Reason("has_documents"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.delete")
    builder.add(EventKind.DELETED)
    return builder.decision()


def delete_lead(lead: Lead, *, by: str, at: datetime) -> Decision:
    """
    Decide to delete (删除) a lead for good: nobody works it, its review has not passed, and nothing hangs on it.

    Source: LEAD-11.
    """
    reasons = [*lead_stands(lead, _STATUSES_TO_DELETE, even_disabled=True), *_against_review(lead)]
    if lead.merges:
        reasons.append(Reason("has_redirects", leads=tuple(merge.lead for merge in lead.merges)))
    if lead.has_documents:
        reasons.append(Reason("has_documents"))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.delete")
    builder.add(EventKind.DELETED)
    return builder.decision()


def _against_review(lead: Lead) -> tuple[Reason, ...]:
    if lead.merged_into is not None or lead.review in _REVIEWS_TO_REMOVE:
        return ()
    return (Reason("wrong_review_state", state=str(lead.review), allowed=tuple(map(str, _REVIEWS_TO_REMOVE))),)


def _operation(record: Opportunity | Lead, method: str) -> str:
    return f"{'leads' if isinstance(record, Lead) else 'opportunities'}.{method}"
