"""What an import did: what each row came to, added up (IO-1)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from attrs import field, frozen

from salesflow.files.mapping import Arrival
from salesflow.files.problems import CellProblem, RowProblem
from salesflow.model import Lead
from salesflow.ports import Write

MOST_PROBLEMS = 1_000
"""A report names at most so many problems; `ImportReport.refused` counts every row."""


@frozen
class ImportReport:
    """
    What an import did, or in a dry run would do.

    Args:
        imported: How many records it made, customers and contacts aside.
        unchanged: How many were there already; importing twice changes nothing.
        problems: What is wrong with the rows that were not taken in, the first 1,000 problems; none of them
            stopped the rest.
        missing: Per field that a move will ask for, how many records arrived without it; of leads, those without
            the name of a contact or a source.
        refused: How many rows were not taken in.
        made: How many customers and contacts were made on the way, by kind.
        respelled: How many rows had a wrong spelling that the mapping corrects, by ``"column: spelling"``.
        linked: How many of the leads are about a customer, or a lead with documents, that is known already.

    Source: IO-1, IO-3, LEAD-12.
    """

    imported: int = 0
    unchanged: int = 0
    problems: tuple[RowProblem, ...] = ()
    missing: dict[str, int] = field(factory=dict)
    refused: int = 0
    made: dict[str, int] = field(factory=dict)
    respelled: dict[str, int] = field(factory=dict)
    linked: int = 0


@frozen
class Item:
    """
    One row on its way in.

    Args:
        row: Its number, from 1.
        line: The line of the file where it begins, or None.
        arrival: What it became; None where it became nothing.
        problems: Why not.
    """

    row: int
    line: int | None
    arrival: Arrival | None
    problems: tuple[CellProblem, ...] = ()


@frozen
class Plan:
    """What taking one row in would write, or why it may not; neither where the record is there already."""

    writes: tuple[Write, ...] = ()
    problems: tuple[CellProblem, ...] = ()
    missing: tuple[str, ...] = ()


class Tally:
    """Adds up what rows came to."""

    def __init__(self) -> None:
        self._problems: list[RowProblem] = []
        self._counts: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self._made: Counter[str] = Counter()
        self._respelled: Counter[str] = Counter()

    def add(self, item: Item, plan: Plan) -> None:
        """Count what came of a row."""
        if plan.problems:
            self._counts["refused"] += 1
            id = item.arrival.record.id if item.arrival is not None else None
            for found in plan.problems[: MOST_PROBLEMS - len(self._problems)]:
                self._problems.append(RowProblem(item.row, id, found.message, found.code, found.column, item.line))
            return
        self._counts["imported" if plan.writes else "unchanged"] += 1
        self._counts["linked"] += any(_is_linked(write.record) for write in plan.writes)
        for name in plan.missing:
            self._missing[name] += 1
        for write in plan.writes[:-1]:
            self._made[write.kind] += 1
        assert item.arrival is not None  # else there were problems
        for column, spelling in item.arrival.respelled:
            self._respelled[f"{column}: {spelling}"] += 1

    def report(self) -> ImportReport:
        """Return it all."""
        return ImportReport(
            self._counts["imported"], self._counts["unchanged"], tuple(self._problems), dict(self._missing),
            self._counts["refused"], dict(self._made), dict(self._respelled), self._counts["linked"],
        )  # fmt: skip


def _is_linked(record: Any) -> bool:
    return isinstance(record, Lead) and record.duplicate_of is not None
