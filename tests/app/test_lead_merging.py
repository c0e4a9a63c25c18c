"""Merging duplicates through the facade: where the other's id leads, what is hidden, and undoing it (LEAD-15)."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from functools import partial
from io import StringIO
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.app.lead_merging import LeadMerging
from salesflow.model import LeadStatus, Merge, replay
from salesflow.ports import UnitOfWork
from salesflow.process.lead_merging import CHOOSABLE
from tests.app.calls import Done
from tests.app.lead_situations import (
    double,
    double_with_quote,
    merged,
    merged_twice,
    merged_with_documents,
    redirected_to,
)
from tests.app.test_operations import ON_RECORDS, do
from tests.app.test_races import Race
from tests.app.world import BareStore, World, codes


def held(world: World, id: str, kind: str = "lead") -> Any:
    """What the store holds."""
    return world.store.get(kind, id)


COMMANDS = [call for call in ON_RECORDS if call.group == "leads" and call.operation != "leads.unmerge"]


def same(left: Any, right: Any) -> bool:
    """Whether two leads differ in nothing but how often and when they were saved."""
    return evolve(left, version=1, updated_at=None) == evolve(right, version=1, updated_at=None)


def test_the_others_id_leads_to_the_survivor_wherever_it_is_read():
    """LEAD-15: get, history, as_of, moves, why and who can see answer for both ids alike, to whoever sees it."""
    world = World()
    survivor = merged(world)
    for person in ("li", "zhang", "sun", "root"):
        leads = world.acting(person).leads
        assert leads.get("lead-1") == leads.get(survivor) == survivor
        assert leads.history("lead-1") == leads.history(survivor)
        assert leads.as_of("lead-1", world.clock.now()) == survivor
        blocked = {move.operation for move in leads.moves("lead-1") if move.blockers}
        assert blocked >= {move.operation for move in leads.moves(survivor)} - {"unmerge"}
        acting = world.acting(person)
        assert acting.why(person, "lead-1") == acting.why(person, survivor)
        assert set(acting.who_can_see("lead-1")) == set(acting.who_can_see(survivor))
    assert set(world.flow.who_can_see("lead-1")) == {"li", "zhang", "sun", "root"}
    assert world.flow.why("li", "lead-1").is_visible
    for method in ("get", "history", "moves"):
        with pytest.raises(sf.NotFound) as missing:
            getattr(world.acting("qian").leads, method)("lead-1")
        assert missing.value.id == "lead-1"
    with pytest.raises(sf.NotFound):
        world.acting("qian").why("qian", "lead-1")


@pytest.mark.parametrize("person", ["zhang", "root"])
@pytest.mark.parametrize("call", COMMANDS, ids=lambda call: call.operation)
def test_every_command_on_the_others_id_is_refused_and_says_where_to_go(call: Done, person: str):
    """LEAD-15: done on the survivor unasked, it would surprise; by id or snapshot, for administrators too."""
    world = World()
    call.given(world)
    survivor = world.lead(title="Survivor", phone="137")
    other = world.lead(title="Other", phone="136")
    world.acting("zhang").leads.merge(survivor, other)
    before, audited = world.everything(), len(world.audit.entries)
    for ref in (other.id, other, evolve(other, version=99)):
        with pytest.raises(sf.Refused) as refused:
            do(world, call, ref, person)
        (reason,) = refused.value.reasons
        assert (reason.code, reason.facts) == ("is_merged", {"into": survivor.id})
    entry = world.audit.entries[-1]
    assert (len(world.audit.entries) - audited, entry.operation, entry.id) == (3, call.operation, survivor.id)
    assert world.everything() == before
    with pytest.raises(sf.NotFound) as missing:
        do(world, call, other.id, "qian")
    assert missing.value.id == other.id


def test_a_lead_that_was_merged_is_in_no_list_but_the_voided_one():
    """LEAD-15, VIS-16: neither listed nor counted nor exported; only administrators list it, as all that is voided."""
    world = World()
    survivor = merged(world)
    for person in ("li", "zhang", "root"):
        acting = world.acting(person)
        assert [lead.id for lead in acting.leads.list().items] == [survivor.id]
        assert acting.leads.count() == 1
        out = StringIO()
        acting.files.export_csv("all", out, kind="lead")
        assert [row.partition(",")[0] for row in out.getvalue().splitlines()[1:]] == [survivor.id]
    assert [lead.id for lead in world.acting("root").leads.list("voided").items] == ["lead-1"]
    assert world.acting("li").leads.list("voided").items == ()
    brought = world.acting("zhang").leads.unmerge(survivor)
    assert {lead.id for lead in world.acting("li").leads.list().items} == {"lead-1", brought.id}


def link_of(lead: Any) -> Any:
    """The id of what a lead was linked to."""
    return None if lead.duplicate_of is None else lead.duplicate_of.id


def test_no_later_lead_is_linked_to_one_that_was_merged():
    """LEAD-15, LEAD-12: the survivor is what is known by the keys that it took over."""
    world = World()
    first = world.lead(phone="13912345678")
    first = world.place(first, quote_number="Q")
    earlier = world.lead(phone="13912345678")
    assert link_of(earlier) == first.id
    survivor = world.acting("zhang").leads.merge(world.lead(title="S", phone=None, email="a@b"), first)
    assert survivor.phone == "13912345678"
    assert link_of(world.lead(phone="13912345678")) == survivor.id
    assert link_of(world.acting("li").leads.get(earlier.id)) == survivor.id  # what it was linked to leads there


def test_merges_follow_through_and_never_go_round():
    """LEAD-15: a survivor may be merged itself; what was merged survives nothing, so there is no circle."""
    world = World()
    leads = world.acting("zhang").leads
    a, b, c = (world.lead(title=title, phone=None, email=f"{title}@x") for title in "ABC")
    ab = leads.merge(a, b)
    cab = leads.merge(c, ab)
    assert leads.get(a.id) == leads.get(b.id) == cab
    assert cab.merges == (Merge(a.id, 2),)
    for survivor, other, code in ((b.id, c.id, "is_merged"), (a.id, c.id, "is_merged"), (c.id, b.id, "other_lead")):
        with pytest.raises(sf.Refused) as refused:
            leads.merge(survivor, other)
        assert codes(refused.value) == {code}
    with pytest.raises(sf.InvalidInput, match="another lead"):
        leads.merge(c.id, c.id)
    with pytest.raises(sf.Refused) as refused:
        leads.unmerge(b.id)
    (reason,) = refused.value.reasons
    assert (reason.code, reason.facts) == ("merged_later", {"lead": a.id})
    leads.unmerge(a.id)
    assert same(leads.get(a.id), ab)
    leads.unmerge(b.id)
    assert [same(leads.get(lead.id), lead) for lead in (a, b, c)] == [True, True, True]


def test_a_merge_is_undone_by_either_id():
    """LEAD-15: by the survivor the latest one; by the other's id that one, if it is the latest."""
    for ref in ("lead-3", "lead-2"):
        world = World()
        survivor = merged_twice(world)
        leads = world.acting("zhang").leads
        after = leads.unmerge(ref)
        assert (after.id, [merge.lead for merge in after.merges]) == (survivor.id, ["lead-1"])
        assert leads.get("lead-3").title == "Third"
        assert leads.unmerge(after).merges == ()
        assert leads.get("lead-1").title == "First"
    world = World()
    once = partial(world.acting("zhang").once, "key")
    merged(world)
    first = once().leads.unmerge("lead-1")
    assert once().leads.unmerge("lead-1") == first


