"""What `moves` says is what happens: OPP-14, for whoever asks, in whatever state a record got into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.model import check, replay
from salesflow.testing import strategies as some
from tests.app.calls import DONE
from tests.app.situations import apart, assigned, expired, ruled, with_competitor, with_task_done
from tests.app.world import LARGE, LINES, PROCESSES, SMALL, Rehearsal, World, codes, kinds

PEOPLE = ("li", "zhang", "sun", "zhao", "zheng", "feng", "wang", "root")
ABOUT = {
    "change_stage", "change_process", "waive_stage", "finish_task", "assign_task", "reopen_task", "unassign_task",
    "remove_competitor", "request_approval", "approve", "refuse", "withdraw_approval", "set_review_state",
}  # fmt: skip
"""The operations that take what the move is about, beside the record."""

LEADS = {
    "assign", "claim", "follow_up", "edit", "convert", "recycle", "disqualify", "void", "unvoid", "set_review_state",
    "disable", "enable",
}  # fmt: skip


GIVEN_UP = {"lose": "price", "invalidate": "other"}
"""The reasons that the templates' lists know."""


def perform(desk: Any, person: str, record: Any, move: sf.Move) -> Any:
    """Do what the move says, with all that it asks for, under the names that it asks for it by."""
    supply: dict[str, Any] = {
        "reason": GIVEN_UP.get(str(move.to) if move.operation == "request_approval" else move.operation, "because"),
        "to": "zheng" if record.owner != "zheng" else "li",
        "person": "qian",
        "role": f"role {record.version}",
        "access": sf.Access.READ,
        "contact": f"contact of {person}",
        "competitor": f"competitor {record.version}",
        "kind": "call",
        "text": "rang",
        "comment": "so it is",
        "name": "Ring them",
        "assignee": "sun" if record.KIND != "opportunity" or assignee(record, move.to) != "sun" else record.owner,
        "grade": sf.Grade.A,
        "process": "after_sales",
        "changes": {"title" if isinstance(record, sf.Lead) else "name": f"name {record.version}"},
        "customer": sf.NewCustomer("Acme"),
        "opportunity": None,
        "state": "submitted",
        "owner": "zheng",
        "lines": LINES,
        "other": f"twin {len(getattr(record, 'merges', ()))}",
    }
    always = {"reason"} if move.operation in {"lose", "invalidate"} else set()  # no argument may be left out
    given = {name: supply[name] for name in {*move.inputs, *always} - {"answers"}}
    given |= given.pop("changes", {})
    if move.operation == "convert":
        given["contact"] = None
    about = [move.to] if move.operation in ABOUT and move.to is not None else []
    if move.operation == "request_approval" and str(move.to).startswith("change_stage:"):
        about, given = ["change_stage"], {**given, "stage": str(move.to).partition(":")[2]}
    if move.operation == "add_task" and move.to is not None:
        given["after_sales"] = True
    if move.operation in {"change_member", "remove_member"}:
        role, _, member = str(move.to).partition(":")
        about, given = [member], {**given, "role": role}
    if move.operation == "start_dialog":
        return desk.start_dialog(record.id, str(move.to), answers={"note": None}).finish().record
    return getattr(desk, move.operation)(record.id, *about, **given)


def assignee(record: sf.Opportunity, task: str | None) -> str | None:
    """Return whose task it is, so that another can be named."""
    tasks = (*record.tasks, *(task for process in record.after_sales for task in process.tasks))
    return next((held.assignee for held in tasks if held.id == task), None)


