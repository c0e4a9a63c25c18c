"""Rules as values: the algebra, its printing, and what it means, against an interpreter of its own (VIS-14)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Access, Grade, Grading, Money, OpportunityStatus, TeamMember, TeamRole
from salesflow.visibility import (
    EVERYTHING,
    OPERATORS,
    People,
    Rule,
    VisibilityPolicy,
    everybody,
    owner,
    pool,
    record,
    scenes,
    team,
)
from salesflow.visibility.audience import audience
from salesflow.visibility.binding import bind, prepare
from salesflow.visibility.explain import proving
from salesflow.visibility.rules import Both, Either, Not, OwnerRule, TeamRule, implies, is_guarded
from salesflow.visibility.terms import SHARED_READ_WRITE, Me
from salesflow.visibility.terms import World as BoundWorld
from tests.visibility.reference import World
from tests.visibility.worlds import AMOUNTS, ROLES, contact, lead, opportunity, sight, worlds_and_records

Truth = bool | None
"""True, false, or neither: what is missing makes a statement neither, and so its negation."""

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)

Reading = Callable[[World, str, Any], Truth]


@frozen
class Meant:
    """A rule, and what it is meant to say."""

    rule: Rule
    reading: Reading


def _of_owner(rule: Rule, relation: Callable[[World, str, str], bool]) -> Meant:
    return Meant(rule, lambda world, viewer, r: None if r.owner is None else relation(world, viewer, r.owner))


def _of_team(rule: Rule, relation: Callable[[World, str, str], bool], role: str | None, access: Access | None) -> Meant:
    def reading(world: World, viewer: str, found: Any) -> Truth:
        return any(
            relation(world, viewer, member.person)
            and (role is None or member.role == role)
            and (access is not Access.READ_WRITE or member.access is Access.READ_WRITE)
            for member in getattr(found, "team", ())
        )

    return Meant(rule, reading)


def _is(world: World, viewer: str, person: str) -> bool:
    return viewer == person


def _below(world: World, viewer: str, person: str) -> bool:
    return world.is_below(person, viewer, world.depth_subordinates)


def _answers(world: World, viewer: str, person: str) -> bool:
    return world.is_below(person, viewer, world.depth_superiors)


def _heads(world: World, viewer: str, person: str) -> bool:
    return world.heads(viewer, person)


def _shares(access: Access) -> Callable[[World, str, str], bool]:
    return lambda world, viewer, person: world.shares_to(person, viewer, access)


def _compared(name: str, operator: str, value: Any) -> Meant:
    def reading(world: World, viewer: str, found: Any) -> Truth:
        here = getattr(found, name, None)
        if here is None:
            return None
        if isinstance(value, Money) and here.currency != value.currency:
            return None
        left: Any = here.amount if isinstance(value, Money) else str(here)
        right: Any = value.amount if isinstance(value, Money) else str(value)
        return {
            "==": left == right,
            "!=": left != right,
            "<": left < right,
            "<=": left <= right,
            ">": left > right,
            ">=": left >= right,
        }[operator]

    compare = {"==": "__eq__", "!=": "__ne__", "<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
    return Meant(getattr(getattr(record, name), compare[operator])(value), reading)


@st.composite
def leaves(draw: st.DrawFn) -> Meant:
    """One atom, of the owner, of the team, of a field, or `everybody`."""
    role, access = draw(st.sampled_from([None, *ROLES])), draw(st.sampled_from([None, *Access]))
    operator = draw(st.sampled_from(sorted(OPERATORS)))
    return draw(
        st.sampled_from(
            [
                _of_owner(owner.is_viewer, _is),
                _of_owner(owner.is_below_viewer, _below),
                _of_owner(owner.answers_to_viewer, _answers),
                _of_owner(owner.is_in_viewers_department, _heads),
                _of_owner(owner.shares_with_viewer(), _shares(Access.READ)),
                _of_owner(owner.shares_with_viewer("read_write"), _shares(Access.READ_WRITE)),
                _of_team(team.includes_viewer(role, access), _is, role, access),
                _of_team(team.includes_viewer(), _is, None, None),
                _of_team(team.includes_below_viewer(role, access), _below, role, access),
                _of_team(team.includes_who_answers_to_viewer(role, access), _answers, role, access),
                _of_team(team.includes_viewers_department(role, access), _heads, role, access),
                _compared("status", operator, draw(st.sampled_from(OpportunityStatus))),
                _compared("amount", operator, draw(st.sampled_from([a for a in AMOUNTS if a]))),
                Meant(pool.admits_viewer, lambda world, viewer, found: world.admits(viewer, found)),
                Meant(pool.is_dispatched_by_viewer, lambda world, viewer, found: world.dispatches(viewer, found)),
                Meant(everybody, lambda world, viewer, found: True),
            ]
        )
    )


def _and(left: Truth, right: Truth) -> Truth:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _joined(parts: tuple[Meant, Meant], is_and: bool) -> Meant:
    left, right = parts

    def reading(world: World, viewer: str, found: Any) -> Truth:
        one, other = left.reading(world, viewer, found), right.reading(world, viewer, found)
        return _and(one, other) if is_and else _not(_and(_not(one), _not(other)))

    return Meant(left.rule & right.rule if is_and else left.rule | right.rule, reading)


def _negated(part: Meant) -> Meant:
    return Meant(~part.rule, lambda world, viewer, found: _not(part.reading(world, viewer, found)))


meant_rules = st.recursive(
    leaves(),
    lambda parts: st.one_of(
        st.builds(_joined, st.tuples(parts, parts), st.booleans()),
        st.builds(_negated, parts),
    ),
    max_leaves=8,
)


@given(worlds_and_records(), meant_rules)
def test_every_use_of_a_random_rule_is_its_meaning(drawn: tuple[World, Any], meant: Meant) -> None:
    """VIS-14, VIS-15: filter, proof and audience of any rule are what the rule says, ~ included."""
    world, found = drawn
    bound, plan = BoundWorld.of(sight(world).index, world.shares, world.pools), prepare(meant.rule)
    crowd = audience(plan, bound, found).within(frozenset(world.everyone()))
    for viewer in world.everyone():
        expected = meant.reading(world, viewer, found) is True

        assert expected == bind(plan, bound, viewer, found.KIND).matches(found)
        assert expected == proving(meant.rule, bound, viewer)(found).is_visible
        assert expected == (viewer in crowd)


@given(worlds_and_records(), meant_rules)
def test_a_scene_of_ones_own_narrows_all(drawn: tuple[World, Any], meant: Meant) -> None:
    """VIS-14: whatever an application's scene says, it shows no more than `all`, and nothing that is voided."""
    world, found = drawn
    seen = sight(world, VisibilityPolicy(scenes=scenes.default() | {"own": meant.rule}))
    for viewer in world.everyone():
        expected = world.scene(viewer, found, "all") and meant.reading(world, viewer, found) is True

        assert expected == seen.filter(viewer, found.KIND, "own").matches(found)


