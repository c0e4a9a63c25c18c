"""Jumping forward and going back, approvals on the way, and what a fast track owes."""

from __future__ import annotations

import pytest
from attrs import evolve

from salesflow.model import (
    Approval,
    ApprovalStatus,
    EventBuilder,
    Jump,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    Registration,
    Route,
    TaskStatus,
    WinFrom,
)
from salesflow.process import (
    REGISTRATION,
    compile,
    edit_opportunity,
    finish_task,
    owed_stages,
    void,
    waive_stage,
)
from tests.process.samples import (
    APPROVED,
    AT,
    BY,
    DAY,
    DEMO,
    FAST,
    FREE,
    MINE,
    QUOTE,
    SIGN,
    TALK,
    TODAY,
    WORTH,
    at_stage,
    closed,
    codes,
    does,
    finished,
    graded,
    kinds,
    later,
    opened,
    ready,
    statuses,
)

ENGINE = compile(MINE)
WON, LOST, INVALID = OpportunityStatus.WON, OpportunityStatus.LOST, OpportunityStatus.INVALID
ENDED = ("won", "lost", "invalid")


def voided(opportunity: Opportunity) -> Opportunity:
    return does(opportunity, void(opportunity, reason=None, **BY))


def with_hand(opportunity: Opportunity, percent: int) -> Opportunity:
    return does(opportunity, edit_opportunity(opportunity, {"probability": percent}, **BY))


def stays(opportunity: Opportunity) -> list[tuple[str, str, str | None]]:
    """Each stay as stage, entry and exit."""
    return [(v.stage, str(v.entry), v.exit and str(v.exit)) for v in opportunity.visits]


