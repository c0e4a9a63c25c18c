"""What is known already (LEAD-12): customers and leads found by canonical keys, and the keys that only one may hold."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import Conflict
from salesflow.model import Customer, Lead, LeadStatus
from salesflow.ports import Query
from salesflow.testing.conformance.racing import together
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit
from salesflow.visibility.filters import NOT_VOIDED, OwnerIn, all_of, any_of, negation
from salesflow.visibility.known_by import KnownBy

PHONE, EMAIL = "phone:+8613912345678", "email:li@example.com"
_ROUNDS = 5


def _customer(id: str, *keys: str, **values: Any) -> Customer:
    return Customer(id=id, version=1, name=id, owner="li", match_keys=keys, created_at=AT, updated_at=AT, **values)


def _lead(id: str, *keys: str, **values: Any) -> Lead:
    return Lead(
        id=id, version=1, title=id, owner="li", status=LeadStatus.ASSIGNED, phone="1", match_keys=keys,
        created_at=AT, updated_at=AT, **values,
    )  # fmt: skip


class KeyRules(StoreSuite):
    """
    What holds of the keys that records are known by.

    Source: LEAD-12.
    """

    def _found(self, store: Any, kind: str, *keys: str) -> list[str]:
        return [record.id for record in store.query(Query(kind, KnownBy(keys), "id"))]

    def test_a_customer_is_found_by_each_of_its_keys(self, store: Any) -> None:
        """LEAD-12: by one, by some, by several at once; and by no other."""
        store.save(unit(new(_customer("a", PHONE, EMAIL)), new(_customer("b", "phone:2")), new(_customer("c"))))
        assert self._found(store, "customer", PHONE) == self._found(store, "customer", EMAIL) == ["a"]
        assert self._found(store, "customer", EMAIL, "phone:2", "phone:3") == ["a", "b"]
        assert self._found(store, "customer", "phone:3") == self._found(store, "customer") == []

    @pytest.mark.parametrize("document", ["quote_number", "contract_number"])
    def test_a_lead_is_found_once_it_has_a_document(self, store: Any, document: str) -> None:
        """LEAD-12, LEAD-7: before that, and while it is voided, its key finds nothing."""
        first, second = ({document: number} for number in "12")
        store.save(unit(new(_lead("a", PHONE)), new(_lead("b", PHONE, **first))))
        assert self._found(store, "lead", PHONE) == ["b"]
        records = [store.get("lead", id) for id in ("a", "b")]
        store.save(unit(change(records[0], 1, **second), change(records[1], voided=True)))
        assert self._found(store, "lead", PHONE) == ["a"]
        assert self._found(store, "customer", PHONE) == []

    @pytest.mark.parametrize("kind", ["customer", "lead"])
    def test_what_is_found_follows_changes(self, store: Any, kind: str) -> None:
        """LEAD-12: a key that a record has no more finds it no more, nor does any once it is deleted."""
        make = _customer if kind == "customer" else partial(_lead, quote_number="1")
        store.save(unit(new(make("a", PHONE, EMAIL))))
        for keys in ((EMAIL,), (EMAIL, "phone:2"), ("phone:2",), (), (PHONE, EMAIL)):
            store.save(unit(change(store.get(kind, "a"), match_keys=keys)))
            assert [key for key in (PHONE, EMAIL, "phone:2") if self._found(store, kind, key)] == [
                key for key in (PHONE, EMAIL, "phone:2") if key in keys
            ]
        store.save(unit(deletion(store.get(kind, "a"))))
        assert self._found(store, kind, PHONE, EMAIL) == []

    def test_a_key_goes_with_other_filters(self, store: Any) -> None:
        """LEAD-12, VIS-15: joined with other nodes, and of kinds that have no keys, a scan by `matches` decides."""
        people = {"a": "li", "b": "wang", "c": "li"}
        records = [evolve(_customer(id, f"phone:{id}"), owner=owner) for id, owner in people.items()]
        store.save(unit(*map(new, records), new(make_opportunity("a"))))
        known, of_li = KnownBy(["phone:a", "phone:b"]), OwnerIn({"li"})
        for filter in (all_of((known, of_li)), any_of((known, of_li)), all_of((negation(known), NOT_VOIDED))):
            for limit in (None, 1, 10):
                passing = [record.id for record in records if filter.matches(record)][:limit]
                assert [record.id for record in store.query(Query("customer", filter, "id", limit))] == passing
        assert store.query(Query("opportunity", known)) == []
        assert len(store.query(Query("opportunity", any_of((known, of_li))))) == 1

    def test_a_key_is_held_once(self, store: Any) -> None:
        """I-38: a second customer with one of the keys is a conflict, made or changed, and nothing of it is saved."""
        self._capable(store, "keeps_unique_keys", "KeepsUniqueKeys")
        store.save(unit(new(_customer("a", PHONE)), new(_customer("b"))))
        for refused in (new(_customer("c", EMAIL, PHONE)), change(_customer("b"), match_keys=(PHONE,))):
            with pytest.raises(Conflict) as no:
                store.save(unit(new(make_opportunity("x")), refused))
            assert no.value.kind == "unique key"
        assert self._found(store, "customer", PHONE) == ["a"]
        assert store.get("customer", "c") is None
        assert store.get("customer", "b").match_keys == ()
        assert store.get("opportunity", "x") is None

    def test_two_records_of_a_unit_share_no_key(self, store: Any) -> None:
        """I-38: two new customers with one key are a conflict within their unit too."""
        self._capable(store, "keeps_unique_keys", "KeepsUniqueKeys")
        with pytest.raises(Conflict):
            store.save(unit(new(_customer("a", PHONE)), new(_customer("b", PHONE))))
        assert self._found(store, "customer", PHONE) == []

    @pytest.mark.parametrize(("giver", "taker"), [("a", "b"), ("b", "a")])
    def test_a_key_changes_hands_within_a_unit(self, store: Any, giver: str, taker: str) -> None:
        """I-38: what one record gives up another may take in the same unit, be it changed, new, or in its place."""
        store.save(unit(new(_customer(giver, PHONE)), new(_customer(taker, EMAIL))))
        mine, yours = store.get("customer", giver), store.get("customer", taker)
        store.save(unit(change(mine, match_keys=(EMAIL,)), change(yours, match_keys=(PHONE,))))
        assert self._found(store, "customer", PHONE) == [taker]
        assert self._found(store, "customer", EMAIL) == [giver]
        store.save(unit(deletion(store.get("customer", giver)), new(_customer("c", EMAIL))))
        assert self._found(store, "customer", EMAIL) == ["c"]

    def test_a_key_is_free_again(self, store: Any) -> None:
        """I-38: once its holder is deleted, or saved without it."""
        store.save(unit(new(_customer("a", PHONE, EMAIL))))
        store.save(unit(change(store.get("customer", "a"), match_keys=(EMAIL,))))
        store.save(unit(new(_customer("b", PHONE))))
        store.save(unit(deletion(store.get("customer", "a"))))
        store.save(unit(new(_customer("c", EMAIL))))
        assert self._found(store, "customer", PHONE, EMAIL) == ["b", "c"]

    def test_leads_share_keys(self, store: Any) -> None:
        """LEAD-12: only customers keep theirs to themselves; two leads, or a lead and a customer, may have one."""
        store.save(unit(new(_customer("a", PHONE)), *[new(_lead(id, PHONE, quote_number=id)) for id in "ab"]))
        assert self._found(store, "lead", PHONE) == ["a", "b"]

    def test_of_two_who_take_a_key_at_once_one_wins(self, store: Any) -> None:
        """I-38, LEAD-12: two customers of one key, saved at one moment: the other is a conflict."""
        self._capable(store, "keeps_unique_keys", "KeepsUniqueKeys")
        for number in range(_ROUNDS):
            keys = [f"phone:{number}", f"email:{number}"]
            made = [_customer(f"{number}{which}", *keys[::step]) for which, step in (("a", 1), ("b", -1))]
            raised = together(*[partial(store.save, unit(new(record))) for record in made])
            assert sorted(map(type, raised), key=repr) == [type(None), Conflict]
            assert len(self._found(store, "customer", *keys)) == 1
