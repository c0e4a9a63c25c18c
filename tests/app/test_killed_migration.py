"""Migrations whose process dies: each record is on the one version or on the other, and running again does the rest."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import replay
from salesflow.ports import Query
from salesflow.testing import FixedClock
from salesflow.visibility import EVERYTHING
from tests.app.test_migrations import CRM2000, PLAN, SHORTER, in_stage
from tests.app.world import World

sql = pytest.importorskip("salesflow.stores.sql", reason="the SQL store needs SQLAlchemy")

MIGRATING = """
import os, signal, sys
import salesflow as sf
from attrs import evolve
from salesflow.stores.sql import SqlStore
from salesflow.testing import FixedClock
from sqlalchemy import Engine, event

database, *points = sys.argv[1:]
old = sf.templates.builtin()["crm2000"]
kept = [stage for stage in old.stages if stage.code not in ("bid_decision", "bidding")]
new = evolve(old, version=2, stages=kept)

def run(what, last):
    writes = told = 0

    def count(connection, cursor, statement, *rest):
        nonlocal writes
        writes += statement.startswith(("INSERT", "UPDATE", "DELETE"))
        if what == "write" and writes == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def report(outcome):
        nonlocal told
        told += 1
        print(outcome.record, flush=True)
        if what == "told" and told == last:
            os.kill(os.getpid(), signal.SIGKILL)

    store = SqlStore("sqlite:///" + database)
    flow = sf.SalesFlow(store=store, organization=sf.Organization([]), processes=[old, new], clock=FixedClock())
    event.listen(Engine, "before_cursor_execute", count)
    flow.migrate(sf.MigrationPlan("crm2000", 1, 2, {"bid_decision": "qualification"}), progress=report)

for point in points:
    what, _, last = point.partition(":")
    child = os.fork()
    if not child:
        run(what, int(last))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (point, status)
"""
"""Begins the migration again and again, each time in a process of its own, which is killed at the next point."""


def everything(store: Any) -> dict[str, Any]:
    """Every opportunity with its history, and what waits for whoever acts on it."""
    return {
        "records": [(record, tuple(store.events("opportunity", record.id)))
                    for record in store.query(Query("opportunity", EVERYTHING))],
        "outbox": sorted((event.record_id, event.version, event.number) for _, event in store.outbox(0, 10_000)),
    }  # fmt: skip


def migrated(database: Path) -> tuple[sf.MigrationReport, dict[str, Any]]:
    """Migrate in this process; return the report, and what there is then."""
    with sql.SqlStore(f"sqlite:///{database}") as store:
        flow = sf.SalesFlow(
            store=store, organization=sf.Organization([]), processes=[CRM2000, SHORTER], clock=FixedClock()
        )
        return flow.migrate(PLAN), everything(store)


def test_a_migration_that_was_killed_is_run_again(tmp_path):
    """
    PROC-6, REL-5: kill -9 before the first write, within a record's transaction, and after an outcome was told.

    What was told is there, no record is half on the new version, and the end is that of an undisturbed run.
    """
    killed, undisturbed = tmp_path / "killed.db", tmp_path / "undisturbed.db"
    with sql.SqlStore(f"sqlite:///{killed}") as store:
        world = World(through=lambda _: store)
        for _ in range(4):
            world.deal()
            in_stage(world, "bid_decision")
        stuck = in_stage(world, "bidding")
    shutil.copy(killed, undisturbed)

    points = ("write:1", "write:2", "write:4", "told:2", "write:6", "told:1")
    command = [sys.executable, "-c", MIGRATING, str(killed), *points]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.split()
    with sql.SqlStore(f"sqlite:///{killed}") as store:
        midway = everything(store)["records"]
    on_new = {record.id for record, _ in midway if record.process_version == 2}
    assert set(told) - {stuck.id} <= on_new
    assert 0 < len(on_new) < 8
    assert all(replay(events) == record for record, events in midway)

    report, found = migrated(killed)
    assert (report.migrated, report.stays) == (8 - len(on_new), {"stage_unmapped": 1})
    whole, wanted = migrated(undisturbed)
    assert whole.migrated == 8
    assert found == wanted
    assert all(replay(events) == record for record, events in found["records"])
