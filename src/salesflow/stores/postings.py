"""
Which records belong to whom: ids by owner, by team member, by the pool of what has no owner, by the customers and
contacts that they name, and by the keys that they are known by, so that a list need not look at every record.

A posting is kept by person, never by manager or department: when the organisation changes, no posting does.
What it gives is always a superset, and says whether it is exact; only a filter's own `matches` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, NamedTuple

from attrs import frozen

from salesflow.model.duplicates import known_by
from salesflow.model.enums import Access
from salesflow.visibility.behind import Behind, BelongsTo, Names, Party, parties
from salesflow.visibility.filters import AllOf, AnyOf, Nothing, OwnerIn, PoolIn, TeamIn, Voided
from salesflow.visibility.known_by import KnownBy

_VISIBLE = Voided(False)
_NONE: set[str] = set()


class Place(NamedTuple):
    """Where one record stands in the postings."""

    owner: str | None
    members: frozenset[str]
    voided: bool
    parties: frozenset[Party]
    pools: frozenset[str | None]
    keys: frozenset[str]


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
        found -= found & self.hidden  # by the shorter of the two: few are found where many are hidden
        return found


def place_of(record: Any) -> Place:
    """Return where *record*, of any kind, stands."""
    owner = getattr(record, "owner", None)
    place = Place(
        owner,
        frozenset(member.person for member in getattr(record, "team", ())),
        getattr(record, "voided", False),
        parties(record),
        frozenset((record.pool,)) if owner is None and hasattr(record, "pool") else frozenset(),
        frozenset(known_by(record)),
    )
    hash(place)  # what has no hash must raise here, before anything is changed
    return place


NOWHERE = Place(None, frozenset(), False, frozenset(), frozenset(), frozenset())
"""The place of a record that is not there."""


class Postings:
    """
    The postings of one kind of record.

    Args:
        behind: Returns the ids of those of the kind that pass a `Behind`, and perhaps of others that name a record
            which passes for a `BelongsTo`; None where asking each is the shorter way.
    """

    __slots__ = ("apart", "behind", "keys", "members", "named", "owners", "pools", "voided")

    def __init__(self, behind: Callable[[Behind | BelongsTo], set[str] | None]) -> None:
        self.behind = behind
        # Records whose owner does not stand in their team: while there are none, postings by member hold all.
        self.apart: set[str] = set()
        self.owners: dict[str, set[str]] = {}
        self.members: dict[str, set[str]] = {}
        self.pools: dict[str | None, set[str]] = {}
        self.named: dict[Party, set[str]] = {}
        self.keys: dict[str, set[str]] = {}
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
        if old.parties != new.parties:
            for party in old.parties - new.parties:
                self.named[party].discard(id)
            for party in new.parties - old.parties:
                self.named.setdefault(party, set()).add(id)
        for key in old.keys - new.keys:
            self.keys[key].discard(id)
        for key in new.keys - old.keys:
            self.keys.setdefault(key, set()).add(id)
        for pool in old.pools - new.pools:
            self.pools[pool].discard(id)
        for pool in new.pools - old.pools:
            self.pools.setdefault(pool, set()).add(id)
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
            case Names():
                return Candidates([self.named.get((filter.kind, filter.id), _NONE)], _NONE, exact=True)
            case Behind() | BelongsTo():
                found = self.behind(filter)
                return None if found is None else Candidates([found], _NONE, exact=isinstance(filter, Behind))
            case PoolIn():
                return Candidates([self.pools[pool] for pool in filter.pools if pool in self.pools], _NONE, exact=True)
            case KnownBy():
                return Candidates([self.keys[key] for key in filter.keys if key in self.keys], _NONE, exact=True)
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
        parts = [part for part in filter.parts if part != _VISIBLE]
        # Who names one customer or contact is found at once; then the postings of a manager's people are not gathered.
        telling = [part for part in parts if isinstance(part, Names)] or parts
        found = [candidates for candidates in map(self.candidates, telling) if candidates is not None]
        if not found:
            return None
        fewest = min(found, key=lambda candidates: candidates.estimate)
        hidden = self.voided if len(parts) < len(filter.parts) else fewest.hidden
        return Candidates(fewest.postings, hidden, fewest.exact and len(parts) == 1)


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
