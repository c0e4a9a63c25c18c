"""
The compiled machine: `transitions` defines which moves exist, a flat plan read from it runs them fast.

One machine per template version, shared by every record, never bound to one (``add_model`` costs 60 µs and
10 kB a record). Conditions and callbacks are plain functions of one argument, the attempt, which is also the
model whose ``state`` moves. A condition appends its reasons to the attempt and returns whether it passed.

The plan of an event is read once from the live machine, per source state: conditions, callbacks, destination.
It holds nothing that the machine does not say. Whatever the plan does not model (``unless``, ``prepare``,
named callbacks, several transitions for one event and state …) stays on the stock path, and a later change of
the machine, an event, a transition or a state drops the plan. Two differences to stock are deliberate: every
condition is asked, so that all reasons are collected, and a callback that raises leaves the state as it was.

This is the only file that imports `transitions`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from transitions import Event, EventData, Machine, MachineError, State, Transition

Step = Callable[[Any], Any]
Row = tuple[tuple[Step, ...], tuple[Step, ...], Any, tuple[Step, ...]]
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


class Watched:
    """A part that plans are read from: setting any attribute of it drops the plans of its machine."""

    machine: ProcessMachine | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if self.machine is not None:
            _drop_plans(self.machine)


class ThoroughTransition(Watched, Transition):
    """A stock transition but for one thing: it asks every condition instead of stopping at the first no."""

    def _eval_conditions(self, event_data: EventData) -> bool:
        answers = [condition.check(event_data) for condition in self.conditions]
        return all(answers)

    def add_callback(self, trigger: str, func: Any) -> None:
        """Add a callback as stock does, also where a plan was read."""
        setattr(self, trigger, [*getattr(self, trigger), func])


class WatchedState(Watched, State):
    """A stock state that drops the plans when it changes."""

    def add_callback(self, trigger: str, func: Any) -> None:
        """Add a callback as stock does, also where a plan was read."""
        setattr(self, "on_" + trigger, [*getattr(self, "on_" + trigger), func])


class PlannedEvent(Event):
    """A stock event that runs by its plan where it has one for the state."""

    plan: Mapping[str, Row] | None = None

    def add_transition(self, transition: Transition) -> None:
        """Add a transition as stock does and drop the plan."""
        vars(transition)["machine"] = self.machine
        self.transitions[transition.source] = [*self.transitions[transition.source]]
        super().add_transition(transition)
        self.plan = None

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
            if condition(attempt) != True:  # noqa: E712  # as stock compares: a 2 is no yes
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
)  # fmt: skip
_SETTINGS = frozenset((*_CALLBACKS, "send_event", "model_attribute"))


class ProcessMachine(Machine):
    """A stock machine with planned events; every change of it drops the plans."""

    event_cls: type[Event] = PlannedEvent
    transition_cls = ThoroughTransition
    state_cls = WatchedState

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _SETTINGS:
            _drop_plans(self)

    def add_states(self, *args: Any, **kwargs: Any) -> None:
        """Add states as stock does."""
        super().add_states(*args, **kwargs)
        for state in self.states.values():
            vars(state)["machine"] = self
        _drop_plans(self)

    def remove_transition(self, *args: Any, **kwargs: Any) -> None:
        """Remove transitions as stock does."""
        super().remove_transition(*args, **kwargs)
        _drop_plans(self)


def _drop_plans(machine: Machine) -> None:
    event: Any
    for event in vars(machine).get("events", {}).values():
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
    for name in _CALLBACKS:
        setattr(machine, "_" + name, tuple(getattr(machine, name)))
    if (
        machine.prepare_event
        or machine.finalize_event
        or machine.on_exception
        or machine.has_queue
        or machine.send_event
        or machine.model_attribute != "state"
    ):
        return {}
    plan: dict[str, Row] = {}
    by_source: Any = event.transitions
    for source, transitions in by_source.items():
        by_source[source] = tuple(transitions)
        row = _row(machine, machine.states.get(source), transitions[0]) if len(transitions) == 1 else None
        if row is not None:
            plan[source] = row
    return plan


def _row(machine: Any, leaving: Any, transition: Any) -> Row | None:
    target = machine.states.get(transition.dest)
    if transition.prepare or type(transition) is not ThoroughTransition:
        return None
    if type(leaving) is not WatchedState or type(target) is not WatchedState:
        return None
    for thing, names in (
        (transition, ("conditions", "before", "after", "prepare")),
        (leaving, ("on_enter", "on_exit")),
        (target, ("on_enter", "on_exit")),
    ):
        for name in names:
            vars(thing)[name] = tuple(getattr(thing, name))
    conditions: tuple[Any, ...] = tuple(c.func for c in transition.conditions if c.target)
    before: tuple[Any, ...] = (*machine.before_state_change, *transition.before, *leaving.on_exit)
    after: tuple[Any, ...] = (
        *target.on_enter,
        *(machine.on_final if target.final else ()),
        *transition.after,
        *machine.after_state_change,
    )
    named = [step for step in (*conditions, *before, *after) if not callable(step)]
    if named or len(conditions) != len(transition.conditions):
        return None
    return conditions, before, target.value, after


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
        moved: bool = event.trigger(attempt, attempt)
    except MachineError:
        return None
    return moved


def ask(machine: Machine, trigger: str, attempt: Any) -> bool | None:
    """Like `fire`, but only ask the conditions: nothing moves and no callback is called."""
    event = machine.events.get(trigger)
    transitions = event.transitions.get(attempt.state) if event is not None else None
    if not transitions:
        return None
    asked = EventData(None, event, machine, attempt, args=(attempt,), kwargs={})
    return any(transition._eval_conditions(asked) for transition in transitions)
