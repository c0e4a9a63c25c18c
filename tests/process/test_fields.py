"""Editing fields, activities, contact roles and competitors: exactly what is named changes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    Contact,
    ContactRole,
    Conversion,
    Customer,
    CustomField,
    LeadStatus,
    LedBy,
    Money,
    Opportunity,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    ProductLine,
    Reason,
    apply,
    check,
)
from salesflow.process import (
    add_activity,
    add_competitor,
    edit_lead,
    edit_opportunity,
    edit_party,
    remove_competitor,
    set_contact_role,
    void,
)
from salesflow.process.fields import LEAD_FIELDS, OPPORTUNITY_FIELDS, PARTY_FIELDS
from salesflow.testing import strategies as some
from tests.process.samples import (
    AT,
    BY,
    NAIVE,
    TODAY,
    WORTH,
    a_lead,
    changed,
    closed,
    codes,
    does,
    kinds,
    later,
    opened,
)

LINE = ProductLine("crm", "CRM2000", Decimal("1.5"), WORTH)
WRONG: Any = 5
CUSTOMER = Customer(id="acme", version=1, name="Acme", owner="li")
CONTACT = Contact(id="qian", version=1, name="Qian", owner="li", customer="acme")

# Per field: what it takes, how it is kept, and what it does not take.
VALUES: dict[str, tuple[list[tuple[Any, Any]], list[Any]]] = {
    "name": ([("Big deal", "Big deal")], [None, "", " ", 5, "two\nlines", "x" * 301]),
    "title": ([("Big deal", "Big deal")], ["", 5]),
    "owner": ([("wang", "wang")], [None, ""]),
    "customer": ([("globex", "globex"), (None, None)], ["", 5]),
    "contact": ([("qian", "qian"), (None, None)], ["", 5]),
    "company": ([("Acme", "Acme"), (None, None)], ["", 5]),
    "phone": ([("1", "1"), (None, None)], ["", 5]),
    "email": ([("a@b", "a@b"), (None, None)], ["", 5]),
    "channel": ([("fair", "fair"), (None, None)], ["", 5]),
    "industry": ([("tools", "tools"), (None, None)], ["", 5]),
    "source": ([("website", "website"), (None, None)], ["", 5]),
    "description": ([("two\nlines", "two\nlines"), (None, None)], [5, "x" * 20_001, "\x00"]),
    "amount": ([(WORTH, WORTH), (Money("0", "CNY"), Money("0", "CNY")), (None, None)], [Money("-1", "CNY"), 5, "5"]),
    "close_date": ([(TODAY, TODAY), (date(1999, 1, 1), date(1999, 1, 1)), (None, None)], [AT, "2026-01-01"]),
    "probability": (
        [(n, Probability(n, ProbabilitySource.HAND)) for n in (0, 1, 99, 100)],
        [-1, 101, 10.0, "10", True, None],
    ),
    "led_by": ([(LedBy.PARTNER, LedBy.PARTNER), ("partner", LedBy.PARTNER)], ["them", None, 5, []]),
    "products": (
        [([LINE], (LINE,)), ((), ()), ((LINE, evolve(LINE, key="x")), (LINE, evolve(LINE, key="x")))],
        [
            None, LINE, "crm", [5], [LINE, LINE], [evolve(LINE, key="")],
            *([evolve(LINE, unit_price=wrong)] for wrong in (Money("-1", "CNY"), WRONG)),
            *([evolve(LINE, quantity=wrong)] for wrong in (Decimal("NaN"), Decimal(0), Decimal(-1), Decimal(10**15))),
            [evolve(LINE, quantity=WRONG)],
        ],
    ),
    "custom": (
        [
            ({"a": "x", "b": None}, (CustomField("a", "x"), CustomField("b", None))),
            ({"a": 1}, (CustomField("a", 1),)),
            ({"a": False}, (CustomField("a", False),)),
            ({"a": WORTH}, (CustomField("a", WORTH),)),
            ({}, ()),
        ],
        [None, [("a", 1)], {"": 1}, {5: 1}, {"a": 1.5}, {"a": AT}, {"a": []}, {"a": "x" * 20_001}],
    ),
}  # fmt: skip
TABLES: dict[str, tuple[Any, Any, Any]] = {
    "opportunity": (OPPORTUNITY_FIELDS, lambda: opened(contact="wu"), edit_opportunity),
    "lead": (LEAD_FIELDS, a_lead, edit_lead),
    "customer": (PARTY_FIELDS["customer"], lambda: CUSTOMER, edit_party),
    "contact": (PARTY_FIELDS["contact"], lambda: CONTACT, edit_party),
}
CASES = [(kind, field) for kind, (fields, _, _) in TABLES.items() for field in fields]


@pytest.mark.parametrize(("kind", "field"), CASES)
def test_a_field_takes_what_it_is_for(kind, field):
    """OPP-18, CUS-1, HIST-1: that field changes and no other; the event holds before and after."""
    _, make, edit = TABLES[kind]
    record = make()
    for given_value, kept in VALUES[field][0]:
        decision = edit(record, {field: given_value}, **BY)
        assert decision.reasons == ()
        if getattr(record, field) == kept:
            assert decision.events == ()
            continue
        after = does(record, decision)
        assert kinds(decision) == ["edited"]
        assert decision.events[0].operation == {
            "opportunity": "opportunities.edit", "lead": "leads.edit", "customer": "customers.edit",
            "contact": "contacts.edit",
        }[kind]  # fmt: skip
        assert changed(decision) == {field}
        assert getattr(after, field) == kept
        assert evolve(after, **{field: getattr(record, field)}, version=1, updated_at=record.updated_at) == record


@pytest.mark.parametrize(("kind", "field"), CASES)
def test_a_field_takes_nothing_else(kind, field):
    """OPP-2, OPP-18: a value of the wrong kind is the caller's mistake, and the error names the field."""
    _, make, edit = TABLES[kind]
    for wrong in VALUES[field][1]:
        with pytest.raises(InvalidInput, match=f"^{field}"):
            edit(make(), {field: wrong}, **BY)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("field", ["id", "version", "status", "stage", "team", "voided", "nonsense"])
