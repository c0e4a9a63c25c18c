"""Lead pools (公海): who claims from which and who dispatches them; kept in the store, for administrators (LEAD-14)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from salesflow.app.case import Case
from salesflow.app.catalogue import CatalogueDesk
from salesflow.app.execution import whole_number
from salesflow.app.intents import employee_reasons
from salesflow.errors import InvalidInput
from salesflow.model import Pool, Reason
from salesflow.model.requests import named
from salesflow.visibility import PoolIn

LARGEST_CEILING = 1_000_000
"""A ceiling is at most so many leads."""

LONGEST_COOL_DOWN = timedelta(days=36_500)
"""A former owner waits at most so long."""


class PoolChanges(TypedDict, total=False):
    """The fields that `PoolDesk.edit` takes; what is left out stays."""

    name: str
    members: Iterable[str] | None
    dispatchers: Iterable[str]
    ceiling: int | None
    cool_down: timedelta | None


class PoolDesk(CatalogueDesk[Pool]):
    """
    Creates, lists, edits and deletes pools; the common pool of all employees is always there, and is none of these.

    Args:
        kernel: The ports.
        execution: For whom; None is the application itself, which is asked nothing.

    Source: LEAD-14, ACC-23.
    """

    KIND, GROUP = "pool", "pools"

    def create(
        self, name: str, *, id: str | None = None, members: Iterable[str] | None = (), dispatchers: Iterable[str] = (),
        ceiling: int | None = None, cool_down: timedelta | None = None,
    ) -> Pool:  # fmt: skip
        """
        Create a pool.

        Args:
            name: What people call it.
            id: What `SalesFlow(pool_selector=...)` shall know it by; None means a new id from the port.
            members: Ids of the employees who may claim; None means every employee, an empty one nobody.
            dispatchers: Ids of the employees who see its leads whole, assign and work them.
            ceiling: How many open leads somebody may have and still claim one more; None means any number.
            cool_down: How long a former owner waits before claiming a lead back; None means not at all.

        Raises:
            InvalidInput: A value is malformed.
            Refused: `person_unknown`, `not_permitted`.
            Conflict: There is a pool of this id, or was.

        Source: LEAD-14.
        """
        values = _checked(
            {"name": name, "members": members, "dispatchers": dispatchers, "ceiling": ceiling, "cool_down": cool_down}
        )
        if id is not None:
            named(id, "id")

        def make(case: Case) -> Pool:
            new = case.kernel.new_id("pool") if id is None else id
            return Pool(id=new, version=1, **values, created_at=case.now, created_by=case.person, updated_at=case.now)

        return self._create(name, (id, values), make, lambda case: _strangers(case, values))

    def edit(self, pool: Pool | str, **changes: Unpack[PoolChanges]) -> Pool:
        """
        Change exactly the named fields; the next claim goes by them.

        Raises:
            InvalidInput: A field is unknown or a value malformed.
            Refused: `person_unknown`, `not_permitted`.

        Source: LEAD-14.
        """
        values = _checked(changes)
        return self._edit(pool, values, lambda case: _strangers(case, values))

    def _against_deleting(self, entry: Pool) -> Sequence[Reason]:
        """A lead must lie somewhere: a pool with leads in it stays."""
        is_used = self._kernel.query("lead", PoolIn({entry.id}), limit=1)
        return (Reason("pool_not_empty", pool=entry.id),) if is_used else ()


def _checked(changes: Any) -> dict[str, Any]:
    """Return the fields with their values as a pool holds them."""
    found = dict(changes)
    known = PoolChanges.__annotations__
    for what in found:
        if what not in known:
            raise InvalidInput("changes", what, f"must be among {', '.join(known)}")
    if "name" in found:
        named(found["name"], "name")
    for what in ("members", "dispatchers"):
        if what in found and not (what == "members" and found[what] is None):
            found[what] = _people(found[what], what)
    if found.get("ceiling") is not None:
        whole_number(found["ceiling"], "ceiling", LARGEST_CEILING)
    cool_down = found.get("cool_down")
    if cool_down is not None and not (
        isinstance(cool_down, timedelta) and timedelta(0) < cool_down <= LONGEST_COOL_DOWN
    ):
        rule = f"must be a timedelta, above zero and at most {LONGEST_COOL_DOWN.days:,} days"
        raise InvalidInput("cool_down", cool_down, rule)
    return found


def _people(people: object, what: str) -> frozenset[str]:
    if isinstance(people, str) or not isinstance(people, Iterable):
        raise InvalidInput(what, people, "must be ids of employees")
    return frozenset([named(person, what) for person in people])


def _strangers(case: Case, values: dict[str, Any]) -> list[Reason]:
    return employee_reasons(case, *sorted({*(values.get("members") or ()), *values.get("dispatchers", ())}))
