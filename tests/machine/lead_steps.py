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


@step("leads.merge", 4)
def merge(run: Run) -> None:
    """LEAD-15: two that may be merged more often than not."""
    lead, other = some_id(run, "lead"), some_id(run, "lead")
    if lead == other:
        return
    names = run.chance.sample(("title", "phone", "email", "channel", "owner"), pick(run, (0, 0, 1, 3)))
    fields = {name: pick(run, ("survivor", "other")) for name in names}
    on_record(run, "leads.merge", lead, pick(run, ("root", "root", *EVERYBODY)), other=other, fields=fields)


@step("leads.unmerge", 3)
def unmerge(run: Run) -> None:
    leads = [r for r in run.books.records.values() if r["kind"] == "lead"]
    paired = [r["id"] for r in leads if r["merges"] or r["merged_into"]]
    on_record(run, "leads.unmerge", pick(run, [*paired * 3, some_id(run, "lead")]), pick(run, ("root", *EVERYBODY)))
