"""
The facade: `SalesFlow` for trusted code, `acting_as(person)` for everything that somebody asks for.

It holds no rule: each method is one line of intent over one shared path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Any, overload

from attrs import evolve

from salesflow.app.acting import Acting
from salesflow.app.automation import Automator, DeliveryReport, Handler
from salesflow.app.automation_actions import Actions
from salesflow.app.business_rules import BusinessRule, BusinessRules
from salesflow.app.catalogues import Catalogues
from salesflow.app.defaults import RandomIds, SystemClock
from salesflow.app.deliveries import DeliveryDesk
from salesflow.app.foresight import sight_changes
from salesflow.app.injected import called, handlers_of, is_grading, kind_of, port_of
from salesflow.app.kernel import Kernel
from salesflow.app.lookup import find
from salesflow.app.migrations import MigrationReport, RehearsalReport, migrate, rehearse_all
from salesflow.app.past import Past, then
from salesflow.app.processes import Processes
from salesflow.app.recycling import recycling_rules
from salesflow.app.settings import Settings
from salesflow.errors import NotFound
from salesflow.grading import AmountPolicy, GradeChange, GradingPolicy, what_if
from salesflow.model import Automation, Dialog, SalesProcess
from salesflow.model.moments import zone_of
from salesflow.model.requests import named
from salesflow.ports import (
    AuditSink,
    Clock,
    DocumentNumbers,
    Ids,
    KeyNormalizer,
    Notifier,
    OrganizationSource,
    PoolSelector,
    Store,
)
from salesflow.process import (
    MigrationOutcome,
    MigrationPlan,
    PlainKeys,
    RecyclingRule,
    RehearsedMove,
    sound_automations,
    sound_lead_dialogs,
)
from salesflow.visibility import Cause, Planned, Proof, Rule, SightChange, VisibilityPolicy


class SalesFlow(Catalogues):
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
        notifier: Tells people what they must know; None means that nobody is told (LEAD-13, RULE-3).
        recycling: How long an assigned lead may be left alone; of several rules the first that is for a lead counts
            (LEAD-13).
        documents: Numbers documents; None means that none is issued (OPP-13).
        automation: What happens by itself after events of leads, and of opportunities in every process, beside what the
            templates say (RULE-3).
        handlers: The application's own functions that automations call, by name; each takes what the person who caused
            the event may do, and the delivery.
        rules: The application's own business rules, beside those of the templates (RULE-1).
        lead_dialogs: Guided dialogs with leads; those with opportunities stand in their templates (OPP-16).
        key_normalizer: Brings phones, e-mail addresses and names into the form that duplicates are told by; None means
            `PlainKeys()` (LEAD-12).

    Raises:
        InvalidInput: A port, zone, process, scene, rule, automation or setting does not fit; or an automation calls a
            handler that is not there.
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
        pool_selector: PoolSelector | None = None, key_normalizer: KeyNormalizer | None = None,
        notifier: Notifier | None = None, recycling: Iterable[RecyclingRule] = (),
        automation: Iterable[Automation] = (), handlers: Mapping[str, Handler] | None = None,
        documents: DocumentNumbers | None = None, rules: Iterable[BusinessRule] = (),
        lead_dialogs: Iterable[Dialog] = (),
    ) -> None:  # fmt: skip
        policy = kind_of(VisibilityPolicy, visibility, "visibility")
        self._kernel = Kernel(
            store=port_of(store, "store", "get query save"),
            organization=port_of(organization, "organization", "version employees departments groups administrators"),
            processes=Processes(processes),
            clock=SystemClock() if clock is None else port_of(clock, "clock", "now"),
            ids=RandomIds() if ids is None else port_of(ids, "ids", "new"),
            zone=zone_of(time_zone),
            grading=AmountPolicy() if grading is None else port_of(grading, "grading", "grade"),
            visibility=policy if scenes is None else evolve(policy, scenes=scenes),
            audit=None if audit is None else port_of(audit, "audit", "record"),
            settings=kind_of(Settings, settings, "settings"),
            pool_selector=called(pool_selector, "pool_selector", "a lead and return the id of a pool"),
            key_normalizer=PlainKeys()
            if key_normalizer is None
            else called(key_normalizer, "key_normalizer", "a field and a text and return a key or None"),
            notifier=None if notifier is None else port_of(notifier, "notifier", "notify"),
            recycling=recycling_rules(recycling),
            documents=None if documents is None else port_of(documents, "documents", "number"),
            rules=BusinessRules(rules),
            lead_dialogs=sound_lead_dialogs(lead_dialogs),
        )  # fmt: skip
        kernel = self._kernel
        kernel.sight()
        super().__init__(kernel, None)
        actions = Actions(kernel, handlers_of(handlers), lambda person, key: Acting(kernel, person, key))
        self._automator = Automator(kernel, sound_automations(automation), actions)
        kernel.automation = self._automator if self._automator.is_needed else None

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

    def as_of(self, moment: datetime) -> Past:
        """
        Return the past as it was at *moment*: who could see what, and why.

        Args:
            moment: Aware; one that is still to come is now.

        Raises:
            InvalidInput: It is naive.

        Source: HIST-1.
        """
        return Past(self._kernel, then(self._kernel, moment))

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
        if is_grading(change):
            return what_if(kernel.query("opportunity"), port_of(change, "change", "grade"), self.today())
        return sight_changes(kernel, change)

    def deliver(self, now: datetime) -> DeliveryReport:
        """
        Take up every delivery that is due: what an automation could not do right after its change.

        Call it now and then, from wherever suits the application; the library has no thread of its own. Several
        processes may call it at once: each delivery is begun by one of them. What fails waits longer each time, by
        *now*, and is a dead letter after `salesflow.process.deliveries.MOST_ATTEMPTS` attempts; see `deliveries`.

        Args:
            now: The present moment, aware.

        Raises:
            InvalidInput: *now* is naive; or a handler calls this.
            PortError: The store failed; what was begun is due again later.

        Source: RULE-3.
        """
        return self._automator.deliver(now)

    @cached_property
    def deliveries(self) -> DeliveryDesk:
        """The deliveries that are not done, dead letters among them (RULE-3)."""
        return DeliveryDesk(self._kernel)

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
