"""
`viewflow.fsm` on a plain class: one transition method with the six moves, the effect as its body.

It stops at the first guard that says no. Its state is kept where it keeps it by default, on the deal itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from django.conf import settings

from benchmarks.state_machines.deal import MOVES, STAGES, Deal

if not settings.configured:
    settings.configure()

from viewflow.fsm import State, TransitionNotAllowed


class ViewflowDeal(Deal):
    """A deal whose stage is a state of viewflow's."""

    stage = State(STAGES, default=STAGES[0])

    def __init__(self, id: str, amount: int | None = 250_000, open_tasks: tuple[str, ...] = ()) -> None:
        self.id = id
        self.amount = amount
        self.open_tasks = open_tasks
        self.events = []

    def _note_entry(self) -> None:
        self.note(self.stage)

    advance: Any = _note_entry
    for _source, _target in pairwise(STAGES):
        advance = stage.transition(source=_source, target=_target, conditions=[Deal.is_filled, Deal.is_done])(advance)


class WithViewflow:
    """Deals that move themselves."""

    name = "viewflow.fsm"
    deal_class = ViewflowDeal

    def start(self, deals: Sequence[Any]) -> Sequence[Any]:
        """Return the deals: the state is theirs."""
        return deals

    def drive(self, started: Iterable[Any]) -> None:
        """Move every deal through all stages."""
        for deal in started:
            for _ in range(MOVES):
                deal.advance()

    def advance(self, one: Any) -> bool:
        """Try to move one deal."""
        try:
            one.advance()
        except TransitionNotAllowed:
            return False
        return True


ENGINE = WithViewflow()
