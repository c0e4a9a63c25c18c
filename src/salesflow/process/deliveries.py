"""
A delivery from its beginning to its end: begun, failed and waiting, dead, taken up again (RULE-3).

It is begun before its action is done, and counted then: what takes the whole process down with it is counted too, and
dies like what only fails. Times are given; nothing here reads a clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from salesflow.model import Decision, Delivery, DeliveryStatus, Event, EventBuilder, EventKind, Reason, created
from salesflow.process.automation import Match

WAITS = (
    timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1),
)  # fmt: skip
"""How long a delivery waits after each failed attempt; after one more it is dead."""

MOST_ATTEMPTS = len(WAITS) + 1
"""So often a delivery is begun."""

LEASE = timedelta(minutes=10)
"""So long nobody else begins a delivery that was begun: whoever began it is at work, or is gone by then."""

DEEPEST_CHAIN = 8
"""So many automations may set each other off, one after the other."""

DELIVER = "flow.deliver"
"""The operation that stands in the events of deliveries."""


def delivery_of(match: Match, *, process: str | None, process_version: int | None, depth: int) -> Delivery:
    """
    Return the delivery of an automation that an event set off, begun by whoever saves the change.

    Args:
        process, process_version: The template version that has the automation; None for the application's own.
        depth: Its place in a chain, from 1; beyond `DEEPEST_CHAIN` it is dead from the beginning.

    Source: RULE-3.
    """
    event, automation = match.event, match.automation
    is_too_deep = depth > DEEPEST_CHAIN
    return Delivery(
        id=f"{event.id}:{process or ''}:{automation.code}", version=1, automation=automation.code, process=process,
        process_version=process_version, event=event.id, on=automation.on, record_kind=event.record_kind,
        record_id=event.record_id, stage=match.stage, at=event.at, by=event.by, depth=depth,
        status=DeliveryStatus.DEAD if is_too_deep else DeliveryStatus.WAITING, attempts=0 if is_too_deep else 1,
        next_at=event.at + LEASE,
        reasons=(Reason("automation_chain_too_long", most=DEEPEST_CHAIN),) if is_too_deep else (),
        created_at=event.at, created_by=event.by, updated_at=event.at,
    )  # fmt: skip


def created_event(delivery: Delivery) -> Event:
    """Return the event that brings a new delivery into being."""
    return created(delivery, at=delivery.at, by=delivery.by, operation=DELIVER)


def begin(delivery: Delivery, *, at: datetime) -> Decision:
    """
    Decide to begin a delivery that waits; one that was begun often enough and never came back dies instead.

    Source: RULE-3.
    """
    builder = _builder(delivery, at)
    if delivery.attempts >= MOST_ATTEMPTS:
        reasons = delivery.reasons or (Reason("automation_lost", automation=delivery.automation),)
        builder.add(EventKind.DELIVERY_FAILED, status=DeliveryStatus.DEAD, reasons=reasons)
    else:
        builder.add(EventKind.DELIVERY_BEGUN, attempts=delivery.attempts + 1, next_at=builder.at + LEASE)
    return builder.decision()


def fail(delivery: Delivery, reasons: Sequence[Reason], *, at: datetime, is_hopeless: bool) -> Decision:
    """
    Decide what becomes of a delivery whose attempt failed: it waits longer each time, and dies of the last one.

    Args:
        reasons: Why it failed.
        at: When the attempt was begun: the wait counts from there.
        is_hopeless: Whether no further attempt can succeed.

    Source: RULE-3.
    """
    builder = _builder(delivery, at)
    told = tuple(reasons)
    if is_hopeless or delivery.attempts >= MOST_ATTEMPTS:
        builder.add(EventKind.DELIVERY_FAILED, status=DeliveryStatus.DEAD, reasons=told)
    else:
        next_at = builder.at + WAITS[delivery.attempts - 1]
        builder.add(EventKind.DELIVERY_FAILED, next_at=next_at, reasons=told)
    return builder.decision()


def retry(delivery: Delivery, *, at: datetime) -> Decision:
    """Decide to try a delivery anew, as if it had never been begun: it is due at once."""
    builder = _builder(delivery, at)
    builder.add(EventKind.DELIVERY_RETRIED, status=DeliveryStatus.WAITING, attempts=0, next_at=builder.at)
    return builder.decision()


def end(delivery: Delivery, *, at: datetime) -> Decision:
    """Decide that nothing is left to do: the delivery goes, and its tombstone says that it was there."""
    builder = _builder(delivery, at)
    builder.add(EventKind.DELETED)
    return builder.decision()


def _builder(delivery: Delivery, at: datetime) -> EventBuilder:
    return EventBuilder(delivery, at=at, by=delivery.by, operation=DELIVER)
