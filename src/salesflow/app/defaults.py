"""What the shell uses where the application injects nothing: the system's clock, and random ids (HIST-2)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


class RandomIds:
    """Ids that are unique without asking anybody."""

    def new(self, kind: str) -> str:
        """Return a new id, whatever the *kind*."""
        return uuid4().hex
