"""
Two at the same moment, on PostgreSQL, through the facade: every promise holds in every round (REL-6, HIST-3).

SQLite lets one write at a time and hides these races. A store that reads, changes and writes back without looking
whether somebody else did meanwhile is the negative control: each race must catch it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import text

import salesflow as sf
from salesflow.errors import Conflict
from salesflow.ports import Query, UnitOfWork, Write
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import change, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING, FieldCompare
from tests.stores.databases import fresh_store

PROCESSES = sf.templates.builtin()
ROUNDS = [20, pytest.param(1_000, marks=pytest.mark.long)]


class Naive(SqlStore):
    """Writes over what others wrote meanwhile, and keeps neither marks nor unique keys: the negative control."""

    def save(self, unit: UnitOfWork) -> None:
        while True:
            try:
                return super().save(UnitOfWork(tuple(map(self._over_what_is_there, unit.writes))))
            except Conflict:
                continue

    def _over_what_is_there(self, write: Write) -> Write:
        if hasattr(write.record, "match_keys"):
            write = evolve(write, record=evolve(write.record, match_keys=()))
        found = self.get(write.kind, write.id)
        if found is None or write.record is None:
            return write
        version = found.version + 1
        events = tuple([evolve(event, version=version) for event in write.events])
        record = evolve(write.record, version=version)
        return evolve(write, expected_version=found.version, record=record, events=events)


def raced(*calls: Callable[[], Any]) -> list[Any]:
    """Return what each call gave, or the business's "no" that it raised, all begun at one moment."""
    barrier, results = Barrier(len(calls)), list[Any]([None] * len(calls))

    def run(number: int, call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[number] = call()
        except Exception as error:
            results[number] = error

    threads = [Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for found in results:
        if isinstance(found, Exception) and not isinstance(found, (sf.Refused, sf.NotFound, sf.Conflict)):
            raise found
    return results


def sound(results: Sequence[Any]) -> list[Any]:
    """Return what was acknowledged."""
    return [found for found in results if not isinstance(found, Exception)]


class Arena:
    """A company over a store; li and wang are colleagues below zhang, root is the administrator."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        people = [sf.Employee("zhang"), sf.Employee("li", manager="zhang"), sf.Employee("wang", manager="zhang")]
        organization = sf.Organization(people, administrators={"root"})
        flow = sf.SalesFlow(
            store=store, organization=organization, processes=PROCESSES,
            pool_selector=lambda lead: lead.title if lead.title in ("east", "west") else None,
        )  # fmt: skip
        for pool in ("east", "west"):
            flow.pools.create(pool, id=pool, members=None, ceiling=1)
        self.li, self.wang, self.zhang, self.root = map(flow.acting_as, ("li", "wang", "zhang", "root"))
        self.acme = self.li.customers.create("Acme").id

    def get(self, kind: str, id: str) -> Any:
        """Return a record as the store has it."""
        return self.store.get(kind, id)

    def deal(self) -> str:
        """Return the id of a new deal of li's."""
        return self.li.opportunities.create("A", customer=self.acme, process="crm2000").id

    def lead(self, **values: Any) -> str:
        """Return the id of a new lead of li's."""
        return self.li.leads.create(**{"title": "A", "channel": "fair", **values}).id

    def of(self, kind: str, name: str, value: str) -> Sequence[Any]:
        """Return the records of *kind* whose field is *value*."""
        return self.store.query(Query(kind, FieldCompare(name, "==", value)))


def no_update_is_lost(arena: Arena, number: int) -> bool:
    """HIST-3, I-35: every acknowledged activity is there."""
    deal = arena.deal()
    notes = [partial(who.opportunities.add_activity, deal, "call", "x") for who in (arena.li, arena.zhang)]
    acknowledged = sound(raced(*notes))
    return len(arena.get("opportunity", deal).activities) == len(acknowledged) > 0


def a_lead_is_converted_once(arena: Arena, number: int) -> bool:
    """LEAD-6, I-37: one of two conversions makes a customer, the other is told into what."""
    lead = arena.lead()
    calls = [partial(who.leads.convert, lead, customer=sf.NewCustomer("Globex")) for who in (arena.li, arena.zhang)]
    results = raced(*calls)
    made, told = arena.of("customer", "source_lead", lead), sound(results)
    codes = {reason.code for found in results if isinstance(found, sf.Refused) for reason in found.reasons}
    return len(made) == len(told) == 1 and codes == {"already_converted"}


def a_lead_is_claimed_once(arena: Arena, number: int) -> bool:
    """LEAD-14: one of two claimers has it, and the record says so."""
    lead = arena.root.leads.create(title="A", channel="fair").id
    claimed = sound(raced(*[partial(who.leads.claim, lead) for who in (arena.li, arena.wang)]))
    return len(claimed) == 1 and arena.get("lead", lead) == claimed[0]


def a_ceiling_holds_across_pools(arena: Arena, number: int) -> bool:
    """LEAD-14: who may hold one lead, and claims from two pools at once, holds one."""
    leads = [arena.root.leads.create(title=pool, channel="fair").id for pool in ("east", "west")]
    raced(*[partial(arena.wang.leads.claim, lead) for lead in leads])
    held = [lead for lead in leads if arena.get("lead", lead).owner == "wang"]
    for lead in leads:
        arena.root.leads.disqualify(lead, reason="done")
    return len(held) == 1


def a_key_is_used_once(arena: Arena, number: int) -> bool:
    """HIST-3, I-39: two calls with one idempotency key make one lead, and both are given it."""
    title = f"keyed {number}"
    made = sound(raced(*[partial(arena.li.once(title).leads.create, title=title, channel="fair")] * 2))
    return len(made) == 2 and [lead.id for lead in made] == [lead.id for lead in arena.of("lead", "title", title)] * 2


def a_phone_is_one_customers(arena: Arena, number: int) -> bool:
    """LEAD-12, I-38: of two new customers with one phone number one is made, whoever makes them."""
    phone = f"+86 139 {number:04} {number:04}"
    calls = [partial(who.customers.create, f"phone {number}", phone=phone) for who in (arena.li, arena.wang)]
    results = raced(*calls)
    return len(arena.of("customer", "name", f"phone {number}")) == len(sound(results)) == 1


def one_contact_is_primary(arena: Arena, number: int) -> bool:
    """CUS-3, I-40: two who each name a primary contact: both have a role, one is primary."""
    deal = arena.deal()
    contacts = [arena.li.contacts.create(name, customer=arena.acme).id for name in ("Qian", "Sun")]
    name = partial(arena.li.opportunities.set_contact_role, deal, role="decision_maker", is_primary=True)
    told = sound(raced(*[partial(name, contact=contact) for contact in contacts]))
    roles = arena.get("opportunity", deal).contact_roles
    return len(roles) == len(told) and sum(role.is_primary for role in roles) == 1


def crossed_merges_end(arena: Arena, number: int) -> bool:
    """LEAD-15, I-42: each of two leads merged into the other at once: one way, never both, and nobody is locked out."""
    leads = [arena.lead(), arena.lead()]
    told = sound(raced(*[partial(arena.root.leads.merge, *each) for each in (leads, leads[::-1])]))
    into = [arena.get("lead", lead).merged_into for lead in leads]
    return len(told) == 1 and sum(each is not None for each in into) == 1


RACES = [
    no_update_is_lost,
    a_lead_is_converted_once,
    a_lead_is_claimed_once,
    a_ceiling_holds_across_pools,
    a_key_is_used_once,
    a_phone_is_one_customers,
    one_contact_is_primary,
    crossed_merges_end,
]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_a_promise_holds_in_every_round(postgresql_engine, race, rounds):
    """REL-6, HIST-3, LEAD-6, LEAD-12, LEAD-14, CUS-3: two at once, and never both nor neither."""
    arena = Arena(fresh_store(postgresql_engine))
    assert [number for number in range(rounds) if not race(arena, number)] == []


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.__name__)
def test_every_race_catches_a_naive_store(postgresql_engine, race):
    """REL-6: a store that does not look before it writes breaks each promise, and the race says so."""
    arena = Arena(Naive(postgresql_engine, fresh_store(postgresql_engine).tenant))
    assert not all(race(arena, number) for number in range(40))


def followed(read: Callable[[int], Sequence[tuple[int, str]]], write: Callable[[int, int], None], rounds: int) -> int:
    """
    Let three threads write *rounds* entries each while a reader follows; return how many entries it never met.

    Args:
        read: Gives (position, id) pairs behind a position.
        write: Writes the entry of a writer and a number.
    """
    met: set[str] = set()
    ended = [Event() for _ in range(3)]

    def follow() -> None:
        at, is_last = 0, False
        while not is_last:
            is_last = all(each.is_set() for each in ended)
            while piece := read(at):
                met.update(id for _, id in piece)
                at = piece[-1][0]

    def fill(writer: int) -> None:
        try:
            for number in range(rounds):
                write(writer, number)
        finally:
            ended[writer].set()

    raced(follow, *[partial(fill, writer) for writer in range(3)])
    return len({f"{writer} {number}" for writer in range(3) for number in range(rounds)} - met)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_a_reader_of_the_outbox_skips_nothing(postgresql_engine, rounds):
    """RULE-3, REL-6: however writers overtake one another, the positions become visible in their order."""
    store = fresh_store(postgresql_engine)
    missed = followed(
        lambda at: [(place, event.record_id) for place, event in store.outbox(at, 10)],
        lambda writer, number: store.save(unit(new(make_opportunity(f"{writer} {number}")))),
        rounds,
    )
    assert missed == 0


def test_the_outbox_race_catches_a_bare_sequence(postgresql_engine):
    """REL-6: numbered before the commit, entries are skipped for ever, and the same reader says so."""
    with postgresql_engine.connect() as connection:
        connection.execute(text("DROP TABLE IF EXISTS naive_outbox"))
        connection.execute(text("CREATE TABLE naive_outbox (position bigserial PRIMARY KEY, id text)"))
    chance = random.Random(7)

    def write(writer: int, number: int) -> None:
        with postgresql_engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.execute(text("INSERT INTO naive_outbox (id) VALUES (:id)"), {"id": f"{writer} {number}"})
            connection.execute(text("SELECT pg_sleep(:pause)"), {"pause": chance.uniform(0, 0.003)})
            connection.exec_driver_sql("COMMIT")

    def read(at: int) -> list[tuple[int, str]]:
        asked = text("SELECT position, id FROM naive_outbox WHERE position > :at ORDER BY position LIMIT 10")
        with postgresql_engine.connect() as connection:
            return [(position, id) for position, id in connection.execute(asked, {"at": at})]

    assert followed(read, write, 100) > 0


def readings(store: SqlStore, read: Callable[[list[str]], dict[str, int]], rounds: int) -> list[dict[str, int]]:
    """
    Let two threads change two of four deals in each unit, and return what *read* told of all four meanwhile.

    Args:
        read: Gives the version of each deal.
    """
    ids = ["a", "b", "c", "d"]
    store.save(unit(*[new(make_opportunity(id)) for id in ids]))
    ended = [Event(), Event()]
    told: list[dict[str, int]] = []

    def write(writer: int) -> None:
        chance = random.Random(writer)
        try:
            for number in range(rounds):
                found = store.get_many("opportunity", chance.sample(ids, 2))
                try:
                    store.save(unit(*[change(deal, name=f"{writer} {number}") for deal in found.values()]))
                except Conflict:
                    continue
        finally:
            ended[writer].set()

    def follow() -> None:
        while not all(each.is_set() for each in ended):
            told.append(read(ids))

    raced(follow, partial(write, 0), partial(write, 1))
    return told


def out_of_time(store: SqlStore, told: list[dict[str, int]]) -> int:
    """Return how many of the readings are of no moment of the store, or of one before the reading before."""
    events = [event for _, event in store.outbox(0, 10**6)]
    now = {event.record_id: event.version for event in events[:4]}
    moments = [dict(now)]
    for first, second in zip(events[4::2], events[5::2], strict=True):
        now.update({first.record_id: first.version, second.record_id: second.version})
        moments.append(dict(now))
    at, wrong = 0, 0
    for reading in told:
        if reading in moments[at:]:
            at = moments.index(reading, at)
        else:
            wrong += 1
    return wrong


def _listed(store: SqlStore, _ids: list[str]) -> dict[str, int]:
    return {deal.id: deal.version for deal in store.query(Query("opportunity", EVERYTHING))}


def _found(store: SqlStore, ids: list[str]) -> dict[str, int]:
    return {id: deal.version for id, deal in store.get_many("opportunity", ids).items()}


def _one_by_one(store: SqlStore, ids: list[str]) -> dict[str, int]:
    found: dict[str, Any] = {id: store.get("opportunity", id) for id in ids}
    return {id: deal.version for id, deal in found.items()}


@pytest.mark.parametrize("rounds", [50, pytest.param(2_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("read", [_listed, _found], ids=["a list", "many at once"])
def test_a_reading_is_of_one_moment(postgresql_engine, read, rounds):
    """HIST-3, I-43: a list and a look-up of many see what was committed up to one unit of work, never half of one."""
    store = fresh_store(postgresql_engine)
    told = readings(store, partial(read, store), rounds)
    assert out_of_time(store, told) == 0
    assert len(told) > 10


def test_the_reading_race_catches_many_readings(postgresql_engine):
    """I-43: records read one after the other are of no moment at all, and the same check says so."""
    stores = (fresh_store(postgresql_engine) for _ in range(20))
    assert any(out_of_time(store, readings(store, partial(_one_by_one, store), 10)) for store in stores)
