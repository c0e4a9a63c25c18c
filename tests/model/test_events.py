"""Events and what they fold to: HIST-1."""

import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, Refused
from salesflow.model import (
    Activity,
    Change,
    Decision,
    Event,
    EventBuilder,
    EventKind,
    Money,
    Reason,
    TeamMember,
    apply,
    created,
    replay,
)
from salesflow.model.events import shape
from salesflow.testing import strategies as some
from salesflow.testing.records import AT, change, make_opportunity

one_id = st.just("a")
LATER = AT + timedelta(hours=1)
CALL, VISIT, NOTE = (Activity(kind, kind, "", AT, "li") for kind in ("call", "visit", "note"))


def birth(record):
    return created(record, at=record.updated_at, by="li", operation="create")


def builder(record):
    return EventBuilder(record, at=LATER, by="zhang", operation="edit")


@given(some.opportunities() | some.leads())
def test_a_creation_replayed_is_the_record(record):
    """HIST-1: the event of a creation alone gives the record exactly."""
    event = birth(record)

    assert replay([event]) == record
    assert replay(pickle.loads(pickle.dumps([event]))) == record
    assert (event.version, event.number, event.kind) == (1, 0, EventKind.CREATED)
    assert {"id", "version", "updated_at"}.isdisjoint({change.field for change in event.changes})


@given(some.histories(some.opportunities(id=one_id)))
@settings(max_examples=20)
def test_a_history_replayed_is_the_record(history):
    """HIST-1: any history gives the record, replayed at once or applied decision by decision."""
    record = history.records[0]
    for decision, after in zip(history.decisions[1:], history.records[1:], strict=True):
        record = apply(record, decision)
        assert record == after

    assert replay(history.events) == record
    assert record.version == len(history.decisions)


@given(some.leads(id=one_id), some.leads(id=one_id))
def test_what_is_built_is_what_is_set(before, after):
    """HIST-1: values set step by step are the record's values after its events, and the record is at them."""
    steps = builder(before)
    names = [each.name for each in fields(type(before)) if each.name not in {"id", "version", "updated_at"}]
    for name in names:
        steps.add(EventKind.EDITED, **{name: getattr(after, name)})
        assert steps.value(name) == getattr(after, name)
    record = apply(before, steps.decision().events)

    for name in names:
        found, wanted = getattr(record, name), getattr(after, name)
        if name in shape(type(before)).collections:
            found, wanted = ({item.key: item for item in items} for items in (found, wanted))
        assert found == wanted
    assert (record.version, record.updated_at) == (before.version + 1, LATER)


def test_only_what_changed_is_told():
    """HIST-1: absent is not empty: a value that stays is not in the event, an emptied one is."""
    record = make_opportunity("a", amount=Money(1, "CNY"), source="website")
    steps = builder(record)
    steps.add(EventKind.EDITED, "why", amount=Money("1.00", "CNY"), source=None, name="other")
    (event,) = steps.decision().events

    assert set(event.changes) == {
        Change("source", None, "website", None),
        Change("name", None, record.name, "other"),
    }
    assert (event.reason, event.operation, event.by, event.at) == ("why", "edit", "zhang", LATER)
    assert event.id == "opportunity:a:2:0"


def test_a_value_is_read_as_it_stands_after_the_steps():
    """HIST-1: a later step of a decision builds on the earlier ones, and both are told."""
    record = make_opportunity("a", name="first")
    steps = builder(record)
    assert steps.value("name") == "first"
    steps.add(EventKind.EDITED, name="second")
    steps.add(EventKind.EDITED, name=steps.value("name") + "!")
    events = steps.decision().events

    assert [event.changes for event in events] == [
        (Change("name", None, "first", "second"),),
        (Change("name", None, "second", "second!"),),
    ]
    assert [(event.version, event.number) for event in events] == [(2, 0), (2, 1)]
    assert apply(record, events).name == "second!"


@pytest.mark.parametrize(
    ("before", "after", "keys"),
    [
        ((), (CALL,), {"call"}),
        ((CALL,), (CALL, VISIT), {"visit"}),
        ((CALL, VISIT), (VISIT,), {"call"}),
        ((CALL, VISIT, NOTE), (CALL, NOTE), {"visit"}),
        ((CALL,), (VISIT,), {"call", "visit"}),
        ((CALL, VISIT), (evolve(CALL, text="met"), VISIT), {"call"}),
        ((CALL, VISIT), (CALL, evolve(VISIT, text=""), NOTE), {"note"}),
        ((CALL, VISIT), (), {"call", "visit"}),
    ],
)
def test_collections_are_told_item_by_item(before, after, keys):
    """HIST-1: of a collection exactly the items that came, went or changed are in the event."""
    record = make_opportunity("a", activities=before)
    steps = builder(record)
    steps.add(EventKind.ACTIVITY_ADDED, activities=after)
    (event,) = steps.decision().events

    assert {told.key for told in event.changes} == keys
    assert apply(record, [event]).activities == after


