"""Two tenants of one database never meet: every answer is to the byte what it is without the other (I-31)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

import salesflow as sf
from salesflow.errors import Conflict
from salesflow.ports import DoneOnce, Query
from salesflow.stores.sql import SqlStore, metadata
from salesflow.testing import CountingIds, TickingClock
from salesflow.testing.records import FILTERS, change, deletion, make_opportunity, new, unit
from salesflow.testing.samples import MAKERS, samples
from salesflow.visibility.filters import EVERYTHING
from tests.stores.databases import fresh_database

PEOPLE = [sf.Employee("zhang"), sf.Employee("li", manager="zhang"), sf.Employee("wang", manager="zhang")]


def company(store: SqlStore) -> sf.SalesFlow:
    """Return a company whose clock and ids tell the same each time."""
    return sf.SalesFlow(
        store=store, organization=sf.Organization(PEOPLE, administrators={"root"}), clock=TickingClock(),
        ids=CountingIds(), processes=sf.templates.builtin(),
    )  # fmt: skip


class Transcript:
    """Everything that was said, in order: each answer and each error as text."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def ask(self, question: Callable[[], Any]) -> Any:
        """Note what the question gave or raised, and return it."""
        try:
            answer = question()
        except sf.SalesflowError as error:
            self.lines.append(f"{type(error).__name__}: {error}")
            return None
        self.lines.append(repr(answer))
        return answer


def lived(store: SqlStore) -> list[str]:
    """Live through a few weeks of a company on *store*, and return all that anybody was told."""
    flow, said = company(store), Transcript()
    li, wang, zhang, root = map(flow.acting_as, ("li", "wang", "zhang", "root"))
    acme = said.ask(lambda: li.customers.create("Acme", phone="+86 139 1234 5678")).id
    said.ask(lambda: wang.customers.create("Acme again", phone="139-1234-5678"))
    said.ask(lambda: li.once("key").leads.create(title="CRM2000", phone="13912345678"))
    said.ask(lambda: li.once("key").leads.create(title="CRM2000", phone="13912345678"))
    said.ask(lambda: li.once("key").leads.create(title="another", phone="13912345678"))
    said.ask(lambda: wang.once("key").leads.create(title="his own", channel="fair"))
    pooled = said.ask(lambda: root.leads.create(title="pooled", channel="fair", owner=None)).id
    said.ask(lambda: wang.leads.claim(pooled))
    said.ask(lambda: li.leads.claim(pooled))
    deal = said.ask(
        lambda: li.opportunities.create("A", customer=acme, process="crm2000", amount=sf.Money("10", "CNY"))
    ).id
    gone = said.ask(lambda: li.opportunities.create("B", customer=acme, process="crm2000")).id
    said.ask(lambda: li.opportunities.delete(gone))
    said.ask(lambda: li.opportunities.get(gone))
    said.ask(lambda: wang.opportunities.get(deal))
    said.ask(lambda: wang.opportunities.get("nothing"))
    said.ask(lambda: root.sharing.create(from_person="li", to_person="wang"))
    said.ask(lambda: wang.opportunities.get(deal))
    said.ask(lambda: li.opportunities.edit(deal, close_date=date(2099, 1, 1)))
    for person in (li, wang, root):
        for desk in (person.opportunities, person.leads, person.customers):
            for scene in ("all", "shared"):
                said.ask(partial(desk.list, scene, limit=2))
                said.ask(partial(desk.count, scene))
        said.ask(person.pipeline.funnel)
        out = io.StringIO()
        said.ask(partial(person.files.export_json, "all", out))
        said.lines.append(out.getvalue())
    said.ask(lambda: li.opportunities.history(deal))
    said.ask(lambda: zhang.why("li", li.opportunities.get(deal)))
    said.ask(lambda: zhang.who_can_see(li.opportunities.get(deal)))
    for question in (
        lambda: store.outbox(0, 10**6),
        lambda: store.outbox(7, 3),
        lambda: [store.revision(kind) for kind in MAKERS],
        lambda: [store.count(kind, EVERYTHING, cap) for kind in MAKERS for cap in (None, 3)],
        lambda: [sorted(store.ids("opportunity", filter)) for filter in FILTERS.values()],
        lambda: [store.done(key) for key in ("li\nkey", "key", "theirs")],
        lambda: [store.tombstone("opportunity", id) for id in (gone, "theirs", deal)],
        lambda: [store.get(kind, id) for kind in MAKERS for id in ("theirs", "0", "1")],
        lambda: [store.events(kind, id) for kind in MAKERS for id in ("theirs", "0", deal)],
    ):
        said.ask(question)
    theirs = (new(make_opportunity("theirs")), change(make_opportunity("0"), name="x"), deletion(make_opportunity("1")))
    for write in theirs:
        said.ask(partial(store.save, unit(write)))
    said.ask(lambda: store.save(unit(new(make_opportunity("more")), done=DoneOnce("theirs", "x", ()))))
    store.forget_outbox(5)
    said.ask(lambda: store.outbox(0, 10**6))
    return said.lines


