"""Everything that can be wrong with a stage template, each seen to be found and seen to stay silent."""

import pickle
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from salesflow.errors import InvalidInput, TemplateError
from salesflow.model import Label, ProcessApproval, RequiredField, Route, SalesProcess, Stage, TaskTemplate
from salesflow.process.checks import MOST_STAGES, MOST_TASKS, check_template
from salesflow.process.findings import ERRORS, MOST_ERRORS, WARNINGS, Finding, FindingCollector
from salesflow.process.value_checks import LONGEST_CODE, MOST_ITEMS
from salesflow.testing.strategies.templates import sales_processes
from tests.process.samples import APPROVED
from tests.process.test_rule_checks import ERRONEOUS as RULE_ERRORS

CORE = TaskTemplate("call", "Call", is_core=True)
FIRST = Stage(
    "first",
    {"en": "First", "zh": "一"},
    probability=10,
    starts_when="a lead",
    ends_when="a talk",
    required_fields=["amount", RequiredField("custom.budget", [Route.FULL])],
    tasks=[CORE, TaskTemplate("write", routes=["full"])],
    roles=["sales", "legal"],
    limit_days=5,
    approval="owner_superior",
)
SECOND = Stage("second", probability=10, starts_when="a talk", ends_when="a deal", procedures=["contract review"])
SOUND = SalesProcess("mine", 1, [FIRST, SECOND], custom_fields=["budget"], custom_roles=["legal"])
MANY = tuple(f"c{n}" for n in range(MOST_ITEMS + 1))
MANY_FIELDS = evolve(FIRST, required_fields=[*(f"custom.{name}" for name in MANY[1:]), "amount"])
HUGE: Any = 10**5000
NOTHING: Any = None


def process(**values):
    """A sound template but for *values*."""
    return evolve(SOUND, **values)


def first(**values):
    """A template whose first stage is sound but for *values*."""
    return process(stages=[evolve(FIRST, **values), SECOND])


def second(**values):
    """A template whose second stage is sound but for *values*."""
    return process(stages=[FIRST, evolve(SECOND, **values)])


def task(code: Any = "call", name: Any = "", **values: Any) -> TaskTemplate:
    """A task that may hold anything."""
    return TaskTemplate(code, name, **values)


def tasks(*made):
    """A template whose first stage has the tasks *made*."""
    return first(tasks=made)


