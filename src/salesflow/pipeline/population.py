"""Every figure says which records it counts (PIPE-8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import frozen

from salesflow.model.enums import LeadStatus, OpportunityStatus
from salesflow.model.lead import Lead
from salesflow.model.opportunity import Opportunity

EVERY_STATUS = tuple(OpportunityStatus)
"""Open and closed alike."""


def rule_of_process(process: str) -> str:
    """Return the rule of a figure that counts all records of one process, by the template's id."""
    return f"open, won, lost and invalid opportunities of {process!r}; left out are those of other processes"


@frozen
class Population:
    """
    Which of the given records a figure counts.

    Args:
        statuses: The statuses that it counts.
        counted: How many records that were.
        left_out: How many of the given ones were not counted, for the reason that *rule* gives.
        voided: How many of the counted are voided; only an administrator's `voided` scene has any.
        rule: What is counted and what is left out, in words.

    Source: PIPE-8.
    """

    statuses: tuple[OpportunityStatus | LeadStatus, ...]
    counted: int
    left_out: int
    voided: int
    rule: str

    def __str__(self) -> str:
        return f"{self.counted:,} counted, {self.left_out:,} left out: {self.rule}"


def counted_of(
    opportunities: Iterable[Opportunity], statuses: Iterable[OpportunityStatus], rule: str, process: str | None = None
) -> tuple[list[Opportunity], Population]:
    """
    Return those of *opportunities* that a figure counts, with the population that they are.

    Args:
        opportunities: All that are given; read once.
        statuses: The statuses that it counts.
        rule: What is counted and what is left out, in words.
        process: The id of the process whose records it counts; None means any.
    """
    wanted = tuple(statuses)
    counted, given = [], 0
    for opportunity in opportunities:
        given += 1
        if opportunity.status in wanted and process in (None, opportunity.process):
            counted.append(opportunity)
    return counted, population_of(counted, given, wanted, rule)


def population_of(
    counted: Collection[Opportunity | Lead], given: int, statuses: Iterable[OpportunityStatus | LeadStatus], rule: str
) -> Population:
    """Return the population of a figure that counts *counted*, out of *given* many records."""
    voided = sum(1 for record in counted if record.voided)
    return Population(tuple(statuses), len(counted), given - len(counted), voided, rule)
