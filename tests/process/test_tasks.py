"""Tasks and feedback, of the opportunity's own process and of the one beside it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import (
    AfterSalesStatus,
    EventKind,
    Opportunity,
    OpportunityStatus,
    Reason,
    SalesProcess,
    Stage,
    Task,
    TaskStatus,
    TaskTemplate,
)
from salesflow.model.requests import UNSET
from salesflow.process import (
    add_task,
    assign_task,
    compile,
    fill_feedback,
    find_task,
    finish_task,
    is_after_sales_task,
    reopen_task,
    start_after_sales,
    unassign_task,
    void,
)
from tests.process.samples import (
    AT,
    BY,
    DAY,
    MINE,
    NAIVE,
    TODAY,
    at_stage,
    changed,
    closed,
    codes,
    does,
    kinds,
    later,
    opened,
    statuses,
)

# It shares a task code with the opportunity's own first stage.
SERVICE = SalesProcess("service", 1, [Stage("install", tasks=[TaskTemplate("mount"), TaskTemplate("call")])])
ASSIGN: dict[str, Any] = {"due": UNSET, "can_see": True, **BY}
ADD: dict[str, Any] = {**ASSIGN, "due": None}
EVERY: tuple[Any, ...] = (
    lambda opp, task, **when: finish_task(opp, task, by="li", **when),
    lambda opp, task, **when: reopen_task(opp, task, by="li", **when),
    lambda opp, task, **when: assign_task(opp, task, "wang", due=UNSET, can_see=True, by="li", **when),
    lambda opp, task, **when: unassign_task(opp, task, by="li", **when),
)


def served(opportunity: Opportunity) -> Opportunity:
    """With an after-sales process that runs."""
    return does(opportunity, start_after_sales(opportunity, compile(SERVICE), **BY))


def task(opportunity: Opportunity, code: str) -> Task:
    found = find_task(opportunity, code)
    assert found is not None
    return found


def test_a_due_date_without_an_assignee():
    """OPP-3: a task gets its day, or another one, and whoever has it keeps it; the same day again changes nothing."""
    opportunity = opened()
    decision = assign_task(opportunity, "call", None, **{**ASSIGN, "due": TODAY, "can_see": False})
    assert (kinds(decision), changed(decision)) == (["task_due_set"], {"tasks"})
    assert decision.events[0].operation == "opportunities.assign_task"
    dated = does(opportunity, decision)
    assert (task(dated, "call").due, task(dated, "call").assignee) == (TODAY, None)
    both = does(dated, assign_task(dated, "call", "wang", **ASSIGN))
    assert (task(both, "call").due, task(both, "call").assignee) == (TODAY, "wang")
    later_on = {**ASSIGN, "due": TODAY + timedelta(days=1)}
    moved = does(both, assign_task(both, "call", None, **later_on))
    assert (task(moved, "call").due, task(moved, "call").assignee) == (TODAY + timedelta(days=1), "wang")
    again = assign_task(moved, "call", None, **later_on)
    assert (again.events, again.reasons) == ((), ())
    same = assign_task(moved, "call", "wang", **ASSIGN)
    assert (same.events, same.reasons) == ((), ())
    done = does(moved, finish_task(moved, "call", **BY))
    assert codes(assign_task(done, "call", None, **later_on)) == ["task_not_open"]


def test_a_due_date_is_cleared():
    """OPP-3: alone, or with another assignee; a task that has none stays as it is."""
    dated = does(opened(), assign_task(opened(), "call", "wang", due=TODAY, can_see=True, **BY))
    decision = assign_task(dated, "call", None, due=None, can_see=False, **BY)
    assert (kinds(decision), changed(decision)) == (["task_due_set"], {"tasks"})
    cleared = does(dated, decision)
    assert (task(cleared, "call").due, task(cleared, "call").assignee) == (None, "wang")
    given_on = does(dated, assign_task(dated, "call", "zhang", due=None, can_see=True, **BY))
    assert (task(given_on, "call").due, task(given_on, "call").assignee) == (None, "zhang")
    again = assign_task(cleared, "call", None, due=None, can_see=False, **BY)
    assert (again.events, again.reasons) == ((), ())


def test_finishing_a_task():
    """OPP-3: done, with who and when; by code or by full id; the others stay as they are."""
    opportunity = opened()
    for named in ("call", "1:call"):
        decision = finish_task(opportunity, named, by="wang", at=later())
        after = does(opportunity, decision)
        assert kinds(decision) == ["task_finished"]
        assert decision.events[0].operation == "opportunities.finish_task"
        assert changed(decision) == {"tasks"}
        assert statuses(after) == {"call": "done", "write": "open"}
        assert (task(after, "call").done_by, task(after, "call").done_at) == ("wang", later())


def test_only_an_open_task_is_finished():
    """OPP-3: a done one says so."""
    opportunity = does(opened(), finish_task(opened(), "call", **BY))
    assert finish_task(opportunity, "call", **BY).reasons == (Reason("task_not_open", task="call", status="done"),)


def test_reopening_a_task():
    """OPP-3: open again, and nobody did it; only a done one can be."""
    opportunity = does(opened(), finish_task(opened(), "call", **BY))
    decision = reopen_task(opportunity, "call", **BY)
    assert kinds(decision) == ["task_reopened"]
    assert decision.events[0].operation == "opportunities.reopen_task"
    assert does(opportunity, decision).tasks == opened().tasks
    assert reopen_task(opportunity, "write", **BY).reasons == (Reason("task_not_done", task="write", status="open"),)


@pytest.mark.parametrize("status", [s for s in TaskStatus if s is not TaskStatus.DONE])
def test_only_a_done_task_is_reopened(status):
    """OPP-3, OPP-6: a skipped task opens again on return to its stage, a cancelled one on reopening; not by word."""
    opportunity = evolve(opened(), tasks=tuple(evolve(t, status=status) for t in opened().tasks))
    decision = reopen_task(opportunity, "call", **BY)
    assert (decision.events, decision.reasons) == ((), (Reason("task_not_done", task="call", status=str(status)),))


def test_assigning_a_task():
    """OPP-3: to a person, with a due date or the one it had."""
    opportunity = opened()
    due = date(2026, 4, 1)
    decision = assign_task(opportunity, "call", "wang", due=due, can_see=True, **BY)
    assert kinds(decision) == ["task_assigned"]
    assert decision.events[0].operation == "opportunities.assign_task"
    after = does(opportunity, decision)
    assert (task(after, "call").assignee, task(after, "call").due) == ("wang", due)
    again = does(after, assign_task(after, "call", "zhang", **ASSIGN))
    assert (task(again, "call").assignee, task(again, "call").due) == ("zhang", due)


def test_an_assignee_must_see_the_record_and_the_task_be_open():
    """OPP-3: the reason names the person and the fix; both reasons come together."""
    opportunity = does(opened(), finish_task(opened(), "call", **BY))
    blind = Reason("assignee_cannot_see", person="wang")
    done = Reason("task_not_open", task="call", status="done")
    assert assign_task(opportunity, "write", "wang", due=UNSET, can_see=False, **BY).reasons == (blind,)
    assert assign_task(opportunity, "call", "wang", **ASSIGN).reasons == (done,)
    assert assign_task(opportunity, "call", "wang", due=UNSET, can_see=False, **BY).reasons == (done, blind)
    assert "team" in str(blind)


def test_unassigning_a_task():
    """OPP-3: the due date stays; a task that nobody has is not taken from anybody."""
    opportunity = does(opened(), assign_task(opened(), "call", "wang", due=TODAY, can_see=True, **BY))
    decision = unassign_task(opportunity, "call", **BY)
    assert kinds(decision) == ["task_unassigned"]
    assert decision.events[0].operation == "opportunities.unassign_task"
    after = does(opportunity, decision)
    assert (task(after, "call").assignee, task(after, "call").due) == (None, TODAY)
    assert unassign_task(after, "call", **BY).reasons == (Reason("task_unassigned", task="call"),)


def test_adding_a_task():
    """OPP-3: to the current stage, with an id of the current stay; it is no must-do."""
    opportunity = at_stage("demo")
    decision = add_task(opportunity, "extra", "Something more", assignee="wang", due=TODAY, can_see=True, **BY)
    after = does(opportunity, decision)
    assert kinds(decision) == ["task_added"]
    assert decision.events[0].operation == "opportunities.add_task"
    assert after.tasks[-1] == Task(
        "2:extra", "extra", "demo", is_required=False, name="Something more", assignee="wang", due=TODAY
    )
    assert after.tasks[:-1] == opportunity.tasks


def test_a_task_is_added_once_and_to_somebody_who_sees_it():
    """OPP-3: a code is unique within its stage, an assignee must see the record, and nobody is fine."""
    opportunity = at_stage("demo")
    exists, blind = Reason("task_exists", task="show"), Reason("assignee_cannot_see", person="wang")
    assert add_task(opportunity, "show", "n", assignee=None, due=None, can_see=False, **BY).reasons == (exists,)
    assert add_task(opportunity, "show", "n", assignee="wang", due=None, can_see=False, **BY).reasons == (exists, blind)
    does(opportunity, add_task(opportunity, "call", "the code of another stage", assignee=None, **ADD))
    assert codes(add_task(closed(OpportunityStatus.WON), "x", "n", assignee=None, **ADD)) == ["wrong_status"]


@pytest.mark.parametrize("change", EVERY)
def test_an_unknown_task_names_those_there_are(change):
    """OPP-3: a task of another stage is not one of this; the reason lists the codes, those beside it too."""
    opportunity = at_stage("demo")
    assert change(opportunity, "call", at=AT).reasons == (Reason("task_unknown", task="call", known=("show",)),)
    assert change(served(opportunity), "nothing", at=AT).reasons == (
        Reason("task_unknown", task="nothing", known=("show", "mount", "call")),
    )


@pytest.mark.parametrize("change", EVERY)
@pytest.mark.parametrize("status", ["won", "lost", "invalid"])
def test_tasks_change_in_progress_only(change, status):
    """OPP-3: not once the record is completed, nor voided."""
    opportunity = closed(OpportunityStatus(status))
    named = opportunity.tasks[-1].code
    assert change(opportunity, named, at=AT).reasons == (
        Reason("wrong_status", status=status, allowed=("in_progress",)),
    )
    assert codes(change(does(opportunity, void(opportunity, reason=None, **BY)), named, at=AT)) == ["is_voided"]


@pytest.mark.parametrize("change", EVERY)
def test_a_naive_moment_is_refused(change):
    """HIST-2: the caller must say which zone is meant."""
    opportunity = does(opened(), assign_task(opened(), "call", "wang", **ASSIGN))
    if change is EVERY[1]:
        opportunity = does(opportunity, finish_task(opportunity, "call", **BY))
    with pytest.raises(InvalidInput, match="timezone-aware"):
        change(opportunity, "call", at=NAIVE)


def test_added_tasks_and_feedback_refuse_a_naive_moment():
    """HIST-2: like every operation."""
    with pytest.raises(InvalidInput, match="timezone-aware"):
        add_task(opened(), "x", "n", assignee=None, due=None, can_see=True, by="li", at=NAIVE)
    with pytest.raises(InvalidInput, match="timezone-aware"):
        fill_feedback(opened(), "went well", by="li", at=NAIVE)


class TestBesideTheOpportunity:
    """OPP-12: tasks of the running after-sales process are worked by the same operations."""

    def test_a_code_names_the_own_task_first(self):
        """OPP-12: a code that both have is the opportunity's own; the full id names the other."""
        opportunity = served(opened())
        assert task(opportunity, "call").id == "1:call"
        assert task(opportunity, "after1:1:call").id == "after1:1:call"
        assert not is_after_sales_task(opportunity, "call")
        assert is_after_sales_task(opportunity, "after1:1:call")
        assert is_after_sales_task(opportunity, "mount")
        assert is_after_sales_task(opportunity, "nothing")
        assert not is_after_sales_task(opened(), "mount")
        assert find_task(opportunity, "nothing") is None
        assert find_task(opened(), "mount") is None

    @pytest.mark.parametrize("status", ["in_progress", "won", "lost"])
    def test_they_change_in_every_status_that_is_served(self, status):
        """OPP-12: also once the deal is won or lost, and without touching the deal's own tasks."""
        opportunity = opened() if status == "in_progress" else closed(OpportunityStatus(status))
        opportunity = served(opportunity)
        decision = finish_task(opportunity, "mount", **BY)
        after = does(opportunity, decision)
        assert changed(decision) == {"after_sales"}
        assert [str(t.status) for t in after.after_sales[0].tasks] == ["done", "open"]
        reopened = does(after, reopen_task(after, "mount", **BY))
        assert reopened.after_sales == opportunity.after_sales
        assigned = does(opportunity, assign_task(opportunity, "mount", "wang", **ASSIGN))
        assert task(assigned, "mount").assignee == "wang"
        assert does(assigned, unassign_task(assigned, "mount", **BY)).after_sales == opportunity.after_sales

    def test_an_earlier_run_is_left_alone(self):
        """OPP-12: only the running process has tasks to work on."""
        opportunity = served(closed(OpportunityStatus.WON))
        old = evolve(opportunity.after_sales[0], status=AfterSalesStatus.FINISHED)
        opportunity = served(evolve(opportunity, after_sales=(old,)))
        after = does(opportunity, finish_task(opportunity, "mount", **BY))
        assert after.after_sales[0] == old
        assert str(after.after_sales[1].tasks[0].status) == "done"


