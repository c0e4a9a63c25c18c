"""Importing files through the facade: every row's fate is reported, nothing is taken in twice, nothing is lost."""

import io
import json
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.app import execution, importing
from salesflow.app.importing import BATCH
from salesflow.files.mapping import derived_id, parse_mapping
from salesflow.files.reading import Layout
from salesflow.model import check, replay
from salesflow.visibility import VisibilityPolicy
from tests.app.world import World, codes, kinds
from tests.files.timing import best_time

SECONDS = 0.1

LEADS = parse_mapping("""
kind = "lead"
key = ["mail", "phone"]
[fields]
title = "what"
contact = "who"
email = "mail"
phone = "phone"
owner = "owner"
source = "from"
created_at = "since"
""")

DEALS = parse_mapping("""
kind = "opportunity"
[spellings.what]
CRM200 = "CRM2000"
[fields]
id = "no"
name = "what"
owner = "owner"
process = { constant = "crm2000" }
stage = { column = "stage", values = { Won = "agreement", Lost = "bidding" , Open = "bidding", Odd = "odd" } }
outcome = { column = "stage", values = { Won = "won", Lost = "lost" }, otherwise = "" }
reason = { column = "stage", values = { Lost = "price" }, otherwise = "" }
currency = { constant = "CNY" }
amount = "amount"
close_date = "due"
closed_at = "closed"
[history]
qualification = "begun"
bidding = "bid"
[customer]
name = "customer"
phone = "phone"
[contact]
name = "contact"
""")
HEAD = "no,what,owner,stage,amount,due,closed,begun,bid,customer,phone,contact\n"


def leads(*rows: str) -> io.BytesIO:
    return io.BytesIO("\n".join(["what,who,mail,phone,owner,from,since", *rows]).encode())


def deals(*rows: str) -> io.BytesIO:
    return io.BytesIO((HEAD + "".join(row + "," * (HEAD.count(",") - row.count(",")) + "\n" for row in rows)).encode())


def problems(report: sf.ImportReport) -> list[tuple[int, int | None, str | None, str]]:
    return [(found.row, found.line, found.column, found.code) for found in report.problems]


def records(world: World, kind: str) -> list[Any]:
    return [record for record, _ in world.everything()[kind]]


def stored(world: World, kind: str, id: Any) -> Any:
    return world.store.get(kind, id)


def test_leads_are_unassigned_unless_the_row_names_an_owner():
    """LEAD-2, IO-1: a row without an owner goes to the pool, one with an owner is assigned; what is missing counts."""
    world = World()
    report = world.acting("root").files.import_csv(
        leads("CRM2000,Ms Qian,q@a,,,web,2026-01-02", "CRM2000,,z@a,,li,,"), LEADS
    )

    first, second = sorted(records(world, "lead"), key=lambda lead: lead.email)
    assert (report.imported, report.problems, report.missing) == (2, (), {"contact": 1, "source": 1})
    assert (first.owner, first.status, first.contact, first.source) == (None, "unassigned", "Ms Qian", "web")
    assert (first.created_at, first.created_by) == (datetime(2026, 1, 2, tzinfo=UTC), "root")
    assert (second.owner, second.status, second.created_at) == ("li", "assigned", world.clock.now())
    assert first.id == derived_id("lead", "q@a", "")
    for lead in (first, second):
        history = world.store.events("lead", lead.id)
        assert check(lead) == []
        assert replay(history) == lead
        assert [(event.kind, event.operation) for event in history] == [("imported", "files.import_csv")]


