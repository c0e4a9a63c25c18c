"""Sharing rules (数据共享): who may see whose records; kept in the store, for administrators (VIS-11, ACC-23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from salesflow.app.execution import Case, Execution, Kernel, reference
from salesflow.errors import Conflict, InvalidInput, NotFound
from salesflow.model import Access, EventBuilder, EventKind, SharingRule, created
from salesflow.model.requests import named
from salesflow.ports import UnitOfWork, Write


class SharingDesk:
    """
    Creates, lists, edits and deletes sharing rules.

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.
    """

    def __init__(self, kernel: Kernel, execution: Execution | None) -> None:
        self._kernel = kernel
        self._execution = execution

    def create(
        self, *, from_person: str | None = None, from_department: str | None = None, from_subdepartments: bool = False,
        to_person: str | None = None, to_department: str | None = None, to_group: str | None = None,
        to_subdepartments: bool = False, access: Access = Access.READ,
    ) -> SharingRule:  # fmt: skip
        """
        Share the records of one owner, or one department's owners, with a person, a department or a group.

        Args:
            from_person, from_department: Exactly one.
            to_person, to_department, to_group: Exactly one.
            from_subdepartments, to_subdepartments: Whether sub-departments count too.

        Raises:
            InvalidInput: Not exactly one source and one target.

        Source: VIS-11.
        """
        case = self._admitted("sharing.create")
        rule = SharingRule(
            id=self._kernel.new_id("sharing_rule"), version=1, from_person=from_person,
            from_department=from_department, from_subdepartments=from_subdepartments, to_person=to_person,
            to_department=to_department, to_group=to_group, to_subdepartments=to_subdepartments, access=_access(access),
            created_at=case.now, created_by=case.person, updated_at=case.now,
        )  # fmt: skip
        _check(rule)
        event = created(rule, at=case.now, by=case.person, operation="sharing.create")
        self._kernel.save(UnitOfWork((Write("sharing_rule", rule.id, 0, rule, (event,)),)))
        return rule

    def get(self, rule: SharingRule | str) -> SharingRule:
        """Return the rule as it is now, or raise `NotFound`."""
        self._admitted("sharing.get")
        return self._load(rule)

    def list(self) -> Sequence[SharingRule]:
        """Return every rule, by id."""
        self._admitted("sharing.list")
        return tuple(self._kernel.query("sharing_rule"))

    def edit(self, rule: SharingRule | str, *, access: Access) -> SharingRule:
        """
        Change what the rule permits; whom it joins does not change, that is another rule.

        Source: VIS-11.
        """
        case = self._admitted("sharing.edit")
        now = self._load(rule)
        builder = EventBuilder(now, at=case.now, by=case.person, operation="sharing.edit")
        builder.add(EventKind.EDITED, access=_access(access))
        after = evolve(now, access=access, version=now.version + 1, updated_at=case.now)
        self._kernel.save(UnitOfWork((Write("sharing_rule", now.id, now.version, after, tuple(builder.events)),)))
        return after

    def delete(self, rule: SharingRule | str) -> None:
        """
        Take the rule away; from the next call on it opens nothing (VIS-20).

        Source: VIS-11.
        """
        case = self._admitted("sharing.delete")
        now = self._load(rule)
        builder = EventBuilder(now, at=case.now, by=case.person, operation="sharing.delete")
        builder.add(EventKind.DELETED)
        self._kernel.save(UnitOfWork((Write("sharing_rule", now.id, now.version, None, tuple(builder.events)),)))

    def _admitted(self, operation: str) -> Case:
        if self._execution is None:
            return Case(self._kernel, self._kernel.sight(), "", self._kernel.now())
        case = self._execution.blank()
        self._execution.admit(case, operation, ())
        return case

    def _load(self, ref: SharingRule | str) -> SharingRule:
        id, version = reference("sharing_rule", ref)
        rule = self._kernel.get("sharing_rule", id)
        if rule is None:
            raise NotFound("sharing_rule", id)
        if version is not None and version != rule.version:
            raise Conflict("sharing_rule", id, version, rule.version)
        return rule  # type: ignore[no-any-return]


def _access(access: Any) -> Access:
    try:
        return Access(access)
    except ValueError:
        raise InvalidInput("access", access, "must be Access.READ or Access.READ_WRITE") from None


def _check(rule: SharingRule) -> None:
    sources = [name for name in (rule.from_person, rule.from_department) if name is not None]
    targets = [name for name in (rule.to_person, rule.to_department, rule.to_group) if name is not None]
    if len(sources) != 1:
        raise InvalidInput("from_person, from_department", sources, "must be exactly one")
    if len(targets) != 1:
        raise InvalidInput("to_person, to_department, to_group", targets, "must be exactly one")
    for name in (*sources, *targets):
        named(name, "sharing rule")
