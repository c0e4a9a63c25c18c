"""Duplicates in files: leads are linked, deals get the known customer, and a dry run tells the same (IO-1)."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app.import_report import Item
from salesflow.app.importing import Intake
from salesflow.files.mapping import Arrival
from salesflow.model import Duplicate, ImportedLead, ImportedOpportunity
from salesflow.ports import Query
from salesflow.process import PlainKeys
from salesflow.visibility import EVERYTHING
from tests.app.test_duplicates import DEALS, DRESSED, LEADS, PHONE, UNSEEN, known_customer, lead_with
from tests.app.test_races import Race
from tests.app.world import World, kinds


def leads(*phones: str, by: str = "li") -> StringIO:
    """A file of leads with these numbers."""
    return StringIO("id,phone,owner\n" + "".join(f"{n},{phone},{by}\n" for n, phone in enumerate(phones)))


def deals(*customers: str, by: str = "li") -> StringIO:
    """A file of deals with these customers, each ``name,phone``."""
    return StringIO("id,customer,phone,owner\n" + "".join(f"{n},{one},{by}\n" for n, one in enumerate(customers)))


def stored(world: World, kind: str) -> list[Any]:
    """Everything of a kind, by id."""
    return list(world.store.query(Query(kind, EVERYTHING)))


def twice(world: World, take: Callable[[bool], sf.ImportReport]) -> sf.ImportReport:
    """What the import reports; a dry run before it reports the same and leaves everything as it was."""
    before = world.everything()
    rehearsed = take(True)
    assert world.everything() == before
    report = take(False)
    assert report == rehearsed
    return report


def test_imported_leads_are_linked():
    """LEAD-12, LEAD-2: each by its own number, with its event; whoever imports is told how many, not whose."""
    world = World()
    customer = known_customer(world)
    files = world.acting("li").files
    report = twice(world, lambda dry: files.import_csv(leads(*DRESSED, "13800000000", "1"), LEADS, dry_run=dry))
    assert (report.imported, report.linked, report.problems) == (6, 4, ())
    made = world.acting("li").leads.list().items
    links = {lead.title: lead.duplicate_of for lead in made if isinstance(lead, sf.Lead)}
    assert links == {**dict.fromkeys("0123", UNSEEN), "4": None, "5": None}
    for lead in stored(world, "lead"):
        is_linked = lead.duplicate_of == Duplicate("customer", customer.id)
        assert is_linked == (lead.title in "0123")
        assert kinds(world.store.events("lead", lead.id)) == ("imported", "lead_linked")[: 1 + is_linked]
    again = files.import_csv(leads(*DRESSED, "13800000000", "1"), LEADS)
    assert (again.unchanged, again.linked) == (6, 0)


def test_a_deal_gets_the_customer_that_is_known_by_its_key():
    """LEAD-12, I-38: whatever the file calls it; within one file too, and in the rehearsal as in the run."""
    world = World()
    customer = known_customer(world, "li")
    rows = (f"Wang,{PHONE}", f"Mr Wang again,{DRESSED[2]}", "New,13800000000", "Newer,+86 13800000000", "Newest,1")
    files = world.acting("li").files
    report = twice(world, lambda dry: files.import_csv(deals(*rows), DEALS, dry_run=dry))
    assert (report.imported, report.made, report.linked, report.problems) == (5, {"customer": 2}, 0, ())
    names = {one.id: one.name for one in stored(world, "customer")}
    assert [names[deal.customer] for deal in stored(world, "opportunity")] == ["Mr Wang"] * 2 + ["New"] * 2 + ["Newest"]
    assert world.store.get("customer", customer.id) == customer
    assert files.import_csv(deals(*rows), DEALS).unchanged == 5


def test_a_deal_whose_customer_may_not_be_seen_is_a_problem_of_its_row():
    """LEAD-12, VIS-17: the row says that the number is known and whom to ask; the others come in."""
    world = World()
    known_customer(world)
    files = world.acting("li").files
    report = twice(world, lambda dry: files.import_csv(deals(f"Wang,{PHONE}", "B,"), DEALS, dry_run=dry))
    (problem,) = report.problems
    assert (problem.row, problem.code, report.imported) == (1, "customer_exists_unseen", 1)
    assert "Mr Wang" not in problem.problem


def test_a_customer_that_is_there_by_name_is_taken_by_its_name():
    """IO-1: the name comes first, as ever; the number that the row has beside it changes no customer."""
    world = World()
    known_customer(world, "li")
    other = known_customer(world, "li", "Other", None)
    report = world.acting("li").files.import_csv(deals(f"Other,{PHONE}"), DEALS)
    assert (report.imported, report.made) == (1, {})
    assert stored(world, "opportunity")[0].customer == other.id
    assert world.store.get("customer", other.id) == other


def test_a_batch_that_was_overtaken_finds_the_customer():
    """I-38, HIST-3: somebody made the customer between the look and the save: the row gets it all the same."""
    race = Race()
    race.store.others = [lambda: race.rival().customers.create("Mr Wang", phone=PHONE)]
    report = race.world.acting("zhang").files.import_csv(deals(f"A,{PHONE}", "B,", by="zhang"), DEALS)
    assert (report.imported, report.problems) == (2, ())
    assert {one.name for one in stored(race.world, "customer")} == {"Mr Wang", "B"}


PHONES = st.lists(st.builds(lambda dress, n: dress[:-1] + "01２"[n], st.sampled_from(DRESSED), st.integers(0, 2)))


@given(PHONES, PHONES, PHONES, st.integers(1, 4))
@settings(max_examples=20)
def test_files_in_batches_give_what_one_by_one_gives(
    there: list[str], customers: list[str], phones: list[str], batch: int
):
    """LEAD-12, I-38: whatever is there and however rows are cut: one customer a key, and every lead linked to its."""
    world = World()
    li = world.acting("li")
    for phone in dict.fromkeys(PlainKeys()("phone", each) for each in there):
        li.customers.create(f"there {phone}", phone=phone)
    deals = [
        ImportedOpportunity(id=f"{n}", name="A", owner="li", process="crm2000", stage="bidding")
        for n in range(len(customers))
    ]
    arrivals = [
        Arrival(deal, sf.NewCustomer(f"C{deal.id}", phone=phone)) for deal, phone in zip(deals, customers, strict=True)
    ]
    for dry_run in (True, False):
        report = take(world, arrivals, batch, dry_run)
        assert report.imported == len(customers)
        assert sum(report.made.values()) == len({*keys(customers)} - {*keys(there)})
    held = {key: one.id for one in stored(world, "customer") for key in one.match_keys}
    assert held.keys() == {*keys(there), *keys(customers)}
    for deal, key in zip(deals, keys(customers), strict=True):
        made: Any = world.store.get("opportunity", deal.id)
        assert made.customer == held[key]
    came = [Arrival(ImportedLead(id=f"{n}", title="A", phone=phone, owner="li")) for n, phone in enumerate(phones)]
    for dry_run in (True, False):
        assert take(world, came, batch, dry_run).linked == len([key for key in keys(phones) if key in held])
    for arrival, key in zip(came, keys(phones), strict=True):
        lead: Any = world.store.get("lead", arrival.record.id)
        assert lead.duplicate_of == (Duplicate("customer", held[key]) if key in held else None)


def take(world: World, arrivals: list[Arrival], batch: int, dry_run: bool) -> sf.ImportReport:
    """Import them as li, so many at a time."""
    intake = Intake(world.acting("li")._execution, "files.import_json", dry_run=dry_run, batch=batch)
    return intake.take(Item(row, None, arrival) for row, arrival in enumerate(arrivals, 1))


def keys(phones: list[str]) -> list[str]:
    """The canonical keys."""
    return [f"phone:{PlainKeys()('phone', phone)}" for phone in phones]


def test_a_lead_that_was_imported_is_edited_like_any_other():
    """LEAD-12: its keys stand on it, so a customer that is made later is found when the number is typed anew."""
    world = World()
    world.acting("li").files.import_csv(leads(PHONE), LEADS)
    (lead,) = world.acting("li").leads.list().items
    assert isinstance(lead, sf.Lead)
    assert (lead.match_keys, lead.duplicate_of) == (("phone:+8613912345678",), None)
    made = world.acting("li").leads.convert(lead, customer=sf.NewCustomer("Mr Wang"))
    assert made.customer is not None
    assert lead_with(world).duplicate_of == Duplicate("customer", made.customer.id, "Mr Wang")
    with pytest.raises(sf.Refused):
        known_customer(world, "li")
