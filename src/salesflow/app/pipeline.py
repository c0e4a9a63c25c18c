"""The pipeline's figures on what one person sees: `flow.acting_as(person).pipeline` (PIPE-2, VIS-16)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType

from salesflow import pipeline
from salesflow.app.execution import Execution
from salesflow.app.pipeline_access import PipelineAccess
from salesflow.model import Money, Opportunity, SalesProcess, utc
from salesflow.model.moments import EARLIEST
from salesflow.pipeline import (
    Chances,
    CompetitorRecords,
    Forecast,
    Funnel,
    GroupBy,
    Losses,
    PipelineChanges,
    RatePolicy,
    RiskList,
    SalesCycle,
    SourceReturns,
    StageFlows,
    StageTimes,
    Velocities,
    WinRates,
)
from salesflow.pipeline.risks import PUSHES, SILENT_DAYS
from salesflow.process import owed_stages

_NO_QUOTAS: Mapping[str, Money] = MappingProxyType({})


WEEK = timedelta(days=7)
"""How far back changes are told, unless the caller says otherwise (PIPE-3)."""


class PipelineDesk:
    """
    Figures over the opportunities that the person sees in one scene; a hidden one changes none of them.

    Where a figure takes *rates*, it is a `RatePolicy` by which its money becomes one currency; None shows
    currencies apart. Where it takes *by*, that is a grouping of `salesflow.pipeline`: ``owner department source grade
    process stage customer led_by month_closed quarter_closed year_closed``, of which a record has one;
    ``team product competitor``, of which it may have several; a function; or None for one figure over all.
    """

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._access = PipelineAccess(execution)

    def _seen(self, operation: str, scene: str) -> Sequence[Opportunity]:
        visible = self._access.visible(f"pipeline.{operation}", scene)
        return self._execution.kernel.query("opportunity", visible)

    def _worth(self, operation: str, scene: str, rates: RatePolicy | None) -> Iterator[Opportunity]:
        """Give what is seen, in the currency of the policy."""
        pipeline.check_policy(rates)
        kernel = self._execution.kernel
        return pipeline.converted(self._seen(operation, scene), rates, kernel.today(kernel.now()))

    def _by_name(self, seen: Iterator[Opportunity], by: GroupBy | None) -> Iterator[Opportunity]:
        """A competitor's id and name are one group, which bears the name."""
        names = self._access.competitors(by)
        return pipeline.competitors_named(seen, names) if names else seen

    def funnel(self, scene: str = "all", *, process: str | None = None) -> Funnel:
        """
        Return how many reached each stage of one process, with conversion and drop-out.

        Args:
            process: The template's id; None is fine where the flow has only one.

        Source: PIPE-2.
        """
        template = self._access.template(process)
        return pipeline.funnel(self._seen("funnel", scene), template)

    def win_rates(self, scene: str = "all", *, by: GroupBy | None = None, rates: RatePolicy | None = None) -> WinRates:
        """
        Return the win rate by count and by value, in all or per group; the value won per customer is among them.

        Raises:
            InvalidInput: There is no such grouping.

        Source: PIPE-2, PIPE-8.
        """
        departments = self._access.departments(by)
        seen = self._by_name(self._worth("win_rates", scene, rates), by)
        return pipeline.win_rates(seen, by, departments)

    def velocity(self, scene: str = "all", *, by: GroupBy | None = None, rates: RatePolicy | None = None) -> Velocities:
        """
        Return what the open pipeline brings in per day at the rate of the past, in all or per group.

        Raises:
            InvalidInput: There is no such grouping.

        Source: PIPE-2, PIPE-8.
        """
        departments = self._access.departments(by)
        seen = self._by_name(self._worth("velocity", scene, rates), by)
        return pipeline.velocity(seen, self._execution.kernel.zone, by, departments)

    def competitors(self, scene: str = "all", *, rates: RatePolicy | None = None) -> CompetitorRecords:
        """
        Return what became of the deals against each competitor: won, lost to them, lost where they merely stood.

        Source: CUS-4, PIPE-8.
        """
        seen = self._worth("competitors", scene, rates)
        return pipeline.competitor_records(seen, self._execution.kernel.query("competitor"))

    def sources(self, scene: str = "all", *, rates: RatePolicy | None = None) -> SourceReturns:
        """
        Return what each lead source brought in: leads, conversions, opportunities, value won, for what it cost.

        Leads and opportunities are those that the person sees in the scene; a cost is that of the source as a whole.

        Source: LEAD-16, PIPE-8.
        """
        run = self._execution
        deals = self._worth("sources", scene, rates)
        leads = run.kernel.query("lead", run.visible("lead", scene))
        known, today = run.kernel.query("lead_source"), run.kernel.today(run.kernel.now())
        return pipeline.source_returns(leads, deals, pipeline.converted_costs(known, rates, today))

    def losses(self, scene: str = "all", *, rates: RatePolicy | None = None) -> Losses:
        """
        Return why opportunities were lost or invalid, and in which stage they were left.

        Source: PIPE-2, PIPE-8.
        """
        return pipeline.losses(self._worth("losses", scene, rates))

    def sales_cycle(self, scene: str = "all") -> SalesCycle:
        """
        Return how many days completed opportunities took.

        Source: PIPE-2.
        """
        return pipeline.sales_cycle(self._seen("sales_cycle", scene), self._execution.kernel.zone)

    def stage_times(self, scene: str = "all", *, process: str | None = None) -> StageTimes:
        """
        Return how long opportunities stay in each stage of one process: median and 90th percentile.

        Args:
            process: The template's id; None is fine where the flow has only one.

        Source: PIPE-2.
        """
        template = self._access.template(process)
        return pipeline.stage_times(self._seen("stage_times", scene), template, self._execution.kernel.now())

    def stage_flow(
        self, scene: str = "all", *, process: str | None = None, since: date, until: date, period: str = "month"
    ) -> StageFlows:
        """
        Return how many came into each stage of one process, went, and stood there at the end of each period.

        Args:
            process: The template's id; None is fine where the flow has only one.
            since, until: A day of the first and of the last period.
            period: ``"month"``, ``"quarter"`` or ``"year"``.

        Raises:
            InvalidInput: The periods make no sense.

        Source: PIPE-2.
        """
        template, zone = self._access.template(process), self._execution.kernel.zone
        seen = self._seen("stage_flow", scene)
        return pipeline.stage_flow(seen, template, zone, since=since, until=until, period=period)

    def changes(
        self, scene: str = "all", *, since: datetime | None = None, until: datetime | None = None,
        rates: RatePolicy | None = None,
    ) -> PipelineChanges:  # fmt: skip
        """
        Return what changed in the open pipeline after *since*, reconciled to the unit, with the events that did it.

        The histories of all records that the person sees now in the scene are read; a store without history
        cannot tell.

        Args:
            since: The beginning, which does not belong to the period; None means a week before its end.
            until: The end, which does; None means now.
            rates: The rates of the present day count for both ends and all between.

        Raises:
            InvalidInput: A moment is naive, or the period ends before it begins.
            PortError: The store keeps no history.

        Source: PIPE-3, PIPE-8.
        """
        kernel = self._execution.kernel
        now = kernel.now()
        end = now if until is None else utc(until, "until")
        begin = max(end - WEEK, EARLIEST) if since is None else since
        pipeline.check_policy(rates)
        seen = self._seen("changes", scene)
        histories = (kernel.events("opportunity", opportunity.id) for opportunity in seen)
        return pipeline.converted_changes(pipeline.changes(histories, begin, end), rates, kernel.today(now))

    def forecast(
        self, scene: str = "all", *, since: date | None = None, until: date | None = None, period: str = "month",
        quotas: Mapping[str, Money] = _NO_QUOTAS, rates: RatePolicy | None = None,
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
        seen = self._worth("forecast", scene, rates)
        end = begin if until is None else until
        return pipeline.forecast(seen, since=begin, until=end, today=today, period=period, quotas=quotas)

    def chances(self, scene: str = "all", *, process: str | None = None) -> Chances:
        """
        Return win chances and times to win learned from what was closed, beside what is planned for what is open.

        Args:
            process: The template's id; None is fine where the flow has only one.

        Source: PIPE-5.
        """
        template = self._access.template(process)
        return pipeline.chances(self._seen("chances", scene), template, self._execution.kernel.zone)

    def risks(self, scene: str = "all", *, silent_days: int = SILENT_DAYS, pushes: int = PUSHES) -> RiskList:
        """
        Return the open opportunities that show signs of trouble, and which; those with the most come first.

        The histories of the open ones are read; without a store that keeps them, a falling amount and a close date
        pushed repeatedly are not judged.

        Args:
            silent_days: How many days may pass without an activity.
            pushes: How often a close date must have been pushed to count.

        Raises:
            InvalidInput: A number is too small, or a record's template version is not among the flow's processes.

        Source: PIPE-6, OPP-15.
        """
        kernel = self._execution.kernel

        def template_of(opportunity: Opportunity) -> SalesProcess:
            return kernel.processes.engine(opportunity.process, opportunity.process_version).process

        keeps_history = getattr(kernel.store, "events", None) is not None
        return pipeline.risks(
            self._seen("risks", scene),
            now=kernel.now(),
            zone=kernel.zone,
            process_of=template_of,
            owed_of=lambda opportunity: owed_stages(opportunity, template_of(opportunity)),
            history_of=(lambda opportunity: kernel.events("opportunity", opportunity.id)) if keeps_history else None,
            silent_days=silent_days,
            pushes=pushes,
        )
