"""Imports whose process dies: what was reported is there, nothing is half there, and running again does the rest."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import salesflow as sf
from salesflow.app import importing
from salesflow.model import replay
from salesflow.ports import Query
from salesflow.testing import FixedClock
from salesflow.visibility import EVERYTHING

sql = pytest.importorskip("salesflow.stores.sql", reason="the SQL store needs SQLAlchemy")

IMPORTING = """
import os, signal, sys
import salesflow as sf
from salesflow.stores.sql import SqlStore
from salesflow.testing import FixedClock
from sqlalchemy import Engine, event

database, data, mapping, *points = sys.argv[1:]

def run(what, last):
    writes = 0

    def count(connection, cursor, statement, *rest):
        nonlocal writes
        writes += statement.startswith("INSERT")
        if what == "write" and writes == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def report(row):
        print(row, flush=True)
        if what == "row" and row == last:
            os.kill(os.getpid(), signal.SIGKILL)

    store = SqlStore("sqlite:///" + database)
    people = sf.Organization([sf.Employee("li")], administrators={"root"})
    flow = sf.SalesFlow(store=store, organization=people, processes=sf.templates.builtin(), clock=FixedClock())
    event.listen(Engine, "before_cursor_execute", count)
    flow.acting_as("root").files.import_csv(data, mapping, progress=report)

for point in points:
    what, _, last = point.partition(":")
    child = os.fork()
    if not child:
        run(what, int(last))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (point, status)
"""
"""Begins the import again and again, each time in a process of its own, which is killed at the next point."""

MAPPING = """
kind = "opportunity"
[fields]
id = "no"
name = "no"
owner = { constant = "li" }
process = { constant = "crm2000" }
stage = { constant = "bidding" }
[customer]
name = "customer"
[contact]
name = "contact"
"""
KINDS = ("opportunity", "customer", "contact")


class Import:
    """A file to import into a database, and the processes that do it."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.database, self.data, self.mapping = (folder / name for name in ("x.db", "d.csv", "m.toml"))
        self.rows = rows
        self.acknowledged: set[int] = set()
        with self.data.open("w", newline="", encoding="utf-8") as file:
            made = ((n, f"C{n % 50}", f"张{n % 70}") for n in range(rows))
            csv.writer(file).writerows([("no", "customer", "contact"), *made])
        self.mapping.write_text(MAPPING, encoding="utf-8")

    def begin(self, *points: str) -> None:
        """Import once for each point, ``write:N`` before the Nth write or ``row:N`` after reporting a row, and die."""
        files = map(str, (self.database, self.data, self.mapping))
        done = subprocess.run([sys.executable, "-c", IMPORTING, *files, *points], stdout=subprocess.PIPE, check=True)
        self.acknowledged.update(map(int, done.stdout.split()))

    def finish(self, store: Any) -> sf.ImportReport:
        """Import in this process."""
        organization = sf.Organization([sf.Employee("li")], administrators={"root"})
        flow = sf.SalesFlow(
            store=store, organization=organization, processes=sf.templates.builtin(), clock=FixedClock()
        )
        return flow.acting_as("root").files.import_csv(self.data, self.mapping)


def everything(store: Any) -> dict[str, Any]:
    """Every record with its history, and what waits for whoever acts on it."""
    held: dict[str, Any] = {
        kind: [(record, tuple(store.events(kind, record.id))) for record in store.query(Query(kind, EVERYTHING))]
        for kind in ("opportunity", "customer", "contact")
    }
    held["outbox"] = sorted(event.id for _, event in store.outbox(0, 1_000_000))
    return held


def look_and_finish(killed: Import, folder: Path) -> None:
    """What was reported is there, no batch is half there, and a last run makes what an undisturbed one makes."""
    with sql.SqlStore(f"sqlite:///{killed.database}") as store, sql.SqlStore(f"sqlite:///{folder / 'y.db'}") as other:
        before = [record.id for record, _ in everything(store)["opportunity"]]
        report = killed.finish(store)
        undisturbed = killed.finish(other)
        found = everything(store)
        assert found == everything(other)
    assert {str(row - 1) for row in killed.acknowledged} <= set(before)
    assert 0 < len(before) < killed.rows
    assert len(before) % importing.BATCH == 0
    assert (report.imported, report.unchanged, report.problems) == (killed.rows - len(before), len(before), ())
    assert undisturbed.imported == killed.rows == len(found["opportunity"])
    assert len(found["outbox"]) == len(set(found["outbox"])) == killed.rows + sum(undisturbed.made.values())
    assert all(replay(events) == record for record, events in found["opportunity"][:50])


def test_an_import_that_was_killed_is_run_again(tmp_path):
    """
    IO-1, REL-5: kill -9 in the middle of the first transaction, of later ones, and after a report.

    Nothing that was reported is lost, nothing is there twice, and the end is the same as without a kill.
    """
    killed = Import(tmp_path, 1_800)
    killed.begin("write:4", "write:12", "write:1", "row:150", "row:200", "write:3")
    look_and_finish(killed, tmp_path)


@pytest.mark.long
def test_an_import_that_was_killed_often_is_run_again(tmp_path):
    """IO-1, REL-5: the same with a kill before each of the first writes, and after ten reports."""
    killed = Import(tmp_path, 20_000)
    killed.begin(*(f"write:{number}" for number in range(2, 16)))
    killed.begin(*(f"row:{number * killed.rows // 12}" for number in range(1, 11)))
    look_and_finish(killed, tmp_path)