ERRONEOUS = [
    # the template
    (process(stages=()), "stages", "no_stage"),
    (process(id="Mine"), "id", "code_form"),
    (process(id=7), "id", "wrong_type"),
    (process(version=0), "version", "out_of_range"),
    (process(version=2**31), "version", "out_of_range"),
    (process(version=HUGE), "version", "out_of_range"),
    (process(version=True), "version", "wrong_type"),
    (process(version=1.0), "version", "wrong_type"),
    (process(name={"en": "a", "zh_CN": "b"}), "name.zh_CN", "language_form"),
    (process(name=Label([("en", "a"), ("en", "b")])), "name.en", "duplicate"),
    (process(name=Label([(HUGE, "a")])), "name.a huge number", "language_form"),
    (process(name={"en": "a\u202eb"}), "name", "hidden_character"),
    (process(name={"en": "a", "de": "b" * 301}), "name.de", "too_long"),
    (process(name={"de": 5}), "name.de", "wrong_type"),
    (process(name={f"en-x{n}": "" for n in range(51)} | {"en": ""}), "name", "too_many"),
    (process(customer_types=["b2b", "b2b"]), "customer_types[1]", "duplicate"),
    (process(customer_types=[" "]), "customer_types[0]", "empty"),
    (process(customer_types=MANY), "customer_types", "too_many"),
    (process(starts_when="a\nb"), "starts_when", "hidden_character"),
    (process(ends_when="x" * 1001), "ends_when", "too_long"),
    (process(ends_when=None), "ends_when", "wrong_type"),
    (process(jump="sideways"), "jump", "unknown_choice"),
    (process(jump=["free"]), "jump", "wrong_type"),
    (process(win_from="first"), "win_from", "unknown_choice"),
    (process(entry_from_lead="third"), "entry_from_lead", "unknown_stage"),
    (process(entry_from_lead=2), "entry_from_lead", "wrong_type"),
    (process(lost_reasons=()), "lost_reasons", "empty"),
    (process(lost_reasons=("price", "price")), "lost_reasons[1]", "duplicate"),
    (process(lost_reasons=MANY), "lost_reasons", "too_many"),
    (process(invalid_reasons=()), "invalid_reasons", "empty"),
    (process(invalid_reasons=("Too late",)), "invalid_reasons[0]", "code_form"),
    (process(custom_fields=("budget", "my field")), "custom_fields[1]", "code_form"),
    (process(custom_roles=("legal", 3)), "custom_roles[1]", "wrong_type"),
    (process(origin=""), "origin", "empty"),
    (process(waived=["third: no_substance"]), "waived[0]", "unknown_waiver"),
    (process(waived=["stages[1]: no_substance"]), "waived[0]", "unknown_waiver"),
    (process(waived=["second: duplicate"]), "waived[0]", "unknown_waiver"),
    (process(waived=["second:no_substance"]), "waived[0]", "unknown_waiver"),
    (process(waived=[None]), "waived[0]", "wrong_type"),
    # a stage
    (process(stages=[FIRST, "second"]), "stages[1]", "wrong_type"),
    (process(stages=[FIRST, SECOND, SECOND]), "stages[2].code", "duplicate"),
    (second(code="second\n"), "stages[1].code", "code_form"),
    (second(code=5), "stages[1].code", "wrong_type"),
    (process(stages=[FIRST, SECOND, evolve(SECOND, code="won")]), "stages[2].code", "outcome_code"),
    (process(stages=[FIRST, SECOND, evolve(SECOND, code="lost")]), "stages[2].code", "outcome_code"),
    (process(stages=[FIRST, SECOND, evolve(SECOND, code="invalid")]), "stages[2].code", "outcome_code"),
    (first(code="x" * (LONGEST_CODE + 1)), "stages[0].code", "code_form"),
    (first(code="ｆirst"), "stages[0].code", "code_form"),
    (first(code="9th"), "stages[0].code", "code_form"),
    (first(name={"en": "a\u200b"}), "stages[0].name", "hidden_character"),
    (first(probability=-1), "stages[0].probability", "out_of_range"),
    (second(probability=101), "stages[1].probability", "out_of_range"),
    (second(probability="10"), "stages[1].probability", "wrong_type"),
    (first(starts_when=5), "stages[0].starts_when", "wrong_type"),
    (first(required_fields=["amuont"]), "stages[0].required_fields[0]", "unknown_field"),
    (first(required_fields=["custom.region"]), "stages[0].required_fields[0]", "unknown_field"),
    (first(required_fields=["custom."]), "stages[0].required_fields[0]", "unknown_field"),
    (first(required_fields=[RequiredField("x", ["full"])]), "stages[0].required_fields[0].field", "unknown_field"),
    (first(required_fields=["amount", "amount"]), "stages[0].required_fields[1]", "duplicate"),
    (first(required_fields=[3]), "stages[0].required_fields[0]", "wrong_type"),
    (process(stages=[MANY_FIELDS], custom_fields=MANY[1:]), "stages[0].required_fields", "too_many"),
    (first(required_fields=[RequiredField("team", ["x"])]), "stages[0].required_fields[0].routes[0]", "unknown_choice"),
    (first(procedures=["a", ""]), "stages[0].procedures[1]", "empty"),
    (first(procedures=["a", "a"]), "stages[0].procedures[1]", "duplicate"),
    (first(roles=["sales", "boss"]), "stages[0].roles[1]", "unknown_role"),
    (first(limit_days=0), "stages[0].limit_days", "out_of_range"),
    (first(limit_days=36_501), "stages[0].limit_days", "out_of_range"),
    (first(limit_days="5"), "stages[0].limit_days", "wrong_type"),
    (first(is_optional=1), "stages[0].is_optional", "wrong_type"),
    (first(origin=1), "stages[0].origin", "wrong_type"),
    # a task
    (tasks("call"), "stages[0].tasks[0]", "wrong_type"),
    (tasks(task("call"), task("call")), "stages[0].tasks[1].code", "duplicate"),
    (tasks(task("Call")), "stages[0].tasks[0].code", "code_form"),
    (tasks(task(None, is_core=True)), "stages[0].tasks[0].code", "wrong_type"),
    (tasks(task("call", "a\ud800")), "stages[0].tasks[0].name", "hidden_character"),
    (tasks(task("call", "a\u2028b")), "stages[0].tasks[0].name", "hidden_character"),
    (tasks(task("call", is_core="yes")), "stages[0].tasks[0].is_core", "wrong_type"),
    (tasks(CORE, task("b", is_core=True)), "stages[0].tasks[1].is_core", "second_core_task"),
    (tasks(task("a", routes=["full", "full"])), "stages[0].tasks[0].routes[1]", "duplicate"),
    (tasks(task("a", routes=[["full"]])), "stages[0].tasks[0].routes[0]", "wrong_type"),
    (tasks(task("a", origin=" ")), "stages[0].tasks[0].origin", "empty"),
]  # fmt: skip