def test_documents_move_with_the_lead_and_go_back():
    """LEAD-15, OPP-13: who sees the survivor sees them; one that was issued since stays with the survivor."""
    world = World()
    survivor = merged_with_documents(world)
    li = world.acting("li")
    assert survivor.merges[0].documents == ("contract:C-1", "quote:Q-1")
    assert (survivor.quote_number, survivor.contract_number) == ("Q-1", "C-1")
    for id in survivor.merges[0].documents:
        assert li.documents.get(id).lead == survivor.id
        assert [str(event.kind) for event in li.documents.history(id)][-1] == "document_moved"
    since = li.leads.quote(survivor, li.documents.get("quote:Q-1").lines)
    again = world.acting("zhang").leads.unmerge(survivor.id)
    assert (again.quote_number, again.contract_number) == (since.document.number, None)
    assert li.documents.get(since.document.id).lead == survivor.id
    for id in survivor.merges[0].documents:
        assert li.documents.get(id).lead == "lead-1"


def test_a_document_that_is_somewhere_else_by_now_stays_there():
    """LEAD-15: what is untouched goes back; a document that is gone, or that another lead has, is left alone."""
    world = World()
    survivor = merged_with_documents(world)
    shelf = world.store._shelf("document").records
    shelf["quote:Q-1"] = evolve(shelf["quote:Q-1"], lead="elsewhere")
    del shelf["contract:C-1"]
    world.acting("zhang").leads.unmerge(survivor)
    assert held(world, "quote:Q-1", "document").lead == "elsewhere"
    assert world.store.get("document", "contract:C-1") is None


