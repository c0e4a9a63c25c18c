"""A delivery: one automation that one event set off, kept until it is done (RULE-3)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from attrs import frozen

from salesflow.model.enums import DeliveryStatus
from salesflow.model.reasons import Reason


@frozen(kw_only=True)
class Delivery:
    """
    An automation on its way: written together with the change that set it off, gone when its action is done.

    Args:
        id: Made of the event's id and the automation's code: the same event never sets it off twice.
        automation: The automation's code.
        process, process_version: The template version that has it; None where the application itself has it.
        event: The id of the event.
        on: What happened, in the automation's word.
        record_kind, record_id: What it happened to.
        stage: The stage that was entered or left, or in which the record stood; None where it has none.
        at: When it happened, in UTC.
        by: Who caused it: the action is done as this person.
        depth: How many automations set each other off up to this one, which counts.
        status: Whether it waits or is dead.
        attempts: How often it was begun.
        next_at: When it is due, in UTC. While it is being done that lies ahead, so that nobody else begins it.
        reasons: Why the last attempt failed; empty before the first failure.

    Source: RULE-3.
    """

    KIND: ClassVar[str] = "delivery"

    id: str
    version: int
    automation: str
    process: str | None = None
    process_version: int | None = None
    event: str
    on: str
    record_kind: str
    record_id: str
    stage: str | None = None
    at: datetime
    by: str
    depth: int = 1
    status: DeliveryStatus = DeliveryStatus.WAITING
    attempts: int = 0
    next_at: datetime
    reasons: tuple[Reason, ...] = ()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
