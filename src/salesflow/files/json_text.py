"""
JSON text in, for text that anybody may have written: what would cost too much is not even parsed (REL-8).

Stricter than the standard parser: no byte order mark, no doubled key, no NaN, no fractions (exact numbers are
written as text), no text that a database cannot keep.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

from salesflow.errors import InvalidInput

LARGEST_TEXT = 2 * 1024 * 1024
"""A text has at most so many bytes, or characters."""

DEEPEST_NESTING = 24
"""Lists and objects stand in each other at most so deep."""

MOST_CONTAINERS = 50_000
"""A text holds at most so many lists and objects."""

MOST_VALUES = 60_000
"""A text holds at most so many values."""

MOST_DIGITS = 19
"""A number has at most so many digits: what a database keeps in 64 bits."""

# An unterminated string is passed over up to its end; every quantifier is possessive: nothing is tried again.
_STRING = re.compile(r'"(?:[^"\\]++|(?:\\.)++)*+"?+', re.DOTALL)
_BRACKET = re.compile(r"[][{}]")
_STRING_OR_BRACKET = re.compile(rf"{_STRING.pattern}|{_BRACKET.pattern}", re.DOTALL)
_LONG_NUMBER = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")
_WHOLE = "is half a character; text must be whole Unicode"
_RARE_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read_json(source: str | bytes, *, largest: int = LARGEST_TEXT) -> Any:
    """
    Return the plain value that *source* holds: objects, lists, text, whole numbers, true, false, null.

    Args:
        source: Text, or the bytes of a UTF-8 file.
        largest: How many bytes or characters it may have.

    Raises:
        InvalidInput: It is no such text; ``what`` is the place where reading stopped, and its author must
            mend it.

    Source: IO-2, REL-8.
    """
    if not isinstance(source, str | bytes):
        raise InvalidInput("source", source, "must be JSON text, or the bytes of a file")
    if len(source) > largest:
        raise InvalidInput("file", f"{len(source):,} bytes", f"must have at most {largest:,}")
    text = _decoded(source) if isinstance(source, bytes) else source
    if text.startswith("\ufeff"):
        raise InvalidInput("line 1", "a byte order mark", "must not stand before the text")
    _refuse_costly(text)
    try:
        plain = _DECODER.decode(text)
    except json.JSONDecodeError as problem:
        shown = text[problem.pos : problem.pos + 40]
        raise InvalidInput(_place(text, problem.pos), shown, f"is no JSON: {problem.msg}") from None
    except _Fraction as problem:
        place = _place(text, _outside(text, re.escape(problem.text)))
        raise InvalidInput(place, problem.text, "must be a whole number, or text where it has decimals") from None
    if _RARE_ESCAPE.search(text) is not None:
        _refuse_unkeepable(text)
    if not text.isascii():
        refuse_half_characters(text)
    return plain


def _decoded(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise InvalidInput(f"line {line}", content[problem.start : problem.start + 8], "must be UTF-8") from None


def _refuse_costly(text: str) -> None:
    bare = _STRING.sub('"', text)
    containers = bare.count("[") + bare.count("{")
    if containers > MOST_CONTAINERS:
        raise InvalidInput("file", f"{containers:,} lists and objects", f"must hold at most {MOST_CONTAINERS:,}")
    values = bare.count(",")
    if values > MOST_VALUES:
        raise InvalidInput("file", f"{values:,} values", f"must hold at most {MOST_VALUES:,}")
    depth = 0
    for bracket in _BRACKET.finditer(bare):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEEPEST_NESTING:
            place = _place(text, _too_deep(text))
            raise InvalidInput(place, "lists and objects", f"must stand in each other at most {DEEPEST_NESTING} deep")
    number = _LONG_NUMBER.search(bare)
    if number is not None:
        place = _place(text, _outside(text, _LONG_NUMBER.pattern))
        raise InvalidInput(place, number[0] + "...", f"must have at most {MOST_DIGITS} digits; write more as text")


def _too_deep(text: str) -> int:
    """Where a bracket opens that stands too deep: looked for in the whole text only once there is one."""
    depth, brackets = 0, (found for found in _STRING_OR_BRACKET.finditer(text) if found[0][0] != '"')
    while True:
        bracket = next(brackets)
        depth += 1 if bracket[0] in "[{" else -1
        if depth > DEEPEST_NESTING:
            return bracket.start()


def _outside(text: str, form: str) -> int:
    """Where *form*, which is there, first stands outside of strings."""
    found = re.finditer(f"{_STRING.pattern}|({form})", text, re.DOTALL)
    return next(one.start() for one in found if one[1] is not None)


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1}, column {at - text.rfind(chr(10), 0, at)}"


def _refuse_unkeepable(text: str) -> None:
    """Refuse what stands escaped in a string and neither UTF-8 nor a database can keep: NUL and half characters."""
    for string in _STRING.finditer(text):
        if _RARE_ESCAPE.search(string[0]) is None:
            continue
        held, _ = _DECODER.raw_decode(text, string.start())
        half = _half_character(held)
        if "\x00" in held:
            raise InvalidInput(_place(text, string.start()), "a NUL character", "must not stand in text")
        if half is not None:
            raise InvalidInput(_place(text, string.start()), ascii(held[half]), _WHOLE)


def refuse_half_characters(text: str) -> None:
    """
    Return if *text* is whole Unicode.

    Raises:
        InvalidInput: It holds a lone surrogate; whoever made it must mend it.
    """
    half = _half_character(text)
    if half is not None:
        raise InvalidInput(_place(text, half), ascii(text[half]), _WHOLE)


def _half_character(text: str) -> int | None:
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        return problem.start
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        doubled, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise InvalidInput(f"key {doubled[:60]!r}", doubled, "must stand once in its object")
    return found


class _Fraction(Exception):
    """A number that is none of the whole ones stands there; where, the parser does not say."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


def _no_fraction(text: str) -> NoReturn:
    raise _Fraction(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_no_fraction, parse_constant=_no_fraction)
