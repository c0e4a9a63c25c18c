"""What must hold of an opportunity after each step of a walk, whatever the step was."""

from __future__ import annotations

from attrs import evolve

from salesflow.model import (
    REASONS,
    Access,
    Decision,
    Opportunity,
    OpportunityStatus,
    ProbabilitySource,
    SalesProcess,
    Stage,
    StageEntry,
    StageExit,
    TaskStatus,
    TeamMember,
    TeamRole,
)


def assert_refused(decision: Decision) -> None:
    """OPP-14: a no has reasons that print, each once, and no events."""
    assert decision.events == ()
    assert decision.reasons
    assert len(set(decision.reasons)) == len(decision.reasons)
    for reason in decision.reasons:
        assert reason.code in REASONS
        assert str(reason)


def assert_team(after: Opportunity) -> None:
    """TEAM-2: one owner, who stands in the team with READ_WRITE; nobody twice in one role."""
    owners = [m for m in after.team if m.role == TeamRole.OWNER]
    assert owners == [TeamMember(after.owner, TeamRole.OWNER, Access.READ_WRITE)]
    assert len({(m.person, m.role) for m in after.team}) == len(after.team)


def assert_visits(before: Opportunity, after: Opportunity) -> None:
    """OPP-6: what is past stays as it was; skipped stages took no time and lie between where it was and is."""
    past = before.visits[:-1] if before.visits[-1].exit is None else before.visits
    assert after.visits[: len(past)] == past
    new = after.visits[len(before.visits) :]
    if not new:
        return
    assert new[-1].stage == after.stage
    assert all(v.exit is StageExit.SKIPPED and v.entry is StageEntry.JUMPED for v in new[:-1])
    if len(new) > 1:
        assert after.visits[len(before.visits) - 1].exit is StageExit.JUMPED
    left = after.visits[len(before.visits) - 1]
    if left.exit is StageExit.RETURNED:
        assert left.reason


def assert_tasks(name: str, before: Opportunity, after: Opportunity) -> None:
    """OPP-3, OPP-6, OPP-8: no task is lost; done stays done but by reopening it; the current stage has none left."""
    old = {task.id: task for task in before.tasks}
    new = {task.id: task for task in after.tasks}
    assert set(old) <= set(new)
    for id, task in old.items():
        if task.status is TaskStatus.DONE and new[id].status is not TaskStatus.DONE:
            assert (name, new[id].status) == ("take_up_again", TaskStatus.OPEN)
    for task in after.tasks:
        if after.is_completed:
            assert task.status is not TaskStatus.OPEN
        elif task.stage == after.stage:
            assert task.status in (TaskStatus.OPEN, TaskStatus.DONE)
        else:
            assert task.status in (TaskStatus.DONE, TaskStatus.SKIPPED)
        assert (task.done_at is not None) == (task.status is TaskStatus.DONE)
    assert len({(t.stage, t.code) for t in after.tasks}) == len(after.tasks)


def assert_after_sales(name: str, before: Opportunity, after: Opportunity) -> None:
    """OPP-12: one runs at a time; none is lost; from outside only an invalid opportunity ends the one that runs."""
    running = [process for process in after.after_sales if process.status == "running"]
    assert len(running) <= 1
    assert not running or after.status != "invalid"
    assert [process.number for process in after.after_sales] == list(range(1, len(after.after_sales) + 1))
    for old, new in zip(before.after_sales, after.after_sales, strict=False):
        if old.status != "running":
            assert new == old
        elif new.status != "running":
            assert name == {"finished": "finish_service", "cancelled": "invalidate"}[new.status]
            assert all(task.status is not TaskStatus.OPEN for task in new.tasks)
        assert [task.id for task in new.tasks][: len(old.tasks)] == [task.id for task in old.tasks]


def assert_probability(process: SalesProcess, before: Opportunity, after: Opportunity) -> None:
    """OPP-2: the stage's default, or by hand, or 100 for won and 0 for lost and invalid."""
    stage: Stage = next(s for s in process.stages if s.code == after.stage)
    percent, source = after.probability.percent, after.probability.source
    if after.is_completed:
        assert source is ProbabilitySource.OUTCOME
        assert percent == (100 if after.status is OpportunityStatus.WON else 0)
    else:
        assert source is not ProbabilitySource.OUTCOME
    if source is ProbabilitySource.STAGE:
        assert percent == stage.probability
    if before.is_completed and not after.is_completed:
        assert after.probability == before.closings[-1].probability


def assert_closings(before: Opportunity, after: Opportunity) -> None:
    """OPP-8: a closing is never lost; a reopening ends it; actual values stand only while it stands."""
    assert len(after.closings) - len(before.closings) in (0, 1)
    for old, new in zip(before.closings, after.closings, strict=False):
        assert evolve(new, ended_at=old.ended_at, ended_by=old.ended_by) == old
    assert (after.closing is None) == (after.status is OpportunityStatus.IN_PROGRESS)
    if after.closing is None:
        assert (after.actual_amount, after.actual_close_date) == (None, None)
