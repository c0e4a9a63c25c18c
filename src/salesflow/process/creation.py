"""Bringing an opportunity into being: by hand, from a lead, or from another system with its past (OPP-1, IO-3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from salesflow.model import (
    Access,
    Closing,
    Decision,
    EventKind,
    Grading,
    ImportedOpportunity,
    Jump,
    Lead,
    LedBy,
    NewOpportunity,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    Route,
    SalesProcess,
    Stage,
    StageEntry,
    StageExit,
    StageVisit,
    TaskStatus,
    TeamMember,
    TeamRole,
    created,
    utc,
)
from salesflow.model.construction import quick
from salesflow.model.events import having
from salesflow.process import stages
from salesflow.process.arrivals import check_arrival, past_of
from salesflow.process.asked_approvals import asked_approvals
from salesflow.process.rules import broken_rules
from salesflow.process.standing import refused

Grader = Callable[[Opportunity], Grading]
"""Works out the grade of an opportunity that is being made; it is handed in, since grading is another room."""

_opportunity = quick(Opportunity)


def create_opportunity(
    process: SalesProcess, request: NewOpportunity, *, id: str, owner: str, customer: str | None, contact: str | None,
    grader: Grader, by: str, at: datetime, today: date, source: str | None = None,
    lead: Lead | None = None, past_close_date_allowed: bool = False, operation: str = "opportunities.create",
) -> tuple[Opportunity | None, Decision]:  # fmt: skip
    """
    Decide to create an opportunity.

    Args:
        process: The template whose current version it is pinned to.
        request: What was asked for.
        id: The id that it gets.
        owner: Who answers for it.
        customer, contact: Ids; at least one is known.
        grader: Works out its grade.
        today: The business day; an expected close date is not before it.
        lead: The lead that it is converted from, or None; the template may say which stage that enters.

    Returns:
        The opportunity at version 1 with the event that made it; None with every reason where it is refused.

    Source: OPP-1, OPP-2, PROC-4, RULE-1.
    """
    at = utc(at)
    reasons = []
    if customer is None and contact is None:
        reasons.append(Reason("customer_missing"))
    if request.close_date is not None and request.close_date < today and not past_close_date_allowed:
        reasons.append(Reason("close_date_past", close_date=str(request.close_date), today=str(today)))
    if any(m.role == TeamRole.OWNER for m in request.team):
        reasons.append(Reason("owner_role"))
    doubled = [m for n, m in enumerate(request.team) if m.key in {earlier.key for earlier in request.team[:n]}]
    reasons += [Reason("member_exists", person=m.person, role=str(m.role)) for m in doubled]
    codes = [stage.code for stage in process.stages]
    entry = request.stage or (process.entry_from_lead if lead is not None else None) or codes[0]
    if entry not in codes:
        return None, refused(*reasons, Reason("stage_unknown", stage=entry, stages=tuple(codes)))
    index = codes.index(entry)
    stage = process.stages[index]
    passed = process.stages[:index]
    visits: tuple[StageVisit, ...] = ()
    if lead is not None and entry == process.entry_from_lead:
        for finished in passed:
            begun = lead.created_at or at
            visits = stages.enter(visits, finished.code, at=begun, entry=StageEntry.CREATED)
            visits = stages.leave(visits, at=at, exit=StageExit.ADVANCED)
        passed = ()
    for skipped in passed:
        visits = stages.skip(visits, skipped.code, at=at, reason=request.reason)
    visits = stages.enter(visits, entry, at=at, entry=StageEntry.CREATED)
    ungraded = _opportunity(
        id=id, version=1, name=request.name, owner=owner, process=process.id,
        process_version=process.version, stage=entry,
        probability=Probability(stage.probability, ProbabilitySource.STAGE),
        team=(TeamMember(owner, TeamRole.OWNER, Access.READ_WRITE), *request.team),
        customer=customer, contact=contact, amount=request.amount, close_date=request.close_date,
        led_by=request.led_by, source=source, source_lead=lead.id if lead is not None else None,
        visits=visits, tasks=stages.begin((), stage, len(visits)),
        created_at=at, created_by=by, updated_at=at,
    )  # fmt: skip
    opportunity = having(ungraded, grade=grader(ungraded))
    reasons += _late_entry(process, opportunity, passed, request.reason) if passed else []
    reasons += broken_rules(process, "create", opportunity)
    if reasons:
        return None, refused(*reasons)
    return opportunity, Decision((created(opportunity, at=at, by=by, operation=operation),))


def _late_entry(
    process: SalesProcess, opportunity: Opportunity, passed: tuple[Stage, ...], reason: str | None
) -> list[Reason]:
    """OPP-1: entering a later stage follows the template's jump rule."""
    first, last = process.stages[0].code, process.stages[-1].code
    route = opportunity.grade.route
    if process.jump is Jump.FAST_TRACK and route is Route.FULL:
        return [Reason("not_first_stage", first=first, stage=opportunity.stage), Reason("full_route")]
    reasons = [
        Reason("approval_passed", approver=asked.approver, first=first, stage=opportunity.stage)
        for asked in asked_approvals(process, "change_stage", first, opportunity.stage)
    ]
    if process.jump is not Jump.FAST_TRACK:
        if process.jump is Jump.REASON and not reason and not all(s.is_optional for s in passed):
            reasons.insert(0, Reason("reason_missing"))
        return reasons
    if opportunity.stage != last:
        reasons.append(Reason("only_to_last_stage", last=last))
    if opportunity.led_by is LedBy.PARTNER:
        reasons.append(Reason("registration_needed", registration=str(opportunity.registration)))
    return reasons


