"""Of two at the same moment one wins, the other is told or decides anew, and nothing is ever lost (HIST-3)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Lock
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import RECORD_CLASSES, replay
from salesflow.ports import UnitOfWork
from tests.app.world import World, codes


class Overtaken:
    """A store before each of whose saves somebody else gets in, as often as there are *others*."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self._store = store
        self.others: list[Callable[[], Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Let somebody else in, then save."""
        if self.others:
            self.others.pop(0)()
        self._store.save(unit)


class Race:
    """A world in which somebody else acts on the store itself, between li's look and li's save."""

    def __init__(self) -> None:
        self.world = World(through=Overtaken)
        self.store: Overtaken = self.world.ports["store"]
        self.rivals = sf.SalesFlow(**{**self.world.ports, "store": self.world.store})

    def rival(self, person: str = "zhang") -> sf.Acting:
        """Return somebody who is faster."""
        return self.rivals.acting_as(person)

    def edits(self, record: sf.Opportunity | sf.Lead, times: int) -> list[Callable[[], Any]]:
        """Return as many changes of *record* by somebody else, each to something new."""
        desk: Any = self.rival().opportunities if isinstance(record, sf.Opportunity) else self.rival().leads
        return [partial(desk.edit, record.id, custom={"n": n}) for n in range(times)]


def test_by_id_a_change_is_decided_anew_when_somebody_was_faster():
    """HIST-3: an id means "whatever it is now": both changes are there, and neither knows of the other."""
    race = Race()
    deal = race.world.deal()
    race.store.others = [lambda: race.rival().opportunities.edit(deal.id, source="fair"), *race.edits(deal, 3)]
    after = race.world.acting("li").opportunities.edit(deal.id, name="B")
    assert (after.name, after.source, after.custom[0].value) == ("B", "fair", 2)
    assert after.version == deal.version + 5
    assert replay(race.world.store.events("opportunity", deal.id)) == after


def test_by_id_what_the_faster_one_did_may_refuse_it():
    """HIST-3, OPP-7: decided anew means with all reasons of the record as it is then."""
    race = Race()
    deal = race.world.deal()
    race.store.others = [lambda: race.rival().opportunities.lose(deal.id, reason="price")]
    with pytest.raises(sf.Refused) as refused:
        race.world.acting("li").opportunities.edit(deal.id, name="B")
    assert codes(refused.value) == {"wrong_status"}


def test_by_id_nobody_tries_for_ever():
    """HIST-3: overtaken again and again, the caller is told, and nothing of it was saved."""
    race = Race()
    deal = race.world.deal()
    race.store.others = race.edits(deal, 8)
    with pytest.raises(sf.Conflict):
        race.world.acting("li").opportunities.edit(deal.id, name="B")
    assert len(race.store.others) == 3
    assert race.rival("li").opportunities.get(deal).name == deal.name


@pytest.mark.parametrize("operation", ["edit", "convert"])
def test_by_snapshot_whoever_was_overtaken_is_told(operation: str):
    """HIST-3: a snapshot was decided on; if it is no more, the person decides again, not the library."""
    race = Race()
    deal, lead = race.world.deal(), race.world.lead()
    li = race.world.acting("li")
    edit = partial(li.opportunities.edit, deal, name="B")
    convert = partial(li.leads.convert, lead, customer=sf.NewCustomer("Acme"))
    race.store.others = race.edits(deal if operation == "edit" else lead, 1)
    with pytest.raises(sf.Conflict):
        edit() if operation == "edit" else convert()
    assert race.world.acting("li").customers.count() == 1


def test_a_conversion_by_id_is_decided_anew_and_gives_up_in_the_end():
    """LEAD-6, HIST-3: overtaken by a mere edit it goes on; overtaken again and again it says so; all or nothing."""
    race = Race()
    lead = race.world.lead()
    race.store.others = [lambda: race.rival().leads.edit(lead.id, title="B")]
    made = race.world.acting("li").leads.convert(lead.id, customer=sf.NewCustomer("Acme"))
    assert (made.lead.title, made.lead.status) == ("B", "converted")
    lead = race.world.lead()
    race.store.others = race.edits(lead, 9)
    with pytest.raises(sf.Conflict):
        race.world.acting("li").leads.convert(lead.id, customer=sf.NewCustomer("Acme"))
    assert race.world.acting("li").customers.count() == 1


@pytest.mark.parametrize("by", ["snapshot", "id"])
def test_the_second_of_two_conversions_is_refused_and_told_what_it_became(by: str):
    """LEAD-6: exactly once, also at the same moment; the refusal names it, and is audited as one."""
    race = Race()
    lead = race.world.lead()
    race.store.others = [lambda: race.rival().leads.convert(lead, customer=sf.NewCustomer("Acme"))]
    ref = lead if by == "snapshot" else lead.id
    with pytest.raises(sf.Refused) as refused:
        race.world.acting("li").leads.convert(ref, customer=sf.NewCustomer("Acme"))
    (customer,) = race.world.acting("li").customers.list().items
    assert codes(refused.value) == {"already_converted"}
    assert str(customer.id) in str(refused.value)
    (entry,) = race.world.audit.entries
    assert (entry.person, entry.reasons) == ("li", refused.value.reasons)


@pytest.mark.parametrize("by", ["snapshot", "id"])
@pytest.mark.parametrize("operation", ["convert", "edit"])
def test_the_second_of_two_requests_with_one_key_gets_the_first_ones_result(operation: str, by: str):
    """HIST-3, LEAD-6: a request that a proxy sent twice is done once, and both get the same answer."""
    race = Race()
    lead = race.world.lead()
    ref = lead if by == "snapshot" else lead.id
    first: list[Any] = []

    def request(flow: sf.SalesFlow) -> Any:
        desk = flow.acting_as("li").once("k").leads
        return desk.convert(ref, customer=sf.NewCustomer("A")) if operation == "convert" else desk.edit(ref, title="B")

    race.store.others = [lambda: first.append(request(race.rivals))]
    assert request(race.world.flow) == first[0]
    assert race.world.acting("li").customers.count() == (operation == "convert")


def test_the_second_of_two_creations_with_one_key_gets_the_first_ones_result():
    """HIST-3: an operation with a key is done once, also when two ask at the same moment."""
    race = Race()
    first: list[sf.Customer] = []
    race.store.others = [lambda: first.append(race.rival("li").once("k").customers.create("A"))]
    once = race.world.acting("li").once("k").customers
    assert once.create("A") == first[0]
    assert once.create("A") == first[0]


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """Run the tasks in threads that start together, and return what each gave or raised."""
    start = Barrier(len(tasks))

    def run(task: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return task()
        except sf.SalesflowError as error:
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


class LockedIds:
    """Ids that threads may ask for."""

    def __init__(self) -> None:
        self._lock, self._made = Lock(), 0

    def new(self, kind: str) -> str:
        """Return the next id."""
        with self._lock:
            self._made += 1
            return f"{kind}-{self._made}"


def test_threads_convert_a_lead_once():
    """LEAD-6: two people convert one lead at the same moment: one conversion, one customer, one told of it."""
    world = World(ids=LockedIds())
    for _ in range(20):
        lead = world.lead()
        before = world.acting("root").customers.count()
        everybody = [world.acting(person).leads for person in ("li", "zhang", "sun", "root")]
        results = at_once(*(partial(desk.convert, lead, customer=sf.NewCustomer("Acme")) for desk in everybody))
        (made,) = (result for result in results if isinstance(result, sf.ConvertedLead))
        others = [result for result in results if result is not made]
        assert all(
            isinstance(other, sf.Conflict) or (isinstance(other, sf.Refused) and codes(other) == {"already_converted"})
            for other in others
        )
        assert world.acting("root").customers.count() == before + 1
        assert world.store.get("lead", lead.id) == made.lead


def test_threads_lose_no_update():
    """HIST-3: every acknowledged change is in the record and in its history, once."""
    world = World()
    deal = world.deal()
    texts = [f"note {n}" for n in range(24)]

    def note(text: str) -> Any:
        while True:
            try:
                return world.acting("li").opportunities.add_activity(deal.id, "note", text)
            except sf.Conflict:
                continue

    at_once(*(partial(note, text) for text in texts))
    now = world.acting("li").opportunities.get(deal)
    assert sorted(activity.text for activity in now.activities) == sorted(texts)
    assert now.version == deal.version + len(texts)
    assert replay(world.store.events("opportunity", deal.id)) == now


def test_threads_with_one_key_do_it_once():
    """HIST-3: eight times the same request at once: one event, and everybody has the first result or asks again."""
    world = World(ids=LockedIds())
    results = at_once(*([lambda: world.acting("li").once("k").leads.create(title="A", phone="1")] * 8))
    made = {result.id for result in results if isinstance(result, sf.Lead)}
    assert len(made) == 1
    assert all(isinstance(result, sf.Lead | sf.Conflict) for result in results)
    assert world.acting("li").leads.count() == 1


def test_everything_that_was_saved_replays():
    """HIST-1: after all sorts of situations, each record of each kind is what its history says."""
    world = World()
    for make in (
        World.won,
        World.lost,
        World.decided,
        World.registering,
        World.owing,
        World.served,
        World.converted_lead,
    ):
        make(world)
    for kind in RECORD_CLASSES:
        for held, told in world.everything()[kind]:
            assert replay(told) == held


@pytest.mark.parametrize("by", ["id", "snapshot"])
def test_a_right_taken_away_stops_what_rests_on_it(by: str):
    """VIS-20, I-28: what a sharing rule let somebody decide is not saved once the rule is gone or permits less."""
    race = Race()
    deal, root = race.world.deal(), race.rival("root")
    rule = root.sharing.create(from_person="li", to_person="zheng", access=sf.Access.READ_WRITE)
    desk, ref = race.world.acting("zheng").opportunities, deal.id if by == "id" else deal
    race.store.others = [lambda: root.sharing.edit(rule, access=sf.Access.READ)]
    with pytest.raises(sf.Refused) as refused:
        desk.edit(ref, name="B")
    assert codes(refused.value) == {"not_permitted"}
    root.sharing.edit(rule.id, access=sf.Access.READ_WRITE)
    race.store.others = [lambda: root.sharing.delete(rule.id)]
    with pytest.raises(sf.NotFound):
        desk.edit(ref, name="B")
    assert race.world.store.get("opportunity", deal.id) == deal


def test_another_right_that_changes_stops_nothing():
    """VIS-20, HIST-3: sharing that comes or goes elsewhere meanwhile makes a decision anew, and it is the same."""
    race = Race()
    deal, root = race.world.deal(), race.rival("root")
    race.store.others = [lambda: root.sharing.create(from_person="zhao", to_person="wang")]
    assert race.world.acting("li").opportunities.edit(deal, name="B").name == "B"
    lead = race.world.lead()
    race.store.others = [lambda: root.sharing.create(from_person="zhao", to_person="feng")]
    done = race.world.acting("li").leads.convert(lead.id, customer=sf.NewCustomer("Acme"))
    assert done.lead.conversion is not None
