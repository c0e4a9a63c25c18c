"""
What somebody who writes these rules by hand would keep: sets worked out once, per person.

Whether a viewer sees a record: it is not voided, and the viewer is an administrator, or is or stands above its
owner or some team member, or a sharing rule shares the owner's records with them, or they head their own main
department and it is, or stands above, the main department of the owner or some team member (VIS-1, VIS-11, VIS-12).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from benchmarks.visibility.world import Company


class Facts:
    """
    The cached sets.

    Attributes:
        upward: Per person: themselves and everybody above.
        main_upward: Per person: their main department and every one above it.
        headed: Per head of their own main department: that department.
        shared_with: Per owner: whom their records are shared with.
        administrators: Ids.
    """

    def __init__(self, company: Company) -> None:
        self.company = company
        self.administrators = company.administrators
        employees, departments = company.employees, company.departments
        self.upward = {
            person: _upward(person, {id: employee.manager for id, employee in employees.items()})
            for person in employees
        } if False else _all_upward({id: employee.manager for id, employee in employees.items()})
        departments_upward = _all_upward({id: department.parent for id, department in departments.items()})
        self.departments_upward = departments_upward
        self.main_upward = {
            id: departments_upward[employee.department]
            for id, employee in employees.items()
            if employee.department is not None
        }
        self.headed = {
            id: employee.department
            for id, employee in employees.items()
            if employee.department is not None and departments[employee.department].head == id
        }
        self.people_in: defaultdict[str, set[str]] = defaultdict(set)
        self.people_within: defaultdict[str, set[str]] = defaultdict(set)
        self.members: defaultdict[str, set[str]] = defaultdict(set)
        for id, employee in employees.items():
            for department in {employee.department, *employee.departments} - {None}:
                self.people_in[str(department)].add(id)
                for above in departments_upward[str(department)]:
                    self.people_within[above].add(id)
            for group in employee.groups:
                self.members[group].add(id)
        self.sources = [self._source(rule) for rule in company.sharing_rules]
        shared_with: defaultdict[str, set[str]] = defaultdict(set)
