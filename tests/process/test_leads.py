"""The life of a lead, operation by operation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import (
    Conversion,
    FormerOwner,
    Lead,
    LeadStatus,
    NewContact,
    NewCustomer,
    Reason,
    check,
    replay,
)
from salesflow.process import (
    Converted,
    assign_lead,
    convert_lead,
    convertible,
    create_lead,
    disqualify_lead,
    follow_up_lead,
    recycle_lead,
    void,
)
from tests.process.samples import AT, BY, NAIVE, a_lead, changed, codes, does, kinds, later, opened

NEW: dict[str, Any] = {"created_at": AT, "created_by": "li", "updated_at": AT}


def in_status(status: LeadStatus) -> Lead:
    values: dict[LeadStatus, dict[str, Any]] = {
        LeadStatus.UNASSIGNED: {"owner": None},
        LeadStatus.ASSIGNED: {},
        LeadStatus.CONVERTED: {"conversion": Conversion("acme", None, "deal")},
        LeadStatus.DISQUALIFIED: {"disqualified_reason": "no budget"},
    }
    lead = a_lead(status=status, **values[status])
    assert check(lead) == []
    return lead


def convert(lead: Lead, customer: Any = None, contact: Any = None, opportunity: Any = None, **when: Any) -> Converted:
    return convert_lead(
        lead, customer=customer, customer_id="acme" if customer else None, contact=contact,
        contact_id="qian" if contact else None, opportunity=opportunity, **{**BY, **when},
    )  # fmt: skip


OPERATIONS: dict[str, tuple[Any, set[LeadStatus]]] = {
    "assign": (
        lambda lead, **when: assign_lead(lead, "wang", branch=None, by="li", **when),
        {LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED},
    ),
    "follow up": (
        lambda lead, **when: follow_up_lead(lead, "call", "hm", happened_at=AT, by="li", **when),
        {LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED, LeadStatus.CONVERTED},
    ),
    "recycle": (lambda lead, **when: recycle_lead(lead, reason="r", by="li", **when), {LeadStatus.ASSIGNED}),
    "disqualify": (
        lambda lead, **when: disqualify_lead(lead, reason="r", by="li", **when),
        {LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED},
    ),
    "convert": (lambda lead, **when: convert(lead, NewCustomer("Acme"), **when).decision, {LeadStatus.ASSIGNED}),
}


@pytest.mark.parametrize(("operation", "allowed"), OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("status", LeadStatus)
def test_every_operation_has_its_statuses(operation, allowed, status):
    """LEAD-4, LEAD-5, LEAD-6, LEAD-8, LEAD-9: elsewhere the reason names those that it needs."""
    lead = in_status(status)
    decision = operation(lead, at=AT)
    if status in allowed:
        does(lead, decision)
    elif status is LeadStatus.CONVERTED and operation is OPERATIONS["convert"][0]:
        assert decision.reasons == (Reason("already_converted", into=("acme", "deal")),)
    else:
        (reason,) = decision.reasons
        assert (reason.code, reason.facts["status"]) == ("wrong_status", str(status))
        assert set(reason.facts["allowed"]) == {str(each) for each in allowed}


@pytest.mark.parametrize(("operation", "allowed"), OPERATIONS.values(), ids=OPERATIONS)
def test_a_voided_or_disabled_lead_stands_still(operation, allowed):
    """LEAD-10, LEAD-17: each flag is a reason, and both come together."""
    for status in allowed:
        lead = in_status(status)
        voided = does(lead, void(lead, reason=None, **BY))
        assert codes(operation(voided, at=AT))[0] == "is_voided"
        if status is LeadStatus.ASSIGNED:
            assert codes(operation(evolve(lead, disabled=True), at=AT)) == ["is_disabled"]
            assert codes(operation(evolve(lead, voided=True, disabled=True), at=AT)) == ["is_voided", "is_disabled"]


@pytest.mark.parametrize(
    "operation",
    [
        *(operation for operation, _ in OPERATIONS.values()),
        lambda lead, at: create_lead(lead, by="li", at=at),
        lambda lead, at: follow_up_lead(lead, "call", "hm", happened_at=at, **BY),
    ],
)
def test_a_naive_moment_is_refused(operation):
    """HIST-2: the caller must say which zone is meant."""
    with pytest.raises(InvalidInput, match="timezone-aware"):
        operation(a_lead(), at=NAIVE)


class TestCreate:
    @pytest.mark.parametrize("way", [{"phone": "1"}, {"email": "a@b"}, {"channel": "trade fair"}])
    def test_a_title_and_a_way_to_reach_someone(self, way):
        """LEAD-1: assigned or not, the event tells the whole record."""
        for owner, status in (("li", LeadStatus.ASSIGNED), (None, LeadStatus.UNASSIGNED)):
            lead = Lead(id="l", version=1, title="CRM", owner=owner, status=status, **way, **NEW)
            decision = create_lead(lead, **BY)
            assert kinds(decision) == ["created"]
            assert decision.events[0].operation == "leads.create"
            assert replay(decision.events) == lead
        decision = create_lead(a_lead(), operation="leads.push_down", **BY)
        assert decision.events[0].operation == "leads.push_down"

    def test_without_them_it_is_refused(self):
        """LEAD-1: both reasons come together; blanks are no title and no way."""
        for title in ("", "  "):
            lead = Lead(id="l", version=1, title=title, owner="li", status=LeadStatus.ASSIGNED, phone="", **NEW)
            assert codes(create_lead(lead, **BY)) == ["title_missing", "reach_missing"]
            assert codes(create_lead(evolve(lead, phone="1"), **BY)) == ["title_missing"]
        nowhere = a_lead(phone=None, email=None, channel="")
        assert codes(create_lead(nowhere, **BY)) == ["reach_missing"]


def test_assigning():
    """LEAD-4: owner and branch are set; assigned it is then, from a pool or from somebody."""
    for status in (LeadStatus.UNASSIGNED, LeadStatus.ASSIGNED):
        lead = in_status(status)
        decision = assign_lead(lead, "wang", branch="south", **BY)
        after = does(lead, decision)
        assert kinds(decision) == ["lead_assigned"]
        assert decision.events[0].operation == "leads.assign"
        assert (after.owner, after.branch, after.status) == ("wang", "south", LeadStatus.ASSIGNED)
        assert does(lead, assign_lead(lead, "wang", branch=None, **BY)).branch is None


def test_following_up():
    """LEAD-5: an activity; the last follower, the last follow-up and the last update follow from it."""
    lead = a_lead()
    decision = follow_up_lead(lead, "visit", "talked", happened_at=later(-60), by="wang", at=later())
    after = does(lead, decision)
    assert kinds(decision) == ["lead_followed_up"]
    assert decision.events[0].operation == "leads.follow_up"
    (activity,) = after.activities
    assert (activity.id, activity.kind, activity.text, activity.at, activity.by) == (
        "2", "visit", "talked", later(-60), "wang",
    )  # fmt: skip
    assert (after.last_follower, after.last_follow_up_at, after.updated_at) == ("wang", later(-60), later())


@pytest.mark.parametrize(("minutes", "latest"), [(-1, False), (0, True), (1, True)])
def test_an_older_follow_up_is_kept_but_is_not_the_last(minutes, latest):
    """LEAD-5: told late, it does not take the place of a later one; planned, it is heard of now."""
    lead = a_lead(last_follower="wang", last_follow_up_at=AT)
    after = does(lead, follow_up_lead(lead, "call", "hm", happened_at=later(minutes), **BY))
    assert len(after.activities) == 1
    assert (after.last_follower, after.last_follow_up_at) == (
        ("li", later(min(minutes, 0))) if latest else ("wang", AT)
    )


def test_recycling():
    """LEAD-8: owner and branch are cleared; reason and former owners are kept, in order."""
    earlier = FormerOwner(1, "zhao", AT - timedelta(days=9), "overdue")
    lead = a_lead(former_owners=(earlier,))
    decision = recycle_lead(lead, reason="no time", by="zhang", at=later())
    after = does(lead, decision)
    assert kinds(decision) == ["lead_recycled"]
    assert (decision.events[0].operation, decision.events[0].reason) == ("leads.recycle", "no time")
    assert (after.owner, after.branch, after.status) == (None, None, LeadStatus.UNASSIGNED)
    assert after.former_owners == (earlier, FormerOwner(2, "li", later(), "no time"))


def test_disqualifying():
    """LEAD-9: the reason is kept, the owner too; nothing brings it back."""
    lead = a_lead()
    decision = disqualify_lead(lead, reason="no budget", **BY)
    after = does(lead, decision)
    assert kinds(decision) == ["lead_disqualified"]
    assert (decision.events[0].operation, decision.events[0].reason) == ("leads.disqualify", "no budget")
    assert changed(decision) == {"status", "disqualified_reason"}
    assert (after.status, after.disqualified_reason) == (LeadStatus.DISQUALIFIED, "no budget")
    assert all(not operation(after, at=AT).is_allowed for operation, _ in OPERATIONS.values())


@pytest.mark.parametrize("operation", [recycle_lead, disqualify_lead])
@pytest.mark.parametrize("missing", [None, ""])
def test_a_reason_is_needed(operation, missing):
    """LEAD-8, LEAD-9: beside whatever else is in the way."""
    assert codes(operation(a_lead(), reason=missing, **BY)) == ["reason_missing"]
    assert codes(operation(in_status(LeadStatus.CONVERTED), reason=missing, **BY)) == ["wrong_status", "reason_missing"]


class TestConvert:
    def test_into_all_three(self):
        """LEAD-6: new records remember the lead, take what it knows, and belong to its owner, whoever clicked."""
        lead = a_lead()
        deal = opened(lead=lead)
        converted = convert(
            lead, NewCustomer("Acme", industry="tools"), NewContact("Qian", title="CEO"), deal, by="wang"
        )
        after = does(lead, converted.decision)
        assert kinds(converted.decision) == ["lead_converted"]
        assert converted.decision.events[0].by == "wang"
        assert changed(converted.decision) == {"status", "conversion"}
        assert (after.status, after.owner) == (LeadStatus.CONVERTED, "li")
        assert after.conversion == Conversion("acme", "qian", "deal")

        assert converted.customer is not None
        assert converted.contact is not None
        customer, made = converted.customer
        assert (customer.id, customer.name, customer.industry, customer.owner) == ("acme", "Acme", "tools", "li")
        assert (customer.phone, customer.email, customer.source_lead) == (lead.phone, lead.email, "lead")
        assert (customer.created_at, customer.created_by) == (AT, "wang")
        assert replay(made.events) == customer
        contact, made = converted.contact
        assert (contact.id, contact.name, contact.title, contact.owner) == ("qian", "Qian", "CEO", "li")
        assert (contact.phone, contact.email, contact.source_lead) == (lead.phone, lead.email, "lead")
        assert (contact.customer, contact.created_at, contact.created_by) == ("acme", AT, "wang")
        assert replay(made.events) == contact
        operations = {e.operation for d in (converted.decision, converted.customer[1], made) for e in d.events}
        assert operations == {"leads.convert"}

    def test_what_the_request_names_goes_before_what_the_lead_knows(self):
        """LEAD-6: what is left out is taken from the lead."""
        converted = convert(a_lead(), NewCustomer("A", phone="1", email="a@b"), NewContact("Q", phone="2", email="q@b"))
        assert converted.customer is not None
        assert converted.contact is not None
        assert (converted.customer[0].phone, converted.customer[0].email) == ("1", "a@b")
        assert (converted.contact[0].phone, converted.contact[0].email) == ("2", "q@b")

    def test_into_existing_records(self):
        """LEAD-6: each an existing id: nothing is made of those."""
        converted = convert(a_lead(), "acme", "qian", "deal")
        assert (converted.customer, converted.contact) == (None, None)
        after = does(a_lead(), converted.decision)
        assert after.conversion == Conversion("acme", "qian", "deal")

    @pytest.mark.parametrize(
        ("given", "conversion"),
        [
            ({"customer": NewCustomer("Acme")}, Conversion("acme", None, None)),
            ({"contact": NewContact("Qian")}, Conversion(None, "qian", None)),
            ({"contact": NewContact("Qian"), "opportunity": "deal"}, Conversion(None, "qian", "deal")),
            ({"customer": "acme", "opportunity": "deal"}, Conversion("acme", None, "deal")),
            ({"customer": "acme", "contact": NewContact("Qian")}, Conversion("acme", "qian", None)),
        ],
    )
    def test_into_any_combination(self, given, conversion):
        """LEAD-6: an opportunity needs one of the other two; the other two stand alone."""
        lead = a_lead()
        assert does(lead, convert(lead, **given).decision).conversion == conversion

    def test_into_nothing_or_an_opportunity_alone(self):
        """LEAD-6: neither is possible, and what else is in the way is told too."""
        assert codes(convert(a_lead()).decision) == ["convert_nothing"]
        assert codes(convert(a_lead(), opportunity="deal").decision) == ["convert_needs_party"]
        assert codes(convert(in_status(LeadStatus.UNASSIGNED)).decision) == ["wrong_status", "convert_nothing"]
        refusal = convert(a_lead())
        assert (refusal.customer, refusal.contact) == (None, None)

    def test_exactly_once(self):
        """LEAD-6: the second is refused with what the first one made."""
        lead = a_lead()
        after = does(lead, convert(lead, "acme", opportunity="deal").decision)
        assert convertible(lead) == ()
        assert convertible(after) == (Reason("already_converted", into=("acme", "deal")),)
        assert convert(after, "acme").decision.reasons == convertible(after)
        voided = evolve(after, voided=True)
        assert [reason.code for reason in convertible(voided)] == ["is_voided", "wrong_status"]
