"""Guided dialogs with opportunities and leads: answered step by step, finished as one change (OPP-16)."""

from __future__ import annotations

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.model import Dialog, DialogChoice, DialogQuestion
from tests.app.world import LATER, PROCESSES, World, codes, kinds
from tests.process.test_dialogs import DISCOVERY, GUIDED

EVERYWHERE = Dialog("everywhere", [DialogQuestion("note", "Anything else?", is_required=False)])
TEMPLATE = evolve(GUIDED, dialogs=[*GUIDED.dialogs, EVERYWHERE])
NOT_TOO_DEAR = sf.BusinessRule(
    "not_too_dear",
    "opportunities.edit",
    lambda deal: deal.amount is None or deal.amount.amount <= 2_000_000,
    "Too dear",
)
QUALIFY = Dialog(
    "qualify",
    [
        DialogQuestion("who", "Whom do we talk to?", fills="contact"),
        DialogQuestion("size", "How large?", kind="choice", fills="custom.size", choices=[
            DialogChoice("large", "Large", proposes="convert"), DialogChoice("none", "None", proposes="disqualify"),
        ]),
    ],
)  # fmt: skip


def world() -> World:
    """A company with dialogs for leads and for one process."""
    return World(processes=[*PROCESSES, TEMPLATE], lead_dialogs=[QUALIFY], rules=[NOT_TOO_DEAR])


def guided(company: World) -> sf.Opportunity:
    """A deal of li's in the stage that has a dialog."""
    return company.deal(process="guided", amount=None, close_date=None)


def test_a_dialog_is_answered_and_finished_as_one_change():
    """OPP-16, HIST-1: fields filled, tasks finished, one version; the move is proposed with what stands in its way."""
    company = world()
    deal = guided(company)
    desk = company.acting("li").opportunities
    held = company.everything()
    dialog = desk.start_dialog(deal, "discovery")
    assert dialog.record == deal
    for answer in ("yes", 1_000_000, LATER, 20, None):
        assert not dialog.run.is_over
        dialog = dialog.answer(answer)
    assert company.everything() == held
    done = dialog.finish()
    after = done.record
    assert after.version == deal.version + 1
    assert (after.amount, after.close_date) == (sf.Money("1000000", "CNY"), LATER)
    assert {field.key: field.value for field in after.custom} == {"known": "yes", "seats": 20}
    assert {task.code: str(task.status) for task in after.tasks} == {"call": "done", "ask": "done"}
    events = [event for event in desk.history(deal.id) if event.version == after.version]
    assert kinds(events) == (
        "dialog_finished", "edited", "task_finished", "task_finished", "graded", "route_changed",
    ) or kinds(events)[:4] == ("dialog_finished", "edited", "task_finished", "task_finished")  # fmt: skip
    assert {event.operation for event in events} == {"opportunities.start_dialog"}
    assert [event.number for event in events] == list(range(len(events)))
    assert events[0].reason == f"discovery: known=yes; budget=1000000; when={LATER}; seats=20"
    assert [proposal.operation for proposal in done.proposals] == ["advance"]
    assert [(move.operation, move.is_open) for move in done.moves] == [("advance", True)]
    assert desk.get(deal.id) == after
    assert company.acting("root").as_of(company.clock.now()).opportunities.get(deal.id) == after


def test_it_is_what_the_operations_by_hand_come_to():
    """OPP-16: the record differs from one edited and finished by hand in its version alone."""
    company = world()
    one, other = guided(company), guided(company)
    desk = company.acting("li").opportunities
    dialog = desk.start_dialog(one.id, "discovery", answers={"known": "no", "who": "a friend", "budget": 5})
    asked = dialog.run.question
    assert asked is not None
    assert asked.code == "when"
    by_dialog = dialog.answer(None).answer(3).answer(None).finish().record
    by_hand = desk.edit(other, source="a friend", amount=sf.Money(5, "CNY"), custom={"known": "no", "seats": 3})
    assert evolve(by_dialog, id=by_hand.id, customer=by_hand.customer, version=by_hand.version) == by_hand


def test_going_back_and_on_again():
    """OPP-16: a step back forgets the last answer only; the answers alone are enough to go on elsewhere."""
    company = world()
    deal = guided(company)
    desk = company.acting("li").opportunities
    dialog = desk.start_dialog(deal, "discovery").answer("never").back().answer("no").answer(None)
    again = desk.start_dialog(deal, "discovery", answers=dict(dialog.run.answers))
    assert again.run == dialog.run
    assert again == evolve(dialog, record=again.record)
    with pytest.raises(sf.InvalidInput, match="asked on this way"):
        desk.start_dialog(deal, "discovery", answers={"known": "yes", "who": "x"})
    with pytest.raises(sf.InvalidInput, match="is not over: 'budget'"):
        again.finish()


