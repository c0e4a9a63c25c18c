"""Which automations an event sets off, and what becomes of a delivery: each word and each step, both ways (RULE-3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.grading import AmountPolicy, regrade
from salesflow.model import (
    Automation,
    Condition,
    Delivery,
    DeliveryStatus,
    Event,
    EventKind,
    Grade,
    Grading,
    Jump,
    Lead,
    LeadStatus,
    Money,
    NewOpportunity,
    Opportunity,
    Reason,
    Route,
    SalesProcess,
    Stage,
    StageExit,
    apply,
    created,
)
from salesflow.model.events import EventBuilder
from salesflow.process import AutomationTable, Match, by_template, change_process, compile, create_opportunity, diff
from salesflow.process import deliveries as decisions
from salesflow.process.automation import ACTIONS, HAPPENINGS

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
P = SalesProcess("p", 1, [Stage("a"), Stage("b"), Stage("c")], jump=Jump.FREE)
Q = SalesProcess("q", 4, [Stage("x"), Stage("b")])
ENGINE = compile(P)


def deal(**values: Any) -> Opportunity:
    """An opportunity in the first stage."""
    made, decision = create_opportunity(
        P, NewOpportunity("Deal"), id="o1", owner="li", customer="c1", contact=None,
        grader=lambda it: regrade(it, AmountPolicy(), AT.date()), by="li", at=AT, today=AT.date(),
    )  # fmt: skip
    assert made is not None, decision.reasons
    return evolve(made, **values)


def lead(**values: Any) -> Lead:
    """A lead of li's."""
    return Lead(**{"id": "l1", "version": 1, "title": "Lead", "phone": "1", "owner": "li",
                   "status": LeadStatus.ASSIGNED, **values})  # fmt: skip


def event(record: Any, kind: EventKind, **values: Any) -> tuple[Any, tuple[Event, ...]]:
    """The record after one event of this kind that sets *values*, and the event."""
    builder = EventBuilder(record, at=AT, by="li", operation="test")
    builder.add(kind, **values)
    return apply(record, builder.events), tuple(builder.events)


def fired(record: Any, events: Any, **values: Any) -> list[tuple[str, str | None]]:
    """Of one automation a word: the words that *events* set off, each with its stage."""
    kind = record.KIND
    words = [word for word, happening in HAPPENINGS.items() if happening.record_kind == kind]
    table = AutomationTable(Automation(word, word, call="h", **values) for word in words)
    return [(match.automation.on, match.stage) for match in table.matching(record, events)]


DIRECT = sorted(
    (word, kind)
    for word, happening in HAPPENINGS.items()
    for kind in happening.kinds
    if kind not in (EventKind.GRADED, EventKind.GRADE_SET, EventKind.GRADE_CLEARED, EventKind.CREATED)
)


@pytest.mark.parametrize(("word", "kind"), DIRECT)
def test_each_word_is_set_off_by_its_events_alone(word: str, kind: EventKind):
    """RULE-3: the event of each word sets off the automations of that word, and no others of its kind of record."""
    record = deal() if HAPPENINGS[word].record_kind == "opportunity" else lead()
    if kind == EventKind.PROCESS_CHANGED:
        after, events = event(record, kind, process="q", process_version=4)
    else:
        after, events = event(record, kind)
    assert [on for on, _ in fired(after, events)] == [word]


@pytest.mark.parametrize("kind", sorted({*EventKind} - {k for one in HAPPENINGS.values() for k in one.kinds}))
def test_no_other_event_sets_anything_off(kind: EventKind):
    """RULE-3, IO-3: what is not in the list does nothing by itself: arrivals and migrations among them."""
    for record in (deal(), lead()):
        assert fired(*event(record, kind)) == []


def test_a_lead_answers_to_no_word_of_an_opportunity():
    """RULE-3: the same kind of event on another kind of record is another event."""
    table = AutomationTable([Automation("a", "opportunity_created", call="h"), Automation("b", "won", call="h")])
    made = created(lead(), at=AT, by="li", operation="leads.create")
    assert list(table.matching(lead(), [made])) == []
    assert [m.automation.code for m in AutomationTable([Automation("c", "lead_created", call="h")]).matching(
        lead(), [made])] == ["c"]  # fmt: skip


def test_creating_enters_the_first_stage():
    """RULE-3, OPP-1: whoever waits for a stage to be entered is told of it by the creation too."""
    made = created(deal(), at=AT, by="li", operation="opportunities.create")
    assert fired(deal(), [made]) == [("opportunity_created", "a"), ("stage_entered", "a")]


