"""The peer of PERF-7: an opportunity as pydantic models, field for field, as strict as salesflow reads."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from salesflow.model import (
    Access,
    AfterSalesStatus,
    ApprovalStatus,
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
from salesflow.model import (
    Grade as GradeLetter,
)


class _Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Money(_Model):
    amount: Annotated[Decimal, Field(max_digits=17, decimal_places=2)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]


class Reason(_Model):
    code: str
    facts: dict[str, str | int | bool | tuple[str, ...] | None]


class TeamMember(_Model):
    person: str
    role: str = TeamRole.SALES
    access: Access = Access.READ


class StageVisit(_Model):
    number: int
    stage: str
    entered_at: datetime | None
    entry: StageEntry
    left_at: datetime | None = None
    exit: StageExit | None = None
    reason: str | None = None


class Task(_Model):
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


class Feedback(_Model):
    id: str
    visit: int
    stage: str
    text: str
    at: datetime
    by: str


class Probability(_Model):
    percent: int
    source: ProbabilitySource


class Grading(_Model):
    computed: GradeLetter | None = None
    reason: Reason | None = None
    route: Route = Route.FULL
    override: GradeLetter | None = None
    override_reason: str | None = None
    override_by: str | None = None
    override_led_by: LedBy | None = None
    is_suspended: bool = False


class Closing(_Model):
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


class Approval(_Model):
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


class Waiver(_Model):
    stage: str
    reason: str
    at: datetime
    by: str


class ContactRole(_Model):
    contact: str
    role: str
    is_primary: bool = False
    related_to: str | None = None


class AfterSales(_Model):
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


class ProductLine(_Model):
    key: str
    name: str
    quantity: Decimal
    unit_price: Money


class Activity(_Model):
    id: str
    kind: str
    text: str
    at: datetime
    by: str


class CustomField(_Model):
    key: str
    value: str | int | bool | Money | None


class Opportunity(_Model):
    id: str
    version: int
    name: str
    owner: str
    process: str
    process_version: int
    stage: str
    probability: Probability
    team: tuple[TeamMember, ...] = ()
    status: OpportunityStatus = OpportunityStatus.IN_PROGRESS
    voided: bool = False
    customer: str | None = None
    contact: str | None = None
    amount: Money | None = None
    close_date: date | None = None
    led_by: LedBy = LedBy.US
    registration: Registration = Registration.UNREGISTERED
    grade: Grading = Grading()
    source_lead: str | None = None
    source: str | None = None
    is_imported: bool = False
    quote_number: str | None = None
    contract_number: str | None = None
    order_number: str | None = None
    invoice_number: str | None = None
    last_activity_at: datetime | None = None
    competitors: tuple[str, ...] = ()
    visits: tuple[StageVisit, ...] = ()
    tasks: tuple[Task, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    products: tuple[ProductLine, ...] = ()
    contact_roles: tuple[ContactRole, ...] = ()
    activities: tuple[Activity, ...] = ()
    approvals: tuple[Approval, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    closings: tuple[Closing, ...] = ()
    after_sales: tuple[AfterSales, ...] = ()
    custom: tuple[CustomField, ...] = ()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None
