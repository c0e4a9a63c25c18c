"""
What a drawing tells of a template, whatever the format: plain lines of text, in one language, safe to measure.

Every text is on one line and holds no character that would hide or reorder what stands around it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from attrs import frozen

from salesflow.files.drawing.words import Words
from salesflow.model import Jump, Label, Route, SalesProcess, Stage
from salesflow.process.asked_approvals import PERSON, ROLE

MOST_ACROSS = 7
"""So many stages stand side by side; a longer process goes on below."""

_JOINERS = "\u200c\u200d"  # Persian, the Indic scripts and many emoji cannot be written without them
_REPLACEMENT = "\ufffd"


@frozen
class Line:
    """
    One line of a cell or of a rule.

    Args:
        text: What it says.
        note: What is added to it in brackets; may be empty.
        code: The code that it is the name of; empty where it is none of a person's choosing.
        is_core: Whether it is the stage's core task.
    """

    text: str
    note: str = ""
    code: str = ""
    is_core: bool = False


@frozen
class Column:
    """
    One stage.

    Args:
        number: Counts from 1.
        name, code: Of the stage.
        percent: The chance of winning by default.
        is_optional, needs_approval, takes_leads: What the chart marks.
        cells: What it asks for: lines for each of the sheet's aspects, in their order.
    """

    number: int
    name: str
    code: str
    percent: int
    is_optional: bool
    needs_approval: bool
    takes_leads: bool
    cells: tuple[tuple[Line, ...], ...]


@frozen
class Rule:
    """
    How the process is left or shortened.

    Args:
        kind: ``jump``, ``won``, ``lost`` or ``invalid``.
        caption: What it is about.
        lines: What holds.
    """

    kind: str
    caption: str
    lines: tuple[Line, ...]


@frozen
class Sheet:
    """
    All that a drawing tells.

    Args:
        words: Of the language.
        title: The template's name.
        subtitle: Its id and version.
        facts: Caption and text of what holds for the whole process.
        aspects: The captions of the rows of the matrix.
        columns: The stages.
        rules: Jumping, then the outcomes.
        legend: What the signs mean that are used.
        jump: How going forward over stages is governed.
        wins_from_any: Whether it may be won from any stage.
    """

    words: Words
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    aspects: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    legend: tuple[str, ...]
    jump: str
    wins_from_any: bool

    @property
    def bands(self) -> list[tuple[Column, ...]]:
        """The stages as they stand side by side: in as few bands as may be, the last of them perhaps shorter."""
        count = len(self.columns)
        bands = -(-count // MOST_ACROSS)
        across = -(-count // max(bands, 1))
        return [self.columns[start : start + across] for start in range(0, count, max(across, 1))]


def plain(text: object) -> str:
    """
    Return *text* on one line, with a visible stand-in for each character that is none or works unseen.

    Those are controls, unassigned code points, and marks that turn the direction of what follows.
    """
    held = str(text)
    if not held.isprintable():
        held = "".join(map(_visible, held))
    return " ".join(held.split())


def _visible(character: str) -> str:
    if character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Co":
        return character
    return " " if character.isspace() else _REPLACEMENT


def sheet_of(process: SalesProcess, language: str) -> Sheet:
    """
    Return what a drawing of *process* tells.

    Args:
        process: Any template.
        language: ``en`` or ``zh``.
    """
    words = Words(language)
    facts = [
        ("customers", "; ".join(map(plain, process.customer_types))),
        ("starts", plain(process.starts_when)),
        ("ends", plain(process.ends_when)),
        ("rules", "; ".join(_named(r.message, r.code, language) for r in process.rules if not r.stages)),
    ]
    aspects = ("starts", "fields", "tasks", "procedures", "people", "ends", "conditions")
    return Sheet(
        words=words,
        title=_named(process.name, process.id, language),
        subtitle=f"{plain(process.id)} · {words.say('version', n=plain(process.version))}",
        facts=tuple((words.say(caption), text) for caption, text in facts if text),
        aspects=tuple(words.say(aspect) for aspect in aspects),
        columns=tuple(_column(stage, n, process, words) for n, stage in enumerate(process.stages, start=1)),
        rules=tuple(_rules(process, words)),
        legend=tuple(_legend(process, words)),
        jump=plain(process.jump),
        wins_from_any=process.win_from == "any",
    )


def _column(stage: Stage, number: int, process: SalesProcess, words: Words) -> Column:
    language = words.language
    takes_leads = process.entry_from_lead is not None and process.entry_from_lead == stage.code
    fields = tuple(
        Line(words.name("field", plain(needed.field)), _routes(needed.routes, words), plain(needed.field))
        for needed in stage.required_fields
    )
    tasks = tuple(
        Line(_named(task.name, task.code, language), _routes(task.routes, words), plain(task.code), bool(task.is_core))
        for task in stage.tasks
    )
    return Column(
        number=number,
        name=_named(stage.name, stage.code, language),
        code=plain(stage.code),
        percent=stage.probability,
        is_optional=bool(stage.is_optional),
        needs_approval=stage.approval is not None,
        takes_leads=takes_leads,
        cells=(
            _lines([stage.starts_when]),
            fields,
            tasks,
            _lines(stage.procedures),
            _lines(words.name("role", plain(role)) for role in stage.roles),
            _lines([stage.ends_when]),
            _lines(_conditions(process, stage, takes_leads, words)),
        ),
    )


def _conditions(process: SalesProcess, stage: Stage, takes_leads: bool, words: Words) -> Iterable[str]:
    if takes_leads:
        yield words.say("lead")
    if stage.is_optional:
        yield words.say("optional")
    if stage.limit_days is not None:
        yield words.say("limit", n=stage.limit_days)
    if stage.approval is not None:
        yield words.say("approval", who=_approver(stage.approval, words))
    for rule in process.rules:
        if stage.code in rule.stages:
            yield _named(rule.message, rule.code, words.language)


def _approver(approver: str, words: Words) -> str:
    """The name of whoever approves: a role by its own name, a person by their id."""
    known = plain(approver)
    if known.startswith(ROLE):
        return words.name("role", known.removeprefix(ROLE))
    return words.name("approver", known.removeprefix(PERSON))


def _rules(process: SalesProcess, words: Words) -> Iterable[Rule]:
    jump = plain(process.jump)
    known = jump in tuple(Jump)
    jumping = [words.say(f"jump_{jump}") if known else jump]
    if jump == Jump.REASON and any(stage.is_optional for stage in process.stages):
        jumping.append(words.say("jump_optional"))
    yield Rule("jump", words.say("jump"), _lines([*jumping, words.say("back")]))
    won = words.say("won_any" if process.win_from == "any" else "won_last")
    asked = {one.before: words.say("approval_of", who=_approver(one.approver, words)) for one in process.approvals}
    yield Rule("won", f"{words.say('won')} · 100 %", _lines([won, asked.get("win", "")]))
    for kind, reasons in (("lost", process.lost_reasons), ("invalid", process.invalid_reasons)):
        names = words.listed(words.name("reason", plain(reason)) for reason in reasons)
        approval = asked.get({"lost": "lose", "invalid": "invalidate"}[kind], "")
        yield Rule(kind, f"{words.say(kind)} · 0 %", _lines([words.say("closed_any", reasons=names), approval]))


def _legend(process: SalesProcess, words: Words) -> Iterable[str]:
    if any(task.is_core for stage in process.stages for task in stage.tasks):
        yield f"★ {words.say('core')}"
    if any(stage.approval is not None for stage in process.stages):
        yield f"◆ {words.say('approval_needed')}"
    if any(stage.is_optional for stage in process.stages):
        yield f"┄ {words.say('optional')}"


def _lines(texts: Iterable[str]) -> tuple[Line, ...]:
    shown = map(plain, texts)
    return tuple(Line(text) for text in shown if text)


def _named(name: Label, code: str, language: str) -> str:
    """The name in the language, or in another, or the code where there is none at all."""
    return plain(name.text(language)) or plain(code)


def _routes(routes: tuple[Route, ...], words: Words) -> str:
    return words.say("routes", routes=words.listed(words.name("route", plain(r)) for r in routes)) if routes else ""
