"""
What stands behind a customer or a contact: the opportunities and leads that name them (VIS-21).

Two filter nodes. `Names` looks at a record's own fields; `Behind` is the only node that asks for other records, and
it asks whoever made the filter: a store that only calls `matches` answers rightly without knowing of either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from attrs import evolve, field, frozen

from salesflow.visibility.filters import AllOf, AnyOf, Filter, FilterNode, Negation, Test, all_of

PARTY_KINDS = ("customer", "contact")
"""The kinds of record that are also read through others."""

KINDS_BEHIND = ("opportunity", "lead")
"""The kinds of record that they are read through."""

Party: TypeAlias = tuple[str, str]
"""A customer or a contact: its kind and its id."""

Find: TypeAlias = Callable[[str, Filter, int | None], Sequence[Any]]
"""Returns the records of a kind that pass a filter, in the order of their ids, at most so many; None means all."""


def parties(record: Any) -> frozenset[Party]:
    """
    Return which customers and contacts *record* names; a record of another kind than `KINDS_BEHIND` names none.

    Source: OPP-1, CUS-3, LEAD-6.
    """
    match getattr(record, "KIND", None):
        case "opportunity":
            contacts = [record.contact, *[role.contact for role in record.contact_roles]]
            named = [("customer", record.customer), *[("contact", contact) for contact in contacts]]
        case "lead" if record.conversion is not None:
            named = [("customer", record.conversion.customer), ("contact", record.conversion.contact)]
        case _:
            named = []
    return frozenset([(kind, id) for kind, id in named if id is not None])


@frozen
class Names(FilterNode):
    """
    The record names this customer or contact.

    Args:
        kind: One of `PARTY_KINDS`.
        id: Which.
    """

    kind: str
    id: str

    def _compiled(self) -> Test:
        party = (self.kind, self.id)
        return lambda record: party in parties(record)


@frozen
class Behind(FilterNode):
    """
    Some record of *kind* that names this customer or contact passes *filter*.

    Args:
        kind: One of `KINDS_BEHIND`.
        filter: What that record must pass.
        find: Finds such records, as of the moment it is called. Two nodes are equal that differ in it alone.
    """

    kind: str
    filter: Filter
    find: Find = field(eq=False, repr=False)

    def _compiled(self) -> Test:
        kind, passing, find = self.kind, self.filter, self.find

        def matches(record: Any) -> bool:
            return bool(find(kind, all_of((Names(record.KIND, record.id), passing)), 1))

        return matches


def asking(filter: Any, find: Find) -> Any:
    """Return *filter*, any that a store may be asked for, with every `Behind` in it asking *find*."""
    match filter:
        case Behind():
            return evolve(filter, find=find)
        case Negation():
            return Negation(asking(filter.part, find))
        case AllOf() | AnyOf():
            return type(filter)(tuple([asking(part, find) for part in filter.parts]))
        case _:
            return filter
