"""
The funnel (销售漏斗): how many came how far, and where the others stayed (PIPE-2).

How far: a record reached the furthest stage, in the template's order, that it ever visited, and with it every
stage before, since a stage that was skipped is passed, not visited. A won record passed every stage, from
whichever it was won. So ``reached`` never rises along the funnel, and at every stage
``reached = reached at the next + dropped + open``; past the last stage comes the win.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import frozen

from salesflow.model.enums import OpportunityStatus, StageExit
from salesflow.model.opportunity import Opportunity
from salesflow.model.process import SalesProcess
from salesflow.pipeline.population import EVERY_STATUS, Population, population_of

_DROPPED = (OpportunityStatus.LOST, OpportunityStatus.INVALID)


@frozen
class FunnelStage:
    """
    One stage of the funnel.

    Args:
        code: The stage's code.
        reached: How many came here or further.
        visited: How many were really here, at least once; the others of *reached* passed it.
        dropped: How many came no further and were lost or found invalid.
        open: How many came no further yet.
        conversion: The share of *reached* that came to the next stage, of the last one that were won; None
            where nobody reached it.

    Source: PIPE-2.
    """

    code: str
    reached: int
    visited: int
    dropped: int
    open: int
    conversion: float | None


@frozen
class Funnel:
    """
    The funnel of one process.

    Args:
        process: The template's id.
        stages: In the template's order.
        won: How many came all the way.
        population: Which records are counted.

    Source: PIPE-2, PIPE-8.
    """

    process: str
    stages: tuple[FunnelStage, ...]
    won: int
    population: Population


def funnel(opportunities: Iterable[Opportunity], process: SalesProcess) -> Funnel:
    """
    Return the funnel of *process*.

    Args:
        opportunities: Those that the viewer sees; left out are records of other processes, and those that
            visited none of the template's stages.
        process: Gives the stages and their order.

    Source: PIPE-2, PIPE-8.
    """
    places = {stage.code: number for number, stage in enumerate(process.stages)}
    visited: Counter[int] = Counter()
    furthest: Counter[tuple[int, OpportunityStatus]] = Counter()
    counted = []
    given = 0
    for opportunity in opportunities:
        given += 1
        been = {
            places[visit.stage]
            for visit in opportunity.visits
            if visit.exit is not StageExit.SKIPPED and visit.stage in places
        }
        if opportunity.process != process.id or not been:
            continue
        counted.append(opportunity)
        visited.update(been)
        furthest[max(been), opportunity.status] += 1
    population = population_of(counted, given, EVERY_STATUS, rule_of_funnel(process.id))
    return funnel_of(process, furthest, {code: visited[place] for code, place in places.items()}, population)


def rule_of_funnel(process: str) -> str:
    """Return the rule of a funnel's population, by the template's id."""
    return (
        f"open, won, lost and invalid opportunities of {process!r} that visited one of its stages; "
        "left out are all others"
    )


def funnel_of(
    process: SalesProcess, furthest: Mapping[tuple[int, OpportunityStatus], int], visited: Mapping[str, int],
    population: Population,
) -> Funnel:  # fmt: skip
    """
    Return the funnel of what was counted, in whatever way.

    Args:
        furthest: How many of each status have as the furthest stage that they visited the one at this place, from 0.
        visited: How many were in a stage at least once, by its code.

    Source: PIPE-2, PIPE-8.
    """
    stages: list[FunnelStage] = []
    won = beyond = sum(count for (_, status), count in furthest.items() if status is OpportunityStatus.WON)
    for place, code in reversed(list(enumerate(stage.code for stage in process.stages))):
        open = furthest.get((place, OpportunityStatus.IN_PROGRESS), 0)
        dropped = sum(furthest.get((place, status), 0) for status in _DROPPED)
        reached = beyond + open + dropped
        conversion = beyond / reached if reached else None
        stages.append(FunnelStage(code, reached, visited.get(code, 0), dropped, open, conversion))
        beyond = reached
    return Funnel(process.id, tuple(reversed(stages)), won, population)
