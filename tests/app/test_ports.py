"""Ports that fail: at every call point a typed error, nothing half done, and a retry that works (REL-7)."""

from __future__ import annotations

import pickle
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest

import salesflow as sf
from salesflow.grading import AmountPolicy
from salesflow.ports import UnitOfWork
from tests.app.calls import DONE, Done
from tests.app.refusals import NO
from tests.app.test_operations import OPERATIONS, READS, REPEATING, name_of
from tests.app.world import LATER, World, codes


class Wire:
    """
    Counts every call through it, and raises at one of them.

    Args:
        fail_at: The number of the call that fails, from 1; 0 fails none.
    """

    def __init__(self) -> None:
        self.fail_at = 0
        self.calls = 0
        self.names: list[str] = []

    def arm(self, fail_at: int) -> None:
        """Count anew, and fail at this call."""
        self.fail_at, self.calls, self.names = fail_at, 0, []

    def trip(self, name: str) -> None:
        """Count one call, and fail if it is the one."""
        self.calls += 1
        self.names.append(name)
        if self.calls == self.fail_at:
            raise OSError(f"no answer from {name}")


class Wired:
    """A port whose every method and property goes through the wire first."""

    def __init__(self, port: Any, wire: Wire, name: str) -> None:
        self._port, self._wire, self._name = port, wire, name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            self._wire.trip(f"{self._name}.{name}")
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._wire.trip(f"{self._name}.{name}")
            return found(*args, **named)

        return call


class Restless:
    """An organisation that differs at each call, so that all of it is read each time."""

    def __init__(self, organization: sf.Organization) -> None:
        self._organization = organization
        self.employees = organization.employees
        self.departments = organization.departments
        self.groups = organization.groups
        self.administrators = organization.administrators
        self.version = 0


class Dollars:
    """The rates of a world in which a dollar is seven yuan."""

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        """Return seven."""
        return Decimal(7)


class WiredWorld(World):
    """
    A world all of whose ports go through one wire.

    Args:
        store: Where records live; None means memory.
    """

    def __init__(self, store: Any = None) -> None:
        super().__init__(through=None if store is None else lambda _: store)
        if store is not None:
            self.store = store
        self.wire = Wire()
        self.restless = Restless(self.organization)
        names = {**self.ports, "organization": self.restless}
        wired: dict[str, Any] = {
            name: Wired(names[name], self.wire, name) for name in ("store", "organization", "clock", "ids", "audit")
        }
        rates: Any = Wired(Dollars(), self.wire, "rates")
        self.wired = sf.SalesFlow(**{**self.ports, **wired, "grading": AmountPolicy(rates=rates)})

    def sweep(self, operate: Any) -> tuple[Any, list[str]]:
        """
        Fail each call of *operate* in turn; then let it through.

        Returns:
            What it gave or raised in the end, and the names of the calls that it made.
        """
        before = self.everything()
        for fail_at in range(1, 100):
            self.restless.version += 1
            self.wire.arm(fail_at)
            try:
                result = operate()
            except sf.PortError as error:
                self._check(error, fail_at)
                assert self.everything() == before
                continue
            except sf.Refused as refused:
                result = refused
            names = self.wire.names
            self.wire.arm(0)
            return result, names
        raise AssertionError("an operation asks fewer than a hundred times")

    def _check(self, error: sf.PortError, fail_at: int) -> None:
        """The error is of the call that failed, names its port, and chains what that raised."""
        assert self.wire.calls == fail_at
        assert error.port == self.wire.names[-1].partition(".")[0]
        assert isinstance(error.__cause__, OSError)
        assert "no answer from" in str(error)
        assert pickle.loads(pickle.dumps(error)).args == error.args


@pytest.mark.parametrize("call", DONE, ids=name_of)
@pytest.mark.parametrize("key", [None, "k"])
def test_whatever_port_fails_nothing_is_half_done(call: Done, key: str | None):
    """REL-7, HIST-3: each call of each port fails once: a PortError with its cause, the store as it was, a retry."""
    world = WiredWorld()
    about = call.given(world)
    told = len(world.outbox())

    def operate() -> Any:
        acting = world.wired.acting_as(call.by)
        return call.do(getattr(acting if key is None else acting.once(key), call.group), about)

    world.restless.version += 1
    result, _ = world.sweep(operate)
    assert not isinstance(result, sf.Refused)
    assert tuple(str(event.kind) for event in world.outbox(told)) == call.events


REFUSED = [case for case in NO if not case.ports and not case.operation.startswith("files.")]