class Stage:
    """A world with a rehearsal beside it, in which every move can be tried without being done."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self.store = Rehearsal(self.world.store)
        self.rehearsal = sf.SalesFlow(**{**self.world.ports, "store": self.store})

    def tell_the_truth(self, person: str, group: str, record: Any) -> list[sf.Move]:
        """Return the moves of *person*, each compared with what the operation then does."""
        record = self.world.store.get(record.KIND, record.id)
        before = self.world.everything()
        try:
            moves = getattr(self.rehearsal.acting_as(person), group).moves(record.id)
        except sf.NotFound:
            return []
        for move in moves:
            refused = self._tried(person, group, record, move)
            if refused is None:
                assert move.is_open, move
                assert self.store.unit is not None
                writes = self.store.unit.writes
                own = next((write for write in writes if write.id == record.id), writes[0])
                assert kinds(own.events) == move.effects, move
                assert move.instead == frozenset()
                continue
            assert refused.reasons == move.blockers, move
            assert (move.is_open, move.effects) == (False, ())
            assert self.store.unit is None
            for other in move.instead:
                others = self._tried(other, group, record, move)
                left = set() if others is None else codes(others) - {"reason_missing"}
                assert left <= {reason.code for reason in move.blockers} - {"not_permitted"}
        assert self.world.everything() == before
        return list(moves)

    def _tried(self, person: str, group: str, record: Any, move: sf.Move) -> sf.Refused | None:
        """Rehearse the move, and return how it was refused, or None."""
        self.store.unit = None
        try:
            perform(getattr(self.rehearsal.acting_as(person), group), person, record, move)
        except sf.Refused as refused:
            return refused
        return None

    def do(self, person: str, group: str, record: Any, move: sf.Move) -> None:
        """Do it in earnest."""
        now = self.world.store.get(record.KIND, record.id)
        perform(getattr(self.world.acting(person), group), person, now, move)


def with_contacts(world: World, deal: sf.Opportunity) -> sf.Opportunity:
    """Give everybody a contact of their own at the deal's customer, to name where one is asked for."""
    contact = world.contact()
    for person in ("root", *(employee.id for employee in world.organization.employees)):
        world.place(contact, id=f"contact of {person}", owner=person, customer=deal.customer)
    return deal


def some_deal(world: World, start: int) -> sf.Opportunity:
    """One of several beginnings, so that every corner of the templates is near."""
    beginnings: list[Callable[[], sf.Opportunity]] = [
        lambda: world.deal(team=team),
        lambda: world.deal(team=team, process="tas_bidding", amount=SMALL),
        lambda: world.deal(team=team, process="gated"),
        lambda: world.deal(process="tas_bidding", led_by="partner"),
        world.owing,
        world.waiting,
        world.registering,
        world.served,
        lambda: ruled(world),
        lambda: world.acting("li").opportunities.request_approval(ruled(world), "advance"),
        lambda: expired(world),
        lambda: apart(world),
    ]
    team = [
        sf.TeamMember("zhao", "joint", sf.Access.READ_WRITE),
        sf.TeamMember("wang", "after_sales", sf.Access.READ_WRITE),
    ]
    return beginnings[start % len(beginnings)]()


@given(st.integers(0, 11), st.lists(st.tuples(st.integers(0, 999), st.sampled_from(PEOPLE)), max_size=8))
def test_moves_of_an_opportunity_never_disagree_with_what_the_operation_does(start: int, walk: list[tuple[int, str]]):
    """OPP-14: open is done with those very effects, blocked is refused with those very reasons; on any walk."""
    stage = Stage()
    deal = with_contacts(stage.world, some_deal(stage.world, start))
    for choice, person in walk:
        moves = stage.tell_the_truth(person, "opportunities", deal)
        useful = [move for move in moves if move.is_open and move.operation not in {"delete", "void"}]
        if choice % 17 == 0:
            useful = [move for move in moves if move.is_open]
        if not useful:
            continue
        stage.do(person, "opportunities", deal, useful[choice % len(useful)])
        now = stage.world.store.get("opportunity", deal.id)
        if now is None:
            return
        assert check(now) == []
        assert replay(stage.world.store.events("opportunity", deal.id)) == now
    stage.tell_the_truth("li", "opportunities", deal)
    stage.tell_the_truth("root", "opportunities", deal)


