"""
How many came into each stage, went out of it, and stood in it at the end of every month, quarter or year (PIPE-2).

It is told by the dated stays of the records themselves, so a past that was imported counts as well. For each stage
what stood there before, and came, less what went, is what stands there at the end. A day ends with whoever left on it
gone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from attrs import frozen

from salesflow.model.enums import StageExit
from salesflow.model.moments import business_day, plain_day
from salesflow.model.opportunity import Opportunity
from salesflow.model.process import SalesProcess
from salesflow.pipeline.periods import frame
from salesflow.pipeline.population import EVERY_STATUS, Population, counted_of, rule_of_process


@frozen
class StagePeriod:
    """
    One stage in one period.

    Args:
        label: ``2026-03``, ``2026Q1`` or ``2026``.
        first, last: The days of the period.
        entered, left: How many stays began and ended in it.
        standing: How many last at the end of its last day.

    Source: PIPE-2.
    """

    label: str
    first: date
    last: date
    entered: int
    left: int
    standing: int


@frozen
class StageFlow:
    """
    One stage over all the periods.

    Args:
        code: The stage's code.
        before: How many stood in it before the first period.
        periods: In the order of time.
        without_start: Stays that nobody knows the beginning of; they are in none of the numbers.

    Source: PIPE-2.
    """

    code: str
    before: int
    periods: tuple[StagePeriod, ...]
    without_start: int


@frozen
class StageFlows:
    """
    All stages of one process.

    Args:
        process: The template's id.
        stages: In the template's order.
        population: Which records are counted.

    Source: PIPE-2, PIPE-8.
    """

    process: str
    stages: tuple[StageFlow, ...]
    population: Population


def stage_flow(
    opportunities: Iterable[Opportunity], process: SalesProcess, zone: ZoneInfo, *, since: date, until: date,
    period: str = "month",
) -> StageFlows:  # fmt: skip
    """
    Return how the stages of *process* filled and emptied.

    Args:
        opportunities: Those that the viewer sees; left out are records of other processes.
        process: Gives the stages and their order; a stage that was only passed over was never entered.
        zone: The business's time zone, which decides on which day a stage was entered and left.
        since, until: A day of the first and of the last period.
        period: ``"month"``, ``"quarter"`` or ``"year"``.

    Raises:
        InvalidInput: As of `forecast`.

    Source: PIPE-2, PIPE-8.
    """
    periods = frame_of_days(since, until, period)
    entered: Counter[tuple[str, date]] = Counter()
    left: Counter[tuple[str, date]] = Counter()
    without: Counter[str] = Counter()
    counted, population = counted_of(opportunities, EVERY_STATUS, rule_of_process(process.id), process.id)
    for opportunity in counted:
        for visit in opportunity.visits:
            if visit.exit is StageExit.SKIPPED:
                continue
            if visit.entered_at is None:
                without[visit.stage] += 1
                continue
            begun = business_day(visit.entered_at, zone)
            entered[visit.stage, begun] += 1
            if visit.left_at is not None:
                left[visit.stage, max(begun, business_day(visit.left_at, zone))] += 1
    return stage_flow_of(process, periods, entered, left, without, population)


def frame_of_days(since: date, until: date, period: str) -> list[tuple[str, date, date]]:
    """Return the periods that two plain days lie in, and those between, as `frame` does."""
    return list(frame(plain_day(since, "since"), plain_day(until, "until"), period))


def stage_flow_of(
    process: SalesProcess, periods: Sequence[tuple[str, date, date]], entered: Mapping[tuple[str, date], int],
    left: Mapping[tuple[str, date], int], without_start: Mapping[str, int], population: Population,
) -> StageFlows:  # fmt: skip
    """
    Return the flow of what was counted, in whatever way.

    Args:
        periods: Label, first and last day of each, in the order of time, without a gap.
        entered, left: How many stays in a stage, by its code, began and ended on a day; any day of a period will do.
        without_start: How many stays in a stage have no known beginning.

    Source: PIPE-2, PIPE-8.
    """
    came, went = _by_place(entered, periods), _by_place(left, periods)
    stages = []
    for code in (stage.code for stage in process.stages):
        standing = before = came[code, -1] - went[code, -1]
        told = []
        for place, (label, first, last) in enumerate(periods):
            standing += came[code, place] - went[code, place]
            told.append(StagePeriod(label, first, last, came[code, place], went[code, place], standing))
        stages.append(StageFlow(code, before, tuple(told), without_start.get(code, 0)))
    return StageFlows(process.id, tuple(stages), population)


def _by_place(
    days: Mapping[tuple[str, date], int], periods: Sequence[tuple[str, date, date]]
) -> Counter[tuple[str, int]]:
    """Return how many by the place of the period, -1 before the first; after the last they count nowhere."""
    firsts, end = [first for _, first, _ in periods], periods[-1][2]
    found: Counter[tuple[str, int]] = Counter()
    for (code, day), count in days.items():
        if day <= end:
            found[code, bisect_right(firsts, day) - 1] += count
    return found
