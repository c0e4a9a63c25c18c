"""Small deals for the tests of the figures: only what a figure reads is drawn, so that hundreds are quick."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from salesflow.model import (
    Closing,
    Grade,
    Grading,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    StageEntry,
    StageExit,
    StageVisit,
)
from salesflow.testing.records import make_opportunity

START = datetime(2026, 1, 5, 17, tzinfo=UTC)
STAGES = ("a", "b", "c", "gone")
"""The last one is of no template in these tests."""

amounts = st.sampled_from(
    (None, Money("0", "CNY"), Money("10.01", "CNY"), Money("3", "CNY"), Money("0.99", "USD"), Money("7", "JPY"))
)
sources = st.sampled_from((None, "website", "referral"))
grades = st.sampled_from((None, Grade.A, Grade.C))
path = st.lists(st.tuples(st.sampled_from(STAGES), st.booleans()), min_size=1, max_size=4)
chances = st.sampled_from((0, 1, 33, 100))
days = st.none() | st.integers(-1, 40)


@st.composite
def deals(draw: st.DrawFn) -> Opportunity:
    """A deal of one of two processes that went along some stages, some of them skipped, and may have ended."""
    status = draw(st.sampled_from(OpportunityStatus))
    went = draw(path)
    length = draw(days)
    visits = tuple(
        StageVisit(
            number, stage, START, StageEntry.ADVANCED, START,
            StageExit.SKIPPED if skipped and number < len(went) else StageExit.ADVANCED,
        )
        for number, (stage, skipped) in enumerate(went, 1)
    )  # fmt: skip
    closings: tuple[Closing, ...] = ()
    if status is not OpportunityStatus.IN_PROGRESS:
        closed_on: date | None = None if length is None else START.date() + timedelta(length)
        sold = draw(amounts) if status is OpportunityStatus.WON else None
        chance = Probability(10, ProbabilitySource.STAGE)
        closings = (Closing(1, status, went[-1][0], None, "li", closed_on, chance, actual_amount=sold),)
    return make_opportunity(
        "x",
        draw(st.sampled_from(("li", "wang"))),
        process=draw(st.sampled_from(("crm2000", "crm2000", "walk_in"))),
        stage=went[-1][0],
        status=status,
        visits=visits,
        closings=closings,
        amount=draw(amounts),
        probability=Probability(draw(chances), ProbabilitySource.STAGE),
        source=draw(sources),
        grade=Grading(draw(grades)),
        voided=draw(st.booleans()),
    )


def many() -> st.SearchStrategy[list[Opportunity]]:
    """Up to eight of them."""
    return st.lists(deals(), max_size=8)
