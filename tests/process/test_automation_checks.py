"""Everything that can be wrong with an automation, each found at its place, and each seen to stay silent (RULE-3)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from salesflow.errors import InvalidInput, TemplateError
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, Condition, SalesProcess, Stage
from salesflow.process import sound_automations
from salesflow.process.automation import ACTIONS, HAPPENINGS
from salesflow.process.automation_checks import LONGEST_WAIT, MOST_AUTOMATIONS
from salesflow.process.checks import check_template

FIRST = Stage("first", starts_when="a", ends_when="b", procedures=["x"])
TASK = AutomaticTask("call", {"en": "Call", "zh": "联系"}, due_in_days=1, assignee="owner")
NOTICE = AutomaticNotice(
    ["team", "owner_superior"], "{customer} {title} {amount} {stage} {owner} {causer} {close_date}"
)
SOUND = Automation("greet", "stage_entered", stage="first", when=[Condition("amount")], create_task=TASK, origin="us")


def problems(*automations: Any, **given: Any) -> list[tuple[str, str]]:
    """The places and codes of what is wrong with a template of these automations."""
    template = SalesProcess("t", 1, [FIRST], automation=automations, custom_roles=["legal"], custom_fields=["budget"])
    return [(found.place, found.code) for found in check_template(template, **given)]


def automation(**values: Any) -> Automation:
    """A sound automation that makes a task, but for *values*."""
    return evolve(SOUND, **values)


def task(**values: Any) -> Automation:
    return automation(create_task=evolve(TASK, **values))


def notice(**values: Any) -> Automation:
    return automation(create_task=None, notify=evolve(NOTICE, **values))


def issue(kind: Any) -> Automation:
    return automation(create_task=None, issue_document=kind)


def call(name: Any) -> Automation:
    return automation(create_task=None, call=name)


GOOD = [
    SOUND, automation(stage=None, when=()), notice(), issue("quote"), issue("invoice"),
    evolve(issue("order"), on="won"), task(due_in_days=0), task(due_in_days=LONGEST_WAIT),
    task(assignee=None, name=""), task(assignee="role:legal"),
    task(assignee="person:li"), task(assignee="causer"), notice(to=["role:presales", "person:a b", "causer"]),
    notice(message={"zh": "赢单", "en": ""}), automation(when=[Condition("custom.budget", at_least="1 CNY")]),
    *(evolve(notice(), on=word) for word, happening in HAPPENINGS.items() if happening.record_kind == "opportunity"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(GOOD)))
def test_what_is_sound_is_silent(number: int):
    """RULE-3, PROC-3: every event and every action that a template may name."""
    assert problems(GOOD[number]) == []


WEIRD: Any = 5
BAD: list[tuple[Any, str, str]] = [
    (WEIRD, "", "wrong_type"),
    (automation(code="Greet"), ".code", "code_form"),
    (automation(code=WEIRD), ".code", "wrong_type"),
    (automation(on="opened"), ".on", "unknown_choice"),
    (automation(on="lead_assigned"), ".on", "unknown_choice"),
    (automation(on="import os"), ".on", "unknown_choice"),
    (automation(on=WEIRD), ".on", "wrong_type"),
    (automation(stage="second"), ".stage", "unknown_stage"),
    (automation(stage=WEIRD), ".stage", "wrong_type"),
    (automation(when=[Condition("colour")]), ".when[0].field", "unknown_field"),
    (automation(when=[Condition("amount", at_least="much")]), ".when[0].at_least", "wrong_value"),
    (automation(when=["amount"]), ".when[0]", "wrong_type"),
    (automation(when=[Condition("amount")] * 51), ".when", "too_many"),
    (automation(origin=""), ".origin", "empty"),
    (automation(create_task=None), "", "one_action"),
    (automation(notify=NOTICE), "", "one_action"),
    (automation(call="h"), "", "one_action"),
    (task(code="a b"), ".create_task.code", "code_form"),
    (task(name="a\u202eb"), ".create_task.name", "hidden_character"),
    (task(name="x" * 301), ".create_task.name", "too_long"),
    (task(due_in_days=-1), ".create_task.due_in_days", "out_of_range"),
    (task(due_in_days=LONGEST_WAIT + 1), ".create_task.due_in_days", "out_of_range"),
    (task(due_in_days=True), ".create_task.due_in_days", "wrong_type"),
    (task(assignee="team"), ".create_task.assignee", "unknown_choice"),
    (task(assignee="li"), ".create_task.assignee", "unknown_choice"),
    (task(assignee="person: "), ".create_task.assignee", "empty"),
    (task(assignee="role:pilot"), ".create_task.assignee", "unknown_role"),
    (task(assignee=WEIRD), ".create_task.assignee", "wrong_type"),
    (automation(create_task=WEIRD), ".create_task", "wrong_type"),
    *((automation(on=word), ".create_task", "action_misfits") for word in ("won", "lost", "invalidated")),
    *((evolve(issue("order"), on=word), ".issue_document", "action_misfits") for word in ("lost", "invalidated")),
    (notice(to=[]), ".notify.to", "empty"),
    (notice(to=["everybody"]), ".notify.to[0]", "unknown_choice"),
    (notice(to=["owner", "owner"]), ".notify.to[1]", "duplicate"),
    (notice(to=[WEIRD]), ".notify.to[0]", "wrong_type"),
    (notice(to=[f"person:{n}" for n in range(51)]), ".notify.to", "too_many"),
    (notice(message=""), ".notify.message", "empty"),
    (notice(message={"en": " ", "zh": ""}), ".notify.message", "empty"),
    (notice(message="{customer.name}"), ".notify.message", "unknown_choice"),
    (notice(message="{0.__class__.__mro__}"), ".notify.message", "unknown_choice"),
    (notice(message="{title!r:>9999}"), ".notify.message", "unknown_choice"),
    (notice(message="half {title"), ".notify.message", "unknown_choice"),
    (notice(message="half title}"), ".notify.message", "unknown_choice"),
    (notice(message="{{title}}"), ".notify.message", "unknown_choice"),
    (notice(message={"en": WEIRD}), ".notify.message", "wrong_type"),
    (notice(message={"english": "x"}), ".notify.message.english", "language_form"),
    (automation(create_task=None, notify=WEIRD), ".notify", "wrong_type"),
    (issue("receipt"), ".issue_document", "unknown_choice"),
    (issue(WEIRD), ".issue_document", "wrong_type"),
    (call(""), ".call", "code_form"),
    (call("os.system"), ".call", "code_form"),
    (call(WEIRD), ".call", "wrong_type"),
    (call("a\nb"), ".call", "code_form"),
    (call("h" * 61), ".call", "code_form"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_what_is_wrong_is_found_at_its_place(number: int):
    """RULE-3, PROC-3, REL-8: whatever the automation holds, by a code and a place, and nothing is raised."""
    one, place, code = BAD[number]
    assert (f"automation[1]{place}", code) in problems(GOOD[0], evolve(one, code="other") if (
        isinstance(one, Automation) and one.code == SOUND.code) else one)  # fmt: skip
    with pytest.raises(TemplateError):
        check_template(SalesProcess("t", 1, [FIRST], automation=[one])).require()


def test_codes_are_unique_and_not_too_many():
    """RULE-3: an automation's code is part of what tells its deliveries apart."""
    assert problems(SOUND, notice()) == [("automation[1].code", "duplicate")]
    many = [automation(code=f"c{n}") for n in range(MOST_AUTOMATIONS + 1)]
    assert problems(*many) == [("automation", "too_many")]
    assert problems(*many[1:]) == []


