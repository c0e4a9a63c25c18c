"""What one person may do and see: `flow.acting_as(person)`, now or as of a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

from attrs import evolve

from salesflow.app.catalogues import Catalogues
from salesflow.app.documents import DocumentDesk
from salesflow.app.execution import Execution
from salesflow.app.files import FileDesk
from salesflow.app.foresight import listed, sight_changes
from salesflow.app.injected import is_grading, port_of
from salesflow.app.kernel import Kernel
from salesflow.app.leads import LeadDesk
from salesflow.app.lookup import find
from salesflow.app.migrations import MigrationReport, migrate
from salesflow.app.opportunities import OpportunityDesk
from salesflow.app.parties import ContactDesk, CustomerDesk
from salesflow.app.past import Past, then
from salesflow.app.pipeline import PipelineDesk
from salesflow.app.pools import PoolDesk
from salesflow.app.sharing import SharingDesk
from salesflow.app.tabled_pipeline import TabledPipelineDesk
from salesflow.errors import InvalidInput, NotFound
from salesflow.grading import GradeChange, GradingPolicy, what_if
from salesflow.model import Employee, SharingRule
from salesflow.model.requests import named
from salesflow.process import MigrationOutcome, MigrationPlan
from salesflow.visibility import Cause, Planned, Proof, Removed, Sight, SightChange
from salesflow.visibility.explain import without_values
from salesflow.visibility.sight import KINDS_OF_ADMINISTRATORS

if TYPE_CHECKING:
    from salesflow.analytics import Tables

DeskT = TypeVar("DeskT")


class Acting(Catalogues):
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
        super().__init__(kernel, self._execution)

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

    def as_of(self, moment: datetime) -> ActingThen:
        """
        Return what the person sees now, as it was at *moment*: lists, boards, figures, and who could see it then.

        Scenes, days and templates are those of the moment, the organisation too where its port can tell; what was
        deleted since left nothing. Nothing can be changed there.

        Args:
            moment: Aware; one that is still to come is now.

        Raises:
            InvalidInput: It is naive; or, on use, something was to be changed.
            PortError: On use: the store keeps no history.

        Source: HIST-1.
        """
        return ActingThen(self._kernel, self.person, then(self._kernel, moment))

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
    def documents(self) -> DocumentDesk:
        """Operations on documents."""
        return DocumentDesk(self._execution)

    @cached_property
    def pipeline(self) -> PipelineDesk:
        """Figures over what the person sees."""
        return PipelineDesk(self._execution)

    def pipeline_over(self, tables: Tables) -> TabledPipelineDesk:
        """
        Return the figures over tables in an engine, of what the person sees: for any number of records.

        Args:
            tables: As `salesflow.analytics.open_tables` gives them.

        Raises:
            InvalidInput: They were written for another time zone than the flow's; or, on use, a scene asks what they
                have no column for.

        Source: PIPE-2, VIS-15.
        """
        return TabledPipelineDesk(self._execution, tables)

    @cached_property
    def files(self) -> FileDesk:
        """Imports."""
        return FileDesk(self._execution)

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
        if is_grading(change):
            seen = kernel.query("opportunity", self._execution.visible("opportunity", "all"))
            return what_if(seen, port_of(change, "change", "grade"), kernel.today(kernel.now()))
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


class ActingThen(Acting):
    """
    What one person sees now, as it was at a moment; see `Acting.as_of`.

    Args:
        kernel: The present.
        person: Who asks.
        moment: Which moment, in UTC.
    """

    def __init__(self, kernel: Kernel, person: str, moment: datetime) -> None:
        def is_known(record: Any) -> bool:
            if record.KIND in KINDS_OF_ADMINISTRATORS:  # what sight is made of; its desks ask who reads it
                return True
            sight = kernel.sight()
            return sight.can_see(person, record) and sight.sees_whole(person, record)

        self._present = kernel
        self._past = Past(kernel, moment, is_known)
        self.moment = moment
        self.is_todays_organization = self._past.is_todays_organization
        super().__init__(self._past.open_to_all(), person)

    @property
    def sharing(self) -> SharingDesk:  # pyright: ignore[reportIncompatibleVariableOverride]  # asked anew each time
        """The sharing rules of then, for whoever may read those of today."""
        return self._as_today("sharing.list", super().sharing)

    @property
    def pools(self) -> PoolDesk:  # pyright: ignore[reportIncompatibleVariableOverride]  # likewise
        """The pools of then, for whoever may read those of today."""
        return self._as_today("pools.list", super().pools)

    def _as_today(self, operation: str, desk: DeskT) -> DeskT:
        now = Execution(self._present, self.person)
        now.admit(now.blank(), operation, ())
        return desk

    def what_if(self, change: Any) -> Sequence[Any]:
        """
        Refuse: what is planned would change today, not the past.

        Raises:
            InvalidInput: Always; ask `Acting.what_if`.
        """
        raise InvalidInput("what_if", type(change).__name__, "is about today; ask it without as_of")

    def why(self, person: str, record: Any) -> Proof:
        """
        Return why *person* saw the record then, or why not.

        Raises:
            NotFound: As of `Acting.why`: the acting person does not see the record now, it was not there then, or
                the person is neither themselves nor below them.

        Source: HIST-1, VIS-15, ACC-26.
        """
        if not self._may_know(self._present.sight(), named(person, "person")):
            raise NotFound("person", person)
        return self._past.why(person, record, told_to=self.person)

    def who_can_see(self, record: Any) -> Mapping[str, Sequence[Cause]]:
        """
        Return who saw the record then, each with every cause, as far as the acting person sees their line now.

        Raises:
            NotFound: The acting person does not see the record now, or it was not there then.

        Source: HIST-1, VIS-15, ACC-26.
        """
        now = self._present.sight()
        saw = self._past.who_can_see(record)
        return {person: self._past.why(person, record, told_to=self.person).ways for person in saw
                if self._may_know(now, person)}  # fmt: skip
