"""Ports that fail over a database: the sweep as in memory, and one over every statement of the store (REL-7)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event

import salesflow as sf
from tests.app.calls import DONE, Done
from tests.app.test_operations import name_of
from tests.app.test_ports import WiredWorld
from tests.stores.databases import fresh_store, prepared_engine

FIRST = list({call.operation: call for call in reversed(DONE)}.values())
"""One way in which each operation is done."""

FEW = [
    pytest.param(call, marks=() if number % 9 == 0 else (pytest.mark.long,), id=name_of(call))
    for number, call in enumerate(FIRST)
]
"""All of them; the quick run takes some: in memory each is swept every time."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = prepared_engine(f"sqlite:///{tmp_path_factory.mktemp('ports') / 'sales.db'}")
    yield engine
    engine.dispose()


class SqlWorld(WiredWorld):
    """A world over a database, all of whose ports go through one wire."""

    def __init__(self, engine: Any) -> None:
        super().__init__(store=fresh_store(engine))


class Statements:
    """Counts the statements and commits of a database, and raises at one of them."""

    def __init__(self, engine: Any) -> None:
        self.fail_at = self.calls = 0
        self._engine = engine

    def __enter__(self) -> Statements:
        event.listen(self._engine, "before_cursor_execute", self._executes)
        event.listen(self._engine, "commit", self._commits)
        return self

    def __exit__(self, *raised: object) -> None:
        event.remove(self._engine, "before_cursor_execute", self._executes)
        event.remove(self._engine, "commit", self._commits)

    def _executes(self, *_: Any) -> None:
        self._trip()

    def _commits(self, _connection: Any) -> None:
        self._trip()

    def _trip(self) -> None:
        self.calls += 1
        if self.calls == self.fail_at:
            raise OSError("no answer from the database")


@pytest.mark.parametrize("call", FEW)
def test_whatever_port_fails_the_database_is_as_it_was(engine: Any, call: Done):
    """REL-7, HIST-3: each call of each port fails once, for every operation; a retry then does it."""
    world = SqlWorld(engine)
    about = call.given(world)
    told = len(world.outbox())
    world.restless.version += 1
    result, names = world.sweep(lambda: call.do(getattr(world.wired.acting_as(call.by), call.group), about))
    assert not isinstance(result, sf.Refused)
    assert "store.save" in names
    assert tuple(str(told_of.kind) for told_of in world.outbox(told)) == call.events


@pytest.mark.parametrize("call", FEW)
def test_whatever_statement_fails_nothing_is_half_saved(engine: Any, call: Done):
    """REL-7, HIST-3: each statement and the commit fail once: a PortError of the store, and all of it is as it was."""
    world = SqlWorld(engine)
    about = call.given(world)
    before, told = world.everything(), len(world.outbox())
    with Statements(engine) as statements:
        for fail_at in range(1, 200):
            statements.calls, statements.fail_at = 0, fail_at
            try:
                call.do(getattr(world.flow.acting_as(call.by), call.group), about)
            except sf.PortError as error:
                failed = error
                statements.fail_at = 0
                assert (failed.port, type(failed.__cause__)) == ("store", OSError)
                assert world.everything() == before
            else:
                break
        else:
            raise AssertionError("an operation runs fewer than two hundred statements")
    assert statements.calls < fail_at
    assert tuple(str(told_of.kind) for told_of in world.outbox(told)) == call.events
