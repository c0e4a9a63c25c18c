"""
What goes wrong with a database, as `PortError`: what it said, and what would do (REL-7).

A message never holds a statement or its values: they may be what its reader must not see (REL-11).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from salesflow.errors import InvalidInput, PortError
from salesflow.files.json_codec import from_text

_WOULD_DO = {
    "SQLITE_BUSY": "another process has been writing for too long; try again when it is done",
    "SQLITE_LOCKED": "another connection holds the table; try again when it is done",
    "SQLITE_FULL": "make room on the disk, or raise the limit of pages, and repeat the operation",
    "SQLITE_READONLY": "give the process the right to write the file and its folder, and a URL that is not read-only",
    "SQLITE_CANTOPEN": "the folder must be there, and the process must be allowed to write into it",
    "SQLITE_NOTADB": "the URL names a file that is no SQLite database; name another",
    "SQLITE_CORRUPT": "the file is damaged; restore it from a backup",
    "SQLITE_IOERR": "the disk failed; look at it before anything is repeated",
    "40": "others held what it needed, again and again; repeat the operation",
    "42501": "grant the store's user the right to read and write its tables",
    "42P01": "make the tables with `create_schema()`, or by your own migrations",
    "25006": "the server takes no changes; name the one that does",
    "53100": "make room on the server's disk, and repeat the operation",
    "53300": "the server takes no more connections; let the pool be smaller, or raise its limit",
    "55P03": "others held what it needed for too long; repeat the operation",
    "57014": "it took longer than the server allows; repeat the operation when there is less to do",
}
"""By the beginning of SQLite's own name for an error, and of PostgreSQL's code."""

_LOST = (
    "the connection is lost, and of a change it is not known whether it was saved: repeat it with its idempotency key, "
    "or look first"
)
_UNDONE = ("40001", "40P01")
"""What PostgreSQL undoes so that somebody else can go on: the same transaction may succeed a moment later (I-41)."""


def told(problem: SQLAlchemyError | UnicodeError) -> str:
    """Return what the database said of *problem*, and what would do where that is known."""
    said = getattr(problem, "orig", None) or problem
    name = getattr(said, "sqlite_errorname", None) or getattr(said, "sqlstate", None) or ""
    advice = next((advice for code, advice in _WOULD_DO.items() if name.startswith(code)), None)
    if getattr(problem, "connection_invalidated", False):
        advice = _LOST
    words = f"{type(said).__name__}: {str(said).splitlines()[0] if str(said) else 'no words'}"
    return words if advice is None else f"{words}; {advice}"


@contextmanager
def as_port_error() -> Iterator[None]:
    """Turn what the database raises into `PortError`; a broken unique key stays, since it may be a conflict."""
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, UnicodeError) as problem:
        raise PortError("store", told(problem)) from problem


def is_undone(problem: PortError) -> bool:
    """Whether the database undid the whole transaction for another's sake, so that it may be run again (I-41)."""
    said = getattr(problem.__cause__, "orig", None)
    return getattr(said, "sqlstate", None) in _UNDONE


def read_document(cls: type[Any], document: str) -> Any:
    """
    Return the *cls* that a row holds.

    Raises:
        PortError: Somebody damaged it; the message says where, and nothing of what it holds.
    """
    try:
        return from_text(cls, document)
    except InvalidInput as problem:
        place = f"a damaged {cls.__name__}: {problem.what}"
        raise PortError("store", f"holds {place} cannot be read; restore it from a backup") from problem
