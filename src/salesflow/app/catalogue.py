"""
What administrators keep beside the records, such as sharing rules and pools: created, read, edited, deleted (ACC-23).

One desk for every kind of it; each kind's own adds `create` and `edit`, whose arguments are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from salesflow.app.case import Case
from salesflow.app.execution import Execution
from salesflow.app.kernel import Kernel
from salesflow.app.lookup import load
from salesflow.errors import Refused
from salesflow.model import EventBuilder, EventKind, Reason, apply, created
from salesflow.ports import UnitOfWork, Write

EntryT = TypeVar("EntryT", bound=Any)


def _nothing(_case: Case) -> Sequence[Reason]:
    return ()


class CatalogueDesk(Generic[EntryT]):
    """
    Reads and deletes the entries of one kind, and runs what creates and edits them.

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.
    """

    KIND: str
    """The kind of record."""
    GROUP: str
    """The group of the operations, as the access table calls it."""

    def __init__(self, kernel: Kernel, execution: Execution | None) -> None:
        self._kernel = kernel
        self._execution = execution

    def get(self, entry: EntryT | str) -> EntryT:
        """
        Return the entry as it is now.

        Raises:
            NotFound: There is none.
            Conflict: The snapshot is not of the version that the store has.
            Refused: `not_permitted`.
        """
        self._admitted("get")
        return self._load(entry)

    def list(self) -> Sequence[EntryT]:
        """Return every entry, by id."""
        self._admitted("list")
        return tuple(self._kernel.query(self.KIND))

    def delete(self, entry: EntryT | str) -> None:
        """
        Take the entry away; the next call does without it (VIS-20).

        Raises:
            Refused: `not_permitted`, or what its kind has against it.
        """
        if self._repeated("delete", entry, ()) is not None:
            return
        case = self._admitted("delete")
        now = self._load(entry)
        self._refuse(case, "delete", self._against_deleting(now))
        builder = self._builder("delete", now, case)
        builder.add(EventKind.DELETED)
        self._save("delete", Write(self.KIND, now.id, now.version, None, tuple(builder.events)), entry, ())

    def _against_deleting(self, entry: EntryT) -> Sequence[Reason]:
        return ()

    def _create(
        self, about: str, given: tuple[object, ...], make: Callable[[Case], EntryT],
        against: Callable[[Case], Sequence[Reason]] = _nothing,
    ) -> EntryT:  # fmt: skip
        """Save what *make* makes; *about* and *given* tell this request from another of the same key."""
        repeated = self._repeated("create", about, given)
        if repeated is not None:
            return repeated[0]
        case = self._admitted("create")
        self._refuse(case, "create", against(case))
        entry = make(case)
        event = created(entry, at=case.now, by=case.person, operation=f"{self.GROUP}.create")
        self._save("create", Write(self.KIND, entry.id, 0, entry, (event,)), about, given, entry)
        return entry

    def _edit(
        self, entry: EntryT | str, changes: Mapping[str, Any],
        against: Callable[[Case], Sequence[Reason]] = _nothing,
    ) -> EntryT:  # fmt: skip
        """Change exactly the named fields, whose values are checked already."""
        given = (changes,)
        repeated = self._repeated("edit", entry, given)
        if repeated is not None:
            return repeated[0]
        case = self._admitted("edit")
        now = self._load(entry)
        self._refuse(case, "edit", against(case))
        builder = self._builder("edit", now, case)
        builder.add(EventKind.EDITED, **changes)
        after = apply(now, builder.events)
        self._save("edit", Write(self.KIND, now.id, now.version, after, tuple(builder.events)), entry, given, after)
        return after

    def _builder(self, method: str, entry: EntryT, case: Case) -> EventBuilder:
        return EventBuilder(entry, at=case.now, by=case.person, operation=f"{self.GROUP}.{method}")

    def _repeated(self, method: str, about: EntryT | str, given: tuple[object, ...]) -> tuple[EntryT, ...] | None:
        return None if self._execution is None else self._execution.repeated(f"{self.GROUP}.{method}", about, given)

    def _refuse(self, case: Case, method: str, reasons: Sequence[Reason]) -> None:
        """Raise `Refused` where there are reasons; the audit hears of it as of every other refusal."""
        operation = f"{self.GROUP}.{method}"
        if reasons and self._execution is not None:
            self._execution.admit(case, operation, reasons)
        if reasons:
            raise Refused(operation, tuple(reasons))

    def _save(self, method: str, write: Write, about: EntryT | str, given: tuple[object, ...], *result: EntryT) -> None:
        if self._execution is None:
            self._kernel.save(UnitOfWork((write,)))
        else:
            self._execution.save((write,), f"{self.GROUP}.{method}", about, result, given)

    def _admitted(self, method: str) -> Case:
        if self._execution is None:
            return Case(self._kernel, self._kernel.sight(), "", self._kernel.now())
        case = self._execution.blank()
        self._execution.admit(case, f"{self.GROUP}.{method}", ())
        return case

    def _load(self, ref: EntryT | str) -> EntryT:
        found: EntryT = load(self._kernel, self.KIND, ref)
        return found
