"""
The pipeline's figures over tables in an engine: `flow.acting_as(person).pipeline_over(tables)` (PIPE-1 to PIPE-4).

The records are those of the moment when the tables were written; who may see them is asked today, by the same filter
that narrows every list.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from salesflow.app.execution import Execution
from salesflow.app.pipeline import WEEK
from salesflow.app.pipeline_access import PipelineAccess
from salesflow.errors import InvalidInput
from salesflow.model import Money, utc
from salesflow.model.moments import EARLIEST
from salesflow.pipeline import (
    Board,
    Chances,
    CompetitorRecords,
    Forecast,
    Funnel,
    Losses,
    PipelineChanges,
    SalesCycle,
    StageFlows,
    StageTimes,
    Velocities,
    WinRates,
)

if TYPE_CHECKING:
    from salesflow.analytics import Moved, Tables

_NO_QUOTAS: Mapping[str, Money] = MappingProxyType({})


class TabledPipelineDesk:
    """
    Figures over the opportunities in tables that the person sees in one scene; a hidden one changes none of them.

    Each gives what its namesake of `PipelineDesk` gives of the same records, the board without its cards and changes
    without their events. Money is per currency: a rate policy needs the records themselves. Where a figure takes
    *by*, that is the name of a grouping, or None.

    Args:
        execution: Who asks.
        tables: As `salesflow.analytics.open_tables` gives them, written for the flow's time zone.

    Raises:
        InvalidInput: They were written for another time zone.
    """

    def __init__(self, execution: Execution, tables: Tables) -> None:
        from salesflow import analytics

        zone = execution.kernel.zone.key
        if tables.zone != zone:
            raise InvalidInput("tables", tables.zone, f"were written for another time zone than the flow's, {zone}")
        self._analytics = analytics
        self._kernel = execution.kernel
        self._access = PipelineAccess(execution)
        self._tables = tables

    def _seen(self, operation: str, scene: str) -> tuple[Tables, Any]:
        return self._tables, self._access.visible(operation, scene)

    def board(self, scene: str = "all", *, process: str | None = None) -> Board:
        """
        Return the stage view of one process: count, amount and weighted amount, without cards.

        Args:
            process: The template's id; None is fine where the flow has only one.

        Source: PIPE-1.
        """
        template = self._access.template(process)
        return self._analytics.board(*self._seen("opportunities.board", scene), template)

    def funnel(self, scene: str = "all", *, process: str | None = None) -> Funnel:
        """
        Return how many reached each stage of one process, with conversion and drop-out.

        Source: PIPE-2.
        """
        template = self._access.template(process)
        return self._analytics.funnel(*self._seen("pipeline.funnel", scene), template)

    def stage_times(self, scene: str = "all", *, process: str | None = None) -> StageTimes:
        """
        Return how long opportunities stay in each stage of one process: median and 90th percentile.

        Source: PIPE-2.
        """
        template = self._access.template(process)
        return self._analytics.stage_times(*self._seen("pipeline.stage_times", scene), template, self._kernel.now())

    def stage_flow(
        self, scene: str = "all", *, process: str | None = None, since: date, until: date, period: str = "month"
    ) -> StageFlows:
        """
        Return how many came into each stage of one process, went, and stood there at the end of each period.

        Source: PIPE-2.
        """
        template, seen = self._access.template(process), self._seen("pipeline.stage_flow", scene)
        return self._analytics.stage_flow(*seen, template, since=since, until=until, period=period)

    def sales_cycle(self, scene: str = "all") -> SalesCycle:
        """
        Return how many days completed opportunities took.

        Source: PIPE-2.
        """
        return self._analytics.sales_cycle(*self._seen("pipeline.sales_cycle", scene))

    def win_rates(self, scene: str = "all", *, by: str | None = None) -> WinRates:
        """
        Return the win rate by count and by value, in all or per group.

        Source: PIPE-2.
        """
        seen, departments = self._seen("pipeline.win_rates", scene), self._access.departments(by)
        return self._analytics.win_rates(*seen, by, departments, self._access.competitors(by))

    def velocity(self, scene: str = "all", *, by: str | None = None) -> Velocities:
        """
        Return what the open pipeline brings in per day at the rate of the past, in all or per group.

        Source: PIPE-2.
        """
        seen, departments = self._seen("pipeline.velocity", scene), self._access.departments(by)
        return self._analytics.velocity(*seen, by, departments, self._access.competitors(by))

    def losses(self, scene: str = "all") -> Losses:
        """
        Return why opportunities were lost or invalid, and in which stage they were left.

        Source: PIPE-2.
        """
        return self._analytics.losses(*self._seen("pipeline.losses", scene))

    def competitors(self, scene: str = "all") -> CompetitorRecords:
        """
        Return what became of the deals against each competitor.

        Source: CUS-4.
        """
        seen = self._seen("pipeline.competitors", scene)
        return self._analytics.competitor_records(*seen, self._kernel.query("competitor"))

    def chances(self, scene: str = "all", *, process: str | None = None) -> Chances:
        """
        Return win chances and times to win learned from what was closed, beside what is planned for what is open.

        Args:
            process: The template's id; None is fine where the flow has only one.

        Source: PIPE-5.
        """
        template = self._access.template(process)
        return self._analytics.chances(*self._seen("pipeline.chances", scene), template)

    def forecast(
        self, scene: str = "all", *, since: date | None = None, until: date | None = None, period: str = "month",
        quotas: Mapping[str, Money] = _NO_QUOTAS,
    ) -> Forecast:  # fmt: skip
        """
        Return what is closed and may still close, by period and category, against quotas.

        Args:
            since, until: A day of the first and of the last period; None means today's, and the one of *since*.

        Source: PIPE-4.
        """
        today = self._kernel.today(self._kernel.now())
        begin = today if since is None else since
        end = begin if until is None else until
        seen = self._seen("pipeline.forecast", scene)
        return self._analytics.forecast(*seen, since=begin, until=end, today=today, period=period, quotas=quotas)

    def changes(
        self, scene: str = "all", *, since: datetime | None = None, until: datetime | None = None
    ) -> PipelineChanges:
        """
        Return what changed in the open pipeline after *since*, reconciled to the unit; its events are counted.

        Args:
            since: The beginning, which does not belong to the period; None means a week before its end.
            until: The end, which does; None means now.

        Source: PIPE-3.
        """
        return self._analytics.changes(*self._seen("pipeline.changes", scene), *self._period(since, until))

    def moved(
        self, scene: str = "all", *, since: datetime | None = None, until: datetime | None = None, limit: int = 1_000,
        after: Moved | None = None,
    ) -> tuple[Moved, ...]:  # fmt: skip
        """
        Return the first events of `changes`, in the order of time.

        Args:
            since, until: As there.
            limit: At most so many, up to 10,000.
            after: The last of those that are known already: the next ones come; None means from the beginning.

        Source: PIPE-3.
        """
        begin, end = self._period(since, until)
        return self._analytics.moved(*self._seen("pipeline.changes", scene), begin, end, limit=limit, after=after)

    def _period(self, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
        end = self._kernel.now() if until is None else utc(until, "until")
        return max(end - WEEK, EARLIEST) if since is None else since, end
