"""Contact roles through the facade: whose contact it is, whom it is related to, and the one that is primary (CUS-3)."""

from __future__ import annotations

import pytest

import salesflow as sf
from tests.app.world import World, codes


def test_a_contact_of_another_customer_is_added_to_the_deals_own_first():
    """CUS-3: one that stands alone or belongs elsewhere is refused, and takes part once it was added."""
    world = World()
    li = world.acting("li")
    deal = world.deal()
    for contact in (world.contact(), world.contact(world.customer(name="Globex").id)):
        with pytest.raises(sf.Refused) as refused:
            li.opportunities.set_contact_role(deal, contact.id, role="user")
        assert codes(refused.value) == {"contact_elsewhere"}
        li.contacts.edit(contact, customer=deal.customer)
        deal = li.opportunities.set_contact_role(deal, contact.id, role="user")
    assert len(deal.contact_roles) == 2


def test_a_deal_without_customer_takes_any_contact():
    """CUS-3, OPP-1: where the deal belongs to a contact alone there is no customer that another could lack."""
    world = World()
    deal = world.deal(customer=None, contact=world.contact().id)
    other = world.contact(world.customer().id)
    deal = world.acting("li").opportunities.set_contact_role(deal, other.id, role="evaluator")
    assert [role.contact for role in deal.contact_roles] == [other.id]


def test_a_relation_is_to_another_contact_that_one_sees():
    """CUS-3, VIS-17: not to oneself, nor to one that is hidden or not there, which read alike."""
    world = World()
    li = world.acting("li").opportunities
    deal = world.deal()
    wu, boss = world.contact(deal.customer), world.contact(name="Ms Wang")
    hidden = world.contact(by="qian")
    deal = li.set_contact_role(deal, wu.id, role="user", related_to=boss.id)
    assert deal.contact_roles == (sf.ContactRole(wu.id, "user", False, boss.id),)
    with pytest.raises(sf.InvalidInput, match="must be another contact"):
        li.set_contact_role(deal, wu.id, role="user", related_to=wu.id)
    for unknown in (hidden.id, "none"):
        with pytest.raises(sf.Refused) as refused:
            li.set_contact_role(deal, wu.id, role="user", related_to=unknown)
        assert [str(reason) for reason in refused.value.reasons] == [
            f"there is no contact {unknown!r}, or you may not see it"
        ]


def test_at_most_one_contact_is_primary():
    """CUS-3: a new primary contact takes the place of the old one; without one nobody is."""
    world = World()
    li = world.acting("li").opportunities
    deal = world.deal()
    wu, qian = world.contact(deal.customer), world.contact(deal.customer)
    deal = li.set_contact_role(deal, wu.id, role="user", is_primary=True)
    deal = li.set_contact_role(deal, qian.id, role="decision_maker", is_primary=True)
    assert [role.contact for role in deal.contact_roles if role.is_primary] == [qian.id]
    deal = li.set_contact_role(deal, qian.id, role="decision_maker")
    assert not any(role.is_primary for role in deal.contact_roles)
