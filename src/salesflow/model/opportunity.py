"""An opportunity (商机) and what it is made of (domain §5, §6)."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from attrs import field, frozen

from salesflow.model.activity import Activity
from salesflow.model.document import ProductLine
from salesflow.model.enums import (
    Access,
    AfterSalesStatus,
    ApprovalStatus,
    Grade,
    LedBy,
    OpportunityStatus,
    ProbabilitySource,
    Registration,
    Route,
    StageEntry,
    StageExit,
    TaskStatus,
    TeamRole,
)
from salesflow.model.events import collection
from salesflow.model.money import Money
from salesflow.model.party import CustomField
from salesflow.model.reasons import Reason


@frozen
class TeamMember:
    """
    One person in one role in the team (相关团队).

    Args:
        person: The employee's id.
        role: A `TeamRole`, or any other role by name.
        access: What the role permits.

    Source: TEAM-1, TEAM-2.
    """

    person: str
    role: str = TeamRole.SALES
    access: Access = Access.READ

    @property
    def key(self) -> str:
        """The item's key: a person stands at most once per role."""
        role = self.role
        if ":" in role or "%" in role:  # so that the first colon ends the role: ids may hold colons too
            role = role.replace("%", "%25").replace(":", "%3A")
        return f"{role}:{self.person}"


@frozen
class StageVisit:
    """
    One stay in one stage.

    Args:
        number: Counts from 1 within the record.
        stage: The stage's code.
        entered_at: When, in UTC; None where an import did not know.
        entry: How it was entered.
        left_at: When it was left; None while it lasts.
        exit: How it was left; None while it lasts. A skipped stage begins and ends at one instant.
        reason: Why it was skipped or left open, in the person's words, or None.

    Source: OPP-5, OPP-6, OPP-8.
    """

    number: int
    stage: str
    entered_at: datetime | None
    entry: StageEntry
    left_at: datetime | None = None
    exit: StageExit | None = None
    reason: str | None = None

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return str(self.number)


@frozen
class Task:
    """
    One task of an opportunity.

    Args:
        id: The number of the visit that made it and its code, such as ``1:confirm_tender``.
        code: The code within its stage.
        stage: The stage it belongs to.
        is_required: Whether the stage cannot be finished without it (必做之事); an ad-hoc task is not.
        routes: The routes it binds; empty means all (PROC-1).
        name: For people; None where the template has it.
        assignee: The person who shall do it, or None.
        due: The day it is due, or None.
        done_at, done_by: When (UTC) and who, once it is done.

    Source: OPP-3, PROC-1.
    """

    id: str
    code: str
    stage: str
    status: TaskStatus = TaskStatus.OPEN
    is_required: bool = True
    routes: tuple[Route, ...] = ()
    name: str | None = None
    assignee: str | None = None
    due: date | None = None
    done_at: datetime | None = None
    done_by: str | None = None

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return self.id


@frozen
class Feedback:
    """
    What was filled in about one visit of a stage (阶段反馈); earlier feedback stays.

    Source: OPP-4.
    """

    id: str
    visit: int
    stage: str
    text: str
    at: datetime
    by: str

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return self.id


@frozen
class Probability:
    """
    The chance of winning.

    Args:
        percent: 0 to 100.
        source: The stage's default, a value set by hand, or the outcome.

    Source: OPP-2.
    """

    percent: int
    source: ProbabilitySource


@frozen
class Grading:
    """
    The grade of an opportunity: what the policy computed and what somebody set by hand, both kept.

    Args:
        computed: The policy's grade; None where it is undecided.
        reason: Why the policy says so.
        route: The route that the effective grade gives.
        override: The grade set by hand, or None.
        override_reason, override_by: Why and by whom.
        override_led_by: Who led the deal when it was set; another lead party suspends it.
        is_suspended: Whether the override counts for nothing now.

    Source: GRADE-1, GRADE-3.
    """

    computed: Grade | None = None
    reason: Reason | None = None
    route: Route = Route.FULL
    override: Grade | None = None
    override_reason: str | None = None
    override_by: str | None = None
    override_led_by: LedBy | None = None
    is_suspended: bool = False

    @property
    def effective(self) -> Grade | None:
        """The grade that counts: the override while it stands, else the computed one."""
        if self.override is not None and not self.is_suspended:
            return self.override
        return self.computed


@frozen
class Closing:
    """
    One completion of an opportunity; a reopening ends it and it stays in the record.

    Args:
        number: Counts from 1 within the record.
        outcome: Won, lost or invalid.
        stage: The stage that was left.
        at, by: When (UTC; None where an import did not know) and who.
        actual_close_date: The business day of the closing, or None where unknown.
        actual_amount: What was really sold; None where it is not known or nothing was.
        reason: A code of the process's list; None for a win.
        comment: Further words, or None.
        competitor: The competitor that won, by id or name, or None.
        probability: What the probability was before.
        ended_at, ended_by: When and by whom it was reopened; None while it stands.

    Source: OPP-7, OPP-8.
    """

    number: int
    outcome: OpportunityStatus
    stage: str
    at: datetime | None
    by: str
    actual_close_date: date | None
    probability: Probability
    actual_amount: Money | None = None
    reason: str | None = None
    comment: str | None = None
    competitor: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return str(self.number)


