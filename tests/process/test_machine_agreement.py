"""The planned machine is the stock machine: compared on random definitions that change while they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from transitions import Machine, Transition

from salesflow.process.machine import (
    ProcessMachine,
    StockMachine,
    ask,
    fire,
)
from tests.process.machines import STATES, Attempt, callback, condition

TRIGGERS = ("x", "y")
few = st.integers(0, 2)
rarely = st.sampled_from((0, 0, 0, 0, 1))


@st.composite
def transition_values(draw: st.DrawFn, number: str, *, states: tuple[str, ...] = STATES) -> dict[str, Any]:
    """The arguments of one `add_transition`, with named things now and then."""
    conditions: list[Any] = [condition(f"{number}.condition{n}") for n in range(draw(st.integers(0, 3)))]
    before: list[Any] = [callback(f"{number}.before{n}") for n in range(draw(few))]
    if draw(rarely):
        conditions.append("nods")
    if draw(rarely):
        before.append("shout")
    return {
        "trigger": draw(st.sampled_from(TRIGGERS)),
        "source": draw(st.sampled_from((*states, "*"))),
        "dest": draw(st.sampled_from((*states, *states, "=", None))),
        "conditions": conditions,
        "unless": [condition(f"{number}.unless")] * draw(rarely),
        "prepare": [callback(f"{number}.prepare")] * draw(rarely),
        "before": before,
        "after": [callback(f"{number}.after{n}") for n in range(draw(few))],
    }


@st.composite
def definitions(draw: st.DrawFn) -> Callable[[type[Machine]], Any]:
    """Whole machines, as a function that builds the same one of any class."""
    states: list[dict[str, Any]] = [
        {
            "name": name,
            "on_enter": [callback(f"{name}.enter{n}") for n in range(draw(few))],
            "on_exit": [callback(f"{name}.exit{n}") for n in range(draw(few))],
            "final": draw(st.booleans()),
        }
        for name in STATES
    ]
    transitions = [draw(transition_values(str(n))) for n in range(draw(st.integers(1, 5)))]
    machine_callbacks = {
        **{name: [callback(name)] * draw(st.integers(0, 1)) for name in ("before_state_change", "after_state_change")},
        **{name: [callback(name)] * draw(rarely) for name in ("prepare_event", "finalize_event", "on_exception")},
        "on_final": [callback("on_final")],
        "queued": bool(draw(rarely)),
        "send_event": bool(draw(rarely)),
    }

    def build(machine_class: type[Machine]) -> Any:
        machine: Any = machine_class(
            model=None,
            states=[own(state) for state in states],
            initial="a",
            auto_transitions=False,
            **own(machine_callbacks),
        )
        for transition in transitions:
            add(machine, transition)
        return machine

    return build


def own(values: dict[str, Any]) -> dict[str, Any]:
    """*values* with lists of their own: stock keeps the lists that it is given."""
    return {name: list(value) if isinstance(value, list) else value for name, value in values.items()}


def add(machine: Any, values: dict[str, Any]) -> None:
    """Add a transition from one state or from all, each with lists of its own."""
    for source in STATES if values["source"] == "*" else (values["source"],):
        machine.add_transition(**own({**values, "source": source}))


def all_transitions(machine: Any) -> list[Any]:
    return [t for event in machine.events.values() for group in event.transitions.values() for t in group]


def on_transition(number: int, change: Callable[[Any], object]) -> Callable[[Any], object]:
    """Do *change* to one of the machine's transitions, if it has any."""

    def act(machine: Any) -> None:
        transitions = all_transitions(machine)
        if transitions:
            change(transitions[number % len(transitions)])

    return act


