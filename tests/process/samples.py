"""Templates, records and short words for the tests of the process room."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from attrs import evolve

from salesflow.model import (
    Decision,
    Event,
    Grading,
    Jump,
    Lead,
    LeadStatus,
    LedBy,
    Money,
    NewOpportunity,
    Opportunity,
    OpportunityStatus,
    Route,
    SalesProcess,
    Stage,
    TaskStatus,
    TaskTemplate,
    WinFrom,
    apply,
    check,
    replay,
)
from salesflow.process import Engine, compile, create_opportunity, finish_task
from salesflow.process.asked_approvals import AskedApproval

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NAIVE = datetime(2026, 3, 2, 9, 0)  # what must be refused
TODAY = date(2026, 3, 2)
WORTH = Money("1200000", "CNY")
BY: dict[str, Any] = {"by": "li", "at": AT}
DAY: dict[str, Any] = {**BY, "today": TODAY}

TALK = Stage(
    "talk",
    probability=10,
    required_fields=["amount"],
    tasks=[TaskTemplate("call"), TaskTemplate("write", routes=[Route.FULL])],
)
DEMO = Stage("demo", probability=30, tasks=[TaskTemplate("show")], is_optional=True)
QUOTE = Stage("quote", probability=50, tasks=[TaskTemplate("price")])
SIGN = Stage("sign", probability=90, tasks=[TaskTemplate("draw_up")])
MINE = SalesProcess("mine", 1, [TALK, DEMO, QUOTE, SIGN])
FREE = evolve(MINE, jump=Jump.FREE)
FAST = evolve(MINE, jump=Jump.FAST_TRACK)
ANYWHERE = evolve(MINE, win_from=WinFrom.ANY)
APPROVED = evolve(MINE, stages=[evolve(TALK, approval="owner_superior"), DEMO, QUOTE, SIGN])
ASKED = (AskedApproval("owner_superior", None),)  # by leaving its first stage


def later(minutes: int = 1) -> datetime:
    """AT and some minutes."""
    return AT + timedelta(minutes=minutes)


def graded(route: Route = Route.FULL) -> Grading:
    """A grade with this route; which grade it is does not matter here."""
    return Grading(route=route)


def created(process: SalesProcess = MINE, route: Route = Route.FULL, **given: Any) -> tuple[Any, Decision]:
    """Create an opportunity of *process*: what comes back from `create_opportunity`."""
    request = {
        name: given.pop(name) for name in ("stage", "reason", "team", "close_date", "led_by", "amount") if name in given
    }
    values: dict[str, Any] = {
        "id": "deal", "owner": "li", "customer": "acme", "contact": None, "grader": lambda _: graded(route), **DAY,
    }  # fmt: skip
    if route is Route.PARTNER:
        request.setdefault("led_by", LedBy.PARTNER)
    return create_opportunity(process, NewOpportunity("A deal", **request), **{**values, **given})


def opened(process: SalesProcess = MINE, route: Route = Route.FULL, **given: Any) -> Opportunity:
    """A new opportunity of *process*."""
    opportunity, decision = created(process, route, **given)
    assert decision.is_allowed, decision.reasons
    assert isinstance(opportunity, Opportunity)
    return opportunity


def ready(process: SalesProcess = MINE, route: Route = Route.FULL, **given: Any) -> Opportunity:
    """A new opportunity of which the first stage is done: an amount is there, and each task is finished."""
    return finished(opened(process, route, amount=WORTH, **given))


def finished(opportunity: Opportunity) -> Opportunity:
    """*opportunity* with every open task finished."""
    for task in opportunity.tasks:
        if task.status is TaskStatus.OPEN:
            opportunity = does(opportunity, finish_task(opportunity, task.id, **BY))
    return opportunity


def at_stage(stage: str, process: SalesProcess = MINE, route: Route = Route.FULL, **given: Any) -> Opportunity:
    """An opportunity that ran all stages before *stage*, each with all that it asks for."""
    opportunity = ready(process, route, **given)
    while opportunity.stage != stage:
        opportunity = finished(does(opportunity, compile(process).advance(opportunity, **BY)))
    return opportunity


def closed(outcome: OpportunityStatus, process: SalesProcess = MINE, **given: Any) -> Opportunity:
    """An opportunity of *process* that ended in its first stage, or after its last one if won."""
    engine: Engine = compile(process)
    if outcome is OpportunityStatus.WON:
        opportunity = at_stage(process.stages[-1].code, process, **given)
        return does(opportunity, engine.win(opportunity, **DAY))
    opportunity = opened(process, amount=WORTH, **given)
    if outcome is OpportunityStatus.LOST:
        return does(opportunity, engine.lose(opportunity, reason="price", **DAY))
    return does(opportunity, engine.invalidate(opportunity, reason="other", **DAY))


def does(record: Any, decision: Decision) -> Any:
    """Return *record* after *decision*, which must be allowed and lead to a sound record of the next version."""
    assert decision.is_allowed, decision.reasons
    after = apply(record, decision.events)
    assert check(after) == []
    assert after.version == record.version + 1
    return after


def codes(decision: Decision) -> list[str]:
    """The codes of the reasons, in order; a decision that gives some does nothing."""
    assert decision.events == ()
    return [reason.code for reason in decision.reasons]


def kinds(decision: Decision) -> list[str]:
    """The kinds of the events, in order."""
    assert decision.reasons == ()
    return [str(event.kind) for event in decision.events]


def changed(decision: Decision) -> set[str]:
    """The fields that change."""
    return {change.field for event in decision.events for change in event.changes}


def statuses(opportunity: Opportunity) -> dict[str, str]:
    """Each task's status by its code."""
    return {task.code: str(task.status) for task in opportunity.tasks}


def history_holds(record: Any, *decisions: tuple[Event, ...]) -> bool:
    """Whether the events of all *decisions* give exactly *record* (HIST-1)."""
    return bool(replay(event for events in decisions for event in events) == record)


def a_lead(**values: Any) -> Lead:
    """A lead that is assigned to li, unless *values* say otherwise."""
    settled: dict[str, Any] = {
        "id": "lead", "version": 1, "title": "CRM2000 for Acme", "owner": "li", "status": LeadStatus.ASSIGNED,
        "phone": "13912345678", "email": "qian@example.com", "branch": "north",
        "created_at": AT - timedelta(days=3), "created_by": "zhang", "updated_at": AT - timedelta(days=3),
    }  # fmt: skip
    return Lead(**{**settled, **values})
