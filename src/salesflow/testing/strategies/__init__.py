"""Hypothesis strategies of the domain: everything they give is sound by `salesflow.model.check`."""

from salesflow.testing.strategies.catalogue import (
    competitors,
    lead_sources,
    literature,
    references,
    scorecards,
    source_costs,
)
from salesflow.testing.strategies.documents import documents, product_lines
from salesflow.testing.strategies.histories import History, histories
from salesflow.testing.strategies.leads import activities, custom_fields, leads
from salesflow.testing.strategies.opportunities import (
    STAGES,
    closings,
    gradings,
    opportunities,
    tasks,
    teams,
    visits,
)
from salesflow.testing.strategies.organizations import DEPARTMENTS, GROUPS, organizations
from salesflow.testing.strategies.templates import sales_processes
from salesflow.testing.strategies.values import (
    CURRENCIES,
    PEOPLE,
    days,
    labels,
    moments,
    money,
    names,
    people,
    record_ids,
)

__all__ = [
    "CURRENCIES", "DEPARTMENTS", "GROUPS", "PEOPLE", "STAGES", "History", "activities", "closings", "competitors",
    "custom_fields", "days", "documents", "gradings", "histories", "labels", "lead_sources", "leads", "literature",
    "moments", "money", "names", "opportunities", "organizations", "people", "product_lines", "record_ids",
    "references", "sales_processes", "scorecards", "source_costs", "tasks", "teams", "visits",
]  # fmt: skip
