"""A stage chart as Mermaid text (PROC-5): signs in names are written by number, so none is read as syntax."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from salesflow.files.drawing.sheet import MOST_ACROSS, Column, Sheet
from salesflow.files.drawing.text_measure import wrapped

_PLAIN = frozenset(" ,")  # anything else may be syntax somewhere: "1." at the start of a label is a list
_LOOKALIKES = str.maketrans("<>&", "‹›＆")  # a title is cleaned of markup, and so would lose what looks like it
_WIDTH = 14  # of a box, in times the size of the font


def mermaid(sheet: Sheet) -> str:
    """Return the stages as a flowchart, with jumps, approvals, where converted leads enter, and the outcomes."""
    direction = "LR" if len(sheet.columns) <= MOST_ACROSS else "TB"
    said = ["---", f"title: {_title(sheet.title)}", "---", f"flowchart {direction}"]
    said += [f"  {line}" for line in (*_stages(sheet), *_outcomes(sheet))]
    return "\n".join(said) + "\n"


def _stages(sheet: Sheet) -> Iterator[str]:
    words, columns = sheet.words, sheet.columns
    for column in columns:
        yield f"{_id(column)}[{_box(column)}]"
    for column, after in pairwise(columns):
        label = f"|{_quoted(words.say('approval_short'))}|" if column.needs_approval else ""
        yield f"{_id(column)} -->{label} {_id(after)}"
    for before, after in _around_optional(columns):
        yield f"{_id(before)} -.->|{_quoted(words.say('optional'))}| {_id(after)}"
    if len(columns) > 1:
        jump = f"{words.say('jump')}: {sheet.rules[0].lines[0].text}"
        yield f"{_id(columns[0])} -.->|{_quoted(jump)}| {_id(columns[-1])}"
    for column in columns:
        if column.is_optional:
            yield f"style {_id(column)} stroke-dasharray: 5 4"


def _outcomes(sheet: Sheet) -> Iterator[str]:
    words = sheet.words
    for column in sheet.columns:
        if column.takes_leads:
            yield f"lead([{_quoted(words.say('lead_short'))}]) --> {_id(column)}"
    yield f"anywhere({_quoted(words.say('any_stage'))})"
    wins_from = _id(sheet.columns[-1]) if sheet.columns and not sheet.wins_from_any else "anywhere"
    for outcome, source in (("won", wins_from), ("lost", "anywhere"), ("invalid", "anywhere")):
        yield f"{source} --> {outcome}([{_quoted(words.say(outcome))}])"


def _around_optional(columns: tuple[Column, ...]) -> Iterator[tuple[Column, Column]]:
    """The stages before and after each run of optional ones."""
    before = None
    passed = False
    for column in columns:
        if column.is_optional:
            passed = True
            continue
        if before is not None and passed:
            yield before, column
        before, passed = column, False


def _id(column: Column) -> str:
    return f"s{column.number}"


def _box(column: Column) -> str:
    return _quoted(f"{column.number} · {column.name}", f"{column.percent} %")


def _quoted(*paragraphs: str) -> str:
    """A label: lines of a width, in quotes, all but letters, digits and the plainest signs by number."""
    lines = [line for text in paragraphs for line in wrapped(text, _WIDTH)]
    return '"' + "<br/>".join("".join(map(_character, line)) for line in lines) + '"'


def _title(title: str) -> str:
    """A text in YAML's quotes, which know other numbers."""
    return '"' + "".join(c if _is_plain(c) else f"\\U{ord(c):08X}" for c in title.translate(_LOOKALIKES)) + '"'


def _character(character: str) -> str:
    return character if _is_plain(character) else f"#{ord(character)};"


def _is_plain(character: str) -> bool:
    return character.isalnum() or character in _PLAIN
