"""A migration's plan, and what it tells of each record: plain values for people to write and to read (PROC-6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model import Reason
from salesflow.model.requests import named
from salesflow.process.checks import LARGEST_VERSION


def mapped_stages(value: object) -> tuple[tuple[str, str], ...]:
    """Return pairs of a stage's code and its code in the new version, or raise `InvalidInput`."""
    pairs = value.items() if isinstance(value, Mapping) else value
    if not isinstance(pairs, Iterable) or isinstance(pairs, str):
        raise InvalidInput("stages", value, "must be a mapping from a stage's code to that of the new version")
    found: dict[str, str] = {}
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InvalidInput("stages", pair, "must be a pair of codes")
        before, after = (named(code, "stages") for code in pair)
        if found.setdefault(before, after) != after:
            raise InvalidInput("stages", before, "is mapped twice, differently")
    return tuple(sorted(found.items()))


def _id(_instance: object, _attribute: object, value: Any) -> None:
    named(value, "process")


def _version(_instance: object, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_VERSION:
        raise InvalidInput(attribute.name, value, f"must be a whole number, 1 to {LARGEST_VERSION}")


@frozen
class MigrationPlan:
    """
    Which records go to which version of their template, and where each stage is found there.

    Args:
        process: The template's id.
        from_version: The version that the records are on.
        to_version: The version that they shall be on; an earlier one takes a migration back.
        stages: From a stage's code to that of the new version, where the codes are not equal, or another one is
            meant.

    Raises:
        InvalidInput: A value does not fit; whoever wrote the plan must mend it.

    Source: PROC-6.
    """

    process: str = field(validator=_id)
    from_version: int = field(validator=_version)
    to_version: int = field(validator=_version)
    stages: tuple[tuple[str, str], ...] = field(default=(), converter=mapped_stages)

    def __attrs_post_init__(self) -> None:
        if self.from_version == self.to_version:
            raise InvalidInput("to_version", self.to_version, "must be another version than from_version")


class MigrationResult(StrEnum):
    """What became of one record in a migration (PROC-6)."""

    MIGRATED = "migrated"
    STAYS = "stays"
    CONFLICT = "conflict"


@frozen
class Standing:
    """
    Where a record stands, as a migration tells it before and after.

    Args:
        version: The version of the template.
        stage: The stage's code.
        probability: The chance of winning in percent; None for an after-sales process.
        open_tasks: The codes of the stage's open tasks.
        owed: The stages that it owes (GRADE-4).
    """

    version: int
    stage: str
    probability: int | None
    open_tasks: tuple[str, ...]
    owed: tuple[str, ...] = ()


@frozen
class MigrationOutcome:
    """
    What a migration did with one record, or in a dry run would do.

    Args:
        record: The opportunity's id.
        result: Whether it is on the new version now, stays, or was changed by others again and again meanwhile.
        before: Where it stood.
        after: Where it stands then; None where it stays.
        carried, dropped, added: The codes of tasks that go along, are open no more, and are open for the first
            time or again.
        newly_unmet: What would block its next move and did not before.
        reasons: Why it stays.
        after_sales: The number of the after-sales process that this is about; None for the opportunity's own.

    Source: PROC-6.
    """

    record: str
    result: MigrationResult
    before: Standing
    after: Standing | None = None
    carried: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    newly_unmet: tuple[Reason, ...] = ()
    reasons: tuple[Reason, ...] = ()
    after_sales: int | None = None
