"""PIPE-2 on real input: the Maven CRM data set, against figures computed by pandas and SQLite."""

import csv
import json
import os
from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from salesflow.model import (
    Closing,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    SalesProcess,
    Stage,
    StageEntry,
    StageVisit,
)
from salesflow.pipeline import board, funnel, sales_cycle, win_rates
from salesflow.testing.records import make_opportunity

DATA = Path(os.environ.get("SALESFLOW_DATA", "../shared/data")) / "maven_crm"
PROCESS = SalesProcess("maven", 1, (Stage("Prospecting"), Stage("Engaging")))
NOW = datetime(2017, 12, 31, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
OUTCOMES = {"Won": OpportunityStatus.WON, "Lost": OpportunityStatus.LOST}

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Maven CRM data is not there: set SALESFLOW_DATA")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def record(row: dict[str, str], price: dict[str, str]) -> Opportunity:
    outcome = OUTCOMES.get(row["deal_stage"], OpportunityStatus.IN_PROGRESS)
    engaged = datetime.fromisoformat(row["engage_date"]).replace(tzinfo=UTC) if row["engage_date"] else None
    stage = "Prospecting" if row["deal_stage"] == "Prospecting" else "Engaging"
    closings: tuple[Closing, ...] = ()
    if outcome is not OpportunityStatus.IN_PROGRESS:
        sold = Money(row["close_value"], "USD") if outcome is OpportunityStatus.WON else None
        day = date.fromisoformat(row["close_date"])
        chance = Probability(0, ProbabilitySource.STAGE)
        closings = (Closing(1, outcome, stage, None, row["sales_agent"], day, chance, actual_amount=sold),)
    return make_opportunity(
        row["opportunity_id"],
        row["sales_agent"],
        process="maven",
        stage=stage,
        status=outcome,
        customer=row["account"] or None,
        amount=Money(price[row["product"].replace("GTXPro", "GTX Pro")], "USD"),
        visits=(StageVisit(1, stage, engaged, StageEntry.IMPORTED),),
        closings=closings,
        created_at=None,
    )


@pytest.fixture(scope="module")
def expected():
    return json.loads((DATA / "EXPECTED.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def manager():
    return {row["sales_agent"]: row["manager"] for row in rows("sales_teams")}


@pytest.fixture(scope="module")
def deals():
    price = {row["product"]: row["sales_price"] for row in rows("products")}
    return [record(row, price) for row in rows("sales_pipeline")]


def agrees(found: list[Opportunity], wanted: dict) -> None:
    """Whether every figure of one block of EXPECTED.json comes out of these records."""
    shown = board(found, PROCESS, now=NOW, today=NOW.date())
    columns = {column.code: column for column in shown.columns}
    wins = win_rates(found).overall
    cycle = sales_cycle(found, ZONE)
    open_value = sum((columns[code].amount.of("USD") for code in ("Prospecting", "Engaging")), Decimal(0))

    assert {
        "opportunities": shown.population.counted,
        "won": wins.won,
        "lost": wins.lost,
        "open": columns["Prospecting"].count + columns["Engaging"].count,
        "engaging": columns["Engaging"].count,
        "prospecting": columns["Prospecting"].count,
        "won_value": float(wins.won_value.of("USD")),
        "avg_won_value": round(float(wins.won_value.of("USD") / wins.won), 2) if wins.won else None,
        "win_rate": None if wins.rate is None else round(wins.rate, 6),
        "median_days_to_close_won": cycle.won.median,
        "median_days_to_close_lost": cycle.lost.median,
        "median_days_to_close_all": cycle.completed.median,
        "mean_days_to_close_won": None if cycle.won.mean is None else round(cycle.won.mean, 6),
        "open_value_at_list_price": float(open_value),
    } == wanted


def test_overall_figures_agree(deals, expected):
    """PIPE-1, PIPE-2: counts, sums, win rate, median and mean days of all 8,800 deals, to the last digit."""
    agrees(deals, expected["overall"])


@pytest.mark.parametrize("level", ["per_manager", "per_agent"])
def test_each_group_agrees(deals, manager, expected, level):
    """PIPE-2: the same figures for each manager's and each agent's deals."""
    groups = defaultdict(list)
    for deal in deals:
        groups[manager[deal.owner] if level == "per_manager" else deal.owner].append(deal)

    assert set(groups) == set(expected[level])
    for name, wanted in expected[level].items():
        agrees(groups[name], wanted)


def test_grouping_by_a_function_agrees(deals, manager, expected):
    """PIPE-2: win rates grouped by the owner's manager in one call are those of each manager's own deals."""
    found = win_rates(deals, lambda deal: manager[deal.owner])

    assert {group.key: (group.won, group.lost, round(group.rate or 0, 6)) for group in found.groups} == {
        name: (wanted["won"], wanted["lost"], wanted["win_rate"]) for name, wanted in expected["per_manager"].items()
    }


def test_columns_agree(deals, expected):
    """PIPE-1: each stage and outcome has its count, and the values sold or expected."""
    columns = {column.code: column for column in board(deals, PROCESS, now=NOW, today=NOW.date()).columns}
    wanted = expected["per_stage"]

    for code in ("Prospecting", "Engaging", "Won", "Lost"):
        column = columns[code if code in ("Prospecting", "Engaging") else code.lower()]
        assert column.count == wanted[code]["count"]
        worth = "close_value_sum" if code in OUTCOMES else "list_price_sum"
        assert float(column.amount.of("USD")) == wanted[code][worth]
        customers = sum(card.opportunity.customer is None for card in column.cards)
        assert customers == wanted[code]["missing_account"]
    assert win_rates(deals).overall.lost_value.of("USD") == Decimal(str(wanted["Lost"]["list_price_sum"]))


def test_the_funnel_agrees(deals, expected):
    """PIPE-2: only the last stage is known, so that prospecting is reached by all and visited by its own."""
    first, last = funnel(deals, PROCESS).stages
    overall = expected["overall"]

    assert (first.reached, first.visited, first.open) == (overall["opportunities"], 500, 500)
    assert (last.reached, last.dropped) == (overall["opportunities"] - 500, overall["lost"])
    assert last.conversion == overall["won"] / last.reached
