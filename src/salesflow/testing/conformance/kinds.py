"""Every kind of record: kept as it was given, listed by every order, filtered by every node (VIS-15)."""

from __future__ import annotations

from typing import Any

import pytest

from salesflow.errors import Conflict
from salesflow.model import ORDER_KEYS, LeadStatus, Money, TeamRole
from salesflow.ports import Query
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import AT, change, deletion, expected_page, new, unit
from salesflow.testing.samples import MAKERS, OWNED, POOLS, SAMPLES, samples
from salesflow.visibility.behind import Behind, Names
from salesflow.visibility.filters import (
    EVERYTHING,
    NOT_VOIDED,
    NOTHING,
    OPERATORS,
    AllOf,
    AnyOf,
    FieldCompare,
    Filter,
    Negation,
    OwnerIn,
    PoolIn,
    TeamIn,
    Voided,
)

_LI, _TWO = OwnerIn({"li"}), OwnerIn({"li", "zhang"})

_NODES: dict[str, Filter] = {
    "nothing": NOTHING,
    "an owner": _LI,
    "two owners": _TWO,
    "nobody": OwnerIn(()),
    "not an owner": Negation(_LI),
    "not nobody": Negation(OwnerIn(())),
    "voided": Voided(True),
    "not voided": NOT_VOIDED,
    "the common pool": PoolIn({None}),
    "a pool": PoolIn({"east"}),
    "every pool": PoolIn(POOLS),
    "not a pool": Negation(PoolIn({"east"})),
    "not the common pool": Negation(PoolIn({None})),
    "an owner or a pool": AllOf((NOT_VOIDED, AnyOf((_LI, PoolIn({None, "east"}))))),
    "a team": TeamIn({"zhao"}),
    "not a team": Negation(TeamIn({"zhao"}, frozenset({TeamRole.JOINT}))),
    "an owner and a moment": AllOf((_TWO, FieldCompare("updated_at", ">", AT))),
    "an owner or a moment": AnyOf((_LI, FieldCompare("created_at", "<=", AT))),
    "one of several": AnyOf((_LI, AllOf((NOT_VOIDED, OwnerIn({"wang"}))))),
}
"""What lists of people's records are made of."""

_VALUES: dict[str, tuple[str, Any]] = {
    "text": ("name", "b"),
    "more text": ("name", "商"),
    "a whole number": ("probability.percent", 10),
    "money": ("amount", Money("9", "CNY")),
    "another currency's money": ("amount", Money("9", "USD")),
    "a day": ("close_date", AT.date().replace(month=2, day=2)),
    "a moment": ("created_at", AT),
    "a choice": ("status", "in_progress"),
    "an id": ("customer", "3"),
    "what no list is ordered by": ("created_by", "li"),
    "a field that is not there": ("nothing.here", "x"),
    "a value of another sort": ("name", 7),
}
"""A field, and a value that it may compare with."""


