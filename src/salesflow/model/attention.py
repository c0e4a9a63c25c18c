"""
No opportunity is left mid-way for ever: stalled in its stage, past its close date, or without a word (OPP-15).

Only what is in progress and not voided can be late; what is not known (an import's dates) never counts against it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from salesflow.model.opportunity import Opportunity
from salesflow.model.process import Stage


def stalled_for(opportunity: Opportunity, stage: Stage, now: datetime) -> timedelta | None:
    """
    Return by how much it is longer in its stage than the stage's own limit, or None where it is not.

    Args:
        stage: The stage it is in, of the template version that it is pinned to; without a limit nothing stalls.

    Source: OPP-15.
    """
    entered_at = opportunity.visits[-1].entered_at if opportunity.visits else None
    if not is_worked(opportunity) or stage.limit_days is None or entered_at is None:
        return None
    return _beyond(now - entered_at - timedelta(days=stage.limit_days))


def overdue_for(opportunity: Opportunity, today: date) -> timedelta | None:
    """
    Return for how long its expected close date has passed, or None where it has not; the day itself is in time.

    Source: OPP-15.
    """
    if not is_worked(opportunity) or opportunity.close_date is None:
        return None
    return _beyond(today - opportunity.close_date)


def silent_for(opportunity: Opportunity, days: int, now: datetime) -> timedelta | None:
    """
    Return how long nothing was heard of it, or None where that is not longer than *days*.

    Silence begins with the last activity or note; where there was none, with its creation.

    Source: OPP-15, OPP-19.
    """
    since = opportunity.last_activity_at or opportunity.created_at
    if not is_worked(opportunity) or since is None:
        return None
    silence = now - since
    return silence if silence > timedelta(days=days) else None


def is_worked(opportunity: Opportunity) -> bool:
    """Whether it is in progress and not voided: only then can it be late."""
    return not (opportunity.is_completed or opportunity.voided)


def _beyond(excess: timedelta) -> timedelta | None:
    return excess if excess > timedelta(0) else None
