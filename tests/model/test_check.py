"""The invariants of one record, each seen to hold and to break: OPP-2, TEAM-1, TEAM-2, LEAD-1."""

from datetime import timedelta

import pytest
from attrs import evolve

from salesflow.model import (
    Access,
    Closing,
    ContactRole,
    Conversion,
    Customer,
    Lead,
    LeadStatus,
    Money,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    StageEntry,
    StageExit,
    StageVisit,
    Task,
    TaskStatus,
    TeamMember,
    TeamRole,
    check,
)
from salesflow.testing.records import AT, make_opportunity

WON = OpportunityStatus.WON
HALF = Probability(50, ProbabilitySource.HAND)
OWNER = TeamMember("li", TeamRole.OWNER, Access.READ_WRITE)
HERE = StageVisit(1, "qualification", AT, StageEntry.CREATED)
LEFT = evolve(HERE, left_at=AT, exit=StageExit.ADVANCED)
ENDED = evolve(HERE, left_at=AT, exit=StageExit.CLOSED)
CLOSING = Closing(1, WON, "qualification", AT, "li", AT.date(), HALF)
OPEN = make_opportunity("a", visits=(HERE,))
CLOSED = evolve(OPEN, status=WON, visits=(ENDED,), closings=(CLOSING,))
LEAD = Lead(id="l", version=1, title="A project", owner="li", status=LeadStatus.ASSIGNED, phone="1")

BREAKS = [
    (OPEN, {"version": 0}, "version: counts from 1"),
    (OPEN, {"team": ()}, "team: exactly one owner"),
    (OPEN, {"team": (OWNER, TeamMember("wang", TeamRole.OWNER, Access.READ_WRITE))}, "team: exactly one owner"),
    (OPEN, {"owner": "wang"}, "team: exactly one owner"),
    (OPEN, {"team": (evolve(OWNER, access=Access.READ),)}, "team: exactly one owner"),
    (OPEN, {"team": (OWNER, TeamMember("wang"), TeamMember("wang"))}, "team: key 'sales:wang' stands more"),
    (OPEN, {"amount": Money("-0.01", "CNY")}, "amount: not negative"),
    (OPEN, {"probability": evolve(HALF, percent=101)}, "probability: 0 to 100"),
    (OPEN, {"probability": evolve(HALF, percent=-1)}, "probability: 0 to 100"),
    (OPEN, {"visits": (evolve(HERE, number=2),)}, "visits: numbered from 1"),
    (OPEN, {"visits": ()}, "visits: the last one is of `stage`"),
    (OPEN, {"stage": "bidding"}, "visits: the last one is of `stage`"),
    (OPEN, {"visits": (HERE, evolve(HERE, number=2))}, "visits: all but the last have ended"),
    (OPEN, {"visits": (ENDED,)}, "visits: the last lasts while in progress"),
    (CLOSED, {"visits": (HERE,)}, "visits: the last lasts while in progress"),
    (OPEN, {"visits": (evolve(LEFT, left_at=AT - timedelta(1)), evolve(HERE, number=2))}, "visits: never end"),
    (
        OPEN,
        {"visits": (evolve(LEFT, exit=StageExit.SKIPPED, left_at=AT + timedelta(1)), evolve(HERE, number=2))},
        "visits: a skipped stage took no time",
    ),
    (CLOSED, {"closings": ()}, "closings: the last stands while completed"),
    (CLOSED, {"closings": (evolve(CLOSING, ended_at=AT),)}, "closings: the last stands while completed"),
    (CLOSED, {"closings": (CLOSING, evolve(CLOSING, number=2))}, "closings: all but the last have ended"),
    (OPEN, {"closings": (CLOSING,)}, "closings: the last stands while completed"),
    (CLOSED, {"status": OpportunityStatus.LOST}, "status: the standing closing's outcome"),
    (CLOSED, {"tasks": (Task("1:t", "t", "qualification"),)}, "tasks: a completed opportunity has none open"),
    (
        OPEN,
        {"contact_roles": (ContactRole("c", "user", True), ContactRole("d", "user", True))},
        "contact_roles: at most one primary",
    ),
    (LEAD, {"title": "  "}, "title: given"),
    (LEAD, {"phone": None}, "phone, email, channel: at least one given"),
    (LEAD, {"owner": None}, "owner: none while UNASSIGNED, one while ASSIGNED"),
    (LEAD, {"status": LeadStatus.UNASSIGNED}, "owner: none while UNASSIGNED, one while ASSIGNED"),
    (LEAD, {"status": LeadStatus.CONVERTED}, "conversion: exactly while CONVERTED"),
    (LEAD, {"conversion": Conversion("c", None, None)}, "conversion: exactly while CONVERTED"),
    (LEAD, {"status": LeadStatus.DISQUALIFIED}, "disqualified_reason: exactly while DISQUALIFIED"),
    (LEAD, {"disqualified_reason": "no budget"}, "disqualified_reason: exactly while DISQUALIFIED"),
    (LEAD, {"version": -1}, "version: counts from 1"),
]

SOUND = [
    OPEN,
    CLOSED,
    LEAD,
    evolve(OPEN, visits=(LEFT, evolve(HERE, number=2))),
    evolve(OPEN, visits=(evolve(LEFT, exit=StageExit.SKIPPED), evolve(HERE, number=2, entered_at=None))),
    evolve(OPEN, closings=(evolve(CLOSING, ended_at=AT),), amount=Money(0, "CNY")),
    evolve(CLOSED, tasks=(Task("1:t", "t", "qualification", TaskStatus.CANCELLED),)),
    evolve(OPEN, contact_roles=(ContactRole("c", "user", True), ContactRole("d", "user"))),
    evolve(OPEN, team=(OWNER, TeamMember("li", TeamRole.JOINT), TeamMember("wang"))),
    evolve(LEAD, owner=None, status=LeadStatus.UNASSIGNED, phone=None, channel="fair"),
    evolve(LEAD, status=LeadStatus.CONVERTED, conversion=Conversion("c", None, None), phone=None, email="e"),
    evolve(LEAD, status=LeadStatus.DISQUALIFIED, disqualified_reason="no budget", owner=None),
    Customer(id="c", version=1, name="Acme", owner=None),
]


@pytest.mark.parametrize("record", SOUND)
def test_a_sound_record_breaks_nothing(record):
    """OPP-2, TEAM-2, LEAD-1: each of these is as it may be."""
    assert check(record) == []


@pytest.mark.parametrize(("record", "values", "rule"), BREAKS)
def test_each_broken_invariant_is_named(record, values, rule):
    """OPP-2, TEAM-1, TEAM-2, LEAD-1: changed in one way, the record breaks the rule that says so."""
    assert check(record) == []
    assert any(found.startswith(rule) for found in check(evolve(record, **values)))


def test_every_problem_is_reported_at_once():
    """OPP-2: a record that breaks three rules is told of all three."""
    broken = evolve(OPEN, version=0, amount=Money(-1, "CNY"), probability=evolve(HALF, percent=200))

    assert check(broken) == ["version: counts from 1", "amount: not negative", "probability: 0 to 100"]