def test_a_move_tells_what_is_left_and_what_is_entered():
    """RULE-3, OPP-6: each event is about its own stage; a stage that is passed over is neither left nor entered."""
    decision = ENGINE.change_stage(deal(), "c", by="li", at=AT, reason="quick")
    after = apply(deal(), decision.events)
    assert fired(after, decision.events) == [("stage_left", "a"), ("stage_entered", "c")]
    assert fired(after, decision.events, stage="a") == [("stage_left", "a")]
    assert fired(after, decision.events, stage="c") == [("stage_entered", "c")]
    assert fired(after, decision.events, stage="b") == []


def test_an_outcome_is_about_the_stage_that_was_left():
    """RULE-3, OPP-7: a stage binds the events of the record that stands in it."""
    last = apply(deal(), ENGINE.change_stage(deal(), "c", by="li", at=AT).events)
    decision = ENGINE.win(last, by="li", at=AT, today=AT.date())
    after = apply(last, decision.events)
    assert fired(after, decision.events) == [("stage_left", "c"), ("won", "c")]
    assert fired(after, decision.events, stage="a") == []


def grading(grade: Grade | None, override: Grade | None = None) -> Grading:
    return Grading(grade, None, Route.FULL, override)


@pytest.mark.parametrize("kind", [EventKind.GRADED, EventKind.GRADE_SET, EventKind.GRADE_CLEARED])
def test_a_grade_has_changed_where_another_one_counts(kind: EventKind):
    """RULE-3, GRADE-3: a grade worked out anew that is the same, or is overridden by hand, is no change."""
    before = deal(grade=grading(Grade.C))
    assert fired(*event(before, kind, grade=grading(Grade.B))) == [("grade_changed", "a")]
    assert fired(*event(before, kind, grade=grading(None))) == [("grade_changed", "a")]
    assert fired(*event(before, kind, grade=grading(Grade.C, Grade.C))) == []
    overridden = deal(grade=grading(Grade.C, Grade.A))
    assert fired(*event(overridden, kind, grade=grading(Grade.B, Grade.A))) == []
    assert fired(*event(before, kind)) == []


def test_conditions_are_asked_of_the_record_as_it_is_then():
    """RULE-3, RULE-1: all of them must hold after the events; none are needed."""
    large = Condition("amount", at_least="1000 CNY")
    by_fair = Condition("source", equals="fair")
    after, events = event(deal(), EventKind.OWNER_CHANGED, amount=Money(1000, "CNY"), source="fair")
    assert fired(after, events, when=[large, by_fair]) == [("owner_changed", "a")]
    assert fired(after, events, when=[large, Condition("source", equals="web")]) == []
    assert fired(*event(after, EventKind.OWNER_CHANGED, amount=Money(999, "CNY")), when=[large]) == []
    after, events = event(lead(), EventKind.LEAD_ASSIGNED, source="fair")
    assert fired(after, events, when=[by_fair]) == [("lead_assigned", None)]


def test_what_is_set_off_comes_in_the_order_of_the_events():
    """RULE-3: then in the order of the automations."""
    table = AutomationTable(
        [Automation("late", "won", call="h"), Automation("b", "stage_left", call="h"), Automation("a", "won", call="h")]
    )
    last = apply(deal(), ENGINE.change_stage(deal(), "c", by="li", at=AT).events)
    decision = ENGINE.win(last, by="li", at=AT, today=AT.date())
    found = list(table.matching(apply(last, decision.events), decision.events))
    assert [match.automation.code for match in found] == ["b", "late", "a"]
    assert [match.event.number for match in found] == [0, 1, 1]
    assert table
    assert not AutomationTable([])


def test_events_belong_to_the_template_that_they_happened_in():
    """RULE-3, OPP-9: leaving a stage for another process is an event of the process that is left."""
    decision = change_process(deal(), compile(Q), None, by="li", at=AT, reason="else")
    after = apply(deal(), decision.events)
    parts = [(process, version, [e.kind for e in part]) for process, version, part in by_template(
        after, decision.events)]  # fmt: skip
    assert parts == [("p", 1, ["stage_left"]), ("q", 4, ["process_changed", "stage_entered"])]
    same = evolve(deal(), process="q", process_version=4)
    unchanged, events = event(same, EventKind.PROCESS_CHANGED, process="r")
    assert [each[:2] for each in by_template(unchanged, events)] == [("q", 4), ("r", 4)]
    moved = ENGINE.advance(deal(), by="li", at=AT).events
    assert [each[:2] for each in by_template(apply(deal(), moved), moved)] == [("p", 1)]
    assert after.visits[0].exit is StageExit.PROCESS_CHANGED


def test_the_lists_of_words_agree_with_the_model():
    """RULE-3: every word leaves some action, and none stands for an arrival or a deletion."""
    assert all(set(one.misfits) < set(ACTIONS) for one in HAPPENINGS.values())
    told = {kind for one in HAPPENINGS.values() for kind in one.kinds}
    assert told.isdisjoint({EventKind.IMPORTED, EventKind.MIGRATED, EventKind.DELETED, EventKind.VOIDED})


