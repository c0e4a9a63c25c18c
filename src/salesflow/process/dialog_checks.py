"""
Whether dialogs are sound: every problem with its place, in a template and in what an application hands over (OPP-16).

A question leads only further down, so that no dialog goes round in a circle, and each must be one that is reached.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model import AnswerKind, Dialog, DialogChoice, DialogQuestion, Money
from salesflow.model.conditions import CUSTOM
from salesflow.model.dialogs import END
from salesflow.model.requests import is_blank
from salesflow.process.dialogs import (
    CUSTOM_FILLS,
    LEAD_FILLS,
    LEAD_PROPOSALS,
    OPPORTUNITY_FILLS,
    OPPORTUNITY_PROPOSALS,
    proposal,
)
from salesflow.process.findings import FindingCollector, picture
from salesflow.process.value_checks import MOST_ITEMS, ValueChecks, listed

MOST_DIALOGS = 20
"""A template has at most so many dialogs."""


class DialogChecks(ValueChecks):
    """
    Checks the dialogs of one template, or of an application.

    Args:
        found: Where findings go.
        tasks: Per stage of the template the codes of its tasks; None where the dialogs are for leads.
        reasons: The codes of the template's lists, by ``lost`` and ``invalid``.
        fields: The custom fields that are known, each a NAME as in ``custom.NAME``; None means any.
    """

    def __init__(
        self, found: FindingCollector, tasks: Mapping[str, Collection[str]] | None,
        reasons: Mapping[str, tuple[str, ...]], fields: Collection[str] | None,
    ) -> None:  # fmt: skip
        super().__init__(found)
        self.tasks = tasks
        self.reasons = reasons
        self.fields = fields
        self.fillable = LEAD_FILLS if tasks is None else OPPORTUNITY_FILLS
        self.proposable = LEAD_PROPOSALS if tasks is None else OPPORTUNITY_PROPOSALS

    def dialogs(self, dialogs: tuple[Any, ...]) -> None:
        """Check all of them, each code once."""
        seen: set[str] = set()
        for at, dialog in self.each("dialogs", dialogs, MOST_DIALOGS):
            if not isinstance(dialog, Dialog):
                self.wrong_type(at, "a Dialog", dialog)
                continue
            if self.code(f"{at}.code", dialog.code):
                self.unique(f"{at}.code", dialog.code, seen)
            self.label(f"{at}.name", dialog.name)
            if dialog.stage is not None:
                self.stage(f"{at}.stage", dialog.stage)
            self.questions(f"{at}.questions", dialog)

    def stage(self, place: str, stage: Any) -> None:
        """Check a stage; a lead stands in none."""
        if self.is_text(place, stage) and stage not in (self.tasks or {}):
            known = "of opportunities only" if self.tasks is None else listed(self.tasks)
            self.found.error(place, "unknown_stage", value=picture(stage), known=known)

    def questions(self, place: str, dialog: Dialog) -> None:
        """Check the questions, and that each of them is reached."""
        questions: list[tuple[str, DialogQuestion]] = []
        given: tuple[Any, ...] = dialog.questions
        if not given:
            self.found.error(place, "empty")
        for at, question in self.each(place, given, MOST_ITEMS):
            if isinstance(question, DialogQuestion):
                questions.append((at, question))
            else:
                self.wrong_type(at, "a DialogQuestion", question)
        codes: list[Any] = [question.code for _, question in questions]
        seen: set[str] = {END}
        for n, (at, question) in enumerate(questions):
            if self.code(f"{at}.code", question.code):
                self.unique(f"{at}.code", question.code, seen)
            self.question(at, question, dialog, codes[n + 1 :])
        self.reached(questions)

    def question(self, at: str, question: DialogQuestion, dialog: Dialog, later: list[str]) -> None:
        """Check one question; *later* are the codes of those that follow."""
        self.label(f"{at}.text", question.text)
        texts: tuple[tuple[Any, Any], ...] = question.text.texts
        if all(isinstance(text, str) and is_blank(text) for _, text in texts):
            self.found.error(f"{at}.text", "empty")
        self.flag(f"{at}.is_required", question.is_required)
        is_choice = question.kind == AnswerKind.CHOICE
        sound = self.choice(f"{at}.kind", question.kind, tuple(AnswerKind))
        self.answering(at, question, dialog, later)
        choices: tuple[Any, ...] = question.choices
        if sound and (len(choices) < 2 if is_choice else choices):
            self.found.error(f"{at}.choices", "choices_misfit", kind=picture(str(question.kind)))
        seen: set[str] = set()
        for where, choice in self.each(f"{at}.choices", choices, MOST_ITEMS):
            if not isinstance(choice, DialogChoice):
                self.wrong_type(where, "a DialogChoice", choice)
                continue
            if self.code(f"{where}.code", choice.code):
                self.unique(f"{where}.code", choice.code, seen)
            self.label(f"{where}.text", choice.text)
            self.answering(where, choice, dialog, later)
        if question.fills is not None:
            self.fills(at, question)
        elif question.currency is not None:
            self.found.error(f"{at}.currency", "currency_misfit")

    def answering(self, at: str, part: DialogQuestion | DialogChoice, dialog: Dialog, later: list[str]) -> None:
        """Check where an answer leads, which task it finishes, which move it proposes."""
        if part.next is not None and part.next not in (*later, END) and self.is_text(f"{at}.next", part.next):
            self.found.error(f"{at}.next", "unknown_choice", value=picture(part.next), known=listed([*later, END]))
        if part.finishes is not None and self.is_text(f"{at}.finishes", part.finishes):
            tasks = self.tasks or {}
            stages = tasks if dialog.stage is None else (dialog.stage,)
            known = sorted({code for stage in stages for code in tasks.get(stage, ())})
            if part.finishes not in known:
                what = listed(known) or "none"
                self.found.error(f"{at}.finishes", "unknown_choice", value=picture(part.finishes), known=what)
        if part.proposes is not None and self.is_text(f"{at}.proposes", part.proposes):
            self.proposes(f"{at}.proposes", part.proposes)

    def proposes(self, place: str, text: str) -> None:
        """Check a move and what stands behind its colon."""
        move = proposal(text)
        if move.operation not in self.proposable:
            self.found.error(place, "unknown_choice", value=picture(text), known=listed(self.proposable))
            return
        wanted = self.proposable[move.operation]
        if wanted is None:
            if ":" in text:
                self.found.error(place, "proposal_form", value=picture(text), known="nothing")
            return
        known = tuple(self.tasks or ()) if wanted == "stage" else self.reasons[wanted]
        if move.about not in known:
            self.found.error(place, "proposal_form", value=picture(text), known=f"a colon and one of {listed(known)}")

    def fills(self, at: str, question: DialogQuestion) -> None:
        """Check the field, and that it can hold such an answer."""
        place, name = f"{at}.fills", question.fills
        if not self.is_text(place, name):
            return
        custom = str(name).removeprefix(CUSTOM)
        is_custom = custom != name and bool(custom) and (self.fields is None or custom in self.fields)
        kinds = CUSTOM_FILLS if is_custom else self.fillable.get(str(name))
        if kinds is None:
            known = listed([*self.fillable, *(CUSTOM + one for one in sorted(self.fields or ()))])
            self.found.error(place, "unknown_field", value=picture(name), known=known)
            return
        if question.kind not in kinds:
            self.found.error(place, "fill_misfits", value=picture(str(question.kind)), known=listed(kinds))
        takes_money = question.kind == AnswerKind.NUMBER and (is_custom or name == "amount")
        currency: Any = question.currency
        if currency is None:
            if name == "amount":
                self.found.error(f"{at}.currency", "missing_key")
        elif not takes_money or not self.is_text(f"{at}.currency", currency):
            self.found.error(f"{at}.currency", "currency_misfit")
        else:
            self.currency(f"{at}.currency", currency)

    def currency(self, place: str, currency: str) -> None:
        """Check a currency's code."""
        try:
            Money(0, currency)
        except InvalidInput as problem:
            self.found.error(place, "wrong_value", value=picture(currency), rule=problem.rule)

    def reached(self, questions: list[tuple[str, DialogQuestion]]) -> None:
        """Report each question that no answer leads to."""
        if not questions:
            return
        codes: list[Any] = [question.code for _, question in questions]
        places = {code: n for n, code in enumerate(codes) if isinstance(code, str)}
        found = {0}
        for n, (_, question) in enumerate(questions):
            if n not in found:
                continue
            offered: tuple[Any, ...] = question.choices
            choices = [choice for choice in offered if isinstance(choice, DialogChoice)]
            ways: list[Any] = [choice.next or question.next for choice in choices]
            if not choices or not question.is_required:
                ways.append(question.next)
            found |= {n + 1 if way is None else places.get(way, n) if isinstance(way, str) else n for way in ways}
        for n, (at, question) in enumerate(questions):
            if n not in found:
                self.found.error(at, "not_reached", value=picture(question.code))


def sound_lead_dialogs(dialogs: Iterable[Dialog]) -> tuple[Dialog, ...]:
    """
    Return an application's dialogs for leads.

    Raises:
        InvalidInput: One of them is not sound; the message holds every problem with its place.

    Source: OPP-16.
    """
    handed: Any = dialogs
    if not isinstance(handed, Iterable) or isinstance(handed, str):
        raise InvalidInput("lead_dialogs", handed, "must be a list of Dialog")
    given = tuple(handed)
    found = FindingCollector()
    DialogChecks(found, None, {}, None).dialogs(given)
    problems = [str(finding) for finding in found.findings()]
    if problems:
        raise InvalidInput("lead_dialogs", f"{len(given)} of them", "; ".join(problems))
    return given
