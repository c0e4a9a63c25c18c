"""What may be looked at next: all that changes nothing, compared with what the reference shows (VIS, OPP-14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import replay
from tests.machine.driver import KINDS, Run
from tests.machine.reference.people import Plain
from tests.machine.showing import show
from tests.machine.steps import EVERYBODY, SCENES, coin, pick, some_id, somebody, step
from tests.machine.supply import given_for


def a_look(run: Run) -> tuple[str, str, str, Plain | None]:
    """A group, an id in it, somebody, and the record as the reference has it if that person sees it."""
    group = pick(run, (*KINDS, "opportunities", "opportunities"))
    id = some_id(run, KINDS[group])
    record = run.books.records.get((KINDS[group], id))
    record = record and run.books.survivor(record)
    person = somebody(run, record)
    return group, id, person, record if record is not None and run.books.people.sees(person, record) else None


def look(run: Run, group: str, method: str, person: str, *args: Any, **named: Any) -> Any:
    """What the facade shows, or None where it says that there is no such thing; nothing is written by looking."""
    try:
        return getattr(getattr(run.flow.acting_as(person), group), method)(*args, **named)
    except sf.NotFound:
        return None
    finally:
        assert run.store.outbox(run.position, 1) == []


@step("*.get")
def get(run: Run) -> None:
    """VIS-17: what is hidden and what is not there answer alike."""
    group, id, person, record = a_look(run)
    found = look(run, group, "get", person, id)
    assert (found is None) == (record is None)
    if record is not None and not run.books.people.sees_whole(person, record):
        assert (found.id, found.title, found.source) == (record["id"], record["title"], record["source"])
        assert isinstance(found, sf.LeadCard)
        return
    assert found is None or show(found) == run.told(person, record or {})


@step("*.history")
def history(run: Run) -> None:
    """HIST-1, I-17: the whole history, and the record at any past moment of it."""
    group, id, person, record = a_look(run)
    if record is not None and not run.books.people.sees_whole(person, record):
        record = None  # a card has no history
    events = look(run, group, "history", person, id)
    assert (events is None) == (record is None)
    if record is None:
        return
    assert [event.id for event in events] == [event.id for event in run.store.events(KINDS[group], record["id"])]
    assert show(replay(events)) == run.told(person, record)
    moments = [event.at for event in events]
    if moments == sorted(moments):
        at = pick(run, moments)
        past = run.past[KINDS[group], record["id"]]
        latest = max(s.version for s in past if s.updated_at <= at)
        assert look(run, group, "as_of", person, id, at).version == latest


@step("*.list", 4)
def lists(run: Run) -> None:
    """VIS-1 … VIS-13, VIS-16: exactly what the reference shows, counted and listed alike."""
    group = pick(run, (*KINDS, "opportunities"))
    teamless = ("all", "mine", "subordinates", "shared", "departments", "voided")
    person, scene = pick(run, EVERYBODY), pick(run, SCENES if group == "opportunities" else teamless)
    kind, people = KINDS[group], run.books.people
    wanted = {id for (k, id), record in run.books.records.items() if k == kind and people.lists(person, scene, record)}
    page = look(run, group, "list", person, scene, limit=1000)
    if not people.knows(person):
        assert page is None
        return
    assert {record.id for record in page.items} == wanted
    assert len(page.items) == len(wanted)
    assert look(run, group, "count", person, scene) == len(wanted)


@step("opportunities.board")
def figures(run: Run) -> None:
    """VIS-16, PIPE-1: figures are of visible records only."""
    people, person = run.books.people, pick(run, EVERYBODY)
    deals = [r for (k, _), r in run.books.records.items() if k == "opportunity" and people.lists(person, "all", r)]
    board = look(run, "opportunities", "board", person, process="tender")
    if board is None:
        assert not people.knows(person)
        return
    assert sum(column.count for column in board.columns) == sum(d["process"] == "tender" for d in deals)
    for deal in deals[:1]:
        assert look(run, "opportunities", "resources", person, deal["id"]) is not None
        assert look(run, "opportunities", "card", person, deal["id"]).opportunity.id == deal["id"]
    assert look(run, "pipeline", "funnel", person, process="tender") is not None
    assert look(run, "pipeline", "sales_cycle", person) is not None
    assert look(run, "pipeline", "win_rates", person) is not None


@step("pipeline.changes", 1)
def past_and_future(run: Run) -> None:
    """VIS-16, PIPE-2 … PIPE-6: whatever the figures are made of, each counts visible records only."""
    people, person = run.books.people, pick(run, EVERYBODY)
    today = run.clock.now().astimezone(run.zone).date()
    deals = [r for (k, _), r in run.books.records.items() if k == "opportunity" and people.lists(person, "all", r)]
    closed = [deal for deal in deals if deal["status"] in ("lost", "invalid")]
    of_one = {"process": "tender"}
    asked: dict[str, Plain] = {
        "changes": {}, "forecast": {}, "velocity": {}, "losses": {}, "risks": {}, "chances": of_one,
        "stage_times": of_one, "stage_flow": {**of_one, "since": today - timedelta(days=90), "until": today},
    }  # fmt: skip
    told = {method: look(run, "pipeline", method, person, **given) for method, given in asked.items()}
    assert {figure is not None for figure in told.values()} == {people.knows(person)}
    if people.knows(person):
        moved = told["changes"]
        assert moved.start.count + sum(change.moved.count for change in moved.changes) == moved.end.count
        assert sum(loss.count for loss in told["losses"].by_stage) == len(closed)
        at_risk = {item.opportunity.id for item in told["risks"].items}
        assert at_risk <= {deal["id"] for deal in deals if deal["status"] == "in_progress"}


@step("opportunities.overdue", 1)
def late(run: Run) -> None:
    """OPP-15: what is late is of visible deals in progress; those past their close date are exactly the overdue."""
    people, person = run.books.people, pick(run, EVERYBODY)
    seen = [r for (k, _), r in run.books.records.items() if k == "opportunity" and people.lists(person, "all", r)]
    open_ones = [deal for deal in seen if deal["status"] == "in_progress"]
    today = run.clock.now().astimezone(run.zone).date()
    past = {deal["id"] for deal in open_ones if deal["close_date"] is not None and deal["close_date"] < today}
    for method, args in (("overdue", ()), ("stalled", ()), ("silent", (30,))):
        found = look(run, "opportunities", method, person, *args)
        assert (found is None) == (not people.knows(person))
        ids = {deal.id for deal in found or ()}
        assert ids <= {deal["id"] for deal in open_ones}
        assert method != "overdue" or found is None or ids == past


@step("sharing.list", 1)
def sharing(run: Run) -> None:
    """ACC-23, ACC-26: sharing rules are the administrators' own."""
    rules, person = run.known("sharing_rule"), pick(run, ("root", *EVERYBODY))
    if run.books.people.is_administrator(person):
        assert {rule.id for rule in look(run, "sharing", "list", person)} == set(rules)
        assert all(look(run, "sharing", "get", person, id).id == id for id in rules)
    elif run.books.people.knows(person):
        with pytest.raises(sf.Refused):
            look(run, "sharing", "list", person)