def test_who_changed_it_meanwhile_is_in_the_way_of_a_snapshot_only():
    """OPP-16: started on a snapshot it is finished on that or not at all; on an id, on whatever it is by then."""
    company = world()
    deal = guided(company)
    desk = company.acting("li").opportunities
    on_snapshot, on_id = (desk.start_dialog(ref, "everywhere").answer(None) for ref in (deal, deal.id))
    desk.edit(deal, name="Other")
    with pytest.raises(sf.Conflict):
        on_snapshot.finish()
    assert on_id.finish().record.name == "Other"


def test_every_reason_is_told_and_nothing_is_half_done():
    """OPP-16, RULE-1, REL-7: of the edit, of its rules and of the tasks, all at once, and the record as it was."""
    company = world()
    deal = guided(company)
    desk = company.acting("li").opportunities
    dialog = (
        desk.start_dialog(deal.id, "discovery").answer("yes").answer(3_000_000).answer(LATER).answer(1).answer(None)
    )
    desk.finish_task(deal, "call")
    held = company.everything()
    with pytest.raises(sf.Refused) as refused:
        dialog.finish()
    assert codes(refused.value) == {"rule_broken", "task_not_open"}
    assert company.everything() == held


def test_a_dialog_is_for_its_stage_and_for_a_running_deal():
    """OPP-16: unknown, elsewhere, closed, voided: refused when it is started, and again when it is finished."""
    company = world()
    deal = guided(company)
    desk = company.acting("li").opportunities
    started = desk.start_dialog(deal.id, "discovery").answer("never")
    with pytest.raises(sf.Refused) as refused:
        desk.start_dialog(deal, "unknown")
    assert codes(refused.value) == {"dialog_unknown"}
    moved = desk.change_stage(deal, "sign", reason="known well")
    for call in (lambda: desk.start_dialog(moved, "discovery"), started.finish):
        with pytest.raises(sf.Refused) as refused:
            call()
        assert codes(refused.value) == {"dialog_elsewhere"}
    assert [move.to for move in desk.moves(moved) if move.operation == "start_dialog"] == ["everywhere"]
    assert [move.to for move in desk.moves(guided(company)) if move.operation == "start_dialog"] == [
        "discovery", "everywhere",
    ]  # fmt: skip
    closed = desk.lose(moved, reason="price")
    with pytest.raises(sf.Refused) as refused:
        desk.start_dialog(closed, "everywhere")
    assert codes(refused.value) == {"wrong_status"}
    assert all(move.blockers for move in desk.moves(closed) if move.operation == "start_dialog")
    for wrong in (3, "", None):
        with pytest.raises(sf.InvalidInput):
            desk.start_dialog(guided(company), wrong)  # type: ignore[arg-type]


def test_each_part_is_asked_for_by_its_own_row():
    """OPP-16, ACC-4, ACC-10: who may go on may start it; who lost the right meanwhile finishes nothing."""
    company = world()
    deal = guided(company)
    joint = sf.TeamMember("zhao", "joint", sf.Access.READ_WRITE)
    deal = company.acting("li").opportunities.add_member(deal, "zhao", role="joint", access=sf.Access.READ_WRITE)
    deal = company.acting("li").opportunities.add_member(deal, "wang", role="presales", access=sf.Access.READ)
    theirs = company.acting("zhao").opportunities.start_dialog(deal.id, "discovery").answer("yes").answer(7)
    with pytest.raises(sf.Refused) as refused:
        company.acting("wang").opportunities.start_dialog(deal, "discovery")
    assert codes(refused.value) == {"not_permitted"}
    with pytest.raises(sf.NotFound):
        company.acting("feng").opportunities.start_dialog(deal.id, "discovery")
    company.acting("li").opportunities.change_member(deal, "zhao", role=joint.role, access=sf.Access.READ)
    with pytest.raises(sf.Refused) as refused:
        theirs.answer(None).answer(1).answer(None).finish()
    assert codes(refused.value) == {"not_permitted"}


def test_a_lead_is_qualified_by_a_dialog():
    """OPP-16, ACC-19: a lead's fields filled as one change; converting or disqualifying is proposed."""
    company = world()
    lead = company.lead()
    desk = company.acting("li").leads
    assert [move.to for move in desk.moves(lead) if move.operation == "start_dialog"] == ["qualify"]
    done = desk.start_dialog(lead, "qualify").answer("Ms Qian").answer("large").finish()
    assert done.record.contact == "Ms Qian"
    assert [(move.operation, move.is_open) for move in done.moves] == [("convert", True)]
    events = [event for event in desk.history(lead.id) if event.version == done.record.version]
    assert kinds(events) == ("dialog_finished", "edited")
    disqualified = company.disqualified_lead()
    with pytest.raises(sf.Refused) as refused:
        desk.start_dialog(disqualified, "qualify")
    assert codes(refused.value) == {"wrong_status"}
    with pytest.raises(sf.Refused) as refused:
        desk.start_dialog(lead.id, "discovery")
    assert codes(refused.value) == {"dialog_unknown"}
    assert all(move.blockers for move in desk.moves(disqualified) if move.operation == "start_dialog")


