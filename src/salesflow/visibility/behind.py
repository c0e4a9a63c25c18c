"""
Reading one record through another: a customer or a contact through the opportunities and leads that name them (VIS-21),
a document through the record that it belongs to (OPP-13).

Three filter nodes. `Names` looks at a record's own fields; `Behind` and `BelongsTo` ask for other records, and they ask
whoever made the filter: a store that only calls `matches` answers rightly without knowing of any.
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

BELONGING_KINDS = ("document",)
"""The kinds of record that belong to one of another kind, and are read through that one alone."""

BEARING_KINDS = ("opportunity", "lead", "customer")
"""The kinds of record that they belong to."""

Party: TypeAlias = tuple[str, str]
"""A record that is named by another: its kind and its id."""

Find: TypeAlias = Callable[[str, Filter, int | None], Sequence[Any]]
"""Returns the records of a kind that pass a filter, in the order of their ids, at most so many; None means all."""

Get: TypeAlias = Callable[[str, str], Any | None]
"""Returns the record of a kind and an id, or None."""


def parties(record: Any) -> frozenset[Party]:
    """
    Return which records *record* names: an opportunity or a lead its customers and contacts, a document what it is for.

    Source: OPP-1, OPP-13, CUS-3, LEAD-6.
    """
    match getattr(record, "KIND", None):
        case "opportunity":
            contacts = [record.contact, *[role.contact for role in record.contact_roles]]
            named = [("customer", record.customer), *[("contact", contact) for contact in contacts]]
        case "lead" if record.conversion is not None:
            named = [("customer", record.conversion.customer), ("contact", record.conversion.contact)]
        case "document":
            named = [(kind, getattr(record, kind)) for kind in BEARING_KINDS]
        case _:
            named = []
    return frozenset([(kind, id) for kind, id in named if id is not None])


@frozen
class Names(FilterNode):
    """
    The record names this customer or contact; or, a document, this opportunity, lead or customer.

    Args:
        kind: One of `PARTY_KINDS`, or of `BEARING_KINDS`.
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


@frozen
class BelongsTo(FilterNode):
    """
    The record belongs to one of *kind*, and that one passes *filter*.

    Args:
        kind: One of `BEARING_KINDS`.
        filter: What that record must pass.
        get: Gets it, as of the moment it is called. Two nodes are equal that differ in it alone.
    """

    kind: str
    filter: Filter
    get: Get = field(eq=False, repr=False)

    def _compiled(self) -> Test:
        kind, passes, get = self.kind, self.filter.matches, self.get

        def matches(record: Any) -> bool:
            whole = getattr(record, "belongs_to", None)
            if whole is None or whole[0] != kind:
                return False
            found = get(*whole)
            return found is not None and passes(found)

        return matches


def asking(filter: Any, find: Find, get: Get) -> Any:
    """Return *filter*, any that a store may be asked for, in which whatever asks for others asks *find* or *get*."""
    match filter:
        case Behind():
            return evolve(filter, find=find)
        case BelongsTo():
            return BelongsTo(filter.kind, asking(filter.filter, find, get), get)
        case Negation():
            return Negation(asking(filter.part, find, get))
        case AllOf() | AnyOf():
            return type(filter)(tuple([asking(part, find, get) for part in filter.parts]))
        case _:
            return filter