DOUBTFUL = [
    (first(starts_when=" "), "stages[0].starts_when", "no_start_mark", "first"),
    (second(ends_when=""), "stages[1].ends_when", "no_end_mark", "second"),
    (second(procedures=()), "stages[1]", "no_substance", "second"),
    (second(probability=9), "stages[1].probability", "probability_falls", "second"),
    (second(tasks=[TaskTemplate("x"), CORE]), "stages[1].tasks[1].code", "core_task_repeated", "second"),
]  # fmt: skip

SILENT = [
    SOUND,
    process(version=2**31 - 1, name={}, customer_types=MANY[:MOST_ITEMS]),
    process(name={"zh-Hant-TW": "x" * 300, "en": "می\u200cخواهم"}, ends_when="x" * 1000),
    process(entry_from_lead=None, jump="free", win_from="any", lost_reasons=("price",), origin="us"),
    process(stages=[evolve(FIRST, code=f"s{n}", tasks=()) for n in range(MOST_STAGES)], entry_from_lead="s1"),
    first(tasks=[TaskTemplate(f"t{n}") for n in range(MOST_TASKS)]),
    first(code="x" * LONGEST_CODE, probability=0, limit_days=36_500, is_optional=True),
    second(probability=100, limit_days=1, roles=["owner", "sales", "joint", "after_sales", "presales"]),
    first(tasks=[TaskTemplate("call"), TaskTemplate("x", routes=["full", "fast_track", "partner"])]),
    second(tasks=[TaskTemplate("call"), TaskTemplate("x", is_core=True)]),
    second(procedures=(), tasks=[TaskTemplate("x")]),
    second(procedures=(), required_fields=["amount"]),
]


def told(found):
    """Place, code and weight of each finding."""
    return [(item.place, item.code, item.is_error) for item in found]


@pytest.mark.parametrize("template", SILENT)
def test_a_sound_template_has_no_findings(template):
    """PROC-3: at every limit, and with every choice, a sound template is passed in silence."""
    found = check_template(template, strict=True)

    assert told(found) == []
    assert len(found) == 0
    found.require()


@pytest.mark.parametrize(("template", "place", "code"), ERRONEOUS)
def test_an_error_is_found_at_its_place(template, place, code):
    """PROC-3: each error is found, alone, at its exact place, and stops the template from being used."""
    found = check_template(template)

    assert [(place, code, True)] == told(found)
    assert len(found.errors) == 1
    with pytest.raises(TemplateError) as refused:
        found.require()
    assert (f"{place}: {found.items[0].message}",) == refused.value.problems
    assert refused.value.args == pickle.loads(pickle.dumps(refused.value)).args


@pytest.mark.parametrize(("template", "place", "code", "stage"), DOUBTFUL)
def test_a_warning_is_found_made_an_error_and_waived(template, place, code, stage):
    """PROC-3: a warning does not stop a template, is an error where the caller says so, and can be waived by code."""
    found = check_template(template)
    waiver = f"{stage}: {code}"
    waived = evolve(template, waived=[waiver])

    assert [(place, code, False)] == told(found)
    assert waiver in found.warnings[0].message
    found.require()
    assert [(place, code, True)] == told(check_template(template, strict=True))
    assert told(check_template(waived, strict=True)) == []


def test_a_waiver_of_nothing_is_a_warning():
    """PROC-3: a waiver that matches nothing any more is reported, and stops nothing unless the caller is strict."""
    stale = process(waived=["second: no_substance"])

    assert told(check_template(stale)) == [("waived[0]", "waiver_unused", False)]
    assert told(check_template(stale, strict=True)) == [("waived[0]", "waiver_unused", True)]


