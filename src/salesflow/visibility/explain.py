"""
The proof of a rule for one person: every way in, found by the terms' `expand` and told by their `trace`.

What is missing is treated as the check treats it: an owner rule on a record without owner fails, and so does
its negation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from typing import Any

from attrs import evolve

from salesflow.model.enums import Access, TeamRole
from salesflow.model.opportunity import TeamMember
from salesflow.visibility.filters import FieldCompare
from salesflow.visibility.people import Gathering
from salesflow.visibility.proof import Proof, new_cause, new_proof
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
from salesflow.visibility.terms import Step, Term, World, new_step

_WRITTEN_OUT = 512
"""So many people are written out: a set of them is asked faster than a stretch of the line."""

Proving = Callable[[Any], Proof]
"""Proves one rule for one viewer on the record that it is given."""


def proving(rule: Rule, world: World, viewer: str) -> Proving:
    """
    Return what proves *rule* for *viewer* on any record, every part tried.

    What does not depend on the record is worked out now: whom the viewer's people are, and the words for a record
    that is none of theirs.
    """
    match rule:
        case OwnerRule():
            return _proving_owner(rule, world, viewer)
        case TeamRule():
            return _proving_team(rule, world, viewer)
        case PoolRule():
            return _proving_pool(rule, world, viewer)
        case FieldRule():
            return lambda record: _prove_field(rule, record)
        case Everybody():
            return lambda record: new_proof(rule, True)
        case Both():
            parts = proving_each(rule.parts, world, viewer)
            return lambda record: _joined(rule, all, [prove(record) for prove in parts])
        case Either():
            parts = proving_each(rule.parts, world, viewer)
            return lambda record: _joined(rule, any, [prove(record) for prove in parts])
        case _:
            if not isinstance(rule.part, OwnerRule | TeamRule | PoolRule | Everybody):
                return proving(spread(rule.part), world, viewer)
            prove_inner = proving(rule.part, world, viewer)
            return lambda record: _prove_not(rule, prove_inner(record), record)


def proving_each(rules: Iterable[Rule], world: World, viewer: str) -> tuple[Proving, ...]:
    """Return what proves each of *rules* for *viewer*."""
    return tuple([proving(rule, world, viewer) for rule in rules])


def _proving_owner(rule: OwnerRule, world: World, viewer: str) -> Proving:
    term, people = rule.term, _people(rule.term, world, viewer)
    wanted = term.told(world, viewer)
    nobodys = new_proof(rule, False, (), "the record has no owner")

    def prove(record: Any) -> Proof:
        owner = record.owner
        if owner is None:
            return nobodys
        if owner not in people:
            return new_proof(rule, False, (), f"owner {owner} is not {wanted}")
        here = new_step("owner", owner)
        ways = [new_cause((here, *way)) for _, way in term.trace(world, viewer, (owner,))]
        return new_proof(rule, True, tuple(ways))

    return prove


def _proving_team(rule: TeamRule, world: World, viewer: str) -> Proving:
    term, people = rule.term, _people(rule.term, world, viewer)
    nobody = new_proof(rule, False, (), f"no team member is {term.told(world, viewer)}")
    no_team = new_proof(rule, False, (), "there is no team")

    def prove(record: Any) -> Proof:
        team = record.team if record.KIND in KINDS_WITH_TEAM else ()
        if not team:
            return no_team
        found = []
        for member in team:
            if member.person in people:
                found.append(member)
        if not found:
            return nobody
        counted = [member for member in found if _counts(rule, member)]
        if counted:
            traced = term.trace(world, viewer, dict.fromkeys([member.person for member in counted]))
            ways = []
            for member in counted:
                here = _standing(member, record)
                ways += [new_cause((here, *way)) for person, way in traced if person == member.person]
            return new_proof(rule, True, tuple(ways))
        near = dict.fromkeys([f"{member.person} is {member.role} with {member.access} only" for member in found])
        return new_proof(rule, False, (), "; ".join(near))

    return prove


def _proving_pool(rule: PoolRule, world: World, viewer: str) -> Proving:
    admits = rule.relation is PoolRelation.ADMITS
    mine = world.pools.claimable_by(viewer) if admits else world.pools.dispatched_by(viewer)
    last = new_step("member" if admits else "dispatcher", viewer)

    def prove(record: Any) -> Proof:
        lacks = _outside_pools(record)
        if lacks:
            return new_proof(rule, False, (), lacks)
        pool = "of all employees" if record.pool is None else record.pool
        if record.pool in mine:
            return new_proof(rule, True, (new_cause((new_step("pool", pool), last)),))
        return new_proof(rule, False, (), f"{viewer} is no {last.relation} of the pool {pool}")

    return prove


def _outside_pools(record: Any) -> str:
    """Say why *record* lies in no pool; nothing where it lies in one."""
    if record.KIND not in KINDS_WITH_POOL:
        return "only a lead lies in a pool"
    return "" if record.owner is None else "the record has an owner"


def _people(term: Term, world: World, viewer: str) -> Set[str]:
    gathering = Gathering()
    term.expand(world, viewer, gathering)
    people = gathering.people()
    people.write_out(_WRITTEN_OUT)
    return people.ids if people.is_written_out else people


def _prove_field(rule: FieldRule, record: Any) -> Proof:
    holds = rule.compare.matches(record)
    return new_proof(rule, holds, (), "" if holds else _found(rule.compare, record))


def _joined(rule: Both | Either, holds: Callable[[list[bool]], bool], parts: list[Proof]) -> Proof:
    return new_proof(rule, holds([part.is_visible for part in parts]), (), "", tuple(parts))


def _prove_not(rule: Not, inner: Proof, record: Any) -> Proof:
    if inner.is_visible:
        return new_proof(rule, False, (), "; ".join(map(str, inner.causes)) or "holds for everybody")
    if isinstance(rule.part, PoolRule):
        holds = not _outside_pools(record)
    else:
        holds = isinstance(rule.part, TeamRule) or record.owner is not None
    return new_proof(rule, holds, (), "" if holds else inner.lacks)


def _standing(member: TeamMember, record: Any) -> Step:
    # The owner stands in the team too (TEAM-2): that is one way in, not two.
    if member.role == TeamRole.OWNER and member.person == record.owner:
        return new_step("owner", member.person)
    return new_step("team member", member.person, ", ".join((member.role, member.access)))


def _counts(rule: TeamRule, member: TeamMember) -> bool:
    return (rule.roles is None or member.role in rule.roles) and (
        rule.access is Access.READ or member.access == Access.READ_WRITE
    )


def without_values(proof: Proof) -> Proof:
    """Return *proof* for somebody who may not read the record's fields: what they hold is left out (VIS-18)."""
    if isinstance(proof.rule, FieldRule) and proof.lacks:
        return evolve(proof, lacks="the record's own is not that")
    return evolve(proof, parts=tuple(map(without_values, proof.parts)))


def _found(compare: FieldCompare, record: Any) -> str:
    value = compare.value_in(record)
    return "the record has none" if value is None else f"it is {value}"
