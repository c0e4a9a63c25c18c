"""Customers and contacts that are read through deals and leads, at the facade (VIS-21, ACC-22)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.stores.sql import SqlStore
from salesflow.visibility import VisibilityPolicy
from tests.app.test_what_if import difference, employee, foretold, furnished, sights
from tests.app.world import BareStore, World


def joint_deal(world: World, access: sf.Access = sf.Access.READ, **values: Any) -> sf.Opportunity:
    """Return a deal of li's with zhao of another line in the team."""
    return world.deal(team=[sf.TeamMember("zhao", "joint", access)], **values)


@pytest.mark.parametrize("through", [None, BareStore], ids=["memory", "bare"])
def test_a_customer_is_read_through_a_deal_by_every_read(through: Any) -> None:
    """VIS-21, ACC-26: get, list, count, history, as_of: while the deal is seen, and no longer (VIS-20)."""
    world = World(through=through)
    deal = joint_deal(world)
    desk = world.acting("zhao").customers
    id = deal.customer or ""
    assert desk.get(id).name == "Acme"
    assert [each.id for each in desk.list().items] == [id]
    assert desk.count() == 1
    assert desk.list("mine").items == ()
    if through is None:
        assert desk.history(id)
        assert desk.as_of(id, world.clock.now()).id == id
    world.acting("li").opportunities.remove_member(deal, "zhao", role="joint")
    with pytest.raises(sf.NotFound):
        desk.get(id)
    assert desk.count() == 0


def test_a_voided_deal_opens_nothing_and_a_voided_customer_stays_hidden() -> None:
    """VIS-13, VIS-21: what is voided neither opens nor is opened."""
    world = World()
    deal = joint_deal(world)
    customer = world.acting("zhao").customers.get(deal.customer or "")
    hidden = world.place(customer, voided=True)
    world.place(deal, customer=hidden.id)
    with pytest.raises(sf.NotFound):
        world.acting("zhao").customers.get(hidden.id)
    world.voided(deal)
    with pytest.raises(sf.NotFound):
        world.acting("zhao").customers.get(customer.id)


def test_contacts_are_read_through_deals_and_roles() -> None:
    """VIS-21, CUS-3: the deal's contact, and whoever has a role in it, but no other contact of the customer."""
    world = World()
    customer = world.customer()
    main, role, other = (world.contact(customer.id, name=name) for name in ("A", "B", "C"))
    deal = joint_deal(world, customer=customer.id, contact=main.id)
    world.acting("li").opportunities.set_contact_role(deal.id, role.id, role="user")
    assert {each.id for each in world.acting("zhao").contacts.list().items} == {main.id, role.id}
    with pytest.raises(sf.NotFound):
        world.acting("zhao").contacts.get(other.id)


def test_what_a_lead_became_is_read_through_the_lead() -> None:
    """VIS-21, LEAD-6: whoever sees the lead sees the customer and the contact, though others keep those by now."""
    world = World()
    made = world.acting("li").leads.convert(
        world.lead(), customer=sf.NewCustomer("Acme"), contact=sf.NewContact("Ms Qian")
    )
    assert made.customer is not None
    world.acting("li").customers.edit(made.customer, owner="qian")
    assert world.acting("li").customers.get(made.customer.id).owner == "qian"
    assert str(world.flow.why("li", made.customer.id)) == f"visible: lead {made.lead.id} -> owner li"


def test_proofs_and_audiences_name_what_their_reader_sees() -> None:
    """VIS-15, REL-11, ACC-26: a superior is told that somebody sees a customer, not through which hidden deal."""
    world = World()
    customer = world.customer("zhou")
    deal = world.deal("qian", customer=None, contact=world.contact(by="qian").id)
    deal = world.place(deal, id="secret", customer=customer.id)
    world.flow.sharing.create(from_person="qian", to_person="zhao")
    whole = world.flow.why("zhao", customer.id)
    assert str(whole.ways[0]).startswith("opportunity secret -> owner qian")
    told = world.acting("zhou").why("zhao", customer.id)
    assert told.is_visible
    assert "secret" not in f"{told} {told!r} {told.html()}"
    audience = world.acting("zhou").who_can_see(customer.id)
    assert audience["zhao"] == ()
    assert {"zhou", "zhao"} <= set(audience)
    assert "secret" in str(world.acting("zhao").why("zhao", customer.id))
    assert set(world.flow.who_can_see(customer.id)) >= {"qian", "zhao", "zhou", "sun", "root"}


