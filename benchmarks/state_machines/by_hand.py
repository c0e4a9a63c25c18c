"""A dict table written by hand, with the call shape and the reasons of the machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from benchmarks.state_machines.deal import MOVES, STAGES, Deal
from benchmarks.state_machines.with_salesflow import Attempt, amount_is_filled, note_entry, tasks_are_done

Effect = Callable[[Attempt], None]
Row = tuple[tuple[Callable[[Attempt], bool], ...], tuple[Effect, ...], str, tuple[Effect, ...]]

TABLE: dict[str, dict[str, Row]] = {
    "advance": {
        source: ((amount_is_filled, tasks_are_done), (), target, (note_entry,)) for source, target in pairwise(STAGES)
    }
}


def trigger(name: str, attempt: Attempt) -> bool:
    """Try a move: ask every guard, then run the effects around the change of state."""
    guards, before, target, after = TABLE[name][attempt.state]
    passed = True
    for guard in guards:
        if not guard(attempt):
            passed = False
    if not passed:
        return False
    for effect in before:
        effect(attempt)
    attempt.state = target
    for effect in after:
        effect(attempt)
    return True


class ByHand:
    """Deals moved by the table."""

    name = "hand-written table"
    deal_class = Deal

    def start(self, deals: Sequence[Deal]) -> Sequence[Deal]:
        """Return the deals: the table keeps nothing about them."""
        return deals

    def drive(self, started: Iterable[Deal]) -> None:
        """Move every deal through all stages."""
        for deal in started:
            for _ in range(MOVES):
                attempt = Attempt(deal)
                if trigger("advance", attempt):
                    deal.stage = attempt.state

    def advance(self, one: Deal) -> bool:
        """Try to move one deal."""
        attempt = Attempt(one)
        if one.stage == STAGES[-1] or not trigger("advance", attempt):
            return False
        one.stage = attempt.state
        return True


ENGINE = ByHand()
