"""A proof names the grants that show a record, and only those: with all of them gone, so is the record (I-33)."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import Employee
from salesflow.visibility import Cause
from tests.visibility.reference import World
from tests.visibility.worlds import sight, worlds_and_records


def without(world: World, record: Any, way: Cause) -> tuple[World, Any]:
    """Take away what one way in rests on: its last link, which no other person's sight needs."""
    *_, before, last = (None, *way.steps)
    if last.relation == "administrator":
        return evolve(world, administrators=world.administrators - {last.id}), record
    if last.relation == "owner":
        team = tuple(member for member in getattr(record, "team", ()) if member.person != record.owner)
        return world, evolve(record, owner="nobody", **({"team": team} if team or hasattr(record, "team") else {}))
    if last.relation == "team member":
        return world, evolve(record, team=tuple(each for each in record.team if each.person != last.id))
    if last.relation == "manager":
        below = _changed(world.employees, before.id, manager=None)
        return evolve(world, employees=below), record
    if last.relation == "head":
        places = tuple(evolve(each, head=None) if each.head == last.id else each for each in world.departments)
        return evolve(world, departments=places), record
    assert last.relation == "shared with"
    return evolve(world, shares=tuple(rule for rule in world.shares if rule.id != before.id)), record


def _changed(employees: tuple[Employee, ...], person: str, **values: Any) -> tuple[Employee, ...]:
    return tuple(evolve(each, **values) if each.id == person else each for each in employees)


def _is_of_people(way: Cause) -> bool:
    return way.steps[0].relation != "pool"


@given(worlds_and_records())
def test_a_grant_is_named_where_and_only_where_it_shows_the_record(drawn: tuple[World, Any]) -> None:
    """VIS-15, I-33: a way in is named exactly for whoever sees the record; with all of them gone, nobody does."""
    world, record = drawn
    for viewer in world.everyone():
        proof = sight(world).why(viewer, record)
        assert bool(proof.ways) == proof.is_visible == world.can_see(viewer, record)
        left, without_grants = world, record
        for way in proof.ways:
            if _is_of_people(way):
                left, without_grants = without(left, without_grants, way)
        rest = sight(left).why(viewer, without_grants)
        if all(map(_is_of_people, proof.ways)) and without_grants.owner is not None:
            assert not rest.is_visible, (viewer, proof, rest)
            assert not left.can_see(viewer, without_grants)


@given(worlds_and_records(), st.data())
def test_a_grant_less_shows_nothing_to_anybody(drawn: tuple[World, Any], data: st.DataObject) -> None:
    """I-29, VIS-20: taking one link away (a member, a manager, a head, a rule, an administrator) opens no record."""
    world, record = drawn
    before = sight(world).who_can_see(record)
    ways = [way for person in before for way in before[person] if _is_of_people(way)]
    ways = [way for way in ways if way.steps[-1].relation != "owner"]
    if not ways:
        return
    fewer, less = without(world, record, data.draw(st.sampled_from(ways)))
    assert set(sight(fewer).who_can_see(less)) <= set(before)
