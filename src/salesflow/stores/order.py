"""
The ids of one kind of record in one order, for pages of long lists.

Made when first asked for, and put right when asked again: a save only notes what it moved.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any

from salesflow.model.ordering import position, sort_value

_FEW = 64


class Order:
    """
    One order of one kind of record.

    Args:
        kind: The kind of record.
        order_by: A key of `salesflow.model.ORDER_KEYS`, with or without a minus.

    Raises:
        InvalidInput: There is no such order; the caller must choose another.
    """

    __slots__ = ("_ids", "_moved", "order_by", "value")

    def __init__(self, kind: str, order_by: str) -> None:
        self.order_by = order_by
        self.value: Callable[[Any], Any] = sort_value(kind, order_by)
        self._ids: list[str] | None = None
        self._moved: dict[str, Any] = {}

    def sorted(self, records: Iterable[Any]) -> list[Any]:
        """Return *records* in this order: as `position` says, by two stable sorts of plain values."""
        by_id = sorted(records, key=attrgetter("id"))
        value = self.value
        with_value = [record for record in by_id if value(record) is not None]
        without = [record for record in by_id if value(record) is None]
        return sorted(with_value, key=value, reverse=self.order_by.startswith("-")) + without

    def behind(self, records: list[Any], after: tuple[Any, str]) -> list[Any]:
        """Return those of *records*, which are in this order, that stand behind the position *after*."""
        return records[bisect_right(records, position(self.order_by, *after), key=self._where) :]

    def note(self, id: str, old: Any) -> None:
        """Note that record *id* changed; *old* is what it was, None for a new one."""
        if self._ids is not None:
            self._moved.setdefault(id, old)
            if len(self._moved) > max(_FEW, len(self._ids) // _FEW):
                self._ids, self._moved = None, {}

    def ids(self, records: Mapping[str, Any], after: tuple[Any, str] | None) -> tuple[list[str], int]:
        """
        Return all ids in this order, and from which index on they stand behind *after*.

        Args:
            records: Every record of the kind by id, as it stands.
            after: A sort value and an id; None means the beginning.
        """
        ids, moved = self._ids, self._moved
        # Half-sorted ids must not stay if a comparison raises.
        self._ids, self._moved = None, {}
        if ids is None:
            ids = [record.id for record in self.sorted(records.values())]
        else:
            self._put_right(ids, moved, records)
        self._ids = ids
        if after is None:
            return ids, 0
        return ids, bisect_right(ids, position(self.order_by, *after), key=lambda id: self._where(records[id]))

    def _put_right(self, ids: list[str], moved: dict[str, Any], records: Mapping[str, Any]) -> None:
        value = self.value
        both = [(old, records.get(id)) for id, old in moved.items()]
        apart = [(old, new) for old, new in both if old is None or new is None or value(old) != value(new)]
        for old, _ in apart:
            if old is not None:
                index = bisect_left(ids, self._where(old), key=lambda id: self._where(moved.get(id) or records[id]))
                del ids[index]
        for _, new in apart:
            if new is not None:
                insort(ids, new.id, key=lambda id: self._where(records[id]))

    def _where(self, record: Any) -> tuple[Any, ...]:
        return position(self.order_by, self.value(record), record.id)
