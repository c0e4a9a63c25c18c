"""The record that every engine moves, with the two guards and the one effect of a move."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

STAGES = ("s1", "s2", "s3", "s4", "s5", "s6", "s7")
MOVES = len(STAGES) - 1
"""How many moves lead a deal through all stages."""


class Deal:
    """A deal. An engine that needs a `__dict__`, or adds methods, uses a class of its own below this one."""

    __slots__ = ("amount", "events", "id", "open_tasks", "stage")

    def __init__(self, id: str, amount: int | None = 250_000, open_tasks: tuple[str, ...] = ()) -> None:
        self.id = id
        self.stage = STAGES[0]
        self.amount = amount
        self.open_tasks = open_tasks
        self.events: list[tuple[str, str]] = []

    def is_filled(self) -> bool:
        """Guard: what the stage needs is filled in."""
        return self.amount is not None

    def is_done(self) -> bool:
        """Guard: no task of the stage is open."""
        return not self.open_tasks

    def note(self, stage: str) -> None:
        """Effect: say that *stage* was entered."""
        self.events.append(("stage_entered", stage))


class Engine(Protocol):
    """One way to move deals."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    @property
    def deal_class(self) -> type[Deal]:
        """The class of the deals that it can move."""
        ...

    def start(self, deals: Sequence[Any]) -> Sequence[Any]:
        """Return what the engine needs per deal, each at the first stage; not timed."""
        ...

    def drive(self, started: Iterable[Any]) -> None:
        """Move every deal through all stages: `MOVES` moves each; this is what is timed."""
        ...

    def advance(self, one: Any) -> bool:
        """Try to move one; whether it moved. Used to see that all engines answer alike."""
        ...
