"""Generated walks: whatever is done to an opportunity, in whatever order, it stays what the domain says it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow import templates
from salesflow.model import (
    ContactRole,
    Decision,
    EventBuilder,
    Money,
    NewOpportunity,
    Opportunity,
    OpportunityStatus,
    ProductLine,
    Reason,
    Registration,
    Route,
    StageExit,
    TaskStatus,
    TeamMember,
    apply,
)
from salesflow.process import (
    add_activity,
    add_competitor,
    add_member,
    compile,
    create_opportunity,
    edit_opportunity,
    fill_feedback,
    find_waiting,
    finish_task,
    grant,
    request_approval,
    set_contact_role,
)
from salesflow.testing.strategies.templates import sales_processes
from tests.process.samples import ASKED, AT, TODAY, graded
from tests.process.walking import Walk

BUILT_IN = sorted(templates.builtin().values(), key=lambda process: process.id)
STEPS = 25
WHO: dict[str, Any] = {"by": "li", "at": AT}

built_in = st.sampled_from(BUILT_IN)
# Generated templates ask for fields of every kind; without them a walk gets further.
plain = sales_processes(least_stages=2).map(
    lambda process: evolve(process, stages=[evolve(stage, required_fields=()) for stage in process.stages])
)
processes = built_in | plain | sales_processes()


@given(st.data())
def test_a_walk_of_any_operations(data):
    """OPP-3 … OPP-20, TEAM-2, HIST-1: every decision is sound, pure, the same on stock, and told by its events."""
    walk = Walk(data.draw(processes), data.draw)
    for _ in range(STEPS):
        walk.step()


def filled(opportunity: Opportunity) -> Opportunity:
    """With everything that any built-in template may require, and every task done."""
    changes = {
        "amount": Money("1200000", "CNY"), "close_date": date(2026, 9, 9), "contact": "qian", "source": "website",
        "products": [ProductLine("crm", "CRM2000", Decimal(1), Money("1200000", "CNY"))],
    }  # fmt: skip
    who = WHO
    for decide in (
        lambda o: edit_opportunity(o, changes, **who),
        lambda o: set_contact_role(o, ContactRole("qian", "user", True), contacts_customer="acme", **who),
        lambda o: add_activity(o, "call", "hm", happened_at=AT, **who),
        lambda o: fill_feedback(o, "went well", **who),
        lambda o: add_competitor(o, "Globex", **who) if not o.competitors else Decision(),
        lambda o: add_member(o, TeamMember("wang"), **who) if len(o.team) == 1 else Decision(),
    ):
        opportunity = apply(opportunity, decide(opportunity).events)
    for task in opportunity.tasks:
        if task.status is TaskStatus.OPEN:
            opportunity = apply(opportunity, finish_task(opportunity, task.id, **who).events)
    return opportunity


@pytest.mark.parametrize("process", BUILT_IN, ids=[process.id for process in BUILT_IN])
@pytest.mark.parametrize("route", Route)
def test_a_built_in_process_can_be_won_stage_by_stage(process, route):
    """PROC-4, OPP-5, OPP-7: on every route; where a stage needs an approval, by getting it."""
    engine, who = compile(process), WHO
    made, _ = create_opportunity(
        process, NewOpportunity("A deal"), id="d", owner="li", customer="acme", contact=None,
        grader=lambda _: graded(route), today=TODAY, **who,
    )  # fmt: skip
    assert made is not None
    opportunity = evolve(made, registration=Registration.APPROVED)
    for stage, following in zip(process.stages, [*process.stages[1:], None], strict=True):
        assert opportunity.stage == stage.code
        opportunity = filled(opportunity)
        approved: Any = None
        if stage.approval:
            blockers = engine.advance(opportunity, **who).reasons
            asked = request_approval(opportunity, "advance", (), blockers, asked=ASKED, has_approver=True, **who)
            opportunity = apply(opportunity, asked.require("request_approval"))
            waiting = find_waiting(opportunity, None, AT)
            assert not isinstance(waiting, Reason)
            approved = grant(opportunity, waiting, None, by="zhang", at=AT)
            assert isinstance(approved, EventBuilder)
        if following is not None:
            opportunity = apply(opportunity, engine.advance(opportunity, approved=approved, **who).require("advance"))
    won = apply(opportunity, engine.win(opportunity, today=TODAY, **who).require("win"))
    assert won.status is OpportunityStatus.WON
    assert [(v.stage, v.exit) for v in won.visits][:-1] == [
        (stage.code, StageExit.ADVANCED) for stage in process.stages[:-1]
    ]