def test_who_merges_sees_both_and_is_let_for_both():
    """LEAD-15, ACC-20, VIS-17: a hidden lead is not there; one that may only be claimed tells nothing of itself."""
    world = World()
    mine = world.lead()
    hidden = world.acting("qian").leads.create(title="Hidden", phone="1")
    leads = world.acting("zhang").leads
    for ref in (hidden, hidden.id, "none"):
        with pytest.raises(sf.NotFound) as missing:
            leads.merge(mine, ref)
        assert missing.value.id == (ref if isinstance(ref, str) else ref.id)
    world.pool = world.flow.pools.create("West", id="west", members=["zhang"]).id
    pooled = world.acting("root").leads.create(title="Pooled", phone="2", owner=None)
    pooled = world.place(pooled, disabled=True)
    with pytest.raises(sf.Refused) as refused:
        leads.merge(mine, leads.get(pooled.id))
    (reason,) = refused.value.reasons
    assert (reason.code, reason.facts["lead"], reason.facts["reason"]) == ("other_lead", pooled.id, "not_permitted")
    with pytest.raises(sf.Refused) as refused:
        world.acting("root").leads.merge(mine, pooled)
    assert [reason.facts["reason"] for reason in refused.value.reasons] == ["is_disabled"]
    merged_away = world.acting("root").leads.merge(hidden, world.acting("qian").leads.create(title="H", phone="3"))
    with pytest.raises(sf.NotFound):
        leads.merge(mine, merged_away.merges[0].lead)


def test_a_snapshot_of_either_lead_must_be_the_latest():
    """LEAD-15, HIST-3: whoever chose fields did so on what they saw of both."""
    world = World()
    survivor = double(world)
    other = world.acting("li").leads.get("lead-1")
    world.acting("li").leads.edit(other, title="Changed")
    leads = world.acting("zhang").leads
    with pytest.raises(sf.Conflict) as conflict:
        leads.merge(survivor, other)
    assert (conflict.value.id, conflict.value.expected_version, conflict.value.found_version) == ("lead-1", 1, 2)
    with pytest.raises(sf.Conflict):
        leads.merge(evolve(survivor, version=7), "lead-1")
    assert leads.merge(survivor, "lead-1", fields={"title": "other"}).title == "Changed"


@pytest.mark.parametrize("wrong", [{"status": "other"}, {"phone": "mine"}, ["phone"]])
def test_a_choice_that_is_none_is_said(wrong: Any):
    """LEAD-15: the calling code's mistake; nothing is changed."""
    world = World()
    survivor = double(world)
    before = world.everything()
    with pytest.raises(sf.InvalidInput):
        world.acting("zhang").leads.merge(survivor, "lead-1", fields=wrong)
    with pytest.raises(sf.InvalidInput):
        world.acting("zhang").leads.merge(survivor, 5)  # type: ignore[arg-type]
    assert world.everything() == before


def test_of_two_merges_that_cross_one_is_refused():
    """LEAD-15, HIST-3: each would make the other lead away; both records are guarded, so there is no circle."""
    race = Race()
    a, b = race.world.lead(), race.world.lead(title="Other")
    race.store.others = [lambda: race.rival().leads.merge(b.id, a.id)]
    with pytest.raises(sf.Refused) as refused:
        race.world.acting("zhang").leads.merge(a.id, b.id)
    assert codes(refused.value) == {"is_merged"}
    assert held(race.world, b.id).merges == (Merge(a.id, 2),)


def test_what_happens_to_the_other_meanwhile_is_merged_too():
    """LEAD-15, HIST-3: decided anew on what is there by then; a conversion meanwhile is not lost."""
    race = Race()
    a, b = race.world.lead(), race.world.lead(title="Other")
    race.store.others = [
        lambda: race.rival().leads.edit(b.id, company="Acme"),
        lambda: race.rival().leads.convert(b.id, contact=sf.NewContact("Ms Qian")),
    ]
    survivor = race.world.acting("zhang").leads.merge(a.id, b.id)
    assert (survivor.company, survivor.status) == ("Acme", LeadStatus.CONVERTED)
    race.store.others = [lambda: race.rival().leads.follow_up(a.id, "rang", at=race.world.clock.now())]
    again = race.world.acting("zhang").leads.unmerge(a.id)
    assert (again.status, again.company, len(again.activities)) == (LeadStatus.ASSIGNED, None, 1)


