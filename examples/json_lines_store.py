"""A store in one file that only grows: a line of JSON for each unit of work, read again when it is opened."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from salesflow import MemoryStore
from salesflow.files.json_codec import RECORDS, read_plain, write_plain
from salesflow.model import Event
from salesflow.ports import DoneOnce, Query, UnitOfWork, Write


class JsonLinesStore:
    """
    Keeps records, their history and idempotency keys in a file, for one process.

    Answers come from memory; what makes them last is that `save` returns when the line is on the disk. A line that
    was being written when the process died has no end, was never acknowledged, and is cut off.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path, self._lock = Path(path), Lock()
        self._memory = self._read()

    def get(self, kind: str, id: str) -> Any | None:
        """Return the record, or None where there is none."""
        return self._memory.get(kind, id)

    def query(self, query: Query) -> Sequence[Any]:
        """Return the records that pass, in order."""
        return self._memory.query(query)

    def events(self, kind: str, id: str) -> Sequence[Event]:
        """Return the record's events in order; empty where there is no such record."""
        return self._memory.events(kind, id)

    def done(self, key: str) -> DoneOnce | None:
        """Return the mark of an idempotency key, or None."""
        return self._memory.done(key)

    def save(self, unit: UnitOfWork) -> None:
        """Save everything or nothing: checked in memory, then written as one line that is there or is not."""
        with self._lock:
            line = _line(unit)
            self._memory.save(unit)
            try:
                self._append(line)
            except OSError:
                self._memory = self._read()  # what is not on the disk is not there
                raise

    def _append(self, line: str) -> None:
        with self._path.open("ab") as file:
            before = file.tell()
            try:
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self._path, before)
                raise

    def _read(self) -> MemoryStore:
        """Return what the file holds; half a line at its end is cut off."""
        memory = MemoryStore()
        self._path.touch()
        with self._path.open("rb+") as file:
            whole = 0
            for line in file:
                if line.endswith(b"\n"):
                    memory.save(_unit(json.loads(line)))
                    whole += len(line)
            file.truncate(whole)
        return memory


def _line(unit: UnitOfWork) -> str:
    writes = [
        [write.kind, write.id, write.expected_version, write.record and write_plain(write.record),
         [write_plain(event) for event in write.events]]
        for write in unit.writes
    ]  # fmt: skip
    return json.dumps({"writes": writes, "done": unit.done and write_plain(unit.done)}) + "\n"


def _unit(line: Any) -> UnitOfWork:
    writes = [
        Write(kind, id, version, record and read_plain(RECORDS[kind], record),
              tuple([read_plain(Event, event) for event in events]))
        for kind, id, version, record, events in line["writes"]
    ]  # fmt: skip
    return UnitOfWork(tuple(writes), line["done"] and read_plain(DoneOnce, line["done"]))
