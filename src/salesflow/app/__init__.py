"""The facade: loads, asks the rooms in order, saves all together. It holds no rule of its own."""

from salesflow.app.acting import Acting
from salesflow.app.automation import DeliveryReport
from salesflow.app.conversion import ConvertedLead
from salesflow.app.files import ImportReport, RowProblem
from salesflow.app.flow import SalesFlow
from salesflow.app.issuing import IssuedDocument
from salesflow.app.migrations import MigrationReport, RehearsalReport
from salesflow.app.paging import Page
from salesflow.app.settings import Settings

__all__ = [
    "Acting", "ConvertedLead", "DeliveryReport", "ImportReport", "IssuedDocument", "MigrationReport", "Page",
    "RehearsalReport", "RowProblem", "SalesFlow", "Settings",
]  # fmt: skip
