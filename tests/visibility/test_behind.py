"""Customers and contacts that are read through opportunities and leads (VIS-21), against plain loops."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import Access, ContactRole, Conversion, Department, Employee, SharingRule, TeamMember, TeamRole
from salesflow.visibility import (
    EVERYTHING,
    NOTHING,
    Behind,
    Names,
    VisibilityPolicy,
    all_of,
    everybody,
    negation,
    owner,
    record,
    scenes,
    team,
)
from salesflow.visibility.behind import asking, parties
from salesflow.visibility.filters import AllOf, AnyOf, Negation, OwnerIn, Voided
from tests.visibility.parties import Company, companies
from tests.visibility.reference import World
from tests.visibility.test_agreement import SCENES
from tests.visibility.test_exhaustive import lines
from tests.visibility.worlds import contact, customer, lead, opportunity, sight


def nobody(kind: str, id: str) -> None:
    return None


def nothing_found(kind: str, filter: Any, limit: int | None) -> list[Any]:
    return []


@given(companies())
def test_every_use_is_the_reference(company: Company) -> None:
    """VIS-15, VIS-21: list, check, audience, proof and every scene hold exactly where the domain says."""
    seen = company.sight()
    for party in company.parties:
        expected = {viewer for viewer in company.world.everyone() if company.can_see(viewer, party)}
        audience = seen.who_can_see(party)
        assert sorted(expected) == list(audience)
        for viewer in company.world.everyone():
            assert (viewer in expected) == seen.can_see(viewer, party)
            is_shown = seen.check(viewer, party.KIND)(party)
            assert (viewer in expected) == is_shown or party.voided
            proof = seen.why(viewer, party)
            assert (viewer in expected) == proof.is_visible
            assert proof.ways == audience.get(viewer, ())
            assert bool(proof.ways) == proof.is_visible
            for scene in SCENES:
                found = seen.filter(viewer, party.KIND, scene)
                assert company.scene(viewer, party, scene) == found.matches(party), (viewer, scene)


@given(companies())
def test_a_proof_names_exactly_what_opens_it(company: Company) -> None:
    """VIS-15, VIS-21, I-33: the records that a proof names are those that open it; without them it is closed."""
    seen = company.sight()
    for party in company.parties:
        for viewer in company.world.everyone():
            proof = seen.why(viewer, party)
            named = {way.steps[0].id for way in proof.ways if way.steps[0].relation in ("opportunity", "lead")}
            assert named == {other.id for other in company.others if company.opens(viewer, other, party)}
            left = evolve(company, others=tuple(other for other in company.others if other.id not in named))
            without = left.sight()
            assert without.can_see(viewer, party) == company.world.can_see(viewer, party)
            assert without.why(viewer, party).is_visible == any(
                way.steps[0].relation not in ("opportunity", "lead") for way in proof.ways
            )


@given(companies(), st.data())
def test_a_proof_names_no_record_that_its_reader_does_not_see(company: Company, data: st.DataObject) -> None:
    """VIS-15, REL-11: told to somebody, a proof holds the same and names what they see, no more and no less."""
    seen, world = company.sight(), company.world
    reader = data.draw(st.sampled_from(world.everyone()))
    others = {other.id: other for other in company.others}
    for party in company.parties:
        for viewer in world.everyone():
            whole, told = seen.why(viewer, party), seen.why(viewer, party, told_to=reader)
            assert whole.is_visible == told.is_visible
            kept = [way for way in whole.ways if not _is_hidden(world, reader, others.get(way.steps[0].id))]
            assert list(told.ways) == kept


def _is_hidden(world: World, reader: str, other: Any) -> bool:
    return other is not None and not world.can_see(reader, other)


@given(companies(), st.data())
def test_a_further_deal_never_hides(company: Company, data: st.DataObject) -> None:
    """I-29, VIS-20, VIS-21: one deal, member or sharing rule more hides nothing; one less shows nothing."""
    if company.others:
        gone = data.draw(st.sampled_from(company.others))
        fewer = evolve(company, others=tuple(other for other in company.others if other is not gone))
        _assert_no_wider(fewer, company)
    if company.world.shares:
        rule = data.draw(st.sampled_from(company.world.shares))
        shares = tuple(each for each in company.world.shares if each is not rule)
        _assert_no_wider(evolve(company, world=evolve(company.world, shares=shares)), company)


def _assert_no_wider(fewer: Company, more: Company) -> None:
    less, much = fewer.sight(), more.sight()
    for party in more.parties:
        assert set(less.who_can_see(party)) <= set(much.who_can_see(party))


@given(companies())
def test_the_switch_closes_every_way_through(company: Company) -> None:
    """VIS-21: without `read_through`, or with nothing to find records by, only owner, sharing, departments count."""
    for seen in (company.sight(VisibilityPolicy(read_through=False)), sight(company.world)):
        for party in company.parties:
            assert set(seen.who_can_see(party)) == {
                viewer for viewer in company.world.everyone() if company.world.can_see(viewer, party)
            }


@given(companies())
def test_a_scene_of_the_applications_own_narrows_what_is_read_through(company: Company) -> None:
    """VIS-14, VIS-21: a scene that does not follow from `all` holds what is read through too, narrowed by its rule."""
    policy = VisibilityPolicy(scenes=scenes.default() | {"acme": record.name == "Acme"})
    seen = company.sight(policy)
    for party in company.parties:
        for viewer in company.world.everyone():
            expected = party.name == "Acme" and company.scene(viewer, party, "all")
            assert expected == seen.filter(viewer, party.KIND, "acme").matches(party)


def test_every_line_of_three_with_a_deal_or_a_lead() -> None:
    """VIS-21, REL-3: all forests of three people: a customer of one, a deal with a member, a lead converted into it."""
    checked = 0
    for world in lines(3):
        for first, member in ((0, 1), (1, 2), (2, 0)):
            into = Conversion("customer", "contact", None)
            roles = (ContactRole("contact", "user"),)
            others = (
                evolve(opportunity(f"p{first}", TeamMember(f"p{member}", TeamRole.JOINT)), customer="customer"),
                evolve(opportunity(f"p{first}"), id="by role", contact_roles=roles),
                evolve(lead(f"p{member}"), conversion=into),
            )
            for some in (others[:1], others[1:2], others[2:], ()):
                company = Company(world, (customer("p0"), contact(None)), some)
                seen = company.sight()
                for party in company.parties:
                    visible = {viewer for viewer in world.everyone() if company.can_see(viewer, party)}
                    assert visible == set(seen.who_can_see(party))
                    for viewer in world.everyone():
                        assert (viewer in visible) == seen.can_see(viewer, party) == seen.why(viewer, party).is_visible
                        checked += 3
    assert checked > 10_000


DEPARTMENT_OF_ONE = World(
    (Employee("li", department="east"), Employee("zhou", department="west"), Employee("sun")),
    (Department("east"), Department("west", head="zhou")),
    shares=(SharingRule(id="s", version=1, from_person="li", to_person="sun", access=Access.READ),),
)


def test_a_proof_reads_from_the_customer_to_the_person() -> None:
    """VIS-15, VIS-21: it names the deal, then the way into it; where there is none, it says what is lacking."""
    deal = evolve(opportunity("li", TeamMember("zhou", TeamRole.JOINT)), customer="customer")
    seen = Company(DEPARTMENT_OF_ONE, (), (deal,)).sight()

    assert str(seen.why("zhou", customer(None))) == (
        "visible: opportunity opp -> team member zhou (joint, read)\n"
        "visible: opportunity opp -> team member zhou (joint, read) -> department west -> head zhou"
    )
    assert "an opportunity or lead of theirs: zhou sees none that names this contact" in str(
        seen.why("zhou", contact(None))
    )
    assert str(seen.why("sun", customer(None), told_to="stranger")) == "visible: an opportunity or lead of theirs"


def test_a_scene_for_everybody_opens_without_a_person_on_the_way() -> None:
    """VIS-15, VIS-21: where `all` says `everybody`, the deal itself is the whole way."""
    policy = VisibilityPolicy(scenes=scenes.default() | {"all": everybody & ~team.includes_viewer() | owner.is_viewer})
    deal = evolve(opportunity("li"), customer="customer")
    seen = Company(DEPARTMENT_OF_ONE, (), (deal,)).sight(policy)
    assert any(str(way) == "opportunity opp" for way in seen.why("zhou", customer(None)).ways)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (evolve(opportunity("li"), customer="a", contact="b"), {("customer", "a"), ("contact", "b")}),
        (evolve(opportunity("li"), contact_roles=(ContactRole("c", "user"),)), {("contact", "c")}),
        (opportunity("li"), set()),
        (lead("li"), set()),
        (evolve(lead("li"), conversion=Conversion("a", None, "o")), {("customer", "a")}),
        (evolve(contact("li"), customer="a"), set()),
        (object(), set()),
    ],
)
def test_which_records_name_whom(other: Any, expected: set[tuple[str, str]]) -> None:
    """VIS-21, CUS-3, LEAD-6: a deal names its customer, contact and contact roles; a lead what it became."""
    assert parties(other) == expected
    for kind in ("customer", "contact"):
        for id in "abc":
            assert Names(kind, id).matches(other) == ((kind, id) in expected)
            assert negation(Names(kind, id)).matches(other) == ((kind, id) not in expected)


def test_nodes_are_values() -> None:
    """VIS-15: nodes compare by what they ask, not by who answers; their negation holds where they do not."""
    node, same = Behind("lead", OwnerIn({"li"}), nothing_found), Behind("lead", OwnerIn({"li"}), lambda *_: [1])
    assert node == same
    assert hash(node) == hash(same)
    assert node != Behind("opportunity", OwnerIn({"li"}), nothing_found)
    assert not node.matches(customer("li"))
    assert same.matches(customer("li"))
    assert negation(node).matches(customer("li"))
    assert not negation(same).matches(customer("li"))
    assert negation(negation(node)) == node


def test_another_may_be_asked() -> None:
    """VIS-15: a store that looks into a filter can have every `Behind` in it ask the store's own connection."""
    node = Behind("lead", EVERYTHING, nothing_found)
    whole = AllOf((Voided(False), AnyOf((OwnerIn({"sun"}), Negation(Negation(node))))))
    asked: list[tuple[str, Any, int | None]] = []

    def answer(kind: str, filter: Any, limit: int | None) -> list[Any]:
        asked.append((kind, filter, limit))
        return [lead("li")]

    assert not whole.matches(customer("li"))
    assert asking(whole, answer, nobody).matches(customer("li"))
    assert asked == [("lead", Names("customer", "customer"), 1)]
    assert asking(NOTHING, answer, nobody) is NOTHING
    assert asking(whole, answer, nobody) == whole
    assert all_of((node, OwnerIn({"li"}))) == asking(all_of((node, OwnerIn({"li"}))), answer, nobody)
