"""Tasks in the eyes of another template: bound by what it asks for, and never taken away (OPP-9, PROC-6)."""

from __future__ import annotations

import pytest
from attrs import evolve

from salesflow.model import Route, SalesProcess, Stage, Task, TaskStatus, TaskTemplate
from salesflow.process.adoption import adopt, carry
from salesflow.process.stages import begin

NEW = SalesProcess("p", 2, [Stage("talk", tasks=[TaskTemplate("call", routes=[Route.FULL])]), Stage("sign")])
CALL = Task("1:call", "call", "talk")
GONE = Task("1:gone", "gone", "talk")
RING = Task("1:ring", "ring", "talk", is_required=False, name="Ring them")


@pytest.mark.parametrize("status", TaskStatus)
def test_what_the_template_asks_for_binds_as_it_says(status: TaskStatus):
    """PROC-6, PROC-1: its routes, whatever the task's status, which stays; an ad-hoc one of the code is the must-do."""
    task = evolve(CALL, status=status)
    assert adopt((task,), NEW) == (evolve(task, routes=(Route.FULL,)),)
    by_hand = evolve(task, is_required=False, name="Call them")
    assert adopt((by_hand,), NEW) == (evolve(by_hand, is_required=True, routes=(Route.FULL,)),)


@pytest.mark.parametrize(
    ("status", "then"), [("open", "skipped"), ("done", "done"), ("skipped", "skipped"), ("cancelled", "cancelled")]
)
def test_what_the_template_does_not_ask_for_binds_nobody(status: str, then: str):
    """PROC-6: no must-do any more, and skipped where it was open."""
    (after,) = adopt((evolve(GONE, status=TaskStatus(status)),), NEW)
    assert after == evolve(GONE, status=TaskStatus(then), is_required=False)


def test_a_task_by_hand_and_those_of_other_stages_stay_as_they_are():
    """PROC-6, OPP-3: they are not the template's to say anything of."""
    elsewhere = evolve(GONE, stage="demo")
    assert adopt((RING, elsewhere), NEW) == (RING, elsewhere)
    dropped = evolve(GONE, status=TaskStatus.SKIPPED, is_required=False)
    assert adopt((dropped,), NEW)[0] is dropped


def test_carrying_moves_what_is_asked_for_and_what_is_by_hand():
    """PROC-6: into the new stage under their codes; the rest stays behind, skipped where it was open."""
    done_by_hand = evolve(RING, id="1:wrote", code="wrote", status=TaskStatus.DONE)
    target = Stage("talks", tasks=[TaskTemplate("call")])
    after = carry((CALL, GONE, RING, done_by_hand), "talk", target)
    assert [(task.id, task.stage, task.status) for task in after] == [
        ("1:call", "talks", "open"), ("1:gone", "talk", "skipped"), ("1:ring", "talks", "open"),
        ("1:wrote", "talk", "done"),
    ]  # fmt: skip


def test_entering_a_stage_opens_what_it_asks_for_and_what_was_added_by_hand():
    """OPP-6, PROC-6: what was skipped opens again on return, but for what the template asks for no more."""
    skipped = tuple(evolve(task, status=TaskStatus.SKIPPED) for task in (CALL, GONE, RING))
    after = begin(skipped, NEW.stages[0], 3)
    assert [(task.id, task.status) for task in after] == [
        ("1:call", "open"), ("1:gone", "skipped"), ("1:ring", "open"),
    ]  # fmt: skip
