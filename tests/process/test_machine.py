"""What the planned machine promises, each promise by itself."""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from transitions import Event, Machine, MachineError, State

from salesflow.process.machine import (
    ProcessMachine,
    Rule,
    StockMachine,
    ThoroughTransition,
    WatchedState,
    ask,
    build_machine,
    fire,
)
from tests.process.machines import STATES, Attempt, callback, condition

GO = Rule("go", "a", "b", (condition("first"), condition("second")), (callback("before"),))


def machine_of(*rules: Rule, machine_class: type[ProcessMachine] = ProcessMachine) -> ProcessMachine:
    states = {name: (callback(f"{name}.enter"), callback(f"{name}.exit")) for name in STATES}
    return build_machine(states, rules or (GO,), machine_class=machine_class)


def attempted(machine: Machine, *, no: tuple[str, ...] = (), trigger: str = "go") -> Attempt:
    attempt = Attempt("a")
    attempt.noes = frozenset(no)
    fire(machine, trigger, attempt)
    return attempt


def plan_of(machine: Machine) -> Any:
    event: Any = machine.events["go"]
    return event.plan


def names(attempt: Attempt) -> list[str]:
    return [name for _, name, _ in attempt.trace]


def test_a_move_runs_by_its_plan():
    """OPP-5: a plain event has a plan once it was fired; it asks, calls and moves in stock's order."""
    machine = machine_of()

    attempt = attempted(machine)

    assert set(plan_of(machine)) == {"a"}
    assert names(attempt) == ["first", "second", "before", "a.exit", "b.enter"]
    assert [state for _, _, state in attempt.trace] == ["a", "a", "a", "a", "b"]
    assert attempt.state == "b"


@pytest.mark.parametrize("machine_class", [ProcessMachine, StockMachine])
def test_every_reason_is_collected(machine_class):
    """OPP-5: a refused move gives every reason, not only the first, and calls nothing."""
    attempt = attempted(machine_of(machine_class=machine_class), no=("first", "second"))

    assert attempt.reasons == ["first", "second"]
    assert names(attempt) == ["first", "second"]
    assert attempt.state == "a"


@pytest.mark.parametrize("name", ["before", "a.exit", "b.enter"])
def test_a_callback_that_raises_leaves_the_state_as_it_was(name):
    """OPP-5: a move is all or nothing: the difference to stock, which stays where it got to."""
    planned, stock = Attempt("a"), Attempt("a")
    planned.failing = stock.failing = name

    with pytest.raises(RuntimeError, match=name):
        fire(machine_of(), "go", planned)
    with pytest.raises(RuntimeError, match=name):
        fire(machine_of(machine_class=StockMachine), "go", stock)

    assert planned.state == "a"
    assert stock.state == ("b" if name == "b.enter" else "a")
    assert planned.trace == stock.trace


def test_a_condition_that_raises_leaves_the_state_as_it_was():
    """OPP-5: nothing was called yet, so there is nothing to undo."""
    attempt = Attempt("a")
    attempt.failing = "first"

    with pytest.raises(RuntimeError, match="first"):
        fire(machine_of(), "go", attempt)

    assert (attempt.state, names(attempt)) == ("a", ["first"])


@pytest.mark.parametrize("machine_class", [ProcessMachine, StockMachine])
def test_a_condition_says_yes_by_true_only(machine_class):
    """OPP-5: as stock compares: what is merely true-ish is a no, on the plan, off it, and when asked."""
    for answer, moves in ((True, True), (1, True), (2, False), ("yes", False), (None, False), (False, False)):
        says: Any = lambda _, answer=answer: answer  # noqa: E731
        machine = machine_of(Rule("go", "a", "b", (says,)), machine_class=machine_class)
        assert ask(machine, "go", Attempt("a")) is moves
        assert fire(machine, "go", Attempt("a")) is moves


@pytest.mark.parametrize("machine_class", [ProcessMachine, StockMachine])
def test_an_unknown_move_is_none(machine_class):
    """OPP-14: no such event, or none from that state, is neither yes nor no, and never a MachineError."""
    machine = machine_of(machine_class=machine_class)
    elsewhere = Attempt("c")

    assert fire(machine, "fly", Attempt("a")) is None
    assert fire(machine, "go", elsewhere) is None
    assert ask(machine, "fly", Attempt("a")) is None
    assert ask(machine, "go", elsewhere) is None
    assert (elsewhere.state, elsewhere.trace) == ("c", [])


@pytest.mark.parametrize("machine_class", [ProcessMachine, StockMachine])
def test_no_machine_error_leaves_fire(machine_class):
    """OPP-14: not even one out of a callback that triggers an event of its own in the wrong state."""
    machine = machine_of(
        Rule("go", "a", "b", (), (lambda attempt: machine.events["back"].trigger(attempt, attempt),)),
        Rule("back", "c", "a"),
        machine_class=machine_class,
    )

    attempt = attempted(machine)

    assert fire(machine, "go", Attempt("a")) is None
    assert attempt.state == "a"
    with pytest.raises(MachineError):
        machine.events["go"].trigger(Attempt("c"), None)


