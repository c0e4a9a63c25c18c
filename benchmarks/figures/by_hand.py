"""
The three figures as plain DuckDB SQL over the same Parquet files, and as plain rows to compare.

Each returns rows that say all that the figure says, population included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from benchmarks.figures.made import STAGES
from salesflow.analytics.layout import microseconds
from salesflow.pipeline import Funnel, PipelineChanges, StageTimes


def _one(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = connection.execute(sql).fetchall()
    return found


def _funnel(connection: Any, folder: str) -> Any:
    places = " ".join(f"WHEN '{code}' THEN {place}" for place, code in enumerate(STAGES))
    deals, stays = f"'{folder}/opportunity/*.parquet'", f"'{folder}/stay/*.parquet'"
    ended = _one(
        connection,
        f"""
        SELECT furthest, status, count(*)
        FROM (SELECT id, status FROM {deals} WHERE NOT voided AND process = 'sales') JOIN (
            SELECT opportunity, max(CASE stage {places} END) AS furthest FROM {stays}
            WHERE stage IN {STAGES!r} GROUP BY opportunity
        ) ON id = opportunity
        GROUP BY ALL
        """,
    )
    visited = _one(
        connection,
        f"""
        SELECT stage, count(*) FROM {stays} WHERE is_first AND stage IN {STAGES!r} AND opportunity IN (
            SELECT id FROM {deals} WHERE NOT voided AND process = 'sales'
        ) GROUP BY stage
        """,
    )
    [(given,)] = _one(connection, f"SELECT count(*) FROM {deals} WHERE NOT voided")
    counted = sum(count for _, _, count in ended)
    standing = [[0, 0] for _ in STAGES]
    won = 0
    for furthest, status, count in ended:
        if status == "won":
            won += count
        else:
            standing[furthest][status == "in_progress"] += count
    return won, dict(visited), [tuple(each) for each in standing], counted, given - counted


def _funnel_shape(funnel: Funnel) -> Any:
    return (
        funnel.won,
        {stage.code: stage.visited for stage in funnel.stages if stage.visited},
        [(stage.dropped, stage.open) for stage in funnel.stages],
        funnel.population.counted,
        funnel.population.left_out,
    )


def _stage_times(connection: Any, folder: str, now: datetime) -> Any:
    deals, stays = f"'{folder}/opportunity/*.parquet'", f"'{folder}/stay/*.parquet'"
    spread = _one(
        connection,
        f"""
        SELECT stage, is_lasting, count(took), quantile_cont(took, [0.5, 0.9]), min(took), max(took),
               count(*) - count(took)
        FROM (
            SELECT stage, took_us IS NULL AS is_lasting, coalesce(took_us, {microseconds(now)} - entered_at_us) AS took
            FROM {stays} WHERE stage IN {STAGES!r} AND opportunity IN (
                SELECT id FROM {deals} WHERE NOT voided AND process = 'sales'
            )
        ) GROUP BY ALL
        """,
    )
    [population] = _one(
        connection,
        f"SELECT count(*), count(*) FILTER (process = 'sales'), count(*) FILTER (process = 'sales' AND voided) "
        f"FROM {deals} WHERE NOT voided",
    )
    durations = {
        (stage, is_lasting): (
            count,
            *(timedelta(milliseconds=round(each / 1000)) for each in quantiles),
            *(timedelta(microseconds=each) for each in ends),
        )
        for stage, is_lasting, count, quantiles, *ends, _ in spread
    }
    return durations, population[1]


def _stage_times_shape(times: StageTimes) -> Any:
    told = {}
    for stage in times.stages:
        for is_lasting, spread in ((False, stage.finished), (True, stage.lasting)):
            if spread.count:
                found = (spread.count, spread.median, spread.percentile_90, spread.shortest, spread.longest)
                told[stage.code, is_lasting] = found
    return told, times.population.counted


def _changes(connection: Any, folder: str, since: datetime, until: datetime) -> Any:
    deals, moved = f"'{folder}/opportunity/*.parquet'", f"'{folder}/movement/*.parquet'"
    begin, end = microseconds(since), microseconds(until)
    seen = f"opportunity IN (SELECT id FROM {deals} WHERE NOT voided)"
    sums = _one(
        connection,
        f"""
        SELECT at_us > {begin}, movement, amount_currency, sum(events), sum(opened), sum(amount) FROM {moved}
        WHERE at_us <= {end} AND {seen} GROUP BY ALL
        """,
    )
    [(touched,)] = _one(
        connection,
        f"""
        SELECT count(*) FILTER (open > 0 OR moved > 0) FROM (
            SELECT sum(opened) FILTER (at_us <= {begin}) AS open, count(*) FILTER (at_us > {begin}) AS moved
            FROM {moved} WHERE at_us <= {end} AND {seen} GROUP BY opportunity
        )
        """,
    )
    [(given,)] = _one(connection, f"SELECT count(*) FROM {deals} WHERE NOT voided")
    start = [sum(row[4] for row in sums if not row[0]), sum(row[5] for row in sums if not row[0])]
    over = [sum(row[4] for row in sums), sum(row[5] for row in sums)]
    events: dict[str, int] = {}
    for is_within, movement, _, count, _, _ in sums:
        if is_within:
            events[movement] = events.get(movement, 0) + count
    return start, over, events, touched, given - touched


def _changes_shape(changes: PipelineChanges) -> Any:
    return (
        [changes.start.count, changes.start.amounts.of("CNY")],
        [changes.end.count, changes.end.amounts.of("CNY")],
        {str(each.movement): each.count for each in changes.changes},
        changes.population.counted,
        changes.population.left_out,
    )


BY_HAND: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"funnel": _funnel, "time in stage": _stage_times, "changes": _changes}
)
"""The SQL of each figure, run over a connection."""

SHAPES: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {"funnel": _funnel_shape, "time in stage": _stage_times_shape, "changes": _changes_shape}
)
"""Our figure as what the SQL gives, to be compared."""
