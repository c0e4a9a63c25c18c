"""
The facade: `SalesFlow` for trusted code, `acting_as(person)` for everything that somebody asks for.

It holds no rule: each method is one line of intent over one shared path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, TypeVar, overload
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import evolve

from salesflow.app.defaults import RandomIds, SystemClock
from salesflow.app.execution import Execution, reference
from salesflow.app.files import FileDesk
from salesflow.app.foresight import listed, sight_changes
from salesflow.app.kernel import Kernel
from salesflow.app.leads import LeadDesk
from salesflow.app.migrations import MigrationReport, RehearsalReport, migrate, rehearse_all
from salesflow.app.opportunities import OpportunityDesk
from salesflow.app.parties import ContactDesk, CustomerDesk
from salesflow.app.pipeline import PipelineDesk
from salesflow.app.pools import PoolDesk
from salesflow.app.port import Port
from salesflow.app.processes import Processes
from salesflow.app.settings import Settings
from salesflow.app.sharing import SharingDesk
from salesflow.errors import InvalidInput, NotFound
from salesflow.grading import AmountPolicy, GradeChange, GradingPolicy, what_if
from salesflow.model import Employee, SalesProcess, SharingRule
from salesflow.model.requests import named
from salesflow.ports import AuditSink, Clock, Ids, OrganizationSource, PoolSelector, Store
from salesflow.process import MigrationOutcome, MigrationPlan, RehearsedMove
from salesflow.visibility import Cause, Planned, Proof, Removed, Rule, Sight, SightChange, VisibilityPolicy
from salesflow.visibility.explain import without_values

KindT = TypeVar("KindT", VisibilityPolicy, Settings)
PortT = TypeVar("PortT")

KINDS_SEEN = ("opportunity", "lead", "customer", "contact")
"""The kinds of record that `why` and `who_can_see` look an id up in, in this order."""


class SalesFlow:
    """
    A complete sales process over a store, an organisation and stage templates that the application brings.

    Args:
        store: Where records live, such as `MemoryStore`.
        organization: Who works here, such as `Organization`.
        processes: Stage templates, or a mapping to them; keep every version that a record is still on.
        clock: Tells the time; None means the computer's.
        ids: Makes ids; None means random ones.
        time_zone: The business's zone, by its IANA name: what "today" means (HIST-2).
        grading: The grading policy; None means `AmountPolicy()`.
        visibility: Scenes, access table and switches; None means the default.
        scenes: Scenes by name in place of the policy's, such as ``scenes.default() | {...}``.
        audit: Takes refusals and administrators' overrides (ACC-25); None keeps none.
        settings: Further switches; None means the defaults.
        pool_selector: Chooses the pool of a lead without owner; None means the common pool of all employees (LEAD-14).

    Raises:
        InvalidInput: A port, zone, process, scene or setting does not fit.
        TemplateError: A template has errors.
        OrganizationError: The organisation contradicts itself.

    What hangs on the flow itself is for trusted code and knows no reader; `acting_as` has rights and sight.
    """

    def __init__(
        self, *, store: Store, organization: OrganizationSource,
        processes: Mapping[str, SalesProcess] | Iterable[SalesProcess], clock: Clock | None = None,
        ids: Ids | None = None, time_zone: str = "UTC", grading: GradingPolicy | None = None,
        visibility: VisibilityPolicy | None = None, scenes: Mapping[str, Rule] | None = None,
        audit: AuditSink | None = None, settings: Settings | None = None,
        pool_selector: PoolSelector | None = None,
    ) -> None:  # fmt: skip
        policy = _kind_of(VisibilityPolicy, visibility, "visibility")
        self._kernel = Kernel(
            store=_port(store, "store", "get query save"),
            organization=_port(organization, "organization", "version employees departments groups administrators"),
            processes=Processes(processes),
            clock=SystemClock() if clock is None else _port(clock, "clock", "now"),
            ids=RandomIds() if ids is None else _port(ids, "ids", "new"),
            zone=_zone(time_zone),
            grading=AmountPolicy() if grading is None else _port(grading, "grading", "grade"),
            visibility=policy if scenes is None else evolve(policy, scenes=scenes),
            audit=None if audit is None else _port(audit, "audit", "record"),
            settings=_kind_of(Settings, settings, "settings"),
            pool_selector=_selector(pool_selector),
        )  # fmt: skip
        self._kernel.sight()

    def acting_as(self, person: str) -> Acting:
        """
        Return everything that *person* may do and see; each call is checked anew.

        Raises:
            NotFound: Nobody of this id works here or administers.

        Source: ORG-5.
        """
        named(person, "person")
        if not self._kernel.sight().knows(person):
            raise NotFound("person", person)
        return Acting(self._kernel, person)

    def today(self) -> date:
        """Return the business day (HIST-2)."""
        return self._kernel.today(self._kernel.now())

    def why(self, person: str, record: Any) -> Proof:
        """
        Return why *person* sees the record, or why not: a proof tree that prints.

        Args:
            record: A record, or the id of an opportunity, lead, customer or contact.

        Raises:
            NotFound: There is no such record or person.

        Source: VIS-15.
        """
        sight = self._kernel.sight()
        if not sight.knows(named(person, "person")):
            raise NotFound("person", person)
        return sight.why(person, find(self._kernel, record))

    def who_can_see(self, record: Any) -> Mapping[str, Sequence[Cause]]:
        """
        Return everybody who sees the record, each with every cause.

        Raises:
            NotFound: There is no such record.

        Source: VIS-15.
        """
        return self._kernel.sight().who_can_see(find(self._kernel, record))

    @overload
    def what_if(self, change: GradingPolicy) -> Sequence[GradeChange]: ...

    @overload
    def what_if(self, change: Planned | Iterable[Planned]) -> Sequence[SightChange]: ...

    def what_if(self, change: Any) -> Sequence[Any]:
        """
        Return what a planned change would do, before it is made; nothing is changed.

        Args:
            change: The thing as it would be. A grading policy: which opportunities in progress would be graded
                otherwise. An `Employee` with another manager or department, a `Department`, a `UserGroup`, a
                `SharingRule`, `Removed`, or several of them together: who would gain and lose sight of which
                records. A stage template changes nobody's sight.

        Raises:
            InvalidInput: It is nothing that can be planned, or takes away what is not there.
            OrganizationError: It would close a cycle of managers or departments.
            PortError: The grading policy failed.

        Source: VIS-19, GRADE-7.
        """
        kernel = self._kernel
        if _is_grading(change):
            return what_if(kernel.query("opportunity"), _port(change, "change", "grade"), self.today())
        return sight_changes(kernel, change)

    @cached_property
    def sharing(self) -> SharingDesk:
        """The sharing rules, for trusted code (VIS-11)."""
        return SharingDesk(self._kernel, None)

    @cached_property
    def pools(self) -> PoolDesk:
        """The lead pools (公海), for trusted code (LEAD-14)."""
        return PoolDesk(self._kernel, None)

    def migrate(
        self, plan: MigrationPlan, *, dry_run: bool = False,
        progress: Callable[[MigrationOutcome], None] | None = None,
    ) -> MigrationReport:  # fmt: skip
        """
        Move running opportunities, and after-sales processes, to another version of their template, by *plan*.

        Each record is saved by itself. One that is on the new version already is not looked at again, so a
        migration that was stopped is simply run again and does the rest.

        Args:
            plan: Which versions, and where each stage is found in the new one.
            dry_run: Whether to write nothing, and tell what would be.
            progress: Called with each outcome once its record is saved.

        Raises:
            InvalidInput: The flow does not have a version, or the plan names a stage that a version does not have.
            PortError: The store failed; the records before are migrated.

        Source: PROC-6, PROC-9.
        """
        return migrate(self._kernel, plan, by="", dry_run=dry_run, progress=progress)

    def rehearse(
        self, draft: SalesProcess, *, stages: Mapping[str, str] | None = None, since: datetime | None = None,
        until: datetime | None = None, progress: Callable[[RehearsedMove], None] | None = None,
    ) -> RehearsalReport:  # fmt: skip
        """
        Run the past of every opportunity through a draft of its template, and tell what it would have stopped.

        Args:
            draft: The draft; its id tells whose past is meant. It need not be among the flow's processes.
            stages: From a stage's code to that of the draft, where they are not equal.
            since, until: Which moves to ask about, from the first moment to before the other (aware); None means
                from the beginning, or up to now.
            progress: Called with each move that would have been stopped.

        Raises:
            TemplateError: The draft has errors.
            InvalidInput: *stages* names what the draft does not have.
            PortError: The store keeps no history.

        Source: PROC-8.
        """
        return rehearse_all(self._kernel, draft, stages, since, until, progress)


class Acting:
    """
    What one person may do: groups of operations, and what they may know.

    Args:
        kernel: The ports.
        person: Who acts.
        key: An idempotency key, or None; see `once`.
    """

    def __init__(self, kernel: Kernel, person: str, key: str | None = None) -> None:
        self._kernel = kernel
        self.person = person
        self._execution = Execution(kernel, person, key)

    def once(self, key: str) -> Acting:
        """
        Return the same person with an idempotency key: the operation called on it is done once.

        Repeating it, with the same key, gives the first result and does nothing.

        Args:
            key: Unique per request of the application, such as a request id.

        Raises:
            InvalidInput: On use: the key was used for another request.

        Source: HIST-3.
        """
        return Acting(self._kernel, self.person, named(key, "key"))

    @cached_property
    def leads(self) -> LeadDesk:
        """Operations on leads."""
        return LeadDesk(self._execution)

    @cached_property
    def opportunities(self) -> OpportunityDesk:
        """Operations on opportunities."""
        return OpportunityDesk(self._execution)

    @cached_property
    def customers(self) -> CustomerDesk:
        """Operations on customers."""
        return CustomerDesk(self._execution)

    @cached_property
    def contacts(self) -> ContactDesk:
        """Operations on contacts."""
        return ContactDesk(self._execution)

    @cached_property
    def pipeline(self) -> PipelineDesk:
        """Figures over what the person sees."""
        return PipelineDesk(self._execution)

    @cached_property
    def files(self) -> FileDesk:
        """Imports."""
        return FileDesk(self._execution)

    @cached_property
    def sharing(self) -> SharingDesk:
        """The sharing rules, for administrators."""
        return SharingDesk(self._kernel, self._execution)

    @cached_property
    def pools(self) -> PoolDesk:
        """The lead pools (公海), for administrators."""
        return PoolDesk(self._kernel, self._execution)

    def why(self, person: str, record: Any) -> Proof:
        """
        Return why *person* sees the record, or why not.

        Raises:
            NotFound: The acting person does not see the record, or the person is neither themselves nor below
                them; an administrator may ask about anybody.

        Source: VIS-15, ACC-26.
        """
        sight, seen = self._seen("flow.why", record)
        if not sight.knows(named(person, "person")) or not self._may_know(sight, person):
            raise NotFound("person", person)
        proof = sight.why(person, seen, told_to=self.person)
        return proof if sight.sees_whole(self.person, seen) else without_values(proof)

    def who_can_see(self, record: Any) -> Mapping[str, Sequence[Cause]]:
        """
        Return who sees the record, each with every cause, as far as the acting person sees their line.

        Raises:
            NotFound: The acting person does not see the record.

        Source: VIS-15, ACC-26.
        """
        sight, seen = self._seen("flow.who_can_see", record)
        known = [person for person in sight.who_can_see(seen) if self._may_know(sight, person)]
        return {person: sight.why(person, seen, told_to=self.person).ways for person in known}

    @overload
    def what_if(self, change: GradingPolicy) -> Sequence[GradeChange]: ...

    @overload
    def what_if(self, change: Planned | Iterable[Planned]) -> Sequence[SightChange]: ...

    def what_if(self, change: Any) -> Sequence[Any]:
        """
        Return what a planned change would do, as far as the acting person sees the records and their own line.

        Args:
            change: As of `SalesFlow.what_if`. Whoever is no administrator plans for themselves and those below
                them, and knows no sharing rule: one that they plan is a further one.

        Raises:
            NotFound: It is about somebody who is neither themselves nor below them, or about a sharing rule.
            InvalidInput, OrganizationError, PortError: As of `SalesFlow.what_if`.

        Source: VIS-19, GRADE-7, ACC-26, VIS-16.
        """
        kernel = self._kernel
        case = self._execution.blank()
        self._execution.admit(case, "flow.what_if", ())
        if _is_grading(change):
            seen = kernel.query("opportunity", self._execution.visible("opportunity", "all"))
            return what_if(seen, _port(change, "change", "grade"), kernel.today(kernel.now()))
        sight = case.sight
        plans = listed(change)
        if not sight.is_administrator(self.person):
            plans = tuple(self._plannable(sight, each, number) for number, each in enumerate(plans))
        return sight_changes(kernel, plans, self._may_know, lambda now, kind: now.filter(self.person, kind))

    def _plannable(self, sight: Sight, change: Planned, number: int) -> Planned:
        """Return what somebody who is no administrator may plan, or raise `NotFound`."""
        match change:
            case Employee() | Removed(kind="employee") if not self._may_know(sight, change.id):
                raise NotFound("person", change.id)
            case Removed(kind="sharing_rule"):
                raise NotFound("sharing_rule", change.id)
            case SharingRule():
                return evolve(change, id=f"planned {number}\n")  # no rule of the store has a line break in its id
            case _:
                return change

    def migrate(
        self, plan: MigrationPlan, *, dry_run: bool = False,
        progress: Callable[[MigrationOutcome], None] | None = None,
    ) -> MigrationReport:  # fmt: skip
        """
        Move running opportunities to another version of their template; for administrators.

        An idempotency key adds nothing: a migration that was stopped is simply run again.

        Args:
            plan, dry_run, progress: As of `SalesFlow.migrate`.

        Raises:
            Refused: `not_permitted`.
            NotFound, InvalidInput, PortError: As of `SalesFlow.migrate`.

        Source: PROC-6, ACC-23.
        """
        self._execution.admit(self._execution.blank(), "flow.migrate", ())
        return migrate(self._kernel, plan, by=self.person, dry_run=dry_run, progress=progress)

    def _seen(self, operation: str, record: Any) -> tuple[Sight, Any]:
        case = self._execution.blank()
        case.record = find(self._kernel, record, lambda found: case.sight.can_see(self.person, found))
        self._execution.admit(case, operation, (), is_told=operation != "flow.why")
        return case.sight, case.record

    def _may_know(self, sight: Sight, person: str) -> bool:
        return (
            person == self.person
            or sight.is_administrator(self.person)
            or self.person in sight.index.above(person, sight.index.depths["subordinates"])
        )


def find(kernel: Kernel, ref: Any, is_seen: Callable[[Any], bool] = lambda found: True) -> Any:
    """
    Return the store's record for a record or an id of any kind that can be seen.

    Args:
        is_seen: Whether a record is there for whoever asks; one that is not might as well not exist.

    Raises:
        NotFound: There is none.
        InvalidInput: *ref* is neither.
    """
    kinds: tuple[str, ...] = KINDS_SEEN
    if isinstance(ref, str):
        id = ref
    else:
        kind = getattr(ref, "KIND", "")
        if kind not in KINDS_SEEN:
            raise InvalidInput("record", ref, "must be a record or the id of one")
        kinds, id = (kind,), reference(kind, ref)[0]
    for kind in kinds:
        found = kernel.get(kind, id)
        if found is not None and is_seen(found):
            return found
    raise NotFound("record" if isinstance(ref, str) else kinds[0], id)


def _kind_of(kind: type[KindT], value: Any, what: str) -> KindT:
    """Return *value* if it is of this kind, or the default in place of None."""
    if value is not None and not isinstance(value, kind):
        raise InvalidInput(what, value, f"must be {kind.__name__} or None")
    return kind() if value is None else value


def _port(value: PortT, what: str, names: str) -> PortT:
    """Return *value* if it has every name that its port asks for; what a property gives is not looked at here."""
    with Port(what):
        missing = [name for name in names.split() if not (hasattr(type(value), name) or hasattr(value, name))]
    if missing:
        raise InvalidInput(what, value, f"has no {' or '.join(missing)}; see salesflow.ports for what it takes")
    return value


def _selector(value: PoolSelector | None) -> PoolSelector | None:
    if value is not None and not callable(value):
        raise InvalidInput("pool_selector", value, "must take a lead and return the id of a pool, or be None")
    return value


def _is_grading(change: object) -> bool:
    return callable(getattr(change, "grade", None))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise InvalidInput("time_zone", name, "must be an IANA zone, such as 'Asia/Shanghai'") from None
