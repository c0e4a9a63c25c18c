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
_LONG_NUMBER = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")
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
        place = f"line {problem.lineno}, column {problem.colno}"
        raise InvalidInput(place, shown, f"is no JSON: {problem.msg}") from None
    if _RARE_ESCAPE.search(text) is not None:
        _refuse_unkeepable(plain)
    elif not text.isascii():
        _refuse_unkeepable(text)
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
            raise InvalidInput("file", "lists and objects", f"must stand in each other at most {DEEPEST_NESTING} deep")
    number = _LONG_NUMBER.search(bare)
    if number is not None:
        raise InvalidInput("file", number[0] + "...", f"must have at most {MOST_DIGITS} digits; write more as text")


def _refuse_unkeepable(plain: Any) -> None:
    """Refuse half characters and NUL, which UTF-8 or a database cannot keep."""
    told = plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)
    refuse_half_characters(told)
    if "\\u0000" in told and "\x00" in _all_text(plain):
        raise InvalidInput("file", "a NUL character", "must not stand in text")


def refuse_half_characters(text: str) -> None:
    """
    Return if *text* is whole Unicode.

    Raises:
        InvalidInput: It holds a lone surrogate; whoever made it must mend it.
    """
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        shown = ascii(text[problem.start])
        raise InvalidInput("file", shown, "is half a character; text must be whole Unicode") from None


def _all_text(plain: Any) -> str:
    if isinstance(plain, dict):
        return "".join(key + _all_text(value) for key, value in plain.items())
    if isinstance(plain, list):
        return "".join(map(_all_text, plain))
    return plain if isinstance(plain, str) else ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        doubled, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise InvalidInput(doubled, "a key", "must stand once in its object")
    return found


def _no_fraction(text: str) -> NoReturn:
    raise InvalidInput("file", text, "must be a whole number, or text where it has decimals")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_no_fraction, parse_constant=_no_fraction)
