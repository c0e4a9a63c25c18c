"""A contact follows its customer: to another owner, and in who may edit it (CUS-1, ACC-22)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesflow as sf
from salesflow.model import Contact, Customer
from salesflow.process import follow_customer
from salesflow.testing.records import AT
from tests.app.world import World, codes

KEEPERS = st.sampled_from((None, "li", "chen"))


@given(KEEPERS, KEEPERS, st.sampled_from(("li", "chen", "zhang")))
def test_what_the_customers_keeper_keeps_goes_with_it(customers: Any, contacts: Any, to: str):
    """CUS-1: of the same keeper, or of nobody like the customer; one that somebody else keeps stays theirs."""
    customer = Customer(id="a", version=1, name="Acme", owner=customers)
    contact = Contact(id="b", version=4, name="Ms Qian", customer="a", owner=contacts)
    decision = follow_customer(contact, customer, to, by="zhang", at=AT)
    assert decision.reasons == ()
    if contacts != customers or contacts == to:
        assert decision.events == ()
        return
    (event,) = decision.events
    assert (event.kind, event.operation, event.by, event.version) == ("owner_changed", "customers.edit", "zhang", 5)
    assert [tuple(change) for change in event.changes] == [("owner", None, contacts, to)]


def test_a_customer_that_changes_hands_takes_its_contacts_along():
    """CUS-1, HIST-3: in the same unit of work; contacts of others, and of other customers, stay where they are."""
    world = World()
    acme = world.customer()
    own, alone = world.contact(acme.id), world.contact()
    elsewhere = world.contact(world.customer(name="Globex").id)
    world.share("qian", sf.Access.READ_WRITE)
    others = world.contact(acme.id, by="qian")
    told = len(world.outbox())
    world.acting("zhang").customers.edit(acme, owner="chen")
    assert [(event.record_id, event.operation) for event in world.outbox(told)] == [
        (acme.id, "customers.edit"), (own.id, "customers.edit"),
    ]  # fmt: skip
    owners = {contact.id: contact.owner for contact, _ in world.everything()["contact"]}
    assert owners == {own.id: "chen", alone.id: "li", elsewhere.id: "li", others.id: "qian"}
    assert world.acting("chen").contacts.get(own.id).version == 2


@pytest.mark.parametrize("changes", [{"name": "Acme Ltd"}, {"owner": "li"}, {"owner": "li", "phone": "139"}])
def test_otherwise_contacts_stay_as_they_are(changes: dict[str, str]):
    """CUS-1, HIST-1: a customer that keeps its owner changes nothing of its contacts."""
    world = World()
    acme = world.customer()
    contact = world.contact(acme.id)
    world.acting("li").customers.edit(acme, **changes)  # type: ignore[arg-type]
    assert world.acting("li").contacts.get(contact.id) == contact


@pytest.mark.parametrize("owner", ["han", "nobody"])
def test_a_refused_hand_over_moves_nobody(owner: str):
    """CUS-1, HIST-3: all or nothing."""
    world = World()
    acme = world.customer()
    world.contact(acme.id)
    before = world.everything()
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").customers.edit(acme, owner=owner)
    assert codes(refused.value) == {"person_unknown"}
    assert world.everything() == before


@pytest.mark.parametrize(("person", "may"), [("li", True), ("zhang", True), ("chen", False), ("zhao", False)])
def test_whoever_may_edit_the_customer_may_edit_its_contacts(person: str, may: bool):
    """ACC-22: the customer's owner and their superiors, where they see the contact; not who merely sees both."""
    world = World()
    world.share("qian", sf.Access.READ_WRITE)
    acme = world.customer()
    contact = world.contact(acme.id, by="qian")
    for someone in ("li", "zhang", "chen", "zhao"):
        world.flow.sharing.create(from_person="qian", to_person=someone)
    edit = world.acting(person).contacts.edit
    if may:
        assert edit(contact.id, title="Head").title == "Head"
        return
    with pytest.raises(sf.Refused) as refused:
        edit(contact.id, title="Head")
    assert codes(refused.value) == {"not_permitted"}


def test_who_does_not_see_the_contact_finds_nothing():
    """VIS-17, ACC-22: the right to edit a customer shows no contact that somebody else keeps there."""
    world = World()
    world.share("qian", sf.Access.READ_WRITE)
    contact = world.contact(world.customer().id, by="qian")
    with pytest.raises(sf.NotFound):
        world.acting("li").contacts.edit(contact.id, title="Head")
