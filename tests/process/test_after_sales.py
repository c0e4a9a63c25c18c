"""The process beside the opportunity: switched on, worked through, finished; one at a time."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput, TemplateError
from salesflow.model import (
    AfterSalesStatus,
    Decision,
    Jump,
    Opportunity,
    OpportunityStatus,
    Reason,
    Route,
    SalesProcess,
    Stage,
    TaskStatus,
    TaskTemplate,
    WinFrom,
    apply,
)
from salesflow.process import (
    add_task,
    advance_after_sales,
    can_run_beside,
    change_owner,
    change_process,
    compile,
    fill_after_sales_feedback,
    fill_feedback,
    finish_after_sales,
    finish_task,
    running_after_sales,
    start_after_sales,
    unvoid,
    void,
)
from tests.process.samples import (
    ANYWHERE,
    AT,
    BY,
    DAY,
    MINE,
    NAIVE,
    WORTH,
    changed,
    closed,
    codes,
    does,
    graded,
    kinds,
    later,
    opened,
)

INSTALL = Stage("install", tasks=[TaskTemplate("mount")])
TEACH = Stage("teach", tasks=[TaskTemplate("train")])
SERVICE = SalesProcess("service", 3, [INSTALL, TEACH])
ENGINE = compile(SERVICE)
SERVED = ("in_progress", "won", "lost")
EVERY: tuple[Any, ...] = (
    lambda opp, **when: start_after_sales(opp, ENGINE, by="li", **when),
    lambda opp, **when: advance_after_sales(opp, ENGINE, by="li", **when),
    lambda opp, **when: fill_after_sales_feedback(opp, "it runs", by="li", **when),
    lambda opp, **when: finish_after_sales(opp, ENGINE, by="li", **when),
)


def standing(status: str) -> Opportunity:
    return opened() if status == "in_progress" else closed(OpportunityStatus(status))


def started(status: str = "won") -> Opportunity:
    opportunity = standing(status)
    return does(opportunity, start_after_sales(opportunity, ENGINE, **BY))


def worked(opportunity: Opportunity) -> Opportunity:
    """With every after-sales task that is open finished."""
    for task in opportunity.after_sales[-1].tasks:
        if task.status is TaskStatus.OPEN:
            opportunity = does(opportunity, finish_task(opportunity, task.id, **BY))
    return opportunity


def taught(status: str = "won") -> Opportunity:
    """In the last stage, with its must-do open."""
    opportunity = worked(started(status))
    return does(opportunity, advance_after_sales(opportunity, ENGINE, **BY))


@pytest.mark.parametrize("status", SERVED)
def test_switching_on_begins_in_the_first_stage(status):
    """OPP-12: with its own template, progress and tasks, beside the opportunity, which it leaves alone."""
    opportunity = standing(status)
    decision = start_after_sales(opportunity, ENGINE, by="li", at=later())
    after = does(opportunity, decision)

    assert kinds(decision) == ["after_sales_started"]
    assert decision.events[0].operation == "opportunities.start_after_sales"
    assert changed(decision) == {"after_sales"}
    (process,) = after.after_sales
    assert (process.number, process.process, process.process_version, process.stage) == (1, "service", 3, "install")
    assert (process.status, process.started_at, process.ended_at) == (AfterSalesStatus.RUNNING, later(), None)
    assert [(v.number, v.stage, str(v.entry), v.entered_at) for v in process.visits] == [
        (1, "install", "created", later())
    ]
    assert [(t.id, t.status) for t in process.tasks] == [("after1:1:mount", TaskStatus.OPEN)]
    assert running_after_sales(after) is process


def test_one_runs_at_a_time():
    """OPP-12: a second is refused while one runs, and may follow a finished one."""
    opportunity = worked(taught())
    assert start_after_sales(opportunity, ENGINE, **BY).reasons == (Reason("after_sales_running", number=1),)
    finished = does(opportunity, finish_after_sales(opportunity, ENGINE, **BY))
    assert running_after_sales(finished) is None
    again = does(finished, start_after_sales(finished, ENGINE, **BY))
    assert [p.number for p in again.after_sales] == [1, 2]
    assert again.after_sales[0] == finished.after_sales[0]
    assert again.after_sales[1].tasks[0].id == "after2:1:mount"
    assert running_after_sales(again) is again.after_sales[1]


def test_advancing_needs_the_must_dos_done():
    """OPP-12: then the next stage begins, with its tasks."""
    opportunity = started()
    assert advance_after_sales(opportunity, ENGINE, **BY).reasons == (
        Reason("task_open", task="mount", stage="install"),
    )
    opportunity = worked(opportunity)
    decision = advance_after_sales(opportunity, ENGINE, by="li", at=later())
    after = does(opportunity, decision)

    assert kinds(decision) == ["after_sales_advanced"]
    assert decision.events[0].operation == "opportunities.after_sales_advance"
    assert changed(decision) == {"after_sales"}
    (process,) = after.after_sales
    assert process.stage == "teach"
    assert [(v.stage, str(v.entry), v.exit and str(v.exit), v.left_at) for v in process.visits] == [
        ("install", "created", "advanced", later()),
        ("teach", "advanced", None, None),
    ]
    assert [(t.id, str(t.status)) for t in process.tasks] == [("after1:1:mount", "done"), ("after1:2:train", "open")]


def test_the_last_stage_is_finished_not_advanced():
    """OPP-12: and the first is advanced, not finished; what else is open comes along."""
    none = Reason("no_next_stage", stage="teach")
    assert advance_after_sales(worked(taught()), ENGINE, **BY).reasons == (none,)
    last = Reason("not_last_stage", stage="install", last="teach")
    assert finish_after_sales(worked(started()), ENGINE, **BY).reasons == (last,)
    anywhere = compile(evolve(SERVICE, win_from=WinFrom.ANY))
    assert finish_after_sales(started(), anywhere, **BY).reasons == (
        Reason("task_open", task="mount", stage="install"),
        last,
    )


def test_finishing_needs_the_must_dos_done():
    """OPP-12: then the process ends where it stands."""
    opportunity = taught()
    assert codes(finish_after_sales(opportunity, ENGINE, **BY)) == ["task_open"]
    opportunity = worked(opportunity)
    decision = finish_after_sales(opportunity, ENGINE, by="li", at=later())
    (process,) = does(opportunity, decision).after_sales
    assert kinds(decision) == ["after_sales_finished"]
    assert decision.events[0].operation == "opportunities.finish_after_sales"
    assert (process.status, process.ended_at, process.stage) == (AfterSalesStatus.FINISHED, later(), "teach")
    assert (str(process.visits[-1].exit), process.visits[-1].left_at) == ("closed", later())


def test_a_task_that_binds_another_route_is_left_behind_as_skipped():
    """OPP-12, PROC-1: must-dos bind by the opportunity's route, here too."""
    slow = TaskTemplate("slow", routes=[Route.FAST_TRACK])
    engine = compile(evolve(SERVICE, stages=[evolve(INSTALL, tasks=[slow]), evolve(TEACH, tasks=[slow])]))
    opportunity = opened()
    opportunity = does(opportunity, start_after_sales(opportunity, engine, **BY))
    assert codes(advance_after_sales(evolve(opportunity, grade=graded(Route.FAST_TRACK)), engine, **BY)) == [
        "task_open"
    ]
    opportunity = does(opportunity, advance_after_sales(opportunity, engine, **BY))
    assert [str(t.status) for t in opportunity.after_sales[0].tasks] == ["skipped", "open"]
    opportunity = does(opportunity, finish_after_sales(opportunity, engine, **BY))
    assert [str(t.status) for t in opportunity.after_sales[0].tasks] == ["skipped", "skipped"]


