"""
Every error that salesflow raises, sorted by who must act.

SalesflowError
├── InvalidInput       the calling code handed over something malformed
├── NotFound           the record or person is not there, or may not be seen: both read alike
├── Refused            the person may not do this now; `reasons` says all of why
├── Conflict           somebody else changed the record first; load it again and retry
├── TemplateError      the author of a stage template must mend it; `problems` lists all
├── FileError          the author of a mapping, organisation or data file must mend it; `problems` lists all
├── OrganizationError  whoever keeps the organisation's data must mend it (a cycle, an unknown head)
└── PortError          a store or another port of the application failed; the cause is chained

Every error can be pickled and copied: its `args` are its fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

_MARKS = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ESCAPED = {ord(c): c.encode("unicode_escape").decode() for c in (*map(chr, (*range(32), *range(127, 160))), *_MARKS)}


def one_line(text: str) -> str:
    """
    Return *text* with line breaks, control characters and marks of direction escaped.

    Whatever somebody once typed, an error that holds it is one line of a log, and says there what it says (I-47).
    """
    return text if text.isprintable() else text.translate(_ESCAPED)


class Because(Protocol):
    """What a reason offers, so that an editor completes it: the reasons themselves are `salesflow.model.Reason`."""

    @property
    def code(self) -> str:
        """The stable code."""
        ...

    @property
    def facts(self) -> dict[str, Any]:
        """The facts by name."""
        ...


class SalesflowError(Exception):
    """The root of everything that salesflow raises on purpose."""


class InvalidInput(SalesflowError, ValueError):
    """
    A value does not fit: wrong type, out of range, naive datetime, unknown name.

    Args:
        what: The argument or field, as a path (``"amount"``, ``"close_date"``).
        value: A short picture of the value that was given.
        rule: What it must be, and what would do.
    """

    def __init__(self, what: str, value: object, rule: str) -> None:
        picture = _picture(value)
        self.what, self.value, self.rule = what, picture, rule
        super().__init__(what, picture, rule)

    def __str__(self) -> str:
        return one_line(f"{self.what}: {self.value!r} {self.rule}")


def _picture(value: object) -> str:
    """Return *value* in at most 120 characters."""
    try:
        picture = value if isinstance(value, str) else repr(value)
    except Exception:
        # An integer of many thousand digits refuses to be printed, and so may an object of somebody else's.
        picture = type(value).__name__
    return picture if len(picture) <= 120 else picture[:117] + "..."


class NotFound(SalesflowError, LookupError):
    """
    There is no such record or person, or the asking person may not see it (VIS-17).

    The message never tells which of the two it is.
    """

    def __init__(self, kind: str, id: str) -> None:
        self.kind, self.id = kind, id
        super().__init__(kind, id)

    def __str__(self) -> str:
        return f"there is no {self.kind} {self.id!r}, or you may not see it"


class Refused(SalesflowError):
    """
    A business "no": the operation is understood, and not allowed now.

    Args:
        operation: The operation's id, such as ``"opportunities.advance"``.
        reasons: Every reason at once, each a `salesflow.model.Reason` with a stable code and its facts.
    """

    def __init__(self, operation: str, reasons: Sequence[Because]) -> None:
        self.operation = operation
        self.reasons: tuple[Because, ...] = tuple(reasons)
        super().__init__(operation, self.reasons)

    def __str__(self) -> str:
        return one_line(f"{self.operation} is refused: " + "; ".join(str(reason) for reason in self.reasons))


class Conflict(SalesflowError):
    """
    The record changed since the snapshot that was decided on (HIST-3).

    Load the record again and retry; an id in place of the snapshot means "whatever it is now".
    """

    def __init__(self, kind: str, id: str, expected_version: int | None, found_version: int | None) -> None:
        self.kind, self.id = kind, id
        self.expected_version, self.found_version = expected_version, found_version
        super().__init__(kind, id, expected_version, found_version)

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.id!r} was expected at version {self.expected_version} "
            f"and is at version {self.found_version}; load it again and retry"
        )


class TemplateError(SalesflowError):
    """
    A stage template cannot be used.

    Args:
        template: The template's id, or the file's name.
        problems: Every problem, as ``"place: what is wrong"`` (PROC-3).
    """

    def __init__(self, template: str, problems: Sequence[str]) -> None:
        self.template, self.problems = template, tuple(problems)
        super().__init__(template, self.problems)

    def __str__(self) -> str:
        return one_line(f"template {self.template!r}: " + "; ".join(self.problems))


class FileError(SalesflowError):
    """
    A mapping, an organisation file or a data file cannot be used as a whole.

    Args:
        file: The file's name.
        problems: Every problem, as ``"place: what is wrong"``.
    """

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        self.file, self.problems = file, tuple(problems)
        super().__init__(file, self.problems)

    def __str__(self) -> str:
        return one_line(f"file {self.file!r}: " + "; ".join(self.problems))


class OrganizationError(SalesflowError):
    """
    The organisation contradicts itself: a cycle of managers or departments, a doubled id (ORG-2, ORG-3).

    Args:
        rule: What must hold.
        ids: The employees or departments at fault; a cycle is listed in its own order.
    """

    def __init__(self, rule: str, ids: Sequence[str]) -> None:
        self.rule, self.ids = rule, tuple(ids)
        super().__init__(rule, self.ids)

    def __str__(self) -> str:
        return one_line(f"{self.rule}: {', '.join(self.ids)}")


class PortError(SalesflowError):
    """
    Something that the application injected (store, clock, rates …) failed or broke its contract.

    The original exception is chained as ``__cause__``; the record is as it was.
    """

    def __init__(self, port: str, what: str) -> None:
        self.port, self.what = port, what
        super().__init__(port, what)

    def __str__(self) -> str:
        return one_line(f"port {self.port}: {self.what}")
