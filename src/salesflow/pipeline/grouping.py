"""
What figures may be grouped by (PIPE-2).

By most things a record is in exactly one group, None where it has no such value, and groups add up to the whole. By
`SHARED_GROUPINGS` it may be in several, each of which counts all of it; what is in none is in the group None.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from types import MappingProxyType

from salesflow.errors import InvalidInput
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.periods import PERIODS

GroupBy = str | Callable[[Opportunity], Hashable]
"""A name of a grouping, or a function that gives a record's group, such as the manager of its owner."""


def _closed_in(period: str) -> Callable[[Opportunity], str | None]:
    label_of = PERIODS[period][0]

    def label(opportunity: Opportunity) -> str | None:
        day = opportunity.actual_close_date
        return None if day is None else label_of(day)[0]

    return label


GROUPINGS: Mapping[str, Callable[[Opportunity], Hashable]] = MappingProxyType(
    {
        "owner": lambda opportunity: opportunity.owner,
        "source": lambda opportunity: opportunity.source,
        "grade": lambda opportunity: opportunity.grade.effective,
        "process": lambda opportunity: opportunity.process,
        "stage": lambda opportunity: opportunity.stage,
        "customer": lambda opportunity: opportunity.customer,
        "led_by": lambda opportunity: opportunity.led_by,
        "month_closed": _closed_in("month"),
        "quarter_closed": _closed_in("quarter"),
        "year_closed": _closed_in("year"),
    }
)
"""What each record has one of, or none."""


def _competitors(opportunity: Opportunity) -> set[str]:
    winner = opportunity.closing.competitor if opportunity.closing else None
    return {*opportunity.competitors} | ({winner} if winner is not None else set())


SHARED_GROUPINGS: Mapping[str, Callable[[Opportunity], Collection[Hashable]]] = MappingProxyType(
    {
        "team": lambda opportunity: {member.person for member in opportunity.team},
        "product": lambda opportunity: {line.key for line in opportunity.products},
        "competitor": _competitors,
    }
)
"""What a record may have several of: everybody in its team in whatever role, its products, its competitors."""

DEPARTMENT = "department"
"""By the main department of the owner, which no record holds: the caller says who is in which."""


def grouped(
    opportunities: Iterable[Opportunity], by: GroupBy | None, departments: Mapping[str, str | None] | None = None
) -> list[tuple[Hashable, list[Opportunity]]]:
    """
    Return each group with its records, in the order of their keys, the missing value last; none for no grouping.

    Args:
        by: A name of `GROUPINGS` or `SHARED_GROUPINGS`, ``"department"``, a function, or None.
        departments: The main department of each owner; needed only for ``"department"``.

    Raises:
        InvalidInput: *by* is a name that is not known, ``"department"`` and nobody says who is in which, or a function
            that gives what can be no key.
    """
    if by is None:
        return []
    keys_of = _keys(by, departments)
    groups: dict[Hashable, list[Opportunity]] = {}
    for opportunity in opportunities:
        for key in keys_of(opportunity) or (None,):
            try:
                group = groups.setdefault(key, [])
            except TypeError:
                raise InvalidInput("by", key, "must give what can be a key, such as text or a number") from None
            group.append(opportunity)
    return sorted(groups.items(), key=lambda item: (item[0] is None, str(item[0])))


def _keys(by: GroupBy, departments: Mapping[str, str | None] | None) -> Callable[[Opportunity], Collection[Hashable]]:
    if isinstance(by, str):
        if by in SHARED_GROUPINGS:
            return SHARED_GROUPINGS[by]
        if by == DEPARTMENT:
            if departments is None:
                raise InvalidInput("departments", None, "must give the main department of each owner, to group by it")
            return lambda opportunity: (departments.get(opportunity.owner),)
        if by not in GROUPINGS:
            known = ", ".join((*GROUPINGS, *SHARED_GROUPINGS, DEPARTMENT))
            raise InvalidInput("by", by, f"must be one of {known}, or a function")
        by = GROUPINGS[by]
    if not callable(by):
        raise InvalidInput("by", by, "must be the name of a grouping, or a function")
    group_of = by
    return lambda opportunity: (group_of(opportunity),)