@given(st.booleans(), st.lists(st.tuples(st.integers(0, 999), st.sampled_from(("li", "zhang", "root"))), max_size=8))
def test_moves_of_a_lead_never_disagree_with_what_the_operation_does(owned: bool, walk: list[tuple[int, str]]):
    """OPP-14, LEAD-3 … LEAD-11, LEAD-14, LEAD-15, LEAD-17: the same for leads, with an owner and in a pool."""
    stage = Stage()
    twin = stage.world.acting("chen").leads.create(title="The same", email="qian@example.com")
    for number in range(9):
        stage.world.place(twin, id=f"twin {number}")
    lead = stage.world.lead() if owned else stage.world.pooled(ceiling=2)
    for choice, person in walk:
        moves = stage.tell_the_truth(person, "leads", lead)
        useful = [move for move in moves if move.is_open]
        if useful:
            stage.do(person, "leads", lead, useful[choice % len(useful)])
        now = stage.world.store.get("lead", lead.id)
        if now is None:
            return
        assert check(now) == []
        assert replay(stage.world.store.events("lead", lead.id)) == now
    stage.tell_the_truth("root", "leads", lead)


SITUATIONS = {
    "deal": (World.deal, "advance change_stage change_process lose invalidate void delete"),
    "won": (World.won, "reopen change_owner start_after_sales void"),
    "lost": (World.lost, "reopen start_after_sales"),
    "invalid": (World.invalid, "reopen void"),
    "owing": (World.owing, "waive_stage"),
    "waiting": (World.waiting, "approve refuse withdraw_approval"),
    "registering": (World.registering, "approve refuse withdraw_approval"),
    "briefed": (World.briefed, "request_approval"),
    "team": (World.team_deal, "change_member remove_member"),
    "served": (World.served, "finish_task after_sales_feedback after_sales_advance finish_after_sales"),
}


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("person", PEOPLE)
def test_moves_tell_the_truth_in_every_situation(situation: str, person: str):
    """OPP-14: the situations that a walk may miss, for everybody; each offers the moves that belong to it."""
    make, expected = SITUATIONS[situation]
    stage = Stage()
    record = with_contacts(stage.world, make(stage.world))
    moves = stage.tell_the_truth(person, "opportunities", record)
    if person in {"li", "zhang", "sun", "root"}:
        assert set(expected.split()) <= {move.operation for move in moves}


def test_a_task_whose_owner_left_can_still_be_given_to_others():
    """OPP-14, ORG-2: who will be asked for is not guessed at, so nobody's leaving blocks the move."""
    stage = Stage()
    deal = with_contacts(stage.world, stage.world.deal())
    stage.world.organization.put_employee(sf.Employee("li", manager="zhang", department="east", active=False))
    moves = stage.tell_the_truth("zhang", "opportunities", deal)
    assert any(move.operation == "assign_task" and move.is_open for move in moves)


def test_moves_name_inputs_effects_and_who_could_do_it_instead():
    """OPP-14: what it will ask for, what it will cause, and who could; of people, only those one knows of."""
    world = World()
    deal = world.team_deal()
    moves = {(move.operation, move.to): move for move in world.acting("zhao").opportunities.moves(deal)}
    skip = moves["change_stage", "bidding"]
    assert (skip.inputs, skip.effects) == (("reason",), ("stage_left", "stage_skipped", "stage_entered"))
    blocked = moves["advance", "bid_decision"]
    assert [reason.facts["task"] for reason in blocked.blockers] == ["confirm_tender", "confirm_qualification"]
    assert moves["void", None].instead == {"li", "sun"}
    raised = moves["set_grade", None]
    assert (raised.inputs, raised.instead) == (("grade", "reason"), frozenset({"sun"}))
    of_li = {move.operation: move for move in world.acting("li").opportunities.moves(deal)}
    assert of_li["set_grade"].instead == {"zhang", "sun"}
    assert of_li["unvoid"].instead == frozenset()


def test_the_last_stage_has_no_next_one():
    """OPP-5, OPP-14: advancing from the last stage is told as blocked, leading nowhere."""
    world = World()
    (advance,) = (
        move for move in world.acting("li").opportunities.moves(world.agreed()) if move.operation == "advance"
    )
    assert (advance.to, [reason.code for reason in advance.blockers]) == (None, ["no_next_stage"])


