"""Writing, opening and narrowing the tables that figures of any size are made from (PIPE-2, VIS-15)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from random import Random
from typing import Any

import ibis
import pytest
from attrs import evolve

import salesflow as sf
from salesflow import analytics, pipeline
from salesflow.analytics import grouping, writing
from salesflow.model import EventBuilder, EventKind, StageEntry, StageExit, StageVisit, apply
from salesflow.model.moments import EARLIEST, LATEST
from salesflow.pipeline import Level, total_of
from salesflow.ports import Query, UnitOfWork, Write
from salesflow.stores import MemoryStore
from salesflow.testing.records import FILTERS, many_opportunities, new, unit
from salesflow.visibility import KnownBy, Names, TeamIn
from salesflow.visibility.filters import (
    EVERYTHING,
    AllOf,
    AnyOf,
    FieldCompare,
    Filter,
    Negation,
    OwnerIn,
    PoolIn,
    Voided,
)
from tests.analytics.figures import NOW, ZONE, agree, seeing_most, without_cards, worked
from tests.analytics.odd import kept, odd_histories

DEALS = many_opportunities()
MANY = frozenset({"li", "zhao", *(f"p{number}" for number in range(3000))})

MORE: dict[str, Filter] = {
    "a pool": PoolIn(frozenset({None})),
    "not a pool": Negation(PoolIn(frozenset({"north"}))),
    "a day": FieldCompare("close_date", "<", date(2026, 3, 1)),
    "a day and a moment": FieldCompare("close_date", "<", NOW),
    "a moment": FieldCompare("last_activity_at", ">=", datetime(2026, 1, 2, tzinfo=UTC)),
    "a naive moment": FieldCompare("last_activity_at", ">=", datetime(2026, 1, 2)),
    "a share": FieldCompare("probability.percent", "<=", Decimal("10.5")),
    "far too much": FieldCompare("probability.percent", "<", 10**40),
    "unlike": FieldCompare("probability.percent", "==", "ten"),
    "another currency": FieldCompare("amount", "!=", sf.Money("3", "EUR")),
    "no grade": FieldCompare("grade.effective", "!=", "A"),
    "nobody in no role": TeamIn({"li", "zhao"}, frozenset()),
    "a flag": FieldCompare("voided", "==", True),
    "a flag as a number": FieldCompare("probability.percent", ">", False),
    "more than nothing by next to nothing": FieldCompare("voided", ">=", Decimal("1E-60")),
    "next to ten": FieldCompare("probability.percent", "<", Decimal("10.00000000000000000000000000000000000001")),
    "neither ten nor eleven": FieldCompare("probability.percent", "!=", Decimal("10.5")),
    "an amount of many decimals": FieldCompare("amount", "==", sf.Money("10." + "0" * 30, "CNY")),
    "quotes and escapes": FieldCompare("name", "<", "o'\\'\"; --"),
    "all of nothing": AllOf(()),
    "any of nothing": AnyOf(()),
    "not everything": Negation(EVERYTHING),
    "not not theirs": Negation(Negation(OwnerIn({"li"}))),
    "none of it": Negation(AnyOf((OwnerIn({"li"}), Voided(True), FieldCompare("name", "==", "Deal")))),
    "a thousand ways in": AnyOf(tuple(FieldCompare("name", "==", f"deal {number}") for number in range(1000))),
    "three thousand people": AnyOf((OwnerIn(MANY), TeamIn(MANY))),
    "none of three thousand": AllOf((Negation(OwnerIn(MANY)), Negation(TeamIn(MANY)))),
}
TOLD = {name: node for name, node in {**FILTERS, **MORE}.items() if "customer" not in name and "names" not in name}


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Any]:
    """One connection for all."""
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


@pytest.fixture(scope="module")
def tables(duckdb: Any, tmp_path_factory: pytest.TempPathFactory) -> analytics.Tables:
    """The tables of thirty deals."""
    store = MemoryStore()
    store.save(unit(*map(new, DEALS)))
    folder = tmp_path_factory.mktemp("thirty")
    analytics.write_tables(store, folder, zone=ZONE, now=NOW)
    return analytics.open_tables(duckdb, folder)


@pytest.mark.parametrize("name", TOLD)
def test_a_condition_lets_pass_what_the_filter_lets_pass(tables: analytics.Tables, name: str):
    """VIS-15: every node that can be told; what is missing or unlike passes neither a comparison nor its negation."""
    seen = tables.seen(TOLD[name]).id.to_pyarrow().to_pylist()
    assert sorted(seen) == sorted(record.id for record in DEALS if TOLD[name].matches(record))


@pytest.mark.parametrize(
    "node",
    [
        Names("customer", "acme"),
        AllOf((EVERYTHING, Negation(Names("customer", "acme")))),
        FieldCompare("custom.region", "==", "north"),
        FieldCompare("registration", "==", "approved"),
        KnownBy({"phone:1"}),
    ],
)
def test_what_cannot_be_told_is_an_error(tables: analytics.Tables, node: Filter):
    """VIS-15, REL-11: nobody sees a figure of what could not be decided, nor what a rule says of others."""
    with pytest.raises(sf.InvalidInput, match="filter") as refused:
        analytics.losses(tables, node)
    assert not any(word in str(refused.value) for word in ("acme", "north", "approved", "phone"))


def test_the_figures_of_a_company_at_work(duckdb: Any, tmp_path: Path):
    """PIPE-1 to PIPE-4, VIS-16: by every grouping, of what was really done."""
    run = worked(250)
    heard: list[int] = []
    analytics.write_tables(run.store, tmp_path, zone=ZONE, now=run.clock.now(), progress=heard.append)
    assert heard == []  # it is told at every thousand
    agree(seeing_most(run), analytics.open_tables(duckdb, tmp_path), "all", "tender")


def test_tables_are_written_whole_and_once(tmp_path: Path):
    """PIPE-2: into an empty folder, of a store that tells histories, as of an aware moment, in many pieces or one."""
    store = MemoryStore()
    store.save(unit(*map(new, DEALS)))

    class WithoutHistory:
        get, query, save = store.get, store.query, store.save

    with pytest.raises(sf.PortError, match="history"):
        analytics.write_tables(WithoutHistory(), tmp_path / "a", zone=ZONE, now=NOW)
    with pytest.raises(sf.InvalidInput, match="aware"):
        analytics.write_tables(store, tmp_path / "a", zone=ZONE, now=datetime(2026, 1, 1))
    assert not (tmp_path / "a").exists()
    assert analytics.write_tables(store, tmp_path / "a", zone=ZONE, now=NOW) == 30
    with pytest.raises(sf.InvalidInput, match="empty"):
        analytics.write_tables(store, tmp_path / "a", zone=ZONE, now=NOW)


@pytest.mark.parametrize("zone", ["Nowhere/Land", "../UTC", "", None])
def test_a_zone_that_is_none_makes_no_folder(tmp_path: Path, zone: Any):
    """PIPE-2, REL-8: what cannot be worked out is refused before anything is written."""
    with pytest.raises(sf.InvalidInput, match="zone"):
        analytics.write_tables(MemoryStore(), tmp_path / "a", zone=zone, now=NOW)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("name", ["a*b", "a?b", "[ab]", "{a,b}", "a\\b"])
def test_a_folder_that_engines_read_as_a_pattern_is_refused(duckdb: Any, tmp_path: Path, name: str):
    """PIPE-2: or the tables of another folder that fits it were counted too."""
    with pytest.raises(sf.InvalidInput, match="folder"):
        analytics.write_tables(MemoryStore(), tmp_path / name, zone=ZONE, now=NOW)
    with pytest.raises(sf.InvalidInput, match="none of"):
        analytics.open_tables(duckdb, tmp_path / name)


def test_what_is_no_folder_is_refused(tmp_path: Path):
    """PIPE-2, REL-8: a file stands where the tables should."""
    (tmp_path / "file").write_text("")
    with pytest.raises(sf.InvalidInput, match="folder"):
        analytics.write_tables(MemoryStore(), tmp_path / "file", zone=ZONE, now=NOW)


class Moving(MemoryStore):
    """A store in which each deal changes, and another one appears, as soon as a page was read."""

    def query(self, query: Query) -> Any:
        """Answer, then change everything of the answer."""
        page = super().query(query)
        for record in page:
            builder = EventBuilder(record, at=NOW, by="li", operation="edit")
            builder.add(EventKind.EDITED, amount=sf.Money(1, "CNY"))
            events = builder.decision().events
            self.save(UnitOfWork((Write("opportunity", record.id, 1, apply(record, events), events),)))
        self.save(unit(new(evolve(DEALS[0], id=f"{page[-1].id} and more"))))
        return page


def test_a_store_that_changes_meanwhile(duckdb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """PIPE-3: each record comes once, and its movements are those that made it what it is in the tables."""
    store = Moving()
    store.save(unit(*map(new, DEALS)))
    monkeypatch.setattr(writing, "_PAGE", 30)
    analytics.write_tables(store, tmp_path, zone=ZONE, now=NOW)
    tables = analytics.open_tables(duckdb, tmp_path)
    ids = tables.opportunity.id.to_pyarrow().to_pylist()
    assert len(ids) == len({*ids}) >= len(DEALS)
    end = analytics.changes(tables, EVERYTHING, EARLIEST, LATEST).end
    opened = [deal.amount for deal in DEALS if not deal.voided]
    assert end == Level(len(opened), total_of(opened))


def test_many_pieces_are_one_table(duckdb: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """PIPE-2: pages of the store and pieces of a table may end anywhere; how far it is, is told."""
    store = MemoryStore()
    store.save(unit(*map(new, DEALS)))
    heard: list[int] = []
    monkeypatch.setattr(writing, "_PAGE", 7)
    monkeypatch.setattr(writing, "_PIECE", 4)
    analytics.write_tables(store, tmp_path, zone=ZONE, now=NOW, progress=heard.append)
    assert heard == [7, 14, 21, 28]
    opened = analytics.open_tables(duckdb, tmp_path)
    assert sorted(opened.opportunity.id.to_pyarrow().to_pylist()) == sorted(record.id for record in DEALS)
    assert opened.team_member.count().to_pyarrow().as_py() == sum(len(record.team) for record in DEALS)


@pytest.mark.parametrize(
    "about", [None, "[", "{}", "[1]", "[" * 100_000, '{"format": 2, "zone": "UTC"}', '{"format": 1, "zone": "Nowhere"}']
)
def test_other_folders_are_no_tables(duckdb: Any, tmp_path: Path, about: str | None):
    """PIPE-2, REL-8: nothing there, something else, a later format."""
    analytics.write_tables(MemoryStore(), tmp_path, zone=ZONE, now=NOW)
    if about is None:
        (tmp_path / "salesflow.json").unlink()
    else:
        (tmp_path / "salesflow.json").write_text(about)
    with pytest.raises(sf.InvalidInput, match="folder"):
        analytics.open_tables(duckdb, tmp_path)


def test_tables_that_are_not_whole_or_others(duckdb: Any, tmp_path: Path):
    """PIPE-2, REL-8: a table is cut off, missing or has other columns; a file beside it is not read."""
    store = MemoryStore()
    store.save(unit(*map(new, DEALS)))
    analytics.write_tables(store, tmp_path, zone=ZONE, now=NOW)
    stay, deals = tmp_path / "stay" / "part-0.parquet", tmp_path / "opportunity"
    whole, others = stay.read_bytes(), (deals / "part-0.parquet").read_bytes()
    (deals / "part-1.parquet").write_bytes(others)
    assert analytics.open_tables(duckdb, tmp_path).opportunity.count().to_pyarrow().as_py() == len(DEALS)
    for content in (whole[:200], b"", others):
        stay.write_bytes(content)
        with pytest.raises(sf.InvalidInput, match="folder"):
            analytics.open_tables(duckdb, tmp_path)
    stay.unlink()
    with pytest.raises(sf.InvalidInput, match="folder"):
        analytics.open_tables(duckdb, tmp_path)


def test_tables_of_another_zone_are_refused(duckdb: Any, tmp_path: Path):
    """HIST-2: days were worked out when they were written."""
    run = worked(0)
    analytics.write_tables(run.store, tmp_path, zone="UTC", now=NOW)
    assert json.loads((tmp_path / "salesflow.json").read_text())["zone"] == "UTC"
    with pytest.raises(sf.InvalidInput, match="zone"):
        run.flow.acting_as(sorted(run.books.people.employees)[0]).pipeline_over(analytics.open_tables(duckdb, tmp_path))


def test_who_may_not_have_a_figure_is_refused(duckdb: Any, tmp_path: Path):
    """ACC-26, VIS-16: whoever is unknown sees nothing, in tables too."""
    run = worked(0)
    analytics.write_tables(run.store, tmp_path, zone=ZONE, now=NOW)
    tables = analytics.open_tables(duckdb, tmp_path)
    with pytest.raises(sf.InvalidInput, match="scene"):
        run.flow.acting_as(sorted(run.books.people.employees)[0]).pipeline_over(tables).funnel("none", process="tender")


def test_groupings_that_there_are_not(tables: analytics.Tables):
    """PIPE-2: an unknown name, a function, departments that nobody told."""
    for by in ("colour", "department"):
        with pytest.raises(sf.InvalidInput):
            analytics.win_rates(tables, EVERYTHING, by)
    with pytest.raises(sf.InvalidInput, match="function"):
        analytics.velocity(tables, EVERYTHING, lambda record: record.owner)  # type: ignore[arg-type]
    assert set(grouping.ONE_OF) == set(sf.pipeline.GROUPINGS)


@pytest.mark.parametrize("limit", [0, 10_001, True, "5"])
def test_a_list_of_events_has_an_end(tables: analytics.Tables, limit: Any):
    """PIPE-3: from one to ten thousand; the first ones come."""
    since, until = datetime(2020, 1, 1, tzinfo=UTC), NOW
    with pytest.raises(sf.InvalidInput, match="limit"):
        analytics.moved(tables, EVERYTHING, since, until, limit=limit)
    everything = analytics.moved(tables, EVERYTHING, since, until)
    assert analytics.moved(tables, EVERYTHING, since, until, limit=3) == everything[:3]


def test_a_list_of_events_goes_on(duckdb: Any, tmp_path: Path):
    """PIPE-3: page by page each event comes once, though many happened at one moment."""
    told = odd_histories(Random(7), 24, ("li", "wang"))
    analytics.write_tables(kept(told), tmp_path, zone=ZONE, now=NOW)
    tables = analytics.open_tables(duckdb, tmp_path)
    everything = analytics.moved(tables, EVERYTHING, EARLIEST, LATEST)
    page = found = analytics.moved(tables, EVERYTHING, EARLIEST, LATEST, limit=5)
    while page:
        page = analytics.moved(tables, EVERYTHING, EARLIEST, LATEST, limit=5, after=page[-1])
        found += page
    assert found == everything
    assert len(everything) > 10


def test_engines_round_as_python_does(duckdb: Any, tmp_path: Path):
    """PIPE-1, PIPE-2: a cut just between two milliseconds, and a sum in an application of few digits."""
    deal = evolve(DEALS[1], voided=False, amount=sf.Money("123456789.12", "CNY"))
    visits = [
        StageVisit(
            number, "qualification", NOW, StageEntry.CREATED, NOW + timedelta(milliseconds=took), StageExit.ADVANCED
        )
        for number, took in enumerate((1, 9, 11, 16), 1)
    ]
    deals, process = [evolve(deal, visits=tuple(visits))], sf.templates.builtin()["crm2000"]
    store = MemoryStore()
    store.save(unit(*map(new, deals)))
    analytics.write_tables(store, tmp_path, zone=ZONE, now=NOW)
    tables = analytics.open_tables(duckdb, tmp_path)
    assert analytics.stage_times(tables, EVERYTHING, process, NOW) == pipeline.stage_times(deals, process, NOW)
    with localcontext(prec=5):
        plain = pipeline.board(deals, process, now=NOW, today=NOW.date())
        assert analytics.board(tables, EVERYTHING, process) == without_cards(plain)
