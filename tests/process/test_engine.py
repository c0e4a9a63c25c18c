"""The engine: what holds of every move, advancing to the next stage, and the probability."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput, TemplateError
from salesflow.model import (
    CustomField,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    RequiredField,
    Route,
    SalesProcess,
    Stage,
    TaskStatus,
    TaskTemplate,
    WinFrom,
)
from salesflow.process import (
    Engine,
    Move,
    add_task,
    compile,
    edit_opportunity,
    void,
)
from salesflow.process.machine import ProcessMachine, StockMachine
from tests.process.samples import (
    AT,
    BY,
    DAY,
    DEMO,
    FAST,
    FREE,
    MINE,
    NAIVE,
    SIGN,
    TALK,
    TODAY,
    at_stage,
    changed,
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


class TestEveryMove:
    """What holds of all of them."""

    MOVES: tuple[Any, ...] = (
        lambda engine, opp, **when: engine.advance(opp, by="li", **when),
        lambda engine, opp, **when: engine.change_stage(opp, "demo", reason="r", by="li", **when),
        lambda engine, opp, **when: engine.win(opp, by="li", today=TODAY, **when),
        lambda engine, opp, **when: engine.lose(opp, by="li", today=TODAY, reason="price", **when),
        lambda engine, opp, **when: engine.invalidate(opp, by="li", today=TODAY, reason="other", **when),
        lambda engine, opp, **when: engine.reopen(opp, by="li", **when),
    )

    @pytest.mark.parametrize("move", MOVES)
    def test_a_naive_moment_is_refused(self, move):
        """HIST-2: the caller must say which zone is meant."""
        with pytest.raises(InvalidInput, match="timezone-aware"):
            move(ENGINE, ready(), at=NAIVE)

    def test_moments_are_kept_in_utc(self):
        """HIST-2: an aware moment of another zone is the same moment in UTC."""
        there = AT.astimezone(timezone(timedelta(hours=8)))
        (left, entered) = ENGINE.advance(ready(), by="li", at=there).events

        assert left.at.utcoffset() == entered.at.utcoffset() == timedelta(0)
        assert left.at == AT

    @pytest.mark.parametrize("move", MOVES)
    @pytest.mark.parametrize("status", [None, *ENDED])
    def test_a_voided_record_does_not_move(self, move, status):
        """OPP-5, OPP-6, OPP-7, OPP-8: voided comes first, whatever the status."""
        opportunity = closed(OpportunityStatus(status)) if status else ready()
        assert codes(move(ENGINE, voided(opportunity), at=AT)) == ["is_voided"]

    @pytest.mark.parametrize("move", MOVES[:5])
    @pytest.mark.parametrize("status", ENDED)
    def test_a_completed_record_only_reopens(self, move, status):
        """OPP-5, OPP-6, OPP-7: these need a record in progress, and the reason says so."""
        decision = move(ENGINE, closed(OpportunityStatus(status)), at=AT)
        assert decision.reasons == (Reason("wrong_status", status=status, allowed=("in_progress",)),)

    def test_an_unknown_or_the_same_stage_of_a_completed_record_is_a_matter_of_status(self):
        """OPP-6: of a completed record the status is what stands in the way, whatever stage is named."""
        opportunity = closed(LOST)
        for stage in ("talk", "nowhere"):
            assert codes(ENGINE.change_stage(opportunity, stage, **BY)) == ["wrong_status"]
            assert codes(ENGINE.change_stage(voided(opportunity), stage, **BY)) == ["is_voided"]

    @pytest.mark.parametrize("move", MOVES)
    @pytest.mark.parametrize(
        "strayed", [{"process": "other"}, {"process_version": 2}, {"stage": "nowhere"}], ids=["id", "version", "stage"]
    )
    def test_a_record_of_another_template_is_the_callers_mistake(self, move, strayed):
        """PROC-6: an opportunity is pinned to its template version; another engine refuses it loudly."""
        with pytest.raises(InvalidInput, match="mine version 1"):
            move(ENGINE, evolve(ready(), **strayed), at=AT)

    def test_the_engine_is_compiled_once(self):
        """PROC-1: the same template gives the same engine; an unsound one gives none."""
        assert compile(MINE) is compile(evolve(MINE))
        assert compile(MINE) is not compile(evolve(MINE, version=2))
        assert type(compile(MINE, StockMachine).machine) is StockMachine
        with pytest.raises(TemplateError, match="stages"):
            Engine(evolve(MINE, stages=()))

    def test_the_machine_holds_exactly_the_moves_of_the_template(self):
        """PROC-1, OPP-7: every move is a transition of the machine, which draws and tests it."""
        small = SalesProcess("small", 1, [Stage("a"), Stage("b")])
        for process, winning in ((small, ["b"]), (evolve(small, win_from=WinFrom.ANY), ["a", "b"])):
            found = {(t, s) for t, e in compile(process).machine.events.items() for s in e.transitions}
            both = [(move, stage) for move in ("lose", "invalidate") for stage in ("a", "b")]
            reopening = [(f"reopen:{stage}", outcome) for stage in ("a", "b") for outcome in ENDED]
            assert found == {
                ("advance", "a"), ("jump:b", "a"), ("back:a", "b"), *both, *reopening, *(("win", s) for s in winning),
            }  # fmt: skip

    def test_a_move_is_open_without_blockers(self):
        """OPP-14: nothing in the way means that it would happen."""
        assert Move("advance").is_open
        assert not Move("advance", blockers=(Reason("reason_missing"),)).is_open


class TestAdvance:
    def test_it_enters_the_next_stage(self):
        """OPP-5: the stay ends and the next begins, tasks are made, and the probability is the stage's."""
        opportunity = ready()
        decision = ENGINE.advance(opportunity, by="wang", at=later())
        after = does(opportunity, decision)

        assert kinds(decision) == ["stage_left", "stage_entered"]
        assert changed(decision) == {"visits", "tasks", "stage", "probability"}
        assert {event.operation for event in decision.events} == {"opportunities.advance"}
        assert {event.by for event in decision.events} == {"wang"}
        assert after.stage == "demo"
        assert stays(after) == [("talk", "created", "advanced"), ("demo", "advanced", None)]
        assert (after.visits[0].left_at, after.visits[1].entered_at) == (later(), later())
        assert statuses(after) == {"call": "done", "write": "done", "show": "open"}
        assert after.tasks[-1].id == "2:show"
        assert after.probability == Probability(30, ProbabilitySource.STAGE)

    def test_every_open_must_do_and_empty_field_is_a_reason(self):
        """OPP-5: all of them together, each with the stage that asks for it."""
        decision = ENGINE.advance(opened(), **BY)
        assert decision.reasons == (
            Reason("field_empty", field="amount", stage="talk"),
            Reason("task_open", task="call", stage="talk"),
            Reason("task_open", task="write", stage="talk"),
        )

    def test_an_open_task_that_is_no_must_do_stands_in_nobodys_way(self):
        """OPP-3, OPP-5: an ad-hoc task is left behind as skipped."""
        opportunity = ready()
        added = add_task(opportunity, "extra", "Extra", assignee=None, due=None, can_see=True, **BY)
        opportunity = does(opportunity, added)

        after = does(opportunity, ENGINE.advance(opportunity, **BY))

        assert statuses(after)["extra"] == "skipped"

    def test_a_must_do_that_the_template_does_not_know_counts_too(self):
        """OPP-5, PROC-6: a task of an earlier template version is named with its own stage."""
        opportunity = ready()
        kept = evolve(opportunity.tasks[0], id="0:old", code="old", status=TaskStatus.OPEN)
        decision = ENGINE.advance(evolve(opportunity, tasks=(*opportunity.tasks, kept)), **BY)
        assert decision.reasons == (Reason("task_open", task="old", stage="talk"),)

    def test_routes_bind_fewer_tasks_and_fields(self):
        """PROC-1, GRADE-2: what names the full route does not bind a fast track, and the caller may name the route."""
        process = evolve(MINE, stages=[evolve(TALK, required_fields=[RequiredField("amount", [Route.FULL])]), DEMO])
        engine = compile(process)
        for route, missing in (
            (Route.FULL, ["field_empty", "task_open", "task_open"]),
            (Route.FAST_TRACK, ["task_open"]),
            (Route.PARTNER, ["task_open"]),
        ):
            assert codes(engine.advance(opened(process, route), **BY)) == missing
            assert codes(engine.advance(opened(process), route=route, **BY)) == missing

    def test_nothing_follows_the_last_stage(self):
        """OPP-5: there, one wins, loses or invalidates instead."""
        decision = ENGINE.advance(at_stage("sign"), **BY)
        assert decision.reasons == (Reason("no_next_stage", stage="sign"),)

    def test_custom_fields_may_be_required(self):
        """PROC-1: a required field of the application's own is asked for like any other."""
        process = evolve(MINE, stages=[Stage("one", required_fields=["custom.budget"]), SIGN], custom_fields=["budget"])
        engine, opportunity = compile(process), opened(process)

        assert codes(engine.advance(opportunity, **BY)) == ["field_empty"]
        does(opportunity, engine.advance(evolve(opportunity, custom=(CustomField("budget", 0),)), **BY))

    @pytest.mark.parametrize(
        ("values", "missing"),
        [
            ({}, []),
            ({"customer": None}, ["customer"]),
            ({"customer": None, "contact": "qian"}, []),
            ({"close_date": None}, ["close_date"]),
            ({"customer": None, "close_date": None}, ["customer", "close_date"]),
        ],
    )
    def test_what_an_import_did_not_bring_stands_in_the_way(self, values, missing):
        """IO-3: forward moves and winning need customer and close date, of imported records only."""
        brought = {"is_imported": True, "close_date": TODAY, "contact": None, **values}
        imported = evolve(at_stage("sign"), **brought)
        expected = tuple(Reason("arrival_incomplete", field=name) for name in missing)
        assert ENGINE.win(imported, **DAY).reasons == expected

        first = evolve(ready(), **brought)
        assert ENGINE.advance(first, **BY).reasons == expected
        for process in (MINE, FREE):
            there = evolve(ready(process), **brought)
            assert compile(process).change_stage(there, "quote", reason="r", **BY).reasons == expected
        fast = evolve(ready(FAST, Route.FAST_TRACK), **brought)
        assert compile(FAST).change_stage(fast, "sign", **BY).reasons == expected
        assert ENGINE.advance(evolve(first, is_imported=False), **BY).reasons == ()
        assert ENGINE.lose(first, reason="price", **DAY).is_allowed


