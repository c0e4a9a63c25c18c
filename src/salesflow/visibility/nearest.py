"""The nearest grants that would show somebody a record that they do not see; each of them alone does (VIS-15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from salesflow.model.enums import TeamRole
from salesflow.model.opportunity import TeamMember
from salesflow.model.sharing import SharingRule
from salesflow.visibility.rules import KINDS_WITH_TEAM, Either, OwnerRule, Rule, TeamRule
from salesflow.visibility.terms import ME, Shared

Grant: TypeAlias = TeamMember | SharingRule
"""A place in the team or a sharing rule, as it would be; an id of the rule's own stands in it nowhere yet."""


def nearest_grants(rule: Rule, viewer: str, record: Any) -> tuple[Grant, ...]:
    """
    Return what would open *record*, in the order of the rule's parts: what takes no change of the organisation.

    Args:
        rule: What decides who sees it.
        viewer: Somebody the organisation knows, and who does not see it.
        record: One that is not voided.
    """
    return tuple(dict.fromkeys(_grants(rule, viewer, record)))


def _grants(rule: Rule, viewer: str, record: Any) -> Iterator[Grant]:
    for part in rule.parts if isinstance(rule, Either) else (rule,):
        match part:
            case TeamRule() if part.term == ME and record.KIND in KINDS_WITH_TEAM:
                roles = (TeamRole.JOINT,) if part.roles is None else sorted(part.roles)
                yield from (TeamMember(viewer, role, part.access) for role in roles)
            case OwnerRule(term=Shared() as term) if record.owner is not None:
                yield SharingRule(id="", version=0, from_person=record.owner, to_person=viewer, access=term.access)
            case _:
                pass


def grant_text(grant: Grant) -> str:
    """Return in words what to do."""
    if isinstance(grant, TeamMember):
        return f"add {grant.person} to the team as {grant.role} ({grant.access})"
    return f"share the records of {grant.from_person} with {grant.to_person} ({grant.access})"
