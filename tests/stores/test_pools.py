"""Leads in pools on memory, SQLite and PostgreSQL: the same lists, and claims that race (VIS-18, LEAD-14, REL-6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product
from threading import Barrier, Thread
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.model import Lead, LeadStatus
from salesflow.ports import Query
from salesflow.stores.sql import lists
from salesflow.testing.records import AT, change, new, unit
from salesflow.visibility import NOT_VOIDED, AllOf, AnyOf, Filter, Negation, OwnerIn, PoolIn, TeamIn, Voided
from salesflow.visibility.filters import negation
from tests.stores.databases import fresh_store
from tests.visibility.worlds import contact, customer, lead, opportunity

POOLS = (None, "a", "b")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def make_store(request):
    """Return what makes an empty store of one kind."""
    if request.param == "memory":
        return sf.MemoryStore
    engine = request.getfixturevalue({"sqlite": "file_engine", "postgresql": "postgresql_engine"}[request.param])
    return lambda: fresh_store(engine)


def every_lead() -> list[Lead]:
    """One lead of each owner, pool and standing."""
    places = product((None, "li", "chen"), (*POOLS, "gone"), (False, True))
    made = [lead(owner, voided=voided, pool=pool) for owner, pool, voided in places]
    return [evolve(one, id=f"l{number:02}", created_at=AT, updated_at=AT) for number, one in enumerate(made)]


def every_filter() -> Iterator[Filter]:
    """Every set of pools, by itself, denied, and beside what else stands in a filter of sight."""
    for chosen in product((False, True), repeat=len(POOLS)):
        pools = PoolIn({pool for pool, is_in in zip(POOLS, chosen, strict=True) if is_in})
        denied = negation(pools)
        assert denied == Negation(pools)
        for one in (pools, denied):
            yield one
            yield AnyOf((OwnerIn({"li"}), one))
            yield AllOf((NOT_VOIDED, AnyOf((OwnerIn({"li"}), TeamIn({"li"}), one))))
            yield AllOf((one, Voided(True)))
            yield AllOf((one, PoolIn({None, "a"})))
            yield AllOf((OwnerIn({"li", "chen"}), one))


@pytest.mark.parametrize("few", [True, False])
def test_every_filter_of_pools_lists_and_counts_what_matches_says(make_store, monkeypatch, few):
    """REL-3, VIS-15, VIS-18: gathered or walked, each store gives exactly those that the filter lets pass."""
    monkeypatch.setattr(lists.Reader, "_are_few", lambda *_: few)
    some = every_lead()
    store = make_store()
    store.save(unit(*map(new, some)))
    for filter in every_filter():
        expected = [each.id for each in some if filter.matches(each)]
        assert [each.id for each in store.query(Query("lead", filter))] == expected, filter
        assert [each.id for each in store.query(Query("lead", filter, limit=3))] == expected[:3], filter
        assert store.ids("lead", filter) == set(expected)
        assert store.count("lead", filter) == len(expected)
        assert store.count("lead", filter, 2) == min(2, len(expected))


def test_no_other_kind_lies_in_a_pool(make_store):
    """VIS-18: a customer without owner is in no pool, not even in the common one, and not outside of one either."""
    store = make_store()
    some = [customer(None), contact(None), opportunity("li"), customer("li")]
    for record in some:
        for pools in (PoolIn(POOLS), Negation(PoolIn(())), Negation(PoolIn(POOLS))):
            assert not pools.matches(record)
    store.save(unit(new(some[0]), new(some[1]), new(some[2])))
    asked: tuple[Filter, ...] = (PoolIn(POOLS), Negation(PoolIn(())), AllOf((Negation(PoolIn({"a"})), NOT_VOIDED)))
    for kind, filter in product(("customer", "contact", "opportunity"), asked):
        assert list(store.query(Query(kind, filter))) == []
        assert store.count(kind, filter) == 0


def test_a_lead_moves_from_pool_to_pool_and_out(make_store):
    """VIS-18, LEAD-14: what is listed follows each change of owner and pool, back and forth."""
    store = make_store()
    now = every_lead()[0]
    store.save(unit(new(now)))
    for owner, pool in ((None, "a"), (None, "b"), ("li", "b"), ("li", None), (None, None), ("chen", None), (None, "a")):
        status = LeadStatus.UNASSIGNED if owner is None else LeadStatus.ASSIGNED
        write = change(now, owner=owner, pool=pool, status=status)
        store.save(unit(write))
        now = write.record
        for asked in POOLS:
            expected = [now] if owner is None and pool == asked else []
            assert list(store.query(Query("lead", PoolIn({asked})))) == expected


def company() -> sf.Organization:
    """Eight people who work side by side, and an administrator."""
    return sf.Organization([sf.Employee(f"p{n}") for n in range(8)], administrators={"root"})


def flow_over(store: Any, pool: str | None = None) -> sf.SalesFlow:
    return sf.SalesFlow(
        store=store, organization=company(), processes=sf.templates.builtin(), pool_selector=lambda _: pool
    )


def raced(calls: list[Any]) -> list[Any]:
    """What each call gave or raised, all begun at one moment."""
    barrier, results = Barrier(len(calls)), []

    def run(call: Any) -> None:
        barrier.wait()
        try:
            results.append(call())
        except sf.SalesflowError as error:
            results.append(error)

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def race_for_one(make_store: Any, rounds: int) -> None:
    store = make_store()
    flow = flow_over(store)
    for _ in range(rounds):
        lead = flow.acting_as("root").leads.create(title="A", phone="1")
        results = raced([partial(flow.acting_as(f"p{n}").leads.claim, lead.id) for n in range(4)])
        (won,) = [found for found in results if isinstance(found, Lead)]
        assert store.get("lead", lead.id) == won
        assert [event.kind for event in store.events("lead", lead.id)] == ["created", "lead_claimed"]
        # somebody else's lead is not there for who lost, and whoever came late enough was told so at once
        assert {type(found) for found in results} <= {Lead, sf.NotFound}


def race_for_the_last(make_store: Any, rounds: int) -> None:
    store = make_store()
    flow = flow_over(store, "east")
    flow.pools.create("East", id="east", members=None, ceiling=2)
    root = flow.acting_as("root").leads
    for number in range(rounds):
        person = flow.acting_as(f"p{number % 8}").leads
        leads = [root.create(title="A", phone="1") for _ in range(4)]
        raced([partial(person.claim, lead.id) for lead in leads])
        held = person.list("mine").items
        assert 1 <= len(held) <= 2
        while len(person.list("mine").items) < 2:  # a conflict that outlasted the tries is the caller's to repeat
            person.claim(next(lead.id for lead in leads if store.get("lead", lead.id).owner is None))
        with pytest.raises(sf.Refused) as refused:
            person.claim(next(lead.id for lead in leads if store.get("lead", lead.id).owner is None))
        assert [reason.code for reason in refused.value.reasons] == ["pool_ceiling"]
        for held_lead in person.list("mine").items:
            root.disqualify(held_lead.id, reason="done")


def test_one_of_several_claims_at_once_wins(make_store):
    """LEAD-14, REL-6: however they fall, one owner, one event, and no word of it to whoever lost."""
    race_for_one(make_store, 5)


def test_nobody_claims_beyond_the_ceiling_by_haste(make_store):
    """LEAD-14, REL-6: four claims at once with room for two give two."""
    race_for_the_last(make_store, 3)


@pytest.mark.long
def test_races_for_leads_a_thousand_times(make_store):
    """LEAD-14, REL-6: the same, for long."""
    race_for_one(make_store, 1_000)
    race_for_the_last(make_store, 200)
