"""Two engines, one definition: what DuckDB gives of tables is what plain Python gives of the records (PIPE-1 to -4)."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from salesflow import analytics
from tests.analytics.figures import GROUPED, NOW, ZONE, agree, listed
from tests.analytics.odd import OWNERS, SCENES, flow_of, odd_histories


@pytest.fixture(scope="module")
def duckdb() -> Iterator[Any]:
    """One connection for all."""
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


@settings(max_examples=3, phases=[Phase.explicit, Phase.generate])
@given(
    st.integers(0), st.integers(0, 48), st.sampled_from((*OWNERS, "root")), st.sampled_from(SCENES),
    st.sampled_from(GROUPED), st.sampled_from(GROUPED),
)  # fmt: skip
@example(1, 48, "root", "all", "competitor", "month_closed")
def test_what_anything_may_have_happened_to_gives_the_same_figures(
    duckdb: Any, seed: int, count: int, person: str, scene: str, by: str | None, also_by: str | None
):
    """PIPE-1 to PIPE-5, PIPE-8, VIS-16: every figure, for whoever looks, in whatever scene."""
    told = odd_histories(Random(seed), count, OWNERS)
    flow, store = flow_of(told)
    with TemporaryDirectory() as folder:
        assert analytics.write_tables(store, folder, zone=ZONE, now=NOW) == len(told)
        tables = analytics.open_tables(duckdb, folder)
        agree(flow.acting_as(person), tables, scene, "crm2000", (by, also_by))
        listed(flow.acting_as(person), tables, scene)
