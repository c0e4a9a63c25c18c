"""What a hostile reader found once, kept from coming back; each test says the rule that was broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

import salesflow as sf
from salesflow.model import Registration
from salesflow.process import owed_stages
from tests.app.situations import two_waiting
from tests.app.world import TODAY, World


def test_an_import_tells_nothing_of_hidden_or_deleted_ids():
    """VIS-17: an id that is taken by what one may not see, or by what is gone, answers alike."""
    world = World()
    hidden, deleted = world.deal(), world.deal()
    world.acting("li").opportunities.delete(deleted)
    files = world.acting("qian").files
    words = []
    for id in (hidden.id, deleted.id):
        arrival = sf.ImportedOpportunity(id=id, name="x", owner="qian", process="crm2000", stage="negotiation")
        report = files.import_opportunities([arrival])
        assert (report.imported, report.unchanged) == (0, 0)
        words.append(report.problems[0].problem.replace(id, "ID"))
    assert words[0] == words[1]
    nowhere = sf.ImportedOpportunity(id=hidden.id, name="x", owner="qian", process="crm2000", stage="nowhere")
    assert "stage" in files.import_opportunities([nowhere]).problems[0].problem


def test_a_grade_by_hand_does_not_replace_the_registration():
    """OPP-20: a partner's deal jumps with an approved registration only, whatever its grade."""
    world = World()
    deal = world.acting("zhang").opportunities.set_grade(world.partner_deal(), sf.Grade.C, reason="small but ours")
    with pytest.raises(sf.Refused) as no:
        world.acting("li").opportunities.change_stage(deal, "sign_contract")
    assert [reason.code for reason in no.value.reasons] == ["registration_needed"]


def test_a_deal_that_became_ours_is_not_registered():
    """OPP-20: registration is for `led_by = PARTNER`, also when it is decided."""
    world = World()
    ours = world.acting("li").opportunities.edit(world.registering(), led_by=sf.LedBy.US)
    with pytest.raises(sf.Refused) as no:
        world.acting("zhang").opportunities.approve(ours)
    assert [reason.code for reason in no.value.reasons] == ["not_partner_led"]
    assert world.acting("li").opportunities.get(ours).registration is Registration.REQUESTED


def test_after_sales_of_an_import_can_go_on():
    """OPP-12, IO-3: what an import did not bring stands in the way of the sale's own moves only."""
    world = World()
    root, li = world.acting("root"), world.acting("li").opportunities
    arrival = sf.ImportedOpportunity(
        id="old", name="old", owner="li", process="crm2000", stage="agreement", outcome=sf.OpportunityStatus.WON
    )
    assert root.files.import_opportunities([arrival]).imported == 1
    deal = li.start_after_sales("old")
    for task in deal.after_sales[0].tasks:
        deal = li.finish_task(deal, task.id)
    assert li.after_sales_advance(deal).after_sales[0].stage == "training"


def test_a_waiver_covers_what_was_skipped_before_it():
    """GRADE-4: what is skipped again after a waiver is owed again, and can be waived again."""
    world = World()
    li, zhang = world.acting("li").opportunities, world.acting("zhang").opportunities
    small, large = sf.Money("100000", "CNY"), sf.Money("9000000", "CNY")
    deal = world.deal(process="tas_bidding", amount=small)
    process = sf.templates.builtin()["tas_bidding"]
    deal = li.edit(li.change_stage(deal, "sign_contract"), amount=large)
    owed = owed_stages(deal, process)
    assert owed
    for stage in owed:
        deal = zhang.waive_stage(deal, stage, reason="a pilot")
    assert owed_stages(deal, process) == ()
    world.clock.move(timedelta(days=1))
    deal = li.change_stage(li.edit(deal, amount=small), "validate", reason="start over")
    deal = li.edit(li.change_stage(deal, "sign_contract"), amount=large)
    assert owed_stages(deal, process) == owed
    deal = zhang.waive_stage(deal, owed[0], reason="again")
    assert owed_stages(deal, process) == owed[1:]


