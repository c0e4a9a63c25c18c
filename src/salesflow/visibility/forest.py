"""
A forest numbered in pre-order: everybody below somebody is one stretch of the numbering.

Nothing here recurses, so a chain may be a hundred thousand links deep. A cycle is refused by naming it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from salesflow.errors import OrganizationError


def find_cycle(parents: Mapping[str, str | None], start: str) -> tuple[str, ...]:
    """
    Return the cycle that the way up from *start* runs into, in its own order; empty where it ends at a root.

    Args:
        parents: The one above, per id; None or an id that is not a key means a root.
        start: Where to begin; it need not be part of the cycle.
    """
    passed: dict[str, None] = {}
    here: str | None = start
    while here is not None and here in parents:
        if here in passed:
            way = list(passed)
            return tuple(way[way.index(here) :])
        passed[here] = None
        here = parents[here]
    return ()


class Forest:
    """
    Ids under ids, numbered so that "is below" compares two integers.

    Args:
        parents: The one above, per id; None or an id that is not a key makes a root.
        rule: What the error says must hold where there is a cycle.

    Attributes:
        order: Every id in pre-order.
        numbers: The place of each id in `order`.

    Raises:
        OrganizationError: There is a cycle; its ids are listed in its own order.

    Source: ORG-2, ORG-3.
    """

    __slots__ = ("_children", "_ends", "_parents", "numbers", "order")

    def __init__(self, parents: Mapping[str, str | None], rule: str) -> None:
        self._parents = {id: above if above in parents else None for id, above in parents.items()}
        children: dict[str, list[str]] = {}
        waiting: list[str] = []
        for id, above in self._parents.items():
            if above is None:
                waiting.append(id)
            else:
                children.setdefault(above, []).append(id)
        waiting.reverse()
        order: list[str] = []
        while waiting:
            id = waiting.pop()
            order.append(id)
            if id in children:
                waiting.extend(reversed(children[id]))
        self._children = children
        self.order = tuple(order)
        self.numbers = {id: number for number, id in enumerate(order)}
        if len(order) < len(parents):
            lost = next(id for id in parents if id not in self.numbers)
            raise OrganizationError(rule, find_cycle(parents, lost))
        self._ends = [number + 1 for number in range(len(order))]
        for number in range(len(order) - 1, -1, -1):
            above = self._parents[order[number]]
            if above is not None:
                place = self.numbers[above]
                self._ends[place] = max(self._ends[place], self._ends[number])

    def __contains__(self, id: object) -> bool:
        return id in self.numbers

    def stretch(self, id: str) -> tuple[int, int]:
        """Return where *id* and everything below it stand in `order`: first, and one past the last."""
        number = self.numbers[id]
        return number, self._ends[number]

    def has_below(self, upper: str, lower: str) -> bool:
        """Whether *lower* is strictly below *upper*; False for ids that are not in the forest."""
        number = self.numbers.get(upper)
        if number is None:
            return False
        return number < self.numbers.get(lower, -1) < self._ends[number]

    def below(self, upper: str, ids: Iterable[str]) -> list[str]:
        """Return those of *ids* that are strictly below *upper*, in their order."""
        number = self.numbers.get(upper)
        if number is None:
            return []
        numbers, end = self.numbers, self._ends[number]
        return [id for id in ids if number < numbers.get(id, -1) < end]

    def climb(self, ids: Iterable[str], into: set[str]) -> None:
        """Add everything above any of *ids* to *into*."""
        parents = self._parents
        above: set[str] = set()
        for id in ids:
            here = parents.get(id)
            while here is not None and here not in above:
                above.add(here)
                here = parents[here]
        into |= above

    def with_below(self, id: str) -> tuple[str, ...]:
        """Return *id* and everything below it; empty for an id that is not in the forest."""
        if id not in self.numbers:
            return ()
        first, end = self.stretch(id)
        return self.order[first:end]

    def children(self, id: str) -> tuple[str, ...]:
        """Return those directly below *id*."""
        return tuple(self._children.get(id, ()))

    def parent(self, id: str) -> str | None:
        """Return the one above *id*, or None at a root and for an unknown id."""
        return self._parents.get(id)

    def above(self, id: str, last: str | None = None) -> tuple[str, ...]:
        """Return everything above *id*, the nearest first, as far as *last*; None means up to the root."""
        found = []
        here = self._parents.get(id)
        while here is not None:
            found.append(here)
            if here == last:
                break
            here = self._parents[here]
        return tuple(found)