def test_a_waiver_given_twice_is_an_error():
    """PROC-3: one waiver is enough."""
    twice = evolve(second(procedures=()), waived=["second: no_substance"] * 2)

    assert told(check_template(twice)) == [("waived[1]", "duplicate", True)]


def test_a_waiver_is_by_stage_code_and_outlives_a_new_stage():
    """PROC-3, PROC-9: putting a stage before the waived one changes its number and not what is waived."""
    waived = evolve(second(procedures=()), waived=["second: no_substance"])
    moved = evolve(waived, stages=[evolve(FIRST, code="zero", tasks=()), *waived.stages])

    assert [] == told(check_template(waived)) == told(check_template(moved))


def test_a_stage_without_a_readable_code_still_gets_its_warnings():
    """PROC-3: a stage whose code is no text is warned about, though nothing could waive that."""
    found = check_template(second(code=HUGE, procedures=()))

    assert told(found) == [
        ("stages[1].code", "wrong_type", True),
        ("stages[1]", "no_substance", False),
    ]
    assert "waived" not in found.warnings[0].message


def test_the_application_has_a_vocabulary_of_its_own():
    """PROC-3: roles and custom fields are known by the template, by the application, or not asked about at all."""
    template = first(roles=["boss"], required_fields=["custom.region"])
    places = ["stages[0].required_fields[0]", "stages[0].roles[0]"]

    assert places == [item.place for item in check_template(template)]
    assert told(check_template(template, roles={"boss"}, fields={"region"})) == []
    assert told(check_template(template, roles=None, fields=None)) == []
    assert places[:1] == [item.place for item in check_template(template, roles={"boss"}, fields={"custom.region"})]
    assert [item.code for item in check_template(first(required_fields=["x"]), fields=None)] == ["unknown_field"]


def test_every_problem_is_reported_at_once():
    """PROC-3: errors and warnings of all parts come together, in the order of the template."""
    template = process(
        version=0,
        entry_from_lead="third",
        stages=[evolve(FIRST, limit_days=0, roles=["boss"]), evolve(SECOND, code="first", ends_when="")],
    )

    assert told(check_template(template)) == [
        ("version", "out_of_range", True),
        ("entry_from_lead", "unknown_stage", True),
        ("stages[0].roles[0]", "unknown_role", True),
        ("stages[0].limit_days", "out_of_range", True),
        ("stages[1].code", "duplicate", True),
        ("stages[1].ends_when", "no_end_mark", False),
    ]


def test_too_many_stages_and_tasks():
    """PROC-3: a template has at most 50 stages, a stage at most 50 tasks; beyond that nothing is looked at."""
    stages = [evolve(FIRST, code=f"s{n}", tasks=()) for n in range(MOST_STAGES)]
    over = process(stages=[*stages, evolve(FIRST, code="bad code")])
    many = first(tasks=[*(TaskTemplate(f"t{n}") for n in range(MOST_TASKS)), TaskTemplate("bad code")])

    assert told(check_template(over)) == [("stages", "too_many", True)]
    assert told(check_template(many)) == [("stages[0].tasks", "too_many", True)]


def test_the_core_task_is_compared_across_stages_only():
    """PROC-3: two stages with one core task are noticed wherever they stand; a plain task may recur."""
    third = evolve(SECOND, code="third", tasks=[CORE])
    found = check_template(process(stages=[FIRST, SECOND, third]))

    assert told(found) == [("stages[2].tasks[0].code", "core_task_repeated", False)]
    assert "stages[0].tasks" in found.items[0].message


def test_the_probability_is_compared_with_the_last_sound_one():
    """PROC-3: a fall is seen across a stage whose probability is no number; the bad one is only reported itself."""
    percents: list[Any] = [50, "60", 101, 40, 40]
    stages = [evolve(SECOND, code=f"s{n}", probability=p) for n, p in enumerate(percents)]
    found = check_template(process(stages=stages))

    assert told(found) == [
        ("stages[1].probability", "wrong_type", True),
        ("stages[2].probability", "out_of_range", True),
        ("stages[3].probability", "probability_falls", False),
    ]


