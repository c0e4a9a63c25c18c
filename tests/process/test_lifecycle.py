"""Voiding, unvoiding and deleting; and what status and flags an operation needs."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import LeadStatus, Merge, Opportunity, OpportunityStatus, Reason, ReviewState, apply
from salesflow.process import add_activity, delete, delete_lead, opportunity_stands, refused, unvoid, void
from salesflow.process.standing import COMPLETED, OPEN, SERVED, lead_stands
from tests.process.samples import AT, BY, NAIVE, a_lead, changed, closed, codes, does, kinds, later, opened

RECORDS: dict[str, Any] = {
    "in progress": opened,
    "won": lambda: closed(OpportunityStatus.WON),
    "lost": lambda: closed(OpportunityStatus.LOST),
    "invalid": lambda: closed(OpportunityStatus.INVALID),
    "lead": a_lead,
    "disabled lead": lambda: a_lead(disabled=True),
    "disqualified lead": lambda: a_lead(status=LeadStatus.DISQUALIFIED, disqualified_reason="r"),
}


@pytest.mark.parametrize("make", RECORDS.values(), ids=RECORDS)
def test_voiding_and_unvoiding(make):
    """OPP-10, LEAD-10: any status will do; unvoiding restores exactly what was."""
    record = make()
    group = "opportunities" if isinstance(record, Opportunity) else "leads"
    decision = void(record, reason="entered twice", by="li", at=later())
    voided = does(record, decision)
    assert kinds(decision) == ["voided"]
    assert (decision.events[0].reason, decision.events[0].operation) == ("entered twice", f"{group}.void")
    assert changed(decision) == {"voided"}
    assert void(voided, reason=None, **BY).reasons[0] == Reason("is_voided")

    back = unvoid(voided, by="root", at=later())
    restored = does(voided, back)
    assert kinds(back) == ["unvoided"]
    assert back.events[0].operation == f"{group}.unvoid"
    assert evolve(restored, version=record.version, updated_at=record.updated_at) == record
    assert codes(unvoid(record, **BY)) == ["is_not_voided"]


@pytest.mark.parametrize("review", ReviewState)
def test_a_lead_is_voided_while_its_review_is_open(review):
    """LEAD-10: created or under review again; unvoiding does not ask."""
    lead = a_lead(review=review)
    decision = void(lead, reason=None, **BY)
    if review in (ReviewState.CREATED, ReviewState.RE_REVIEW):
        assert decision.is_allowed
    else:
        wrong = Reason("wrong_review_state", state=str(review), allowed=("created", "re_review"))
        assert decision.reasons == (wrong,)
        assert void(evolve(lead, voided=True), reason=None, **BY).reasons == (Reason("is_voided"), wrong)
    assert unvoid(evolve(lead, voided=True), **BY).is_allowed


def test_deleting_what_nothing_happened_to():
    """OPP-10: its creation only, and not voided; else it is voided instead."""
    opportunity = opened()
    decision = delete(opportunity, **BY)
    assert kinds(decision) == ["deleted"]
    assert decision.events[0].operation == "opportunities.delete"
    assert changed(decision) == set()

    noted = add_activity(opportunity, "note", "hm", happened_at=AT, **BY)
    assert codes(delete(apply(opportunity, noted.events), **BY)) == ["has_history"]
    assert codes(delete(evolve(opportunity, voided=True), **BY)) == ["is_voided"]
    voided = does(opportunity, void(opportunity, reason=None, **BY))
    assert codes(delete(voided, **BY)) == ["is_voided", "has_history"]


@pytest.mark.parametrize("status", LeadStatus)
@pytest.mark.parametrize("review", ReviewState)
def test_a_lead_is_deleted_that_nobody_works(status, review):
    """LEAD-11: unassigned or disqualified, and created or under review again; disabled or not."""
    owner = {} if status is not LeadStatus.UNASSIGNED else {"owner": None}
    decision = delete_lead(a_lead(status=status, review=review, disabled=True, **owner), **BY)
    reasons = [] if status in (LeadStatus.UNASSIGNED, LeadStatus.DISQUALIFIED) else ["wrong_status"]
    reasons += [] if review in (ReviewState.CREATED, ReviewState.RE_REVIEW) else ["wrong_review_state"]
    if reasons:
        assert codes(decision) == reasons
    else:
        assert kinds(decision) == ["deleted"]
        assert (decision.events[0].operation, changed(decision)) == ("leads.delete", set())


def test_a_lead_stays_while_something_hangs_on_it():
    """LEAD-11, LEAD-15: what redirects to it, and documents; nor is a voided one deleted. All reasons come together."""
    lead = a_lead(status=LeadStatus.UNASSIGNED, owner=None)
    held = evolve(lead, merges=(Merge("other", 2),), quote_number="Q")
    assert delete_lead(held, **BY).reasons == (Reason("has_redirects", leads=("other",)), Reason("has_documents"))
    assert codes(delete_lead(evolve(held, voided=True), **BY)) == ["is_voided", "has_redirects", "has_documents"]
    assert codes(delete_lead(evolve(lead, contract_number="C"), **BY)) == ["has_documents"]


@pytest.mark.parametrize(
    "operation",
    [
        lambda: void(opened(), reason=None, by="li", at=NAIVE),
        lambda: unvoid(evolve(opened(), voided=True), by="li", at=NAIVE),
        lambda: delete_lead(a_lead(status=LeadStatus.UNASSIGNED, owner=None), by="li", at=NAIVE),
        lambda: delete(opened(), by="li", at=NAIVE),
    ],
)
def test_a_naive_moment_is_refused(operation):
    """HIST-2: the caller must say which zone is meant."""
    with pytest.raises(InvalidInput, match="timezone-aware"):
        operation()


def test_what_an_opportunity_must_be():
    """OPP-3 … OPP-19: voided hides every other reason; None allows any status."""
    for status in OpportunityStatus:
        opportunity = evolve(opened(), status=status)
        for allowed in (OPEN, SERVED, COMPLETED):
            expected = (
                ()
                if status in allowed
                else (Reason("wrong_status", status=str(status), allowed=tuple(map(str, allowed))),)
            )
            assert opportunity_stands(opportunity, allowed) == expected
        assert opportunity_stands(opportunity, None) == ()
        voided = evolve(opportunity, voided=True)
        assert opportunity_stands(voided, OPEN) == opportunity_stands(voided, None) == (Reason("is_voided"),)


def test_what_a_lead_must_be():
    """LEAD-4 … LEAD-9: voided, disabled and status are reasons side by side; voiding and deleting pass the flag."""
    worked = (LeadStatus.ASSIGNED,)
    wrong = Reason("wrong_status", status="converted", allowed=("assigned",))
    converted = a_lead(status=LeadStatus.CONVERTED)
    assert lead_stands(a_lead(), worked) == ()
    assert lead_stands(converted, None) == ()
    assert lead_stands(converted, worked) == (wrong,)
    everything = evolve(converted, voided=True, disabled=True)
    assert lead_stands(everything, worked) == (Reason("is_voided"), Reason("is_disabled"), wrong)
    assert lead_stands(everything, worked, even_disabled=True) == (Reason("is_voided"), wrong)


def test_a_no_is_a_value():
    """OPP-14: reasons in the order given, and nothing happens."""
    decision = refused(Reason("is_voided"), Reason("reason_missing"))
    assert codes(decision) == ["is_voided", "reason_missing"]
    assert not decision.is_allowed
