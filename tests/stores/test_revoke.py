"""
A right taken away is gone: for every operation begun afterwards, in any process (I-27), and for one in flight (I-28).

One process takes a sharing rule away and gives it again, round after round; another edits all the while what it
reaches by that rule only, or makes something beside it. The outbox holds what was committed in commit order.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.errors import Conflict
from salesflow.files.mapping import parse_mapping
from salesflow.ports import Query, UnitOfWork
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import AT, deletion, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING
from tests.app.test_races import Overtaken

PEOPLE = sf.Organization([sf.Employee("li"), sf.Employee("guest")], administrators={"root"})
PROCESSES = list(sf.templates.builtin().values())
ACME = sf.Customer(id="acme", version=1, name="Acme", owner="li", updated_at=AT)
_tenants = count()


class Careless(SqlStore):
    """A store that looks at versions only: the negative control."""

    def save(self, unit: UnitOfWork) -> None:
        super().save(evolve(unit, resting_on=()))


class Dawdling:
    """A store in which some time lies between a decision and its save: what a busy machine does now and then."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        time.sleep(0.002)
        self._store.save(unit)


def acting(store: Any, person: str) -> sf.Acting:
    """Return what *person* may do."""
    return sf.SalesFlow(store=store, organization=PEOPLE, processes=PROCESSES).acting_as(person)


def edit(person: sf.Acting, number: int) -> None:
    """Change a deal that the person may write by the rule only."""
    person.opportunities.edit("deal", custom={"edit": number})


def create(person: sf.Acting, number: int) -> None:
    """Make a contact of a customer that the person sees by the rule only."""
    person.contacts.create(f"Qian {number}", customer="acme")


def guest(url: str, tenant: str, kind: type[SqlStore]) -> None:
    """Edit and create by turns until the other process says stop, then tell when each act that was saved had begun."""
    person = acting(Dawdling(kind(url, tenant)), "guest")
    begun: list[float] = []
    done = False
    while not done:
        at = time.monotonic()
        with suppress(sf.NotFound, sf.Refused, sf.Conflict):
            (edit, create)[len(begun) % 2](person, len(begun))
            begun.append(at)
            if len(begun) == 1:
                print("ready", flush=True)
        with suppress(sf.NotFound):
            done = person.opportunities.get("deal").name == "stop"
    print(json.dumps(begun), flush=True)


_GUEST = "import sys; from tests.stores import test_revoke as t; t.guest(*sys.argv[1:3], getattr(t, sys.argv[3]))"


def played(url: str, rounds: int, kind: str) -> tuple[int, int]:
    """Play *rounds*; return how many acts were begun, and how many saved, while the guest had no right to."""
    tenant = f"revoke {next(_tenants)}"
    with SqlStore(url, tenant) as store:
        return _played(store, url, rounds, kind)


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """End *process* where the block fails: it would go on for ever, and be waited for."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def stop(store: SqlStore) -> None:
    """Tell the guest to stop; who edits without a pause may overtake several tries."""
    for _ in range(100):
        with suppress(Conflict):
            acting(store, "root").opportunities.edit("deal", name="stop")
            return
    raise AssertionError("the guest never lets go")


def _played(store: SqlStore, url: str, rounds: int, kind: str) -> tuple[int, int]:
    store.save(unit(new(make_opportunity("deal")), new(ACME)))
    sharing = acting(store, "root").sharing
    rule = sharing.create(from_person="li", to_person="guest", access=sf.Access.READ_WRITE)
    given, closed = [place_of(store, rule, 0)], list[tuple[float, float]]()
    command = [sys.executable, "-c", _GUEST, url, store.tenant, kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other, ended(other):
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        for number in range(rounds):
            time.sleep(0.004 + number % 5 / 1000)
            sharing.delete(rule.id)
            revoked = time.monotonic()
            time.sleep(0.005)
            closed.append((revoked, time.monotonic()))
            rule = sharing.create(from_person="li", to_person="guest", access=sf.Access.READ_WRITE)
            given.append(place_of(store, rule, given[-1]))
        stop(store)
        begun = json.loads(other.stdout.readline())
        assert other.wait() == 0
    late = sum(any(start <= at < end for start, end in closed) for at in begun)
    return late, written_without_right(store, given, len(begun))


def place_of(store: SqlStore, rule: sf.SharingRule, after: int) -> int:
    """Return where in the outbox, behind *after*, the rule's creation stands; it goes from there with the rule."""
    return next(place for place, event in store.outbox(after, 10**6) if event.record_id == rule.id)


