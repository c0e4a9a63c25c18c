"""Migrations through the facade: whoever may, record by record, run again after anything (PROC-6, PROC-9, ACC-23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app.kernel import WALKED_PAGE
from salesflow.model import TaskStatus, check, replay
from salesflow.ports import UnitOfWork, Write
from salesflow.process import MigrationOutcome, compile, diff
from salesflow.process.after_sales import can_run_beside
from salesflow.stores.sql import SqlStore
from tests.app.world import PROCESSES, World, organization
from tests.process.editing import Edited, Story, edits, stories, templates

CRM2000 = sf.templates.builtin()["crm2000"]
SHORTER = evolve(
    CRM2000, version=2, stages=[stage for stage in CRM2000.stages if stage.code not in ("bid_decision", "bidding")]
)
PLAN = sf.MigrationPlan("crm2000", 1, 2, {"bid_decision": "qualification"})


def upgraded(world: World, *processes: sf.SalesProcess) -> World:
    """The world with the new version beside the old one."""
    world.flow = sf.SalesFlow(**{**world.ports, "processes": [*PROCESSES, SHORTER, *processes]})
    return world


def in_stage(world: World, stage: str) -> sf.Opportunity:
    return world.acting("li").opportunities.change_stage(world.deal(), stage, reason="second purchase")


def test_versions_live_side_by_side_and_new_records_take_the_latest():
    """PROC-6: an opportunity goes on in the version it started on, whatever new one there is."""
    world = World()
    deal = world.deal()
    upgraded(world)
    li = world.acting("li").opportunities
    assert world.deal().process_version == 2
    assert li.advance(world.finished(deal)).stage == "bid_decision"
    with pytest.raises(sf.Refused):
        li.change_stage(world.deal(), "bid_decision", reason="x")


def test_a_version_that_is_still_needed_cannot_be_forgotten():
    """PROC-9: under live records a version is not gone; the flow says which one it lacks."""
    world = World()
    deal = world.deal()
    others = [template for template in PROCESSES if template.id != "crm2000"]
    world.flow = sf.SalesFlow(**{**world.ports, "processes": [*others, SHORTER]})
    with pytest.raises(sf.InvalidInput, match="crm2000 version 1"):
        world.acting("li").opportunities.advance(deal)
    with pytest.raises(sf.InvalidInput, match="crm2000 version 1"):
        world.flow.migrate(PLAN)


def test_a_dry_run_tells_what_the_migration_then_does():
    """PROC-6: before and after of each, the counts, and nothing written until it is meant."""
    world = World()
    here, decided, bidding = world.deal(), in_stage(world, "bid_decision"), in_stage(world, "bidding")
    lost, other = world.lost(), world.deal(process="gated")
    upgraded(world)
    before = world.everything()
    told: list[MigrationOutcome] = []
    rehearsed = world.flow.migrate(PLAN, dry_run=True, progress=told.append)
    assert world.everything() == before
    done: list[MigrationOutcome] = []
    report = world.flow.migrate(PLAN, progress=done.append)
    assert (report, done) == (rehearsed, told)
    assert (report.migrated, report.conflicts) == (2, 0)
    assert report.stays == {"stage_unmapped": 1, "wrong_status": 1}
    assert {outcome.record for outcome in report.listed} == {bidding.id, lost.id}
    after = {record.id: record for record, _ in world.everything()["opportunity"]}
    assert (after[here.id].process_version, after[decided.id].stage) == (2, "qualification")
    assert [after[deal.id] for deal in (bidding, lost, other)] == [bidding, lost, other]
    assert all(replay(events) == record for record, events in world.everything()["opportunity"])


def test_a_second_run_does_only_what_is_left():
    """PROC-6: who is on the new version is not looked at again; who could not go is told again."""
    world = World()
    world.deal()
    in_stage(world, "bidding")
    upgraded(world)
    world.flow.migrate(PLAN)
    before = world.everything()
    report = world.flow.migrate(PLAN)
    assert (report.migrated, report.stays) == (0, {"stage_unmapped": 1})
    assert world.everything() == before


class Stopping:
    """A store that fails for good after so many saves."""

    def __init__(self, store: sf.MemoryStore, saves: int) -> None:
        self._store, self._left = store, saves

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Save, or fail."""
        if self._left == 0:
            raise OSError("the plug was pulled")
        self._left -= 1
        self._store.save(unit)


