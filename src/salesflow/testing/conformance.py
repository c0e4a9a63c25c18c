"""
What every store must do, as a pytest suite: subclass it, give it your store, run pytest.

    class TestMyStore(StoreConformance):
        def make_store(self):
            return MyStore()

The three methods of `salesflow.ports.Store` are tested always; a capability that the store does not have is
skipped, and the skip says which. Nothing here looks inside a store.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import Conflict, InvalidInput
from salesflow.model import (
    ORDER_KEYS,
    Access,
    Activity,
    Customer,
    Event,
    Lead,
    LeadStatus,
    Money,
    Opportunity,
    SharingRule,
    TeamMember,
    TeamRole,
    replay,
    sort_value,
)
from salesflow.ports import DoneOnce, Query, RecordFilter
from salesflow.testing.records import (
    AT,
    FILTERS,
    LI,
    change,
    deletion,
    expected_page,
    make_opportunity,
    many_opportunities,
    new,
    unit,
)
from salesflow.visibility.filters import (
    EVERYTHING,
    OwnerIn,
    TeamIn,
    Voided,
)


class _OwnNode:
    """A filter of an application's own, which no store can look into."""

    def matches(self, record: Any) -> bool:
        return bool(record.id < "2")


class StoreConformance:
    """
    The rules of `salesflow.ports.Store` and of its capabilities. Subclass it and define `make_store`.

    Source: HIST-1, HIST-3, LEAD-11, VIS-15.
    """

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

    def test_what_is_not_there_is_none(self, store: Any) -> None:
        """HIST-3: of an unknown kind or id there is no record, and no list holds one."""
        store.save(unit(new(make_opportunity("a"))))

        assert store.get("opportunity", "b") is None
        assert store.get("lead", "a") is None
        assert list(store.query(Query("lead", EVERYTHING))) == []

    def test_a_saved_record_is_what_was_saved(self, store: Any) -> None:
        """HIST-3: what comes back equals what was given, for every kind of record."""
        records: list[Any] = [
            make_opportunity("a", "li", TeamMember("zhao", "coach"), amount=Money("0.10", "CNY")),
            Lead(id="a", version=1, title="线索", owner=None, status=LeadStatus.UNASSIGNED,
                 channel="fair", created_at=AT, updated_at=AT),
            Customer(id="c", version=1, name="Acme", owner="li", updated_at=AT),
            SharingRule(id="s", version=1, from_person="li", to_person="wang", updated_at=AT),
        ]  # fmt: skip
        store.save(unit(*map(new, records)))

        assert [store.get(record.KIND, record.id) for record in records] == records

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
    @pytest.mark.parametrize("limit", [1, 2, 7, 29, 30, 31])
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

    def test_history_is_kept_in_order(self, store: Any) -> None:
        """HIST-1: the events of a record, replayed, give the record; those of another are not among them."""
        self._capable(store, "events", "KeepsHistory")
        record: Any = make_opportunity("a")
        store.save(unit(new(record), new(make_opportunity("b"))))
        activity = Activity("1", "call", "met Ms Qian", AT, "li")
        steps: list[dict[str, Any]] = [{"name": "x"}, {"amount": Money("1", "CNY"), "activities": (activity,)}]
        for values in steps:
            write = change(record, **values)
            store.save(unit(write))
            record = write.record
        events = list(store.events("opportunity", "a"))

        assert [(event.version, event.number) for event in events] == [(1, 0), (2, 0), (3, 0)]
        assert replay(events) == record == store.get("opportunity", "a")
        assert list(store.events("opportunity", "nothing")) == []

    def test_an_operation_is_done_once(self, store: Any) -> None:
        """HIST-3: a key that is there already is a conflict, and the first result stays."""
        self._capable(store, "done", "KeepsKeys")
        first = DoneOnce("li:key", "create", (("opportunity", "a", 1),))
        store.save(unit(new(make_opportunity("a")), done=first))

        with pytest.raises(Conflict):
            store.save(unit(new(make_opportunity("b")), done=DoneOnce("li:key", "create", ())))

        assert (store.done("li:key"), store.done("other")) == (first, None)
        assert store.get("opportunity", "b") is None

    @pytest.mark.parametrize("size", [1, 2, 100])
    def test_the_outbox_holds_every_event_in_order(self, store: Any, size: int) -> None:
        """RULE-3: read in pieces of any size, the outbox gives each saved event once, in the order saved."""
        self._capable(store, "outbox", "KeepsOutbox")
        saved: list[Event] = []
        for number in range(5):
            record = make_opportunity(str(number))
            both = new(record), change(record, name="x")
            store.save(unit(both[0], new(Customer(id=str(number), version=1, name="A", owner=None, updated_at=AT))))
            store.save(unit(both[1]))
            saved += self._events_of(number) + list(both[1].events)
        found: list[Event] = []
        at = 0
        while piece := store.outbox(at, size):
            assert len(piece) <= size
            places = [place for place, _ in piece]
            assert places == sorted(set(places))
            assert places[0] > at
            at = places[-1]
            found += [event for _, event in piece]

        assert found == saved
        assert [event for _, event in store.outbox(0, 1000)] == saved
        assert list(store.outbox(at, 1000)) == []

    def test_a_revision_tells_of_every_write(self, store: Any) -> None:
        """VIS-20: after a write the revision is another one; reading and conflicts leave it."""
        self._capable(store, "revision", "CountsRevisions")
        rule = SharingRule(id="s", version=1, from_person="li", to_person="wang", updated_at=AT)
        seen = [store.revision("sharing_rule")]
        for write in (new(rule), change(rule, access=Access.READ_WRITE)):
            store.save(unit(write))
            seen.append(store.revision("sharing_rule"))
        store.get("sharing_rule", "s")
        with pytest.raises(Conflict):
            store.save(unit(new(rule)))
        now = store.revision("sharing_rule")
        store.save(unit(deletion(store.get("sharing_rule", "s"))))
        seen.append(store.revision("sharing_rule"))

        assert now == seen[-2]
        assert len(set(seen)) == len(seen)

    def test_a_unit_rests_on_revisions(self, store: Any) -> None:
        """VIS-20: what was decided on sharing rules that changed since is a conflict, and nothing of it is saved."""
        self._capable(store, "revision", "CountsRevisions")
        rule = SharingRule(id="s", version=1, from_person="li", to_person="wang", updated_at=AT)
        store.save(unit(new(rule), new(make_opportunity("a"))))
        deal = store.get("opportunity", "a")
        rests: tuple[tuple[str, Any], ...]
        rests = tuple((kind, store.revision(kind)) for kind in ("sharing_rule", "pool"))
        store.save(evolve(unit(change(deal, name="x"), change(rule, access=Access.READ_WRITE)), resting_on=rests))
        before = self._everything(store, "opportunity", ["a", "b"])

        for write in (change(store.get("opportunity", "a"), name="late"), new(make_opportunity("b"))):
            with pytest.raises(Conflict):
                store.save(evolve(unit(write, done=DoneOnce("key", "request", ())), resting_on=rests))

        assert self._everything(store, "opportunity", ["a", "b"]) == before
        rests = (("sharing_rule", store.revision("sharing_rule")),)
        store.save(evolve(unit(change(store.get("opportunity", "a"), name="in time")), resting_on=rests))
        assert store.get("opportunity", "a").name == "in time"

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

    def _filled(self, store: Any) -> list[Opportunity]:
        deals = many_opportunities()
        store.save(unit(*map(new, deals)))
        return deals

    def _paged(self, store: Any, filter: RecordFilter, order_by: str, limit: int) -> list[Any]:
        value = sort_value("opportunity", order_by)
        found: list[Any] = []
        after = None
        while page := store.query(Query("opportunity", filter, order_by, limit, after)):
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

    @staticmethod
    def _events_of(number: int) -> list[Event]:
        deal = new(make_opportunity(str(number)))
        customer = new(Customer(id=str(number), version=1, name="A", owner=None, updated_at=AT))
        return [*deal.events, *customer.events]
