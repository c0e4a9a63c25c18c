"""What every part of the conformance suite stands on: the store under test, and how it is filled, paged and told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from salesflow.model import Opportunity, sort_value
from salesflow.ports import Query, RecordFilter
from salesflow.testing.records import LI, many_opportunities, new, unit
from salesflow.visibility.filters import EVERYTHING, OwnerIn


class StoreSuite:
    """The store that the rules are asked of; each of its subclasses holds the rules of one matter."""

    def make_store(self) -> Any:
        """Return a new, empty store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Any:
        """A new, empty store."""
        return self.make_store()

    def _capable(self, store: Any, method: str, port: str) -> Any:
        if not hasattr(store, method):
            pytest.skip(f"the store does not offer {port}")
        return store

    def _filled(self, store: Any) -> list[Opportunity]:
        deals = many_opportunities()
        store.save(unit(*map(new, deals)))
        return deals

    def _paged(
        self, store: Any, filter: RecordFilter, order_by: str, limit: int, kind: str = "opportunity"
    ) -> list[Any]:
        value = sort_value(kind, order_by)
        found: list[Any] = []
        after = None
        while page := store.query(Query(kind, filter, order_by, limit, after)):
            assert len(page) <= limit
            found += page
            assert len({record.id for record in found}) == len(found)
            after = (value(page[-1]), page[-1].id)
        return found

    def _everything(self, store: Any, kind: str, ids: Sequence[str]) -> list[Any]:
        told: list[Any] = [store.get(kind, id) for id in ids]
        told.append(list(store.query(Query(kind, EVERYTHING, "name", 10))))
        told.append(list(store.query(Query(kind, OwnerIn(LI)))))
        if hasattr(store, "events"):
            told += [list(store.events(kind, id)) for id in ids]
        if hasattr(store, "outbox"):
            told.append(list(store.outbox(0, 100)))
        if hasattr(store, "revision"):
            told.append(store.revision(kind))
        if hasattr(store, "done"):
            told.append(store.done("key"))
        return told
