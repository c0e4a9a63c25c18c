"""The stage template and the opportunities that PERF-1 and PERF-3 move: seven stages, two guards in each."""

from __future__ import annotations

from datetime import UTC, date, datetime

from attrs import evolve

from salesflow.model import (
    Money,
    NewOpportunity,
    Opportunity,
    SalesProcess,
    Stage,
    TaskStatus,
    TaskTemplate,
    apply,
)
from salesflow.process import compile, create_opportunity, finish_task

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
STAGES = ("qualify", "discover", "design", "propose", "negotiate", "contract", "close")

TEMPLATE = SalesProcess(
    "benchmark",
    1,
    [
        Stage(
            code,
            probability=10 * (n + 1),
            starts_when=f"{code} begins",
            ends_when=f"{code} is done",
            required_fields=("amount", "close_date"),
            tasks=(TaskTemplate("prepare"), TaskTemplate("confirm")),
        )
        for n, code in enumerate(STAGES)
    ],
)
"""Each stage asks for two fields and two tasks; jumping needs a reason, winning the last stage."""


def opportunity(id: str, stage: str, *, is_ready: bool = True, owner: str = "p1") -> Opportunity:
    """
    Return an opportunity that came to *stage* through every stage before it.

    Args:
        is_ready: Whether its fields are filled and its tasks finished, so that it may be advanced.
    """
    request = NewOpportunity("CRM for Acme", amount=Money("250000", "CNY"), close_date=date(2026, 9, 30))
    made, _ = create_opportunity(
        TEMPLATE, request, id=id, owner=owner, customer="c1", contact=None, grader=lambda record: record.grade,
        by=owner, at=NOW, today=TODAY,
    )  # fmt: skip
    assert made is not None
    engine = compile(TEMPLATE)
    while made.stage != stage:
        moved = engine.advance(_with_tasks_done(made), by=owner, at=NOW)
        made = apply(_with_tasks_done(made), moved.require("advance"))
    return _with_tasks_done(made) if is_ready else evolve(made, amount=None, close_date=None)


def _with_tasks_done(record: Opportunity) -> Opportunity:
    for task in record.tasks:
        if task.status is TaskStatus.OPEN:
            record = apply(record, finish_task(record, task.id, by=record.owner, at=NOW).require("finish_task"))
    return record
