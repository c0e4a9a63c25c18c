"""
Relations between a viewer and other people, each told in four ways that agree.

``has`` asks about one pair, ``expand`` gathers the people of a viewer, ``inverse`` the viewers of a person,
and ``trace`` the ways that lead from a person to a viewer. Checks, lists, explanations and audiences follow
from these four, so they cannot disagree unless a term does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache, partial
from typing import Protocol

from attrs import frozen

from salesflow.model.construction import quick
from salesflow.model.enums import Access
from salesflow.model.sharing import Pool, SharingRule
from salesflow.visibility.organization_index import OrganizationIndex, Reach
from salesflow.visibility.people import Gathering
from salesflow.visibility.pools import Pools
from salesflow.visibility.sharing import Sharing

_KEPT_STEPS = 8192


@frozen
class Step:
    """
    One link of a way from a record to a viewer.

    Args:
        relation: What the link is: ``"owner"``, ``"manager"``, ``"sharing rule"`` …
        id: Who or what stands at its end.
        note: What else matters about it, in words.
    """

    relation: str
    id: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.relation} {self.id} ({self.note})" if self.note else f"{self.relation} {self.id}"


new_step = lru_cache(_KEPT_STEPS)(quick(Step))
"""Makes a `Step`, or gives one made before: the same few managers stand in most people's ways."""

_manager_step = lru_cache(_KEPT_STEPS)(partial(new_step, "manager"))

Way = tuple[Step, ...]
"""The links from a person to a viewer; empty from somebody to themselves."""

_NOBODY: frozenset[str] = frozenset()

Traced = list[tuple[str, Way]]
"""Ways, each with the person that it begins at."""


@frozen(eq=False)
class World:
    """
    The organisation, the sharing rules and the pools as of one moment.

    Args:
        index: The organisation.
        sharing: The rules, as this organisation reads them.
        pools: The pools, likewise.
    """

    index: OrganizationIndex
    sharing: Sharing
    pools: Pools

    @classmethod
    def of(cls, index: OrganizationIndex, sharing_rules: Iterable[SharingRule], pools: Iterable[Pool] = ()) -> World:
        """Return the world of *index* with *sharing_rules* and *pools*."""
        return cls(index, Sharing(index, sharing_rules), Pools(index, pools))


class Term(Protocol):
    """A relation between a viewer and other people. A term is a value: it compares, and holds no world."""

    def has(self, world: World, viewer: str, person: str) -> bool:
        """Whether *person* is one of the viewer's."""
        ...

    def expand(self, world: World, viewer: str, into: Gathering) -> None:
        """Add all of the viewer's people to *into*."""
        ...

    def inverse(self, world: World, people: Collection[str], into: set[str]) -> None:
        """Add everybody whose any of *people* is to *into*."""
        ...

    def trace(self, world: World, viewer: str, people: Collection[str]) -> Traced:
        """Return every way from any of *people* to *viewer*, in their order; none where ``has`` says no."""
        ...

    def told(self, world: World, viewer: str) -> str:
        """Say whom it wants, to follow "the owner is not …" and "no team member is …"."""
        ...


@frozen
class Me:
    """The viewer."""

    def has(self, world: World, viewer: str, person: str) -> bool:
        """Whether they are the same."""
        return viewer == person

    def expand(self, world: World, viewer: str, into: Gathering) -> None:
        """Add the viewer alone."""
        into.add(viewer)

    def inverse(self, world: World, people: Collection[str], into: set[str]) -> None:
        """Add the people themselves."""
        into.update(people)

    def trace(self, world: World, viewer: str, people: Collection[str]) -> Traced:
        """Return the empty way to oneself."""
        return [(viewer, ())] if viewer in people else []

    def told(self, world: World, viewer: str) -> str:
        """Name the viewer."""
        return viewer


