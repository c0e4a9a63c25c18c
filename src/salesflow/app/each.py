"""
The same operation on many records, each by itself: each has its own outcome, and none stops the rest (OPP-17).

Every record goes the whole way of the operation that is repeated, its access row and idempotency key among it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from attrs import frozen

from salesflow.app.execution import Execution, callback
from salesflow.app.history import Readable
from salesflow.errors import InvalidInput, SalesflowError
from salesflow.model import Reason
from salesflow.model.requests import named
from salesflow.visibility import ACCESS

RecordT = TypeVar("RecordT")

_OF_NO_ONE_RECORD = ("create", "each", "merge", "recycle_overdue", "start_dialog")


@frozen
class EachOutcome:
    """
    What became of one record.

    Args:
        id: The record's id, or of what was no record how it reads.
        result: What the operation gave; None where it was not done, or where the record is gone.
        error: Why it was not done: `Refused`, `Conflict`, `NotFound`, `InvalidInput` or `PortError`; None if it was.

    Source: OPP-17.
    """

    id: str
    result: Any = None
    error: SalesflowError | None = None

    @property
    def is_done(self) -> bool:
        """Whether the operation was done."""
        return self.error is None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason of a refusal; empty where it was done, or failed for something else."""
        reasons: tuple[Reason, ...] = getattr(self.error, "reasons", ())
        return reasons


class Repeated(Readable[RecordT], Generic[RecordT]):
    """Doing one operation of a desk to many records."""

    def each(
        self, records: Iterable[RecordT | str], operation: str, /, *args: Any,
        progress: Callable[[EachOutcome], object] | None = None, **arguments: Any,
    ) -> tuple[EachOutcome, ...]:  # fmt: skip
        """
        Do the same operation to many records; each has its own outcome, and none stops the rest.

        With an idempotency key each record is done once for it, so that what was stopped is simply called again.

        Args:
            records: Snapshots or ids; read one by one. One that stands there twice is done twice.
            operation: The method's name, such as ``"advance"`` or ``"change_owner"``.
            args, arguments: What the method takes beside the record, the same for all.
            progress: Called with each outcome once its record is saved; what it raises ends the work there, and what
                was done stays.

        Returns:
            An outcome for each record, in order.

        Raises:
            InvalidInput: There is no such operation on one record, or it does not take these arguments.

        Source: OPP-17.
        """
        method = self._repeatable(operation)
        try:
            inspect.signature(method).bind(self, "", *args, **arguments)
        except TypeError as error:
            raise InvalidInput("arguments", operation, str(error)) from None
        given: object = records
        if not isinstance(given, Iterable) or isinstance(given, str):
            raise InvalidInput("records", records, "must be several records or ids, such as a list of them")
        callback(progress, "progress")
        outcomes = []
        for record in records:
            outcome = self._tried(method, record, args, arguments)
            outcomes.append(outcome)
            if progress is not None:
                progress(outcome)
        return tuple(outcomes)

    def _repeatable(self, operation: str) -> Callable[..., Any]:
        named(operation, "operation")
        group = self._operation("")
        known = sorted(
            name
            for id, row in ACCESS.items()
            if id.startswith(group) and not row.readers
            for name in (id.removeprefix(group),)
            if name not in _OF_NO_ONE_RECORD and hasattr(type(self), name)
        )
        if operation not in known:
            raise InvalidInput("operation", operation, f"must be one of {', '.join(known)}")
        method: Callable[..., Any] = getattr(type(self), operation)
        return method

    def _tried(self, method: Callable[..., Any], record: Any, args: Any, arguments: Any) -> EachOutcome:
        id = record if isinstance(record, str) else getattr(record, "id", f"a {type(record).__name__}")
        run = self._execution
        desk = self
        if run.key is not None:
            desk = type(self)(Execution(run.kernel, run.person, f"{run.key}\n{id}"))  # type: ignore[call-arg]
        try:
            return EachOutcome(id, method(desk, record, *args, **arguments))
        except SalesflowError as error:
            return EachOutcome(id, error=error)
