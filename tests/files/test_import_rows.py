"""Rows that cannot both be right, or not yet: one id twice in a file, and a past that lies ahead (IO-1, IO-3)."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app.importing import BATCH
from salesflow.files.mapping import parse_mapping
from salesflow.model import ImportedLead, ImportedOpportunity
from salesflow.process import import_lead
from salesflow.process.arrivals import brought_along, moments_ahead
from salesflow.testing.strategies import moments, names
from tests.app.world import World

LEADS = parse_mapping('kind = "lead"\n[fields]\nid = "id"\ntitle = "title"\nphone = "phone"\ncreated_at = "since"')
DEALS = parse_mapping("""
kind = "opportunity"
[fields]
id = "id"
name = "name"
owner = { constant = "li" }
process = { constant = "crm2000" }
stage = "stage"
outcome = { column = "end", otherwise = "", values = { won = "won" } }
created_at = "since"
closed_at = "closed"
entered_at = "entered"
[history]
qualification = "begun"
[customer]
name = "customer"
""")
HEAD = "id,name,stage,end,since,closed,entered,begun,customer\n"
NOW = World().clock.now()
AHEAD = (NOW + timedelta(seconds=1)).isoformat()


def take(world: World, mapping: Any, text: str, **how: Any) -> sf.ImportReport:
    return world.acting("li").files.import_csv(io.StringIO(text, newline=""), mapping, **how)


def told(report: sf.ImportReport) -> list[tuple[int, str | None, str]]:
    return [(found.row, found.column, found.code) for found in report.problems]


def test_of_two_rows_with_one_id_that_differ_the_second_is_a_problem():
    """IO-1: nobody can say which one is meant; the first is in, the second is told, and a dry run says the same."""
    rows = "id,title,phone,since\n1,CRM,139,\n2,ERP,138,\n1,CRM,139,\n1,CRM,137,\n2,Other,138,\n"
    world = World()
    dry = take(world, LEADS, rows, dry_run=True)
    assert (dry.imported, dry.unchanged, dry.refused) == (2, 1, 2)
    assert told(dry) == [(4, "id", "duplicate_id"), (5, "id", "duplicate_id")]
    assert "says something else; give each an id of its own" in str(dry.problems[0].problem)
    assert take(world, LEADS, rows) == dry
    assert {lead.phone for lead, _ in world.everything()["lead"]} == {"139", "138"}


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("column", "other"),
    [("name", "B"), ("stage", "agreement"), ("customer", "Globex"), ("begun", "2026-01-02"), ("entered", "2026-01-04"),
     ("end", "won")],
)  # fmt: skip
def test_so_it_is_however_far_apart_they_stand(dry_run: bool, column: str, other: str):
    """IO-1: batches later too, whatever it is that differs; rows that say the same are one record."""
    first = dict(zip(HEAD.strip().split(","), ["1", "A", "bidding", "", "", "", "2026-01-03", "2026-01-01", "Acme"],
                     strict=True))  # fmt: skip
    between = [{**first, "id": f"{n}"} for n in range(2, 2 + 2 * BATCH)]
    rows = [first, *between, first, {**first, column: other}]
    report = take(World(), DEALS, HEAD + "".join(",".join(row.values()) + "\n" for row in rows), dry_run=dry_run)
    assert (report.imported, report.unchanged, report.refused) == (1 + 2 * BATCH, 1, 1)
    assert told(report) == [(len(rows), "id", "duplicate_id")]


def test_what_an_earlier_import_took_in_is_there_already():
    """IO-1: a row that says something else by now changes nothing, as before, and is no problem."""
    world = World()
    take(world, LEADS, "id,title,phone,since\n1,CRM,139,\n")
    world.clock.move(timedelta(minutes=1))
    report = take(world, LEADS, "id,title,phone,since\n1,CRM,137,\n")
    assert (report.unchanged, report.problems) == (1, ())


def test_what_was_changed_since_is_no_rows_twin():
    """IO-1: once somebody worked on it, a record is no longer what its row said, and the row is just there already."""
    world = World()
    take(world, LEADS, "id,title,phone,since\n1,CRM,139,\n")
    world.acting("root").leads.edit("1", phone="137")
    report = take(world, LEADS, "id,title,phone,since\n1,CRM,139,\n")
    assert (report.unchanged, report.problems) == (1, ())


WON_AND_LOST = parse_mapping("""
kind = "opportunity"
[fields]
id = "id"
name = "id"
owner = { constant = "li" }
process = { constant = "crm2000" }
stage = { constant = "bidding" }
outcome = "end"
reason = { column = "end", values = { lost = "price" }, otherwise = "" }
closed_at = "closed"
[history]
lost = "lost_on"
won = "won_on"
bidding = "begun"
""")


def test_a_file_may_say_when_a_deal_was_won_and_when_it_was_lost():
    """IO-3: a column for each outcome: the last is how it ended, one before it a closing that did not last."""
    rows = (
        "id,end,closed,begun,won_on,lost_on\n"
        "1,lost,,2025-01-01,2025-01-02,2025-01-03\n2,won,,2025-01-01,2025-01-02,\n3,,,2025-01-01,2025-01-02,\n"
        "4,won,2025-01-05,,2025-01-02,2025-01-03\n5,won,2025-01-02,2025-01-01,2025-01-02,\n"
        "6,won,2025-01-05,2025-01-01,2025-01-02,\n7,lost,,2025-01-02,2025-01-02,2025-01-02\n"
    )
    world = World()
    report = take(world, WON_AND_LOST, rows)
    assert (report.imported, told(report)) == (6, [(6, None, "invalid_value")])
    deals = {deal.id: deal for deal, _ in world.everything()["opportunity"]}
    assert {
        id: [f"{end.outcome} {end.at:%d}{f' to {end.ended_at:%d}' if end.ended_at else ''}" for end in deal.closings]
        for id, deal in deals.items()
    } == {
        "1": ["won 02 to 03", "lost 03"], "2": ["won 02"], "3": ["won 02 to 02"],
        "4": ["won 02 to 03", "lost 03 to 05", "won 05"], "5": ["won 02"], "7": ["won 02 to 02", "lost 02"],
    }  # fmt: skip
    assert [visit.entered_at and visit.entered_at.day for visit in deals["1"].visits] == [1, 3]
    assert [visit.entered_at and visit.entered_at.day for visit in deals["2"].visits] == [1]
    assert deals["3"].status == "in_progress"


@given(st.builds(ImportedLead, id=st.just("1"), title=names(), phone=names(), source=st.none() | names()),
       st.builds(ImportedLead, id=st.just("1"), title=names(), phone=names()), moments())  # fmt: skip
@settings(max_examples=max(10, settings().max_examples // 4))
def test_leads_brought_along_are_equal_as_their_arrivals_are(one: ImportedLead, other: ImportedLead, later: Any):
    """IO-1: whenever they are taken in, equal arrivals bring the same along, and others something else."""
    made = [import_lead(each, by="li", at=at)[0] for each, at in ((one, NOW), (one, later), (other, NOW))]
    assert brought_along(made[0]) == brought_along(made[1])
    assert (brought_along(made[0]) == brought_along(made[2])) == (one == other)


def test_whatever_a_lead_arrives_with_is_looked_at():
    """IO-1: a field that an arrival gets one day is compared too, or this fails."""
    values: dict[str, Any] = {
        each.name: "x" for each in fields(ImportedLead) if each.name not in ("id", "created_at", "owner")
    }
    whole = ImportedLead(id="1", **values)
    text = repr(brought_along(import_lead(whole, by="li", at=NOW)[0]))
    for name in values:
        changed: dict[str, Any] = {**values, name: "y"}
        assert repr(brought_along(import_lead(ImportedLead(id="1", **changed), by="li", at=NOW)[0])) != text, name
    owned = evolve(whole, owner="li")
    assert repr(brought_along(import_lead(owned, by="li", at=NOW)[0])) != text


@pytest.mark.parametrize("column", ["since", "closed", "entered", "begun"])
def test_what_has_not_come_yet_is_no_past(column: str):
    """IO-3: created, closed and entered tomorrow is a slip of whoever wrote it; up to this moment all is history."""
    world = World()
    values = {"id": "1", "name": "A", "stage": "bidding", "end": "won", "since": "", "closed": NOW.isoformat(),
              "entered": NOW.isoformat(), "begun": "", "customer": "Acme"}  # fmt: skip
    row = ",".join({**values, column: AHEAD}.values())
    report = take(world, DEALS, f"{HEAD}{row}\n")
    assert (column, "in_future") in [(at, code) for _, at, code in told(report)]
    assert report.imported == 0
    assert "which has not come yet" in str(report.problems[0].problem)
    row = ",".join({**values, column: NOW.isoformat()}.values())
    assert take(world, DEALS, f"{HEAD}{row}\n").imported == 1


def test_a_lead_is_not_created_in_the_future_either():
    """IO-3, LEAD-2: by the clock of the import; a day later the same row is taken in."""
    world = World()
    rows = f"id,title,phone,since\n1,CRM,139,{AHEAD}\n"
    for dry_run in (True, False):
        assert told(take(world, LEADS, rows, dry_run=dry_run)) == [(1, "since", "in_future")]
    world.clock.move(timedelta(seconds=1))
    assert take(world, LEADS, rows).imported == 1


def test_every_moment_of_the_past_is_told():
    """IO-3: all of them at once, each with its field, a stage's entry with the stage."""
    later, then = NOW + timedelta(days=2), NOW - timedelta(days=1)
    arrival = ImportedOpportunity(
        id="1", name="A", owner="li", process="p", stage="c", created_at=then, entered_at=later, closed_at=later,
        history=[("a", then), ("b", later)],
    )  # fmt: skip
    assert moments_ahead(arrival, NOW) == (("closed_at", later), ("entered_at", later), ("b", later))
    assert moments_ahead(arrival, later) == ()
    assert moments_ahead(ImportedLead(id="1", title="A", phone="1"), NOW) == ()


