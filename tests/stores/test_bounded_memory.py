"""Whoever reads everything reads it in pages: memory does not grow with the records (IO-1, IO-2, PERF-9)."""

from __future__ import annotations

import io
import tracemalloc
from typing import Any

import pytest

import salesflow as sf
from salesflow.app.paging import LARGEST_PAGE
from salesflow.ports import Query
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING

SIZES = [(50, 250, 1_000), pytest.param((LARGEST_PAGE, 50_000, 200_000), marks=pytest.mark.long)]


class Nowhere(io.StringIO):
    """A text file that keeps nothing of what is written."""

    def write(self, told: str, /) -> int:
        """Keep nothing."""
        return len(told)


def grown(store: SqlStore, size: int) -> None:
    """Fill *store* up to *size* deals."""
    there = store.count("opportunity", EVERYTHING)
    for start in range(there, size, 1_000):
        numbers = range(start, min(start + 1_000, size))
        store.save(unit(*[new(make_opportunity(f"{number:07}")) for number in numbers]))


def exported(store: SqlStore) -> int:
    """Export all that a person sees, and return how many records that were."""
    people = sf.Organization([sf.Employee("li")])
    flow = sf.SalesFlow(store=store, organization=people, processes=sf.templates.builtin())
    return flow.acting_as("li").files.export_csv("all", Nowhere())


def read_at_once(store: SqlStore) -> int:
    """Read all of it into one list: what the library never does."""
    return len(store.query(Query("opportunity", EVERYTHING)))


def peak(read: Any, store: SqlStore, size: int) -> int:
    """Return how many bytes of Python's the reading took at most."""
    tracemalloc.start()
    try:
        assert read(store) == size
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("sizes", SIZES)
def test_an_export_of_four_times_the_records_takes_no_more_memory(tmp_path, monkeypatch, sizes):
    """IO-2, PERF-9: a walk over every record holds one page at a time; reading all at once is the negative control."""
    page, small, large = sizes
    monkeypatch.setattr("salesflow.app.execution.LARGEST_PAGE", page)
    with SqlStore(f"sqlite:///{tmp_path / 'sales.db'}") as store:
        grown(store, small)
        exported(store)  # what is made once is made
        before = peak(exported, store, small)
        at_once = peak(read_at_once, store, small)
        grown(store, large)
        exported(store)  # so is what another way to the same list takes, where more records have another
        assert peak(exported, store, large) < 1.2 * before
        assert peak(read_at_once, store, large) > 2 * at_once
        assert at_once > before
