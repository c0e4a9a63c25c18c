"""The conformance suite is tested itself: it passes a sound store and catches each broken one (HIST-3, VIS-15)."""

from itertools import product
from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import Conflict, InvalidInput, SalesflowError
from salesflow.ports import Query, UnitOfWork
from salesflow.stores import MemoryStore
from salesflow.testing import StoreConformance
from salesflow.testing.records import expected_page


class ThreeMethods:
    """The smallest store: a dict, a scan, and nothing beyond what the library needs."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], Any] = {}
        self.deleted: set[tuple[str, str]] = set()

    def get(self, kind: str, id: str) -> Any | None:
        return self.records.get((kind, id))

    def query(self, query: Query) -> list[Any]:
        if query.limit is not None and query.limit < 1:
            return []
        return expected_page([each for (kind, _), each in self.records.items() if kind == query.kind], query)

    def save(self, unit: UnitOfWork) -> None:
        keys = [(write.kind, write.id) for write in unit.writes]
        if len(set(keys)) < len(keys):
            raise InvalidInput("writes", keys, "must name each record once")
        for key, write in zip(keys, unit.writes, strict=True):
            found = self.records.get(key)
            is_absent = found is None and (write.expected_version > 0 or write.record is None)
            if key in self.deleted or is_absent or (found is not None and found.version != write.expected_version):
                raise Conflict(*key, write.expected_version, found and found.version)
            if write.record is None and not write.events:
                raise InvalidInput("events", write.id, "must say who")
        for key, write in zip(keys, unit.writes, strict=True):
            self.records[key] = write.record
            if write.record is None:
                del self.records[key]
                self.deleted.add(key)


class IgnoresVersions(MemoryStore):
    def save(self, unit):
        found = [self.get(write.kind, write.id) for write in unit.writes]
        writes = [
            evolve(write, expected_version=old.version) if old and write.expected_version else write
            for write, old in zip(unit.writes, found, strict=True)
        ]
        super().save(evolve(unit, writes=tuple(writes)))


class SavesHalf(MemoryStore):
    def save(self, unit):
        for write in unit.writes:
            super().save(UnitOfWork((write,)))
        super().save(UnitOfWork((), unit.done))


class OverwritesTaken(MemoryStore):
    def save(self, unit):
        super().save(
            evolve(
                unit,
                writes=tuple(
                    evolve(write, expected_version=old.version) if old and not write.expected_version else write
                    for write in unit.writes
                    for old in [self.get(write.kind, write.id)]
                ),
            )
        )


class BreaksTiesWrongly(MemoryStore):
    def query(self, query):
        found = expected_page(super().query(evolve(query, limit=None, after=None)), query)
        return sorted(found, key=lambda record: record.id, reverse=True) if query.order_by == "name" else found


class PutsMissingFirst(MemoryStore):
    def query(self, query):
        found = list(super().query(query))
        if query.order_by == "close_date":
            found.sort(key=lambda record: record.close_date is not None)
        return found


class ShowsTheLastAgain(MemoryStore):
    def query(self, query):
        if query.after is None:
            return super().query(query)
        behind = super().query(query)
        last = [self.get(query.kind, query.after[1])] if behind else []
        return [record for record in [*last, *behind] if record][: query.limit]


class TrustsPostings(MemoryStore):
    def query(self, query):
        parts = getattr(query.filter, "parts", None)
        return super().query(evolve(query, filter=parts[0]) if parts else query)


class NoticesNoMove(MemoryStore):
    def __init__(self):
        super().__init__()
        self.first: dict[str, Any] = {}

    def query(self, query):
        for record in super().query(evolve(query, limit=None, after=None)):
            self.first.setdefault(record.id, record)
        return super().query(evolve(query, filter=_Remembers(query.filter, self.first)))


class _Remembers:
    def __init__(self, filter, first):
        self.filter, self.first = filter, first

    def matches(self, record):
        return self.filter.matches(self.first.get(record.id, record))


class GivesUnknownOrders(MemoryStore):
    def query(self, query):
        return super().query(evolve(query, order_by="id") if query.order_by == "secret" else query)


class CountsHidden(MemoryStore):
    def count(self, kind, filter, cap=None):
        return super().count(kind, filter, cap) + 1


class ForgetsHistory(MemoryStore):
    def events(self, kind, id):
        return super().events(kind, id)[-1:]


class ForgetsKeys(MemoryStore):
    def save(self, unit):
        super().save(evolve(unit, done=None))


class RepeatsKeys(MemoryStore):
    def save(self, unit):
        if unit.done is not None and self.done(unit.done.key):
            unit = evolve(unit, done=None)
        super().save(unit)


class ShufflesOutbox(MemoryStore):
    def outbox(self, after, limit):
        return list(reversed(super().outbox(after, limit)))


class SkipsOutbox(MemoryStore):
    def outbox(self, after, limit):
        return [each for each in super().outbox(after, limit) if each[0] != 3]


class StandsStill(MemoryStore):
    def revision(self, kind):
        return 1


class RestsOnNothing(MemoryStore):
    def save(self, unit):
        super().save(evolve(unit, resting_on=()))


class KeepsTheDead(MemoryStore):
    def __init__(self):
        super().__init__()
        self.told: list[Any] = []

    def save(self, unit):
        super().save(unit)
        self.told += [event for write in unit.writes for event in write.events]

    def outbox(self, after, limit):
        return list(enumerate(self.told, 1))[after : after + limit]


class RaisesTheDead(MemoryStore):
    def save(self, unit):
        for shelf in self._shelves.values():
            shelf.tombstones.clear()
        super().save(unit)


class GossipsOfTheDead(MemoryStore):
    def tombstone(self, kind, id):
        stone = super().tombstone(kind, id)
        return stone and evolve(stone, by="secret")


class DeletesUnsigned(MemoryStore):
    def save(self, unit):
        try:
            super().save(unit)
        except InvalidInput:
            for write in unit.writes:
                self._shelf(write.kind).records.pop(write.id, None)
            raise


class AllowsDoubles(MemoryStore):
    def save(self, unit):
        last = {(write.kind, write.id): write for write in unit.writes}
        first = {key: write.expected_version for write in reversed(unit.writes) for key in [(write.kind, write.id)]}
        super().save(
            evolve(
                unit,
                writes=tuple(evolve(write, expected_version=first[key]) for key, write in last.items()),
            )
        )


BROKEN = {
    IgnoresVersions: "test_a_stale_version_is_a_conflict",
    SavesHalf: "test_a_unit_is_saved_as_a_whole_or_not_at_all",
    OverwritesTaken: "test_a_new_record_needs_a_free_id",
    BreaksTiesWrongly: "test_every_order_is_kept",
    PutsMissingFirst: "test_every_order_is_kept",
    ShowsTheLastAgain: "test_pages_join_to_the_whole_list",
    TrustsPostings: "test_a_list_holds_exactly_what_passes",
    NoticesNoMove: "test_lists_follow_owner_team_and_voiding",
    GivesUnknownOrders: "test_an_unknown_order_is_refused",
    CountsHidden: "test_counts_agree_with_lists",
    ForgetsHistory: "test_history_is_kept_in_order",
    ForgetsKeys: "test_an_operation_is_done_once",
    RepeatsKeys: "test_an_operation_is_done_once",
    ShufflesOutbox: "test_the_outbox_holds_every_event_in_order",
    SkipsOutbox: "test_the_outbox_holds_every_event_in_order",
    StandsStill: "test_a_revision_tells_of_every_write",
    RestsOnNothing: "test_a_unit_rests_on_revisions",
    KeepsTheDead: "test_a_deleted_record_is_gone_from_everywhere",
    RaisesTheDead: "test_a_deleted_id_is_never_given_again",
    GossipsOfTheDead: "test_a_tombstone_says_who_and_when_and_no_more",
    DeletesUnsigned: "test_a_deletion_says_who_did_it",
    AllowsDoubles: "test_a_record_stands_once_in_a_unit",
}


def verdict(name: str, make: Any) -> str:
    """Run one test of the suite, with all its parameters, on stores that *make* makes."""
    suite = StoreConformance()
    test = getattr(suite, name)
    marks = [mark.args for mark in getattr(test, "pytestmark", [])]
    for values in product(*(choices for _, choices in marks)):
        arguments = dict(zip((argument for argument, _ in marks), values, strict=True))
        try:
            test(make(), **arguments)
        except pytest.skip.Exception:
            return "skipped"
        except (AssertionError, pytest.fail.Exception, SalesflowError, TypeError, LookupError):
            return "failed"
    return "passed"


TESTS = sorted(name for name in dir(StoreConformance) if name.startswith("test_"))


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_the_suite_catches_a_broken_store(broken):
    """HIST-3, VIS-15: each way to be wrong is caught by the test that speaks of it."""
    assert verdict(BROKEN[broken], broken) == "failed"


@pytest.mark.parametrize("name", TESTS)
def test_the_suite_passes_a_sound_store(name):
    """HIST-3: what passes on every capability passes here too, so that a caught defect is the store's own."""
    assert verdict(name, MemoryStore) == "passed"


def test_capabilities_are_optional():
    """HIST-3: a store of three methods passes all else; what it does not offer is skipped, not failed."""
    verdicts = {name: verdict(name, ThreeMethods) for name in TESTS}

    assert {name for name, found in verdicts.items() if found == "skipped"} == {
        "test_a_revision_tells_of_every_write",
        "test_a_tombstone_says_who_and_when_and_no_more",
        "test_a_unit_rests_on_revisions",
        "test_an_operation_is_done_once",
        "test_counts_agree_with_lists",
        "test_history_is_kept_in_order",
        "test_many_are_found_at_once",
        "test_the_outbox_holds_every_event_in_order",
    }
    assert set(verdicts.values()) == {"passed", "skipped"}


def test_a_skip_names_the_capability():
    """HIST-3: whoever reads the report sees which port the store does not offer."""
    with pytest.raises(pytest.skip.Exception, match="KeepsOutbox"):
        StoreConformance().test_the_outbox_holds_every_event_in_order(ThreeMethods(), 1)


def test_the_suite_needs_a_store():
    """HIST-3: the suite itself makes none."""
    with pytest.raises(NotImplementedError):
        StoreConformance().make_store()
