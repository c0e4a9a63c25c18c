"""
Sharing rules (数据共享), indexed by whom they reach and by whose records they share (VIS-11).

Sharing reaches whom a rule names, not their superiors.
"""

from __future__ import annotations

from collections.abc import Iterable

from salesflow.model.enums import Access
from salesflow.model.sharing import SharingRule
from salesflow.visibility.organization_index import OrganizationIndex
from salesflow.visibility.people import Gathering


class Sharing:
    """
    The sharing rules as one organisation reads them.

    A rule that does not name exactly one source and one target shares nothing.

    Args:
        index: The organisation.
        rules: Every sharing rule.
    """

    def __init__(self, index: OrganizationIndex, rules: Iterable[SharingRule]) -> None:
        self._index = index
        self._to_person: _Rules = {}
        self._to_department: _Rules = {}
        self._to_group: _Rules = {}
        self._from_person: _Rules = {}
        self._from_department: _Rules = {}
        for rule in rules:
            sources = (rule.from_person, rule.from_department)
            targets = (rule.to_person, rule.to_department, rule.to_group)
            if sources.count(None) == 1 and targets.count(None) == 2:
                self._keep(rule)

    def reaching(self, viewer: str, access: Access) -> Iterable[SharingRule]:
        """Return the rules that share something with *viewer*, each once, with at least *access*."""
        found = [*self._to_person.get(viewer, ())]
        for department in self._index.departments_of(viewer):
            found += self._to_department.get(department, ())
        for group in self._index.groups_of(viewer):
            found += self._to_group.get(group, ())
        return _granting(found, access) if found else ()

    def covering(self, owner: str, access: Access) -> Iterable[SharingRule]:
        """Return the rules that share the records of *owner*, each once, with at least *access*."""
        found = [*self._from_person.get(owner, ())]
        for department in self._index.departments_of(owner):
            found += self._from_department.get(department, ())
        return _granting(found, access) if found else ()

    def add_owners(self, rule: SharingRule, into: Gathering) -> None:
        """Add everybody whose records *rule* shares."""
        if rule.from_person is not None:
            into.add(rule.from_person)
        if rule.from_department is not None:
            into.add_all(self._index.people_of(rule.from_department, rule.from_subdepartments))

    def viewers(self, rule: SharingRule) -> frozenset[str]:
        """Return everybody whom *rule* reaches."""
        if rule.to_person is not None:
            return frozenset((rule.to_person,))
        if rule.to_department is not None:
            return self._index.people_of(rule.to_department, rule.to_subdepartments)
        return self._index.members_of(str(rule.to_group))

    def _keep(self, rule: SharingRule) -> None:
        """Put the rule where its source and its target will look for it."""
        index = self._index
        if rule.from_person is not None:
            self._from_person.setdefault(rule.from_person, []).append(rule)
        if rule.from_department is not None:
            for department in index.department_reach(rule.from_department, rule.from_subdepartments):
                self._from_department.setdefault(department, []).append(rule)
        if rule.to_person is not None:
            self._to_person.setdefault(rule.to_person, []).append(rule)
        if rule.to_department is not None:
            for department in index.department_reach(rule.to_department, rule.to_subdepartments):
                self._to_department.setdefault(department, []).append(rule)
        if rule.to_group is not None:
            self._to_group.setdefault(rule.to_group, []).append(rule)


_Rules = dict[str, list[SharingRule]]


def _granting(rules: list[SharingRule], access: Access) -> Iterable[SharingRule]:
    """Those of *rules* that permit *access*; one that two departments led to stands once."""
    read = access is Access.READ
    return {rule.id: rule for rule in rules if read or rule.access == Access.READ_WRITE}.values()
