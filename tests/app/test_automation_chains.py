"""Automations that set each other off: in order, never in between, and never without end (RULE-3, I-8, I-11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app.automation import MOST_AT_ONCE
from salesflow.model import Automation, Delivery
from salesflow.process.deliveries import DEEPEST_CHAIN
from tests.app.test_automation import left, small, world
from tests.app.world import World

HOUR = timedelta(hours=1)
H = Automation("h", "stage_left", call="h")


def test_what_a_handler_sets_off_comes_after_it():
    """I-8, RULE-3: a change within a handler is made at once; what it sets off waits until the handler is through."""
    trace: list[str] = []

    def first(acting: sf.Acting, delivery: Delivery) -> None:
        trace.append("first begins")
        acting.opportunities.advance(delivery.record_id)
        w.flow.acting_as("zhang").opportunities.add_activity(delivery.record_id, "note", "meanwhile")
        trace.append(f"first ends, in {acting.opportunities.get(delivery.record_id).stage}")

    def second(acting: sf.Acting, delivery: Delivery) -> None:
        trace.append(f"second, depth {delivery.depth}")

    w = world(
        Automation("first", "opportunity_created", call="first"), Automation("second", "stage_left", call="second"),
        Automation("third", "opportunity_created", call="third"),
        handlers={"first": first, "second": second, "third": lambda acting, delivery: trace.append("third")},
    )  # fmt: skip
    deal = small(w)
    assert trace == ["first begins", "first ends, in sign", "third", "second, depth 2"]
    assert (deal.stage, [each.by for each in deal.activities]) == ("sign", ["zhang"])
    assert left(w) == ()


def cycle(w: World) -> Callable[[sf.Acting, Delivery], None]:
    """A handler whose own change sets it off again."""

    def around(acting: sf.Acting, delivery: Delivery) -> None:
        stage = acting.opportunities.get(delivery.record_id).stage
        acting.opportunities.change_stage(delivery.record_id, {"talk": "sign", "sign": "talk"}[stage], reason="on")

    return around


@pytest.mark.parametrize("way", ["the desk that it is given", "a desk of its own"])
def test_a_cycle_ends_with_a_named_error(way: str):
    """I-11, RULE-3: after eight steps the next is a dead letter; nothing recurs, nothing is endless."""
    depths: list[int] = []
    w: World

    def around(acting: sf.Acting, delivery: Delivery) -> None:
        depths.append(delivery.depth)
        acting = acting if way.endswith("given") else w.flow.acting_as("li")
        cycle(w)(acting, delivery)

    w = world(H, handlers={"h": around})
    deal = w.acting("li").opportunities.advance(small(w))
    assert depths == list(range(1, DEEPEST_CHAIN + 1))
    (dead,) = left(w)
    assert (dead.status, dead.depth) == ("dead", DEEPEST_CHAIN + 1)
    assert [reason.code for reason in dead.reasons] == ["automation_chain_too_long"]
    assert deal == w.acting("li").opportunities.get(deal.id)
    assert w.flow.deliver(w.clock.now() + 99 * HOUR) == sf.DeliveryReport()
    w.flow.deliveries.retry(dead)
    report = w.flow.deliver(w.clock.now())
    assert (report.delivered, report.died, [each.depth for each in report.failed]) == (1, 1, [DEEPEST_CHAIN + 2])


def test_the_depth_is_kept_while_it_waits():
    """I-11: a chain that fails on its way goes on where it was, and is no longer for it."""
    w: World
    depths: list[int] = []

    def around(acting: sf.Acting, delivery: Delivery) -> None:
        if delivery.attempts == 1:
            raise OSError("later")
        depths.append(delivery.depth)
        cycle(w)(acting, delivery)

    w = world(H, handlers={"h": around})
    w.acting("li").opportunities.advance(small(w))
    for days in range(2 * DEEPEST_CHAIN):
        w.flow.deliver(w.clock.now() + timedelta(days=days))
    assert depths == list(range(1, DEEPEST_CHAIN + 1))
    assert [(each.status, each.depth) for each in left(w)] == [("dead", DEEPEST_CHAIN + 1)]


@settings(max_examples=5, deadline=None)
@given(st.integers(1, 3), st.lists(st.sampled_from(["advance", "note", "both ways"]), min_size=1, max_size=3))
def test_no_chain_is_endless(copies: int, steps: list[str]):
    """I-11: automations that set each other off, several of each: the work has a bound, and the rest is left."""
    calls: Counter[int] = Counter()
    w: World

    def handler(acting: sf.Acting, delivery: Delivery) -> None:
        calls[delivery.depth] += 1
        for step in steps:
            if step == "note":
                acting.opportunities.add_activity(delivery.record_id, "note", "x")
            else:
                for _ in range(2 if step == "both ways" else 1):
                    cycle(w)(acting, delivery)

    w = world(*(Automation(f"h{n}", "stage_entered", call="h") for n in range(copies)), handlers={"h": handler})
    small(w)
    assert sum(calls.values()) <= MOST_AT_ONCE
    assert max(calls) <= DEEPEST_CHAIN
    assert all(each.depth <= DEEPEST_CHAIN for each in left(w) if each.status == "waiting")


def test_a_handler_does_not_deliver():
    """I-8: it would come in between; what it sets off is done after it anyway."""
    w: World

    def handler(acting: sf.Acting, delivery: Delivery) -> None:
        w.flow.deliver(w.clock.now())

    w = world(H, handlers={"h": handler})
    w.acting("li").opportunities.advance(small(w))
    assert "is not for handlers" in str(left(w)[0].reasons[0])


def test_threads_have_queues_of_their_own():
    """I-8: what another person changes in another thread is not put behind this one's automation."""
    barrier = Barrier(2, timeout=10)
    threads: list[int] = []

    def handler(acting: sf.Acting, delivery: Delivery) -> None:
        barrier.wait()  # both are in here at one moment
        threads.append(delivery.depth)

    w = world(H, handlers={"h": handler})
    deals = [small(w).id for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        moved = list(pool.map(lambda id: w.acting("li").opportunities.advance(id), deals))
    assert [deal.stage for deal in moved] == ["sign", "sign"]
    assert (threads, left(w)) == ([1, 1], ())
