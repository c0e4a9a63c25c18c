"""Going on in another process: where it lands, what it leaves behind, and whose rules hold."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import (
    Decision,
    Jump,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    RequiredField,
    Route,
    SalesProcess,
    Stage,
    TaskTemplate,
    replay,
)
from salesflow.process import change_process, compile, owed_stages, request_approval, void
from salesflow.testing.strategies.templates import sales_processes
from tests.process.samples import (
    APPROVED,
    ASKED,
    BY,
    FAST,
    MINE,
    WORTH,
    at_stage,
    closed,
    codes,
    created,
    does,
    finished,
    graded,
    kinds,
    later,
    opened,
    ready,
    statuses,
)

START = Stage("start", probability=5, tasks=[TaskTemplate("greet")])
QUOTE = Stage("quote", probability=40, tasks=[TaskTemplate("price"), TaskTemplate("scan")])
END = Stage("end", probability=80)
OTHER = SalesProcess("other", 2, [START, QUOTE, Stage("check", probability=60), END])
ENGINE = compile(OTHER)


def to_other(opportunity: Opportunity, stage: str | None = None, *, of: SalesProcess = OTHER, **how: Any) -> Decision:
    return change_process(opportunity, compile(of), stage, by="li", at=later(), **how)


def test_it_lands_in_the_first_stage_where_no_code_is_equal():
    """OPP-9: the left stage's open tasks are skipped, the target's are made, and the history says all of it."""
    deal = opened(amount=WORTH)
    decision = to_other(deal, reason="wrong one")
    after = does(deal, decision)
    assert kinds(decision) == ["stage_left", "process_changed", "stage_entered"]
    assert (after.process, after.process_version, after.stage) == ("other", 2, "start")
    assert after.probability == Probability(5, ProbabilitySource.STAGE)
    assert statuses(after) == {"call": "skipped", "write": "skipped", "greet": "open"}
    left, entered = after.visits
    assert (left.stage, left.exit, left.reason, left.left_at) == ("talk", "process_changed", "wrong one", later())
    assert (entered.stage, entered.entry, entered.entered_at) == ("start", "process_changed", later())
    assert [event.reason for event in decision.events] == ["wrong one", "wrong one", None]
    assert {event.operation for event in decision.events} == {"opportunities.change_process"}


def test_it_lands_in_the_stage_of_equal_code_with_what_was_done_there():
    """OPP-9: an equal code is the same stage: a finished task of it counts, an open one is open again, others join."""
    deal = finished(at_stage("quote"))
    after = does(deal, to_other(deal))
    assert after.stage == "quote"
    here = {task.code: str(task.status) for task in after.tasks if task.stage == "quote"}
    assert here == {"price": "done", "scan": "open"}
    again = does(deal := at_stage_open("quote"), to_other(deal, "quote"))
    here = {task.code: str(task.status) for task in again.tasks if task.stage == "quote"}
    assert here == {"price": "open", "scan": "open"}


def at_stage_open(stage: str) -> Opportunity:
    """One that came to *stage* by a jump, with its tasks open."""
    deal = opened(amount=WORTH)
    return does(deal, compile(MINE).change_stage(deal, stage, reason="in haste", **BY))


def test_a_task_that_the_target_does_not_ask_for_binds_nobody():
    """OPP-9: a must-do of the left process stays in the record, skipped, also where the stages have equal codes."""
    bare = SalesProcess("bare", 1, [Stage("quote", tasks=[TaskTemplate("scan", routes=[Route.FAST_TRACK])]), END])
    deal = at_stage_open("quote")
    after = does(deal, to_other(deal, of=bare))
    price = next(task for task in after.tasks if task.code == "price")
    assert (price.status, price.is_required, price.stage) == ("skipped", False, "quote")
    assert kinds(compile(bare).advance(after, by="li", at=later(2))) == ["stage_left", "stage_entered"]


def test_going_past_the_landing_is_a_jump_by_the_targets_rule():
    """OPP-9, OPP-6: the reason that a jump needs there, and each stage passed over in the history."""
    deal = opened(amount=WORTH)
    assert codes(to_other(deal, "check")) == ["reason_missing"]
    decision = to_other(deal, "check", reason="done elsewhere")
    after = does(deal, decision)
    assert kinds(decision) == [
        "stage_left", "process_changed", "stage_entered", "stage_left", "stage_skipped", "stage_entered",
    ]  # fmt: skip
    assert [event.number for event in decision.events] == list(range(6))
    assert {event.operation for event in decision.events} == {"opportunities.change_process"}
    assert [(visit.stage, visit.exit) for visit in after.visits] == [
        ("talk", "process_changed"), ("start", "jumped"), ("quote", "skipped"), ("check", None),
    ]  # fmt: skip


def test_going_back_from_the_landing_needs_a_reason():
    """OPP-9: an earlier stage than that of equal code is going back."""
    deal = at_stage("quote")
    assert codes(to_other(deal, "start")) == ["reason_missing"]
    after = does(deal, to_other(deal, "start", reason="begin anew"))
    assert [(visit.stage, visit.exit) for visit in after.visits[-2:]] == [("quote", "returned"), ("start", None)]


@pytest.mark.parametrize(
    ("route", "stage", "expected"),
    [
        (Route.FULL, "sign", ["full_route"]),
        (Route.FAST_TRACK, "quote", ["only_to_last_stage"]),
        (Route.PARTNER, "sign", ["registration_needed"]),
        (Route.FAST_TRACK, "sign", []),
    ],
)
def test_the_route_governs_a_jump_in_a_fast_track_template(route: Route, stage: str, expected: list[str]):
    """OPP-9, OPP-6a: the target's rule, not that of the process that is left."""
    deal = opened(OTHER, route, amount=WORTH)
    decision = to_other(deal, stage, of=FAST, reason="big hurry")
    assert [reason.code for reason in decision.reasons] == expected
    if not expected:
        assert does(deal, decision).stage == "sign"


