"""A model and callbacks that note what is called on them, for the tests of the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STATES = ("a", "b", "c")


class Attempt:
    """A model that notes what is called on it; every answer and every failure is decided by a name."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.trace: list[tuple[str, str, Any]] = []
        self.reasons: list[str] = []
        self.noes: frozenset[str] = frozenset()
        self.failing: str | None = None

    def note(self, kind: str, name: str) -> None:
        self.trace.append((kind, name, self.state))
        if name == self.failing:
            raise RuntimeError(name)

    def shout(self, _given: object) -> None:
        """A callback that machines know by its name only."""
        self.note("callback", "shout")

    def nods(self, _given: object) -> bool:
        """A condition that machines know by its name only."""
        self.note("condition", "nods")
        return "nods" not in self.noes


def condition(name: str) -> Callable[[Any], bool]:
    """A condition that notes its name, and gives it as a reason where the attempt says no to it."""

    def answer(given: Any) -> bool:
        attempt = getattr(given, "model", given)
        attempt.note("condition", name)
        if name in attempt.noes:
            attempt.reasons.append(name)
            return False
        return True

    return answer


def callback(name: str) -> Callable[[Any], None]:
    """A callback that notes its name."""
    return lambda given: getattr(given, "model", given).note("callback", name)
