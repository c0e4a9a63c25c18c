"""
What history says about winning and about when: per stage, and per stage and grade (PIPE-5).

It stands beside the template's default and the record's own dates, and never takes their place. How much it is worth
is told with it: how many closed opportunities it rests on, and the interval in which the true chance then lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from math import ceil, sqrt
from zoneinfo import ZoneInfo

from attrs import field, frozen

from salesflow.model.enums import Grade, OpportunityStatus, StageExit
from salesflow.model.moments import business_day
from salesflow.model.opportunity import Opportunity, StageVisit
from salesflow.model.process import SalesProcess
from salesflow.pipeline.cycle import Spread, spread_counted
from salesflow.pipeline.population import Population, counted_of

STATUSES = (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON, OpportunityStatus.LOST)
"""What chances are learned from, and learned for."""

Ended = tuple[str, Grade | None, OpportunityStatus, int | None]
"""A stage, a grade, how it ended, and the days from the stage to the win, or None."""

_Found = list[tuple[OpportunityStatus, int | None, int]]
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


@frozen
class Standing:
    """
    An open opportunity in the stage that it stands in.

    Args:
        opportunity: Its id.
        stage: The stage's code.
        grade: Its grade, or None.
        percent: The win probability that it has.
        close_date: The close date that it has, or None.
        entered_on: The business day on which it entered the stage, or None where unknown.
    """

    opportunity: str
    stage: str
    grade: Grade | None
    percent: int
    close_date: date | None
    entered_on: date | None


def chances(opportunities: Iterable[Opportunity], process: SalesProcess, zone: ZoneInfo) -> Chances:
    """
    Return the win chances and times to win of *process*, learned from those that were won and lost.

    Args:
        opportunities: Those that the viewer sees; left out are records of other processes and the invalid ones.
        process: Gives the stages and what they say themselves.
        zone: The business's time zone, which decides on which day a stage was entered.

    Source: PIPE-5, PIPE-8.
    """
    counted, population = counted_of(opportunities, STATUSES, rule_of_chances(process.id), process.id)
    codes = {stage.code for stage in process.stages}
    ended: Counter[Ended] = Counter()
    for opportunity in counted:
        if opportunity.is_completed:
            for code in codes:
                visit = _first_stay(opportunity, code)
                if visit is not None:
                    ended[code, opportunity.grade.effective, opportunity.status, _days(opportunity, visit, zone)] += 1
    standing = (_standing(opportunity, zone) for opportunity in counted if not opportunity.is_completed)
    return chances_of(process, ended, standing, population)


def rule_of_chances(process: str) -> str:
    """Return the rule of the population of chances, by the template's id."""
    return f"open, won and lost opportunities of {process!r}; left out are the invalid ones and other processes"


def chances_of(
    process: SalesProcess, ended: Mapping[Ended, int], standing: Iterable[Standing], population: Population
) -> Chances:
    """
    Return the chances of what was counted, in whatever way.

    Args:
        ended: How many won and lost ones were in a stage of *process*, by their grade and how they ended, and took so
            many days from entering it for the first time to the win; None where that is unknown, or they were lost.
        standing: The open ones; left out are those that stand in no stage of *process*.

    Source: PIPE-5, PIPE-8.
    """
    of_stage: dict[str, dict[Grade | None, _Found]] = {stage.code: {} for stage in process.stages}
    for (code, grade, status, days), count in ended.items():
        of_stage[code].setdefault(grade, []).append((status, days, count))
    known = {}
    for stage in process.stages:
        by_grade = sorted(of_stage[stage.code].items(), key=lambda item: (item[0] is None, str(item[0])))
        known[stage.code] = StageChance(
            stage.code,
            stage.probability,
            _chance([each for _, found in by_grade for each in found]),
            tuple((grade, _chance(found)) for grade, found in by_grade),
        )
    outlooks = (_outlook(each, known[each.stage]) for each in standing if each.stage in known)
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


def _days(opportunity: Opportunity, visit: StageVisit, zone: ZoneInfo) -> int | None:
    end = opportunity.actual_close_date
    if opportunity.status is not OpportunityStatus.WON or end is None or visit.entered_at is None:
        return None
    taken = (end - business_day(visit.entered_at, zone)).days
    return taken if taken >= 0 else None


def _standing(opportunity: Opportunity, zone: ZoneInfo) -> Standing:
    entered_at = opportunity.visits[-1].entered_at if opportunity.visits else None
    return Standing(
        opportunity.id,
        opportunity.stage,
        opportunity.grade.effective,
        opportunity.probability.percent,
        opportunity.close_date,
        None if entered_at is None else business_day(entered_at, zone),
    )


def _chance(found: _Found) -> Chance:
    number: Counter[OpportunityStatus] = Counter()
    days: Counter[int] = Counter()
    for status, taken, count in found:
        number[status] += count
        if taken is not None:
            days[taken] += count
    won, whole = number[OpportunityStatus.WON], number.total()
    low, high = wilson(won, whole) if whole else (None, None)
    return Chance(won, whole - won, won / whole if whole else None, low, high, spread_counted(days))


_NOTHING = Chance(0, 0, None, None, None, spread_counted({}))


def _outlook(standing: Standing, stage: StageChance) -> Outlook:
    graded = dict(stage.by_grade).get(standing.grade, _NOTHING)
    return Outlook(
        standing.opportunity,
        stage.code,
        stage.default_percent,
        standing.percent,
        standing.close_date,
        _learned(stage.chance, standing.entered_on),
        _learned(graded, standing.entered_on),
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
