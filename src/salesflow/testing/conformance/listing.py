"""Lists of opportunities: what is in them, in which order, cut into pages, and how many there are (VIS-15, VIS-16)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput
from salesflow.model import ORDER_KEYS, Access, TeamMember, TeamRole
from salesflow.ports import Query
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import (
    FILTERS,
    LI,
    change,
    deletion,
    expected_page,
    make_opportunity,
    new,
    unit,
)
from salesflow.visibility.filters import EVERYTHING, OwnerIn, TeamIn, Voided


class _OwnNode:
    """A filter of an application's own, which no store can look into."""

    def matches(self, record: Any) -> bool:
        return bool(record.id < "2")


class ListRules(StoreSuite):
    """
    What `query`, `count` and `get_many` promise.

    Source: VIS-14, VIS-15, VIS-16, VIS-20.
    """

    @pytest.mark.parametrize("asked", FILTERS)
    def test_a_list_holds_exactly_what_passes(self, store: Any, asked: str) -> None:
        """VIS-15: for every kind of filter the list is what a scan by `matches` gives, no more, no less."""
        deals = self._filled(store)
        query = Query("opportunity", FILTERS[asked])

        assert list(store.query(query)) == expected_page(deals, query)

    def test_a_filter_of_the_applications_own_is_asked(self, store: Any) -> None:
        """VIS-14: a filter that the store cannot look into still decides."""
        deals = self._filled(store)
        query = Query("opportunity", _OwnNode())

        assert list(store.query(query)) == expected_page(deals, query)

    @pytest.mark.parametrize("sign", ["", "-"])
    @pytest.mark.parametrize("key", ORDER_KEYS["opportunity"])
    def test_every_order_is_kept(self, store: Any, key: str, sign: str) -> None:
        """api: by the key, ties by id, records without a value last; the same on every store."""
        deals = self._filled(store)

        for filter in (EVERYTHING, OwnerIn(LI), FILTERS["the scene all"]):
            query = Query("opportunity", filter, sign + key)
            assert list(store.query(query)) == expected_page(deals, query)

    @pytest.mark.parametrize("order_by", ["-close_date", "amount", "id"])
    @pytest.mark.parametrize("limit", [1, 7, 30])
    def test_pages_join_to_the_whole_list(self, store: Any, order_by: str, limit: int) -> None:
        """api: pages of any size, each from where the last one ended, are the list cut into pieces."""
        deals = self._filled(store)

        for filter in (EVERYTHING, FILTERS["the scene all"], TeamIn(LI)):
            whole = expected_page(deals, Query("opportunity", filter, order_by))
            assert self._paged(store, filter, order_by, limit) == whole

    def test_a_page_begins_behind_a_record_that_is_gone(self, store: Any) -> None:
        """api: a position stays a position when its record is changed or deleted between two pages."""
        deals = self._filled(store)
        first = list(store.query(Query("opportunity", EVERYTHING, "name", 10)))
        last = first[-1]
        store.save(unit(deletion(last)))
        query = Query("opportunity", EVERYTHING, "name", 10, (last.name, last.id))

        assert list(store.query(query)) == expected_page(deals, query)

    def test_an_order_follows_changes(self, store: Any) -> None:
        """api: a list asked for again after records came, went and changed is in order again."""
        deals = {deal.id: deal for deal in self._filled(store)}
        query = Query("opportunity", EVERYTHING, "-close_date", 5)
        for number in range(12):
            assert list(store.query(query)) == expected_page(deals.values(), query)
            deal = deals.get(str(number * 5 % 30))
            if deal is None or number % 4 == 3:
                fresh = make_opportunity(f"new{number}", close_date=date(2026, 2, 1 + number))
                store.save(unit(new(fresh)))
                deals[fresh.id] = fresh
            elif number % 4 == 2:
                store.save(unit(deletion(deal)))
                del deals[deal.id]
            else:
                day = None if number % 3 else date(2026, 2, 20 - number)
                write = change(deal, close_date=day, name=f"moved {number}")
                store.save(unit(write))
                deals[deal.id] = write.record

    def test_lists_follow_owner_team_and_voiding(self, store: Any) -> None:
        """VIS-20: a record leaves and enters lists as owner, team and voiding change."""
        deal = make_opportunity("a", "li", TeamMember("zhao", TeamRole.JOINT))
        store.save(unit(new(deal)))
        team = (TeamMember("wang", TeamRole.OWNER, Access.READ_WRITE),)
        for write in (change(deal, owner="wang", team=team), change(deal, voided=True)):
            write = evolve(write, expected_version=store.get("opportunity", "a").version)
            record = evolve(write.record, version=write.expected_version + 1)
            store.save(unit(evolve(write, record=record, events=())))
            for people in ("li", "zhao", "wang"):
                for filter in (OwnerIn({people}), TeamIn({people}), Voided(True), Voided(False)):
                    query = Query("opportunity", filter)
                    assert list(store.query(query)) == expected_page([record], query)

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_page_of_nothing_is_empty(self, store: Any, limit: int) -> None:
        """api: a limit below one asks for nothing."""
        self._filled(store)

        assert list(store.query(Query("opportunity", EVERYTHING, limit=limit))) == []

    def test_an_unknown_order_is_refused(self, store: Any) -> None:
        """api: order keys are a closed list, and the refusal names it."""
        with pytest.raises(InvalidInput, match="close_date"):
            store.query(Query("opportunity", EVERYTHING, "secret"))

    def test_counts_agree_with_lists(self, store: Any) -> None:
        """VIS-16: a count is the length of the list, up to its cap."""
        self._capable(store, "count", "Counts")
        deals = self._filled(store)

        for filter in FILTERS.values():
            size = len(expected_page(deals, Query("opportunity", filter)))
            assert store.count("opportunity", filter) == size
            assert [store.count("opportunity", filter, cap) for cap in (1, 5, 1001)] == [
                min(size, cap) for cap in (1, 5, 1001)
            ]

    def test_many_are_found_at_once(self, store: Any) -> None:
        """IO-1: of many ids those that are there are found, of the kind that was asked for, each by its id."""
        self._capable(store, "get_many", "GetsMany")
        deals = {deal.id: deal for deal in self._filled(store)}

        assert dict(store.get_many("opportunity", [*deals, "nothing"])) == deals
        assert dict(store.get_many("opportunity", ["3", "nothing", "3"])) == {"3": deals["3"]}
        assert dict(store.get_many("lead", list(deals))) == dict(store.get_many("opportunity", [])) == {}
