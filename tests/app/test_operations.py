"""Every operation of the facade: done, it changes exactly what it says; refused, it leaves nothing behind."""

from __future__ import annotations

import inspect
import pickle
import re
from functools import cached_property
from typing import Any, get_type_hints

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.model import REASONS, RECORD_CLASSES, Lead, LeadStatus, Opportunity, Reason, check, replay
from salesflow.process import create_lead
from salesflow.visibility import ACCESS
from tests.app.calls import DONE, Done, No
from tests.app.refusals import NO
from tests.app.situations import nothing
from tests.app.world import World, codes, kinds

READS = {
    "leads": "get list count moves history as_of",
    "opportunities": "get list count board card resources moves history as_of stalled overdue silent",
    "customers": "get list count history as_of",
    "contacts": "get list count history as_of",
    "documents": "get list count history as_of",
    **dict.fromkeys(("competitors", "literature", "sources", "sharing", "pools"), "get list"),
    "pipeline": """chances changes competitors forecast funnel losses risks sales_cycle sources stage_flow stage_times
        velocity win_rates""",
    "files": "export_csv export_json",
}
"""What changes nothing; proved in `test_lists`, `test_reading` and `test_pipeline`."""

REPEATING = {"leads.each", "opportunities.each"}
"""What does another operation many times; proved in `test_each`."""

SCORES = {"score_at_least", "score_below", "value_not_rated", "criteria_not_rated", "no_policy_decides"}
"""What scorecards and chains give; proved in `tests.grading`."""

GROUPS = {
    name: get_type_hints(value.func)["return"]
    for cls in reversed(sf.Acting.__mro__)
    for name, value in vars(cls).items()
    if isinstance(value, cached_property)
}


