"""The tasks of the current stage: finish, reopen, add, assign, unassign (OPP-3); and feedback on a visit (OPP-4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from attrs import evolve

from salesflow.model import (
    AfterSales,
    Decision,
    EventBuilder,
    EventKind,
    Feedback,
    Opportunity,
    Reason,
    Task,
    TaskStatus,
    utc,
)
from salesflow.model.requests import UNSET, Unset
from salesflow.process.beside import running_after_sales, task_prefix
from salesflow.process.standing import OPEN, SERVED, opportunity_stands, refused


def find_task(opportunity: Opportunity, task: str) -> Task | None:
    """
    Return the task that *task* names now: of the current stage, else of the running after-sales process's stage.

    Args:
        task: Its code, or its full id, such as ``1:confirm_tender``.
    """
    running = running_after_sales(opportunity)
    own = _find(opportunity.tasks, opportunity.stage, task)
    return own if own is not None or running is None else _find(running.tasks, running.stage, task)


def is_after_sales_task(opportunity: Opportunity, task: str) -> bool:
    """Whether *task* is looked for in the running after-sales process, since the own stage has none such."""
    running = running_after_sales(opportunity)
    return running is not None and _find(opportunity.tasks, opportunity.stage, task) is None


def finish_task(opportunity: Opportunity, task: str, *, by: str, at: datetime) -> Decision:
    """
    Decide to finish a task.

    Args:
        task: Its code in the current stage, or its full id, such as ``1:confirm_tender``.

    Source: OPP-3.
    """

    at = utc(at)

    def finish(found: Task) -> Task | list[Reason]:
        return _not_open(found) or evolve(found, status=TaskStatus.DONE, done_at=at, done_by=by)

    return _change(opportunity, task, finish, EventKind.TASK_FINISHED, "finish_task", by=by, at=at)


def reopen_task(opportunity: Opportunity, task: str, *, by: str, at: datetime) -> Decision:
    """
    Decide to reopen a finished task of the current stage.

    Source: OPP-3.
    """

    def reopen(found: Task) -> Task | list[Reason]:
        if found.status is not TaskStatus.DONE:
            return [Reason("task_not_done", task=found.code, status=str(found.status))]
        return evolve(found, status=TaskStatus.OPEN, done_at=None, done_by=None)

    return _change(opportunity, task, reopen, EventKind.TASK_REOPENED, "reopen_task", by=by, at=at)


def assign_task(
    opportunity: Opportunity,
    task: str,
    assignee: str | None,
    *,
    due: date | Unset | None,
    can_see: bool,
    by: str,
    at: datetime,
) -> Decision:
    """
    Decide to give an open task to somebody, to set or clear its due date, or both.

    Args:
        assignee: The person's id; None leaves whom it has.
        due: The day it is due; None means that it has none, `UNSET` leaves what it has.
        can_see: Whether the assignee can see the record; who asks must know. Without an assignee nobody asks.

    Source: OPP-3.
    """

    def assign(found: Task) -> Task | list[Reason]:
        reasons = _not_open(found)
        if assignee is not None and not can_see:
            reasons.append(Reason("assignee_cannot_see", person=assignee))
        return reasons or evolve(
            found,
            assignee=found.assignee if assignee is None else assignee,
            due=found.due if due is UNSET else due,
        )

    kind = EventKind.TASK_DUE_SET if assignee is None else EventKind.TASK_ASSIGNED
    return _change(opportunity, task, assign, kind, "assign_task", by=by, at=at)


def unassign_task(opportunity: Opportunity, task: str, *, by: str, at: datetime) -> Decision:
    """
    Decide to take a task from its assignee.

    Source: OPP-3.
    """

    def unassign(found: Task) -> Task | list[Reason]:
        if found.assignee is None:
            return [Reason("task_unassigned", task=found.code)]
        return evolve(found, assignee=None)

    return _change(opportunity, task, unassign, EventKind.TASK_UNASSIGNED, "unassign_task", by=by, at=at)


def add_task(
    opportunity: Opportunity, code: str, name: str, *, assignee: str | None, due: date | None, can_see: bool,
    by: str, at: datetime, after_sales: bool = False,
) -> Decision:  # fmt: skip
    """
    Decide to add an ad-hoc task to the current stage; it is no must-do.

    Args:
        code: Unique within the stage.
        name: What is to be done, for people.
        assignee, due, can_see: As in `assign_task`; no assignee and no day are fine.
        after_sales: Whether it belongs to the stage of the after-sales process that runs, not to the own one.

    Source: OPP-3, OPP-12.
    """
    beside = running_after_sales(opportunity) if after_sales else None
    reasons = list(opportunity_stands(opportunity, SERVED if after_sales else OPEN))
    if after_sales and beside is None:
        reasons.append(Reason("after_sales_not_running"))
    place = opportunity if beside is None else beside
    if any(t.stage == place.stage and t.code == code for t in place.tasks):
        reasons.append(Reason("task_exists", task=code))
    if assignee is not None and not can_see:
        reasons.append(Reason("assignee_cannot_see", person=assignee))
    if reasons:
        return refused(*reasons)
    prefix = "" if beside is None else task_prefix(beside.number)
    made = Task(
        f"{prefix}{place.visits[-1].number}:{code}", code, place.stage, is_required=False, name=name,
        assignee=assignee, due=due,
    )  # fmt: skip
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.add_task")
    _put_back(builder, EventKind.TASK_ADDED, beside, (*place.tasks, made))
    return builder.decision()


def fill_feedback(opportunity: Opportunity, text: str, *, by: str, at: datetime) -> Decision:
    """
    Decide to fill in feedback on the current stage visit, or the last one of a completed record.

    Source: OPP-4.
    """
    reasons = opportunity_stands(opportunity, None)
    if reasons:
        return refused(*reasons)
    at = utc(at)
    visit = opportunity.visits[-1]
    feedback = Feedback(f"{visit.number}.{opportunity.version + 1}", visit.number, visit.stage, text, at, by)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.fill_feedback")
    builder.add(EventKind.FEEDBACK_FILLED, feedback=(*opportunity.feedback, feedback))
    return builder.decision()


def _not_open(task: Task) -> list[Reason]:
    if task.status is TaskStatus.OPEN:
        return []
    return [Reason("task_not_open", task=task.code, status=str(task.status))]


def _find(tasks: tuple[Task, ...], stage: str, named: str) -> Task | None:
    return next((t for t in tasks if t.stage == stage and named in (t.code, t.id)), None)


def _change(
    opportunity: Opportunity, named: str, change: Callable[[Task], Task | list[Reason]], kind: EventKind, method: str,
    *, by: str, at: datetime,
) -> Decision:  # fmt: skip
    """Change one task of the current stage, or else of the running after-sales process."""
    beside = running_after_sales(opportunity) if is_after_sales_task(opportunity, named) else None
    reasons = opportunity_stands(opportunity, SERVED if beside is not None else OPEN)
    if reasons:
        return refused(*reasons)
    tasks, stage = (opportunity.tasks, opportunity.stage) if beside is None else (beside.tasks, beside.stage)
    found = _find(tasks, stage, named)
    if found is None:
        own = [t.code for t in opportunity.tasks if t.stage == opportunity.stage]
        known = (*own, *(t.code for t in beside.tasks if t.stage == beside.stage)) if beside else tuple(own)
        return refused(Reason("task_unknown", task=named, known=known))
    changed = change(found)
    if isinstance(changed, list):
        return refused(*changed)
    builder = EventBuilder(opportunity, at=at, by=by, operation=f"opportunities.{method}")
    if changed == found:
        return Decision()
    after = tuple(changed if t is found else t for t in tasks)
    _put_back(builder, kind, beside, after)
    return builder.decision()


def _put_back(builder: EventBuilder, kind: EventKind, beside: AfterSales | None, tasks: tuple[Task, ...]) -> None:
    """Add the event that the tasks are those now: the opportunity's own, or those of the process beside it."""
    if beside is None:
        builder.add(kind, tasks=tasks)
    else:
        held: tuple[AfterSales, ...] = builder.value("after_sales")
        builder.add(kind, after_sales=tuple(evolve(p, tasks=tasks) if p is beside else p for p in held))
