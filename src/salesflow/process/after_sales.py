"""
The after-sales process (售后流程): a second process beside the opportunity, one at a time (OPP-12).

It has its own template and progress and never touches the opportunity's own. What each does to the other:

- moving through stages, winning, losing, reopening, changing the process: after-sales runs on;
- marking the opportunity invalid: it is cancelled, and reopening the opportunity does not bring it back;
- voiding: it stands still with the record, and unvoiding gives it back as it was;
- changing the owner: it runs on, and open tasks are handed over as those of the opportunity are;
- finishing it: the opportunity stays as it is, and another one may be started.

Approvals are for the opportunity's own stages (RULE-2): a template with one cannot be run here.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from attrs import evolve

from salesflow.model import (
    AfterSales,
    AfterSalesStatus,
    Decision,
    EventBuilder,
    EventKind,
    Feedback,
    Opportunity,
    Reason,
    StageEntry,
    StageExit,
    TaskStatus,
    utc,
)
from salesflow.process import stages
from salesflow.process.beside import ended, running_after_sales, task_prefix
from salesflow.process.checks import check_template
from salesflow.process.engine import Engine
from salesflow.process.standing import SERVED, opportunity_stands, refused


def can_run_beside(engine: Engine) -> bool:
    """Whether *engine*'s template may be run as after-sales: neither it nor a stage of it asks for an approval."""
    template = engine.process
    return not template.approvals and all(stage.approval is None for stage in template.stages)


def start_after_sales(opportunity: Opportunity, engine: Engine, *, by: str, at: datetime) -> Decision:
    """
    Decide to switch after-sales on (启用售后流程), in the first stage of *engine*'s template.

    Raises:
        TemplateError: It asks for an approval; the template's author must mend it.

    Source: OPP-12.
    """
    if not can_run_beside(engine):
        check_template(engine.process, roles=None, fields=None, is_after_sales=True).require()
    reasons = list(opportunity_stands(opportunity, SERVED))
    running = running_after_sales(opportunity)
    if running is not None:
        reasons.append(Reason("after_sales_running", number=running.number))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.start_after_sales")
    first = engine.process.stages[0]
    number = len(opportunity.after_sales) + 1
    process = AfterSales(
        number=number,
        process=engine.process.id,
        process_version=engine.process.version,
        stage=first.code,
        started_at=builder.at,
        visits=stages.enter((), first.code, at=builder.at, entry=StageEntry.CREATED),
        tasks=stages.begin((), first, 1, task_prefix(number)),
    )
    builder.add(EventKind.AFTER_SALES_STARTED, after_sales=(*opportunity.after_sales, process))
    return builder.decision()


def advance_after_sales(opportunity: Opportunity, engine: Engine, *, by: str, at: datetime) -> Decision:
    """
    Decide to enter the next after-sales stage, with the must-dos of this one done.

    Source: OPP-12.
    """
    at = utc(at)
    running, reasons = _standing(opportunity, engine, "advance", by=by, at=at)
    if running is not None and running.stage == engine.process.stages[-1].code:
        reasons.append(Reason("no_next_stage", stage=running.stage))
    if running is None or reasons:
        return refused(*reasons)
    target = next(after for before, after in pairwise(engine.process.stages) if before.code == running.stage)
    left = stages.leave(running.visits, at=at, exit=StageExit.ADVANCED)
    visits = stages.enter(left, target.code, at=at, entry=StageEntry.ADVANCED)
    settled = stages.settle(running.tasks, TaskStatus.SKIPPED)
    after = evolve(
        running,
        stage=target.code,
        visits=visits,
        tasks=stages.begin(settled, target, len(visits), task_prefix(running.number)),
    )
    return _replaced(opportunity, running, after, EventKind.AFTER_SALES_ADVANCED, "after_sales_advance", by=by, at=at)


def fill_after_sales_feedback(opportunity: Opportunity, text: str, *, by: str, at: datetime) -> Decision:
    """
    Decide to fill in feedback on the current after-sales stage.

    Source: OPP-12.
    """
    reasons = list(opportunity_stands(opportunity, SERVED))
    running = running_after_sales(opportunity)
    if running is None:
        reasons.append(Reason("after_sales_not_running"))
    if running is None or reasons:
        return refused(*reasons)
    at = utc(at)
    visit = running.visits[-1]
    feedback = Feedback(f"{visit.number}.{opportunity.version + 1}", visit.number, visit.stage, text, at, by)
    after = evolve(running, feedback=(*running.feedback, feedback))
    kind = EventKind.AFTER_SALES_FEEDBACK_FILLED
    return _replaced(opportunity, running, after, kind, "after_sales_feedback", by=by, at=at)


def finish_after_sales(opportunity: Opportunity, engine: Engine, *, by: str, at: datetime) -> Decision:
    """
    Decide to finish after-sales, from its last stage with the must-dos done.

    Source: OPP-12.
    """
    at = utc(at)
    running, reasons = _standing(opportunity, engine, "win", by=by, at=at)
    last = engine.process.stages[-1].code
    if running is not None and running.stage != last:
        reasons.append(Reason("not_last_stage", stage=running.stage, last=last))
    if running is None or reasons:
        return refused(*reasons)
    after = ended(running, AfterSalesStatus.FINISHED, TaskStatus.SKIPPED, at)
    return _replaced(opportunity, running, after, EventKind.AFTER_SALES_FINISHED, "finish_after_sales", by=by, at=at)


def _standing(
    opportunity: Opportunity, engine: Engine, trigger: str, *, by: str, at: datetime
) -> tuple[AfterSales | None, list[Reason]]:
    running = running_after_sales(opportunity)
    reasons = list(opportunity_stands(opportunity, SERVED))
    if running is None:
        reasons.append(Reason("after_sales_not_running"))
    else:
        reasons += engine.blockers(trigger, opportunity, running, by=by, at=at)
    return running, reasons


def _replaced(
    opportunity: Opportunity, running: AfterSales, after: AfterSales, kind: EventKind, method: str,
    *, by: str, at: datetime,
) -> Decision:  # fmt: skip
    builder = EventBuilder(opportunity, at=at, by=by, operation=f"opportunities.{method}")
    builder.add(kind, after_sales=tuple(after if p is running else p for p in opportunity.after_sales))
    return builder.decision()
