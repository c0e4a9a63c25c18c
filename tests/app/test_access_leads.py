"""The access table of leads, customers and contacts through the facade: ACC-15, ACC-19 … ACC-22, ACC-27 (REL-4)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.model import LeadStatus, Pool, created
from salesflow.ports import UnitOfWork, Write
from salesflow.visibility import ACCESS
from tests.app.test_operations import OPERATIONS, READS
from tests.app.world import LINES, Rehearsal, World, codes

# operations | statuses (domain §2) | whom the row admits where it has an owner | and while it lies in a pool
TABLE = """
ACC-19 follow_up edit start_dialog  | unassigned assigned converted | owner superior shared | dispatcher
ACC-19 convert                      | assigned | owner superior shared | dispatcher
ACC-19 quote order                  | assigned converted | owner superior | dispatcher
ACC-19 recycle                      | assigned | owner superior | dispatcher
ACC-19 disqualify                   | unassigned assigned | owner superior | dispatcher
ACC-19 void                         | unassigned assigned converted disqualified | owner superior | dispatcher
ACC-15 unvoid                       | unassigned assigned converted disqualified | |
ACC-20 assign                       | unassigned assigned | superior | dispatcher
ACC-20 delete                       | unassigned disqualified | superior | dispatcher
ACC-20 merge push_down              | unassigned assigned converted | superior | dispatcher
ACC-20 unmerge                      | unassigned assigned converted disqualified | superior | dispatcher
ACC-21 claim                        | unassigned | | member
ACC-27 set_review_state disable enable | unassigned assigned converted disqualified | | dispatcher
"""
ROWS = {
    operation: (source, statuses.split(), set(owned.split()), set(pooled.split()))
    for line in TABLE.strip().splitlines()
    for head, statuses, owned, pooled in [line.split("|")]
    for source, *operations in [head.split()]
    for operation in operations
}

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "follow_up": lambda desk, id: desk.follow_up(id, "x"),
    "start_dialog": lambda desk, id: desk.start_dialog(id, "notes").answer(None).finish(),
    "edit": lambda desk, id: desk.edit(id, email="a@b"),
    "convert": lambda desk, id: desk.convert(id, customer=sf.NewCustomer("A")),
    "quote": lambda desk, id: desk.quote(id, LINES),
    "order": lambda desk, id: desk.order(id, LINES),
    "recycle": lambda desk, id: desk.recycle(id, reason="x"),
    "disqualify": lambda desk, id: desk.disqualify(id, reason="x"),
    "void": lambda desk, id: desk.void(id),
    "unvoid": lambda desk, id: desk.unvoid(id),
    "assign": lambda desk, id: desk.assign(id, "stranger"),
    "delete": lambda desk, id: desk.delete(id),
    "claim": lambda desk, id: desk.claim(id),
    "set_review_state": lambda desk, id: desk.set_review_state(id, "submitted"),
    "disable": lambda desk, id: desk.disable(id),
    "enable": lambda desk, id: desk.enable(id),
    "push_down": lambda desk, id: desk.push_down(id, owner="stranger"),
    "merge": lambda desk, id: desk.merge(id, "twin"),
    "unmerge": lambda desk, id: desk.unmerge(id),
}

OWNED: dict[str, set[str]] = {
    "owner": {"owner"}, "boss": {"superior"}, "top": {"superior"}, "head": set(), "shared_reader": set(),
    "shared_writer": {"shared"},
}  # fmt: skip
"""Whoever sees what has an owner, and the columns that they stand in; ``head``: of the owner's department."""

POOLED: dict[str, set[str]] = {"dispatcher": {"dispatcher"}, "member": {"member"}, "both": {"dispatcher", "member"}}
"""Whoever sees what lies in the pool; ``member`` its card only."""

OUTSIDE = ("stranger", "shared_writer_boss", "member_boss", "dispatcher_boss", "unheading", "other_member")
"""Who sees neither: superiors of others than the owner, heads of other departments, members of another pool."""

PEOPLE = (*OWNED, *POOLED, *OUTSIDE)
STATUSES = tuple(map(str, LeadStatus))