class Foreign(ThoroughTransition):
    """A transition of somebody's own."""


class ForeignState(WatchedState):
    """A state of somebody's own."""


def with_foreign_transition(machine: ProcessMachine) -> None:
    machine.remove_transition("go")
    machine.add_transition("go", "c", "a")
    asks: Any = [condition("first")]
    machine.events["go"].add_transition(Foreign("a", "b", asks))


@pytest.mark.parametrize(
    ("change", "called"),
    [
        (lambda m: m.add_transition("go", "a", "c"), ["first", "second", "before", "a.exit", "b.enter"]),
        (lambda m: (m.remove_transition("go"), m.add_transition("go", "a", None)), []),
        (lambda m: (m.remove_transition("go"), m.add_transition("go", "a", "b", unless=condition("no"))), ["no"]),
        (lambda m: m.events["go"].add_callback("before", "shout"), None),
        (lambda m: m.events["go"].add_callback("prepare", callback("prepare")), None),
        (lambda m: setattr(m, "prepare_event", callback("prepare_event")), None),
        (lambda m: setattr(m, "finalize_event", callback("finalize_event")), None),
        (lambda m: setattr(m, "on_exception", callback("on_exception")), None),
        (lambda m: setattr(m, "send_event", True), None),
        (with_foreign_transition, ["first", "a.exit", "b.enter"]),
        (lambda m: m.add_states(ForeignState("b", on_enter=[callback("foreign")])), None),
        (lambda m: m.add_states(State("a", on_exit=[callback("stock")])), None),
    ],
    ids=[
        "two transitions", "internal", "unless", "named callback", "prepare", "prepare_event", "finalize_event",
        "on_exception", "send_event", "foreign transition", "foreign target", "foreign source",
    ],
)  # fmt: skip
def test_what_a_plan_does_not_model_goes_the_stock_path(change, called):
    """OPP-5: each such thing keeps its row out of the plan, and the result is stock's."""
    machine, stock = machine_of(), machine_of(machine_class=StockMachine)
    attempted(machine)
    change(machine)
    change(stock)

    attempt, expected = attempted(machine), attempted(stock)

    assert "a" not in plan_of(machine)
    assert (attempt.trace, attempt.state) == (expected.trace, expected.state)
    assert attempt.trace or called == []
    assert called is None or names(attempt) == called


def test_a_queued_machine_goes_the_stock_path():
    """OPP-5: a queue says yes before it tries; that is stock's own way, and no plan takes it away."""
    machine = ProcessMachine(model=None, states=["a", "b"], initial="a", auto_transitions=False, queued=True)
    machine.add_transition("go", "a", "b", conditions=[condition("first")])

    attempt = Attempt("a")
    attempt.noes = frozenset({"first"})

    assert fire(machine, "go", attempt) is True
    assert (attempt.state, plan_of(machine)) == ("a", {})


def test_another_attribute_for_the_state_goes_the_stock_path():
    """OPP-5: a plan moves `state`; where the machine keeps it elsewhere there is none."""
    machine = machine_of()
    attempted(machine)
    machine.model_attribute = "place"
    attempt: Any = Attempt("a")
    attempt.place = "a"

    machine.events["go"].trigger(attempt, attempt)

    assert (attempt.place, attempt.state, plan_of(machine)) == ("b", "a", {})


def test_unknown_states_are_left_to_stock():
    """OPP-5: a transition from or to a state that is not there has no plan; stock says what is wrong."""
    machine = machine_of(GO, Rule("fall", "a", "nowhere"), Rule("go", "nowhere", "b"))

    assert attempted(machine).state == "b"
    with pytest.raises(ValueError, match="nowhere"):
        fire(machine, "fall", Attempt("a"))


def test_states_of_an_enumeration_stay_members():
    """OPP-5: what the model's state becomes is the state's value, as stock sets it."""

    class Place(enum.Enum):
        b = "b"

    machine = machine_of()
    machine.add_states(Place.b)

    assert attempted(machine).state is Place.b


def test_what_is_not_one_attempt_goes_the_stock_path():
    """OPP-5: a trigger with other arguments is stock's."""
    heard: list[Any] = []
    machine = build_machine({"a": (None, None), "b": (None, None)}, (Rule("go", "a", "b"),))
    machine.before_state_change = lambda *args, **named: heard.append((args, named))

    for args, named in (((), {}), ((1, 2), {}), ((1,), {"x": 3})):
        model = Attempt("a")
        assert machine.events["go"].trigger(model, *args, **named)
        assert model.state == "b"

    assert heard == [((), {}), ((1, 2), {}), ((1,), {"x": 3})]


