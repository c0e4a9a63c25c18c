"""
On which line of a TOML file each value stands, so that a finding can name it (PROC-3).

The standard parser tells lines of what it cannot read only. What it could read is walked through once more here, in
time that grows with the text; nothing is judged.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from salesflow.files.toml import read_toml
from salesflow.process.findings import Finding
from salesflow.process.value_checks import key_picture

# Every quantifier is possessive: nothing is tried again. None holds a lookahead: Python before 3.11.5 may go wrong
# there.
_TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\.|"[^"\\]|"\\.|""[^"\\]|""\\.)*+"{3,5}+'
    r"|'''(?:[^']++|'[^']|''[^'])*+'{3,5}+"
    r'|"(?:[^"\\\n]++|\\[^\n])*+"'
    r"|'[^'\n]*+'"
    r"|#[^\n]*+"
    r"|\n(?:[ \t]*+(?:#[^\n]*+)?+\n)*+"
    r"|[][{}=,.]"
    r"|[^][{}=,.\n\s#\"']++",
    re.DOTALL,
)


def with_lines(findings: tuple[Finding, ...], source: str | bytes) -> tuple[Finding, ...]:
    """
    Return *findings* with the line of each place, or of what holds it where the place itself is not written there.

    That takes about as long as finding them, so it is for whoever shows them to somebody.

    Args:
        findings: About places of the file.
        source: The text or bytes of the file; of one that cannot be read the findings name their lines already.

    Source: PROC-3.
    """
    if not findings or not isinstance(read_toml(source), dict):
        return findings
    text = source.decode() if isinstance(source, bytes) else source
    lines = line_of_each_place(text.removeprefix("\ufeff"))
    return tuple(Finding(f.place, f.code, f.message, f.is_error, _nearest(f.place, lines)) for f in findings)


def _nearest(place: str, lines: dict[str, int]) -> int | None:
    """What is missing stands nowhere: then it is the line of the table that should hold it."""
    ends = [len(place), *(end for end in range(len(place) - 1, 0, -1) if place[end] in ".[")]
    return next((lines[place[:end]] for end in ends if place[:end] in lines), None)


def line_of_each_place(text: str) -> dict[str, int]:
    """
    Return the line, from 1, of each place such as ``stages[2].tasks[0].code``.

    Args:
        text: TOML that the standard parser accepts.

    Source: PROC-3.
    """
    return _Walk(text).walk()


class _Walk:
    """One way through a text: it stands at a token, and notes the line of each place that it comes by."""

    def __init__(self, text: str) -> None:
        self.tokens = self._read(text)
        self.token, self.line = next(self.tokens)
        self.lines: dict[str, int] = {}
        self.counts: dict[str, int] = {}

    @staticmethod
    def _read(text: str) -> Iterator[tuple[str, int]]:
        line, end = 1, 0
        for found in _TOKEN.finditer(text):
            line += text.count("\n", end, found.start())
            end = found.start()
            token = found[0]
            if not token.startswith("#"):
                yield ("\n" if token[0] == "\n" else token), line
        while True:
            yield "", line

    def step(self) -> None:
        self.token, self.line = next(self.tokens)

    def walk(self) -> dict[str, int]:
        table = ""
        while self.token:
            if self.token == "\n":
                self.step()
            elif self.token == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.lines

    def header(self) -> str:
        """``[a.b]`` or ``[[a.b]]``: a part that is a list of tables means its last one."""
        line = self.line
        self.step()
        is_item = self.token == "["
        if is_item:
            self.step()
        place = ""
        parts = self.key()
        for number, part in enumerate(parts, 1):
            place = f"{place}.{part}" if place else part
            self.lines.setdefault(place, line)
            if is_item and number == len(parts):
                self.counts[place] = self.counts.get(place, -1) + 1
            if place in self.counts:
                place = f"{place}[{self.counts[place]}]"
        self.lines.setdefault(place, line)
        while self.token not in ("\n", ""):
            self.step()
        return place

    def key(self) -> list[str]:
        """The parts of a key, as places write them; it ends at ``=`` or ``]``."""
        parts = []
        while self.token not in ("=", "]", ""):
            if self.token != ".":
                quoted = self.token[0] in "\"'"
                parts.append(key_picture(tomllib.loads(f"key = {self.token}")["key"] if quoted else self.token))
            self.step()
        return parts

    def pair(self, table: str) -> None:
        line, place = self.line, table
        for part in self.key():
            place = f"{place}.{part}" if place else part
            self.lines.setdefault(place, line)
        self.step()
        self.value(place)

    def value(self, place: str) -> None:
        """What stands behind ``=``, or as an item of a list; nesting is bounded by what was let in."""
        if self.token == "[":
            self.items(place)
        elif self.token == "{":
            self.step()
            while self.token not in ("}", ""):
                if self.token in (",", "\n"):
                    self.step()
                else:
                    self.pair(place)
            self.step()
        else:
            self.step()  # a date or a number may be several
            while self.token not in (",", "\n", "]", "}", ""):
                self.step()

    def items(self, place: str) -> None:
        self.step()
        number = 0
        while self.token not in ("]", ""):
            if self.token in (",", "\n"):
                self.step()
                continue
            self.lines[f"{place}[{number}]"] = self.line
            self.value(f"{place}[{number}]")
            number += 1
        self.step()