def company() -> sf.Organization:
    """Everybody of `PEOPLE`; ``gone`` stood above the owner and has left."""
    lines = {"owner": "boss", "boss": "gone", "gone": "top"}
    lines |= {person: f"{person}_boss" for person in ("shared_writer", "member", "dispatcher")}
    places = {"owner": "d", "head": "d", "unheading": "e", "member": "e"}
    employees = [sf.Employee(id, manager=lines.get(id), department=places.get(id)) for id in PEOPLE]
    employees.append(sf.Employee("gone", manager="top", active=False))
    departments = [sf.Department("d", head="head"), sf.Department("e", head="stranger")]
    return sf.Organization(employees, departments, administrators={"root"})


def make_stage(group: str, status: str = "", owner: str | None = "owner", voided: bool = False) -> tuple[World, str]:
    """Return a world with one record of a group, and its id; nothing that is done there is kept."""
    world = World(organization=company())
    for person, access in (("shared_reader", "read"), ("shared_writer", "read_write")):
        world.flow.sharing.create(from_person="owner", to_person=person, access=sf.Access(access))
    for id, members, dispatchers in (("p", {"member", "both"}, {"dispatcher", "both"}), ("q", {"other_member"}, {""})):
        pool = Pool(id=id, version=1, name=id, members=frozenset(members), dispatchers=frozenset(dispatchers))
        put(world, pool)
    acting = world.acting("owner")
    made: Any = {
        "leads": lambda: acting.leads.create(title="A", phone="1"),
        "customers": lambda: acting.customers.create("A"),
        "contacts": lambda: acting.contacts.create("A"),
    }[group]()
    values: dict[str, Any] = {"status": LeadStatus(status), "pool": None if owner else "p"} if group == "leads" else {}
    record = put(world, evolve(made, id="it", version=1, owner=owner, voided=voided, **values))
    if group == "leads":
        twin = {"status": LeadStatus.ASSIGNED if owner else LeadStatus.UNASSIGNED, "voided": False}
        put(world, evolve(record, id="twin", **twin))
    world.flow = sf.SalesFlow(**{**world.ports, "store": Rehearsal(world.store)})
    return world, record.id


stage = cache(make_stage)


def put(world: World, record: Any) -> Any:
    """Put a record into the store as it is: for states that some operation leads to, whatever else it does."""
    event = created(record, at=world.clock.now(), by="test", operation="test")
    world.store.save(UnitOfWork((Write(record.KIND, record.id, 0, record, (event,)),)))
    return record


def refused_codes(world: World, person: str, group: str, do: Callable[[Any, Any], Any], id: str) -> set[str] | None:
    """Return what *person* is refused for, nothing where it is done; None where the record is not there for them."""
    try:
        do(getattr(world.acting(person), group), id)
    except sf.Refused as refused:
        return codes(refused)
    except sf.NotFound as missing:
        return None if missing.id == id else {f"{missing.kind} is missing"}
    return set()


THERE = sorted(operation for operation in ROWS if f"leads.{operation}" in OPERATIONS)


def test_the_table_here_has_every_operation_on_a_lead():
    """ACC-24, REL-4: a row that nobody retyped would be a row that nobody checked."""
    beside = {*READS["leads"].split(), "create", "each", "recycle_overdue"}
    operations = {id.removeprefix("leads.") for id in OPERATIONS if id.startswith("leads.")} - beside
    assert operations == set(THERE)
    assert operations <= set(CALLS)
    assert all(ACCESS[f"leads.{operation}"].source == source for operation, (source, *_) in ROWS.items())


def agrees(given: set[str], operation: str, status: str) -> bool:
    """Whether the status is objected to where the table does; of what was converted, into what it was."""
    return bool({"wrong_status", "already_converted"} & given) == (status not in ROWS[operation][1])


