"""Sharing rules (数据共享): who may see whose records; kept in the store, for administrators (VIS-11, ACC-23)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from salesflow.app.execution import Case, Execution, Kernel, reference
from salesflow.app.intents import access_level
from salesflow.errors import Conflict, InvalidInput, NotFound
from salesflow.model import Access, EventBuilder, EventKind, SharingRule, apply, created
from salesflow.model.requests import flag, named
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
        about = f"{from_person or from_department} with {to_person or to_department or to_group}"
        given = (from_subdepartments, to_subdepartments, access)
        repeated = self._repeated("sharing.create", about, given)
        if repeated is not None:
            return repeated[0]  # type: ignore[no-any-return]  # the records of a key are of any kind
        case = self._admitted("sharing.create")
        rule = SharingRule(
            id=self._kernel.new_id("sharing_rule"), version=1, from_person=from_person,
            from_department=from_department, from_subdepartments=flag(from_subdepartments, "from_subdepartments"),
            to_person=to_person, to_department=to_department, to_group=to_group,
            to_subdepartments=flag(to_subdepartments, "to_subdepartments"), access=access_level(access),
            created_at=case.now, created_by=case.person, updated_at=case.now,
        )  # fmt: skip
        _check(rule)
        event = created(rule, at=case.now, by=case.person, operation="sharing.create")
        self._save(Write("sharing_rule", rule.id, 0, rule, (event,)), "sharing.create", about, given, rule)
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
        repeated = self._repeated("sharing.edit", rule, (access,))
        if repeated is not None:
            return repeated[0]  # type: ignore[no-any-return]  # the records of a key are of any kind
        case = self._admitted("sharing.edit")
        now = self._load(rule)
        builder = EventBuilder(now, at=case.now, by=case.person, operation="sharing.edit")
        builder.add(EventKind.EDITED, access=access_level(access))
        after = apply(now, builder.events)
        self._save(
            Write("sharing_rule", now.id, now.version, after, tuple(builder.events)),
            "sharing.edit",
            rule,
            (access,),
            after,
        )
        return after

    def delete(self, rule: SharingRule | str) -> None:
        """
        Take the rule away; from the next call on it opens nothing (VIS-20).

        Source: VIS-11.
        """
        if self._repeated("sharing.delete", rule, ()) is not None:
            return
        case = self._admitted("sharing.delete")
        now = self._load(rule)
        builder = EventBuilder(now, at=case.now, by=case.person, operation="sharing.delete")
        builder.add(EventKind.DELETED)
        self._save(Write("sharing_rule", now.id, now.version, None, tuple(builder.events)), "sharing.delete", rule, ())

    def _repeated(self, operation: str, about: SharingRule | str, given: tuple[object, ...]) -> tuple[Any, ...] | None:
        return None if self._execution is None else self._execution.repeated(operation, about, given)

    def _save(
        self, write: Write, operation: str, about: SharingRule | str, given: tuple[object, ...], *result: SharingRule
    ) -> None:
        if self._execution is None:
            self._kernel.save(UnitOfWork((write,)))
        else:
            self._execution.save((write,), operation, about, result, given)

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


def _check(rule: SharingRule) -> None:
    sources = [name for name in (rule.from_person, rule.from_department) if name is not None]
    targets = [name for name in (rule.to_person, rule.to_department, rule.to_group) if name is not None]
    if len(sources) != 1:
        raise InvalidInput("from_person, from_department", sources, "must be exactly one")
    if len(targets) != 1:
        raise InvalidInput("to_person, to_department, to_group", targets, "must be exactly one")
    for name in (*sources, *targets):
        named(name, "sharing rule")
