"""Every call of every port and handler fails once, around a change and around `deliver` (RULE-3, REL-7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, Delivery, replay
from salesflow.testing import CountingNumbers
from tests.app.test_automation import Postbox, process, small
from tests.app.test_ports import Wire, Wired
from tests.app.world import World
from tests.stores.databases import fresh_store, prepared_engine

HOUR = timedelta(hours=1)
H = Automation("h", "stage_left", call="h")


class Tripwire(Wire):
    """Counts every call of every port, and raises what it is told to at one of them."""

    def __init__(self, error: Callable[[], BaseException]) -> None:
        super().__init__()
        self.error = error

    def trip(self, name: str) -> None:
        """Count one call, and fail if it is the one."""
        self.calls += 1
        self.names.append(name)
        if self.calls == self.fail_at:
            raise self.error()


class Swept:
    """
    A deal that is advanced while every port, and the handler, goes through one wire.

    Args:
        error: What the wire raises.
        store: Where records live; None means memory.
    """

    def __init__(self, error: Callable[[], BaseException], store: Any = None) -> None:
        self.wire = wire = Tripwire(error)
        self.post = Postbox()
        on: dict[str, Any] = {"on": "stage_entered", "stage": "sign"}
        template = process(
            Automation("task", create_task=AutomaticTask("t", assignee="owner"), **on),
            Automation("tell", notify=AutomaticNotice(["team"], "{customer}: {amount}"), **on),
            Automation("paper", issue_document="quote", **on),
            Automation("call", call="h", **on),
        )
        self.store = sf.MemoryStore() if store is None else store
        self.world = World(processes=[template], notifier=self.post, handlers={"h": self.handle}, store=self.store,
                           documents=CountingNumbers())  # fmt: skip
        ports = self.world.ports
        names = ("store", "organization", "clock", "ids", "audit", "notifier", "documents")
        self.flow = sf.SalesFlow(**{**ports, **{name: Wired(ports[name], wire, name) for name in names}})
        li = self.world.acting("li").opportunities
        line = sf.ProductLine("1", "Part", Decimal(2), sf.Money(5, "CNY"))
        self.deal = li.edit(small(self.world, team=[sf.TeamMember("wang")]), products=[line])
        self.before = self.everything()

    def handle(self, acting: sf.Acting, delivery: Delivery) -> None:
        """Do something between two calls of the wire."""
        self.wire.trip("handler begins")
        acting.once(delivery.id).opportunities.add_activity(delivery.record_id, "note", "done")
        self.wire.trip("handler ends")

    def everything(self) -> list[Any]:
        """Return all events that the store holds."""
        return [event for _, event in self.store.outbox(0, 100_000)]

    def advance(self) -> sf.Opportunity:
        """Do it."""
        return self.flow.acting_as("li").opportunities.advance(self.deal.id)

    def come_to_rest(self) -> None:
        """Deliver until nothing waits."""
        now = self.world.clock.now()
        for days in range(1, 4):
            self.world.flow.deliver(now + timedelta(days=days))
        assert self.world.flow.deliveries.list() == ()

    def check(self) -> None:
        """Everything is there, each once, whatever failed on the way; only notices may come twice, by one id."""
        new = [each for each in self.everything()[len(self.before) :] if each.record_kind != "delivery"]
        assert Counter(str(each.kind) for each in new) == Counter(
            ("stage_left", "stage_entered", "task_added", "created", "document_issued", "activity_added")
        )
        deal: Any = self.store.get("opportunity", self.deal.id)
        assert (deal.stage, [task.code for task in deal.tasks]) == ("sign", ["t"])
        assert replay(self.store.events("opportunity", deal.id)) == deal
        ids = [each.id for each in self.post.got]
        assert sorted(set(ids)) == sorted(f"opportunity:{deal.id}:3:1:small:tell:{who}" for who in ("li", "wang"))


KINDS: dict[str, Callable[[], BaseException]] = {
    "OSError": lambda: OSError("no answer"),
    "KeyboardInterrupt": KeyboardInterrupt,
    "MemoryError": MemoryError,
    "RecursionError": lambda: RecursionError("deep"),
}


QUICK = ("OSError", "KeyboardInterrupt")
"""What is raised at every call in the quick run too: what is caught, and what is not."""


def sweep(error: Callable[[], BaseException], make: Callable[[], Swept], step: int = 1) -> list[str]:
    """Fail every *step*-th call in turn, each in a world of its own; return the calls of a run that fails nowhere."""
    failed: sf.PortError | None = None
    for fail_at in range(1, 1_000, step):
        swept = make()
        swept.wire.arm(fail_at)
        try:
            swept.advance()
        except sf.PortError as raised:
            failed = raised
            assert swept.everything() == swept.before  # nothing of it is there
        except KeyboardInterrupt:
            pass
        names, is_through = swept.wire.names, swept.wire.calls < fail_at
        swept.wire.arm(0)
        if swept.everything() == swept.before:
            swept.advance()
        moved: Any = swept.store.get("opportunity", swept.deal.id)
        assert moved.stage == "sign"
        swept.come_to_rest()
        swept.check()
        if is_through:
            assert failed is None or isinstance(failed.__cause__, error().__class__)
            return names
    raise AssertionError("an operation asks fewer than a thousand times")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_call_fails_nothing_is_lost_or_done_twice(kind: str):
    """REL-7, I-7: each call of each port and of the handler fails once: before the save nothing is there, after it all
    of it is, and what it set off is made up for."""
    names = sweep(KINDS[kind], lambda: Swept(KINDS[kind]), step=1 if kind in QUICK else 4)
    assert {"handler begins", "handler ends", "notifier.notify", "documents.number", "store.save"} <= set(names)


def test_whatever_call_fails_over_a_database(tmp_path: Any):
    """REL-7, I-7: the same where every save is a transaction; some of the calls, the long run takes all of them."""
    engine = prepared_engine(f"sqlite:///{tmp_path / 'sales.db'}")
    sweep(KINDS["OSError"], lambda: Swept(KINDS["OSError"], fresh_store(engine)), step=19)
    engine.dispose()


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_call_fails_over_a_database_every_one(kind: str, tmp_path: Any):
    """REL-7, I-7: every call point."""
    engine = prepared_engine(f"sqlite:///{tmp_path / 'sales.db'}")
    sweep(KINDS[kind], lambda: Swept(KINDS[kind], fresh_store(engine)))
    engine.dispose()


@pytest.mark.parametrize("kind", ["OSError", "KeyboardInterrupt"])
def test_whatever_call_of_deliver_fails_it_is_made_up_for(kind: str):
    """REL-7: a call of `deliver` that fails says whose fault it is, and the next one does the rest: every third."""
    ports: set[str] = set()
    for fail_at in range(1, 1_000, 3):
        swept = Swept(KINDS[kind])
        swept.wire.error = KeyboardInterrupt
        swept.wire.arm(0)
        with pytest.raises(KeyboardInterrupt):
            crash(swept)
        swept.wire.error = KINDS[kind]
        swept.wire.arm(fail_at)
        try:
            swept.flow.deliver(swept.world.clock.now() + HOUR)
        except sf.PortError as raised:
            ports.add(raised.port)
        except KeyboardInterrupt:
            pass
        is_through = swept.wire.calls < fail_at
        swept.wire.arm(0)
        swept.come_to_rest()
        swept.check()
        if is_through:
            assert ports <= {"store"}
            return
    raise AssertionError("it asks fewer than a thousand times")


def crash(swept: Swept) -> None:
    """Advance, and die at the first thing that is done after the save."""
    swept.wire.arm(0)
    probe = Swept(swept.wire.error)
    probe.wire.arm(0)
    probe.advance()
    after_save = probe.wire.names.index("store.save") + 2
    swept.wire.arm(after_save)
    swept.advance()
