"""
Trying a stage template out with a table that reads: given this opportunity, when this is done, then that holds.

Each row is run on a flow of its own, in memory, through the same operations as in earnest; nobody's data is touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from attrs import frozen

from salesflow.app import SalesFlow
from salesflow.errors import Because, InvalidInput, Refused, SalesflowError
from salesflow.model import (
    Employee,
    Grade,
    ImportedOpportunity,
    LedBy,
    Money,
    Opportunity,
    SalesProcess,
    TaskStatus,
)
from salesflow.process import compile
from salesflow.process.approvals import waiting_approvals
from salesflow.process.fields import OPPORTUNITY_FIELDS
from salesflow.stores import MemoryStore
from salesflow.visibility import Organization

LARGEST_TEXT = 64 * 1024
"""A text with cases has at most so many characters."""

MOST_CASES = 500
"""A text holds at most so many cases."""

MOST_PHRASES = 100
"""A cell holds at most so many phrases: each is an operation of a flow, and what has happened grows with them."""

_NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_SELLER, _SUPERIOR = "seller", "superior"
_COLUMNS = ["given", "when", "then"]
_ROW = re.compile(r"\s*\|(.*)\|\s*$")
_RULED = re.compile(r"\s*:?-+:?\s*")


@frozen
class TemplateCase:
    """
    One row of a table of cases.

    Args:
        line: The line it stands on, from 1.
        given: What the opportunity is like before; phrases, as `check_cases` knows them.
        when: What is done, one thing after another.
        then: What holds afterwards.
    """

    line: int
    given: tuple[str, ...]
    when: tuple[str, ...]
    then: tuple[str, ...]


@frozen
class CaseProblem:
    """
    Why a case does not hold.

    Args:
        line: The line of the case, from 1.
        problem: What was expected, what came, and what would do.
    """

    line: int
    problem: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.problem}"


def read_cases(text: str) -> tuple[TemplateCase, ...]:
    """
    Return the cases in *text*: the rows of every Markdown table whose columns are given, when and then.

    Args:
        text: Markdown; whatever else stands in it is passed over. Phrases of a cell are separated by ``;``.

    Raises:
        InvalidInput: A row has another number of cells, there is no case, or the text, the table or a cell is too
            large.

    Source: PROC-3.
    """
    if len(text) > LARGEST_TEXT:
        raise InvalidInput("cases", len(text), f"must be text of at most {LARGEST_TEXT} characters")
    cases: list[TemplateCase] = []
    is_table = False
    for line, written in enumerate(text.splitlines(), 1):
        row = _ROW.match(written)
        cells = [cell.strip() for cell in row[1].split("|")] if row else []
        if not row:
            is_table = False
        elif [cell.lower() for cell in cells] == _COLUMNS:
            is_table = True
        elif is_table and not all(map(_RULED.fullmatch, cells)):
            if len(cells) != len(_COLUMNS):
                raise InvalidInput(f"cases, line {line}", written, f"must have the cells {', '.join(_COLUMNS)}")
            given, when, then = map(_phrases, cells)
            most = max(map(len, (given, when, then)))
            if most > MOST_PHRASES:
                raise InvalidInput(f"cases, line {line}", f"{most:,} phrases", f"must be at most {MOST_PHRASES} a cell")
            cases.append(TemplateCase(line, given, when, then))
    if not 1 <= len(cases) <= MOST_CASES:
        raise InvalidInput("cases", len(cases), f"must be 1 to {MOST_CASES} rows under | given | when | then |")
    return tuple(cases)


def _phrases(cell: str) -> tuple[str, ...]:
    """The phrases of a cell; code marks are for the reader of the page."""
    return tuple(phrase.strip() for phrase in cell.replace("`", "").split(";") if phrase.strip())


def check_cases(process: SalesProcess, cases: str | Iterable[TemplateCase]) -> tuple[CaseProblem, ...]:
    """
    Try *process* out; return each case that does not hold, and why.

    ===========  ======================================================================================
    given        ``at STAGE`` (else the first), ``amount 1000 CNY``, ``close_date 30`` (days from now, or
                 ``none``), ``led_by partner``, ``source TEXT``, ``done TASK``; then anything that *when* knows
    when         ``advance``, ``change_stage STAGE REASON``, ``win``, ``lose REASON``, ``invalidate REASON``,
                 ``reopen``, ``finish_task TASK``, ``reopen_task TASK``, ``fill_feedback TEXT``,
                 ``edit FIELD VALUE``, ``set_grade A REASON``, ``waive_stage STAGE REASON``,
                 ``request_approval OPERATION STAGE_OR_REASON``, ``approve``, ``refuse TEXT``, ``withdraw_approval``,
                 ``register_with_partner``
    then         ``at STAGE``, ``in_progress``, ``won``, ``lost``, ``invalid``, ``open TASK``, ``done TASK``,
                 ``skipped TASK``, ``probability 40``, ``grade C``, ``waiting`` (for an approval), and
                 ``refused CODE FACT``: then all that stands in the way of the last thing done is named
    ===========  ======================================================================================

    The seller owns the opportunity; approving, grading and waiving is done by the superior. Tasks that automations make
    are made; nobody is told or called, and no document is issued.

    Args:
        process: A sound template.
        cases: A text, as `read_cases` reads it, or cases.

    Raises:
        InvalidInput: The text holds no cases.
        TemplateError: The template has errors.

    Source: PROC-3, PROC-8.
    """
    some = read_cases(cases) if isinstance(cases, str) else cases
    return tuple(CaseProblem(case.line, problem) for case in some for problem in _Trial(process).problems(case))


def _call_nobody(_acting: object, _delivery: object) -> None:
    """Stand in for a handler of the application's: what a template calls is not tried out here."""


