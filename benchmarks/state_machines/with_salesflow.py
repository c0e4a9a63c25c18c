"""salesflow's compiled machine, driven as its engine drives it: one slotted attempt per move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.state_machines.deal import MOVES, STAGES, Deal
from salesflow.process.machine import Rule, build_machine, fire

OUTCOMES = ("won", "lost", "invalid")


class Attempt:
    """One attempted move: the model whose state the machine moves, and where the reasons go."""

    __slots__ = ("deal", "reasons", "state")

    def __init__(self, deal: Deal) -> None:
        self.deal = deal
        self.state = deal.stage
        self.reasons: list[str] = []


def amount_is_filled(attempt: Attempt) -> bool:
    """Pass, or say that the amount is missing."""
    if attempt.deal.is_filled():
        return True
    attempt.reasons.append("amount_missing")
    return False


def tasks_are_done(attempt: Attempt) -> bool:
    """Pass, or say that a task is open."""
    if attempt.deal.is_done():
        return True
    attempt.reasons.append("task_open")
    return False


def note_entry(attempt: Attempt) -> None:
    """Say which stage was entered."""
    attempt.deal.note(attempt.state)


def _rules() -> Iterator[Rule]:
    guards = (amount_is_filled, tasks_are_done)
    for n, source in enumerate(STAGES):
        if n < MOVES:
            yield Rule("advance", source, STAGES[n + 1], guards)
        for target in STAGES[n + 1 :]:
            yield Rule(f"jump:{target}", source, target, guards)
        for outcome in OUTCOMES:
            yield Rule(outcome, source, outcome)


MACHINE = build_machine(dict.fromkeys((*STAGES, *OUTCOMES), (note_entry, None)), tuple(_rules()))


class WithSalesflow:
    """Deals moved by the shared machine, which keeps nothing about them."""

    name = "salesflow"
    deal_class = Deal

    def start(self, deals: Sequence[Deal]) -> Sequence[Deal]:
        """Return the deals: the machine is never bound to one."""
        return deals

    def drive(self, started: Iterable[Deal]) -> None:
        """Move every deal through all stages."""
        events = MACHINE.events
        for deal in started:
            for _ in range(MOVES):
                attempt = Attempt(deal)
                if events["advance"].trigger(attempt, attempt):
                    deal.stage = attempt.state

    def advance(self, one: Deal) -> bool:
        """Try to move one deal."""
        attempt = Attempt(one)
        if not fire(MACHINE, "advance", attempt):
            return False
        one.stage = attempt.state
        return True


class NineMoves:
    """
    Tries nine moves of a deal that is not ready: six jumps with two reasons each, three closings that would pass.

    A move is tried on an attempt, which is thrown away; so nothing needs to be undone but the event noted.
    """

    def __init__(self) -> None:
        self.deal = Deal("d1", amount=None, open_tasks=("prepare",))
        self.triggers = (*[f"jump:{stage}" for stage in STAGES[1:]], *OUTCOMES)

    def __call__(self) -> list[list[str]]:
        """Return every reason of every move."""
        answers = []
        for trigger in self.triggers:
            attempt = Attempt(self.deal)
            fire(MACHINE, trigger, attempt)
            answers.append(attempt.reasons)
        self.deal.events.clear()
        return answers


ENGINE = WithSalesflow()
