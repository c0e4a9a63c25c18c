"""
What an arrival from another system may say, the past that it brings, and whether two say the same (IO-1, IO-3).

The rules guard moves, not arrivals; but nothing that arrives has happened yet to come.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import (
    Closing,
    ImportedLead,
    ImportedOpportunity,
    Lead,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    SalesProcess,
    StageEntry,
    StageExit,
)
from salesflow.process import stages
from salesflow.process.checks import OUTCOME_CODES
from salesflow.process.stages import Visits

_OF_A_LEAD = "title owner branch contact company phone email channel source description".split()
_OF_AN_OPPORTUNITY = "name owner process stage status customer contact amount close_date source".split()


def moments_ahead(arrival: ImportedOpportunity | ImportedLead, now: datetime) -> tuple[tuple[str, datetime], ...]:
    """
    Return each moment of the arrival's past that lies after *now*, with its field; of a stage, with the stage's code.

    Source: IO-3, HIST-2.
    """
    told: list[tuple[str, datetime | None]] = [("created_at", arrival.created_at)]
    if isinstance(arrival, ImportedOpportunity):
        told += [("closed_at", arrival.closed_at), ("entered_at", arrival.entered_at), *arrival.history]
    return tuple([(field, moment) for field, moment in told if moment is not None and moment > now])


def check_arrival(process: SalesProcess, arrival: ImportedOpportunity) -> None:
    """
    Refuse what no system can have known.

    Raises:
        InvalidInput: A stage is not in the template, the history runs backwards or ends with the outcome itself, or a
            closing has no reason.

    Source: IO-3.
    """
    codes = {stage.code for stage in process.stages}
    steps = [*arrival.history, (arrival.stage, arrival.entered_at)]
    for place, (code, _) in enumerate(steps):
        if code not in codes and (code not in OUTCOME_CODES or place == len(arrival.history)):
            raise InvalidInput(
                "stage", code, f"must be a stage of {process.id}: {', '.join(s.code for s in process.stages)}"
            )
    moments = [moment for _, moment in steps if moment is not None]
    if arrival.closed_at is not None:
        moments.append(arrival.closed_at)
    if any(later < earlier for earlier, later in pairwise(moments)):
        raise InvalidInput("history", arrival.id, "must run forward in time, up to the closing")
    if arrival.history and arrival.history[-1][0] == arrival.outcome and arrival.entered_at is None:
        raise InvalidInput("history", arrival.outcome, "must not end with the outcome itself, which closed_at dates")
    reasons = {
        OpportunityStatus.LOST: process.lost_reasons,
        OpportunityStatus.INVALID: process.invalid_reasons,
    }
    known = reasons.get(arrival.outcome) if arrival.outcome is not None else None
    if known is not None and arrival.reason not in known:
        raise InvalidInput("reason", arrival.reason, f"must be one of {', '.join(known)}")


def past_of(
    process: SalesProcess, arrival: ImportedOpportunity, *, by: str, at: datetime, zone_day: Callable[[datetime], date]
) -> tuple[Visits, tuple[Closing, ...]]:
    """
    Return the stays that an arrival brings along, the last of which lasts, and the closings that were reopened.

    An outcome that is followed by another is a reopening and a closing at one instant, in the stage that was left.

    Args:
        at: When it arrives, in UTC.
        zone_day: Gives the business day of a moment.

    Source: IO-3, OPP-8.
    """
    visits: Visits = ()
    closings: tuple[Closing, ...] = ()
    for place, (code, moment) in enumerate(arrival.history):
        if code not in OUTCOME_CODES:
            visits, closings = _entered(visits, closings, code, moment, by, at)
            continue
        if not visits:  # closed where it stood, which only what came later can tell
            behind = [later for later, _ in arrival.history[place:] if later not in OUTCOME_CODES]
            visits = stages.enter((), [*behind, arrival.stage][0], at=None, entry=StageEntry.IMPORTED)
        if closings and closings[-1].ended_at is None:
            visits, closings = _entered(visits, closings, visits[-1].stage, moment, by, at)
        left = visits[-1].stage
        visits = stages.leave(visits, at=moment, exit=StageExit.CLOSED)
        percent = next(stage.probability for stage in process.stages if stage.code == left)
        chance = Probability(percent, ProbabilitySource.STAGE)
        ended = Closing(len(closings) + 1, OpportunityStatus(code), left, moment, by, zone_day(moment), chance)
        closings = (*closings, ended)
    is_reopened = bool(closings) and closings[-1].ended_at is None
    entered_at = arrival.closed_at if is_reopened and arrival.entered_at is None else arrival.entered_at
    return _entered(visits, closings, arrival.stage, entered_at, by, at)


def _entered(
    visits: Visits, closings: tuple[Closing, ...], stage: str, moment: datetime | None, by: str, at: datetime
) -> tuple[Visits, tuple[Closing, ...]]:
    """Return both once *stage* is entered: from the stage before, or by a reopening where it was closed."""
    if closings and closings[-1].ended_at is None:
        ended = evolve(closings[-1], ended_at=moment or closings[-1].at, ended_by=by)
        return stages.enter(visits, stage, at=moment, entry=StageEntry.REOPENED), (*closings[:-1], ended)
    if visits:
        visits = stages.leave(visits, at=moment or visits[-1].entered_at or at, exit=StageExit.ADVANCED)
    return stages.enter(visits, stage, at=moment, entry=StageEntry.IMPORTED), closings


def brought_along(record: Lead | Opportunity) -> tuple[Any, ...]:
    """
    Return what a record has from its arrival: two arrivals that say the same make records that are equal in it.

    What the moment of taking it in adds is left out: when it was created, where nobody says, and the like.

    Source: IO-1.
    """
    if isinstance(record, Lead):
        return tuple([getattr(record, name) for name in _OF_A_LEAD])
    past = tuple([(visit.stage, visit.entered_at) for visit in record.visits])
    ends = tuple([(end.outcome, end.at, end.actual_amount, end.reason) for end in record.closings])
    return (*[getattr(record, name) for name in _OF_AN_OPPORTUNITY], past, ends)
