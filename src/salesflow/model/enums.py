"""The closed vocabularies of the domain. Each value is a plain string too, so that files and stores can hold it."""

from __future__ import annotations

from enum import StrEnum


class DocumentKind(StrEnum):
    """What a document of a sale is (OPP-13): quote 销售意向单 (报价), contract 销售合同, order 订单, invoice 发票."""

    QUOTE = "quote"
    CONTRACT = "contract"
    ORDER = "order"
    INVOICE = "invoice"


class DeliveryStatus(StrEnum):
    """Where an automation on its way stands (RULE-3); one that is done is deleted."""

    WAITING = "waiting"
    DEAD = "dead"
    """It failed too often, or can never succeed (死信): somebody must look at it."""


class LeadStatus(StrEnum):
    """Where a lead (销售线索) stands; `voided` and `disabled` are flags beside it (domain §2)."""

    UNASSIGNED = "unassigned"
    ASSIGNED = "assigned"
    CONVERTED = "converted"
    DISQUALIFIED = "disqualified"


class ReviewState(StrEnum):
    """The review of a lead, independent of its status (domain §2)."""

    CREATED = "created"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RE_REVIEW = "re_review"


class OpportunityStatus(StrEnum):
    """Where an opportunity (商机) stands; *completed* means one of the last three (domain §5)."""

    IN_PROGRESS = "in_progress"
    WON = "won"
    LOST = "lost"
    INVALID = "invalid"


class TeamRole(StrEnum):
    """The built-in roles of a team member (TEAM-1). The set is open: a role may be any other string."""

    OWNER = "owner"
    SALES = "sales"
    JOINT = "joint"
    AFTER_SALES = "after_sales"
    PRESALES = "presales"


class Access(StrEnum):
    """What a team member or a sharing rule permits: reading, or reading and writing (TEAM-1, VIS-11)."""

    READ = "read"
    READ_WRITE = "read_write"


class Grade(StrEnum):
    """The grade of an opportunity, A the highest; E is a partner's deal (GRADE-1)."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"


class Route(StrEnum):
    """How much of the process an opportunity must run, decided by its grade (GRADE-2, OPP-6a)."""

    FULL = "full"
    FAST_TRACK = "fast_track"
    PARTNER = "partner"


class LedBy(StrEnum):
    """Who leads the deal: us, or a partner (OPP-2, GRADE-1)."""

    US = "us"
    PARTNER = "partner"


class Registration(StrEnum):
    """The registration (报备) of a partner's deal with us (OPP-20)."""

    UNREGISTERED = "unregistered"
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"


class TaskStatus(StrEnum):
    """A task is open, done, skipped with its stage (OPP-6), or cancelled by the closing (OPP-7)."""

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class StageEntry(StrEnum):
    """How a stage was entered."""

    CREATED = "created"
    ADVANCED = "advanced"
    JUMPED = "jumped"
    RETURNED = "returned"
    REOPENED = "reopened"
    IMPORTED = "imported"
    PROCESS_CHANGED = "process_changed"
    MIGRATED = "migrated"


class StageExit(StrEnum):
    """How a stage was left. A skipped stage was never worked in: it was passed over (OPP-6)."""

    ADVANCED = "advanced"
    JUMPED = "jumped"
    RETURNED = "returned"
    CLOSED = "closed"
    SKIPPED = "skipped"
    PROCESS_CHANGED = "process_changed"
    MIGRATED = "migrated"


class ProbabilitySource(StrEnum):
    """Where a win probability comes from (OPP-2)."""

    STAGE = "stage"
    HAND = "hand"
    OUTCOME = "outcome"


class ApprovalStatus(StrEnum):
    """The life of one approval (RULE-2)."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class AfterSalesStatus(StrEnum):
    """The life of one after-sales process beside the opportunity (OPP-12)."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class DealStatus(StrEnum):
    """A customer's deal status: none yet, one, several (CUS-2)."""

    NONE = "none"
    DEAL = "deal"
    REPEAT = "repeat"


class Jump(StrEnum):
    """How a template governs jumping forward over stages (OPP-6)."""

    FREE = "free"
    REASON = "reason"
    FAST_TRACK = "fast_track"


class WinFrom(StrEnum):
    """From which stage an opportunity may be won (OPP-7)."""

    LAST = "last"
    ANY = "any"
