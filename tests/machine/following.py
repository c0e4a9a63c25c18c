"""What follows by itself on a step, in the library and in the reference: the tasks that automations make (RULE-3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from tests.machine.reference import automation
from tests.machine.reference.people import Plain

ADD_TASK = "opportunities.add_task"

Key = tuple[str, str]


def parted(tail: list[Any], operation: str) -> tuple[list[Any], list[Any]]:
    """Return the events of the operation itself, and those of what followed; what is about deliveries is neither."""
    told = [event for event in tail if event.record_kind != "delivery"]
    followed = [event for event in told if event.operation == ADD_TASK != operation]
    return [event for event in told if event not in followed], followed


def check_followed(
    run: Any, operation: str, person: str, before: Plain | None, changed: Collection[Key], made: Collection[Key],
    later: list[Any],
) -> None:  # fmt: skip
    """
    Carry out what the change set off on the reference, and compare each step with the library's.

    Args:
        before: The deal that the operation was about, as it was.
        changed, made: What the operation wrote, and what of that is new.
        later: The events of what followed in the library, in order.
    """
    books = run.books
    for key in sorted(changed):
        after = books.records.get(key)
        if key[0] != "opportunity" or after is None:
            continue
        is_main = before is not None and before["id"] == key[1] and before["kind"] == key[0]
        if not is_main and key not in made:
            continue
        for delivery in automation.set_off(books, operation, person, before if is_main else None, after):
            books.deliveries.append(delivery)
            _attempt(run, delivery, later, run.clock.now())
    assert later == []
    check_waiting(run)


def deliver(run: Any, after: timedelta) -> None:
    """Call `deliver` as if so much time had gone by, on the library and on the reference."""
    now, books = run.clock.now() + after, run.books
    books.now = run.clock.now()
    books.today = books.now.astimezone(run.zone).date()
    check_waiting(run)
    due = [each for each in run.flow.deliveries.list("waiting") if each.next_at <= now]
    due.sort(key=lambda each: (each.created_at, each.id))
    known = {_of_library(each): each for each in due}
    assert {key for key, each in _waiting(run).items() if each["next_at"] <= now} == set(known)
    left = _waiting(run)
    in_order = [left[key] for key in known]
    report = run.flow.deliver(now)
    _, later = parted(run._tail(), "flow.deliver")
    for delivery in in_order:
        delivery["attempts"] += 1
        _attempt(run, delivery, later, now)
    assert later == []
    ended = Counter("died" if each["is_dead"] else "waiting" for each in in_order if each in books.deliveries)
    assert (report.waiting, report.died) == (ended["waiting"], ended["died"])
    assert report.delivered == len(in_order) - ended.total()
    check_waiting(run)


def _attempt(run: Any, delivery: Plain, later: list[Any], begun: datetime) -> None:
    """One attempt on the reference; where it makes a task, so did the library, next in its order."""
    effect = automation.attempt(run.books, delivery)
    if effect is None:
        automation.put_off(delivery, begun)
        return
    run.books.deliveries.remove(delivery)
    if effect() is not False:
        key = ("opportunity", delivery["deal"])
        run.books.records[key]["version"] += 1
        run._check_written(key, [later.pop(0)], ADD_TASK, delivery["by"])


def check_waiting(run: Any) -> None:
    """What is not done is the same on both sides, with its attempts and when it is due."""
    kept = {_of_library(each): each for each in run.flow.deliveries.list()}
    told = {_of_reference(each): each for each in run.books.deliveries}
    assert set(kept) == set(told)
    for key, each in kept.items():
        assert (each.attempts, each.status == "dead") == (told[key]["attempts"], told[key]["is_dead"])
        assert told[key]["is_dead"] or each.next_at == told[key]["next_at"]


def _waiting(run: Any) -> dict[Any, Plain]:
    return {_of_reference(each): each for each in run.books.deliveries if not each["is_dead"]}


def _of_library(delivery: Any) -> Any:
    version = int(delivery.event.rsplit(":", 2)[1])
    return (
        delivery.record_id, version, delivery.process, delivery.process_version, delivery.automation, delivery.on,
        delivery.stage, delivery.at, delivery.by,
    )  # fmt: skip


def _of_reference(delivery: Plain) -> Any:
    names = "deal version process process_version automation on stage at by"
    return tuple(delivery[name] for name in names.split())
