"""The strategies of the kit give sound records only, and every kind of them (OPP-2, TEAM-1, ORG-2, HIST-1)."""

import pytest
from hypothesis import find, given, settings

from salesflow.model import LeadStatus, Opportunity, OpportunityStatus, StageExit, check, replay
from salesflow.model.money import minor_digits
from salesflow.testing import strategies as some
from salesflow.visibility import Organization


@given(some.opportunities())
def test_opportunities_are_sound(opportunity):
    """OPP-2: every drawn opportunity keeps every invariant."""
    assert check(opportunity) == []


@given(some.leads())
def test_leads_are_sound(lead):
    """LEAD-1: every drawn lead keeps every invariant."""
    assert check(lead) == []


@given(some.organizations())
def test_organizations_are_sound(organization):
    """ORG-2, ORG-3: drawn organisations hold no cycle, or making them would have raised."""
    again = Organization(organization.employees, organization.departments)

    assert {employee.id for employee in again.employees} <= set(some.PEOPLE)


@given(some.histories(some.leads()))
@settings(max_examples=20)
def test_histories_lead_to_their_records(history):
    """HIST-1: the events of a drawn history give the record after each decision, and each is sound."""
    events = []
    for decision, record in zip(history.decisions, history.records, strict=True):
        events += decision
        assert replay(events) == record
        assert check(record) == []
    assert tuple(events) == history.events


@given(some.money(smallest=5, largest=7))
def test_money_keeps_to_its_bounds_and_decimals(money):
    """OPP-2: amounts lie between the bounds, with no more decimals than the currency has."""
    assert 5 <= money.amount <= 7
    assert -money.amount.as_tuple().exponent <= minor_digits(money.currency)


@given(some.moments(), some.days(), some.labels(), some.names(), some.record_ids(), some.people())
def test_plain_values_are_plain(moment, day, label, name, id, person):
    """HIST-2: moments are aware and in UTC, days have no clock time, names are not blank."""
    assert (moment.utcoffset() or day - day).total_seconds() == 0
    assert label.text()
    assert name.strip()
    assert id
    assert person in some.PEOPLE


def _shows(opportunity: Opportunity, what: str) -> bool:
    return {
        "voided": opportunity.voided,
        "reopened": any(closing.ended_at is not None for closing in opportunity.closings),
        "skipped": any(visit.exit is StageExit.SKIPPED for visit in opportunity.visits),
        "big team": len(opportunity.team) > 3,
        "no amount": opportunity.amount is None,
        **{status.value: opportunity.status is status for status in OpportunityStatus},
    }[what]


@pytest.mark.parametrize(
    "what", ["voided", "reopened", "skipped", "big team", "no amount", *map(str, OpportunityStatus)]
)
def test_every_kind_of_opportunity_is_drawn(what):
    """OPP-7, OPP-8: the strategy really gives what the rules speak of."""
    quick = settings(max_examples=300, database=None)

    assert _shows(find(some.opportunities(), lambda drawn: _shows(drawn, what), settings=quick), what)


@pytest.mark.parametrize("status", LeadStatus)
def test_every_status_of_a_lead_is_drawn(status):
    """LEAD-4: the strategy gives leads of every status."""
    quick = settings(max_examples=300, database=None)

    assert find(some.leads(), lambda lead: lead.status is status, settings=quick).status is status
