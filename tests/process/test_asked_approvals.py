"""Which approvals a move asks for, of whom, for how long; and what a new version makes of those that wait (RULE-2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from salesflow.model import (
    Approval,
    ApprovalStatus,
    Decision,
    Jump,
    Opportunity,
    OpportunityStatus,
    ProcessApproval,
    Reason,
    Registration,
    Route,
    SalesProcess,
    Stage,
    WinFrom,
)
from salesflow.process import (
    REGISTRATION,
    Migration,
    MigrationPlan,
    approvals_for,
    compile,
    diff,
    find_waiting,
    grant,
    outdated,
    refuse,
    request_approval,
    start_after_sales,
    waiting_approvals,
    withdraw,
)
from salesflow.process.approvals import carry_approvals
from salesflow.process.asked_approvals import AskedApproval, asked_approvals
from tests.process.samples import AT, BY, DAY, TODAY, WORTH, closed, codes, created, does, kinds, opened

SUPERIOR, LEGAL = "owner_superior", "role:legal"
PLAIN = SalesProcess("mine", 1, [Stage("talk"), Stage("check"), Stage("sign")], jump=Jump.FREE, win_from=WinFrom.ANY)


def staged(process: SalesProcess = PLAIN, **approvals: Any) -> SalesProcess:
    """PLAIN with an approver, or an approver and days, of each stage that is named."""
    stages = []
    for stage in process.stages:
        approver, days = approvals.get(stage.code, (None, None))
        stages.append(evolve(stage, approval=approver, approval_expires_after_days=days))
    return evolve(process, stages=stages)


def gated(*operations: str, approver: str = SUPERIOR, days: int | None = None) -> SalesProcess:
    return evolve(PLAIN, approvals=[ProcessApproval(word, approver, expires_after_days=days) for word in operations])


def asks(process: SalesProcess, operation: str, stage: str, target: str | None = None) -> list[tuple[str, int | None]]:
    return [(one.approver, one.expires_after_days) for one in asked_approvals(process, operation, stage, target)]


def request(opportunity: Opportunity, process: SalesProcess, operation: str, **arguments: str) -> Decision:
    """Ask for an approval as the facade does."""
    engine = compile(process)
    how: dict[str, Any] = {
        "advance": lambda: engine.advance(opportunity, **BY),
        "change_stage": lambda: engine.change_stage(opportunity, arguments["stage"], **BY),
        "win": lambda: engine.win(opportunity, **DAY),
        "lose": lambda: engine.lose(opportunity, reason="price", **DAY),
        "invalidate": lambda: engine.invalidate(opportunity, reason="other", **DAY),
    }
    return request_approval(
        opportunity, operation, tuple(sorted(arguments.items())), how[operation]().reasons,
        asked=approvals_for(process, operation, opportunity.stage, arguments), has_approver=True, **BY,
    )  # fmt: skip


def waiting(process: SalesProcess, operation: str, **arguments: str) -> Opportunity:
    opportunity = opened(process, amount=WORTH)
    return does(opportunity, request(opportunity, process, operation, **arguments))


class TestAsked:
    def test_stages_ask_as_they_are_passed(self):
        """RULE-2, OPP-6, OPP-7: leaving one or passing over it, not entering it, not going back; winning passes all."""
        process = staged(talk=(SUPERIOR, 7), check=(LEGAL, None))
        assert asks(process, "advance", "talk", "check") == [(SUPERIOR, 7)]
        assert asks(process, "change_stage", "talk", "sign") == [(SUPERIOR, 7), (LEGAL, None)]
        assert asks(process, "change_stage", "sign", "talk") == []
        assert asks(process, "change_stage", "talk", "talk") == []
        assert asks(process, "win", "check") == [(LEGAL, None)]
        assert asks(process, "win", "sign") == []
        assert asks(process, "lose", "talk") == []

    def test_a_fast_track_asks_only_where_it_starts(self):
        """RULE-2, OPP-6a: the route permits the jump."""
        process = staged(evolve(PLAIN, jump=Jump.FAST_TRACK), talk=(SUPERIOR, None), check=(LEGAL, None))
        assert asks(process, "change_stage", "talk", "sign") == [(SUPERIOR, None)]

    @pytest.mark.parametrize("operation", ["win", "lose", "invalidate"])
    def test_the_process_asks_for_its_operations(self, operation: str):
        """RULE-2: from whatever stage, and for no other operation."""
        process = gated(operation, approver="person:sun", days=14)
        for stage in ("talk", "sign"):
            assert asks(process, operation, stage) == [("person:sun", 14)]
        others = {"win", "lose", "invalidate"} - {operation}
        assert [asks(process, other, "talk") for other in others] == [[], []]
        assert asks(process, "advance", "talk", "check") == []

    @pytest.mark.parametrize(("first", "second", "shortest"), [(7, 3, 3), (3, 7, 3), (None, 5, 5), (5, None, 5)])
    def test_one_approver_is_asked_once_for_the_shortest_time(self, first: Any, second: Any, shortest: int):
        """RULE-2: one yes answers all that the same approver is asked for."""
        process = evolve(
            staged(check=(LEGAL, first)), approvals=[ProcessApproval("win", LEGAL, expires_after_days=second)]
        )
        assert asks(process, "win", "talk") == [(LEGAL, shortest)]

    def test_what_is_no_move_asks_for_nothing(self):
        """RULE-2: advancing from the last stage, or changing to a stage that is not there."""
        process = staged(talk=(SUPERIOR, None), sign=(SUPERIOR, None))
        assert approvals_for(process, "advance", "sign", {}) == ()
        assert approvals_for(process, "change_stage", "talk", {"stage": "none"}) == ()
        assert approvals_for(process, "change_stage", "talk", {}) == ()
        assert [one.approver for one in approvals_for(process, "advance", "talk", {})] == [SUPERIOR]
        assert [one.approver for one in approvals_for(process, "win", "sign", {})] == [SUPERIOR]


class TestTheMove:
    @pytest.mark.parametrize("operation", ["win", "lose", "invalidate"])
    def test_what_the_process_gates_waits_and_happens(self, operation: str):
        """RULE-2, OPP-7: refused with the approver's name, asked for, granted, and then it happens."""
        process = gated(operation, approver=LEGAL)
        engine, opportunity = compile(process), opened(process, amount=WORTH)
        how: dict[str, Any] = {"lose": {"reason": "price"}, "invalidate": {"reason": "other"}, "win": {}}
        decide = getattr(engine, operation)
        refusal = decide(opportunity, **DAY, **how[operation])
        assert refusal.reasons == (Reason("approval_needed", approver=LEGAL),)
        asked = does(opportunity, request(opportunity, process, operation))
        assert codes(decide(asked, **DAY, **how[operation])) == ["approval_pending"]
        (approval,) = waiting_approvals(asked)
        assert (approval.approver, approval.operation) == (LEGAL, f"opportunities.{operation}")
        builder: Any = grant(asked, approval, None, by="zhang", at=AT)
        decision = decide(asked, **DAY, **how[operation], approved=builder)
        after = does(asked, decision)
        assert kinds(decision)[0] == "approval_granted"
        assert after.is_completed
        assert after.approvals[0].status is ApprovalStatus.APPROVED

    def test_approvers_that_differ_are_asked_stage_by_stage(self):
        """RULE-2: nobody's yes stands for another's; each stage by itself is possible."""
        process = staged(talk=(SUPERIOR, None), check=(LEGAL, None))
        engine, opportunity = compile(process), opened(process, amount=WORTH)
        apart = (Reason("approvals_apart", approvers=(SUPERIOR, LEGAL)),)
        assert engine.change_stage(opportunity, "sign", **BY).reasons == apart
        assert engine.win(opportunity, **DAY).reasons == apart
        assert request(opportunity, process, "win").reasons == apart
        assert request(opportunity, process, "advance").is_allowed
        late = created(process, stage="sign")[1]
        assert [reason.facts["approver"] for reason in late.reasons] == [SUPERIOR, LEGAL]

    def test_leaving_the_stage_expires_a_request_to_lose(self):
        """RULE-2: it was asked for from there; an approval that is asked for by nothing else does not hold it up."""
        process = gated("lose")
        asked = waiting(process, "lose")
        after = does(asked, compile(process).advance(asked, **BY))
        assert [str(approval.status) for approval in after.approvals] == ["expired"]


