"""
Automation around every change: what it sets off is saved with it, and done after it (RULE-3).

For each automation that an event sets off a delivery is part of the change's own unit of work, so that nothing is lost
with the process, and nothing is there without the change. Then the deliveries of this change are worked off in line,
one after the other: what a handler changes comes after it, never in between. Nothing that happens here undoes or
repeats the change; what failed stays, for `flow.deliver(now)`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from threading import local
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from salesflow.app.automation_actions import Actions, Hopeless, trouble
from salesflow.app.kernel import Kernel
from salesflow.errors import Conflict, InvalidInput
from salesflow.model import Automation, Delivery, DeliveryStatus, Event, Reason, apply, utc
from salesflow.ports import UnitOfWork, Write
from salesflow.process import AutomationTable, Match, by_template
from salesflow.process import deliveries as decisions
from salesflow.visibility import FieldCompare, all_of

if TYPE_CHECKING:
    from salesflow.app.acting import Acting

Handler = Callable[["Acting", Delivery], object]
"""
What an application does itself: it gets what whoever caused the event may do, and the delivery, whose id is the same
each time it is tried. What it returns counts for nothing; what it raises is a failure.
"""

MOST_AT_ONCE = 100
"""So many deliveries are worked off after one change, with those that they set off; the rest wait for `deliver`."""

MOST_LISTED = 1_000
"""A report lists at most so many; the counts are of all."""

_PAGE = 100


@frozen
class DeliveryReport:
    """
    What one call of `SalesFlow.deliver` did.

    Args:
        delivered: How many deliveries are done, those among them that were set off meanwhile.
        waiting: How many failed and wait for a later call.
        died: How many are dead letters (死信) from now on.
        failed: Those that failed or died, with their reasons, the first 1,000.

    Source: RULE-3.
    """

    delivered: int = 0
    waiting: int = 0
    died: int = 0
    failed: tuple[Delivery, ...] = field(default=())


class _Work(local):
    """
    What this thread is working off.

    Attributes:
        queue: What is still to be done; None while nothing is.
        current: What is being done, or None.
        tell: Told of each delivery that ended: what it is now, None where it is done.
    """

    queue: deque[Delivery] | None = None
    current: Delivery | None = None
    tell: Callable[[Delivery | None], None] | None = None


class Automator:
    """
    Writes deliveries beside changes, and works them off.

    Args:
        kernel: The ports.
        automations: The application's own.
        actions: What an automation does.

    Raises:
        InvalidInput: A template calls a handler that the application did not register.
    """

    def __init__(self, kernel: Kernel, automations: Iterable[Automation], actions: Actions) -> None:
        self._kernel, self._actions = kernel, actions
        self._work = _Work()
        own = tuple(automations)
        actions.require_handlers(own, "the application")
        self._known: dict[tuple[str | None, int | None], Mapping[str, Automation]] = {}
        self._tables: dict[tuple[str | None, int | None], AutomationTable] = {}
        self._add(None, None, own)
        for engine in kernel.processes.every():
            template = engine.process
            actions.require_handlers(template.automation, f"{template.id} version {template.version}")
            self._add(template.id, template.version, template.automation)

    def _add(self, process: str | None, version: int | None, automations: tuple[Automation, ...]) -> None:
        self._known[process, version] = {each.code: each for each in automations}
        table = AutomationTable(each for each in automations if self._actions.can_do(each))
        if table:
            self._tables[process, version] = table

    @property
    def is_needed(self) -> bool:
        """Whether anything can be set off at all."""
        return bool(self._tables)

    def set_off(self, writes: Iterable[Write]) -> tuple[Delivery, ...]:
        """
        Return the deliveries that *writes* set off, begun already; they are to be saved together with them.

        Source: RULE-3.
        """
        running = self._work.current
        depth = 1 if running is None else running.depth + 1
        found = []
        for write in writes:
            if write.record is None or write.kind not in ("opportunity", "lead"):
                continue
            matches = [
                decisions.delivery_of(match, process=process, process_version=version, depth=depth)
                for process, version, match in self._matches(write.record, write.events)
                if match.event.by
            ]
            found += matches
        return tuple(found)

    def _matches(self, record: Any, events: tuple[Event, ...]) -> Iterator[tuple[str | None, int | None, Match]]:
        own = self._tables.get((None, None))
        if own is not None:
            for match in own.matching(record, events):
                yield None, None, match
        if record.KIND == "opportunity":
            for process, version, part in by_template(record, events):
                table = self._tables.get((process, version))
                if table is not None:
                    for match in table.matching(record, part):
                        yield process, version, match

    def run(self, deliveries: Iterable[Delivery]) -> bool:
        """
        Work off what was just saved; called by a handler's own operation, only put it at the end of the queue.

        Nothing is raised but what stops the process, such as `KeyboardInterrupt`: the change is saved already, and
        what could not be done is due again when its lease is over.

        Returns:
            Whether it was worked off.
        """
        work = self._work
        if work.queue is not None:
            for delivery in deliveries:
                if delivery.status is DeliveryStatus.WAITING:
                    work.queue.append(delivery)
                elif work.tell is not None:
                    work.tell(delivery)
            return False
        self._work_off(deque(each for each in deliveries if each.status is DeliveryStatus.WAITING), None)
        return True

    def deliver(self, now: datetime) -> DeliveryReport:
        """Begin and work off every delivery that is due; `SalesFlow.deliver` says what is raised."""
        at = utc(now, "now")
        if self._work.queue is not None:
            raise InvalidInput("deliver", at, "is not for handlers: what they set off is done after them anyway")
        counts = {"delivered": 0, "waiting": 0, "died": 0}
        failed: list[Delivery] = []

        def tell(after: Delivery | None) -> None:
            if after is None:
                counts["delivered"] += 1
                return
            counts["waiting" if after.status is DeliveryStatus.WAITING else "died"] += 1
            failed.extend([after][: MOST_LISTED - len(failed)])

        for delivery in self._due(at):
            events = decisions.begin(delivery, at=at).events
            begun = apply(delivery, events)
            try:
                self._save(Write(Delivery.KIND, delivery.id, delivery.version, begun, events))
            except Conflict:
                continue  # somebody else began it, or it is gone
            if begun.status is DeliveryStatus.DEAD:
                tell(begun)
            else:
                self._work_off(deque((begun,)), tell)
        return DeliveryReport(counts["delivered"], counts["waiting"], counts["died"], tuple(failed))

    def _due(self, at: datetime) -> Iterator[Delivery]:
        """Give what is due, the oldest first, a page at a time."""
        waits = FieldCompare("status", "==", DeliveryStatus.WAITING)
        is_due = all_of((waits, FieldCompare("next_at", "<=", at)))
        after = None
        while True:
            page = self._kernel.query(Delivery.KIND, is_due, order_by="created_at", limit=_PAGE, after=after)
            yield from page
            if len(page) < _PAGE:
                return
            after = (page[-1].created_at, page[-1].id)

    def _work_off(self, queue: deque[Delivery], tell: Callable[[Delivery | None], None] | None) -> None:
        """
        Do what the queue holds, and what is put there meanwhile.

        Args:
            tell: Told of each end; None where the deliveries follow on a change that is saved, and nothing may be
                raised any more.
        """
        work = self._work
        work.queue, work.tell = queue, tell
        try:
            for _ in range(MOST_AT_ONCE):
                if not queue:
                    break
                delivery = queue.popleft()
                try:
                    self._settle(delivery, *self._attempt(delivery))
                except Exception:
                    if tell is not None:
                        raise
        finally:
            work.queue = work.tell = None

    def _attempt(self, delivery: Delivery) -> tuple[tuple[Reason, ...], bool]:
        """Do what the delivery asks for; return why it failed, if it did, and whether that is for good."""
        self._work.current = delivery
        try:
            known = self._known.get((delivery.process, delivery.process_version), {})
            self._actions.do(known.get(delivery.automation), delivery)
        except Exception as error:
            return trouble(error), isinstance(error, Hopeless)
        finally:
            self._work.current = None
        return (), False

    def _settle(self, delivery: Delivery, reasons: tuple[Reason, ...], is_hopeless: bool) -> None:
        """Save what came of it, unless somebody else has taken the delivery over."""
        at = delivery.updated_at
        assert at is not None
        if reasons:
            decision = decisions.fail(delivery, reasons, at=at, is_hopeless=is_hopeless)
        else:
            decision = decisions.end(delivery, at=at)
        after = apply(delivery, decision.events) if reasons else None
        with suppress(Conflict):
            self._save(Write(Delivery.KIND, delivery.id, delivery.version, after, decision.events))
            if self._work.tell is not None:
                self._work.tell(after)

    def _save(self, write: Write) -> None:
        self._kernel.save(UnitOfWork((write,)))


def writes_of(deliveries: Iterable[Delivery]) -> tuple[Write, ...]:
    """Return what saves new *deliveries*."""
    return tuple(Write(Delivery.KIND, each.id, 0, each, (decisions.created_event(each),)) for each in deliveries)