@given(worlds_and_records(), meant_rules)
def test_another_all_decides_everywhere(drawn: tuple[World, Any], meant: Meant) -> None:
    """VIS-14, VIS-15: a replaced `all`, guarded or saying `everybody`, rules checks, audience and proofs alike."""
    world, found = drawn
    if not is_guarded(meant.rule):
        with pytest.raises(InvalidInput, match="say `everybody`"):
            VisibilityPolicy(scenes=scenes.default() | {"all": meant.rule})
        return
    seen = sight(world, VisibilityPolicy(scenes=scenes.default() | {"all": meant.rule}))
    expected = {
        viewer
        for viewer in world.everyone()
        if world.is_administrator(viewer)
        or (world.knows(viewer) and not found.voided and meant.reading(world, viewer, found) is True)
    }

    assert expected == set(seen.who_can_see(found))
    assert expected == {viewer for viewer in world.everyone() if seen.can_see(viewer, found)}
    assert expected == {viewer for viewer in world.everyone() if seen.why(viewer, found).is_visible}


@given(leaves(), meant_rules)
def test_implies_sees_parts(atom: Meant, other: Meant) -> None:
    """VIS-14: a rule implies itself, a conjunction each of its parts, an atom every alternative that offers it."""
    assert implies(other.rule, other.rule)
    assert implies(atom.rule & other.rule, other.rule)
    assert implies(atom.rule, atom.rule | other.rule)


@given(worlds_and_records(), meant_rules, meant_rules)
def test_implied_rules_pass_less(drawn: tuple[World, Any], narrow: Meant, wide: Meant) -> None:
    """VIS-14: what a rule that implies another lets pass, the other lets pass too."""
    world, found = drawn
    if not implies(narrow.rule, wide.rule):
        return
    for viewer in world.everyone():
        if narrow.reading(world, viewer, found) is True:
            assert wide.reading(world, viewer, found) is True


