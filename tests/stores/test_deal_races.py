"""Wins, reopenings and documents that race, on memory, SQLite and PostgreSQL (CUS-2, OPP-13, HIST-3, REL-6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Barrier, Lock, Thread
from typing import Any

import pytest

import salesflow as sf
from salesflow.errors import PortError
from salesflow.model import replay
from tests.app.world import LINES, PROCESSES
from tests.stores.databases import fresh_store

QUICK, LONG = 4, 1_000


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest) -> Callable[[], Any]:
    """Return what makes an empty store of one kind."""
    if request.param == "memory":
        return sf.MemoryStore
    engine = request.getfixturevalue({"sqlite": "file_engine", "postgresql": "postgresql_engine"}[request.param])
    return lambda: fresh_store(engine)


class Numbers:
    """Numbers that count, whoever asks at once."""

    def __init__(self) -> None:
        self._lock, self._last = Lock(), 0

    def number(self, document: sf.Document) -> str:
        """Return the next number."""
        with self._lock:
            self._last += 1
            return str(self._last)


class Same:
    """A numbering that gives everybody the same number."""

    def number(self, document: sf.Document) -> str:
        """Return it."""
        return "7"


def company(store: Any, documents: Any = None) -> sf.SalesFlow:
    organization = sf.Organization([sf.Employee("li")], administrators={"root"})
    return sf.SalesFlow(store=store, organization=organization, processes=PROCESSES, documents=documents)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all of them at the same moment; return what each gave or raised, in their order."""
    barrier = Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def call(place: int) -> None:
        barrier.wait()
        try:
            results[place] = calls[place]()
        except sf.SalesflowError as error:
            results[place] = error

    threads = [Thread(target=call, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def ready(li: sf.Acting, customer: str) -> str:
    """Return the id of a deal that can be won at once."""
    deal = li.opportunities.create("A", customer=customer, process="one_stage", amount=sf.Money(1, "CNY"))
    return li.opportunities.finish_task(deal, "look").id


def race_for_one_customer(make_store: Callable[[], Any], rounds: int) -> None:
    store = make_store()
    li = company(store).acting_as("li")
    for _ in range(rounds):
        customer = li.customers.create("Acme").id
        one, other = ready(li, customer), ready(li, customer)
        at_once(partial(li.opportunities.win, one), partial(li.opportunities.win, other))
        assert store.get("customer", customer).deal_status == "repeat"
        third = ready(li, customer)
        at_once(
            partial(li.opportunities.reopen, one),
            partial(li.opportunities.win, third),
            partial(li.customers.edit, customer, phone="139"),
        )
        after = store.get("customer", customer)
        assert (after.deals_won, after.deal_status, after.phone) == (2, "repeat", "139")
        assert replay(store.events("customer", customer)) == after


def race_for_one_number(make_store: Callable[[], Any], rounds: int) -> None:
    for turn in range(rounds):
        store = make_store()
        li = company(store, Same()).acting_as("li")
        customer = li.customers.create("Acme").id
        deals = [ready(li, customer) for _ in range(2)]
        given = at_once(*(partial(li.opportunities.issue_quote, deal, LINES) for deal in deals))
        made = [each for each in given if isinstance(each, sf.IssuedDocument)]
        failed = [each for each in given if isinstance(each, PortError)]
        assert (len(made), len(failed)) == (1, 1), (turn, given)
        assert sum(store.get("opportunity", deal).quote_number == "7" for deal in deals) == 1


def race_with_one_key(make_store: Callable[[], Any], rounds: int) -> None:
    store = make_store()
    li = company(store, Numbers()).acting_as("li")
    for turn in range(rounds):
        deal = ready(li, li.customers.create("Acme").id)
        given = at_once(*[partial(li.once(f"k{turn}").opportunities.issue_invoice, deal, LINES)] * 3)
        assert len({each.document.id for each in given}) == 1
        assert li.documents.list(opportunity=deal).items == (given[0].document,)


RACES = [race_for_one_customer, race_for_one_number, race_with_one_key]


@pytest.mark.parametrize("race", RACES)
def test_what_races_ends_right(make_store: Callable[[], Any], race: Callable[..., None]) -> None:
    """CUS-2, OPP-13, HIST-3: two wins at once end as repeat; one number is given once; one key issues one document."""
    race(make_store, QUICK)


@pytest.mark.long
@pytest.mark.parametrize("race", RACES)
def test_what_races_a_thousand_times_ends_right(make_store: Callable[[], Any], race: Callable[..., None]) -> None:
    """CUS-2, OPP-13, HIST-3, REL-6: the same, a thousand times."""
    race(make_store, LONG)
