"""
8,000 leads of the Olist marketing funnel, and the 842 that became sellers: assigned, handed over, converted and won.

The data stays where it is: in `olist_funnel` below $SALESFLOW_DATA. A lead that was won belongs to its first owner,
who found it, and is handed over to its second, who converts and wins it at the moment that the data says. Whatever is
done here has a key of its own, so that doing it twice changes nothing.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import salesflow as sf

DATA = Path(os.environ.get("SALESFLOW_DATA", Path(__file__).parents[3] / "shared" / "data")) / "olist_funnel"
LEADS, DEALS = "olist_marketing_qualified_leads_dataset.csv", "olist_closed_deals_dataset.csv"
HERE = Path(__file__).parent
ZONE = ZoneInfo("America/Sao_Paulo")
IMPORTED_AT = datetime(2019, 1, 1, tzinfo=UTC)


class SetClock:
    """A clock that shows what it is set to: the past is done at its own time."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return what it is set to."""
        return self.at


class Funnel(NamedTuple):
    """A flow over the data set, and the clock that it goes by."""

    flow: sf.SalesFlow
    clock: SetClock


def closed_deals(data: Path) -> list[dict[str, str]]:
    """Return the leads that were won, by column."""
    with (data / DEALS).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def open_funnel(store: Any, data: Path = DATA) -> Funnel:
    """Return a flow over *store* in which everybody of the data works."""
    deals = closed_deals(data)
    people = dict.fromkeys(deal[role] for deal in deals for role in ("sdr_id", "sr_id"))
    clock = SetClock(IMPORTED_AT)
    flow = sf.SalesFlow(
        store=store, organization=sf.Organization([sf.Employee(id) for id in people], administrators={"importer"}),
        processes=[sf.templates.load(HERE / "seller.toml")], clock=clock, time_zone=ZONE.key,
    )  # fmt: skip
    return Funnel(flow, clock)


def take_in(funnel: Funnel, data: Path = DATA) -> sf.ImportReport:
    """Import the leads; those that are there already stay as they are."""
    funnel.clock.at = IMPORTED_AT
    return funnel.flow.acting_as("importer").files.import_csv(data / LEADS, HERE / "leads.toml", folder=data)


def win(funnel: Funnel, data: Path = DATA) -> int:
    """Hand over, convert and win what was won, in the order of time; return how many."""
    deals = sorted(closed_deals(data), key=lambda deal: deal["won_date"])
    for deal in deals:
        id, closer = deal["mql_id"], deal["sr_id"]
        funnel.clock.at = datetime.fromisoformat(deal["won_date"]).replace(tzinfo=ZONE).astimezone(UTC)
        revenue = sf.Money(deal["declared_monthly_revenue"], "BRL")
        importer, seller = funnel.flow.acting_as("importer"), funnel.flow.acting_as(closer)
        importer.once(f"hand over {id}").leads.assign(id, closer)
        made = seller.once(f"convert {id}").leads.convert(
            id, customer=sf.NewCustomer(deal["seller_id"]),
            opportunity=sf.NewOpportunity(
                deal["seller_id"], process="seller", amount=revenue if revenue.amount else None
            ),
        )  # fmt: skip
        assert made.opportunity is not None
        seller.once(f"win {id}").opportunities.win(made.opportunity.id)
    return len(deals)


def by_month(funnel: Funnel) -> dict[str, tuple[int, int]]:
    """Return, per month of the first contact, how many leads there were and how many were converted."""
    leads: Counter[str] = Counter()
    converted: Counter[str] = Counter()
    desk, after = funnel.flow.acting_as("importer").leads, None
    while True:
        page = desk.list(order_by="id", limit=1000, after=after)
        for lead in page.items:
            assert isinstance(lead, sf.Lead)
            assert lead.created_at is not None
            month = f"{lead.created_at.astimezone(ZONE):%Y-%m}"
            leads[month] += 1
            converted[month] += lead.status == sf.LeadStatus.CONVERTED
        if not page.has_more:
            return {month: (leads[month], converted[month]) for month in sorted(leads)}
        after = page.after


def main() -> None:
    """Print what was taken in, and the conversion by source and by month."""
    funnel = open_funnel(sf.MemoryStore())
    report = take_in(funnel)
    print(f"Olist: {report.imported:,} leads taken in, {win(funnel):,} handed over, converted and won")
    print(f"\n{'source':<20}{'leads':>8}{'won':>6}{'rate':>8}")
    for line in funnel.flow.acting_as("importer").pipeline.sources().sources:
        print(f"{line.source or '(missing)':<20}{line.leads:>8,}{line.converted:>6}{line.converted / line.leads:>8.1%}")
    print(f"\n{'first contact':<20}{'leads':>8}{'won':>6}{'rate':>8}")
    for month, (leads, won) in by_month(funnel).items():
        print(f"{month:<20}{leads:>8,}{won:>6}{won / leads:>8.1%}")


if __name__ == "__main__":
    main()
