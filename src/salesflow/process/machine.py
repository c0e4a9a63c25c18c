"""
The compiled machine: `transitions` defines which moves exist, a flat plan read from it runs them fast.

One machine per template version, shared by every record, never bound to one (``add_model`` costs 60 µs and
10 kB a record). Conditions and callbacks are plain functions of one argument, the attempt, which is also the
model whose ``state`` moves. A condition appends its reasons to the attempt and returns whether it passed.

The plan of an event is read once from the live machine, per source state: conditions, callbacks, destination.
It holds nothing that the machine does not say. Whatever the plan does not model (``unless``, ``prepare``,
named callbacks, several transitions for one event and state …) stays on the stock path, and a later change of
the machine drops the plan. Two differences to stock are deliberate: every condition is asked, so that all
reasons are collected, and a callback that raises leaves the state as it was.

This is the only file that imports `transitions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from attrs import frozen
from transitions import Event, EventData, Machine, MachineError, State, Transition

Step = Callable[[Any], Any]
Row = tuple[tuple[Step, ...], tuple[Step, ...], str, tuple[Step, ...]]
"""Conditions, callbacks before the state changes, destination, callbacks after it."""


@frozen
class Rule:
    """
    One move that a machine shall know.

    Args:
        trigger: The event's name, such as ``"advance"`` or ``"jump:negotiation"``.
        source, target: States.
        conditions: Each returns True or appends its reasons to the attempt and returns False.
        before: Called before anything else happens in a move that passed.
    """

    trigger: str
    source: str
    target: str
    conditions: tuple[Callable[[Any], bool], ...] = ()
    before: tuple[Step, ...] = ()


class ThoroughTransition(Transition):
    """A stock transition but for one thing: it asks every condition instead of stopping at the first no."""

    machine: ProcessMachine | None = None

    def _eval_conditions(self, event_data: EventData) -> bool:
        answers = [condition.check(event_data) for condition in self.conditions]
        return all(answers)

    def add_callback(self, trigger: str, func: Any) -> None:
        """Add a callback and drop the plans, which do not know it."""
        setattr(self, trigger, [*getattr(self, trigger), func])
        _drop_plans(self.machine)


class WatchedState(State):
    """A stock state that drops the plans when its callbacks change."""

    machine: ProcessMachine | None = None

    def add_callback(self, trigger: str, func: Any) -> None:
        """Add a callback and drop the plans, which do not know it."""
        setattr(self, "on_" + trigger, [*getattr(self, "on_" + trigger), func])
        _drop_plans(self.machine)


class PlannedEvent(Event):
    """A stock event that runs by its plan where it has one for the state."""

    plan: Mapping[str, Row] | None = None

    def trigger(self, model: Any, *args: Any, **kwargs: Any) -> bool:
        """Try the event on *model*; True if it moved. An event that its state does not know goes the stock path."""
        plan = self.plan
        if plan is None:
            plan = self.plan = read_plan(self)
        row = plan.get(model.state)
        if row is None or kwargs or len(args) != 1:
            return bool(super().trigger(model, *args, **kwargs))
        attempt = args[0]
        conditions, before, target, after = row
        passed = True
        for condition in conditions:
            if not condition(attempt):
                passed = False
        if not passed:
            return False
        source = model.state
        try:
            for step in before:
                step(attempt)
            model.state = target
            for step in after:
                step(attempt)
        except BaseException:
            model.state = source
            raise
        return True


_CALLBACKS = (
    "prepare_event", "before_state_change", "after_state_change", "finalize_event", "on_exception", "on_final",
    "send_event",
)  # fmt: skip


class ProcessMachine(Machine):
    """A stock machine with planned events; every change of it drops the plans."""

    event_cls: type[Event] = PlannedEvent
    transition_cls = ThoroughTransition
    state_cls = WatchedState

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _CALLBACKS:
            _drop_plans(self)

    def add_states(self, *args: Any, **kwargs: Any) -> None:
        """Add states as stock does."""
        super().add_states(*args, **kwargs)
        for state in self.states.values():
            cast(WatchedState, state).machine = self
        _drop_plans(self)

    def add_transition(self, trigger: str, *args: Any, **kwargs: Any) -> None:
        """Add a transition as stock does."""
        super().add_transition(trigger, *args, **kwargs)
        for transitions in self.events[trigger].transitions.values():
            for transition in transitions:
                cast(ThoroughTransition, transition).machine = self
        _drop_plans(self)

    def remove_transition(self, *args: Any, **kwargs: Any) -> None:
        """Remove transitions as stock does."""
        super().remove_transition(*args, **kwargs)
        _drop_plans(self)


def _drop_plans(machine: ProcessMachine | None) -> None:
    for event in machine.__dict__.get("events", {}).values() if machine is not None else ():
        event.plan = None


class StockMachine(ProcessMachine):
    """The same machine with the stock event class: what the plans are tested against."""

    event_cls = Event


def read_plan(event: Event) -> Mapping[str, Row]:
    """
    Return, per source state, what *event* does there, for those states whose transition a plan can model.

    The lists that were read become tuples: whoever would change them in place gets an error, not a stale plan.
    """
    machine: Any = event.machine
    for name in _CALLBACKS[:-1]:
        setattr(machine, "_" + name, tuple(getattr(machine, name)))
    if (
        machine.prepare_event
        or machine.finalize_event
        or machine.on_exception
        or machine.has_queue
        or machine.send_event
    ):
        return {}
    plan: dict[str, Row] = {}
    for source, transitions in event.transitions.items():
        row = _row(machine, machine.states[source], transitions[0]) if len(transitions) == 1 else None
        if row is not None:
            plan[source] = row
    return plan


def _row(machine: Any, leaving: Any, transition: Any) -> Row | None:
    target = machine.states.get(transition.dest)
    if target is None or transition.prepare or type(transition) is not ThoroughTransition:
        return None
    if type(leaving) is not WatchedState or type(target) is not WatchedState:
        return None
    for thing, names in (
        (transition, ("conditions", "before", "after", "prepare")),
        (leaving, ("on_enter", "on_exit")),
        (target, ("on_enter", "on_exit")),
    ):
        for name in names:
            setattr(thing, name, tuple(getattr(thing, name)))
    conditions: tuple[Any, ...] = tuple(c.func for c in transition.conditions if c.target)
    before = (*machine.before_state_change, *transition.before, *leaving.on_exit)
    after = (
        *target.on_enter,
        *(machine.on_final if target.final else ()),
        *transition.after,
        *machine.after_state_change,
    )
    named = [step for step in (*conditions, *before, *after) if not callable(step)]
    if named or len(conditions) != len(transition.conditions):
        return None
    return conditions, before, target.name, after


def build_machine(
    states: Mapping[str, tuple[Step | None, Step | None]],
    rules: tuple[Rule, ...],
    *,
    machine_class: type[ProcessMachine] = ProcessMachine,
) -> ProcessMachine:
    """
    Build the machine of one template version.

    Args:
        states: Per state, what is called on entering and on leaving it, or None.
        rules: Every move that exists.
        machine_class: `StockMachine` runs the same definition without plans.
    """
    machine = machine_class(
        model=None,
        states=[
            WatchedState(name, on_enter=[enter] if enter else None, on_exit=[leave] if leave else None)
            for name, (enter, leave) in states.items()
        ],
        initial=next(iter(states)),
        auto_transitions=False,
        queued=False,
        send_event=False,
    )
    for rule in rules:
        machine.add_transition(
            rule.trigger, rule.source, rule.target, conditions=list(rule.conditions), before=list(rule.before)
        )
    return machine


def fire(machine: Machine, trigger: str, attempt: Any) -> bool | None:
    """
    Try *trigger* on *attempt*, whose ``state`` says where it stands.

    Returns:
        True if it moved, False if a condition refused (the reasons are in the attempt), None if the machine
        knows no such move from there.
    """
    event = machine.events.get(trigger)
    if event is None or attempt.state not in event.transitions:
        return None
    try:
        return bool(event.trigger(attempt, attempt))
    except MachineError:
        return None


def ask(machine: Machine, trigger: str, attempt: Any) -> bool | None:
    """Like `fire`, but only ask the conditions: nothing moves and no callback is called."""
    event = machine.events.get(trigger)
    transitions = event.transitions.get(attempt.state) if event is not None else None
    if not transitions:
        return None
    passed = True
    for condition in transitions[0].conditions:
        if not cast(Step, condition.func)(attempt):
            passed = False
    return passed