def test_what_was_stopped_is_run_again_and_does_the_rest():
    """PROC-6, REL-7: each record is saved by itself; a store that fails leaves the rest as it was."""
    world = World()
    deals = [world.deal() for _ in range(3)]
    upgraded(world)
    ports = {**world.ports, "processes": [*PROCESSES, SHORTER], "store": Stopping(world.store, 2)}
    with pytest.raises(sf.PortError, match="the plug was pulled"):
        sf.SalesFlow(**ports).migrate(PLAN)
    versions = [world.store.get("opportunity", deal.id).process_version for deal in deals]  # type: ignore[union-attr]
    assert sorted(versions) == [1, 2, 2]
    assert world.flow.migrate(PLAN).migrated == 1


class Racing:
    """A store in which somebody else is faster, so many times, whenever an opportunity is migrated."""

    def __init__(self, store: sf.MemoryStore, world: World, races: int, race: Any) -> None:
        self._store, self._world, self._left, self._race = store, world, races, race

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Let the other one go first."""
        if self._left:
            self._left -= 1
            self._race(self._world, unit.writes[0].id)
        self._store.save(unit)


def raced(world: World, races: int, race: Any) -> sf.SalesFlow:
    """A flow over the world's store in which *race* happens before each of the first so many saves."""
    upgraded(world)
    store = Racing(world.store, world, races, race)
    return sf.SalesFlow(**{**world.ports, "processes": [*PROCESSES, SHORTER], "store": store})


def note(world: World, id: str) -> None:
    world.acting("li").opportunities.add_activity(id, "note", "in between")


def test_a_conflict_is_decided_anew_and_told_where_it_does_not_end():
    """PROC-6, HIST-3: nobody's change is lost; a record that is changed again and again is taken by another run."""
    world = World()
    deal = world.deal()
    report = raced(world, 2, note).migrate(PLAN)
    now = world.store.get("opportunity", deal.id)
    assert now is not None
    assert (report.migrated, now.process_version, len(now.activities)) == (1, 2, 2)
    world = World()
    deal = world.deal()
    report = raced(world, 5, note).migrate(PLAN)
    (outcome,) = report.listed
    assert (report.migrated, report.conflicts, outcome.result, outcome.after) == (0, 1, "conflict", None)
    assert world.flow.migrate(PLAN).migrated == 1


def test_in_a_conflict_what_stays_is_told_as_staying():
    """PROC-6: of a record with two processes, only the one that would have gone met the conflict."""
    world = World()
    deal = in_stage(world, "bidding")
    world.acting("li").opportunities.start_after_sales(deal, "crm2000")
    report = raced(world, 5, note).migrate(PLAN)
    assert [(o.after_sales, o.result) for o in report.listed] == [(None, "stays"), (1, "conflict")]


def test_who_was_migrated_or_deleted_meanwhile_is_nobodys_outcome():
    """PROC-6: two migrations at once do the work once."""
    world = World()
    world.deal()
    assert raced(world, 1, lambda world, _: world.flow.migrate(PLAN)).migrate(PLAN) == sf.MigrationReport()
    world = World()
    world.deal()
    gone = raced(world, 1, lambda world, id: world.acting("li").opportunities.delete(id)).migrate(PLAN)
    assert gone == sf.MigrationReport()


