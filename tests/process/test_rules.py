"""Business rules of a template: what they bind, what they look at, and that all broken ones are told (RULE-1)."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import (
    Condition,
    Decision,
    Label,
    LedBy,
    Opportunity,
    OpportunityStatus,
    ProcessRule,
    Reason,
    SalesProcess,
)
from salesflow.model.conditions import compile_condition
from salesflow.process import compile, diff, grant, start_after_sales
from salesflow.process.after_sales import advance_after_sales, finish_after_sales
from salesflow.process.approvals import find_waiting, request_approval
from salesflow.process.asked_approvals import AskedApproval
from salesflow.process.machine import StockMachine
from salesflow.process.rules import RULE_OPERATIONS, broken_rules
from salesflow.testing.strategies.templates import conditions
from tests.process.samples import (
    ANYWHERE,
    APPROVED,
    AT,
    BY,
    DAY,
    MINE,
    WORTH,
    at_stage,
    closed,
    codes,
    created,
    does,
    opened,
    ready,
)

SOURCED = ProcessRule(
    "sourced", ["advance"], [Condition("source")], {"en": "Say where it came from", "zh": "请填写来源"}
)


def ruled(*rules: ProcessRule, process: SalesProcess = MINE) -> SalesProcess:
    return evolve(process, rules=rules)


def bound_to(*operations: str, **values: Any) -> ProcessRule:
    return evolve(SOURCED, before=operations, **values)


def moved(engine: Any, operation: str, record: Opportunity) -> Decision:
    """Do *operation* so that only a rule could stand in its way."""
    if operation == "change_stage":
        back = record.stage == "sign"
        return engine.change_stage(record, "quote" if back else "sign", reason="r", **BY)
    extra: dict[str, Any] = {"win": DAY, "lose": {**DAY, "reason": "price"}, "invalidate": {**DAY, "reason": "other"}}
    return getattr(engine, operation)(record, **extra.get(operation, BY))


def standing(operation: str, process: SalesProcess) -> Opportunity:
    """A record of *process* that can do *operation*, rules aside."""
    free = ruled(process=process)
    return closed(OpportunityStatus.LOST, free) if operation == "reopen" else ready(free)


def broken(decision: Decision) -> list[str]:
    """The rules that stand in the way."""
    return [reason.facts["rule"] for reason in decision.reasons if reason.code == "rule_broken"]


MOVES = ("advance", "change_stage", "win", "lose", "invalidate", "reopen")


@pytest.mark.parametrize("operation", MOVES)
@pytest.mark.parametrize("other", MOVES)
def test_a_rule_binds_its_operation_and_no_other(operation: str, other: str):
    """RULE-1: before each operation in turn it refuses where it is broken, passes where it holds, binds no other."""
    process = ruled(bound_to(operation), process=ANYWHERE)
    record = standing(other, process)
    decision = moved(compile(process), other, record)
    assert [reason.code for reason in decision.reasons] == (["rule_broken"] if operation == other else [])
    assert moved(compile(process), other, evolve(record, source="web")).is_allowed
    assert moved(compile(process, StockMachine), other, record) == decision


def test_a_broken_rule_tells_its_code_its_message_and_what_it_needs():
    """RULE-1: in every language that the template has."""
    rule = bound_to(
        "advance", needs=[Condition("source", one_of=["web", "fair"]), Condition("amount"), Condition("team")]
    )
    (reason,) = compile(ruled(rule)).advance(ready(), **BY).reasons
    assert reason == Reason(
        "rule_broken", rule="sourced", message=rule.message, needs=("source is one of web, fair", "team is filled")
    )
    assert str(reason) == "Say where it came from (rule 'sourced')"
    assert reason.facts["message"].text("zh") == "请填写来源"


def test_all_failures_are_told_together():
    """RULE-1: each broken rule, in the template's order, beside every other reason; a rule that holds is silent."""
    rules = [
        SOURCED,
        ProcessRule("worth_it", ["advance"], [Condition("amount", at_least="2000000 CNY")], "Too small"),
        ProcessRule("known", ["advance"], [Condition("customer")], "Who is it?"),
        ProcessRule("teamwork", ["win", "advance"], [Condition("team")], "Not alone"),
    ]
    decision = compile(ruled(*rules)).advance(opened(ruled(*rules)), **BY)
    assert [(r.code, r.facts.get("rule")) for r in decision.reasons] == [
        ("field_empty", None), ("task_open", None), ("task_open", None),
        ("rule_broken", "sourced"), ("rule_broken", "worth_it"), ("rule_broken", "teamwork"),
    ]  # fmt: skip


def test_stages_and_conditions_narrow_a_rule():
    """RULE-1: it binds in its stages only, and only where all of `when` holds; what is absent never matches."""
    process = ruled(bound_to("advance", stages=["demo", "quote"]))
    engine = compile(process)
    assert engine.advance(ready(process), **BY).is_allowed
    assert codes(engine.advance(at_stage("demo", ruled()), **BY)) == ["rule_broken"]
    when = [Condition("led_by", equals="partner"), Condition("amount", at_least="1 CNY")]
    engine = compile(ruled(bound_to("advance", when=when)))
    record = ready()
    assert engine.advance(record, **BY).is_allowed
    assert codes(engine.advance(evolve(record, led_by=LedBy.PARTNER), **BY)) == ["rule_broken"]
    assert codes(engine.advance(evolve(record, led_by=LedBy.PARTNER, amount=None), **BY)) == ["field_empty"]