class KindRules(StoreSuite):
    """
    What holds for each kind of record alike.

    Source: HIST-1, HIST-3, VIS-14, VIS-15.
    """

    @pytest.mark.parametrize("kind", MAKERS)
    def test_every_kind_comes_back_as_it_was(self, store: Any, kind: str) -> None:
        """HIST-3: what comes back equals what was given, alone and in lists, and no other kind knows of it."""
        records = self._of_kind(store, kind)

        assert [store.get(kind, record.id) for record in records] == records
        assert list(store.query(Query(kind, EVERYTHING))) == expected_page(records, Query(kind, EVERYTHING))
        for other in MAKERS:
            if other != kind:
                assert store.get(other, records[0].id) is None
                assert list(store.query(Query(other, EVERYTHING))) == []

    @pytest.mark.parametrize("kind", MAKERS)
    def test_every_kind_is_changed_and_deleted_by_its_version(self, store: Any, kind: str) -> None:
        """HIST-3, LEAD-11: of two changes of one version one is saved, and after deletion the id stays taken."""
        first, second, *_ = self._of_kind(store, kind)
        write = change(first, created_by="wang")
        store.save(unit(write))
        with pytest.raises(Conflict):
            store.save(unit(change(first, created_by="zhang"), deletion(second)))
        store.save(unit(deletion(write.record)))

        assert (store.get(kind, first.id), store.get(kind, second.id)) == (None, second)
        assert {each.id for each in store.query(Query(kind, EVERYTHING))} == set(map(str, range(SAMPLES))) - {first.id}
        for late in (new(first), change(write.record, created_by="li"), deletion(write.record)):
            with pytest.raises(Conflict):
                store.save(unit(late))

    @pytest.mark.parametrize("kind", MAKERS)
    def test_every_kind_is_listed_in_every_order(self, store: Any, kind: str) -> None:
        """api: each key of the kind's closed list, both ways, in one piece and in pages of five."""
        records = self._of_kind(store, kind)
        for key in ORDER_KEYS.get(kind, ("id", "created_at", "updated_at")):
            for order_by in (key, f"-{key}"):
                whole = expected_page(records, Query(kind, EVERYTHING, order_by))
                assert list(store.query(Query(kind, EVERYTHING, order_by))) == whole
                assert self._paged(store, EVERYTHING, order_by, 5, kind) == whole

    @pytest.mark.parametrize("asked", _NODES)
    @pytest.mark.parametrize("kind", OWNED)
    def test_every_node_is_asked_of_every_kind(self, store: Any, kind: str, asked: str) -> None:
        """VIS-15, VIS-21: what passes is in the list, whole and in pages, and in the count, whatever the kind."""
        records, filter = self._of_kind(store, kind), _NODES[asked]
        whole = expected_page(records, Query(kind, filter))

        assert list(store.query(Query(kind, filter))) == whole
        assert self._paged(store, filter, "-updated_at", 2, kind) == expected_page(
            records, Query(kind, filter, "-updated_at")
        )
        if hasattr(store, "count"):
            assert [store.count(kind, filter, cap) for cap in (None, 2)] == [len(whole), min(len(whole), 2)]

    @pytest.mark.parametrize("asked", _VALUES)
    def test_a_field_compares_as_in_python(self, store: Any, asked: str) -> None:
        """VIS-14: text by code point, money within its currency, nothing with what is missing or of another sort."""
        records = self._of_kind(store, "opportunity")
        name, value = _VALUES[asked]
        for operator in OPERATORS:
            compared = FieldCompare(name, operator, value)
            for filter in (compared, AllOf((_TWO, compared)), AnyOf((_LI, compared))):
                query = Query("opportunity", filter)
                assert list(store.query(query)) == expected_page(records, query)

    @pytest.mark.parametrize("kind", MAKERS)
    def test_a_moment_is_asked_of_every_kind(self, store: Any, kind: str) -> None:
        """VIS-14: a comparison is answered for a kind that nobody owns, too."""
        records = self._of_kind(store, kind)
        for operator in OPERATORS:
            query = Query(kind, FieldCompare("updated_at", operator, records[5].updated_at), "-id")
            assert list(store.query(query)) == expected_page(records, query)

    @pytest.mark.parametrize("status", LeadStatus)
    def test_leads_are_found_by_owner_and_status(self, store: Any, status: LeadStatus) -> None:
        """LEAD-14: the open leads of one person, which a ceiling counts."""
        records = self._of_kind(store, "lead")
        query = Query("lead", AllOf((NOT_VOIDED, _TWO, FieldCompare("status", "==", status))))

        assert list(store.query(query)) == expected_page(records, query)

    @pytest.mark.parametrize("behind", ["opportunity", "lead"])
    @pytest.mark.parametrize("kind", ["customer", "contact"])
    def test_a_party_is_found_through_what_names_it(self, store: Any, kind: str, behind: str) -> None:
        """VIS-21: customers and contacts behind the records that pass, and the records by whom they name."""
        parties, records = self._of_kind(store, kind), self._of_kind(store, behind)

        def find(other: str, filter: Filter, limit: int | None) -> Any:
            return store.query(Query(other, filter, limit=limit))

        for passing in (EVERYTHING, Negation(_LI), AllOf((NOT_VOIDED, _TWO))):
            through = Behind(behind, passing, find)
            for filter in (through, Negation(through), AnyOf((_LI, through)), AllOf((NOT_VOIDED, through))):
                query = Query(kind, filter, "name")
                assert list(store.query(query)) == expected_page(parties, query)
        for number in range(4):
            query = Query(behind, AllOf((NOT_VOIDED, Names(kind, str(number)))))
            assert list(store.query(query)) == expected_page(records, query)

    def _of_kind(self, store: Any, kind: str) -> list[Any]:
        records = samples(kind)
        store.save(unit(*map(new, records)))
        return records