def test_migrating_is_for_administrators():
    """ACC-23: everybody else is refused, and the audit sink hears of it; an administrator's name is in the history."""
    world = upgraded(World())
    deal = evolve(world.deal(), process_version=1)
    placed = world.place(deal)
    with pytest.raises(sf.Refused) as refused:
        world.acting("sun").migrate(PLAN)
    assert [reason.code for reason in refused.value.reasons] == ["not_permitted"]
    assert world.audit.entries[-1].operation == "flow.migrate"
    assert world.acting("root").migrate(PLAN, dry_run=True).migrated == 1
    assert world.acting("root").once("key").migrate(PLAN).migrated == 1
    assert world.store.events("opportunity", placed.id)[-1].by == "root"
    with pytest.raises(sf.InvalidInput, match="MigrationPlan"):
        world.flow.migrate("crm2000")  # type: ignore[arg-type]
    with pytest.raises(sf.InvalidInput, match="dry_run"):
        world.flow.migrate(PLAN, dry_run=None)  # type: ignore[arg-type]


def test_a_store_on_disk_is_migrated_likewise():
    """PROC-6: what a migration writes is read back equal, and its history gives the record."""
    with SqlStore("sqlite://") as store:
        world = World(through=lambda _: store)
        deal = in_stage(world, "bid_decision")
        report = upgraded(world).flow.migrate(PLAN)
        after: Any = store.get("opportunity", deal.id)
        assert (report.migrated, after.process_version, after.visits[-1].entry) == (1, 2, "migrated")
        assert replay(store.events("opportunity", deal.id)) == after
        assert world.flow.migrate(PLAN).migrated == 0


def test_more_than_a_page_is_migrated(monkeypatch: pytest.MonkeyPatch):
    """PROC-6: the store is read page by page, and no record between two pages is passed over."""
    world = World()
    monkeypatch.setattr("salesflow.app.kernel.WALKED_PAGE", 2)
    monkeypatch.setattr("salesflow.app.migrations.MOST_LISTED", 1)
    assert WALKED_PAGE == 200
    for _ in range(3):
        world.deal()
        in_stage(world, "bidding")
    report = upgraded(world).flow.migrate(PLAN)
    assert (report.migrated, report.stays, len(report.listed)) == (3, {"stage_unmapped": 3}, 1)


def stored(populace: Sequence[Story]) -> sf.MemoryStore:
    """A store with every record and its history."""
    store = sf.MemoryStore()
    for story in populace:
        write = Write("opportunity", story.record.id, 0, story.record, story.events)
        store.save(UnitOfWork((write,)))
    return store


ORGANIZATION = organization()


def flow_over(store: Any, *processes: sf.SalesProcess) -> sf.SalesFlow:
    return sf.SalesFlow(store=store, organization=ORGANIZATION, processes=processes)


@st.composite
def changes(draw: st.DrawFn) -> tuple[sf.SalesProcess, Edited, list[Story], int]:
    """A template, an edit of it, who stands in it, and after how many saves the first run is stopped."""
    old = draw(templates())
    populace = [draw(stories(old, f"deal-{n}")) for n in range(draw(st.integers(1, 3)))]
    return old, draw(edits(old)), populace, draw(st.integers(0, 3))


def nothing_is_lost(change: tuple[sf.SalesProcess, Edited, list[Story], int]) -> None:
    old, edited, populace, saves = change
    store = stored(populace)
    plan = sf.MigrationPlan("p", 1, 2, edited.stages)
    flow = flow_over(store, old, edited.process)
    told: dict[str, list[MigrationOutcome]] = {}
    flow.migrate(plan, dry_run=True, progress=lambda outcome: told.setdefault(outcome.record, []).append(outcome))
    for story in populace:
        assert store.get("opportunity", story.record.id) == story.record
    try:
        flow_over(Stopping(store, saves), old, edited.process).migrate(plan)
    except sf.PortError:
        flow.migrate(plan)
    for story in populace:
        _carried_over(story, told[story.record.id], store, edited, old)
    after = {story.record.id: store.get("opportunity", story.record.id) for story in populace}
    assert flow.migrate(plan).migrated == 0
    assert after == {id: store.get("opportunity", id) for id in after}