def test_implies_knows_roles_and_access() -> None:
    """VIS-4, VIS-5, VIS-11: a role implies any role, READ_WRITE implies READ, and never the other way."""
    joint, any_role = team.includes_viewer(role="joint"), team.includes_viewer()

    assert implies(joint, any_role)
    assert not implies(any_role, joint)
    assert implies(team.includes_viewer(["sales"]), team.includes_viewer(["sales", "joint"]))
    assert implies(team.includes_viewer(access="read_write"), any_role)
    assert not implies(any_role, team.includes_viewer(access="read_write"))
    assert implies(owner.shares_with_viewer("read_write"), owner.shares_with_viewer())
    assert not implies(owner.shares_with_viewer(), owner.shares_with_viewer("read_write"))
    assert not implies(owner.is_viewer, any_role)
    assert implies(owner.is_viewer, everybody)
    assert implies(owner.is_viewer & joint, joint & owner.is_viewer)


def test_every_built_in_scene_is_part_of_all() -> None:
    """VIS-1 … VIS-12: each built-in scene's shape shows that it lies within `all`, so lists stay short."""
    built_in = scenes.default()

    assert {name for name, rule in built_in.items() if not implies(rule, built_in["all"])} == {"voided"}


def test_scene_names_and_order() -> None:
    """VIS-1 … VIS-12: the names are the domain's, in its order; an application adds its own with |."""
    names = (
        "all mine joint serviced participating won lost subordinates subordinates_joint subordinates_serviced "
        "shared departments voided"
    )

    assert names.split() == list(scenes.default())
    own = scenes.default() | {"my_big_deals": owner.is_viewer & (record.amount >= Money("1000000", "CNY"))}
    assert "my_big_deals" in VisibilityPolicy(scenes=own).scenes


def test_rules_print_as_they_are_written() -> None:
    """VIS-14: what prints can be read, and reads back as an equal rule."""
    mine = owner.is_viewer | team.includes_viewer(role=TeamRole.JOINT)
    big = record.amount >= Money("1000000", "CNY")
    words: dict[str, Any] = {
        "owner": owner, "team": team, "pool": pool, "record": record, "Money": Money, "everybody": everybody,
    }  # fmt: skip

    assert repr(mine & big) == (
        "(owner.is_viewer | team.includes_viewer(role='joint')) & (record.amount >= Money('1000000', 'CNY'))"
    )
    for rule in [
        *scenes.default().values(),
        mine & big,
        ~mine | ~(~big & everybody),
        ~everybody,
        ~pool.is_dispatched_by_viewer & mine,
        owner.shares_with_viewer("read_write") | owner.answers_to_viewer,
        team.includes_who_answers_to_viewer(["sales", "joint"], "read_write"),
        (record.name != "x") | (record.version < 3),
    ]:
        assert rule == eval(repr(rule), words)


def test_terms_of_ones_own_print_too() -> None:
    """VIS-14: a term that has no word of its own prints as what it is."""

    @frozen
    class Mine(Me):
        pass

    assert repr(OwnerRule(Mine())).startswith("OwnerRule(")
    assert repr(TeamRule(Mine())).startswith("TeamRule(")


@given(meant_rules)
def test_rules_are_values(meant: Meant) -> None:
    """VIS-14: a rule equals its copy, hashes alike, and survives copying and pickling."""
    for same in (copy.deepcopy(meant.rule), pickle.loads(pickle.dumps(meant.rule))):
        assert meant.rule == same
        assert hash(meant.rule) == hash(same)


def test_combining_flattens() -> None:
    """VIS-14: a chain is one list without repeats, and a double negation is none."""
    mine, joint = owner.is_viewer, team.includes_viewer("joint")

    assert Either((mine, joint, everybody)) == mine | (joint | everybody) | mine
    assert Both((mine, joint)) == (mine & joint) & mine
    assert mine == mine & mine == mine | mine
    assert mine == ~~mine
    assert Not(mine) == ~mine != mine
    assert _passes(Not(Not(record.version < 7)), lead("li"))
    assert is_guarded(Not(Not(mine)))
    assert {mine, owner.is_viewer} == {mine}


def test_rules_refuse_what_is_no_rule() -> None:
    """VIS-14: `and`, `or`, `if` and foreign values are errors, not silence."""
    with pytest.raises(InvalidInput, match=r"combine rules with & \| ~"):
        bool(owner.is_viewer)
    with pytest.raises(TypeError):
        owner.is_viewer & True
    with pytest.raises(TypeError):
        owner.is_viewer | "x"


def test_fields_refuse_what_cannot_compare() -> None:
    """VIS-14: an unknown field, a missing value, a float, a NaN, and an unknown access are refused at once."""
    with pytest.raises(InvalidInput, match=r"record\.amuont"):
        record.amuont  # noqa: B018 - looking it up is what is tested
    for value in (None, 1.5, ["x"]):
        with pytest.raises(InvalidInput, match="must be text"):
            record.amount == value  # noqa: B015 - the comparison builds a rule
    with pytest.raises(InvalidInput, match="must be one of read, read_write"):
        team.includes_viewer(access="write")
    with pytest.raises(AttributeError):
        record._secret  # noqa: B018 - as above
    with pytest.raises(AttributeError):
        record.grade._secret  # noqa: B018 - as above
    assert repr(record.grade.effective) == "record.grade.effective"


