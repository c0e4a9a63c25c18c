"""One record and a new version of its template: what goes along, what stays behind, and what is told."""

from __future__ import annotations

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import (
    Decision,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    Reason,
    Route,
    SalesProcess,
    Stage,
    TaskTemplate,
    apply,
    replay,
)
from salesflow.process import (
    Migration,
    MigrationOutcome,
    MigrationPlan,
    MigrationResult,
    Standing,
    add_task,
    compile,
    fill_feedback,
    finish_task,
    owed_stages,
    request_approval,
    start_after_sales,
    void,
)
from tests.process.samples import (
    APPROVED,
    ASKED,
    AT,
    BY,
    DAY,
    DEMO,
    FAST,
    MINE,
    QUOTE,
    SIGN,
    TALK,
    WORTH,
    at_stage,
    closed,
    created,
    does,
    finished,
    graded,
    later,
    opened,
    ready,
)

TWICE_APPROVED = evolve(APPROVED, stages=[APPROVED.stages[0], evolve(DEMO, approval="owner_superior"), QUOTE, SIGN])


def migrated(
    record: Opportunity, new: SalesProcess, stages: dict[str, str] | None = None, old: SalesProcess = MINE
) -> tuple[Opportunity, MigrationOutcome]:
    """The record and the one outcome after a migration to version 2, which *new* becomes."""
    plan = MigrationPlan(old.id, 1, 2, stages or {})
    migration = Migration(plan, compile(old), compile(evolve(new, version=2)))
    decision, (outcome,) = migration.decide(record, by="root", at=later(9))
    assert decision.reasons == ()
    assert migration.concerns(record)
    return (does(record, decision) if decision.events else record), outcome


def by_id(record: Opportunity) -> dict[str, tuple[str, str, bool]]:
    """Each task's stage, status and whether it is a must-do."""
    return {task.id: (task.stage, str(task.status), task.is_required) for task in record.tasks}


NEW_TALK = evolve(TALK, probability=15, tasks=[TaskTemplate("call", routes=[Route.FULL]), TaskTemplate("visit")])


def test_a_stage_of_equal_code_goes_on_with_its_visit():
    """PROC-6: tasks of equal code go along as they are, others are skipped or made; the visit lasts on."""
    deal = does(deal := opened(amount=WORTH), finish_task(deal, "call", **BY))
    after, outcome = migrated(deal, evolve(MINE, stages=[NEW_TALK, DEMO, QUOTE, SIGN]))
    assert (after.process_version, after.stage, after.visits) == (2, "talk", deal.visits)
    assert by_id(after) == {
        "1:call": ("talk", "done", True), "1:write": ("talk", "skipped", False), "1:visit": ("talk", "open", True),
    }  # fmt: skip
    assert after.tasks[0] == evolve(deal.tasks[0], routes=(Route.FULL,))
    assert after.probability == Probability(15, ProbabilitySource.STAGE)
    assert outcome == MigrationOutcome(
        "deal", MigrationResult.MIGRATED,
        Standing(1, "talk", 10, ("write",)), Standing(2, "talk", 15, ("visit",)),
        carried=("call",), dropped=("write",), added=("visit",),
        newly_unmet=(Reason("task_open", task="visit", stage="talk"),),
    )  # fmt: skip


def test_one_event_tells_it_all():
    """HIST-1, PROC-6: a migration is no move: one event of its own kind, and the stage is neither left nor entered."""
    opportunity, made = created(amount=WORTH)
    migration = Migration(MigrationPlan("mine", 1, 2), compile(MINE), compile(evolve(MINE, version=2)))
    decision, _ = migration.decide(opportunity, by="root", at=later())
    (event,) = decision.events
    assert (event.kind, event.by, event.operation) == ("migrated", "root", "flow.migrate")
    assert [change.field for change in event.changes] == ["process_version"]
    assert replay([*made.events, event]) == apply(opportunity, decision.events)


def test_a_dropped_stage_needs_a_word_or_the_record_stays():
    """PROC-6, PROC-9: an occupied stage without a place in the new version keeps its records, and they are told."""
    deal = at_stage("demo")
    without = evolve(MINE, stages=[TALK, QUOTE, SIGN])
    same, outcome = migrated(deal, without)
    assert same is deal
    missing = Reason("stage_unmapped", stage="demo", process="mine", version=2)
    assert (outcome.result, outcome.after, outcome.reasons) == (MigrationResult.STAYS, None, (missing,))
    assert outcome.before == Standing(1, "demo", 30, ())
    after, outcome = migrated(deal, without, {"demo": "quote"})
    assert (after.stage, outcome.after) == ("quote", Standing(2, "quote", 50, ("price",)))
    left, entered = after.visits[-2:]
    assert (left.stage, left.exit, left.left_at) == ("demo", "migrated", later(9))
    assert (entered.stage, entered.entry, entered.entered_at) == ("quote", "migrated", later(9))
    assert {"1:call", "1:write", "2:show"} == {task.id for task in after.tasks if task.status == "done"}