@pytest.mark.parametrize("case", {case.operation: case for case in REFUSED}.values(), ids=name_of)
def test_a_refusal_survives_failing_ports(case: Any):
    """REL-7, ACC-25: the audit sink is one of them: while it fails, nobody is told no without a record of it."""
    world = WiredWorld()
    about = case.given(world)
    result, names = world.sweep(lambda: case.do(getattr(world.wired.acting_as(case.by), case.group), about))
    assert codes(result) == case.codes
    assert "audit.record" in names


def test_an_override_is_not_done_without_being_audited():
    """ACC-25, REL-7: where the sink fails, an administrator's override does not happen."""
    world = WiredWorld()
    deal = world.deal()
    result, names = world.sweep(lambda: world.wired.acting_as("root").opportunities.edit(deal, name="B"))
    assert result.name == "B"
    assert names.index("audit.record") < names.index("store.save")


READING = {
    "get": lambda acting, deal: acting.opportunities.get(deal),
    "list": lambda acting, deal: acting.opportunities.list("shared"),
    "count": lambda acting, deal: acting.opportunities.count(),
    "board": lambda acting, deal: acting.opportunities.board(process="crm2000"),
    "card": lambda acting, deal: acting.opportunities.card(deal),
    "resources": lambda acting, deal: acting.opportunities.resources(deal),
    "moves": lambda acting, deal: acting.opportunities.moves(deal),
    "stalled": lambda acting, deal: acting.opportunities.stalled(),
    "overdue": lambda acting, deal: acting.opportunities.overdue(),
    "silent": lambda acting, deal: acting.opportunities.silent(30),
    "history": lambda acting, deal: acting.opportunities.history(deal),
    "as_of": lambda acting, deal: acting.opportunities.as_of(deal, deal.created_at),
    "funnel": lambda acting, deal: acting.pipeline.funnel(process="crm2000"),
    "win_rates": lambda acting, deal: acting.pipeline.win_rates(),
    "changes": lambda acting, deal: acting.pipeline.changes(since=deal.created_at),
    "forecast": lambda acting, deal: acting.pipeline.forecast(),
    "losses": lambda acting, deal: acting.pipeline.losses(),
    "velocity": lambda acting, deal: acting.pipeline.velocity(),
    "chances": lambda acting, deal: acting.pipeline.chances(process="crm2000"),
    "risks": lambda acting, deal: acting.pipeline.risks(),
    "stage_flow": lambda acting, deal: acting.pipeline.stage_flow(since=LATER, until=LATER, process="crm2000"),
    "stage_times": lambda acting, deal: acting.pipeline.stage_times(process="crm2000"),
    "by_department": lambda acting, deal: acting.pipeline.velocity(by="department"),
    "what_if": lambda acting, deal: acting.what_if(sf.Employee("li")),
    "sales_cycle": lambda acting, deal: acting.pipeline.sales_cycle(),
    "competitors": lambda acting, deal: acting.pipeline.competitors(),
    "sources": lambda acting, deal: acting.pipeline.sources(),
    "export_csv": lambda acting, deal: acting.files.export_csv("all", StringIO()),
    "export_json": lambda acting, deal: acting.files.export_json("all", StringIO()),
    "why": lambda acting, deal: acting.why("li", deal),
    "who_can_see": lambda acting, deal: acting.who_can_see(deal.id),
    "sharing": lambda acting, deal: acting.sharing.list(),
}


def test_every_operation_is_swept():
    """REL-7: found by introspection: all that changes something is in DONE, all that only reads in READING."""
    reads = {method for methods in READS.values() for method in methods.split()}
    beside = REPEATING | {o for o in OPERATIONS if o.split(".")[1] in reads}
    assert {call.operation for call in DONE} | beside == OPERATIONS
    assert reads <= set(READING)


@pytest.mark.parametrize("method", READING)
def test_reading_survives_failing_ports(method: str):
    """REL-7: the same for what changes nothing; and it changes nothing, moves, why and lists included (OPP-14)."""
    world = WiredWorld()
    deal = world.deal()
    before = world.everything()
    result, names = world.sweep(lambda: READING[method](world.wired.acting_as("root"), deal))
    assert result is not None
    assert "store.save" not in names
    assert world.everything() == before


def test_rates_that_fail_stop_the_move_and_nothing_else():
    """GRADE-6, REL-7: a rates port that raises is an error; one that knows no rate leaves the grade undecided."""
    world = WiredWorld()
    deal = world.deal()
    dollars = sf.Money("1000000", "USD")
    result, names = world.sweep(lambda: world.wired.acting_as("li").opportunities.edit(deal, amount=dollars))
    assert "rates.rate" in names
    assert result.grade.computed is sf.Grade.A