def test_opportunities_arrive_with_their_past():
    """IO-3: at any stage or outcome, with dated history; what is missing is marked, counted, and stops a move."""
    world = World()
    root = world.acting("root")
    report = root.files.import_csv(
        deals("1,CRM2000,li,Open,500000,2026-06-01,,2025-12-01,2025-12-20,Acme,139,Ms Qian",
              "2,CRM200,li,Won,1,,2026-01-01", "3,CRM2000,zhao,Lost,,,2026-01-02", "4,CRM2000,li,Open"), DEALS
    )  # fmt: skip

    assert (report.imported, report.refused, report.made) == (4, 0, {"customer": 1, "contact": 1})
    assert report.missing == {"customer": 3, "close_date": 1, "amount": 2, "entered_at": 3}
    assert report.respelled == {"what: CRM200": 1}
    first, won, lost, bare = (stored(world, "opportunity", id) for id in "1234")
    assert [(visit.stage, visit.entered_at) for visit in first.visits] == [
        ("qualification", datetime(2025, 12, 1, tzinfo=UTC)), ("bidding", datetime(2025, 12, 20, tzinfo=UTC))
    ]  # fmt: skip
    assert (first.is_imported, first.amount, str(first.close_date)) == (True, sf.Money("500000", "CNY"), "2026-06-01")
    customer, contact = root.customers.get(first.customer), root.contacts.get(first.contact)
    assert (customer.name, customer.phone, customer.owner) == ("Acme", "139", "li")
    assert (contact.name, contact.customer, contact.owner) == ("Ms Qian", customer.id, "li")
    assert (won.status, won.name, str(won.actual_close_date)) == ("won", "CRM2000", "2026-01-01")
    assert (lost.status, lost.closing.reason, lost.owner) == ("lost", "price", "zhao")
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").opportunities.advance(bare)
    assert "arrival_incomplete" in codes(refused.value)
    assert kinds(world.outbox()) == ("imported",) * 6
    assert {event.operation for event in world.outbox()} == {"files.import_csv"}


WRONG = deals(
    "1,CRM2000,li,Open",
    ",CRM2000,li,Open",
    "3,CRM2000,nobody,Open",
    "4,CRM2000,han,Open",
    "5,CRM2000,li,Odd",
    "6,CRM2000,li,Gone",
    "7,CRM2000,li,Open,much,soon",
    '8,"CRM2000,li,Open',
    "9,CRM2000,li,Open,1,,,2026-01-03,2026-01-02",
    "10,CRM2000,li,Won,1,,2020-01-01,2026-01-03",
    f"{'x' * 201},CRM2000,li,Open",
    "1,CRM2000,li,Open",
    "13,CRM2000,li,Open",
).getvalue()


def test_a_wrong_row_is_reported_and_stops_no_other():
    """IO-1: line, column, code and reason of each; the rows around it are taken in."""
    world = World()
    report = world.acting("root").files.import_csv(io.BytesIO(WRONG), DEALS)

    assert (report.imported, report.unchanged, report.refused) == (2, 1, 10)
    assert problems(report) == [
        (2, 3, "no", "missing"), (3, 4, "owner", "person_unknown"), (4, 5, "owner", "person_unknown"),
        (5, 6, "stage", "invalid_value"), (6, 7, "stage", "unknown_value"), (7, 8, "amount", "number_form"),
        (7, 8, "due", "date_form"), (8, 9, None, "quoting"), (9, 10, None, "invalid_value"),
        (10, 11, None, "invalid_value"), (11, 12, "no", "invalid_value"),
    ]  # fmt: skip
    assert [found.id for found in report.problems[:3]] == [None, "3", "4"]
    assert "must be a stage of crm2000: qualification" in report.problems[3].problem
    assert sorted(deal.id for deal in records(world, "opportunity")) == ["1", "13"]


def test_a_dry_run_reports_the_same_and_writes_nothing():
    """IO-1: what would be done, doubled rows and customers made on the way included; nothing is touched."""
    world = World()
    root = world.acting("root").files
    content = (
        WRONG
        + deals("20,CRM2000,li,Open,,,,,,Acme,,Qian", "21,CRM2000,li,Open,,,,,,Acme,,Qian")
        .getvalue()
        .split(b"\n", 1)[1]
    )
    before = world.everything()
    dry = root.import_csv(io.BytesIO(content), DEALS, dry_run=True)
    assert world.everything() == before

    assert root.import_csv(io.BytesIO(content), DEALS) == dry
    assert dry.made == {"customer": 1, "contact": 1}
    again = root.import_csv(io.BytesIO(content), DEALS, dry_run=True)
    assert (again.imported, again.unchanged, again.refused) == (0, dry.imported + dry.unchanged, dry.refused)