def test_moves_are_for_whoever_sees_the_record():
    """ACC-26, VIS-17: no sight, no moves; a stale snapshot is a conflict here as well."""
    world = World()
    deal, lead = world.deal(amount=LARGE), world.lead()
    with pytest.raises(sf.NotFound):
        world.acting("qian").opportunities.moves(deal)
    with pytest.raises(sf.NotFound):
        world.acting("qian").leads.moves(lead)
    world.acting("li").opportunities.edit(deal, name="B")
    with pytest.raises(sf.Conflict):
        world.acting("li").opportunities.moves(deal)


def test_every_operation_on_an_opportunity_is_offered_somewhere():
    """OPP-14: what the facade can do to a record stands among its moves, in one situation or another."""
    offered: set[str] = set()
    for make, _ in SITUATIONS.values():
        world = World()
        offered |= {move.operation for move in world.acting("li").opportunities.moves(make(world))}
    world = World()
    offered |= {move.operation for move in world.acting("li").opportunities.moves(assigned(world))}
    offered |= {move.operation for move in world.acting("li").opportunities.moves(with_task_done(world))}
    offered |= {move.operation for move in world.acting("li").opportunities.moves(with_competitor(world))}
    operations = {call.operation for call in DONE if call.operation.startswith("opportunities.")}
    assert {name.removeprefix("opportunities.") for name in operations} - offered == {"create"}


@given(some.sales_processes(), st.lists(st.tuples(st.integers(0, 999), st.sampled_from(("li", "zhang"))), max_size=4))
@settings(max_examples=10)  # each asks for some forty moves after every step, and tries them all
def test_moves_tell_the_truth_on_any_template(process: sf.SalesProcess, walk: list[tuple[int, str]]):
    """OPP-14, PROC-1, RULE-1, RULE-2: whatever jump rule, routes, approvals, rules and tasks a template has."""
    rules = [rule for rule in process.rules if "create" not in rule.before]  # else there might be no deal to ask about
    process = evolve(process, lost_reasons=("price",), invalid_reasons=("other",), rules=rules)
    handlers = {made.call: lambda desk, delivery: None for made in process.automation if made.call is not None}
    stage = Stage(World(processes=[process, *PROCESSES], handlers=handlers))
    deal = with_contacts(stage.world, stage.world.deal(process=process.id))
    for choice, person in walk:
        moves = stage.tell_the_truth(person, "opportunities", deal)
        useful = [move for move in moves if move.is_open and move.operation in ONWARD]
        if useful:
            stage.do(person, "opportunities", deal, useful[choice % len(useful)])
    stage.tell_the_truth("zhang", "opportunities", deal)


ONWARD = {
    "advance", "change_stage", "finish_task", "request_approval", "approve", "refuse", "win", "reopen", "set_grade",
    "edit", "waive_stage", "start_after_sales",
}  # fmt: skip
"""What leads through a template."""


def test_asking_leaves_no_trace_anywhere():
    """OPP-14, ACC-25: neither the store nor the audit sink learns that somebody asked, whatever the answer was."""
    world = World()
    deal = world.team_deal()
    before, audited = world.everything(), list(world.audit.entries)
    for person in ("li", "zhao", "root"):
        assert world.acting(person).opportunities.moves(deal)
    assert (world.everything(), world.audit.entries) == (before, audited)


def test_after_sales_is_offered_with_a_template_that_can_run_beside():
    """OPP-12, OPP-14: that of the settings; where there is none it must be named; where none can, it is not offered."""

    def starts(**ports: Any) -> list[tuple[str | None, tuple[str, ...]]]:
        stage = Stage(World(**ports))
        deal = with_contacts(stage.world, stage.world.deal(process="gated"))
        moves = stage.tell_the_truth("li", "opportunities", deal)
        return [(move.to, move.inputs) for move in moves if move.operation == "start_after_sales"]

    assert starts() == [("after_sales", ())]
    assert starts(settings=sf.Settings(after_sales_process="none")) == [(None, ("process",))]
    assert starts(settings=sf.Settings(after_sales_process="gated")) == [(None, ("process",))]
    gated = [process for process in PROCESSES if process.id == "gated"]
    assert starts(processes=gated) == []
