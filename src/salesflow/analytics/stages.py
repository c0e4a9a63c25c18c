"""Through the stages: board, funnel, time in stage, and how stages fill and empty (PIPE-1, PIPE-2)."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from salesflow.analytics.compiler import among, text
from salesflow.analytics.counting import OPEN, WON, Tally, population_of, population_of_process, rows, tallied
from salesflow.analytics.layout import day_of_month, microseconds
from salesflow.analytics.tables import Table, Tables
from salesflow.model import SalesProcess, utc
from salesflow.model.enums import OpportunityStatus
from salesflow.pipeline import Board, Column, Durations, Funnel, Population, StageFlows, StageTime, StageTimes
from salesflow.pipeline.board import board_of
from salesflow.pipeline.funnel import funnel_of, rule_of_funnel
from salesflow.pipeline.population import EVERY_STATUS, rule_of_process
from salesflow.pipeline.stage_flow import frame_of_days, stage_flow_of
from salesflow.visibility.filters import Filter


def board(tables: Tables, filter: Filter, process: SalesProcess) -> Board:
    """
    Return what `salesflow.pipeline.board` returns, without cards.

    Args:
        filter: What the viewer sees.
        process: Gives the stages and their order.

    Raises:
        InvalidInput: The tables cannot tell who passes *filter*.

    Source: PIPE-1, PIPE-8.
    """
    seen = tables.seen(filter)

    def place_of(row: Any) -> tuple[OpportunityStatus | None, str]:
        status = OpportunityStatus(row["status"])
        if not row["is_of_process"]:
            return None, ""
        return status, row["stage"] if status is OPEN else status.value

    keys = {"status": seen.status, "stage": seen.stage, "is_of_process": seen.process == text(process.id)}
    found = tallied(seen, keys, {OPEN: "amount", WON: "actual_amount"}, place_of)
    columns = [_column(status, code, tally) for (status, code), tally in found.items() if status is not None]
    tallies = ((status, tally) for (status, _), tally in found.items())
    return board_of(process, columns, population_of(tallies, EVERY_STATUS, rule_of_process(process.id)))


def _column(status: OpportunityStatus, code: str, tally: Tally) -> Column:
    missing = tally.count - tally.valued if status in (OPEN, WON) else 0
    return Column(code, status, tally.count, tally.amounts, tally.weighted, missing, ())


def funnel(tables: Tables, filter: Filter, process: SalesProcess) -> Funnel:
    """
    Return what `salesflow.pipeline.funnel` returns.

    Args:
        filter: What the viewer sees.
        process: Gives the stages and their order.

    Raises:
        InvalidInput: The tables cannot tell who passes *filter*.

    Source: PIPE-2, PIPE-8.
    """
    seen = tables.seen(filter)
    of_process = seen.filter(seen.process == text(process.id))
    stays = _stays_of(tables, process)
    place = stays.stage.cases(*((text(stage.code), number) for number, stage in enumerate(process.stages)), else_=-1)
    been = stays.group_by("opportunity").agg(furthest=place.max())
    joined = of_process.inner_join(been, [of_process.id == been.opportunity])
    grouped = joined.group_by(["furthest", "status"]).agg(
        count=joined.count(), voided=joined.voided.cast("int32").sum()
    )
    furthest: Counter[tuple[int, OpportunityStatus]] = Counter()
    voided = 0
    for row in rows(grouped):
        furthest[row["furthest"], OpportunityStatus(row["status"])] = row["count"]
        voided += row["voided"]
    first = stays.filter(stays.is_first)
    visits = first.filter(first.opportunity.isin(of_process.id))
    visited = {row["stage"]: row["count"] for row in rows(visits.group_by("stage").agg(count=visits.count()))}
    given, counted = _count(seen), furthest.total()
    population = Population(EVERY_STATUS, counted, given - counted, voided, rule_of_funnel(process.id))
    return funnel_of(process, furthest, visited, population)


def stage_times(tables: Tables, filter: Filter, process: SalesProcess, now: datetime) -> StageTimes:
    """
    Return what `salesflow.pipeline.stage_times` returns.

    Args:
        filter: What the viewer sees.
        process: Gives the stages and their order.
        now: The present moment, timezone-aware: until then stays last.

    Raises:
        InvalidInput: *now* is naive, or the tables cannot tell who passes *filter*.

    Source: PIPE-2, PIPE-8.
    """
    moment = microseconds(utc(now, "now"))
    seen = tables.seen(filter)
    of_process = seen.filter(seen.process == text(process.id))
    stays = _stays_of(tables, process)
    stays = stays.filter(stays.opportunity.isin(of_process.id))
    is_lasting = stays.took_us.isnull()
    took = is_lasting.ifelse(moment - stays.entered_at_us, stays.took_us)
    stays = stays.select(stage=stays.stage, is_lasting=is_lasting, took=took)
    grouped = stays.group_by(["stage", "is_lasting"]).agg(
        stays=stays.count(),
        count=stays.took.count(),
        quantiles=stays.took.quantile([0.5, 0.9]),
        shortest=stays.took.min(),
        longest=stays.took.max(),
    )
    without: Counter[str] = Counter()
    spread: dict[tuple[str, bool], Durations] = {}
    for row in rows(grouped):
        without[row["stage"]] += row["stays"] - row["count"]
        if row["count"]:
            median, percentile_90 = map(_told, row["quantiles"])
            ends = (timedelta(microseconds=each) for each in (row["shortest"], row["longest"]))
            spread[row["stage"], row["is_lasting"]] = Durations(row["count"], median, percentile_90, *ends)
    none = Durations(0)
    stages = (
        StageTime(code, spread.get((code, False), none), spread.get((code, True), none), without[code])
        for code in (stage.code for stage in process.stages)
    )
    return StageTimes(process.id, tuple(stages), _population(seen, process))


def stage_flow(
    tables: Tables, filter: Filter, process: SalesProcess, *, since: date, until: date, period: str = "month"
) -> StageFlows:
    """
    Return what `salesflow.pipeline.stage_flow` returns, in the zone that the tables were written for.

    Args:
        filter: What the viewer sees.
        process: Gives the stages and their order.
        since, until: A day of the first and of the last period.
        period: ``"month"``, ``"quarter"`` or ``"year"``.

    Raises:
        InvalidInput: As of `salesflow.pipeline.forecast`, or the tables cannot tell who passes *filter*.

    Source: PIPE-2, PIPE-8.
    """
    periods = frame_of_days(since, until, period)
    seen = tables.seen(filter)
    of_process = seen.filter(seen.process == text(process.id))
    stays = _stays_of(tables, process)
    stays = stays.filter(stays.opportunity.isin(of_process.id))
    entered: Counter[tuple[str, date]] = Counter()
    left: Counter[tuple[str, date]] = Counter()
    without: Counter[str] = Counter()
    for column, counter in (("entered_on", entered), ("left_on", left)):
        month = stays[column].year() * 12 + stays[column].month() - 1
        for row in rows(stays.group_by("stage", month=month).agg(count=stays.count())):
            if row["month"] is not None:
                counter[row["stage"], day_of_month(row["month"])] += row["count"]
            elif counter is entered:
                without[row["stage"]] = row["count"]
    return stage_flow_of(process, periods, entered, left, without, _population(seen, process))


def _told(microseconds: float) -> timedelta:
    """Return a cut, in whole tenths of a microsecond but for floats, to the millisecond: exact up to 28 years."""
    return timedelta(milliseconds=round(Fraction(round(microseconds * 10), 10_000)))


def _stays_of(tables: Tables, process: SalesProcess) -> Table:
    return tables.stay.filter(among(tables.stay.stage, [stage.code for stage in process.stages]))


def _count(table: Table) -> int:
    count: int = table.count().to_pyarrow().as_py()
    return count


def _population(seen: Table, process: SalesProcess) -> Population:
    return population_of_process(seen, process, EVERY_STATUS, rule_of_process(process.id))
