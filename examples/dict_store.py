"""The smallest store that salesflow can use: a dictionary, a lock, and the three methods of the port."""

from collections.abc import Sequence
from threading import Lock
from typing import Any

from salesflow.errors import Conflict, InvalidInput
from salesflow.model import position, sort_value
from salesflow.ports import Query, UnitOfWork, Write


class DictStore:
    """Keeps records and nothing else: no history, no idempotency keys, no outbox."""

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], Any] = {}
        self._deleted: set[tuple[str, str]] = set()
        self._lock = Lock()

    def get(self, kind: str, id: str) -> Any | None:
        """Return the record, or None where there is none."""
        return self._records.get((kind, id))

    def query(self, query: Query) -> Sequence[Any]:
        """Return the records that pass, in order: by the sort value, then by id, from behind the last one seen."""
        value = sort_value(query.kind, query.order_by)

        def place(record: Any) -> Any:
            return position(query.order_by, value(record), record.id)

        with self._lock:
            records = [record for (kind, _), record in self._records.items() if kind == query.kind]
        found = sorted(filter(query.filter.matches, records), key=place)
        if query.after is not None:
            behind = position(query.order_by, *query.after)
            found = [record for record in found if place(record) > behind]
        return found[: query.limit if query.limit is None else max(query.limit, 0)]

    def save(self, unit: UnitOfWork) -> None:
        """Save everything or nothing: all is checked before anything is written."""
        with self._lock:
            if len({(write.kind, write.id) for write in unit.writes}) < len(unit.writes):
                raise InvalidInput("unit", unit.writes, "must hold each record once")
            for write in unit.writes:
                self._check(write)
            for write in unit.writes:
                key = write.kind, write.id
                if write.record is None:
                    del self._records[key]
                    self._deleted.add(key)
                else:
                    self._records[key] = write.record

    def _check(self, write: Write) -> None:
        key, is_deletion = (write.kind, write.id), write.record is None
        if is_deletion and not write.events:
            raise InvalidInput("events", write.events, "must say who deleted it, and when")
        known = self._records.get(key)
        found = None if known is None else known.version
        if key in self._deleted or write.expected_version != (found or 0) or (is_deletion and found is None):
            raise Conflict(write.kind, write.id, write.expected_version, found)
