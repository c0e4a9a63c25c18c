"""
The proof of a rule for one person: every way in, tried by the terms' `trace`.

What is missing is treated as the check treats it: an owner rule on a record without owner fails, and so does
its negation.
"""

from __future__ import annotations

from typing import Any

from salesflow.model.enums import Access, TeamRole
from salesflow.model.opportunity import TeamMember
from salesflow.visibility.filters import FieldCompare
from salesflow.visibility.proof import Cause, Proof
from salesflow.visibility.rules import (
    KINDS_WITH_TEAM,
    Both,
    Either,
    Everybody,
    FieldRule,
    OwnerRule,
    Rule,
    TeamRule,
    spread,
)
from salesflow.visibility.terms import Step, World


def prove(rule: Rule, world: World, viewer: str, record: Any) -> Proof:
    """Return the proof of *rule* for *viewer* on *record*, with every part tried."""
    match rule:
        case OwnerRule():
            return _prove_owner(rule, world, viewer, record)
        case TeamRule():
            return _prove_team(rule, world, viewer, record)
        case FieldRule():
            holds = rule.compare.matches(record)
            return Proof(rule, holds, lacks="" if holds else _found(rule.compare, record))
        case Everybody():
            return Proof(rule, True)
        case Both():
            parts = tuple([prove(part, world, viewer, record) for part in rule.parts])
            return Proof(rule, all(part.is_visible for part in parts), parts=parts)
        case Either():
            parts = tuple([prove(part, world, viewer, record) for part in rule.parts])
            return Proof(rule, any(part.is_visible for part in parts), parts=parts)
        case _:
            if not isinstance(rule.part, OwnerRule | TeamRule | Everybody):
                return prove(spread(rule.part), world, viewer, record)
            inner = prove(rule.part, world, viewer, record)
            if inner.is_visible:
                return Proof(rule, False, lacks="; ".join(map(str, inner.causes)) or "holds for everybody")
            holds = isinstance(rule.part, TeamRule) or record.owner is not None
            return Proof(rule, holds, lacks="" if holds else inner.lacks)


def _prove_owner(rule: OwnerRule, world: World, viewer: str, record: Any) -> Proof:
    owner = record.owner
    if owner is None:
        return Proof(rule, False, lacks="the record has no owner")
    ways = rule.term.trace(world, viewer, (owner,))
    if not ways:
        return Proof(rule, False, lacks=f"owner {owner} is not {rule.term.told(world, viewer)}")
    here = Step("owner", owner)
    return Proof(rule, True, tuple([Cause((here, *way)) for _, way in ways]))


def _prove_team(rule: TeamRule, world: World, viewer: str, record: Any) -> Proof:
    team = _team(record)
    if not team:
        return Proof(rule, False, lacks="there is no team")
    found = rule.term.trace(world, viewer, dict.fromkeys([member.person for member in team]))
    if not found:
        return Proof(rule, False, lacks=f"no team member is {rule.term.told(world, viewer)}")
    standing = [(member, way) for member in team for person, way in found if member.person == person]
    causes = tuple([Cause((_standing(member, record), *way)) for member, way in standing if _counts(rule, member)])
    if causes:
        return Proof(rule, True, causes)
    near = dict.fromkeys([f"{member.person} is {member.role} with {member.access} only" for member, _ in standing])
    return Proof(rule, False, lacks="; ".join(near))


def _standing(member: TeamMember, record: Any) -> Step:
    # The owner stands in the team too (TEAM-2): that is one way in, not two.
    if member.role == TeamRole.OWNER and member.person == record.owner:
        return Step("owner", member.person)
    return Step("team member", member.person, f"{member.role}, {member.access}")


def _team(record: Any) -> tuple[TeamMember, ...]:
    return record.team if record.KIND in KINDS_WITH_TEAM else ()


def _counts(rule: TeamRule, member: TeamMember) -> bool:
    return (rule.roles is None or member.role in rule.roles) and (
        rule.access is Access.READ or member.access == Access.READ_WRITE
    )


def _found(compare: FieldCompare, record: Any) -> str:
    value = compare.value_in(record)
    return "the record has none" if value is None else f"it is {value}"
