"""The facade: loads, asks the rooms in order, saves all together. It holds no rule of its own."""

from salesflow.app.files import ImportReport, RowProblem
from salesflow.app.flow import Acting, SalesFlow
from salesflow.app.leads import ConvertedLead
from salesflow.app.migrations import MigrationReport, RehearsalReport
from salesflow.app.paging import Page
from salesflow.app.settings import Settings

__all__ = [
    "Acting", "ConvertedLead", "ImportReport", "MigrationReport", "Page", "RehearsalReport", "RowProblem", "SalesFlow",
    "Settings",
]  # fmt: skip
