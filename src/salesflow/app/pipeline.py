"""The pipeline's figures on what one person sees: `flow.acting_as(person).pipeline` (PIPE-2, VIS-16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from salesflow import pipeline
from salesflow.app.execution import Execution
from salesflow.model import Money, Opportunity
from salesflow.model.requests import named
from salesflow.pipeline import Forecast, Funnel, PipelineChanges, SalesCycle, StageTimes, WinRates

_NO_QUOTAS: Mapping[str, Money] = MappingProxyType({})


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

    def stage_times(self, scene: str = "all", *, process: str | None = None) -> StageTimes:
        """
        Return how long opportunities stay in each stage of one process: median and 90th percentile.

        Args:
            process: The template's id; None is fine where the flow has only one.

        Source: PIPE-2.
        """
        kernel = self._execution.kernel
        template = kernel.processes.latest(process).process
        return pipeline.stage_times(self._seen("pipeline.stage_times", scene), template, kernel.now())

    def changes(self, scene: str = "all", *, since: datetime, until: datetime | None = None) -> PipelineChanges:
        """
        Return what changed in the open pipeline after *since*, reconciled to the unit, with the events that did it.

        The histories of all records that the person sees now in the scene are read; a store without history
        cannot tell.

        Args:
            until: The end, which belongs to the period; None means now.

        Raises:
            InvalidInput: A moment is naive, or the period ends before it begins.
            PortError: The store keeps no history.

        Source: PIPE-3.
        """
        kernel = self._execution.kernel
        seen = self._seen("pipeline.changes", scene)
        histories = (kernel.events("opportunity", opportunity.id) for opportunity in seen)
        return pipeline.changes(histories, since, kernel.now() if until is None else until)

    def forecast(
        self, scene: str = "all", *, since: date | None = None, until: date | None = None, period: str = "month",
        quotas: Mapping[str, Money] = _NO_QUOTAS,
    ) -> Forecast:  # fmt: skip
        """
        Return what is closed and may still close, by period and category, against quotas.

        Args:
            since, until: A day of the first and of the last period; None means today's, and the one of *since*.
            period: ``"month"``, ``"quarter"`` or ``"year"``.
            quotas: What is to be reached, by a period's label, such as ``{"2026-03": Money("100000", "CNY")}``.

        Raises:
            InvalidInput: The periods make no sense, or a quota is of none of them.

        Source: PIPE-4.
        """
        kernel = self._execution.kernel
        today = kernel.today(kernel.now())
        begin = today if since is None else since
        seen = self._seen("pipeline.forecast", scene)
        end = begin if until is None else until
        return pipeline.forecast(seen, since=begin, until=end, today=today, period=period, quotas=quotas)