class TestExpiry:
    def at(self, days: float) -> Any:
        return AT + timedelta(days=days)

    def test_it_waits_so_many_days(self):
        """RULE-2: to the very moment; from then on it is as if nothing waited."""
        process = gated("win", days=14)
        engine, asked = compile(process), waiting(process, "win")
        (approval,) = asked.approvals
        assert approval.expires_at == self.at(14)
        before, then = self.at(14) - timedelta(microseconds=1), self.at(14)
        assert find_waiting(asked, approval.id, before) == find_waiting(asked, None, before) == approval
        gone = Reason("approval_expired", approval=approval.id, expired_at=str(self.at(14)))
        assert find_waiting(asked, approval.id, then) == find_waiting(asked, None, then) == gone
        assert codes(engine.win(asked, by="li", at=before, today=TODAY)) == ["approval_pending"]
        assert codes(engine.win(asked, by="li", at=then, today=TODAY)) == ["approval_needed"]
        assert waiting_approvals(asked) == (approval,)

    def test_a_new_request_marks_the_old_one(self):
        """RULE-2: in the same decision; what was decided, and a registration, stay as they are."""
        process = gated("win", days=14)
        asked = waiting(process, "win")
        registration = Approval("r", REGISTRATION, "talk", (), "li", AT)
        decided = evolve(asked.approvals[0], id="0", status=ApprovalStatus.REFUSED)
        asked = evolve(asked, approvals=(registration, decided, *asked.approvals), registration=Registration.REQUESTED)
        at = self.at(20)
        blockers = compile(process).win(asked, by="li", at=at, today=TODAY).reasons
        decision = request_approval(
            asked,
            "win",
            (),
            blockers,
            asked=approvals_for(process, "win", "talk", {}),
            has_approver=True,
            by="li",
            at=at,
        )
        after = does(asked, decision)
        assert [(one.id, str(one.status)) for one in after.approvals] == [
            ("r", "requested"), ("0", "refused"), (decided_id(asked), "expired"), (str(after.version), "requested"),
        ]  # fmt: skip
        assert after.approvals[2].decided_at == at
        assert after.approvals[3].expires_at == self.at(34)
        assert find_waiting(after, None, at) == Reason("approvals_waiting", approvals=("r", str(after.version)))

    def test_without_days_it_waits_for_ever(self):
        """RULE-2."""
        asked = waiting(gated("lose"), "lose")
        assert find_waiting(asked, None, self.at(36_500)) == asked.approvals[0]

    def test_an_expired_one_beside_one_that_waits_is_not_in_the_way(self):
        """RULE-2: without an id the one is meant that waits."""
        asked = waiting(gated("win", days=1), "win")
        later_one = evolve(asked.approvals[0], id="late", expires_at=None)
        both = evolve(asked, approvals=(*asked.approvals, later_one))
        assert find_waiting(both, None, self.at(2)) == later_one


