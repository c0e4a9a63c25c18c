"""`python-statemachine`: one machine per deal, as it must be, with the deal as its model and callbacks by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from statemachine import State, StateMachine
from statemachine.exceptions import TransitionNotAllowed

from benchmarks.state_machines.deal import MOVES, STAGES, Deal


class StateMachineDeal(Deal):
    """A deal that is the model of its machine."""

    def note_entry(self) -> None:
        """Say which stage was entered."""
        self.note(self.stage)


class DealMachine(StateMachine):
    """The seven stages."""

    s1 = State(initial=True)
    s2 = State()
    s3 = State()
    s4 = State()
    s5 = State()
    s6 = State()
    s7 = State(final=True)
    advance = (
        s1.to(s2, cond=["is_filled", "is_done"], after="note_entry")
        | s2.to(s3, cond=["is_filled", "is_done"], after="note_entry")
        | s3.to(s4, cond=["is_filled", "is_done"], after="note_entry")
        | s4.to(s5, cond=["is_filled", "is_done"], after="note_entry")
        | s5.to(s6, cond=["is_filled", "is_done"], after="note_entry")
        | s6.to(s7, cond=["is_filled", "is_done"], after="note_entry")
    )


class WithStateMachine:
    """Deals with a machine each."""

    name = "python-statemachine"
    deal_class = StateMachineDeal

    def start(self, deals: Sequence[Any]) -> Sequence[Any]:
        """Return a machine per deal."""
        return [DealMachine(deal, state_field="stage") for deal in deals]

    def drive(self, started: Iterable[Any]) -> None:
        """Move every deal through all stages."""
        for machine in started:
            for _ in range(MOVES):
                machine.advance()

    def advance(self, one: Any) -> bool:
        """Try to move one deal."""
        try:
            one.advance()
        except TransitionNotAllowed:
            return False
        return one.model is not None


assert tuple(DealMachine.states_map) == STAGES

ENGINE = WithStateMachine()