def written_without_right(store: SqlStore, given: list[int], edits: int) -> int:
    """
    Return how many edits of the guest were committed while there was no rule.

    Args:
        given: Where in the outbox each rule was made.
        edits: How many edits the guest knows of.
    """
    told = dict(store.outbox(0, 10**7))
    is_open, wrong, seen = False, 0, 0
    for place in sorted({*told, *given}):
        event = told.get(place)
        if event is None or event.record_kind == "sharing_rule":
            is_open = place in given
        elif event.by == "guest":
            seen += 1
            wrong += not is_open
    assert seen == edits
    return wrong


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request, tmp_path_factory):
    """A database that two processes reach."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('revoke') / 'sales.db'}"
    found = request.getfixturevalue("postgresql_url")
    with SqlStore(found) as store:
        store.create_schema()
    return found


@pytest.mark.parametrize("rounds", [25, pytest.param(10_000, marks=pytest.mark.long)])
def test_a_right_taken_away_is_gone_everywhere(url, rounds):
    """VIS-20, I-27, I-28, REL-6: after a revoke returned nothing begins on it; what was in flight is in time or not."""
    assert played(url, rounds, "SqlStore") == (0, 0)


def test_the_harness_catches_a_careless_store(url):
    """I-28: a store that does not look at what a decision rests on saves after the revoke, and is found out."""
    found = (played(url, 25, "Careless") for _ in range(20))
    assert any(wrong for _late, wrong in found)


MAPPING = parse_mapping("""
kind = "opportunity"
[fields]
id = "id"
name = "name"
owner = "owner"
process = { constant = "crm2000" }
stage = { constant = "qualification" }
customer = "customer"
""")


def shared_customer(store: sf.MemoryStore) -> sf.SharingRule:
    """Put a customer of li's into *store*, shared with the guest, and return the rule."""
    store.save(unit(new(ACME)))
    return acting(store, "root").sharing.create(from_person="li", to_person="guest", access=sf.Access.READ_WRITE)


def make_contact(person: sf.Acting) -> int:
    """Make one contact; return how many were made."""
    person.contacts.create("Qian", customer="acme")
    return 1


def make_deals(person: sf.Acting) -> int:
    """Import three deals of the customer in one batch; return how many were made."""
    rows = "id,name,owner,customer\n" + "".join(f"d{number},A,guest,acme\n" for number in range(3))
    return person.files.import_csv(io.BytesIO(rows.encode()), MAPPING).imported


@pytest.mark.parametrize(("make", "kind", "number"), [(make_contact, "contact", 1), (make_deals, "opportunity", 3)])
def test_what_is_being_made_is_decided_anew_when_the_right_to_it_goes(make, kind, number):
    """I-28: a creation or a batch of an import that rests on a rule is refused if the rule goes before it is saved."""
    store = Overtaken(sf.MemoryStore())
    rule = shared_customer(store._store)
    guest = acting(store, "guest")
    assert make(guest) == number
    for record in list(store.query(Query(kind, EVERYTHING))):
        store._store.save(unit(deletion(record)))
    store.others = [partial(acting(store._store, "root").sharing.delete, rule.id)]
    with suppress(sf.Refused):
        assert make(guest) == 0
    assert list(store.query(Query(kind, EVERYTHING))) == []


@pytest.mark.parametrize(("make", "kind", "number"), [(make_contact, "contact", 1), (make_deals, "opportunity", 3)])
def test_what_is_being_made_is_made_when_only_others_rights_change(make, kind, number):
    """I-28: a rule that has nothing to do with it, changed meanwhile, costs another try and no more, and no row."""
    store = Overtaken(sf.MemoryStore())
    shared_customer(store._store)
    root = acting(store._store, "root").sharing
    store.others = [partial(root.create, from_person="guest", to_person="li") for _ in range(4)]
    assert make(acting(store, "guest")) == number
    assert len(store.query(Query(kind, EVERYTHING))) == number


def test_nobody_tries_to_make_something_for_ever():
    """I-28, HIST-3: where rules change again and again the caller is told, and nothing is saved."""
    store = Overtaken(sf.MemoryStore())
    shared_customer(store._store)
    root = acting(store._store, "root").sharing
    store.others = [partial(root.create, from_person="guest", to_person="li") for _ in range(9)]
    with pytest.raises(sf.Conflict, match="revision"):
        make_contact(acting(store, "guest"))
    assert list(store.query(Query("contact", EVERYTHING))) == []