@frozen
class Approval:
    """
    One request that an operation may happen (审批).

    Args:
        id: Unique within the record.
        operation: What waits, such as ``"opportunities.advance"``.
        stage: The stage it is asked for: the one that would be left.
        arguments: What the waiting operation was called with, by name.
        requested_by, requested_at: Who and when (UTC); the operation happens as this person.
        decided_by, decided_at: Who decided and when; None while it waits.
        comment: The words given with the decision, or None.
        approver: Who decides, as the template names them: ``owner_superior``, ``person:ID`` or ``role:TEAM_ROLE``.
        expires_at: From when on (UTC) it cannot be decided any more; None means never.

    Source: RULE-2.
    """

    id: str
    operation: str
    stage: str
    arguments: tuple[tuple[str, str], ...]
    requested_by: str
    requested_at: datetime
    status: ApprovalStatus = ApprovalStatus.REQUESTED
    decided_by: str | None = None
    decided_at: datetime | None = None
    comment: str | None = None
    approver: str = "owner_superior"
    expires_at: datetime | None = None

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return self.id


@frozen
class Waiver:
    """
    An owed stage that a superior let go (GRADE-4).
    """

    stage: str
    reason: str
    at: datetime
    by: str

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return self.stage


@frozen
class ContactRole:
    """
    What a contact does in this deal.

    Args:
        contact: The contact's id.
        role: ``decision_maker influencer economic_buyer evaluator user``, or any other word.
        is_primary: At most one contact is.
        related_to: Another contact's id, or None.

    Source: CUS-3.
    """

    contact: str
    role: str
    is_primary: bool = False
    related_to: str | None = None

    @property
    def key(self) -> str:
        """The item's key: a contact has one role in a deal."""
        return self.contact


@frozen(kw_only=True)
class AfterSales:
    """
    One run of an after-sales process (售后流程) beside the opportunity, with its own progress.

    Args:
        number: Counts from 1 within the opportunity; one runs at a time.
        process, process_version, stage: The template it is pinned to, and where it stands.

    Source: OPP-12.
    """

    number: int
    process: str
    process_version: int
    stage: str
    status: AfterSalesStatus = AfterSalesStatus.RUNNING
    started_at: datetime
    ended_at: datetime | None = None
    visits: tuple[StageVisit, ...] = ()
    tasks: tuple[Task, ...] = ()
    feedback: tuple[Feedback, ...] = ()

    @property
    def key(self) -> str:
        """The item's key in the record's collection."""
        return str(self.number)


@frozen(kw_only=True)
class Opportunity:
    """
    An opportunity.

    Args:
        owner: The employee who answers for it; stands in the team as `OWNER` with `READ_WRITE` (TEAM-2).
        process, process_version: The template version that it is pinned to (PROC-6).
        stage: The code of the stage it is in, or left last when it is completed.
        status: In progress, or how it ended; `voided` is independent of it.
        customer, contact: At least one is known, but after an import that lacked both.
        amount: What it may be worth; None where unknown.
        close_date: The expected close date, a plain day, or None.
        probability: The chance of winning and where it comes from.
        led_by: Us or a partner; registration belongs to a partner's deal.
        grade: The grade and the route that follows from it.
        visits: Every stay in every stage, the current one last.
        closings: Every completion; the last one stands while the status is not in progress.
        is_imported: Whether it arrived from another system (IO-3).
        source_lead: The lead it was converted from, or None.
        quote_number, contract_number, order_number, invoice_number: The number of the document of each kind that was
            issued last, or None.

    Source: OPP-1, OPP-2, OPP-13.
    """

    KIND: ClassVar[str] = "opportunity"

    id: str
    version: int
    name: str
    owner: str
    process: str
    process_version: int
    stage: str
    probability: Probability
    team: tuple[TeamMember, ...] = collection()
    status: OpportunityStatus = OpportunityStatus.IN_PROGRESS
    voided: bool = False
    customer: str | None = None
    contact: str | None = None
    amount: Money | None = None
    close_date: date | None = None
    led_by: LedBy = LedBy.US
    registration: Registration = Registration.UNREGISTERED
    grade: Grading = field(default=Grading())
    source_lead: str | None = None
    source: str | None = None
    is_imported: bool = False
    quote_number: str | None = None
    contract_number: str | None = None
    order_number: str | None = None
    invoice_number: str | None = None
    last_activity_at: datetime | None = None
    competitors: tuple[str, ...] = ()
    visits: tuple[StageVisit, ...] = collection()
    tasks: tuple[Task, ...] = collection()
    feedback: tuple[Feedback, ...] = collection()
    products: tuple[ProductLine, ...] = collection()
    contact_roles: tuple[ContactRole, ...] = collection()
    activities: tuple[Activity, ...] = collection()
    approvals: tuple[Approval, ...] = collection()
    waivers: tuple[Waiver, ...] = collection()
    closings: tuple[Closing, ...] = collection()
    after_sales: tuple[AfterSales, ...] = collection()
    custom: tuple[CustomField, ...] = collection()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None

    @property
    def is_completed(self) -> bool:
        """Whether it was won, lost or found invalid (已完成)."""
        return self.status is not OpportunityStatus.IN_PROGRESS

    @property
    def has_documents(self) -> bool:
        """Whether a document was ever issued for it (OPP-10)."""
        return any((self.quote_number, self.contract_number, self.order_number, self.invoice_number))

    @property
    def closing(self) -> Closing | None:
        """The completion that stands, or None while it is in progress."""
        return self.closings[-1] if self.is_completed and self.closings else None

    @property
    def actual_close_date(self) -> date | None:
        """The business day on which it was completed, or None."""
        return self.closing.actual_close_date if self.closing else None

    @property
    def actual_amount(self) -> Money | None:
        """What was really sold, or None."""
        return self.closing.actual_amount if self.closing else None
