"""The same operation on many records: each has its own outcome, and none stops the rest (OPP-17)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.visibility import ACCESS
from tests.app.world import World


def prepared(world: World) -> dict[str, Any]:
    """One record for each way in which advancing may end."""
    ready = world.finished(world.deal())
    stale = world.deal()
    world.acting("li").opportunities.edit(stale, name="Changed")
    hidden = world.deal(by="zhao")
    return {
        "done": ready, "refused": world.deal(), "conflict": stale, "hidden": hidden.id, "absent": "nothing",
        "lost": world.lost().id, "no record": None, "odd": 7,
    }  # fmt: skip


ENDS = {
    "done": None, "refused": sf.Refused, "conflict": sf.Conflict, "hidden": sf.NotFound, "absent": sf.NotFound,
    "lost": sf.Refused, "no record": sf.InvalidInput, "odd": sf.InvalidInput,
}  # fmt: skip


@settings(max_examples=20)
@given(st.permutations(sorted(ENDS)))
def test_every_record_has_its_own_outcome(order: list[str]):
    """OPP-17: in whatever order, what one record comes to is what the operation alone comes to."""
    world = World()
    records = prepared(world)
    seen: list[Any] = []
    found = world.acting("li").opportunities.each((records[name] for name in order), "advance", progress=seen.append)
    assert list(found) == seen
    for name, outcome in zip(order, found, strict=True):
        expected = ENDS[name]
        assert outcome.is_done == (expected is None)
        assert type(outcome.error) is (type(None) if expected is None else expected), name
        assert bool(outcome.reasons) == (expected is sf.Refused)
        if outcome.is_done:
            assert outcome.result == world.acting("li").opportunities.get(outcome.id)
            assert outcome.result.stage == "bid_decision"
    audit = [entry.id for entry in world.audit.entries if entry.reasons]
    assert len(audit) == 2


def test_it_takes_what_the_operation_takes():
    """OPP-17: arguments by place and by name, of leads too; a deletion leaves no record."""
    world = World()
    li, root = world.acting("li"), world.acting("root")
    deals = [world.deal() for _ in range(3)]
    moved = li.opportunities.each(deals, "change_owner", "zhou", old_owner_role=None)
    assert [outcome.result.owner for outcome in moved] == ["zhou"] * 3
    leads = [world.lead() for _ in range(2)]
    recycled = li.leads.each([lead.id for lead in leads], "recycle", reason="no time")
    assert all(outcome.result.status == "unassigned" for outcome in recycled)
    fresh = [world.deal(), world.deal()]
    assert [(each.id, each.result) for each in li.opportunities.each(fresh, "delete")] == [
        (deal.id, None) for deal in fresh
    ]
    assert li.opportunities.each([], "advance") == ()
    assert all(each.is_done for each in root.leads.each(leads, "assign", to="chen")) is False  # snapshots are stale
    assert all(each.is_done for each in root.leads.each([lead.id for lead in leads], "assign", to="chen"))


@pytest.mark.parametrize("group", ["leads", "opportunities"])
def test_the_operations_are_those_that_change_one_record(group: str):
    """OPP-17, ACC-24: each such operation of the access table, and nothing that reads, creates or runs over many."""
    desk = getattr(World().acting("li"), group)
    with pytest.raises(sf.InvalidInput) as refused:
        desk.each([], "fly")
    known = set(str(refused.value).partition("one of ")[2].split(", "))
    writes = {
        id.removeprefix(f"{group}.") for id, row in ACCESS.items() if id.startswith(f"{group}.") and not row.readers
    }
    assert known == writes - {"create", "each", "merge", "recycle_overdue", "start_dialog", "after_sales_task"}
    for name in ("get", "list", "each", "create", "count", "_get", "__init__", "fly", "merge"):
        with pytest.raises(sf.InvalidInput):
            desk.each(["one"], name)


def test_what_does_not_fit_is_refused_before_the_first_record():
    """OPP-17: wrong arguments, no list, a progress that cannot be called: nothing is done."""
    world = World()
    deal = world.finished(world.deal())
    desk: Any = world.acting("li").opportunities
    held = world.everything()
    for call in (
        lambda: desk.each([deal], "advance", "further"),
        lambda: desk.each([deal], "change_stage"),
        lambda: desk.each([deal], "lose", why="price"),
        lambda: desk.each(deal.id, "advance"),
        lambda: desk.each(deal, "advance"),
        lambda: desk.each([deal], "advance", progress=3),
        lambda: desk.each([deal], None),
        lambda: desk.each([deal], "advance", operation="win"),
    ):
        with pytest.raises(sf.InvalidInput):
            call()
    assert world.everything() == held


def test_with_a_key_it_is_simply_called_again():
    """OPP-17, HIST-3: what was stopped in the middle goes on; each record is done once."""
    world = World()
    deals = [world.finished(world.deal()) for _ in range(3)]
    seen: list[Any] = []

    def stop(outcome: Any) -> None:
        seen.append(outcome)
        if len(seen) == 2:
            raise KeyboardInterrupt

    ids = [deal.id for deal in deals]
    with pytest.raises(KeyboardInterrupt):
        world.acting("li").once("all").opportunities.each(ids, "advance", progress=stop)
    stages = [world.acting("li").opportunities.get(id).stage for id in ids]
    assert stages == ["bid_decision", "bid_decision", "qualification"]
    again = world.acting("li").once("all").opportunities.each(ids, "advance")
    assert [outcome.result.stage for outcome in again] == ["bid_decision"] * 3
    assert [outcome.result.version for outcome in again[:2]] == [outcome.result.version for outcome in seen]


def test_a_store_that_fails_is_an_outcome_too():
    """OPP-17, REL-7: it is told for each record that it failed for, and the rest goes on."""
    world = World()
    deals = [world.finished(world.deal()) for _ in range(3)]

    class Failing:
        def __init__(self, store: Any) -> None:
            self.store, self.saves = store, 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self.store, name)

        def save(self, unit: Any) -> None:
            self.saves += 1
            if self.saves == 2:
                raise OSError("disk full")
            self.store.save(unit)

    flow = sf.SalesFlow(**{**world.ports, "store": Failing(world.store)})
    found = flow.acting_as("li").opportunities.each(deals, "advance")
    assert [type(outcome.error) for outcome in found] == [type(None), sf.PortError, type(None)]
