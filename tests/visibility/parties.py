"""Customers and contacts with the opportunities and leads behind them: drawn, and read by plain loops (VIS-21)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve, frozen
from hypothesis import strategies as st

from salesflow.model import Contact, ContactRole, Conversion, Customer, Lead, Opportunity
from salesflow.visibility import Filter, Sight, VisibilityPolicy
from salesflow.visibility.organization_index import OrganizationIndex
from tests.visibility.reference import World
from tests.visibility.worlds import contact, customer, lead, opportunities, organization, worlds

CUSTOMERS, CONTACTS = ("acme", "globex"), ("qian", "mo")


@frozen
class Company:
    """A world with records of every kind in it."""

    world: World
    parties: tuple[Customer | Contact, ...]
    others: tuple[Opportunity | Lead, ...]

    @property
    def records(self) -> tuple[Any, ...]:
        return (*self.parties, *self.others)

    def names(self, other: Any, party: Any) -> bool:
        """Whether an opportunity or lead is one "of theirs"."""
        if isinstance(other, Lead):
            into = other.conversion
            if into is None:
                return False
            return bool(party.id == (into.customer if isinstance(party, Customer) else into.contact))
        if isinstance(party, Customer):
            return bool(other.customer == party.id)
        return other.contact == party.id or any(role.contact == party.id for role in other.contact_roles)

    def opens(self, viewer: str, other: Any, party: Any) -> bool:
        """Whether *viewer* reads the party through *other*, by what they see as an employee."""
        world = self.world
        if not world.knows(viewer) or other.voided or party.voided:
            return False
        return self.names(other, party) and world.all(viewer, other)

    def can_see(self, viewer: str, party: Any) -> bool:
        """VIS-21: by owner, sharing or department, or through any visible opportunity or lead of theirs."""
        return self.world.can_see(viewer, party) or any(self.opens(viewer, each, party) for each in self.others)

    def scene(self, viewer: str, party: Any, name: str) -> bool:
        """Only `all` is wider: whose a party is does not depend on who reads it through a deal."""
        if name != "all":
            return self.world.scene(viewer, party, name)
        return not party.voided and self.can_see(viewer, party)

    def find(self, kind: str, filter: Filter, limit: int | None) -> Sequence[Any]:
        """What a store would find, by a scan."""
        found = [each for each in self.others if kind == each.KIND and filter.matches(each)]
        return sorted(found, key=lambda each: each.id)[:limit]

    def sight(self, policy: VisibilityPolicy | None = None) -> Sight:
        """What the company looks like to the library."""
        index = OrganizationIndex(organization(self.world))
        return Sight(index, self.world.shares, policy, find=self.find)


@st.composite
def companies(draw: st.DrawFn) -> Company:
    """A world with two customers, two contacts, and up to four opportunities and leads, most of which name them."""
    world = draw(worlds())
    owners = st.sampled_from([None, *(employee.id for employee in world.employees), "stranger"])
    rarely = st.integers(0, 5).map(lambda number: number == 0)
    parties = [evolve(customer(draw(owners), voided=draw(rarely)), id=id) for id in CUSTOMERS]
    people = [evolve(contact(draw(owners), voided=draw(rarely)), id=id) for id in CONTACTS]
    a_customer, a_contact = st.sampled_from([None, *CUSTOMERS, "gone"]), st.sampled_from([None, *CONTACTS, "gone"])
    others: list[Opportunity | Lead] = []
    for number in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            roles = draw(st.sets(st.sampled_from(CONTACTS), max_size=2))
            deal = draw(opportunities(world))
            others.append(
                evolve(
                    deal, id=f"deal {number}", customer=draw(a_customer), contact=draw(a_contact),
                    contact_roles=tuple(ContactRole(id, "user") for id in sorted(roles)),
                )
            )  # fmt: skip
        else:
            into = draw(st.none() | st.builds(Conversion, a_customer, a_contact, st.none()))
            owner = draw(owners) or "stranger"
            others.append(evolve(lead(owner, voided=draw(rarely)), id=f"lead {number}", conversion=into))
    return Company(world, (*parties, *people), tuple(others))
