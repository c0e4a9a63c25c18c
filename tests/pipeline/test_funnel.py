"""The funnel: PIPE-2, PIPE-8."""

from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given

from salesflow.model import OpportunityStatus, SalesProcess, Stage, StageEntry, StageExit, StageVisit
from salesflow.pipeline import FunnelStage, funnel
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import many

AT = datetime(2026, 1, 5, tzinfo=UTC)
CODES = ("a", "b", "c")
PROCESS = SalesProcess("crm2000", 1, tuple(Stage(code) for code in CODES))


def deal(path: str, status: OpportunityStatus = OpportunityStatus.IN_PROGRESS):
    """A deal that went along *path*; a stage in capitals was skipped."""
    visits = tuple(
        StageVisit(
            number, code.lower(), AT, StageEntry.ADVANCED, AT,
            StageExit.SKIPPED if code.isupper() else StageExit.ADVANCED,
        )
        for number, code in enumerate(path, 1)
    )  # fmt: skip
    return make_opportunity("x", stage=path[-1], status=status, visits=visits)


def been(opportunity) -> set[str]:
    return {v.stage for v in opportunity.visits if v.exit is not StageExit.SKIPPED} & set(CODES)


@given(many())
def test_every_stage_accounts_for_all_who_reached_it(opportunities):
    """PIPE-2: reached = reached at the next + dropped + open; nobody is lost or counted twice."""
    found = funnel(iter(opportunities), PROCESS)
    nexts = [stage.reached for stage in found.stages[1:]] + [found.won]

    assert [stage.code for stage in found.stages] == list(CODES)
    assert [stage.reached for stage in found.stages] == [
        after + stage.dropped + stage.open for stage, after in zip(found.stages, nexts, strict=True)
    ]
    assert [stage.conversion for stage in found.stages] == [
        after / stage.reached if stage.reached else None for stage, after in zip(found.stages, nexts, strict=True)
    ]
    assert found.stages[0].reached == found.population.counted
    assert found.population.counted + found.population.left_out == len(opportunities)


@given(many())
def test_the_funnel_is_that_of_a_naive_count(opportunities):
    """PIPE-2: visited is a visit that was not skipped; reached is a visit there or further on, or a win."""
    found = funnel(opportunities, PROCESS)
    ours = [each for each in opportunities if each.process == "crm2000" and been(each)]
    won = [each for each in ours if each.status is OpportunityStatus.WON]

    assert found.won == len(won)
    for place, stage in enumerate(found.stages):
        further = set(CODES[place:])
        assert stage.visited == sum(stage.code in been(each) for each in ours)
        assert stage.reached == sum(each in won or bool(been(each) & further) for each in ours)


@given(many(), many())
def test_two_funnels_add_up_to_one(one, other):
    """PIPE-2: splitting the records splits every count."""
    whole, left, right = (funnel(records, PROCESS) for records in (one + other, one, other))

    assert whole.won == left.won + right.won
    for stage, *parts in zip(whole.stages, left.stages, right.stages, strict=True):
        for name in ("reached", "visited", "dropped", "open"):
            assert getattr(stage, name) == sum(getattr(part, name) for part in parts)


LOST, INVALID, WON = OpportunityStatus.LOST, OpportunityStatus.INVALID, OpportunityStatus.WON


@pytest.mark.parametrize(
    ("one", "stages", "won"),
    [
        (deal("a"), "1101 0000 0000", 0),
        (deal("abc"), "1100 1100 1101", 0),
        (deal("aBc"), "1100 1000 1101", 0),
        (deal("aba"), "1100 1101 0000", 0),
        (deal("ab", LOST), "1100 1110 0000", 0),
        (deal("aba", INVALID), "1100 1110 0000", 0),
        (deal("a", WON), "1100 1000 1000", 1),
        (deal("c", WON), "1000 1000 1100", 1),
    ],
)
def test_what_reached_visited_dropped_and_open_mean(one, stages, won):
    """PIPE-2: a skipped stage is passed, going back loses nothing reached, a win passes every stage."""
    found = funnel([one], PROCESS)
    flat = [f"{s.reached}{s.visited}{s.dropped}{s.open}" for s in found.stages]

    assert (" ".join(flat), found.won) == (stages, won)


def test_who_visited_no_stage_of_the_template_is_left_out():
    """PIPE-8: a record of stages that the template does not have is not counted, and said to be left out."""
    found = funnel([deal("z"), deal("A"), evolve(deal("a"), visits=())], PROCESS)

    assert (found.population.counted, found.population.left_out) == (0, 3)
    assert found.stages[0] == FunnelStage("a", 0, 0, 0, 0, None)