@step("flow.why")
def why(run: Run) -> None:
    """VIS-15: check, proof and audience agree with each other and with the reference."""
    group, id, _, _ = a_look(run)
    record = run.books.records.get((KINDS[group], id))
    if record is None:
        return
    people, record = run.books.people, run.books.survivor(record)
    stored = run.store.get(KINDS[group], id)
    seeing = {p for p in EVERYBODY if people.sees(p, record)}
    assert set(run.flow.who_can_see(stored)) == seeing
    for person in EVERYBODY:
        if people.knows(person):
            assert run.flow.why(person, stored).is_visible == (person in seeing)


@step("*.moves", 14)
def follow_a_move(run: Run) -> None:
    """OPP-14, I-4: one of the moves that are listed is made, and happens or is refused as it said."""
    group = pick(run, ("opportunities", "opportunities", "opportunities", "leads"))
    id = some_id(run, KINDS[group])
    record = run.books.records.get((KINDS[group], id))
    person = somebody(run, record)
    if record is None or record.get("merged_into") or not run.books.people.sees(person, record):
        return
    moves = look(run, group, "moves", person, id)
    ready = [m for m in moves if m.is_open] if not coin(run, 3) else moves
    if not ready:
        return
    operation = pick(run, sorted({move.operation for move in ready}))
    move = pick(run, [move for move in ready if move.operation == operation])
    given = given_for(run, person, record, move)
    if given is not None:
        run.attempt(f"{group}.{move.operation}", person, id, given, move=move)
