"""
Who sees it, who may act on it, and why?

A rule and a viewer become a filter over the record's own fields; checks, lists, explanations and audiences
all follow from it. Nothing here reads a clock, a store or an environment.
"""

from salesflow.visibility import scenes
from salesflow.visibility.access import ACCESS, AccessRow
from salesflow.visibility.behind import Behind, BelongsTo, Names
from salesflow.visibility.filters import (
    EVERYTHING,
    NOT_VOIDED,
    NOTHING,
    OPERATORS,
    AllOf,
    AnyOf,
    Everything,
    FieldCompare,
    Filter,
    Negation,
    Nothing,
    OwnerIn,
    PoolIn,
    TeamIn,
    Voided,
    all_of,
    any_of,
    negation,
)
from salesflow.visibility.known_by import KnownBy
from salesflow.visibility.organization import Organization
from salesflow.visibility.organization_index import OrganizationIndex
from salesflow.visibility.people import People
from salesflow.visibility.policy import VisibilityPolicy
from salesflow.visibility.proof import Cause, Proof
from salesflow.visibility.rules import KINDS, Rule, everybody
from salesflow.visibility.sight import Audience, Sight
from salesflow.visibility.terms import Step
from salesflow.visibility.vocabulary import owner, pool, record, team
from salesflow.visibility.what_if import Planned, Removed, SightChange

__all__ = [
    "ACCESS", "EVERYTHING", "KINDS", "NOTHING", "NOT_VOIDED", "OPERATORS", "AccessRow", "AllOf", "AnyOf", "Audience",
    "Behind", "BelongsTo", "Cause", "Everything", "FieldCompare", "Filter", "KnownBy", "Names", "Negation", "Nothing",
    "Organization", "OrganizationIndex", "OwnerIn", "People", "Planned", "PoolIn", "Proof", "Removed", "Rule", "Sight",
    "SightChange", "Step", "TeamIn", "VisibilityPolicy", "Voided", "all_of", "any_of", "everybody", "negation", "owner",
    "pool", "record", "scenes", "team",
]  # fmt: skip
