"""Reading one kind of record: what it is now, what happened to it, and what it was (HIST-1)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from itertools import takewhile
from typing import Any, Generic, TypeVar

from salesflow.app.case import Access, Case, Intent
from salesflow.app.duplicates import tell_events
from salesflow.app.execution import Execution, reference, whole_number
from salesflow.app.paging import Page
from salesflow.errors import NotFound
from salesflow.model import Event, LeadCard, replay, utc
from salesflow.ports import Write
from salesflow.visibility import EVERYTHING, Filter

RecordT = TypeVar("RecordT")


class Readable(Generic[RecordT]):
    """What every group of operations on one kind of record has in common."""

    def __init__(self, execution: Execution, kind: str) -> None:
        self._execution = execution
        self._kind = kind

    def _get(self, ref: RecordT | LeadCard | str) -> RecordT:
        record: RecordT = self._execution.read(self._operation("get"), self._kind, ref)
        return record

    def _change(
        self, method: str, ref: RecordT | LeadCard | str, intent: Intent, *args: Any, access: Access | None = None,
        beside: Callable[[Case], tuple[Write, ...]] | None = None, follows: bool = False,
    ) -> RecordT:  # fmt: skip
        run, operation = self._execution, self._operation(method)
        record: RecordT = run.change(
            operation, self._kind, ref, intent, *args, access=access, beside=beside, follows=follows
        )
        return record

    def _operation(self, method: str) -> str:
        return f"{_GROUPS[self._kind]}.{method}"

    def _page(
        self, scene: str, order_by: str | None, limit: int, after: str | None, narrow: Filter = EVERYTHING
    ) -> Page[Any]:
        run = self._execution
        run.admit(run.blank(), self._operation("list"), ())
        return run.page(self._kind, scene, order_by, limit, after, narrow)

    def count(self, scene: str = "all", cap: int | None = 1001) -> int:
        """
        Return how many records the person sees in *scene*.

        Args:
            cap: Count no further than this, which is cheaper; None counts them all.

        Source: VIS-16.
        """
        if cap is not None:
            whole_number(cap, "cap", sys.maxsize)
        run = self._execution
        run.admit(run.blank(), self._operation("count"), ())
        return run.count(self._kind, scene, cap)

    def history(self, ref: RecordT | str) -> tuple[Event, ...]:
        """
        Return everything that happened to the record, in order; for whoever sees it now.

        Raises:
            NotFound: It is not there, or may not be seen, or of a pool's lead only the card.
            PortError: The store keeps no history.

        Source: HIST-1.
        """
        return self._told("history", ref)

    def _told(self, method: str, ref: RecordT | str) -> tuple[Event, ...]:
        case = self._execution.reading(self._operation(method), self._kind, ref)
        if not case.is_whole:
            raise NotFound(self._kind, case.record.id)
        kernel = self._execution.kernel
        return tell_events(kernel, case.sight, case.person, kernel.events(self._kind, case.record.id))

    def as_of(self, ref: RecordT | str, moment: datetime) -> RecordT:
        """
        Return the record as it was at *moment* (aware); for whoever sees it now.

        Raises:
            NotFound: It may not be seen, or was not there yet.

        Source: HIST-1.
        """
        at = utc(moment, "moment")
        told = list(takewhile(lambda event: event.at <= at, self._told("as_of", ref)))
        if not told:
            raise NotFound(self._kind, reference(self._kind, ref)[0])
        record: RecordT = replay(told)
        return record


_GROUPS = {
    "lead": "leads", "opportunity": "opportunities", "customer": "customers", "contact": "contacts",
    "document": "documents",
}  # fmt: skip