def test_with_a_key_it_is_finished_once():
    """OPP-16, HIST-3: repeating the finish with the same key gives the first result."""
    company = world()
    deal = guided(company)
    desk = company.acting("li").once("request-1").opportunities
    first = desk.start_dialog(deal.id, "everywhere").answer("all well").finish()
    again = desk.start_dialog(deal.id, "everywhere").answer("all well").finish()
    assert first.record == again.record
    assert again.record.version == deal.version + 1
    with pytest.raises(sf.InvalidInput):
        desk.start_dialog(deal.id, "everywhere").answer("otherwise").finish()


def test_a_stale_snapshot_is_a_conflict_before_anything_else():
    """OPP-16, HIST-3: also where the dialog is elsewhere by now, and with a key that nothing was done for."""
    company = world()
    deal = guided(company)
    desk = company.acting("li").opportunities
    desk.change_stage(deal, "sign", reason="known well")
    for each in (desk, company.acting("li").once("fresh").opportunities):
        with pytest.raises(sf.Conflict):
            each.start_dialog(deal, "discovery")


def test_a_stale_snapshot_of_a_lead_given_back_is_a_conflict_too():
    """OPP-16, HIST-3, VIS-18: the card of a lead in the pool says no only to a snapshot of today."""
    company = world()
    lead = company.lead()
    card = company.acting("li").leads.recycle(lead, reason="no time")
    desk = company.acting("li").once("fresh").leads
    with pytest.raises(sf.Conflict):
        desk.start_dialog(lead, "qualify")
    with pytest.raises(sf.Refused) as refused:
        desk.start_dialog(card.id, "qualify")
    assert codes(refused.value) == {"not_permitted"}


def test_a_dialog_of_another_process_is_not_finished():
    """OPP-16: the deal went on in another process, or version, that has no such dialog: nothing is filled."""
    company = world()
    desk = company.acting("li").opportunities
    deal = guided(company)
    started = desk.start_dialog(deal.id, "everywhere").answer("all well")
    desk.change_process(deal, "one_stage")
    with pytest.raises(sf.Refused) as refused:
        started.finish()
    assert codes(refused.value) == {"dialog_unknown"}


def test_what_is_saved_is_not_undone_by_a_move_that_cannot_be_told():
    """OPP-16: a proposal that is no move any more is left out; so is every one that a rule fails over."""
    company = world()
    there = Dialog(
        "there", [DialogQuestion("go", "On?", is_required=False, proposes="change_stage:talk"),
                  DialogQuestion("what", "What?", fills="source", proposes="advance")],
    )  # fmt: skip
    template = evolve(TEMPLATE, id="there", dialogs=[there])
    broken = sf.BusinessRule("broken", "opportunities.win", lambda deal: bool(1 / 0), "never")
    for rules, told in (((), ["advance"]), ((broken,), [])):
        flow = sf.SalesFlow(**{**company.ports, "processes": [template], "rules": rules, "store": sf.MemoryStore()})
        li = flow.acting_as("li")
        deal = li.opportunities.create("Deal", customer=li.customers.create("Acme").id)
        done = li.opportunities.start_dialog(deal, "there").answer("yes").answer("fair").finish()
        assert [move.operation for move in done.moves] == told
        assert [proposal.about for proposal in done.proposals] == ["talk", None]
        assert li.opportunities.get(deal.id).source == "fair"


def test_answers_to_go_on_with_are_a_mapping():
    """OPP-16: anything else is named, not iterated."""
    company = world()
    for wrong in ("abc", [1], 5):
        with pytest.raises(sf.InvalidInput, match="must map questions to answers"):
            company.acting("li").opportunities.start_dialog(
                guided(company), "everywhere", answers=wrong,  # type: ignore[arg-type]
            )  # fmt: skip


def test_dialogs_that_are_not_sound_stop_the_flow():
    """OPP-16, PROC-3: a template by `TemplateError`, an application's own by `InvalidInput`."""
    with pytest.raises(sf.TemplateError, match="dialogs"):
        World(processes=[evolve(TEMPLATE, dialogs=[evolve(DISCOVERY, stage="nowhere")])])
    with pytest.raises(sf.InvalidInput, match=r"dialogs\[0\]"):
        World(lead_dialogs=[DISCOVERY])
