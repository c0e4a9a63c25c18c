"""Around every call of a port: what it raises becomes `PortError`, so that the caller knows whose fault it is."""

from __future__ import annotations

from typing import Any

from salesflow.errors import PortError, SalesflowError


class Port:
    """Turn whatever a port raises, but for the library's own errors, into `PortError` with its cause."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        """Do nothing: only what is raised matters."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: object) -> None:
        """Raise `PortError` in place of an exception that is not the library's."""
        if isinstance(error, Exception) and not isinstance(error, SalesflowError):
            raise PortError(self.name, f"{type(error).__name__}: {error}") from error


AUDIT_PORT = Port("audit")
CLOCK_PORT = Port("clock")
DOCUMENTS_PORT = Port("documents")
IDS_PORT = Port("ids")
NOTIFIER_PORT = Port("notifier")
ORGANIZATION_PORT = Port("organization")
STORE_PORT = Port("store")
