"""
8,800 opportunities of the Maven CRM data set, taken in through the facade and read as each manager sees them.

The data stays where it is: in `maven_crm` below $SALESFLOW_DATA. Invented here are the heads of the regional
offices, one head of sales above them, the boundaries of the grades and the reason of every loss.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import salesflow as sf

DATA = Path(os.environ.get("SALESFLOW_DATA", Path(__file__).parents[2] / "shared" / "data")) / "maven_crm"
HEAD = "Head of Sales"
PROCESS = Path(__file__).parent / "maven" / "process.toml"
OUTCOMES = {"Won": sf.OpportunityStatus.WON, "Lost": sf.OpportunityStatus.LOST}
SPELLINGS = {"GTXPro": "GTX Pro"}  # the two files disagree


class Loaded(NamedTuple):
    """What came out of the files: the flow, the managers, the import's report, and how many products were respelled."""

    flow: sf.SalesFlow
    managers: list[str]
    report: sf.ImportReport
    respelled: Counter[str]


def rows(data: Path, name: str) -> list[dict[str, str]]:
    """Return the rows of one file by column."""
    with (data / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def organization(teams: list[dict[str, str]]) -> sf.Organization:
    """Return the agents under their managers, those under the heads of the offices, and one head above all."""
    offices = dict.fromkeys(team["regional_office"] for team in teams)
    managers = {team["manager"]: team["regional_office"] for team in teams}
    return sf.Organization(
        [
            sf.Employee(HEAD),
            *(sf.Employee(f"Head of {office}", manager=HEAD, department=office) for office in offices),
            *(sf.Employee(name, manager=f"Head of {office}", department=office) for name, office in managers.items()),
            *(
                sf.Employee(team["sales_agent"], manager=team["manager"], department=team["regional_office"])
                for team in teams
            ),
        ],
        [sf.Department(office, head=f"Head of {office}") for office in offices],
        administrators={"importer"},
    )


def arrivals(data: Path, customers: dict[str, str], respelled: Counter[str]) -> Iterator[sf.ImportedOpportunity]:
    """Give each opportunity with its past, as far as the files know it; what they do not know stays None."""
    price = {row["product"]: sf.Money(row["sales_price"], "USD") for row in rows(data, "products")}
    for row in rows(data, "sales_pipeline"):
        product = SPELLINGS.get(row["product"], row["product"])
        respelled[row["product"]] += product != row["product"]
        outcome = OUTCOMES.get(row["deal_stage"])
        yield sf.ImportedOpportunity(
            id=row["opportunity_id"], name=product, owner=row["sales_agent"], process="maven",
            stage="prospecting" if row["deal_stage"] == "Prospecting" else "engaging",
            entered_at=moment(row["engage_date"]), closed_at=moment(row["close_date"]),
            customer=customers[row["account"]] if row["account"] else None, amount=price[product], outcome=outcome,
            actual_amount=sf.Money(row["close_value"], "USD") if outcome is sf.OpportunityStatus.WON else None,
            reason="other" if outcome is sf.OpportunityStatus.LOST else None,
        )  # fmt: skip


def moment(day: str) -> datetime | None:
    """Return the start of a day in UTC, or None where the file has no day."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None


def load(data: Path = DATA) -> Loaded:
    """Take the whole data set into a store in memory."""
    teams = rows(data, "sales_teams")
    upper, boundary, lower = (sf.Money(amount, "USD") for amount in (5_000, 3_000, 1_000))
    flow = sf.SalesFlow(
        store=sf.MemoryStore(), organization=organization(teams), processes=[sf.templates.load(PROCESS)],
        grading=sf.grading.AmountPolicy(boundary, upper=upper, lower=lower),
    )  # fmt: skip
    importer = flow.acting_as("importer")
    customers = {
        row["account"]: importer.customers.create(row["account"], owner=HEAD).id for row in rows(data, "accounts")
    }
    respelled: Counter[str] = Counter()
    report = importer.files.import_opportunities(arrivals(data, customers, respelled))
    return Loaded(flow, sorted({team["manager"] for team in teams}), report, +respelled)


def main() -> None:
    """Print what was taken in, each manager's figures, and why one sees an opportunity and another does not."""
    flow, managers, report, respelled = load()
    print(f"Maven CRM: {report.imported:,} opportunities taken in, {len(report.problems)} rows refused")
    print("  arrived without", ", ".join(f"{field}: {count:,}" for field, count in report.missing.items()))
    print("  respelled", ", ".join(f"{name} as {SPELLINGS[name]}: {count:,}" for name, count in respelled.items()))
    print(f"\n{'as seen by':<20}{'prospecting':>12}{'engaging':>10}{'open, USD':>12}{'won':>8}{'lost':>8}", end="")
    print(f"{'win rate':>10}{'won, USD':>14}")
    for person in (HEAD, *managers):
        seen = flow.acting_as(person)
        early, late, won, lost, _invalid = seen.opportunities.board().columns
        open_value = early.amount.of("USD") + late.amount.of("USD")
        rate = seen.pipeline.win_rates().overall.rate or 0
        print(f"{person:<20}{early.count:>12,}{late.count:>10,}{open_value:>12,}", end="")
        print(f"{won.count:>8,}{lost.count:>8,}{rate:>10.2%}{won.amount.of('USD'):>14,}")
    largest = flow.acting_as(managers[0]).opportunities.list("won", order_by="-amount", limit=1).items[0]
    for person in managers[:2]:
        print(f"\nDoes {person} see {largest.name} {largest.id}?", flow.why(person, largest), sep="\n")


if __name__ == "__main__":
    main()