def test_a_key_gives_what_it_gave_though_the_lead_was_merged_since():
    """LEAD-15, HIST-3: what somebody made and may still see, where it leads to, they are given again."""
    world = World()
    made = world.acting("li").once("k").leads.create(title="Mine", phone="1")
    survivor = world.lead()
    world.acting("zhang").leads.merge(survivor, made)
    assert world.acting("li").once("k").leads.create(title="Mine", phone="1") == made
    world.acting("zhang").leads.assign(survivor.id, "zhao")
    with pytest.raises(sf.NotFound):
        world.acting("li").once("k").leads.create(title="Mine", phone="1")


def test_a_key_gives_what_was_pushed_down_to_somebody_out_of_sight():
    """LEAD-3, HIST-3: whoever made it is given it again, though it is another line's from the first moment on."""
    world = World()
    lead = world.lead()
    once = world.acting("zhang").once("k").leads
    made = once.push_down(lead, owner="qian")
    assert once.push_down(lead, owner="qian") == made
    with pytest.raises(sf.NotFound):
        world.acting("zhang").leads.get(made.id)


def test_a_store_without_history_merges_and_cannot_undo():
    """LEAD-15: what the survivor held before is in its history; without one the move is not offered."""
    world = World(through=BareStore)
    survivor = double(world)
    leads = world.acting("zhang").leads
    merged_lead = leads.merge(survivor, "lead-1")
    assert leads.get("lead-1") == merged_lead
    assert "unmerge" not in {move.operation for move in leads.moves(merged_lead)}
    with pytest.raises(sf.PortError, match="keeps no history"):
        leads.unmerge(merged_lead)


def test_a_survivor_is_deleted_only_once_nothing_leads_to_it():
    """LEAD-11, LEAD-15: first the merge is undone; then both may go, and neither is anywhere."""
    world = World()
    survivor = redirected_to(world)
    other = survivor.merges[0].lead
    leads = world.acting("zhang").leads
    with pytest.raises(sf.Refused) as refused:
        leads.delete(survivor)
    (reason,) = refused.value.reasons
    assert (reason.code, reason.facts) == ("has_redirects", {"leads": (other,)})
    leads.unmerge(survivor)
    world.clock.move(timedelta(days=1))
    for id in (survivor.id, other):
        leads.delete(id)
        for read in (leads.get, leads.history, leads.moves, partial(leads.as_of, moment=world.clock.now())):
            with pytest.raises(sf.NotFound):
                read(id)


def test_the_timeline_of_both_reads_as_it_happened():
    """LEAD-15, HIST-1: the survivor's says what came from where; the other's has the merge and the undoing."""
    world = World()
    survivor = world.acting("zhang").leads.merge(double(world), "lead-1", fields={"title": "other"})
    world.acting("zhang").leads.unmerge(survivor)
    told = world.acting("li").leads.history(survivor.id)
    assert [str(event.kind) for event in told] == ["created", "lead_merged", "lead_unmerged"]
    changed = {change.field: (change.before, change.after) for change in told[1].changes}
    assert changed["title"] == ("Second", "First")
    assert changed["email"] == (None, "qian@example.com")
    assert [str(event.kind) for event in world.acting("li").leads.history("lead-1")] == [
        "created", "lead_merged_away", "lead_brought_back",
    ]  # fmt: skip
    past = world.acting("li").leads.as_of("lead-1", world.clock.now())
    assert past == replay(world.store.events("lead", "lead-1"))


def test_merging_and_undoing_are_each_one_unit_of_work():
    """LEAD-15, HIST-3: both leads and the documents are saved together, or none is."""
    for given, act in ((double_with_quote, "merge"), (merged_with_documents, "unmerge")):
        world = World()
        about = given(world)
        before = world.everything()

        class Refusing:
            def __init__(self, store: Any) -> None:
                self._store = store
                self.units: list[UnitOfWork] = []

            def __getattr__(self, name: str) -> Any:
                return getattr(self._store, name)

            def save(self, unit: Any) -> None:
                self.units.append(unit)
                raise OSError("no space left")

        store = Refusing(world.store)
        world.flow = sf.SalesFlow(**{**world.ports, "store": store})
        with pytest.raises(sf.PortError):
            getattr(world.acting("zhang").leads, act)(about, *(("lead-1",) if act == "merge" else ()))
        (unit,) = store.units
        kinds = sorted(write.kind for write in unit.writes)
        assert kinds == (["document", "lead", "lead"] if act == "merge" else ["document", "document", "lead", "lead"])
        assert world.everything() == before


