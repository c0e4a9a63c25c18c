"""How a lead may end, or begin again: deleted, or pushed down (LEAD-3, LEAD-11)."""

from __future__ import annotations

from tests.machine.driver import Run
from tests.machine.steps import EVERYBODY, on_record, pick, some_id, step


@step("leads.delete")
def delete_lead(run: Run) -> None:
    idle = [r["id"] for r in run.books.records.values() if r["kind"] == "lead" and not r["owner"]]
    on_record(run, "leads.delete", pick(run, [*idle[-2:], some_id(run, "lead")]), pick(run, ("root", *EVERYBODY)))


@step("leads.push_down")
def push_down(run: Run) -> None:
    title, owner = pick(run, (None, "Another")), pick(run, ("", "", *EVERYBODY, None))
    on_record(run, "leads.push_down", some_id(run, "lead"), pick(run, ("root", *EVERYBODY)), title=title, owner=owner)
