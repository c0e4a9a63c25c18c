"""The nearest grants that would show somebody a record that they do not see; each of them alone does (VIS-15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from salesflow.model.construction import quick
from salesflow.model.enums import Access, TeamRole
from salesflow.model.opportunity import TeamMember
from salesflow.model.sharing import SharingRule
from salesflow.visibility.rules import KINDS_WITH_TEAM, Either, OwnerRule, Rule, TeamRule
from salesflow.visibility.terms import ME, Shared

Grant: TypeAlias = TeamMember | SharingRule
"""A place in the team or a sharing rule, as it would be; an id of the rule's own stands in it nowhere yet."""

_new_rule = quick(SharingRule)


def granting(rule: Rule, viewer: str) -> Callable[[Any], tuple[Grant, ...]]:
    """
    Return what gives the grants that would open a record, in the order of the rule's parts: what takes no change
    of the organisation. The record is one that *viewer* does not see and that is not voided.

    Args:
        rule: What decides who sees it.
        viewer: Somebody the organisation knows.
    """
    found: dict[TeamMember | Access, None] = {}
    for part in rule.parts if isinstance(rule, Either) else (rule,):
        match part:
            case TeamRule() if part.term == ME:
                roles = (TeamRole.JOINT,) if part.roles is None else sorted(part.roles)
                found |= dict.fromkeys([TeamMember(viewer, role, part.access) for role in roles])
            case OwnerRule(term=Shared() as term):
                found[term.access] = None
            case _:
                pass

    def grants(record: Any) -> tuple[Grant, ...]:
        owner, has_team = record.owner, record.KIND in KINDS_WITH_TEAM
        opening: list[Grant] = []
        for grant in found:
            if isinstance(grant, TeamMember):
                if has_team:
                    opening.append(grant)
            elif owner is not None:
                opening.append(_new_rule(id="", version=0, from_person=owner, to_person=viewer, access=grant))
        return tuple(opening)

    return grants


def grant_text(grant: Grant) -> str:
    """Return in words what to do."""
    if isinstance(grant, TeamMember):
        return f"add {grant.person} to the team as {grant.role} ({grant.access})"
    return f"share the records of {grant.from_person} with {grant.to_person} ({grant.access})"
