"""Approvals through the facade: no way around one, and what waited happens with what it was asked with (RULE-2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from tests.app.situations import gated_last, guarded
from tests.app.world import SMALL, TODAY, World, codes

SIGNED = TODAY - timedelta(days=3)


def test_a_win_that_waited_takes_its_amount_and_day():
    """RULE-2, OPP-7: asked for with what was sold and when; approved later, it is won with exactly that."""
    world = World()
    asked = world.acting("li").opportunities.request_approval(
        gated_last(world), "win", amount=SMALL, close_date=SIGNED, comment="at last"
    )
    world.clock.move(timedelta(days=2))
    won = world.acting("zhang").opportunities.approve(asked)
    assert won.closing is not None
    assert (won.actual_amount, won.actual_close_date, won.closing.comment) == (SMALL, SIGNED, "at last")
    assert won.closing.by == "li"


def test_a_win_that_waited_without_a_day_is_won_on_the_day_of_the_approval():
    """RULE-2, OPP-7: nothing was said, so it is the amount it has and the day on which it happens."""
    world = World()
    asked = world.acting("li").opportunities.request_approval(gated_last(world), "win", close_date=None)
    world.clock.move(timedelta(days=2))
    won = world.acting("zhang").opportunities.approve(asked)
    assert (won.actual_amount, won.actual_close_date) == (won.amount, TODAY + timedelta(days=2))


def test_a_jump_past_an_approval_waits_and_then_happens():
    """RULE-2, OPP-6: passing over a stage with an approval asks for it; approved, the jump happens with its reason."""
    world = World()
    li, zhang = world.acting("li").opportunities, world.acting("zhang").opportunities
    deal = guarded(world)
    assert li.change_stage(deal, "check", reason="later") is not None
    deal = guarded(world)
    with pytest.raises(sf.Refused) as refused:
        li.change_stage(deal, "close", reason="urgent")
    assert codes(refused.value) == {"approval_needed"}
    asked = li.request_approval(deal, "change_stage", stage="close", reason="urgent")
    after = zhang.approve(asked)
    assert after.stage == "close"
    assert [(visit.stage, str(visit.exit)) for visit in after.visits] == [
        ("talk", "jumped"), ("check", "skipped"), ("close", "None"),
    ]  # fmt: skip
    assert after.visits[1].reason == "urgent"


def test_an_early_win_does_not_slip_past_an_approval():
    """RULE-2, OPP-7: where it may be won from any stage, the approvals of the stages that follow are asked for too."""
    process = sf.SalesProcess(
        "early", 1, [sf.Stage("talk"), sf.Stage("check", approval="owner_superior")], win_from="any"
    )
    world = World(processes=[process, *sf.templates.builtin().values()])
    deal = world.deal(process="early")
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").opportunities.win(deal)
    assert codes(refused.value) == {"approval_needed"}
    asked = world.acting("li").opportunities.request_approval(deal, "win")
    assert world.acting("zhang").opportunities.approve(asked).status == "won"


def test_moves_offer_the_request_where_that_is_what_would_do():
    """OPP-14, RULE-2: for advancing, for each stage behind the approval, for winning; and nowhere else."""
    world = World()
    li = world.acting("li").opportunities

    def offered(deal: sf.Opportunity) -> dict[str | None, bool]:
        return {move.to: move.is_open for move in li.moves(deal) if move.operation == "request_approval"}

    deal = guarded(world)
    assert offered(deal) == {"change_stage:close": True}
    (move,) = (move for move in li.moves(deal) if move.operation == "request_approval")
    assert (move.inputs, move.effects) == (("reason",), ("approval_requested",))
    there = li.advance(deal)
    assert offered(there) == {"advance": True, "change_stage:close": True}
    assert offered(li.request_approval(there, "advance")) == {"advance": False, "change_stage:close": False}
    assert offered(gated_last(world)) == {"win": True}
    assert offered(world.deal()) == {}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("advance", {"comment": "x"}),
        ("win", {"stage": "close"}),
        ("change_stage", {}),
        ("change_stage", {"stage": "close", "amount": SMALL}),
        ("win", {"close_date": "2026-01-01"}),
        ("win", {"amount": 5}),
        ("lose", {"reason": "price", "amount": SMALL}),
        ("reopen", {}),
    ],
)
def test_a_request_takes_what_its_operation_takes(operation: str, arguments: dict[str, Any]):
    """RULE-2, REL-8: the wrong argument is refused when it is asked for, not when it is approved."""
    world = World()
    with pytest.raises(sf.InvalidInput):
        world.acting("li").opportunities.request_approval(guarded(world), operation, **arguments)


TALK, SIGN = sf.Stage("talk"), sf.Stage("sign")


def gated(approver: str, *, before: str = "win", days: int | None = None) -> sf.SalesProcess:
    """A process of which one operation waits for an approval, from whatever stage."""
    approval = sf.ProcessApproval(before, approver, expires_after_days=days)
    return sf.SalesProcess("mine", 1, [TALK, SIGN], win_from="any", approvals=[approval])


def world_of(process: sf.SalesProcess, **ports: Any) -> World:
    return World(processes=[process, *sf.templates.builtin().values()], **ports)


def approvals_of(world: World, person: str, deal: sf.Opportunity) -> dict[str, sf.Move]:
    """The moves of *person* that are about approvals."""
    words = {"request_approval", "approve", "refuse", "withdraw_approval"}
    return {move.operation: move for move in world.acting(person).opportunities.moves(deal) if move.operation in words}


PRESALES = sf.TeamMember("feng", "presales")


@pytest.mark.parametrize(
    ("approver", "yes", "no"),
    [
        ("owner_superior", ("zhang", "sun"), ("feng", "root")),
        ("person:feng", ("feng",), ("zhang", "sun", "root")),
        ("person:root", ("root",), ("zhang", "feng")),
        ("role:presales", ("feng",), ("zhang", "sun", "root")),
    ],
)
def test_whom_the_approval_names_and_nobody_else(approver: str, yes: tuple[str, ...], no: tuple[str, ...]):
    """RULE-2, ACC-18: a superior, a person, a role of the team; not an administrator, unless named; not who asked."""
    for who in yes:
        world = world_of(gated(approver))
        deal = world.deal(process="mine", team=[PRESALES])
        asked = world.acting("li").opportunities.request_approval(deal, "win", comment="at last")
        assert asked.approvals[-1].approver == approver
        for other in (*no, "li"):
            moves = approvals_of(world, other, asked)
            assert "not_permitted" in {reason.code for reason in moves["approve"].blockers}
            for decide in ("approve", "refuse"):
                with pytest.raises(sf.Refused) as refused:
                    getattr(world.acting(other).opportunities, decide)(asked, comment="x")
                assert "not_permitted" in codes(refused.value)
            known = {"li", "feng", *({approver.removeprefix("person:")} & {"root"})}
            superiors = {"zhang", "sun"} if other in {"li", "zhang"} else {"sun", "wu"} if other == "feng" else set()
            assert moves["approve"].instead == set(yes) & (known | superiors)
        assert approvals_of(world, who, asked)["approve"].is_open
        won = world.acting(who).opportunities.approve(asked, comment="fine")
        assert (str(won.status), won.closing.by, won.approvals[-1].decided_by) == ("won", "li", who)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "approver", ["person:nobody", "person:han", "person:wang", "person:li", "role:presales", "role:legal"]
)
def test_somebody_must_be_able_to_approve(approver: str):
    """RULE-2, ACC-18: unknown, departed, blind to the record, who asked themselves, or a role that nobody has."""
    process = evolve(gated(approver), custom_roles=["legal"])
    world = world_of(process)
    deal = world.deal(process="mine", team=[sf.TeamMember("li", "presales")])
    with pytest.raises(sf.Refused) as refused:
        world.acting("li").opportunities.request_approval(deal, "win")
    (reason,) = refused.value.reasons
    assert (reason.code, reason.facts) == ("no_approver", {"owner": "li", "approver": approver})
    (move,) = (move for move in world.acting("li").opportunities.moves(deal) if move.operation == "request_approval")
    assert [blocker.code for blocker in move.blockers] == ["no_approver"]


def test_a_role_is_looked_up_when_it_is_decided():
    """RULE-2, VIS-20: who has it by now, not who had it when it was asked for."""
    world = world_of(gated("role:presales"))
    li = world.acting("li").opportunities
    asked = li.request_approval(world.deal(process="mine", team=[PRESALES]), "win")
    asked = li.remove_member(li.add_member(asked, "wang", role="presales"), "feng", role="presales")
    with pytest.raises(sf.NotFound):
        world.acting("feng").opportunities.approve(asked)
    assert str(world.acting("wang").opportunities.approve(asked).status) == "won"


@pytest.mark.parametrize(
    ("operation", "arguments", "status"),
    [
        ("lose", {"reason": "competitor", "competitor": "Globex", "comment": "cheaper", "close_date": SIGNED}, "lost"),
        ("invalidate", {"reason": "other", "comment": "a student", "close_date": SIGNED}, "invalid"),
    ],
)
def test_giving_up_waits_too(operation: str, arguments: dict[str, Any], status: str):
    """RULE-2, OPP-7: asked for with its reason; that reason is checked when it is asked for."""
    world = world_of(gated("owner_superior", before=operation))
    li = world.acting("li").opportunities
    deal = world.deal(process="mine")
    with pytest.raises(sf.Refused) as refused:
        getattr(li, operation)(deal, reason="other")
    assert codes(refused.value) == {"approval_needed"}
    with pytest.raises(sf.Refused) as refused:
        li.request_approval(deal, operation)
    assert codes(refused.value) == {"reason_missing"}
    (move,) = (move for move in li.moves(deal) if move.operation == "request_approval")
    assert (move.to, move.inputs, move.is_open) == (operation, ("reason",), True)
    asked = li.request_approval(deal, operation, **arguments)
    after = world.acting("zhang").opportunities.approve(asked)
    assert after.closing is not None
    assert (str(after.status), after.closing.reason, after.closing.actual_close_date, after.closing.comment) == (
        status, arguments["reason"], SIGNED, arguments["comment"],
    )  # fmt: skip
    assert after.closing.competitor == arguments.get("competitor")


class TestExpiry:
    def asked(self) -> tuple[World, sf.Opportunity]:
        world = world_of(gated("owner_superior", days=14))
        return world, world.acting("li").opportunities.request_approval(world.deal(process="mine"), "win")

    def test_until_then_it_waits(self):
        """RULE-2: an instant before, it is granted."""
        world, asked = self.asked()
        world.clock.move(timedelta(days=14) - timedelta(microseconds=1))
        assert str(world.acting("zhang").opportunities.approve(asked).status) == "won"

    def test_from_then_on_it_is_over(self):
        """RULE-2, OPP-14: not granted, not refused, not withdrawn; `moves` says so; a new one may be asked for."""
        world, asked = self.asked()
        world.clock.move(timedelta(days=14))
        li, zhang = world.acting("li").opportunities, world.acting("zhang").opportunities
        for decide in (
            lambda: zhang.approve(asked),
            lambda: zhang.approve(asked, asked.approvals[-1].id),
            lambda: zhang.refuse(asked, comment="x"),
            lambda: li.withdraw_approval(asked),
        ):
            with pytest.raises(sf.Refused) as refused:
                decide()
            assert codes(refused.value) == {"approval_expired"}
        with pytest.raises(sf.Refused) as refused:
            li.win(asked)
        assert codes(refused.value) == {"approval_needed"}
        moves = approvals_of(world, "zhang", asked)
        assert [reason.code for reason in moves["approve"].blockers] == ["approval_expired"]
        assert moves["request_approval"].blockers == ()
        again = li.request_approval(asked, "win")
        assert [str(approval.status) for approval in again.approvals] == ["expired", "requested"]
        assert str(zhang.approve(again).status) == "won"


def test_another_version_asks_somebody_else():
    """RULE-2, PROC-6: a migration ends a request whose approver is no longer the one; a new one goes to the new one."""
    old, new = gated("owner_superior"), evolve(gated("person:feng"), version=2)
    world = World(processes=[old, new])
    deal = world.acting("li").opportunities.create(
        "A", customer=world.customer().id, process="mine", close_date=TODAY, team=[PRESALES]
    )
    assert deal.process_version == 2
    world = World(processes=[old])
    deal = world.deal(process="mine", team=[PRESALES])
    asked = world.acting("li").opportunities.request_approval(deal, "win")
    flow = sf.SalesFlow(**{**world.ports, "processes": [old, new]})
    flow.migrate(sf.MigrationPlan("mine", 1, 2))
    li = flow.acting_as("li").opportunities
    after = li.get(asked.id)
    assert [str(approval.status) for approval in after.approvals] == ["expired"]
    again = li.request_approval(after, "win")
    assert str(flow.acting_as("feng").opportunities.approve(again).status) == "won"


def test_what_waited_is_asked_of_the_template_as_it_is():
    """RULE-2: where a file was changed in place, the yes of whom it named before does not count for the new one."""
    world = world_of(gated("owner_superior"))
    asked = world.acting("li").opportunities.request_approval(world.deal(process="mine", team=[PRESALES]), "win")
    flow = sf.SalesFlow(**{**world.ports, "processes": [gated("person:feng")]})
    with pytest.raises(sf.Refused) as refused:
        flow.acting_as("zhang").opportunities.approve(asked)
    assert {(reason.code, reason.facts["approver"]) for reason in refused.value.reasons} == {
        ("approval_needed", "person:feng")
    }


def test_a_requester_who_lost_the_right_gets_nothing():
    """RULE-2, I-30: what waits happens with the rights of whoever asked, as they are when it is granted."""
    world = world_of(gated("owner_superior"))
    member = sf.TeamMember("zhao", "joint", sf.Access.READ_WRITE)
    deal = world.deal(process="mine", team=[member])
    asked = world.acting("zhao").opportunities.request_approval(deal, "win")
    li = world.acting("li").opportunities
    read_only = li.change_member(asked, "zhao", role="joint", access=sf.Access.READ)
    with pytest.raises(sf.Refused) as refused:
        world.acting("zhang").opportunities.approve(read_only)
    assert codes(refused.value) == {"not_permitted"}
    gone = li.remove_member(read_only, "zhao", role="joint")
    with pytest.raises(sf.Refused) as refused:
        world.acting("zhang").opportunities.approve(gone)
    assert codes(refused.value) == {"person_unknown"}


def test_a_day_is_a_plain_date():
    """HIST-2: what comes back of a request is a date, not text."""
    world = World()
    asked = world.acting("li").opportunities.request_approval(gated_last(world), "win", close_date=SIGNED)
    assert dict(asked.approvals[-1].arguments) == {"close_date": SIGNED.isoformat()}
    won = world.acting("zhang").opportunities.approve(asked)
    assert type(won.actual_close_date) is date
