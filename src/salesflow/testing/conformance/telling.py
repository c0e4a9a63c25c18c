"""What a store tells beside its records: history, idempotency marks, the outbox, revisions (HIST-1, RULE-3, VIS-20)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import Conflict
from salesflow.model import Access, Activity, Customer, Event, Money, SharingRule, replay
from salesflow.ports import REVISION, DoneOnce
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import AT, change, deletion, make_opportunity, new, unit


class TellingRules(StoreSuite):
    """
    What `events`, `done`, `outbox` and `revision` promise, of a store that has them.

    Source: HIST-1, HIST-3, RULE-3, VIS-20.
    """

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

    @pytest.mark.parametrize("up_to", [-1, 0, 1, 3, 4, 10**9])
    def test_what_was_delivered_can_be_forgotten(self, store: Any, up_to: int) -> None:
        """RULE-3: up to a position the outbox is empty; history, positions and what comes later stay."""
        self._capable(store, "forget_outbox", "KeepsOutbox")
        for number in range(4):
            store.save(unit(new(make_opportunity(str(number)))))
        whole = list(store.outbox(0, 100))
        gone = 4 if up_to > 4 else max(up_to, 0)
        store.forget_outbox(whole[up_to - 1][0] if 0 < up_to <= 4 else up_to)
        assert [list(store.outbox(at, 2)) for at in (0, whole[0][0])] == [
            [pair for pair in whole[gone:] if pair[0] > at][:2] for at in (0, whole[0][0])
        ]
        store.forget_outbox(0)

        store.save(unit(change(store.get("opportunity", "0"), name="x"), new(make_opportunity("4"))))
        store.save(unit(deletion(store.get("opportunity", "1"))))
        store.save(unit(deletion(store.get("opportunity", "4"))))

        told = [(event.record_id, event.version) for _, event in store.outbox(0, 100)]
        left = [(str(number), 1) for number in range(gone, 4) if number != 1]
        assert told == [*left, ("0", 2), ("1", 2), ("4", 2)]
        places = [place for place, _ in store.outbox(0, 100)]
        assert places == sorted(set(places))
        assert all(place > whole[-1][0] for place in places[-3:])

    def test_what_is_forgotten_stays_history(self, store: Any) -> None:
        """HIST-1, RULE-3: forgetting what was delivered takes nothing from what happened to a record."""
        self._capable(store, "forget_outbox", "KeepsOutbox")
        self._capable(store, "events", "KeepsHistory")
        record = make_opportunity("a")
        store.save(unit(new(record)))
        store.save(unit(change(record, name="x")))
        told = list(store.events("opportunity", "a"))
        store.forget_outbox(10**9)

        assert list(store.events("opportunity", "a")) == told
        assert list(store.outbox(0, 10)) == []
        assert replay(told) == store.get("opportunity", "a")

    def test_what_is_forgotten_while_others_write_is_only_that(self, store: Any) -> None:
        """RULE-3: a reader that forgets what it has read, piece by piece, still meets every event once."""
        self._capable(store, "forget_outbox", "KeepsOutbox")
        saved: list[Event] = []
        found: list[Event] = []
        for number in range(12):
            write = new(make_opportunity(str(number)))
            store.save(unit(write))
            saved += write.events
            if number % 3 == 2:
                piece = store.outbox(0, 2)
                found += [event for _, event in piece]
                store.forget_outbox(piece[-1][0])
        while piece := store.outbox(0, 5):
            found += [event for _, event in piece]
            store.forget_outbox(piece[-1][0])

        assert found == saved

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
            with pytest.raises(Conflict) as caught:
                store.save(evolve(unit(write, done=DoneOnce("key", "request", ())), resting_on=rests))
            assert (caught.value.kind, caught.value.id) == (REVISION, "sharing_rule")

        assert self._everything(store, "opportunity", ["a", "b"]) == before
        rests = (("sharing_rule", store.revision("sharing_rule")),)
        store.save(evolve(unit(change(store.get("opportunity", "a"), name="in time")), resting_on=rests))
        assert store.get("opportunity", "a").name == "in time"

    @staticmethod
    def _events_of(number: int) -> list[Event]:
        deal = new(make_opportunity(str(number)))
        customer = new(Customer(id=str(number), version=1, name="A", owner=None, updated_at=AT))
        return [*deal.events, *customer.events]
