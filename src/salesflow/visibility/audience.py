"""
Everybody for whom a rule holds on one record, by the terms' inverses: no list of people is searched.

What is missing is treated as the check treats it: an owner rule on a record without owner holds for nobody,
and so does its negation.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

from attrs import frozen

from salesflow.model.enums import Access
from salesflow.visibility.binding import (
    AroundPlan,
    EveryPlan,
    FixedPlan,
    MembersPlan,
    OwnersPlan,
    Plan,
    PoolPlan,
)
from salesflow.visibility.rules import KINDS_WITH_POOL, KINDS_WITH_TEAM
from salesflow.visibility.terms import Term, World


@frozen
class Crowd:
    """
    A set of people, or everybody but them.

    Args:
        people: Who is named.
        is_rest: Whether it is everybody but those named.
    """

    people: frozenset[str] | set[str]
    is_rest: bool = False

    def __invert__(self) -> Crowd:
        return Crowd(self.people, not self.is_rest)

    def __and__(self, other: Crowd) -> Crowd:
        if self.is_rest:
            return Crowd(self.people | other.people, True) if other.is_rest else Crowd(other.people - self.people)
        return Crowd(self.people - other.people if other.is_rest else self.people & other.people)

    def __or__(self, other: Crowd) -> Crowd:
        return ~(~self & ~other)

    def within(self, known: frozenset[str]) -> frozenset[str]:
        """Return those of *known* who are in it."""
        return known - self.people if self.is_rest else known.intersection(self.people)


NOBODY = Crowd(frozenset())
EVERYBODY = ~NOBODY


def audience(plan: Plan, world: World, record: Any) -> Crowd:
    """Return everybody for whom the rule that *plan* was prepared from holds on *record*."""
    match plan:
        case AroundPlan():
            anchors = {record.owner}
            if record.KIND in KINDS_WITH_TEAM:
                anchors.update([member.person for member in record.team])
            anchors.discard(None)
            found = _inverse(plan.common, world, anchors)
            if record.owner is not None:
                found |= _inverse(plan.owner_only, world, {record.owner})
            return Crowd(found)
        case OwnersPlan():
            if record.owner is None:
                return NOBODY
            return Crowd(_inverse(plan.terms, world, {record.owner}), plan.is_negated)
        case MembersPlan():
            return Crowd(_inverse(plan.terms, world, _members(plan, record)), plan.is_negated)
        case PoolPlan():
            if record.KIND not in KINDS_WITH_POOL or record.owner is not None:
                return NOBODY
            return Crowd(plan.people(world.pools, record.pool), plan.is_negated)
        case FixedPlan():
            return EVERYBODY if plan.filter.matches(record) else NOBODY
        case EveryPlan():
            return reduce(Crowd.__and__, [audience(part, world, record) for part in plan.parts])
        case _:
            return reduce(Crowd.__or__, [audience(part, world, record) for part in plan.parts])


def _members(plan: MembersPlan, record: Any) -> set[str]:
    if record.KIND not in KINDS_WITH_TEAM:
        return set()
    return {
        member.person
        for member in record.team
        if (plan.roles is None or member.role in plan.roles)
        and (plan.access is Access.READ or member.access == Access.READ_WRITE)
    }


def _inverse(terms: tuple[Term, ...], world: World, anchors: set[str]) -> set[str]:
    found: set[str] = set()
    for term in terms:
        term.inverse(world, anchors, found)
    return found
