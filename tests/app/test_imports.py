"""Taking in what another system knew: row by row, once, by who may, and no row stops the rest (IO-3, ACC-16)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from examples.dict_store import DictStore
from salesflow.model import check, replay
from tests.app.world import LARGE, LATER, World, codes

START = datetime(2025, 11, 1, 8, tzinfo=UTC)


def arrival(id: str = "x", **values: Any) -> sf.ImportedOpportunity:
    settled = {"name": "X", "owner": "li", "process": "crm2000", "stage": "bidding", **values}
    return sf.ImportedOpportunity(id=id, **settled)


def test_an_opportunity_arrives_with_its_past():
    """IO-3: any stage or outcome, with its dated history; marked as imported; its events replay to it."""
    world = World()
    customer = world.customer()
    won = arrival(
        history=[("qualification", START), ("bid_decision", START + timedelta(days=3))], stage="agreement",
        entered_at=START + timedelta(days=9), customer=customer.id, amount=LARGE, close_date=LATER,
        outcome=sf.OpportunityStatus.WON, closed_at=START + timedelta(days=20), actual_amount=LARGE,
    )  # fmt: skip
    report = world.acting("li").files.import_opportunities(iter([won]))
    assert (report.imported, report.unchanged, report.problems, report.missing) == (1, 0, (), {})
    deal = world.acting("li").opportunities.get("x")
    assert (deal.is_imported, deal.status, deal.stage) == (True, "won", "agreement")
    assert [visit.stage for visit in deal.visits] == ["qualification", "bid_decision", "agreement"]
    assert deal.actual_close_date == (START + timedelta(days=20)).date()
    assert check(deal) == []
    (event,) = world.acting("li").opportunities.history(deal)
    assert (event.kind, replay([event])) == ("imported", deal)


def test_importing_twice_changes_nothing():
    """IO-3: the row's id decides; what is there already is counted and left alone."""
    world = World()
    rows = [arrival("a"), arrival("b")]
    assert world.acting("li").files.import_opportunities(rows).imported == 2
    before = world.everything()
    world.clock.move(timedelta(days=1))
    report = world.acting("li").files.import_opportunities([*rows, evolve(rows[0], name="Another")])
    assert (report.imported, report.unchanged) == (0, 3)
    assert world.everything() == before


def test_a_wrong_row_is_reported_and_stops_none():
    """IO-3: every row that was not taken in is named with its number, its id and why."""
    world = World()
    hidden = world.customer("qian")
    foreign = world.contact(by="qian")
    deleted = world.deal()
    world.acting("li").opportunities.delete(deleted)
    rows: list[Any] = [
        arrival("a"), 5, arrival("b", owner="nobody"), arrival("c", owner="zhang"), arrival("d", customer=hidden.id),
        arrival("e", contact=foreign.id), arrival("f", process="none"), arrival("g", stage="none"),
        arrival("h", history=[("bidding", START)], entered_at=START - timedelta(days=1)),
        arrival("i", outcome="lost"), arrival(deleted.id), arrival("z"),
    ]  # fmt: skip
    done: list[int] = []
    report = world.acting("li").files.import_opportunities(rows, progress=done.append)
    assert (report.imported, report.unchanged) == (2, 0)
    assert [(problem.row, problem.id) for problem in report.problems] == [
        (2, None), (3, "b"), (4, "c"), (5, "d"), (6, "e"), (7, "f"), (8, "g"), (9, "h"), (10, "i"), (11, deleted.id),
    ]  # fmt: skip
    words = [problem.problem for problem in report.problems]
    for word, part in zip(
        words,
        ["ImportedOpportunity", "no employee 'nobody'", "administrator", "customer", "contact", "process", "stage",
         "forward in time", "reason", "cannot be taken"],
        strict=True,
    ):  # fmt: skip
        assert part in word
    assert done == list(range(1, 13))
    assert {deal.id for deal in world.acting("li").opportunities.list().items} == {"a", "z"}


def test_what_is_missing_is_counted_and_stands_in_the_way_of_the_next_move():
    """IO-3: the rules guard moves, not arrivals."""
    world = World()
    customer = world.customer()
    rows = [
        arrival("a"), arrival("b", customer=customer.id, amount=LARGE, entered_at=START),
        arrival("c", outcome="invalid", reason="other"),
    ]  # fmt: skip
    report = world.acting("li").files.import_opportunities(rows)
    assert report.missing == {"customer": 2, "close_date": 2, "amount": 2, "entered_at": 2, "closed_at": 1}
    li = world.acting("li").opportunities
    with pytest.raises(sf.Refused) as refused:
        li.change_stage("a", "agreement", reason="x")
    fields = [reason.facts["field"] for reason in refused.value.reasons]
    assert (codes(refused.value), fields) == ({"arrival_incomplete"}, ["customer", "close_date"])
    li.edit("a", customer=customer.id, close_date=LATER)
    assert li.change_stage("a", "agreement", reason="x").stage == "agreement"
    assert li.reopen("c").status == "in_progress"


