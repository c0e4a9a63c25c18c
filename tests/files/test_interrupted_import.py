"""Imports while others write, and into stores that fail: no row is lost, doubled or half there (HIST-3, REL-7)."""

from typing import Any

import pytest

import salesflow as sf
from salesflow.app.importing import BATCH
from tests.app.world import BareStore, World
from tests.files.test_import import DEALS, deals, problems, records


def test_a_conflict_is_found_among_the_rows():
    """HIST-3: what another writer made meanwhile is found on a second look; one that stays is a row's problem."""

    class Racing:
        """Another writer makes the same record just before each of the first saves; 3 conflicts for ever."""

        def __init__(self, store: sf.MemoryStore) -> None:
            self._store = store
            self.left = 1

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        def save(self, unit: Any) -> None:
            ids = [write.id for write in unit.writes]
            if "3" in ids:
                raise sf.Conflict("opportunity", "3", 0, 1)
            if self.left:
                self.left -= 1
                self._store.save(type(unit)(unit.writes[:1]))
            self._store.save(unit)

    world = World(through=Racing)
    report = world.acting("root").files.import_csv(deals(*(f"{n},CRM2000,li,Open" for n in range(1, 5))), DEALS)

    assert (report.imported, report.unchanged) == (2, 1)
    assert problems(report) == [(3, 4, None, "conflict")]


def test_a_store_without_tombstones_takes_an_import_in():
    """HIST-3: a store of the application's own need not remember what was deleted; a conflict stays a row's problem."""

    class Bare(BareStore):
        """The three methods alone, and another writer is always first with record 2."""

        def __init__(self, store: sf.MemoryStore) -> None:
            super().__init__(store)
            self.save: Any = self._save
            self._store = store

        def _save(self, unit: Any) -> None:
            if any(write.id == "2" for write in unit.writes):
                raise sf.Conflict("opportunity", "2", 0, 1)
            self._store.save(unit)

    files = World(through=Bare).acting("root").files
    rows = [f"{n},CRM2000,li,Open" for n in (1, 2, 3)]
    assert files.import_csv(deals(*rows), DEALS, dry_run=True).imported == 3
    report = files.import_csv(deals(*rows), DEALS)
    assert (report.imported, problems(report)) == (2, [(2, 3, None, "conflict")])


def test_a_batch_that_fails_is_not_half_there():
    """REL-7: a store that dies takes its batch with it, the batches before stay; running again does the rest."""

    class Dying:
        def __init__(self, store: sf.MemoryStore) -> None:
            self._store = store
            self.left = 2

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        def save(self, unit: Any) -> None:
            if self.left == 0:
                raise OSError("the disk is full")
            self.left -= 1
            self._store.save(unit)

    dying: list[Dying] = []

    def through(store: sf.MemoryStore) -> Dying:
        dying.append(Dying(store))
        return dying[0]

    world = World(through=through)
    rows = [f"{n},CRM2000,li,Open,,,,,,C{n % 7}" for n in range(2 * BATCH + 50)]
    done: list[int] = []
    with pytest.raises(sf.PortError):
        world.acting("root").files.import_csv(deals(*rows), DEALS, progress=done.append)
    assert done == list(range(1, 2 * BATCH + 1))
    assert len(records(world, "opportunity")) == 2 * BATCH
    dying[0].left = 100
    report = world.acting("root").files.import_csv(deals(*rows), DEALS, progress=done.append)
    assert (report.imported, report.unchanged, report.made) == (50, 2 * BATCH, {})
    assert done[2 * BATCH :] == list(range(1, 2 * BATCH + 51))
    whole = World()
    whole.acting("root").files.import_csv(deals(*rows), DEALS)
    for kind in ("opportunity", "customer"):
        assert records(world, kind) == records(whole, kind)
