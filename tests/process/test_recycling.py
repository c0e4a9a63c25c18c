"""When an overdue lead is recycled, and who is reminded before (LEAD-13)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Lead, LeadStatus, OverdueReminder, Reason, apply, business_day
from salesflow.process import RecyclingRule, RecyclingStep, next_step, remind_of_lead
from salesflow.process.recycling import worked_since
from tests.process.samples import AT, BY, a_lead, codes, kinds

OWNER, SUPERIOR, RECYCLE = RecyclingStep
LADDER = RecyclingRule(after_days=30, remind_owner_after_days=20, remind_superior_after_days=25)


def on(day: int) -> datetime:
    """AT and so many days."""
    return AT + timedelta(days=day)


def left(**values: Any) -> Lead:
    """A lead that was assigned at AT and not touched since."""
    return a_lead(**{"assigned_at": AT, **values})


def due(lead: Lead, rule: RecyclingRule, now: datetime, **more: Any) -> RecyclingStep | None:
    return next_step(lead, rule, now=now, day_of=lambda moment: moment.date(), **more)


def says(answer: Any, _lead: Lead) -> Any:
    """A condition that always gives the same."""
    return answer


def reminded(lead: Lead, step: RecyclingStep, at: datetime) -> Lead:
    return apply(lead, remind_of_lead(lead, step, by="root", at=at).require("remind"))


def test_each_step_comes_on_its_day_and_once():
    """LEAD-13: first the owner, then the superior, then the recycling; what was done is not done again."""
    lead = left()
    told = []
    for day in range(40):
        step = due(lead, LADDER, on(day))
        if step is not None:
            told.append((day, step))
            if step is RECYCLE:
                break
            lead = reminded(lead, step, on(day))
            assert due(lead, LADDER, on(day)) is None
    assert told == [(20, OWNER), (25, SUPERIOR), (30, RECYCLE)]


def test_a_step_that_came_late_puts_off_the_next():
    """LEAD-13: whoever looks once a month leaves as long between the steps as the rule does."""
    lead = left()
    assert due(lead, LADDER, on(100)) is OWNER
    lead = reminded(lead, OWNER, on(100))
    assert due(lead, LADDER, on(104)) is None
    assert due(lead, LADDER, on(105)) is SUPERIOR
    lead = reminded(lead, SUPERIOR, on(200))
    assert due(lead, LADDER, on(204)) is None
    assert due(lead, LADDER, on(205)) is RECYCLE


def test_a_follow_up_or_another_owner_begins_anew():
    """LEAD-13: neither days nor reminders from before count against what was worked since, nor against a new owner."""
    lead = reminded(left(), OWNER, on(20))
    followed = evolve(lead, last_follow_up_at=on(21))
    assert due(followed, LADDER, on(40)) is None
    assert due(followed, LADDER, on(41)) is OWNER
    handed_over = evolve(lead, owner="chen", assigned_at=on(20))
    assert due(handed_over, LADDER, on(39)) is None
    assert due(handed_over, LADDER, on(40)) is OWNER
    assert due(evolve(lead, last_follow_up_at=on(-50)), LADDER, on(25)) is SUPERIOR


def test_what_is_not_known_never_matches():
    """LEAD-13: without any date nothing is overdue, however long it may be; with one of two, that one counts."""
    unknown = left(assigned_at=None)
    assert worked_since(unknown) is None
    assert due(unknown, LADDER, on(10_000)) is None
    assert due(left(assigned_at=None, last_follow_up_at=on(5)), LADDER, on(25)) is OWNER
    assert worked_since(left(last_follow_up_at=on(-5))) == AT


@pytest.mark.parametrize(
    "values",
    [
        {"status": LeadStatus.UNASSIGNED, "owner": None}, {"status": LeadStatus.CONVERTED},
        {"status": LeadStatus.DISQUALIFIED}, {"voided": True}, {"disabled": True},
        {"voided": True, "merged_into": "other"},
    ],
)  # fmt: skip
def test_only_what_somebody_works_is_recycled(values):
    """LEAD-13: never a lead that is voided, merged, disabled, converted, disqualified, or nobody's."""
    assert due(left(), RecyclingRule(after_days=1), on(1)) is RECYCLE
    assert due(left(**values), RecyclingRule(after_days=1), on(10_000)) is None
    assert remind_of_lead(left(**values), OWNER, **BY).events == ()


def test_a_reminder_that_reaches_nobody_is_passed_over():
    """LEAD-13: an owner who left, or one without superior, does not keep the lead for ever."""
    assert due(left(), LADDER, on(25), recipients=[SUPERIOR]) is SUPERIOR
    assert due(left(), LADDER, on(24), recipients=[SUPERIOR]) is None
    assert due(left(), LADDER, on(29), recipients=[]) is None
    assert due(left(), LADDER, on(30), recipients=[]) is RECYCLE
    only_owner = reminded(left(), OWNER, on(20))
    assert due(only_owner, LADDER, on(29), recipients=[OWNER]) is None
    assert due(only_owner, LADDER, on(30), recipients=[OWNER]) is RECYCLE


def test_days_are_those_of_the_business():
    """LEAD-13, HIST-2: a follow-up late in the evening, in the business's zone, is of that day."""
    zone = ZoneInfo("Asia/Shanghai")
    lead = left(assigned_at=datetime(2026, 3, 1, 15, 59, tzinfo=AT.tzinfo))  # 23:59 on the 1st in Shanghai
    for hour, wanted in ((15, None), (16, RECYCLE)):
        now = datetime(2026, 3, 2, hour, 30, tzinfo=AT.tzinfo)
        found = next_step(lead, RecyclingRule(after_days=2), now=now, day_of=lambda at: business_day(at, zone))
        assert found is wanted


