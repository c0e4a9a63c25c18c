"""
What each lead source brought in for what it cost (LEAD-16).

Leads and opportunities are those that the viewer sees; a cost is that of the source as a whole, whoever looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import localcontext

from attrs import frozen

from salesflow.model.catalogue import LeadSource
from salesflow.model.enums import LeadStatus, OpportunityStatus
from salesflow.model.label import Label
from salesflow.model.lead import Lead
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.population import EVERY_STATUS, Population, population_of
from salesflow.pipeline.totals import Totals, total_of


@frozen
class SourceReturn:
    """
    What one lead source brought in.

    Args:
        source: Its code, as leads and opportunities hold it; None for those that hold none.
        name: What the catalogue calls it; None where it has no such source.
        leads: How many leads came from it.
        converted: How many of them were converted.
        opportunities: How many opportunities came from it, whether or not by a lead.
        won: How many of them were won.
        won_value: The actual amounts of the won, per currency.
        cost: All that it cost, per currency.

    Source: LEAD-16.
    """

    source: str | None
    name: Label | None
    leads: int
    converted: int
    opportunities: int
    won: int
    won_value: Totals
    cost: Totals

    @property
    def conversion(self) -> float | None:
        """Converted leads / leads; None where there are none."""
        return self.converted / self.leads if self.leads else None

    def return_in(self, currency: str) -> float | None:
        """Return value won / cost, of what stands in *currency*; None where that cost nothing."""
        cost = self.cost.of(currency)
        with localcontext(prec=40):
            return float(self.won_value.of(currency) / cost) if cost else None


@frozen
class SourceReturns:
    """
    What each lead source brought in.

    Args:
        sources: One for each source of the catalogue and each that a record holds, by code; records without a
            source come last.
        leads: Which leads are counted.
        opportunities: Which opportunities are counted.

    Source: LEAD-16, PIPE-8.
    """

    sources: tuple[SourceReturn, ...]
    leads: Population
    opportunities: Population

    def source(self, code: str | None) -> SourceReturn | None:
        """Return what the source of this code brought in, or None where nobody knows of it."""
        return next((each for each in self.sources if each.source == code), None)


def source_returns(
    leads: Iterable[Lead], opportunities: Iterable[Opportunity], catalogue: Iterable[LeadSource]
) -> SourceReturns:
    """
    Return what each lead source brought in for what it cost.

    Args:
        leads, opportunities: Those that the viewer sees, in every status.
        catalogue: The sources that are known, with their costs.

    Source: LEAD-16, PIPE-8.
    """
    known = {source.id: source for source in catalogue}
    leads_of: dict[str | None, list[Lead]] = {code: [] for code in known}
    deals_of: dict[str | None, list[Opportunity]] = {code: [] for code in known}
    for lead in leads:
        leads_of.setdefault(lead.source, []).append(lead)
    for opportunity in opportunities:
        deals_of.setdefault(opportunity.source, []).append(opportunity)
    codes = sorted({*leads_of, *deals_of}, key=lambda code: (code is None, code or ""))
    every_lead = [lead for group in leads_of.values() for lead in group]
    every_deal = [deal for group in deals_of.values() for deal in group]
    return SourceReturns(
        tuple(_return(code, known.get(code or ""), leads_of.get(code, []), deals_of.get(code, [])) for code in codes),
        population_of(every_lead, len(every_lead), LeadStatus, "every lead, those in pools among them"),
        population_of(
            every_deal,
            len(every_deal),
            EVERY_STATUS,
            "every opportunity, open and closed; a cost is that of its source as a whole",
        ),
    )


def _return(code: str | None, known: LeadSource | None, leads: list[Lead], deals: list[Opportunity]) -> SourceReturn:
    won = [deal for deal in deals if deal.status is OpportunityStatus.WON]
    return SourceReturn(
        code,
        known.name if known is not None else None,
        len(leads),
        sum(1 for lead in leads if lead.status is LeadStatus.CONVERTED),
        len(deals),
        len(won),
        total_of(deal.actual_amount for deal in won),
        total_of(cost.amount for cost in known.costs) if known is not None else Totals(),
    )