def test_a_handler_that_nobody_registered_is_a_warning():
    """RULE-3: a file cannot know what an application registers; whoever checks it may say so."""
    assert problems(call("tell_erp")) == [("automation[0].call", "handler_needed")]
    assert problems(call("tell_erp"), handlers=["tell_erp"]) == []
    assert problems(call("tell_erp"), handlers=None) == []
    (found,) = check_template(SalesProcess("t", 1, [FIRST], automation=[call("tell_erp")]))
    assert not found.is_error
    assert check_template(SalesProcess("t", 1, [FIRST], automation=[call("tell_erp")]), strict=True).errors


def test_exactly_one_action():
    """RULE-3: none and several are wrong, each alone is right."""
    each: dict[str, Any] = {"create_task": TASK, "notify": NOTICE, "issue_document": "quote", "call": "h"}
    assert set(each) == set(ACTIONS)
    for name, action in each.items():
        assert problems(Automation("x", "stage_entered", **{name: action}), handlers=["h"]) == []
    assert problems(Automation("x", "stage_entered")) == [("automation[0]", "one_action")]
    assert problems(Automation("x", "stage_entered", **each), handlers=["h"]) == [("automation[0]", "one_action")]


APPLICATION = [
    Automation("a", "lead_assigned", notify=AutomaticNotice(["owner", "person:zhou"], "{title} {customer}")),
    Automation("b", "lead_converted", when=[Condition("source", equals="fair")], call="h"),
    Automation("d", "won", stage="anywhere", issue_document="contract"),
    Automation("e", "stage_entered", create_task=AutomaticTask("t", assignee="role:pilot")),
]


def test_an_application_speaks_of_leads_and_of_every_process():
    """RULE-3: its automations may name any stage, role and field, since it serves every template."""
    assert sound_automations(APPLICATION) == tuple(APPLICATION)
    assert sound_automations(()) == ()
    assert sound_automations(iter(APPLICATION[:1])) == (APPLICATION[0],)


@pytest.mark.parametrize(
    ("automations", "named"),
    [
        (5, "list"),
        ("won", "automation[0]"),
        ([5], "automation[0]"),
        ([Automation("a", "opened", call="h")], "automation[0].on"),
        ([APPLICATION[0], APPLICATION[0]], "automation[1].code"),
        ([Automation("a", "lead_assigned", create_task=TASK)], "automation[0].create_task"),
        ([Automation("a", "lead_assigned", stage="first", call="h")], "automation[0].stage"),
        ([Automation("a", "lead_assigned", issue_document="quote")], "automation[0].issue_document"),
        ([Automation("a", "lead_assigned", notify=AutomaticNotice(["team"], "x"))], "automation[0].notify.to[0]"),
        ([Automation("a", "lead_assigned", notify=AutomaticNotice(["role:sales"], "x"))], "automation[0].notify.to[0]"),
        ([Automation("a", "lead_assigned", when=[Condition("amount")], call="h")], "automation[0].when[0].field"),
        ([Automation("a", "won", when=[Condition("phone")], call="h")], "automation[0].when[0].field"),
    ],
)
def test_what_an_application_gets_wrong_is_its_own_fault(automations: Any, named: str):
    """RULE-3: every problem at once, with its place, when the flow is made."""
    with pytest.raises(InvalidInput, match="automation") as caught:
        sound_automations(automations)
    assert named in str(caught.value)
