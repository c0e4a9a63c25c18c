"""Past moves, run through a draft of the template: what it would have stopped, and where (PROC-8)."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Decision, Event, EventBuilder, EventKind, SalesProcess, Stage, TaskTemplate
from salesflow.process import (
    RehearsedMove,
    change_process,
    compile,
    find_waiting,
    finish_task,
    grant,
    rehearse,
    request_approval,
)
from tests.process.editing import stories, templates
from tests.process.samples import (
    APPROVED,
    ASKED,
    BY,
    DAY,
    DEMO,
    MINE,
    QUOTE,
    SIGN,
    TALK,
    WORTH,
    created,
    does,
    later,
)

Told: TypeAlias = tuple[str, str, str | None, list[str]]
"""A move: the operation, the stage that was left, the one that was entered, the codes of the reasons against it."""


class Past:
    """One opportunity as it is worked, and all that was told of it."""

    def __init__(self, process: SalesProcess = MINE) -> None:
        self.engine = compile(process)
        self.now: Any
        self.now, made = created(process, amount=WORTH)
        self.events: list[Event] = [*made.events]

    def do(self, decision: Decision) -> Past:
        """Take the decision."""
        self.now = does(self.now, decision)
        self.events += decision.events
        return self

    def finish(self) -> Past:
        """Finish every open task of the stage."""
        for task in self.now.tasks:
            if task.stage == self.now.stage and task.status == "open":
                self.do(finish_task(self.now, task.id, **BY))
        return self

    def advance(self) -> Past:
        """Enter the next stage, all done."""
        self.finish()
        return self.do(self.engine.advance(self.now, **BY))

    def through(self, draft: SalesProcess, stages: dict[str, str] | None = None) -> list[Told]:
        """What the draft says of each move."""
        return [told(move) for move in rehearse(self.events, compile(draft), stages)]


def told(move: RehearsedMove) -> Told:
    return move.operation, move.stage, move.to, [reason.code for reason in move.reasons]


def won() -> Past:
    past = Past().advance().advance().advance().finish()
    return past.do(past.engine.win(past.now, **DAY))


def test_the_template_itself_stops_nothing():
    """PROC-8: what happened under a template was allowed by it."""
    assert won().through(evolve(MINE, version=9)) == [
        ("advance", "talk", "demo", []), ("advance", "demo", "quote", []), ("advance", "quote", "sign", []),
        ("win", "sign", None, []),
    ]  # fmt: skip


@given(st.data())
def test_no_template_stops_its_own_past(data: st.DataObject):
    """PROC-8: whatever was done in it, by whatever way."""
    process = data.draw(templates())
    story = data.draw(stories(process, "deal"))
    moves = list(rehearse(story.events, compile(evolve(process, version=2))))
    assert [move for move in moves if move.reasons] == []
    left = sum(event.kind == EventKind.STAGE_LEFT for event in story.events)
    assert len(moves) == left


def test_a_draft_that_asks_for_more_stops_where_it_asks():
    """PROC-8: a task that nobody could know of is open, a field that is empty is empty; the rest goes on."""
    draft = evolve(MINE, version=2, stages=[
        TALK, evolve(DEMO, tasks=[*DEMO.tasks, TaskTemplate("record")], required_fields=["close_date"]), QUOTE, SIGN,
    ])  # fmt: skip
    assert won().through(draft)[1:3] == [
        ("advance", "demo", "quote", ["field_empty", "task_open"]), ("advance", "quote", "sign", []),
    ]  # fmt: skip


def test_a_stage_between_makes_a_jump_of_an_advance():
    """PROC-8, OPP-6: passing over it takes the reason that nobody gave."""
    between = Stage("check")
    draft = evolve(MINE, version=2, stages=[TALK, between, DEMO, QUOTE, SIGN])
    assert won().through(draft)[0] == ("advance", "talk", "demo", ["reason_missing"])


def test_recoded_merged_and_missing_stages():
    """PROC-8: a stage is found under its new code; two that became one are no move; what is gone is told."""
    talks = evolve(TALK, code="talks")
    draft = evolve(MINE, version=2, stages=[talks, QUOTE, SIGN])
    past = won()
    assert past.through(draft, {"talk": "talks"})[:2] == [
        ("advance", "talk", "demo", ["stage_unmapped"]), ("advance", "demo", "quote", ["stage_unmapped"]),
    ]  # fmt: skip
    assert past.through(draft, {"talk": "talks", "demo": "talks"})[:2] == [
        ("advance", "talk", "demo", []), ("advance", "demo", "quote", []),
    ]  # fmt: skip
    (first, *_) = rehearse(past.events, compile(draft))
    assert [reason.facts["stage"] for reason in first.reasons] == ["talk", "demo"]
    with pytest.raises(InvalidInput, match="none"):
        past.through(draft, {"talk": "none"})


def test_a_jump_is_asked_as_a_jump_with_its_reason():
    """PROC-8, OPP-6: the person's words then are the words now; going back and reopening likewise."""
    past = Past()
    past.do(past.engine.change_stage(past.now, "quote", reason="in haste", **BY))
    past.do(past.engine.change_stage(past.now, "talk", reason="too fast", **BY))
    past.do(past.engine.lose(past.now, reason="price", **DAY))
    past.do(past.engine.reopen(past.now, **BY))
    past.do(past.engine.invalidate(past.now, reason="other", **DAY))
    draft = evolve(MINE, version=2, lost_reasons=["late"], invalid_reasons=["late"])
    assert past.through(draft) == [
        ("change_stage", "talk", "quote", []), ("change_stage", "quote", "talk", []),
        ("lose", "talk", None, ["reason_unknown"]), ("invalidate", "talk", None, ["reason_unknown"]),
    ]  # fmt: skip
    fast = evolve(MINE, version=2, jump="fast_track")
    assert past.through(fast)[0] == ("change_stage", "talk", "quote", ["full_route"])


