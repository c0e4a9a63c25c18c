"""The Maven CRM data through the facade: each manager's figures agree with pandas and SQLite (EXPECTED.json)."""

import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest

import salesflow as sf
from examples import maven_crm
from examples.maven_crm import DATA, HEAD, Loaded

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Maven CRM data is not there: set SALESFLOW_DATA")

OFFICES = ("Central", "East", "West")


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return maven_crm.load()


@pytest.fixture(scope="module")
def expected() -> Any:
    return json.loads((DATA / "EXPECTED.json").read_text(encoding="utf-8"))


def figures(seen: sf.Acting) -> dict[str, float | None]:
    """Return one person's figures in the form of a block of EXPECTED.json."""
    early, late, won, lost, invalid = seen.opportunities.board().columns
    assert (early.code, late.code, won.code, lost.code, invalid.count) == ("prospecting", "engaging", "won", "lost", 0)
    rates, cycle = seen.pipeline.win_rates().overall, seen.pipeline.sales_cycle()
    assert (rates.won, rates.lost) == (won.count, lost.count)
    value = rates.won_value.of("USD")
    return {
        "opportunities": seen.opportunities.count(cap=None),
        "won": won.count,
        "lost": lost.count,
        "open": early.count + late.count,
        "engaging": late.count,
        "prospecting": early.count,
        "won_value": float(value),
        "avg_won_value": round(float(value / won.count), 2) if won.count else None,
        "win_rate": None if rates.rate is None else round(rates.rate, 6),
        "median_days_to_close_won": cycle.won.median,
        "median_days_to_close_lost": cycle.lost.median,
        "median_days_to_close_all": cycle.completed.median,
        "mean_days_to_close_won": None if cycle.won.mean is None else round(cycle.won.mean, 6),
        "open_value_at_list_price": float(early.amount.of("USD") + late.amount.of("USD")),
    }


def every(seen: sf.Acting, scene: str = "all") -> Iterator[sf.Opportunity]:
    """Give all that a person sees in a scene, page by page."""
    after = None
    while True:
        page = seen.opportunities.list(scene, order_by="id", limit=1000, after=after)
        yield from page.items
        if not page.has_more:
            return
        after = page.after


def test_everything_is_taken_in(loaded: Loaded, expected: Any) -> None:
    """IO-3: no row is refused; what is missing and what was respelled is counted."""
    assert (loaded.report.imported, loaded.report.unchanged, loaded.report.problems) == (8800, 0, ())
    stages = expected["per_stage"]
    assert loaded.report.missing == {
        "customer": expected["quality"]["rows_without_account"],
        "close_date": stages["Engaging"]["missing_close_date"] + stages["Prospecting"]["missing_close_date"],
        "entered_at": stages["Prospecting"]["missing_engage_date"],
    }
    assert loaded.respelled == {"GTXPro": expected["quality"]["pipeline_rows_with_GTXPro"]}


def test_overall_figures_agree(loaded: Loaded, expected: Any) -> None:
    """PIPE-1, PIPE-2: the head of sales, who sees everything, gets every figure to the last digit."""
    assert figures(loaded.flow.acting_as(HEAD)) == expected["overall"]


def test_each_managers_figures_agree(loaded: Loaded, expected: Any) -> None:
    """VIS-1, VIS-16, PIPE-2: each manager gets the figures of exactly their own agents' opportunities."""
    assert set(loaded.managers) == set(expected["per_manager"])
    for manager in loaded.managers:
        assert figures(loaded.flow.acting_as(manager)) == expected["per_manager"][manager], manager


def test_each_offices_figures_agree(loaded: Loaded, expected: Any) -> None:
    """ORG-2, VIS-12: the head of an office, two levels up, gets those of both its managers together."""
    for office in OFFICES:
        assert figures(loaded.flow.acting_as(f"Head of {office}")) == expected["per_regional_office"][office]


def test_each_stage_agrees(loaded: Loaded, expected: Any) -> None:
    """PIPE-1, IO-3: per stage the count, what was sold, the list price, and what is missing."""
    head = loaded.flow.acting_as(HEAD)
    board = head.opportunities.board()
    found = {}
    for name, wanted in expected["per_stage"].items():
        column = board.column(name.lower())
        assert column is not None
        held = [deal for deal in every(head) if name.lower() == (deal.status if deal.is_completed else deal.stage)]
        found[name] = {
            "count": column.count,
            "close_value_sum": float(column.amount.of("USD")) if column.status != "in_progress" else 0.0,
            "missing_account": sum(deal.customer is None for deal in held),
            "missing_engage_date": sum(deal.visits[-1].entered_at is None for deal in held),
            "missing_close_date": sum(deal.close_date is None and deal.actual_close_date is None for deal in held),
            "list_price_sum": sum(float(deal.amount.amount) for deal in held if deal.amount is not None),
        }
        assert column.count == len(held) == wanted["count"]
    assert found == expected["per_stage"]


def test_nobody_sees_another_teams(loaded: Loaded) -> None:
    """VIS-16, VIS-17: what two managers see has nothing in common, and the other's reads as absent."""
    first, second = (loaded.flow.acting_as(manager) for manager in loaded.managers[:2])
    theirs = {deal.id for deal in every(first)}
    assert theirs.isdisjoint(deal.id for deal in every(second))
    hidden = min(theirs)
    assert loaded.flow.why(first.person, hidden).is_visible
    assert not loaded.flow.why(second.person, hidden).is_visible
    with pytest.raises(sf.NotFound):
        second.opportunities.get(hidden)


def test_what_is_missing_stands_in_the_way(loaded: Loaded) -> None:
    """IO-3: an opportunity that arrived without a customer says so before its next move."""
    head = loaded.flow.acting_as(HEAD)
    bare = next(deal for deal in every(head) if deal.customer is None and deal.stage == "prospecting")
    advance = next(move for move in head.opportunities.moves(bare) if move.operation == "advance")
    assert {reason.code for reason in advance.blockers} == {"arrival_incomplete"}
    assert {reason.facts["field"] for reason in advance.blockers} >= {"customer"}


def test_taking_it_in_twice_changes_nothing(loaded: Loaded, expected: Any) -> None:
    """IO-1: the same rows again are all known, and every figure stays."""
    again = list(every(loaded.flow.acting_as(HEAD)))[:50]
    arrivals = [
        sf.ImportedOpportunity(id=deal.id, name=deal.name, owner=deal.owner, process="maven", stage=deal.stage)
        for deal in again
    ]
    report = loaded.flow.acting_as("importer").files.import_opportunities(arrivals)
    assert (report.imported, report.unchanged) == (0, 50)
    assert figures(loaded.flow.acting_as(HEAD)) == expected["overall"]


def test_the_program_prints_the_same_figures(expected: Any) -> None:
    """Two commands: a line per manager with the win rate and the value, and a proof for and against."""
    text = StringIO()
    with redirect_stdout(text):
        maven_crm.main()
    lines = text.getvalue().splitlines()
    for manager, wanted in expected["per_manager"].items():
        line = next(line for line in lines if line.startswith(f"{manager:<20}"))
        assert f"{wanted['win_rate']:.2%}" in line
        assert line.endswith(f"{wanted['won_value']:,.0f}")
    assert "not visible" in lines
    assert any(line.startswith("visible: owner ") for line in lines)