def test_feedback_belongs_to_the_after_sales_stay():
    """OPP-12: kept in the process that it is about, the opportunity's own feedback aside."""
    opportunity = started()
    decision = fill_after_sales_feedback(opportunity, "it runs", by="wang", at=later())
    after = does(opportunity, decision)
    assert kinds(decision) == ["after_sales_feedback_filled"]
    assert decision.events[0].operation == "opportunities.after_sales_feedback"
    assert changed(decision) == {"after_sales"}
    after = does(after, fill_after_sales_feedback(after, "still", **BY))
    feedback = after.after_sales[0].feedback
    assert [(f.visit, f.stage, f.text) for f in feedback] == [(1, "install", "it runs"), (1, "install", "still")]
    assert (feedback[0].by, feedback[0].at) == ("wang", later())


def test_required_feedback_is_that_of_the_after_sales_stay():
    """OPP-12, PROC-1: the installer reports how it went; what was said about the sale does not count."""
    engine = compile(evolve(SERVICE, stages=[Stage("install", required_fields=["feedback"]), TEACH]))
    opportunity = opened()
    opportunity = does(opportunity, start_after_sales(opportunity, engine, **BY))
    opportunity = does(opportunity, fill_feedback(opportunity, "sold well", **BY))
    assert codes(advance_after_sales(opportunity, engine, **BY)) == ["field_empty"]
    opportunity = does(opportunity, fill_after_sales_feedback(opportunity, "it runs", **BY))
    assert advance_after_sales(opportunity, engine, **BY).is_allowed