def test_what_was_skipped_stays_owed_where_the_target_has_the_stage():
    """OPP-9, GRADE-4: a stage is known by its code: going through another process and back pays no debt."""
    there = evolve(FAST, id="fast", version=1)
    deal = ready(FAST, Route.FAST_TRACK)
    deal = evolve(does(deal, compile(FAST).change_stage(deal, "sign", **BY)), grade=graded(Route.FULL))
    assert owed_stages(deal, FAST) == ("demo", "quote")
    after = does(deal, to_other(deal, of=there))
    assert after.stage == "sign"
    assert owed_stages(after, there) == ("demo", "quote")
    aside = does(deal, to_other(deal))
    assert owed_stages(aside, OTHER) == ()
    back = does(aside, change_process(aside, compile(FAST), by="li", at=later(2)))
    assert {"demo", "quote"} <= set(owed_stages(back, FAST))
    small = opened(OTHER, Route.FAST_TRACK, amount=WORTH)
    jumped = does(small, to_other(small, "sign", of=there))
    raised = evolve(jumped, grade=graded(Route.FULL))
    assert owed_stages(raised, there) == ("talk", "demo", "quote")


@pytest.mark.parametrize(
    ("jump", "route", "stage", "expected"),
    [
        (Jump.REASON, Route.FULL, None, ["approval_needed"]),
        (Jump.REASON, Route.FAST_TRACK, "end", ["approval_needed"]),
        (Jump.REASON, Route.FULL, "check", []),
        (Jump.FREE, Route.FULL, "start", []),
        (Jump.FAST_TRACK, Route.FULL, None, ["approval_needed"]),
        (Jump.FAST_TRACK, Route.FAST_TRACK, None, []),
    ],
)
def test_it_does_not_land_behind_an_approval(jump: Jump, route: Route, stage: str | None, expected: list[str]):
    """OPP-9, RULE-2: no way around an approval through another process; a fast track is let past it, as ever."""
    check = Stage("check", approval="owner_superior")
    strict = SalesProcess("strict", 1, [START, check, QUOTE, END], jump=jump)
    deal = evolve(at_stage("quote"), grade=graded(route))
    decision = to_other(deal, stage, of=strict, reason="the other list")
    assert [reason.code for reason in decision.reasons] == expected
    if not expected:
        assert does(deal, decision).stage == (stage or "quote")