def decided_id(opportunity: Opportunity) -> str:
    return opportunity.approvals[-1].id


class TestOutdated:
    def test_another_approver_by_now(self):
        """RULE-2: checked again by the template as it is; the yes of whom it named before does not do."""
        asked = waiting(gated("win"), "win")
        (approval,) = asked.approvals
        assert outdated(asked, approval, gated("win")) == ()
        assert outdated(asked, approval, PLAIN) == ()
        other = gated("win", approver=LEGAL)
        assert outdated(asked, approval, other) == (Reason("approval_needed", approver=LEGAL),)
        both = evolve(staged(talk=(SUPERIOR, None), check=(LEGAL, None)))
        assert outdated(asked, approval, both) == (Reason("approval_needed", approver=LEGAL),)


class TestNewVersions:
    def carried(self, old: SalesProcess, new: SalesProcess, asked: Opportunity, **stages: str) -> Opportunity:
        new = evolve(new, version=2)
        plan = MigrationPlan("mine", 1, 2, stages)
        decision, _ = Migration(plan, compile(old), compile(new)).decide(asked, by="root", at=AT)
        return does(asked, decision)

    def test_a_jump_waits_for_the_stage_as_it_is_called_now(self):
        """RULE-2, PROC-6: a renamed target is the same stage, and granting it goes there."""
        old = staged(talk=(SUPERIOR, 30))
        new = evolve(old, stages=[old.stages[0], old.stages[1], Stage("close")])
        asked = waiting(old, "change_stage", stage="sign", reason="urgent")
        after = self.carried(old, new, asked, sign="close")
        (approval,) = after.approvals
        assert dict(approval.arguments) == {"stage": "close", "reason": "urgent"}
        assert (approval.status, approval.expires_at) == (ApprovalStatus.REQUESTED, asked.approvals[0].expires_at)
        builder: Any = grant(after, approval, None, by="zhang", at=AT)
        engine = compile(evolve(new, version=2))
        assert does(after, engine.change_stage(after, "close", approved=builder, **BY)).stage == "close"

    @pytest.mark.parametrize(
        ("new", "stages"),
        [
            (evolve(PLAIN, stages=[Stage("talk", approval=SUPERIOR), Stage("check")]), {"sign": "talk"}),
            (evolve(PLAIN, stages=[Stage("check"), Stage("sign"), Stage("talk", approval=SUPERIOR)]), {}),
            (staged(talk=("person:sun", None)), {}),
            (staged(talk=(SUPERIOR, None), check=(LEGAL, None)), {}),
            (PLAIN, {}),
        ],
    )
    def test_a_jump_that_is_gone_or_asks_otherwise_waits_no_more(self, new: SalesProcess, stages: dict[str, str]):
        """RULE-2, PROC-6: its target is where the record stands, or before it; or somebody else is asked, or nobody."""
        old = staged(talk=(SUPERIOR, None))
        asked = waiting(old, "change_stage", stage="sign")
        assert [str(one.status) for one in self.carried(old, new, asked, **stages).approvals] == ["expired"]

    def test_a_target_without_a_place_is_gone(self):
        """RULE-2, PROC-6: no word of the plan leads to it, though the record itself can be migrated."""
        old = staged(talk=(SUPERIOR, None))
        new = evolve(old, stages=old.stages[:2])
        asked = waiting(old, "change_stage", stage="sign")
        assert [str(one.status) for one in self.carried(old, new, asked).approvals] == ["expired"]

    def test_advancing_from_what_is_the_last_stage_now_is_gone(self):
        """RULE-2, PROC-6."""
        old = staged(talk=(SUPERIOR, None))
        new = evolve(old, stages=[Stage("check"), Stage("sign"), old.stages[0]])
        asked = waiting(old, "advance")
        assert [str(one.status) for one in self.carried(old, new, asked).approvals] == ["expired"]

    @pytest.mark.parametrize(("approver", "status"), [(SUPERIOR, "requested"), (LEGAL, "expired")])
    def test_an_outcome_waits_on_for_the_same_approver(self, approver: str, status: str):
        """RULE-2, PROC-6: what the process itself asks for."""
        asked = waiting(gated("lose"), "lose")
        after = self.carried(gated("lose"), gated("lose", approver=approver), asked)
        assert [str(one.status) for one in after.approvals] == [status]

    def test_what_was_decided_keeps_its_words(self):
        """RULE-2, HIST-1: history is not renamed; a registration is no move."""
        old = staged(talk=(SUPERIOR, None))
        asked = waiting(old, "change_stage", stage="sign")
        refused = does(asked, refuse(asked, asked.approvals[0], "no", by="zhang", at=AT))
        registration = Approval("r", REGISTRATION, "talk", (), "li", AT)
        approvals = (*refused.approvals, registration)
        assert carry_approvals(approvals, PLAIN, {"sign": "close"}, AT) == approvals

    def test_the_difference_names_them(self):
        """RULE-2, PROC-6: approvals of the process by their operation, those of a stage by the stage."""
        old, new = gated("win", "lose"), evolve(gated("win", approver=LEGAL, days=3), version=2)
        assert [str(change) for change in diff(old, new).changes] == [
            "removed approvals.lose",
            "changed approvals.win.approver: 'owner_superior' -> 'role:legal'",
            "changed approvals.win.expires_after_days: None -> 3",
        ]


