"""Approvals: asked for, granted, refused, withdrawn; and the registration of a partner's deal."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import (
    Approval,
    ApprovalStatus,
    EventBuilder,
    LedBy,
    Opportunity,
    OpportunityStatus,
    Reason,
    Registration,
    Route,
)
from salesflow.process import (
    APPROVABLE,
    REGISTRATION,
    compile,
    find_waiting,
    grant,
    kept_arguments,
    opportunity_stands,
    read_arguments,
    refuse,
    register_with_partner,
    request_approval,
    void,
    withdraw,
)
from salesflow.testing import strategies as some
from tests.process.samples import (
    APPROVED,
    ASKED,
    AT,
    BY,
    FAST,
    NAIVE,
    TODAY,
    changed,
    closed,
    codes,
    does,
    kinds,
    later,
    opened,
    ready,
)

ENGINE = compile(APPROVED)
NEEDED = Reason("approval_needed", approver="owner_superior")


def asked(opportunity: Opportunity, waiting: str = "advance", **given: Any) -> Any:
    blockers = given.pop("blockers", (NEEDED,))
    return request_approval(opportunity, waiting, (), blockers, **{"asked": ASKED, "has_approver": True, **BY, **given})


def waiting() -> Opportunity:
    """With an approval that waits."""
    opportunity = ready(APPROVED)
    return does(opportunity, asked(opportunity))


def partners(registration: Registration = Registration.UNREGISTERED) -> Opportunity:
    return evolve(opened(FAST, Route.PARTNER, led_by=LedBy.PARTNER), registration=registration)


def registering() -> Opportunity:
    """With a registration that waits."""
    opportunity = partners()
    return does(opportunity, register_with_partner(opportunity, has_approver=True, **BY))


def the_waiting(opportunity: Opportunity) -> Approval:
    found = find_waiting(opportunity, None, AT)
    assert isinstance(found, Approval)
    return found


DECIDING: tuple[Any, ...] = (
    lambda opp, **when: grant(opp, the_waiting(opp), "fine", by="zhang", **when),
    lambda opp, **when: refuse(opp, the_waiting(opp), "too risky", by="zhang", **when),
    lambda opp, **when: withdraw(opp, the_waiting(opp), by="zhang", **when),
)


def reasons_of(answer: Any) -> tuple[Reason, ...]:
    return answer if isinstance(answer, tuple) else answer.reasons


@pytest.mark.parametrize("operation", APPROVABLE)
def test_asking_keeps_what_waits(operation):
    """RULE-2: with its arguments, for the stage that would be left, as whoever asks."""
    opportunity = ready(APPROVED)
    arguments = (("reason", "r"), ("stage", "sign"))
    decision = request_approval(
        opportunity, operation, arguments, (NEEDED,), asked=ASKED, has_approver=True, by="li", at=later()
    )
    after = does(opportunity, decision)
    assert kinds(decision) == ["approval_requested"]
    assert decision.events[0].operation == "opportunities.request_approval"
    assert changed(decision) == {"approvals"}
    (approval,) = after.approvals
    assert (approval.id, approval.operation, approval.stage) == (
        str(after.version),
        f"opportunities.{operation}",
        "talk",
    )
    assert (approval.arguments, approval.requested_by, approval.requested_at) == (arguments, "li", later())
    assert approval.status is ApprovalStatus.REQUESTED
    assert (approval.approver, approval.expires_at) == ("owner_superior", None)
    assert find_waiting(after, None, AT) == approval


def test_all_else_must_be_out_of_the_way():
    """RULE-2: what else blocks it is a reason; so is that nothing needs approving; so is that nobody could."""
    opportunity = ready(APPROVED)
    open_task = Reason("task_open", task="call", stage="talk")
    nobody = Reason("no_approver", owner="li", approver="owner_superior")
    unneeded = Reason("approval_not_needed", operation="advance")
    assert asked(opportunity, blockers=(open_task, NEEDED)).reasons == (open_task,)
    assert asked(opportunity, blockers=(open_task,)).reasons == (open_task,)
    assert asked(opportunity, blockers=()).reasons == (unneeded,)
    for blockers, reasons in (((NEEDED,), (nobody,)), ((), (unneeded, nobody)), ((open_task,), (open_task, nobody))):
        decision = asked(opportunity, blockers=blockers, has_approver=False)
        assert decision.reasons == reasons


def test_a_second_request_finds_the_first_waiting():
    """RULE-2: what the engine says of a pending one is what stands in the way of asking again."""
    opportunity = waiting()
    blockers = ENGINE.advance(opportunity, **BY).reasons
    assert codes(asked(opportunity, blockers=blockers)) == ["approval_pending"]


def test_what_waited_happens_when_granted():
    """RULE-2: the approval by the approver, then the move as the requester, in one decision."""
    opportunity = waiting()
    builder = grant(opportunity, the_waiting(opportunity), "fine", by="zhang", at=later())
    assert isinstance(builder, EventBuilder)
    decision = ENGINE.advance(opportunity, by="li", at=later(), approved=builder)
    after = does(opportunity, decision)

    assert kinds(decision) == ["approval_granted", "stage_left", "stage_entered"]
    assert [event.by for event in decision.events] == ["zhang", "li", "li"]
    assert decision.events[0].reason == "fine"
    assert {event.operation for event in decision.events} == {"opportunities.approve"}
    assert after.stage == "demo"
    (approval,) = after.approvals
    assert (approval.status, approval.decided_by, approval.decided_at, approval.comment) == (
        ApprovalStatus.APPROVED, "zhang", later(), "fine",
    )  # fmt: skip


def test_a_granted_jump_and_win_happen_too():
    """RULE-2: each of the operations that can wait takes what was granted."""
    for operation in ("change_stage", "win"):
        process = evolve(APPROVED, win_from="any")
        engine, opportunity = compile(process), ready(process)
        opportunity = does(opportunity, asked(opportunity, operation))
        builder = grant(opportunity, the_waiting(opportunity), None, by="zhang", at=AT)
        assert isinstance(builder, EventBuilder)
        if operation == "win":
            decision = engine.win(opportunity, today=TODAY, approved=builder, **BY)
        else:
            decision = engine.change_stage(opportunity, "sign", reason="r", approved=builder, **BY)
        after = does(opportunity, decision)
        assert kinds(decision)[0] == "approval_granted"
        assert after.approvals[0].status is ApprovalStatus.APPROVED


@given(st.none() | some.money(), st.none() | some.days(), st.none() | st.text(max_size=5), st.none() | st.just("sign"))
def test_what_a_waiting_operation_was_called_with_comes_back(amount: Any, day: Any, words: Any, stage: Any):
    """RULE-2: amount, day and words are kept as text, which any store holds, and are read back equal."""
    given_ = {"amount": amount, "close_date": day, "comment": words, "stage": stage}
    kept = kept_arguments(given_)
    assert all(isinstance(text, str) for _, text in kept)
    assert list(kept) == sorted(kept)
    assert read_arguments(kept) == {name: value for name, value in given_.items() if value is not None}


def test_what_waited_is_checked_again():
    """RULE-2: what came in the way meanwhile refuses the approval too: nothing happens at all."""
    opportunity = evolve(waiting(), amount=None)
    builder = grant(opportunity, the_waiting(opportunity), None, by="zhang", at=AT)
    assert isinstance(builder, EventBuilder)
    decision = ENGINE.advance(opportunity, **BY, approved=builder)
    assert codes(decision) == ["field_empty"]


def test_refusing_needs_words_and_moves_nothing():
    """RULE-2: the approval is refused, and the stage stays."""
    opportunity = waiting()
    decision = refuse(opportunity, the_waiting(opportunity), "too risky", by="zhang", at=later())
    after = does(opportunity, decision)
    assert kinds(decision) == ["approval_refused"]
    assert decision.events[0].operation == "opportunities.refuse"
    assert decision.events[0].reason == "too risky"
    assert changed(decision) == {"approvals"}
    (approval,) = after.approvals
    assert (approval.status, approval.decided_by, approval.decided_at, approval.comment) == (
        ApprovalStatus.REFUSED, "zhang", later(), "too risky",
    )  # fmt: skip
    for missing in (None, ""):
        assert codes(refuse(opportunity, the_waiting(opportunity), missing, **BY)) == ["reason_missing"]
    voided = does(opportunity, void(opportunity, reason=None, **BY))
    assert codes(refuse(voided, the_waiting(voided), None, **BY)) == ["is_voided", "reason_missing"]


def test_withdrawing():
    """RULE-2: the request is taken back; another may follow."""
    opportunity = waiting()
    decision = withdraw(opportunity, the_waiting(opportunity), by="li", at=later())
    after = does(opportunity, decision)
    assert kinds(decision) == ["approval_withdrawn"]
    assert decision.events[0].operation == "opportunities.withdraw_approval"
    assert changed(decision) == {"approvals"}
    (approval,) = after.approvals
    assert (approval.status, approval.decided_by, approval.decided_at, approval.comment) == (
        ApprovalStatus.WITHDRAWN, "li", later(), None,
    )  # fmt: skip
    again = does(after, asked(after, blockers=ENGINE.advance(after, **BY).reasons))
    assert [str(a.status) for a in again.approvals] == ["withdrawn", "requested"]


def test_finding_what_waits():
    """RULE-2: by id, or the one that waits; unknown and decided ones say so."""
    opportunity = waiting()
    approval = the_waiting(opportunity)
    assert find_waiting(opportunity, approval.id, AT) is approval
    assert find_waiting(opportunity, "99", AT) == Reason("approval_unknown", approval="99")
    assert find_waiting(opened(), None, AT) == Reason("approval_unknown", approval="")
    decided = does(opportunity, withdraw(opportunity, approval, **BY))
    assert find_waiting(decided, approval.id, AT) == Reason(
        "approval_decided", approval=approval.id, status=str(ApprovalStatus.WITHDRAWN)
    )
    assert find_waiting(decided, None, AT) == Reason("approval_unknown", approval="")


@pytest.mark.parametrize("decide", DECIDING)
@pytest.mark.parametrize("made", [waiting, registering])
def test_decisions_need_a_record_in_progress(decide, made):
    """RULE-2, OPP-20: not voided, and not completed meanwhile."""
    opportunity = made()
    voided = does(opportunity, void(opportunity, reason=None, **BY))
    assert [r.code for r in reasons_of(decide(voided, at=AT))] == ["is_voided"]
    lost = evolve(closed(OpportunityStatus.LOST), approvals=opportunity.approvals, led_by=opportunity.led_by)
    assert reasons_of(decide(lost, at=AT)) == opportunity_stands(lost, (OpportunityStatus.IN_PROGRESS,))


@pytest.mark.parametrize("decide", DECIDING)
def test_only_the_one_approval_is_decided(decide):
    """RULE-2: others in the record stay as they are."""
    opportunity = waiting()
    other = evolve(the_waiting(opportunity), id="0", status=ApprovalStatus.EXPIRED)
    opportunity = evolve(opportunity, approvals=(other, *opportunity.approvals))
    answer = decide(opportunity, at=AT)
    after = does(opportunity, answer.decision() if isinstance(answer, EventBuilder) else answer)
    assert after.approvals[0] == other
    assert after.approvals[1].status is not ApprovalStatus.REQUESTED


class TestRegistration:
    @pytest.mark.parametrize("state", [Registration.UNREGISTERED, Registration.REFUSED])
    def test_a_partners_deal_asks_to_be_registered(self, state):
        """OPP-20: an unregistered or a refused one; what waits is no stage move."""
        opportunity = partners(state)
        decision = register_with_partner(opportunity, has_approver=True, by="li", at=later())
        after = does(opportunity, decision)
        assert kinds(decision) == ["registration_requested"]
        assert decision.events[0].operation == REGISTRATION
        assert after.registration is Registration.REQUESTED
        (approval,) = after.approvals
        assert (approval.operation, approval.arguments, approval.requested_by, approval.requested_at) == (
            REGISTRATION, (), "li", later(),
        )  # fmt: skip

    @pytest.mark.parametrize("state", [Registration.REQUESTED, Registration.APPROVED])
    def test_not_twice(self, state):
        """OPP-20: one that waits or is approved is not asked for again."""
        reason = Reason("registration_state", registration=str(state), allowed=("unregistered", "refused"))
        assert register_with_partner(partners(state), has_approver=True, **BY).reasons == (reason,)

    def test_only_a_partners_deal_in_progress_with_somebody_to_approve(self):
        """OPP-20: every reason together."""
        ours = opened(FAST)
        assert codes(register_with_partner(ours, has_approver=True, **BY)) == ["not_partner_led"]
        assert codes(register_with_partner(partners(), has_approver=False, **BY)) == ["no_approver"]
        lost = evolve(closed(OpportunityStatus.LOST), registration=Registration.APPROVED)
        assert codes(register_with_partner(lost, has_approver=False, **BY)) == [
            "wrong_status", "not_partner_led", "registration_state", "no_approver",
        ]  # fmt: skip

    def test_approved(self):
        """OPP-20: the approver says yes, and jumping is possible."""
        opportunity = registering()
        builder = grant(opportunity, the_waiting(opportunity), "known partner", by="zhang", at=later())
        assert isinstance(builder, EventBuilder)
        decision = builder.decision()
        after = does(opportunity, decision)
        assert kinds(decision) == ["registration_approved"]
        assert (decision.events[0].by, decision.events[0].reason) == ("zhang", "known partner")
        assert changed(decision) == {"registration", "approvals"}
        assert after.registration is Registration.APPROVED
        assert (after.approvals[0].status, after.approvals[0].decided_at) == (ApprovalStatus.APPROVED, later())
        assert compile(FAST).change_stage(after, "sign", **BY).is_allowed

    def test_a_deal_that_we_lead_by_now_is_not_approved(self):
        """OPP-20: only a partner's deal is registered; refusing and withdrawing put away what still waits."""
        opportunity = evolve(registering(), led_by=LedBy.US)
        approval = the_waiting(opportunity)
        no = (Reason("not_partner_led"),)
        assert grant(opportunity, approval, "known partner", by="zhang", at=AT) == no
        voided = does(opportunity, void(opportunity, reason=None, **BY))
        assert grant(voided, approval, None, by="zhang", at=AT) == (Reason("is_voided"), *no)
        assert refuse(opportunity, approval, "we lead it", **BY).is_allowed
        assert withdraw(opportunity, approval, **BY).is_allowed

    def test_refused_and_asked_again(self):
        """OPP-20: refused may be requested again."""
        opportunity = registering()
        decision = refuse(opportunity, the_waiting(opportunity), "unknown partner", **BY)
        after = does(opportunity, decision)
        assert kinds(decision) == ["registration_refused"]
        assert decision.events[0].reason == "unknown partner"
        assert after.registration is Registration.REFUSED
        again = does(after, register_with_partner(after, has_approver=True, **BY))
        assert again.registration is Registration.REQUESTED

    def test_withdrawn(self):
        """OPP-20: the deal is unregistered again."""
        opportunity = registering()
        decision = withdraw(opportunity, the_waiting(opportunity), **BY)
        assert kinds(decision) == ["approval_withdrawn"]
        assert does(opportunity, decision).registration is Registration.UNREGISTERED

    def test_a_stage_move_leaves_it_waiting(self):
        """OPP-20: a registration is not tied to the stage it was asked in."""
        opportunity = evolve(registering(), tasks=())
        opportunity = evolve(opportunity, amount=ready().amount)
        after = does(opportunity, compile(FAST).advance(opportunity, **BY))
        assert after.approvals == opportunity.approvals


@pytest.mark.parametrize(
    "operation",
    [
        lambda: asked(ready(APPROVED), at=NAIVE),
        lambda: register_with_partner(partners(), has_approver=True, by="li", at=NAIVE),
        *(lambda decide=decide: decide(waiting(), at=NAIVE) for decide in DECIDING),
    ],
)
def test_a_naive_moment_is_refused(operation):
    """HIST-2: the caller must say which zone is meant."""
    with pytest.raises(InvalidInput, match="timezone-aware"):
        operation()
