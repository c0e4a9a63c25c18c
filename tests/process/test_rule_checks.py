"""Everything that can be wrong with the rules and approvals of a template, each found alone at its place (PROC-3)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from salesflow.model import Condition, Label, ProcessApproval, ProcessRule, SalesProcess, Stage
from salesflow.process.checks import check_template
from salesflow.process.rules import RULE_OPERATIONS
from salesflow.process.value_checks import MOST_ITEMS

FIRST = Stage("first", approval="owner_superior")
SECOND = Stage("second")
SOUND_RULE = ProcessRule("worth_it", ["advance"], [Condition("amount", at_least="1000 CNY")], "It must be worth it")
SOUND = SalesProcess("mine", 1, [FIRST, SECOND], custom_fields=["budget"], custom_roles=["legal"])
MANY_RULES = [evolve(SOUND_RULE, code=f"r{n}") for n in range(51)]
NOTHING: Any = None


def process(*rules: Any, **values: Any) -> SalesProcess:
    """A sound template but for these rules and *values*."""
    return evolve(SOUND, rules=rules, **values)


def rule(**values: Any) -> SalesProcess:
    """A template with one rule that is sound but for *values*."""
    return process(evolve(SOUND_RULE, **values))


def need(field: Any, **values: Any) -> SalesProcess:
    """A template with a rule that needs this."""
    return rule(needs=[Condition(field, **values)])


def approvals(*made: Any, last: str | None = None) -> SalesProcess:
    return evolve(SOUND, stages=[FIRST, evolve(SECOND, approval=last)], approvals=made)


def staged(approval: Any, **values: Any) -> SalesProcess:
    return evolve(SOUND, stages=[evolve(FIRST, approval=approval, **values), SECOND])


LONG = "x" * 301
AT = "rules[0].needs[0]"
ERRONEOUS: list[tuple[SalesProcess, str, str]] = [
    (process("amount > 1000"), "rules[0]", "wrong_type"),
    (process(*MANY_RULES), "rules", "too_many"),
    (process(SOUND_RULE, SOUND_RULE), "rules[1].code", "duplicate"),
    (rule(code="Worth it"), "rules[0].code", "code_form"),
    (rule(code=NOTHING), "rules[0].code", "wrong_type"),
    (rule(before=["sell"]), "rules[0].before[0]", "unknown_choice"),
    (rule(before=["opportunities.win"]), "rules[0].before[0]", "unknown_choice"),
    (rule(before=["win", "win"]), "rules[0].before[1]", "duplicate"),
    (rule(before=[7]), "rules[0].before[0]", "wrong_type"),
    (rule(before=[]), "rules[0].before", "empty"),
    (rule(needs=[]), "rules[0].needs", "empty"),
    (rule(needs=["amount"]), AT, "wrong_type"),
    (rule(needs=[Condition("amount")] * (MOST_ITEMS + 1)), "rules[0].needs", "too_many"),
    (rule(message=""), "rules[0].message", "empty"),
    (rule(message={"zh": " "}), "rules[0].message", "empty"),
    (rule(message={"en": "a\u202eb"}), "rules[0].message", "hidden_character"),
    (rule(message={"en": "x", "zh_CN": "y"}), "rules[0].message.zh_CN", "language_form"),
    (rule(message=Label([("en", "a"), ("de", LONG)])), "rules[0].message.de", "too_long"),
    (rule(stages=["third"]), "rules[0].stages[0]", "unknown_stage"),
    (rule(stages=["first", "first"]), "rules[0].stages[1]", "duplicate"),
    (rule(stages=[1]), "rules[0].stages[0]", "wrong_type"),
    (rule(when=[Condition("sorce")]), "rules[0].when[0].field", "unknown_field"),
    (rule(when=[3]), "rules[0].when[0]", "wrong_type"),
    (need("phone"), f"{AT}.field", "unknown_field"),
    (need("custom.region"), f"{AT}.field", "unknown_field"),
    (need("custom."), f"{AT}.field", "unknown_field"),
    (need("amount.currency"), f"{AT}.field", "unknown_field"),
    (need(NOTHING), f"{AT}.field", "wrong_type"),
    (need("source", equals=5), f"{AT}.equals", "wrong_value"),
    (need("source", equals={"a": 1}), f"{AT}.equals", "wrong_value"),
    (need("source", equals="a\nb"), f"{AT}.equals", "hidden_character"),
    (need("source", equals=LONG), f"{AT}.equals", "too_long"),
    (need("team", equals="feng"), f"{AT}.equals", "wrong_value"),
    (need("led_by", equals="them"), f"{AT}.equals", "wrong_value"),
    (need("grade", one_of=["A", "F"]), f"{AT}.one_of[1]", "wrong_value"),
    (need("source", one_of="web"), f"{AT}.one_of", "wrong_type"),
    (need("source", one_of=[]), f"{AT}.one_of", "empty"),
    (need("source", one_of=[f"s{n}" for n in range(MOST_ITEMS + 1)]), f"{AT}.one_of", "too_many"),
    (need("source", at_least="web"), f"{AT}.at_least", "no_order"),
    (need("grade", at_most="B"), f"{AT}.at_most", "no_order"),
    (need("custom.budget", at_most=True), f"{AT}.at_most", "no_order"),
    (need("custom.budget", at_least="high"), f"{AT}.at_least", "no_order"),
    (need("custom.budget", equals=1.5), f"{AT}.equals", "wrong_value"),
    (need("amount", at_least=1000), f"{AT}.at_least", "wrong_value"),
    (need("amount", at_least="1000"), f"{AT}.at_least", "wrong_value"),
    (need("amount", at_least="1e999999 CNY"), f"{AT}.at_least", "wrong_value"),
    (need("amount", at_least="NaN CNY"), f"{AT}.at_least", "wrong_value"),
    (need("amount", at_most="1000 yuan"), f"{AT}.at_most", "wrong_value"),
    (need("close_date", at_most="31.5.2026"), f"{AT}.at_most", "wrong_value"),
    (need("probability", at_least="40"), f"{AT}.at_least", "wrong_value"),
    (need("probability", at_least=1.5), f"{AT}.at_least", "wrong_value"),
    # approvals
    (approvals("win"), "approvals[0]", "wrong_type"),
    (approvals(ProcessApproval("advance", "owner_superior")), "approvals[0].before", "unknown_choice"),
    (approvals(ProcessApproval(NOTHING, "owner_superior")), "approvals[0].before", "wrong_type"),
    (
        approvals(ProcessApproval("win", "owner_superior"), ProcessApproval("win", "person:li")),
        "approvals[1].before", "duplicate",
    ),
    (
        approvals(*(ProcessApproval(word, "person:li") for word in ("win", "lose", "invalidate", "more"))),
        "approvals", "too_many",
    ),
    (approvals(ProcessApproval("win", "boss")), "approvals[0].approver", "unknown_approver"),
    (approvals(ProcessApproval("win", "")), "approvals[0].approver", "unknown_approver"),
    (approvals(ProcessApproval("win", "person:")), "approvals[0].approver", "unknown_approver"),
    (approvals(ProcessApproval("win", "person: ")), "approvals[0].approver", "unknown_approver"),
    (approvals(ProcessApproval("win", "person:l\u200bi")), "approvals[0].approver", "hidden_character"),
    (approvals(ProcessApproval("win", "person:" + "x" * 301)), "approvals[0].approver", "too_long"),
    (approvals(ProcessApproval("win", "role:boss")), "approvals[0].approver", "unknown_role"),
    (approvals(ProcessApproval("win", 5)), "approvals[0].approver", "wrong_type"),  # type: ignore[arg-type]
    (approvals(ProcessApproval("win", "person:li"), last="role:legal"), "approvals[0].approver", "approvers_differ"),
    (
        approvals(ProcessApproval("win", "owner_superior", expires_after_days=0)),
        "approvals[0].expires_after_days", "out_of_range",
    ),
    (staged("boss"), "stages[0].approval", "unknown_approver"),
    (staged("role:boss"), "stages[0].approval", "unknown_role"),
    (staged(True), "stages[0].approval", "wrong_type"),
    (staged("person:li", approval_expires_after_days="7"), "stages[0].approval_expires_after_days", "wrong_type"),
    (staged(None, approval_expires_after_days=7), "stages[0].approval_expires_after_days", "nothing_expires"),
]  # fmt: skip

SILENT = [
    SOUND,
    rule(before=RULE_OPERATIONS, stages=["first", "second"], message={"zh": "须值得"}),
    process(*MANY_RULES[:50]),
    rule(needs=[Condition("amount", at_least="0.01 EUR", at_most="99999999 EUR")] * MOST_ITEMS),
    need("source", one_of=["web", "x" * 300]),
    need("custom.budget", equals=True),
    need("custom.budget", one_of=["yes", 1, False]),
    need("custom.budget", at_least="5 CNY", at_most=9),
    rule(when=[Condition("grade", one_of=["A", "B"]), Condition("led_by", equals="us"), Condition("team")]),
    approvals(*(ProcessApproval(word, "role:legal", expires_after_days=1) for word in ("win", "lose", "invalidate"))),
    approvals(ProcessApproval("win", "person:李"), ProcessApproval("lose", "role:presales"), last="person:李"),
    approvals(ProcessApproval("lose", "person:li"), last="role:legal"),
    staged("role:legal", approval_expires_after_days=36_500),
]


@pytest.mark.parametrize("template", SILENT)
def test_sound_rules_and_approvals_have_no_findings(template: SalesProcess):
    """RULE-1, RULE-2, PROC-3: at every limit and with every choice they are passed in silence."""
    assert check_template(template).errors == ()


@pytest.mark.parametrize(("template", "place", "code"), ERRONEOUS)
def test_an_error_is_found_at_its_place(template: SalesProcess, place: str, code: str):
    """RULE-1, RULE-2, PROC-3: each error is found, alone, at its exact place."""
    assert [(found.place, found.code) for found in check_template(template).errors] == [(place, code)]


def test_the_application_has_a_vocabulary_of_its_own():
    """PROC-3: roles and custom fields that the application knows need not be declared; None takes any."""
    asked = evolve(approvals(ProcessApproval("win", "role:boss")), rules=need("custom.region").rules)
    assert len(check_template(asked).errors) == 2
    assert check_template(asked, roles=["boss"], fields=["region"]).errors == ()
    assert check_template(asked, roles=None, fields=None).errors == ()
    nobody = approvals(ProcessApproval("win", "role: "))
    assert [found.code for found in check_template(nobody, roles=None).errors] == ["empty"]


def test_winning_is_compared_with_a_last_stage_that_is_one():
    """PROC-3: what is wrong with the stages is told for itself."""
    broken = evolve(approvals(ProcessApproval("win", "person:li")), stages=())
    assert [found.code for found in check_template(broken).errors] == ["no_stage"]
    broken = evolve(broken, stages=[NOTHING])
    assert [found.code for found in check_template(broken).errors] == ["wrong_type"]


def test_a_message_names_what_would_do():
    """PROC-3: what a value must be, and whom an approval may name."""

    def message(template: SalesProcess) -> str:
        return check_template(template).errors[0].message

    assert message(need("amount", at_least="1000")) == "'1000' must be money, such as '1000 CNY'"
    assert "'owner_superior', 'person:ID' or 'role:TEAM_ROLE'" in message(staged("boss"))
    assert message(need("grade", equals="F")) == "'F' must be one of A, B, C, D, E"
    assert "custom.budget" in message(need("phone"))
