"""Time, ids and numbers that repeat exactly: `Clock`, `Ids` and `DocumentNumbers` for tests and examples (HIST-2)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from salesflow.model.document import Document
from salesflow.model.moments import utc

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""Where the clocks of this kit begin unless told otherwise: a Monday morning."""


class FixedClock:
    """
    A clock that stands still until it is moved.

    Args:
        at: The moment it shows, timezone-aware.

    Raises:
        InvalidInput: *at* is naive; the test must say which zone is meant.

    Source: HIST-2.

    >>> FixedClock().now().isoformat()
    '2026-01-05T09:00:00+00:00'
    """

    def __init__(self, at: datetime = START) -> None:
        self._at = utc(at)

    def now(self) -> datetime:
        """Return the moment it shows, in UTC."""
        return self._at

    def move(self, by: timedelta) -> None:
        """Move the hands by *by*, forward or back."""
        self._at += by


class TickingClock:
    """
    A clock that moves on by one step at every look, so that no two moments are equal.

    Args:
        start: The moment it shows first, timezone-aware.
        step: How far it moves after each look.

    Raises:
        InvalidInput: *start* is naive; the test must say which zone is meant.

    Source: HIST-2.
    """

    def __init__(self, start: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        self._next, self._step = utc(start), step

    def now(self) -> datetime:
        """Return the next moment, in UTC."""
        moment = self._next
        self._next += self._step
        return moment


class CountingIds:
    """
    Ids that count within their kind: ``lead-1``, ``lead-2``, ``opportunity-1``.

    Source: HIST-2.

    >>> ids = CountingIds()
    >>> ids.new("lead"), ids.new("lead"), ids.new("opportunity")
    ('lead-1', 'lead-2', 'opportunity-1')
    """

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()

    def new(self, kind: str) -> str:
        """Return the next id of *kind*."""
        self._made[kind] += 1
        return f"{kind}-{self._made[kind]}"


class CountingNumbers:
    """
    Numbers of documents that count within their kind: ``Q-1``, ``Q-2``, ``I-1``.

    Source: OPP-13.
    """

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def number(self, document: Document) -> str:
        """Return the next number of the document's kind."""
        self._given[document.kind] += 1
        return f"{document.kind[0].upper()}-{self._given[document.kind]}"