def test_a_file_imported_twice_changes_nothing():
    """IO-1: rows are known by their identity, customers and contacts by their name, whoever imports again."""
    world = World()
    world.organization.put_employee(sf.Employee("sun"))
    rows = ["1,CRM2000,li,Open,,,,,,Acme,139,Ms Qian", "2,CRM2000,li,Open,,,,,,Acme,,Ms Qian"]
    first = world.acting("root").files.import_csv(deals(*rows), DEALS)
    world.acting("root").files.import_csv(leads("w,,a@b,,li,,"), LEADS)
    before = world.everything()

    again = world.acting("root").files.import_csv(deals(*rows), DEALS)
    assert (first.imported, first.made) == (2, {"customer": 1, "contact": 1})
    assert (again.imported, again.unchanged, again.made, again.missing) == (0, 2, {}, {})
    assert world.acting("root").files.import_csv(leads("w,,a@b,,li,,"), LEADS).unchanged == 1
    assert world.everything() == before


def test_a_customer_is_found_by_name_whoever_made_it():
    """IO-1: one made by hand is used where the person sees it; a hidden one is not told of, nor used (VIS-17)."""
    world = World()
    mine, elsewhere = world.customer("li", "Acme"), world.customer("zhao", "Globex")
    person = world.contact(mine.id, name="Ms Qian")
    report = world.acting("li").files.import_csv(
        deals("1,CRM2000,li,Open,,,,,,Acme,,Ms Qian", "2,CRM2000,li,Open,,,,,,Globex,,Ms Qian"), DEALS
    )

    assert report.made == {"customer": 1, "contact": 1}
    assert stored(world, "opportunity", "1").customer == mine.id
    assert stored(world, "opportunity", "1").contact == person.id
    other = stored(world, "customer", stored(world, "opportunity", "2").customer)
    assert (other.name, other.owner) == ("Globex", "li")
    assert other.id != elsewhere.id
    again = world.acting("li").files.import_csv(deals("4,CRM2000,li,Open,,,,,,Initech"), DEALS)
    assert again.made == {"customer": 1}
    root = world.acting("root").files.import_csv(deals("3,CRM2000,li,Open,,,,,,Acme"), DEALS)
    assert (root.made, stored(world, "opportunity", "3").customer) == ({}, mine.id)


def test_pages_of_customers_are_searched(monkeypatch):
    """IO-1: a customer is found however many there are before it; little is kept in memory meanwhile."""
    monkeypatch.setattr(execution, "LARGEST_PAGE", 2)
    monkeypatch.setattr(importing, "_REMEMBERED", 1)
    world = World()
    known = [world.customer("li", f"C{number}") for number in range(5)]
    rows = [f"{number},CRM2000,li,Open,,,,,,C{number % 5}" for number in range(12)]
    report = world.acting("li").files.import_csv(deals(*rows), DEALS)

    assert (report.imported, report.made) == (12, {})
    assert [stored(world, "opportunity", str(n)).customer for n in range(12)] == [known[n % 5].id for n in range(12)]


