"""Looking after deliveries: what waits, what is dead, and what shall become of it; for trusted code (RULE-3)."""

from __future__ import annotations

from salesflow.app.kernel import Kernel
from salesflow.app.lookup import load
from salesflow.errors import InvalidInput
from salesflow.model import Delivery, DeliveryStatus, apply
from salesflow.ports import UnitOfWork, Write
from salesflow.process import deliveries as decisions
from salesflow.visibility import FieldCompare


class DeliveryDesk:
    """
    The deliveries that are not done: `SalesFlow.deliveries`.

    Args:
        kernel: The ports.
    """

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def list(self, status: DeliveryStatus | str | None = None) -> tuple[Delivery, ...]:
        """
        Return the deliveries that are not done, by id.

        Args:
            status: ``waiting``, or ``dead`` for the dead letters (死信) alone; None means both.

        Raises:
            InvalidInput: There is no such status.

        Source: RULE-3.
        """
        if status is None:
            return tuple(self._kernel.walk(Delivery.KIND))
        try:
            wanted = DeliveryStatus(status)
        except ValueError:
            raise InvalidInput("status", status, f"must be one of {', '.join(DeliveryStatus)}, or None") from None
        return tuple(self._kernel.walk(Delivery.KIND, FieldCompare("status", "==", wanted)))

    def retry(self, delivery: Delivery | str) -> Delivery:
        """
        Make a delivery due at once, with all its attempts before it; the next `SalesFlow.deliver` takes it.

        Args:
            delivery: It, or its id.

        Raises:
            NotFound: There is none: it is done, or was dropped.
            Conflict: Somebody changed it since the snapshot.

        Source: RULE-3.
        """
        now = self._load(delivery)
        events = decisions.retry(now, at=self._kernel.now()).events
        after = apply(now, events)
        self._kernel.save(UnitOfWork((Write(Delivery.KIND, now.id, now.version, after, events),)))
        return after

    def drop(self, delivery: Delivery | str) -> None:
        """
        Take a delivery away: what it was for is not done.

        Args:
            delivery: It, or its id.

        Raises:
            NotFound, Conflict: As of `retry`.

        Source: RULE-3.
        """
        now = self._load(delivery)
        events = decisions.end(now, at=self._kernel.now()).events
        self._kernel.save(UnitOfWork((Write(Delivery.KIND, now.id, now.version, None, events),)))

    def _load(self, ref: Delivery | str) -> Delivery:
        found: Delivery = load(self._kernel, Delivery.KIND, ref)
        return found
