"""Approvals through the facade: no way around one, and what waited happens with what it was asked with (RULE-2)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

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


def test_a_day_is_a_plain_date():
    """HIST-2: what comes back of a request is a date, not text."""
    world = World()
    asked = world.acting("li").opportunities.request_approval(gated_last(world), "win", close_date=SIGNED)
    assert dict(asked.approvals[-1].arguments) == {"close_date": SIGNED.isoformat()}
    won = world.acting("zhang").opportunities.approve(asked)
    assert type(won.actual_close_date) is date
