"""
The stage view (阶段视图): one column for each stage in the template's order, one for each outcome (PIPE-1).

Every record of the process stands in exactly one column: an open one under its stage, a completed one under
its outcome. A stage that the template does not have (retired, or of another version) gets a column behind
those that it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from attrs import evolve, frozen

from salesflow.model.enums import OpportunityStatus, TaskStatus
from salesflow.model.opportunity import Opportunity, Task
from salesflow.model.process import SalesProcess
from salesflow.pipeline.population import EVERY_STATUS, Population, counted_of, rule_of_process
from salesflow.pipeline.totals import Totals, total_of, value_of, weighted_total_of

RECENT_DAYS = 30
"""Activities of this many days count as recent (PIPE-1)."""


@frozen
class Card:
    """
    What a card or a row of the list view shows beside the record's own fields.

    Args:
        opportunity: The record; its `last_activity_at` is the last activity.
        recent_activities: How many activities there were in the last 30 days.
        next_task: The open task that is due first, or None where none has a day.
        is_task_overdue: Whether that day is past.

    Source: PIPE-1.
    """

    opportunity: Opportunity
    recent_activities: int
    next_task: Task | None
    is_task_overdue: bool


@frozen
class Column:
    """
    One column of the board.

    Args:
        code: The stage's code; of an outcome ``won``, ``lost`` or ``invalid``.
        status: What the records in it are: in progress under a stage, else the outcome.
        count: How many.
        amount: What they are worth: open the amount, won the actual amount, lost and invalid nothing.
        weighted: The same, each times its probability.
        without_amount: How many of the open or won ones have no such amount and add nothing.
        cards: One for each, in the order in which they were given; none where records were only counted, as
            `salesflow.analytics` does.

    Source: PIPE-1.
    """

    code: str
    status: OpportunityStatus
    count: int
    amount: Totals
    weighted: Totals
    without_amount: int
    cards: tuple[Card, ...]


@frozen
class Board:
    """
    The stage view of one process.

    Args:
        process: The template's id.
        columns: Stages in the template's order, then stages it does not have, then the outcomes.
        population: Which records are counted.

    Source: PIPE-1, PIPE-8.
    """

    process: str
    columns: tuple[Column, ...]
    population: Population

    def column(self, code: str) -> Column | None:
        """Return the column of a stage or an outcome, or None where the board has none."""
        return next((column for column in self.columns if column.code == code), None)


def board(opportunities: Iterable[Opportunity], process: SalesProcess, *, now: datetime, today: date) -> Board:
    """
    Return the stage view of *process*.

    Args:
        opportunities: Those that the viewer sees in one scene; records of other processes are left out.
        process: Gives the stages and their order.
        now, today: The present moment and the business day that it is, for the cards.

    Source: PIPE-1, PIPE-8.
    """
    held: dict[tuple[OpportunityStatus, str], list[Opportunity]] = {}
    counted, population = counted_of(opportunities, EVERY_STATUS, rule_of_process(process.id), process.id)
    for opportunity in counted:
        status = opportunity.status
        held.setdefault((status, status.value if opportunity.is_completed else opportunity.stage), []).append(
            opportunity
        )
    columns = [_column(code, status, members, now, today) for (status, code), members in held.items()]
    return board_of(process, columns, population)


def board_of(process: SalesProcess, columns: Iterable[Column], population: Population) -> Board:
    """
    Return the board of what was counted, in whatever way.

    Args:
        columns: At most one for each stage and outcome, in any order; one that is missing has nothing in it.

    Source: PIPE-1, PIPE-8.
    """
    open = OpportunityStatus.IN_PROGRESS
    known = {(column.status, column.code): column for column in columns}
    places = [(open, stage.code) for stage in process.stages]
    places += sorted(place for place in known if place[0] is open and place not in places)
    places += [(outcome, outcome.value) for outcome in EVERY_STATUS if outcome is not open]
    empty = Column("", open, 0, Totals(), Totals(), 0, ())
    told = (known.get((status, code)) or evolve(empty, code=code, status=status) for status, code in places)
    return Board(process.id, tuple(told), population)


def card(opportunity: Opportunity, *, now: datetime, today: date) -> Card:
    """
    Return the facts of one card.

    Args:
        opportunity: Only read.
        now: The present moment; an activity after it (an appointment to come) is not counted.
        today: The business day that it is.

    Source: PIPE-1.
    """
    since = now - timedelta(days=RECENT_DAYS)
    recent = sum(1 for activity in opportunity.activities if since < activity.at <= now)
    waiting = [
        (task.due, task.id, task)
        for task in opportunity.tasks
        if task.status is TaskStatus.OPEN and task.due is not None
    ]
    due, _, task = min(waiting, default=(None, "", None))
    return Card(opportunity, recent, task, due is not None and due < today)


def _column(code: str, status: OpportunityStatus, held: list[Opportunity], now: datetime, today: date) -> Column:
    worths = [value_of(opportunity) for opportunity in held]
    counts_amounts = status in (OpportunityStatus.IN_PROGRESS, OpportunityStatus.WON)
    return Column(
        code,
        status,
        len(held),
        total_of(worths),
        weighted_total_of(held),
        worths.count(None) if counts_amounts else 0,
        tuple(card(opportunity, now=now, today=today) for opportunity in held),
    )