SPELT = 'kind = "lead"\nkey = ["id"]\n[fields]\ntitle = "title"\nphone = "phone"\nemail = "e-mail"\n'
OBJECTS = ['{"id": "1", "title": "CRM", "phone": "139", "email": "a@b"}', '{"id": "2", "title": "ERP", "email": "c@d"}']


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("text", ["\n".join(OBJECTS), f"[{','.join(OBJECTS)}]", "5\n" + "\n".join(OBJECTS)])
def test_a_key_that_the_first_object_has_not_stops_the_file(text: str, dry_run: bool):
    """IO-1, REL-8: what a mapping misspells is told before anything is taken in, as of a column of a CSV file."""
    world = World()
    with pytest.raises(sf.FileError) as refused:
        world.acting("li").files.import_json(io.StringIO(text), parse_mapping(SPELT), dry_run=dry_run)
    (problem,) = refused.value.problems
    assert problem.startswith(f"line {2 if text[0] == '5' else 1}: the first object has no 'e-mail'; it has ")
    assert "'email'" in problem
    assert "sparse = true" in problem
    assert world.everything()["lead"] == []


def test_where_objects_leave_out_what_is_empty_the_mapping_says_so():
    """IO-1: then a key that is not there is empty, in the first object as in every other; CSV has columns anyway."""
    world = World()
    sparse = parse_mapping("sparse = true\n" + SPELT)
    report = world.acting("li").files.import_json(io.StringIO("\n".join(OBJECTS)), sparse)
    assert (report.imported, told(report)) == (1, [(2, None, "reach_missing")])
    strict = parse_mapping(SPELT.replace("e-mail", "email"))
    assert world.acting("li").files.import_json(io.StringIO("\n".join(OBJECTS)), strict).imported == 1
    with pytest.raises(sf.FileError, match="there is no column 'e-mail'"):
        world.acting("li").files.import_csv(io.StringIO("id,title,phone,email\n1,CRM,139,a@b\n"), sparse)
    with pytest.raises(sf.FileError, match="sparse"):
        parse_mapping("sparse = 1\n" + SPELT)
