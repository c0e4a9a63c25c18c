"""Out of a pool by claim, into one by recycling and import; review states and disabling (LEAD-8, LEAD-14, LEAD-17)."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import FormerOwner, ImportedLead, Lead, LeadStatus, Pool, Reason, ReviewState
from salesflow.process import (
    REVIEW_ORDER,
    assign_lead,
    claim_lead,
    disable_lead,
    enable_lead,
    import_lead,
    recycle_lead,
    set_review_state,
)
from tests.process.samples import AT, BY, NAIVE, a_lead, changed, codes, does, kinds

EAST = Pool(id="east", version=1, members=None)


def pooled(**values: object) -> Lead:
    """A lead in the pool east."""
    return a_lead(**{"owner": None, "branch": None, "status": LeadStatus.UNASSIGNED, "pool": "east", **values})


def test_a_claim_makes_it_the_claimers():
    """LEAD-14: owner and status, and the pool is left; nothing else changes."""
    for pool in (EAST, None):
        decision = claim_lead(pooled(), pool, held=99, **BY)
        assert kinds(decision) == ["lead_claimed"]
        claimed = does(pooled(), decision)
        assert (claimed.owner, claimed.status, claimed.pool) == ("li", LeadStatus.ASSIGNED, None)
        assert claimed.assigned_at == BY["at"]
        assert changed(decision) == {"owner", "status", "pool", "assigned_at"}


@pytest.mark.parametrize("status", ["assigned", "converted", "disqualified"])
def test_only_what_is_unassigned_is_claimed(status):
    """LEAD-14: elsewhere the reason names the status."""
    (reason,) = claim_lead(a_lead(status=LeadStatus(status)), EAST, held=0, **BY).reasons
    assert (reason.code, reason.facts) == ("wrong_status", {"status": status, "allowed": ("unassigned",)})


def test_every_reason_against_a_claim_comes_at_once():
    """LEAD-14, RULE-1: standing, ceiling and cool-down together, each with its facts."""
    pool = evolve(EAST, ceiling=1, cool_down=timedelta(days=7))
    lead = pooled(disabled=True, voided=True, former_owners=(FormerOwner(1, "li", AT, "no time"),))
    decision = claim_lead(lead, pool, held=1, **BY)
    assert codes(decision) == ["is_voided", "is_disabled", "pool_ceiling", "pool_cool_down"]
    assert decision.reasons[2:] == (
        Reason("pool_ceiling", person="li", held=1, pool="east", ceiling=1),
        Reason("pool_cool_down", person="li", pool="east", since=(AT + timedelta(days=7)).isoformat()),
    )
    with pytest.raises(InvalidInput, match="timezone-aware"):
        claim_lead(pooled(), pool, held=0, by="li", at=NAIVE)


@given(st.integers(0, 5), st.none() | st.integers(1, 5))
def test_the_ceiling_is_reached_by_as_many_as_it_says(held: int, ceiling: int | None):
    """LEAD-14: whoever has as many open leads claims no more; without a ceiling anybody does."""
    decision = claim_lead(pooled(), evolve(EAST, ceiling=ceiling), held=held, **BY)
    assert decision.is_allowed == (ceiling is None or held < ceiling)


@given(
    st.lists(st.tuples(st.sampled_from(["li", "wang"]), st.integers(-10, 0)), max_size=4),
    st.none() | st.integers(1, 9),
    st.sampled_from([-1, 0, 1]),
)
def test_the_cool_down_runs_from_the_last_time_it_was_lost(lost, days, off):
    """LEAD-8, LEAD-14: it holds a former owner off until its end, to the second, and nobody else."""
    formers = tuple(FormerOwner(n, who, AT + timedelta(days=ago), "r") for n, (who, ago) in enumerate(lost, 1))
    pool = evolve(EAST, cool_down=None if days is None else timedelta(days=days))
    at = AT + timedelta(seconds=off)
    own = [former.until for former in formers if former.person == "li"]
    is_waiting = days is not None and any(at < until + timedelta(days=days) for until in own)
    decision = claim_lead(pooled(former_owners=formers), pool, held=0, by="li", at=at)
    assert decision.is_allowed is not is_waiting


def test_recycling_and_importing_put_it_where_they_are_told():
    """LEAD-2, LEAD-8, LEAD-14: into the pool that is named; with an owner an arrival goes to none."""
    recycled = does(a_lead(), recycle_lead(a_lead(), reason="r", pool="east", **BY))
    assert (recycled.owner, recycled.pool) == (None, "east")
    assert does(a_lead(), recycle_lead(a_lead(), reason="r", **BY)).pool is None
    asked: list[Lead] = []

    def select(lead: Lead) -> str:
        asked.append(lead)
        return "east"

    lead, decision = import_lead(ImportedLead(id="l", title="CRM", phone="1"), pool_of=select, **BY)
    assert (lead.pool, decision.is_allowed) == ("east", True)
    assert asked == [evolve(lead, pool=None)]
    owned, _ = import_lead(ImportedLead(id="l", title="CRM", phone="1", owner="li"), pool_of=select, **BY)
    unreachable, refused = import_lead(ImportedLead(id="l", title="CRM"), pool_of=select, **BY)
    assert (owned.pool, unreachable.pool, refused.is_allowed, len(asked)) == (None, None, False, 1)
    assert import_lead(ImportedLead(id="l", title="CRM", phone="1"), **BY)[0].pool is None


def test_who_is_given_a_lead_takes_it_out_of_its_pool():
    """LEAD-4, LEAD-14: a lead lies in a pool only while it has no owner."""
    assert does(pooled(), assign_lead(pooled(), "wang", branch=None, **BY)).pool is None


@pytest.mark.parametrize(("now", "wanted"), list(product(ReviewState, ReviewState)))
def test_review_states_follow_each_other(now, wanted):
    """LEAD-17: created, submitted, approved, re_review, submitted; the reason names where the wanted one is reached."""
    following = {"created": "submitted", "submitted": "approved", "approved": "re_review", "re_review": "submitted"}
    lead = a_lead(review=now)
    decision = set_review_state(lead, wanted, **BY)
    if following[now] == wanted:
        assert kinds(decision) == ["review_state_set"]
        assert does(lead, decision).review is wanted
        assert changed(decision) == {"review"}
    else:
        (reason,) = decision.reasons
        allowed = tuple(str(before) for before, after in following.items() if after == wanted)
        assert (reason.code, reason.facts) == ("wrong_review_state", {"state": str(now), "allowed": allowed})
    assert {str(before): str(after) for before, after in REVIEW_ORDER.items()} == following


def test_disabled_and_enabled():
    """LEAD-17: each only from the other; neither of what is voided."""
    lead = a_lead()
    decision = disable_lead(lead, **BY)
    disabled = does(lead, decision)
    assert (changed(decision), disabled.disabled) == ({"disabled"}, True)
    assert codes(disable_lead(disabled, **BY)) == ["is_disabled"]
    assert codes(enable_lead(lead, **BY)) == ["is_not_disabled"]
    assert kinds(enable_lead(disabled, **BY)) == ["lead_enabled"]
    assert not does(disabled, enable_lead(disabled, **BY)).disabled
    assert codes(disable_lead(evolve(lead, voided=True), **BY)) == ["is_voided"]
    assert codes(enable_lead(evolve(disabled, voided=True), **BY)) == ["is_voided"]
    assert codes(set_review_state(evolve(disabled, voided=True), ReviewState.CREATED, **BY)) == [
        "is_voided", "is_disabled", "wrong_review_state",
    ]  # fmt: skip
