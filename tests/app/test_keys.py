"""With an idempotency key, done once, however often it is repeated (HIST-3)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import salesflow as sf
from tests.app.calls import DONE, Done
from tests.app.situations import nothing
from tests.app.test_operations import name_of
from tests.app.world import BareStore, World, kinds

KEYED = [call for call in DONE if call.group != "files" and call.operation != "leads.recycle_overdue"]


@pytest.mark.parametrize("call", KEYED, ids=name_of)
def test_with_a_key_an_operation_is_done_once(call: Done):
    """HIST-3: repeated with its key, whatever happened since, it gives the first result and changes nothing."""
    world = World()
    about = call.given(world)
    told = len(world.outbox())

    def again() -> Any:
        return call.do(getattr(world.acting(call.by).once("request-1"), call.group), about)

    first = again()
    assert kinds(world.outbox(told)) == call.events
    world.clock.move(timedelta(days=1))
    if getattr(first, "KIND", "") == "opportunity" and not first.voided:
        world.acting("root").opportunities.add_activity(first.id, "note", "meanwhile")
    before = world.everything()
    assert again() == first
    assert again() == first
    assert world.everything() == before


@pytest.mark.parametrize("call", KEYED, ids=name_of)
def test_a_key_belongs_to_one_request(call: Done):
    """HIST-3: the same key for something else is the calling code's mistake, and is not done."""
    world = World()
    about = call.given(world)
    acting = world.acting(call.by).once("request-1")
    if call.operation == "leads.create":
        acting.customers.create("Another", owner="li")
    else:
        acting.leads.create(title="Another", phone="1")
    before = world.everything()
    with pytest.raises(sf.InvalidInput, match="key: 'request-1' was used for another request"):
        call.do(getattr(acting, call.group), about)
    assert world.everything() == before


def test_two_peoples_keys_are_apart():
    """HIST-3: a key is unique per person, so that nobody gets what somebody else did."""
    world = World()
    first = world.acting("li").once("k").leads.create(title="A", phone="1")
    second = world.acting("qian").once("k").leads.create(title="A", phone="2")
    assert (first.owner, second.owner) == ("li", "qian")
    assert world.acting("li").once("k").leads.create(title="A", phone="1") == first


def test_a_refused_request_may_be_repeated_with_its_key():
    """HIST-3: only what was done is marked as done."""
    world = World()
    deal = world.deal()
    once = world.acting("li").once("k").opportunities
    with pytest.raises(sf.Refused):
        once.advance(deal)
    world.finished(deal)
    assert once.advance(deal.id).stage == "bid_decision"
    assert once.advance(deal.id).stage == "bid_decision"


def test_a_change_that_changes_nothing_is_marked_too():
    """OPP-18, HIST-3: editing what is so already makes no event; with a key it is remembered, without it is not."""
    world = World()
    deal = world.deal()
    told = len(world.outbox())
    opportunities = world.acting("li").opportunities
    assert opportunities.edit(deal, name=deal.name) == deal
    once = world.acting("li").once("k").opportunities
    assert once.edit(deal, name=deal.name) == deal
    opportunities.edit(deal, name="B")
    assert once.edit(deal, name=deal.name) == deal
    assert kinds(world.outbox(told)) == ("edited",)


def test_existing_parts_of_a_conversion_come_back_as_well():
    """LEAD-6, HIST-3: the first result names the customer that was there already; so does its repetition."""
    world = World()
    customer, contact = world.customer(), world.contact()
    deal = world.deal(customer=customer.id)
    lead = world.lead()
    once = world.acting("li").once("k").leads
    first = once.convert(lead, customer=customer.id, contact=contact.id, opportunity=deal.id)
    assert (first.customer, first.contact, first.opportunity) == (customer, contact, deal)
    world.acting("li").customers.edit(customer, name="Acme Ltd")
    assert once.convert(lead, customer=customer.id, contact=contact.id, opportunity=deal.id) == first


def test_whoever_left_gets_no_first_result():
    """VIS-20, HIST-3: the key of somebody who does not work here any more opens nothing."""
    world = World()
    once = world.acting("li").once("k").leads
    once.create(title="A", phone="1")
    world.organization.put_employee(sf.Employee("li", active=False))
    with pytest.raises(sf.NotFound, match="no person 'li'"):
        once.create(title="A", phone="1")


def _li_to_service(world: World, _: Any) -> None:
    world.organization.put_employee(sf.Employee("li", manager="wu", department="service"))
    world.organization.put_employee(sf.Employee("chen", manager="li", department="service"))


def _root_to_the_ranks(world: World, _: Any) -> None:
    people = [*world.organization.employees, sf.Employee("root")]
    world.flow = sf.SalesFlow(**{**world.ports, "organization": sf.Organization(people)})


def _no_sharing(world: World, _: Any) -> None:
    for rule in world.flow.sharing.list():
        world.flow.sharing.delete(rule)


def _to_qian(world: World, record: Any) -> None:
    world.acting("root").opportunities.change_owner(record.id, "qian")


