"""What an automation could not do at once: failures, retries, dead letters, chains, crashes (RULE-3, REL-7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import salesflow as sf
from salesflow.app.automation import MOST_LISTED
from salesflow.app.automation_actions import LONGEST_ERROR
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, Delivery, replay
from salesflow.ports import UnitOfWork
from salesflow.process.deliveries import LEASE, MOST_ATTEMPTS, WAITS
from salesflow.testing import CountingNumbers
from tests.app.test_automation import Postbox, Told, left, process, small, world
from tests.app.world import PROCESSES, BareStore, World

HOUR = timedelta(hours=1)
H = Automation("h", "stage_left", call="h")


class Failing:
    """A handler that raises so many times, and then does its work."""

    def __init__(self, error: Callable[[], BaseException], times: int = 1_000) -> None:
        self.error, self.times, self.calls = error, times, 0

    def __call__(self, acting: sf.Acting, delivery: Delivery) -> None:
        self.calls += 1
        if self.calls <= self.times:
            raise self.error()


class Speechless(Exception):
    """An error whose text fails too."""

    def __str__(self) -> str:
        raise ValueError("no words")


def failing(error: Callable[[], BaseException], times: int = 1_000) -> tuple[World, sf.Opportunity, Failing]:
    """A world whose deal, when it is advanced, calls a handler that fails."""
    handler = Failing(error, times)
    w = world(H, handlers={"h": handler})
    return w, small(w), handler


def refusal() -> sf.Refused:
    return sf.Refused("their.own", [sf.Reason("credit_limit", limit=5), sf.Reason("reason_missing")])


class Odd:
    """A reason of somebody else's."""

    code = "odd"
    facts: dict[str, Any] = {}  # noqa: RUF012 - as `Because` has it