class _Trial:
    """One case on a flow of its own."""

    def __init__(self, process: SalesProcess) -> None:
        people = [Employee(_SELLER, manager=_SUPERIOR), Employee(_SUPERIOR)]
        self.process = process
        compile(process)
        self.flow = SalesFlow(
            store=MemoryStore(), organization=Organization(employees=people), processes=[process], clock=_Standing(),
            handlers={automation.call: _call_nobody for automation in process.automation if automation.call},
        )  # fmt: skip
        self.seller = self.flow.acting_as(_SELLER)
        self.superior = self.flow.acting_as(_SUPERIOR)
        self.deal: Opportunity | None = None
        self.reasons: tuple[Because, ...] = ()

    def problems(self, case: TemplateCase) -> Iterator[str]:
        try:
            self.begin(case.given)
            for phrase in case.when:
                if self.reasons:
                    yield f"{phrase!r} comes too late: refused already: {_listed(self.reasons)}"
                    return
                self.do(phrase)
            wanted = [phrase.split()[1:] for phrase in case.then if phrase.split()[0] == "refused"]
            surprises = list(self.unexpected(wanted))
            yield from surprises
            for phrase in () if surprises else case.then:
                yield from self.untrue(phrase)
        except SalesflowError as error:
            yield str(error)

    def begin(self, given: Sequence[str]) -> None:
        """Make the opportunity with what *given* says of it, then do the rest of that."""
        made: dict[str, Any] = {"close_date": _NOW.date() + timedelta(days=30)}
        rest = []
        stage = None
        for phrase in given:
            word, _, text = phrase.partition(" ")
            if word == "at":
                stage = text
            elif word in _MADE_WITH:
                made[word] = _MADE_WITH[word](text)
            else:
                rest.append(f"finish_task {text}" if word == "done" else phrase)
        customer = self.seller.customers.create("Customer").id
        if stage is None:
            self.deal = self.seller.opportunities.create("Deal", customer=customer, **made)
        else:
            led_by = made.pop("led_by", None)
            arrival = ImportedOpportunity(
                id="deal", name="Deal", owner=_SELLER, process=self.process.id, stage=stage, entered_at=_NOW,
                customer=customer, **made,
            )  # fmt: skip
            report = self.seller.files.import_opportunities([arrival])
            if report.problems:
                raise InvalidInput("given", f"at {stage}", report.problems[0].problem)
            self.deal = self.seller.opportunities.get("deal")
            if led_by is not None:
                self.deal = self.seller.opportunities.edit(self.deal, led_by=led_by)
        for phrase in rest:
            self.do(phrase)
            if self.reasons:
                raise InvalidInput("given", phrase, f"is refused: {_listed(self.reasons)}")

    def do(self, phrase: str) -> None:
        word, _, text = phrase.partition(" ")
        step = _STEPS.get(word)
        if step is None:
            raise InvalidInput("step", phrase, f"must begin with one of {', '.join(_STEPS)}")
        try:
            self.deal = step(self, text.strip())
        except Refused as no:
            self.reasons = no.reasons

    def unexpected(self, wanted: Sequence[Sequence[str]]) -> Iterator[str]:
        """What stands in the way and is not named, and what is named and does not."""
        left = list(self.reasons)
        for words in wanted:
            found = next((reason for reason in left if _is(reason, words)), None)
            if found is None:
                yield f"'refused {' '.join(words)}' is not so; {_listed(self.reasons) or 'nothing was refused'}"
            else:
                left.remove(found)
        if left:
            yield f"refused: {_listed(left)}"

    def untrue(self, phrase: str) -> Iterator[str]:
        word, _, text = phrase.partition(" ")
        told = _FACTS.get(word)
        if told is None and word != "refused":
            raise InvalidInput("then", phrase, f"must begin with one of refused, {', '.join(_FACTS)}")
        assert self.deal is not None
        if told is not None:
            wanted, found = told(self.deal, text.strip())
            if wanted != found:
                yield f"{phrase!r} is not so: it is {found}"