def public_methods(cls: type) -> list[str]:
    return [name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")]


OPERATIONS = {f"{group}.{method}" for group, cls in GROUPS.items() for method in public_methods(cls)}
ON_RECORDS = [call for call in {call.operation: call for call in reversed(DONE)}.values() if call.given is not nothing]
ON_RECORDS = [call for call in ON_RECORDS if not call.operation.endswith((".create", ".recycle_overdue"))]
CATALOGUES = ("competitors.", "literature.", "sources.", "sharing.", "pools.")
"""Of what everybody sees, or administrators alone: without owner, scenes and a case of its own."""

SEEN = [call for call in ON_RECORDS if not call.operation.startswith(CATALOGUES)]
"""One way in which each operation on a record is done; of those records that some people see."""


def name_of(case: Done | No) -> str:
    expected = case.events if isinstance(case, Done) else sorted(case.codes)
    return f"{case.operation}-{case.by}-{'+'.join(expected)}"


def one_each(calls: list[Done]) -> Any:
    return pytest.mark.parametrize("call", calls, ids=[call.operation for call in calls])


def do(world: World, call: Done | No, ref: Any, by: str | None = None) -> Any:
    return call.do(getattr(world.acting(by or call.by), call.group), ref)


def test_every_operation_is_done_and_refused_here_and_has_one_row_of_the_access_table():
    """ACC-24: an operation without a row would be refused to everybody; one without a test would be a guess."""
    reads = {f"{group}.{method}" for group, methods in READS.items() for method in methods.split()}
    assert {call.operation for call in DONE} | reads | REPEATING == OPERATIONS
    assert {call.operation for call in NO} >= {call.operation for call in DONE} - {
        "opportunities.add_activity", "opportunities.fill_feedback", "opportunities.void",
    }  # fmt: skip  # these have no reasons of their own; what they share with all is below
    assert set(ACCESS) >= OPERATIONS | {"flow.why", "flow.who_can_see"}


KEPT = [call for call in DONE if not call.operation.endswith(".delete")]
DELETED = [call for call in DONE if call.operation.endswith(".delete")]


@pytest.mark.parametrize("call", KEPT, ids=name_of)
def test_what_is_done_is_saved_told_and_returned(call: Done):
    """HIST-1, HIST-3: the record returned is the store's, its history grew by exactly its events and replays to it."""
    world = World()
    about = call.given(world)
    before = world.everything()
    told = len(world.outbox())
    result = do(world, call, about)
    events = world.outbox(told)
    assert kinds(events) == call.events
    written = {(event.record_kind, event.record_id) for event in events}
    beside = {(kind, id) for kind, id in written if kind in call.beside}
    assert {kind for kind, _ in beside} == call.beside
    assert written - beside == {(part.KIND, part.id) for part in made(world, result)}
    assert all(part == world.store.get(part.KIND, part.id) for part in made(world, result))
    for kind, id in written:
        record, history = world.store.get(kind, id), world.store.events(kind, id)
        new = [event for event in events if (event.record_kind, event.record_id) == (kind, id)]
        version, earlier = next(((held.version, told) for held, told in before[kind] if held.id == id), (0, []))
        assert check(record) == []
        assert replay(history) == record
        assert history == [*earlier, *new]
        assert record.version == version + 1
        assert record.updated_at == world.clock.now()
        operation = "leads.recycle" if kinds(new) == ("lead_recycled",) else call.operation  # an overdue one too
        facts = (record.version, world.clock.now(), operation)
        assert {(event.version, event.at, event.operation) for event in new} == {facts}
    assert all(pair in world.everything()[pair[0].KIND] for pair in others(before, written))


def made(world: World, result: Any) -> list[Any]:
    """The records that an operation gave."""
    if isinstance(result, sf.ConvertedLead):
        return [part for part in (result.lead, result.customer, result.contact, result.opportunity) if part]
    if isinstance(result, sf.IssuedDocument):
        return [result.document, *([] if isinstance(result.record, sf.Customer) else [result.record])]
    if isinstance(result, sf.RecyclingReport):
        return [world.store.get("lead", outcome.lead) for outcome in result.outcomes]
    if isinstance(result, sf.Lead):
        both = {"lead_merged_away", "lead_brought_back"}
        return [result, *(lead for lead, told in world.everything()["lead"] if told[-1].kind in both)]
    if isinstance(result, sf.ImportReport):
        assert (result.imported, result.unchanged, result.problems) == (1, 0, ())
        return [record for record, told in (*world.everything()["lead"], *world.everything()["opportunity"]) if told]
    return [result]


def others(before: dict[str, Any], written: set[tuple[str, str]]) -> list[Any]:
    """Every record with its history that the operation had no business with."""
    held = [pair for kind in RECORD_CLASSES for pair in before[kind]]
    return [pair for pair in held if (pair[0].KIND, pair[0].id) not in written]


@pytest.mark.parametrize("call", DELETED, ids=name_of)
def test_what_is_deleted_leaves_a_tombstone_and_the_rest_as_it_was(call: Done):
    """OPP-10, VIS-11: the record and what happened to it are gone; that it was deleted, by whom and when, stays."""
    world = World()
    about = call.given(world)
    before = world.everything()
    told = len(world.outbox())
    assert do(world, call, about) is None
    assert world.store.get(about.KIND, about.id) is None
    assert list(world.store.events(about.KIND, about.id)) == []
    stone = world.store.tombstone(about.KIND, about.id)
    assert stone is not None
    assert (stone.by, stone.at, stone.operation) == (call.by, world.clock.now(), call.operation)
    written = {(event.record_kind, event.record_id) for event in world.outbox() if event.operation == call.operation}
    assert {kind for kind, _ in written - {(about.KIND, about.id)}} == call.beside
    assert all(pair in world.everything()[pair[0].KIND] for pair in others(before, written))
    (event,) = (event for event in world.outbox() if event.record_id == about.id)
    assert (event.kind, event.changes, told >= 1) == ("deleted", (), True)


@pytest.mark.parametrize("case", NO, ids=name_of)
def test_what_is_refused_gives_every_reason_and_leaves_nothing_behind(case: No):
    """RULE-1, ACC-25: all reasons together, told to the audit sink, and the store is as it was."""
    world = World()
    about = case.given(world)
    if case.ports:
        world.flow = sf.SalesFlow(**{**world.ports, **case.ports})
    before, audited = world.everything(), len(world.audit.entries)
    with pytest.raises(sf.Refused) as refused:
        do(world, case, about)
    assert codes(refused.value) == case.codes
    standing = [reason.code for reason in refused.value.reasons if reason.code in {"wrong_status", "is_voided"}]
    assert len(standing) == len(set(standing))
    assert world.everything() == before
    assert refused.value.operation == case.operation
    assert all(str(reason) != repr(reason) for reason in refused.value.reasons)
    assert pickle.loads(pickle.dumps(refused.value)).reasons == refused.value.reasons
    (entry,) = world.audit.entries[audited:]
    assert (entry.person, entry.operation, entry.is_override) == (case.by, case.operation, False)
    assert entry.reasons == refused.value.reasons
    has_record = about is not None and not case.operation.endswith((".create", ".list", ".recycle_overdue"))
    assert entry.id == (about.id if has_record and not case.operation.startswith(CATALOGUES) else "")


@one_each(SEEN)
@pytest.mark.parametrize("ref", ["snapshot", "id", "unknown id"])
def test_a_stranger_finds_nothing(call: Done, ref: str):
    """VIS-17: to whoever does not see it, a record is not there, whatever they hold of it; no id can be probed."""
    world = World()
    about = call.given(world)
    before = world.everything()
    asked = {"snapshot": about, "id": about.id, "unknown id": "none"}[ref]
    with pytest.raises(sf.NotFound) as missing:
        do(world, call, asked, "qian")
    assert (missing.value.kind, missing.value.id) == (about.KIND, "none" if ref == "unknown id" else about.id)
    assert world.everything() == before
    assert pickle.loads(pickle.dumps(missing.value)).args == missing.value.args


@one_each(SEEN)
def test_a_doctored_snapshot_gains_nothing(call: Done):
    """VIS-17: of a snapshot only id and version count; owner, team and status written into it open no door."""
    world = World()
    about = call.given(world)
    theirs: dict[str, Any] = {"customer": world.customer("qian").id, "opportunity": None, "lead": None}
    doctored = evolve(about, **theirs) if isinstance(about, sf.Document) else evolve(about, owner="qian")
    if isinstance(about, Opportunity):
        doctored = evolve(doctored, team=(sf.TeamMember("qian", "owner", sf.Access.READ_WRITE),), status="in_progress")
    before = world.everything()
    with pytest.raises(sf.NotFound):
        do(world, call, doctored, "qian")
    assert world.everything() == before


@one_each(SEEN)
def test_who_may_only_read_is_not_permitted(call: Done):
    """ACC-24: sharing for reading lets see and nothing more; what the record itself objects to is told as well."""
    world = World()
    world.share("qian")
    about = call.given(world)
    before = world.everything()
    with pytest.raises((sf.Refused, sf.NotFound)) as no:
        do(world, call, about, "qian")
    if getattr(about, "owner", "li") == "li" and not getattr(about, "voided", False):
        assert isinstance(no.value, sf.Refused)
        assert "not_permitted" in codes(no.value)
    else:
        assert isinstance(no.value, sf.NotFound)
    assert world.everything() == before


@one_each([call for call in SEEN if call.operation.startswith(("leads.", "opportunities."))])
def test_a_voided_record_takes_no_operation_but_being_unvoided(call: Done):
    """OPP-10, LEAD-10: voided, it is not there but for administrators, and they can do one thing to it."""
    world = World()
    about = call.given(world)
    if not about.voided:
        about = world.voided(about)
    before = world.everything()
    with pytest.raises(sf.NotFound):
        do(world, call, about.id, "li")
    if call.operation.endswith(".unvoid"):
        return
    with pytest.raises(sf.Refused) as refused:
        do(world, call, about, "root")
    assert "is_voided" in codes(refused.value)
    assert world.everything() == before


@one_each(ON_RECORDS)
def test_a_stale_snapshot_is_a_conflict(call: Done):
    """HIST-3: passing a record means having decided on that very version; whoever was overtaken must look again."""
    world = World()
    about = call.given(world)
    for version in (about.version - 1, about.version + 1):
        stale = evolve(about, version=version)
        before = world.everything()
        with pytest.raises(sf.Conflict) as conflict:
            do(world, call, stale)
        assert (conflict.value.expected_version, conflict.value.found_version) == (version, about.version)
        assert world.everything() == before
        assert pickle.loads(pickle.dumps(conflict.value)).args == conflict.value.args


@one_each(ON_RECORDS)
@pytest.mark.parametrize("ref", [None, 5, b"id", ["id"], sf.NewCustomer("Acme"), sf.Employee("li"), Opportunity])
def test_what_is_neither_a_record_nor_an_id_is_invalid(call: Done, ref: Any):
    """HIST-3: the wrong thing in place of a record is the calling code's mistake, and is said to be."""
    world = World()
    about = call.given(world)
    before = world.everything()
    with pytest.raises(sf.InvalidInput) as invalid:
        do(world, call, ref)
    assert invalid.value.what == about.KIND
    assert world.everything() == before


@pytest.mark.parametrize("operation", sorted({call.operation for call in NO}))
def test_the_docstring_names_reasons_that_are_given(operation: str):
    """Each reason that an operation's documentation names is one that a test above was refused for."""
    group, method = operation.split(".")
    doc = inspect.getdoc(getattr(GROUPS[group], method)) or ""
    section = re.search(r"Refused: (.*?)(\n\n|\Z)", doc, re.DOTALL)
    named = set(re.findall(r"`([a-z_]+)`", section[1])) if section else set()
    shared = {"wrong_status", "is_voided", "not_permitted"}
    assert named - shared <= {code for case in NO if case.operation == operation for code in case.codes}


def test_every_reason_of_the_table_is_given_somewhere():
    """RULE-1: a code that nothing gives would be a promise of nothing; those of grades are in `test_grades`."""
    blank = Lead(id="a", version=1, title=" ", owner=None, status=LeadStatus.UNASSIGNED, phone="1")
    decision = create_lead(blank, by="li", at=World().clock.now())
    assert decision.reasons == (Reason("title_missing"),)
    grades = {"amount_missing", "rate_missing", "at_least", "below", "led_by_partner", *SCORES}
    migrations = {"stage_unmapped", "not_beside"}
    # in `test_deliveries` and its neighbours
    automation = {
        "automation_failed", "automation_lost", "automation_unknown", "automation_chain_too_long", "causer_gone",
        "record_gone", "nobody_to_tell", "notifier_unavailable",
    }  # fmt: skip
    given = {code for case in NO for code in case.codes} | grades | migrations | automation
    given |= {"title_missing", "is_voided"}
    assert given == set(REASONS)
