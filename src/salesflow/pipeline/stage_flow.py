"""
How many came into each stage, went out of it, and stood in it at the end of every month, quarter or year (PIPE-2).

It is told by the dated stays of the records themselves, so a past that was imported counts as well. For each stage
what stood there before, and came, less what went, is what stands there at the end. A day ends with whoever left on it
gone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from attrs import frozen

from salesflow.model.enums import StageExit
from salesflow.model.moments import business_day, plain_day
from salesflow.model.opportunity import Opportunity
from salesflow.model.process import SalesProcess
from salesflow.pipeline.periods import PERIODS, frame
from salesflow.pipeline.population import EVERY_STATUS, Population, counted_of


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
    periods = list(frame(plain_day(since, "since"), plain_day(until, "until"), period))
    places = {label: place for place, (label, _, _) in enumerate(periods)}
    label_of, earliest, after = PERIODS[period][0], periods[0][1], len(periods)
    codes = [stage.code for stage in process.stages]
    entered: Counter[tuple[str, int]] = Counter()
    left: Counter[tuple[str, int]] = Counter()
    without: Counter[str] = Counter()

    def place_of(day: date) -> int:
        return places.get(label_of(day)[0], -1 if day < earliest else after)

    rule = f"open, won, lost and invalid opportunities of {process.id!r}; left out are those of other processes"
    counted, population = counted_of(opportunities, EVERY_STATUS, rule, process.id)
    for opportunity in counted:
        for visit in opportunity.visits:
            if visit.exit is StageExit.SKIPPED:
                continue
            if visit.entered_at is None:
                without[visit.stage] += 1
                continue
            begun = business_day(visit.entered_at, zone)
            entered[visit.stage, place_of(begun)] += 1
            if visit.left_at is not None:
                left[visit.stage, place_of(max(begun, business_day(visit.left_at, zone)))] += 1
    stages = []
    for code in codes:
        standing = before = entered[code, -1] - left[code, -1]
        told = []
        for place, (label, first, last) in enumerate(periods):
            came, went = entered[code, place], left[code, place]
            standing += came - went
            told.append(StagePeriod(label, first, last, came, went, standing))
        stages.append(StageFlow(code, before, tuple(told), without[code]))
    return StageFlows(process.id, tuple(stages), population)
