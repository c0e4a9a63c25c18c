"""The built-in stage templates are what PROC-4 and PROC-4a say, and sound."""

from importlib.resources import files

import pytest

import salesflow as sf
from salesflow import templates
from salesflow.model import INVALID_REASONS, LOST_REASONS, Jump, Route, SalesProcess, TeamRole, WinFrom
from salesflow.process.requirements import FIELDS

BUILTIN = templates.builtin()
SOURCES = {
    file.name: file.read_bytes() for file in files("salesflow.files.builtin").iterdir() if file.name.endswith(".toml")
}

STAGES = {
    "crm2000": ["qualification", "bid_decision", "bidding", "negotiation", "agreement"],
    "tas_bidding": [
        "validate",
        "initiate",
        "analyse_needs",
        "present_value",
        "prepare_tender",
        "submit_bid",
        "sign_contract",
    ],
    "salesforce_standard": ["prospecting", "needs_analysis", "proposal", "negotiation"],
    "auto_parts": ["inquiry", "talks", "quote"],
    "rfp_software": ["identify_rfp", "prepare_response", "approve_response", "submitted"],
    "walk_in": ["advise", "checkout"],
    "after_sales": ["installation", "training", "maintenance"],
}


def codes(process: SalesProcess) -> list[str]:
    """The codes of the stages, in order."""
    return [stage.code for stage in process.stages]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_each_file_is_sound_and_hides_nothing(name):
    """PROC-4, PROC-3: each file loads without error, its name is its id, and every warning left is waived in it."""
    process, found = templates.examine(SOURCES[name], name=name, strict=True)

    assert found.items == ()
    assert process is not None
    assert f"{process.id}.toml" == name
    assert BUILTIN[process.id] == process == templates.loads(templates.dump(process))


@pytest.mark.parametrize("id", sorted(STAGES))
def test_the_stage_codes(id):
    """PROC-4a: the built-in templates have exactly these stages, in this order."""
    assert STAGES[id] == codes(BUILTIN[id])


def test_the_built_in_templates_by_id():
    """PROC-4: they come by id, and the dictionary is the caller's to change."""
    mine = templates.builtin()
    mine.clear()

    assert set(STAGES) == set(templates.builtin())
    assert all(process.id == id and process.version == 1 for id, process in templates.builtin().items())


@pytest.mark.parametrize("id", sorted(BUILTIN))
def test_every_name_is_bilingual(id):
    """PROC-1, PROC-9: template, stages and tasks are named in English and in Chinese."""
    process = BUILTIN[id]
    tasks = [task.name for stage in process.stages for task in stage.tasks]

    for name in [process.name, *(stage.name for stage in process.stages), *tasks]:
        english, chinese = name.text("en"), name.text("zh")
        assert english.isascii()
        assert english
        assert any("\u4e00" <= character <= "\u9fff" for character in chinese)


@pytest.mark.parametrize("id", sorted(BUILTIN))
def test_what_no_source_states_is_marked(id):
    """PROC-4: the probabilities and other details that are ours are marked as salesflow's."""
    assert BUILTIN[id].origin == "salesflow"


def test_crm2000():
    """PROC-4a: the tender of the source has tasks 2-4-2-0-2 by these codes, and jumps with a reason."""
    process = BUILTIN["crm2000"]

    assert {stage.code: [task.code for task in stage.tasks] for stage in process.stages} == {
        "qualification": ["confirm_tender", "confirm_qualification"],
        "bid_decision": ["collect_requirements", "identify_fit_and_gaps", "roi_report", "decide_to_bid"],
        "bidding": ["build_demo", "prepare_presentation"],
        "negotiation": [],
        "agreement": ["prepare_contract", "arrange_follow_up"],
    }
    assert Jump.REASON is process.jump
    assert process.waived == ("negotiation: no_substance",)
    assert not any(task.origin or task.routes for stage in process.stages for task in stage.tasks)
    assert (
        process.win_from,
        process.lost_reasons,
        process.invalid_reasons,
    ) == (WinFrom.LAST, LOST_REASONS, INVALID_REASONS)


def test_tas_bidding():
    """PROC-4, PROC-4a, RULE-2: a fast-track template whose `initiate` needs an approval and takes converted leads."""
    process = BUILTIN["tas_bidding"]

    assert Jump.FAST_TRACK is process.jump
    assert process.entry_from_lead == "initiate"
    assert {stage.code: stage.approval for stage in process.stages if stage.approval is not None} == {
        "initiate": "owner_superior"
    }
    assert all(stage.procedures and stage.roles and stage.origin is None for stage in process.stages)
    assert all(task.origin == "salesflow" for stage in process.stages for task in stage.tasks)


