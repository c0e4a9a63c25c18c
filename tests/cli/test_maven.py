"""The Maven CRM data through the command line: what `--json` says equals EXPECTED.json, made without salesflow."""

import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calls import answered

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "maven"
DATA = Path(os.environ.get("SALESFLOW_DATA", ROOT.parent / "shared" / "data")) / "maven_crm"
HEAD = "Head of Sales"
Told = Callable[[str], tuple[Any, Any]]

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Maven CRM data is not there: set SALESFLOW_DATA")


@pytest.fixture(scope="module")
def expected() -> Any:
    return json.loads((DATA / "EXPECTED.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The options of a database that the whole data set was imported into; its report says what was missing."""
    database = tmp_path_factory.mktemp("maven") / "maven.db"
    where = ["--db", f"sqlite:///{database}", "--org", EXAMPLE / "organization.toml", "--org-folder", DATA]
    where += ["--processes", EXAMPLE / "process.toml"]
    source = [DATA / "sales_pipeline.csv", "--map", EXAMPLE / "opportunities.toml"]
    told = answered("import", *source, *where, "--as", "importer")
    assert (told["imported"], told["refused"], told["made"]) == (8800, 0, {"customer": 85})
    assert told["respelled"] == {"product: GTXPro": 1480}
    return where


@pytest.fixture(scope="module")
def told(where: list[Any]) -> Told:
    """What `board` and `pipeline` answer to a person; each is asked once."""
    return cache(
        lambda person: (answered("board", *where, "--as", person), answered("pipeline", *where, "--as", person))
    )


def block(told: tuple[Any, Any]) -> dict[str, Any]:
    """Return one person's figures in the form of a block of EXPECTED.json."""
    boards, pipeline = told
    (board,) = boards["boards"]
    columns = {column["code"]: column for column in board["columns"]}
    rates, cycle = pipeline["win_rates"]["overall"], pipeline["sales_cycle"]
    value = float(rates["won_value"]["USD"])
    still = [columns["prospecting"], columns["engaging"]]
    return {
        "opportunities": sum(column["count"] for column in board["columns"]),
        "won": rates["won"],
        "lost": rates["lost"],
        "open": sum(column["count"] for column in still),
        "engaging": columns["engaging"]["count"],
        "prospecting": columns["prospecting"]["count"],
        "won_value": value,
        "avg_won_value": round(value / rates["won"], 2),
        "win_rate": round(rates["rate"], 6),
        "median_days_to_close_won": cycle["won"]["median"],
        "median_days_to_close_lost": cycle["lost"]["median"],
        "median_days_to_close_all": cycle["completed"]["median"],
        "mean_days_to_close_won": round(cycle["won"]["mean"], 6),
        "open_value_at_list_price": float(sum(float(column["amount"].get("USD", 0)) for column in still)),
    }


def test_overall_figures_agree(told: Told, expected: Any) -> None:
    """IO-3, PIPE-1, PIPE-2: the head of sales gets every figure of the data set to the last digit."""
    assert block(told(HEAD)) == expected["overall"]


@pytest.mark.parametrize("places", [slice(1), pytest.param(slice(1, None), marks=pytest.mark.long)])
@pytest.mark.parametrize(("level", "prefix"), [("per_manager", ""), ("per_regional_office", "Head of ")])
def test_each_heads_figures_agree(told: Told, expected: Any, level: str, prefix: str, places: slice) -> None:
    """VIS-1, VIS-8, VIS-16: each manager, and each head of an office, gets the figures of their own agents alone."""
    counts = expected["visible_opportunity_counts"][level.removeprefix("per_")]
    for name, wanted in list(expected[level].items())[places]:
        found = block(told(prefix + name))
        assert found == wanted, name
        assert found["opportunities"] == counts[name]


def test_the_list_agrees_stage_by_stage(where: list[Any], expected: Any) -> None:
    """IO-3: `list --json`, page by page, has each record, what it is worth, and what the files did not know."""
    deals: list[Any] = []
    after: list[str] = []
    while True:
        page = answered("list", *where, "--as", HEAD, "--order-by", "id", "--limit", 1000, *after)
        deals += page["items"]
        if not page["has_more"]:
            break
        after = ["--after", page["after"]]
    found = {}
    for stage in expected["per_stage"]:
        held = [deal for deal in deals if stage.lower() == deal.get("status", deal["stage"])]
        closings = [deal.get("closings", [{}])[-1] for deal in held]
        found[stage] = {
            "count": len(held),
            "close_value_sum": _sum(closing.get("actual_amount") for closing in closings),
            "missing_account": sum(deal.get("customer") is None for deal in held),
            "missing_engage_date": sum(deal["visits"][-1].get("entered_at") is None for deal in held),
            "missing_close_date": sum(closing.get("at") is None for closing in closings),
            "list_price_sum": _sum(deal.get("amount") for deal in held),
        }
    assert found == expected["per_stage"]


def _sum(amounts: Any) -> float:
    return float(sum(float(amount["amount"]) for amount in amounts if amount is not None))


def test_how_many_are_seen_agrees(told: Told, expected: Any) -> None:
    """VIS-16: what is counted, and what was left out of the count, is what headquarters see."""
    boards, pipeline = told(HEAD)
    for population in (boards["boards"][0]["population"], pipeline["win_rates"]["population"]):
        seen = population["counted"] + population["left_out"]
        assert seen == expected["visible_opportunity_counts"]["headquarters"]


def test_the_wins_of_each_agent_agree(told: Told, expected: Any) -> None:
    """PIPE-2: `pipeline` groups by owner, and each agent's wins, losses and value are theirs."""
    groups = told(HEAD)[1]["win_rates"]["groups"]
    agents = {name: agent for name, agent in expected["per_agent"].items() if agent["won"] + agent["lost"]}
    assert {group["key"]: (group["won"], group["lost"], float(group["won_value"]["USD"])) for group in groups} == {
        name: (agent["won"], agent["lost"], agent["won_value"]) for name, agent in agents.items()
    }