def test_the_switch_at_the_facade() -> None:
    """VIS-21: a policy without it shows customers by owner, sharing and departments alone."""
    world = World(visibility=VisibilityPolicy(read_through=False))
    deal = joint_deal(world)
    with pytest.raises(sf.NotFound):
        world.acting("zhao").customers.get(deal.customer or "")
    with pytest.raises(sf.InvalidInput, match="read_through"):
        VisibilityPolicy(read_through=1)  # type: ignore[arg-type] # what is refused


def test_what_is_read_is_not_edited() -> None:
    """ACC-22: reading a customer through a deal gives no right to change it; its own row does."""
    world = World()
    deal = joint_deal(world, sf.Access.READ_WRITE)
    with pytest.raises(sf.Refused) as refused:
        world.acting("zhao").customers.edit(deal.customer or "", name="X")
    assert [reason.code for reason in refused.value.reasons] == ["not_permitted"]
    assert world.acting("zhang").customers.edit(deal.customer or "", name="X").name == "X"


@pytest.mark.parametrize(
    ("person", "access", "may"),
    [
        ("zhao", "read_write", True),
        ("zhao", "read", False),
        ("zhou", "read_write", True),
        ("feng", "read_write", False),
    ],
)
def test_whoever_may_edit_a_deal_may_edit_its_contacts(person: str, access: str, may: bool) -> None:
    """ACC-22, ACC-10: sales roles with READ_WRITE and their superiors; not a presales member, nor one who may read."""
    world = World()
    contact = world.contact()
    role = sf.TeamMember("feng", "presales", sf.Access(access))
    world.deal(contact=contact.id, team=[sf.TeamMember("zhao", "joint", sf.Access(access)), role])
    edit = world.acting(person).contacts.edit
    if may:
        assert edit(contact.id, title="Head").title == "Head"
        return
    with pytest.raises(sf.Refused) as refused:
        edit(contact.id, title="Head")
    assert "whoever may edit its customer or one of its opportunities" in str(refused.value)


def test_a_closed_deal_gives_no_right_to_edit_its_contact() -> None:
    """ACC-22, ACC-10: a deal is edited while it is in progress, and so is its contact through it."""
    world = World()
    contact = world.contact()
    deal = world.deal(contact=contact.id, team=[sf.TeamMember("zhao", "joint", sf.Access.READ_WRITE)])
    world.acting("li").opportunities.lose(deal, reason="price")
    with pytest.raises(sf.Refused):
        world.acting("zhao").contacts.edit(contact.id, title="Head")


def test_an_administrators_override_stays_one() -> None:
    """ACC-24, ACC-25: what an administrator may do to a deal by override alone is an override on its contact too."""
    world = World()
    contact = world.contact()
    world.deal(contact=contact.id)
    world.audit.entries.clear()
    world.acting("root").contacts.edit(contact.id, title="Head")
    assert [entry.is_override for entry in world.audit.entries] == [True]


def test_what_if_foretells_what_deals_open() -> None:
    """VIS-19, VIS-21: a customer that only a deal opens is gained and lost with the deal."""
    world = furnished()
    joint_deal(world)
    before, plan = sights(world), evolve(employee(world, "zhao"), manager="qian")
    told = foretold(world.flow.what_if(plan))
    assert ("qian", "customer") in told
    world.organization.put_employee(plan)
    assert told == difference(before, sights(world))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_shows_the_same_at_the_facade(kind: str, request: pytest.FixtureRequest) -> None:
    """VIS-21, REL-3: get, list, count and why over a database, with one connection as with many."""
    url = "sqlite://" if kind == "sqlite" else request.getfixturevalue("postgresql_url")
    with SqlStore(url, tenant="read through") as store:
        store.create_schema()
        world = World(store=store)
        world.store = store  # type: ignore[assignment] # the same three methods
        deal = joint_deal(world)
        desk = world.acting("zhao").customers
        assert desk.get(deal.customer or "").id == deal.customer
        assert [each.id for each in desk.list().items] == [deal.customer]
        assert desk.count() == desk.count(cap=None) == 1
        assert set(world.flow.who_can_see(deal.customer)) >= {"li", "zhao", "zhou"}
        with pytest.raises(sf.NotFound):
            world.acting("qian").customers.get(deal.customer or "")
