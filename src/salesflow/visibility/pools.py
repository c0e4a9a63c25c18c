"""
Who may claim from which pool (公海), and who dispatches its leads (VIS-18, LEAD-14).

A pool is told by its id, the common one by None: every active employee may claim from it, and nobody dispatches it.
A pool that is not there has neither members nor dispatchers. Who has left claims and dispatches nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from salesflow.model.sharing import Pool
from salesflow.visibility.organization_index import OrganizationIndex

NO_POOLS: frozenset[str | None] = frozenset()
_NOBODY: frozenset[str] = frozenset()


class Pools:
    """
    The pools as one organisation reads them.

    Args:
        index: The organisation.
        pools: Every pool of the store.
    """

    def __init__(self, index: OrganizationIndex, pools: Iterable[Pool]) -> None:
        self._active = index.active
        self._members: dict[str | None, frozenset[str]] = {None: index.active}
        self._dispatchers: dict[str | None, frozenset[str]] = {None: _NOBODY}
        self._open: set[str | None] = {None}
        self._claimable: dict[str, set[str | None]] = {}
        self._dispatched: dict[str, set[str | None]] = {}
        for pool in pools:
            self._keep(pool)

    def _keep(self, pool: Pool) -> None:
        """Put the pool where each of its people will look for it."""
        if pool.members is None:
            self._open.add(pool.id)
            self._members[pool.id] = self._active
        else:
            self._members[pool.id] = self._active & pool.members
            for person in self._members[pool.id]:
                self._claimable.setdefault(person, set()).add(pool.id)
        self._dispatchers[pool.id] = self._active & pool.dispatchers
        for person in self._dispatchers[pool.id]:
            self._dispatched.setdefault(person, set()).add(pool.id)

    def is_there(self, pool: str | None) -> bool:
        """Whether there is such a pool; the common one always is."""
        return pool in self._members

    def claimable_by(self, viewer: str) -> frozenset[str | None]:
        """Return the pools that *viewer* may claim from."""
        if viewer not in self._active:
            return NO_POOLS
        return frozenset(self._open.union(self._claimable.get(viewer, ())))

    def dispatched_by(self, viewer: str) -> frozenset[str | None]:
        """Return the pools whose leads *viewer* dispatches."""
        return frozenset(self._dispatched.get(viewer, ()))

    def members(self, pool: str | None) -> frozenset[str]:
        """Return everybody who may claim from *pool*."""
        return self._members.get(pool, _NOBODY)

    def dispatchers(self, pool: str | None) -> frozenset[str]:
        """Return everybody who dispatches the leads of *pool*."""
        return self._dispatchers.get(pool, _NOBODY)
