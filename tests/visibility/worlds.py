"""Hypothesis strategies for small worlds: deep chains, heads, groups, sharing, people who left or are unknown."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from salesflow.model import (
    Access,
    Contact,
    Customer,
    Department,
    Employee,
    Lead,
    LeadStatus,
    Money,
    Opportunity,
    OpportunityStatus,
    Pool,
    Probability,
    ProbabilitySource,
    SharingRule,
    TeamMember,
    TeamRole,
    UserGroup,
)
from salesflow.visibility import Organization, OrganizationIndex, Sight, VisibilityPolicy
from tests.visibility.reference import World

PEOPLE = ["ann", "ben", "cao", "dai", "eva", "fan", "gao"]
PLACES = ["north", "south", "east", "west"]
GROUPS = ["tender", "service"]
ROLES = [TeamRole.SALES, TeamRole.JOINT, TeamRole.AFTER_SALES, TeamRole.PRESALES, "lawyer"]
POOLS = ["tenders", "retail"]
AMOUNTS = [None, Money("5", "CNY"), Money("10", "CNY"), Money("10", "USD")]


def opportunity(
    owner: str,
    *members: TeamMember,
    status: OpportunityStatus = OpportunityStatus.IN_PROGRESS,
    voided: bool = False,
    amount: Money | None = None,
) -> Opportunity:
    """An opportunity of *owner*, who stands in its team (TEAM-2)."""
    team = (TeamMember(owner, TeamRole.OWNER, Access.READ_WRITE), *members)
    return Opportunity(
        id="opp", version=1, name="deal", owner=owner, process="crm2000", process_version=1, stage="qualification",
        probability=Probability(10, ProbabilitySource.STAGE), team=team, status=status, voided=voided, amount=amount,
    )  # fmt: skip


def lead(owner: str | None, *, voided: bool = False, status: LeadStatus | None = None, pool: str | None = None) -> Lead:
    """A lead; where *owner* is None, in *pool*, the common one where that is None."""
    stands = status or (LeadStatus.UNASSIGNED if owner is None else LeadStatus.ASSIGNED)
    return Lead(id="lead", version=1, title="deal", owner=owner, status=stands, voided=voided, phone="1", pool=pool)


def customer(owner: str | None, *, voided: bool = False) -> Customer:
    """A customer."""
    return Customer(id="customer", version=1, name="Acme", owner=owner, voided=voided)


def contact(owner: str | None, *, voided: bool = False) -> Contact:
    """A contact."""
    return Contact(id="contact", version=1, name="Qian", owner=owner, voided=voided)


def organization(world: World) -> Organization:
    """The organisation that *world* describes."""
    return Organization(
        world.employees,
        world.departments,
        world.groups,
        world.administrators,
        depth_subordinates=world.depth_subordinates,  # type: ignore[arg-type] # the strategy draws only known ones
        depth_superiors=world.depth_superiors,  # type: ignore[arg-type] # as above
        include_subdepartments=world.include_subdepartments,
    )


def sight(world: World, policy: VisibilityPolicy | None = None) -> Sight:
    """What *world* looks like to the library."""
    return Sight(OrganizationIndex(organization(world)), world.shares, policy, world.pools)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world of up to seven people; the forests are drawn without cycles, and lean to deep chains."""
    people = PEOPLE[: draw(st.integers(1, len(PEOPLE)))]
    places = PLACES[: draw(st.sampled_from([0, 1, 2, 3, 4, 4]))]

    def above(names: list[str], place: int) -> str | None:
        if draw(st.integers(0, 9)) == 0:
            return "nobody_known"
        if place == 0 or draw(st.integers(0, 4)) == 0:
            return None
        number = place - 1 if draw(st.booleans()) else draw(st.integers(0, place - 1))
        return names[number]

    def one_of(names: list[str]) -> str | None:
        return draw(st.sampled_from(names)) if names and draw(st.integers(0, 5)) > 0 else None

    departments = tuple(
        Department(id, parent=above(places, place), head=one_of(people)) for place, id in enumerate(places)
    )
    groups_of = st.sets(st.sampled_from(GROUPS), max_size=1)
    employees = tuple(
        Employee(
            id,
            manager=above(people, place),
            department=one_of([*places, "unlisted"]),
            departments=tuple(draw(st.lists(st.sampled_from(places), max_size=2))) if places else (),
            groups=frozenset(draw(groups_of)),
            active=draw(st.integers(0, 5)) > 0,
        )
        for place, id in enumerate(people)
    )
    members = st.frozensets(st.sampled_from([*people, "root"]), max_size=2)
    groups = tuple(UserGroup(id, members=draw(members)) for id in draw(st.sets(st.sampled_from(GROUPS))))
    return World(
        employees,
        departments,
        groups,
        draw(st.sampled_from([frozenset(), frozenset({"root"}), frozenset({"root", people[-1]})])),
        tuple(draw(sharing_rules(people, places, number)) for number in range(draw(st.integers(0, 3)))),
        draw(st.sampled_from(["all", "all", "direct"])),
        draw(st.sampled_from(["all", "direct"])),
        draw(st.booleans()),
        tuple(draw(pools(people, id)) for id in draw(st.sets(st.sampled_from(POOLS)))),
    )


