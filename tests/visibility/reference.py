"""
Who sees and who may act, from domain.md alone: plain loops over people and records, pointer by pointer.

Nothing of `salesflow.visibility` is imported here, nothing is indexed, nothing is kept.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from attrs import frozen

from salesflow.model import Access, Department, Employee, Pool, SharingRule, UserGroup


@frozen
class World:
    """Everything that sight depends on, as it was given."""

    employees: tuple[Employee, ...]
    departments: tuple[Department, ...] = ()
    groups: tuple[UserGroup, ...] = ()
    administrators: frozenset[str] = frozenset()
    shares: tuple[SharingRule, ...] = ()
    depth_subordinates: str = "all"
    depth_superiors: str = "all"
    include_subdepartments: bool = True
    pools: tuple[Pool, ...] = ()

    # -- the organisation

    def employee(self, person: str | None) -> Employee | None:
        for employee in self.employees:
            if employee.id == person:
                return employee
        return None

    def department(self, id: str | None) -> Department | None:
        for department in self.departments:
            if department.id == id:
                return department
        return None

    def is_active(self, person: str) -> bool:
        employee = self.employee(person)
        return employee is not None and employee.active

    def is_administrator(self, person: str) -> bool:
        """Listed, and not somebody who left."""
        return person in self.administrators and (self.employee(person) is None or self.is_active(person))

    def knows(self, person: str) -> bool:
        return self.is_active(person) or self.is_administrator(person)

    def everyone(self) -> list[str]:
        """Everybody who is named anywhere, and a stranger."""
        named = [employee.id for employee in self.employees] + sorted(self.administrators)
        return [*dict.fromkeys(named), "stranger"]

    def is_below(self, lower: str, upper: str, depth: str) -> bool:
        """ORG-2: whether *lower* is somewhere (or, direct, just) below *upper*."""
        here = self.employee(lower)
        while here is not None:
            above = self.employee(here.manager)
            if above is None:
                return False
            if above.id == upper:
                return True
            if depth == "direct":
                return False
            here = above
        return False

    def is_inside(self, department: str | None, outer: str, subdepartments: bool) -> bool:
        """Whether *department* is *outer*, or below it."""
        while department is not None:
            if department == outer:
                return True
            if not subdepartments:
                return False
            found = self.department(department)
            parent = None if found is None else self.department(found.parent)
            department = None if parent is None else parent.id
        return False

    def belongs(self, person: str, outer: str, subdepartments: bool) -> bool:
        """Whether any department of *person*, main or not, is *outer* or below it."""
        employee = self.employee(person)
        if employee is None:
            return False
        return any(self.is_inside(d, outer, subdepartments) for d in (employee.department, *employee.departments))

    def in_group(self, person: str, group: str) -> bool:
        employee = self.employee(person)
        if employee is not None and group in employee.groups:
            return True
        return any(g.id == group and person in g.members for g in self.groups)

    # -- VIS-11, VIS-12

    def shares_to(self, owner: str, viewer: str, level: Access) -> bool:
        for rule in self.shares:
            if level is Access.READ_WRITE and rule.access is not Access.READ_WRITE:
                continue
            if rule.from_person is not None:
                covers = rule.from_person == owner
            else:
                covers = self.belongs(owner, str(rule.from_department), rule.from_subdepartments)
            if rule.to_person is not None:
                reaches = rule.to_person == viewer
            elif rule.to_group is not None:
                reaches = self.in_group(viewer, rule.to_group)
            else:
                reaches = self.belongs(viewer, str(rule.to_department), rule.to_subdepartments)
            if covers and reaches:
                return True
        return False

    def heads(self, viewer: str, person: str) -> bool:
        """The viewer heads their own main department, and it is (or is above) the main one of *person*."""
        me, other = self.employee(viewer), self.employee(person)
        if me is None or other is None:
            return False
        mine = self.department(me.department)
        if mine is None or mine.head != viewer:
            return False
        return self.is_inside(other.department, mine.id, self.include_subdepartments)

    # -- VIS-18, LEAD-14

    def admits(self, viewer: str, record: Any) -> bool | None:
        """Whether the viewer may claim it from its pool; None where it lies in none."""
        if record.KIND != "lead" or record.owner is not None:
            return None
        if not self.is_active(viewer):
            return False
        if record.pool is None:
            return True
        for pool in self.pools:
            if pool.id == record.pool:
                return pool.members is None or viewer in pool.members
        return False

    def dispatches(self, viewer: str, record: Any) -> bool | None:
        """Whether the viewer dispatches the pool that it lies in; None where it lies in none."""
        if record.KIND != "lead" or record.owner is not None:
            return None
        for pool in self.pools:
            if pool.id == record.pool and viewer in pool.dispatchers:
                return self.is_active(viewer)
        return False

    def sees_whole(self, viewer: str, record: Any) -> bool:
        """Whether whoever sees it sees more than a card."""
        in_no_pool = record.KIND != "lead" or record.owner is not None
        return in_no_pool or self.is_administrator(viewer) or self.dispatches(viewer, record) is True

    # -- VIS-1 … VIS-13

    def scene(self, viewer: str, record: Any, name: str) -> bool:
        """Whether the record is in the viewer's scene."""
        if not self.knows(viewer):
            return False
        if name == "voided":
            return self.is_administrator(viewer) and record.voided
        if record.voided:
            return False
        return (self.is_administrator(viewer) or self.all(viewer, record)) and self.narrow(viewer, record, name)

    def all(self, viewer: str, record: Any) -> bool:
        team = getattr(record, "team", ())
        people = [record.owner, *(member.person for member in team)]
        for person in people:
            if person is None:
                continue
            if person == viewer or self.is_below(person, viewer, self.depth_subordinates):
                return True
            if self.heads(viewer, person):
                return True
        if self.admits(viewer, record) or self.dispatches(viewer, record):
            return True
        return record.owner is not None and self.shares_to(record.owner, viewer, Access.READ)

    def narrow(self, viewer: str, record: Any, name: str) -> bool:
        owner, team = record.owner, getattr(record, "team", ())
        subs = self.depth_subordinates
        if name == "all":
            return True
        if name == "mine":
            return bool(owner == viewer)
        if name == "joint":
            return any(m.person == viewer and m.role == "joint" for m in team)
        if name == "serviced":
            return any(m.person == viewer and m.role == "after_sales" for m in team)
        if name == "participating":
            return any(m.person == viewer for m in team)
        if name in ("won", "lost"):
            if owner is None or getattr(record, "status", None) != name:
                return False
            return owner == viewer or self.is_below(owner, viewer, subs)
        if name == "subordinates":
            return owner is not None and self.is_below(owner, viewer, subs)
        if name == "subordinates_joint":
            return any(self.is_below(m.person, viewer, subs) and m.role == "joint" for m in team)
        if name == "subordinates_serviced":
            return any(self.is_below(m.person, viewer, subs) and m.role == "after_sales" for m in team)
        if name == "shared":
            return owner is not None and self.shares_to(owner, viewer, Access.READ)
        assert name == "departments"
        people = [owner, *(member.person for member in team)]
        return any(person is not None and self.heads(viewer, person) for person in people)

    def can_see(self, viewer: str, record: Any) -> bool:
        if not self.knows(viewer):
            return False
        return self.is_administrator(viewer) or (not record.voided and self.all(viewer, record))

    # -- domain §8

    def owner_line(self, viewer: str, record: Any) -> bool:
        return bool(record.owner == viewer) or self.above_owner(viewer, record)

    def above_owner(self, viewer: str, record: Any) -> bool:
        return record.owner is not None and self.is_below(record.owner, viewer, self.depth_superiors)

    def team_line(self, viewer: str, record: Any, roles: Collection[str] | None) -> bool:
        """A qualifying member, or a superior of that very member; *roles* None means any role."""
        for member in getattr(record, "team", ()):
            if roles is not None and member.role not in roles:
                continue
            if member.access is not Access.READ_WRITE:
                continue
            if member.person == viewer or self.is_below(member.person, viewer, self.depth_superiors):
                return True
        return False

    def shared_read_write(self, viewer: str, record: Any) -> bool:
        return record.owner is not None and self.shares_to(record.owner, viewer, Access.READ_WRITE)