def test_assigning_without_a_branch_keeps_it():
    """LEAD-4, HIST-1: absent is not empty."""
    world = World()
    zhang = world.acting("zhang").leads
    lead = zhang.assign(world.lead(), "li", branch="north")
    lead = zhang.assign(lead, "chen")
    assert (lead.owner, lead.branch) == ("chen", "north")
    assert zhang.assign(lead, "li", branch=None).branch is None


def test_all_reasons_come_at_once():
    """OPP-1, LEAD-6: a jump without reason and a missing party are told together, in creating and converting."""
    world = World()
    with pytest.raises(sf.Refused) as no:
        world.acting("li").opportunities.create("A", process="crm2000", stage="negotiation")
    assert {reason.code for reason in no.value.reasons} == {"customer_missing", "reason_missing"}
    late = sf.NewOpportunity("A", process="crm2000", close_date=TODAY - timedelta(days=1))
    with pytest.raises(sf.Refused) as no:
        world.acting("li").leads.convert(world.lead(), opportunity=late)
    assert {reason.code for reason in no.value.reasons} == {"convert_needs_party", "close_date_past"}


def test_a_conversion_can_say_why_it_enters_later():
    """OPP-1: a later stage follows the jump rule, by conversion as by hand."""
    world = World()
    asked = sf.NewOpportunity("A", process="crm2000", stage="negotiation", reason="second purchase")
    made = world.acting("li").leads.convert(world.lead(), customer=sf.NewCustomer("Acme"), opportunity=asked)
    assert made.opportunity is not None
    assert made.opportunity.stage == "negotiation"


def test_moves_list_everything_that_waits():
    """OPP-14: each waiting approval can be decided; without an id it must be the only one."""
    world = World()
    deal = two_waiting(world)
    moves = [m.to for m in world.acting("zhang").opportunities.moves(deal) if m.operation == "approve"]
    assert len(moves) == 2


def test_an_approver_must_be_able_to_see():
    """ACC-18: where no superior of the owner can, nothing is requested that nobody could decide."""
    org = sf.Organization(
        [sf.Employee("boss", active=False), sf.Employee("li", manager="boss")], depth_superiors="direct"
    )
    flow = sf.SalesFlow(store=sf.MemoryStore(), organization=org, processes=sf.templates.builtin())
    li = flow.acting_as("li")
    customer = li.customers.create("Acme")
    deal = li.opportunities.create("A", customer=customer.id, process="tas_bidding", led_by=sf.LedBy.PARTNER)
    with pytest.raises(sf.Refused) as no:
        li.opportunities.register_with_partner(deal)
    assert [reason.code for reason in no.value.reasons] == ["no_approver"]


def test_a_key_belongs_to_one_request_with_its_arguments():
    """HIST-3: the same key with other arguments is refused, never answered with something else."""
    world = World()
    once = world.acting("li").once("k").leads
    first = once.create(title="T", phone="1")
    assert once.create(title="T", phone="1") == first
    with pytest.raises(sf.InvalidInput, match="another request"):
        once.create(title="T", phone="999")
    edit = world.acting("li").once("e").leads
    edit.edit(first.id, title="A")
    with pytest.raises(sf.InvalidInput, match="another request"):
        edit.edit(first.id, title="B")


def test_a_key_of_a_sharing_rule_belongs_to_its_access_too():
    """HIST-3, VIS-11: the same key for another access is another request, and opens nothing."""
    world = World()
    once = world.acting("root").once("k").sharing
    rule = once.create(from_person="li", to_person="qian")
    assert once.create(from_person="li", to_person="qian") == rule
    with pytest.raises(sf.InvalidInput, match="another request"):
        once.create(from_person="li", to_person="qian", access=sf.Access.READ_WRITE)
    again = world.acting("root").once("e").sharing
    again.edit(rule.id, access=sf.Access.READ_WRITE)
    with pytest.raises(sf.InvalidInput, match="another request"):
        again.edit(rule.id, access=sf.Access.READ)


