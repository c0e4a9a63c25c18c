"""Stage templates: small ones, sound by `salesflow.process.checks` (errors none, warnings possible)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from salesflow.model import (
    Condition,
    Jump,
    Label,
    ProcessApproval,
    ProcessRule,
    RequiredField,
    Route,
    SalesProcess,
    Stage,
    TaskTemplate,
    TeamRole,
    WinFrom,
)
from salesflow.model.conditions import CUSTOM, OPPORTUNITY_FIELDS, ValueType
from salesflow.process.asked_approvals import PROCESS_APPROVABLE
from salesflow.process.findings import WARNINGS
from salesflow.process.requirements import FIELDS
from salesflow.process.rules import RULE_OPERATIONS
from salesflow.testing.strategies.automation import automations

STAGE_CODES = ("a", "b", "talks", "quote", "stage_9", "x" * 60)
"""The codes of stages: few, so that templates share some."""

TASK_CODES = ("t", "call", "visit_2", "y" * 60)
"""The codes of tasks: few, so that stages share some."""

_LINES = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), max_size=12) | st.sampled_from(
    ('"', "'''", "\\", '"""', "# no comment", "a.b = [", "商机", "e\u0301", "می\u200cخواهم")
)
_NAMES = _LINES.filter(lambda text: bool(text.strip()))
_ORIGINS = st.none() | _NAMES
_ROUTES = st.lists(st.sampled_from(Route), unique=True, max_size=2)
_REASONS = st.lists(st.sampled_from(("price", "late", "other")), unique=True, min_size=1)
_MESSAGES = st.sampled_from((Label("no"), Label({"zh": "不可"}), Label({"en": "No: {amount}", "zh": "不可"})))
_LABELS = st.builds(Label, st.dictionaries(st.sampled_from(("en", "zh", "zh-TW")), _LINES, max_size=2) | _LINES)


@st.composite
def sales_processes(draw: st.DrawFn, *, least_stages: int = 1, most_stages: int = 4) -> SalesProcess:
    """
    Sound templates, biased small; every field takes its default and other values.

    Args:
        least_stages, most_stages: How many stages, 1 to 6.

    Source: PROC-1, PROC-3.
    """
    codes = draw(st.lists(st.sampled_from(STAGE_CODES), unique=True, min_size=least_stages, max_size=most_stages))
    custom_fields = draw(st.lists(st.sampled_from(("budget", "region")), unique=True))
    custom_roles = draw(st.lists(st.sampled_from(("legal", "技术总监")), unique=True))
    fields = [*FIELDS, *(CUSTOM + name for name in custom_fields)]
    roles = [*TeamRole, *custom_roles]
    waivers = [f"{code}: {warning}" for code in codes for warning in WARNINGS]
    stages = [draw(_stages(code, fields, roles)) for code in codes]
    return SalesProcess(
        draw(st.sampled_from(("p", "process_2", "z" * 60))),
        draw(st.integers(1, 3) | st.just(2**31 - 1)),
        stages,
        name=draw(_LABELS),
        customer_types=draw(st.lists(_NAMES, unique=True, max_size=2)),
        starts_when=draw(_LINES),
        ends_when=draw(_LINES),
        jump=draw(st.sampled_from(Jump)),
        win_from=draw(st.sampled_from(WinFrom)),
        entry_from_lead=draw(st.none() | st.sampled_from(codes)),
        lost_reasons=draw(_REASONS),
        invalid_reasons=draw(_REASONS),
        custom_fields=custom_fields,
        custom_roles=custom_roles,
        rules=draw(st.just(()) | st.lists(_rules(codes, custom_fields), max_size=2, unique_by=lambda rule: rule.code)),
        approvals=draw(_approvals(roles, stages[-1].approval)),
        automation=draw(
            st.lists(automations(codes, roles, conditions(custom_fields)), max_size=2, unique_by=lambda one: one.code)
        ),
        waived=draw(st.lists(st.sampled_from(waivers), unique=True, max_size=3)),
        origin=draw(_ORIGINS),
    )


