"""
When a lead is left alone: first its owner is reminded, then their superior, then it is recycled (LEAD-13).

A day is a plain day of the business. What is not known, such as since when somebody has the lead, never counts
against it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model import Decision, EventBuilder, EventKind, Lead, LeadStatus, OverdueReminder
from salesflow.process.standing import lead_stands, refused

MOST_DAYS = 36_500
"""A rule waits at most so many days."""

OVERDUE = "overdue"
"""The reason that such a recycling gives."""


class RecyclingStep(StrEnum):
    """What is done about a lead that is left alone, in this order."""

    REMIND_OWNER = "remind_owner"
    REMIND_SUPERIOR = "remind_superior"
    RECYCLE = "recycle"


def _days(_instance: object, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
        raise InvalidInput(attribute.name, value, f"must be a whole number of days, 1 to {MOST_DAYS:,}")


def _earlier_days(instance: RecyclingRule, attribute: Any, value: Any) -> None:
    if value is None:
        return
    _days(instance, attribute, value)
    if value >= instance.after_days:
        raise InvalidInput(attribute.name, value, f"must be less than after_days, {instance.after_days}")


def _behind_the_owner(instance: RecyclingRule, attribute: Any, value: Any) -> None:
    _earlier_days(instance, attribute, value)
    first = instance.remind_owner_after_days
    if None not in (value, first) and value <= first:
        raise InvalidInput(attribute.name, value, f"must be more than remind_owner_after_days, {first}")


def _sources(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidInput("sources", value, "must be names of lead sources, such as ['website'], or None")
    sources = frozenset(value)
    if not sources or not all(isinstance(source, str) for source in sources):
        raise InvalidInput("sources", value, "must name at least one source; None means any")
    return sources


def _condition(_instance: object, attribute: Any, value: Any) -> None:
    if value is not None and not callable(value):
        raise InvalidInput(attribute.name, value, "must be a function that takes a lead, or None")


@frozen(kw_only=True)
class RecyclingRule:
    """
    How long an assigned lead may be left without follow-up.

    Days are counted from the last follow-up, or from the day its owner got it where that is later. Each step comes
    at least as long after the one before it as the rule puts between them, however seldom somebody looks.

    Args:
        after_days: After so many days it is recycled; from 1 on.
        sources: It is for leads of these sources (LEAD-16) only; None means any, and also leads without one.
        condition: It is only for leads of which this gives True, such as by a field of the application's own.
        remind_owner_after_days: After so many days the owner is reminded; None means never.
        remind_superior_after_days: After so many days the owner's superior is; None means never.

    Raises:
        InvalidInput: A value does not fit, or a later step would come before an earlier one.

    Source: LEAD-13.
    """

    after_days: int = field(validator=_days)
    sources: frozenset[str] | None = field(default=None, converter=_sources)
    condition: Callable[[Lead], bool] | None = field(default=None, validator=_condition)
    remind_owner_after_days: int | None = field(default=None, validator=_earlier_days)
    remind_superior_after_days: int | None = field(default=None, validator=_behind_the_owner)

    def is_for(self, lead: Lead) -> bool:
        """Whether the rule is for this lead; what the condition raises, this raises."""
        if self.sources is not None and lead.source not in self.sources:
            return False
        return self.condition is None or self.condition(lead) is True


def next_step(
    lead: Lead, rule: RecyclingRule, *, now: datetime, day_of: Callable[[datetime], date],
    recipients: Collection[RecyclingStep] = (RecyclingStep.REMIND_OWNER, RecyclingStep.REMIND_SUPERIOR),
) -> RecyclingStep | None:  # fmt: skip
    """
    Return what is to be done about *lead* by now, one step at a time; None where nothing is.

    Args:
        rule: The rule that is for it.
        now: The present moment.
        day_of: Gives the business day of a moment.
        recipients: The reminders that reach somebody; the others are passed over.

    Source: LEAD-13.
    """
    since = worked_since(lead)
    if since is None or lead_stands(lead, (LeadStatus.ASSIGNED,)):
        return None
    reachable = {*recipients, RecyclingStep.RECYCLE}
    days_of = {
        RecyclingStep.REMIND_OWNER: rule.remind_owner_after_days,
        RecyclingStep.REMIND_SUPERIOR: rule.remind_superior_after_days,
        RecyclingStep.RECYCLE: rule.after_days,
    }
    ladder = [(step, days) for step, days in days_of.items() if days is not None and step in reachable]
    reminded = {r.step: r.at for r in lead.reminders if r.owner == lead.owner and r.at > since}
    reached = next(place for place, (step, _) in enumerate(ladder) if step not in reminded)
    step, days = ladder[reached]
    if reached > 0:
        before, days_before = ladder[reached - 1]
        since, days = reminded[before], days - days_before
    return step if (day_of(now) - day_of(since)).days >= days else None


def worked_since(lead: Lead) -> datetime | None:
    """
    Return since when nobody has followed the lead up, as far as its owner is concerned; None where nobody knows.

    Source: LEAD-13.
    """
    return max(filter(None, (lead.last_follow_up_at, lead.assigned_at)), default=None)


def remind_of_lead(lead: Lead, step: RecyclingStep, *, by: str, at: datetime) -> Decision:
    """
    Decide to note that somebody was reminded of the lead, so that they are not again at the next look.

    Source: LEAD-13.
    """
    reasons = lead_stands(lead, (LeadStatus.ASSIGNED,))
    if reasons or lead.owner is None:
        return refused(*reasons)
    builder = EventBuilder(lead, at=at, by=by, operation="leads.recycle_overdue")
    reminder = OverdueReminder(step, lead.owner, builder.at)
    kept = {each.step: each for each in (*lead.reminders, reminder)}
    builder.add(EventKind.LEAD_REMINDED, reminders=tuple(kept.values()))
    return builder.decision()
