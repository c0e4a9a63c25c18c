"""
The past: lists, boards, figures and who could see, as of one moment (HIST-1).

What a person may know is decided by today's sight, so that a revoke holds for the past too; what a record was, which
scene it stood in and what day it was is that of the moment. Every history is read: this is for questions asked now and
then, not for every page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, NoReturn

from attrs import evolve

from salesflow.app.kernel import Kernel
from salesflow.app.lookup import find
from salesflow.app.port import ORGANIZATION_PORT
from salesflow.errors import InvalidInput, NotFound
from salesflow.model import Event, position, replay, sort_value, utc
from salesflow.model.requests import named
from salesflow.ports import OrganizationSource, Query, UnitOfWork
from salesflow.visibility import Cause, Proof, VisibilityPolicy
from salesflow.visibility.rules import everybody
from salesflow.visibility.scenes import ALL

Known = Callable[[Any], bool]
"""Whether whoever asks may know of a record, as it is now."""


class PastStore:
    """
    What a store held at a moment, as far as it is still there: a record that was deleted since left nothing.

    Args:
        kernel: The present.
        moment: Which moment, in UTC.
        is_known: Whether whoever asks may know of a record.
    """

    def __init__(self, kernel: Kernel, moment: datetime, is_known: Known) -> None:
        self._kernel, self._moment, self._is_known = kernel, moment, is_known
        self._replayed: dict[tuple[str, str], tuple[int, Any]] = {}

    def get(self, kind: str, id: str) -> Any | None:
        """Return the record as it was; None where it was not there, or may not be known."""
        present = self._kernel.get(kind, id)
        return None if present is None else self._then(present)

    def query(self, query: Query) -> Sequence[Any]:
        """Return the records that passed, in order."""
        value = sort_value(query.kind, query.order_by)

        def place(record: Any) -> tuple[Any, ...]:
            return position(query.order_by, value(record), record.id)

        there = (self._then(present) for present in self._kernel.walk(query.kind))
        found = sorted((past for past in there if past is not None and query.filter.matches(past)), key=place)
        if query.after is not None:
            behind = position(query.order_by, *query.after)
            found = [record for record in found if place(record) > behind]
        return found[: query.limit]

    def events(self, kind: str, id: str) -> Sequence[Event]:
        """Return what had happened to the record by then."""
        return tuple(takewhile(lambda event: event.at <= self._moment, self._kernel.events(kind, id)))

    def save(self, unit: UnitOfWork) -> NoReturn:
        """Refuse: the past does not change."""
        rule = "is past, and nothing can be changed there; do it through the flow itself"
        raise InvalidInput("moment", self._moment, rule)

    def _then(self, present: Any) -> Any | None:
        if not self._is_known(present):
            return None
        key, version = (present.KIND, present.id), present.version
        known = self._replayed.get(key)
        if known is None or known[0] != version:
            told = self.events(*key)
            known = self._replayed[key] = version, replay(told) if told else None
        return known[1]


class _StoppedClock:
    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


def organization_then(kernel: Kernel, moment: datetime) -> OrganizationSource | None:
    """Return the organisation as it was, or None where the port cannot tell."""
    as_of = getattr(kernel.organization, "as_of", None)
    if as_of is None:
        return None
    with ORGANIZATION_PORT:
        found: OrganizationSource | None = as_of(moment)
    return found


def past_kernel(kernel: Kernel, moment: datetime, is_known: Known, policy: VisibilityPolicy) -> Kernel:
    """
    Return the ports as they stood at *moment*; nothing can be saved through them.

    Args:
        kernel: The present.
        moment: Which moment, in UTC; one to come is now.
        is_known: Whether whoever asks may know of a record, as it is now.
        policy: Whose scenes and access count.
    """
    organization = organization_then(kernel, moment)
    return kernel.with_ports(
        store=PastStore(kernel, moment, is_known), clock=_StoppedClock(moment), visibility=policy,
        organization=kernel.organization if organization is None else organization,
    )  # fmt: skip


def then(kernel: Kernel, moment: object) -> datetime:
    """
    Return *moment* in UTC; one that is still to come is now.

    Raises:
        InvalidInput: It is naive, or no moment.
    """
    return min(utc(moment, "moment"), kernel.now())


class Past:
    """
    Who could see what at one moment; records that were deleted since left nothing.

    Args:
        kernel: The present.
        moment: Which moment, in UTC.
        is_known: Whether whoever asks may know of a record, as it is now; None means trusted code.

    Source: HIST-1.
    """

    def __init__(self, kernel: Kernel, moment: datetime, is_known: Known | None = None) -> None:
        self._kernel = past_kernel(kernel, moment, is_known or _anything, kernel.visibility)
        self.moment = moment
        self.is_todays_organization = self._kernel.organization is kernel.organization
        """Whether the organisation port could not tell of the past, so that today's organisation answers."""

    def open_to_all(self) -> Kernel:
        """Return the same past with its scenes as they are, but `all`: what one may know is asked for already."""
        then = self._kernel
        scenes: Mapping[str, Any] = {**then.visibility.scenes, ALL: everybody}
        return then.with_ports(
            store=then.store, organization=then.organization, clock=then.clock,
            visibility=evolve(then.visibility, scenes=scenes),
        )  # fmt: skip

    def why(self, person: str, record: Any, *, told_to: str | None = None) -> Proof:
        """
        Return why *person* saw the record then, or why not.

        Args:
            record: A record, or the id of one.
            told_to: Who reads the proof; None means trusted code.

        Raises:
            NotFound: There was no such record or person.

        Source: HIST-1, VIS-15.
        """
        sight = self._kernel.sight()
        if not sight.knows(named(person, "person")):
            raise NotFound("person", person)
        return sight.why(person, find(self._kernel, record), told_to=told_to)

    def who_can_see(self, record: Any) -> Mapping[str, Sequence[Cause]]:
        """
        Return everybody who saw the record then, each with every cause.

        Raises:
            NotFound: There was no such record.

        Source: HIST-1, VIS-15.
        """
        return self._kernel.sight().who_can_see(find(self._kernel, record))


def _anything(_record: Any) -> bool:
    return True
