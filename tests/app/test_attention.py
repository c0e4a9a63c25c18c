"""No opportunity is left mid-way for ever: the stalled, the overdue and the silent (OPP-15)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import salesflow as sf
from tests.app.world import LATER, TODAY, World

LIMITED = sf.SalesProcess("limited", 1, [sf.Stage("talk", limit_days=10), sf.Stage("sign")])


def world() -> World:
    return World(processes=[LIMITED, *sf.templates.builtin().values()])


def names(found: Any) -> list[str]:
    return [deal.name for deal in found]


def test_the_stalled_are_longer_in_their_stage_than_it_allows():
    """OPP-15: the limit itself is in time; the longest beyond it comes first; a stage without limit never stalls."""
    company = world()
    li = company.acting("li").opportunities
    company.deal(process="limited", name="first")
    company.clock.move(timedelta(days=1))
    company.deal(process="limited", name="second")
    unlimited = li.advance(company.deal(process="limited", name="unlimited"))
    company.clock.move(timedelta(days=9))
    assert names(li.stalled()) == []
    company.clock.move(timedelta(seconds=1))
    assert names(li.stalled()) == ["first"]
    company.clock.move(timedelta(days=30))
    assert names(li.stalled()) == ["first", "second"]
    li.change_stage(unlimited.id, "talk", reason="again")
    assert names(li.stalled()) == ["first", "second"]


def test_the_overdue_are_past_their_close_date():
    """OPP-15, HIST-2: the day itself is in time; without a date nothing is overdue."""
    company = world()
    li = company.acting("li").opportunities
    company.deal(name="soon", close_date=TODAY)
    company.deal(name="later", close_date=TODAY + timedelta(days=1))
    company.deal(name="never", close_date=None)
    assert names(li.overdue()) == []
    company.clock.move(timedelta(days=1))
    assert names(li.overdue()) == ["soon"]
    company.clock.move(timedelta(days=1))
    assert names(li.overdue()) == ["soon", "later"]


def test_the_silent_had_no_activity_for_so_long():
    """OPP-15, OPP-19: a note or a call ends the silence; without any it counts from the creation."""
    company = world()
    li = company.acting("li").opportunities
    company.deal(name="never called")
    called = company.deal(name="called")
    company.clock.move(timedelta(days=5))
    li.add_activity(called, "call", "rang")
    company.clock.move(timedelta(days=5))
    assert names(li.silent(10)) == []
    company.clock.move(timedelta(seconds=1))
    assert names(li.silent(10)) == ["never called"]
    assert names(li.silent(4)) == ["never called", "called"]


def test_what_is_closed_voided_hidden_or_of_unknown_age_is_not_listed():
    """OPP-15, VIS-16, IO-3: only what is worked and seen; an import's unknown dates never count against it."""
    company = world()
    for end in (company.won, company.lost, company.invalid):
        end()
    company.voided(company.deal(process="limited", close_date=TODAY))
    company.deal("zhao", process="limited", close_date=TODAY)
    arrival = sf.ImportedOpportunity(id="old", name="Old", owner="li", process="limited", stage="talk")
    company.acting("li").files.import_opportunities([arrival])
    company.clock.move(LATER - TODAY + timedelta(days=1))
    li, zhao, sun = (company.acting(person).opportunities for person in ("li", "zhao", "sun"))
    assert (names(li.stalled()), names(li.overdue()), names(li.silent(60))) == ([], [], ["Old"])
    for late in (zhao.stalled(), zhao.overdue(), zhao.silent(1), sun.stalled(), sun.overdue("subordinates")):
        assert [deal.owner for deal in late] == ["zhao"]
    assert names(sun.silent(1, "mine")) == []


@pytest.mark.parametrize("days", [0, -1, 36_501, True, 1.5, "10", None])
def test_silence_is_told_in_whole_days(days: Any):
    """REL-8: 1 to 36,500."""
    with pytest.raises(sf.InvalidInput, match="days"):
        world().acting("li").opportunities.silent(days)
