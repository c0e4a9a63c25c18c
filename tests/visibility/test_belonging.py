"""Documents, which are read through what they belong to (OPP-13), against plain loops."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import Document, DocumentKind, Employee, Money, Pool
from salesflow.visibility import (
    EVERYTHING,
    NOT_VOIDED,
    NOTHING,
    BelongsTo,
    Names,
    Sight,
    VisibilityPolicy,
    Voided,
    everybody,
    negation,
    owner,
    scenes,
)
from salesflow.visibility.behind import asking, parties
from salesflow.visibility.filters import AllOf, AnyOf, Negation, OwnerIn
from salesflow.visibility.organization_index import OrganizationIndex
from tests.visibility.parties import Company, companies
from tests.visibility.reference import World
from tests.visibility.worlds import customer, lead, opportunity, organization

SCENES = ("all", "mine", "subordinates", "shared", "departments")


def document(**belongs: Any) -> Document:
    return Document(id="quote:1", version=1, kind=DocumentKind.QUOTE, number="1", total=Money(0, "CNY"), **belongs)


def papers(company: Company) -> list[tuple[Document, Any]]:
    """A document of each record of the company, and of records that are not there, with what it belongs to."""
    made: list[tuple[Document, Any]] = []
    for record in company.records:
        if record.KIND == "opportunity":
            made.append((document(opportunity=record.id, lead="lead 0", customer="acme"), record))
        elif record.KIND == "lead":
            made.append((document(lead=record.id, customer="acme"), record))
        elif record.KIND == "customer":
            made.append((document(customer=record.id), record))
    return [*made, (document(customer="gone"), None), (document(), None)]


def sight_of(company: Company, policy: VisibilityPolicy | None = None, pools: Any = ()) -> Sight:
    held = {(record.KIND, record.id): record for record in company.records}
    index = OrganizationIndex(organization(company.world))
    return Sight(
        index, company.world.shares, policy, pools, find=company.find, get=lambda kind, id: held.get((kind, id))
    )


@given(companies())
def test_a_document_is_seen_exactly_by_whoever_sees_what_it_belongs_to(company: Company) -> None:
    """OPP-13, VIS-15: list, check, audience and proof; in each scene the documents of the records in that scene."""
    seen = sight_of(company)
    for paper, whole in papers(company):
        audience = seen.who_can_see(paper)
        for viewer in company.world.everyone():
            expected = company.world.is_administrator(viewer) or (whole is not None and seen.can_see(viewer, whole))
            assert seen.can_see(viewer, paper) == (viewer in audience) == expected, (viewer, paper)
            proof = seen.why(viewer, paper)
            assert proof.is_visible == bool(proof.ways) == expected
            assert audience.get(viewer, ()) == proof.ways
            for scene in SCENES:
                listed = whole is not None and seen.filter(viewer, whole.KIND, scene).matches(whole)
                assert seen.filter(viewer, "document", scene).matches(paper) == listed, (viewer, scene)


@pytest.mark.parametrize("scene", ["all", "voided", "mine"])
def test_documents_of_what_is_voided_are_in_the_administrators_list_of_that(scene: str) -> None:
    """OPP-10, VIS-13: `voided` is an administrator's alone, for documents as for what they belong to."""
    world = World((Employee("li"),), administrators=frozenset({"root"}))
    company = Company(world, (), (evolve(opportunity("li"), id="deal", voided=True),))
    seen, paper = sight_of(company), document(opportunity="deal")
    assert seen.can_see("root", paper)
    assert not seen.can_see("li", paper)
    assert seen.filter("root", "document", scene).matches(paper) == (scene == "voided")
    assert not seen.filter("li", "document", scene).matches(paper)


