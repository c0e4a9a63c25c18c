"""What a dry run of an import would have made: in a temporary file, so that no memory grows with the rows (IO-1)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from salesflow.model.duplicates import unique_keys
from salesflow.ports import Write
from salesflow.process.arrivals import brought_along

_TABLES = """
CREATE TABLE made (kind TEXT, id TEXT, told TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE held (key TEXT PRIMARY KEY, id TEXT) WITHOUT ROWID;
"""


class Rehearsal:
    """Takes note of what would be written, in place of the store."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.executescript(_TABLES)

    def note(self, writes: Iterable[Write]) -> None:
        """Note what would be written."""
        for write in writes:
            told = repr(brought_along(write.record)) if write.kind in ("lead", "opportunity") else None
            self._file.execute("INSERT INTO made VALUES (?, ?, ?)", (write.kind, write.id, told))
            held = [(key, write.id) for key in unique_keys(write.record)]
            self._file.executemany("INSERT INTO held VALUES (?, ?)", held)

    def has(self, kind: str, id: str) -> bool:
        """Whether it would be there."""
        return self._file.execute("SELECT 1 FROM made WHERE kind = ? AND id = ?", (kind, id)).fetchone() is not None

    def told(self, kind: str, id: str) -> str | None:
        """Return what the lead or opportunity would have brought along; None where it would not be there."""
        found = self._file.execute("SELECT told FROM made WHERE kind = ? AND id = ?", (kind, id)).fetchone()
        return None if found is None else str(found[0])

    def holder(self, key: str) -> str | None:
        """Return the id of the customer that would hold *key*, or None."""
        found = self._file.execute("SELECT id FROM held WHERE key = ?", (key,)).fetchone()
        return None if found is None else str(found[0])

    def close(self) -> None:
        """Forget everything."""
        self._file.close()
