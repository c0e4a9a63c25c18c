"""
Rule and viewer become a filter: the viewer's people are folded in, and only the record is left to ask.

A rule is prepared once (negation pushed to its leaves, atoms over one subject fused), so that binding a
viewer is no more than expanding a few terms.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from salesflow.model.enums import Access
from salesflow.visibility.filters import (
    EVERYTHING,
    NOT_VOIDED,
    NOTHING,
    AnyOf,
    Filter,
    Negation,
    OwnerIn,
    PoolIn,
    TeamIn,
    Test,
    all_of,
    any_of,
    owner_or_team,
)
from salesflow.visibility.people import Gathering, People
from salesflow.visibility.pools import Pools
from salesflow.visibility.rules import (
    KINDS_WITH_POOL,
    KINDS_WITH_TEAM,
    Both,
    Either,
    Everybody,
    FieldRule,
    Not,
    OwnerRule,
    PoolRelation,
    PoolRule,
    Rule,
    TeamRule,
    spread,
)
from salesflow.visibility.terms import Term, World


@frozen
class OwnersPlan:
    """The owner is one of the people of any of *terms*."""

    terms: tuple[Term, ...]
    is_negated: bool = False


@frozen
class MembersPlan:
    """Some member, with these roles and access, is one of the people of any of *terms*."""

    terms: tuple[Term, ...]
    roles: frozenset[str] | None
    access: Access
    is_negated: bool = False


@frozen
class AroundPlan:
    """
    The owner is one of the people of any term, or any member is one of those of *common*: the shape of `all`.

    Args:
        common: What owner and members have in common.
        owner_only: What counts for the owner beside it.
    """

    common: tuple[Term, ...]
    owner_only: tuple[Term, ...]


@frozen
class PoolPlan:
    """The record has no owner and lies in a pool that stands so to the viewer."""

    relation: PoolRelation
    is_negated: bool = False

    def pools(self, pools: Pools, viewer: str) -> frozenset[str | None]:
        """Return the pools that stand so to *viewer*."""
        admits = self.relation is PoolRelation.ADMITS
        return pools.claimable_by(viewer) if admits else pools.dispatched_by(viewer)

    def people(self, pools: Pools, pool: str | None) -> frozenset[str]:
        """Return everybody to whom *pool* stands so."""
        return pools.members(pool) if self.relation is PoolRelation.ADMITS else pools.dispatchers(pool)


@frozen
class FixedPlan:
    """What no viewer changes."""

    filter: Filter


@frozen
class EveryPlan:
    """Several rules that must all hold."""

    parts: tuple[Plan, ...]


@frozen
class SomePlan:
    """Several rules of which one must hold."""

    parts: tuple[Plan, ...]


Plan = OwnersPlan | MembersPlan | AroundPlan | PoolPlan | FixedPlan | EveryPlan | SomePlan
"""A rule that is prepared for binding."""


def prepare(rule: Rule) -> Plan:
    """Return the plan of *rule*: the same rule with negation at its leaves and like atoms fused."""
    match rule:
        case OwnerRule():
            return OwnersPlan((rule.term,))
        case TeamRule():
            return MembersPlan((rule.term,), rule.roles, rule.access)
        case PoolRule():
            return PoolPlan(rule.relation)
        case FieldRule():
            return FixedPlan(rule.compare)
        case Everybody():
            return FixedPlan(EVERYTHING)
        case Both():
            return EveryPlan(tuple(map(prepare, rule.parts)))
        case Either():
            plans = _fused(map(prepare, rule.parts))
            return plans[0] if len(plans) == 1 else SomePlan(plans)
        case _:
            return _negated(rule)


def _negated(rule: Not) -> Plan:
    denied = rule.part
    match denied:
        case OwnerRule():
            return OwnersPlan((denied.term,), is_negated=True)
        case TeamRule():
            return MembersPlan((denied.term,), denied.roles, denied.access, is_negated=True)
        case PoolRule():
            return PoolPlan(denied.relation, is_negated=True)
        case Everybody():
            return FixedPlan(NOTHING)
        case _:
            return prepare(spread(denied))


def without_pools(plan: Plan) -> Plan:
    """Return *plan* for a kind of record that lies in no pool: neither a pool rule nor its negation holds there."""
    match plan:
        case PoolPlan():
            return FixedPlan(NOTHING)
        case EveryPlan():
            return EveryPlan(tuple(map(without_pools, plan.parts)))
        case SomePlan():
            left = tuple(part for part in map(without_pools, plan.parts) if part != FixedPlan(NOTHING))
            return left[0] if len(left) == 1 else SomePlan(left)
        case _:
            return plan


def _fused(plans: Iterable[Plan]) -> tuple[Plan, ...]:
    """Join what one question can ask: owners with owners, members with like members; owners come first."""
    owners: dict[Term, None] = {}
    members: dict[tuple[frozenset[str] | None, Access], dict[Term, None]] = {}
    rest: list[Plan] = []
    flat: list[Plan] = []
    for plan in plans:
        flat += plan.parts if isinstance(plan, SomePlan) else (plan,)
    for plan in flat:
        if isinstance(plan, OwnersPlan) and not plan.is_negated:
            owners.update(dict.fromkeys(plan.terms))
        elif isinstance(plan, MembersPlan) and not plan.is_negated:
            members.setdefault((plan.roles, plan.access), {}).update(dict.fromkeys(plan.terms))
        else:
            rest.append(plan)
    anybody = tuple(members.get((None, Access.READ), ()))
    first: tuple[Plan, ...] = (OwnersPlan(tuple(owners)),) if owners else ()
    if anybody and all(term in owners for term in anybody):
        del members[None, Access.READ]
        first = (AroundPlan(anybody, tuple(term for term in owners if term not in anybody)),)
    return (*first, *(MembersPlan(tuple(who), *how) for how, who in members.items()), *rest)


def bind(plan: Plan, world: World, viewer: str, kind: str) -> Filter:
    """
    Return the filter that *plan* is for *viewer*, over records of *kind*.

    Args:
        plan: A prepared rule.
        world: The organisation and the sharing rules.
        viewer: Somebody the organisation knows; who is not is nobody's filter to make.
        kind: The kind of record. Where it has no team, nobody is in the team; where it lies in no pool, no pool
            rule holds, nor does its negation.
    """
    match plan:
        case AroundPlan():
            return _bind_around(plan, world, viewer, kind in KINDS_WITH_TEAM)
        case OwnersPlan():
            people = _gathered(plan.terms, world, viewer)
            if plan.is_negated:
                return Negation(OwnerIn(people))
            return OwnerIn(people) if people else NOTHING
        case MembersPlan():
            members = _gathered(plan.terms, world, viewer) if kind in KINDS_WITH_TEAM else None
            if not members:
                return EVERYTHING if plan.is_negated else NOTHING
            found = TeamIn(members, plan.roles, plan.access)
            return Negation(found) if plan.is_negated else found
        case PoolPlan():
            if kind not in KINDS_WITH_POOL:
                return NOTHING
            pools = plan.pools(world.pools, viewer)
            if plan.is_negated:
                return Negation(PoolIn(pools))
            return PoolIn(pools) if pools else NOTHING
        case FixedPlan():
            return plan.filter
        case EveryPlan():
            return all_of([bind(part, world, viewer, kind) for part in plan.parts])
        case _:
            return any_of([bind(part, world, viewer, kind) for part in plan.parts])


def bind_test(plan: Plan, world: World, viewer: str, kind: str) -> Test:
    """Return the test that *plan* is for *viewer* on records that are not voided, without making its filter."""
    if isinstance(plan, AroundPlan) and kind in KINDS_WITH_TEAM:
        owners, members = _gathered_around(plan, world, viewer)
        return owner_or_team(owners, members, hidden=True)
    return all_of((NOT_VOIDED, bind(plan, world, viewer, kind))).matches


def _bind_around(plan: AroundPlan, world: World, viewer: str, has_team: bool) -> Filter:
    owners, members = _gathered_around(plan, world, viewer)
    if not owners:
        return NOTHING
    return AnyOf((OwnerIn(owners), TeamIn(members))) if has_team and members else OwnerIn(owners)


def _gathered_around(plan: AroundPlan, world: World, viewer: str) -> tuple[People, People]:
    """The people of the owner, and those of the members."""
    gathering = Gathering()
    for term in plan.common:
        term.expand(world, viewer, gathering)
    count = gathering.count
    members = gathering.people()
    for term in plan.owner_only:
        term.expand(world, viewer, gathering)
    return members if gathering.count == count else gathering.people(), members


def _gathered(terms: tuple[Term, ...], world: World, viewer: str) -> People:
    gathering = Gathering()
    for term in terms:
        term.expand(world, viewer, gathering)
    return gathering.people()
