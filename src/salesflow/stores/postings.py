"""
Which records belong to whom: ids by owner, by team member, by the pool of what has no owner, by the customers and
contacts that they name, and by the keys that they are known by, so that a list need not look at every record.

A posting is kept by person, never by manager or department: when the organisation changes, no posting does. Owners and
members have two, one of them of what is voided: nearly every list leaves that out, and then does not look at it.
What it gives is always a superset, and says whether it is exact; only a filter's own `matches` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, NamedTuple, TypeVar

from attrs import frozen

from salesflow.model.duplicates import known_by
from salesflow.model.enums import Access
from salesflow.visibility.behind import Behind, BelongsTo, Names, Party, parties
from salesflow.visibility.filters import AllOf, AnyOf, Nothing, OwnerIn, PoolIn, TeamIn, Voided
from salesflow.visibility.known_by import KnownBy

_VISIBLE = Voided(False)
_NONE: set[str] = set()
_NOBODY: frozenset[str] = frozenset()

KeyT = TypeVar("KeyT")


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
        self.owners = _Halves()
        self.members = _Halves()
        self.pools: dict[str | None, set[str]] = {}
        self.named: dict[Party, set[str]] = {}
        self.keys: dict[str, set[str]] = {}
        self.voided: set[str] = set()

    def move(self, id: str, old: Place, new: Place) -> None:
        """Take the record from its *old* place to its *new* one."""
        self.owners.move(id, _one(old.owner), old.voided, _one(new.owner), new.voided)
        self.members.move(id, old.members, old.voided, new.members, new.voided)
        _move(self.named, id, old.parties, new.parties)
        _move(self.keys, id, old.keys, new.keys)
        _move(self.pools, id, old.pools, new.pools)
        _set(self.voided, id, new.voided)
        _set(self.apart, id, new.owner is not None and new.owner not in new.members)

    def candidates(self, filter: object, *, is_shown: bool = False) -> Candidates | None:
        """
        Return the candidates of *filter*; None where the postings cannot tell and each record is one.

        Args:
            is_shown: Whether what is voided is left out.
        """
        hidden = self.voided if is_shown else _NONE
        match filter:
            case Nothing():
                return Candidates([], _NONE, exact=True)
            case OwnerIn():
                return Candidates(self.owners.of(filter.people.ids, is_shown), _NONE, exact=True)
            case TeamIn():
                is_plain = filter.roles is None and filter.access is Access.READ
                return Candidates(self.members.of(filter.people.ids, is_shown), _NONE, is_plain)
            case Names():
                return Candidates([self.named.get((filter.kind, filter.id), _NONE)], hidden, exact=True)
            case Behind() | BelongsTo():
                found = self.behind(filter)
                return None if found is None else Candidates([found], hidden, exact=isinstance(filter, Behind))
            case PoolIn():
                return Candidates([self.pools[pool] for pool in filter.pools if pool in self.pools], hidden, exact=True)
            case KnownBy():
                return Candidates([self.keys[key] for key in filter.keys if key in self.keys], hidden, exact=True)
            case Voided(is_voided=True):
                return Candidates([self.voided], hidden, exact=True)
            case AnyOf():
                return self._any(filter, is_shown)
            case AllOf():
                return self._all(filter, is_shown)
            case _:
                return None

    def _any(self, filter: AnyOf, is_shown: bool) -> Candidates | None:
        joined: list[set[str]] = []
        exact, hidden = True, _NONE
        covered = [part.people.ids for part in filter.parts if isinstance(part, TeamIn) and not self.apart]
        for part in filter.parts:
            if isinstance(part, OwnerIn) and covered:
                joined += self.owners.of(part.people.ids - covered[0], is_shown)
                continue
            found = self.candidates(part, is_shown=is_shown)
            if found is None:
                return None
            joined += found.postings
            hidden = found.hidden if is_shown and found.hidden else hidden
            exact = exact and found.exact and (is_shown or not found.hidden)
        return Candidates(joined, hidden, exact)

    def _all(self, filter: AllOf, is_shown: bool) -> Candidates | None:
        """Take the part with the fewest candidates; what the other parts say is left to `matches`."""
        parts = [part for part in filter.parts if part != _VISIBLE]
        is_shown = is_shown or len(parts) < len(filter.parts)
        # Who names one customer or contact is found at once; then the postings of a manager's people are not gathered.
        telling = [part for part in parts if isinstance(part, Names)] or parts
        each = (self.candidates(part, is_shown=is_shown) for part in telling)
        found = [candidates for candidates in each if candidates is not None]
        if not found:
            return None
        fewest = min(found, key=lambda candidates: candidates.estimate)
        return Candidates(fewest.postings, fewest.hidden, fewest.exact and len(parts) == 1)


def _set(ids: set[str], id: str, belongs: bool) -> None:
    if belongs:
        ids.add(id)
    else:
        ids.discard(id)


def _move(postings: dict[KeyT, set[str]], id: str, old: frozenset[KeyT], new: frozenset[KeyT]) -> None:
    for key in old - new:
        postings[key].discard(id)
    for key in new - old:
        postings.setdefault(key, set()).add(id)


def _one(person: str | None) -> frozenset[str]:
    return _NOBODY if person is None else frozenset((person,))


class _Halves:
    """Postings by person: of what is not voided, and of what is."""

    __slots__ = ("shown", "voided")

    def __init__(self) -> None:
        self.shown: dict[str, set[str]] = {}
        self.voided: dict[str, set[str]] = {}

    def move(self, id: str, old: frozenset[str], was_voided: bool, new: frozenset[str], is_voided: bool) -> None:
        """Take the record from the postings of its *old* people to those of its *new* ones."""
        for postings, voided in ((self.shown, False), (self.voided, True)):
            before, after = old if was_voided is voided else _NOBODY, new if is_voided is voided else _NOBODY
            _move(postings, id, before, after)

    def of(self, people: Set[str], is_shown: bool) -> list[set[str]]:
        """Return the postings of *people*, by whichever is the shorter list; none of what is voided if *is_shown*."""
        found: list[set[str]] = []
        for postings in (self.shown,) if is_shown else (self.shown, self.voided):
            if len(people) > len(postings):
                found += [ids for person, ids in postings.items() if person in people]
            else:
                found += [postings[person] for person in people if person in postings]
        return found
