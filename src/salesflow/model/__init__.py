"""
The nouns: frozen attrs classes, and what always holds of one of them.

Nothing here reads a clock, a store or an environment, and no rule here needs two records.
"""

from salesflow.model.activity import Activity
from salesflow.model.apply import RECORD_CLASSES, apply, replay
from salesflow.model.automation import AutomaticNotice, AutomaticTask, Automation
from salesflow.model.catalogue import (
    Competitor,
    LeadSource,
    Literature,
    ProductScorecard,
    ScoredCriterion,
    SourceCost,
)
from salesflow.model.check import check
from salesflow.model.conditions import Condition
from salesflow.model.delivery import Delivery
from salesflow.model.dialogs import AnswerKind, Dialog, DialogChoice, DialogQuestion
from salesflow.model.document import Document, ProductLine, document_id, total_of
from salesflow.model.duplicates import Duplicate
from salesflow.model.enums import (
    Access,
    AfterSalesStatus,
    ApprovalStatus,
    DealStatus,
    DeliveryStatus,
    DocumentKind,
    Grade,
    Jump,
    LeadStatus,
    LedBy,
    OpportunityStatus,
    ProbabilitySource,
    Registration,
    ReviewState,
    Route,
    StageEntry,
    StageExit,
    TaskStatus,
    TeamRole,
    WinFrom,
)
from salesflow.model.events import Change, Decision, Event, EventBuilder, EventKind, created
from salesflow.model.label import Label
from salesflow.model.lead import Conversion, FormerOwner, Lead, LeadCard, Merge, OverdueReminder
from salesflow.model.moments import business_day, utc
from salesflow.model.money import Money
from salesflow.model.opportunity import (
    AfterSales,
    Approval,
    Closing,
    ContactRole,
    Feedback,
    Grading,
    Opportunity,
    Probability,
    StageVisit,
    Task,
    TeamMember,
    Waiver,
)
from salesflow.model.ordering import DEFAULT_ORDER, ORDER_KEYS, position, sort_value
from salesflow.model.organization import Department, Employee, UserGroup
from salesflow.model.party import Contact, Customer, CustomField, Ref
from salesflow.model.process import (
    INVALID_REASONS,
    LOST_REASONS,
    ProcessApproval,
    ProcessRule,
    RequiredField,
    SalesProcess,
    Stage,
    TaskTemplate,
)
from salesflow.model.reasons import REASONS, Reason
from salesflow.model.requests import ImportedLead, ImportedOpportunity, NewContact, NewCustomer, NewOpportunity
from salesflow.model.sharing import Pool, SharingRule
from salesflow.model.timeline import Timeline, TimelineChange, TimelineEntry, timeline_of

__all__ = [
    "DEFAULT_ORDER", "INVALID_REASONS", "LOST_REASONS", "ORDER_KEYS", "REASONS", "RECORD_CLASSES", "Access", "Activity",
    "AfterSales", "AfterSalesStatus", "AnswerKind", "Approval", "ApprovalStatus", "AutomaticNotice", "AutomaticTask",
    "Automation", "Change", "Closing", "Competitor", "Condition", "Contact", "ContactRole", "Conversion", "CustomField",
    "Customer", "DealStatus", "Decision", "Delivery", "DeliveryStatus", "Department", "Dialog", "DialogChoice",
    "DialogQuestion", "Document", "DocumentKind", "Duplicate", "Employee", "Event", "EventBuilder", "EventKind",
    "Feedback", "FormerOwner", "Grade", "Grading", "ImportedLead", "ImportedOpportunity", "Jump", "Label", "Lead",
    "LeadCard", "LeadSource", "LeadStatus", "LedBy", "Literature", "Merge", "Money", "NewContact", "NewCustomer",
    "NewOpportunity", "Opportunity", "OpportunityStatus", "OverdueReminder", "Pool", "Probability", "ProbabilitySource",
    "ProcessApproval", "ProcessRule", "ProductLine", "ProductScorecard", "Reason", "Ref", "Registration",
    "RequiredField", "ReviewState", "Route", "SalesProcess", "ScoredCriterion", "SharingRule", "SourceCost", "Stage",
    "StageEntry", "StageExit", "StageVisit", "Task", "TaskStatus", "TaskTemplate", "TeamMember", "TeamRole", "Timeline",
    "TimelineChange", "TimelineEntry", "UserGroup", "Waiver", "WinFrom", "apply", "business_day", "check", "created",
    "document_id", "position", "replay", "sort_value", "timeline_of", "total_of", "utc",
]  # fmt: skip
