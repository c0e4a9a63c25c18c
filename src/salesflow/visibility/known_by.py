"""
The filter node that duplicates are found by (LEAD-12): a look-up of the library's own, never a viewer's.

A store that only calls `matches` answers rightly without knowing of it; one that keeps the keys of
`salesflow.model.duplicates.known_by` answers at once, however many records there are.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen

from salesflow.model.duplicates import known_by
from salesflow.visibility.filters import FilterNode, Test


def _keys(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(keys)


@frozen
class KnownBy(FilterNode):
    """
    The record is known by one of *keys*: a customer, or a lead that has documents.

    Args:
        keys: Canonical keys, such as ``"phone:+8613912345678"``.

    Source: LEAD-12.
    """

    keys: frozenset[str] = field(converter=_keys)

    def _compiled(self) -> Test:
        keys = self.keys
        return lambda record: not keys.isdisjoint(known_by(record))
