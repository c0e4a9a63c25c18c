"""The access table through the facade: who does what in which status (domain §8, retyped here by hand)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

import salesflow as sf
from salesflow.model import AfterSalesStatus
from salesflow.visibility import ACCESS, VisibilityPolicy
from tests.app.calls import DONE, Done
from tests.app.test_operations import OPERATIONS, READS, name_of
from tests.app.world import LARGE, LATER, LINES, Rehearsal, World, codes

ROLES = ("sales", "joint", "after_sales", "presales")
OPEN, WON, LOST, INVALID = STATUSES = ("in_progress", "won", "lost", "invalid")

# operations | statuses | whom the row admits, in the words of `RELATIONS`
TABLE = """
ACC-1  change_process                           | in_progress | owner superior shared
ACC-2  fill_feedback                            | in_progress won lost invalid | owner superior sales joint shared
ACC-3  change_stage                             | in_progress | owner superior sales joint shared
ACC-4  advance start_dialog                     | in_progress | owner superior sales joint shared
ACC-5  win lose invalidate                      | in_progress | owner superior sales joint shared
ACC-6  start_after_sales                        | in_progress won lost | owner superior after_sales shared
ACC-7  after_sales_feedback                     | in_progress won lost | owner superior after_sales shared
ACC-8  after_sales_advance                      | in_progress won lost | owner superior after_sales shared
ACC-8  after_sales_task                         | in_progress won lost | owner superior after_sales shared assignee
ACC-9  finish_after_sales                       | in_progress won lost | owner superior sales joint after_sales shared
ACC-10 edit set_contact_role add_competitor     | in_progress | owner superior sales joint shared
ACC-10 remove_competitor register_with_partner  | in_progress | owner superior sales joint shared
ACC-10 add_task                                 | in_progress | owner superior sales joint shared
ACC-10 finish_task reopen_task assign_task      | in_progress | owner superior sales joint shared assignee
ACC-10 unassign_task                            | in_progress | owner superior sales joint shared assignee
ACC-11 issue_quote issue_contract              | in_progress won | owner superior sales joint shared
ACC-11 issue_order issue_invoice                | in_progress won | owner superior sales joint shared
ACC-12 add_member change_member remove_member   | in_progress won lost | owner superior
ACC-13 add_activity                             | in_progress won lost invalid | owner superior any_writer shared
ACC-14 reopen                                   | won lost invalid | owner superior
ACC-14 change_owner void delete                 | in_progress won lost invalid | owner superior
ACC-15 unvoid                                   | in_progress won lost invalid |
ACC-17 set_grade clear_grade waive_stage        | in_progress | superior
ACC-18 approve refuse                           | in_progress | approver
ACC-27 request_approval withdraw_approval       | in_progress | owner superior sales joint shared
"""
ROWS = {
    operation: (source, statuses.split(), set(columns.split()))
    for line in TABLE.strip().splitlines()
    for head, statuses, columns in [line.split("|")]
    for source, *operations in [head.split()]
    for operation in operations
}

WRITERS = {f"{role}_writer": {role, "any_writer"} for role in ROLES}
READERS: dict[str, set[str]] = {f"{role}_reader": set() for role in ROLES}
RELATIONS: dict[str, set[str]] = {
    "owner": {"owner"},
    "boss": {"superior", "approver"},
    "top": {"superior", "approver"},
    **WRITERS,
    **{f"{person}_boss": columns for person, columns in WRITERS.items()},
    **READERS,
    **{f"{person}_boss": columns for person, columns in READERS.items()},
    "assignee": {"assignee"},
    "assignee_boss": set(),
    "head": set(),
    "shared_reader": set(),
    "shared_writer": {"shared"},
}
"""Whoever sees the record, and the columns of the table that they stand in. ``head``: of a member's department."""

UNSEEING = ("stranger", "shared_writer_boss", "unheading")
"""Whoever does not see it: superiors of whom it is shared with, heads of departments that are not their own."""

APPROVAL = "6"
"""The id of the approval that every record here has: the version that it made."""


def issues(kind: str) -> Callable[[Any, Any], Any]:
    return lambda desk, id: getattr(desk, f"issue_{kind}")(id, LINES)


CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "fill_feedback": lambda desk, id: desk.fill_feedback(id, "x"),
    "change_stage": lambda desk, id: desk.change_stage(id, "sign", reason="x"),
    "change_process": lambda desk, id: desk.change_process(id, "one_stage"),
    "advance": lambda desk, id: desk.advance(id),
    "win": lambda desk, id: desk.win(id),
    "lose": lambda desk, id: desk.lose(id, reason="price"),
    "invalidate": lambda desk, id: desk.invalidate(id, reason="other"),
    "start_after_sales": lambda desk, id: desk.start_after_sales(id),
    "after_sales_feedback": lambda desk, id: desk.after_sales_feedback(id, "x"),
    "after_sales_advance": lambda desk, id: desk.after_sales_advance(id),
    "after_sales_task": lambda desk, id: desk.finish_task(id, "install"),
    "finish_after_sales": lambda desk, id: desk.finish_after_sales(id),
    "edit": lambda desk, id: desk.edit(id, name="B"),
    "set_contact_role": lambda desk, id: desk.set_contact_role(id, "contact-1", role="user"),
    "add_competitor": lambda desk, id: desk.add_competitor(id, "Globex"),
    "remove_competitor": lambda desk, id: desk.remove_competitor(id, "Globex"),
    "register_with_partner": lambda desk, id: desk.register_with_partner(id),
    "add_task": lambda desk, id: desk.add_task(id, "Ring them"),
    "finish_task": lambda desk, id: desk.finish_task(id, "extra"),
    "reopen_task": lambda desk, id: desk.reopen_task(id, "extra"),
    "assign_task": lambda desk, id: desk.assign_task(id, "extra", "owner"),
    "unassign_task": lambda desk, id: desk.unassign_task(id, "extra"),
    **{f"issue_{kind}": issues(kind) for kind in ("quote", "contract", "order", "invoice")},
    "add_member": lambda desk, id: desk.add_member(id, "stranger"),
    "change_member": lambda desk, id: desk.change_member(id, "joint_reader", role="joint", access="read_write"),
    "remove_member": lambda desk, id: desk.remove_member(id, "joint_reader", role="joint"),
    "start_dialog": lambda desk, id: desk.start_dialog(id, "notes").answer(None).finish(),
    "add_activity": lambda desk, id: desk.add_activity(id, "note", "x"),
    "reopen": lambda desk, id: desk.reopen(id),
    "change_owner": lambda desk, id: desk.change_owner(id, "stranger"),
    "void": lambda desk, id: desk.void(id),
    "delete": lambda desk, id: desk.delete(id),
    "unvoid": lambda desk, id: desk.unvoid(id),
    "set_grade": lambda desk, id: desk.set_grade(id, "A", reason="x"),
    "clear_grade": lambda desk, id: desk.clear_grade(id),
    "waive_stage": lambda desk, id: desk.waive_stage(id, "talk", reason="x"),
    "approve": lambda desk, id: desk.approve(id, APPROVAL),
    "refuse": lambda desk, id: desk.refuse(id, APPROVAL, comment="x"),
    "request_approval": lambda desk, id: desk.request_approval(id, "advance"),
    "withdraw_approval": lambda desk, id: desk.withdraw_approval(id, APPROVAL),
}


def company() -> sf.Organization:
    """Everybody of `RELATIONS`, each in a line of management of their own, but for the owner's."""
    lines = {"owner": "boss", "boss": "top", "shared_writer": "shared_writer_boss"}
    lines |= {person: f"{person}_boss" for person in (*WRITERS, *READERS, "assignee")}
    places = {"presales_reader": "d", "joint_reader": "e", "head": "d", "unheading": "f"}
    people = {*RELATIONS, *UNSEEING, *lines.values()}
    employees = [sf.Employee(id, manager=lines.get(id), department=places.get(id)) for id in sorted(people)]
    employees.append(sf.Employee("gone", manager="boss", active=False))
    departments = [sf.Department("d", head="head"), sf.Department("e", head="unheading"), sf.Department("f")]
    return sf.Organization(employees, departments, administrators={"root"})