def _carried_over(
    story: Story, outcomes: list[MigrationOutcome], store: sf.MemoryStore, edited: Edited, old: sf.SalesProcess
) -> None:
    before, after = story.record, store.get("opportunity", story.record.id)
    assert after is not None
    events = store.events("opportunity", before.id)
    assert list(events[: len(story.events)]) == list(story.events)
    assert replay(events) == after
    assert check(after) == []
    codes = {stage.code for stage in edited.process.stages}
    targets = {stage.code: stage.code for stage in old.stages if stage.code in codes} | dict(edited.stages)
    running = [beside for beside in before.after_sales if beside.status == "running"]
    assert [outcome.after_sales for outcome in outcomes] == [None, *(beside.number for beside in running)]
    runs = can_run_beside(compile(edited.process))
    goes = not before.voided and not before.is_completed and before.stage in targets
    assert (outcomes[0].result == "migrated") == goes
    _one_process(before, after, goes, targets, edited.process)
    for was, now in zip(before.after_sales, after.after_sales, strict=True):
        goes = was in running and runs and not before.voided and was.stage in targets
        _one_process(was, now, goes, targets, edited.process)
    moved = {
        name: getattr(before, name)
        for name in ("version", "updated_at", "process_version", "stage", "visits", "tasks", "probability", "approvals")
    }
    assert evolve(after, **moved, after_sales=before.after_sales) == before


def _one_process(was: Any, now: Any, goes: bool, targets: dict[str, str], new: sf.SalesProcess) -> None:
    if not goes:
        assert (now.process_version, now.stage, now.visits, now.tasks) == (
            was.process_version, was.stage, was.visits, was.tasks
        )  # fmt: skip
        return
    assert (now.process_version, now.stage) == (2, targets[was.stage])
    assert now.feedback == was.feedback
    assert [(v.number, v.stage, v.entered_at, v.entry) for v in now.visits[: len(was.visits)]] == [
        (v.number, v.stage, v.entered_at, v.entry) for v in was.visits
    ]
    assert len(now.visits) - len(was.visits) == (now.stage != was.stage)
    tasks = {task.id: task for task in now.tasks}
    assert len(tasks) == len(now.tasks)
    for task in was.tasks:
        kept = tasks[task.id]
        assert (kept.code, kept.done_at, kept.done_by, kept.name) == (
            task.code, task.done_at, task.done_by, task.name
        )  # fmt: skip
        if task.status is TaskStatus.DONE:
            assert kept.status is TaskStatus.DONE
    stage = next(stage for stage in new.stages if stage.code == now.stage)
    here = [task for task in now.tasks if task.stage == now.stage]
    asked = {task.code: task.routes for task in stage.tasks}
    assert {t.code: t.routes for t in here if t.is_required} == asked
    assert all(task.status in (TaskStatus.OPEN, TaskStatus.DONE) for task in here if task.is_required)
    assert all(task.stage == now.stage for task in now.tasks if task.status is TaskStatus.OPEN)


@settings(max_examples=80)
@given(changes())
def test_an_edited_template_and_its_population_lose_nothing(change: Any):
    """PROC-6, HIST-1: every record migrated or told, every visit, finished task and feedback kept."""
    nothing_is_lost(change)


@pytest.mark.long
@settings(max_examples=10_000)
@given(changes())
def test_ten_thousand_edited_templates_lose_nothing(change: Any):
    """PROC-6, HIST-1: the same, ten thousand times."""
    nothing_is_lost(change)


@given(st.data())
def test_what_a_diff_says_is_gone_is_what_a_plan_must_name(data: st.DataObject):
    """PROC-6: the stages that a diff calls removed are exactly those that have no place by themselves."""
    old = data.draw(templates())
    edited = data.draw(edits(old))
    gone = {stage.code for stage in old.stages} - {stage.code for stage in edited.process.stages}
    assert set(diff(old, edited.process).removed_stages) == gone
