"""
What somebody who writes these rules by hand would keep: sets worked out once, per person.

A viewer sees a record if it is not voided, and the viewer is an administrator, or is or stands above its owner
or some team member, or a sharing rule shares the owner's records with them, or they head their own main
department and it is, or stands above, the main department of the owner or of some team member (VIS-1, VIS-11,
VIS-12, VIS-13).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from benchmarks.visibility.world import Company
from salesflow.model import SharingRule

NOBODY: frozenset[str] = frozenset()


class Facts:
    """
    The cached sets.

    Attributes:
        administrators: Ids.
        upward: Per person: themselves and everybody above.
        main_upward: Per person: their main department and every one above it.
        headed: Per head of their own main department: that department.
        crowds: The people of each source and target of a sharing rule, by its name; see `source` and `target`.
        shared_with: Per owner: whom their records are shared with.
    """

    def __init__(self, company: Company) -> None:
        employees, departments = company.employees, company.departments
        self.administrators = company.administrators
        self.upward = _upward({id: employee.manager for id, employee in employees.items()})
        above = _upward({id: department.parent for id, department in departments.items()})
        self.main_upward = {id: above[str(employee.department)] for id, employee in employees.items()}
        self.headed = {
            id: str(employee.department)
            for id, employee in employees.items()
            if departments[str(employee.department)].head == id
        }
        crowds: defaultdict[str, set[str]] = defaultdict(set)
        for id, employee in employees.items():
            crowds[f"person:{id}"].add(id)
            for department in (str(employee.department), *employee.departments):
                crowds[f"in:{department}"].add(id)
                for holder in above[department]:
                    crowds[f"within:{holder}"].add(id)
            for group in employee.groups:
                crowds[f"group:{group}"].add(id)
        self.crowds: Mapping[str, set[str]] = crowds
        shared: defaultdict[str, set[str]] = defaultdict(set)
        for rule in company.sharing_rules:
            for owner in crowds[source(rule)]:
                shared[owner] |= crowds[target(rule)]
        self.shared_with: Mapping[str, set[str]] = dict(shared)


def source(rule: SharingRule) -> str:
    """Return whose records the rule shares, as a name of `Facts.crowds`."""
    if rule.from_person is not None:
        return f"person:{rule.from_person}"
    return f"{'within' if rule.from_subdepartments else 'in'}:{rule.from_department}"


def target(rule: SharingRule) -> str:
    """Return whom the rule reaches, as a name of `Facts.crowds`."""
    if rule.to_person is not None:
        return f"person:{rule.to_person}"
    if rule.to_group is not None:
        return f"group:{rule.to_group}"
    return f"{'within' if rule.to_subdepartments else 'in'}:{rule.to_department}"


def _upward(parents: Mapping[str, str | None]) -> dict[str, frozenset[str]]:
    """Each id with everything above it; whoever is above comes first in *parents*."""
    found: dict[str, frozenset[str]] = {}
    for id, parent in parents.items():
        found[id] = frozenset((id,)) | (NOBODY if parent is None else found[parent])
    return found
