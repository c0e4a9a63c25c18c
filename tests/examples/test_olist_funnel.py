"""The Olist funnel: real leads imported, handed over, converted and won; totals by source and month (LEAD-2)."""

from __future__ import annotations

import csv
from collections import Counter
from contextlib import redirect_stdout
from datetime import datetime
from io import StringIO
from typing import Any

import pytest

import salesflow as sf
from examples.olist import funnel as olist
from examples.olist.funnel import DATA, DEALS, LEADS, ZONE, Funnel
from salesflow.model import RECORD_CLASSES
from salesflow.ports import Query
from salesflow.visibility import EVERYTHING

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Olist funnel data is not there: set SALESFLOW_DATA")


def read(name: str) -> list[dict[str, str]]:
    """The rows of a file."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def funnel() -> Funnel:
    made = olist.open_funnel(sf.MemoryStore())
    report = olist.take_in(made)
    assert (report.imported, report.unchanged, report.problems) == (8_000, 0, ())
    assert olist.win(made) == 842
    return made


def test_olist_conversion_by_source_is_that_of_the_files(funnel: Funnel):
    """LEAD-16, LEAD-6: a lead is a row of one file, won if it stands in the other; an empty origin is none."""
    won = {deal["mql_id"] for deal in read(DEALS)}
    leads = Counter(lead["origin"] for lead in read(LEADS))
    converted = Counter(lead["origin"] for lead in read(LEADS) if lead["mql_id"] in won)
    returns = funnel.flow.acting_as("importer").pipeline.sources()
    assert {line.source or "": (line.leads, line.converted, line.won) for line in returns.sources} == {
        origin: (leads[origin], converted[origin], converted[origin]) for origin in leads
    }
    assert sum(line.leads for line in returns.sources) == 8_000
    assert sum(line.won for line in returns.sources) == 842


def test_olist_conversion_by_month_is_that_of_the_files(funnel: Funnel):
    """LEAD-2, LEAD-6: by the month of the first contact."""
    won = {deal["mql_id"] for deal in read(DEALS)}
    leads = Counter(lead["first_contact_date"][:7] for lead in read(LEADS))
    converted = Counter(lead["first_contact_date"][:7] for lead in read(LEADS) if lead["mql_id"] in won)
    assert olist.by_month(funnel) == {month: (leads[month], converted[month]) for month in sorted(leads)}


def test_olist_hand_over_from_the_first_owner_to_the_second(funnel: Funnel):
    """LEAD-4, LEAD-6: the lead was the first one's, is the second's; its deal was won at that very second."""
    pairs = Counter((deal["sdr_id"], deal["sr_id"]) for deal in read(DEALS))
    assert len(pairs) == 224
    assert sum(count for (first, second), count in pairs.items() if first == second) == 5
    root = funnel.flow.acting_as("importer")
    for deal in read(DEALS):
        history = root.leads.history(deal["mql_id"])
        owners = [change.after for event in history for change in event.changes if change.field == "owner"]
        assert owners == list(dict.fromkeys((deal["sdr_id"], deal["sr_id"])))
        lead: Any = root.leads.get(deal["mql_id"])
        assert lead.conversion is not None
        made = root.opportunities.get(lead.conversion.opportunity or "")
        assert (made.owner, made.status, made.source) == (deal["sr_id"], "won", lead.source)
        assert made.closing is not None
        assert made.closing.at is not None
        assert made.closing.at.astimezone(ZONE).replace(tzinfo=None) == datetime.fromisoformat(deal["won_date"])


def everything(funnel: Funnel) -> dict[str, Any]:
    """All that the store holds, with how much happened."""
    store: Any = funnel.flow._kernel.store
    held = {kind: store.query(Query(kind, EVERYTHING)) for kind in RECORD_CLASSES}
    return {"records": held, "events": len(store.outbox(0, 10_000_000))}


def test_olist_twice_changes_nothing(funnel: Funnel):
    """IO-1, HIST-3: the file again, and every hand-over, conversion and win again with its key."""
    before = everything(funnel)
    report = olist.take_in(funnel)
    assert (report.imported, report.unchanged, report.problems) == (0, 8_000, ())
    assert olist.win(funnel) == 842
    assert everything(funnel) == before


def test_olist_example_prints_both_tables():
    """LEAD-16: as a program, on its own."""
    with redirect_stdout(StringIO()) as printed:
        olist.main()
    assert "8,000 leads taken in, 842 handed over, converted and won" in printed.getvalue()
    assert "(missing)" in printed.getvalue()
    assert "2018-05" in printed.getvalue()