def import_opportunity(
    process: SalesProcess, arrival: ImportedOpportunity, *, grader: Grader, by: str, at: datetime,
    zone_day: Callable[[datetime], date], customer: str | None = None, contact: str | None = None,
    operation: str = "files.import_opportunities",
) -> tuple[Opportunity, Decision]:  # fmt: skip
    """
    Take in an opportunity with its past: the rules guard moves, not arrivals.

    Args:
        process: The template it is pinned to.
        arrival: What the other system knew.
        grader: Works out its grade.
        at: When it arrives, in UTC.
        zone_day: Gives the business day of a moment.
        customer, contact: Ids of those that were found or made on the way; None means the arrival's own.
        operation: The id of the operation that takes it in.

    Raises:
        InvalidInput: As of `check_arrival`.

    Source: IO-3.
    """
    at = utc(at)
    check_arrival(process, arrival)
    visits, closings = past_of(process, arrival, by=by, at=at, zone_day=zone_day)
    stage = next(s for s in process.stages if s.code == arrival.stage)
    probability = Probability(stage.probability, ProbabilitySource.STAGE)
    tasks = stages.begin((), stage, len(visits))
    status = OpportunityStatus.IN_PROGRESS
    if arrival.outcome is not None and arrival.outcome is not OpportunityStatus.IN_PROGRESS:
        status = arrival.outcome
        closed_at = arrival.closed_at
        visits = stages.leave(visits, at=closed_at or at, exit=StageExit.CLOSED)
        tasks = stages.settle(tasks, TaskStatus.CANCELLED)
        won = status is OpportunityStatus.WON
        amount = arrival.actual_amount if arrival.actual_amount is not None or not won else arrival.amount
        closings = (
            *closings,
            Closing(
                len(closings) + 1, status, arrival.stage, closed_at, by, zone_day(closed_at) if closed_at else None,
                probability, amount, arrival.reason,
            ),
        )  # fmt: skip
        probability = Probability(100 if won else 0, ProbabilitySource.OUTCOME)
    first = next((moment for _, moment in arrival.history), arrival.entered_at)
    ungraded = _opportunity(
        id=arrival.id, version=1, name=arrival.name, owner=arrival.owner, process=process.id,
        process_version=process.version, stage=arrival.stage, probability=probability,
        team=(TeamMember(arrival.owner, TeamRole.OWNER, Access.READ_WRITE),),
        status=status, customer=customer or arrival.customer, contact=contact or arrival.contact,
        amount=arrival.amount,
        close_date=arrival.close_date, source=arrival.source, is_imported=True, visits=visits, tasks=tasks,
        closings=closings, created_at=arrival.created_at or first or at, created_by=by, updated_at=at,
    )  # fmt: skip
    opportunity = having(ungraded, grade=grader(ungraded))
    event = created(opportunity, at=at, by=by, operation=operation, kind=EventKind.IMPORTED)
    return opportunity, Decision((event,))
