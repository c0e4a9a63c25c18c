"""
Stock `transitions`, used as its own manual shows: one machine, the deals added as models, callbacks by name.

It stops at the first guard that says no and gives no reason; here that makes no difference, since all pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from transitions import Machine

from benchmarks.state_machines.deal import MOVES, STAGES, Deal


class TransitionsDeal(Deal):
    """A deal that has a `__dict__`, since the machine adds some thirty methods to it."""

    def note_entry(self) -> None:
        """Say which stage was entered."""
        self.note(self.stage)


def new_machine() -> Machine:
    """Return a machine without models."""
    machine = Machine(model=None, states=list(STAGES), initial=STAGES[0], model_attribute="stage")
    for source, target in pairwise(STAGES):
        machine.add_transition("advance", source, target, conditions=["is_filled", "is_done"], after="note_entry")
    return machine


def bare_machine() -> Machine:
    """Return a machine of the same moves without guards and callback."""
    machine = Machine(model=None, states=list(STAGES), initial=STAGES[0], model_attribute="stage")
    for source, target in pairwise(STAGES):
        machine.add_transition("advance", source, target)
    return machine


class WithTransitions:
    """Deals bound to a stock machine with `add_model`."""

    name = "transitions"
    deal_class = TransitionsDeal

    def start(self, deals: Sequence[Any]) -> Sequence[Any]:
        """Add the deals to a fresh machine."""
        new_machine().add_model(list(deals))
        return deals

    def drive(self, started: Iterable[Any]) -> None:
        """Move every deal through all stages."""
        for deal in started:
            for _ in range(MOVES):
                deal.advance()

    def advance(self, one: Any) -> bool:
        """Try to move one deal."""
        return one.stage != STAGES[-1] and bool(one.advance())


ENGINE = WithTransitions()
