"""Deleting: gone from everywhere, for good, and only a tombstone stays (LEAD-11)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import Conflict, InvalidInput
from salesflow.model import TeamMember
from salesflow.ports import Query
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import change, deletion, expected_page, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING, OwnerIn, TeamIn


class DeletionRules(StoreSuite):
    """
    What deleting promises.

    Source: LEAD-11, HIST-3.
    """

    def test_a_deleted_record_is_gone_from_everywhere(self, store: Any) -> None:
        """LEAD-11: after deletion no id, list, history or outbox entry gives anything of what it held."""
        record = make_opportunity("a", "li", TeamMember("zhao"), name="secret")
        store.save(unit(new(record), new(make_opportunity("b"))))
        list(store.query(Query("opportunity", EVERYTHING, "name", 1)))
        store.save(unit(deletion(record)))

        assert store.get("opportunity", "a") is None
        for filter in (EVERYTHING, OwnerIn({"li"}), TeamIn({"zhao"})):
            for limit in (1, None):
                found = store.query(Query("opportunity", filter, "name", limit))
                assert "a" not in {each.id for each in found}
        if hasattr(store, "events"):
            assert list(store.events("opportunity", "a")) == []
        if hasattr(store, "outbox"):
            assert "secret" not in repr(store.outbox(0, 100))

    def test_a_deleted_id_is_never_given_again(self, store: Any) -> None:
        """LEAD-11: a record of a deleted id is refused, new or changed."""
        record = make_opportunity("a")
        store.save(unit(new(record)))
        store.save(unit(deletion(record)))

        for write in (new(record), change(record, name="x"), deletion(record)):
            with pytest.raises(Conflict):
                store.save(unit(write))

        assert store.get("opportunity", "a") is None

    def test_a_stale_deletion_is_a_conflict(self, store: Any) -> None:
        """HIST-3: deleting what somebody changed meanwhile is refused."""
        record = make_opportunity("a")
        store.save(unit(new(record)))
        store.save(unit(change(record, name="x")))

        with pytest.raises(Conflict):
            store.save(unit(deletion(record)))

        assert store.get("opportunity", "a").name == "x"

    def test_a_tombstone_says_who_and_when_and_no_more(self, store: Any) -> None:
        """LEAD-11: of a deleted record its id, the version, the moment, the person and the operation stay."""
        self._capable(store, "tombstone", "KeepsTombstones")
        record = make_opportunity("a", "li", name="secret")
        store.save(unit(new(record)))
        assert store.tombstone("opportunity", "a") is None
        write = deletion(record)
        store.save(unit(write))
        found = store.tombstone("opportunity", "a")

        assert (found.kind, found.id, found.version) == ("opportunity", "a", 2)
        assert (found.at, found.by, found.operation) == (write.events[0].at, "zhang", "delete")
        assert "secret" not in repr(found)
        assert store.tombstone("lead", "a") is None

    def test_a_deletion_says_who_did_it(self, store: Any) -> None:
        """LEAD-11: a deletion without an event is the caller's mistake, and deletes nothing."""
        record = make_opportunity("a")
        store.save(unit(new(record)))

        with pytest.raises(InvalidInput):
            store.save(unit(evolve(deletion(record), events=())))

        assert store.get("opportunity", "a") == record

    @pytest.mark.parametrize("limit", [1, 3, None])
    def test_an_id_comes_back_neither_by_order_nor_by_page(self, store: Any, limit: int | None) -> None:
        """LEAD-11: deleted one by one while the list is read, no page holds one that is gone."""
        deals = self._filled(store)
        for deal in deals[::3]:
            store.save(unit(deletion(deal)))
            query = Query("opportunity", EVERYTHING, "name", limit)
            left = [each for each in deals if store.get("opportunity", each.id) is not None]
            assert list(store.query(query)) == expected_page(left, query)

    def test_the_events_of_others_stay(self, store: Any) -> None:
        """LEAD-11, HIST-1: deleting one record takes nothing from the history of another, and tells of itself once."""
        self._capable(store, "outbox", "KeepsOutbox")
        self._capable(store, "events", "KeepsHistory")
        first, second = make_opportunity("a"), make_opportunity("b")
        store.save(unit(new(first)))
        store.save(unit(new(second)))
        store.save(unit(change(first, name="x")))
        store.save(unit(deletion(store.get("opportunity", "a"))))
        store.save(unit(change(second, name="y")))

        told = [(event.record_id, event.version, event.kind) for _, event in store.outbox(0, 100)]
        assert told == [("b", 1, "created"), ("a", 3, "deleted"), ("b", 2, "edited")]
        assert [event.version for event in store.events("opportunity", "b")] == [1, 2]
        assert list(store.events("opportunity", "a")) == []