def test_a_new_version_tells_what_follows_by_itself_now():
    """PROC-6, RULE-3: an automation that came, went or changed is a difference like every other."""
    first = Automation("tell", "won", call="h")
    changed = [evolve(first, call="g"), Automation("more", "lost", call="h")]
    found = diff(evolve(P, automation=[first]), evolve(P, version=2, automation=changed))
    assert [(change.place, str(change.kind)) for change in found.changes] == [
        ("automation.more", "added"), ("automation.tell.call", "changed"),
    ]  # fmt: skip
    assert diff(evolve(P, automation=[first]), evolve(P, version=2, automation=[first])).changes == ()


# deliveries

FAILED = (Reason("automation_failed", error="no"),)


def delivery(depth: int = 1, **values: Any) -> Delivery:
    """A delivery as it is saved beside its change."""
    after, events = event(deal(), EventKind.WON)
    match = Match(events[0], Automation("tell", "won", call="h"), after.stage)
    return evolve(decisions.delivery_of(match, process="p", process_version=1, depth=depth), **values)


def test_a_delivery_is_begun_by_whoever_saves_it():
    """RULE-3: its id is that of the event and the automation, and nobody else begins it while the lease lasts."""
    made = delivery()
    assert made.id == "opportunity:o1:2:0:p:tell"
    assert (made.status, made.attempts, made.next_at) == (DeliveryStatus.WAITING, 1, AT + decisions.LEASE)
    assert (made.by, made.at, made.stage, made.on) == ("li", AT, "a", "won")
    assert made.reasons == ()
    first = decisions.created_event(made)
    assert (first.kind, first.operation, first.by) == ("created", "flow.deliver", "li")


@pytest.mark.parametrize("depth", range(1, decisions.DEEPEST_CHAIN + 3))
def test_a_chain_that_is_too_long_is_dead_from_the_beginning(depth: int):
    """RULE-3, I-11: up to the bound it is done, one beyond it is a dead letter with an error of its own name."""
    made = delivery(depth)
    if depth <= decisions.DEEPEST_CHAIN:
        assert made.status is DeliveryStatus.WAITING
    else:
        assert (made.status, made.attempts) == (DeliveryStatus.DEAD, 0)
        assert [reason.code for reason in made.reasons] == ["automation_chain_too_long"]


def test_each_failure_waits_longer_until_the_last_one_kills():
    """RULE-3: the waits grow, and are counted from the moment that is given; after the last attempt it is dead."""
    now, one = AT, delivery()
    waits = []
    for attempt in range(1, decisions.MOST_ATTEMPTS + 1):
        assert one.attempts == attempt
        one = apply(one, decisions.fail(one, FAILED, at=now, is_hopeless=False).events)
        assert one.reasons == FAILED
        if attempt == decisions.MOST_ATTEMPTS:
            break
        waits.append(one.next_at - now)
        assert one.status is DeliveryStatus.WAITING
        now = one.next_at
        one = apply(one, decisions.begin(one, at=now).events)
        assert one.next_at == now + decisions.LEASE
    assert one.status is DeliveryStatus.DEAD
    assert waits == sorted(set(waits)) == list(decisions.WAITS)


def test_what_can_never_succeed_dies_at_once():
    """RULE-3: of a causer who is gone there is no second attempt."""
    dead = apply(delivery(), decisions.fail(delivery(), FAILED, at=AT, is_hopeless=True).events)
    assert (dead.status, dead.attempts, dead.reasons) == (DeliveryStatus.DEAD, 1, FAILED)


@given(st.integers(0, 12))
def test_what_never_comes_back_dies_too(attempts: int):
    """RULE-3: attempts are counted when they begin, so one that takes its process down is no endless loop."""
    one = delivery(attempts=attempts)
    begun = apply(one, decisions.begin(one, at=AT + MINUTE).events)
    if attempts < decisions.MOST_ATTEMPTS:
        assert (begun.status, begun.attempts) == (DeliveryStatus.WAITING, attempts + 1)
    else:
        assert begun.status is DeliveryStatus.DEAD
        assert [reason.code for reason in begun.reasons] == ["automation_lost"]
        known = evolve(one, reasons=FAILED)
        assert apply(known, decisions.begin(known, at=AT).events).reasons == FAILED


def test_a_dead_one_can_be_taken_up_again():
    """RULE-3: with all its attempts before it, due at once; and one that is done leaves."""
    dead = delivery(status=DeliveryStatus.DEAD, attempts=decisions.MOST_ATTEMPTS, reasons=FAILED)
    again = apply(dead, decisions.retry(dead, at=AT + MINUTE).events)
    assert (again.status, again.attempts, again.next_at) == (DeliveryStatus.WAITING, 0, AT + MINUTE)
    assert [e.kind for e in decisions.end(dead, at=AT).events] == ["deleted"]