@cache
def stage(status: str, voided: bool = False) -> tuple[World, str]:
    """
    Return a world with one opportunity in *status*, and its id; nothing that is done there is kept.

    After-sales runs beside it, each side has a task that is the assignee's, and an approval waits while it is open.
    """
    world = World(organization=company())
    for person, access in (("shared_reader", "read"), ("shared_writer", "read_write")):
        world.flow.sharing.create(from_person="owner", to_person=person, access=sf.Access(access))
    team = [
        sf.TeamMember(f"{role}_{name}", role, access)
        for role in ROLES
        for name, access in (("reader", sf.Access.READ), ("writer", sf.Access.READ_WRITE))
    ]
    team += [sf.TeamMember("assignee", "presales"), sf.TeamMember("gone", "sales", sf.Access.READ_WRITE)]
    deals = world.acting("owner").opportunities
    world.customer("owner")
    world.contact("customer-1", "owner")
    with_gone = [member for member in team if member.person != "gone"]
    deal = deals.create("Deal", customer="customer-1", amount=LARGE, close_date=LATER, process="gated", team=with_gone)
    deal = world.place(deal, team=(*deal.team, team[-1]))
    deal = deals.add_task(deals.advance(deal), "Extra", code="extra", assignee="assignee")
    deal = deals.assign_task(deals.start_after_sales(deal), "install", "assignee")
    deal = deals.request_approval(deal, "win")
    if status == WON:
        deal = world.acting("boss").opportunities.approve(deal)
    if status == LOST:
        deal = deals.lose(deal, reason="price")
    if status == INVALID:
        deal = deals.invalidate(deal, reason="other")
    assert deal.status == status
    assert [approval.id for approval in deal.approvals] == [APPROVAL]
    assert [p.status is AfterSalesStatus.RUNNING for p in deal.after_sales] == [status != INVALID]
    if voided:
        deal = world.voided(deal)
    world.flow = sf.SalesFlow(**{**world.ports, "store": Rehearsal(world.store)})
    return world, deal.id


def refused_codes(world: World, person: str, operation: str, id: str) -> set[str]:
    """Return what *person* is refused for; empty where it is done."""
    try:
        CALLS[operation](world.acting(person).opportunities, id)
    except sf.Refused as refused:
        return codes(refused)
    return set()


def test_the_table_here_has_every_operation_on_an_opportunity():
    """ACC-24: a row that nobody retyped would be a row that nobody checked."""
    operations = {id.removeprefix("opportunities.") for id in OPERATIONS if id.startswith("opportunities.")}
    assert set(ROWS) - {"after_sales_task"} == operations - {*READS["opportunities"].split(), "create", "each"}
    assert set(CALLS) == set(ROWS)
    assert {row.source for id, row in ACCESS.items() if id.removeprefix("opportunities.") in ROWS} >= {
        source for source, _, _ in ROWS.values() if source != "ACC-27"
    }


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("operation", ROWS)
def test_the_access_table(operation: str, status: str):
    """ACC-1 … ACC-15, ACC-17, ACC-18, ACC-27, REL-4: each cell, for everybody who sees the record."""
    world, id = stage(status)
    if (operation, status) == ("after_sales_task", INVALID):
        operation = "finish_task"  # no after-sales runs beside an invalid one
    _, statuses, columns = ROWS[operation]
    for person, relations in RELATIONS.items():
        given = refused_codes(world, person, operation, id)
        assert ("not_permitted" in given) == (not relations & columns), person
        assert ("wrong_status" in given) == (status not in statuses and not _is_decided(operation, status)), person


def _is_decided(operation: str, status: str) -> bool:
    """Where nothing waits any more, that is the reason, and not the status."""
    return operation in {"approve", "refuse"} and status != OPEN


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("operation", ROWS)
def test_administrators_may_what_the_record_allows_and_whoever_left_may_nothing(operation: str, status: str):
    """ACC-24, ACC-18, ORG-5: an override everywhere but where the approver decides; no sight, no operation."""
    world, id = stage(status)
    assert ("not_permitted" in refused_codes(world, "root", operation, id)) == (operation in {"approve", "refuse"})
    for person in UNSEEING:
        with pytest.raises(sf.NotFound):
            refused_codes(world, person, operation, id)
    with pytest.raises(sf.NotFound, match="there is no person 'gone'"):
        world.acting("gone")


