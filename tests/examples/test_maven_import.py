"""The Maven CRM data set through the public API alone: files in, figures out, as each manager sees them."""

import json
import os
from decimal import Decimal
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

import salesflow as sf
from salesflow.files.organization import load_organization

DATA = Path(os.environ.get("SALESFLOW_DATA", "../shared/data")) / "maven_crm"
EXAMPLE = Path("examples/maven")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Maven CRM data is not there: set SALESFLOW_DATA")


@pytest.fixture(scope="module", params=["memory", pytest.param("sql", marks=pytest.mark.long)])
def imported(request, tmp_path_factory):
    """The flow after the import, with the import's report."""
    store: Any = sf.MemoryStore()
    if request.param == "sql":
        sql = pytest.importorskip("salesflow.stores.sql", reason="the SQL store is not here")
        store = sql.SqlStore(f"sqlite:///{tmp_path_factory.mktemp('maven') / 'maven.db'}")
    flow = sf.SalesFlow(
        store=store,
        organization=load_organization(EXAMPLE / "organization.toml", folder=DATA),
        processes=[sf.templates.load(EXAMPLE / "process.toml")],
    )
    files = flow.acting_as("importer").files
    report = files.import_csv(DATA / "sales_pipeline.csv", EXAMPLE / "opportunities.toml")
    yield flow, report
    if request.param == "sql":
        store.close()


@pytest.fixture(scope="module")
def expected():
    return json.loads((DATA / "EXPECTED.json").read_text(encoding="utf-8"))


def seen_by(flow: sf.SalesFlow, person: str) -> list[sf.Opportunity]:
    """Everything that the person sees, page by page."""
    found: list[sf.Opportunity] = []
    after = None
    while True:
        page = flow.acting_as(person).opportunities.list("all", order_by="id", limit=1000, after=after)
        found += page.items
        after = page.after
        if after is None:
            return found


def block(seen: list[sf.Opportunity]) -> dict[str, Any]:
    """The figures of one block of EXPECTED.json, of these records."""
    won, lost = ([deal for deal in seen if deal.status == status] for status in ("won", "lost"))
    still = [deal for deal in seen if not deal.is_completed]
    days = {
        deal.id: (deal.actual_close_date - deal.visits[-1].entered_at.date()).days
        for deal in (*won, *lost)
        if deal.actual_close_date and deal.visits[-1].entered_at
    }
    value = sum((deal.actual_amount.amount for deal in won if deal.actual_amount), Decimal(0))

    def middle(deals: list[sf.Opportunity]) -> float | None:
        return median(days[deal.id] for deal in deals) if deals else None

    return {
        "opportunities": len(seen),
        "won": len(won),
        "lost": len(lost),
        "open": len(still),
        "engaging": sum(deal.stage == "engaging" for deal in still),
        "prospecting": sum(deal.stage == "prospecting" for deal in still),
        "won_value": float(value),
        "avg_won_value": round(float(value / len(won)), 2),
        "win_rate": round(len(won) / (len(won) + len(lost)), 6),
        "median_days_to_close_won": middle(won),
        "median_days_to_close_lost": middle(lost),
        "median_days_to_close_all": middle([*won, *lost]),
        "mean_days_to_close_won": round(mean(days[deal.id] for deal in won), 6),
        "open_value_at_list_price": float(sum(deal.amount.amount for deal in still if deal.amount)),
    }


def test_the_report_says_what_came_and_what_was_missing(imported, expected):
    """IO-1, IO-3: 8,800 rows, none refused; what the files lack and what they misspell is counted."""
    flow, report = imported
    stages, quality = expected["per_stage"], expected["quality"]

    assert (report.imported, report.refused, report.problems) == (expected["rows"]["opportunities"], 0, ())
    assert report.made == {"customer": expected["rows"]["accounts"]}
    assert report.missing == {
        "customer": quality["rows_without_account"],
        "entered_at": sum(stage["missing_engage_date"] for stage in stages.values()),
        "close_date": sum(stage["missing_close_date"] for stage in stages.values()),
    }
    assert report.respelled == {"product: GTXPro": quality["pipeline_rows_with_GTXPro"]}
    assert flow.acting_as("importer").customers.count(cap=None) == expected["rows"]["accounts"]


def test_overall_figures_agree(imported, expected):
    """IO-3, PIPE-2: what the head of sales sees adds up to the data set, to the last digit."""
    flow, _ = imported
    assert block(seen_by(flow, "Head of Sales")) == expected["overall"]


def test_each_stage_agrees(imported, expected):
    """IO-3: count, values sold and expected, and what is missing, per stage and outcome."""
    flow, _ = imported
    deals = seen_by(flow, "Head of Sales")
    parts = {
        "Prospecting": [deal for deal in deals if not deal.is_completed and deal.stage == "prospecting"],
        "Engaging": [deal for deal in deals if not deal.is_completed and deal.stage == "engaging"],
        "Won": [deal for deal in deals if deal.status == "won"],
        "Lost": [deal for deal in deals if deal.status == "lost"],
    }
    assert {
        name: {
            "count": len(found),
            "close_value_sum": float(sum(deal.actual_amount.amount for deal in found if deal.actual_amount)),
            "missing_account": sum(deal.customer is None for deal in found),
            "missing_engage_date": sum(deal.visits[-1].entered_at is None for deal in found),
            "missing_close_date": sum(deal.actual_close_date is None for deal in found),
            "list_price_sum": float(sum(deal.amount.amount for deal in found if deal.amount)),
        }
        for name, found in parts.items()
    } == expected["per_stage"]


@pytest.mark.parametrize("level", ["per_manager", "per_regional_office"])
def test_what_each_head_sees_agrees(imported, expected, level):
    """VIS-1, VIS-8: a manager sees the deals of their agents, the head of an office those of all its managers."""
    flow, _ = imported
    prefix = "" if level == "per_manager" else "Head of "
    assert {name: block(seen_by(flow, prefix + name)) for name in expected[level]} == expected[level]


def test_how_many_each_sees_agrees(imported, expected):
    """VIS-16: counts of what managers, offices and headquarters see."""
    flow, _ = imported
    wanted = expected["visible_opportunity_counts"]

    def count(person: str) -> int:
        return flow.acting_as(person).opportunities.count(cap=None)

    assert {name: count(name) for name in wanted["manager"]} == wanted["manager"]
    assert {name: count(f"Head of {name}") for name in wanted["regional_office"]} == wanted["regional_office"]
    assert count("Head of Sales") == wanted["headquarters"]


def test_importing_again_changes_nothing(imported, expected):
    """IO-1: the same file, by the same person, once more."""
    flow, first = imported
    files = flow.acting_as("importer").files
    report = files.import_csv(DATA / "sales_pipeline.csv", EXAMPLE / "opportunities.toml", dry_run=True)
    assert (report.imported, report.unchanged, report.made) == (0, first.imported, {})
