"""Functions that are written for one class and compiled once, and what they must know of a declaration."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin


class Code:
    """The lines of one function called ``made``, and the values that they name."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {}

    def add(self, depth: int, line: str) -> None:
        """Add a line, so many steps in."""
        self._lines.append("    " * depth + line)

    def name(self, value: Any) -> str:
        """Return a name by which the lines reach *value*."""
        name = f"_{len(self._names)}"
        self._names[name] = value
        return name

    def function(self, what: str) -> Callable[..., Any]:
        """Return the function; *what* it is for stands in a traceback."""
        text = "\n".join(self._lines) + "\n"
        place = f"<salesflow {what} {id(self)}>"
        linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
        exec(compile(text, place, "exec"), self._names)
        made: Callable[..., Any] = self._names["made"]
        return made


def optional(declared: Any) -> Any:
    """Return what a value is that may be None besides; None where it may not, or may be of several types."""
    others = [each for each in get_args(declared) if each is not NoneType]
    return others[0] if len(others) == 1 and NoneType in get_args(declared) else None


def is_fixed(declared: Any) -> bool:
    """Whether it is a tuple of so many values, each of its own type."""
    return get_origin(declared) is tuple and get_args(declared)[-1] is not Ellipsis


def choices_of(declared: Any) -> dict[str, Enum] | None:
    """Return the members by what stands for them, or None where *declared* is no closed set of words."""
    return {member.value: member for member in declared} if is_choice(declared) else None


def is_choice(declared: Any) -> bool:
    """Whether it is a closed set of words."""
    return isinstance(declared, type) and issubclass(declared, Enum) and len(declared) > 0
