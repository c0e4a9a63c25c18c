"""PIPE on real input, files in and figures out: EXPECTED.json of the Maven CRM data, through the public API alone."""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import salesflow as sf
from salesflow.files.organization import load_organization
from salesflow.pipeline import RiskList, WinRate, funnel, risks, sales_cycle, stage_times, win_rates
from salesflow.testing import FixedClock

DATA = Path(os.environ.get("SALESFLOW_DATA", "../shared/data")) / "maven_crm"
EXAMPLE = Path("examples/maven")
STAGES = (sf.Stage("prospecting", "Prospecting", probability=10), sf.Stage("engaging", "Engaging", probability=50))
PROCESS = sf.SalesProcess("maven", 1, STAGES)
END = datetime(2017, 12, 31, tzinfo=UTC)
FIRST, LAST = date(2016, 10, 1), END.date()
ZONE = ZoneInfo("UTC")

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Maven CRM data is not there: set SALESFLOW_DATA")


@pytest.fixture(scope="module")
def flow():
    made = sf.SalesFlow(
        store=sf.MemoryStore(),
        organization=load_organization(EXAMPLE / "organization.toml", folder=DATA),
        processes=[PROCESS],
        clock=FixedClock(END),
        time_zone="UTC",
    )
    made.acting_as("importer").files.import_csv(DATA / "sales_pipeline.csv", EXAMPLE / "opportunities.toml")
    return made


@pytest.fixture(scope="module")
def head(flow):
    return flow.acting_as("Head of Sales")


@pytest.fixture(scope="module")
def deals(head):
    return every(head.opportunities)


@pytest.fixture(scope="module")
def sector(head):
    return {customer.id: customer.industry for customer in every(head.customers)}


@pytest.fixture(scope="module")
def expected():
    return json.loads((DATA / "EXPECTED.json").read_text(encoding="utf-8"))


def every(desk: Any) -> list[Any]:
    """All that the person sees, page by page."""
    found: list[Any] = []
    page = desk.list(limit=1000, order_by="id")
    found += page.items
    while page.after is not None:
        page = desk.list(limit=1000, order_by="id", after=page.after)
        found += page.items
    return found


def block(seen: Sequence[sf.Opportunity]) -> dict[str, Any]:
    """One block of EXPECTED.json, out of the figures of these records."""
    rates, cycle = win_rates(seen).overall, sales_cycle(seen, ZONE)
    columns = {column.code: column for column in sf.pipeline.board(seen, PROCESS, now=END, today=LAST).columns}
    value = rates.won_value.of("USD")
    still = [columns["prospecting"], columns["engaging"]]
    return {
        "opportunities": funnel(seen, PROCESS).population.counted,
        "won": rates.won,
        "lost": rates.lost,
        "open": sum(column.count for column in still),
        "engaging": columns["engaging"].count,
        "prospecting": columns["prospecting"].count,
        "won_value": float(value),
        "avg_won_value": round(float(value / rates.won), 2),
        "win_rate": None if rates.rate is None else round(rates.rate, 6),
        "median_days_to_close_won": cycle.won.median,
        "median_days_to_close_lost": cycle.lost.median,
        "median_days_to_close_all": cycle.completed.median,
        "mean_days_to_close_won": None if cycle.won.mean is None else round(cycle.won.mean, 6),
        "open_value_at_list_price": float(sum(column.amount.of("USD") for column in still)),
    }


def parted(deals: Iterable[sf.Opportunity], key_of: Any) -> dict[Any, list[sf.Opportunity]]:
    """The records of each key."""
    parts: dict[Any, list[sf.Opportunity]] = {}
    for deal in deals:
        parts.setdefault(key_of(deal), []).append(deal)
    return parts


def short(rate: WinRate) -> dict[str, Any]:
    """One closing month or quarter as EXPECTED.json has it."""
    return {
        "won": rate.won,
        "won_value": float(rate.won_value.of("USD")),
        "lost": rate.lost,
        "win_rate": round(rate.rate or 0, 6),
    }


def test_overall_and_each_agents_figures_agree_in_maven(flow, deals, expected):
    """PIPE-1, PIPE-2, VIS-1: all together, and what each agent sees as their own; five have nothing."""
    assert block(deals) == expected["overall"]
    agents = {name: every(flow.acting_as(name).opportunities) for name in expected["per_agent"]}
    assert {name: block(seen) for name, seen in agents.items()} == expected["per_agent"]
    for name in expected["agents_without_opportunities"]:
        assert flow.acting_as(name).opportunities.count() == 0


def test_each_product_agrees_in_maven(deals, expected):
    """PIPE-2: the deals are named by their product; list prices are the amounts that were hoped for."""
    found = {}
    for name, members in parted(deals, lambda deal: deal.name).items():
        won = [deal for deal in members if deal.status == "won"]
        listed, sold = (
            sum((amount.amount for amount in amounts if amount), Decimal(0))
            for amounts in ([deal.amount for deal in won], [deal.actual_amount for deal in won])
        )
        price = float(members[0].amount.amount) if members[0].amount else None
        found[name] = block(members) | {"list_price": price, "won_value_over_list": round(float(sold / listed), 6)}
    spelled = {name.replace("GTXPro", "GTX Pro") for name in found}
    assert spelled == set(expected["per_product"])
    assert found == expected["per_product"]


def test_each_sector_agrees_in_maven(deals, sector, expected):
    """PIPE-2: by the customer's industry, which the deal does not hold: a function is a grouping, too."""
    parts = parted(deals, lambda deal: sector.get(deal.customer))
    del parts[None]
    assert {name: block(members) for name, members in parts.items()} == expected["per_sector"]
    groups = win_rates(deals, lambda deal: sector.get(deal.customer)).groups
    told = {group.key: (group.won, group.lost) for group in groups if group.key is not None}
    assert told == {name: (wanted["won"], wanted["lost"]) for name, wanted in expected["per_sector"].items()}