def test_no_after_sales_process_has_approvals():
    """OPP-12: nor one of its own for winning."""
    record = closed(OpportunityStatus.LOST)
    with pytest.raises(Exception, match="approvals"):
        start_after_sales(record, compile(evolve(gated("win"), id="service")), **BY)


def test_an_expired_one_is_neither_refused_nor_withdrawn_by_id():
    """RULE-2: what is over is over; the finder says so before anybody decides."""
    asked = waiting(gated("win", days=1), "win")
    over = find_waiting(asked, asked.approvals[0].id, AT + timedelta(days=1))
    assert isinstance(over, Reason)
    assert str(over).endswith("request it anew")
    assert withdraw(asked, asked.approvals[0], **BY).is_allowed  # the decision itself is the caller's question


def test_the_route_matters_to_the_jump_and_not_to_its_approval():
    """RULE-2, OPP-6a."""
    process = staged(evolve(PLAIN, jump=Jump.FAST_TRACK), talk=(SUPERIOR, None))
    opportunity = opened(process, Route.FAST_TRACK, amount=WORTH)
    assert compile(process).change_stage(opportunity, "sign", **BY).reasons == (
        Reason("approval_needed", approver=SUPERIOR),
    )
    assert AskedApproval(SUPERIOR, None) in approvals_for(process, "change_stage", "talk", {"stage": "sign"})