def test_under_another_code_tasks_of_equal_code_go_along():
    """PROC-6: a recoded stage keeps what was done in it; feedback and finished tasks of the old code stay."""
    deal = does(deal := opened(amount=WORTH), finish_task(deal, "call", **BY))
    deal = does(deal, add_task(deal, "ring", "Ring them", assignee=None, due=None, can_see=True, **BY))
    deal = does(deal, fill_feedback(deal, "they like us", **BY))
    recoded = Stage("talks", tasks=[TaskTemplate("call"), TaskTemplate("think")])
    after, outcome = migrated(deal, evolve(MINE, stages=[recoded, DEMO, QUOTE, SIGN]), {"talk": "talks"})
    assert by_id(after) == {
        "1:call": ("talks", "done", True), "1:write": ("talk", "skipped", True), "1:ring": ("talks", "open", False),
        "2:think": ("talks", "open", True),
    }  # fmt: skip
    assert (outcome.carried, outcome.dropped, outcome.added) == (("call", "ring"), ("write",), ("think",))
    assert after.feedback == deal.feedback
    assert outcome.newly_unmet == (Reason("task_open", task="think", stage="talks"),)


def test_a_task_that_is_carried_along_open_is_no_new_obstacle():
    """PROC-6: what blocked before, blocks as before, whatever its stage is called."""
    recoded = evolve(TALK, code="talks")
    _, outcome = migrated(opened(), evolve(MINE, stages=[recoded, DEMO, QUOTE, SIGN]), {"talk": "talks"})
    assert (outcome.newly_unmet, outcome.carried) == ((), ("call", "write"))


def test_what_the_target_knows_already_stays_there():
    """PROC-6: one task for one code of a stage: the target's own, which opens again; the other stays behind."""
    both = evolve(MINE, stages=[TALK, evolve(DEMO, tasks=[TaskTemplate("call")]), QUOTE, SIGN])
    deal = at_stage_of(both)
    without = evolve(both, stages=[TALK, QUOTE, SIGN])
    after, outcome = migrated(deal, without, {"demo": "talk"}, old=both)
    assert by_id(after)["1:call"] == ("talk", "done", True)
    assert by_id(after)["2:call"] == ("demo", "skipped", True)
    assert (outcome.dropped, outcome.carried) == (("call",), ())


def at_stage_of(process: SalesProcess) -> Opportunity:
    """One in the second stage of *process*, the first one finished."""
    deal = ready(process)
    return does(deal, compile(process).advance(deal, **BY))


def test_what_was_dropped_comes_back_with_the_version_that_asks_for_it():
    """PROC-6: a migration taken back opens again what it had skipped, and skips what it had made."""
    new = evolve(MINE, version=2, stages=[evolve(TALK, tasks=[TaskTemplate("visit")]), DEMO, QUOTE, SIGN])
    deal = opened(amount=WORTH)
    there = Migration(MigrationPlan("mine", 1, 2), compile(MINE), compile(new))
    back = Migration(MigrationPlan("mine", 2, 1), compile(new), compile(MINE))
    away = does(deal, there.decide(deal, by="root", at=AT)[0])
    home = does(away, back.decide(away, by="root", at=AT)[0])
    assert {id: status for id, (_, status, _) in by_id(home).items()} == {
        "1:call": "open", "1:write": "open", "1:visit": "skipped",
    }  # fmt: skip
    assert back.decide(home, by="root", at=AT) == (there.decide(away, by="root", at=AT)[0], ())


def test_a_task_by_hand_stays_or_becomes_the_must_do_of_its_code():
    """PROC-6, OPP-3: an ad-hoc task is nobody's to drop."""
    deal = opened(amount=WORTH)
    for code in ("ring", "visit"):
        deal = does(deal, add_task(deal, code, "By hand", assignee=None, due=None, can_see=True, **BY))
    after, outcome = migrated(deal, evolve(MINE, stages=[NEW_TALK, DEMO, QUOTE, SIGN]))
    assert by_id(after)["1:ring"] == ("talk", "open", False)
    assert by_id(after)["1:visit"] == ("talk", "open", True)
    assert outcome.added == ()


