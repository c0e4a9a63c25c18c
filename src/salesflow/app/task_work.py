"""The tasks of an opportunity (OPP-3), and its after-sales process (OPP-12)."""

from __future__ import annotations

from datetime import date

from salesflow.app import intents
from salesflow.app.history import Readable
from salesflow.app.task_access import AFTER_SALES_TASKS, task_access
from salesflow.model import Opportunity
from salesflow.model.requests import UNSET, Unset, flag


class TaskWork(Readable[Opportunity]):
    """Work on tasks, and the after-sales process beside the opportunity."""

    def finish_task(self, opportunity: Opportunity | str, task: str) -> Opportunity:
        """
        Finish a task of the current stage, or of the running after-sales process.

        Args:
            task: Its code, or its full id.

        Raises:
            Refused: `task_unknown`, `task_not_open`.

        Source: OPP-3.
        """
        return self._change(
            "finish_task", opportunity, intents.finish_task, task,
            access=lambda case: task_access("finish_task", case.record, task),
        )  # fmt: skip

    def reopen_task(self, opportunity: Opportunity | str, task: str) -> Opportunity:
        """
        Open a finished task again.

        Raises:
            Refused: `task_unknown`, `task_not_done`.

        Source: OPP-3.
        """
        return self._change(
            "reopen_task", opportunity, intents.reopen_task, task,
            access=lambda case: task_access("reopen_task", case.record, task),
        )  # fmt: skip

    def add_task(
        self, opportunity: Opportunity | str, name: str, *, code: str | None = None, assignee: str | None = None,
        due: date | None = None, after_sales: bool = False,
    ) -> Opportunity:  # fmt: skip
        """
        Add an ad-hoc task to the current stage; it is no must-do.

        Args:
            name: What is to be done.
            code: Unique within the stage; None makes one.
            assignee: Somebody who can see the record, or None.
            after_sales: Whether it belongs to the current stage of the after-sales process that runs.

        Raises:
            Refused: `task_exists`, `assignee_cannot_see`, `after_sales_not_running`.

        Source: OPP-3, OPP-12.
        """
        row = AFTER_SALES_TASKS if flag(after_sales, "after_sales") else "opportunities.add_task"
        return self._change(
            "add_task", opportunity, intents.add_task, name, code, assignee, due, after_sales,
            access=lambda _case: (row, ()),
        )  # fmt: skip

    def assign_task(
        self, opportunity: Opportunity | str, task: str, assignee: str | None = None, *,
        due: date | Unset | None = UNSET,
    ) -> Opportunity:  # fmt: skip
        """
        Give an open task to somebody who can see the record, set or clear its due date, or both.

        Args:
            task: Its code, or its full id.
            assignee: The person; None leaves whom it has, and then *due* must be given.
            due: The day; None clears it; left out, it stays as it is.

        Raises:
            Refused: `task_unknown`, `task_not_open`, `assignee_cannot_see`.

        Source: OPP-3.
        """
        return self._change(
            "assign_task", opportunity, intents.assign_task, task, assignee, due,
            access=lambda case: task_access("assign_task", case.record, task),
        )  # fmt: skip

    def unassign_task(self, opportunity: Opportunity | str, task: str) -> Opportunity:
        """
        Take a task from its assignee.

        Raises:
            Refused: `task_unknown`, `task_unassigned`.

        Source: OPP-3.
        """
        return self._change(
            "unassign_task", opportunity, intents.unassign_task, task,
            access=lambda case: task_access("unassign_task", case.record, task),
        )  # fmt: skip

    def start_after_sales(self, opportunity: Opportunity | str, process: str | None = None) -> Opportunity:
        """
        Switch after-sales (售后流程) on.

        Args:
            process: The template's id; None means the flow's setting.

        Raises:
            Refused: `after_sales_running`.
            TemplateError: A stage of that template asks for an approval.

        Source: OPP-12.
        """
        return self._change("start_after_sales", opportunity, intents.start_after_sales, process)

    def after_sales_feedback(self, opportunity: Opportunity | str, text: str) -> Opportunity:
        """
        Fill in feedback on the current after-sales stage.

        Raises:
            Refused: `after_sales_not_running`.

        Source: OPP-12.
        """
        return self._change("after_sales_feedback", opportunity, intents.after_sales_feedback, text)

    def after_sales_advance(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Enter the next after-sales stage.

        Raises:
            Refused: `after_sales_not_running`, `task_open`, `field_empty`, `no_next_stage`.

        Source: OPP-12.
        """
        return self._change("after_sales_advance", opportunity, intents.after_sales_advance)

    def finish_after_sales(self, opportunity: Opportunity | str) -> Opportunity:
        """
        Finish after-sales, from its last stage with the must-dos done.

        Raises:
            Refused: `after_sales_not_running`, `not_last_stage`, `task_open`, `field_empty`.

        Source: OPP-12.
        """
        return self._change("finish_after_sales", opportunity, intents.finish_after_sales)