def test_won_and_lost_by_closing_month_and_quarter_agree_in_maven(head, expected):
    """PIPE-2: number, value and rate of what was closed in each month and quarter; what is open is in none."""
    for period, name in (("month", "monthly_closed"), ("quarter", "quarterly_closed")):
        groups = head.pipeline.win_rates(by=f"{period}_closed").groups
        assert {group.key: short(group) for group in groups} == expected[name]


def test_what_entered_and_stood_in_a_stage_agrees_in_maven(head, expected):
    """PIPE-2: how many were engaged in each month, and were still at its end; those without a date are counted."""
    early, engaging = head.pipeline.stage_flow(since=FIRST, until=LAST).stages
    assert {each.label: each.entered for each in engaging.periods} == expected["monthly_engaged"]
    standing = {day: n for day, n in expected["open_engaged_as_of_end_of_day"].items() if day != "_definition"}
    assert {f"{each.last}": each.standing for each in engaging.periods} == standing
    assert (early.without_start, engaging.before) == (expected["overall"]["prospecting"], 0)


def test_the_age_of_what_is_engaging_agrees_in_maven(head, deals, expected):
    """PIPE-2, PIPE-6, OPP-15: how long they have been there, and how many for longer than 90, 180 and 365 days."""
    wanted = expected["engaging_age_days_as_of_2017-12-31"]
    lasting = head.pipeline.stage_times().stages[1].lasting
    assert lasting == stage_times(deals, PROCESS, END).stages[1].lasting
    assert {
        "count": lasting.count,
        "median": float(lasting.median.days),
        "min": lasting.shortest.days,
        "max": lasting.longest.days,
        **{f"over_{days}": stalled(deals, days) for days in (90, 180, 365)},
    } == wanted


def stalled(deals: Sequence[sf.Opportunity], limit_days: int) -> int:
    """How many are engaging for longer than so many days."""
    limited = sf.SalesProcess("maven", 2, [STAGES[0], sf.Stage("engaging", limit_days=limit_days)])
    found: RiskList = risks(deals, now=END, zone=ZONE, process_of=lambda deal: limited)
    return sum(sign.risk == "stalled" for item in found.items for sign in item.signs)


def test_the_best_customers_agree_in_maven(head, expected):
    """PIPE-2: the value won per customer, of which the ten largest are known."""
    names = {customer.id: customer.name for customer in every(head.customers)}
    groups = head.pipeline.win_rates(by="customer").groups
    ranked = sorted(groups, key=lambda group: -group.won_value.of("USD"))[:10]
    assert [
        {"account": names[group.key], "won": group.won, "won_value": float(group.won_value.of("USD"))}
        for group in ranked
    ] == expected["top10_accounts_by_won_value"]


def test_each_level_of_the_line_agrees_in_maven(flow, head, expected):
    """VIS-1, VIS-8, PIPE-2: managers, offices and the head see what is below them; by department it is the same."""
    for level, prefix in (("per_manager", ""), ("per_regional_office", "Head of ")):
        for name, wanted in expected[level].items():
            assert block(every(flow.acting_as(f"{prefix}{name}").opportunities)) == wanted
    offices = {group.key: (group.won, group.lost) for group in head.pipeline.win_rates(by="department").groups}
    assert offices == {name: (each["won"], each["lost"]) for name, each in expected["per_regional_office"].items()}


def test_each_column_and_the_funnel_agree_in_maven(head, expected):
    """PIPE-1, PIPE-2: number, value and missing customers of each stage and outcome; nobody skipped engaging."""
    found = head.opportunities.board()
    for column in found.columns[:4]:
        wanted = expected["per_stage"][column.code.capitalize()]
        worth = "close_value_sum" if column.code == "won" else "list_price_sum"
        assert (column.count, float(column.amount.of("USD"))) == (
            wanted["count"],
            0 if column.code == "lost" else wanted[worth],
        )
        assert sum(card.opportunity.customer is None for card in column.cards) == wanted["missing_account"]
    first, last = head.pipeline.funnel().stages
    overall = expected["overall"]
    assert (first.reached, first.visited, first.open) == (overall["opportunities"], 500, 500)
    assert (last.reached, last.dropped) == (overall["opportunities"] - 500, overall["lost"])
    assert last.conversion == overall["won"] / last.reached


def test_velocity_and_losses_are_of_the_same_deals_in_maven(head, expected):
    """PIPE-2: the parts of the velocity are the figures above; every loss is in one stage, for one reason."""
    found, wanted = head.pipeline.velocity().overall, expected["overall"]
    assert (found.open, found.won, found.lost) == (wanted["open"], wanted["won"], wanted["lost"])
    assert round(found.mean_days or 0, 6) == wanted["mean_days_to_close_won"]
    by_hand = wanted["open"] * wanted["win_rate"] * (wanted["won_value"] / wanted["won"])
    assert float(found.per_day.of("USD")) == pytest.approx(by_hand / wanted["mean_days_to_close_won"], rel=1e-5)
    (loss,) = head.pipeline.losses().by_stage
    assert (loss.outcome, loss.key, loss.count) == ("lost", "engaging", wanted["lost"])
    assert float(loss.amounts.of("USD")) == expected["per_stage"]["Lost"]["list_price_sum"]
    engaging = head.pipeline.chances().stages[1].chance
    assert (engaging.won, engaging.lost) == (wanted["won"], wanted["lost"])
    assert engaging.days_to_win.median == wanted["median_days_to_close_won"]
