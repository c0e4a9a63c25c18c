"""Winning, losing, invalidating and reopening."""

from __future__ import annotations

from datetime import date

import pytest
from attrs import evolve

from salesflow.model import (
    AfterSalesStatus,
    Money,
    Opportunity,
    OpportunityStatus,
    Reason,
    Route,
    StageEntry,
    StageExit,
    TaskStatus,
)
from salesflow.process import (
    add_task,
    compile,
    edit_opportunity,
    finish_task,
    start_after_sales,
    void,
)
from tests.process.samples import (
    ANYWHERE,
    AT,
    BY,
    DAY,
    MINE,
    SIGN,
    TALK,
    TODAY,
    WORTH,
    at_stage,
    closed,
    codes,
    does,
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


class TestClosing:
    def test_winning_keeps_the_value_and_the_day(self):
        """OPP-7: the tasks are cancelled; actual value and date are the record's and today's, or those given."""
        opportunity = at_stage("sign")
        added = add_task(opportunity, "extra", "Extra", assignee=None, due=None, can_see=True, **BY)
        opportunity = does(opportunity, added)
        decision = ENGINE.win(opportunity, by="li", at=later(), today=TODAY, comment="at last")
        won = does(opportunity, decision)

        assert kinds(decision) == ["stage_left", "won"]
        assert {event.operation for event in decision.events} == {"opportunities.win"}
        assert (won.status, won.stage) == (WON, "sign")
        assert won.visits[-1].exit is StageExit.CLOSED
        assert statuses(won)["extra"] == "cancelled"
        (closing,) = won.closings
        assert (closing.number, closing.outcome, closing.stage, closing.at, closing.by) == (
            1, WON, "sign", later(), "li",
        )  # fmt: skip
        assert (closing.actual_amount, closing.actual_close_date) == (WORTH, TODAY)
        assert (closing.reason, closing.comment, closing.competitor) == (None, "at last", None)
        assert closing.probability == opportunity.probability

        sold, day = Money("0", "CNY"), date(2026, 2, 28)
        given = does(opportunity, ENGINE.win(opportunity, amount=sold, close_date=day, **DAY))
        assert (given.actual_amount, given.actual_close_date) == (sold, day)
        assert given.amount == WORTH

    def test_winning_checks_the_stage(self):
        """OPP-7: as advancing does, with every reason."""
        opportunity = does(opened(), ENGINE.change_stage(opened(), "sign", reason="r", **BY))
        assert codes(ENGINE.win(opportunity, **DAY)) == ["task_open"]
        needy = evolve(MINE, stages=[TALK, evolve(SIGN, required_fields=["amount"])])
        there = does(opened(needy), compile(needy).change_stage(opened(needy), "sign", reason="r", **BY))
        assert codes(compile(needy).win(there, **DAY)) == ["field_empty", "task_open"]

    def test_winning_from_the_last_stage_or_from_any(self):
        """OPP-7: as `win_from` says."""
        last = Reason("not_last_stage", stage="talk", last="sign")
        assert ENGINE.win(ready(), **DAY).reasons == (last,)
        opportunity = ready(ANYWHERE)
        won = does(opportunity, compile(ANYWHERE).win(opportunity, **DAY))
        assert (won.status, won.stage) == (WON, "talk")
        assert codes(compile(ANYWHERE).win(opened(ANYWHERE, amount=WORTH), **DAY)) == ["task_open", "task_open"]
        opened_fast = opened(ANYWHERE, amount=WORTH)
        assert codes(compile(ANYWHERE).win(opened_fast, route=Route.FAST_TRACK, **DAY)) == ["task_open"]

    def test_losing_checks_nothing_but_the_reason(self):
        """OPP-7: from any stage; the competitor that won may be named; nothing was sold."""
        for stage in ("talk", "quote", "sign"):
            opportunity = at_stage(stage)
            decision = ENGINE.lose(
                opportunity, reason="competitor", competitor="Globex", comment="cheaper", by="li", at=later(),
                today=TODAY,
            )  # fmt: skip
            lost = does(opportunity, decision)
            assert kinds(decision) == ["stage_left", "lost"]
            assert {event.reason for event in decision.events} == {"competitor"}
            assert {event.operation for event in decision.events} == {"opportunities.lose"}
            (closing,) = lost.closings
            assert (closing.outcome, closing.stage, closing.reason) == (LOST, stage, "competitor")
            assert (closing.competitor, closing.comment, closing.actual_amount) == ("Globex", "cheaper", None)
            assert lost.actual_close_date == TODAY

    def test_invalidating_checks_nothing_but_the_reason(self):
        """OPP-7: it never was a deal."""
        opportunity = opened()
        decision = ENGINE.invalidate(
            opportunity, reason="wrong_information", comment="no such firm", close_date=date(2026, 1, 9), **DAY
        )
        invalid = does(opportunity, decision)
        assert kinds(decision) == ["stage_left", "invalidated"]
        assert {event.operation for event in decision.events} == {"opportunities.invalidate"}
        (closing,) = invalid.closings
        assert (closing.outcome, closing.reason, closing.comment) == (INVALID, "wrong_information", "no such firm")
        assert (closing.actual_close_date, closing.competitor) == (date(2026, 1, 9), None)
        lost = does(opportunity, ENGINE.lose(opportunity, reason="price", close_date=date(2026, 1, 9), **DAY))
        assert lost.actual_close_date == date(2026, 1, 9)

    @pytest.mark.parametrize(
        ("close", "known"),
        [
            (ENGINE.lose, ("budget", "needs_mismatch", "competitor", "price", "other")),
            (ENGINE.invalidate, ("wrong_information", "customer_cancelled", "other")),
        ],
        ids=["lose", "invalidate"],
    )
    def test_the_reason_is_one_of_the_list(self, close, known):
        """OPP-7: each list has its own codes, and without one of them nothing ends."""
        opportunity = opened()
        for code in known:
            assert close(opportunity, reason=code, **DAY).is_allowed
        for missing in (None, ""):
            assert close(opportunity, reason=missing, **DAY).reasons == (Reason("reason_missing"),)
        unknown = close(opportunity, reason="bad_luck", **DAY)
        assert unknown.reasons == (Reason("reason_unknown", reason="bad_luck", known=known),)

    def test_a_template_has_reasons_of_its_own(self):
        """OPP-7: the lists are extensible."""
        process = evolve(MINE, lost_reasons=["bad_luck"], invalid_reasons=["prank"])
        engine, opportunity = compile(process), opened(process)
        assert engine.lose(opportunity, reason="bad_luck", **DAY).is_allowed
        assert engine.invalidate(opportunity, reason="prank", **DAY).is_allowed
        assert codes(engine.lose(opportunity, reason="price", **DAY)) == ["reason_unknown"]
        assert codes(engine.invalidate(opportunity, reason="other", **DAY)) == ["reason_unknown"]

    def test_only_an_invalid_opportunity_ends_its_after_sales(self):
        """OPP-12: winning and losing leave it running."""
        opportunity = at_stage("sign")
        opportunity = does(opportunity, start_after_sales(opportunity, ENGINE, **BY))
        for decision in (ENGINE.win(opportunity, **DAY), ENGINE.lose(opportunity, reason="price", **DAY)):
            assert does(opportunity, decision).after_sales == opportunity.after_sales
        decision = ENGINE.invalidate(opportunity, reason="other", by="li", at=later(), today=TODAY)
        assert kinds(decision) == ["stage_left", "invalidated", "after_sales_cancelled"]
        (ended,) = does(opportunity, decision).after_sales
        assert (ended.status, ended.ended_at) == (AfterSalesStatus.CANCELLED, later())
        assert {task.status for task in ended.tasks} == {TaskStatus.CANCELLED}
        assert (ended.visits[-1].exit, ended.visits[-1].left_at) == (StageExit.CLOSED, later())


class TestReopen:
    def test_only_a_completed_one_reopens(self):
        """OPP-8: of one in progress the reason is its status."""
        assert ENGINE.reopen(opened(), **BY).reasons == (Reason("wrong_status", status="in_progress", allowed=ENDED),)

    @pytest.mark.parametrize("outcome", [WON, LOST, INVALID])
    def test_it_goes_back_to_the_stage_that_was_left(self, outcome):
        """OPP-8: the closing ends but stays, and actual date, value and reason leave the record."""
        before = closed(outcome)
        decision = ENGINE.reopen(before, by="zhang", at=later())
        after = does(before, decision)

        assert kinds(decision) == ["reopened", "stage_entered"]
        assert {event.operation for event in decision.events} == {"opportunities.reopen"}
        assert (after.status, after.stage, after.closing) == (OpportunityStatus.IN_PROGRESS, before.stage, None)
        assert (after.actual_amount, after.actual_close_date) == (None, None)
        assert after.closings == (evolve(before.closings[0], ended_at=later(), ended_by="zhang"),)
        assert after.visits[-1].entry is StageEntry.REOPENED
        assert after.visits[:-1] == before.visits

    def test_what_closing_cancelled_opens_again(self):
        """OPP-8: and what was done stays done, an ad-hoc task too."""
        opportunity = opened()
        opportunity = does(opportunity, finish_task(opportunity, "call", **BY))
        added = add_task(opportunity, "extra", "Extra", assignee="wang", due=TODAY, can_see=True, **BY)
        opportunity = does(opportunity, added)
        lost = does(opportunity, ENGINE.lose(opportunity, reason="price", **DAY))
        assert statuses(lost) == {"call": "done", "write": "cancelled", "extra": "cancelled"}
        reopened = does(lost, ENGINE.reopen(lost, **BY))
        assert reopened.tasks == opportunity.tasks

    def test_closings_are_numbered_on(self):
        """OPP-8: a second closing is a record of its own."""
        opportunity = closed(LOST)
        opportunity = does(opportunity, ENGINE.reopen(opportunity, **BY))
        opportunity = does(opportunity, ENGINE.invalidate(opportunity, reason="other", **DAY))
        assert [(c.number, str(c.outcome), c.ended_at) for c in opportunity.closings] == [
            (1, "lost", AT),
            (2, "invalid", None),
        ]
