"""
Going through a dialog: which question is next, what the answers so far fill, finish and propose (OPP-16).

A run is a plain value: answering gives another one, and nothing is decided before it is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from attrs import evolve, frozen

from salesflow.errors import InvalidInput
from salesflow.model import AnswerKind, Dialog, DialogChoice, DialogQuestion, Money
from salesflow.model.conditions import CUSTOM
from salesflow.model.dialogs import END
from salesflow.model.moments import plain_day
from salesflow.model.money import LARGEST_AMOUNT
from salesflow.model.requests import named

Answer = str | int | Decimal | date
"""What a question is answered with."""

_T, _C, _N, _D = AnswerKind
_MOST_DIGITS = 15

OPPORTUNITY_FILLS: Mapping[str, tuple[AnswerKind, ...]] = MappingProxyType(
    {"name": (_T,), "amount": (_N,), "close_date": (_D,), "probability": (_N,), "led_by": (_C,), "source": (_T, _C)}
)
"""The fields of an opportunity that answers may fill, beside ``custom.NAME``, and by which kinds of answer."""

LEAD_FILLS: Mapping[str, tuple[AnswerKind, ...]] = MappingProxyType(
    dict.fromkeys(("title", "contact", "company", "phone", "email", "channel", "source", "description"), (_T, _C))
)
"""The same of a lead."""

CUSTOM_FILLS = (_T, _C, _N, _D)
"""Every answer fits a custom field; a day is kept there as text."""

OPPORTUNITY_PROPOSALS = MappingProxyType(
    {"advance": None, "win": None, "change_stage": "stage", "lose": "lost", "invalidate": "invalid"}
)
"""The moves that may be proposed, and what stands behind the colon: a stage, or a reason of one of the lists."""

LEAD_PROPOSALS: Mapping[str, str | None] = MappingProxyType({"convert": None, "recycle": None, "disqualify": None})
"""The same of a lead."""


@frozen
class Proposal:
    """
    A move that the answers suggest.

    Args:
        operation: The facade's method, such as ``"change_stage"``.
        about: The stage or the reason, or None where it has neither.

    Source: OPP-16.
    """

    operation: str
    about: str | None = None


@frozen
class DialogRun:
    """
    A dialog with the answers given so far.

    Args:
        dialog: The dialog.
        answers: The code of each question that was answered or passed over, in order, with the answer; None where
            it was passed over.

    Source: OPP-16.
    """

    dialog: Dialog
    answers: tuple[tuple[str, Answer | None], ...] = ()

    @property
    def question(self) -> DialogQuestion | None:
        """The question to answer now; None where the dialog is over."""
        questions = self.dialog.questions
        if not self.answers:
            return questions[0]
        code, answer = self.answers[-1]
        places = {question.code: place for place, question in enumerate(questions)}
        last = questions[places[code]]
        chosen = _chosen(last, answer)
        following = (chosen.next if chosen is not None else None) or last.next
        if following == END:
            return None
        place = places[code] + 1 if following is None else places[following]
        return questions[place] if place < len(questions) else None

    @property
    def is_over(self) -> bool:
        """Whether every question on the way was answered."""
        return self.question is None

    def answer(self, answer: Answer | None) -> DialogRun:
        """
        Return the run with the present question answered.

        Args:
            answer: Text, the code of a choice, an exact number or a plain day, as the question asks; None passes
                over a question that need not be answered.

        Raises:
            InvalidInput: The answer does not fit, or the dialog is over; who asks must ask again.

        Source: OPP-16.
        """
        question = self.question
        if question is None:
            raise InvalidInput("answer", answer, f"comes too late: the dialog {self.dialog.code!r} is over")
        return evolve(self, answers=(*self.answers, (question.code, _checked(question, answer))))

    def back(self) -> DialogRun:
        """Return the run without its last answer; at the beginning, as it is."""
        return evolve(self, answers=self.answers[:-1])

    @property
    def fills(self) -> dict[str, Any]:
        """The fields that the answers fill, as `edit` takes them; of two answers to one field the later."""
        changes: dict[str, Any] = {}
        for question, _, answer in self._answered():
            if question.fills is not None:
                kept = _kept(question, answer)
                name = question.fills.removeprefix(CUSTOM)
                if name == question.fills:
                    changes[name] = kept
                else:
                    changes.setdefault("custom", {})[name] = kept
        return changes

    @property
    def finishes(self) -> tuple[str, ...]:
        """The codes of the tasks that the answers finish, each once, in order."""
        found = [part.finishes for part in self._parts() if part.finishes is not None]
        return tuple(dict.fromkeys(found))

    @property
    def proposals(self) -> tuple[Proposal, ...]:
        """The moves that the answers suggest, each once, in order."""
        found = [part.proposes for part in self._parts() if part.proposes is not None]
        return tuple(proposal(each) for each in dict.fromkeys(found))

    @property
    def told(self) -> str:
        """The answers in words, for the history: ``budget=yes; amount=3000``."""
        return "; ".join(f"{code}={answer}" for code, answer in self.answers if answer is not None)

    def _answered(self) -> Iterator[tuple[DialogQuestion, DialogChoice | None, Answer]]:
        by_code = {question.code: question for question in self.dialog.questions}
        for code, answer in self.answers:
            if answer is not None:
                yield by_code[code], _chosen(by_code[code], answer), answer

    def _parts(self) -> Iterator[DialogQuestion | DialogChoice]:
        for question, chosen, _ in self._answered():
            yield question
            if chosen is not None:
                yield chosen


def offered_dialogs(dialogs: Iterable[Dialog], stage: str | None) -> tuple[Dialog, ...]:
    """Return those of *dialogs* that are offered in *stage*; a lead stands in none."""
    return tuple(dialog for dialog in dialogs if dialog.stage is None or dialog.stage == stage)


def proposal(text: str) -> Proposal:
    """Return the move that ``operation`` or ``operation:about`` means."""
    operation, _, about = text.partition(":")
    return Proposal(operation, about or None)


def _chosen(question: DialogQuestion, answer: Answer | None) -> DialogChoice | None:
    return next((choice for choice in question.choices if choice.code == answer), None)


def _checked(question: DialogQuestion, answer: Any) -> Answer | None:
    if answer is None:
        if question.is_required:
            raise InvalidInput(question.code, answer, "must be answered")
        return None
    return _CHECKS[question.kind](question, answer)


def _text(question: DialogQuestion, answer: Any) -> str:
    return named(answer, question.code)


def _choice(question: DialogQuestion, answer: Any) -> str:
    codes = [choice.code for choice in question.choices]
    if answer not in codes:
        raise InvalidInput(question.code, answer, f"must be one of {', '.join(codes)}")
    return str(answer)


def _number(question: DialogQuestion, answer: Any) -> int | Decimal:
    must_be_whole = question.fills is not None and question.currency is None
    is_whole = isinstance(answer, int) and not isinstance(answer, bool)
    if not is_whole and (must_be_whole or not isinstance(answer, Decimal)):
        wanted = "a whole number" if must_be_whole else "an exact number, int or Decimal"
        raise InvalidInput(question.code, answer, f"must be {wanted}")
    number: int | Decimal = answer
    if question.currency is not None:
        Money(number, question.currency)
    elif abs(number) >= LARGEST_AMOUNT if isinstance(number, int) else not _is_sensible(number):
        raise InvalidInput(question.code, "a number", f"must be smaller than {LARGEST_AMOUNT}, and finite")
    return number


def _is_sensible(number: Decimal) -> bool:
    return number.is_finite() and abs(number.adjusted()) <= _MOST_DIGITS


def _date(question: DialogQuestion, answer: Any) -> date:
    return plain_day(answer, question.code)


_CHECKS: Mapping[AnswerKind, Callable[[DialogQuestion, Any], Answer]] = MappingProxyType(
    {AnswerKind.TEXT: _text, AnswerKind.CHOICE: _choice, AnswerKind.NUMBER: _number, AnswerKind.DATE: _date}
)


def _kept(question: DialogQuestion, answer: Any) -> Any:
    """What the field holds."""
    if question.currency is not None:
        return Money(answer, question.currency)
    is_custom = question.fills is not None and question.fills.startswith(CUSTOM)
    return answer.isoformat() if is_custom and isinstance(answer, date) else answer
