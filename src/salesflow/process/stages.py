"""
Entering and leaving stages: what becomes of the visits and the tasks. Used by pre-sales and after-sales alike.

Leaving a stage settles its open tasks: skipped where the stage is left, cancelled where the record is closed.
Entering it again opens what was skipped or cancelled; what was done stays done (OPP-6, OPP-8).
"""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from salesflow.model import Stage, StageEntry, StageExit, StageVisit, Task, TaskStatus
from salesflow.model.construction import quick

_OPEN, _CLOSED = TaskStatus.OPEN, (TaskStatus.SKIPPED, TaskStatus.CANCELLED)

_task, _visit = quick(Task), quick(StageVisit)

Visits = tuple[StageVisit, ...]
Tasks = tuple[Task, ...]


def leave(visits: Visits, *, at: datetime, exit: StageExit, reason: str | None = None) -> Visits:
    """Return the visits with the last one, which lasts, ended; not before it began, whatever the clocks say."""
    last = visits[-1]
    left_at = at if last.entered_at is None or last.entered_at < at else last.entered_at
    ended = _visit(last.number, last.stage, last.entered_at, last.entry, left_at, exit, reason)
    return (*visits[:-1], ended)


def skip(visits: Visits, stage: str, *, at: datetime, reason: str | None) -> Visits:
    """Return the visits with one more for a stage that was passed over: it begins and ends at one instant."""
    skipped = _visit(len(visits) + 1, stage, at, StageEntry.JUMPED, at, StageExit.SKIPPED, reason)
    return (*visits, skipped)


def enter(visits: Visits, stage: str, *, at: datetime | None, entry: StageEntry) -> Visits:
    """Return the visits with a new one that lasts."""
    return (*visits, _visit(len(visits) + 1, stage, at, entry))


def settle(tasks: Tasks, status: TaskStatus) -> Tasks:
    """Return the tasks with every open one set to *status*; the same tuple where none is open."""
    for task in tasks:
        if task.status is _OPEN:
            return tuple([_settled(t, status) if t.status is _OPEN else t for t in tasks])
    return tasks


def _settled(task: Task, status: TaskStatus) -> Task:
    return _task(
        task.id, task.code, task.stage, status, task.is_required, task.routes, task.name, task.assignee, task.due,
        task.done_at, task.done_by,
    )  # fmt: skip


def begin(tasks: Tasks, stage: Stage, visit: int, prefix: str = "") -> Tasks:
    """
    Return the tasks as they are when *stage* is entered: those it lacks are made, skipped ones open again.

    A skipped task that the template has no more stays skipped (PROC-6); an ad-hoc one has a name of its own.

    Args:
        tasks: The tasks so far, of any stage.
        stage: The stage that is entered.
        visit: The number of the new visit; a new task's id is made of it and its code.
        prefix: What ids begin with, where several processes keep tasks in one record.
    """
    code = stage.code
    known = set()
    for task in tasks:
        if task.stage == code:
            known.add(task.code)
    kept = list(tasks)
    if known:
        asked = {template.code for template in stage.tasks}
        for place, task in enumerate(tasks):
            if task.stage == code and task.status in _CLOSED and (task.code in asked or task.name is not None):
                kept[place] = evolve(task, status=_OPEN)
    for template in stage.tasks:
        if template.code not in known:
            id = f"{prefix}{visit}:{template.code}"
            kept.append(_task(id, template.code, code, _OPEN, True, template.routes))
    return tuple(kept)