def test_a_row_may_name_a_customer_or_contact_by_id():
    """ACC-16, VIS-17: one that the person cannot see reads as one that is not there."""
    world = World()
    by_id = parse_mapping("""
kind = "opportunity"
[fields]
id = "no"
name = "no"
owner = { constant = "li" }
process = { constant = "crm2000" }
stage = { constant = "bidding" }
customer = "customer"
contact = "contact"
""")
    mine, hidden, person = world.customer("li"), world.customer("zhao"), world.contact()
    file = io.StringIO(f"no,customer,contact\n1,{mine.id},\n2,{hidden.id},\n3,none,\n4,,{person.id}\n5,,none\n6,,\n")
    report = world.acting("li").files.import_csv(file, by_id)

    assert problems(report) == [
        (2, 3, "customer", "customer_unknown"), (3, 4, "customer", "customer_unknown"),
        (5, 6, "contact", "contact_unknown"),
    ]  # fmt: skip
    assert stored(world, "opportunity", "1").customer == mine.id
    assert stored(world, "opportunity", "4").contact == person.id
    assert report.missing["customer"] == 1


def test_importing_for_others_takes_an_administrator():
    """ACC-16: an employee imports for themselves, and unassigned leads; who has left imports for nobody."""
    world = World()
    report = world.acting("li").files.import_csv(deals("1,CRM2000,li,Open", "2,CRM2000,zhao,Open"), DEALS)
    assert problems(report) == [(2, 3, "owner", "for_others")]
    report = world.acting("li").files.import_csv(leads("w,,a@b,,li,,", "w,,b@b,,,,", "w,,c@b,,zhao,,"), LEADS)
    assert (report.imported, problems(report)) == (2, [(3, 4, "owner", "for_others")])

    keeping = parse_mapping(
        'kind = "opportunity"\n[fields]\nid="no"\nname="no"\nowner="owner"\nprocess={constant="crm2000"}\n'
        'stage={constant="bidding"}\n[customer]\nname="c"\nowner="keeper"'
    )
    file = "no,owner,c,keeper\n1x,li,Acme,zhao\n2x,li,Acme,li\n3x,li,Acme,nobody\n"
    report = world.acting("li").files.import_csv(io.StringIO(file), keeping)
    assert problems(report) == [(1, 2, "c", "for_others"), (3, 4, "c", "person_unknown")]
    assert [customer.owner for customer in records(world, "customer")] == ["li"]


@pytest.mark.parametrize("method", ["import_csv", "import_json"])
def test_whoever_may_not_import_is_refused_before_the_file_is_read(method):
    """ACC-16, ACC-24: without a row in the access table nobody imports; nothing is read, nothing kept."""
    world = World(visibility=VisibilityPolicy(access={}))
    file = leads("w,,a@b,,,,")
    with pytest.raises(sf.Refused) as refused:
        getattr(world.acting("root").files, method)(file, LEADS)
    assert refused.value.operation == f"files.{method}"
    assert file.tell() == 0
    gone = World()
    acting = gone.acting("li").files
    gone.organization.put_employee(sf.Employee("li", active=False))
    with pytest.raises(sf.NotFound):
        getattr(acting, method)(file, LEADS)


def test_a_lead_that_nobody_can_be_reached_by_is_refused():
    """LEAD-1, IO-1: a lead needs a way to reach someone; the reason keeps its own code."""
    named = parse_mapping('kind = "lead"\n[fields]\nid = "no"\ntitle = "what"\nemail = "mail"\ndescription = "text"')
    file = 'no,what,mail,text\n1,CRM2000,,\n2,CRM2000,a@b,"two\nlines"\n3,CRM2000,"a\nb",\n'
    world = World()
    report = world.acting("li").files.import_csv(io.StringIO(file, newline=""), named)

    assert problems(report) == [(1, 2, None, "reach_missing"), (3, 5, "mail", "invalid_value")]
    assert stored(world, "lead", "2").description == "two\nlines"


def test_what_was_deleted_is_not_taken_in_again():
    """LEAD-11, IO-1: a deleted record stays deleted, in a dry run too."""
    world = World()
    li = world.acting("li")
    deal = world.deal()
    li.opportunities.delete(deal)
    for dry_run in (True, False):
        report = li.files.import_csv(deals(f"{deal.id},CRM2000,li,Open", "2,CRM2000,li,Open"), DEALS, dry_run=dry_run)
        assert problems(report) == [(1, 2, "no", "id_taken")]
        assert report.imported == 1


