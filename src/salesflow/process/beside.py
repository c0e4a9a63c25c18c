"""The after-sales process that runs beside an opportunity: which one it is, and how it ends (OPP-12)."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from salesflow.model import (
    AfterSales,
    AfterSalesStatus,
    EventBuilder,
    EventKind,
    Opportunity,
    StageExit,
    TaskStatus,
)
from salesflow.process import stages


def running_after_sales(opportunity: Opportunity) -> AfterSales | None:
    """Return the after-sales process that runs, or None."""
    for process in opportunity.after_sales:
        if process.status is AfterSalesStatus.RUNNING:
            return process
    return None


def task_prefix(number: int) -> str:
    """Return what the ids of tasks of an after-sales process begin with, by the process's number."""
    return f"after{number}:"


def ended(running: AfterSales, status: AfterSalesStatus, tasks: TaskStatus, at: datetime) -> AfterSales:
    """Return *running* as it is when it ends: its visit closed, its open tasks set to *tasks*."""
    return evolve(
        running,
        status=status,
        ended_at=at,
        visits=stages.leave(running.visits, at=at, exit=StageExit.CLOSED),
        tasks=stages.settle(running.tasks, tasks),
    )


def cancel_after_sales(opportunity: Opportunity, builder: EventBuilder) -> None:
    """
    Add to *builder* that the running after-sales process ends, because the opportunity turned out invalid.

    Source: OPP-12.
    """
    running = running_after_sales(opportunity)
    if running is not None:
        after = ended(running, AfterSalesStatus.CANCELLED, TaskStatus.CANCELLED, builder.at)
        processes = tuple(after if p is running else p for p in opportunity.after_sales)
        builder.add(EventKind.AFTER_SALES_CANCELLED, after_sales=processes)
