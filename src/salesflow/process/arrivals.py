"""
What an arrival from another system may say, and whether two of them say the same (IO-1, IO-3).

The rules guard moves, not arrivals; but nothing that arrives has happened yet to come.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from salesflow.model import ImportedLead, ImportedOpportunity, Lead, Opportunity

_OF_A_LEAD = "title owner branch contact company phone email channel source description".split()
_OF_AN_OPPORTUNITY = "name owner process stage status customer contact amount close_date source".split()


def moments_ahead(arrival: ImportedOpportunity | ImportedLead, now: datetime) -> tuple[tuple[str, datetime], ...]:
    """
    Return each moment of the arrival's past that lies after *now*, with its field; of a stage, with the stage's code.

    Source: IO-3, HIST-2.
    """
    told: list[tuple[str, datetime | None]] = [("created_at", arrival.created_at)]
    if isinstance(arrival, ImportedOpportunity):
        told += [("closed_at", arrival.closed_at), ("entered_at", arrival.entered_at), *arrival.history]
    return tuple([(field, moment) for field, moment in told if moment is not None and moment > now])


def brought_along(record: Lead | Opportunity) -> tuple[Any, ...]:
    """
    Return what a record has from its arrival: two arrivals that say the same make records that are equal in it.

    What the moment of taking it in adds is left out: when it was created, where nobody says, and the like.

    Source: IO-1.
    """
    if isinstance(record, Lead):
        return tuple([getattr(record, name) for name in _OF_A_LEAD])
    past = tuple([(visit.stage, visit.entered_at) for visit in record.visits])
    ends = tuple([(closing.at, closing.actual_amount, closing.reason) for closing in record.closings])
    return (*[getattr(record, name) for name in _OF_AN_OPPORTUNITY], past, ends)
