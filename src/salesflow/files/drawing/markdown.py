"""A template as Markdown (PROC-5): tables as GitHub and MyST read them; nothing that a template holds is markup."""

from __future__ import annotations

import re

from salesflow.files.drawing.sheet import Column, Line, Sheet

_MARKUP = re.compile(r"[\\`*_{}\[\]|~$#^=]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
_ENTITY = re.compile("[&<>@]")
_BLOCK = re.compile(r"^(?:[-+]|\d+[.)])(?=\s|$)|^-+$")


def markdown(sheet: Sheet) -> str:
    """Return the matrix, in bands of so many stages as stand side by side, and the rules of leaving it."""
    said = [f"# {_text(sheet.title)}", _text(sheet.subtitle)]
    said += ["\n".join(_fact(caption, text) for caption, text in sheet.facts)] if sheet.facts else []
    said += [_table(sheet, band) for band in sheet.bands]
    rules = ((rule.caption, sheet.words.in_sequence(line.text for line in rule.lines)) for rule in sheet.rules)
    said.append("\n".join(_fact(caption, text) for caption, text in rules))
    said += [_text(" · ".join(sheet.legend))] if sheet.legend else []
    return "\n\n".join(said) + "\n"


def _fact(caption: str, text: str) -> str:
    return f"- **{_text(caption)}**: {_text(text)}"


def _table(sheet: Sheet, band: tuple[Column, ...]) -> str:
    rows = [[_text(sheet.words.say("stage")), *map(_head, band)], ["---"] * (len(band) + 1)]
    for at, aspect in enumerate(sheet.aspects):
        rows.append([f"**{_text(aspect)}**", *(_cell(column.cells[at]) for column in band)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _head(column: Column) -> str:
    return f"{column.number}. {_text(column.name)}<br>{_code(column.code)}<br>{column.percent} %"


def _cell(lines: tuple[Line, ...]) -> str:
    return "<br>".join(map(_line, lines)) or "–"


def _line(line: Line) -> str:
    name = f"★ **{_text(line.text)}**" if line.is_core else _text(line.text)
    code = f" {_code(line.code)}" if line.code and line.code != line.text else ""
    return name + code + (f" ({_text(line.note)})" if line.note else "")


def _code(code: str) -> str:
    """A code in its own type, where it is one; whatever else it is, as text."""
    return f"`{code}`" if re.fullmatch(r"[\w.-]+", code) else _text(code)


def _text(text: str) -> str:
    """*text* with everything escaped that Markdown would take for markup."""
    escaped = _ENTITY.sub(lambda found: _ENTITIES[found[0]], _MARKUP.sub(r"\\\g<0>", text))
    return _BLOCK.sub(lambda found: "".join(f"&#{ord(c)};" for c in found[0]), escaped)
