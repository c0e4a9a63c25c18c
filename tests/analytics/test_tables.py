"""Writing, opening and narrowing the tables that figures of any size are made from (PIPE-2, VIS-15)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pytest

import salesflow as sf
from salesflow import analytics
from salesflow.analytics import grouping, writing
from salesflow.stores import MemoryStore
from salesflow.testing.records import FILTERS, many_opportunities, new, unit
from salesflow.visibility import KnownBy, Names, TeamIn
from salesflow.visibility.filters import EVERYTHING, AllOf, FieldCompare, Filter, Negation, PoolIn
from tests.analytics.figures import NOW, ZONE, agree, worked

DEALS = many_opportunities()

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
    """VIS-15: nobody sees a figure of what could not be decided; an unknown node is no exception."""
    with pytest.raises(sf.InvalidInput, match="filter"):
        analytics.losses(tables, node)


def test_the_figures_of_a_company_at_work(duckdb: Any, tmp_path: Path):
    """PIPE-1 to PIPE-4, VIS-16: by every grouping, of what was really done."""
    run = worked(250)
    heard: list[int] = []
    analytics.write_tables(run.store, tmp_path, zone=ZONE, now=run.clock.now(), progress=heard.append)
    assert heard == []  # it is told at every thousand
    people = run.books.people
    agree(run.flow.acting_as(sorted(people.employees)[0]), analytics.open_tables(duckdb, tmp_path), "all", "tender")


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


@pytest.mark.parametrize("about", [None, "[", "{}", "[1]", '{"format": 2, "zone": "UTC"}'])
def test_other_folders_are_no_tables(duckdb: Any, tmp_path: Path, about: str | None):
    """PIPE-2, REL-8: nothing there, something else, a later format."""
    if about is not None:
        (tmp_path / "salesflow.json").write_text(about)
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
