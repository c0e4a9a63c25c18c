"""What must hold whatever the rules and the world are: deny by default, void wins, nobody below themselves."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput, OrganizationError
from salesflow.model import Employee, Money
from salesflow.model.party import CustomField
from salesflow.visibility import (
    ACCESS,
    Organization,
    OrganizationIndex,
    VisibilityPolicy,
    everybody,
    owner,
    record,
    scenes,
)
from salesflow.visibility.rules import Rule, either
from tests.visibility.reference import World
from tests.visibility.worlds import contact, customer, lead, opportunity, sight, worlds_and_records

NOBODYS = owner.is_viewer & ~owner.is_viewer
"""A rule that holds for nobody."""

MAKERS = (opportunity, lead, customer, contact)


@pytest.mark.parametrize("make", MAKERS)
def test_without_a_grant_nothing_is_seen_and_nothing_may_be_done(make: Any) -> None:
    """I-22, ACC-24: in no team, department, pool or sharing rule; and the same by an empty rule set."""
    lonely = World(employees=(Employee("owner"), Employee("viewer")), administrators=frozenset({"root"}))
    nothing = VisibilityPolicy(scenes={**scenes.default(), "all": NOBODYS}, access={})
    for held in (make("owner"), make(None) if make is not opportunity else make("owner")):
        for policy, viewers in ((None, ("viewer", "stranger")), (nothing, ("viewer", "stranger", "owner"))):
            seen = sight(lonely, policy)
            for viewer in viewers:
                is_pooled = held.KIND == "lead" and held.owner is None and policy is None and viewer == "viewer"
                assert seen.can_see(viewer, held) == is_pooled  # the common pool is every employee's (VIS-18)
                assert not any(seen.filter(viewer, held.KIND, scene).matches(held) for scene in ("mine", "shared"))
                assert (viewer in seen.who_can_see(held)) == is_pooled
            assert set(seen.who_can_see(held)) >= {"root"}
        for operation in ACCESS:
            assert not sight(lonely, nothing).who_may(operation, held)


@given(worlds_and_records(), st.booleans())
def test_voided_wins_over_every_grant(drawn: tuple[World, Any], by_everybody: bool) -> None:
    """I-23, I-25, VIS-13: whatever opens a record, voided it is there for administrators only, in every scene."""
    world, held = drawn
    policy = VisibilityPolicy(scenes={**scenes.default(), "all": everybody}) if by_everybody else None
    voided, seen = evolve(held, voided=True), sight(world, policy)
    for viewer in world.everyone():
        is_administrator = world.is_administrator(viewer)
        assert seen.can_see(viewer, voided) == seen.why(viewer, voided).is_visible == is_administrator
        for scene in scenes.default():
            expected = is_administrator and scene == "voided"
            assert seen.filter(viewer, held.KIND, scene).matches(voided) == expected
    assert set(seen.who_can_see(voided)) == {one for one in world.everyone() if world.is_administrator(one)}


WAYS = scenes.default()["all"].parts  # type: ignore[union-attr] # `all` is an either-or of several ways in


@given(worlds_and_records(), st.lists(st.sampled_from(range(len(WAYS))), max_size=4), st.permutations(WAYS))
def test_order_and_repetition_of_rules_change_nothing(
    drawn: tuple[World, Any], repeated: list[int], ways: list[Rule]
) -> None:
    """I-23, VIS-14: the ways in are a set, however they are written down."""
    world, held = drawn
    rule = either(ways)
    for number in repeated:
        rule = rule | WAYS[number] if number % 2 else WAYS[number] | rule
    usual, mixed = sight(world), sight(world, VisibilityPolicy(scenes={**scenes.default(), "all": rule}))
    for viewer in world.everyone():
        assert mixed.can_see(viewer, held) == usual.can_see(viewer, held)
    assert set(mixed.who_can_see(held)) == set(usual.who_can_see(held))


ODD: list[Any] = [None, "5", "", 5, Money("5", "CNY"), Money("5", "USD"), 10**30, -1]


@given(st.sampled_from(ODD), st.sampled_from([value for value in ODD if value is not None]), st.booleans())
def test_what_cannot_be_compared_opens_nothing(held: Any, asked: Any, is_negated: bool) -> None:
    """I-24: an unlike type, a missing value or field is no error of one record that hides or opens the others."""
    world = World(employees=(Employee("owner"), Employee("viewer")))
    deal = evolve(opportunity("owner"), custom=(CustomField("size", held),))
    for make in (lambda: record.custom["size"] < asked, lambda: record.custom["absent"] < asked):
        rule = ~make() if is_negated else make()
        seen = sight(world, VisibilityPolicy(scenes={**scenes.default(), "all": owner.is_viewer & rule}))
        is_seen = seen.can_see("owner", deal)
        if type(held) is not type(asked) or (isinstance(held, Money) and held.currency != asked.currency):
            assert not is_seen
        assert is_seen == seen.filter("owner", "opportunity").matches(deal) == seen.why("owner", deal).is_visible
        assert not seen.can_see("viewer", deal)


def test_unknown_fields_kinds_scenes_and_people_open_nothing() -> None:
    """I-24, ORG-5: said when the rule is made or asked for; who is unknown sees nothing, by `everybody` either."""
    seen = sight(World(employees=(Employee("owner"), Employee("gone", active=False))))
    wide = sight(World(employees=(Employee("owner"),)), VisibilityPolicy(scenes={**scenes.default(), "all": everybody}))
    for ask in (
        lambda: record.nonsense == "x",
        lambda: seen.filter("owner", "nonsense"),
        lambda: seen.filter("owner", "lead", "nonsense"),
    ):
        with pytest.raises(InvalidInput):
            ask()
    for viewer in ("gone", "unknown", ""):
        for make in MAKERS:
            held = make("owner")
            for one in (seen, wide):
                assert not one.can_see(viewer, held)
                assert not one.filter(viewer, held.KIND).matches(held)
                assert not one.why(viewer, held).is_visible
        for operation in ACCESS:
            assert seen.refusals(viewer, operation, opportunity("owner"), also=[viewer]), operation


def test_nobody_is_below_themselves() -> None:
    """I-26, ORG-2: every way in which four people may name managers, themselves and cycles among them."""
    people = ("a", "b", "c", "d")
    refused = 0
    for managers in product((None, *people, "unknown"), repeat=4):
        employees = [Employee(id, manager=manager) for id, manager in zip(people, managers, strict=True)]
        above: dict[str, str | None] = dict(zip(people, managers, strict=True))
        has_cycle = any(is_in_cycle(above, person) for person in people)
        try:
            index = OrganizationIndex(Organization(employees))
        except OrganizationError:
            assert has_cycle
            refused += 1
            continue
        assert not has_cycle
        for person in people:
            assert person not in index.above(person, index.depths["subordinates"])
            assert person not in index.above(person, index.depths["superiors"])
    assert refused > 300


def is_in_cycle(above: dict[str, str | None], person: str) -> bool:
    """Whether following the managers leads back to *person*."""
    here = above[person]
    for _ in above:
        if here == person:
            return True
        here = above.get(here or "")
    return False


@given(worlds_and_records())
def test_whoever_may_act_in_person_sees_it(drawn: tuple[World, Any]) -> None:
    """I-32: with superiors no deeper than sight, each row about a record admits only people who see that record."""
    world, held = drawn
    world = evolve(world, depth_superiors="direct") if world.depth_subordinates == "direct" else world
    seen, held = sight(world), evolve(held, voided=False)
    viewers = set(seen.who_can_see(held))
    for operation, row in ACCESS.items():
        if not row.employees:
            assert seen.who_may(operation, held) <= viewers, operation