def crowd(store: SqlStore) -> None:
    """Fill the other tenant: the same life, records of every kind, and what the first one will ask for."""
    lived(store)
    for kind in MAKERS:
        taken = {record.id for record in store.query(Query(kind, EVERYTHING))}
        store.save(unit(*[new(record) for record in samples(kind) if record.id not in taken]))
    store.forget_outbox(10**6)


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request, tmp_path):
    """Two fresh databases."""
    if request.param == "sqlite":
        return [f"sqlite:///{tmp_path / name}.db" for name in ("alone", "crowded")]
    found = request.getfixturevalue("postgresql_url")
    return [fresh_database(found, f"{name}_{tmp_path.name}") for name in ("alone", "crowded")]


def test_nothing_is_told_otherwise_because_of_another_tenant(urls):
    """I-31: answers, counts, pages, keys, outbox, duplicates, figures and errors are byte for byte the same."""
    alone, crowded = urls
    with SqlStore(alone, "ours") as store:
        store.create_schema()
        wanted = lived(store)
    with SqlStore(crowded, "theirs") as neighbour, SqlStore(crowded, "ours") as store:
        neighbour.create_schema()
        crowd(neighbour)
        before = neighbour.outbox(0, 10**6), neighbour.query(Query("opportunity", EVERYTHING))
        assert lived(store) == wanted
        assert (neighbour.outbox(0, 10**6), neighbour.query(Query("opportunity", EVERYTHING))) == before
    assert len(wanted) > 60
    assert any("customer_exists" in line or "already" in line for line in wanted)


def test_the_transcript_hears_of_a_neighbour(tmp_path):
    """I-31: where one record of another stands among the tenant's own, the answers differ: the negative control."""
    with SqlStore(f"sqlite:///{tmp_path / 'alone.db'}") as store:
        wanted = lived(store)
    with SqlStore(f"sqlite:///{tmp_path / 'mixed.db'}") as store:
        store.save(unit(new(make_opportunity("theirs"))))
        assert lived(store) != wanted


def test_the_tenant_leads_every_key():
    """I-31: the tenant is the first column of every key and index, but for the schema's own version."""
    tables = [table for table in metadata.sorted_tables if table.name != "salesflow_schema"]
    for table in tables:
        assert next(iter(table.primary_key.columns)).name == "tenant"
        assert {next(iter(index.columns)).name for index in table.indexes} <= {"tenant"}
    assert len(tables) > 10


def test_nothing_of_anothers_can_be_written(urls):
    """I-31: what is the other's is not there: it can be made anew, and neither changed nor deleted."""
    with SqlStore(urls[0], "theirs") as neighbour, SqlStore(urls[0], "ours") as store:
        store.create_schema()
        record = make_opportunity("a", name="secret")
        neighbour.save(unit(new(record), done=DoneOnce("key", "create", ())))
        for write in (change(record, name="x"), deletion(record)):
            with pytest.raises(Conflict):
                store.save(unit(write))
        store.save(unit(new(make_opportunity("a", "wang")), done=DoneOnce("key", "x", ())))
        store.save(unit(deletion(store.get("opportunity", "a"))))
        assert neighbour.get("opportunity", "a") == record
        assert neighbour.done("key") == DoneOnce("key", "create", ())
