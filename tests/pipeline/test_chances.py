"""Chances learned from history (PIPE-5): with their interval and sample, beside what the template says."""

from datetime import date, timedelta
from math import comb
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import Grade, Grading, Opportunity, OpportunityStatus, SalesProcess, Stage, StageExit, StageVisit
from salesflow.model.enums import StageEntry
from salesflow.pipeline import Chance, chances, spread_of, wilson
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import STAGES, START, deals

PROCESS = SalesProcess("crm2000", 1, [Stage(code, probability=10 * n) for n, code in enumerate(STAGES[:3])])
ZONE = ZoneInfo("Asia/Shanghai")
ENDED = (OpportunityStatus.WON, OpportunityStatus.LOST)
entries = st.none() | st.integers(-10, 50).map(lambda days: START + timedelta(days=days))


@st.composite
def histories(draw: st.DrawFn) -> list[Opportunity]:
    """Up to twelve deals, entered some day into each of their stages."""
    return [
        evolve(deal, visits=tuple(evolve(visit, entered_at=draw(entries)) for visit in deal.visits))
        for deal in draw(st.lists(deals(), max_size=12))
    ]


@given(histories())
def test_chances_are_those_of_a_naive_count(deals: list[Opportunity]):
    """PIPE-5, PIPE-8: of all that were really in a stage and ended, how many were won, and after how many days."""
    found = chances(iter(deals), PROCESS, ZONE)
    mine = [deal for deal in deals if deal.process == PROCESS.id and deal.status is not OpportunityStatus.INVALID]
    assert (found.population.counted, found.population.left_out) == (len(mine), len(deals) - len(mine))
    for stage, template in zip(found.stages, PROCESS.stages, strict=True):
        assert (stage.code, stage.default_percent) == (template.code, template.probability)
        been = [
            (deal, next(visit for visit in stays))
            for deal in mine
            if deal.status in ENDED
            and (stays := [v for v in deal.visits if v.stage == stage.code and v.exit is not StageExit.SKIPPED])
        ]
        assert stage.chance.won + stage.chance.lost == len(been)
        assert stage.chance.won == sum(deal.status is OpportunityStatus.WON for deal, _ in been)
        assert stage.chance.days_to_win == spread_of(
            [
                days
                for deal, visit in been
                if deal.status is OpportunityStatus.WON and deal.actual_close_date and visit.entered_at
                for days in [(deal.actual_close_date - visit.entered_at.astimezone(ZONE).date()).days]
                if days >= 0
            ]
        )
        graded = dict(stage.by_grade)
        assert graded.keys() == {deal.grade.effective for deal, _ in been}
        assert sum(each.won for each in graded.values()) == stage.chance.won
        assert sum(each.lost for each in graded.values()) == stage.chance.lost
        for each in (stage.chance, *graded.values()):
            if each.won + each.lost:
                assert each.share == each.won / (each.won + each.lost)
                assert (each.low, each.high) == wilson(each.won, each.won + each.lost)
            else:
                assert (each.share, each.low, each.high) == (None, None, None)


@given(histories())
def test_what_is_learned_stands_beside_what_is_planned(deals: list[Opportunity]):
    """PIPE-5: one outlook for each open deal in a stage; the template's and the record's own values are as they are."""
    found = chances(deals, PROCESS, ZONE)
    known = {stage.code: stage for stage in found.stages}
    mine = [
        deal
        for deal in deals
        if deal.process == PROCESS.id and deal.status is OpportunityStatus.IN_PROGRESS and deal.stage in known
    ]
    assert len(found.outlooks) == len(mine)
    for outlook, deal in zip(found.outlooks, mine, strict=True):
        stage = known[deal.stage]
        assert (outlook.opportunity, outlook.stage, outlook.close_date) == (deal.id, deal.stage, deal.close_date)
        assert (outlook.default_percent, outlook.percent) == (stage.default_percent, deal.probability.percent)
        graded = dict(stage.by_grade).get(deal.grade.effective)
        assert outlook.by_stage.chance == stage.chance
        assert outlook.by_grade.chance == (graded or Chance(0, 0, None, None, None, spread_of([])))
        entered, median = deal.visits[-1].entered_at, stage.chance.days_to_win.median
        assert (outlook.by_stage.close_date is None) == (entered is None or median is None)


