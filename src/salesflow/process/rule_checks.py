"""Whether business rules and approvals of a template are sound, and conditions wherever they stand (RULE-1, RULE-2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model import Condition, ProcessApproval, ProcessRule, SalesProcess, Stage
from salesflow.model.conditions import CUSTOM, FIELDS_OF, ConditionField, comparable, condition_field, has_order
from salesflow.model.organization import LONGEST_ID
from salesflow.model.requests import LONGEST_NAME, is_blank
from salesflow.process.asked_approvals import OWNER_SUPERIOR, PERSON, PROCESS_APPROVABLE, ROLE
from salesflow.process.findings import FindingCollector, picture
from salesflow.process.rules import RULE_OPERATIONS
from salesflow.process.value_checks import MOST_ITEMS, ValueChecks, listed

MOST_RULES = 50
"""A template has at most so many rules."""

LONGEST_LIMIT = 36_500
"""A stage, and a request for an approval, may last at most so many days."""


class RuleChecks(ValueChecks):
    """
    Checks the rules and approvals of one template.

    Args:
        found: Where findings go.
        stages: The codes of its stages.
        roles: The team roles that are known; None means any.
        fields: The custom fields that are known, each a NAME as in ``custom.NAME``; None means any.
    """

    def __init__(
        self, found: FindingCollector, stages: tuple[str, ...], roles: Collection[str] | None,
        fields: Collection[str] | None,
    ) -> None:  # fmt: skip
        super().__init__(found)
        self.stages = stages
        self.roles = roles
        self.fields = fields

    def rules(self, rules: tuple[Any, ...]) -> None:
        """Check the business rules, each code once."""
        seen: set[str] = set()
        for at, rule in self.each("rules", rules, MOST_RULES):
            if not isinstance(rule, ProcessRule):
                self.wrong_type(at, "a ProcessRule", rule)
                continue
            if self.code(f"{at}.code", rule.code):
                self.unique(f"{at}.code", rule.code, seen)
            self.choices(f"{at}.before", rule.before, RULE_OPERATIONS)
            if not rule.before:
                self.found.error(f"{at}.before", "empty")
            self.conditions(f"{at}.needs", "opportunity", rule.needs)
            if not rule.needs:
                self.found.error(f"{at}.needs", "empty")
            self.label(f"{at}.message", rule.message)
            texts: tuple[tuple[Any, Any], ...] = rule.message.texts
            if not any(isinstance(text, str) and not is_blank(text) for _, text in texts):
                self.found.error(f"{at}.message", "empty")
            self.stage_codes(f"{at}.stages", rule.stages)
            self.conditions(f"{at}.when", "opportunity", rule.when)

    def approvals(self, process: SalesProcess) -> None:
        """Check the approvals of the process itself, each operation once."""
        seen: set[str] = set()
        approvals: tuple[Any, ...] = process.approvals
        for at, approval in self.each("approvals", approvals, len(PROCESS_APPROVABLE)):
            if not isinstance(approval, ProcessApproval):
                self.wrong_type(at, "a ProcessApproval", approval)
                continue
            if self.choice(f"{at}.before", approval.before, PROCESS_APPROVABLE):
                self.unique(f"{at}.before", approval.before, seen)
            sound = self.approver(f"{at}.approver", approval.approver)
            self.days(f"{at}.expires_after_days", approval.expires_after_days)
            last: Any = process.stages[-1] if process.stages else None
            needed = last.approval if isinstance(last, Stage) else None
            if sound and approval.before == "win" and needed not in (None, approval.approver):
                self.found.error(f"{at}.approver", "approvers_differ", other=picture(needed))

    def stage_approval(self, place: str, stage: Stage) -> None:
        """Check the approval that a stage is left with."""
        if stage.approval is not None:
            self.approver(f"{place}.approval", stage.approval)
        elif stage.approval_expires_after_days is not None:
            self.found.error(f"{place}.approval_expires_after_days", "nothing_expires")
        self.days(f"{place}.approval_expires_after_days", stage.approval_expires_after_days)

    def approver(self, place: str, value: Any) -> bool:
        """Check who approves."""
        if not self.is_text(place, value):
            return False
        if value.startswith(PERSON):
            person = value.removeprefix(PERSON)
            if is_blank(person):
                self.found.error(place, "unknown_approver", value=picture(value))
                return False
            return self.text(place, person, LONGEST_ID)
        if value.startswith(ROLE):
            return self.role(place, value.removeprefix(ROLE))
        if value != OWNER_SUPERIOR:
            self.found.error(place, "unknown_approver", value=picture(value))
            return False
        return True

    def role(self, place: str, role: str) -> bool:
        """Check that a team role is known."""
        if self.roles is None or role in self.roles:
            return self.name(place, role)
        self.found.error(place, "unknown_role", value=picture(role), known=listed(sorted(self.roles)))
        return False

    def days(self, place: str, days: Any) -> None:
        """Check a number of days; None is without end."""
        if days is not None:
            self.whole(place, days, 1, LONGEST_LIMIT)

    def choices(self, place: str, values: tuple[Any, ...], known: tuple[str, ...]) -> None:
        """Check a list of *known* words, each once."""
        seen: set[str] = set()
        for at, value in self.each(place, values, MOST_ITEMS):
            if self.choice(at, value, known):
                self.unique(at, value, seen)

    def stage_codes(self, place: str, values: tuple[Any, ...]) -> None:
        """Check a list of stages, each once."""
        seen: set[str] = set()
        for at, value in self.each(place, values, MOST_ITEMS):
            if not self.is_text(at, value):
                continue
            if value not in self.stages:
                self.found.error(at, "unknown_stage", value=picture(value), known=listed(self.stages))
            self.unique(at, value, seen)

    def conditions(self, place: str, kind: str, conditions: tuple[Any, ...]) -> None:
        """
        Check conditions that are asked of a record.

        Args:
            kind: A key of `FIELDS_OF`.
        """
        for at, condition in self.each(place, conditions, MOST_ITEMS):
            if not isinstance(condition, Condition):
                self.wrong_type(at, "a Condition", condition)
                continue
            if not self.is_text(f"{at}.field", condition.field):
                continue
            field = self._field(f"{at}.field", condition.field, kind)
            if field is None:
                continue
            if condition.equals is not None:
                self._compared(f"{at}.equals", field, condition.equals)
            some: Any = condition.one_of
            if some is not None and not isinstance(some, tuple):
                self.wrong_type(f"{at}.one_of", "a list", some)
            elif some is not None:
                if not some:
                    self.found.error(f"{at}.one_of", "empty")
                for where, value in self.each(f"{at}.one_of", some, MOST_ITEMS):
                    self._compared(where, field, value)
            for name in ("at_least", "at_most"):
                bound = getattr(condition, name)
                if bound is not None and not any(map(has_order, self._compared(f"{at}.{name}", field, bound))):
                    self.found.error(f"{at}.{name}", "no_order", value=picture(bound))

    def _field(self, place: str, name: str, kind: str) -> ConditionField | None:
        field = condition_field(kind, name)
        custom = name.removeprefix(CUSTOM)
        if field is None or (custom != name and self.fields is not None and custom not in self.fields):
            known = listed([*FIELDS_OF[kind], *(CUSTOM + one for one in sorted(self.fields or ()))])
            self.found.error(place, "unknown_field", value=picture(name), known=known)
            return None
        return field

    def _compared(self, place: str, field: ConditionField, value: Any) -> tuple[Any, ...]:
        """Check a value that *field* is compared with; return what it stands for, a stand-in where that is nothing."""
        if isinstance(value, str) and not self.text(place, value, LONGEST_NAME):
            return _STAND_IN
        try:
            return comparable(field, value)
        except InvalidInput as problem:
            self.found.error(place, "wrong_value", value=picture(value), rule=problem.rule)
            return _STAND_IN


_STAND_IN = (0,)  # has an order, so that one value has one finding
