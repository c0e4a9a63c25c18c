"""
What a planned change of people or sharing would do to sight, before it is made (VIS-19).

A plan is the thing as it would be: an employee with another manager or department, a department with another
head, a group, a sharing rule. Nothing is changed: a second sight is made beside the one in force, and compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.organization import Department, Employee, UserGroup
from salesflow.model.process import SalesProcess
from salesflow.model.sharing import Pool, SharingRule
from salesflow.ports import OrganizationSource
from salesflow.visibility.behind import Find
from salesflow.visibility.filters import Filter
from salesflow.visibility.organization import Organization
from salesflow.visibility.organization_index import OrganizationIndex
from salesflow.visibility.policy import VisibilityPolicy
from salesflow.visibility.rules import KINDS
from salesflow.visibility.sight import Sight

REMOVABLE = ("employee", "department", "group", "sharing_rule")
"""What a plan may take away."""


def _known_kind(_instance: object, _attribute: object, value: Any) -> None:
    if value not in REMOVABLE:
        raise InvalidInput("kind", value, f"must be one of {', '.join(REMOVABLE)}")


@frozen
class Removed:
    """
    A plan to take something away. The reports of an employee go to the next above (ORG-2).

    Args:
        kind: ``"employee"``, ``"department"``, ``"group"`` or ``"sharing_rule"``.
        id: Which.

    Source: VIS-19.
    """

    kind: str = field(validator=_known_kind)
    id: str


Planned: TypeAlias = Employee | Department | UserGroup | SharingRule | SalesProcess | Removed
"""What may be planned. A stage template opens and closes nothing, so it changes nobody's sight."""


@frozen
class SightChange:
    """
    What one person would gain and lose sight of, of one kind of record.

    Args:
        person: Who.
        kind: The kind of record.
        gains, loses: Ids of records, in their order.
    """

    person: str
    kind: str
    gains: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = [_told("gains", self.kind, self.gains), _told("loses", self.kind, self.loses)]
        return f"{self.person} {' and '.join(filter(None, told))}"


def _told(verb: str, kind: str, ids: tuple[str, ...]) -> str:
    shown = ", ".join(ids[:5]) + (", …" if len(ids) > 5 else "")
    return f"{verb} {len(ids):,} of kind {kind} ({shown})" if ids else ""


def planned(
    source: OrganizationSource, rules: Iterable[SharingRule], policy: VisibilityPolicy, plans: Iterable[Any],
    *, pools: Iterable[Pool] = (), find: Find | None = None,
) -> Sight:  # fmt: skip
    """
    Return who would see what if *plans* were carried out, one after the other.

    Args:
        source: The organisation in force; it stays as it is.
        rules: The sharing rules in force.
        policy: Scenes and switches.
        plans: What would be (`Planned`); a thing with a known id takes the place of the one that is there.
        pools, find: As of `Sight`.

    Raises:
        InvalidInput: A plan is nothing that can be planned, or takes away what is not there.
        OrganizationError: A plan would close a cycle of managers or departments.

    Source: VIS-19.
    """
    now = getattr(source, "published", source)
    organization = Organization(
        now.employees,
        now.departments,
        now.groups,
        now.administrators,
        depth_subordinates=getattr(now, "depth_subordinates", "all"),
        depth_superiors=getattr(now, "depth_superiors", "all"),
        include_subdepartments=bool(getattr(now, "include_subdepartments", True)),
    )
    shared = {rule.id: rule for rule in rules}
    for plan in plans:
        match plan:
            case Employee():
                organization.put_employee(plan)
            case Department():
                organization.put_department(plan)
            case UserGroup():
                organization.put_group(plan)
            case SharingRule():
                shared[plan.id] = plan
            case SalesProcess():
                pass
            case Removed(kind="employee") if plan.id in organization.published.people:
                organization.remove_employee(plan.id)
            case Removed(kind="sharing_rule") if plan.id in shared:
                del shared[plan.id]
            case Removed(kind="department" | "group"):
                organization = _without(organization, plan)
            case Removed():
                raise _absent(plan)
            case _:
                known = "an Employee, Department, UserGroup, SharingRule or SalesProcess as it would be, or Removed"
                raise InvalidInput("change", plan, f"must be {known}")
    return Sight(OrganizationIndex(organization), tuple(shared.values()), policy, pools, find=find)


def _without(organization: Organization, plan: Removed) -> Organization:
    """Return a copy without a department, or without a group and its members."""
    now = organization.published
    places = {id: place for id, place in now.places.items() if (plan.kind, id) != ("department", plan.id)}
    circles = {id: circle for id, circle in now.circles.items() if (plan.kind, id) != ("group", plan.id)}
    people = now.employees
    if plan.kind == "group":
        people = tuple(evolve(each, groups=each.groups - {plan.id}) for each in people)
    if (len(places), len(circles), people) == (len(now.places), len(now.circles), now.employees):
        raise _absent(plan)
    return Organization(
        people,
        places.values(),
        circles.values(),
        now.administrators,
        depth_subordinates=now.depth_subordinates,
        depth_superiors=now.depth_superiors,
        include_subdepartments=now.include_subdepartments,
    )


def _absent(plan: Removed) -> InvalidInput:
    return InvalidInput("change", plan.id, f"is no {plan.kind.replace('_', ' ')} that could be removed")


def affected(before: Sight, after: Sight) -> Iterator[tuple[str, str, Filter, Filter]]:
    """
    Give each person and kind of record whose filter differs: who, the kind, the filter before and the one after.

    Somebody whose filters are equal sees exactly the same; somebody whose filters differ may still.
    """
    for person in sorted(before.index.known | after.index.known):
        for kind in KINDS:
            old, new = before.bind(person, kind), after.bind(person, kind)
            if old != new:
                yield person, kind, old, new
