"""Competitors, literature and lead sources on memory, SQLite and PostgreSQL: the same entries, lists and figures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.ports import Query
from salesflow.testing.records import AT, change, new, unit
from salesflow.testing.strategies import competitors, lead_sources, literature
from salesflow.visibility import EVERYTHING
from tests.app.situations import a_competitor_in_use
from tests.app.world import LARGE, LATER, TODAY, World
from tests.stores.databases import fresh_store

QUICK = settings().max_examples
"""How many examples the profile asks for; a database takes a part of it."""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest) -> Any:
    """Return what makes an empty store of one kind."""
    if request.param == "memory":
        return sf.MemoryStore
    engine = request.getfixturevalue({"sqlite": "file_engine", "postgresql": "postgresql_engine"}[request.param])
    return lambda: fresh_store(engine)


def test_entries_come_back_equal_with_their_history(make_store: Any):
    """CUS-4, CUS-5, LEAD-16, HIST-1: saved, changed and read back, with the same events in every store."""
    entries = st.sampled_from((competitors, literature, lead_sources)).flatmap(lambda kind: st.tuples(kind(), kind()))

    @settings(max_examples=max(5, QUICK // 5))
    @given(entries)
    def comes_back(pair: tuple[Any, Any]) -> None:
        first, wanted = pair
        store = make_store()
        store.save(unit(new(first)))
        assert store.query(Query(first.KIND, EVERYTHING)) == [first]
        names = set(type(first).__slots__) - {"id", "version", "updated_at", "__weakref__"}
        write = change(first, **{name: getattr(wanted, name) for name in names if hasattr(wanted, name)})
        store.save(unit(write))
        assert store.get(first.KIND, first.id) == write.record
        assert list(store.events(first.KIND, first.id)) == [*new(first).events, *write.events]

    comes_back()


def test_figures_and_refusals_are_the_same(make_store: Any):
    """CUS-4, LEAD-16: the record against a competitor, the return on a source, and a deletion that is refused."""
    store = make_store()
    world = World(store=store)
    globex = a_competitor_in_use(world)
    root, li = world.acting("root"), world.acting("li")
    cost = sf.SourceCost(amount=sf.Money(400_000, "CNY"), since=TODAY, until=LATER)
    root.sources.create("fair", name={"zh": "展会"}, costs=[cost])
    root.literature.create("A", kind="x", document="https://a", competitors=["Globex"], stages=[("gated", "talk")])
    deal = world.deal(process="one_stage", source="fair", amount=LARGE)
    li.opportunities.win(world.finished(deal))
    with pytest.raises(sf.Refused, match="competitor 'competitor-1'"):
        root.competitors.delete(globex)
    initech = root.competitors.create("Initech")
    root.competitors.delete(initech)
    assert [each.name for each in li.competitors.list()] == ["Globex"]
    record = li.pipeline.competitors().against(globex.id)
    assert record is not None
    assert (record.lost_to, record.won) == (1, 0)
    fair = li.pipeline.sources().source("fair")
    assert fair is not None
    assert (fair.won, fair.return_in("CNY")) == (1, 3)
    (paper,) = li.literature.list(competitor=globex, stage="talk")
    assert (paper.title, paper.created_at) == ("A", AT)