def test_stages_skipped_in_the_sale_are_not_owed_after_it():
    """OPP-12, GRADE-4: a debt of the sale does not stop its service, whatever the stages are called."""
    fast = evolve(MINE, jump=Jump.FAST_TRACK)
    opportunity = opened(fast, Route.FAST_TRACK)
    opportunity = does(opportunity, compile(fast).change_stage(opportunity, "sign", **BY))
    opportunity = evolve(opportunity, grade=graded(Route.FULL))
    service = compile(evolve(SERVICE, jump=Jump.FAST_TRACK, stages=[Stage("demo"), Stage("quote")]))
    opportunity = does(opportunity, start_after_sales(opportunity, service, **BY))
    opportunity = does(opportunity, advance_after_sales(opportunity, service, **BY))
    assert finish_after_sales(opportunity, service, **BY).is_allowed


@pytest.mark.parametrize("operation", EVERY[1:])
def test_without_a_running_one_there_is_nothing_to_do(operation):
    """OPP-12: every reason together."""
    assert operation(closed(OpportunityStatus.WON), at=AT).reasons == (Reason("after_sales_not_running"),)
    assert codes(operation(closed(OpportunityStatus.INVALID), at=AT)) == ["wrong_status", "after_sales_not_running"]


@pytest.mark.parametrize("operation", EVERY)
def test_not_of_an_invalid_or_voided_opportunity(operation):
    """OPP-12: an invalid opportunity has no after-sales; a voided one stands still."""
    assert codes(operation(closed(OpportunityStatus.INVALID), at=AT))[0] == "wrong_status"
    opportunity = started()
    assert codes(operation(does(opportunity, void(opportunity, reason=None, **BY)), at=AT))[0] == "is_voided"


@pytest.mark.parametrize("operation", EVERY)
def test_a_naive_moment_is_refused(operation):
    """HIST-2: the caller must say which zone is meant."""
    opportunity = opened() if operation is EVERY[0] else worked(started())
    if operation is EVERY[3]:
        opportunity = worked(taught())
    with pytest.raises(InvalidInput, match="timezone-aware"):
        operation(opportunity, at=NAIVE)


@pytest.mark.parametrize("operation", [advance_after_sales, finish_after_sales])
def test_another_template_is_the_callers_mistake(operation):
    """PROC-6: the process is pinned to its template version too."""
    for process in (MINE, evolve(SERVICE, version=4), evolve(SERVICE, stages=[TEACH])):
        with pytest.raises(InvalidInput, match="after_sales"):
            operation(started(), compile(process), **BY)


OTHER = evolve(MINE, id="other")
OUTSIDE: dict[str, tuple[str, Any, str]] = {
    "advance": ("in_progress", lambda opp: compile(MINE).advance(worked_own(opp), **BY), "running"),
    "change_stage": ("in_progress", lambda opp: compile(MINE).change_stage(opp, "quote", reason="r", **BY), "running"),
    "win": ("in_progress", lambda opp: compile(ANYWHERE).win(worked_own(opp), **DAY), "running"),
    "lose": ("in_progress", lambda opp: compile(MINE).lose(opp, reason="price", **DAY), "running"),
    "invalidate": ("in_progress", lambda opp: compile(MINE).invalidate(opp, reason="other", **DAY), "cancelled"),
    "reopen a won one": ("won", lambda opp: compile(MINE).reopen(opp, **BY), "running"),
    "reopen a lost one": ("lost", lambda opp: compile(MINE).reopen(opp, **BY), "running"),
    "void": ("won", lambda opp: void(opp, reason=None, **BY), "running"),
    "change_owner": ("won", lambda opp: change_owner(
        opp, "zhang", old_owner_role=None, hand_over_tasks=False, **BY), "running"),
    "change_process": ("in_progress", lambda opp: change_process(opp, compile(OTHER), **BY), "running"),
}  # fmt: skip


def worked_own(opportunity: Opportunity) -> Opportunity:
    """With the tasks of its own stage finished too, in a copy of the same version."""
    tasks = tuple(evolve(task, status=TaskStatus.DONE) for task in opportunity.tasks)
    return evolve(opportunity, tasks=tasks, amount=WORTH)


@pytest.mark.parametrize("outside", OUTSIDE)
def test_what_happens_to_the_opportunity_says_what_happens_to_its_after_sales(outside: str):
    """OPP-12: only being invalid ends it; whatever else happens to the opportunity leaves it exactly as it was."""
    status, happens, after = OUTSIDE[outside]
    opportunity = started(status)
    decision = happens(opportunity)
    assert decision.is_allowed, decision.reasons
    told = {event.kind for event in decision.events}
    (process,) = apply(
        worked_own(opportunity) if outside in {"advance", "win"} else opportunity, decision.events
    ).after_sales
    assert process.status == after
    assert (process == opportunity.after_sales[0]) == (after == "running")
    assert ("after_sales_cancelled" in told) == (after == "cancelled")
    if after == "cancelled":
        assert (process.ended_at, process.visits[-1].exit) == (AT, "closed")
        assert {task.status for task in process.tasks} == {TaskStatus.CANCELLED}


