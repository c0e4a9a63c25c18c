"""
Which records belong to whom: ids by owner and by team member, so that a list need not look at every record.

A posting is kept by person, never by manager or department: when the organisation changes, no posting does.
What it gives is always a superset, and says whether it is exact; only a filter's own `matches` decides.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any, NamedTuple

from attrs import frozen

from salesflow.model.enums import Access
from salesflow.visibility.filters import AllOf, AnyOf, Nothing, OwnerIn, TeamIn, Voided

_VISIBLE = Voided(False)
_NONE: set[str] = set()


class Place(NamedTuple):
    """Where one record stands in the postings."""

    owner: str | None
    members: frozenset[str]
    voided: bool


@frozen
class Candidates:
    """
    The postings whose union holds every record that passes.

    Args:
        postings: As they stand in the store; never changed through this.
        hidden: Ids to leave out.
        exact: Whether what is left holds no other record.
    """

    postings: list[set[str]]
    hidden: set[str]
    exact: bool

    @property
    def estimate(self) -> int:
        """How many there are at most."""
        return sum(map(len, self.postings))

    def ids(self) -> set[str]:
        """Return the candidates' ids, as a set of their own."""
        found: set[str] = set().union(*self.postings)
        found -= self.hidden
        return found


def place_of(record: Any) -> Place:
    """Return where *record*, of any kind, stands."""
    place = Place(
        getattr(record, "owner", None),
        frozenset(member.person for member in getattr(record, "team", ())),
        getattr(record, "voided", False),
    )
    hash(place)  # what has no hash must raise here, before anything is changed
    return place


NOWHERE = Place(None, frozenset(), False)
"""The place of a record that is not there."""


class Postings:
    """The postings of one kind of record."""

    __slots__ = ("apart", "members", "owners", "voided")

    def __init__(self) -> None:
        # Records whose owner does not stand in their team: while there are none, postings by member hold all.
        self.apart: set[str] = set()
        self.owners: dict[str, set[str]] = {}
        self.members: dict[str, set[str]] = {}
        self.voided: set[str] = set()

    def move(self, id: str, old: Place, new: Place) -> None:
        """Take the record from its *old* place to its *new* one."""
        if old.owner != new.owner:
            if old.owner is not None:
                self.owners[old.owner].discard(id)
            if new.owner is not None:
                self.owners.setdefault(new.owner, set()).add(id)
        if old.members != new.members:
            for person in old.members - new.members:
                self.members[person].discard(id)
            for person in new.members - old.members:
                self.members.setdefault(person, set()).add(id)
        _set(self.voided, id, new.voided)
        _set(self.apart, id, new.owner is not None and new.owner not in new.members)

    def candidates(self, filter: object) -> Candidates | None:
        """Return the candidates of *filter*; None where the postings cannot tell and each record is one."""
        match filter:
            case Nothing():
                return Candidates([], _NONE, exact=True)
            case OwnerIn():
                return Candidates(_some(self.owners, filter.people.ids), _NONE, exact=True)
            case TeamIn():
                is_plain = filter.roles is None and filter.access is Access.READ
                return Candidates(_some(self.members, filter.people.ids), _NONE, is_plain)
            case Voided(is_voided=True):
                return Candidates([self.voided], _NONE, exact=True)
            case AnyOf():
                return self._any(filter)
            case AllOf():
                return self._all(filter)
            case _:
                return None

    def _any(self, filter: AnyOf) -> Candidates | None:
        joined: list[set[str]] = []
        exact = True
        covered = [part.people.ids for part in filter.parts if isinstance(part, TeamIn) and not self.apart]
        for part in filter.parts:
            if isinstance(part, OwnerIn) and covered:
                joined += _some(self.owners, part.people.ids - covered[0])
                continue
            found = self.candidates(part)
            if found is None:
                return None
            joined += found.postings
            exact = exact and found.exact and not found.hidden
        return Candidates(joined, _NONE, exact)

    def _all(self, filter: AllOf) -> Candidates | None:
        """Take the part with the fewest candidates; what the other parts say is left to `matches`."""
        fewest: Candidates | None = None
        others = -1
        for part in filter.parts:
            found = None if part == _VISIBLE else self.candidates(part)
            others += part != _VISIBLE
            if found is not None and (fewest is None or found.estimate < fewest.estimate):
                fewest = found
        if fewest is None:
            return None
        hidden = self.voided if _VISIBLE in filter.parts else fewest.hidden
        return Candidates(fewest.postings, hidden, fewest.exact and not others)


def _set(ids: set[str], id: str, belongs: bool) -> None:
    if belongs:
        ids.add(id)
    else:
        ids.discard(id)


def _some(postings: dict[str, set[str]], people: Set[str]) -> list[set[str]]:
    """Return the postings of *people*, by whichever of the two is the shorter list."""
    if len(people) > len(postings):
        return [ids for person, ids in postings.items() if person in people]
    return [postings[person] for person in people if person in postings]
