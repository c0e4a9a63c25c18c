"""Time in stage (PIPE-2): every stay is counted once, finished, lasting or without a known beginning."""

from datetime import datetime, timedelta
from statistics import median, quantiles

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Opportunity, SalesProcess, Stage, StageExit
from salesflow.pipeline import Durations, durations_of, stage_times
from tests.pipeline.deals import STAGES, START, many

PROCESS = SalesProcess("crm2000", 1, [Stage(code) for code in STAGES[:3]])
HOUR = timedelta(hours=1)


@st.composite
def stays(draw: st.DrawFn) -> list[Opportunity]:
    """Deals whose stays took some hours, last, or began nobody knows when."""
    found = []
    for deal in draw(many()):
        visits = list(deal.visits)
        for place, visit in enumerate(visits):
            hours = draw(st.none() | st.integers(0, 50))
            entered = draw(st.sampled_from((visit.entered_at, None)))
            is_last = place == len(visits) - 1
            if is_last and draw(st.booleans()):
                visits[place] = evolve(visit, entered_at=entered, left_at=None, exit=None)
            elif visit.exit is not StageExit.SKIPPED:
                visits[place] = evolve(visit, entered_at=entered, left_at=START + (hours or 0) * HOUR)
        found.append(evolve(deal, visits=tuple(visits)))
    return found


@given(stays())
def test_every_stay_is_counted_once(deals: list[Opportunity]):
    """PIPE-2, PIPE-8: the stays of the process's stages fall into three parts; passing over a stage is no stay."""
    now = START + 100 * HOUR
    found = stage_times(deals, PROCESS, now)
    mine = [deal for deal in deals if deal.process == PROCESS.id]
    for told in found.stages:
        visits = [
            visit
            for deal in mine
            for visit in deal.visits
            if visit.stage == told.code and visit.exit is not StageExit.SKIPPED
        ]
        dated = [(visit, visit.entered_at) for visit in visits if visit.entered_at is not None]
        assert told.finished == durations_of([v.left_at - at for v, at in dated if v.left_at])
        assert told.lasting == durations_of([now - at for v, at in dated if not v.left_at])
        assert told.without_start == len(visits) - len(dated)
    assert [told.code for told in found.stages] == ["a", "b", "c"]
    assert (found.population.counted, found.population.left_out) == (len(mine), len(deals) - len(mine))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30))
def test_how_durations_are_spread(hours: list[int]):
    """PIPE-2: median and 90th percentile are the textbook's, which cuts between two neighbours in proportion."""
    found = durations_of([hour * HOUR for hour in hours])
    assert found.median is not None
    assert found.percentile_90 is not None
    *_, last = quantiles([*hours], n=10, method="inclusive") if len(hours) > 1 else hours
    assert found.percentile_90 == last * HOUR
    assert found.median == median(hours) * HOUR
    assert found.count == len(hours)


def test_nothing_has_no_spread():
    """PIPE-2: no stay, no median; a naive moment is refused."""
    assert durations_of([]) == Durations(0)
    with pytest.raises(InvalidInput, match="now"):
        stage_times([], PROCESS, datetime(2026, 1, 1))
