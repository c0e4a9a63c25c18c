"""
A set of people that is written out only when somebody needs it written out.

Everybody below a vice-president is one stretch of the management line's numbering: asking whether one person
is among them compares two numbers, and costs the same for three reports as for three thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

from salesflow.visibility.forest import Forest

NO_LINE = Forest({}, "")
_NO_SETS: tuple[frozenset[str], ...] = ()

SHORT = 32
"""A stretch or set of at most this many people is written out at once: a small set is the fastest to ask."""

SHOWN = 8
"""How many people a `repr` names before it counts the rest."""


class People(Set[str]):
    """
    An immutable set of people: some ids, one stretch of a numbered line, some larger sets.

    Compares, hashes and iterates as the frozenset of its members does; `ids` is that frozenset.

    Args:
        named: The ids known one by one.
        line: The forest that numbers the stretch.
        low, high: The stretch of the line's order that belongs to the set, *high* excluded; equal means none.
        sets: Larger sets that other `People` share, so they are not copied.
    """

    __slots__ = ("_ids", "high", "line", "low", "named", "sets")

    def __init__(
        self,
        named: frozenset[str],
        line: Forest = NO_LINE,
        low: int = 0,
        high: int = 0,
        sets: tuple[frozenset[str], ...] = _NO_SETS,
    ) -> None:
        self.named, self.line, self.low, self.high, self.sets = named, line, low, high, sets
        self._ids: frozenset[str] | None = None if sets or high > low else named

    @property
    def ids(self) -> frozenset[str]:
        """The members, written out; kept once worked out."""
        if self._ids is None:
            self._ids = self.named.union(self.line.order[self.low : self.high], *self.sets)
        return self._ids

    @property
    def is_written_out(self) -> bool:
        """Whether `ids` costs nothing."""
        return self._ids is not None

    def write_out(self, most: int) -> None:
        """Work `ids` out now, unless that may be more than *most* people."""
        if self._ids is None and self.high - self.low + sum(map(len, self.sets)) <= most:
            self._ids = self.ids

    def __contains__(self, person: object) -> bool:
        if self._ids is not None:
            return person in self._ids
        if person in self.named or self.low <= self.line.numbers.get(person, -1) < self.high:  # type: ignore[call-overload]
            return True
        return any(person in people for people in self.sets)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ids)

    def __bool__(self) -> bool:
        return bool(self.named or self.high > self.low or any(self.sets))

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Set):
            return self.ids == (other.ids if isinstance(other, People) else other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.ids)

    def __repr__(self) -> str:
        shown = [repr(person) for person in sorted(self.ids)[:SHOWN]]
        if len(self) > SHOWN:
            shown.append(f"and {len(self) - SHOWN:,} more")
        return "{" + ", ".join(shown) + "}"

    @classmethod
    def _from_iterable(cls, it: Iterable[Any]) -> Any:
        """Make the result of `&`, `|` and `-`, which `collections.abc.Set` provides."""
        return cls(frozenset(it))


class Gathering:
    """Collects people from several relations, to make one `People` of them."""

    __slots__ = ("_high", "_line", "_low", "_named", "_sets", "count")

    def __init__(self) -> None:
        self._named: list[str] = []
        self._sets: list[frozenset[str]] = []
        self._line, self._low, self._high = NO_LINE, 0, 0
        self.count = 0
        """How often something was added."""

    def add(self, person: str) -> None:
        """Add one person."""
        self._named.append(person)
        self.count += 1

    def add_all(self, people: Sequence[str] | Set[str]) -> None:
        """Add several people. A large frozenset is shared, not copied."""
        if people:
            if len(people) > SHORT:
                self._sets.append(people if isinstance(people, frozenset) else frozenset(people))
            else:
                self._named += people
            self.count += 1

    def add_stretch(self, line: Forest, low: int, high: int) -> None:
        """Add a stretch of *line*. The first long one stays a stretch."""
        if high == low:
            return
        self.count += 1
        if high - low <= SHORT:
            self._named += line.order[low:high]
        elif self._high == self._low:
            self._line, self._low, self._high = line, low, high
        elif (line, low, high) != (self._line, self._low, self._high):
            self._sets.append(frozenset(line.order[low:high]))

    def people(self) -> People:
        """Return everybody who was added so far."""
        return People(frozenset(self._named), self._line, self._low, self._high, tuple(self._sets))
