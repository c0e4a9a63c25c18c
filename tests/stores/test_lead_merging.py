"""Merged, pushed down, recycled and deleted leads on memory, SQLite and PostgreSQL (LEAD-11, LEAD-13, LEAD-15)."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import inspect, text

import salesflow as sf
from salesflow.model import replay
from tests.app.world import LINES, World, codes
from tests.stores.databases import fresh_store


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request):
    """An empty store of each kind."""
    if request.param == "memory":
        return sf.MemoryStore()
    engine = request.getfixturevalue({"sqlite": "file_engine", "postgresql": "postgresql_engine"}[request.param])
    return fresh_store(engine)


def over(store: Any, **ports: Any) -> World:
    """A world over that store."""
    return World(through=lambda _memory: store, **ports)


def listed(world: World, person: str, scene: str = "all") -> list[str]:
    """The ids that somebody lists, which are as many as they count."""
    leads = world.acting(person).leads
    ids = [lead.id for lead in leads.list(scene, order_by="id").items]
    assert leads.count(scene) == len(ids)
    return ids


def test_what_was_merged_is_in_no_list_and_its_id_leads_on(store):
    """LEAD-15: the redirect is kept with the lead; every store hides it, and brings both back."""
    world = over(store)
    first, second, third = (world.lead(title=title) for title in ("First", "Second", "Third"))
    leads = world.acting("zhang").leads
    merged = leads.merge(second, leads.merge(first, third, fields={"title": "other"}))
    for person in ("li", "zhang", "root"):
        assert listed(world, person) == [second.id]
        assert world.acting(person).leads.get(third.id) == merged
    assert listed(world, "root", "voided") == [first.id, third.id]
    assert replay(store.events("lead", second.id)) == store.get("lead", second.id) == merged
    assert leads.unmerge(first.id).title == "Second"
    assert leads.unmerge(third.id).title == "First"
    assert listed(world, "li") == [first.id, second.id, third.id]
    assert listed(world, "root", "voided") == []


def test_a_deleted_lead_is_gone_from_everywhere_but_for_one_tombstone(store):
    """LEAD-11: no query, no history, no past moment tells of it; the tombstone tells who and when, and nothing else."""
    world = over(store)
    secret, begun = "Ms Qian of Acme", world.clock.now()
    made = world.acting("li").once("key").leads.create(title=secret, contact=secret, phone="13912345678")
    leads = world.acting("zhang").leads
    leads.follow_up(made.id, f"rang {secret}")
    leads.disqualify(made.id, reason=f"{secret} is not there")
    world.clock.move(timedelta(days=1))
    leads.delete(made.id)
    for person in ("li", "zhang", "root"):
        acting = world.acting(person).leads
        assert listed(world, person) == listed(world, person, "voided") == []
        for read in (
            acting.get,
            acting.history,
            acting.moves,
            lambda id, acting=acting: acting.as_of(id, begun),
        ):
            with pytest.raises(sf.NotFound):
                read(made.id)
    with pytest.raises(sf.NotFound):
        world.acting("li").once("key").leads.create(title=secret, contact=secret, phone="13912345678")
    assert list(store.events("lead", made.id)) == []
    stone = store.tombstone("lead", made.id)
    assert (stone.id, stone.by, stone.operation, stone.version) == (made.id, "zhang", "leads.delete", 4)
    outbox = [event for _, event in store.outbox(0, 1000) if event.record_id == made.id]
    assert [(str(event.kind), event.changes, event.reason) for event in outbox] == [("deleted", (), None)]
    assert secret not in everything_in(store)
    assert "leads.delete" in everything_in(store)  # the search finds what is there


def everything_in(store: Any) -> str:
    """All that the store holds, in one text."""
    if isinstance(store, sf.MemoryStore):
        shelves = [(shelf.records, shelf.history, shelf.tombstones) for shelf in store._shelves.values()]
        return repr((shelves, store._done, store._outbox))
    with store._engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        rows = [row for name in tables for row in connection.execute(text(f'SELECT * FROM "{name}"')).mappings()]
    return repr([dict(row) for row in rows if row.get("tenant") == store.tenant])


def test_documents_move_on_every_store(store):
    """LEAD-15, OPP-13: they are found by their lead, go with it, and come back."""
    world = over(store)
    first, second = world.lead(title="First"), world.lead(title="Second")
    li = world.acting("li")
    issued = li.leads.quote(first, LINES).document
    merged = world.acting("zhang").leads.merge(second, first.id)
    assert li.documents.get(issued.id).lead == second.id
    assert merged.merges[0].documents == (issued.id,)
    world.acting("zhang").leads.unmerge(merged)
    assert li.documents.get(issued.id).lead == first.id


def test_overdue_leads_are_found_on_every_store(store):
    """LEAD-13: more than one page of them, each once; what was merged or voided is none."""
    rule = sf.RecyclingRule(after_days=30, remind_owner_after_days=20)
    world = over(store, recycling=[rule])
    ids = {world.lead(title=f"Lead {number}").id for number in range(5)}
    world.acting("zhang").leads.merge("lead-1", "lead-2")
    world.acting("li").leads.void("lead-3")
    world.clock.move(timedelta(days=20))
    root = world.acting("root").leads
    assert [outcome.lead for outcome in root.recycle_overdue().outcomes] == ["lead-1", "lead-4", "lead-5"]
    assert store.get("lead", "lead-4").reminders[0].owner == "li"
    world.clock.move(timedelta(days=10))
    assert len(root.recycle_overdue().outcomes) == 3
    assert {id for id in ids if store.get("lead", id).owner is None} == {"lead-1", "lead-4", "lead-5"}


def test_merges_that_cross_never_go_round(store):
    """LEAD-15, I-42: two leads merged into one another at once, over and over: one survives, the other leads to it."""
    world = over(store)
    for _ in range(6):
        first, second = world.lead(title="First").id, world.lead(title="Second").id
        start = Barrier(2)
        ends: list[str] = []

        def merge(survivor: str, other: str, start: Barrier = start, ends: list[str] = ends) -> None:
            leads = world.acting("zhang").leads
            start.wait(10)
            try:
                leads.merge(survivor, other)
            except sf.Refused as refused:
                ends.extend(codes(refused))
            else:
                ends.append("merged")

        threads = [Thread(target=merge, args=pair) for pair in ((first, second), (second, first))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(ends) in (["is_merged", "merged"], ["merged", "other_lead"])
        leads = world.acting("li").leads
        assert leads.get(first) == leads.get(second)
        assert len({store.get("lead", id).voided for id in (first, second)}) == 2
