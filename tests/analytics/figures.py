"""Every figure of either engine, side by side: what records give, and what tables give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from attrs import evolve

import salesflow as sf
from salesflow.pipeline import Board, PipelineChanges
from salesflow.pipeline.grouping import DEPARTMENT, GROUPINGS, SHARED_GROUPINGS
from salesflow.stores import MemoryStore
from tests.machine import other_steps
from tests.machine.all_steps import STEPS
from tests.machine.driver import Run

ZONE = "Asia/Shanghai"
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
GROUPED = (None, DEPARTMENT, *GROUPINGS, *SHARED_GROUPINGS)

Span = tuple[datetime | None, datetime | None]

SPANS: Sequence[Span] = (
    (None, None),
    (NOW - timedelta(days=3000), NOW + timedelta(days=3000)),
    (datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)),
    (NOW, NOW),
)
"""Periods of changes: the last week, everything, some years, nothing."""


def without_cards(board: Board) -> Board:
    """What tables tell of a board: the cards are records'."""
    return evolve(board, columns=tuple(evolve(column, cards=()) for column in board.columns))


def without_events(changes: PipelineChanges) -> PipelineChanges:
    """What tables tell of changes: events are counted."""
    return evolve(changes, changes=tuple(evolve(each, events=()) for each in changes.changes))


def pairs(
    acting: sf.Acting,
    tables: Any,
    scene: str,
    process: str,
    groups: Iterable[str | None] = GROUPED,
    spans: Iterable[Span] = SPANS,
) -> dict[str, tuple[Callable[[], Any], Any]]:
    """By name, what asks the tables for a figure and what the records give."""
    plain, tabled = acting.pipeline, acting.pipeline_over(tables)
    quotas = {"2026-01": sf.Money(1000, "CNY")}
    frame: Any = {"since": date(2023, 5, 1), "until": date(2027, 2, 1)}
    found: dict[str, tuple[Callable[[], Any], Any]] = {
        "board": (
            lambda: tabled.board(scene, process=process),
            without_cards(acting.opportunities.board(scene, process=process)),
        ),
        "funnel": (lambda: tabled.funnel(scene, process=process), plain.funnel(scene, process=process)),
        "stage_times": (lambda: tabled.stage_times(scene, process=process), plain.stage_times(scene, process=process)),
        "sales_cycle": (lambda: tabled.sales_cycle(scene), plain.sales_cycle(scene)),
        "chances": (lambda: tabled.chances(scene, process=process), plain.chances(scene, process=process)),
        "losses": (lambda: tabled.losses(scene), plain.losses(scene)),
        "competitors": (lambda: tabled.competitors(scene), plain.competitors(scene)),
        "forecast": (
            lambda: tabled.forecast(scene, since=NOW.date(), until=date(2026, 12, 1), quotas=quotas),
            plain.forecast(scene, since=NOW.date(), until=date(2026, 12, 1), quotas=quotas),
        ),
        "forecast of today": (lambda: tabled.forecast(scene), plain.forecast(scene)),
        "forecast by years": (
            lambda: tabled.forecast(scene, period="year", **frame), plain.forecast(scene, period="year", **frame)
        ),
        "stage_flow": (
            lambda: tabled.stage_flow(scene, process=process, period="quarter", **frame),
            plain.stage_flow(scene, process=process, period="quarter", **frame),
        ),
    }  # fmt: skip
    for by in set(groups):
        found[f"win_rates by {by}"] = (
            partial(tabled.win_rates, scene, by=by), plain.win_rates(scene, by=by)
        )  # fmt: skip
        found[f"velocity by {by}"] = (
            partial(tabled.velocity, scene, by=by), plain.velocity(scene, by=by)
        )  # fmt: skip
    for since, until in spans:
        found[f"changes since {since} until {until}"] = (
            partial(tabled.changes, scene, since=since, until=until),
            without_events(plain.changes(scene, since=since, until=until)),
        )
    return found


def worked(steps: int) -> Run:
    """A company that worked for so many steps, one as good as the other."""
    run = Run(Random(5), MemoryStore())
    other_steps.open_for_business(run)
    for number in range(steps):
        run.chance = Random(f"5 {number}")
        (step,) = run.chance.choices(STEPS, [step.weight for step in STEPS])
        step.happen(run)
    return run


def seeing_most(run: Run) -> sf.Acting:
    """Whoever sees the most of that company's deals."""
    people = run.books.people
    everybody = (run.flow.acting_as(person) for person in sorted(filter(people.is_employee, people.employees)))
    return max(everybody, key=lambda acting: acting.opportunities.count())


def agree(
    acting: sf.Acting, tables: Any, scene: str, process: str, groups: Iterable[str | None] = GROUPED,
    spans: Iterable[Span] = SPANS,
) -> None:  # fmt: skip
    """Compare all of them."""
    for name, (ask, expected) in pairs(acting, tables, scene, process, groups, spans).items():
        assert ask() == expected, name


def listed(acting: sf.Acting, tables: Any, scene: str, spans: Iterable[Span] = SPANS) -> None:
    """The events that changes list are those that tables list."""
    for since, until in spans:
        told = acting.pipeline.changes(scene, since=since, until=until).changes
        expected = {(each.movement, e.record_id, e.version, e.number) for each in told for e in each.events}
        moved = acting.pipeline_over(tables).moved(scene, since=since, until=until, limit=10_000)
        assert {(each.movement, each.opportunity, each.version, each.number) for each in moved} == expected
        assert list(moved) == sorted(moved, key=lambda each: (each.at, each.opportunity, each.version, each.number))