class TestChangeStage:
    def test_an_unknown_stage_and_the_own_one_are_refused(self):
        """OPP-6: the reason names the stages that there are."""
        opportunity = opened()
        stages = ("talk", "demo", "quote", "sign")
        assert ENGINE.change_stage(opportunity, "nowhere", reason="r", **BY).reasons == (
            Reason("stage_unknown", stage="nowhere", stages=stages),
        )
        assert ENGINE.change_stage(opportunity, "talk", reason="r", **BY).reasons == (
            Reason("already_there", stage="talk"),
        )

    def test_the_very_next_stage_with_nothing_open_is_an_advance(self):
        """OPP-6: nothing is jumped over, so it needs no reason, and the history says advanced."""
        for process in (MINE, FREE, FAST):
            opportunity = ready(process)
            after = does(opportunity, compile(process).change_stage(opportunity, "demo", **BY))
            assert stays(after) == [("talk", "created", "advanced"), ("demo", "advanced", None)]

    def test_the_very_next_stage_with_something_open_is_a_jump(self):
        """OPP-6: leaving forward with must-dos or required fields open counts as a jump, by whatever operation."""
        for opportunity in (opened(amount=WORTH), evolve(ready(), amount=None)):
            assert codes(ENGINE.change_stage(opportunity, "demo", **BY)) == ["reason_missing"]
            decision = ENGINE.change_stage(opportunity, "demo", reason="known customer", **BY)
            after = does(opportunity, decision)
            assert stays(after) == [("talk", "created", "jumped"), ("demo", "jumped", None)]
            assert after.visits[0].reason == "known customer"

    def test_a_jump_records_what_it_skips(self):
        """OPP-6: skipped stages begin and end at one instant, left tasks are skipped, all with the reason."""
        opportunity = opened(amount=WORTH)
        decision = ENGINE.change_stage(opportunity, "sign", reason="second purchase", by="li", at=later())
        after = does(opportunity, decision)

        assert kinds(decision) == ["stage_left", "stage_skipped", "stage_skipped", "stage_entered"]
        assert [event.reason for event in decision.events] == [*["second purchase"] * 3, None]
        assert stays(after) == [
            ("talk", "created", "jumped"),
            ("demo", "jumped", "skipped"),
            ("quote", "jumped", "skipped"),
            ("sign", "jumped", None),
        ]
        assert {v.reason for v in after.visits[:3]} == {"second purchase"}
        assert all(v.entered_at == v.left_at == later() for v in after.visits[1:3])
        assert statuses(after) == {"call": "skipped", "write": "skipped", "draw_up": "open"}
        assert after.tasks[-1].id == "4:draw_up"
        assert after.probability.percent == 90

    def test_optional_stages_are_passed_over_without_a_reason(self):
        """PROC-1, OPP-6: with nothing left open; a stage that is not optional, or an open task, takes one."""
        opportunity = ready()
        after = does(opportunity, ENGINE.change_stage(opportunity, "quote", **BY))
        assert stays(after)[1] == ("demo", "jumped", "skipped")
        assert after.visits[1].reason is None
        assert codes(ENGINE.change_stage(opportunity, "sign", **BY)) == ["reason_missing"]
        assert codes(ENGINE.change_stage(opportunity, "sign", reason="", **BY)) == ["reason_missing"]
        assert codes(ENGINE.change_stage(opened(amount=WORTH), "quote", **BY)) == ["reason_missing"]
        assert codes(ENGINE.change_stage(evolve(opportunity, amount=None), "quote", **BY)) == ["reason_missing"]

    def test_jump_free_asks_for_nothing(self):
        """OPP-6: `free` jumps over anything, open or not."""
        opportunity = opened(FREE)
        after = does(opportunity, compile(FREE).change_stage(opportunity, "sign", **BY))
        assert after.stage == "sign"

    def test_going_back_needs_a_reason_and_nothing_else(self):
        """OPP-6: what was done is kept, what was skipped opens again, and the tasks left behind are skipped."""
        jumped = opened(amount=WORTH)
        jumped = does(jumped, finish_task(jumped, "call", **BY))
        jumped = does(jumped, ENGINE.change_stage(jumped, "quote", reason="r", **BY))
        for process in (MINE, FREE, FAST):
            there = evolve(jumped, process=process.id)
            assert codes(compile(process).change_stage(there, "talk", **BY)) == ["reason_missing"]
            assert compile(process).change_stage(there, "talk", reason="redo", **BY).is_allowed

        after = does(jumped, ENGINE.change_stage(jumped, "talk", reason="they ask again", **BY))

        assert stays(after)[-2:] == [("quote", "jumped", "returned"), ("talk", "returned", None)]
        assert after.visits[-2].reason == "they ask again"
        assert statuses(after) == {"call": "done", "write": "open", "price": "skipped"}
        assert [t.id for t in after.tasks] == ["1:call", "1:write", "3:price"]
        assert after.probability == Probability(10, ProbabilitySource.STAGE)

        onward = does(after, ENGINE.change_stage(after, "quote", reason="r", **BY))
        assert statuses(onward) == {"call": "done", "write": "skipped", "price": "open"}
        assert len(onward.tasks) == 3

    def test_a_fast_track_jumps_to_the_last_stage_only(self):
        """OPP-6a: FULL never jumps, FAST_TRACK and an approved PARTNER do, and then to the last stage only."""
        engine = compile(FAST)
        full, fast, partner = (opened(FAST, route) for route in (Route.FULL, Route.FAST_TRACK, Route.PARTNER))
        approved = evolve(partner, registration=Registration.APPROVED)
        only = Reason("only_to_last_stage", last="sign")
        unregistered = Reason("registration_needed", registration="unregistered")

        assert engine.change_stage(full, "sign", reason="r", **BY).reasons == (Reason("full_route"),)
        assert engine.change_stage(fast, "quote", **BY).reasons == (only,)
        assert engine.change_stage(partner, "quote", **BY).reasons == (only, unregistered)
        assert engine.change_stage(partner, "sign", **BY).reasons == (unregistered,)
        assert engine.change_stage(approved, "quote", **BY).reasons == (only,)
        for opportunity in (fast, approved):
            assert does(opportunity, engine.change_stage(opportunity, "sign", **BY)).stage == "sign"
        assert engine.change_stage(full, "sign", route=Route.FAST_TRACK, **BY).is_allowed

    @pytest.mark.parametrize("registration", [Registration.REQUESTED, Registration.REFUSED])
    def test_a_registration_that_is_not_approved_does_not_jump(self, registration):
        """OPP-20: jumping needs APPROVED."""
        opportunity = evolve(opened(FAST, Route.PARTNER), registration=registration)
        assert codes(compile(FAST).change_stage(opportunity, "sign", **BY)) == ["registration_needed"]

    def test_routes_govern_jumps_under_fast_track_only(self):
        """OPP-6a: where `jump` is `reason` or `free`, the full route jumps like any other."""
        for process in (MINE, FREE):
            opportunity = opened(process, Route.FULL)
            assert compile(process).change_stage(opportunity, "quote", reason="r", **BY).is_allowed


