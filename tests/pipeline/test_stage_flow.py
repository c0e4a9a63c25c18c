"""How stages fill and empty (PIPE-2): before + entered - left is what stands there, in every period."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Opportunity, SalesProcess, Stage, StageExit, business_day
from salesflow.pipeline import stage_flow
from tests.pipeline.deals import STAGES, START, many

PROCESS = SalesProcess("crm2000", 1, [Stage(code) for code in STAGES[:3]])
ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
moments = st.none() | st.integers(-100, 200).map(lambda days: START + days * DAY)


@st.composite
def stays(draw: st.DrawFn) -> list[Opportunity]:
    """Deals that came into stages and left them within some months, if anybody knows when."""
    found = []
    for deal in draw(many()):
        visits = []
        for visit in deal.visits:
            left = draw(moments)
            exit = visit.exit if left is not None else None
            visits.append(evolve(visit, entered_at=draw(moments), left_at=left, exit=exit))
        found.append(evolve(deal, visits=tuple(visits)))
    return found


@given(stays(), st.sampled_from(("month", "quarter", "year")))
def test_what_came_and_went_is_what_stands_there(deals: list[Opportunity], period: str):
    """PIPE-2, PIPE-8: each end of a period is a plain count of stays; flows lead from one to the next."""
    found = stage_flow(iter(deals), PROCESS, ZONE, since=date(2025, 12, 1), until=date(2026, 4, 1), period=period)
    mine = [deal for deal in deals if deal.process == PROCESS.id]
    for told in found.stages:
        visits = [
            visit
            for deal in mine
            for visit in deal.visits
            if visit.stage == told.code and visit.exit is not StageExit.SKIPPED
        ]
        days = [
            (begun, None if visit.left_at is None else max(begun, business_day(visit.left_at, ZONE)))
            for visit in visits
            if visit.entered_at is not None
            for begun in [business_day(visit.entered_at, ZONE)]
        ]

        def standing(day: date, days: Any = days) -> int:
            return sum(begun <= day and (left is None or left > day) for begun, left in days)

        assert told.before == standing(told.periods[0].first - DAY)
        level = told.before
        for each in told.periods:
            assert each.entered == sum(each.first <= begun <= each.last for begun, _ in days)
            assert each.left == sum(left is not None and each.first <= left <= each.last for _, left in days)
            level += each.entered - each.left
            assert each.standing == level == standing(each.last)
        assert told.without_start == len(visits) - len(days)
    assert [told.code for told in found.stages] == ["a", "b", "c"]
    assert (found.population.counted, found.population.left_out) == (len(mine), len(deals) - len(mine))


@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_the_calendar_has_an_end(period: str):
    """PIPE-2: its last period ends with its last day."""
    (told, *_) = stage_flow([], PROCESS, ZONE, since=date.max, until=date.max, period=period).stages
    assert [each.last for each in told.periods] == [date.max]


def test_periods_must_make_sense():
    """PIPE-2: they run forward, and are known."""
    for wrong in ({"period": "week"}, {"until": date(2025, 1, 1)}, {"since": START}):
        given_: dict[str, Any] = {"since": date(2026, 1, 1), "until": date(2026, 2, 1), **wrong}
        with pytest.raises(InvalidInput):
            stage_flow([], PROCESS, ZONE, **given_)
