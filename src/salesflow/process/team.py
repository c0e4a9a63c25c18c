"""The team: one owner always, who changes by a stated transfer; members come, change and go (OPP-11, TEAM-2)."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from salesflow.model import (
    Access,
    Decision,
    EventBuilder,
    EventKind,
    Opportunity,
    Reason,
    Task,
    TaskStatus,
    TeamMember,
    TeamRole,
)
from salesflow.process.standing import SERVED, opportunity_stands, refused


def change_owner(
    opportunity: Opportunity,
    to: str,
    *,
    old_owner_role: str | None,
    hand_over_tasks: bool,
    by: str,
    at: datetime,
) -> Decision:
    """
    Decide to transfer the opportunity.

    Args:
        to: The new owner's id.
        old_owner_role: The role in which the old owner stays, with `READ_WRITE`, beside what other roles they
            have; None means they leave the team, whatever their roles.
        hand_over_tasks: Whether tasks assigned to the old owner that are open or may open again go to the new
            one, those of after-sales too; else they stay assigned.

    Stage, progress, shares and history are untouched.

    Source: OPP-11.
    """
    reasons = list(opportunity_stands(opportunity, None))
    if to == opportunity.owner:
        reasons.append(Reason("already_owner", person=to))
    if old_owner_role == TeamRole.OWNER:
        reasons.append(Reason("owner_role"))
    if reasons:
        return refused(*reasons)
    old = opportunity.owner
    team = [m for m in opportunity.team if m.role != TeamRole.OWNER]
    if old_owner_role is None:
        team = [m for m in team if m.person != old]
    else:
        stays = TeamMember(old, old_owner_role, Access.READ_WRITE)
        team = [*(m for m in team if m.key != stays.key), stays]
    tasks, after_sales = opportunity.tasks, opportunity.after_sales
    if hand_over_tasks:
        tasks = _handed_over(tasks, old, to)
        after_sales = tuple(evolve(p, tasks=_handed_over(p.tasks, old, to)) for p in after_sales)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.change_owner")
    builder.add(
        EventKind.OWNER_CHANGED,
        owner=to,
        team=(TeamMember(to, TeamRole.OWNER, Access.READ_WRITE), *team),
        tasks=tasks,
        after_sales=after_sales,
    )
    return builder.decision()


def _handed_over(tasks: tuple[Task, ...], old: str, to: str) -> tuple[Task, ...]:
    return tuple(evolve(t, assignee=to) if t.assignee == old and t.status is not TaskStatus.DONE else t for t in tasks)


def add_member(opportunity: Opportunity, member: TeamMember, *, by: str, at: datetime) -> Decision:
    """
    Decide to add somebody in a role they do not have yet.

    Source: OPP-11, TEAM-2.
    """
    reasons = _member_reasons(opportunity, member.role)
    if any(m.key == member.key for m in opportunity.team):
        reasons.append(Reason("member_exists", person=member.person, role=str(member.role)))
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.add_member")
    builder.add(EventKind.MEMBER_ADDED, team=(*opportunity.team, member))
    return builder.decision()


def change_member(opportunity: Opportunity, member: TeamMember, *, by: str, at: datetime) -> Decision:
    """
    Decide to give a member another access level.

    Source: OPP-11.
    """
    reasons = _member_reasons(opportunity, member.role, member)
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.change_member")
    team = tuple(member if m.key == member.key else m for m in opportunity.team)
    builder.add(EventKind.MEMBER_CHANGED, team=team)
    return builder.decision()


def remove_member(opportunity: Opportunity, member: TeamMember, *, by: str, at: datetime) -> Decision:
    """
    Decide to take a member out of a role.

    Source: OPP-11.
    """
    reasons = _member_reasons(opportunity, member.role, member)
    if reasons:
        return refused(*reasons)
    builder = EventBuilder(opportunity, at=at, by=by, operation="opportunities.remove_member")
    builder.add(EventKind.MEMBER_REMOVED, team=tuple(m for m in opportunity.team if m.key != member.key))
    return builder.decision()


def _member_reasons(opportunity: Opportunity, role: str, present: TeamMember | None = None) -> list[Reason]:
    reasons = list(opportunity_stands(opportunity, SERVED))
    if role == TeamRole.OWNER:
        reasons.append(Reason("owner_role"))
    elif present is not None and not any(m.key == present.key for m in opportunity.team):
        reasons.append(Reason("member_unknown", person=present.person, role=str(role)))
    return reasons