CHECKED = evolve(QUOTE, approval="owner_superior")


class TestApproval:
    """RULE-2: a stage that needs an approval is left forward only by the approval itself."""

    ENGINE = compile(APPROVED)
    WAITING = Approval("2", "opportunities.advance", "talk", (), "li", AT)

    def test_leaving_forward_needs_it(self):
        """RULE-2: advancing, jumping and winning; going back, losing and invalidating do not."""
        opportunity = ready(APPROVED)
        needed = (Reason("approval_needed", approver="owner_superior"),)
        assert self.ENGINE.advance(opportunity, **BY).reasons == needed
        assert self.ENGINE.change_stage(opportunity, "sign", reason="r", **BY).reasons == needed
        assert self.ENGINE.lose(opportunity, reason="price", **DAY).is_allowed
        last = evolve(APPROVED, stages=[TALK, evolve(SIGN, approval="owner_superior")])
        there = finished(at_stage("sign", last))
        assert compile(last).win(there, **DAY).reasons == needed
        assert compile(last).change_stage(there, "talk", reason="r", **BY).is_allowed
        for jump in (Jump.FREE, Jump.FAST_TRACK):
            process = evolve(APPROVED, jump=jump)
            fast = ready(process, Route.FAST_TRACK)
            assert compile(process).change_stage(fast, "sign", **BY).reasons == needed

    def test_passing_over_a_stage_asks_for_its_approval_too(self):
        """RULE-2, OPP-6: a jump is no way around it, by reason or free; neither is an early win, nor the next stage."""
        needed = (Reason("approval_needed", approver="owner_superior"),)
        for jump in (Jump.REASON, Jump.FREE):
            process = evolve(MINE, stages=[TALK, DEMO, CHECKED, SIGN], jump=jump, win_from=WinFrom.ANY)
            engine, opportunity = compile(process), ready(process)
            assert engine.change_stage(opportunity, "sign", reason="r", **BY).reasons == needed
            assert engine.win(opportunity, **DAY).reasons == needed
            for near in ("demo", "quote"):
                assert engine.change_stage(opportunity, near, reason="r", **BY).is_allowed
            behind = at_stage("sign", evolve(process, stages=MINE.stages))
            assert engine.win(behind, **DAY).is_allowed
            granted = EventBuilder(opportunity, **BY, operation="opportunities.approve")
            assert engine.change_stage(opportunity, "sign", reason="r", approved=granted, **BY).is_allowed

    def test_on_a_fast_track_only_the_stage_that_is_left_asks(self):
        """RULE-2, OPP-6a: there the route is what permits the jump, and the full route owes what it passed over."""
        process = evolve(FAST, stages=[TALK, DEMO, CHECKED, SIGN])
        jumped = compile(process).change_stage(ready(process, Route.FAST_TRACK), "sign", **BY)
        assert jumped.is_allowed
        raised = evolve(does(ready(process, Route.FAST_TRACK), jumped), grade=graded(Route.FULL))
        assert owed_stages(raised, process) == ("demo", "quote")

    def test_with_everything_else_it_is_one_reason_of_several(self):
        """RULE-2: all reasons together."""
        assert codes(self.ENGINE.advance(opened(APPROVED), **BY)) == [
            "field_empty", "task_open", "task_open", "approval_needed",
        ]  # fmt: skip

    def test_a_waiting_one_is_named(self):
        """RULE-2: while one waits the reason is that, and its id; a decided one or a registration does not count."""
        opportunity = evolve(ready(APPROVED), approvals=(self.WAITING,))
        assert self.ENGINE.advance(opportunity, **BY).reasons == (Reason("approval_pending", approval="2"),)
        for other in (
            evolve(self.WAITING, status=ApprovalStatus.REFUSED),
            evolve(self.WAITING, operation=REGISTRATION),
        ):
            opportunity = evolve(ready(APPROVED), approvals=(other,))
            assert codes(self.ENGINE.advance(opportunity, **BY)) == ["approval_needed"]

    def test_leaving_the_stage_by_another_way_ends_the_wait(self):
        """RULE-2: an approval that waited for this stage expires; a registration waits on."""
        registration = evolve(self.WAITING, id="3", operation=REGISTRATION)
        refused = evolve(self.WAITING, id="1", status=ApprovalStatus.REFUSED)
        opportunity = evolve(opened(APPROVED), approvals=(refused, self.WAITING, registration))

        lost = does(opportunity, self.ENGINE.lose(opportunity, reason="price", by="li", today=TODAY, at=later()))

        assert lost.approvals == (
            refused,
            evolve(self.WAITING, status=ApprovalStatus.EXPIRED, decided_at=later()),
            registration,
        )


