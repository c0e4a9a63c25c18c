"""Pushing a lead down: what goes with the new lead, and what stays with the upstream one (LEAD-3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, fields

from salesflow.model import (
    Activity,
    Conversion,
    CustomField,
    Duplicate,
    FormerOwner,
    Lead,
    LeadStatus,
    Merge,
    OverdueReminder,
    Reason,
    ReviewState,
    check,
    replay,
)
from salesflow.process import push_down
from tests.process.samples import AT, BY, a_lead, codes, kinds

UPSTREAM = a_lead(
    id="up", version=7, contact="Ms Qian", company="Acme", channel="qq", source="fair", description="a big one",
    custom=(CustomField("budget", 5),), review=ReviewState.APPROVED, owner="chen", assigned_at=AT,
    last_follower="chen", last_follow_up_at=AT, conversion=Conversion("acme", None, None), status=LeadStatus.CONVERTED,
    quote_number="Q", contract_number="C", upstream_lead="upmost", match_keys=("phone:1",),
    duplicate_of=Duplicate("customer", "acme"), merges=(Merge("m", 3),), former_owners=(FormerOwner(1, "wu", AT, "x"),),
    reminders=(OverdueReminder("remind_owner", "chen", AT),), activities=(Activity("1", "call", "x", AT, "chen"),),
    created_at=AT - timedelta(days=9), created_by="wu",
)  # fmt: skip
CARRIED = {"title", "contact", "company", "phone", "email", "channel", "source", "description", "custom"}


def pushed(upstream: Lead = UPSTREAM, **values: Any) -> tuple[Lead, Any]:
    settled: dict[str, Any] = {
        "id": "new", "title": None, "owner": "li", "pool_of": lambda lead: "east", "keyed": lambda lead: lead,
    }  # fmt: skip
    return push_down(upstream, **{**settled, **values}, **BY)


def test_what_describes_the_deal_goes_along_and_nothing_else():
    """LEAD-3: title, reach, source and own fields; no owner, history, numbers, conversion of the upstream lead."""
    lead, decision = pushed()
    assert kinds(decision) == ["created"]
    assert replay(decision.events) == lead
    assert check(lead) == []
    assert {name: getattr(lead, name) for name in CARRIED} == {name: getattr(UPSTREAM, name) for name in CARRIED}
    assert (lead.upstream_lead, lead.owner, lead.status, lead.assigned_at) == ("up", "li", LeadStatus.ASSIGNED, AT)
    assert (lead.id, lead.version, lead.created_at, lead.created_by) == ("new", 1, AT, "li")
    own = {"id", "version", "owner", "status", "upstream_lead", "assigned_at", "created_at", "created_by", "updated_at"}
    for field in fields(Lead):
        if field.name not in CARRIED | own:
            assert getattr(lead, field.name) == field.default, field.name
            assert getattr(UPSTREAM, field.name) != field.default or field.name in {
                "voided", "disabled", "branch", "pool", "merged_into", "disqualified_reason",
            }  # fmt: skip


def test_a_lead_without_owner_goes_into_a_pool_and_is_keyed_like_any_other():
    """LEAD-3, LEAD-12, LEAD-14: the selector and the look for duplicates see the new lead as it will be."""
    seen = []

    def keyed(lead: Lead) -> Lead:
        seen.append(lead)
        return evolve(lead, match_keys=("phone:1",), duplicate_of=Duplicate("customer", "acme"))

    lead, decision = pushed(owner=None, title="Another", keyed=keyed)
    assert (lead.owner, lead.status, lead.pool, lead.assigned_at) == (None, LeadStatus.UNASSIGNED, "east", None)
    assert (lead.title, seen[0].pool, lead.match_keys) == ("Another", "east", ("phone:1",))
    assert kinds(decision) == ["created", "lead_linked"]
    assert replay(decision.events) == lead


@pytest.mark.parametrize("status", list(LeadStatus))
def test_the_upstream_lead_is_live(status: LeadStatus):
    """LEAD-3, LEAD-9: in any status but after its disqualification, from which nothing follows; all reasons at once."""
    upstream = evolve(UPSTREAM, status=status)
    if status is LeadStatus.DISQUALIFIED:
        assert codes(pushed(upstream)[1]) == ["wrong_status"]
    else:
        assert kinds(pushed(upstream)[1]) == ["created"]
    assert codes(pushed(evolve(upstream, voided=True, disabled=True))[1])[:2] == ["is_voided", "is_disabled"]
    merged = evolve(upstream, voided=True, merged_into="other")
    assert pushed(merged)[1].reasons == (Reason("is_merged", into="other"),)