def test_very_many_errors_are_counted_and_not_listed():
    """REL-8: a template with thousands of errors is answered with the first 200 and the number of the others."""
    bad = [TaskTemplate(code) for code in ("No", "Nor", "Never") * 10]
    stages = [evolve(FIRST, code=f"s{n}", tasks=bad) for n in range(10)]
    found = check_template(process(stages=stages))

    assert len(found.errors) == MOST_ERRORS + 1
    assert told(found)[-1] == ("template", "more", True)
    assert f"{10 * len(bad) - MOST_ERRORS} more" in found.items[-1].message


def test_messages_show_harmless_pictures():
    """REL-8: a message shows no hidden character and no endless text, whatever the template holds."""
    endless = check_template(process(id="\u202e" * 5000))

    assert "\\u202e" in str(endless.items[0])
    assert len(str(endless.items[0])) < 500
    assert len(endless.template) <= LONGEST_CODE
    assert check_template(process(id=HUGE)).template == "?"
    assert "a huge number" in str(check_template(process(version=HUGE)).items[0])
    pictures = [(1.5, "1.5"), (True, "true"), (False, "false"), ([], "a list"), ({}, "a table"), (b"", "a bytes")]
    for value, shown in pictures:
        found = check_template(process(starts_when=value))
        assert str(found.items[0]) == f"starts_when: must be text, not {shown}"
    many = check_template(process(entry_from_lead="x", stages=[evolve(FIRST, code=code) for code in MANY[:-1]]))
    assert str(many.items[0]).endswith(", ...")
    assert "'a b'" in str(check_template(first(roles=["x"]), roles=["a b"]).items[0])


def test_only_a_template_is_checked():
    """PROC-3: handing over something else is the caller's mistake, not the template's."""
    with pytest.raises(InvalidInput, match="SalesProcess"):
        check_template(NOTHING)


def test_an_after_sales_process_has_no_approvals():
    """OPP-12, PROC-3: each stage that asks for one is an error with its place; elsewhere it is none."""
    process = evolve(APPROVED, stages=[*APPROVED.stages, Stage("after", approval="owner_superior")])
    errors = check_template(process, is_after_sales=True).errors
    assert [(error.place, error.code) for error in errors] == [
        ("stages[0].approval", "approval_beside"), ("stages[4].approval", "approval_beside"),
    ]  # fmt: skip
    own = evolve(APPROVED, stages=[Stage("only")], approvals=[ProcessApproval("lose", "owner_superior")])
    assert [error.place for error in check_template(own, is_after_sales=True).errors] == ["approvals"]
    assert check_template(process).errors == ()
    broken = check_template(evolve(process, stages=[NOTHING, *process.stages]), is_after_sales=True).errors
    assert [error.place for error in broken][-2:] == ["stages[1].approval", "stages[5].approval"]


def test_every_code_is_seen_to_fire():
    """PROC-3: the tables above show every error of a template and every warning; the rest are errors of a file."""
    of_files = {
        "too_large",
        "not_utf8",
        "too_deep",
        "key_too_deep",
        "too_many_values",
        "syntax",
        "unknown_key",
        "missing_key",
    }
    # those of automations in `test_automation_checks`
    fired = {code for _, _, code in (*ERRONEOUS, *RULE_ERRORS)} | {"more", "approval_beside"}
    fired |= {"one_action", "action_misfits"}
    # those of dialogs in the corpus of `tests/files`
    fired |= {"choices_misfit", "fill_misfits", "currency_misfit", "proposal_form", "not_reached"}

    assert set(ERRORS) - of_files == fired
    assert set(WARNINGS) == {code for _, _, code, _ in DOUBTFUL}


@given(sales_processes())
def test_generated_templates_are_sound(template):
    """PROC-1: what the strategy gives has no errors, so that whoever tests with it tests their own rules."""
    assert check_template(template).errors == ()


def test_a_finding_prints_with_its_place():
    """PROC-3: a finding reads as its place and what is wrong."""
    collector = FindingCollector()
    collector.error("stages[2].tasks[0].code", "empty")

    assert (Finding("stages[2].tasks[0].code", "empty", "must not be empty"),) == collector.findings()
    assert str(collector.findings()[0]) == "stages[2].tasks[0].code: must not be empty"
