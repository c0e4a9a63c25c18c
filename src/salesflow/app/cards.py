"""A lead without owner as somebody sees it: whole, or as the card that one claims by (VIS-18, LEAD-14)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from salesflow.model import Lead, LeadCard
from salesflow.visibility import Sight


def shown(sight: Sight, person: str, record: Any, now: datetime) -> Any:
    """Return *record*, which *person* sees, as they see it at *now*."""
    return record if sight.sees_whole(person, record) else card(record, now)


def card(lead: Lead, now: datetime) -> LeadCard:
    """
    Return what is told of a lead to somebody who may claim it and no more.

    Source: LEAD-14.
    """
    age_days = 0 if lead.created_at is None else max(0, (now - lead.created_at).days)
    return LeadCard(id=lead.id, title=lead.title, source=lead.source, age_days=age_days)
