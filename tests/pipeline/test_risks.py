"""The risk list (PIPE-6, OPP-15): each sign is seen to show and not to show, at its very boundary."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import ContactRole, Event, Opportunity, OpportunityStatus, SalesProcess, Stage, StageVisit
from salesflow.model.enums import StageEntry
from salesflow.pipeline import Movement, Risk, changes, risks
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import many
from tests.pipeline.test_changes import told_histories, worked

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 31, 17, tzinfo=UTC)  # the first of April in Shanghai
TODAY = date(2026, 4, 1)
PROCESS = SalesProcess("crm2000", 1, [Stage("a", limit_days=30), Stage("b")])
SOUND = {
    "created_at": NOW,
    "contact": "qian",
    "contact_roles": (ContactRole("qian", "user"), ContactRole("sun", "decision_maker")),
}
"""A deal of these shows no sign of trouble."""


def told(deal: Opportunity, **how: Any) -> dict[Risk, int]:
    """The signs that one deal shows, with their numbers."""
    found = risks([deal], now=NOW, zone=ZONE, process_of=lambda deal: PROCESS, **how)
    return {sign.risk: sign.number for item in found.items for sign in item.signs}


def deal(**values: Any) -> Opportunity:
    """A deal without a sign but for those of *values*."""
    return make_opportunity("o", **{"stage": "a", **SOUND, **values})


def entered(day: datetime | None, stage: str = "a") -> dict[str, Any]:
    """The values of a deal that entered its stage that day."""
    return {"stage": stage, "visits": (StageVisit(1, stage, day, StageEntry.CREATED),)}


AGO = {days: NOW - timedelta(days=days) for days in (14, 15, 30, 31)}
CASES: list[tuple[dict[str, Any], dict[Risk, int]]] = [
    ({}, {}),
    (entered(AGO[30]), {}),
    (entered(AGO[31]), {Risk.STALLED: 1}),
    (entered(AGO[31], "b"), {}),  # no limit
    (entered(AGO[31], "gone"), {}),  # of another version
    (entered(None), {}),
    ({"close_date": TODAY}, {}),
    ({"close_date": TODAY - timedelta(days=3)}, {Risk.OVERDUE: 3}),
    ({"created_at": AGO[14]}, {}),
    ({"created_at": AGO[15]}, {Risk.SILENT: 15}),
    ({"created_at": AGO[31], "last_activity_at": AGO[14]}, {}),
    ({"created_at": AGO[31], "last_activity_at": AGO[15]}, {Risk.SILENT: 15}),
    ({"created_at": None}, {}),
    ({"contact_roles": (ContactRole("qian", "decision_maker"),)}, {Risk.SINGLE_CONTACT: 1}),
    ({"contact_roles": (ContactRole("sun", "decision_maker"),)}, {}),  # and the contact
    ({"contact_roles": (ContactRole("sun", "user"),)}, {Risk.NO_DECISION_MAKER: 2}),
    ({"contact": None, "contact_roles": ()}, {Risk.SINGLE_CONTACT: 0, Risk.NO_DECISION_MAKER: 0}),
]


@pytest.mark.parametrize(("values", "signs"), CASES)
def test_each_sign_shows_and_does_not(values: dict[str, Any], signs: dict[Risk, int]):
    """PIPE-6, OPP-15: what is one day or one contact short of a sign shows none; days that have begun count."""
    assert told(deal(**values)) == signs
    for status in OpportunityStatus:
        closed = deal(**values, status=status)
        if closed.is_completed:
            assert told(closed) == {}


def test_stages_that_are_owed_are_named():
    """PIPE-6, GRADE-4: with their codes; how they are found out is not for this room."""
    found = risks([deal()], now=NOW, zone=ZONE, process_of=lambda deal: PROCESS, owed_of=lambda deal: ["b"])
    (item,) = found.items
    assert [(sign.risk, sign.number, sign.detail) for sign in item.signs] == [(Risk.OWED_STAGES, 1, ("b",))]


@given(told_histories(), st.integers(1, 3))
def test_what_history_says_is_what_the_changes_say(history: Sequence[Event], pushes: int):
    """PIPE-3, PIPE-6: falls and pushes are counted by the movements of the change statement; the last fall counts."""
    period = changes([history], NOW - timedelta(days=300), NOW + timedelta(days=300))
    count = {each.movement: len(each.events) for each in period.changes}
    signs = told(deal(), history_of=lambda deal: history, pushes=pushes)
    pushed = count.get(Movement.CLOSE_DATE_PUSHED, 0)
    assert signs.get(Risk.CLOSE_DATE_PUSHED) == (pushed if pushed >= pushes else None)
    amounts = [event for each in period.changes if "amount" in str(each.movement) for event in each.events]
    latest = max(amounts, key=lambda event: event.version, default=None)
    fell = {event.id for each in period.changes if each.movement is Movement.AMOUNT_DOWN for event in each.events}
    falling = latest is not None and latest.id in fell
    assert signs.get(Risk.AMOUNT_FALLING) == (len(fell) if falling else None)


def test_a_falling_amount_and_a_close_date_pushed_are_told():
    """PIPE-6: 150 after 100 is no fall, then 40 is one; pushed once counts where once is enough, and not before."""
    (history,), _ = worked()
    falling = {
        until: told(deal(), history_of=lambda deal, until=until: history[:until]).get(Risk.AMOUNT_FALLING)
        for until in range(1, 5)
    }
    assert falling[2] is None
    assert 1 in falling.values()
    assert told(deal(), history_of=lambda deal: history, pushes=1) == {Risk.CLOSE_DATE_PUSHED: 1}
    assert told(deal(), history_of=lambda deal: history) == {}


@given(many())
def test_each_open_one_is_judged_alone_and_told_once(deals: list[Opportunity]):
    """PIPE-6, PIPE-8: the list is made of what each shows by itself, the most signs first; closed ones are left out."""
    named = [evolve(each, id=f"o{number}") for number, each in enumerate(deals)]
    found = risks(iter(named), now=NOW, zone=ZONE, process_of=lambda deal: PROCESS)
    alone = {each.id: told(each) for each in named}
    assert {item.opportunity.id: {sign.risk: sign.number for sign in item.signs} for item in found.items} == {
        id: signs for id, signs in alone.items() if signs
    }
    order = [(-len(item.signs), item.opportunity.id) for item in found.items]
    assert order == sorted(order)
    still = sum(not each.is_completed for each in named)
    assert (found.population.counted, found.population.left_out) == (still, len(named) - still)


def test_what_cannot_be_judged_is_said():
    """PIPE-6: without a history nobody knows whether an amount fell; the list does not look as if it did."""
    without = risks([], now=NOW, zone=ZONE, process_of=lambda deal: PROCESS)
    within = risks([], now=NOW, zone=ZONE, process_of=lambda deal: PROCESS, history_of=lambda deal: ())
    assert set(Risk) - set(without.judged) == {Risk.AMOUNT_FALLING, Risk.CLOSE_DATE_PUSHED}
    assert within.judged == tuple(Risk)


@pytest.mark.parametrize("wrong", [{"silent_days": -1}, {"silent_days": True}, {"pushes": 0}, {"pushes": "2"}])
def test_numbers_must_make_sense(wrong: dict[str, Any]):
    """PIPE-6: the caller's mistake is said; the smallest that makes sense is taken."""
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        told(deal(), **wrong)
    assert told(deal(created_at=NOW - timedelta(days=1)), silent_days=0, pushes=1) == {Risk.SILENT: 1}
