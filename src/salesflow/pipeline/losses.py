"""Why deals were lost or turned out to be none, and in which stage they were left (PIPE-2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import frozen

from salesflow.model.enums import OpportunityStatus
from salesflow.model.opportunity import Opportunity
from salesflow.pipeline.population import Population, counted_of
from salesflow.pipeline.totals import Totals, total_of

OUTCOMES = (OpportunityStatus.LOST, OpportunityStatus.INVALID)
"""What losses are of."""

RULE = "lost and invalid opportunities; left out are the open and the won ones"
"""What is counted."""


@frozen
class Loss:
    """
    Those that ended in one way, for one reason or in one stage.

    Args:
        outcome: Lost or invalid.
        key: The reason's or the stage's code; None where the closing has no reason.
        count: How many.
        amounts: What they might have been worth, per currency.

    Source: PIPE-2.
    """

    outcome: OpportunityStatus
    key: str | None
    count: int
    amounts: Totals


@frozen
class Losses:
    """
    What was lost and what was none; each record is once in either.

    Args:
        by_reason: By the reason given, the lost ones first, then by how many.
        by_stage: By the stage left, likewise.
        population: Which records are counted.

    Source: PIPE-2, PIPE-8.
    """

    by_reason: tuple[Loss, ...]
    by_stage: tuple[Loss, ...]
    population: Population


def losses(opportunities: Iterable[Opportunity]) -> Losses:
    """
    Return why and where the lost and the invalid ones ended.

    Args:
        opportunities: Those that the viewer sees; left out are the open and the won ones.

    Source: PIPE-2, PIPE-8.
    """
    counted, population = counted_of(opportunities, OUTCOMES, RULE)
    by_reason = _parts(counted, lambda opportunity: opportunity.closing.reason if opportunity.closing else None)
    return losses_of(by_reason, _parts(counted, lambda opportunity: opportunity.stage), population)


def losses_of(by_reason: Iterable[Loss], by_stage: Iterable[Loss], population: Population) -> Losses:
    """Return what was counted, in whatever way, in its order."""
    return Losses(tuple(sorted(by_reason, key=_place)), tuple(sorted(by_stage, key=_place)), population)


def _place(loss: Loss) -> tuple[int, int, str, bool]:
    return OUTCOMES.index(loss.outcome), -loss.count, str(loss.key), loss.key is None


def _parts(ended: Sequence[Opportunity], key_of: Callable[[Opportunity], str | None]) -> list[Loss]:
    parts: dict[tuple[OpportunityStatus, str | None], list[Opportunity]] = {}
    for opportunity in ended:
        parts.setdefault((opportunity.status, key_of(opportunity)), []).append(opportunity)
    return [
        Loss(outcome, key, len(members), total_of(member.amount for member in members))
        for (outcome, key), members in parts.items()
    ]