@frozen
class Below:
    """
    Everybody below the viewer in the line of management, as far as one of the organisation's switches says.

    Args:
        reach: ``"subordinates"``: whom scenes count; ``"superiors"``: for whom the viewer may act (ORG-2).
    """

    reach: Reach

    def has(self, world: World, viewer: str, person: str) -> bool:
        """Whether *person* is below the viewer; nobody is below themselves."""
        index = world.index
        if index.depths[self.reach] == "all":
            return index.line.has_below(viewer, person)
        return index.line.parent(person) == viewer

    def expand(self, world: World, viewer: str, into: Gathering) -> None:
        """Add everybody below, as one stretch of the line's numbering."""
        index = world.index
        if index.depths[self.reach] == "direct":
            into.add_all(index.line.children(viewer))
        elif viewer in index.line.numbers:
            first, end = index.line.stretch(viewer)
            into.add_stretch(index.line, first + 1, end)

    def inverse(self, world: World, people: Collection[str], into: set[str]) -> None:
        """Add everybody above."""
        index = world.index
        if index.depths[self.reach] == "direct":
            into.update([manager for manager in map(index.line.parent, people) if manager is not None])
        else:
            index.line.climb(people, into)

    def trace(self, world: World, viewer: str, people: Collection[str]) -> Traced:
        """Return the chains of managers up to the viewer."""
        index = world.index
        if index.depths[self.reach] == "direct":
            below = [person for person in people if index.line.parent(person) == viewer]
        else:
            below = index.line.below(viewer, people)
        return [(person, tuple(map(_manager_step, index.line.above(person, viewer)))) for person in below]

    def told(self, world: World, viewer: str) -> str:
        """Say below whom."""
        return f"below {viewer}" if world.index.depths[self.reach] == "all" else f"a direct report of {viewer}"


@frozen
class Headed:
    """
    Everybody whose main department the viewer heads: the viewer's own main one, and those below it by ORG-4.

    Source: VIS-12.
    """

    def has(self, world: World, viewer: str, person: str) -> bool:
        """Whether the main department of *person* is in the viewer's reach."""
        return person in self._people(world, viewer)

    def expand(self, world: World, viewer: str, into: Gathering) -> None:
        """Add everybody of the viewer's department."""
        into.add_all(self._people(world, viewer))

    @staticmethod
    def _people(world: World, viewer: str) -> frozenset[str]:
        index = world.index
        headed = index.headed.get(viewer)
        return _NOBODY if headed is None else index.main_people_of(headed, index.include_subdepartments)

    def inverse(self, world: World, people: Collection[str], into: set[str]) -> None:
        """Add the heads of their main departments, and of those above by ORG-4."""
        into.update(*map(world.index.heads_of, people))

    def trace(self, world: World, viewer: str, people: Collection[str]) -> Traced:
        """Return the ways over the department to its head."""
        mine = self._people(world, viewer)
        if not mine:
            return []
        way = (new_step("department", world.index.headed[viewer]), new_step("head", viewer))
        return [(person, way) for person in people if person in mine]

    def told(self, world: World, viewer: str) -> str:
        """Say which department, or that there is none."""
        headed = world.index.headed.get(viewer)
        if headed is None:
            return f"in a department of {viewer}, who does not head their own main one"
        return f"in {headed}, which {viewer} heads"


@frozen
class Shared:
    """
    Everybody whose records a sharing rule shares with the viewer.

    Args:
        access: What the rule must permit at least.

    Source: VIS-11.
    """

    access: Access = Access.READ

    def has(self, world: World, viewer: str, person: str) -> bool:
        """Whether some rule shares the records of *person* with the viewer."""
        sharing = world.sharing
        return any(viewer in sharing.viewers(rule) for rule in sharing.covering(person, self.access))

    def expand(self, world: World, viewer: str, into: Gathering) -> None:
        """Add all owners whose records are shared with the viewer."""
        for rule in world.sharing.reaching(viewer, self.access):
            world.sharing.add_owners(rule, into)

    def inverse(self, world: World, people: Collection[str], into: set[str]) -> None:
        """Add everybody with whom their records are shared."""
        for person in people:
            for rule in world.sharing.covering(person, self.access):
                into.update(world.sharing.viewers(rule))

    def trace(self, world: World, viewer: str, people: Collection[str]) -> Traced:
        """Return one way per sharing rule."""
        sharing = world.sharing
        return [
            (person, (_sharing_step(rule), new_step("shared with", viewer)))
            for person in people
            for rule in sharing.covering(person, self.access)
            if viewer in sharing.viewers(rule)
        ]

    def told(self, world: World, viewer: str) -> str:
        """Say with whom the records would have to be shared."""
        degree = "" if self.access is Access.READ else f" for {self.access}"
        return f"somebody whose records a sharing rule shares with {viewer}{degree}"


def _sharing_step(rule: SharingRule) -> Step:
    return new_step("sharing rule", rule.id, f"{rule.access} {_told(rule)}")


def _told(rule: SharingRule) -> str:
    source = f"person {rule.from_person}" if rule.from_department is None else f"department {rule.from_department}"
    if rule.to_person is not None:
        return f"from {source} to person {rule.to_person}"
    return f"from {source} to " + (
        f"group {rule.to_group}" if rule.to_department is None else f"department {rule.to_department}"
    )


ME = Me()
BELOW = Below("subordinates")
BELOW_SUPERIOR = Below("superiors")
HEADED = Headed()
SHARED = Shared(Access.READ)
SHARED_READ_WRITE = Shared(Access.READ_WRITE)