def test_tas_bidding_asks_less_of_a_fast_track():
    """PROC-1, PROC-4: methods bind the full route alone, and every stage asks the full route for something."""
    stages = BUILTIN["tas_bidding"].stages
    methods = [task for stage in stages for task in stage.tasks if task.routes]
    plain = [task for stage in stages for task in stage.tasks if not task.routes]

    assert len(methods) > len(plain) > 0
    assert {(Route.FULL,)} == {task.routes for task in methods}
    assert all(any(task.is_core for task in stage.tasks) for stage in stages)
    assert {(), (Route.FULL,)} == {needed.routes for stage in stages for needed in stage.required_fields}


def test_tas_bidding_has_a_pair_of_marks_for_each_stage():
    """PROC-4: seven pairs of marks, of which each stage's end is what lets the next one start."""
    stages = BUILTIN["tas_bidding"].stages
    marks = [mark for stage in stages for mark in (stage.starts_when, stage.ends_when)]

    assert len(marks) == 14
    assert all(marks)
    assert len({stage.starts_when for stage in stages}) == len({stage.ends_when for stage in stages}) == 7


def test_auto_parts():
    """PROC-4: what the source has noted of an inquiry is required, talks may be none, and a quote ends it."""
    inquiry, talks, quote = BUILTIN["auto_parts"].stages

    assert {"contact", "products", "amount"} == {needed.field for needed in inquiry.required_fields}
    assert [stage.is_optional for stage in (inquiry, talks, quote)] == [False, True, False]
    assert [task.code for task in quote.tasks if task.is_core and task.origin is None] == ["send_quote"]


def test_rfp_software():
    """PROC-4, RULE-2: the response is approved before it is sent, and no reason alone leads past the approval."""
    process = BUILTIN["rfp_software"]

    assert [stage.approval for stage in process.stages] == [None, None, "owner_superior", None]
    assert process.jump is Jump.FAST_TRACK
    assert [task.code for task in process.stages[3].tasks if task.origin is None] == ["deliver_response"]
    assert process.stages[1].procedures == ("writing the response",)


def test_an_rfp_is_sent_by_its_approval_only():
    """PROC-4, RULE-2: a response with everything done is refused until approved, or jumped over; then it is sent."""
    employees = [sf.Employee("zhang"), sf.Employee("li", manager="zhang")]
    flow = sf.SalesFlow(store=sf.MemoryStore(), organization=sf.Organization(employees), processes=BUILTIN)
    desk = flow.acting_as("li").opportunities
    customer = flow.acting_as("li").customers.create(name="Acme")
    deal = desk.create(
        "RFP", customer=customer.id, process="rfp_software", amount=sf.Money("9000000", "CNY"), close_date=flow.today()
    )
    for task in ("decide_to_respond", "register_questions", None, "complete_response", None, "check_response"):
        deal = desk.finish_task(deal, task) if task else desk.advance(deal)

    with pytest.raises(sf.Refused) as refused:
        desk.advance(deal)
    assert [str(getattr(reason, "code", "")) for reason in refused.value.reasons] == ["approval_needed"]
    with pytest.raises(sf.Refused):
        desk.change_stage(deal, "submitted", reason="in a hurry")
    desk.request_approval(deal, "advance")
    assert flow.acting_as("zhang").opportunities.approve(deal.id).stage == "submitted"


def test_walk_in():
    """PROC-4: a consumer may go straight to the checkout."""
    process = BUILTIN["walk_in"]

    assert process.jump is Jump.FREE
    assert [stage.is_optional for stage in process.stages] == [True, False]
    assert process.waived == ("checkout: no_substance",)


def test_the_other_two():
    """PROC-4a: the standard sale jumps freely; after-sales work is done by the after-sales role."""
    assert BUILTIN["salesforce_standard"].jump is Jump.FREE
    assert {(TeamRole.AFTER_SALES,)} == {stage.roles for stage in BUILTIN["after_sales"].stages}


@pytest.mark.parametrize("id", sorted(BUILTIN))
def test_only_fields_of_the_record_are_required(id):
    """PROC-4: a built-in template needs no vocabulary of the application's."""
    process = BUILTIN[id]

    assert {needed.field for stage in process.stages for needed in stage.required_fields} <= set(FIELDS)
    assert () == process.custom_fields == process.custom_roles