def test_a_jump_to_the_very_next_stage_is_no_advance():
    """PROC-8, OPP-6: it left work open with a reason, and may do so in the draft; an advance may not."""
    past = Past()
    past.do(past.engine.change_stage(past.now, "demo", reason="in haste", **BY))
    assert past.through(evolve(MINE, version=2)) == [("change_stage", "talk", "demo", [])]


def test_what_an_approval_let_happen_is_asked_as_approved():
    """PROC-8, RULE-2: a draft that wants an approval too has it; one that wants it where nobody asked has not."""
    past = Past(APPROVED).finish()
    blockers = past.engine.advance(past.now, **BY).reasons
    past.do(request_approval(past.now, "advance", (), blockers, asked=ASKED, has_approver=True, **BY))
    waiting = find_waiting(past.now, None, later())
    builder = grant(past.now, waiting, None, by="zhang", at=later())  # type: ignore[arg-type]
    assert isinstance(builder, EventBuilder)
    past.do(past.engine.advance(past.now, **BY, approved=builder))
    assert past.through(evolve(APPROVED, version=2)) == [("advance", "talk", "demo", [])]
    past.advance()
    strict = evolve(APPROVED, version=2, stages=[TALK, evolve(DEMO, approval="owner_superior"), QUOTE, SIGN])
    assert past.through(strict)[1] == ("advance", "demo", "quote", ["approval_needed"])


def test_only_moves_in_the_drafts_own_process_are_asked_about():
    """PROC-8, OPP-9: what happened in another process, and the change itself, says nothing of this one."""
    past = Past().advance()
    other = SalesProcess("other", 1, [Stage("first"), Stage("second")])
    past.do(change_process(past.now, compile(other), **BY))
    past.engine = compile(other)
    past.advance()
    assert past.through(evolve(MINE, version=2)) == [("advance", "talk", "demo", [])]
    assert past.through(evolve(other, version=2)) == [("advance", "first", "second", [])]