def test_a_route_is_known_by_its_plain_name_too():
    """OPP-6a: each value is a plain string too, and an unknown one is refused."""
    world = World()
    deal = world.deal(process="tas_bidding", amount=sf.Money("9000000", "CNY"))
    engine = sf.process.compile(sf.templates.builtin()["tas_bidding"])
    now = world.clock.now()
    plain = engine.change_stage(deal, "sign_contract", by="li", at=now, route="full")  # type: ignore[arg-type]
    assert [reason.code for reason in plain.reasons] == ["full_route"]
    with pytest.raises(sf.InvalidInput, match="route"):
        engine.advance(deal, by="li", at=now, route="nonsense")  # type: ignore[arg-type]


def test_nobody_approves_what_they_asked_for():
    """ACC-18: not even after lending the record to somebody below, whose superior they then are."""
    world = World()
    deal = world.briefed("zhang")
    deal = world.acting("zhang").opportunities.request_approval(deal, "advance")
    world.acting("zhang").opportunities.change_owner(deal.id, "li")
    with pytest.raises(sf.Refused) as no:
        world.acting("zhang").opportunities.approve(deal.id)
    assert [reason.code for reason in no.value.reasons] == ["not_permitted"]
    assert world.acting("sun").opportunities.approve(deal.id).stage != deal.stage


def test_a_migration_grades_again_what_it_changed():
    """GRADE-4, GRADE-7: a policy that reads the win chance hears of the one that the new version gives."""
    from attrs import evolve

    from salesflow.grading import ChancePoints, Criterion, ScorecardPolicy

    first = sf.templates.builtin()["crm2000"]
    stages = [evolve(stage, probability=min(99, stage.probability + 50)) for stage in first.stages]
    second = evolve(first, version=2, stages=stages)
    policy = ScorecardPolicy([Criterion("chance", ChancePoints())])
    world = World(processes=[first, second], grading=policy)
    early = World(processes=[first], grading=policy, store=world.store)
    deal = early.deal()
    assert world.flow.what_if(policy) == ()
    world.flow.migrate(sf.MigrationPlan("crm2000", 1, 2))
    moved = world.acting("li").opportunities.get(deal.id)
    assert (deal.grade.effective, moved.grade.effective) == (sf.Grade.D, sf.Grade.B)
    assert world.flow.what_if(policy) == ()


def test_a_transfer_hands_over_what_may_open_again():
    """OPP-11, OPP-3: a task that the closing cancelled is the new owner's when it opens again."""
    world = World()
    li = world.acting("li").opportunities
    deal = li.lose(li.add_task(world.deal(), "call", code="call", assignee="li"), reason="price")
    world.acting("zhang").opportunities.change_owner(deal.id, "zhao")
    deal = world.acting("zhao").opportunities.reopen(deal.id)
    assert [task.assignee for task in deal.tasks if task.code == "call"] == ["zhao"]


def test_what_is_planned_breaks_no_silence():
    """OPP-15, OPP-19, LEAD-5: an activity in the future is kept, and is no sign of life before its day."""
    world = World()
    later = world.clock.now() + timedelta(days=400)
    deal, lead = world.deal(), world.lead()
    deal = world.acting("li").opportunities.add_activity(deal, "visit", "fair", at=later)
    lead = world.acting("li").leads.follow_up(lead, "fair", at=later)
    assert deal.last_activity_at == lead.last_follow_up_at == world.clock.now()
    assert deal.activities[-1].at == later
    world.clock.move(timedelta(days=31))
    assert [each.id for each in world.acting("li").opportunities.silent(30)] == [deal.id]