@pytest.mark.parametrize("person", ["li", "root"])
def test_a_row_that_stands_in_two_batches_is_one(person):
    """IO-1: a doubled row is one record, however far apart they stand, and a dry run says so too."""
    rows = [f"{n % 120},CRM2000,li,Open,,,,,,C{n % 120 % 7}" for n in range(250)]
    world = World()
    files = world.acting(person).files
    dry = files.import_csv(deals(*rows), DEALS, dry_run=True)
    assert (dry.imported, dry.unchanged, dry.made) == (120, 130, {"customer": 7})
    assert files.import_csv(deals(*rows), DEALS) == dry


def test_what_a_person_imported_is_known_again_when_they_see_it_no_more():
    """IO-1, VIS-17: whoever made a record may know that it is there; anybody else's hidden one reads as a deleted."""
    world = World()
    world.pool = world.flow.pools.create("Closed").id  # nobody claims from it
    rows = ["CRM2000,,,139,,,", "CRM2000,,,138,li,,"]
    li, zhao = world.acting("li"), world.acting("zhao")
    assert li.files.import_csv(leads(*rows), LEADS).imported == 2
    (mine,) = li.leads.list().items  # the other one is in the pool
    assert isinstance(mine, sf.Lead)
    assert mine.owner == "li"
    assert li.files.import_csv(leads(*rows), LEADS).unchanged == 2

    for dry_run in (True, False):
        report = zhao.files.import_csv(leads(rows[0]), LEADS, dry_run=dry_run)
        assert problems(report) == [(1, 2, "mail", "id_taken")]
        assert "cannot be taken; choose another id" in report.problems[0].problem