def test_a_probability_by_hand_stays():
    """PROC-6, OPP-2: nobody entered a stage."""
    deal = evolve(opened(amount=WORTH), probability=Probability(77, ProbabilitySource.HAND))
    after, _ = migrated(deal, evolve(MINE, stages=[NEW_TALK, DEMO, QUOTE, SIGN]))
    assert after.probability == deal.probability


@pytest.mark.parametrize(
    ("new", "stages", "status"),
    [
        (APPROVED, {}, "requested"),
        (MINE, {}, "expired"),
        (APPROVED, {"talk": "demo"}, "expired"),
        (TWICE_APPROVED, {"talk": "demo"}, "expired"),
    ],
)
def test_an_approval_waits_on_where_it_is_still_needed(new: SalesProcess, stages: dict[str, str], status: str):
    """RULE-2, PROC-6: it is for leaving this very stage, and for a stage that needs one."""
    deal = ready(APPROVED)
    blockers = compile(APPROVED).advance(deal, **BY).reasons
    waiting = does(deal, request_approval(deal, "advance", (), blockers, asked=ASKED, has_approver=True, **BY))
    after, _ = migrated(waiting, new, stages, old=APPROVED)
    assert [approval.status for approval in after.approvals] == [status]


@pytest.mark.parametrize("outcome", ["won", "lost", "invalid"])
def test_a_completed_record_stays_on_its_version(outcome: str):
    """PROC-6: running ones move; a completed one is told, and goes when it was reopened."""
    deal = closed(OpportunityStatus(outcome))
    same, told = migrated(deal, MINE)
    assert same is deal
    assert [reason.code for reason in told.reasons] == ["wrong_status"]
    reopened = does(deal, compile(MINE).reopen(deal, **BY))
    assert migrated(reopened, MINE)[0].process_version == 2


def test_a_voided_record_stays_with_every_reason():
    """PROC-6, OPP-10: unvoiding restores exactly what was."""
    deal = at_stage("demo")
    gone = does(deal, void(deal, reason=None, **BY))
    same, outcome = migrated(gone, evolve(MINE, stages=[TALK, QUOTE, SIGN]))
    assert same is gone
    assert [reason.code for reason in outcome.reasons] == ["is_voided", "stage_unmapped"]


SERVICE = SalesProcess("service", 1, [Stage("install", tasks=[TaskTemplate("mount")]), Stage("teach")])


def test_after_sales_goes_to_the_new_version_of_its_own_template():
    """PROC-6, OPP-12: the opportunity's own process is another template's, also where it is completed."""
    deal = closed(OpportunityStatus.WON)
    deal = does(deal, start_after_sales(deal, compile(SERVICE), **BY))
    new = evolve(SERVICE, stages=[Stage("set_up", tasks=[TaskTemplate("mount"), TaskTemplate("test")]), Stage("teach")])
    same, stays = migrated(deal, new, old=SERVICE)
    assert same is deal
    assert (stays.after_sales, [reason.code for reason in stays.reasons]) == (1, ["stage_unmapped"])
    after, outcome = migrated(deal, new, {"install": "set_up"}, old=SERVICE)
    (running,) = after.after_sales
    assert (after.process_version, running.process_version, running.stage) == (1, 2, "set_up")
    assert [(task.id, task.stage) for task in running.tasks] == [
        ("after1:1:mount", "set_up"), ("after1:2:test", "set_up"),
    ]  # fmt: skip
    assert evolve(after, after_sales=deal.after_sales, version=deal.version, updated_at=deal.updated_at) == deal
    assert outcome.before == Standing(1, "install", None, ("mount",))
    assert (outcome.after_sales, outcome.carried, outcome.added) == (1, ("mount",), ("test",))
    assert outcome.newly_unmet == (Reason("task_open", task="test", stage="set_up"),)


def test_after_sales_that_ended_is_nobodys_outcome():
    """PROC-6, OPP-12: nothing moves there ever again, so it needs no version."""
    deal = does(deal := opened(), start_after_sales(deal, compile(SERVICE), **BY))
    migration = Migration(MigrationPlan("service", 1, 2), compile(SERVICE), compile(evolve(SERVICE, version=2)))
    assert migration.concerns(deal)
    ended = does(deal, compile(MINE).invalidate(deal, reason="other", **DAY))
    assert not migration.concerns(ended)
    assert migration.decide(ended, by="root", at=later(9)) == (Decision(), ())