def test_other_fields_are_not_edited(kind, field):
    """OPP-18: what has operations of its own, or is not there, is refused; the error lists what can be edited."""
    fields, make, edit = TABLES[kind]
    with pytest.raises(InvalidInput, match=", ".join(fields)):
        edit(make(), {field: "x"}, **BY)


@pytest.mark.parametrize("kind", TABLES)
def test_nothing_named_nothing_changed(kind):
    """HIST-1: absent is not empty: no event, no new version."""
    _, make, edit = TABLES[kind]
    decision = edit(make(), {}, **BY)
    assert (decision.events, decision.reasons) == ((), ())


@pytest.mark.parametrize("kind", TABLES)
def test_a_naive_moment_is_refused(kind):
    """HIST-2: the caller must say which zone is meant."""
    _, make, edit = TABLES[kind]
    with pytest.raises(InvalidInput, match="timezone-aware"):
        edit(make(), {"custom": {"a": 1}}, by="li", at=NAIVE)


@pytest.mark.parametrize("kind", TABLES)
def test_custom_fields_are_named_one_by_one(kind):
    """OPP-2, HIST-1: those that are not named stay, in their order."""
    _, make, edit = TABLES[kind]
    record = evolve(make(), custom=(CustomField("a", 1), CustomField("b", 2)))
    after = does(record, edit(record, {"custom": {"c": 3, "a": 4}}, **BY))
    assert after.custom == (CustomField("a", 4), CustomField("b", 2), CustomField("c", 3))


names = st.sampled_from(sorted(OPPORTUNITY_FIELDS))