@pytest.mark.parametrize("status", SERVED)
def test_what_happens_in_after_sales_leaves_the_opportunity_as_it_was(status: str):
    """OPP-12: starting, working, finishing and starting again touch nothing but the process beside it."""
    opportunity = standing(status)
    steps = worked(taught(status))
    finished = does(steps, finish_after_sales(steps, ENGINE, **BY))
    again = does(finished, start_after_sales(finished, ENGINE, **BY))
    for after in (steps, finished, again):
        assert evolve(after, after_sales=(), version=1, updated_at=None) == evolve(
            opportunity, after_sales=(), version=1, updated_at=None
        )


def test_reopening_an_invalid_one_does_not_bring_its_after_sales_back():
    """OPP-8, OPP-12: what was cancelled stays so, and another one may be started."""
    opportunity = started("in_progress")
    invalid = does(opportunity, compile(MINE).invalidate(opportunity, reason="other", **DAY))
    reopened = does(invalid, compile(MINE).reopen(invalid, **BY))
    assert [p.status for p in reopened.after_sales] == [AfterSalesStatus.CANCELLED]
    again = does(reopened, start_after_sales(reopened, ENGINE, **BY))
    assert [(p.number, p.status) for p in again.after_sales] == [(1, "cancelled"), (2, "running")]


def test_unvoiding_gives_it_back_as_it_was():
    """OPP-10, OPP-12: a voided record stands still, and so does what runs beside it."""
    opportunity = started()
    voided = does(opportunity, void(opportunity, reason=None, **BY))
    assert does(voided, unvoid(voided, **BY)).after_sales == opportunity.after_sales


def test_a_template_with_an_approval_cannot_run_beside():
    """OPP-12, RULE-2: approvals are for the opportunity's own stages; one that nobody asks would be a lie."""
    engine = compile(evolve(SERVICE, stages=[INSTALL, evolve(TEACH, approval="owner_superior")]))
    assert (can_run_beside(ENGINE), can_run_beside(engine)) == (True, False)
    with pytest.raises(TemplateError, match=r"stages\[1\]\.approval: .*leave it out"):
        start_after_sales(opened(), engine, **BY)


def test_an_ad_hoc_task_belongs_to_the_after_sales_stage():
    """OPP-3, OPP-12: it is no must-do; its id is of that run; a code stands once in the stage; the sale has no part."""
    opportunity = started()
    decision = ad_hoc(opportunity)
    after = does(opportunity, decision)
    assert (kinds(decision), changed(decision)) == (["task_added"], {"after_sales"})
    added = after.after_sales[0].tasks[-1]
    assert (added.id, added.stage, added.is_required, added.status) == (
        "after1:1:photos", "install", False, TaskStatus.OPEN,
    )  # fmt: skip
    assert codes(ad_hoc(after)) == ["task_exists"]
    left = does(after, finish_task(after, "mount", **BY))
    left = does(left, advance_after_sales(left, ENGINE, **BY))
    assert {t.code: t.status for t in left.after_sales[0].tasks}["photos"] is TaskStatus.SKIPPED
    assert ad_hoc(left).is_allowed
    assert ad_hoc(standing("won")).reasons == (Reason("after_sales_not_running"),)
    assert codes(ad_hoc(standing("invalid"))) == ["wrong_status", "after_sales_not_running"]


def ad_hoc(opportunity: Opportunity) -> Decision:
    return add_task(
        opportunity, "photos", "Take photos", assignee=None, due=None, can_see=False, after_sales=True, **BY
    )


def test_reopening_leaves_it_running():
    """OPP-8, OPP-12: service goes on while the deal is taken up again."""
    opportunity = started("lost")
    reopened = does(opportunity, compile(MINE).reopen(opportunity, **BY))
    assert reopened.after_sales == opportunity.after_sales


def test_only_the_running_one_is_cancelled():
    """OPP-12: a finished run stays finished when the opportunity turns out invalid; without one nothing is said."""
    opportunity = worked(taught("in_progress"))
    opportunity = does(opportunity, finish_after_sales(opportunity, ENGINE, **BY))
    decision = compile(MINE).invalidate(opportunity, reason="other", **DAY)
    assert kinds(decision) == ["stage_left", "invalidated"]
    opportunity = does(opportunity, start_after_sales(opportunity, ENGINE, **BY))
    after = does(opportunity, compile(MINE).invalidate(opportunity, reason="other", **DAY))
    assert [p.status for p in after.after_sales] == [AfterSalesStatus.FINISHED, AfterSalesStatus.CANCELLED]
    assert after.after_sales[0] == opportunity.after_sales[0]
