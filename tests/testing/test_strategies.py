"""The strategies of the kit give sound records only, and every kind of them (OPP-2, TEAM-1, ORG-2, HIST-1)."""

from contextlib import suppress

from hypothesis import Phase, given, settings

from salesflow.model import LeadStatus, LedBy, OpportunityStatus, StageExit, TaskStatus, check, replay
from salesflow.model.money import minor_digits
from salesflow.testing import strategies as some
from salesflow.visibility import Organization


@settings(max_examples=30)
@given(some.opportunities())
def test_opportunities_are_sound(opportunity):
    """OPP-2: every drawn opportunity keeps every invariant."""
    assert check(opportunity) == []


@given(some.leads())
def test_leads_are_sound(lead):
    """LEAD-1: every drawn lead keeps every invariant."""
    assert check(lead) == []


@given(some.documents())
def test_documents_are_sound(document):
    """OPP-13: every drawn document adds up."""
    assert check(document) == []


@given(some.organizations())
def test_organizations_are_sound(organization):
    """ORG-2, ORG-3: drawn organisations hold no cycle, or making them would have raised."""
    again = Organization(organization.employees, organization.departments)

    assert {employee.id for employee in again.employees} <= set(some.PEOPLE)


@given(some.histories(some.leads()))
@settings(max_examples=10)
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


def test_every_kind_of_record_is_drawn():
    """OPP-7, OPP-8, LEAD-4: the strategies really give what the rules speak of, within a few hundred draws."""
    wanted = {*OpportunityStatus, *LeadStatus, *LedBy}
    wanted |= {"voided", "reopened", "skipped", "team", "no amount", "open task"}
    seen: set[object] = set()

    class AllSeen(Exception):
        """Ends the drawing."""

    # What is drawn depends on which modules are loaded, so there may be many draws, but none once all is seen.
    @settings(max_examples=1000, database=None, phases=[Phase.generate], derandomize=True)
    @given(some.opportunities(), some.leads())
    def draw(opportunity, lead):
        seen.update((opportunity.status, lead.status, opportunity.led_by))
        facts = {
            "voided": opportunity.voided,
            "reopened": any(closing.ended_at is not None for closing in opportunity.closings),
            "skipped": any(visit.exit is StageExit.SKIPPED for visit in opportunity.visits),
            "team": len(opportunity.team) > 2,
            "no amount": opportunity.amount is None,
            "open task": any(task.status is TaskStatus.OPEN for task in opportunity.tasks),
        }
        seen.update(name for name, holds in facts.items() if holds)
        if seen >= wanted:
            raise AllSeen

    with suppress(AllSeen):
        draw()

    assert seen >= wanted
