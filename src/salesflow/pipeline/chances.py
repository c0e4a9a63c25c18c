"""
What history says about winning and about when: per stage, and per stage and grade (PIPE-5).

It stands beside the template's default and the record's own dates, and never takes their place. How much it is worth
is told with it: how many closed opportunities it rests on, and the interval in which the true chance then lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import ceil, sqrt
from zoneinfo import ZoneInfo

from attrs import field, frozen

from salesflow.model.enums import Grade, OpportunityStatus, StageExit
from salesflow.model.moments import business_day
from salesflow.model.opportunity import Opportunity, StageVisit
from salesflow.model.process import SalesProcess
from salesflow.pipeline.cycle import Spread, spread_of
from salesflow.pipeline.population import Population, counted_of

_STATUSES = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON, OpportunityStatus.LOST)
_Z = 1.959963984540054  # of the normal distribution, 19 in 20 lie so many deviations around its middle


@frozen
class Chance:
    """
    How those that were in a stage ended.

    Args:
        won, lost: How many; together the size of the sample.
        share: won / (won + lost); None where none has ended yet.
        low, high: The interval that holds the true chance in 19 of 20 cases, by Wilson's score; None likewise.
        days_to_win: From entering the stage for the first time to the win, where both days are known.

    Source: PIPE-5.
    """

    won: int
    lost: int
    share: float | None
    low: float | None
    high: float | None
    days_to_win: Spread


@frozen
class StageChance:
    """
    The chances of one stage.

    Args:
        code: The stage's code.
        default_percent: What the template says.
        chance: Of all grades together.
        by_grade: Of each grade that occurs, in order, then of the ungraded as None.

    Source: PIPE-5.
    """

    code: str
    default_percent: int
    chance: Chance
    by_grade: tuple[tuple[Grade | None, Chance], ...]


@frozen
class Learned:
    """
    What a chance means for one open opportunity.

    Args:
        chance: The chance itself.
        close_date: When half of those that were won were, counted from the day it entered its stage; a day that is
            past says that it is late. None where either is unknown.
        close_date_90: When nine in ten were.

    Source: PIPE-5.
    """

    chance: Chance
    close_date: date | None
    close_date_90: date | None


@frozen
class Outlook:
    """
    One open opportunity: what is planned, and beside it what history says.

    Args:
        opportunity: Its id.
        stage: The stage's code.
        default_percent: The template's win probability of the stage.
        percent: The win probability that the record has.
        close_date: The close date that the record has, or None.
        by_stage: What those say that were in its stage.
        by_grade: What those of its grade among them say; of a small sample often, see its interval.

    Source: PIPE-5.
    """

    opportunity: str
    stage: str
    default_percent: int
    percent: int
    close_date: date | None
    by_stage: Learned
    by_grade: Learned


@frozen
class Chances:
    """
    What history says about one process.

    Args:
        process: The template's id.
        stages: In the template's order.
        outlooks: One for each open opportunity that stands in one of them, as they were given.
        population: Which records are counted.

    Source: PIPE-5, PIPE-8.
    """

    process: str
    stages: tuple[StageChance, ...]
    outlooks: tuple[Outlook, ...]
    population: Population = field(repr=False)


def chances(opportunities: Iterable[Opportunity], process: SalesProcess, zone: ZoneInfo) -> Chances:
    """
    Return the win chances and times to win of *process*, learned from those that were won and lost.

    Args:
        opportunities: Those that the viewer sees; left out are records of other processes and the invalid ones.
        process: Gives the stages and what they say themselves.
        zone: The business's time zone, which decides on which day a stage was entered.

    Source: PIPE-5, PIPE-8.
    """
    rule = f"open, won and lost opportunities of {process.id!r}; left out are the invalid ones and other processes"
    counted, population = counted_of(opportunities, _STATUSES, rule, process.id)
    ended = [opportunity for opportunity in counted if opportunity.is_completed]
    known: dict[str, StageChance] = {}
    for stage in process.stages:
        found = [(each, visit) for each in ended if (visit := _first_stay(each, stage.code)) is not None]
        grades = {each.grade.effective for each, _ in found}
        known[stage.code] = StageChance(
            stage.code,
            stage.probability,
            _chance(found, zone),
            tuple(
                (grade, _chance([pair for pair in found if pair[0].grade.effective is grade], zone))
                for grade in sorted(grades, key=lambda grade: (grade is None, str(grade)))
            ),
        )
    outlooks = [
        _outlook(opportunity, known[opportunity.stage], zone)
        for opportunity in counted
        if not opportunity.is_completed and opportunity.stage in known
    ]
    return Chances(process.id, tuple(known.values()), tuple(outlooks), population)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """
    Return the interval that holds a true share in 19 of 20 cases, when *part* of *whole* were seen (Wilson's score).

    Args:
        part: From 0 to *whole*.
        whole: At least 1.
    """
    share = part / whole
    middle = (share + _Z * _Z / (2 * whole)) / (1 + _Z * _Z / whole)
    reach = _Z * sqrt(share * (1 - share) / whole + _Z * _Z / (4 * whole * whole)) / (1 + _Z * _Z / whole)
    return (0.0 if part == 0 else middle - reach), (1.0 if part == whole else middle + reach)


def _first_stay(opportunity: Opportunity, stage: str) -> StageVisit | None:
    stays = (visit for visit in opportunity.visits if visit.stage == stage and visit.exit is not StageExit.SKIPPED)
    return next(stays, None)


def _chance(found: Sequence[tuple[Opportunity, StageVisit]], zone: ZoneInfo) -> Chance:
    won = sum(opportunity.status is OpportunityStatus.WON for opportunity, _ in found)
    days = []
    for opportunity, visit in found:
        end = opportunity.actual_close_date
        if opportunity.status is OpportunityStatus.WON and end is not None and visit.entered_at is not None:
            taken = (end - business_day(visit.entered_at, zone)).days
            days += [taken] if taken >= 0 else []
    low, high = wilson(won, len(found)) if found else (None, None)
    share = won / len(found) if found else None
    return Chance(won, len(found) - won, share, low, high, spread_of(days))


_NOTHING = Chance(0, 0, None, None, None, spread_of([]))


def _outlook(opportunity: Opportunity, stage: StageChance, zone: ZoneInfo) -> Outlook:
    graded = dict(stage.by_grade).get(opportunity.grade.effective, _NOTHING)
    entered_at = opportunity.visits[-1].entered_at if opportunity.visits else None
    entered = None if entered_at is None else business_day(entered_at, zone)
    return Outlook(
        opportunity.id,
        stage.code,
        stage.default_percent,
        opportunity.probability.percent,
        opportunity.close_date,
        _learned(stage.chance, entered),
        _learned(graded, entered),
    )


def _learned(chance: Chance, entered: date | None) -> Learned:
    days = chance.days_to_win
    return Learned(chance, _later(entered, days.median), _later(entered, days.percentile_90))


def _later(day: date | None, days: float | None) -> date | None:
    if day is None or days is None:
        return None
    try:
        return day + timedelta(days=ceil(days))
    except OverflowError:
        return None
