"""The store in memory: the conformance suite (HIST-1, HIST-3), and its lists against a scan (VIS-15)."""

import random
from datetime import date, timedelta
from threading import Thread

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from salesflow.errors import Conflict
from salesflow.model import Access, Customer, Opportunity, TeamMember, TeamRole
from salesflow.ports import Query, UnitOfWork, Write
from salesflow.stores import MemoryStore
from salesflow.testing import StoreConformance
from salesflow.testing.records import (
    AT,
    FILTERS,
    change,
    deletion,
    expected_page,
    make_opportunity,
    new,
    unit,
)
from salesflow.visibility.filters import (
    EVERYTHING,
    AllOf,
    AnyOf,
    FieldCompare,
    Negation,
    OwnerIn,
    TeamIn,
    Voided,
)

PEOPLE = ("li", "wang", "zhang", "zhao")
KEYS = ("id", "-id", "close_date", "-close_date", "name", "-probability")

somebody = st.frozensets(st.sampled_from(PEOPLE), max_size=3)
leaves = st.one_of(
    st.builds(OwnerIn, somebody),
    st.builds(TeamIn, somebody, st.none() | st.just(frozenset({TeamRole.JOINT})), st.sampled_from(Access)),
    st.builds(Voided, st.booleans()),
    st.builds(FieldCompare, st.just("name"), st.sampled_from(("==", "!=")), st.sampled_from(("a", "b"))),
    st.builds(Negation, st.builds(OwnerIn, somebody) | st.builds(TeamIn, somebody)),
    st.sampled_from((EVERYTHING, FILTERS["nothing"], FILTERS["the scene all"])),
)
filters = st.recursive(
    leaves,
    lambda parts: st.one_of(
        st.lists(parts, min_size=2, max_size=3).map(lambda found: AllOf(tuple(found))),
        st.lists(parts, min_size=2, max_size=3).map(lambda found: AnyOf(tuple(found))),
    ),
    max_leaves=4,
)
days = st.none() | st.integers(0, 3).map(lambda days: date(2026, 3, 1) + timedelta(days))
members = st.builds(
    TeamMember, st.sampled_from(PEOPLE), st.sampled_from((TeamRole.JOINT, "coach")), st.sampled_from(Access)
)


@st.composite
def deals(draw):
    """Deals with few different values, some of whose owners do not stand in their team."""
    team = draw(st.lists(members, max_size=2, unique_by=lambda member: member.key))
    deal = make_opportunity(
        str(draw(st.integers(0, 10**6))),
        draw(st.sampled_from(PEOPLE)),
        *team,
        name=draw(st.sampled_from("ab")),
        close_date=draw(days),
        voided=draw(st.booleans()),
    )
    return without_owner_in_team(deal) if draw(st.integers(0, 9)) == 9 else deal


def without_owner_in_team(deal: Opportunity) -> Opportunity:
    """An imported oddity, which `check` would tell of and a store must survive."""
    return evolve(deal, team=deal.team[1:])


def filled(*records) -> MemoryStore:
    store = MemoryStore()
    store.save(unit(*map(new, records)))
    return store


class TestMemoryStore(StoreConformance):
    """HIST-3: the store in memory passes the suite that every store passes, with every capability."""

    def make_store(self):
        return MemoryStore()


@given(st.lists(deals(), max_size=25, unique_by=lambda deal: deal.id), filters, st.sampled_from(KEYS), st.data())
def test_lists_and_counts_are_those_of_a_scan(records, filter, order_by, data):
    """VIS-15, PERF-6: whatever the filter, order, page and size, the store answers what a scan answers."""
    store = filled(*records)
    limit = data.draw(st.none() | st.integers(1, 4))
    after = data.draw(st.none() | st.tuples(days, st.sampled_from("05a"))) if "close_date" in order_by else None
    query = Query("opportunity", filter, order_by, limit, after)
    passing = [record for record in records if filter.matches(record)]

    assert list(store.query(query)) == expected_page(records, query)
    assert store.ids("opportunity", filter) == {record.id for record in passing}
    assert store.count("opportunity", filter) == len(passing)
    assert store.count("opportunity", filter, 2) == min(len(passing), 2)


class Changes(RuleBasedStateMachine):
    """VIS-20, HIST-3: after any changes, lists by the kept order and by the postings are those of a scan."""

    @initialize(records=st.lists(deals(), min_size=10, max_size=20, unique_by=lambda deal: deal.id))
    def fill(self, records):
        self.store, self.records = filled(*records), {record.id: record for record in records}

    @rule(deal=deals())
    def add(self, deal):
        gone = self.store.tombstone("opportunity", deal.id)
        if deal.id in self.records or gone:
            with pytest.raises(Conflict):
                self.store.save(unit(new(deal)))
        else:
            self.store.save(unit(new(deal)))
            self.records[deal.id] = deal

    @rule(data=st.data(), like=deals())
    def edit(self, data, like):
        if not self.records:
            return
        old = self.records[data.draw(st.sampled_from(sorted(self.records)))]
        values = {name: getattr(like, name) for name in ("owner", "team", "voided", "close_date", "name")}
        chosen = data.draw(st.sampled_from((values, {"name": like.name}, {"close_date": like.close_date})))
        write = change(old, **chosen)
        self.store.save(unit(write))
        self.records[old.id] = write.record

    @rule(data=st.data())
    def delete(self, data):
        if self.records:
            id = data.draw(st.sampled_from(sorted(self.records)))
            self.store.save(unit(deletion(self.records.pop(id))))

    @rule(filter=filters, order_by=st.sampled_from(KEYS), limit=st.none() | st.integers(1, 3))
    def look(self, filter, order_by, limit):
        query = Query("opportunity", filter, order_by, limit)
        assert list(self.store.query(query)) == expected_page(self.records.values(), query)

    @invariant()
    def the_first_page_is_right(self):
        query = Query("opportunity", EVERYTHING, "-close_date", 3)
        assert list(self.store.query(query)) == expected_page(self.records.values(), query)


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=(settings.default or settings()).max_examples // 2)


