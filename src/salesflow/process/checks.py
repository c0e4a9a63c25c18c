"""
Whether a stage template is sound: every problem at once, each with its place (PROC-3).

A template may hold anything, wrong types included; nothing here raises because of what it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model import Jump, OpportunityStatus, SalesProcess, Stage, TaskTemplate, TeamRole, WinFrom
from salesflow.model.conditions import CUSTOM
from salesflow.process.automation_checks import AutomationChecks
from salesflow.process.dialog_checks import DialogChecks
from salesflow.process.findings import WAIVER_UNUSED, WARNINGS, FindingCollector, Findings, picture
from salesflow.process.requirements import FIELDS
from salesflow.process.rule_checks import LONGEST_LIMIT
from salesflow.process.value_checks import LONGEST_CODE, MOST_ITEMS, listed

MOST_STAGES = 50
"""A template has at most so many stages."""

MOST_TASKS = 50
"""A stage has at most so many tasks."""

LONGEST_MARK = 1_000
"""A start or end mark has at most so many characters."""

LARGEST_VERSION = 2**31 - 1
"""Stores keep versions in 32 bits."""

OUTCOME_CODES = frozenset({OpportunityStatus.WON, OpportunityStatus.LOST, OpportunityStatus.INVALID})
"""The codes that outcomes use; no stage may."""


def check_template(
    process: SalesProcess,
    *,
    roles: Collection[str] | None = (),
    fields: Collection[str] | None = (),
    handlers: Collection[str] | None = (),
    strict: bool = False,
    is_after_sales: bool = False,
) -> Findings:
    """
    Return everything that is wrong with a template, each with its place.

    Args:
        process: The template, however it was made.
        roles: Team roles that the application knows beyond the built-in ones; None means any.
        fields: Custom fields that the application knows, each a NAME as in ``custom.NAME``; None means any.
        handlers: The handlers that the application registers for automation; None means any.
        strict: Whether a warning that is not waived is an error.
        is_after_sales: Whether it shall run beside an opportunity, where no approvals are (OPP-12).

    Returns:
        The findings in the order of the template; ``.require()`` raises if there are errors.

    Raises:
        InvalidInput: *process* is no `SalesProcess`; the caller must hand over one.

    Source: PROC-3.
    """
    if not isinstance(process, SalesProcess):
        raise InvalidInput("process", process, "must be a SalesProcess")
    found = FindingCollector(strict=strict)
    check = _Check(process, roles, fields, handlers, found)
    check.process(process)
    if is_after_sales:
        check.no_approvals(process)
    name: Any = process.id
    return Findings(name[:LONGEST_CODE] if isinstance(name, str) else "?", found.findings())


class _Check(AutomationChecks):
    """One run over one template."""

    def __init__(
        self,
        process: SalesProcess,
        roles: Collection[str] | None,
        fields: Collection[str] | None,
        handlers: Collection[str] | None,
        found: FindingCollector,
    ) -> None:
        stages: tuple[Any, ...] = process.stages
        super().__init__(
            found,
            _texts(stage.code for stage in stages if isinstance(stage, Stage)),
            None if roles is None else {*TeamRole, *roles, *_texts(process.custom_roles)},
            None if fields is None else {*fields, *_texts(process.custom_fields)},
            handlers=handlers,
        )
        self.percent = 0
        self.core_tasks: dict[str, str] = {}
        self.waivers: dict[str, str] = {}
        self.used: set[str] = set()

    def process(self, process: SalesProcess) -> None:
        self.code("id", process.id)
        self.whole("version", process.version, 1, LARGEST_VERSION)
        self.label("name", process.name)
        self.names("customer_types", process.customer_types)
        self.text("starts_when", process.starts_when, LONGEST_MARK)
        self.text("ends_when", process.ends_when, LONGEST_MARK)
        self.choice("jump", process.jump, tuple(Jump))
        self.choice("win_from", process.win_from, tuple(WinFrom))
        entry = process.entry_from_lead
        if entry is not None and self.is_text("entry_from_lead", entry) and entry not in self.stages:
            known = listed(self.stages)
            self.found.error("entry_from_lead", "unknown_stage", value=picture(entry), known=known)
        self.reasons("lost_reasons", process.lost_reasons)
        self.reasons("invalid_reasons", process.invalid_reasons)
        self.codes("custom_fields", process.custom_fields)
        self.names("custom_roles", process.custom_roles)
        self.origin("origin", process.origin)
        self.read_waivers(process.waived)
        if not process.stages:
            self.found.error("stages", "no_stage")
        seen: set[str] = set()
        for place, stage in self.each("stages", process.stages, MOST_STAGES):
            if isinstance(stage, Stage):
                self.stage(place, stage, seen)
            else:
                self.wrong_type(place, "a Stage", stage)
        self.rules(process.rules)
        self.approvals(process)
        self.automations(process.automation)
        self.dialogs(process)
        for waiver, place in self.waivers.items():
            if waiver not in self.used:
                self.found.warning(place, "waiver_unused", WAIVER_UNUSED.format(value=picture(waiver)))

    def dialogs(self, process: SalesProcess) -> None:
        stages: tuple[Any, ...] = process.stages
        tasks = {
            stage.code: _codes(stage.tasks, TaskTemplate)
            for stage in stages
            if isinstance(stage, Stage) and stage.code in self.stages
        }
        reasons = {"lost": _texts(process.lost_reasons), "invalid": _texts(process.invalid_reasons)}
        DialogChecks(self.found, tasks, reasons, self.fields).dialogs(process.dialogs)

    def stage(self, place: str, stage: Stage, seen: set[str]) -> None:
        if self.code(f"{place}.code", stage.code):
            if stage.code in OUTCOME_CODES:
                self.found.error(f"{place}.code", "outcome_code", value=picture(stage.code))
            self.unique(f"{place}.code", stage.code, seen)
        self.label(f"{place}.name", stage.name)
        self.probability(f"{place}.probability", stage)
        for mark, text, warning in (
            ("starts_when", stage.starts_when, "no_start_mark"),
            ("ends_when", stage.ends_when, "no_end_mark"),
        ):
            if self.text(f"{place}.{mark}", text, LONGEST_MARK) and not text.strip():
                self.warning(f"{place}.{mark}", stage, warning)
        self.required_fields(f"{place}.required_fields", stage)
        self.tasks(f"{place}.tasks", stage)
        self.names(f"{place}.procedures", stage.procedures)
        for at, role in self.names(f"{place}.roles", stage.roles):
            if self.roles is not None and role not in self.roles:
                self.found.error(at, "unknown_role", value=picture(role), known=listed(sorted(self.roles)))
        if stage.limit_days is not None:
            self.whole(f"{place}.limit_days", stage.limit_days, 1, LONGEST_LIMIT)
        self.flag(f"{place}.is_optional", stage.is_optional)
        self.stage_approval(place, stage)
        self.origin(f"{place}.origin", stage.origin)
        if not (stage.tasks or stage.required_fields or stage.procedures):
            self.warning(place, stage, "no_substance")

    def no_approvals(self, process: SalesProcess) -> None:
        stages: tuple[Any, ...] = process.stages
        for n, stage in enumerate(stages):
            if isinstance(stage, Stage) and stage.approval is not None:
                self.found.error(f"stages[{n}].approval", "approval_beside")
        if process.approvals:
            self.found.error("approvals", "approval_beside")

    def reasons(self, place: str, codes: tuple[str, ...]) -> None:
        if not codes:
            self.found.error(place, "empty")
        self.codes(place, codes)

    def probability(self, place: str, stage: Stage) -> None:
        percent = stage.probability
        if self.whole(place, percent, 0, 100):
            if percent < self.percent:
                self.warning(place, stage, "probability_falls", before=self.percent, after=percent)
            self.percent = percent

    def required_fields(self, place: str, stage: Stage) -> None:
        seen: set[str] = set()
        for at, required in self.each(place, stage.required_fields, MOST_ITEMS):
            field, at_field = required.field, f"{at}.field" if required.routes else at
            if self.is_text(at_field, field):
                if not self.is_field(field):
                    known = listed([*FIELDS, *(CUSTOM + name for name in sorted(self.fields or ()))])
                    self.found.error(at_field, "unknown_field", value=picture(field), known=known)
                self.unique(at_field, field, seen)
            self.routes(f"{at}.routes", required.routes)

    def tasks(self, place: str, stage: Stage) -> None:
        seen: set[str] = set()
        core: TaskTemplate | None = None
        for at, task in self.each(place, stage.tasks, MOST_TASKS):
            if not isinstance(task, TaskTemplate):
                self.wrong_type(at, "a TaskTemplate", task)
                continue
            has_code = self.code(f"{at}.code", task.code)
            if has_code:
                self.unique(f"{at}.code", task.code, seen)
            self.label(f"{at}.name", task.name)
            self.routes(f"{at}.routes", task.routes)
            self.origin(f"{at}.origin", task.origin)
            if not self.flag(f"{at}.is_core", task.is_core) or not task.is_core:
                continue
            if core is not None:
                self.found.error(f"{at}.is_core", "second_core_task", other=picture(core.code))
                continue
            core = task
            if has_code:
                other = self.core_tasks.setdefault(task.code, place)
                if other != place:
                    self.warning(f"{at}.code", stage, "core_task_repeated", task=task.code, other=other)

    def is_field(self, field: str) -> bool:
        if field in FIELDS:
            return True
        name = field.removeprefix(CUSTOM)
        return name != field and bool(name) and (self.fields is None or name in self.fields)

    def read_waivers(self, waived: tuple[Any, ...]) -> None:
        seen: set[str] = set()
        for place, text in self.each("waived", waived, MOST_STAGES * len(WARNINGS)):
            if not self.is_text(place, text):
                continue
            stage, _, code = text.partition(": ")
            if stage in self.stages and code in WARNINGS:
                self.unique(place, text, seen)
                self.waivers.setdefault(text, place)
            else:
                self.found.error(place, "unknown_waiver", value=picture(text), known=listed(WARNINGS))

    def warning(self, place: str, stage: Stage, code: str, **facts: object) -> None:
        message = WARNINGS[code].format(**facts)
        name: Any = stage.code
        if isinstance(name, str):
            waiver = f"{name}: {code}"
            if waiver in self.waivers:
                self.used.add(waiver)
                return
            message += f"; if that is meant: waived = [{picture(waiver, 2 * LONGEST_CODE)}]"
        self.found.warning(place, code, message)


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str))


def _codes(parts: Iterable[Any], cls: type[Any]) -> tuple[str, ...]:
    return _texts(part.code for part in parts if isinstance(part, cls))
