"""Saving: versions, ids that are taken, and units of work that are saved as a whole or not at all (HIST-3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import Conflict, InvalidInput
from salesflow.model import Customer, TeamMember, TeamRole
from salesflow.ports import DoneOnce, Query, Write
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING, TeamIn

_FAILURES: dict[str, tuple[Callable[[], Write], type[Exception]]] = {
    "a stale version": (lambda: change(make_opportunity("stale"), name="late"), Conflict),
    "a stale deletion": (lambda: deletion(make_opportunity("stale")), Conflict),
    "what is not there": (lambda: change(make_opportunity("nothing"), name="x"), Conflict),
    "a taken id": (lambda: new(make_opportunity("signed")), Conflict),
    "a deleted id": (lambda: new(make_opportunity("gone")), Conflict),
    "a record named twice": (lambda: change(make_opportunity("old"), name="again"), InvalidInput),
    "an unsigned deletion": (lambda: evolve(deletion(make_opportunity("signed")), events=()), InvalidInput),
}
"""A write that cannot be saved, and what it raises."""


class SavingRules(StoreSuite):
    """
    What `save` promises.

    Source: HIST-3.
    """

    def test_what_is_not_there_is_none(self, store: Any) -> None:
        """HIST-3: of an unknown kind or id there is no record, and no list holds one."""
        store.save(unit(new(make_opportunity("a"))))

        assert store.get("opportunity", "b") is None
        assert store.get("lead", "a") is None
        assert list(store.query(Query("lead", EVERYTHING))) == []

    def test_a_change_takes_the_place_of_the_record(self, store: Any) -> None:
        """HIST-3: after a change the record is the new one, by id and in lists."""
        record = make_opportunity("a")
        store.save(unit(new(record)))
        write = change(record, name="renamed", close_date=date(2026, 5, 1))
        store.save(unit(write))

        assert store.get("opportunity", "a") == write.record
        assert list(store.query(Query("opportunity", EVERYTHING))) == [write.record]

    def test_a_stale_version_is_a_conflict(self, store: Any) -> None:
        """HIST-3: of two changes decided on one version, the second is refused and changes nothing."""
        record = make_opportunity("a")
        store.save(unit(new(record)))
        first = change(record, name="first")
        store.save(unit(first))

        with pytest.raises(Conflict) as caught:
            store.save(unit(change(record, name="second")))

        found = caught.value
        assert (found.kind, found.id, found.expected_version, found.found_version) == (
            "opportunity",
            "a",
            1,
            2,
        )
        assert store.get("opportunity", "a") == first.record

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("name", ["other", "same"])
    def test_a_conflict_names_the_one_that_was_overtaken(self, store: Any, place: int, name: str) -> None:
        """HIST-3: of several changes in one unit, the one is named that somebody else made first, be it the same."""
        records = [make_opportunity(id) for id in "abc"]
        store.save(unit(*map(new, records)))
        store.save(unit(change(records[place], name=name)))

        with pytest.raises(Conflict) as caught:
            store.save(unit(*(change(record, name="same") for record in records)))

        assert (caught.value.id, caught.value.expected_version, caught.value.found_version) == ("abc"[place], 1, 2)

    def test_records_changed_together_lose_what_they_gave_up(self, store: Any) -> None:
        """HIST-3, VIS-10: each of several changes in one unit finds its own people, and no other's."""
        members = [TeamMember(person, TeamRole.PRESALES) for person in ("ann", "bob")]
        records = [make_opportunity(id, "li", *members) for id in "abc"]
        store.save(unit(*map(new, records)))
        teams = {"a": records[0].team[:1], "b": records[0].team, "c": (*records[0].team[:1], records[0].team[2])}
        store.save(unit(*(change(record, team=teams[record.id]) for record in records)))

        for person, ids in {"ann": ["b"], "bob": ["b", "c"], "li": ["a", "b", "c"]}.items():
            found = store.query(Query("opportunity", TeamIn(frozenset({person}))))
            assert sorted(record.id for record in found) == ids

    def test_a_version_from_the_future_is_a_conflict(self, store: Any) -> None:
        """HIST-3: a change of a version that never was is refused."""
        record = make_opportunity("a")
        store.save(unit(new(record)))

        with pytest.raises(Conflict):
            store.save(unit(change(evolve(record, version=7), name="later")))

        assert store.get("opportunity", "a") == record

    def test_a_new_record_needs_a_free_id(self, store: Any) -> None:
        """HIST-3: an id that is taken is not given again; the same id of another kind is free."""
        record = make_opportunity("a")
        store.save(unit(new(record)))

        with pytest.raises(Conflict):
            store.save(unit(new(make_opportunity("a", "wang"))))
        store.save(unit(new(Customer(id="a", version=1, name="Acme", owner="li", updated_at=AT))))

        assert store.get("opportunity", "a") == record

    def test_what_is_gone_cannot_be_changed(self, store: Any) -> None:
        """HIST-3: changing or deleting a record that is not there is a conflict."""
        record = make_opportunity("a")
        for write in (
            change(record, name="x"),
            deletion(record),
            evolve(deletion(record), expected_version=0),
        ):
            with pytest.raises(Conflict):
                store.save(unit(write))

        assert store.get("opportunity", "a") is None

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_a_unit_is_saved_as_a_whole_or_not_at_all(self, store: Any, place: int) -> None:
        """HIST-3: whichever write of a unit conflicts, records, lists, events and outbox are as they were."""
        old = make_opportunity("old")
        store.save(unit(new(old)))
        before = self._everything(store, "opportunity", ["old", "x", "y"])
        writes = [new(make_opportunity("x")), change(old, name="changed")]
        writes.insert(place, change(make_opportunity("y"), name="conflicts"))

        with pytest.raises(Conflict):
            store.save(unit(*writes, done=DoneOnce("key", "request", ())))

        assert self._everything(store, "opportunity", ["old", "x", "y"]) == before

    @pytest.mark.parametrize("place", [0, 2, 4])
    @pytest.mark.parametrize("failure", _FAILURES)
    def test_whatever_fails_wherever_it_stands_saves_nothing(self, store: Any, failure: str, place: int) -> None:
        """HIST-3, I-5: one write of five that cannot be, and all is as it was; without it the rest is saved."""
        some = [make_opportunity(id) for id in ("old", "stale", "signed", "gone", "leaves")]
        store.save(unit(*map(new, some)))
        store.save(unit(change(some[1], name="moved on"), deletion(some[3])))
        ids = ["old", "stale", "signed", "gone", "leaves", "fresh", "nothing"]
        before = self._everything(store, "opportunity", ids)
        customer = Customer(id="fresh", version=1, name="Acme", owner="li", updated_at=AT)
        sound = [
            change(some[0], name="changed"), new(make_opportunity("fresh")), deletion(some[4]), new(customer),
        ]  # fmt: skip
        make, raised = _FAILURES[failure]
        done = DoneOnce("key", "request", ())

        with pytest.raises(raised):
            store.save(unit(*sound[:place], make(), *sound[place:], done=done))

        assert self._everything(store, "opportunity", ids) == before
        assert store.get("customer", "fresh") is None
        store.save(unit(*sound, done=done))
        assert [store.get(write.kind, write.id) for write in sound] == [write.record for write in sound]

    def test_a_version_grows_by_one(self, store: Any) -> None:
        """HIST-3, I-9: through ten changes, each decided on the one before."""
        record: Any = make_opportunity("a")
        store.save(unit(new(record)))
        for number in range(10):
            write = change(record, name=f"name {number}")
            store.save(unit(write))
            record = write.record
        assert store.get("opportunity", "a") == record
        assert record.version == 11

    def test_a_unit_may_hold_several_kinds(self, store: Any) -> None:
        """HIST-3: records of several kinds, new and changed, are saved together."""
        customer = Customer(id="c", version=1, name="Acme", owner="li", updated_at=AT)
        store.save(unit(new(customer)))
        deal, write = make_opportunity("a", customer="c"), change(customer, name="Acme Ltd")
        store.save(unit(new(deal), write))

        assert (store.get("opportunity", "a"), store.get("customer", "c")) == (deal, write.record)

    def test_a_record_stands_once_in_a_unit(self, store: Any) -> None:
        """HIST-3: a unit that writes one record twice is the caller's mistake, and saves nothing."""
        record = make_opportunity("a")

        with pytest.raises(InvalidInput):
            store.save(unit(new(record), change(record, name="x")))

        assert store.get("opportunity", "a") is None

    def test_an_empty_unit_changes_nothing(self, store: Any) -> None:
        """HIST-3: a decision that changes nothing can be saved."""
        store.save(unit())

        assert list(store.query(Query("opportunity", EVERYTHING))) == []
