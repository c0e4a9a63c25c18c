"""The people: employees, departments and user groups, as plain values (ORG-1, ORG-3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput

LONGEST_ID = 200
"""An id has at most so many characters, whatever it is the id of."""


def _id(_instance: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, str) or not value or len(value) > LONGEST_ID:
        raise InvalidInput(attribute.name, value, f"must be a non-empty text of at most {LONGEST_ID} characters")


def _optional_id(instance: object, attribute: Any, value: Any) -> None:
    if value is not None:
        _id(instance, attribute, value)


def _text(_instance: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidInput(attribute.name, value, "must be text")


def _truth(_instance: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidInput(attribute.name, value, "must be True or False")


def listed_ids(values: Iterable[str], what: str) -> tuple[str, ...]:
    """
    Return *values* as ids in a tuple.

    Raises:
        InvalidInput: They are one text, which is no list of ids but one of letters, or hold what is no text.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidInput(what, values, "must be a list of ids")
    ids = tuple(values)
    for id in ids:
        if not isinstance(id, str):
            raise InvalidInput(what, id, "must be an id, a text")
    return ids


def _departments(values: Iterable[str]) -> tuple[str, ...]:
    return listed_ids(values, "departments")


def _groups(values: Iterable[str]) -> frozenset[str]:
    return frozenset(listed_ids(values, "groups"))


def _members(values: Iterable[str]) -> frozenset[str]:
    return frozenset(listed_ids(values, "members"))


@frozen
class Employee:
    """
    Somebody who works here.

    Args:
        id: The person's id.
        name: For people; the id where left out.
        manager: The id of the manager (上级), or None at the top.
        department: The main department (主部门), or None.
        departments: Any further departments.
        groups: Ids of user groups (用户组).
        active: False for somebody who left: they stay as a link in the chain and may do nothing (ORG-2).

    Source: ORG-1.
    """

    id: str = field(validator=_id)
    name: str = field(default="", validator=_text, kw_only=True)
    manager: str | None = field(default=None, validator=_optional_id, kw_only=True)
    department: str | None = field(default=None, validator=_optional_id, kw_only=True)
    departments: tuple[str, ...] = field(default=(), converter=_departments, kw_only=True)
    groups: frozenset[str] = field(default=frozenset(), converter=_groups, kw_only=True)
    active: bool = field(default=True, validator=_truth, kw_only=True)


@frozen
class Department:
    """
    A department, with its head (部门负责人) and its parent, either of which may be None.

    Source: ORG-3.
    """

    id: str = field(validator=_id)
    name: str = field(default="", validator=_text, kw_only=True)
    head: str | None = field(default=None, validator=_optional_id, kw_only=True)
    parent: str | None = field(default=None, validator=_optional_id, kw_only=True)


@frozen
class UserGroup:
    """
    A named group of employees (用户组) that records can be shared with.

    Args:
        id: The group's id.
        name: For people.
        members: Ids of employees, added to those whose `Employee.groups` name the group.

    Source: ORG-1, VIS-11.
    """

    id: str = field(validator=_id)
    name: str = field(default="", validator=_text, kw_only=True)
    members: frozenset[str] = field(default=frozenset(), converter=_members, kw_only=True)