def test_entering_the_next_stage_is_an_advance_whatever_it_is_called():
    """RULE-1, OPP-6: changing to the next stage with nothing left open is an advance; with something open, a jump."""
    engine = compile(ruled(bound_to("advance")))
    assert codes(engine.change_stage(ready(), "demo", reason="r", **BY)) == ["rule_broken"]
    assert engine.change_stage(opened(amount=WORTH), "demo", reason="r", **BY).is_allowed
    assert engine.change_stage(ready(), "quote", reason="r", **BY).is_allowed
    engine = compile(ruled(bound_to("change_stage")))
    assert engine.change_stage(ready(), "demo", reason="r", **BY).is_allowed
    assert codes(engine.change_stage(opened(amount=WORTH), "demo", reason="r", **BY)) == ["rule_broken"]
    back = at_stage("quote")
    assert codes(engine.change_stage(back, "talk", reason="r", **BY)) == ["rule_broken"]


def test_a_new_opportunity_is_looked_at_as_it_would_be_made():
    """RULE-1, OPP-1: before `create`; a lead's conversion makes one in the same way; its stages are where it enters."""
    process = ruled(bound_to("create"), evolve(SOURCED, code="small", before=["create"], needs=[Condition("amount")]))
    made, decision = created(process)
    assert (made, [r.facts["rule"] for r in decision.reasons]) == (None, ["sourced", "small"])
    assert created(process, source="web", amount=WORTH)[1].is_allowed
    late = ruled(bound_to("create", stages=["quote"]))
    assert created(late)[1].is_allowed
    assert codes(created(late, stage="quote", reason="r")[1]) == ["rule_broken"]
    refused = created(process, stage="quote", amount=WORTH)[1]
    assert codes(refused) == ["reason_missing", "rule_broken"]


def test_leaving_for_another_process_asks_the_rules_that_are_left():
    """RULE-1, OPP-9: before `change_process`, of the record as it stands."""
    process = ruled(bound_to("change_process"))
    assert [r.facts["rule"] for r in broken_rules(process, "change_process", ready())] == ["sourced"]
    assert list(broken_rules(process, "change_process", evolve(ready(), source="web"))) == []
    assert list(broken_rules(process, "advance", ready())) == []


def test_rules_are_checked_again_when_an_approval_is_granted():
    """RULE-1, RULE-2: what waited is asked of the rules as of all else."""
    process = ruled(SOURCED, process=APPROVED)
    engine = compile(process)
    record = evolve(ready(process), source="web")
    blockers = engine.advance(record, **BY).reasons
    asked = (AskedApproval("owner_superior", None),)
    waiting = does(record, request_approval(record, "advance", (), blockers, asked=asked, has_approver=True, **BY))
    unsourced = evolve(waiting, source=None)
    builder: Any = grant(unsourced, find_waiting(unsourced, None, AT), None, by="zhang", at=AT)  # type: ignore[arg-type]
    assert codes(engine.advance(unsourced, approved=builder, **BY)) == ["rule_broken"]
    assert codes(request_approval(record, "advance", (), engine.advance(evolve(record, source=None), **BY).reasons,
                                  asked=asked, has_approver=True, **BY)) == ["rule_broken"]  # fmt: skip


def test_after_sales_keeps_the_rules_of_its_template():
    """RULE-1, OPP-12: in a process that runs as after-sales, `advance` and `win` are its next and its finish."""
    service = evolve(ruled(bound_to("advance"), evolve(SOURCED, code="paid", before=["win"])), id="service")
    short = evolve(service, stages=service.stages[:2])
    engine = compile(short)
    record = closed(OpportunityStatus.WON)
    record = does(record, start_after_sales(record, engine, **BY))
    assert broken(advance_after_sales(record, engine, **BY)) == ["sourced"]
    assert broken(advance_after_sales(evolve(record, source="web"), engine, **BY)) == []
    (running,) = record.after_sales
    last = evolve(record, after_sales=(evolve(running, stage="demo"),))
    assert broken(finish_after_sales(last, engine, **BY)) == ["paid"]
    assert broken(finish_after_sales(evolve(last, source="web"), engine, **BY)) == []


def test_a_migration_asks_no_rule_and_the_difference_names_them():
    """RULE-1, PROC-6: the rules guard moves; what the new version asks for stands in the way of the next one."""
    old = ruled(SOURCED, evolve(SOURCED, code="gone"))
    new = evolve(old, version=2, rules=[evolve(SOURCED, before=["win"]), evolve(SOURCED, code="added")])
    assert [str(change).split(":")[0] for change in diff(old, new).changes] == [
        "removed rules.gone", "added rules.added", "changed rules.sourced.before",
    ]  # fmt: skip
    assert diff(old, new).removed_stages == ()


@given(st.lists(conditions(["budget"]), min_size=1, max_size=3), st.booleans())
def test_a_rule_holds_exactly_where_every_need_does(needs: list[Condition], is_sourced: bool):
    """RULE-1: by itself each need decides as it does beside others; the reason names those that are not met."""
    process = ruled(bound_to("lose", needs=needs), process=evolve(MINE, custom_fields=["budget"]))
    record = evolve(opened(), source="web" if is_sourced else None)
    unmet = tuple(str(need) for need in needs if not compile_condition(need, "opportunity")(record))
    decision = compile(process).lose(record, reason="price", **DAY)
    assert [r.facts["needs"] for r in decision.reasons] == ([unmet] if unmet else [])


def test_every_operation_is_one_that_something_asks():
    """RULE-1: the closed list is what the tests above refuse with; a rule before anything else is no rule."""
    assert set(RULE_OPERATIONS) == {*MOVES, "create", "change_process"}
    assert Label("x") == ProcessRule("a", (), (), "x").message
