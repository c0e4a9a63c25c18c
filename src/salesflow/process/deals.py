"""What a customer's deal status follows: how many opportunities of theirs stand as won (CUS-2)."""

from __future__ import annotations

from datetime import datetime

from salesflow.model import Customer, Decision, EventBuilder, EventKind, Opportunity, OpportunityStatus


def customer_won(opportunity: Opportunity) -> str | None:
    """
    Return the id of the customer whose deal the opportunity is; None while it stands for none.

    A win counts from the moment that it is won until it is reopened, voided or deleted, and again when it is unvoided:
    then the status tells of wins that are there to be seen.

    Source: CUS-2.
    """
    is_won = opportunity.status is OpportunityStatus.WON and not opportunity.voided
    return opportunity.customer if is_won else None


def count_deals(customer: Customer, further: int, *, by: str, at: datetime, operation: str) -> Decision:
    """
    Decide that *further* wins of the customer's count, or as many fewer where it is negative; never fewer than none.

    Args:
        operation: What made them count, such as ``"opportunities.win"``.

    Source: CUS-2.
    """
    deals_won = max(0, customer.deals_won + further)
    if deals_won == customer.deals_won:
        return Decision()
    builder = EventBuilder(customer, at=at, by=by, operation=operation)
    builder.add(EventKind.DEALS_COUNTED, deals_won=deals_won)
    return builder.decision()
