"""A connection that goes at the commit: no duplicate with an idempotency key, a typed error without (HIST-3, REL-7)."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

import salesflow as sf
from salesflow.ports import Query
from salesflow.stores.sql import SqlStore
from salesflow.visibility.filters import FieldCompare
from tests.stores.proxy import Line, line_to

_tenants = count()
CUTS = [15, pytest.param(1_000, marks=pytest.mark.long)]
PLACES: dict[str, Callable[[random.Random], str | int]] = {
    "before the commit": lambda _: "before",
    "after the commit": lambda _: "after",
    "at any byte": lambda chance: chance.randrange(6_000),
}


class Cut:
    """A company whose store is reached through a line that can be cut, and beside it."""

    def __init__(self, url: str, through: str, line: Line) -> None:
        tenant = f"cuts {next(_tenants)}"
        self.line = line
        self.store, self.beside = SqlStore(through, tenant), SqlStore(url, tenant)
        self.beside.create_schema()
        organization = sf.Organization([sf.Employee("li")], administrators={"root"})
        flow = sf.SalesFlow(store=self.store, organization=organization, processes=sf.templates.builtin())
        self.li = flow.acting_as("li")

    def made(self, title: str) -> list[str]:
        """Return the ids of the leads with this title, as the database has them."""
        found = self.beside.query(Query("lead", FieldCompare("title", "==", title)))
        return [lead.id for lead in found]


@pytest.fixture
def cut(postgresql_url):
    """A company on PostgreSQL behind a line."""
    with line_to(postgresql_url) as (through, line):
        found = Cut(postgresql_url, through, line)
        yield found
        found.store.close()
        found.beside.close()


def tried(cut: Cut, create: Callable[[], Any], where: str | int) -> Any:
    """Return what *create* gives or the `PortError` that it raises, with the line cut *where*."""
    cut.line.cut_at = where
    try:
        return create()
    except sf.PortError as lost:
        return lost
    finally:
        cut.line.cut_at = None


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("place", PLACES)
def test_with_a_key_a_repeated_operation_is_done_once(cut, place, cuts):
    """HIST-3, I-39: wherever the line is cut, who repeats with the same key gets the one lead that there is."""
    chance, lost = random.Random(7), 0
    for number in range(cuts):
        title = f"{place} {number}"

        def create(title: str = title) -> Any:
            return cut.li.once(title).leads.create(title=title, channel="fair")

        first = tried(cut, create, PLACES[place](chance))
        lost += isinstance(first, sf.PortError)
        again = create()
        assert cut.made(title) == [again.id]
        assert [event.kind for event in cut.beside.events("lead", again.id)] == ["created"]
        assert isinstance(first, sf.PortError) or first.id == again.id
    assert lost >= cuts // 3
    assert cut.line.cuts >= lost


@pytest.mark.parametrize(("place", "number"), [("before the commit", 0), ("after the commit", 1)])
def test_without_a_key_it_is_not_known_whether_it_was_done_and_the_error_says_so(cut, place, number):
    """REL-7: a lost connection is a `PortError`, which says what would do; the store connects anew by itself."""
    lost = tried(cut, lambda: cut.li.leads.create(title="A", channel="fair"), PLACES[place](random.Random()))
    assert isinstance(lost, sf.PortError)
    assert "idempotency key" in str(lost)
    assert len(cut.made("A")) == number


def test_the_harness_catches_who_repeats_without_a_key(cut):
    """I-39: repeated without a key, what was cut after its commit is there twice: the negative control."""

    def create() -> Any:
        return cut.li.leads.create(title="A", channel="fair")

    assert isinstance(tried(cut, create, "after"), sf.PortError)
    create()
    assert len(cut.made("A")) == 2