def test_importing_for_others_takes_an_administrator():
    """ACC-16: employees import what is theirs; administrators for anybody who works here; others not at all."""
    world = World()
    assert world.acting("root").files.import_opportunities([arrival("a"), arrival("b", owner="qian")]).imported == 2
    assert world.acting("qian").opportunities.get("b").owner == "qian"
    world.organization.put_employee(sf.Employee("li", active=False))
    (problem,) = world.acting("root").files.import_opportunities([arrival("c")]).problems
    assert "no employee 'li'" in problem.problem


def test_whoever_leaves_meanwhile_imports_no_more():
    """VIS-20, IO-3: each row is checked as of then; the rows before are in."""
    world = World()

    def rows() -> Any:
        yield arrival("a")
        world.organization.put_employee(sf.Employee("li", active=False))
        yield arrival("b")

    with pytest.raises(sf.NotFound, match="no person 'li'"):
        world.acting("li").files.import_opportunities(rows())
    assert {record.id for record, _ in world.everything()["opportunity"]} == {"a"}


@pytest.mark.parametrize(
    "values",
    [
        {"history": [("bidding",)]}, {"history": "ab"}, {"history": 5}, {"history": [("a", datetime(2026, 1, 1))]},
        {"history": [(5, START)]}, {"outcome": "gone"}, {"outcome": 5}, {"entered_at": datetime(2026, 1, 1)},
        {"closed_at": "2026-01-01"}, {"amount": 5}, {"close_date": START}, {"owner": None}, {"id": ""},
    ],
    ids=str,
)  # fmt: skip
def test_an_arrival_checks_what_it_is_given(values: dict[str, Any]):
    """REL-8, HIST-2: what does not fit cannot be made, so that it cannot be half taken in."""
    with pytest.raises(sf.InvalidInput):
        arrival(**{"id": "x", **values})


def test_plain_words_and_other_zones_do_as_well():
    """HIST-2, IO-3: an outcome by its name is that outcome; a moment of another zone is kept in UTC."""
    shanghai = timezone(timedelta(hours=8))
    world = World()
    row = arrival(outcome="won", entered_at=START.astimezone(shanghai), closed_at=START.astimezone(shanghai))
    world.acting("li").files.import_opportunities([row])
    deal = world.acting("li").opportunities.get("x")
    assert (deal.status, deal.probability.percent) == (sf.OpportunityStatus.WON, 100)
    assert check(deal) == []
    moments = [deal.visits[0].entered_at, deal.visits[0].left_at, deal.closings[0].at, deal.created_at]
    assert all(moment is not None and moment.tzinfo is UTC for moment in moments)


class _LostTombstones(sf.MemoryStore):
    """A store whose tombstones cannot be read."""

    def tombstone(self, kind: str, id: str) -> Any:
        raise OSError("the disk is gone")


def test_a_store_that_fails_over_a_deleted_record_is_named():
    """REL-8: what the store raises is a `PortError` that names the store, and is not taken for a wrong row."""
    store = _LostTombstones()
    world = World(through=lambda _: store)
    deleted = world.deal()
    world.acting("li").opportunities.delete(deleted)
    with pytest.raises(sf.PortError, match="store"):
        world.acting("li").files.import_opportunities([arrival(deleted.id)])


def test_a_store_that_finds_one_record_at_a_time_will_do():
    """IO-3: without `get_many` each row's records are asked for one by one; the answers are the same."""
    organization = sf.Organization([sf.Employee("li")])
    flow = sf.SalesFlow(store=DictStore(), organization=organization, processes=sf.templates.builtin())
    files = flow.acting_as("li").files
    first = files.import_opportunities([arrival("a"), arrival("b")])
    again = files.import_opportunities([arrival("b"), arrival("c"), arrival("d", customer="none")])
    assert (first.imported, again.imported, again.unchanged, again.refused) == (2, 1, 1, 1)
    assert [problem.code for problem in again.problems] == ["customer_unknown"]