def setting(machine: Any, name: str) -> None:
    setattr(machine, name, [])


CHANGES: dict[str, Callable[[Any], object]] = {
    "add_transition": lambda m: m.add_transition("go", "c", "a"),
    "add_transition to an event": lambda m: m.events["go"].add_transition(ThoroughTransition("c", "a")),
    "remove_transition": lambda m: m.remove_transition("go", "b"),
    "add_states": lambda m: m.add_states("d"),
    "callback of a transition": lambda m: m.events["go"].transitions["a"][0].add_callback("after", callback("new")),
    "callback of an event": lambda m: m.events["go"].add_callback("before", callback("new")),
    "callback of an event by name": lambda m: m.after_go(callback("new")),
    "callback of a state": lambda m: m.states["b"].add_callback("enter", callback("new")),
    "callback of a state by name": lambda m: m.on_exit_a(callback("new")),
    "target of a transition": lambda m: setattr(m.events["go"].transitions["a"][0], "dest", "c"),
    "finality of a state": lambda m: setattr(m.states["b"], "final", True),
    **{
        name: partial(setting, name=name)
        for name in (
            "prepare_event", "before_state_change", "after_state_change", "finalize_event", "on_exception",
            "on_final", "send_event",
        )
    },
    "model_attribute": lambda m: setattr(m, "model_attribute", "state"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_drops_the_plan(change):
    """OPP-5: the machine stays the only definition: after a change the next move reads it again."""
    machine, stock = (machine_of(GO, Rule("go", "b", "a"), machine_class=c) for c in (ProcessMachine, StockMachine))
    attempted(machine)
    assert plan_of(machine) is not None

    change(machine)
    change(stock)

    assert plan_of(machine) is None
    attempt, expected = attempted(machine), attempted(stock)
    assert (attempt.trace, attempt.state) == (expected.trace, expected.state)


def test_changing_another_machine_leaves_the_plan():
    """OPP-5: machines share nothing; setting what no plan reads drops none."""
    machine, other = machine_of(), machine_of()
    attempted(machine)
    plan = plan_of(machine)

    other.add_states("d")
    other.states["a"].final = True
    machine.name = "mine"

    assert plan_of(machine) is plan


@pytest.mark.parametrize(
    "read",
    [
        *(
            lambda m, name=name: getattr(m, name)
            for name in (
                "prepare_event", "before_state_change", "after_state_change", "finalize_event", "on_exception",
                "on_final",
            )
        ),
        lambda m: m.events["go"].transitions["a"],
        lambda m: m.events["go"].transitions["a"][0].conditions,
        lambda m: m.events["go"].transitions["a"][0].before,
        lambda m: m.events["go"].transitions["a"][0].after,
        lambda m: m.events["go"].transitions["a"][0].prepare,
        lambda m: m.states["a"].on_exit,
        lambda m: m.states["b"].on_enter,
    ],
)  # fmt: skip
def test_what_was_read_refuses_edits_in_place(read):
    """OPP-5: appending to a list that a plan was read from is an error, so that no plan goes stale unseen."""
    machine = machine_of()
    read(machine).extend([])
    attempted(machine)

    with pytest.raises(AttributeError, match="append"):
        read(machine).append(callback("new"))


def test_a_named_callback_of_a_bound_model_is_called():
    """OPP-5: the machine stays a stock machine: a model may be bound, and its own methods are found."""

    class Bound:
        heard: tuple[str, ...] = ()
        state: str
        go: Callable[[], bool]

        def on_enter_b(self) -> None:
            self.heard = (*self.heard, "b")

    machine = build_machine({"a": (None, None), "b": (None, None)}, (Rule("go", "a", "b"),))
    model = Bound()
    machine.add_model(model)

    assert model.go()
    assert (model.state, model.heard) == ("b", ("b",))


def test_the_stock_machine_has_stock_events():
    """OPP-5: what plans are compared with runs on the events of `transitions` itself."""
    machine = machine_of(machine_class=StockMachine)
    assert {type(event) for event in machine.events.values()} == {Event}


def test_a_built_machine_has_the_given_moves_only():
    """OPP-5: no `to_<state>` beside the rules, which would pass every guard; no queue, and plain arguments."""
    machine = machine_of()
    assert list(machine.events) == ["go"]
    assert (machine.has_queue, machine.send_event, machine.models) == (False, False, [])


def test_states_are_added_with_all_that_stock_takes():
    """OPP-5: by keyword too."""
    machine = machine_of()
    machine.add_states(["b"], on_enter=[callback("new")], final=True)
    assert names(attempted(machine)) == ["first", "second", "before", "a.exit", "new"]
    assert machine.states["b"].final
