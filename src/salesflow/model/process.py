"""
A stage template (销售流程): what a sales process asks for, as plain data (PROC-1).

A template may hold anything that its author wrote: nothing here refuses a value. Whether it is sound is the
question of `salesflow.process.checks`, which lists every problem at once with its place (PROC-3).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, TypeVar

import attrs
from attrs import frozen

from salesflow.model.automation import Automation
from salesflow.model.conditions import Condition
from salesflow.model.dialogs import Dialog
from salesflow.model.enums import Jump, Route, WinFrom
from salesflow.model.label import Label, as_label

LOST_REASONS = ("budget", "needs_mismatch", "competitor", "price", "other")
"""Why deals are lost, unless a template says otherwise (OPP-7)."""

INVALID_REASONS = ("wrong_information", "customer_cancelled", "other")
"""Why deals turn out to be none, unless a template says otherwise (OPP-7)."""

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)


def _choice(choices: type[ChoiceT], value: str) -> ChoiceT:
    """Return the choice, or an unknown value as it is, for the checker to report with its place."""
    try:
        return choices(value)
    except ValueError:
        return value  # type: ignore[return-value]  # no sound template holds one


def _jump(value: str) -> Jump:
    return _choice(Jump, value)


def _win_from(value: str) -> WinFrom:
    return _choice(WinFrom, value)


def _items(values: Any) -> tuple[Any, ...]:
    """Return the items; what is no list at all as the only one, for the checker to report with its place."""
    return tuple(values) if isinstance(values, Iterable) else (values,)


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return _items(values)


def _routes(values: Iterable[str]) -> tuple[Route, ...]:
    return tuple(_choice(Route, value) for value in _items(values))


@frozen
class TaskTemplate:
    """
    A must-do task (必做之事) of a stage.

    Args:
        code: Unique within the stage, for ever.
        name: For people.
        is_core: Whether it is the stage's core task; at most one is.
        routes: The routes it binds; empty means all.
        origin: Who added it, where its stage's source does not have it; None where the source has it.

    Source: PROC-1.
    """

    code: str
    name: Label = attrs.field(converter=as_label, default=Label(""))
    is_core: bool = attrs.field(default=False, kw_only=True)
    routes: tuple[Route, ...] = attrs.field(default=(), converter=_routes, kw_only=True)
    origin: str | None = attrs.field(default=None, kw_only=True)


@frozen
class RequiredField:
    """
    A field (必填内容) that must be filled before the stage is left forward.

    Args:
        field: A field of the opportunity, or ``custom.NAME`` (``salesflow.process.requirements``).
        routes: The routes it binds; empty means all.

    Source: PROC-1.
    """

    field: str
    routes: tuple[Route, ...] = attrs.field(default=(), converter=_routes)


def _required(values: Iterable[RequiredField | str]) -> tuple[RequiredField, ...]:
    return tuple(v if isinstance(v, RequiredField) else RequiredField(v) for v in _items(values))


def _tasks(values: Iterable[TaskTemplate]) -> tuple[TaskTemplate, ...]:
    return _items(values)


@frozen
class Stage:
    """
    One stage (阶段) of a process.

    Args:
        code: Unique within the template, for ever.
        name: For people.
        probability: The default chance of winning, 0 to 100 percent.
        starts_when, ends_when: The marks (开始标志, 截至标志) that show a stage began and ended.
        required_fields: What must be filled in before the stage is left forward.
        tasks: What must be done.
        procedures: Related procedures (相关流程), by name.
        roles: The team roles involved (涉及人员).
        limit_days: How long a stay may last; None means any time.
        is_optional: Whether the stage may be passed over without a reason.
        approval: Who must approve before the stage is left forward: ``"owner_superior"``, ``"person:ID"``,
            ``"role:TEAM_ROLE"``, or None (RULE-2).
        approval_expires_after_days: How long such a request waits for a decision; None means for ever.
        origin: Who added it, where the template's source does not have it; None where the source has it.

    Source: PROC-1.
    """

    code: str
    name: Label = attrs.field(converter=as_label, default=Label(""))
    probability: int = attrs.field(default=0, kw_only=True)
    starts_when: str = attrs.field(default="", kw_only=True)
    ends_when: str = attrs.field(default="", kw_only=True)
    required_fields: tuple[RequiredField, ...] = attrs.field(default=(), converter=_required, kw_only=True)
    tasks: tuple[TaskTemplate, ...] = attrs.field(default=(), converter=_tasks, kw_only=True)
    procedures: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    roles: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    limit_days: int | None = attrs.field(default=None, kw_only=True)
    is_optional: bool = attrs.field(default=False, kw_only=True)
    approval: str | None = attrs.field(default=None, kw_only=True)
    approval_expires_after_days: int | None = attrs.field(default=None, kw_only=True)
    origin: str | None = attrs.field(default=None, kw_only=True)


def _stages(values: Iterable[Stage]) -> tuple[Stage, ...]:
    return _items(values)


def _conditions(values: Iterable[Condition]) -> tuple[Condition, ...]:
    return _items(values)


@frozen
class ProcessRule:
    """
    A business rule of a process (业务规则): what must hold of the record before an operation.

    Args:
        code: Unique within the template, for ever.
        before: The operations that it binds (`salesflow.process.rules.RULE_OPERATIONS`).
        needs: What must hold, all of it.
        message: What people are told when it does not.
        stages: The stages in which it binds; empty means all.
        when: It binds only where all of this holds; empty means always.

    Source: RULE-1.
    """

    code: str
    before: tuple[str, ...] = attrs.field(converter=_texts)
    needs: tuple[Condition, ...] = attrs.field(converter=_conditions)
    message: Label = attrs.field(converter=as_label)
    stages: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    when: tuple[Condition, ...] = attrs.field(default=(), converter=_conditions, kw_only=True)


@frozen
class ProcessApproval:
    """
    An approval (审批) that an operation of the process waits for, from whatever stage.

    Args:
        before: The operation: ``"win"``, ``"lose"`` or ``"invalidate"``.
        approver: Who approves, as in `Stage.approval`.
        expires_after_days: How long a request waits for a decision; None means for ever.

    Source: RULE-2.
    """

    before: str
    approver: str
    expires_after_days: int | None = attrs.field(default=None, kw_only=True)


def _rules(values: Iterable[ProcessRule]) -> tuple[ProcessRule, ...]:
    return _items(values)


def _approvals(values: Iterable[ProcessApproval]) -> tuple[ProcessApproval, ...]:
    return _items(values)


def _automation(values: Iterable[Automation]) -> tuple[Automation, ...]:
    return _items(values)


def _dialogs(values: Iterable[Dialog]) -> tuple[Dialog, ...]:
    return _items(values)


@frozen(cache_hash=True)  # a template is the key of its compiled engine
class SalesProcess:
    """
    A named, versioned template of stages.

    Args:
        id: The template's id.
        version: Counts from 1; an opportunity is pinned to the version it started on.
        stages: In order; at least one.
        name: For people.
        customer_types: Whom it serves, in words.
        starts_when, ends_when: How the process starts and ends.
        jump: How going forward over stages is governed (OPP-6).
        win_from: From which stage it may be won (OPP-7).
        entry_from_lead: The stage that a converted lead enters; None means the first.
        lost_reasons, invalid_reasons: The codes that closing may name.
        custom_fields: Names of custom fields that required fields may use as ``custom.NAME``.
        custom_roles: Team roles beyond the built-in ones that stages may name.
        rules: Business rules, which guard its operations (RULE-1).
        approvals: Approvals that its operations wait for, beside those of its stages (RULE-2).
        automation: What happens by itself after an event (RULE-3).
        dialogs: Guided dialogs for its stages (OPP-16).
        waived: Warnings of the checker that are meant, as ``"stage: warning"`` by code (PROC-3).
        origin: Whose work the details are that no source states (such as probabilities); a stage or task that
            is not the source's at all says so itself. None where all is the author's own.

    Source: PROC-1.
    """

    id: str
    version: int
    stages: tuple[Stage, ...] = attrs.field(converter=_stages)
    name: Label = attrs.field(converter=as_label, default=Label(""), kw_only=True)
    customer_types: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    starts_when: str = attrs.field(default="", kw_only=True)
    ends_when: str = attrs.field(default="", kw_only=True)
    jump: Jump = attrs.field(default=Jump.REASON, converter=_jump, kw_only=True)
    win_from: WinFrom = attrs.field(default=WinFrom.LAST, converter=_win_from, kw_only=True)
    entry_from_lead: str | None = attrs.field(default=None, kw_only=True)
    lost_reasons: tuple[str, ...] = attrs.field(default=LOST_REASONS, converter=_texts, kw_only=True)
    invalid_reasons: tuple[str, ...] = attrs.field(default=INVALID_REASONS, converter=_texts, kw_only=True)
    custom_fields: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    custom_roles: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    rules: tuple[ProcessRule, ...] = attrs.field(default=(), converter=_rules, kw_only=True)
    approvals: tuple[ProcessApproval, ...] = attrs.field(default=(), converter=_approvals, kw_only=True)
    automation: tuple[Automation, ...] = attrs.field(default=(), converter=_automation, kw_only=True)
    dialogs: tuple[Dialog, ...] = attrs.field(default=(), converter=_dialogs, kw_only=True)
    waived: tuple[str, ...] = attrs.field(default=(), converter=_texts, kw_only=True)
    origin: str | None = attrs.field(default=None, kw_only=True)
