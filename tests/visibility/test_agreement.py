"""One rule, many uses that always agree (VIS-15), each against the brute-force reference."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from salesflow.visibility import Sight
from salesflow.visibility.people import Gathering
from salesflow.visibility.terms import BELOW, BELOW_SUPERIOR, HEADED, ME, SHARED, SHARED_READ_WRITE, Term
from salesflow.visibility.terms import World as BoundWorld
from tests.visibility.reference import World
from tests.visibility.worlds import sight, worlds, worlds_and_records

SCENES = (
    "all mine joint serviced participating won lost subordinates subordinates_joint subordinates_serviced "
    "shared departments voided"
).split()
TERMS: list[Term] = [ME, BELOW, BELOW_SUPERIOR, HEADED, SHARED, SHARED_READ_WRITE]


@given(worlds_and_records())
def test_every_scene_is_the_reference(drawn: tuple[World, Any]) -> None:
    """VIS-1 … VIS-13, VIS-21, ORG-4, ORG-5: each scene holds exactly where the domain says, whoever looks."""
    world, record = drawn
    seen = sight(world)
    for viewer in world.everyone():
        for scene in SCENES:
            expected = world.scene(viewer, record, scene)

            assert expected == seen.filter(viewer, record.KIND, scene).matches(record), (viewer, scene)
            assert expected == seen.bind(viewer, record.KIND, scene).matches(record), (viewer, scene)


@given(worlds_and_records())
def test_checks_audience_and_proof_agree(drawn: tuple[World, Any]) -> None:
    """VIS-13, VIS-15, VIS-18: can_see, who_can_see and why all say what the reference says."""
    world, record = drawn
    seen = sight(world)
    expected = {viewer for viewer in world.everyone() if world.can_see(viewer, record)}

    assert expected == {viewer for viewer in world.everyone() if seen.can_see(viewer, record)}
    assert expected == {viewer for viewer in world.everyone() if seen.check(viewer, record.KIND)(record)} | {
        viewer for viewer in expected if record.voided
    }
    audience = seen.who_can_see(record)
    assert sorted(expected) == list(audience)
    for viewer in world.everyone():
        proof = seen.why(viewer, record)
        assert (viewer in expected) == proof.is_visible
        assert str(proof).startswith("visible: " if proof.is_visible else "not visible")
        if proof.is_visible:
            assert proof.ways == audience[viewer] != ()


@given(worlds_and_records())
def test_card_or_whole_is_the_reference(drawn: tuple[World, Any]) -> None:
    """VIS-18, LEAD-14: of those who see a lead without owner, dispatchers and administrators see all of it."""
    world, record = drawn
    seen = sight(world)
    for viewer in seen.who_can_see(record):
        assert world.sees_whole(viewer, record) == seen.sees_whole(viewer, record)


@given(worlds_and_records())
def test_every_step_of_a_proof_is_true(drawn: tuple[World, Any]) -> None:
    """VIS-15: each way in begins at the record's owner or a member, climbs real links, and ends at the viewer."""
    world, record = drawn
    seen = sight(world)
    for viewer in world.everyone():
        for way in seen.why(viewer, record).ways:
            first, *links = way.steps
            assert way.steps[-1].id == viewer
            if first.relation == "administrator":
                assert world.is_administrator(viewer)
                continue
            if first.relation == "pool":
                assert record.owner is None
                assert first.id == (record.pool or "of all employees")
                stands = {"member": world.admits, "dispatcher": world.dispatches}[links[-1].relation]
                assert stands(viewer, record)
                continue
            if first.relation == "owner":
                assert first.id == record.owner
            else:
                assert any((m.person, f"{m.role}, {m.access}") == (first.id, first.note) for m in record.team)
            here = first.id
            for link in links:
                if link.relation == "manager":
                    assert world.is_below(here, link.id, "direct")
                    here = link.id
                if link.relation == "department":
                    assert world.heads(viewer, here)
                if link.relation == "sharing rule":
                    assert link.id in {rule.id for rule in world.shares}


def _expanded(term: Term, bound: BoundWorld, viewer: str) -> frozenset[str]:
    gathering = Gathering()
    term.expand(bound, viewer, gathering)
    return gathering.people().ids


def _inverse(term: Term, bound: BoundWorld, person: str) -> set[str]:
    found: set[str] = set()
    term.inverse(bound, (person,), found)
    return found


@given(worlds())
def test_four_faces_of_a_term_agree(world: World) -> None:
    """VIS-15: has, expand, inverse and trace of each relation tell one truth, for people known and unknown."""
    bound = BoundWorld.of(sight(world).index, world.shares)
    people = world.everyone()
    for term in TERMS:
        for viewer in people:
            expanded = _expanded(term, bound, viewer)
            assert expanded <= {*people, "stranger"}
            for person in people:
                has = term.has(bound, viewer, person)
                assert has == (person in expanded), (term, viewer, person)
                assert all(who == person for who, _ in term.trace(bound, viewer, (person,)))
                assert has == (viewer in _inverse(term, bound, person)), (term, viewer, person)
                assert has == bool(term.trace(bound, viewer, (person,))), (term, viewer, person)


@given(worlds())
def test_relations_are_the_reference(world: World) -> None:
    """ORG-2, ORG-4, VIS-11, VIS-12: each relation holds between exactly the people that the domain names."""
    bound = BoundWorld.of(sight(world).index, world.shares)
    for viewer in world.everyone():
        for person in world.everyone():
            expected = [
                viewer == person,
                world.is_below(person, viewer, world.depth_subordinates),
                world.is_below(person, viewer, world.depth_superiors),
                world.heads(viewer, person),
                any(world.shares_to(person, viewer, rule.access) for rule in world.shares),
            ]

            assert expected == [term.has(bound, viewer, person) for term in TERMS[:5]], (viewer, person)


@given(worlds())
def test_superiors_are_those_above_who_have_not_left(world: World) -> None:
    """ORG-2: superiors come nearest first, as far as depth_superiors reaches, without those who left."""
    seen = sight(world)
    for person in world.everyone():
        superiors = seen.superiors(person)

        expected = {
            x for x in world.everyone() if world.is_below(person, x, world.depth_superiors) and world.is_active(x)
        }
        assert expected == set(superiors)
        assert all(world.is_below(lower, upper, "all") for lower, upper in pairwise(superiors))


@given(worlds())
def test_who_is_known(world: World) -> None:
    """ORG-5: known are active employees and administrators, who need not be employees; who left is neither."""
    seen: Sight = sight(world)
    for person in world.everyone():
        assert world.knows(person) == seen.knows(person)
        assert world.is_active(person) == seen.is_employee(person)
        assert world.is_administrator(person) == seen.is_administrator(person)


@given(worlds_and_records(), st.data())
def test_sharing_never_hides(drawn: tuple[World, Any], data: st.DataObject) -> None:
    """VIS-11, VIS-20: dropping a sharing rule shows nobody anything new; the next Sight knows at once."""
    world, record = drawn
    if not world.shares:
        return
    fewer = data.draw(st.sampled_from(world.shares))
    index = sight(world).index
    before = set(Sight(index, world.shares).who_can_see(record))

    after = set(Sight(index, [rule for rule in world.shares if rule is not fewer]).who_can_see(record))

    assert after <= before
