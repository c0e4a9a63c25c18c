"""
TOML in and out, for files that anybody may have written: what would cost too much is not even parsed (REL-8).

The standard parser recurses into nested values, and needs the square of the time for a long dotted key. So
one pass over the text, in time that grows with its length, looks at nesting, dots and number of values first.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.process.findings import ERRORS, Finding

LARGEST_FILE = 64 * 1024
"""A file has at most so many bytes, a text so many characters."""

DEEPEST_NESTING = 8
"""Lists and tables stand in each other at most so deep."""

MOST_KEY_PARTS = 8
"""A dotted key has at most so many parts."""

MOST_VALUES = 6_000
"""A file holds at most so many keys, values and headers: what parsing costs is decided by these."""

# Strings, comments and empty lines are passed over whole, an unterminated string up to its end. Every quantifier
# is possessive: nothing is tried again. None holds a lookahead: Python before 3.11.5 may go wrong there.
_TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\.|"[^"\\]|"\\.|""[^"\\]|""\\.)*+"{0,5}+'
    r"|'''(?:[^']++|'[^']|''[^'])*+'{0,5}+"
    r'|"(?:[^"\\\n]++|\\[^\n])*+"?+'
    r"|'[^'\n]*+'?+"
    r"|#[^\n]*+"
    r"|\n(?:[ \t]*+(?:#[^\n]*+)?+\n)*+"
    r"|[][{}=,.]",
    re.DOTALL,
)
_PLACE = re.compile(r" \(at (line \d+, column \d+|end of document)\)$")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')


def read_toml(source: str | bytes) -> dict[str, Any] | Finding:
    """
    Return the table that *source* holds, or the one reason why it cannot be read.

    Args:
        source: Text, or the bytes of a UTF-8 file. A byte order mark before it is passed over.

    Returns:
        The table, as `tomllib` gives it, or a finding with the line where reading stopped.

    Source: PROC-3, REL-8.
    """
    if len(source) > LARGEST_FILE:
        return _finding("file", "too_large", most=LARGEST_FILE // 1024)
    if isinstance(source, bytes):
        try:
            text = source.decode()
        except UnicodeDecodeError as problem:
            line = source.count(b"\n", 0, problem.start) + 1
            return _finding(f"line {line}", "not_utf8")
    else:
        text = source
    text = text.removeprefix("\ufeff")
    costly = _costly(text)
    if costly is not None:
        return costly
    try:
        return tomllib.loads(text)
    except ValueError as problem:  # TOMLDecodeError, and a whole number of thousands of digits
        message = str(problem)
        place = _PLACE.search(message)
        return _finding(place[1] if place else "file", "syntax", problem=message[: place.start()] if place else message)


def _costly(text: str) -> Finding | None:
    """Return why *text* would cost too much to parse, or None."""
    depth = dots = values = 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first == ".":
            dots += 1
            values += 1
            if dots >= MOST_KEY_PARTS:
                return _finding(_line(text, token), "key_too_deep", most=MOST_KEY_PARTS)
        elif first in "[{":
            depth += 1
            values += 1
            dots = 0
            if depth > DEEPEST_NESTING:
                return _finding(_line(text, token), "too_deep", most=DEEPEST_NESTING)
        elif first in "]}":
            depth = max(0, depth - 1)
            dots = 0
        elif first in "=,\n":
            values += first != "\n"
            dots = 0
        if values > MOST_VALUES:
            return _finding(_line(text, token), "too_many_values", most=MOST_VALUES)
    return None


def _line(text: str, token: re.Match[str]) -> str:
    return f"line {text.count(chr(10), 0, token.start()) + 1}"


def _finding(place: str, code: str, **facts: object) -> Finding:
    return Finding(place, code, ERRORS[code].format(**facts))


def toml_value(value: Any) -> str:
    """
    Return *value* as TOML writes it on one line.

    Args:
        value: Text, a whole number, true or false, or a list or mapping of such.

    Raises:
        InvalidInput: It is none of these.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + _ESCAPED.sub(_escape, str(value)) + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, Iterable):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    raise InvalidInput("value", value, "cannot be written as TOML")


def toml_key(key: str) -> str:
    """Return *key* as TOML writes it: quoted only where it must be."""
    return key if _BARE_KEY.fullmatch(key) else toml_value(key)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    return "\\" + character if character in '"\\' else f"\\u{ord(character):04X}"
