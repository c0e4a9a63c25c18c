"""Sharing rules (数据共享): who may see whose records; kept in the store, for administrators (VIS-11, ACC-23)."""

from __future__ import annotations

from salesflow.app.case import Case
from salesflow.app.catalogue import CatalogueDesk
from salesflow.app.intents import access_level
from salesflow.errors import InvalidInput
from salesflow.model import Access, SharingRule
from salesflow.model.requests import flag, named


class SharingDesk(CatalogueDesk[SharingRule]):
    """
    Creates, lists, edits and deletes sharing rules; a deleted one opens nothing from the next call on (VIS-20).

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.

    Source: VIS-11, ACC-23.
    """

    KIND, GROUP = "sharing_rule", "sharing"

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

        def make(case: Case) -> SharingRule:
            rule = SharingRule(
                id=case.kernel.new_id("sharing_rule"), version=1, from_person=from_person,
                from_department=from_department, from_subdepartments=flag(from_subdepartments, "from_subdepartments"),
                to_person=to_person, to_department=to_department, to_group=to_group,
                to_subdepartments=flag(to_subdepartments, "to_subdepartments"), access=access_level(access),
                created_at=case.now, created_by=case.person, updated_at=case.now,
            )  # fmt: skip
            _check(rule)
            return rule

        return self._create(about, given, make)

    def edit(self, rule: SharingRule | str, *, access: Access) -> SharingRule:
        """
        Change what the rule permits; whom it joins does not change, that is another rule.

        Source: VIS-11.
        """
        return self._edit(rule, {"access": access_level(access)})


def _check(rule: SharingRule) -> None:
    sources = [name for name in (rule.from_person, rule.from_department) if name is not None]
    targets = [name for name in (rule.to_person, rule.to_department, rule.to_group) if name is not None]
    if len(sources) != 1:
        raise InvalidInput("from_person, from_department", sources, "must be exactly one")
    if len(targets) != 1:
        raise InvalidInput("to_person, to_department, to_group", targets, "must be exactly one")
    for name in (*sources, *targets):
        named(name, "sharing rule")