LOST: list[tuple[str, str, Callable[[World], Any], Callable[[Any, Any], Any], Callable[[World, Any], Any]]] = [
    ("the manager", "zhang", World.deal, lambda a, r: a.opportunities.set_grade(r, "A", reason="key"), _li_to_service),
    ("the lead's line", "zhang", World.lead, lambda a, r: a.leads.assign(r, "chen"), _li_to_service),
    ("a sharing rule", "zheng", World.lead, lambda a, r: a.leads.follow_up(r, "rang"), _no_sharing),
    ("a shared customer", "zheng", World.customer, lambda a, r: a.customers.edit(r, phone="139"), _no_sharing),
    ("the ownership", "li", World.deal, lambda a, r: a.opportunities.edit(r, name="B"), _to_qian),
    ("what one made", "li", World.customer, lambda a, r: a.opportunities.create("A", customer=r.id, process="gated"),
     lambda w, _: _to_qian(w, w.store.get("opportunity", "opportunity-1"))),
    ("the record", "li", World.deal, lambda a, r: a.opportunities.edit(r, name="B"), lambda w, r: w.voided(r.id)),
    ("the team", "zhao", World.team_deal, lambda a, r: a.opportunities.edit(r, name="B"),
     lambda w, r: w.acting("li").opportunities.remove_member(r.id, "zhao", role="joint")),
    ("the administration", "root", nothing, lambda a, _: a.sharing.create(from_person="li", to_person="qian"),
     _root_to_the_ranks),
    ("an existing part", "li", lambda w: (w.lead(), w.deal()),
     lambda a, r: a.leads.convert(r[0], customer=sf.NewCustomer("B"), opportunity=r[1].id),
     lambda w, r: _to_qian(w, r[1])),
]  # fmt: skip


@pytest.mark.parametrize(("by", "given", "do", "lose"), [case[1:] for case in LOST], ids=[case[0] for case in LOST])
def test_whoever_lost_sight_since_gets_no_first_result(
    by: str, given: Callable[[World], Any], do: Callable[[Any, Any], Any], lose: Callable[[World, Any], None]
):
    """VIS-20, VIS-17, HIST-3, REL-11: a key keeps no door open that was closed since; nothing is done again either."""
    world = World()
    about = given(world)
    world.share("zheng", sf.Access.READ_WRITE)
    first = do(world.acting(by).once("k"), about)
    assert do(world.acting(by).once("k"), about) == first
    lose(world, about)
    before = world.everything()
    with pytest.raises(sf.NotFound):
        do(world.acting(by).once("k"), about)
    assert world.everything() == before


CLOSED: list[tuple[str, Callable[[World], Any], Callable[[Any, Any], Any]]] = [
    ("void", World.deal, lambda a, r: a.opportunities.void(r)),
    ("change_owner", World.deal, lambda a, r: a.opportunities.change_owner(r, "qian")),
    ("customers.create", nothing, lambda a, _: a.customers.create("A", owner="qian")),
    ("recycle", World.lead, lambda a, r: a.leads.recycle(r, reason="no time")),
]


@pytest.mark.parametrize(("given", "do"), [case[1:] for case in CLOSED], ids=[case[0] for case in CLOSED])
def test_whoever_closed_the_door_by_the_operation_itself_is_told_its_result_again(
    given: Callable[[World], Any], do: Callable[[Any, Any], Any]
):
    """HIST-3, VIS-20: what one gave away oneself is answered as it was, also when it was changed since."""
    world = World()
    about = given(world)
    first = do(world.acting("li").once("k"), about)
    group = {"opportunity": "opportunities", "customer": "customers", "lead": "leads"}[first.KIND]
    desk = getattr(world.acting("root"), group)
    if not first.voided and first.KIND != "lead":
        desk.edit(first.id, name="meanwhile")
    assert do(world.acting("li").once("k"), about) == first
    with pytest.raises(sf.NotFound):
        getattr(world.acting("li"), group).history(first.id)


def test_the_first_result_of_what_was_deleted_since_is_not_found():
    """OPP-10, HIST-3: gone for good is gone for whoever repeats its creation, too."""
    world = World()
    customer = world.customer()
    once = world.acting("li").once("k").opportunities
    deal = once.create("A", customer=customer.id, process="crm2000")
    world.acting("li").opportunities.delete(deal)
    with pytest.raises(sf.NotFound):
        once.create("A", customer=customer.id, process="crm2000")


def test_a_store_without_keys_says_so():
    """HIST-3: keys are a capability that a store may lack; then using one is the application's mistake."""
    world = World(through=BareStore)
    with pytest.raises(sf.PortError, match="keeps no idempotency keys"):
        world.acting("li").once("k").leads.create(title="A", phone="1")


@pytest.mark.parametrize("key", [None, "", 5, "a\nb", "k" * 301])
def test_a_key_is_a_name(key: Any):
    """HIST-3: what is no key is refused before anything is done with it."""
    with pytest.raises(sf.InvalidInput, match="key"):
        World().acting("li").once(key)


def test_imports_need_no_key():
    """IO-3, HIST-3: the rows' own ids make an import repeatable; a key stands in the way of none of them."""
    world = World()
    arrivals = [
        sf.ImportedOpportunity(id=id, name="X", owner="li", process="crm2000", stage="bidding") for id in ("a", "b")
    ]
    once = world.acting("li").once("k").files
    assert once.import_opportunities(arrivals).imported == 2
    assert once.import_opportunities(arrivals).unchanged == 2


def test_a_request_is_told_alike_by_every_process():
    """HIST-3: the key's mark outlives the process, so no order that a process happens to have counts."""
    asking = (
        "from salesflow.app.execution import request\n"
        "people = frozenset(f'person {number}' for number in range(9))\n"
        "print(request('pools.create', 'north', (None, {'members': people, 'ceiling': 3})))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", asking],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
