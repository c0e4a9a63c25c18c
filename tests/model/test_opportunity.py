"""What an opportunity says of itself: OPP-2, OPP-7, OPP-8, TEAM-2, GRADE-3."""

from datetime import date
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given

from salesflow.model import (
    Activity,
    AfterSales,
    Approval,
    Closing,
    ContactRole,
    CustomField,
    Feedback,
    FormerOwner,
    Grade,
    Grading,
    Money,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    ProductLine,
    StageEntry,
    StageVisit,
    Task,
    TeamMember,
    Waiver,
)
from salesflow.testing import strategies as some
from salesflow.testing.records import AT, make_opportunity

CLOSING = Closing(
    1, OpportunityStatus.WON, "agreement", AT, "li", date(2026, 3, 1), Probability(90, ProbabilitySource.STAGE),
    actual_amount=Money(7, "CNY"),
)  # fmt: skip


def test_the_standing_closing_gives_date_and_amount():
    """OPP-7: of a completed opportunity the last closing says when it ended and what was sold."""
    won = make_opportunity("a", status=OpportunityStatus.WON, closings=(evolve(CLOSING, ended_at=AT), CLOSING))

    assert won.is_completed
    assert won.closing is won.closings[-1]
    assert (won.actual_close_date, won.actual_amount) == (date(2026, 3, 1), Money(7, "CNY"))


def test_a_reopened_one_has_no_actual_date():
    """OPP-8: once reopened, date and amount leave the record and stay in its closings."""
    open_again = make_opportunity("a", closings=(evolve(CLOSING, ended_at=AT),))

    assert not open_again.is_completed
    assert (open_again.closing, open_again.actual_close_date, open_again.actual_amount) == (None, None, None)
    assert open_again.closings[0].actual_amount == Money(7, "CNY")


@given(some.gradings())
def test_the_override_counts_while_it_stands(grading):
    """GRADE-3: the effective grade is the one set by hand, unless there is none or it is suspended."""
    by_hand = evolve(grading, override=Grade.D)

    assert grading.effective is grading.computed
    assert by_hand.effective is Grade.D
    assert evolve(by_hand, is_suspended=True).effective is grading.computed
    assert Grading().effective is None


@pytest.mark.parametrize(
    ("item", "key"),
    [
        (TeamMember("li", "coach"), "coach:li"),
        (StageVisit(3, "a", AT, StageEntry.CREATED), "3"),
        (Task("1:call", "call", "a"), "1:call"),
        (Feedback("f1", 1, "a", "good", AT, "li"), "f1"),
        (CLOSING, "1"),
        (Approval("p1", "opportunities.win", "a", (), "li", AT), "p1"),
        (Waiver("a", "small", AT, "zhang"), "a"),
        (ContactRole("c1", "user"), "c1"),
        (AfterSales(number=2, process="after_sales", process_version=1, stage="training", started_at=AT), "2"),
        (Activity("x", "call", "", AT, "li"), "x"),
        (FormerOwner(4, "li", AT, "overdue"), "4"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_item_of_a_collection_has_its_key(item, key):
    """HIST-1: a change of a collection names the item by a key that is its own within the record."""
    assert item.key == key


def test_a_person_stands_once_per_role():
    """TEAM-2: the key of a member is role and person, so one person may have two roles."""
    assert TeamMember("li").key != TeamMember("li", "coach").key
    assert (ProductLine("p", "Sneaker", Decimal(35), Money(1, "CNY")).key, CustomField("k", 1).key) == ("p", "k")