class TestOwedStages:
    """GRADE-4: what was skipped on a fast track is owed once the route is full."""

    ENGINE = compile(FAST)

    def jumped(self, *, call: bool = True) -> Opportunity:
        opportunity = opened(FAST, Route.FAST_TRACK, amount=WORTH)
        if call:
            opportunity = does(opportunity, finish_task(opportunity, "call", **BY))
        return does(opportunity, self.ENGINE.change_stage(opportunity, "sign", **BY))

    def raised(self, opportunity: Opportunity) -> Opportunity:
        return evolve(finished(opportunity), grade=graded(Route.FULL))

    def test_skipped_stages_are_owed_when_raised_to_full(self):
        """GRADE-4: in the template's order; a stage left with a must-do of the full route open is owed as well."""
        opportunity = self.jumped()
        assert owed_stages(opportunity, FAST) == ()
        assert owed_stages(self.raised(opportunity), FAST) == ("talk", "demo", "quote")
        assert owed_stages(opportunity, FAST, Route.FULL) == ("talk", "demo", "quote")
        assert owed_stages(self.raised(opportunity), FAST, Route.PARTNER) == ()

    def test_what_the_full_route_does_not_ask_for_is_not_owed(self):
        """GRADE-4, PROC-1: a task of other routes, or no must-do, makes no debt of the stage that was left."""
        opportunity = self.raised(self.jumped())
        for change in ({"routes": (Route.FAST_TRACK,)}, {"is_required": False}, {"status": TaskStatus.DONE}):
            tasks = tuple(evolve(t, **change) if t.code == "write" else t for t in opportunity.tasks)
            assert owed_stages(evolve(opportunity, tasks=tasks), FAST) == ("demo", "quote")
        tasks = tuple(evolve(t, routes=()) if t.code == "write" else t for t in opportunity.tasks)
        assert owed_stages(evolve(opportunity, tasks=tasks), FAST) == ("talk", "demo", "quote")

    def test_owed_stages_exist_under_fast_track_only(self):
        """OPP-6a: where jumping needs a reason or nothing, what was jumped over is not owed."""
        for process in (MINE, FREE):
            opportunity = opened(process)
            jumped = does(opportunity, compile(process).change_stage(opportunity, "sign", reason="r", **BY))
            assert owed_stages(jumped, process) == ()

    def test_winning_needs_them_done_or_waived(self):
        """GRADE-4: each owed stage is a reason, until it is waived or run."""
        fast = finished(self.jumped())
        assert self.ENGINE.win(fast, **DAY).is_allowed
        opportunity = self.raised(fast)
        assert self.ENGINE.win(opportunity, **DAY).reasons == tuple(
            Reason("stage_owed", stage=stage) for stage in ("talk", "demo", "quote")
        )
        for stage in ("talk", "quote"):
            opportunity = does(opportunity, waive_stage(opportunity, FAST, stage, reason="known", **BY))
        assert self.ENGINE.win(opportunity, **DAY).reasons == (Reason("stage_owed", stage="demo"),)

        opportunity = does(opportunity, self.ENGINE.change_stage(opportunity, "demo", reason="owed", **BY))
        while opportunity.stage != "sign":
            opportunity = finished(opportunity)
            opportunity = does(opportunity, self.ENGINE.advance(opportunity, **BY))
        assert owed_stages(opportunity, FAST) == ()
        assert does(opportunity, self.ENGINE.win(opportunity, **DAY)).status is WON

    def test_returning_to_an_owed_stage_does_not_pay_it(self):
        """GRADE-4: it is paid by being left forward with everything done."""
        opportunity = self.raised(self.jumped())
        opportunity = does(opportunity, self.ENGINE.change_stage(opportunity, "quote", reason="owed", **BY))
        opportunity = does(opportunity, self.ENGINE.change_stage(opportunity, "demo", reason="first", **BY))
        assert owed_stages(opportunity, FAST) == ("talk", "demo", "quote")

    def test_the_stage_it_is_won_from_is_checked_like_any_other(self):
        """GRADE-4, OPP-7: standing in an owed stage with all of it done, one owes the others only."""
        process = evolve(FAST, win_from=WinFrom.ANY, stages=[DEMO, QUOTE, SIGN])
        engine, opportunity = compile(process), opened(process, Route.FAST_TRACK)
        opportunity = does(opportunity, engine.change_stage(opportunity, "sign", **BY))
        opportunity = evolve(opportunity, grade=graded(Route.FULL))
        opportunity = does(opportunity, engine.change_stage(opportunity, "quote", reason="owed", **BY))
        assert engine.win(opportunity, **DAY).reasons == (
            Reason("task_open", task="price", stage="quote"),
            Reason("stage_owed", stage="demo"),
        )
        opportunity = does(opportunity, waive_stage(opportunity, process, "demo", reason="known", **BY))
        assert engine.win(finished(opportunity), **DAY).is_allowed

    def test_waiving_needs_a_debt_and_a_reason(self):
        """GRADE-4: waiving records who, when and why; both reasons come together."""
        opportunity = self.raised(self.jumped())
        decision = waive_stage(opportunity, FAST, "demo", reason="seen before", by="zhang", at=later())
        after = does(opportunity, decision)
        assert kinds(decision) == ["stage_waived"]
        assert decision.events[0].reason == "seen before"
        (waiver,) = after.waivers
        assert (waiver.stage, waiver.reason, waiver.at, waiver.by) == ("demo", "seen before", later(), "zhang")
        assert owed_stages(after, FAST) == ("talk", "quote")

        owed = ("talk", "demo", "quote")
        nothing = Reason("nothing_owed", stage="sign", owed=owed)
        assert waive_stage(opportunity, FAST, "sign", reason="r", **BY).reasons == (nothing,)
        assert waive_stage(opportunity, FAST, "sign", reason=None, **BY).reasons == (nothing, Reason("reason_missing"))
        assert codes(waive_stage(after, FAST, "demo", reason="again", **BY)) == ["nothing_owed"]
        assert codes(waive_stage(closed(LOST, FAST), FAST, "demo", reason="r", **BY)) == [
            "wrong_status", "nothing_owed",
        ]  # fmt: skip
