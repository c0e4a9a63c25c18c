"""
The scenes of the domain by name: what each person's lists can be (VIS-1 … VIS-12, and `voided`).

A scene narrows `all` and never widens it: `salesflow.visibility.Sight` evaluates each as
``all & scene & not voided``. To widen sight, replace `all`.
"""

from __future__ import annotations

from salesflow.model.enums import OpportunityStatus, TeamRole
from salesflow.visibility.rules import Rule, either
from salesflow.visibility.vocabulary import owner, pool, record, team

ALL = "all"
"""The scene that decides what is visible (VIS-1)."""

VOIDED = "voided"
"""The scene of voided records: administrators only, everybody else's is empty (VIS-13, ACC-15)."""


def default() -> dict[str, Rule]:
    """
    Return the scenes by name, in the order of VIS-1 … VIS-12, and `voided` last.

    Add an application's own with ``default() | {"my_big_deals": rule}``.

    Source: VIS-1 … VIS-12, VIS-18.
    """
    own = owner.is_viewer | owner.is_below_viewer
    departments = owner.is_in_viewers_department | team.includes_viewers_department()
    shared = owner.shares_with_viewer()
    pools = pool.admits_viewer | pool.is_dispatched_by_viewer
    return {
        ALL: either((own, team.includes_viewer(), team.includes_below_viewer(), shared, departments, pools)),
        "mine": owner.is_viewer,
        "joint": team.includes_viewer(role=TeamRole.JOINT),
        "serviced": team.includes_viewer(role=TeamRole.AFTER_SALES),
        "participating": team.includes_viewer(),
        "won": own & (record.status == OpportunityStatus.WON),
        "lost": own & (record.status == OpportunityStatus.LOST),
        "subordinates": owner.is_below_viewer,
        "subordinates_joint": team.includes_below_viewer(role=TeamRole.JOINT),
        "subordinates_serviced": team.includes_below_viewer(role=TeamRole.AFTER_SALES),
        "shared": shared,
        "departments": departments,
        VOIDED: record.voided == True,  # noqa: E712 - a rule is built here, nothing is compared
    }
