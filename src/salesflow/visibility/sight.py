"""
Sight: what one call of the facade asks about who sees and who may act, all as of one moment.

It is immutable. When the organisation, a sharing rule or the policy changes, another one is made (VIS-20).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model.reasons import Reason
from salesflow.model.sharing import Pool, SharingRule
from salesflow.visibility.access import AccessRow
from salesflow.visibility.audience import audience
from salesflow.visibility.behind import (
    BEARING_KINDS,
    BELONGING_KINDS,
    KINDS_BEHIND,
    PARTY_KINDS,
    Behind,
    BelongsTo,
    Find,
    Get,
    Names,
)
from salesflow.visibility.binding import bind, bind_test
from salesflow.visibility.explain import Proving, proving_each
from salesflow.visibility.filters import (
    EVERYTHING,
    NOT_VOIDED,
    NOTHING,
    AllOf,
    AnyOf,
    Filter,
    Negation,
    OwnerIn,
    PoolIn,
    Test,
    Voided,
    all_of,
    any_of,
    write_out,
)
from salesflow.visibility.nearest import granting
from salesflow.visibility.organization_index import OrganizationIndex
from salesflow.visibility.policy import VisibilityPolicy, default_policy
from salesflow.visibility.proof import Cause, Proof, new_cause, new_proof
from salesflow.visibility.rules import KINDS, KINDS_WITH_POOL, Either, PoolRule
from salesflow.visibility.scenes import ALL, VOIDED
from salesflow.visibility.terms import Step, World, new_step

KINDS_OF_EVERYBODY = frozenset(("competitor", "literature", "lead_source"))
"""Kinds of record that whoever is known may read (ACC-26)."""

KINDS_OF_ADMINISTRATORS = frozenset(("sharing_rule", "pool"))
"""Kinds of record that administrators alone may read (ACC-26)."""

_KEPT_FILTERS = 4096
_KEPT_PROVINGS = 1024
_WRITTEN_OUT = 4096


VOIDED_ONLY = Voided(True)
_OWNED = Negation(OwnerIn(()))
"""Has an owner: without one a record passes neither an owner rule nor its negation."""


class Audience(Mapping[str, tuple[Cause, ...]]):
    """
    Who can see a record, in the order of their ids; the causes of each are worked out when they are read.

    Compares and prints as the dict that it stands for.
    """

    def __init__(self, sight: Sight, record: Any, people: Iterable[str]) -> None:
        self._sight, self._record = sight, record
        self._people = frozenset(people)

    def __getitem__(self, person: str) -> tuple[Cause, ...]:
        if person not in self._people:
            raise KeyError(person)
        return self._sight.why(person, self._record).ways

    def __contains__(self, person: object) -> bool:
        return person in self._people

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._people))

    def __len__(self) -> int:
        return len(self._people)

    def __repr__(self) -> str:
        return repr(dict(self))


class Sight:
    """
    Who sees what and who may act, as of one moment.

    Args:
        index: The organisation.
        sharing_rules: Every sharing rule of the store.
        policy: Scenes, access table and switches; None means the domain's own.
        pools: Every pool of the store.
        find: Finds the opportunities and leads that customers and contacts are read through (VIS-21); None means
            that there are none to be found, and that nothing is read through them.
        get: Gets the record that a document belongs to (OPP-13); None means that there is none.
        revisions: Which revisions of the store rules and pools were read at, as (kind, revision): a decision
            made with this sight rests on them.
    """

    def __init__(
        self,
        index: OrganizationIndex,
        sharing_rules: Iterable[SharingRule] = (),
        policy: VisibilityPolicy | None = None,
        pools: Iterable[Pool] = (),
        *,
        find: Find | None = None,
        get: Get | None = None,
        revisions: tuple[tuple[str, Any], ...] = (),
    ) -> None:
        self.index = index
        self.revisions = revisions
        self.policy = default_policy() if policy is None else policy
        self._find = find
        self._get = get
        self._world = World.of(index, sharing_rules, pools)
        self._kept = lru_cache(_KEPT_FILTERS)(self._keep)
        self._kept_check = lru_cache(_KEPT_FILTERS)(self._keep_check)
        self._kept_proving = lru_cache(_KEPT_PROVINGS)(self._keep_proving)
        self._kept_granting = lru_cache(_KEPT_PROVINGS)(partial(granting, self.policy.scenes[ALL]))
        self._kept_row = lru_cache(_KEPT_FILTERS)(self._bind_row)

    def knows(self, person: str) -> bool:
        """Whether *person* may do anything at all: an active employee or an administrator (ORG-5)."""
        return person in self.index.known

    def is_employee(self, person: str) -> bool:
        """Whether *person* is an employee who has not left."""
        return person in self.index.active

    def is_administrator(self, person: str) -> bool:
        """Whether *person* is a CRM administrator (ORG-5)."""
        return person in self.index.administrators

    def has_pool(self, pool: str | None) -> bool:
        """Whether there is such a pool (公海); None is the common one."""
        return self._world.pools.is_there(pool)

    def sees_whole(self, viewer: str, record: Any) -> bool:
        """
        Whether *viewer*, who sees *record*, sees all of it, and not only the card of a lead that one may claim.

        Source: VIS-18, LEAD-14.
        """
        if record.KIND not in KINDS_WITH_POOL or record.owner is not None or viewer in self.index.administrators:
            return True
        return viewer in self._world.pools.dispatchers(record.pool)

    def superiors(self, person: str) -> tuple[str, ...]:
        """Return who may act for *person* (`depth_superiors`), nearest first; who left may not (ORG-2)."""
        index = self.index
        return tuple([above for above in index.above(person, index.depths["superiors"]) if above in index.active])

    def filter(self, viewer: str, kind: str, scene: str = ALL) -> Filter:
        """
        Return what records of *kind* must pass to be in the viewer's *scene*.

        Every scene is ``all & scene & not voided``, but `voided`, which is an administrator's alone and empty
        for everybody else. Somebody whom the organisation does not know sees nothing.

        Args:
            viewer: Who looks.
            kind: The kind of record.
            scene: A name of the policy's scenes.

        Raises:
            InvalidInput: There is no such scene or kind; the message lists those that are.

        Source: VIS-1 … VIS-13.
        """
        return self._kept(viewer, kind, scene)

    def bind(self, viewer: str, kind: str, scene: str = ALL) -> Filter:
        """Work out `filter` anew, keeping nothing."""
        is_administrator = viewer in self.index.administrators
        plan = self.policy.scene_plan(scene, kind, sees_all=is_administrator)
        if kind in BELONGING_KINDS:
            return self._bind_belonging(viewer, scene)
        if kind not in KINDS:
            return self._bind_open(viewer, kind)
        if viewer not in self.index.known:
            return NOTHING
        if scene == VOIDED:
            if not is_administrator:
                return NOTHING
            return all_of((VOIDED_ONLY, bind(plan, self._world, viewer, kind)))
        if is_administrator and scene == ALL:
            return NOT_VOIDED
        found = bind(plan, self._world, viewer, kind)
        if self._is_read_through(kind) and not is_administrator and not self.policy.is_within(scene):
            return self._bind_party(viewer, kind, scene, found)
        # What all_of would do, said directly: this is the path that every new viewer takes.
        return AllOf((NOT_VOIDED, found)) if isinstance(found, AnyOf) else all_of((NOT_VOIDED, found))

    def _is_read_through(self, kind: str) -> bool:
        return kind in PARTY_KINDS and self.policy.read_through and self._find is not None

    def _bind_party(self, viewer: str, kind: str, scene: str, found: Filter) -> Filter:
        """VIS-21: `all`, and what stands behind an opportunity or a lead that the viewer sees."""
        assert self._find is not None
        seen = {other: self.bind(viewer, other) for other in KINDS_BEHIND}
        through: list[Filter] = [Behind(other, all, self._find) for other, all in seen.items() if all != NOTHING]
        if scene != ALL:
            narrow = bind(self.policy.scene_plan(scene, kind, sees_all=True), self._world, viewer, kind)
            through = [all_of((narrow, any_of(through)))]
        return all_of((NOT_VOIDED, any_of((found, *through))))

    def _bind_belonging(self, viewer: str, scene: str) -> Filter:
        """OPP-13: what belongs to a record that is in the viewer's scene, and is seen there as more than a card."""
        get = self._get
        if get is None:
            return NOTHING
        parts: list[Filter] = []
        for kind in BEARING_KINDS:
            seen = self.bind(viewer, kind, scene)
            if kind in KINDS_WITH_POOL and not self.is_administrator(viewer):
                seen = all_of((seen, any_of((_OWNED, PoolIn(self._world.pools.dispatched_by(viewer))))))
            parts.append(NOTHING if seen == NOTHING else BelongsTo(kind, seen, get))
        return any_of(parts)

    def _bearer(self, record: Any) -> Any | None:
        """Return the record that a document belongs to; None where it is not there."""
        whole = record.belongs_to
        return None if self._get is None or whole is None else self._get(*whole)

    def _bind_open(self, viewer: str, kind: str) -> Filter:
        """Kinds without owner: the same for everybody, or for administrators only."""
        if kind in KINDS_OF_EVERYBODY:
            return EVERYTHING if self.knows(viewer) else NOTHING
        if kind in KINDS_OF_ADMINISTRATORS:
            return EVERYTHING if self.is_administrator(viewer) else NOTHING
        raise _without_scenes(kind)

    def _keep(self, viewer: str, kind: str, scene: str) -> Filter:
        found = self.bind(viewer, kind, scene)
        write_out(found, _WRITTEN_OUT)
        return found

    def can_see(self, viewer: str, record: Any) -> bool:
        """
        Whether *viewer* sees *record*: `all` holds and it is not voided; an administrator sees every record.

        Source: VIS-1, VIS-13.
        """
        return self._kept_check(viewer, record.KIND)(record)

    def check(self, viewer: str, kind: str) -> Test:
        """Work out the test that `can_see` makes of records of *kind*, keeping nothing."""
        index = self.index
        if viewer in index.administrators:
            return EVERYTHING.matches
        if kind not in KINDS:
            return self.bind(viewer, kind).matches
        if viewer not in index.known:
            return NOTHING.matches
        if self._is_read_through(kind):
            return self.bind(viewer, kind).matches
        return bind_test(self.policy.scene_plan(ALL, kind, sees_all=True), self._world, viewer, kind)

    def _keep_check(self, viewer: str, kind: str) -> Test:
        return EVERYTHING.matches if viewer in self.index.administrators else self.filter(viewer, kind).matches

    def why(self, viewer: str, record: Any, *, told_to: str | None = None) -> Proof:
        """
        Return the proof that *viewer* sees *record*, or why not: every way in, tried.

        Args:
            viewer: Whose sight is in question.
            record: A record as the store has it.
            told_to: Who reads the proof: it names no opportunity or lead that they do not see. None means
                trusted code.

        Source: VIS-15.
        """
        kind = record.KIND
        if not self.knows(viewer):
            lacks = f"{viewer} is no active employee and no administrator"
            return Proof("visible", False, parts=(Proof("known to the organisation", False, lacks=lacks),))
        parts = []
        if self.is_administrator(viewer):
            parts.append(Proof("administrator", True, (Cause((Step("administrator", viewer),)),)))
        if kind in KINDS_OF_EVERYBODY:
            parts.append(Proof("everybody", True, (Cause((Step("known", viewer),)),)))
        elif kind in KINDS_OF_ADMINISTRATORS:
            if not parts:
                parts.append(Proof("administrator", False, lacks=f"{viewer} is none"))
        elif kind in BELONGING_KINDS:
            if not parts:
                parts.append(self._prove_belonging(viewer, record, told_to))
        elif kind not in KINDS:
            raise _without_scenes(kind)
        elif record.voided:
            lacks = "the record is voided, and only an administrator sees it"
            parts.append(Proof("not voided", False, lacks=lacks))
        else:
            parts += self._proofs(viewer, record)
            if self._is_read_through(kind):
                parts.append(self._prove_through(viewer, record, told_to))
        for part in parts:
            if part.is_visible:
                return new_proof("visible", True, (), "", tuple(parts))
        grants = () if kind not in KINDS or record.voided else self._kept_granting(viewer)(record)
        return new_proof("visible", False, (), "", tuple(parts), grants)

    def _proofs(self, viewer: str, record: Any) -> list[Proof]:
        return [prove(record) for prove in self._kept_proving(viewer, record.KIND in KINDS_WITH_POOL)]

    def _prove_through(self, viewer: str, record: Any, told_to: str | None) -> Proof:
        """VIS-21: every opportunity and lead that opens the customer or contact, each with every way into it."""
        holds, ways = False, []
        for found in self._behind(record):
            proof = new_proof("visible", True, (), "", tuple(self._proofs(viewer, found)))
            if not any(part.is_visible for part in proof.parts):
                continue
            holds = True
            if told_to is None or self.can_see(told_to, found):
                here = new_step(found.KIND, found.id)
                ways += [new_cause((here, *way.steps)) for way in proof.ways] or [new_cause((here,))]
        lacks = "" if holds else f"{viewer} sees none that names this {record.KIND}"
        return new_proof("an opportunity or lead of theirs", holds, tuple(ways), lacks)

    def _prove_belonging(self, viewer: str, record: Any, told_to: str | None) -> Proof:
        """OPP-13: every way into the record that a document belongs to, which its reader sees too."""
        whole = self._bearer(record)
        if whole is None:
            return new_proof("what it belongs to", False, (), "what it belongs to is not there")
        proof = self.why(viewer, whole, told_to=told_to)
        here, what = new_step(whole.KIND, whole.id), f"the {whole.KIND} that it belongs to"
        if not proof.is_visible or not self.sees_whole(viewer, whole):
            return new_proof(what, False, (), f"{viewer} does not see it, or no more than its card")
        ways = [new_cause((here, *way.steps)) for way in proof.ways] or [new_cause((here,))]
        return new_proof(what, True, tuple(ways))

    def _behind(self, record: Any) -> list[Any]:
        """Return the opportunities and leads that a customer or contact may be read through."""
        if self._find is None or not self._is_read_through(record.KIND):
            return []
        names = all_of((Names(record.KIND, record.id), NOT_VOIDED))
        return [found for kind in KINDS_BEHIND for found in self._find(kind, names, None)]

    def _keep_proving(self, viewer: str, has_pool: bool) -> tuple[Proving, ...]:
        rule = self.policy.scenes[ALL]
        parts = rule.parts if isinstance(rule, Either) else (rule,)
        # A way in that no record of the kind can have is none worth telling.
        told = [part for part in parts if has_pool or not isinstance(part, PoolRule)]
        return proving_each(told, self._world, viewer)

    def who_can_see(self, record: Any) -> Audience:
        """
        Return everybody who sees *record*, each with every way in.

        Source: VIS-15.
        """
        return Audience(self, record, self._viewers(record))

    def _viewers(self, record: Any) -> frozenset[str]:
        index = self.index
        if record.KIND in KINDS_OF_EVERYBODY:
            return index.known
        if record.KIND in KINDS_OF_ADMINISTRATORS:
            return index.administrators
        if record.KIND in BELONGING_KINDS:
            whole = self._bearer(record)
            seen_by = () if whole is None else self._viewers(whole)
            return index.administrators.union(person for person in seen_by if self.sees_whole(person, whole))
        if record.KIND not in KINDS:
            raise _without_scenes(record.KIND)
        if record.voided:
            return index.administrators
        world, plan = self._world, self.policy.scene_plan
        seen = [
            audience(plan(ALL, each.KIND, sees_all=True), world, each).within(index.known)
            for each in (record, *self._behind(record))
        ]
        return index.administrators.union(*seen)

    def refusals(
        self, viewer: str, operation: str, record: Any | None, *, also: Collection[str] = ()
    ) -> tuple[Reason, ...]:
        """
        Return every reason why *viewer* may not do *operation* on *record*; none means that they may.

        Args:
            viewer: Who would act.
            operation: An id of the access table; one without a row is refused, to administrators too.
            record: The record, or None where there is none yet, or none in question.
            also: Who the row admits beyond its columns: the task's assignee, the approver. A row that
                admits nobody else ignores it.

        Source: ACC-1 … ACC-27.
        """
        row = self.policy.row(operation)
        if row is None:
            needs = "a row in the access table, and there is none"
            return (Reason("not_permitted", person=viewer, operation=operation, needs=needs),)
        reasons = _standing(row, record)
        if not (self._is_admitted(viewer, operation, row, record, also) or self._may_override(viewer, row)):
            reasons += (Reason("not_permitted", person=viewer, operation=operation, needs=row.needs),)
        return reasons

    def is_override(self, viewer: str, operation: str, record: Any | None, *, also: Collection[str] = ()) -> bool:
        """
        Whether *viewer* may do it only because they are an administrator, whom the row does not name.

        Source: ACC-24, ACC-25.
        """
        row = self.policy.row(operation)
        if row is None or _standing(row, record) or not self._may_override(viewer, row):
            return False
        return not self._is_admitted(viewer, operation, row, record, also)

    def who_may(self, operation: str, record: Any | None, *, also: Collection[str] = ()) -> frozenset[str]:
        """
        Return everybody who may do *operation* on *record* (OPP-14): exactly those without `refusals`.

        Args: as in `refusals`.
        """
        row, index = self.policy.row(operation), self.index
        if row is None or _standing(row, record):
            return frozenset()
        found = set(index.known.intersection(also)) if row.also else set()
        if row.employees:
            found |= index.active
        if row.readers:
            found |= index.known if record is None else self._viewers(record)
        if row.administrators or (row.override and self.policy.administrators_operate):
            found |= index.administrators
        plan = self.policy.row_plan(operation)
        if plan is not None and record is not None:
            found |= audience(plan, self._world, record).within(index.known)
        return frozenset(found)

    def _is_admitted(
        self, viewer: str, operation: str, row: AccessRow, record: Any | None, also: Collection[str]
    ) -> bool:
        """Whether the row's own columns admit *viewer*."""
        index = self.index
        if viewer not in index.known:
            return False
        if (row.employees and viewer in index.active) or (row.also and viewer in also):
            return True
        if row.administrators and viewer in index.administrators:
            return True
        if record is None:
            return row.readers
        if row.readers and self.can_see(viewer, record):
            return True
        return self._kept_row(viewer, operation, record.KIND).matches(record)

    def _bind_row(self, viewer: str, operation: str, kind: str) -> Filter:
        plan = self.policy.row_plan(operation)
        return NOTHING if plan is None else bind(plan, self._world, viewer, kind)

    def _may_override(self, viewer: str, row: AccessRow) -> bool:
        return row.override and self.policy.administrators_operate and viewer in self.index.administrators


def _without_scenes(kind: str) -> InvalidInput:
    return InvalidInput("kind", kind, f"has no owner, and so no scenes; these have: {', '.join(KINDS)}")


def _standing(row: AccessRow, record: Any | None) -> tuple[Reason, ...]:
    """The reasons that the record's own state gives, where the row names one."""
    if record is None:
        return ()
    reasons = []
    voided = getattr(record, "voided", None)
    if voided is True and row.voided is False:
        reasons.append(Reason("is_voided"))
    if voided is False and row.voided is True:
        reasons.append(Reason("is_not_voided"))
    status = getattr(record, "status", None)
    if status is not None and row.statuses is not None and status not in row.statuses:
        reasons.append(Reason("wrong_status", status=str(status), allowed=tuple(map(str, row.statuses))))
    return tuple(reasons)