def test_of_a_card_no_document_is_seen() -> None:
    """VIS-18, LEAD-14, REL-11: members of a pool claim by the card; dispatchers and administrators see behind it."""
    world = World((Employee("li"), Employee("zhang"), Employee("sun")), administrators=frozenset({"root"}))
    pool = Pool(id="east", version=1, members=frozenset({"li", "zhang"}), dispatchers=frozenset({"zhang"}))
    company = Company(world, (), (evolve(lead(None), id="lead 0", pool="east"),))
    paper = document(lead="lead 0")
    open_to_all = VisibilityPolicy(scenes=scenes.default() | {"all": everybody & ~owner.is_viewer | everybody})
    for policy in (None, open_to_all):
        seen = sight_of(company, policy, (pool,))
        assert seen.can_see("li", company.others[0])
        assert {person for person in world.everyone() if seen.can_see(person, paper)} == {"zhang", "root"}
        assert set(seen.who_can_see(paper)) == {"zhang", "root"}
        assert str(seen.why("li", paper)) == (
            "not visible\n  the lead that it belongs to: li does not see it, or no more than its card"
        )
        assert "lead lead 0" in str(seen.why("zhang", paper))


def test_a_proof_leads_through_what_it_belongs_to() -> None:
    """VIS-15: from the document to the record, and from there to the person; what is not there opens nothing."""
    world = World((Employee("li", manager="zhang"), Employee("zhang")))
    company = Company(world, (evolve(customer("li"), id="acme"),), ())
    seen = sight_of(company)
    assert str(seen.why("zhang", document(customer="acme"))) == "visible: customer acme -> owner li -> manager zhang"
    assert "what it belongs to is not there" in str(seen.why("zhang", document(opportunity="gone", customer="acme")))
    blind = Sight(OrganizationIndex(organization(world)))
    assert not blind.can_see("li", document(customer="acme"))
    assert blind.filter("li", "document") == NOTHING
    free = VisibilityPolicy(scenes=scenes.default() | {"all": everybody})
    assert str(sight_of(company, free).why("zhang", document(customer="acme"))) == "visible: customer acme"


@pytest.mark.parametrize(
    ("paper", "whole", "named"),
    [
        (document(opportunity="o", lead="l", customer="c"), ("opportunity", "o"), "olc"),
        (document(lead="l", customer="c"), ("lead", "l"), "lc"),
        (document(customer="c"), ("customer", "c"), "c"),
        (document(), None, ""),
    ],
)
def test_which_record_a_document_belongs_to(paper: Document, whole: tuple[str, str] | None, named: str) -> None:
    """OPP-13: the opportunity before the lead, the lead before the customer; it names all three."""
    assert paper.belongs_to == whole
    assert {id for _, id in parties(paper)} == set(named)
    for kind in ("opportunity", "lead", "customer"):
        assert Names(kind, kind[0]).matches(paper) == (kind[0] in named)
        node = BelongsTo(kind, EVERYTHING, lambda kind, id: object())
        assert node.matches(paper) == (whole is not None and whole[0] == kind)
        assert negation(node).matches(paper) != node.matches(paper)
        assert not node.matches(opportunity("li"))


@given(st.booleans(), st.booleans())
def test_nodes_are_values_and_another_may_be_asked(is_there: bool, is_voided: bool) -> None:
    """VIS-15: they compare by what they ask; a store has every node ask its own connection, one within another too."""
    deal = evolve(opportunity("li"), voided=is_voided)
    node = BelongsTo("opportunity", NOT_VOIDED, lambda kind, id: None)
    whole = AllOf((AnyOf((node, NOTHING)), Negation(Negation(node))))
    assert node == BelongsTo("opportunity", NOT_VOIDED, lambda kind, id: deal)
    assert node != BelongsTo("opportunity", Voided(True), node.get)
    assert not whole.matches(document(opportunity="opp"))
    asked = asking(whole, lambda *_: [], lambda kind, id: deal if is_there else None)
    assert asked == whole
    assert asked.matches(document(opportunity="opp")) == (is_there and not is_voided)
    inner = BelongsTo("customer", OwnerIn({"li"}), lambda kind, id: None)
    outer = BelongsTo("customer", inner, lambda kind, id: None)
    assert asking(outer, lambda *_: [], node.get).filter.get is node.get