class TestProbability:
    def test_entering_a_stage_sets_its_default(self):
        """OPP-2: a value set by hand lasts until the next stage is entered."""
        opportunity = with_hand(ready(), 77)
        assert opportunity.probability == Probability(77, ProbabilitySource.HAND)
        after = does(opportunity, ENGINE.advance(opportunity, **BY))
        assert after.probability == Probability(30, ProbabilitySource.STAGE)

    @pytest.mark.parametrize("percent", [0, 77])
    def test_keep_manual_keeps_what_was_set_by_hand(self, percent):
        """OPP-2: for good by the policy, a real 0 % too; what came from the stage still follows the stage."""
        opportunity = with_hand(ready(), percent)
        after = does(opportunity, ENGINE.advance(opportunity, keep_manual=True, **BY))
        assert after.probability == Probability(percent, ProbabilitySource.HAND)
        jumped = does(after, ENGINE.change_stage(after, "sign", reason="r", keep_manual=True, **BY))
        assert jumped.probability == Probability(percent, ProbabilitySource.HAND)
        plain = does(ready(), ENGINE.advance(ready(), keep_manual=True, **BY))
        assert plain.probability == Probability(30, ProbabilitySource.STAGE)

    def test_a_stage_of_zero_percent_stays_zero(self):
        """OPP-2: a real 0 % is a probability, not a missing one."""
        process = evolve(MINE, stages=[TALK, evolve(DEMO, probability=0), SIGN])
        opportunity = ready(process)
        after = does(opportunity, compile(process).advance(opportunity, **BY))
        assert after.probability == Probability(0, ProbabilitySource.STAGE)

    @pytest.mark.parametrize(("outcome", "percent"), [(WON, 100), (LOST, 0), (INVALID, 0)])
    def test_an_outcome_decides_it(self, outcome, percent):
        """OPP-2: won is 100, lost and invalid are 0; a reopening brings back what was, source and all."""
        opportunity = closed(outcome)
        assert opportunity.probability == Probability(percent, ProbabilitySource.OUTCOME)
        reopened = does(opportunity, ENGINE.reopen(opportunity, **BY))
        assert reopened.probability == opportunity.closings[-1].probability
        assert reopened.probability.source is ProbabilitySource.STAGE

    def test_a_hand_set_zero_survives_losing_and_reopening(self):
        """OPP-2, OPP-8: 0 % by hand comes back as 0 % by hand."""
        opportunity = with_hand(ready(), 0)
        lost = does(opportunity, ENGINE.lose(opportunity, reason="price", **DAY))
        reopened = does(lost, ENGINE.reopen(lost, **BY))
        assert reopened.probability == Probability(0, ProbabilitySource.HAND)


def test_a_moment_before_the_stay_began_ends_it_where_it_began():
    """HIST-2: clocks of two machines differ a little; no stay ever ends before it begins."""
    opportunity = ready()
    after = does(opportunity, ENGINE.advance(opportunity, by="li", at=later(-5)))
    assert after.visits[0].left_at == AT
    assert after.updated_at == later(-5)


def test_machine_classes_are_two():
    """OPP-5: the engine runs planned unless it is told otherwise."""
    assert type(ENGINE.machine) is ProcessMachine


def test_a_task_template_keeps_its_routes_in_the_task():
    """PROC-1: the record says which routes a task binds, also when the template moves on."""
    process = evolve(MINE, stages=[Stage("one", tasks=[TaskTemplate("t", routes=["partner"])])])
    (task,) = opened(process).tasks
    assert task.routes == (Route.PARTNER,)