def test_a_flow_cannot_be_made_of_failing_ports():
    """REL-7: what is broken from the start is said at the start."""
    world = WiredWorld()
    wired = {name: Wired(world.ports[name], world.wire, name) for name in ("store", "organization")}
    world.wire.arm(1)
    with pytest.raises(sf.PortError):
        sf.SalesFlow(**{**world.ports, **wired})
    for missing in ("store", "organization"):
        with pytest.raises(sf.InvalidInput, match=missing):
            sf.SalesFlow(**{**world.ports, missing: None})


class LostAnswer:
    """A store that saves, and whose answer is lost, once."""

    def __init__(self, store: sf.MemoryStore) -> None:
        self._store, self.lose_next = store, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save(self, unit: UnitOfWork) -> None:
        """Save, and perhaps fail to say so."""
        self._store.save(unit)
        if self.lose_next:
            self.lose_next = False
            raise TimeoutError("no answer")


@pytest.mark.parametrize("call", [call for call in DONE if call.group != "files"], ids=name_of)
def test_with_a_key_a_lost_answer_is_asked_for_again(call: Done):
    """HIST-3, REL-7: saved, but the answer was lost: the retry with the same key gives it, and does nothing twice."""
    world = World(through=LostAnswer)
    about = call.given(world)
    told = len(world.outbox())
    once = getattr(world.acting(call.by).once("k"), call.group)
    world.ports["store"].lose_next = True
    with pytest.raises(sf.PortError, match="no answer"):
        call.do(once, about)
    result = call.do(once, about)
    assert tuple(str(event.kind) for event in world.outbox(told)) == call.events
    if hasattr(result, "KIND"):
        assert result == world.store.get(result.KIND, result.id)


class Says:
    """A port that answers whatever it was told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def now(self) -> Any:
        """Answer."""
        return self.answer

    def new(self, kind: str) -> Any:
        """Answer."""
        return self.answer


@pytest.mark.parametrize("answer", [datetime(2026, 1, 5, 9), date(2026, 1, 5), "2026-01-05", None, 0])
def test_a_clock_tells_an_aware_moment(answer: Any):
    """HIST-2: what is naive or no moment is the clock's fault, told before anything is done."""
    world = World()
    flow = sf.SalesFlow(**{**world.ports, "clock": Says(answer)})
    before = world.everything()
    for ask in (flow.today, lambda: flow.acting_as("li").leads.create(title="A", phone="1")):
        with pytest.raises(sf.PortError, match="clock"):
            ask()
    assert world.everything() == before


@pytest.mark.parametrize("answer", [None, "", 5, b"id", "x" * 201, ["id"]])
def test_ids_are_texts(answer: Any):
    """HIST-2: what is no id would make a record that nobody can get; the port is told so, and nothing is saved."""
    world = World()
    flow = sf.SalesFlow(**{**world.ports, "ids": Says(answer)})
    before = world.everything()
    acting = flow.acting_as("li")
    for create in (
        lambda: acting.leads.create(title="A", phone="1"),
        lambda: acting.customers.create("A"),
        lambda: acting.contacts.create("A"),
        lambda: flow.sharing.create(from_person="li", to_person="qian"),
    ):
        with pytest.raises(sf.PortError, match="ids"):
            create()
    assert world.everything() == before


def test_an_id_that_is_taken_is_a_conflict():
    """HIST-2, HIST-3: ids are the port's promise; where it breaks it, no record is overwritten."""
    world = World(ids=Says("same"))
    lead = world.lead()
    with pytest.raises(sf.Conflict):
        world.lead()
    assert world.store.get("lead", "same") == lead


class Raises:
    """A grading policy that breaks its contract."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def grade(self, opportunity: sf.Opportunity, on: date | None = None) -> Any:
        """Raise, or answer nonsense."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [ZeroDivisionError("no"), None, "A"])
def test_a_grading_policy_that_fails_stops_the_move(answer: Any):
    """GRADE-7, REL-7: a policy is a port too."""
    world = World()
    deal = world.deal()
    flow = sf.SalesFlow(**{**world.ports, "grading": Raises(answer)})
    before = world.everything()
    opportunities = flow.acting_as("li").opportunities
    with pytest.raises(sf.PortError, match="grading policy"):
        opportunities.edit(deal, amount=sf.Money(1, "CNY"))
    with pytest.raises(sf.PortError, match="grading policy"):
        opportunities.create("A", customer=deal.customer, close_date=LATER, process="crm2000")
    assert world.everything() == before