class _Standing:
    """Always the same moment."""

    def now(self) -> datetime:
        return _NOW


def _is(reason: Because, words: Sequence[str]) -> bool:
    facts = set(map(str, reason.facts.values()))
    return bool(words) and reason.code == words[0] and set(words[1:]) <= facts


def _listed(reasons: Iterable[Because]) -> str:
    return "; ".join(f"{reason.code} ({reason})" for reason in reasons)


def _day(text: str) -> date | None:
    if text == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,4}", text):
        raise InvalidInput("close_date", text, "must be a number of days from now, or none")
    return _NOW.date() + timedelta(days=int(text))


def _money(text: str) -> Money:
    amount, _, currency = text.partition(" ")
    return Money(amount, currency)


def _led_by(text: str) -> LedBy:
    if text not in {str(each) for each in LedBy}:
        raise InvalidInput("led_by", text, f"must be one of {', '.join(map(str, LedBy))}")
    return LedBy(text)


def _value(text: str) -> Any:
    known = {"none": None, "true": True, "false": False}
    if text in known:
        return known[text]
    if re.fullmatch(r"[0-9]{1,15}", text):
        return int(text)
    return _money(text) if re.fullmatch(r"[0-9.]{1,20} [A-Z]{3}", text) else text


_MADE_WITH: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"amount": _money, "close_date": _day, "led_by": _led_by, "source": str}
)


def _two(text: str) -> tuple[str, str | None]:
    first, _, rest = text.partition(" ")
    return first, rest.strip() or None


def _edit(trial: _Trial, text: str) -> Opportunity:
    name, value = _two(text)
    kind, _, key = name.partition(".")
    if kind == "custom":
        changes: dict[str, Any] = {"custom": {key: _value(value or "")}}
    elif name in OPPORTUNITY_FIELDS:
        changes = {name: _MADE_WITH.get(name, _value)(value or "")}
    else:
        raise InvalidInput("edit", name, f"must be one of {', '.join(OPPORTUNITY_FIELDS)}, or custom.NAME")
    return trial.seller.opportunities.edit(_deal(trial), **changes)


