"""
The risk list (风险清单): open opportunities that show a sign of trouble, and which (PIPE-6, OPP-15).

What *stalled*, *overdue* and *silent* mean is settled in `salesflow.model.attention`. Whether an amount falls and a
close date is pushed again and again is told by the history; where there is none, these two are not judged, and the
list says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from attrs import frozen

from salesflow.errors import InvalidInput
from salesflow.model.attention import overdue_for, silent_for, stalled_for
from salesflow.model.enums import OpportunityStatus
from salesflow.model.events import Event
from salesflow.model.moments import business_day
from salesflow.model.opportunity import Opportunity
from salesflow.model.process import SalesProcess
from salesflow.pipeline.changes import Movement, movements
from salesflow.pipeline.population import Population, counted_of

SILENT_DAYS = 14
"""Without an activity for longer than this an opportunity is silent, unless the caller says otherwise."""

MOST_DAYS = 36_500
"""A number of days, or of pushes, is at most this."""

PUSHES = 2
"""A close date that was pushed so many times was pushed repeatedly, unless the caller says otherwise."""

_DECISION_MAKER = "decision_maker"


class Risk(StrEnum):
    """A sign of trouble; what its number counts stands behind it."""

    STALLED = "stalled"  # days beyond the stage's own limit
    OVERDUE = "overdue"  # days since the expected close date
    SILENT = "silent"  # days since the last activity, or since it was created
    AMOUNT_FALLING = "amount_falling"  # how often the amount fell
    CLOSE_DATE_PUSHED = "close_date_pushed"  # how often it was pushed
    SINGLE_CONTACT = "single_contact"  # contacts known: one or none
    NO_DECISION_MAKER = "no_decision_maker"  # contacts known, none of whom decides
    OWED_STAGES = "owed_stages"  # stages skipped on a fast track that must still be run


_FROM_HISTORY = (Risk.AMOUNT_FALLING, Risk.CLOSE_DATE_PUSHED)


@frozen
class RiskSign:
    """
    One sign that an opportunity shows.

    Args:
        risk: Which.
        number: How much of it, in the unit that `Risk` names.
        detail: The codes of the owed stages; else nothing.

    Source: PIPE-6.
    """

    risk: Risk
    number: int
    detail: tuple[str, ...] = ()


@frozen
class AtRisk:
    """
    One opportunity with the signs that it shows.

    Args:
        opportunity: Only read.
        signs: At least one, in the order of `Risk`.

    Source: PIPE-6.
    """

    opportunity: Opportunity
    signs: tuple[RiskSign, ...]


@frozen
class RiskList:
    """
    The opportunities that show a sign of trouble.

    Args:
        items: Those with the most signs first, then by id.
        judged: Which risks could be judged: without a history, not those that only it can tell.
        population: Which records were looked at.

    Source: PIPE-6, PIPE-8.
    """

    items: tuple[AtRisk, ...]
    judged: tuple[Risk, ...]
    population: Population


def risks(
    opportunities: Iterable[Opportunity], *, now: datetime, zone: ZoneInfo,
    process_of: Callable[[Opportunity], SalesProcess],
    owed_of: Callable[[Opportunity], Sequence[str]] = lambda opportunity: (),
    history_of: Callable[[Opportunity], Sequence[Event]] | None = None,
    silent_days: int = SILENT_DAYS, pushes: int = PUSHES,
) -> RiskList:  # fmt: skip
    """
    Return the open opportunities that show a sign of trouble.

    Args:
        opportunities: Those that the viewer sees; left out are the won, lost and invalid ones.
        now: The present moment, timezone-aware.
        zone: The business's time zone.
        process_of: Gives the template version that a record is pinned to, for the limits of its stages.
        owed_of: Gives the stages that a record owes (GRADE-4).
        history_of: Gives a record's events, in order; None where nobody keeps them.
        silent_days: How many days may pass without an activity, at least 0.
        pushes: How often a close date must have been pushed to count, at least 1.

    Raises:
        InvalidInput: *now* is naive, or a number is too small.

    Source: PIPE-6, OPP-15, PIPE-8.
    """
    today = business_day(now, zone)
    limits: tuple[tuple[str, object, int], ...] = (("silent_days", silent_days, 0), ("pushes", pushes, 1))
    for what, number, least in limits:
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= MOST_DAYS:
            raise InvalidInput(what, number, f"must be a whole number, {least} to {MOST_DAYS:,}")

    def signs(opportunity: Opportunity) -> Iterator[RiskSign]:
        found = {
            Risk.OVERDUE: overdue_for(opportunity, today),
            Risk.SILENT: silent_for(opportunity, silent_days, now),
        }
        stage = next((each for each in process_of(opportunity).stages if each.code == opportunity.stage), None)
        stalled = None if stage is None else _days(stalled_for(opportunity, stage, now))
        if stalled is not None:
            yield RiskSign(Risk.STALLED, stalled)
        for risk, excess in found.items():
            days = _days(excess)
            if days is not None:
                yield RiskSign(risk, days)
        if history_of is not None:
            yield from _told_by(history_of(opportunity), pushes)
        yield from _people(opportunity)
        owed = tuple(owed_of(opportunity))
        if owed:
            yield RiskSign(Risk.OWED_STAGES, len(owed), owed)

    rule = "open opportunities; left out are the won, lost and invalid ones"
    counted, population = counted_of(opportunities, (OpportunityStatus.IN_PROGRESS,), rule)
    items = [AtRisk(opportunity, shown) for opportunity in counted if (shown := tuple(signs(opportunity)))]
    judged = tuple(risk for risk in Risk if history_of is not None or risk not in _FROM_HISTORY)
    return RiskList(
        tuple(sorted(items, key=lambda item: (-len(item.signs), item.opportunity.id))),
        judged,
        population,
    )


def _days(excess: timedelta | None) -> int | None:
    """Return the days that have begun; None as it is."""
    return None if excess is None else -(-excess // timedelta(days=1))


def _told_by(history: Sequence[Event], pushes: int) -> Iterator[RiskSign]:
    told = [movement for _, movement, *_ in movements(history)]
    amounts = [movement for movement in told if movement in (Movement.AMOUNT_UP, Movement.AMOUNT_DOWN)]
    if amounts and amounts[-1] is Movement.AMOUNT_DOWN:
        yield RiskSign(Risk.AMOUNT_FALLING, amounts.count(Movement.AMOUNT_DOWN))
    pushed = told.count(Movement.CLOSE_DATE_PUSHED)
    if pushed >= pushes:
        yield RiskSign(Risk.CLOSE_DATE_PUSHED, pushed)


def _people(opportunity: Opportunity) -> Iterator[RiskSign]:
    contacts = {role.contact for role in opportunity.contact_roles}
    contacts |= {opportunity.contact} if opportunity.contact is not None else set()
    if len(contacts) < 2:
        yield RiskSign(Risk.SINGLE_CONTACT, len(contacts))
    if all(role.role != _DECISION_MAKER for role in opportunity.contact_roles):
        yield RiskSign(Risk.NO_DECISION_MAKER, len(contacts))