@pytest.mark.parametrize("status", ["assigned", "converted", "disqualified"])
@pytest.mark.parametrize("operation", THERE)
def test_the_access_table_of_a_lead_with_an_owner(operation: str, status: str):
    """ACC-15, ACC-19 … ACC-21, ACC-27, REL-4: each cell; whoever does not see it, finds nothing."""
    world, id = stage("leads", status)
    for person, relations in OWNED.items():
        given = refused_codes(world, person, "leads", CALLS[operation], id)
        assert given is not None, person
        assert ("not_permitted" in given) == (not relations & ROWS[operation][2]), person
        assert agrees(given, operation, status), person
    for person in (*POOLED, *OUTSIDE):
        assert refused_codes(world, person, "leads", CALLS[operation], id) is None, person
    check_administrators_and_who_left(world, "leads", operation, id)


@pytest.mark.parametrize("status", ["unassigned", "disqualified"])
@pytest.mark.parametrize("operation", THERE)
def test_the_access_table_of_a_lead_in_a_pool(operation: str, status: str):
    """ACC-19 … ACC-21, ACC-27, VIS-18, REL-4: dispatchers stand in; a member claims, and is told of nothing else."""
    world, id = stage("leads", status, None)
    for person, relations in POOLED.items():
        given = refused_codes(world, person, "leads", CALLS[operation], id)
        assert given is not None, person
        assert ("not_permitted" in given) == (not relations & ROWS[operation][3]), person
        if person != "member" or operation == "claim":
            assert agrees(given, operation, status), person
        else:
            assert given <= {"not_permitted", "is_not_voided"}, person
    for person in (*OWNED, *OUTSIDE):
        assert refused_codes(world, person, "leads", CALLS[operation], id) is None, person
    check_administrators_and_who_left(world, "leads", operation, id)


def check_administrators_and_who_left(world: World, group: str, operation: str, id: str) -> None:
    """ACC-24, ORG-5: an administrator may what the record's state allows; who left, or never was, is nobody."""
    calls = CALLS if group == "leads" else PARTY_CALLS
    given = refused_codes(world, "root", group, calls[operation], id)
    assert given is not None
    assert "not_permitted" not in given
    for person in ("gone", "nobody"):
        with pytest.raises(sf.NotFound, match=f"there is no person '{person}'"):
            world.acting(person)


@pytest.mark.parametrize("owner", ["owner", None])
@pytest.mark.parametrize("operation", THERE)
def test_a_voided_lead_is_there_for_administrators_only(operation: str, owner: str | None):
    """ACC-15, LEAD-10: with or without an owner; they may unvoid it, and delete nothing else than they could."""
    world, id = stage("leads", "assigned" if owner else "unassigned", owner, voided=True)
    for person in PEOPLE:
        assert refused_codes(world, person, "leads", CALLS[operation], id) is None, person
    given = refused_codes(world, "root", "leads", CALLS[operation], id)
    assert given == set() if operation == "unvoid" else given is not None and "is_voided" in given


def test_the_common_pool_is_every_employees_and_nobody_dispatches_it():
    """VIS-18, LEAD-14, ACC-21: whoever works here may claim; the rest of the rows admits administrators alone."""
    world, id = make_stage("leads", "unassigned", None)
    pooled: Any = world.store.get("lead", id)
    put(world, evolve(pooled, id="common", pool=None))
    for operation in THERE:
        for person in PEOPLE:
            given = refused_codes(world, person, "leads", CALLS[operation], "common")
            assert given is not None
            assert ("not_permitted" in given) == (operation != "claim"), (operation, person)


PARTY_CALLS: dict[str, Callable[[Any, Any], Any]] = {"edit": lambda desk, id: desk.edit(id, phone="139")}
PARTY_TABLE = {"edit": ("ACC-22", {"owner", "superior", "shared"})}