@pytest.mark.parametrize(
    "call",
    [
        lambda flow: flow.acting_as("li").pipeline.risks(silent_days=10**12),
        lambda flow: flow.rehearse(sf.templates.builtin()["crm2000"], stages="abc"),
        lambda flow: flow.rehearse(sf.templates.builtin()["crm2000"], stages=[1]),
        lambda flow: flow.rehearse(
            sf.templates.builtin()["crm2000"], stages={"negotiation": "bidding", "agreement": "bidding"}
        ),
        lambda flow: flow.rehearse(sf.templates.builtin()["crm2000"], progress=5),
        lambda flow: flow.migrate(sf.MigrationPlan("crm2000", 1, 2), progress=5),
    ],
)
def test_odd_arguments_are_invalid_before_anything_happens(call: Callable[[sf.SalesFlow], object]):
    """REL-8: a typed error, and before the first record is touched."""
    world = World()
    world.deal()
    before = world.everything()
    with pytest.raises(sf.InvalidInput):
        call(world.flow)
    assert world.everything() == before


def test_a_closed_record_of_a_retired_version_stops_no_list():
    """OPP-15: what is closed is not late, whatever became of its template."""
    world = World()
    world.lost()
    without = [process for process in world.ports["processes"] if process.id != "crm2000"]
    flow = sf.SalesFlow(**{**world.ports, "processes": without})
    assert flow.acting_as("li").opportunities.stalled() == ()


def test_the_order_of_keywords_asks_for_nothing_else():
    """HIST-3: a repeated request is the same, in whatever order its arguments stand."""
    world = World()
    deal = world.deal()
    once = world.acting("li").once("k")
    first = once.opportunities.edit(deal.id, name="a", source="b", custom={"x": 1, "y": 2})
    assert (
        world.acting("li").once("k").opportunities.edit(deal.id, custom={"y": 2, "x": 1}, source="b", name="a") == first
    )


def test_who_alone_could_approve_cannot_ask():
    """ACC-18, RULE-2: nobody approves what they asked for, so what nobody else may approve is not left waiting."""
    world = World()
    deal = world.briefed("zhang")
    with pytest.raises(sf.Refused) as no:
        world.acting("sun").opportunities.request_approval(deal.id, "advance")
    assert [reason.code for reason in no.value.reasons] == ["no_approver"]
    deal = world.acting("zhang").opportunities.request_approval(deal.id, "advance")
    assert world.acting("sun").opportunities.approve(deal.id).stage != deal.stage


def test_an_import_asks_what_it_shall_call_before_it_saves():
    """REL-8: a progress that cannot be called is refused before the first row is in."""
    world = World()
    before = world.everything()
    arrival = sf.ImportedOpportunity(id="x", name="x", owner="li", process="crm2000", stage="agreement")
    with pytest.raises(sf.InvalidInput, match="progress"):
        world.acting("li").files.import_opportunities([arrival], progress=5)  # type: ignore[arg-type]  # on purpose
    assert world.everything() == before


def test_a_voided_record_of_a_retired_version_stops_no_list():
    """OPP-15: an administrator's voided scene too; what is voided is not late."""
    world = World()
    world.voided(world.deal())
    without = [process for process in world.ports["processes"] if process.id != "crm2000"]
    flow = sf.SalesFlow(**{**world.ports, "processes": without})
    assert flow.acting_as("root").opportunities.stalled("voided") == ()


@pytest.mark.parametrize("how", [{"dry_run": "yes"}, {"folder": 5}, {"progress": 5}])
def test_an_import_takes_no_odd_arguments(how: dict[str, object], tmp_path: Path):
    """REL-8: a dry run is true or false, a folder is a path; nothing is in when it is refused."""
    world = World()
    before = world.everything()
    mapping = tmp_path / "map.toml"
    mapping.write_text('kind = "lead"\nkey = ["phone"]\n[fields]\ntitle = "title"\nphone = "phone"\n', encoding="utf-8")
    with pytest.raises(sf.InvalidInput, match=next(iter(how))):
        world.acting("li").files.import_csv(BytesIO(b"title,phone\nA,1\n"), mapping, **how)  # type: ignore[arg-type]  # on purpose
    assert world.everything() == before


def test_a_text_is_one_plan_and_none():
    """VIS-19: an id in place of the thing as it would be is named whole in the refusal."""
    with pytest.raises(sf.InvalidInput, match="change: 'li' must be"):
        World().flow.what_if("li")  # type: ignore[arg-type]  # on purpose
