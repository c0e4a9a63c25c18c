"""
Whether automations are sound: every problem with its place, in a template and in what an application hands over.

An automation names things of closed lists and nothing else (RULE-3). Nothing here raises because of what one holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model import AutomaticNotice, AutomaticTask, Automation, DocumentKind
from salesflow.model.requests import is_blank
from salesflow.process.asked_approvals import PERSON, ROLE
from salesflow.process.automation import ACTIONS, HAPPENINGS, ONE_PERSON, PLACEHOLDERS, TEAM
from salesflow.process.findings import HANDLER_NEEDED, FindingCollector, picture
from salesflow.process.rule_checks import RuleChecks
from salesflow.process.value_checks import MOST_ITEMS, listed

MOST_AUTOMATIONS = 50
"""A template has at most so many automations."""

LONGEST_WAIT = 3_650
"""A task of an automation is due within so many days."""

_BRACED = re.compile(r"\{[^{}]*\}|[{}]")


class AutomationChecks(RuleChecks):
    """
    Checks the automations of one template, or of an application.

    Args:
        found: Where findings go.
        stages: The codes of the template's stages; None means any.
        roles, fields: As of `RuleChecks`.
        kinds: The kinds of record whose events may be named.
        handlers: The handlers that the application registers; None means any.
    """

    def __init__(
        self, found: FindingCollector, stages: tuple[str, ...] | None, roles: Collection[str] | None,
        fields: Collection[str] | None, *, kinds: tuple[str, ...] = ("opportunity",),
        handlers: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(found, stages or (), roles, fields)
        self.has_any_stage = stages is None
        self.kinds = kinds
        self.handlers = handlers

    def automations(self, automations: tuple[Any, ...]) -> None:
        """Check all of them, each code once."""
        seen: set[str] = set()
        for at, automation in self.each("automation", automations, MOST_AUTOMATIONS):
            if not isinstance(automation, Automation):
                self.wrong_type(at, "an Automation", automation)
                continue
            if self.code(f"{at}.code", automation.code):
                self.unique(f"{at}.code", automation.code, seen)
            self.automation(at, automation)

    def automation(self, at: str, automation: Automation) -> None:
        """Check what one automation answers to, and its action."""
        words = tuple(word for word, happening in HAPPENINGS.items() if happening.record_kind in self.kinds)
        happening = HAPPENINGS[automation.on] if self.choice(f"{at}.on", automation.on, words) else None
        kind = self.kinds[0] if happening is None else happening.record_kind
        if automation.stage is not None:
            self.stage_of(f"{at}.stage", automation.stage, kind)
        self.conditions(f"{at}.when", kind, automation.when)
        self.origin(f"{at}.origin", automation.origin)
        given = [action for action in ACTIONS if getattr(automation, action) is not None]
        if len(given) != 1:
            self.found.error(at, "one_action", known=listed(ACTIONS), count=len(given))
        for action in given:
            if happening is not None and action in happening.misfits:
                self.found.error(f"{at}.{action}", "action_misfits", value=picture(automation.on))
        if automation.create_task is not None:
            self.task(f"{at}.create_task", automation.create_task)
        if automation.notify is not None:
            self.notice(f"{at}.notify", automation.notify, has_team=kind == "opportunity")
        if automation.issue_document is not None:
            self.choice(f"{at}.issue_document", automation.issue_document, tuple(DocumentKind))
        if automation.call is not None:
            self.handler(f"{at}.call", automation.call)

    def stage_of(self, place: str, stage: Any, kind: str) -> None:
        """Check a stage; only an opportunity stands in one."""
        is_known = kind == "opportunity" and (self.has_any_stage or stage in self.stages)
        if self.is_text(place, stage) and not is_known:
            known = listed(self.stages) if kind == "opportunity" else "of opportunities only"
            self.found.error(place, "unknown_stage", value=picture(stage), known=known)

    def task(self, place: str, task: Any) -> None:
        """Check the task that shall be made."""
        if not isinstance(task, AutomaticTask):
            self.wrong_type(place, "an AutomaticTask", task)
            return
        self.code(f"{place}.code", task.code)
        self.label(f"{place}.name", task.name)
        if task.due_in_days is not None:
            self.whole(f"{place}.due_in_days", task.due_in_days, 0, LONGEST_WAIT)
        if task.assignee is not None:
            self.somebody(f"{place}.assignee", task.assignee, ONE_PERSON, has_team=True)

    def notice(self, place: str, notice: Any, *, has_team: bool) -> None:
        """Check the notice that shall be given."""
        if not isinstance(notice, AutomaticNotice):
            self.wrong_type(place, "an AutomaticNotice", notice)
            return
        if not notice.to:
            self.found.error(f"{place}.to", "empty")
        words = (*ONE_PERSON, TEAM) if has_team else ONE_PERSON
        seen: set[str] = set()
        for at, who in self.each(f"{place}.to", notice.to, MOST_ITEMS):
            if self.somebody(at, who, words, has_team=has_team):
                self.unique(at, who, seen)
        self.label(f"{place}.message", notice.message)
        texts: tuple[Any, ...] = tuple(text for _, text in notice.message.texts[:MOST_ITEMS])
        told = [text for text in texts if isinstance(text, str)]
        if len(told) == len(texts) and all(map(is_blank, told)):
            self.found.error(f"{place}.message", "empty")
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        for braced in {braced for text in told for braced in _BRACED.findall(text)}:
            if braced[1:-1] not in PLACEHOLDERS:
                self.found.error(f"{place}.message", "unknown_choice", value=picture(braced), known=known)

    def somebody(self, place: str, who: Any, words: tuple[str, ...], *, has_team: bool) -> bool:
        """Check who is meant: one of *words*, or a person by id, or, where there is a team, a role of it."""
        if not self.is_text(place, who):
            return False
        if who.startswith(PERSON):
            return self.name(place, who.removeprefix(PERSON))
        if has_team and who.startswith(ROLE):
            return self.role(place, who.removeprefix(ROLE))
        if who in words:
            return True
        known = [*words, *([f"{ROLE}TEAM_ROLE"] if has_team else []), f"{PERSON}ID"]
        self.found.error(place, "unknown_choice", value=picture(who), known=", ".join(known))
        return False

    def handler(self, place: str, name: Any) -> None:
        """Check the name of a handler, which is a code; whether there is one, the application knows."""
        if self.code(place, name) and self.handlers is not None and name not in self.handlers:
            self.found.warning(place, "handler_needed", HANDLER_NEEDED.format(value=picture(name)))


def sound_automations(automations: Iterable[Automation]) -> tuple[Automation, ...]:
    """
    Return an application's own automations, about leads and opportunities of every process.

    Raises:
        InvalidInput: One of them is not sound; the message holds every problem with its place.

    Source: RULE-3.
    """
    handed: object = automations
    if not isinstance(handed, Iterable):
        raise InvalidInput("automation", handed, "must be a list of Automation")
    given = tuple(handed)
    found = FindingCollector()
    AutomationChecks(found, None, None, None, kinds=("opportunity", "lead")).automations(given)
    problems = [str(finding) for finding in found.findings() if finding.is_error]
    if problems:
        raise InvalidInput("automation", f"{len(given)} of them", "; ".join(problems))
    return given
