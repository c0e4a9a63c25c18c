"""The facade: loads, asks the rooms in order, saves all together. It holds no rule of its own."""

from salesflow.app.acting import Acting
from salesflow.app.automation import DeliveryReport
from salesflow.app.business_rules import BusinessRule
from salesflow.app.conversion import ConvertedLead
from salesflow.app.each import EachOutcome
from salesflow.app.files import ImportReport, RowProblem
from salesflow.app.flow import SalesFlow
from salesflow.app.issuing import IssuedDocument
from salesflow.app.migrations import MigrationReport, RehearsalReport
from salesflow.app.paging import Page
from salesflow.app.recycling import RecyclingOutcome, RecyclingReport, RecyclingResult
from salesflow.app.settings import Settings

__all__ = [
    "Acting", "BusinessRule", "ConvertedLead", "DeliveryReport", "EachOutcome", "ImportReport", "IssuedDocument",
    "MigrationReport", "Page", "RecyclingOutcome", "RecyclingReport", "RecyclingResult", "RehearsalReport",
    "RowProblem", "SalesFlow", "Settings",
]  # fmt: skip