def test_a_waiting_approval_expires_and_a_partners_registration_stays():
    """OPP-9, RULE-2, OPP-20: leaving the stage in any way ends what waited for leaving it."""
    deal = ready(APPROVED)
    blockers = compile(APPROVED).advance(deal, **BY).reasons
    waiting = does(deal, request_approval(deal, "advance", (), blockers, asked=ASKED, has_approver=True, **BY))
    after = does(waiting, to_other(waiting))
    assert [(approval.status, approval.decided_at) for approval in after.approvals] == [("expired", later())]


def test_the_same_process_an_unknown_stage_and_a_completed_record_are_refused():
    """OPP-9: all reasons at once; another version of the same template is a migration's business."""
    newer = evolve(MINE, version=2)
    deal = opened(amount=WORTH)
    assert codes(to_other(deal, "none", of=newer)) == ["same_process", "stage_unknown"]
    assert codes(to_other(closed(OpportunityStatus.LOST))) == ["wrong_status"]
    assert codes(to_other(does(deal, void(deal, reason=None, **BY)))) == ["is_voided"]


@pytest.mark.parametrize("keep", [True, False])
def test_a_probability_by_hand_outlives_it_by_the_policy_only(keep: bool):
    """OPP-2: entering a stage sets its default, in whichever process."""
    deal = evolve(opened(amount=WORTH), probability=Probability(0, ProbabilitySource.HAND))
    after = does(deal, to_other(deal, keep_manual=keep))
    assert after.probability.percent == (0 if keep else 5)


def test_what_the_target_requires_is_asked_by_its_guards():
    """OPP-5, OPP-9: a field of the target's vocabulary stands in the way of the next move there, not of coming."""
    first = Stage("first", required_fields=[RequiredField("custom.budget")])
    asking = SalesProcess("asking", 1, [first, END], custom_fields=["budget"])
    deal = opened(amount=WORTH)
    after = does(deal, to_other(deal, of=asking))
    assert codes(compile(asking).advance(after, by="li", at=later(2))) == ["field_empty"]


@given(sales_processes(), sales_processes(), st.sampled_from(Route), st.data())
def test_a_change_of_process_loses_nothing(old: SalesProcess, new: SalesProcess, route: Route, data: st.DataObject):
    """OPP-9, HIST-1: visits and finished tasks stay, the events replay to the record, wherever it goes."""
    old, new = evolve(old, id="old", rules=()), evolve(new, id="new")
    deal, made = created(old, route, amount=Money("1", "CNY"))
    stage = data.draw(st.none() | st.sampled_from([stage.code for stage in new.stages]))
    decision = to_other(deal, stage, of=new, reason="because")
    if decision.reasons:
        assert {reason.code for reason in decision.reasons} <= {
            "full_route", "only_to_last_stage", "registration_needed", "approval_needed", "approvals_apart",
            "rule_broken",
        }  # fmt: skip
        return
    after = does(deal, decision)
    assert replay([*made.events, *decision.events]) == after
    assert (after.process, after.process_version) == ("new", new.version)
    assert after.stage == (stage or (deal.stage if deal.stage in {s.code for s in new.stages} else new.stages[0].code))
    assert {task.id for task in deal.tasks} <= {task.id for task in after.tasks}
    asked = {task.code for one in new.stages if one.code == after.stage for task in one.tasks}
    here = {t.code for t in after.tasks if t.stage == after.stage and t.status == "open" and t.is_required}
    assert here == asked
    assert len({task.id for task in after.tasks}) == len(after.tasks)
