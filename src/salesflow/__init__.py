"""
salesflow: a complete, correct sales process to embed in any application.

Names are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesflow import grading, model, pipeline, process, scenes, templates, testing, visibility
    from salesflow.app import (
        Acting,
        BusinessRule,
        ConvertedLead,
        DeliveryReport,
        EachOutcome,
        ImportReport,
        IssuedDocument,
        MigrationReport,
        Page,
        RecyclingReport,
        RehearsalReport,
        RowProblem,
        SalesFlow,
        Settings,
    )
    from salesflow.errors import (
        Conflict,
        FileError,
        InvalidInput,
        NotFound,
        OrganizationError,
        PortError,
        Refused,
        SalesflowError,
        TemplateError,
    )
    from salesflow.model import (
        Access,
        Activity,
        AutomaticNotice,
        AutomaticTask,
        Automation,
        Competitor,
        Condition,
        Contact,
        ContactRole,
        Customer,
        Decision,
        Delivery,
        Department,
        Document,
        Duplicate,
        Employee,
        Event,
        Grade,
        ImportedLead,
        ImportedOpportunity,
        Lead,
        LeadCard,
        LeadSource,
        LeadStatus,
        LedBy,
        Literature,
        Money,
        NewContact,
        NewCustomer,
        NewOpportunity,
        Opportunity,
        OpportunityStatus,
        Pool,
        ProcessApproval,
        ProcessRule,
        ProductLine,
        ProductScorecard,
        Reason,
        Ref,
        Route,
        SalesProcess,
        ScoredCriterion,
        SharingRule,
        SourceCost,
        Stage,
        Task,
        TaskTemplate,
        TeamMember,
        TeamRole,
        UserGroup,
    )
    from salesflow.process import MigrationPlan, Move, RecyclingRule
    from salesflow.stores.memory import MemoryStore
    from salesflow.visibility import Organization, VisibilityPolicy

_HOMES = {
    "salesflow.app": (
        "Acting BusinessRule ConvertedLead DeliveryReport EachOutcome ImportReport IssuedDocument MigrationReport "
        "Page RecyclingReport RehearsalReport RowProblem SalesFlow Settings"
    ),
    "salesflow.errors": (
        "Conflict FileError InvalidInput NotFound OrganizationError PortError Refused SalesflowError TemplateError"
    ),
    "salesflow.model": (
        "Access Activity AutomaticNotice AutomaticTask Automation Competitor Condition Contact ContactRole Customer "
        "Decision Delivery Department Document Duplicate Employee Event Grade ImportedLead ImportedOpportunity Lead "
        "LeadCard LeadSource LeadStatus LedBy Literature Money NewContact NewCustomer NewOpportunity Opportunity "
        "OpportunityStatus Pool ProcessApproval ProcessRule ProductLine ProductScorecard Reason Ref Route "
        "SalesProcess ScoredCriterion SharingRule SourceCost Stage Task TaskTemplate TeamMember TeamRole UserGroup"
    ),
    "salesflow.process": "MigrationPlan Move RecyclingRule",
    "salesflow.stores.memory": "MemoryStore",
    "salesflow.visibility": "Organization VisibilityPolicy",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}
_ROOMS = ("grading", "model", "pipeline", "process", "scenes", "templates", "testing", "visibility")

__all__ = [
    "Access", "Acting", "Activity", "AutomaticNotice", "AutomaticTask", "Automation", "BusinessRule", "Competitor",
    "Condition", "Conflict", "Contact", "ContactRole", "ConvertedLead", "Customer", "Decision", "Delivery",
    "DeliveryReport", "Department", "Document", "Duplicate", "EachOutcome", "Employee", "Event", "FileError", "Grade",
    "ImportReport", "ImportedLead", "ImportedOpportunity", "InvalidInput", "IssuedDocument", "Lead", "LeadCard",
    "LeadSource", "LeadStatus", "LedBy", "Literature", "MemoryStore", "MigrationPlan", "MigrationReport", "Money",
    "Move", "NewContact", "NewCustomer", "NewOpportunity", "NotFound", "Opportunity", "OpportunityStatus",
    "Organization", "OrganizationError", "Page", "Pool", "PortError", "ProcessApproval", "ProcessRule", "ProductLine",
    "ProductScorecard", "Reason", "RecyclingReport", "RecyclingRule", "Ref", "Refused", "RehearsalReport", "Route",
    "RowProblem", "SalesFlow", "SalesProcess", "SalesflowError", "ScoredCriterion", "Settings", "SharingRule",
    "SourceCost", "Stage", "Task", "TaskTemplate", "TeamMember", "TeamRole", "TemplateError", "UserGroup",
    "VisibilityPolicy", "grading", "model", "pipeline", "process", "scenes", "templates", "testing", "visibility",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load *name* from the room it lives in, once."""
    home = _HOME_OF.get(name)
    if home is not None:
        value = getattr(import_module(home), name)
    elif name in _ROOMS:
        value = import_module(f"salesflow.{name}")
    else:
        raise AttributeError(f"module 'salesflow' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return every public name, loaded or not."""
    return sorted(__all__)