def _passes(rule: Rule, found: Any) -> bool:
    return bind(prepare(rule), BoundWorld.of(sight(World(())).index, ()), "x", found.KIND).matches(found)


def test_fields_are_found_by_path_and_compare_by_kind() -> None:
    """VIS-14, VIS-21: a dotted path leads in; dates compare with dates; unlike kinds compare in no way."""
    graded = evolve(opportunity("li"), grade=Grading(computed=Grade.A), close_date=date(2025, 3, 1))

    assert _passes(record.grade.computed == Grade.A, graded)
    assert not _passes(record.grade.computed == Grade.B, graded)
    assert _passes(record.close_date < date(2025, 4, 1), graded)
    assert not _passes(record.close_date < date(2025, 3, 1), graded)
    assert not _passes(record.close_date < date(2025, 3, 1), opportunity("li"))
    for rule in (record.close_date < 7, record.name < 7, record.version < "7", record.amount > 7):
        assert not _passes(rule, graded)
        assert not _passes(~rule, graded)
    assert _passes(record.version < 7, graded)


def test_moments_compare_with_moments() -> None:
    """VIS-14, HIST-2: an aware moment compares with an aware one; a plain date is not a moment."""
    found = evolve(contact("li"), created_at=NOON)

    assert _passes(record.created_at <= NOON, found)
    assert not _passes(record.created_at < NOON, found)
    assert not _passes(record.created_at <= NOON.date(), found)
    assert not _passes(record.created_at <= NOON.replace(tzinfo=None), found)


def test_team_of_a_record_without_team_is_empty() -> None:
    """VIS-21: on leads nobody is in the team, so the negation holds; an owner rule and its negation hold for none."""
    pooled = lead(None)

    assert not _passes(team.includes_viewer(), pooled)
    assert _passes(~team.includes_viewer(), pooled)
    assert not _passes(owner.is_viewer, pooled)
    assert not _passes(~owner.is_viewer, pooled)
    assert _passes(~owner.is_viewer, lead("li"))


def test_guarded_rules() -> None:
    """VIS-14: a rule under which everybody would see a record must say so."""
    big = record.amount >= Money("5", "CNY")

    assert is_guarded(owner.is_viewer & big)
    assert is_guarded(everybody)
    assert is_guarded(owner.is_viewer | (team.includes_viewer() & ~owner.is_viewer))
    for rule in (big, owner.is_viewer | big, ~owner.is_viewer, ~(~owner.is_viewer & big), ~everybody, ~~big):
        assert not is_guarded(rule)
    assert is_guarded(~(~owner.is_viewer | ~team.includes_viewer()))


def test_policies_refuse_what_is_incomplete() -> None:
    """VIS-14: `all` and `voided` must be there, and every scene must be a rule."""
    for missing in ("all", "voided"):
        incomplete = {name: rule for name, rule in scenes.default().items() if name != missing}
        with pytest.raises(InvalidInput, match=r"scenes\.default"):
            VisibilityPolicy(scenes=incomplete)
    with pytest.raises(InvalidInput, match=r"scenes\['own'\]"):
        VisibilityPolicy(scenes={**scenes.default(), "own": True})  # type: ignore[dict-item] # the mistake


def test_everybody_binds_to_everything() -> None:
    """VIS-14: said by name, `everybody` is the filter that lets all pass; nobody's set never is."""
    bound = BoundWorld.of(sight(World(())).index, ())

    assert bind(prepare(everybody), bound, "x", "lead") == EVERYTHING
    assert not bind(prepare(owner.is_below_viewer), bound, "x", "lead").matches(lead("li"))
    assert not People(frozenset())
    assert not bind(prepare(OwnerRule(SHARED_READ_WRITE)), bound, "x", "lead").matches(lead("li"))


def test_members_compare_with_their_role() -> None:
    """TEAM-1, VIS-3: several roles at once, and a role of the application's own."""
    found = opportunity("li", TeamMember("wang", "lawyer"))

    for role, expected in ((["lawyer", "joint"], True), ("lawyer", True), ("joint", False), ([], False)):
        seen = bind(
            prepare(team.includes_viewer(role)), BoundWorld.of(sight(World(())).index, ()), "wang", "opportunity"
        )
        assert expected == seen.matches(found)