ERRORS: dict[str, tuple[Callable[[], Exception], str]] = {
    "an error": (lambda: ValueError("no"), "it failed: ValueError: no"),
    "memory": (MemoryError, "it failed: MemoryError: "),
    "recursion": (lambda: RecursionError("deep"), "it failed: RecursionError: deep"),
    "not found": (lambda: sf.NotFound("lead", "l9"), "it failed: NotFound: there is no lead 'l9', or you may not "
                                                     "see it"),
    "conflict": (lambda: sf.Conflict("lead", "l9", 1, 2), "it failed: Conflict: lead 'l9' was expected at version 1 "
                                                          "and is at version 2; load it again and retry"),
    "odd refusal": (lambda: sf.Refused("x", [Odd()]), "it failed: Refused: x is refused: "),
    "no reasons": (lambda: sf.Refused("x", []), "it failed: Refused: x is refused: "),
    "speechless": (Speechless, "it failed: Speechless"),
    "hidden characters": (lambda: ValueError("a\0b\ud800\u202ec"), "it failed: ValueError: a b  c"),
    "group": (lambda: ExceptionGroup("many", [ValueError()]), "it failed: ExceptionGroup: many (1 sub-exception)"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ERRORS)
def test_a_failure_undoes_nothing_and_waits(kind: str):
    """RULE-3, REL-7: whatever a handler raises, the change stands as it is and is not repeated; the rest waits."""
    error, words = ERRORS[kind]
    w, deal, handler = failing(error)
    after = w.acting("li").opportunities.advance(deal)
    assert (after.stage, after.version) == ("sign", deal.version + 1)
    assert w.acting("li").opportunities.get(deal.id) == after
    (waiting,) = left(w)
    assert (waiting.status, waiting.attempts, handler.calls) == ("waiting", 1, 1)
    assert "; ".join(map(str, waiting.reasons)).startswith(words)
    assert replay(w.store.events("delivery", waiting.id)) == waiting


def test_a_refusal_keeps_its_reasons():
    """RULE-3: what an ordinary operation refuses is told by its codes, the application's own among them."""
    w, deal, _ = failing(refusal)
    w.acting("li").opportunities.advance(deal)
    (waiting,) = left(w)
    assert [(reason.code, reason.facts) for reason in waiting.reasons] == [
        ("credit_limit", {"limit": 5}), ("reason_missing", {}),
    ]  # fmt: skip


def test_what_a_handler_says_is_cut():
    """REL-8: a very long text is no reason to keep it."""
    w, deal, _ = failing(lambda: ValueError("x" * 100_000))
    w.acting("li").opportunities.advance(deal)
    assert len(left(w)[0].reasons[0].facts["error"]) == LONGEST_ERROR


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_stops_the_process_stops_it(error: type[BaseException]):
    """REL-7: the change is saved and stands; what was set off is due when its lease is over."""
    w, deal, handler = failing(error, times=1)
    with pytest.raises(error):
        w.acting("li").opportunities.advance(deal)
    assert w.acting("li").opportunities.get(deal.id).stage == "sign"
    now = w.clock.now()
    assert w.flow.deliver(now + LEASE - timedelta(seconds=1)).delivered == 0
    assert handler.calls == 1
    assert w.flow.deliver(now + LEASE).delivered == 1
    assert (handler.calls, left(w)) == (2, ())
    w.acting("li").opportunities.win(deal.id)  # and the flow goes on as ever
    assert handler.calls == 3


def test_it_is_tried_again_with_growing_waits_and_dies():
    """RULE-3: by the time that is given; never before it is due; the dead letter stays, and is tried no more."""
    w, deal, handler = failing(lambda: ValueError("no"))
    w.acting("li").opportunities.advance(deal)
    now = w.clock.now()
    for attempt, wait in enumerate(WAITS, 1):
        assert w.flow.deliver(now + wait - timedelta(microseconds=1)).failed == ()
        now += wait
        report = w.flow.deliver(now)
        is_last = attempt == len(WAITS)
        assert (report.delivered, report.waiting, report.died) == (0, int(not is_last), int(is_last))
        assert report.failed == left(w)
    assert handler.calls == MOST_ATTEMPTS
    assert w.flow.deliver(now + timedelta(days=365)).failed == ()
    (dead,) = w.flow.deliveries.list("dead")
    assert (dead.status, w.flow.deliveries.list("waiting")) == ("dead", ())
    assert w.acting("li").opportunities.get(deal.id).version == deal.version + 1


def test_what_failed_and_then_succeeds_is_gone():
    """RULE-3: done is done, and its tombstone says that it was there."""
    w, deal, handler = failing(lambda: ValueError("no"), times=2)
    w.acting("li").opportunities.advance(deal)
    (waiting,) = left(w)
    assert w.flow.deliver(w.clock.now() + HOUR).waiting == 1
    assert w.flow.deliver(w.clock.now() + 2 * HOUR).delivered == 1
    assert (handler.calls, left(w)) == (3, ())
    tombstone: Any = w.store.tombstone("delivery", waiting.id)
    assert (tombstone.by, tombstone.operation) == ("li", "flow.deliver")
    assert w.flow.deliver(w.clock.now() + 90 * HOUR) == sf.DeliveryReport()


def test_what_takes_its_process_down_each_time_dies_too():
    """RULE-3, REL-7: an attempt counts when it begins, so that it ends although nothing ever comes back from it."""
    w, deal, handler = failing(SystemExit)
    with pytest.raises(SystemExit):
        w.acting("li").opportunities.advance(deal)
    now = w.clock.now()
    for _ in range(MOST_ATTEMPTS - 1):
        now += LEASE
        with pytest.raises(SystemExit):
            w.flow.deliver(now)
    report = w.flow.deliver(now + LEASE)
    assert (report.died, [reason.code for reason in report.failed[0].reasons]) == (1, ["automation_lost"])
    assert handler.calls == MOST_ATTEMPTS


def test_what_is_gone_by_then_is_not_begun():
    """RULE-3, HIST-3: of what was due when `deliver` looked, each is claimed by its version before it is done."""
    done: list[str] = []

    def handler(acting: sf.Acting, delivery: Delivery) -> None:
        if delivery.attempts == 1:
            raise OSError("later")
        done.append(delivery.id)
        for other in w.flow.deliveries.list():
            if other.id != delivery.id:
                w.flow.deliveries.drop(other)

    w = world(H, handlers={"h": handler})
    for _ in range(3):
        w.acting("li").opportunities.advance(small(w))
    assert w.flow.deliver(w.clock.now() + HOUR) == sf.DeliveryReport(delivered=1)
    assert (len(done), left(w)) == (1, ())


def test_one_that_fails_stops_no_other():
    """RULE-3: of a poison event the others are delivered, those of the same record too."""
    told = Told()
    poison = Failing(lambda: ValueError("poison"))
    w = world(
        Automation("bad", "stage_left", call="bad"), Automation("good", "stage_left", call="good"),
        handlers={"bad": poison, "good": told},
    )  # fmt: skip
    for _ in range(3):
        w.acting("li").opportunities.advance(small(w))
    assert len(told.got) == 3
    w.flow.deliver(w.clock.now() + HOUR)
    assert (poison.calls, len(left(w)), len(told.got)) == (6, 3, 3)


def test_more_than_a_page_is_delivered():
    """RULE-3: everything that is due, the oldest first; a report lists only so many."""
    handler = Failing(lambda: OSError("down"))
    w = world(H, handlers={"h": handler})
    li = w.acting("li").opportunities
    deal, count = small(w), 250
    for number in range(count):
        li.change_stage(deal.id, ("sign", "talk")[number % 2], reason="there and back")
        w.clock.move(timedelta(seconds=1))
    assert len(left(w)) == count
    report = w.flow.deliver(w.clock.now() + HOUR)
    assert (report.waiting, len(report.failed)) == (count, count)
    assert [each.at for each in report.failed] == sorted(each.at for each in report.failed)
    assert count <= MOST_LISTED
    handler.times = 0
    assert w.flow.deliver(w.clock.now() + 9 * HOUR) == sf.DeliveryReport(delivered=count)


def test_dead_letters_are_retried_and_dropped_by_hand():
    """RULE-3: taken up again it is due at once with all its attempts; dropped it is gone, and so is what it was for."""
    w, deal, handler = failing(lambda: ValueError("no"), times=MOST_ATTEMPTS)
    w.acting("li").opportunities.advance(deal)
    now = w.clock.now()
    for wait in WAITS:
        now += wait
        w.flow.deliver(now)
    (dead,) = w.flow.deliveries.list("dead")
    again = w.flow.deliveries.retry(dead)
    assert (again.status, again.attempts, again.next_at) == ("waiting", 0, w.clock.now())
    with pytest.raises(sf.Conflict):
        w.flow.deliveries.retry(dead)
    with pytest.raises(sf.Conflict):
        w.flow.deliveries.drop(dead)
    assert w.flow.deliver(w.clock.now()).delivered == 1
    for gone in (again, again.id):
        with pytest.raises(sf.NotFound):
            w.flow.deliveries.retry(gone)
        with pytest.raises(sf.NotFound):
            w.flow.deliveries.drop(gone)
    handler.times = handler.calls + 1
    w.acting("li").opportunities.win(deal.id)
    (waiting,) = left(w)
    w.flow.deliveries.drop(waiting.id)
    assert (left(w), w.flow.deliver(now + HOUR)) == ((), sf.DeliveryReport())


def test_what_is_asked_of_the_desk_is_checked():
    """RULE-3: a status that there is not, a time without zone, what is no delivery."""
    w, deal, _ = failing(lambda: ValueError("no"))
    with pytest.raises(sf.InvalidInput, match="status"):
        w.flow.deliveries.list("done")
    with pytest.raises(sf.InvalidInput, match="now"):
        w.flow.deliver(datetime(2026, 1, 5))
    wrong: Any
    for wrong in (deal, 5, None):
        with pytest.raises(sf.InvalidInput):
            w.flow.deliveries.retry(wrong)


def test_an_automation_that_is_no_more_is_a_dead_letter():
    """RULE-3: a flow that does not have it any more cannot do it, and says so."""
    w, deal, _ = failing(lambda: ValueError("no"))
    w.acting("li").opportunities.advance(deal)
    without = sf.SalesFlow(**{**w.ports, "processes": [*PROCESSES, process()]})
    report = without.deliver(w.clock.now() + HOUR)
    assert (report.died, [reason.code for reason in report.failed[0].reasons]) == (1, ["automation_unknown"])


def test_a_record_that_is_no_more_is_a_dead_letter():
    """RULE-3, LEAD-11: nothing is left to be told of."""
    own = [Automation("tell", "lead_disqualified", notify=AutomaticNotice(["owner"], "x"))]
    post = Postbox()
    w = World(automation=own, notifier=Wrecked(post))
    lead = w.disqualified_lead()
    w.acting("zhang").leads.delete(lead)
    report = w.flow.deliver(w.clock.now() + HOUR)
    assert [str(reason) for reason in report.failed[0].reasons] == ["the lead is deleted"]
    assert (report.died, post.got) == (1, [])


class Wrecked:
    """A notifier that fails the first time."""

    def __init__(self, post: Postbox) -> None:
        self.post, self.calls = post, 0

    def notify(self, notification: Any) -> None:
        """Fail, and the next time hand it on."""
        self.calls += 1
        if self.calls == 1:
            raise OSError("no answer")
        self.post.notify(notification)


def test_a_notifier_that_fails_is_asked_again_with_the_same_id():
    """RULE-3, I-20: so that whoever was told already need not be told twice."""
    post = Postbox()
    notifier = Wrecked(post)
    w = world(Automation("tell", "won", notify=AutomaticNotice(["team"], "won")), notifier=notifier)
    deal = small(w, team=[sf.TeamMember("wang"), sf.TeamMember("feng")])
    w.acting("li").opportunities.win(w.acting("li").opportunities.advance(deal))
    (waiting,) = left(w)
    assert [reason.facts["error"] for reason in waiting.reasons] == ["PortError: port notifier: OSError: no answer"]
    w.flow.deliver(w.clock.now() + HOUR)
    assert post.readers == ["li", "wang", "feng"]
    assert [each.id for each in post.got] == [f"{waiting.id}:{person}" for person in post.readers]


def test_a_flow_without_the_port_leaves_it_waiting():
    """RULE-3: another process of the application may have it; here nobody can be told."""
    w = world(Automation("tell", "stage_entered", notify=AutomaticNotice(["owner"], "x")), notifier=Wrecked(Postbox()))
    small(w)
    bare = sf.SalesFlow(**{**w.ports, "notifier": None})
    report = bare.deliver(w.clock.now() + HOUR)
    assert (report.waiting, [reason.code for reason in report.failed[0].reasons]) == (1, ["notifier_unavailable"])
    assert w.flow.deliver(w.clock.now() + 9 * HOUR).delivered == 1


# repeats


class Amnesiac:
    """A store that cannot save what became of a delivery, as if the process died before it: its actions are done."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self._store = store
        self.is_on = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Save all but the end of a delivery."""
        (first, *_) = unit.writes
        if self.is_on and first.kind == "delivery" and (first.record is None or first.record.attempts):
            raise OSError("no answer")
        self._store.save(unit)


@pytest.mark.parametrize("what", ["create_task", "issue_document"])
def test_an_action_that_is_delivered_again_repeats_nothing(what: str):
    """I-20, RULE-3: done, and not known to be done: the second time nothing happens."""
    action: Any = {"create_task": AutomaticTask("t", assignee="owner"), "issue_document": "quote"}[what]
    w = world(Automation("a", "stage_entered", stage="sign", **{what: action}), through=Amnesiac,
              documents=CountingNumbers())  # fmt: skip
    li = w.acting("li").opportunities
    line = sf.ProductLine("1", "Part", Decimal(2), sf.Money(5, "CNY"))
    deal = li.advance(li.edit(small(w), products=[line]))
    assert len(left(w)) == 1
    deal = li.change_owner(deal, "chen", old_owner_role="sales")  # another assignee is another request
    w.ports["store"].is_on = False
    assert w.flow.deliver(w.clock.now() + HOUR).delivered == 1
    assert w.acting("chen").opportunities.get(deal.id) == deal
    assert left(w) == ()


def test_a_store_without_keys_makes_a_task_once_too():
    """I-20: the stage has it already, which is enough to know."""
    forgetful = Amnesiac(sf.MemoryStore())
    w = world(
        Automation("a", "stage_entered", create_task=AutomaticTask("t")), through=lambda _: BareAmnesiac(forgetful)
    )
    deal = small(w)
    forgetful.is_on = False
    assert w.flow.deliver(w.clock.now() + HOUR).delivered == 1
    assert len(w.acting("li").opportunities.get(deal.id).tasks) == 1


class BareAmnesiac(BareStore):
    """The three methods of a store that forgets."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)


def test_a_handler_is_idempotent_by_the_delivery():
    """I-20, HIST-3: the id of the delivery is a key: what was done with it is done once, however often it is tried."""

    def handler(acting: sf.Acting, delivery: Delivery) -> None:
        acting.once(delivery.id).opportunities.add_activity(delivery.record_id, "note", "told")
        if delivery.attempts < 3:
            raise OSError("half-way")

    w = world(H, handlers={"h": handler})
    deal = w.acting("li").opportunities.advance(small(w))
    for hours in (1, 2):
        w.flow.deliver(w.clock.now() + hours * HOUR)
    assert [each.text for each in w.acting("li").opportunities.get(deal.id).activities] == ["told"]
    assert left(w) == ()