@pytest.mark.parametrize("operation", ROWS)
def test_a_voided_one_is_there_for_administrators_only(operation: str):
    """ACC-15, OPP-10: every relation to a voided record ends; administrators may unvoid it and nothing else."""
    world, id = stage(OPEN, voided=True)
    for person in (*RELATIONS, *UNSEEING):
        with pytest.raises(sf.NotFound):
            refused_codes(world, person, operation, id)
    given = refused_codes(world, "root", operation, id)
    assert given == set() if operation == "unvoid" else "is_voided" in given


@pytest.mark.parametrize("operation", ROWS)
def test_administrators_operate_by_a_switch(operation: str):
    """ACC-24: switched off, an administrator may only what a row names administrators for."""
    world, id = stage(OPEN)
    world = World(through=lambda _: Rehearsal(world.store), organization=company(), visibility=STRICT)
    assert ("not_permitted" in refused_codes(world_of(world, id), "root", operation, id)) == (operation != "unvoid")


STRICT = VisibilityPolicy(administrators_operate=False)


def world_of(world: World, id: str) -> World:
    """Return the world with the store that its flow reads."""
    world.store = world.ports["store"]
    assert world.store.get("opportunity", id) is not None
    return world


@pytest.mark.parametrize("call", DONE, ids=name_of)
def test_what_no_row_allows_is_refused_to_everybody(call: Done):
    """ACC-24: deny by default, administrators included; a table without rows leaves nothing to do."""
    world = World()
    about = call.given(world)
    world.flow = sf.SalesFlow(**{**world.ports, "visibility": NO_ROWS})
    before = world.everything()
    for person in (call.by, "root"):
        with pytest.raises(sf.Refused) as refused:
            call.do(getattr(world.acting(person), call.group), about)
        assert "not_permitted" in codes(refused.value)
    assert world.everything() == before


NO_ROWS = VisibilityPolicy(access={})


@pytest.mark.parametrize("status", STATUSES)
def test_finishing_after_sales_by_the_letter_of_the_source(status: str):
    """ACC-9: `after_sales_finish = "source"` is F to the letter: only in progress, and the sales roles."""
    kept, id = stage(status)
    policy = VisibilityPolicy(after_sales_finish="source")
    world = world_of(World(through=lambda _: Rehearsal(kept.store), organization=company(), visibility=policy), id)
    for person, relations in RELATIONS.items():
        given = refused_codes(world, person, "finish_after_sales", id)
        assert ("not_permitted" in given) == (not relations & {"owner", "superior", "sales", "joint", "shared"})
        assert ("wrong_status" in given) == (status != OPEN)


def test_overrides_and_refusals_are_audited_and_ordinary_work_is_not():
    """ACC-25: the sink is told who did what beyond their row, and what was refused; the record's events are not."""
    world = World()
    deal = world.deal()
    assert world.audit.entries == []
    told = len(world.outbox())
    with pytest.raises(sf.Refused):
        world.acting("li").opportunities.advance(deal)
    deal = world.acting("root").opportunities.edit(deal, name="B")
    world.acting("root").opportunities.void(deal)
    world.acting("root").opportunities.unvoid(deal.id)
    assert [(entry.person, entry.operation, entry.is_override) for entry in world.audit.entries] == [
        ("li", "opportunities.advance", False),
        ("root", "opportunities.edit", True),
        ("root", "opportunities.void", True),
    ]
    assert [(entry.kind, entry.id, entry.at) for entry in world.audit.entries] == [
        ("opportunity", deal.id, world.clock.now())
    ] * 3
    assert [event.operation for event in world.outbox(told)] == [
        "opportunities.edit", "opportunities.void", "opportunities.unvoid",
    ]  # fmt: skip
    world.acting("li").opportunities.moves(deal.id)
    world.flow.why("qian", deal.id)
    assert len(world.audit.entries) == 3


def test_without_a_sink_nothing_asks_for_one():
    """ACC-25: the sink is optional."""
    world = World(audit=None)
    deal = world.acting("root").opportunities.edit(world.deal(), name="B")
    with pytest.raises(sf.Refused):
        world.acting("li").opportunities.advance(deal)
