"""After kill -9 every acknowledged change is there, none is half there, and replay gives the record (REL-5)."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Timer

import pytest

from salesflow.errors import PortError
from salesflow.ports import DoneOnce
from salesflow.stores.sql import SqlStore
from salesflow.testing.records import make_opportunity, new, unit
from tests import postgresql
from tests.stores.crashes import Witness, noted, survives
from tests.stores.databases import fresh_database

KILLS = [30, pytest.param(1_000, marks=pytest.mark.long)]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """A fresh database that other processes reach."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'sales.db'}"
    return fresh_database(request.getfixturevalue("postgresql_url"), f"crash_{tmp_path.name}")


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_writer_leaves_whole_units(url, kills):
    """REL-5, I-13, I-14, I-15, I-36: record, history, outbox and mark of a unit are there together or not at all."""
    witness = survives(url, kills)
    assert witness.acknowledged <= witness.saved <= witness.acknowledged + kills
    assert witness.acknowledged >= kills // 2  # every other one is killed after its first


@pytest.mark.parametrize("how", ["in two commits", "acknowledged too early"])
def test_the_harness_catches_a_broken_writer(url, how):
    """REL-5: one that saves in two commits, or tells before it has saved, is found out within as many kills."""
    with pytest.raises(AssertionError):
        survives(url, 30, how)


@pytest.mark.parametrize("crashes", [2, pytest.param(30, marks=pytest.mark.long)])
def test_a_killed_server_keeps_what_it_acknowledged(postgresql_url, crashes):
    """REL-5: kill -9 of the whole of PostgreSQL; up again, it has all that was acknowledged, and the store goes on."""
    with postgresql.server() as url, SqlStore(url) as store:
        store.create_schema()
        witness = Witness(store)
        for turn in range(crashes):
            acknowledged = _write_until_it_dies(store, url, turn)
            postgresql.start_again(url)
            _come_back(store)
            witness.look(turn, acknowledged)
        witness.end(crashes)
        assert witness.acknowledged >= 5 * crashes


def _write_until_it_dies(store: SqlStore, url: str, turn: int) -> int | None:
    """Save unit after unit, kill the server under way, and return the last one that was acknowledged."""
    counter, acknowledged = make_opportunity(f"counter {turn}"), None
    killer: Timer | None = None
    try:
        for number in range(10_000):
            growing = new(counter) if number == 0 else noted(counter, number)
            made, done = new(make_opportunity(f"{turn} {number}")), DoneOnce(f"{turn} {number}", "note", ())
            store.save(unit(growing, made, done=done))
            counter, acknowledged = growing.record, number
            if number == 5:
                killer = Timer(0.02, postgresql.kill, (url,))
                killer.start()
    except PortError:
        return acknowledged
    finally:
        if killer is not None:
            killer.join()
    raise AssertionError("the server lives")


def _come_back(store: SqlStore) -> None:
    """REL-7: the first operation after the crash may be told of the lost connection; then the store connects anew."""
    with suppress(PortError):
        store.get("opportunity", "a")
    begun = time.monotonic()
    store.get("opportunity", "a")
    assert time.monotonic() - begun < 5
