"""The conformance suite is tested itself: it passes a sound store and catches each broken one (HIST-3, VIS-15)."""

from datetime import timedelta
from itertools import product
from time import sleep
from typing import Any

import pytest
from attrs import evolve

from examples.dict_store import DictStore
from salesflow.errors import Conflict, InvalidInput, SalesflowError
from salesflow.files.json_codec import RECORDS
from salesflow.model import Money
from salesflow.ports import UnitOfWork
from salesflow.stores import MemoryStore
from salesflow.testing import StoreConformance
from salesflow.testing.records import expected_page
from salesflow.testing.samples import MAKERS, OWNED, samples
from salesflow.visibility.filters import Negation


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


class ForgetsTooMuch(MemoryStore):
    def forget_outbox(self, up_to):
        super().forget_outbox(up_to + 1)


class ForgetsNothing(MemoryStore):
    def forget_outbox(self, up_to):
        pass


class ForgetsHistoryToo(MemoryStore):
    def forget_outbox(self, up_to):
        super().forget_outbox(up_to)
        for shelf in self._shelves.values():
            shelf.history.clear()


class CountsFromOneAgain(MemoryStore):
    def forget_outbox(self, up_to):
        super().forget_outbox(up_to)
        self._forgotten = 0


class Rewrites(MemoryStore):
    """A store that keeps something else than what it was given."""

    def rewritten(self, record):
        raise NotImplementedError

    def save(self, unit):
        kept = [write if write.record is None else evolve(write, record=self.rewritten(write.record))
                for write in unit.writes]  # fmt: skip
        super().save(evolve(unit, writes=tuple(kept)))


class TrimsText(Rewrites):
    def rewritten(self, record):
        return evolve(record, name=record.name.strip()) if hasattr(record, "name") else record


class LosesCents(Rewrites):
    def rewritten(self, record):
        amount = getattr(record, "amount", None)
        if amount is None:
            return record
        return evolve(record, amount=Money(f"{float(amount.amount):.0f}", amount.currency))


class LosesMicroseconds(Rewrites):
    def rewritten(self, record):
        created = record.created_at
        return record if created is None else evolve(record, created_at=created.replace(microsecond=0))


class TellsLocalTime(Rewrites):
    def rewritten(self, record):
        moved = record.created_at and record.created_at + timedelta(hours=8)
        return evolve(record, created_at=moved)


class CutsDays(Rewrites):
    def rewritten(self, record):
        is_early = getattr(record, "close_date", None) is not None and record.close_date.year < 1970
        return evolve(record, close_date=None) if is_early else record


class CutsLargeRecords(Rewrites):
    def rewritten(self, record):
        return evolve(record, activities=record.activities[:1000]) if hasattr(record, "activities") else record


class FoldsCase(MemoryStore):
    def get(self, kind, id):
        return super().get(kind, id) or super().get(kind, id.casefold()) or super().get(kind, id.upper())

    def save(self, unit):
        for write in unit.writes:
            if not write.expected_version and self.get(write.kind, write.id):
                raise Conflict(write.kind, write.id, 0, 1)
        super().save(unit)


class MixesKinds(MemoryStore):
    def get(self, kind, id):
        return next((found for each in MAKERS if (found := super(MixesKinds, self).get(each, id))), None)


class PutsNobodysInEveryNegation(MemoryStore):
    def query(self, query):
        if isinstance(query.filter, Negation):
            return super().query(evolve(query, filter=_Not(query.filter.part)))
        return super().query(query)


class _Not:
    def __init__(self, filter):
        self.filter = filter

    def matches(self, record):
        return not self.filter.matches(record)


class GivesItsOwnList(MemoryStore):
    def __init__(self):
        super().__init__()
        self.page: list[Any] = []

    def query(self, query):
        self.page[:] = super().query(query)
        return self.page

    def save(self, unit):
        super().save(unit)
        self.page[:] = [self.get(write.kind, write.id) for write in unit.writes]


class ChecksThenWrites(MemoryStore):
    """Naive read, check, write: whoever comes in between is overwritten."""

    def save(self, unit):
        found = [self.get(write.kind, write.id) for write in unit.writes]
        for write, old in zip(unit.writes, found, strict=True):
            if (0 if old is None else old.version) != write.expected_version:
                raise Conflict(write.kind, write.id, write.expected_version, old and old.version)
        sleep(0.001)
        now = [self.get(write.kind, write.id) for write in unit.writes]
        writes = [
            evolve(write, expected_version=0 if old is None else old.version)
            for write, old in zip(unit.writes, now, strict=True)
        ]
        super().save(evolve(unit, writes=tuple(writes)))


