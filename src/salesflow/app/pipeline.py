"""The pipeline's figures on what one person sees: `flow.acting_as(person).pipeline` (PIPE-2, VIS-16)."""

from __future__ import annotations

from collections.abc import Sequence

from salesflow import pipeline
from salesflow.app.execution import Execution
from salesflow.model import Opportunity
from salesflow.model.requests import named
from salesflow.pipeline import Funnel, SalesCycle, WinRates


class PipelineDesk:
    """Figures over the opportunities that the person sees in one scene; a hidden one changes none of them."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def _seen(self, operation: str, scene: str) -> Sequence[Opportunity]:
        run = self._execution
        run.admit(run.blank(), operation, ())
        return run.kernel.query("opportunity", run.visible("opportunity", scene))

    def funnel(self, scene: str = "all", *, process: str | None = None) -> Funnel:
        """
        Return how many reached each stage of one process, with conversion and drop-out.

        Args:
            process: The template's id; None is fine where the flow has only one.

        Source: PIPE-2.
        """
        template = self._execution.kernel.processes.latest(process).process
        return pipeline.funnel(self._seen("pipeline.funnel", scene), template)

    def win_rates(self, scene: str = "all", *, by: str | None = None) -> WinRates:
        """
        Return the win rate by count and by value, in all or per group.

        Args:
            by: ``owner source grade process stage customer led_by``, or None for one figure over all.

        Source: PIPE-2.
        """
        if by is not None:
            named(by, "by")
        return pipeline.win_rates(self._seen("pipeline.win_rates", scene), by=by)

    def sales_cycle(self, scene: str = "all") -> SalesCycle:
        """
        Return how many days completed opportunities took.

        Source: PIPE-2.
        """
        return pipeline.sales_cycle(self._seen("pipeline.sales_cycle", scene), self._execution.kernel.zone)