def test_what_can_be_chosen_is_documented():
    """LEAD-15: the docstring lists every field that `fields` takes."""
    doc = re.sub(r"\W+", " ", inspect.getdoc(LeadMerging.merge) or "").split()
    assert [name for name in CHOOSABLE if name not in doc] == []


def test_unmerging_into_a_pool_that_is_gone_brings_the_lead_into_the_common_one():
    """LEAD-14, LEAD-15: it had left the pool by the merge, so the pool could be deleted; nobody loses sight of it."""
    world = World()
    pooled = world.pooled()
    other = world.lead(phone="138")
    root = world.acting("root").leads
    merged_one: Any = root.merge(pooled.id, other.id)
    assert (merged_one.owner, merged_one.pool) == ("li", None)
    world.flow.pools.delete("east")
    assert root.unmerge(merged_one).pool is None
    assert any(lead.id == pooled.id for lead in world.acting("zheng").leads.list().items)


def linked(world: World) -> tuple[Any, sf.Lead]:
    """A lead with a quote, and a later one of the same number, which is linked to it."""
    first = world.place(world.lead(title="First", phone="13912345678"), quote_number="Q")
    return first, world.lead(title="Later", phone="13912345678")


def test_what_was_brought_back_is_told_of_as_it_is_by_then():
    """LEAD-12, LEAD-15: undoing gives the survivor its link again, and it leads to the other, no longer to itself."""
    world = World()
    first, later = linked(world)
    leads = world.acting("zhang").leads
    survivor = leads.merge(later, first)
    assert survivor.duplicate_of is None
    apart = world.acting("zhang").once("key").leads.unmerge(survivor)
    assert (link_of(apart), apart.duplicate_of and apart.duplicate_of.name) == (first.id, "First")
    assert apart == leads.get(later.id) == world.acting("zhang").once("key").leads.unmerge(survivor)


def test_what_was_undone_is_told_though_the_store_fails_afterwards():
    """REL-7, LEAD-15: the change is saved; of the link it is told what was known before."""
    world = World()
    first, later = linked(world)
    survivor = world.acting("zhang").leads.merge(later, first)

    class Failing:
        is_saved = False

        def __getattr__(self, name: str) -> Any:
            if self.is_saved:
                raise OSError("gone")
            return getattr(world.store, name)

        def save(self, unit: UnitOfWork) -> None:
            world.store.save(unit)
            self.is_saved = True

    flow = sf.SalesFlow(**{**world.ports, "store": Failing()})
    assert flow.acting_as("zhang").leads.unmerge(survivor).version == held(world, later.id).version
    assert not held(world, first.id).voided


def test_a_lead_is_no_duplicate_of_what_was_merged_into_it_through_others():
    """LEAD-12, LEAD-15: its link leads to itself after any number of merges, and is gone then."""
    world = World()
    first, later = linked(world)
    leads = world.acting("zhang").leads
    for title in ("Second", "Third"):
        first = leads.merge(world.lead(title=title, phone=None, email=f"{title}@x"), first)
    assert link_of(leads.get(later.id)) == first.id
    survivor = leads.merge(later, first)
    assert (held(world, later.id).duplicate_of, survivor.duplicate_of) == (None, None)
    leads.unmerge(survivor)
    assert link_of(leads.get(later.id)) == first.id


def test_what_is_in_the_way_of_the_survivor_is_told_whatever_is_in_that_of_the_other():
    """LEAD-15, OPP-14: one that was merged already, or that one sees only the card of, hides no other reason."""
    world = World()
    survivor = merged(world)
    hidden = world.voided(world.lead())
    with pytest.raises(sf.Refused) as refused:
        world.acting("root").leads.merge(hidden, survivor.merges[0].lead)
    assert codes(refused.value) == {"is_voided", "other_lead"}
    lost = world.disqualified_lead()
    world.pool = world.flow.pools.create("West", id="west", members=["zhang"]).id
    pooled = world.acting("root").leads.create(title="Pooled", phone="2", owner=None)
    with pytest.raises(sf.Refused) as refused:
        world.acting("zhang").leads.merge(lost, pooled.id)
    assert codes(refused.value) == {"wrong_status", "other_lead"}