def test_after_sales_has_no_approvals_in_any_version():
    """OPP-12, RULE-2: a version that asks for one cannot run beside; what runs stays where it is."""
    deal = does(deal := opened(), start_after_sales(deal, compile(SERVICE), **BY))
    new = evolve(SERVICE, stages=[Stage("install", approval="owner_superior"), Stage("teach")])
    same, outcome = migrated(deal, new, old=SERVICE)
    assert same is deal
    assert [reason.code for reason in outcome.reasons] == ["not_beside"]


def test_one_record_may_have_both_on_one_template():
    """PROC-6: one decision for the record, one outcome for each process of it; each may stay by itself."""
    deal = does(deal := at_stage("demo"), start_after_sales(deal, compile(MINE), **BY))
    plan = MigrationPlan("mine", 1, 2)
    new = evolve(MINE, version=2, stages=[TALK, QUOTE, SIGN])
    migration = Migration(plan, compile(MINE), compile(new))
    decision, outcomes = migration.decide(deal, by="root", at=later(9))
    assert [(o.after_sales, o.result) for o in outcomes] == [(None, "stays"), (1, "migrated")]
    after = does(deal, decision)
    assert (after.process_version, after.after_sales[0].process_version) == (1, 2)
    assert migration.concerns(after)
    assert migration.decide(after, by="root", at=later(9))[0].events == ()


def test_stages_that_are_owed_stay_owed_as_far_as_they_are_there():
    """GRADE-4, PROC-6: before and after say which; a task that is asked for no more is no debt."""
    deal = ready(FAST, Route.FAST_TRACK)
    jumped = does(deal, compile(FAST).change_stage(deal, "sign", **BY))
    raised = evolve(jumped, grade=graded(Route.FULL))
    _, outcome = migrated(raised, evolve(FAST, stages=[TALK, QUOTE, SIGN]), old=FAST)
    assert outcome.before.owed == owed_stages(raised, FAST) == ("demo", "quote")
    assert outcome.after is not None
    assert outcome.after.owed == ("quote",)
    assert [r.code for r in outcome.newly_unmet] == []
    early = opened(FAST, Route.FAST_TRACK, amount=WORTH)
    left = evolve(does(early, compile(FAST).change_stage(early, "sign", **BY)), grade=graded(Route.FULL))
    assert owed_stages(left, FAST) == ("talk", "demo", "quote")
    relieved, _ = migrated(left, evolve(FAST, stages=[evolve(TALK, tasks=[]), DEMO, QUOTE, SIGN]), old=FAST)
    assert owed_stages(relieved, FAST) == ("demo", "quote")


def test_the_last_stage_is_left_by_a_win():
    """PROC-6: the next move of a record in the last stage is the win; what it asks for is told."""
    deal = finished(at_stage("sign"))
    longer = evolve(MINE, stages=[TALK, DEMO, QUOTE, evolve(SIGN, required_fields=["close_date"])])
    _, outcome = migrated(deal, longer)
    assert outcome.newly_unmet == (Reason("field_empty", stage="sign", field="close_date"),)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"process": ""}, "process"),
        ({"from_version": 0}, "from_version"),
        ({"to_version": True}, "to_version"),
        ({"to_version": 1}, "another version"),
        ({"stages": "talk"}, "stages"),
        ({"stages": 7}, "stages"),
        ({"stages": ["talk"]}, "pair of codes"),
        ({"stages": {"talk": 7}}, "stages"),
        ({"stages": [("talk", "demo"), ("talk", "sign")]}, "mapped twice"),
    ],
)
def test_a_plan_holds_what_a_plan_can_hold(given: dict[str, object], message: str):
    """PROC-6: whoever writes it hears at once what does not fit."""
    with pytest.raises(InvalidInput, match=message):
        MigrationPlan(**{"process": "mine", "from_version": 1, "to_version": 2, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize("stages", [{"none": "talk"}, {"talk": "none"}])
def test_a_plan_names_stages_that_there_are(stages: dict[str, str]):
    """PROC-6: a slip in a code is no reason to leave a thousand records behind."""
    with pytest.raises(InvalidInput, match="none"):
        Migration(MigrationPlan("mine", 1, 2, stages), compile(MINE), compile(evolve(MINE, version=2)))


def test_renaming_a_stage_breaks_nothing():
    """PROC-9: codes are for ever, names are for people."""
    named = evolve(MINE, stages=[evolve(stage, name=f"New {stage.code}") for stage in MINE.stages])
    deal = at_stage("quote")
    after, outcome = migrated(deal, named)
    assert (outcome.dropped, outcome.added, outcome.newly_unmet) == ((), (), ())
    assert evolve(after, process_version=1, version=deal.version, updated_at=deal.updated_at) == deal
    assert does(after, compile(evolve(named, version=2)).advance(after, **BY)).stage == "sign"