@given(some.opportunities(), st.dictionaries(names, st.integers(0, 4)))
def test_exactly_the_named_fields_change(opportunity, chosen):
    """OPP-18, HIST-1: any fields together, on any record: the named ones get their values, the rest stays."""
    changes = {field: VALUES[field][0][n % len(VALUES[field][0])][0] for field, n in chosen.items()}
    kept = {field: VALUES[field][0][n % len(VALUES[field][0])][1] for field, n in chosen.items()}
    decision = edit_opportunity(opportunity, changes, **BY)
    if decision.reasons:
        assert set(codes(decision)) <= {"is_voided", "wrong_status", "customer_missing"}
        return
    after = apply(opportunity, decision.events)
    assert check(after) == []
    for field in OPPORTUNITY_FIELDS:
        if field == "custom":
            expected: Any = {c.key: c for c in (*opportunity.custom, *kept.get("custom", ()))}
            assert {c.key: c for c in after.custom} == expected
        elif field == "products":
            assert set(after.products) == set(kept.get(field, opportunity.products))
        else:
            assert getattr(after, field) == kept.get(field, getattr(opportunity, field))
    assert evolve(
        after, **{f: getattr(opportunity, f) for f in OPPORTUNITY_FIELDS}, version=1, updated_at=opportunity.updated_at
    ) == opportunity  # fmt: skip


class TestOpportunity:
    @pytest.mark.parametrize("status", ["won", "lost", "invalid"])
    def test_in_progress_only(self, status):
        """OPP-18: not once completed, nor voided; a wrong value is told before that."""
        opportunity = closed(OpportunityStatus(status))
        assert codes(edit_opportunity(opportunity, {"name": "x"}, **BY)) == ["wrong_status"]
        voided = does(opportunity, void(opportunity, reason=None, **BY))
        assert codes(edit_opportunity(voided, {"name": "x"}, **BY)) == ["is_voided"]
        with pytest.raises(InvalidInput, match="name"):
            edit_opportunity(voided, {"name": ""}, **BY)

    def test_it_goes_on_belonging_to_somebody(self):
        """CUS-1: customer and contact are not both taken away; one of them may be."""
        both = opened(contact="qian")
        assert codes(edit_opportunity(both, {"customer": None, "contact": None}, **BY)) == ["customer_missing"]
        assert codes(edit_opportunity(opened(), {"customer": None}, **BY)) == ["customer_missing"]
        does(both, edit_opportunity(both, {"customer": None}, **BY))
        does(opened(), edit_opportunity(opened(), {"customer": None, "contact": "qian"}, **BY))

    def test_one_that_arrived_without_may_stay_without(self):
        """IO-3: what was missing from the start does not stop an edit of something else."""
        arrived = evolve(opened(), customer=None, is_imported=True)
        does(arrived, edit_opportunity(arrived, {"name": "x"}, **BY))


class TestLead:
    def test_not_once_disqualified_disabled_or_voided(self):
        """LEAD-9, LEAD-17: afterwards only void or delete; a converted one may still be corrected."""
        converted = a_lead(status=LeadStatus.CONVERTED, conversion=Conversion("acme", None, None))
        for lead in (a_lead(), a_lead(status=LeadStatus.UNASSIGNED, owner=None), converted):
            does(lead, edit_lead(lead, {"company": "Acme"}, **BY))
        dead = a_lead(status=LeadStatus.DISQUALIFIED, disqualified_reason="r")
        assert codes(edit_lead(dead, {"company": "Acme"}, **BY)) == ["wrong_status"]
        assert codes(edit_lead(a_lead(disabled=True, voided=True), {}, **BY)) == ["is_voided", "is_disabled"]

    def test_a_way_to_reach_someone_is_left(self):
        """LEAD-1: phone, e-mail and channel are not all taken away."""
        away = {"phone": None, "email": None}
        assert edit_lead(a_lead(), away, **BY).reasons == (Reason("reach_missing"),)
        does(a_lead(), edit_lead(a_lead(), {**away, "channel": "fair"}, **BY))
        does(a_lead(), edit_lead(a_lead(), {"phone": None}, **BY))

    def test_it_keeps_a_title(self):
        """LEAD-1: a contact's title, which is another thing, may be taken away."""
        with pytest.raises(InvalidInput, match="title"):
            edit_lead(a_lead(), {"title": None}, **BY)
        titled = evolve(CONTACT, title="CEO")
        assert does(titled, edit_party(titled, {"title": None}, **BY)).title is None