def test_no_events_change_nothing():
    """HIST-1: a decision that changes nothing leaves the very record."""
    record = make_opportunity("a")

    assert apply(record, ()) is record
    assert builder(record).decision() == Decision()


def test_a_decision_is_allowed_or_refused():
    """OPP-14: a decision gives its events, or raises with every reason."""
    event = birth(make_opportunity("a"))
    reasons = (Reason("reason_missing"), Reason("no_override"))

    assert Decision((event,)).is_allowed
    assert Decision((event,)).require("x") == (event,)
    assert not Decision(reasons=reasons).is_allowed
    with pytest.raises(Refused) as caught:
        Decision(reasons=reasons).require("opportunities.edit")
    assert (caught.value.operation, caught.value.reasons) == ("opportunities.edit", reasons)


@pytest.mark.parametrize("make", [EventBuilder, created])
def test_events_are_told_in_utc(make):
    """HIST-2: an event without a zone is refused, whoever makes it."""
    record = make_opportunity("a")
    with pytest.raises(InvalidInput, match="aware"):
        make(record, at=datetime(2026, 1, 1), by="li", operation="edit")

    there = datetime(2026, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert make(record, at=there, by="li", operation="edit").at.tzinfo is UTC


def history() -> tuple[Event, ...]:
    """A creation, then one decision of two events, then one of one."""
    record = make_opportunity("a", "li", TeamMember("zhao"), activities=(CALL,))
    steps = builder(record)
    steps.add(EventKind.EDITED, name="x")
    steps.add(EventKind.ACTIVITY_ADDED, activities=(CALL, VISIT))
    events = steps.decision().events
    last = change(apply(record, events), minutes=200, name="y").events
    return (birth(record), *events, *last)


def doctored(which: int, **values) -> list[Event]:
    events = list(history())
    events[which] = evolve(events[which], **values)
    return events


def told(number: int, **values) -> list[Event]:
    event = history()[number]
    return doctored(number, changes=(event.changes[0]._replace(**values), *event.changes[1:]))


WRONG = {
    "nothing": [],
    "no creation": history()[1:],
    "one left out": [history()[number] for number in (0, 2, 3)],
    "the first of a decision left out": [history()[number] for number in (0, 2)],
    "a decision left out": [history()[number] for number in (0, 3)],
    "two in the wrong order": [history()[number] for number in (0, 2, 1, 3)],
    "one told twice": [history()[number] for number in (0, 1, 1, 2, 3)],
    "the creation told twice": [history()[number] for number in (0, 0)],
    "another record's": doctored(1, record_id="b"),
    "another kind's": doctored(1, record_kind="lead"),
    "of no known kind": doctored(0, record_kind="planet"),
    "another version": doctored(3, version=9),
    "another number": doctored(2, number=2),
    "another value before": told(1, before="forged"),
    "another item before": told(2, before=NOTE),
    "a field that is none": told(1, field="salary"),
    "an item of a plain field": told(1, key="x"),
    "a collection without an item": told(2, key=None),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_doctored_history_is_refused(wrong):
    """HIST-1: events that are missing, misplaced, foreign or forged give a typed error, never another record."""
    assert replay(history()).name == "y"
    with pytest.raises(InvalidInput) as caught:
        replay(WRONG[wrong])

    assert caught.value.what == "events"


def test_a_mismatch_is_named():
    """HIST-1: the error names the event and the place where the history disagrees."""
    with pytest.raises(InvalidInput, match=r"opportunity:a:2:0.*in name "):
        replay(told(1, before="forged"))
    with pytest.raises(InvalidInput, match=r"opportunity:a:2:1.*in activities\[visit\]"):
        replay(told(2, before=NOTE))


def test_events_continue_the_record_they_were_decided_on():
    """HIST-1: events of a later version do not apply to an earlier record."""
    record = make_opportunity("a", "li", TeamMember("zhao"), activities=(CALL,))

    with pytest.raises(InvalidInput, match="version 1"):
        apply(record, history()[3:])


def test_taking_away_what_is_not_there_is_harmless():
    """HIST-1: an item that neither was nor is changes nothing."""
    record = make_opportunity("a")
    event = evolve(history()[3], version=2, changes=(Change("activities", "x", None, None),))

    assert apply(record, [event]).activities == ()