def test_an_order_is_made_anew_after_many_changes():
    """PERF-6: when much of a kept order changed since the last page, the next page is right all the same."""
    records = [make_opportunity(f"{n:03}", close_date=date(2026, 1, 1) + timedelta(n % 17)) for n in range(200)]
    store = filled(*records)
    query = Query("opportunity", EVERYTHING, "close_date", 20)
    store.query(query)
    writes = [change(record, close_date=date(2026, 2, 1) - timedelta(n % 23)) for n, record in enumerate(records)]
    for write in writes:
        store.save(unit(write))

    assert list(store.query(query)) == expected_page([write.record for write in writes], query)


def test_a_walk_that_does_not_pay_is_given_up():
    """PERF-6: where all that a viewer sees stands at the end of the order, the page is right all the same."""
    records = [make_opportunity(f"{n:03}", "li" if n >= 160 else "wang") for n in range(200)]
    query = Query("opportunity", OwnerIn({"li"}), "id", 5)

    assert [record.id for record in filled(*records).query(query)] == ["160", "161", "162", "163", "164"]


def test_a_filter_that_raises_leaves_the_order_right():
    """REL-7: a filter of the application's own that raises reaches the caller, and the next list is right."""

    class Raises:
        def matches(self, record):
            raise RuntimeError("mine")

    records = [make_opportunity(f"{n}") for n in range(9)]
    store = filled(*records)
    with pytest.raises(RuntimeError, match="mine"):
        store.query(Query("opportunity", Raises(), "name", 1))

    assert list(store.query(Query("opportunity", EVERYTHING, "name", 1))) == records[:1]


def test_values_that_do_not_compare_spoil_no_later_list():
    """REL-7: a list over values without an order raises; once they are mended, lists are right again."""
    records = [make_opportunity(f"{n}") for n in range(9)]
    store = filled(*records)
    query = Query("opportunity", EVERYTHING, "close_date", 1)
    store.query(query)
    first = change(records[0], close_date=date(2026, 1, 1))
    odd = change(records[1], close_date="soon")
    store.save(unit(first, odd))
    with pytest.raises(TypeError):
        store.query(query)
    store.save(unit(change(odd.record, close_date=date(2025, 1, 1))))

    assert [record.id for record in store.query(query)] == ["1"]


@pytest.mark.parametrize("odd", [{"owner": ["li"]}, {"team": (object(),)}, {"team": None}])
def test_a_record_that_cannot_be_placed_changes_nothing(odd):
    """REL-7, HIST-3: whatever raises on the way in, the whole unit is not saved."""
    good, bad = make_opportunity("good"), evolve(make_opportunity("bad"), **odd)
    store = MemoryStore()
    with pytest.raises((TypeError, AttributeError)):
        store.save(UnitOfWork((new(good), Write("opportunity", "bad", 0, bad))))

    assert store.get("opportunity", "good") is None
    assert store.ids("opportunity", OwnerIn({"li"})) == set()
    assert store.outbox(0, 10) == []


def test_readers_see_whole_units():
    """HIST-3: while units of two records are saved, a reader in another thread never sees half of one."""
    store = MemoryStore()
    names = ("a", "b")
    current = [Customer(id=name, version=1, name="0", owner="li", updated_at=AT) for name in names]
    store.save(unit(*map(new, current)))
    torn = []
    done: list[bool] = []

    def read():
        while not done:
            found = {record.name for record in store.query(Query("customer", EVERYTHING))}
            if len(found) > 1:
                torn.append(found)

    reader = Thread(target=read)
    reader.start()
    for number in range(300):
        writes = [change(record, name=str(number)) for record in current]
        store.save(unit(*writes))
        current = [write.record for write in writes]
    done.append(True)
    reader.join()

    assert torn == []


def test_of_racing_writers_one_wins_each_round():
    """HIST-3: every acknowledged change of four racing threads is there, and none twice."""
    store = MemoryStore()
    store.save(unit(new(Customer(id="c", version=1, name="start", owner="li", updated_at=AT))))
    won: list[int] = []

    def work(who):
        dice = random.Random(who)
        while len(won) < 200:
            record = store.get("customer", "c")
            try:
                store.save(unit(change(record, name=f"{who} {dice.random()}")))
            except Conflict:
                continue
            won.append(who)

    threads = [Thread(target=work, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [event.version for event in store.events("customer", "c")] == list(range(1, len(won) + 2))