def deal(id: str, status: OpportunityStatus, entered: date | None = date(2026, 1, 1), **values) -> Opportunity:
    at = None if entered is None else START.replace(month=entered.month, day=entered.day, year=entered.year)
    visit = StageVisit(1, "b", at, StageEntry.CREATED)
    return make_opportunity(id, stage="b", status=status, visits=(visit,), **values)


def test_a_worked_example():
    """PIPE-5: three of four were won, two of them grade A, after 10, 20 and 31 days; the fifth is open."""
    from tests.pipeline.test_winning import closed

    def won(id: str, day: date, grade: Grade | None) -> Opportunity:
        (closing,) = closed(OpportunityStatus.WON).closings
        made = deal(id, OpportunityStatus.WON, closings=(evolve(closing, actual_close_date=day),))
        return evolve(made, grade=Grading(grade))

    past = [
        won("1", date(2026, 1, 12), Grade.A), won("2", date(2026, 1, 22), Grade.A), won("3", date(2026, 2, 2), None),
        deal("4", OpportunityStatus.LOST),
    ]  # fmt: skip
    open_ones = [
        deal("5", OpportunityStatus.IN_PROGRESS, date(2026, 3, 1), grade=Grading(Grade.A)),
        deal("6", OpportunityStatus.IN_PROGRESS, None),
        deal("7", OpportunityStatus.IN_PROGRESS, date(9998, 12, 1)),
        evolve(deal("8", OpportunityStatus.IN_PROGRESS), visits=()),
    ]
    stage = chances([*past, *open_ones], PROCESS, ZONE).stages[1]
    assert (stage.chance.share, stage.chance.days_to_win.median) == (0.75, 20)
    assert [(grade, each.won, each.lost) for grade, each in stage.by_grade] == [(Grade.A, 2, 0), (None, 1, 1)]
    first, second, _, last = chances([*past, *open_ones], PROCESS, ZONE).outlooks
    assert (first.by_stage.close_date, first.by_stage.close_date_90) == (date(2026, 3, 22), date(2026, 3, 31))
    assert (first.by_grade.close_date, first.by_grade.close_date_90) == (date(2026, 3, 17), date(2026, 3, 21))
    assert second.by_stage.close_date is last.by_stage.close_date is None


def test_a_day_beyond_the_calendar_is_none():
    """PIPE-5: no date is made up where the calendar ends."""
    from salesflow.pipeline.chances import _later

    assert _later(date.max, 1) is None
    assert _later(date(2026, 1, 1), 0.5) == date(2026, 1, 2)


@given(st.integers(1, 60).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_the_interval_holds_the_share_and_narrows(sample: tuple[int, int]):
    """PIPE-5: it lies within 0 and 1 around the share seen, mirrors, and is narrower the larger the sample."""
    part, whole = sample
    low, high = wilson(part, whole)
    assert 0 <= low <= part / whole <= high <= 1
    assert list(wilson(whole - part, whole)) == pytest.approx([1 - high, 1 - low])
    wider = wilson(10 * part, 10 * whole)
    assert wider[1] - wider[0] < high - low


@pytest.mark.parametrize(("part", "whole", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775)])
def test_the_interval_is_wilsons(part: int, whole: int, low: float, high: float):
    """PIPE-5: as published: Newcombe 1998, table I, 81 of 263; and none of ten."""
    assert list(wilson(part, whole)) == pytest.approx([low, high], abs=5e-5)


@pytest.mark.parametrize("chance", [0.1, 0.5, 0.8])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(chance: float):
    """PIPE-5: over all samples of forty, each as likely as it is, the true chance is inside in 92 to 98 of 100."""
    inside = sum(
        comb(40, part) * chance**part * (1 - chance) ** (40 - part)
        for part in range(41)
        if wilson(part, 40)[0] <= chance <= wilson(part, 40)[1]
    )
    assert 0.92 <= inside <= 0.98