@st.composite
def _stages(draw: st.DrawFn, code: str, fields: list[str], roles: list[str]) -> Stage:
    required = draw(st.lists(st.sampled_from(fields), unique=True, max_size=3))
    tasks = draw(st.lists(st.sampled_from(TASK_CODES), unique=True, max_size=3))
    core = draw(st.none() | st.sampled_from(tasks)) if tasks else None
    return Stage(
        code,
        draw(_LABELS),
        probability=draw(st.integers(0, 100)),
        starts_when=draw(_LINES),
        ends_when=draw(_LINES),
        required_fields=[RequiredField(field, draw(_ROUTES)) for field in required],
        tasks=[
            TaskTemplate(task, draw(_LABELS), is_core=task == core, routes=draw(_ROUTES), origin=draw(_ORIGINS))
            for task in tasks
        ],
        procedures=draw(st.lists(_NAMES, unique=True, max_size=2)),
        roles=draw(st.lists(st.sampled_from(roles), unique=True, max_size=2)),
        limit_days=draw(st.none() | st.integers(1, 36_500)),
        is_optional=draw(st.booleans()),
        origin=draw(_ORIGINS),
        **draw(_stage_approvals(roles)),
    )


def _approvers(roles: list[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(("owner_superior", "owner_superior", "person:zhang", *(f"role:{role}" for role in roles)))


def _stage_approvals(roles: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    days = st.none() | st.integers(1, 36_500)
    asked = st.fixed_dictionaries({"approval": _approvers(roles), "approval_expires_after_days": days})
    return st.just({}) | asked


@st.composite
def _approvals(draw: st.DrawFn, roles: list[str], of_last_stage: str | None) -> list[ProcessApproval]:
    """At most one for each operation; winning from the last stage asks for one approver only."""
    asked = []
    for operation in draw(st.lists(st.sampled_from(PROCESS_APPROVABLE), unique=True, max_size=2)):
        approver = draw(_approvers(roles))
        if operation == "win" and of_last_stage is not None:
            approver = of_last_stage
        asked.append(ProcessApproval(operation, approver, expires_after_days=draw(st.none() | st.integers(1, 30))))
    return asked


@st.composite
def conditions(draw: st.DrawFn, custom_fields: Sequence[str] = ()) -> Condition:
    """
    Sound conditions that are asked of an opportunity.

    Args:
        custom_fields: The names of the custom fields that they may ask for.

    Source: RULE-1.
    """
    name = draw(st.sampled_from((*OPPORTUNITY_FIELDS, *(CUSTOM + name for name in custom_fields))))
    field = OPPORTUNITY_FIELDS.get(name)
    kind = ValueType.CUSTOM if field is None else field.type
    if kind is None or draw(st.booleans()):
        return Condition(name)
    values = st.sampled_from(field.choices) if field is not None and field.choices else _VALUES[kind]
    asked: dict[str, Any] = {}
    if kind in _ORDERED and draw(st.booleans()):
        asked[draw(st.sampled_from(("at_least", "at_most")))] = draw(_ORDERED[kind])
    elif draw(st.booleans()):
        asked["equals"] = draw(values)
    else:
        asked["one_of"] = draw(st.lists(values, min_size=1, max_size=3))
    return Condition(name, **asked)


_AMOUNTS = st.sampled_from(("0 CNY", "1000 CNY", "99.50 EUR"))
_DAYS = st.sampled_from(("2026-01-05", "2026-12-31"))
_TEXTS = st.sampled_from(("web", "fair", "商机"))
_VALUES: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.TEXT: _TEXTS,
    ValueType.NUMBER: st.integers(0, 100),
    ValueType.MONEY: _AMOUNTS,
    ValueType.DAY: _DAYS,
    ValueType.CUSTOM: _TEXTS | st.integers(0, 3) | st.booleans(),
}
_ORDERED: dict[ValueType, st.SearchStrategy[Any]] = {
    ValueType.NUMBER: st.integers(0, 100),
    ValueType.MONEY: _AMOUNTS,
    ValueType.DAY: _DAYS,
    ValueType.CUSTOM: st.integers(0, 3) | _AMOUNTS,
}


@st.composite
def _rules(draw: st.DrawFn, stages: Sequence[str], custom_fields: Sequence[str]) -> ProcessRule:
    return ProcessRule(
        draw(st.sampled_from(("worth_it", "known", "r" * 60))),
        draw(st.lists(st.sampled_from(RULE_OPERATIONS), unique=True, min_size=1, max_size=3)),
        draw(st.lists(conditions(custom_fields), min_size=1, max_size=2)),
        draw(_MESSAGES),
        stages=draw(st.lists(st.sampled_from(stages), unique=True, max_size=2)),
        when=draw(st.lists(conditions(custom_fields), max_size=2)),
    )
