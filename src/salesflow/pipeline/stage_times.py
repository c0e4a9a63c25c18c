"""
Time in stage: how long finished stays in each stage took, and how long the ones that last have lasted (PIPE-2).

A stage that was only passed over was never stayed in. A stay whose beginning is unknown, as after some imports,
is counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from attrs import frozen

from salesflow.model.enums import StageExit
from salesflow.model.moments import utc
from salesflow.model.opportunity import Opportunity
from salesflow.model.process import SalesProcess
from salesflow.pipeline.population import EVERY_STATUS, Population, counted_of, rule_of_process


@frozen
class Durations:
    """
    How durations are spread.

    Args:
        count: How many there are.
        median: The one in the middle, or the mean of the two, to the millisecond; None where there are none.
        percentile_90: Where they are cut in their order at nine tenths, between two neighbours in proportion, as
            spreadsheets do, to the millisecond; None where there are none.
        shortest, longest: The ends; None where there are none.

    Source: PIPE-2.
    """

    count: int
    median: timedelta | None = None
    percentile_90: timedelta | None = None
    shortest: timedelta | None = None
    longest: timedelta | None = None


@frozen
class StageTime:
    """
    The stays in one stage.

    Args:
        code: The stage's code.
        finished: Stays that ended, by moving on, going back or closing.
        lasting: Stays that last, each until now.
        without_start: How many stays have no known beginning and are in neither.

    Source: PIPE-2.
    """

    code: str
    finished: Durations
    lasting: Durations
    without_start: int


@frozen
class StageTimes:
    """
    The stays in the stages of one process.

    Args:
        process: The template's id.
        stages: In the template's order.
        population: Which records are counted.

    Source: PIPE-2, PIPE-8.
    """

    process: str
    stages: tuple[StageTime, ...]
    population: Population


def stage_times(opportunities: Iterable[Opportunity], process: SalesProcess, now: datetime) -> StageTimes:
    """
    Return how long opportunities stay in each stage of *process*.

    Args:
        opportunities: Those that the viewer sees; left out are records of other processes.
        process: Gives the stages and their order; stays in stages that it does not have are not told.
        now: The present moment, timezone-aware: until then stays last.

    Raises:
        InvalidInput: *now* is naive.

    Source: PIPE-2, PIPE-8.
    """
    now = utc(now, "now")
    finished: dict[str, list[timedelta]] = {stage.code: [] for stage in process.stages}
    lasting: dict[str, list[timedelta]] = {stage.code: [] for stage in process.stages}
    without: dict[str, int] = dict.fromkeys(finished, 0)
    counted, population = counted_of(opportunities, EVERY_STATUS, rule_of_process(process.id), process.id)
    for opportunity in counted:
        for visit in opportunity.visits:
            if visit.stage not in finished or visit.exit is StageExit.SKIPPED:
                continue
            if visit.entered_at is None:
                without[visit.stage] += 1
            elif visit.left_at is not None:
                finished[visit.stage].append(visit.left_at - visit.entered_at)
            else:
                lasting[visit.stage].append(now - visit.entered_at)
    stages = (
        StageTime(code, durations_of(finished[code]), durations_of(lasting[code]), without[code]) for code in finished
    )
    return StageTimes(process.id, tuple(stages), population)


def durations_of(durations: Sequence[timedelta]) -> Durations:
    """Return how *durations* are spread; their order does not matter."""
    if not durations:
        return Durations(0)
    ranked, count = sorted(durations), len(durations)
    before, tenths = divmod(9 * (count - 1), 10)
    twice = ranked[(count - 1) // 2] + ranked[count // 2]
    ten_times = ranked[before] * (10 - tenths) + ranked[min(before + 1, count - 1)] * tenths
    return Durations(count, _part(twice, 2), _part(ten_times, 10), ranked[0], ranked[-1])


def _part(duration: timedelta, parts: int) -> timedelta:
    """Return a part of *duration* to the millisecond, as near as engines agree on who count with floats."""
    whole = Fraction(duration // timedelta(microseconds=1), 1000 * parts)
    return timedelta(milliseconds=round(whole))
