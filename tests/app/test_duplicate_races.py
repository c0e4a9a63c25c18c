"""Two who make a customer of one key at the same moment make one: the other is decided anew, and refused (I-38)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import replay
from salesflow.model.duplicates import UNIQUE_KEY
from salesflow.ports import Query, UnitOfWork
from salesflow.process import PlainKeys
from salesflow.visibility import EVERYTHING
from tests.app.test_duplicates import PHONE, codes_of, known_customer, lead_with
from tests.app.test_races import Overtaken, Race, at_once
from tests.app.world import World, codes
from tests.stores.databases import fresh_store, prepared_engine

ROUNDS = 5


def first(race: Race) -> Callable[[], Any]:
    """Somebody makes the customer first."""
    return lambda: race.rival().customers.create("Mr Wang", phone=PHONE)


@pytest.mark.parametrize("by", ["snapshot", "id"])
def test_the_second_of_two_conversions_of_one_key_is_offered_the_first_ones_customer(by: str):
    """LEAD-12, LEAD-6: two leads, one number, one moment: decided anew, refused with the offer, all or nothing."""
    race = Race()
    lead, other = lead_with(race.world), lead_with(race.world, by="zhang")
    race.store.others = [lambda: race.rival().leads.convert(other, customer=sf.NewCustomer("Mr Wang"))]
    chen = race.world.acting("li")
    ref = lead if by == "snapshot" else lead.id
    assert codes_of(lambda: chen.leads.convert(ref, customer=sf.NewCustomer("B"))) == {"customer_exists_unseen"}
    still: Any = chen.leads.get(lead)
    assert still.status == "assigned"
    assert race.rival().customers.count() == 1
    (known,) = race.rival().customers.list().items
    assert race.rival().leads.convert(lead.id, customer=known.id).customer == known


def test_the_second_of_two_who_make_one_by_hand_is_refused():
    """I-38, HIST-3: created or edited, on a snapshot or not, the key is the faster one's."""
    race = Race()
    race.store.others = [first(race)]
    li = race.world.acting("li")
    assert codes_of(lambda: li.customers.create("B", phone=PHONE)) == {"customer_exists_unseen"}
    race = Race()
    mine = race.world.customer()
    race.store.others = [first(race)]
    li = race.world.acting("li")
    assert codes_of(lambda: li.customers.edit(mine, phone=PHONE)) == {"customer_exists_unseen"}
    assert li.customers.get(mine) == mine


def test_with_a_key_of_ones_own_the_first_result_comes_back():
    """HIST-3, LEAD-6: the same request twice at one moment is one conversion, though each makes a customer anew."""
    race = Race()
    lead = lead_with(race.world)
    convert: Any = partial(lambda acting: acting.once("k").leads.convert(lead, customer=sf.NewCustomer("B")))
    race.store.others = [lambda: convert(race.rival("li"))]
    made = convert(race.world.acting("li"))
    assert made.lead.conversion.customer == made.customer.id
    assert race.world.acting("li").customers.list().items == (made.customer,)


class Stubborn:
    """A store that says of every save that a key is held, whatever it holds."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self._store = store
        self.is_stubborn = False
        self.saves = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Save, or say that the key is held."""
        self.saves += 1
        if self.is_stubborn:
            raise sf.Conflict(UNIQUE_KEY, "phone:1", 0, 1)
        self._store.save(unit)


@pytest.mark.parametrize("operation", ["create", "edit", "convert"])
def test_nobody_tries_for_ever(operation: str):
    """HIST-3: a store that finds a key held which nobody can find is believed in the end, and nothing is saved."""
    world = World(through=Stubborn)
    store = world.ports["store"]
    lead, customer = lead_with(world), known_customer(world, "li", phone=None)
    store.is_stubborn, store.saves = True, 0
    li = world.acting("li")
    ask: dict[str, Callable[[], Any]] = {
        "create": lambda: li.customers.create("B", phone=PHONE),
        "edit": lambda: li.customers.edit(customer, phone=PHONE),
        "convert": lambda: li.leads.convert(lead, customer=sf.NewCustomer("B")),
    }
    with pytest.raises(sf.Conflict):
        ask[operation]()
    assert store.saves == 5


def holders(world: World, phone: str) -> list[Any]:
    """The customers that have this number."""
    key = f"phone:{PlainKeys()('phone', phone)}"
    return [one for one in world.ports["store"].query(Query("customer", EVERYTHING)) if key in one.match_keys]


def meet(world: World, rounds: int) -> None:
    """Let four people meet over one number, each on a way of their own, so many times."""
    store = world.ports["store"]
    for number in range(rounds):
        phone = f"139{number:08}"
        by_hand = world.acting("root").customers.create("Own", owner="li")
        leads = [lead_with(world, phone, by) for by in ("li", "qian")]
        results = at_once(
            partial(world.acting("li").leads.convert, leads[0], customer=sf.NewCustomer("A")),
            partial(world.acting("qian").leads.convert, leads[1].id, customer=sf.NewCustomer("B")),
            partial(world.acting("zhao").customers.create, "C", phone=phone),
            partial(world.acting("li").customers.edit, by_hand.id, phone=phone),
        )
        lost = [result for result in results if isinstance(result, sf.Refused)]
        assert len(lost) == 3, results
        assert set().union(*map(codes, lost)) <= {"customer_exists", "customer_exists_unseen"}
        (holder,) = holders(world, phone)
        converted = [lead for lead in leads if store.get("lead", lead.id).conversion is not None]
        assert len(converted) == sum(isinstance(result, sf.ConvertedLead) for result in results)
        for lead in converted:
            assert store.get("lead", lead.id).conversion.customer == holder.id
        assert replay(store.events("customer", holder.id)) == holder


def test_of_four_at_once_one_makes_the_customer():
    """I-38, LEAD-12, REL-6: two conversions, one by hand, one edit: one customer, three refusals, nothing half done."""
    meet(World(), ROUNDS)


def test_of_four_at_once_one_makes_the_customer_on_postgresql(postgresql_url: str):
    """I-38, LEAD-12, REL-6: where writers really run side by side, the unique index decides."""
    engine = prepared_engine(postgresql_url)
    meet(World(store=fresh_store(engine)), ROUNDS)
    engine.dispose()


@pytest.mark.long
def test_of_four_at_once_one_makes_the_customer_a_thousand_times(postgresql_url: str):
    """REL-6, I-38: 1,000 rounds on PostgreSQL."""
    engine = prepared_engine(postgresql_url)
    meet(World(store=fresh_store(engine)), 1_000)
    engine.dispose()


class Loose(sf.MemoryStore):
    """A store that is broken on purpose: it lets two customers hold one key."""

    def _refuse_held_keys(self, writes: Any) -> None:
        pass


def test_a_store_that_lets_two_hold_a_key_is_caught():
    """REL-6: the control: looking before saving is not enough, and the rounds above would see it."""
    rivals = World(store=Loose())
    store = Overtaken(rivals.ports["store"])
    store.others = [lambda: known_customer(rivals, "qian")]
    slow = World(store=store, ids=rivals.ports["ids"])
    known_customer(slow, "li")
    assert len(holders(slow, PHONE)) == 2
