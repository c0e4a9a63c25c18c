"""What became of opportunities: win rates, velocity, losses, cycle, the record against competitors (PIPE-2, CUS-4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeVar

from salesflow.analytics.counting import LOST, OPEN, WON, Tally, population_of, rows, tallied
from salesflow.analytics.grouping import keyed, members, named
from salesflow.analytics.tables import Table, Tables
from salesflow.model import Competitor
from salesflow.model.enums import OpportunityStatus
from salesflow.pipeline import (
    CompetitorRecord,
    CompetitorRecords,
    Loss,
    Losses,
    SalesCycle,
    Totals,
    Velocities,
    Velocity,
    WinRate,
    WinRates,
    cycle,
    rivalry,
    winning,
)
from salesflow.pipeline.losses import OUTCOMES, losses_of
from salesflow.pipeline.losses import RULE as RULE_OF_LOSSES
from salesflow.pipeline.velocity import RULE as RULE_OF_VELOCITY
from salesflow.pipeline.velocity import STATUSES, velocity_of
from salesflow.visibility.filters import Filter

FigureT = TypeVar("FigureT")

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_DECIDED = {WON: "actual_amount", LOST: "amount"}
_SOLD = {WON: "actual_amount"}
_NONE = Tally()

Tallies = Mapping[OpportunityStatus, Tally]


def _by_status(seen: Table, of: Mapping[OpportunityStatus, str]) -> dict[OpportunityStatus, Tally]:
    return tallied(seen, {"status": seen.status}, of, lambda row: OpportunityStatus(row["status"]))


def _groups(
    tables: Tables, seen: Table, of: Mapping[OpportunityStatus, str], by: str | None,
    departments: Mapping[str, str | None] | None, names: Mapping[str, str],
    figure: Callable[[Hashable, Tallies], FigureT],
) -> tuple[FigureT, ...]:  # fmt: skip
    """Return the figure of each group, in the order of their keys, the missing value last."""
    if by is None:
        return ()
    table, name = keyed(tables, seen, by, departments, names)
    found = tallied(
        table, {"key": table.key, "status": table.status}, of,
        lambda row: (None if row["key"] is None else name(row["key"]), OpportunityStatus(row["status"])),
    )  # fmt: skip
    groups: dict[Hashable, dict[OpportunityStatus, Tally]] = {}
    for (key, status), tally in found.items():
        groups.setdefault(key, {})[status] = tally
    return tuple(figure(key, groups[key]) for key in sorted(groups, key=lambda key: (key is None, str(key))))


def win_rates(
    tables: Tables, filter: Filter, by: str | None = None, departments: Mapping[str, str | None] | None = None,
    names: Mapping[str, str] = _NO_NAMES,
) -> WinRates:  # fmt: skip
    """
    Return what `salesflow.pipeline.win_rates` returns.

    Args:
        filter: What the viewer sees.
        by, departments: As there, but that *by* is no function.
        names: The name of each competitor of the catalogue, by its id: id and name are one group.

    Raises:
        InvalidInput: There is no such grouping, or the tables cannot tell who passes *filter*.

    Source: PIPE-2, PIPE-8.
    """
    seen = tables.seen(filter)
    overall = _by_status(seen, _DECIDED)
    decided = seen.filter(seen.status.isin(list(map(str, winning.DECIDED))))
    groups = _groups(tables, decided, _DECIDED, by, departments, names, _win_rate)
    return WinRates(_win_rate(None, overall), groups, population_of(overall.items(), winning.DECIDED, winning.RULE))


def _win_rate(key: Hashable, tallies: Tallies) -> WinRate:
    won, lost = tallies.get(WON, _NONE), tallies.get(LOST, _NONE)
    return winning.win_rate_of(key, won.count, lost.count, won.amounts, lost.amounts)


def velocity(
    tables: Tables, filter: Filter, by: str | None = None, departments: Mapping[str, str | None] | None = None,
    names: Mapping[str, str] = _NO_NAMES,
) -> Velocities:  # fmt: skip
    """
    Return what `salesflow.pipeline.velocity` returns.

    Args:
        filter, by, departments, names: As of `win_rates`.

    Raises:
        InvalidInput: As of `win_rates`.

    Source: PIPE-2, PIPE-8.
    """
    seen = tables.seen(filter)
    overall = _by_status(seen, _SOLD)
    counted = seen.filter(seen.status.isin(list(map(str, STATUSES))))
    groups = _groups(tables, counted, _SOLD, by, departments, names, _velocity)
    return Velocities(_velocity(None, overall), groups, population_of(overall.items(), STATUSES, RULE_OF_VELOCITY))


def _velocity(key: Hashable, tallies: Tallies) -> Velocity:
    won, lost, open = (tallies.get(status, _NONE) for status in (WON, LOST, OPEN))
    return velocity_of(key, open.count, won.count, lost.count, won.amounts, won.valued, won.days, won.dated)


def losses(tables: Tables, filter: Filter) -> Losses:
    """
    Return what `salesflow.pipeline.losses` returns.

    Args:
        filter: What the viewer sees.

    Raises:
        InvalidInput: The tables cannot tell who passes *filter*.

    Source: PIPE-2, PIPE-8.
    """
    seen = tables.seen(filter)
    of: Mapping[OpportunityStatus, str] = dict.fromkeys(OUTCOMES, "amount")
    keys = {"status": seen.status, "reason": seen.closing_reason, "stage": seen.stage}
    found = tallied(seen, keys, of, lambda row: (OpportunityStatus(row["status"]), row["reason"], row["stage"]))
    ended = [(place, tally) for place, tally in found.items() if place[0] in OUTCOMES]
    counted = population_of(((status, tally) for (status, _, _), tally in found.items()), OUTCOMES, RULE_OF_LOSSES)
    by_reason = _parts((status, reason, tally) for (status, reason, _), tally in ended)
    return losses_of(by_reason, _parts((status, stage, tally) for (status, _, stage), tally in ended), counted)


def _parts(ended: Iterable[tuple[OpportunityStatus, str | None, Tally]]) -> list[Loss]:
    parts: dict[tuple[OpportunityStatus, str | None], tuple[int, Totals]] = {}
    for outcome, key, tally in ended:
        count, amounts = parts.get((outcome, key), (0, Totals()))
        parts[outcome, key] = count + tally.count, amounts + tally.amounts
    return [Loss(outcome, key, count, amounts) for (outcome, key), (count, amounts) in parts.items()]


def sales_cycle(tables: Tables, filter: Filter) -> SalesCycle:
    """
    Return what `salesflow.pipeline.sales_cycle` returns, in the zone that the tables were written for.

    Args:
        filter: What the viewer sees.

    Raises:
        InvalidInput: The tables cannot tell who passes *filter*.

    Source: PIPE-2, PIPE-8.
    """
    seen = tables.seen(filter)
    grouped = seen.group_by(["status", "days_taken"]).agg(count=seen.count(), voided=seen.voided.cast("int32").sum())
    days: Counter[tuple[OpportunityStatus, int]] = Counter()
    tallies: list[tuple[OpportunityStatus, Tally]] = []
    for row in rows(grouped):
        status = OpportunityStatus(row["status"])
        tallies.append((status, Tally(row["count"], row["voided"])))
        if row["days_taken"] is not None:
            days[status, row["days_taken"]] += row["count"]
    return cycle.sales_cycle_of(days, population_of(tallies, cycle.COMPLETED, cycle.RULE))


def competitor_records(tables: Tables, filter: Filter, catalogue: Iterable[Competitor]) -> CompetitorRecords:
    """
    Return what `salesflow.pipeline.competitor_records` returns.

    Args:
        filter: What the viewer sees.
        catalogue: The competitors that are known.

    Raises:
        InvalidInput: The tables cannot tell who passes *filter*.

    Source: CUS-4, PIPE-2, PIPE-8.
    """
    ids = {known.name: known.id for known in catalogue}
    names = {id: name for name, id in ids.items()}
    seen = tables.seen(filter)
    rivals, by_name = members(tables, "competitor", names), named(seen, "closing_competitor", names)
    met = by_name.inner_join(rivals, [by_name.id == rivals.of])
    is_winner = (met.closing_competitor == met.key).fill_null(False)
    found = tallied(
        met, {"key": met.key, "status": met.status, "is_winner": is_winner}, _DECIDED,
        lambda row: (row["key"], OpportunityStatus(row["status"]), row["is_winner"]),
    )  # fmt: skip
    decided = [place for place in found if place[1] in winning.DECIDED]
    told = [_against(name, ids.get(name), found) for name in sorted({*ids, *(key for key, _, _ in decided)})]
    counted = population_of(_by_status(seen, _DECIDED).items(), winning.DECIDED, winning.RULE)
    return CompetitorRecords(tuple(told), counted)


def _against(name: str, id: str | None, found: Mapping[tuple[str, OpportunityStatus, bool], Tally]) -> CompetitorRecord:
    won = [found.get((name, WON, is_winner), _NONE) for is_winner in (False, True)]
    to, beside = found.get((name, LOST, True), _NONE), found.get((name, LOST, False), _NONE)
    won_value = won[0].amounts + won[1].amounts
    count = won[0].count + won[1].count
    return rivalry.competitor_record_of(name, id, count, to.count, beside.count, won_value, to.amounts)