def test_feedback_belongs_to_the_stay():
    """OPP-4: kept per stage visit, with who and when; earlier feedback stays readable."""
    opportunity = opened()
    decision = fill_feedback(opportunity, "went well", by="wang", at=later())
    assert kinds(decision) == [str(EventKind.FEEDBACK_FILLED)]
    assert decision.events[0].operation == "opportunities.fill_feedback"
    first = does(opportunity, decision)
    second = does(first, fill_feedback(first, "even better", **BY))
    jumped = does(second, compile(MINE).change_stage(second, "demo", reason="r", **BY))
    third = does(jumped, fill_feedback(jumped, "shown", **BY))
    assert [(f.visit, f.stage, f.text) for f in third.feedback] == [
        (1, "talk", "went well"),
        (1, "talk", "even better"),
        (2, "demo", "shown"),
    ]
    assert (third.feedback[0].by, third.feedback[0].at) == ("wang", later())


@pytest.mark.parametrize("status", ["won", "lost", "invalid"])
def test_feedback_is_filled_in_after_the_end_too(status):
    """OPP-4: of a completed record it belongs to the last stay; a voided one takes none."""
    opportunity = closed(OpportunityStatus(status))
    after = does(opportunity, fill_feedback(opportunity, "why", **BY))
    assert after.feedback[-1].visit == opportunity.visits[-1].number
    voided = does(opportunity, void(opportunity, reason=None, **BY))
    assert codes(fill_feedback(voided, "why", **BY)) == ["is_voided"]


def test_won_tasks_are_not_lost():
    """OPP-7: closing cancels what is open and leaves what is done."""
    opportunity = does(opened(), finish_task(opened(), "call", **BY))
    lost = does(opportunity, compile(MINE).lose(opportunity, reason="price", **DAY))
    assert statuses(lost) == {"call": "done", "write": "cancelled"}