def on_event(trigger: str, change: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda machine: change(machine.events[trigger]) if trigger in machine.events else None


@st.composite
def changes(draw: st.DrawFn, number: int) -> Callable[[Any], object]:
    """One change of a machine that runs already, by every door that it has."""
    name = f"change{number}"
    values = draw(transition_values(name))
    state = draw(st.sampled_from(STATES))
    trigger = draw(st.sampled_from(TRIGGERS))
    place = draw(st.integers(0, 5))
    new = callback(name)
    setting = draw(
        st.sampled_from(
            ("prepare_event", "before_state_change", "after_state_change", "finalize_event", "on_exception", "on_final")
        )
    )
    value = draw(st.sampled_from(([], [new])))
    switch = draw(st.booleans())
    kind = draw(st.sampled_from(("before", "after", "prepare")))
    asks: Any = [condition(name)]

    def foreign(source: str) -> Transition:
        return Transition(source, "c", asks)

    doors: list[Callable[[Any], object]] = [
        lambda machine: add(machine, values),
        lambda machine: machine.remove_transition(trigger, source=state) if trigger in machine.events else None,
        lambda machine: machine.add_states({"name": state, "on_enter": [new]}),
        lambda machine: machine.add_states("d"),
        lambda machine: machine.states[state].add_callback("enter", new),
        lambda machine: machine.states[state].add_callback("exit", new),
        lambda machine: getattr(machine, f"on_enter_{state}")(new),
        lambda machine: setattr(machine.states[state], "on_exit", list(value)),
        lambda machine: setattr(machine.states[state], "final", switch),
        lambda machine: setattr(machine, setting, list(value)),
        lambda machine: setattr(machine, "send_event", switch),
        on_event(trigger, lambda event: event.add_callback(kind, new)),
        on_event(trigger, lambda event: event.add_transition(foreign(state))),
        on_transition(place, lambda transition: transition.add_callback(kind, new)),
        on_transition(place, lambda transition: setattr(transition, "after", list(value))),
        on_transition(place, lambda transition: setattr(transition, "dest", state)),
        on_transition(place, lambda transition: setattr(transition, "conditions", [])),
    ]
    return draw(st.sampled_from(doors))


def run(machine: Any, trigger: str, attempt: Attempt) -> tuple[str, Any]:
    """What firing gives: an answer, or an error by its text."""
    try:
        return "answer", fire(machine, trigger, attempt)
    except (RuntimeError, ValueError) as error:
        return type(error).__name__, str(error)


@settings(max_examples=2 * settings().max_examples)
@given(st.data())
def test_the_plan_is_the_machine(data):
    """OPP-5: whatever a machine is made of and however it changes, plans give stock's verdicts, calls and states."""
    build = data.draw(definitions())
    planned, thorough, stock = build(ProcessMachine), build(StockMachine), build(Machine)
    state = "a"
    for step in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            change = data.draw(changes(step))
            for machine in (planned, thorough, stock):
                change(machine)
        trigger = data.draw(st.sampled_from(TRIGGERS))
        names = [f"{n}.condition{m}" for n in range(3) for m in range(2)] + ["nods", "0.unless", "change0"]
        noes = frozenset(data.draw(st.lists(st.sampled_from(names), max_size=2)))
        failing = data.draw(st.sampled_from((*[None] * 6, "0.before0", "0.after0", "b.enter0", "a.exit0", "on_final")))
        results = []
        for machine in (planned, thorough, stock):
            attempt = Attempt(state)
            attempt.noes, attempt.failing = noes, failing
            results.append((run(machine, trigger, attempt), attempt))
        (ours, mine), (theirs, full), (plain, short) = results

        assert ours == theirs == plain
        assert mine.trace == full.trace
        assert mine.reasons == full.reasons
        calls = [entry for entry in mine.trace if entry[0] == "callback"]
        assert calls == [entry for entry in short.trace if entry[0] == "callback"]
        assert is_part(short.trace, mine.trace)
        event = planned.events.get(trigger)
        if ours[0] == "RuntimeError" and state in (event.plan or {}):
            assert mine.state == state, "a callback that raises leaves the state as it was"
        else:
            assert mine.state == full.state == short.state
            state = mine.state


def is_part(short: list[Any], whole: list[Any]) -> bool:
    """Whether *short* is *whole* with some entries left out."""
    rest = iter(whole)
    return all(entry in rest for entry in short)


@given(
    definitions(),
    st.sampled_from(STATES),
    st.sampled_from(TRIGGERS),
    st.sets(st.sampled_from(("nods", "0.unless", "0.condition0", "1.condition0"))),
)
def test_asking_is_firing_without_moving(build, state, trigger, noes):
    """OPP-14: `ask` gives the verdict and the reasons of `fire`, and calls no callback, on any machine."""
    machine = build(StockMachine)
    asking, moving = Attempt(state), Attempt(state)
    asking.noes = moving.noes = frozenset(noes)

    asked, fired = ask(machine, trigger, asking), run(machine, trigger, moving)[1]

    if not machine.has_queue:  # a queued machine says yes before it tries
        assert (asked if asked is None else bool(asked)) == fired
    if asked is not None:
        assert asking.reasons == moving.reasons
    assert asking.state == state
    assert all(kind == "condition" for kind, _, _ in asking.trace)
