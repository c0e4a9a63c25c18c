"""What every figure needs before it is made: may the person have it, what they see, of which template (ACC-26)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from salesflow.app.execution import Execution
from salesflow.model import SalesProcess
from salesflow.model.requests import named


@frozen(eq=False)
class PipelineAccess:
    """
    What one person may know for a figure.

    Args:
        execution: Who asks.
    """

    execution: Execution

    def visible(self, operation: str, scene: str) -> Any:
        """Return the filter of the opportunities that the person sees in *scene*, once the figure is admitted."""
        self.execution.admit(self.execution.blank(), operation, ())
        return self.execution.visible("opportunity", scene)

    def template(self, process: str | None) -> SalesProcess:
        """Return the newest version of a process; None is fine where the flow has only one."""
        return self.execution.kernel.processes.latest(process).process

    def departments(self, by: object) -> Mapping[str, str | None] | None:
        """Return everybody's main department, where a figure is grouped by it."""
        if isinstance(by, str):
            named(by, "by")
        if by != "department":
            return None
        employees = self.execution.kernel.sight().index.employees
        return {id: employee.department for id, employee in employees.items()}

    def competitors(self, by: object) -> Mapping[str, str]:
        """Return the names of the catalogue's competitors by their ids, where a figure is grouped by them."""
        if by != "competitor":
            return {}
        return {competitor.id: competitor.name for competitor in self.execution.kernel.query("competitor")}
