"""A customer's deal status follows the wins that stand, in the same unit of work, whoever wins them (CUS-2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from examples.dict_store import DictStore
from salesflow.app import importing
from salesflow.app.import_report import Item
from salesflow.app.importing import BATCH, Intake
from salesflow.errors import PortError
from salesflow.files.mapping import Arrival, parse_mapping
from salesflow.model import DealStatus, check, replay
from salesflow.testing.records import deletion, unit
from tests.app.test_documents import Breaking
from tests.app.test_imports import arrival
from tests.app.test_races import Overtaken
from tests.app.world import LARGE, LATER, World, kinds

WON = sf.OpportunityStatus.WON


def held(world: World, kind: str, id: str) -> Any:
    """The record as the store has it."""
    return world.store.get(kind, id)


def status(world: World, id: str = "customer-1") -> str:
    customer = held(world, "customer", id)
    assert check(customer) == []
    assert replay(world.store.events("customer", id)) == customer
    return str(customer.deal_status)


def ready(world: World, customer: str, by: str = "li") -> sf.Opportunity:
    """One that can be won at once."""
    return world.finished(world.deal(by, customer=customer, process="one_stage"))


def test_it_goes_from_none_to_deal_to_repeat_and_back():
    """CUS-2: no deal yet 未成交, deal 成交, repeat deals 多次成交; a win that is reopened counts no more."""
    world = World()
    customer = world.customer().id
    li = world.acting("li").opportunities
    deals = [ready(world, customer) for _ in range(3)]
    seen = [status(world)]
    for deal in deals:
        li.win(deal.id)
        seen.append(status(world))
    for deal in deals:
        li.reopen(deal.id)
        seen.append(status(world))
    assert seen == ["none", "deal", "repeat", "repeat", "repeat", "deal", "none"]
    told = world.acting("li").customers.history(customer)
    assert kinds(told) == ("created", *["deals_counted"] * 6)
    assert {event.operation for event in told[1:]} == {"opportunities.win", "opportunities.reopen"}
    li.lose(deals[0].id, reason="price")
    li.invalidate(deals[1].id, reason="other")
    assert (status(world), len(world.store.events("customer", customer))) == ("none", 7)


def test_a_win_that_is_voided_does_not_count_until_it_is_unvoided():
    """CUS-2, OPP-10: the status tells of wins that are there to be seen."""
    world = World()
    deal = world.won()
    assert status(world) == "deal"
    world.acting("li").opportunities.void(deal)
    assert status(world) == "none"
    world.acting("root").opportunities.unvoid(deal.id)
    assert status(world) == "deal"
    lost = world.lost()
    world.voided(lost)
    assert [len(world.store.events("customer", id)) for id in ("customer-1", "customer-2")] == [4, 1]


def test_a_deal_of_a_contact_alone_counts_for_nobody():
    """CUS-2, OPP-1: the customer is the one that the opportunity names."""
    world = World()
    contact = world.contact(world.customer().id)
    deal = world.finished(world.deal(customer=None, contact=contact.id, process="one_stage"))
    world.acting("li").opportunities.win(deal)
    assert status(world) == "none"


def test_whoever_wins_needs_no_right_to_the_customer():
    """CUS-2: the event is theirs, and derived; they may not even see the customer otherwise."""
    world = World()
    customer = world.customer("qian").id
    deal = world.finished(world.deal("qian", customer=customer, process="one_stage"))
    world.acting("qian").opportunities.add_member(deal, "li", role="sales", access=sf.Access.READ_WRITE)
    with pytest.raises(sf.Refused):
        world.acting("li").customers.edit(customer, phone="1")
    world.acting("li").opportunities.win(deal.id)
    last = world.store.events("customer", customer)[-1]
    assert (status(world), last.by, last.at) == ("deal", "li", world.clock.now())


def test_a_win_that_waited_for_an_approval_counts_when_it_happens():
    """CUS-2, RULE-2: the approver's operation, and then."""
    world = World()
    li, zhang = world.acting("li").opportunities, world.acting("zhang").opportunities
    deal = li.request_approval(li.advance(world.deal(process="gated")), "win")
    assert status(world) == "none"
    assert zhang.approve(deal).status is WON
    last = world.store.events("customer", "customer-1")[-1]
    assert (status(world), last.operation) == ("deal", "opportunities.approve")


