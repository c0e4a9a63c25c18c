"""What history says about winning and about when, from tables (PIPE-5)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from salesflow.analytics.compiler import among, text
from salesflow.analytics.counting import OPEN, WON, population_of_process, rows
from salesflow.analytics.tables import Tables
from salesflow.model import SalesProcess
from salesflow.model.enums import Grade, OpportunityStatus
from salesflow.pipeline import Chances
from salesflow.pipeline.chances import STATUSES, Ended, Standing, chances_of, rule_of_chances
from salesflow.visibility.filters import Filter


def chances(tables: Tables, filter: Filter, process: SalesProcess) -> Chances:
    """
    Return what `salesflow.pipeline.chances` returns, the open ones in the order of their ids.

    Args:
        filter: What the viewer sees; there is an outlook for each open one of it, so all of those are read.
        process: Gives the stages and what they say themselves.

    Raises:
        InvalidInput: The tables cannot tell who passes *filter*.

    Source: PIPE-5, PIPE-8.
    """
    seen = tables.seen(filter)
    population = population_of_process(seen, process, STATUSES, rule_of_chances(process.id))
    of_process = seen.filter(seen.process == text(process.id))
    decided = of_process.filter(of_process.status.isin([str(each) for each in STATUSES if each is not OPEN]))
    first = tables.stay.filter(tables.stay.is_first, among(tables.stay.stage, [stage.code for stage in process.stages]))
    first = first.select(of=first.opportunity, been_in=first.stage, days=first.days_to_close)
    met = decided.inner_join(first, [("id", "of")])
    ended: Counter[Ended] = Counter()
    for row in rows(met.group_by(["been_in", "grade_effective", "status", "days"]).agg(count=met.count())):
        status = OpportunityStatus(row["status"])
        ended[row["been_in"], _grade(row), status, row["days"] if status is WON else None] += row["count"]
    standing = of_process.filter(of_process.status == str(OPEN)).order_by("id")
    columns = "id", "stage", "grade_effective", "probability_percent", "close_date", "stage_entered_on"
    open_ones = (
        Standing(
            row["id"], row["stage"], _grade(row), row["probability_percent"], row["close_date"], row["stage_entered_on"]
        )
        for row in rows(standing.select(*columns))
    )
    return chances_of(process, ended, open_ones, population)


def _grade(row: dict[str, Any]) -> Grade | None:
    return None if row["grade_effective"] is None else Grade(row["grade_effective"])
