"""What each chart tells: panels of rows, each with a bar from somewhere to somewhere and its numbers (PIPE-7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from types import MappingProxyType
from typing import Any

from attrs import evolve, frozen

from salesflow.files.charts.words import Words
from salesflow.files.drawing.sheet import plain
from salesflow.model import OpportunityStatus, SalesProcess
from salesflow.model.money import minor_digits
from salesflow.pipeline import (
    Board,
    Column,
    Forecast,
    ForecastBucket,
    ForecastCategory,
    ForecastPeriod,
    Funnel,
    Level,
    PipelineChanges,
    StageTimes,
    Totals,
)

Drawn = Funnel | Board | StageTimes | PipelineChanges | Forecast
"""What there is a chart of."""


@frozen
class Segment:
    """
    A piece of a bar.

    Args:
        start, end: Where it lies on the scale of its panel; the end may be before the start.
        style: What it stands for: a key of `salesflow.files.charts.words.STYLES`.
    """

    start: float
    end: float
    style: str


@frozen
class Row:
    """
    One row.

    Args:
        label: What it is.
        segments: Its bar.
        cells: Its numbers, as many as the panel has heads.
        mark: A line across the bar, such as a quota, or None.
    """

    label: str
    segments: tuple[Segment, ...]
    cells: tuple[str, ...]
    mark: float | None = None


@frozen
class Panel:
    """
    Rows on one scale.

    Args:
        caption: What is measured.
        heads: What the numbers are.
        rows: From top to bottom.
    """

    caption: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def scale(self) -> tuple[float, float]:
        """The least and the most of the scale; it has nothing in it, and is never without length."""
        ends = [0.0]
        for row in self.rows:
            ends += [end for segment in row.segments for end in (segment.start, segment.end)]
            ends += [row.mark] if row.mark is not None else []
        return min(ends), max(ends) if max(ends) > min(ends) else min(ends) + 1.0

    @property
    def styles(self) -> tuple[str, ...]:
        """What the colours in it stand for, in the order of their first appearance."""
        return tuple(dict.fromkeys(segment.style for row in self.rows for segment in row.segments))


@frozen
class Chart:
    """
    One chart.

    Args:
        words: Captions in the reader's language.
        title: Above all.
        note: Which records are counted.
        panels: From top to bottom.
    """

    words: Words
    title: str
    note: str
    panels: tuple[Panel, ...]


def chart_of(figure: Drawn, process: SalesProcess | None, language: str) -> Chart:
    """Return what the chart of *figure* tells."""
    words = Words(language, process)
    return Chart(words, *next(draw(figure, words) for cls, draw in FIGURES.items() if isinstance(figure, cls)))


_Parts = tuple[str, str, tuple[Panel, ...]]


def _funnel(found: Funnel, words: Words) -> _Parts:
    went_on = [*(stage.reached for stage in found.stages[1:]), found.won]
    rows = [
        Row(
            words.stage(stage.code),
            _stacked((("passed", further), ("open", stage.open), ("dropped", stage.dropped))),
            (str(stage.reached), _percent(stage.conversion), str(stage.open), str(stage.dropped)),
        )
        for stage, further in zip(found.stages, went_on, strict=True)
    ]
    rows.append(Row(words.say("won"), _stacked([("won", found.won)]), (str(found.won), "", "", "")))
    heads = words.each("reached", "conversion", "open_now", "dropped")
    return _title(words, "funnel", found.process), words.counted(found.population), (
        Panel(words.say("opportunities"), heads, tuple(rows)),
    )  # fmt: skip


def _board(found: Board, words: Words) -> _Parts:
    def style(column: Column) -> str:
        return "open" if column.status is OpportunityStatus.IN_PROGRESS else str(column.status)

    def name(column: Column) -> str:
        return words.stage(column.code) if column.status is OpportunityStatus.IN_PROGRESS else words.say(column.code)

    counts = tuple(
        Row(name(column), _stacked([(style(column), column.count)]), (str(column.count),)) for column in found.columns
    )
    panels = [Panel(words.say("opportunities"), words.each("count"), counts)]
    for currency in _currencies(column.amount for column in found.columns):
        rows = []
        for column in found.columns:
            amount, weighted = column.amount.of(currency), column.weighted.of(currency)
            parts = [("weighted", weighted), ("amount", amount - weighted)]
            if column.status is OpportunityStatus.WON:
                parts = [("won", amount)]
            rows.append(Row(name(column), _stacked(parts), (_money(amount, currency), _money(weighted, currency))))
        panels.append(Panel(currency, words.each("amount", "weighted"), tuple(rows)))
    return _title(words, "board", found.process), words.counted(found.population), tuple(panels)


def _stage_times(found: StageTimes, words: Words) -> _Parts:
    rows = []
    for stage in found.stages:
        done, lasting = stage.finished, stage.lasting
        median, long = _days(done.median), _days(done.percentile_90)
        rows.append(
            Row(
                words.stage(stage.code),
                _stacked((("median", median), ("percentile_90", long - median))),
                (
                    str(done.count), _shown_days(done.median), _shown_days(done.percentile_90),
                    str(lasting.count), _shown_days(lasting.median),
                ),
            )
        )  # fmt: skip
    heads = words.each("stays", "median", "percentile_90", "lasting", "lasting_median")
    panel = Panel(words.say("days_finished"), heads, tuple(rows))
    return _title(words, "stage_times", found.process), words.counted(found.population), (panel,)


def _changes(found: PipelineChanges, words: Words) -> _Parts:
    currencies = _currencies(
        level.amounts for level in (found.start, found.end, *(each.moved for each in found.changes))
    )
    panels = tuple(_waterfall(found, words, currency) for currency in (None, *currencies))
    title = f"{words.say('changes')} {found.since:%Y-%m-%d %H:%M} – {found.until:%Y-%m-%d %H:%M} UTC"
    return title, words.counted(found.population), panels


def _waterfall(found: PipelineChanges, words: Words, currency: str | None) -> Panel:
    """
    From the start over every movement to the end, in number or in one currency, where some moved nothing.

    What adds stands before what takes away, so that nothing on the way is less than was ever there.
    """

    def worth(level: Level) -> Decimal:
        return Decimal(level.count) if currency is None else level.amounts.of(currency)

    def shown(amount: Decimal) -> str:
        return f"{amount:,}" if currency is None else _money(amount, currency)

    standing = worth(found.start)
    rows = [Row(words.say("at_start"), _stacked([("level", standing)]), ("", shown(standing)))]
    for each in sorted(found.changes, key=lambda each: (worth(each.moved) <= 0, worth(each.moved) == 0)):
        moved = worth(each.moved)
        if moved or currency is None:
            ends = float(standing), float(standing + moved)
            bar = (Segment(*ends, "more" if moved > 0 else "less"),) if moved else ()
            told = f"+{shown(moved)}" if moved > 0 else shown(moved)
            rows.append(Row(words.say(each.movement), bar, (f"{each.count:,}", told)))
            standing += moved
    rows.append(Row(words.say("at_end"), _stacked([("level", standing)]), ("", shown(standing))))
    return Panel(currency or words.say("opportunities"), words.each("events", "change"), tuple(rows))


def _forecast(found: Forecast, words: Words) -> _Parts:
    others = [("slipped", found.slipped), ("undated", found.undated), ("outside", found.outside)]
    buckets = [*(period.total for period in found.periods), *(bucket for _, bucket in others)]
    quotas = [Totals(((each.quota.currency, each.quota.amount),)) for each in found.periods if each.quota is not None]
    counts = [
        Row(
            period.label,
            _stacked([(category, period.categories[category].count) for category in ForecastCategory]),
            (str(period.total.count),),
        )
        for period in found.periods
    ]
    counts += [Row(words.say(name), _stacked([(name, each.count)]), (str(each.count),)) for name, each in others]
    panels = [Panel(words.say("opportunities"), words.each("count"), tuple(counts))]
    for currency in _currencies(chain((bucket.amounts for bucket in buckets), quotas)):
        rows = [_period(period, currency) for period in found.periods]
        rows += [
            Row(words.say(name), _stacked([(name, bucket.amounts.of(currency))]), (*_worth(bucket, currency), "", ""))
            for name, bucket in others
        ]
        has_quota = any(each.quota is not None and each.quota.currency == currency for each in found.periods)
        heads = words.each("amount", "weighted", *(("quota", "attainment") if has_quota else ()))
        rows = [evolve(row, cells=row.cells[: len(heads)]) for row in rows]
        panels.append(Panel(currency, heads, tuple(rows)))
    return words.say("forecast"), words.counted(found.population), tuple(panels)


def _period(period: ForecastPeriod, currency: str) -> Row:
    parts = [(category, period.categories[category].amounts.of(currency)) for category in ForecastCategory]
    quota, reached = period.quota, ("", "")
    if quota is not None and quota.currency == currency:
        reached = (_money(quota.amount, currency), _percent(period.attainment))
        return Row(period.label, _stacked(parts), (*_worth(period.total, currency), *reached), float(quota.amount))
    return Row(period.label, _stacked(parts), (*_worth(period.total, currency), *reached))


def _worth(bucket: ForecastBucket, currency: str) -> tuple[str, str]:
    return _money(bucket.amounts.of(currency), currency), _money(bucket.weighted.of(currency), currency)


FIGURES: Mapping[type, Callable[[Any, Words], _Parts]] = MappingProxyType(
    {Funnel: _funnel, Board: _board, StageTimes: _stage_times, PipelineChanges: _changes, Forecast: _forecast}
)
"""What there is a chart of, and what draws it."""


def _title(words: Words, caption: str, process: str) -> str:
    return f"{words.say(caption)} · {words.process or plain(process)}"


def _stacked(parts: Iterable[tuple[str, Any]]) -> tuple[Segment, ...]:
    """One piece behind the other; those that are nothing are left out."""
    segments: list[Segment] = []
    at = 0.0
    for style, length in parts:
        if length:
            segments.append(Segment(at, at + float(length), str(style)))
            at += float(length)
    return tuple(segments)


def _currencies(totals: Iterable[Totals]) -> list[str]:
    return sorted({currency for each in totals for currency, _ in each})


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{minor_digits(currency)}f}".removesuffix(".00")


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _days(duration: timedelta | None) -> float:
    return 0.0 if duration is None else duration / timedelta(days=1)


def _shown_days(duration: timedelta | None) -> str:
    return "–" if duration is None else f"{_days(duration):,.1f}"
