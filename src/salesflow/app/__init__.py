"""The facade: loads, asks the rooms in order, saves all together. It holds no rule of its own."""

from salesflow.app.execution import Settings
from salesflow.app.files import ImportReport, RowProblem
from salesflow.app.flow import Acting, SalesFlow
from salesflow.app.leads import ConvertedLead
from salesflow.app.paging import Page

__all__ = ["Acting", "ConvertedLead", "ImportReport", "Page", "RowProblem", "SalesFlow", "Settings"]