class TestActivity:
    @pytest.mark.parametrize("status", ["in_progress", "won", "lost", "invalid"])
    def test_in_any_status(self, status):
        """OPP-19: kept with who and when; not on a voided record."""
        opportunity = opened() if status == "in_progress" else closed(OpportunityStatus(status))
        decision = add_activity(opportunity, "fax", "sent", happened_at=later(-5), by="wang", at=later())
        after = does(opportunity, decision)
        assert kinds(decision) == ["activity_added"]
        assert decision.events[0].operation == "opportunities.add_activity"
        activity = after.activities[-1]
        assert (activity.id, activity.kind, activity.text) == (str(after.version), "fax", "sent")
        assert (activity.at, activity.by) == (later(-5), "wang")
        assert after.last_activity_at == later(-5)
        voided = does(opportunity, void(opportunity, reason=None, **BY))
        assert codes(add_activity(voided, "note", "hm", happened_at=AT, **BY)) == ["is_voided"]

    @pytest.mark.parametrize("minutes", [-1, 0, 1])
    def test_the_last_is_the_latest(self, minutes):
        """OPP-19, OPP-15: told late, an older one does not take the place of a later one, nor does a planned one."""
        opportunity = does(opened(), add_activity(opened(), "call", "hm", happened_at=AT, **BY))
        after = does(opportunity, add_activity(opportunity, "call", "oh", happened_at=later(minutes), **BY))
        assert after.last_activity_at == AT
        assert [a.text for a in after.activities] == ["hm", "oh"]

    @pytest.mark.parametrize("when", [{"happened_at": NAIVE, "at": AT}, {"happened_at": AT, "at": NAIVE}])
    def test_naive_moments_are_refused(self, when: dict[str, datetime]):
        """HIST-2: when it happened as well as when it is told."""
        with pytest.raises(InvalidInput, match="timezone-aware"):
            add_activity(opened(), "call", "hm", by="li", **when)


class TestContactRole:
    QIAN = ContactRole("qian", "decision_maker", is_primary=True)
    WU = ContactRole("wu", "influencer", related_to="qian")

    def set(self, opportunity: Opportunity, role: ContactRole, customer: str | None = "acme") -> Any:
        return set_contact_role(opportunity, role, contacts_customer=customer, **BY)

    def test_one_role_each_and_one_primary(self):
        """CUS-3: setting a role again replaces it, and a new primary takes the old one's place."""
        decision = self.set(opened(), self.QIAN)
        opportunity = does(opened(), decision)
        assert kinds(decision) == ["contact_role_set"]
        assert decision.events[0].operation == "opportunities.set_contact_role"
        opportunity = does(opportunity, self.set(opportunity, self.WU))
        assert opportunity.contact_roles == (self.QIAN, self.WU)
        opportunity = does(opportunity, self.set(opportunity, evolve(self.WU, is_primary=True)))
        assert opportunity.contact_roles == (evolve(self.QIAN, is_primary=False), evolve(self.WU, is_primary=True))
        opportunity = does(opportunity, self.set(opportunity, evolve(self.WU, role="user")))
        assert set(opportunity.contact_roles) == {evolve(self.QIAN, is_primary=False), evolve(self.WU, role="user")}

    def test_the_same_again_changes_nothing(self):
        """HIST-1: no event, no new version."""
        opportunity = does(opened(), self.set(opened(), self.QIAN))
        again = self.set(opportunity, self.QIAN)
        assert (again.events, again.reasons) == ((), ())

    def test_the_contact_is_the_customers(self):
        """CUS-3: of the opportunity's customer, if it has one; in progress only; both reasons together."""
        elsewhere = Reason("contact_elsewhere", contact="qian", customer="acme")
        for customer in ("globex", None):
            assert self.set(opened(), self.QIAN, customer).reasons == (elsewhere,)
        alone = opened(customer=None, contact="qian")
        does(alone, self.set(alone, self.QIAN, None))
        assert codes(self.set(closed(OpportunityStatus.WON), self.QIAN, None)) == ["wrong_status", "contact_elsewhere"]

    def test_a_naive_moment_is_refused(self):
        """HIST-2: the caller must say which zone is meant."""
        with pytest.raises(InvalidInput, match="timezone-aware"):
            set_contact_role(opened(), self.QIAN, contacts_customer="acme", by="li", at=NAIVE)


