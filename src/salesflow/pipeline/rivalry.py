"""
Wins and losses against each competitor (CUS-4, PIPE-2).

A deal names competitors by the id or the name of an entry of the catalogue, or by any other name; the entry's id and
its name are one competitor. A deal counts once for each that it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, frozen

from salesflow.model.catalogue import Competitor
from salesflow.model.enums import OpportunityStatus
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.grouping import SHARED_GROUPINGS
from salesflow.pipeline.population import Population, counted_of
from salesflow.pipeline.totals import Totals, total_of
from salesflow.pipeline.winning import DECIDED, RULE

_RIVALS = SHARED_GROUPINGS["competitor"]


@frozen
class CompetitorRecord:
    """
    What became of the deals against one competitor.

    Args:
        name: What the catalogue calls them, or the deals.
        id: Their id in the catalogue; None where they are only named.
        won: How many deals we won in which they stood.
        lost_to: How many they won.
        lost_beside: How many we lost in which they stood, to somebody else or to nobody known.
        rate: won / (won + lost_to + lost_beside); None where they stood in nothing that was decided.
        won_value: The actual amounts of the won, per currency.
        lost_to_value: The amounts of those that they won.

    Source: CUS-4.
    """

    name: str
    id: str | None
    won: int
    lost_to: int
    lost_beside: int
    rate: float | None
    won_value: Totals
    lost_to_value: Totals


@frozen
class CompetitorRecords:
    """
    What became of the deals against each competitor.

    Args:
        competitors: One for each of the catalogue and each that a deal names, by name.
        population: Which deals are counted.

    Source: CUS-4, PIPE-8.
    """

    competitors: tuple[CompetitorRecord, ...]
    population: Population

    def against(self, competitor: str) -> CompetitorRecord | None:
        """Return the record of a competitor by id or name, or None where nobody named it."""
        found = [each for each in self.competitors if competitor in (each.id, each.name)]
        return min(found, key=lambda each: each.id != competitor, default=None)


def competitors_named(opportunities: Iterable[Opportunity], names: Mapping[str, str]) -> Iterator[Opportunity]:
    """
    Give *opportunities* with every competitor by its name, where it stood by its id.

    Args:
        names: The name of each competitor of the catalogue, by its id.

    Source: CUS-4.
    """
    for opportunity in opportunities:
        if names.keys().isdisjoint((*opportunity.competitors, *[each.competitor for each in opportunity.closings])):
            yield opportunity
            continue
        yield evolve(
            opportunity,
            competitors=tuple(dict.fromkeys(names.get(each, each) for each in opportunity.competitors)),
            closings=tuple(
                evolve(closing, competitor=names.get(closing.competitor or "", closing.competitor))
                for closing in opportunity.closings
            ),
        )


def competitor_records(opportunities: Iterable[Opportunity], catalogue: Iterable[Competitor]) -> CompetitorRecords:
    """
    Return what became of the deals against each competitor.

    Args:
        opportunities: Those that the viewer sees; left out are the open and the invalid ones.
        catalogue: The competitors that are known.

    Source: CUS-4, PIPE-2, PIPE-8.
    """
    ids = {known.name: known.id for known in catalogue}
    names = {id: name for name, id in ids.items()}
    named = competitors_named(opportunities, names)
    decided, population = counted_of(named, DECIDED, RULE)
    stood_in: dict[str, list[Opportunity]] = {name: [] for name in ids}
    for opportunity in decided:
        for rival in _RIVALS(opportunity):
            stood_in.setdefault(str(rival), []).append(opportunity)
    found = [_record(name, ids.get(name), deals) for name, deals in sorted(stood_in.items())]
    return CompetitorRecords(tuple(found), population)


def _record(name: str, id: str | None, deals: list[Opportunity]) -> CompetitorRecord:
    won = [deal for deal in deals if deal.status is OpportunityStatus.WON]
    lost = [deal for deal in deals if deal.status is OpportunityStatus.LOST]
    lost_to = [deal for deal in lost if deal.closing is not None and deal.closing.competitor == name]
    won_value = total_of(deal.actual_amount for deal in won)
    lost_to_value = total_of(deal.amount for deal in lost_to)
    return competitor_record_of(name, id, len(won), len(lost_to), len(lost) - len(lost_to), won_value, lost_to_value)


def competitor_record_of(
    name: str, id: str | None, won: int, lost_to: int, lost_beside: int, won_value: Totals, lost_to_value: Totals
) -> CompetitorRecord:
    """Return the record of what was counted, in whatever way."""
    met = won + lost_to + lost_beside
    rate = won / met if met else None
    return CompetitorRecord(name, id, won, lost_to, lost_beside, rate, won_value, lost_to_value)