@pytest.mark.parametrize("group", ["customers", "contacts"])
def test_the_access_table_of_customers_and_contacts(group: str):
    """ACC-22, REL-4: each cell; one without owner is the administrators' alone."""
    there = {id.split(".")[1] for id in OPERATIONS if id.startswith(f"{group}.")} - {*READS[group].split(), "create"}
    assert there == set(PARTY_TABLE)
    world, id = stage(group)
    for operation, (source, columns) in PARTY_TABLE.items():
        assert ACCESS[f"{group}.{operation}"].source == source
        for person, relations in OWNED.items():
            given = refused_codes(world, person, group, PARTY_CALLS[operation], id)
            assert given is not None
            assert ("not_permitted" in given) == (not relations & columns), person
        for person in (*POOLED, *OUTSIDE):
            assert refused_codes(world, person, group, PARTY_CALLS[operation], id) is None
        check_administrators_and_who_left(world, group, operation, id)
        nobodys, other = stage(group, owner=None)
        for person in PEOPLE:
            assert refused_codes(nobodys, person, group, PARTY_CALLS[operation], other) is None
        assert refused_codes(nobodys, "root", group, PARTY_CALLS[operation], other) == set()


TEAM = {
    "joint_writer": True, "sales_writer": True, "joint_writer_boss": True, "after_sales_writer": False,
    "presales_writer": False, "joint_reader": False, "joint_reader_boss": False,
}  # fmt: skip
"""Who sees a contact through an opportunity, and whether they may edit that one."""


def test_whoever_may_edit_an_opportunity_may_edit_its_contact_and_reads_its_customer():
    """ACC-22, VIS-21, REL-4: contacts by the row of `opportunities.edit`; the customer is for its own people."""
    employees = [sf.Employee(id, manager=f"{id}_boss" if f"{id}_boss" in TEAM else None) for id in (*TEAM, "li")]
    world = World(organization=sf.Organization(employees, administrators={"root"}))
    acting = world.acting("li")
    customer = acting.customers.create("A")
    contact = acting.contacts.create("B", customer=customer.id)
    world.store = world.ports["store"]
    team = [
        sf.TeamMember(id, id.rsplit("_", 1)[0], sf.Access.READ if id.endswith("reader") else sf.Access.READ_WRITE)
        for id in TEAM
        if not id.endswith("_boss")
    ]
    world.deal(customer=customer.id, contact=contact.id, team=team)
    world.flow = sf.SalesFlow(**{**world.ports, "store": Rehearsal(world.store)})
    for person, may in TEAM.items():
        edit = PARTY_CALLS["edit"]
        assert refused_codes(world, person, "contacts", edit, contact.id) == (set() if may else {"not_permitted"})
        assert refused_codes(world, person, "customers", edit, customer.id) == {"not_permitted"}


def seeing(group: str, owner: str | None) -> Collection[str]:
    """Whoever sees a record, retyped: of those with scenes, and of leads in the pool."""
    return (*OWNED, "root") if owner else ("root", *(POOLED if group == "leads" else ()))


@pytest.mark.parametrize("owner", ["owner", None])
@pytest.mark.parametrize("group", ["leads", "customers", "contacts"])
def test_reading_is_for_whoever_sees_it(group: str, owner: str | None):
    """ACC-26, VIS-21, REL-4: each read of one record, and each list, count and export, for every relation."""
    world, id = stage(group, "assigned" if owner else "unassigned", owner)
    now = world.clock.now()
    for person in (*PEOPLE, "root"):
        desk = getattr(world.acting(person), group)
        is_seen = person in seeing(group, owner)
        assert (id in {record.id for record in desk.list(limit=100).items}) == is_seen, person
        assert desk.count() == len(desk.list().items)
        by_id: dict[str, Callable[[Any, Any], Any]] = {
            "get": lambda desk, id: desk.get(id),
            "history": lambda desk, id: desk.history(id),
            "as_of": lambda desk, id: desk.as_of(id, now),
        }
        by_id |= {"moves": lambda desk, id: desk.moves(id)} if group == "leads" else {}
        assert set(by_id) == {*READS[group].split()} - {"list", "count"}
        is_card = person == "member" and owner is None
        for method, read in by_id.items():
            given = refused_codes(world, person, group, read, id)
            if is_card and method in {"history", "as_of"}:
                assert given != set(), method  # how it is told, `test_pools` says
            else:
                assert given == (set() if is_seen else None), (person, method)
