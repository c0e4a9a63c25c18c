"""Whether one value of a template, whatever its type, is sound: text, code, number, choice, list (PROC-3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from salesflow.model import Label, Route
from salesflow.model.requests import LONGEST_NAME, first_hidden, is_blank
from salesflow.process.findings import FindingCollector, picture

LONGEST_CODE = 60
"""A code has at most so many characters."""

MOST_ITEMS = 50
"""A list of values holds at most so many items."""

_CODE = re.compile(r"[a-z][a-z0-9_]*")
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_MOST_SHOWN = 30  # names listed in one message


class ValueChecks:
    """
    Checks values one by one and collects what is wrong; a bool that comes back says whether it was sound.

    Args:
        found: Where findings go.
    """

    def __init__(self, found: FindingCollector) -> None:
        self.found = found

    def each(self, place: str, values: tuple[Any, ...], most: int) -> Iterator[tuple[str, Any]]:
        """Give each item with its place; of a list that is too long, only the beginning."""
        if len(values) > most:
            self.found.error(place, "too_many", most=most)
        for n, value in enumerate(values[:most]):
            yield f"{place}[{n}]", value

    def unique(self, place: str, value: str, seen: set[str]) -> None:
        """Report *value* if it was seen before."""
        if value in seen:
            self.found.error(place, "duplicate", value=picture(value))
        seen.add(value)

    def codes(self, place: str, values: tuple[Any, ...]) -> None:
        """Check a list of codes, each once."""
        seen: set[str] = set()
        for at, value in self.each(place, values, MOST_ITEMS):
            if self.code(at, value):
                self.unique(at, value, seen)

    def names(self, place: str, values: tuple[Any, ...]) -> list[tuple[str, str]]:
        """Check a list of names, each once; return the sound ones with their places."""
        seen: set[str] = set()
        sound = []
        for at, value in self.each(place, values, MOST_ITEMS):
            if self.name(at, value):
                self.unique(at, value, seen)
                sound.append((at, value))
        return sound

    def routes(self, place: str, routes: tuple[Any, ...]) -> None:
        """Check a list of routes, each once."""
        seen: set[str] = set()
        for at, route in self.each(place, routes, MOST_ITEMS):
            if self.choice(at, route, tuple(Route)):
                self.unique(at, route, seen)

    def label(self, place: str, label: Label) -> None:
        """Check a name for people in each of its languages."""
        texts: tuple[tuple[Any, Any], ...] = label.texts
        seen: set[str] = set()
        for _, (language, text) in self.each(place, texts, MOST_ITEMS):
            at = place if len(texts) == 1 and language == "en" else f"{place}.{key_picture(language)}"
            if isinstance(language, str) and _LANGUAGE.fullmatch(language):
                self.unique(at, language, seen)
            else:
                self.found.error(at, "language_form", value=picture(language))
            self.text(at, text, LONGEST_NAME)

    def origin(self, place: str, origin: Any) -> None:
        """Check who a part is by; None is nobody."""
        if origin is not None:
            self.name(place, origin)

    def code(self, place: str, value: Any) -> bool:
        """Check a code: it is for ever, and stands in files, addresses and stores."""
        if not self.is_text(place, value):
            return False
        if len(value) > LONGEST_CODE or not _CODE.fullmatch(value):
            self.found.error(place, "code_form", value=picture(value), most=LONGEST_CODE)
            return False
        return True

    def name(self, place: str, value: Any) -> bool:
        """Check text that must say something."""
        if not self.text(place, value, LONGEST_NAME):
            return False
        if is_blank(value):
            self.found.error(place, "empty")
            return False
        return True

    def text(self, place: str, value: Any, most: int) -> bool:
        """Check text that may be empty."""
        if not self.is_text(place, value):
            return False
        if len(value) > most:
            self.found.error(place, "too_long", length=len(value), most=most)
            return False
        hidden = first_hidden(value)
        if hidden:
            self.found.error(place, "hidden_character", point=ord(hidden))
        return not hidden

    def is_text(self, place: str, value: Any) -> bool:
        """Check that it is text at all."""
        return isinstance(value, str) or self.wrong_type(place, "text", value)

    def whole(self, place: str, value: Any, least: int, most: int) -> bool:
        """Check a whole number within bounds, both included."""
        if not isinstance(value, int) or isinstance(value, bool):
            return self.wrong_type(place, "a whole number", value)
        if not least <= value <= most:
            self.found.error(place, "out_of_range", value=picture(value), least=least, most=most)
            return False
        return True

    def flag(self, place: str, value: Any) -> bool:
        """Check that it is true or false."""
        return isinstance(value, bool) or self.wrong_type(place, "true or false", value)

    def choice(self, place: str, value: Any, known: tuple[str, ...]) -> bool:
        """Check that it is one of *known*."""
        if value in known:
            return True
        if self.is_text(place, value):
            self.found.error(place, "unknown_choice", value=picture(value), known=listed(known))
        return False

    def wrong_type(self, place: str, wanted: str, value: Any) -> bool:
        """Report a value of a wrong type."""
        self.found.error(place, "wrong_type", wanted=wanted, found=picture(value))
        return False


def key_picture(key: object) -> str:
    """Return a key or name as a message shows it: a short plain one as it is, else a harmless picture."""
    if isinstance(key, str) and len(key) <= LONGEST_CODE and _PLAIN.fullmatch(key):
        return key
    return picture(key)


def listed(names: Iterable[str]) -> str:
    """Return *names* as a message lists them; where there are very many, the first."""
    shown = [key_picture(str(name)) for name in names]
    return ", ".join(shown[:_MOST_SHOWN]) + (", ..." if len(shown) > _MOST_SHOWN else "")