class TestAnotherCustomer:
    """CUS-3: contact roles belong to the opportunity's customer."""

    OWN, OTHER = ContactRole("qian", "user", is_primary=True), ContactRole("zhou", "evaluator")

    def test_the_roles_of_strangers_leave_with_the_old_customer(self):
        """CUS-3: an event of its own says whose roles left; whoever belongs to the new customer keeps theirs."""
        opportunity = evolve(opened(), contact_roles=(self.OWN, self.OTHER))
        decision = edit_opportunity(opportunity, {"customer": "globex"}, strangers=["qian"], **BY)
        after = does(opportunity, decision)
        assert kinds(decision) == ["edited", "contact_roles_left"]
        assert (after.customer, after.contact_roles) == ("globex", (self.OTHER,))
        (gone,) = decision.events[1].changes
        assert (gone.key, gone.before, gone.after) == ("qian", self.OWN, None)

    def test_nobody_leaves_who_is_no_stranger(self):
        """CUS-3: without strangers only the customer changes."""
        opportunity = evolve(opened(), contact_roles=(self.OWN,))
        decision = edit_opportunity(opportunity, {"customer": "globex"}, **BY)
        assert kinds(decision) == ["edited"]
        assert does(opportunity, decision).contact_roles == (self.OWN,)


class TestCompetitors:
    def test_attached_once_and_detached(self):
        """CUS-4: by id or name."""
        decision = add_competitor(opened(), "Globex", **BY)
        opportunity = does(opened(), decision)
        assert kinds(decision) == ["competitor_added"]
        assert decision.events[0].operation == "opportunities.add_competitor"
        assert add_competitor(opportunity, "Globex", **BY).reasons == (
            Reason("competitor_present", competitor="Globex"),
        )
        opportunity = does(opportunity, add_competitor(opportunity, "Initech", **BY))
        assert opportunity.competitors == ("Globex", "Initech")
        decision = remove_competitor(opportunity, "Globex", **BY)
        opportunity = does(opportunity, decision)
        assert kinds(decision) == ["competitor_removed"]
        assert decision.events[0].operation == "opportunities.remove_competitor"
        assert opportunity.competitors == ("Initech",)
        assert remove_competitor(opportunity, "Globex", **BY).reasons == (
            Reason("competitor_missing", competitor="Globex"),
        )

    def test_in_progress_only(self):
        """CUS-4: every reason together."""
        won = evolve(closed(OpportunityStatus.WON), competitors=("Globex",))
        assert codes(add_competitor(won, "Globex", **BY)) == ["wrong_status", "competitor_present"]
        assert codes(remove_competitor(won, "Initech", **BY)) == ["wrong_status", "competitor_missing"]

    @pytest.mark.parametrize("operation", [add_competitor, remove_competitor])
    def test_a_naive_moment_is_refused(self, operation):
        """HIST-2: the caller must say which zone is meant."""
        opportunity = evolve(opened(), competitors=("Globex",))
        named = "Globex" if operation is remove_competitor else "Initech"
        with pytest.raises(InvalidInput, match="timezone-aware"):
            operation(opportunity, named, by="li", at=NAIVE)
