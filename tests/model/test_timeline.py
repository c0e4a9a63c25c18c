"""The history of a record as people read it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from hypothesis import given

import salesflow as sf
from salesflow.model import ProductLine, timeline_of
from salesflow.model.timeline import LONGEST_VALUE
from salesflow.testing import strategies as some
from tests.app.world import SMALL, World


def told(world: World, deal: sf.Opportunity, **how: object) -> str:
    """The history of an opportunity as text."""
    return str(timeline_of(world.acting("root").opportunities.history(deal.id), **how))  # type: ignore[arg-type]


def test_a_history_reads_as_who_did_what_when_and_why():
    """HIST-1: an entry for each decision, with names where they are known, in the zone asked for."""
    world = World()
    deal = world.deal(name="Brakes")
    deal = world.finished(deal)
    world.clock.move(timedelta(days=1, minutes=5))
    deal = world.acting("li").opportunities.advance(deal)
    deal = world.acting("zhang").opportunities.edit(deal, amount=SMALL, custom={"hot": True})
    lost = world.acting("li").opportunities.lose(deal, reason="price", competitor="Globex")
    names = {"li": "李娜", "bidding": "Bidding", "confirm_tender": "Confirm the tender", "price": "too dear"}
    text = told(world, lost, names=names, zone=ZoneInfo("Asia/Shanghai"))
    lines = text.splitlines()
    assert lines[0] == "2026-01-05 17:00  李娜  created"
    assert "    name: – → Brakes" in lines
    assert "    amount: – → 1,200,000 CNY" in lines
    assert "2026-01-05 17:00  李娜  task finished: Confirm the tender, task finished: confirm_qualification" in lines
    assert any(line.startswith("2026-01-06 17:05  李娜  stage left, stage entered") for line in lines)
    assert "    amount: 1,200,000 CNY → 400,000 CNY" in lines
    assert "    custom hot: – → yes" in lines
    assert 'lost "price"' in text
    assert "    closings 1: – → lost, too dear" in lines
    only = told(world, lost, fields=("amount",))
    assert [line for line in only.splitlines() if line.startswith("    ")] == [
        "    amount: – → 1,200,000 CNY", "    amount: 1,200,000 CNY → 400,000 CNY",
    ]  # fmt: skip


def test_every_kind_of_value_has_words():
    """HIST-1: members, roles, approvals, waivers, feedback, activities, products and after-sales read as such."""
    world = World()
    li, zhang = world.acting("li").opportunities, world.acting("zhang").opportunities
    deal = li.add_member(world.deal(), "zhao", role="joint", access=sf.Access.READ_WRITE)
    contact = world.contact(deal.customer)
    deal = li.set_contact_role(deal, contact.id, role="decision_maker", is_primary=True)
    deal = li.add_activity(deal, "note", "long " * 100)
    pads = ProductLine("pads", "Brake pads", Decimal(3), SMALL)
    deal = li.edit(deal, products=[pads], custom={"hot": False}, led_by=sf.LedBy.PARTNER)
    text = told(world, li.fill_feedback(deal, "two\nlines"))
    for words in (
        "team joint:zhao: – → joint, read_write", "contact roles", "decision_maker, primary", "two lines",
        "3 × Brake pads at 400,000 CNY", "custom hot: – → no",
    ):  # fmt: skip
        assert words in text, text
    assert max(len(line) for line in text.splitlines()) < LONGEST_VALUE + 60
    owing = zhang.waive_stage(world.owing(), "analyse_needs", reason="known")
    assert "analyse_needs waived" in told(world, owing)
    assert "opportunities.advance, requested" in told(world, world.waiting())
    served = told(world, world.served())
    assert "process after_sales" in served
    lead = world.converted_lead()
    assert "customer customer-" in str(timeline_of(world.acting("li").leads.history(lead)))


def test_what_has_no_words_of_its_own_is_told_as_it_prints():
    """HIST-1: such as how long a pool keeps its former owners away."""
    world = World()
    pool = world.flow.pools.create("East", cool_down=timedelta(days=2))
    assert "cool down: – → 2 days, 0:00:00" in str(timeline_of(world.store.events("pool", pool.id)))


def test_a_timeline_as_html_is_escaped_and_whole():
    """HIST-1, REL-8: what a record holds cannot become markup."""
    world = World()
    deal = world.deal(name="<script>alert(1)</script>")
    deal = world.acting("li").opportunities.lose(deal, reason="price", comment="<b>")
    page = timeline_of(world.acting("li").opportunities.history(deal), names={"li": "<i>Li</i>"}).html()
    assert "<script" not in page
    assert "<i>Li" not in page
    assert '<span class="badge stage_left"><bdi>stage left</bdi></span>, <span class="badge lost"><bdi>lost' in page
    assert f">{world.clock.now():%Y-%m-%d %H:%M}</time>" in page
    seen: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            seen.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert seen.pop() == tag

    Tags().feed(page)
    assert seen == []


@given(some.histories(some.opportunities()))
def test_every_history_has_a_timeline(history: some.History):
    """HIST-1: of any history, one entry for each moment, person and operation; each line is one line."""
    events = history.events
    entries = timeline_of(events).entries
    assert 1 <= len(entries) <= len(events)
    assert sum(len(entry.happened) for entry in entries) == len(events)
    for entry in entries:
        for change in entry.changes:
            assert len(str(change).splitlines()) == 1
