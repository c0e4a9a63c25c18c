"""The stage template and the opportunities that PERF-1 and PERF-3 move: seven stages, two guards in each."""

from __future__ import annotations

from datetime import UTC, date, datetime

from salesflow.model import (
    Access,
    Money,
    NewOpportunity,
    Opportunity,
    SalesProcess,
    Stage,
    Task,
    TaskStatus,
    TaskTemplate,
    TeamMember,
    TeamRole,
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


def opportunity(id: str, stage: str, *, is_ready: bool = True, owner: str = "p1", team: tuple[TeamMember, ...] = ()) -> Opportunity:
    """
    Return an opportunity that came to *stage* through every stage before it.

    Args:
        is_ready: Whether fields are filled and tasks finished, so that nothing stands in the way of the next move.
    """
    made, decision = create_opportunity(
        TEMPLATE,
        NewOpportunity("CRM for Acme", amount=Money("250000", "CNY"), close_date=date(2026, 9, 30), team=team),
        id=id, owner=owner, customer="c1", contact=None, grader=lambda record: record.grade, by=owner, at=NOW, today=TODAY,
    )  # fmt: skip
    assert made is not None, decision.reasons
    engine = compile(TEMPLATE)
    made = _ready(made)
    while made.stage != stage:
        made = _ready(apply(made, engine.advance(made, by=owner, at=NOW).require("advance")))
    if is_ready:
        return made
    return _bare(made)


def _ready(made: Opportunity) -> Opportunity:
    for task in made.tasks:
        if task.status is TaskStatus.OPEN:
            made = apply(made, finish_task(made, task.id, by=made.owner, at=NOW).require("finish_task"))
    return made