class ShowsHalfOfAUnit(MemoryStore):
    def save(self, unit):
        for write in unit.writes:
            super().save(evolve(unit, writes=(write,)))
            sleep(0.001)


class NumbersBeforeItCommits(MemoryStore):
    """An outbox whose positions are taken before the events are there: a reader goes past the slow ones."""

    def __init__(self):
        super().__init__()
        self.told: dict[int, Any] = {}
        self.last = 0

    def save(self, unit):
        with self._lock:
            first = self.last + 1
            self.last += sum(len(write.events) for write in unit.writes)
        sleep(0.002 * (first % 3))
        super().save(unit)
        self.told.update(enumerate((event for write in unit.writes for event in write.events), first))

    def outbox(self, after, limit):
        return [(place, self.told[place]) for place in sorted(self.told) if place > after][:limit]


BROKEN = {
    ForgetsTooMuch: "test_what_was_delivered_can_be_forgotten",
    ForgetsNothing: "test_what_was_delivered_can_be_forgotten",
    ForgetsHistoryToo: "test_what_is_forgotten_stays_history",
    CountsFromOneAgain: "test_what_was_delivered_can_be_forgotten",
    TrimsText: "test_text_comes_back_to_the_letter",
    LosesCents: "test_money_is_exact_to_the_last_unit",
    LosesMicroseconds: "test_moments_are_exact_to_the_microsecond",
    TellsLocalTime: "test_every_kind_comes_back_as_it_was",
    CutsDays: "test_days_are_days",
    CutsLargeRecords: "test_a_large_record_is_kept_whole",
    FoldsCase: "test_texts_that_look_alike_are_two",
    MixesKinds: "test_every_kind_comes_back_as_it_was",
    PutsNobodysInEveryNegation: "test_every_node_is_asked_of_every_kind",
    GivesItsOwnList: "test_what_was_given_never_changes",
    ChecksThenWrites: "test_no_update_is_lost",
    ShowsHalfOfAUnit: "test_readers_see_whole_units",
    NumbersBeforeItCommits: "test_a_reader_of_the_outbox_misses_nothing",
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
        arguments: dict[str, Any] = {}
        for (argument, _), value in zip(marks, values, strict=True):
            is_one = isinstance(argument, str)
            arguments.update(zip((argument,) if is_one else argument, (value,) if is_one else value, strict=True))
        try:
            test(make(), **arguments)
        except pytest.skip.Exception:
            return "skipped"
        except (AssertionError, pytest.fail.Exception, SalesflowError, TypeError, LookupError, AttributeError):
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
    verdicts = {name: verdict(name, DictStore) for name in TESTS}

    assert {name for name, found in verdicts.items() if found == "skipped"} == {
        "test_a_key_is_held_once",
        "test_a_reader_of_the_outbox_misses_nothing",
        "test_a_revision_tells_of_every_write",
        "test_a_tombstone_says_who_and_when_and_no_more",
        "test_a_unit_rests_on_revisions",
        "test_an_operation_is_done_once",
        "test_counts_agree_with_lists",
        "test_history_is_kept_in_order",
        "test_many_are_found_at_once",
        "test_of_two_who_take_a_key_at_once_one_wins",
        "test_one_of_two_uses_of_a_key_wins",
        "test_the_events_of_others_stay",
        "test_the_outbox_holds_every_event_in_order",
        "test_two_records_of_a_unit_share_no_key",
        "test_what_is_forgotten_stays_history",
        "test_what_is_forgotten_while_others_write_is_only_that",
        "test_what_was_delivered_can_be_forgotten",
    }
    assert set(verdicts.values()) == {"passed", "skipped"}


def test_a_skip_names_the_capability():
    """HIST-3: whoever reads the report sees which port the store does not offer."""
    with pytest.raises(pytest.skip.Exception, match="KeepsOutbox"):
        StoreConformance().test_the_outbox_holds_every_event_in_order(DictStore(), 1)


def test_the_suite_needs_a_store():
    """HIST-3: the suite itself makes none."""
    with pytest.raises(NotImplementedError):
        StoreConformance().make_store()


def test_there_is_a_sample_of_every_kind():
    """HIST-3: a kind that the suite does not know is kept by nobody's promise."""
    assert set(MAKERS) == set(RECORDS)
    for kind in MAKERS:
        found = samples(kind)
        assert {record.KIND for record in found} == {kind}
        assert len({record.id for record in found}) == len(found)
    assert {kind for kind in MAKERS if hasattr(samples(kind)[0], "owner")} == set(OWNED)
