"""Which row of the access table a task's operation takes; one of after-sales has a row of its own (ACC-8, ACC-10)."""

from __future__ import annotations

from collections.abc import Collection

from salesflow.model import Opportunity
from salesflow.process import find_task, is_after_sales_task

AFTER_SALES_TASKS = "opportunities.after_sales_task"
"""The row of operations on the tasks of the after-sales process."""


def task_access(method: str, opportunity: Opportunity, task: str) -> tuple[str, Collection[str]]:
    """
    Return the row that counts, and the task's assignee, who is admitted beside it.

    Source: ACC-8, ACC-10.
    """
    found = find_task(opportunity, task)
    also = (found.assignee,) if found is not None and found.assignee is not None else ()
    if is_after_sales_task(opportunity, task):
        return AFTER_SALES_TASKS, also
    return f"opportunities.{method}", also