def test_deal_and_customer_are_saved_together_or_not_at_all():
    """CUS-2, HIST-3, REL-7: never a win without its count, nor a count without its win."""
    world = World(through=Breaking)
    deal = world.agreed()
    before, saved = world.everything(), len(world.outbox())
    world.ports["store"].is_broken = True
    with pytest.raises(PortError):
        world.acting("li").opportunities.win(deal)
    assert world.everything() == before
    world.ports["store"].is_broken = False
    world.acting("li").opportunities.win(deal)
    assert [event.record_kind for event in world.outbox(saved)] == ["opportunity", "opportunity", "customer"]


@pytest.mark.parametrize("by_snapshot", [True, False])
def test_of_two_wins_at_once_one_is_decided_anew(by_snapshot: bool):
    """CUS-2, HIST-3: guarded by the customer's version, and retried whole: both count; by a snapshot too."""
    world = World(through=Overtaken)
    customer = world.customer().id
    one, other = ready(world, customer), ready(world, customer)
    rival = sf.SalesFlow(**{**world.ports, "store": world.store}).acting_as("zhang")
    world.ports["store"].others = [
        lambda: rival.opportunities.win(other.id),
        lambda: rival.customers.edit(customer, phone="139"),
    ]
    world.acting("li").opportunities.win(one if by_snapshot else one.id)
    assert status(world) == "repeat"
    world.ports["store"].others = [lambda n=n: rival.customers.edit(customer, phone=str(n)) for n in range(9)]
    with pytest.raises(sf.Conflict):
        world.acting("li").opportunities.reopen(one.id)
    assert held(world, "opportunity", one.id).status is WON
    assert status(world) == "repeat"


def test_a_customer_that_the_store_does_not_have_is_not_counted():
    """CUS-2, REL-7: the win is done all the same."""
    world = World()
    deal = world.place(world.agreed(), customer="gone")
    assert world.acting("li").opportunities.win(deal).status is WON


def test_a_deal_that_arrived_as_won_counts_and_counts_no_more_when_it_is_deleted():
    """CUS-2, IO-3, OPP-10: for a customer that is there; importing it twice changes nothing."""
    world = World()
    li = world.acting("li")
    customer = world.customer().id
    rows = [arrival(str(n), customer=customer, stage="agreement", outcome=WON) for n in range(3)]
    rows += [arrival("lost", customer=customer, outcome="lost", reason="price"), arrival("open", customer=customer)]
    rows += [arrival("nobody's", outcome=WON)]
    assert li.files.import_opportunities(rows).imported == 6
    assert (status(world), held(world, "customer", customer).deals_won) == ("repeat", 3)
    assert li.files.import_opportunities(rows).unchanged == 6
    assert held(world, "customer", customer).deals_won == 3
    for id in ("0", "1"):
        li.opportunities.delete(id)
    assert status(world) == "deal"
    last = world.store.events("customer", customer)[-1]
    assert (last.operation, last.by) == ("opportunities.delete", "li")


DEALS = parse_mapping(
    'kind = "opportunity"\nkey = ["id"]\n[fields]\nname = "id"\noutcome = "outcome"\n'
    'process = { constant = "crm2000" }\nstage = { constant = "agreement" }\nowner = { constant = "li" }\n'
    '[customer]\nname = "customer"'
)


@pytest.mark.parametrize("store", ["memory", "three methods"])
def test_customers_made_on_the_way_are_made_with_their_deals(store: str, monkeypatch: pytest.MonkeyPatch):
    """CUS-2, IO-1: counted batch by batch, over a whole file; a dry run counts nothing; twice is once."""
    monkeypatch.setattr(importing, "_REMEMBERED", 2)  # so that what is remembered is forgotten between batches
    world = World(**({} if store == "memory" else {"store": DictStore()}))
    kept: Any = world.ports["store"]
    size, won_until = 2 * BATCH + 100, BATCH + 150
    rows = [
        (n, ("Acme", "Globex", "Initech")[n % 3], "won" if n % 3 < 2 and n < won_until else "") for n in range(size)
    ]
    file = "id,customer,outcome\n" + "".join(f"{n},{name},{outcome}\n" for n, name, outcome in rows)
    li = world.acting("li")
    assert li.files.import_csv(StringIO(file), DEALS, dry_run=True).imported == size
    won = Counter(name for _, name, outcome in rows if outcome)
    customers: dict[str, sf.Customer] = {}
    for _ in range(2):
        li.files.import_csv(StringIO(file), DEALS)
        customers = {found.name: found for found in li.customers.list().items}
        assert {name: found.deals_won for name, found in customers.items()} == {**won, "Initech": 0}
    if store == "memory":
        told = kinds(kept.events("customer", customers["Acme"].id))
        assert told == ("imported", "deals_counted")  # once for the batches after the first
        assert all(status(world, found.id) == found.deal_status for found in customers.values())


