"""What a decision is made from: one record, one person, one moment (`Case`); and what making a record came to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, TypeVar

from attrs import frozen

from salesflow.app.kernel import Kernel
from salesflow.grading import regrade
from salesflow.model import Decision, Document, Event, Opportunity, Reason
from salesflow.process import Engine
from salesflow.visibility import Sight

RecordT = TypeVar("RecordT", bound=Any)


class Case:
    """
    One record, one person, one moment: what a decision is made from.

    Args:
        kernel: The ports.
        sight: Who sees and may do what, now.
        person: Who asks.
        now: When, in UTC.
        record: The record as the store has it; None where one is to be made.
        redirected_from: The id of the lead that was asked for, where it was merged into *record*; else None.
    """

    def __init__(
        self, kernel: Kernel, sight: Sight, person: str, now: datetime, record: Any = None, *,
        redirected_from: str | None = None,
    ) -> None:  # fmt: skip
        self.kernel = kernel
        self.sight = sight
        self.person = person
        self.now = now
        self.record = record
        self.redirected_from = redirected_from
        self._beside: dict[tuple[str, str], Any] = {}

    def get(self, kind: str, id: str) -> Any | None:
        """Return a record beside the case's own, or None; the same one however often it is asked for."""
        key = (kind, id)
        if key not in self._beside:
            self._beside[key] = self.kernel.get(kind, id)
        return self._beside[key]

    @property
    def subject(self) -> Any:
        """Whose owner, team and status say who may: the record itself, or what a document belongs to."""
        record = self.record
        if not isinstance(record, Document):
            return record
        return None if record.belongs_to is None else self.get(*record.belongs_to)

    @property
    def is_whole(self) -> bool:
        """Whether the person sees all of the record, and not only the card of a pool's lead (VIS-18)."""
        return self.sight.sees_whole(self.person, self.record)

    @cached_property
    def today(self) -> date:
        """The business day."""
        return self.kernel.today(self.now)

    @property
    def engine(self) -> Engine:
        """The engine of the template version that the opportunity is pinned to."""
        return self.kernel.processes.engine(self.record.process, self.record.process_version)

    def grader(self) -> Callable[[Opportunity], Any]:
        """Return the function that grades an opportunity today."""
        policy, today = self.kernel.grading, self.today
        return lambda opportunity: regrade(opportunity, policy, today)


@frozen
class Made(Generic[RecordT]):
    """
    What making a record was decided to be.

    Args:
        case: What it was decided from.
        record: The record at version 1; None where there are reasons and nothing could be made.
        events: What made it.
        reasons: Why it may not be made, access aside.
    """

    case: Case
    record: RecordT | None
    events: tuple[Event, ...]
    reasons: Sequence[Reason] = ()


Intent = Callable[..., Decision]
"""A decision of one operation: from a case and the operation's arguments to events or reasons."""

Access = Callable[[Case], tuple[str, Collection[str]]]
"""Which row of the access table counts for a case, and who is admitted beside it."""
