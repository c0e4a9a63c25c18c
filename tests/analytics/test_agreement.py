"""Two engines, one definition: what DuckDB gives of tables is what plain Python gives of the records (PIPE-1 to -4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow import analytics
from salesflow.model import Opportunity
from salesflow.ports import UnitOfWork, Write
from salesflow.stores import MemoryStore
from salesflow.testing import FixedClock
from salesflow.testing.strategies.histories import History, histories
from salesflow.testing.strategies.opportunities import opportunities
from tests.analytics.figures import GROUPED, NOW, ZONE, agree, listed

PEOPLE = sf.Organization(
    [sf.Employee("li", department="west"), sf.Employee("wang", manager="li", department="east"), sf.Employee("zhao")],
    departments=[sf.Department("west"), sf.Department("east", parent="west")],
    administrators={"root"},
)


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Any]:
    """One connection for all."""
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


def flow_of(told: Sequence[History]) -> tuple[sf.SalesFlow, MemoryStore]:
    """A company that has these histories, and its store."""
    store = MemoryStore()
    for history in told:
        for version, (record, events) in enumerate(zip(history.records, history.decisions, strict=True)):
            store.save(UnitOfWork((Write("opportunity", record.id, version, record, events),)))
    flow = sf.SalesFlow(
        store=store, organization=PEOPLE, processes=sf.templates.builtin().values(), clock=FixedClock(NOW),
        time_zone=ZONE,
    )  # fmt: skip
    flow.acting_as("root").competitors.create("Globex")
    return flow, store


def some_histories(most: int) -> st.SearchStrategy[tuple[History, ...]]:
    """Up to so many, each of a record of its own."""
    records: list[st.SearchStrategy[Opportunity]] = [opportunities(id=st.just(f"o{number}")) for number in range(most)]
    return st.integers(0, most).flatmap(lambda count: st.tuples(*map(histories, records[:count])))


# a smaller one would take minutes to find, and what is drawn is large
@settings(
    max_examples=5, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(
    some_histories(5), st.sampled_from(("li", "wang", "root")), st.sampled_from(("all", "mine", "subordinates")),
    st.sampled_from(GROUPED), st.sampled_from(GROUPED),
)  # fmt: skip
def test_what_anything_may_have_happened_to_gives_the_same_figures(
    duckdb: Any, told: tuple[History, ...], person: str, scene: str, by: str | None, also_by: str | None
):
    """PIPE-1 to PIPE-4, PIPE-8, VIS-16: every figure, for whoever looks, in whatever scene."""
    flow, store = flow_of(told)
    with TemporaryDirectory() as folder:
        assert analytics.write_tables(store, folder, zone=ZONE, now=NOW) == len(told)
        tables = analytics.open_tables(duckdb, folder)
        agree(flow.acting_as(person), tables, scene, "crm2000", (by, also_by))
        listed(flow.acting_as(person), tables, scene)