def test_json_rows_are_taken_in_like_csv_rows(tmp_path):
    """IO-1: a list of objects or one a line, through the same mapping; a wrong one stops no other."""
    rows = [
        {"what": "w", "mail": "a@b", "phone": None, "owner": "li"},
        {"what": 5, "mail": "b@b"},
        {"mail": "c@b"},
        [1],
    ]
    (tmp_path / "list.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "lines.json").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    world = World()
    mapping = evolve(LEADS, layout=Layout(sparse=True))
    report = world.acting("root").files.import_json(tmp_path / "list.json", mapping)

    assert (report.imported, problems(report)) == (2, [(3, 1, "what", "missing"), (4, 1, None, "no_object")])
    assert {event.operation for event in world.outbox()} == {"files.import_json"}
    assert sorted(lead.title for lead in records(world, "lead")) == ["5", "w"]
    again = world.acting("root").files.import_json(str(tmp_path / "lines.json"), mapping, dry_run=True)
    assert (again.unchanged, problems(again)) == (2, [(3, 3, "what", "missing"), (4, 4, None, "no_object")])


def test_files_and_mappings_come_as_paths_or_opened(tmp_path):
    """IO-1: look-up files lie beside the data, unless the caller names another folder."""
    (tmp_path / "data").mkdir()
    (tmp_path / "m.toml").write_text(
        'kind = "lead"\nkey = ["a"]\n[fields]\nemail = "a"\n'
        'title = { column = "a", lookup = { file = "names.csv", key = "k", value = "v" } }\n',
        encoding="utf-8",
    )
    (tmp_path / "data" / "d.csv").write_text("a\nx\n", encoding="utf-8")
    (tmp_path / "data" / "names.csv").write_text("k,v\nx,Acme\n", encoding="utf-8")
    files: Any = World().acting("li").files

    assert files.import_csv(tmp_path / "data" / "d.csv", str(tmp_path / "m.toml"), dry_run=True).imported == 1
    with (tmp_path / "data" / "d.csv").open("rb") as opened:
        assert files.import_csv(opened, tmp_path / "m.toml", folder=tmp_path / "data").imported == 1
    with pytest.raises(sf.FileError, match="say which folder"):
        files.import_csv(io.BytesIO(b"a\nx\n"), tmp_path / "m.toml")
    with pytest.raises(sf.FileError, match=r"m\.toml.*cannot be read"):
        files.import_csv(tmp_path / "data" / "d.csv", tmp_path / "m.toml", folder=tmp_path)
    with pytest.raises(sf.FileError, match=r"names\.csv.*no column 'a'"):
        files.import_csv(tmp_path / "data" / "names.csv", tmp_path / "m.toml")
    with pytest.raises(sf.FileError, match=r"file 'file'.*no column"):
        files.import_csv(io.BytesIO(b"b\nx\n"), LEADS)
    with pytest.raises(OSError, match="none"):
        files.import_csv(tmp_path / "none.csv", LEADS)
    with pytest.raises(sf.InvalidInput, match="opened for reading"):
        files.import_csv(5, LEADS)
    with pytest.raises(sf.InvalidInput, match="mapping"):
        files.import_csv(io.BytesIO(b""), {"kind": "lead"})


def test_no_more_problems_are_kept_than_anybody_reads():
    """IO-1: a report is bounded, its count is not."""
    report = World().acting("li").files.import_csv(deals(*(["1,,li,Open"] * 1_200)), DEALS)
    assert (len(report.problems), report.refused) == (1_000, 1_200)


def test_records_come_without_a_file_too():
    """IO-3: what is no opportunity is its row's problem; each row is saved by itself."""
    files: Any = World().acting("li").files
    done: list[int] = []
    arrival = sf.ImportedOpportunity(id="x", name="X", owner="li", process="none", stage="s")
    with pytest.raises(sf.InvalidInput, match="arrivals"):
        files.import_opportunities(5)
    report = files.import_opportunities([arrival, "X"], progress=done.append)
    assert [(found.row, found.line, found.id, found.code) for found in report.problems] == [
        (1, None, "x", "invalid_value"), (2, None, None, "invalid_value")
    ]  # fmt: skip
    assert done == [1, 2]


@pytest.mark.long
def test_memory_of_an_import_does_not_grow_with_the_rows(tmp_path):
    """IO-1, PERF-9: a dry run of 100,000 rows peaks where one of 10,000 does."""

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write(HEAD)
            file.writelines(f"{n},CRM2000,li,Open,5,2030-01-01,,,,C{n},,\n" for n in range(rows))
        files = World().acting("root").files
        tracemalloc.start()
        assert files.import_csv(path, DEALS, dry_run=True).imported == rows
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(100_000) < 1.2 * peak(10_000)


def test_a_hundred_wrong_rows_take_no_time():
    """REL-8: a file that holds nothing but mistakes is through at once."""
    files = World().acting("li").files
    content = deals(*(["x,,,Gone,much,soon,never,then,when"] * 100)).getvalue()
    took, report = best_time(lambda: files.import_csv(io.BytesIO(content), DEALS), SECONDS)
    assert report.refused == 100
    assert took < SECONDS


def test_a_dry_run_remembers_what_earlier_batches_would_have_made():
    """IO-1: an id that stands in two batches is made once, in a dry run as in the import itself."""
    world = World()
    rows = [f"{n},CRM2000,li,Open" for n in (*range(BATCH), 0)]
    files = world.acting("root").files
    dry, real = (files.import_csv(deals(*rows), DEALS, dry_run=dry) for dry in (True, False))
    assert (dry.imported, dry.unchanged) == (real.imported, real.unchanged) == (BATCH, 1)


def test_what_arrives_closed_without_its_day_is_counted():
    """IO-3: what is missing is marked and counted, the closing date of a won deal among it."""
    world = World()
    arrivals = [
        sf.ImportedOpportunity(
            id=id, name="x", owner="li", process="crm2000", stage="agreement", outcome="won", closed_at=closed_at
        )
        for id, closed_at in (("a", None), ("b", world.clock.now()))
    ]
    assert world.acting("root").files.import_opportunities(arrivals).missing["closed_at"] == 1