@st.composite
def pools(draw: st.DrawFn, people: list[str], id: str) -> Pool:
    """A pool; its people may have left, or be nobody known."""
    some = st.frozensets(st.sampled_from([*people, "root", "stranger"]), max_size=3)
    return Pool(id=id, version=1, members=draw(st.none() | some), dispatchers=draw(some))


@st.composite
def sharing_rules(draw: st.DrawFn, people: list[str], places: list[str], number: int) -> SharingRule:
    """A sharing rule with one source and one target."""
    named: dict[str, Any] = {"from_person": draw(st.sampled_from([*people, "stranger"]))}
    if draw(st.booleans()) and places:
        named = {"from_department": draw(st.sampled_from([*places, "unlisted"]))}
    names = {"to_person": [*people, "root"], "to_group": GROUPS, "to_department": [*places, "unlisted"]}
    target = draw(st.sampled_from(sorted(names)))
    named[target] = draw(st.sampled_from(names[target]))
    return SharingRule(
        id=f"s{number}",
        version=1,
        **named,
        from_subdepartments=draw(st.booleans()),
        to_subdepartments=draw(st.booleans()),
        access=draw(st.sampled_from(Access)),
    )


@st.composite
def opportunities(draw: st.DrawFn, world: World) -> Opportunity:
    """An opportunity of somebody, with up to three members."""
    names = st.sampled_from([employee.id for employee in world.employees] + ["stranger"])
    members = draw(
        st.lists(
            st.builds(TeamMember, names, st.sampled_from(ROLES), st.sampled_from(Access)),
            max_size=3,
            unique_by=lambda member: member.key,
        )
    )
    return opportunity(
        draw(names),
        *members,
        status=draw(st.sampled_from(OpportunityStatus)),
        voided=draw(st.integers(0, 5)) == 0,
        amount=draw(st.sampled_from(AMOUNTS)),
    )


@st.composite
def records(draw: st.DrawFn, world: World) -> Any:
    """A record of any kind that has scenes; leads, customers and contacts may lack an owner."""
    make = draw(st.sampled_from([None, None, None, lead, customer, contact]))
    if make is None:
        return draw(opportunities(world))
    owner = draw(st.sampled_from([None, *(employee.id for employee in world.employees), "stranger"]))
    voided = draw(st.integers(0, 5)) == 0
    if make is lead:
        return lead(owner, voided=voided, pool=draw(st.sampled_from([None, *POOLS, "gone"])))
    return make(owner, voided=voided)


@st.composite
def worlds_and_records(draw: st.DrawFn) -> tuple[World, Any]:
    """A world with one record in it."""
    world = draw(worlds())
    return world, draw(records(world))
