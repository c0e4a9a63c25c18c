"""What status and flags a record must have for an operation, and the reasons where it has not (domain §2, §5)."""

from __future__ import annotations

from salesflow.model import Decision, Lead, LeadStatus, Opportunity, OpportunityStatus, Reason

OPEN = (OpportunityStatus.IN_PROGRESS,)
"""While it is being worked."""

COMPLETED = (OpportunityStatus.WON, OpportunityStatus.LOST, OpportunityStatus.INVALID)
"""Once it ended (已完成)."""

SERVED = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON, OpportunityStatus.LOST)
"""While after-sales work and team changes are possible (OPP-11, OPP-12)."""

FOLLOWED_UP = (LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED, LeadStatus.CONVERTED)
"""While a lead is not disqualified, which is for good (LEAD-5, LEAD-9)."""

SELLING = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON)
"""While documents are issued (OPP-13)."""


def opportunity_stands(opportunity: Opportunity, allowed: tuple[OpportunityStatus, ...] | None) -> tuple[Reason, ...]:
    """
    Return why an operation that needs a live opportunity in one of *allowed* is not possible; nothing if it is.

    Args:
        allowed: The statuses; None means any.
    """
    if opportunity.voided:
        return (Reason("is_voided"),)
    if allowed is not None and opportunity.status not in allowed:
        return (Reason("wrong_status", status=str(opportunity.status), allowed=tuple(map(str, allowed))),)
    return ()


def lead_stands(
    lead: Lead, allowed: tuple[LeadStatus, ...] | None, *, even_disabled: bool = False
) -> tuple[Reason, ...]:
    """
    Return why an operation that needs a live lead in one of *allowed* is not possible; nothing if it is.

    Of one that was merged into another it tells that alone: whatever else is in the way, it is done there (LEAD-15).

    Args:
        allowed: The statuses; None means any.
        even_disabled: Whether a disabled lead will do: only voiding and deleting do (domain §2).
    """
    if lead.merged_into is not None:
        return (Reason("is_merged", into=lead.merged_into),)
    reasons = []
    if lead.voided:
        reasons.append(Reason("is_voided"))
    if lead.disabled and not even_disabled:
        reasons.append(Reason("is_disabled"))
    if allowed is not None and lead.status not in allowed:
        reasons.append(Reason("wrong_status", status=str(lead.status), allowed=tuple(map(str, allowed))))
    return tuple(reasons)


def refused(*reasons: Reason) -> Decision:
    """Return a decision that says no."""
    return Decision(reasons=tuple(reasons))
