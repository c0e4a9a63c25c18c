"""What each grade may use, so that effort matches worth: open data, nothing here acts on it (GRADE-5)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import Grade
from salesflow.model.requests import named


def _by_grade(given: Any) -> Mapping[Grade, Mapping[str, Any]]:
    if not isinstance(given, Mapping):
        raise InvalidInput("resources", given, "must be a mapping from Grade to a mapping of resources")
    held = {}
    for grade, resources in given.items():
        if grade not in tuple(Grade):
            raise InvalidInput("resources", grade, f"must be one of {', '.join(Grade)}")
        if not isinstance(resources, Mapping):
            raise InvalidInput(f"resources[{grade}]", resources, "must be a mapping from name to any value")
        held[Grade(grade)] = MappingProxyType({named(name, f"resources[{grade}]"): v for name, v in resources.items()})
    return MappingProxyType(held)


@frozen
class Resources:
    """
    What each grade may use.

    Args:
        by_grade: Per grade, a name and any value, such as ``{"A": {"presales_days": 20, "executive_sponsor": True}}``.

    Raises:
        InvalidInput: A key is no grade, or a name is none; whoever configures it must mend that.

    Source: GRADE-5.

    >>> Resources({"A": {"presales_days": 20}}).of(Grade.A)["presales_days"]
    20
    """

    by_grade: Mapping[Grade, Mapping[str, Any]] = field(default=MappingProxyType({}), converter=_by_grade)

    def of(self, grade: Grade | None) -> Mapping[str, Any]:
        """Return what *grade* may use; nothing for one that is not named here, or that is undecided (None)."""
        return MappingProxyType({}) if grade is None else self.by_grade.get(grade, MappingProxyType({}))
