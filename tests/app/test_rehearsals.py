"""The past of every opportunity, run through a draft of its template (PROC-8)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.process import RehearsedMove
from tests.app.world import BareStore, World

CRM2000 = sf.templates.builtin()["crm2000"]
STRICT = evolve(CRM2000, version=2, jump="fast_track")
FIRST, *_, LAST = CRM2000.stages


def test_a_draft_tells_what_it_would_have_stopped_and_where():
    """PROC-8: a jump that was free then, and the win that owes it; nothing is written, the draft is unknown here."""
    world = World()
    won, _lost = world.won(), world.lost()
    world.deal(process="gated")
    moved = world.acting("li").opportunities.change_process(world.deal(), "gated")
    before = world.everything()
    told: list[RehearsedMove] = []
    report = world.flow.rehearse(STRICT, progress=told.append)
    assert world.everything() == before
    assert (report.opportunities, report.moves, report.stopped) == (2, 3, 2)
    assert report.where == {("qualification", "full_route"): 1, ("agreement", "stage_owed"): 1}
    stopped, win = report.listed
    assert told == [stopped, win]
    assert (stopped.record, stopped.by, stopped.operation, stopped.to) == (won.id, "li", "change_stage", LAST.code)
    gated = sf.SalesProcess("gated", 2, [sf.Stage("talk"), sf.Stage("sign")])
    assert world.flow.rehearse(gated).moves == 0
    world.acting("li").opportunities.advance(moved)
    assert world.flow.rehearse(gated).opportunities == 1
    renamed = evolve(STRICT, stages=[evolve(FIRST, code="qualify"), *CRM2000.stages[1:]])
    assert world.flow.rehearse(renamed, stages={"qualification": "qualify"}).where == report.where


def test_only_the_moves_of_a_span_are_asked_about():
    """PROC-8: last year's: from its first moment to before its end."""
    world = World()
    begin = world.clock.now()
    world.won()
    world.clock.move(timedelta(days=1))
    later = world.clock.now()
    world.lost()
    assert world.flow.rehearse(STRICT, until=later).moves == 2
    assert world.flow.rehearse(STRICT, since=later).moves == 1
    assert world.flow.rehearse(STRICT, since=begin, until=begin).moves == 0
    with pytest.raises(sf.InvalidInput, match="since"):
        world.flow.rehearse(STRICT, since=begin.replace(tzinfo=None))


def test_a_report_names_so_many_and_counts_all(monkeypatch: pytest.MonkeyPatch):
    """PROC-8: memory does not grow with what is stopped."""
    monkeypatch.setattr("salesflow.app.migrations.MOST_LISTED", 1)
    world = World()
    world.won()
    world.won()
    report = world.flow.rehearse(STRICT)
    assert (report.stopped, len(report.listed)) == (4, 1)


def test_what_is_no_draft_and_a_store_without_histories_are_told():
    """PROC-8, PROC-3: the caller's slip, the author's, and the store's each by its own error."""
    world = World()
    world.deal()
    with pytest.raises(sf.InvalidInput, match="SalesProcess"):
        world.flow.rehearse("crm2000")  # type: ignore[arg-type]
    with pytest.raises(sf.TemplateError):
        world.flow.rehearse(sf.SalesProcess("crm2000", 2, []))
    flow = sf.SalesFlow(**{**world.ports, "store": BareStore(world.store)})
    with pytest.raises(sf.PortError, match="keeps no history"):
        flow.rehearse(STRICT)
