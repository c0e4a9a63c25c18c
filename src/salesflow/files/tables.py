"""
TOML tables read strictly: every key is known, every value has its type, and every problem is told with its place.

Nothing is coerced: 12 is no text and "yes" is no flag. What is wrong becomes its default, and reading goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.files.problems import FileFindings
from salesflow.files.toml import read_toml
from salesflow.model.requests import LONGEST_NAME
from salesflow.process.findings import Finding
from salesflow.process.value_checks import ValueChecks, key_picture, listed

MOST_ENTRIES = 2_000
"""A list or table of values holds at most so many entries."""


def read_table(source: object) -> dict[str, Any] | Finding:
    """
    Return the table that TOML text or the bytes of a file hold, or the one reason why they cannot be read.

    Raises:
        InvalidInput: *source* is neither text nor bytes; the caller must hand over one of them.
    """
    if not isinstance(source, str | bytes):
        raise InvalidInput("source", source, "must be TOML text, or the bytes of a file")
    return read_toml(source)


class TableReader:
    """Reads values out of tables, and collects in `found` what is wrong with them."""

    def __init__(self) -> None:
        self.found = FileFindings()
        self._checks = ValueChecks(self.found)

    def keys(self, table: Mapping[str, Any], place: str, known: Collection[str]) -> None:
        """Note each key of *table* that is not known."""
        for key in table:
            if key not in known:
                self.found.error(join(place, key), "unknown_key", known=listed(known))

    def text(self, table: Mapping[str, Any], key: str, place: str, *, required: bool = False) -> str | None:
        """Return a text that says something, on one line; None where it is left out or wrong."""
        if key not in table:
            if required:
                self.found.error(join(place, key), "missing_key")
            return None
        return self.name(table[key], join(place, key))

    def name(self, value: Any, place: str) -> str | None:
        """Return *value* if it is a text that says something, else None."""
        return value if self._checks.name(place, value) else None

    def words(self, value: Any, place: str) -> str | None:
        """Return *value* if it is a text, which may be empty, else None."""
        return value if self._checks.text(place, value, LONGEST_NAME) else None

    def flag(self, table: Mapping[str, Any], key: str, place: str, default: bool) -> bool:
        """Return a true or false."""
        if key not in table:
            return default
        value = table[key]
        return value if self._checks.flag(join(place, key), value) else default

    def choice(self, table: Mapping[str, Any], key: str, place: str, known: tuple[str, ...], default: str) -> str:
        """Return one of *known*."""
        value = table.get(key, default)
        return value if self._checks.choice(join(place, key), value, known) else default

    def names(self, table: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
        """Return a list of texts that each say something, each once."""
        if key not in table:
            return ()
        values = table[key]
        if not isinstance(values, list):
            self._checks.wrong_type(join(place, key), "a list", values)
            return ()
        seen: set[str] = set()
        for at, value in self._checks.each(join(place, key), tuple(values), MOST_ENTRIES):
            if self._checks.name(at, value):
                self._checks.unique(at, value, seen)
        return tuple(value for value in values[:MOST_ENTRIES] if isinstance(value, str) and value in seen)

    def table(self, table: Mapping[str, Any], key: str, place: str) -> dict[str, Any]:
        """Return a table, empty where it is left out or wrong."""
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self._checks.wrong_type(join(place, key), "a table", value)
        return {}

    def texts(self, table: Mapping[str, Any], key: str, place: str) -> dict[str, str]:
        """Return a table from text to text, which may be empty."""
        found = {}
        for name, value in self.entries(self.table(table, key, place), join(place, key)):
            text = self.words(value, join(join(place, key), name))
            if text is not None:
                found[name] = text
        return found

    def entries(self, table: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
        """Give each key and value of a table; of one that is too large, only the beginning."""
        if len(table) > MOST_ENTRIES:
            self.found.error(place, "too_many", most=MOST_ENTRIES)
        yield from list(table.items())[:MOST_ENTRIES]

    def tables(self, table: Mapping[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give each table of a list of tables, with its place."""
        values = table.get(key, [])
        if not isinstance(values, list):
            self._checks.wrong_type(key, "a list of tables", values)
            return
        for at, value in self._checks.each(key, tuple(values), MOST_ENTRIES):
            if isinstance(value, dict):
                yield at, value
            else:
                self._checks.wrong_type(at, "a table", value)


def join(place: str, key: str) -> str:
    """Return the place of *key* within *place*."""
    shown = key_picture(key)
    return f"{place}.{shown}" if place else shown