def test_an_import_that_is_overtaken_counts_every_win_once():
    """CUS-2, HIST-3: the batch is taken in again, and counted on what is there by then."""
    world = World(through=Overtaken)
    customer = world.customer().id
    deal = ready(world, customer)
    rival = sf.SalesFlow(**{**world.ports, "store": world.store}).acting_as("zhang")
    file = "id,customer,outcome\n1,Acme,won\n2,Acme,won\n3,Acme,\n"
    world.ports["store"].others = [lambda: rival.opportunities.win(deal.id)]
    report = world.acting("li").files.import_csv(StringIO(file), DEALS)
    assert (report.imported, report.problems) == (3, ())
    assert held(world, "customer", customer).deals_won == 3
    assert kinds(world.store.events("customer", customer)) == ("created", "deals_counted", "deals_counted")


def test_all_of_a_batch_is_saved_but_for_what_stands_in_the_way():
    """IO-1, HIST-3: of 1,000 rows the one is found whose id was deleted, by some saves and not by a thousand."""
    world = World(through=Overtaken)
    world.customer()
    li = world.acting("li")
    row = "{},Acme,{}\n".format
    head, wrong = "id,customer,outcome\n", BATCH - 7
    assert li.files.import_csv(StringIO(head + row(wrong, "won")), DEALS).imported == 1
    (deal,) = li.opportunities.list().items
    world.store.save(unit(deletion(deal)))
    saves: list[int] = []
    world.ports["store"].others = [lambda: saves.append(1)] * BATCH
    rows = "".join(row(n, "won" if n % 2 else "") for n in range(BATCH))
    report = li.files.import_csv(StringIO(head + rows), DEALS)
    assert report.imported == BATCH - 1
    assert [(found.row, found.code) for found in report.problems] == [(wrong + 1, "id_taken")]
    assert len(saves) < 40


def test_a_customer_that_goes_while_deals_arrive_is_not_counted_on():
    """CUS-2, IO-1: what an import remembers of customers is not believed against the store."""
    world = World()
    li = world.acting("li")
    items = [
        Item(n, None, Arrival(arrival(id=str(n), outcome=WON, amount=LARGE), sf.NewCustomer("Acme")))
        for n in range(1, 4)
    ]

    def arriving() -> Iterator[Item]:
        yield from items[:2]
        (customer,) = li.customers.list().items
        world.store.save(unit(deletion(customer)))
        yield items[2]

    report = Intake(li._execution, "files.import_opportunities", batch=1).take(arriving())
    assert report.imported == 2
    assert [found.code for found in report.problems] == ["conflict"]


STEPS = ("win", "reopen", "void", "unvoid", "lose")


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(STEPS)), max_size=14))
def test_the_count_is_that_of_the_wins_that_stand(steps: list[tuple[int, str]]) -> None:
    """CUS-2: after whatever happens to the deals of two customers, each has as many as a search finds."""
    world = World()
    customers = [world.customer(name=name).id for name in ("Acme", "Globex")]
    deals = [ready(world, customers[n % 2]) for n in range(4)]
    desk = world.acting("root").opportunities
    for number, step in steps:
        world.clock.move(timedelta(minutes=1))
        try:
            getattr(desk, step)(deals[number].id, **({"reason": "price"} if step == "lose" else {}))
        except sf.Refused:
            continue
    after = [held(world, "opportunity", deal.id) for deal in deals]
    won = Counter(deal.customer for deal in after if deal.status is WON and not deal.voided)
    for id in customers:
        assert status(world, id) == list(DealStatus)[min(won[id], 2)]
        assert held(world, "customer", id).deals_won == won[id]


def test_nobody_sets_a_deal_status_by_hand():
    """CUS-2: it follows; and a list may be narrowed by it."""
    world = World(scenes=sf.scenes.default() | {"buyers": sf.visibility.record.deal_status == "deal"})
    with pytest.raises(sf.InvalidInput):
        world.acting("li").customers.edit(world.customer(), deal_status="repeat")  # type: ignore[call-arg]
    deal = world.deal(process="one_stage", amount=LARGE, close_date=LATER)
    world.acting("li").opportunities.win(world.finished(deal))
    assert [found.id for found in world.acting("li").customers.list("buyers").items] == [deal.customer]
