"""Reading one kind of record: what it is now, what happened to it, and what it was (HIST-1)."""

from __future__ import annotations

import sys
from datetime import datetime
from itertools import takewhile
from typing import Any, Generic, TypeVar

from salesflow.app.execution import Access, Execution, Intent, reference, whole_number
from salesflow.errors import NotFound
from salesflow.model import Event, replay, utc

RecordT = TypeVar("RecordT")


class Readable(Generic[RecordT]):
    """What every group of operations on one kind of record has in common."""

    def __init__(self, execution: Execution, kind: str) -> None:
        self._execution = execution
        self._kind = kind

    def _get(self, ref: RecordT | str) -> RecordT:
        id, _ = reference(self._kind, ref)
        record: RecordT = self._execution.case(self._kind, id).record
        return record

    def _change(
        self, method: str, ref: RecordT | str, intent: Intent, *args: Any,
        access: Access | None = None,
    ) -> RecordT:  # fmt: skip
        operation = f"{_GROUPS[self._kind]}.{method}"
        record: RecordT = self._execution.change(operation, self._kind, ref, intent, *args, access=access)
        return record

    def count(self, scene: str = "all", cap: int | None = 1001) -> int:
        """
        Return how many records the person sees in *scene*.

        Args:
            cap: Count no further than this, which is cheaper; None counts them all.

        Source: VIS-16.
        """
        if cap is not None:
            whole_number(cap, "cap", sys.maxsize)
        return self._execution.count(self._kind, scene, cap)

    def history(self, ref: RecordT | str) -> tuple[Event, ...]:
        """
        Return everything that happened to the record, in order; for whoever sees it now.

        Raises:
            NotFound: It is not there, or may not be seen.
            PortError: The store keeps no history.

        Source: HIST-1.
        """
        id, _ = reference(self._kind, ref)
        self._execution.case(self._kind, id)
        return tuple(self._execution.kernel.events(self._kind, id))

    def as_of(self, ref: RecordT | str, moment: datetime) -> RecordT:
        """
        Return the record as it was at *moment* (aware); for whoever sees it now.

        Raises:
            NotFound: It may not be seen, or was not there yet.

        Source: HIST-1.
        """
        at = utc(moment, "moment")
        told = list(takewhile(lambda event: event.at <= at, self.history(ref)))
        if not told:
            raise NotFound(self._kind, reference(self._kind, ref)[0])
        record: RecordT = replay(told)
        return record


_GROUPS = {"lead": "leads", "opportunity": "opportunities", "customer": "customers", "contact": "contacts"}
