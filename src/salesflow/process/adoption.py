"""
What becomes of a record's tasks when another template, or another version, takes over (OPP-9, PROC-6).

Nothing is taken away: a task that the new template does not ask for stays in the record, and binds nobody.
"""

from __future__ import annotations

from attrs import evolve

from salesflow.model import SalesProcess, Stage, Task, TaskStatus, TaskTemplate
from salesflow.process.stages import Tasks


def adopt(tasks: Tasks, process: SalesProcess) -> Tasks:
    """
    Return the tasks as *process* sees them: each of its stages asks for what it says now, on the routes it says.

    A task of one of its stages that it does not ask for is no must-do any more, and skipped where it was open;
    an ad-hoc task, which has a name of its own, stays open. Tasks of stages that it does not have stay as they are.

    Source: OPP-9, PROC-6.
    """
    asked = {(stage.code, task.code): task for stage in process.stages for task in stage.tasks}
    stages = {stage.code for stage in process.stages}
    return tuple(_seen(task, asked.get((task.stage, task.code))) if task.stage in stages else task for task in tasks)


def carry(tasks: Tasks, left: str, target: Stage) -> Tasks:
    """
    Return the tasks as they are when the stage *left* becomes *target* under the record.

    What *target* asks for under the same code goes along, finished or not, and so do open ad-hoc tasks, unless
    *target* has such a task already. What stays behind open is skipped.

    Args:
        left: The code of the stage that the record stood in; another than that of *target*.
        target: The stage that it stands in from now on.

    Source: PROC-6.
    """
    asked = {task.code for task in target.tasks}
    there = {task.code for task in tasks if task.stage == target.code}
    after = []
    for task in tasks:
        if task.stage == left:
            is_ad_hoc = task.name is not None and task.status is TaskStatus.OPEN
            if (task.code in asked or is_ad_hoc) and task.code not in there:
                after.append(evolve(task, stage=target.code))
                continue
            if task.status is TaskStatus.OPEN:
                after.append(evolve(task, status=TaskStatus.SKIPPED))
                continue
        after.append(task)
    return tuple(after)


def _seen(task: Task, asked: TaskTemplate | None) -> Task:
    if asked is not None:
        is_same = task.is_required and task.routes == asked.routes
        return task if is_same else evolve(task, is_required=True, routes=asked.routes)
    is_over = task.status is TaskStatus.OPEN and task.name is None
    if not task.is_required and not is_over:
        return task
    return evolve(task, is_required=False, status=TaskStatus.SKIPPED if is_over else task.status)
