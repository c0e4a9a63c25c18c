"""
The tables that figures of any size are made from: one row a record, a stay, a movement, a member and so on (PIPE-2).

Whatever needs a record's history or the business's time zone is worked out when the rows are written, so that a figure
needs neither a window over events nor a zone: a stay has its days, a movement what it added to the open pipeline.
Moments are whole microseconds since 1970 in UTC and money is a decimal beside its currency: every engine agrees on
those. A stage that was only passed over was never stayed in, and has no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from attrs import frozen

from salesflow.model import Event, Money, Opportunity
from salesflow.model.enums import StageExit
from salesflow.model.moments import business_day
from salesflow.pipeline import SHARED_GROUPINGS, days_taken, movements

FORMAT = 1
"""The version of the tables; those of another one are refused."""

MONEY_DIGITS, MONEY_DECIMALS = 18, 3
"""Every amount of money fits: it is below 10 to the 15th, and no currency has more than three decimals."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Row = tuple[Any, ...]


def microseconds(moment: datetime) -> int:
    """Return an aware moment as whole microseconds since 1970."""
    return (moment - EPOCH) // _MICROSECOND


@frozen
class Layout:
    """
    One table.

    Args:
        columns: The type of each column, by its name and in its order: ``text``, ``whole`` (64 bits), ``small`` (32
            bits), ``flag``, ``day`` or ``money``.
        rows: Gives the rows of one opportunity, from the record, its events and the business's zone.
    """

    columns: Mapping[str, str]
    rows: Callable[[Opportunity, Iterable[Event], ZoneInfo], Iterator[Row]]


def _maybe(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _money(money: Money | None) -> tuple[Decimal | None, str | None]:
    return (None, None) if money is None else (money.amount, money.currency)


def _opportunity(record: Opportunity, _: Iterable[Event], zone: ZoneInfo) -> Iterator[Row]:
    closing, effective = record.closing, record.grade.effective
    entered = record.visits[-1].entered_at if record.visits else None
    yield (
        record.id, record.voided, record.name, record.owner, record.process, record.stage, str(record.status),
        record.source, None if effective is None else str(effective), record.customer, record.contact,
        str(record.led_by), record.probability.percent, *_money(record.amount), *_money(record.actual_amount),
        record.close_date, record.actual_close_date, days_taken(record, zone),
        None if closing is None else closing.reason, None if closing is None else closing.competitor,
        _maybe(record.created_at), _maybe(record.updated_at), _maybe(record.last_activity_at),
        None if entered is None else business_day(entered, zone),
    )  # fmt: skip


def _stays(record: Opportunity, _: Iterable[Event], zone: ZoneInfo) -> Iterator[Row]:
    been: set[str] = set()
    closed = record.actual_close_date
    for visit in record.visits:
        if visit.exit is StageExit.SKIPPED:
            continue
        is_first = visit.stage not in been
        been.add(visit.stage)
        entered, left = visit.entered_at, visit.left_at
        begun = None if entered is None else business_day(entered, zone)
        ended = None if left is None or begun is None else max(begun, business_day(left, zone))
        took = None if entered is None or left is None else (left - entered) // _MICROSECOND
        to_close = None if closed is None or begun is None or closed < begun else (closed - begun).days
        yield record.id, visit.number, visit.stage, is_first, _maybe(entered), took, begun, ended, to_close


def _movements(record: Opportunity, history: Iterable[Event], _: ZoneInfo) -> Iterator[Row]:
    for at, movement, level, event in movements(history):
        amounts: list[tuple[str | None, Decimal]] = [*level.amounts] or [(None, Decimal(0))]
        for place, (currency, amount) in enumerate(amounts):
            is_first = place == 0
            yield (
                record.id, event.version, event.number, event.operation, event.by, microseconds(at), str(movement),
                int(is_first), level.count if is_first else 0, amount, currency,
            )  # fmt: skip


def _team(record: Opportunity, _: Iterable[Event], __: ZoneInfo) -> Iterator[Row]:
    for member in record.team:
        yield record.id, member.person, str(member.role), str(member.access)


def _shared(grouping: str) -> Callable[[Opportunity, Iterable[Event], ZoneInfo], Iterator[Row]]:
    keys_of = SHARED_GROUPINGS[grouping]

    def rows(record: Opportunity, _: Iterable[Event], __: ZoneInfo) -> Iterator[Row]:
        for key in sorted(map(str, keys_of(record))):
            yield record.id, key

    return rows


def _columns(words: str) -> Mapping[str, str]:
    return MappingProxyType(dict(word.split(":") for word in words.split()))


LAYOUTS: Mapping[str, Layout] = MappingProxyType(
    {
        "opportunity": Layout(
            _columns(
                "id:text voided:flag name:text owner:text process:text stage:text status:text source:text "
                "grade_effective:text customer:text contact:text led_by:text probability_percent:small "
                "amount:money amount_currency:text actual_amount:money actual_amount_currency:text close_date:day "
                "actual_close_date:day days_taken:small closing_reason:text closing_competitor:text "
                "created_at_us:whole updated_at_us:whole last_activity_at_us:whole stage_entered_on:day"
            ),
            _opportunity,
        ),
        "stay": Layout(
            _columns(
                "opportunity:text number:small stage:text is_first:flag entered_at_us:whole took_us:whole "
                "entered_on:day left_on:day days_to_close:small"
            ),
            _stays,
        ),
        "movement": Layout(
            _columns(
                "opportunity:text version:whole number:small operation:text by_person:text at_us:whole movement:text "
                "events:small opened:small amount:money amount_currency:text"
            ),
            _movements,
        ),
        "team_member": Layout(_columns("opportunity:text person:text role:text access:text"), _team),
        "product": Layout(_columns("opportunity:text key:text"), _shared("product")),
        "competitor": Layout(_columns("opportunity:text key:text"), _shared("competitor")),
    }
)
"""Every table by its name: what a row of it holds, and where its rows come from."""


def day_of_month(month: int) -> date:
    """Return the first day of a month that is counted from year 0: ``12 * year + month - 1``."""
    return date(month // 12, month % 12 + 1, 1)