@settings(max_examples=200, deadline=None)
@given(
    st.integers(2, 12),
    st.none() | st.integers(1, 11),
    st.none() | st.integers(1, 11),
    st.lists(st.integers(0, 40), max_size=12).map(sorted),
    st.lists(st.integers(0, 40), max_size=2),
)
def test_the_ladder_agrees_with_a_plain_loop_over_days(after, owner_days, superior_days, looks, follow_ups):
    """LEAD-13: whatever the rule, the looks and the follow-ups are, against steps counted by hand."""
    owner_days = None if owner_days is None or owner_days >= after else owner_days
    if superior_days is not None and (superior_days >= after or superior_days <= (owner_days or 0)):
        superior_days = None
    rule = RecyclingRule(after_days=after, remind_owner_after_days=owner_days, remind_superior_after_days=superior_days)
    steps = [(OWNER, owner_days), (SUPERIOR, superior_days), (RECYCLE, after)]
    wanted, got = [], []
    lead, begun, place, last_step_day = left(), 0, 0, 0
    plan = [(step, days) for step, days in steps if days is not None]
    for day in range(41):
        if day in follow_ups:
            lead = evolve(lead, last_follow_up_at=on(day))
            begun, place = day, 0
        for _ in range(looks.count(day)):
            since = begun if place == 0 else last_step_day
            gap = plan[place][1] - (plan[place - 1][1] if place else 0)
            if day - since >= gap:
                wanted.append((day, plan[place][0]))
                last_step_day, place = day, min(place + 1, len(plan) - 1)
            step = due(lead, rule, on(day))
            if step is not None:
                got.append((day, step))
                if step is not RECYCLE:
                    lead = reminded(lead, step, on(day))
            if RECYCLE in [each[1] for each in (*wanted[-1:], *got[-1:])]:
                assert got == wanted
                return
    assert got == wanted


def test_a_rule_is_for_leads_of_its_sources_and_condition():
    """LEAD-13: N per source or own condition; what is not known is in no source, and only True is true."""
    by_source = RecyclingRule(after_days=5, sources=["fair", "website"])
    assert by_source.sources == frozenset({"fair", "website"})
    assert by_source.is_for(left(source="fair"))
    assert not by_source.is_for(left(source="referral"))
    assert not by_source.is_for(left(source=None))
    assert RecyclingRule(after_days=5).is_for(left(source=None))
    for answer, is_for in ((True, True), (False, False), (None, False), ("yes", False)):
        rule = RecyclingRule(after_days=5, sources={"fair"}, condition=partial(says, answer))
        assert rule.is_for(left(source="fair")) is is_for
        assert not rule.is_for(left(source="web"))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"after_days": 0}, "after_days"),
        ({"after_days": 36_501}, "after_days"),
        ({"after_days": True}, "after_days"),
        ({"after_days": timedelta(days=3)}, "after_days"),
        ({"after_days": 5, "remind_owner_after_days": 0}, "remind_owner_after_days"),
        ({"after_days": 5, "remind_owner_after_days": 5}, "remind_owner_after_days"),
        ({"after_days": 5, "remind_superior_after_days": 5}, "remind_superior_after_days"),
        (
            {"after_days": 5, "remind_owner_after_days": 3, "remind_superior_after_days": 3},
            "remind_superior_after_days",
        ),
        ({"after_days": 5, "sources": "web"}, "sources"),
        ({"after_days": 5, "sources": []}, "sources"),
        ({"after_days": 5, "sources": [1]}, "sources"),
        ({"after_days": 5, "sources": 5}, "sources"),
        ({"after_days": 5, "condition": "old"}, "condition"),
    ],
)
def test_a_rule_that_makes_no_sense_is_named(values, what):
    """LEAD-13: an empty list of sources is not taken to mean all, and no later step comes before an earlier one."""
    with pytest.raises(InvalidInput) as invalid:
        RecyclingRule(**values)
    assert invalid.value.what == what


def test_a_reminder_is_an_event_and_keeps_the_last_of_each_step():
    """LEAD-13, HIST-1: who owned it and when; a further one takes the place of the one before."""
    lead = reminded(reminded(left(), OWNER, on(20)), SUPERIOR, on(25))
    again = remind_of_lead(lead, OWNER, by="root", at=on(60))
    assert kinds(again) == ["lead_reminded"]
    assert again.events[0].operation == "leads.recycle_overdue"
    after = apply(lead, again.events)
    assert after.reminders == (
        OverdueReminder("remind_owner", "li", on(60)), OverdueReminder("remind_superior", "li", on(25)),
    )  # fmt: skip
    assert codes(remind_of_lead(left(voided=True), OWNER, **BY)) == ["is_voided"]
    assert remind_of_lead(left(disabled=True), OWNER, **BY).reasons == (Reason("is_disabled"),)


def test_a_day_is_a_day_whatever_the_hour():
    """LEAD-13: a run each morning takes what was followed up in the afternoon so many days ago."""
    lead = left(last_follow_up_at=AT + timedelta(hours=8))
    assert due(lead, RecyclingRule(after_days=3), on(3) - timedelta(hours=9)) is RECYCLE