def _change_stage(trial: _Trial, text: str) -> Opportunity:
    stage, reason = _two(text)
    return trial.seller.opportunities.change_stage(_deal(trial), stage, reason=reason)


def _request_approval(trial: _Trial, text: str) -> Opportunity:
    operation, about = _two(text)
    arguments: Any = {} if about is None else {"reason": about}
    if operation == "change_stage":
        arguments = {"stage": about, "reason": "because"}
    return trial.seller.opportunities.request_approval(_deal(trial), operation, **arguments)


def _set_grade(trial: _Trial, text: str) -> Opportunity:
    grade, reason = _two(text)
    if grade not in Grade.__members__:
        raise InvalidInput("grade", grade, "must be A, B, C or D")
    return trial.superior.opportunities.set_grade(_deal(trial), Grade[grade], reason=reason)


def _waive_stage(trial: _Trial, text: str) -> Opportunity:
    stage, reason = _two(text)
    return trial.superior.opportunities.waive_stage(_deal(trial), stage, reason=reason)


def _deal(trial: _Trial) -> Opportunity:
    assert trial.deal is not None
    return trial.deal


def _plain(method: str) -> Callable[[_Trial, str], Opportunity]:
    def step(trial: _Trial, text: str) -> Opportunity:
        if text:
            raise InvalidInput("step", f"{method} {text}", f"must be {method} alone")
        changed: Opportunity = getattr(trial.seller.opportunities, method)(_deal(trial))
        return changed

    return step


def _reasoned(method: str) -> Callable[[_Trial, str], Opportunity]:
    def step(trial: _Trial, text: str) -> Opportunity:
        changed: Opportunity = getattr(trial.seller.opportunities, method)(_deal(trial), reason=text or None)
        return changed

    return step


def _about(method: str) -> Callable[[_Trial, str], Opportunity]:
    def step(trial: _Trial, text: str) -> Opportunity:
        changed: Opportunity = getattr(trial.seller.opportunities, method)(_deal(trial), text)
        return changed

    return step


_STEPS: Mapping[str, Callable[[_Trial, str], Opportunity]] = MappingProxyType(
    {
        **{name: _plain(name) for name in ("advance", "win", "reopen", "withdraw_approval", "register_with_partner")},
        **{name: _reasoned(name) for name in ("lose", "invalidate")},
        **{name: _about(name) for name in ("finish_task", "reopen_task", "fill_feedback")},
        "change_stage": _change_stage,
        "edit": _edit,
        "set_grade": _set_grade,
        "waive_stage": _waive_stage,
        "request_approval": _request_approval,
        "approve": lambda trial, text: trial.superior.opportunities.approve(_deal(trial), comment=text or None),
        "refuse": lambda trial, text: trial.superior.opportunities.refuse(_deal(trial), comment=text or None),
    }
)


def _tasks(status: TaskStatus) -> Callable[[Opportunity, str], tuple[str, str]]:
    def told(deal: Opportunity, text: str) -> tuple[str, str]:
        codes = {task.code for task in deal.tasks if task.status is status}
        return text, text if text in codes else ", ".join(sorted(codes)) or "none"

    return told


def _status(wanted: str) -> Callable[[Opportunity, str], tuple[str, str]]:
    return lambda deal, text: (wanted + text, str(deal.status))


_FACTS: Mapping[str, Callable[[Opportunity, str], tuple[str, str]]] = MappingProxyType(
    {
        "at": lambda deal, text: (text, deal.stage),
        **{status: _status(status) for status in ("in_progress", "won", "lost", "invalid")},
        "open": _tasks(TaskStatus.OPEN),
        "done": _tasks(TaskStatus.DONE),
        "skipped": _tasks(TaskStatus.SKIPPED),
        "probability": lambda deal, text: (text.removesuffix("%"), str(deal.probability.percent)),
        "grade": lambda deal, text: (text, str(deal.grade.effective and deal.grade.effective.value)),
        "waiting": lambda deal, text: ("waiting" + text, "waiting" if waiting_approvals(deal) else "not waiting"),
    }
)
