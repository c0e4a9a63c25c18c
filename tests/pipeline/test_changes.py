"""What changed over a period (PIPE-3): start and changes are the end, to the unit, and periods add up."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesflow as sf
from salesflow.model import Event, EventBuilder, EventKind, OpportunityStatus, apply, created, replay
from salesflow.pipeline import Level, Movement, PipelineChanges, Totals, changes
from salesflow.testing import CountingIds, FixedClock
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import amounts

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
DAY = timedelta(days=1)

numbers = count()
VALUES = {
    "status": st.sampled_from(OpportunityStatus),
    "voided": st.booleans(),
    "amount": amounts,
    "close_date": st.none() | st.integers(0, 3).map(lambda days: (NOON + days * DAY).date()),
}
steps = st.tuples(st.integers(-1, 3), st.fixed_dictionaries({}, optional=VALUES))


@st.composite
def told_histories(draw: st.DrawFn) -> tuple[Event, ...]:
    """The events of one opportunity of its own, to which anything may happen, and whose clock may go back."""
    at = NOON
    record = make_opportunity(f"o{next(numbers)}", **draw(st.fixed_dictionaries(VALUES)))
    events = [created(record, at=at, by="li", operation="create")]
    for days, values in draw(st.lists(steps, max_size=5)):
        at += days * DAY
        builder = EventBuilder(record, at=at, by="li", operation="edit")
        builder.add(EventKind.EDITED, **values)
        events += builder.events
        record = apply(record, builder.events)
    return tuple(events)


def moments_of(histories: Sequence[Sequence[Event]]) -> st.SearchStrategy[list[datetime]]:
    """Three moments in order, at, before and after what happened."""
    known = [event.at for history in histories for event in history] or [NOON]
    near = st.builds(lambda at, step: at + step * DAY / 7, st.sampled_from(known), st.integers(-2, 2))
    return st.lists(near, min_size=3, max_size=3).map(sorted)


def open_at(histories: Sequence[Sequence[Event]], moment: datetime) -> Level:
    """What is open, by replaying everything that had happened: plain, and slow."""
    number, sums = 0, dict[str, Decimal]()
    for history in histories:
        latest, past = None, []
        for event in history:
            latest = max(event.at, latest or event.at)
            if latest <= moment:
                past.append(event)
        record = replay(past) if past else None
        if record is not None and record.status is OpportunityStatus.IN_PROGRESS and not record.voided:
            number += 1
            if record.amount is not None:
                sums[record.amount.currency] = sums.get(record.amount.currency, Decimal(0)) + record.amount.amount
    return Level(number, Totals(tuple((currency, sum) for currency, sum in sorted(sums.items()) if sum)))


def together(*levels: Level) -> Level:
    """The sum, added by hand."""
    sums = dict[str, Decimal]()
    for level in levels:
        for currency, amount in level.amounts:
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    kept = tuple((currency, amount) for currency, amount in sorted(sums.items()) if amount)
    return Level(sum(level.count for level in levels), Totals(kept))


def moved(found: PipelineChanges) -> dict[Movement, Level]:
    """What each movement added."""
    return {each.movement: each.moved for each in found.changes}


@given(st.data())
def test_start_and_changes_are_the_end(data: st.DataObject):
    """PIPE-3: both ends are what a replay gives, and every movement between them is told."""
    histories = data.draw(st.lists(told_histories(), max_size=4))
    since, _, until = data.draw(moments_of(histories))
    found = changes(histories, since, until)
    assert found.start == open_at(histories, since)
    assert found.end == open_at(histories, until)
    assert together(found.start, *(each.moved for each in found.changes)) == found.end
    assert found.population.counted + found.population.left_out == len(histories)


@given(st.data())
def test_two_periods_are_one(data: st.DataObject):
    """PIPE-3: the changes of [a, b] and of [b, c] are those of [a, c], event by event."""
    histories = data.draw(st.lists(told_histories(), max_size=3))
    a, b, c = data.draw(moments_of(histories))
    first, second, whole = changes(histories, a, b), changes(histories, b, c), changes(histories, a, c)
    assert (first.start, first.end, second.end) == (whole.start, second.start, whole.end)
    for movement in Movement:
        parts = [each for found in (first, second) for each in found.changes if each.movement is movement]
        all_of = [each for each in whole.changes if each.movement is movement]
        assert sorted(event.id for each in parts for event in each.events) == sorted(
            event.id for each in all_of for event in each.events
        )
        assert together(*(each.moved for each in parts)) == together(*(each.moved for each in all_of))


@given(st.data())
def test_a_record_changes_only_what_is_its_own(data: st.DataObject):
    """PIPE-3, VIS-16: the figures of some histories are the sums of the figures of each."""
    histories = data.draw(st.lists(told_histories(), min_size=2, max_size=3))
    since, _, until = data.draw(moments_of(histories))
    alone = [changes([history], since, until) for history in histories]
    whole = changes(histories, since, until)
    assert whole.end == together(*(each.end for each in alone))
    for movement, level in moved(whole).items():
        assert level == together(*(moved(each).get(movement, Level()) for each in alone))


def worked() -> tuple[list[Sequence[Event]], FixedClock]:
    """A week in which everything happens that can happen, one thing a day."""
    clock, store = FixedClock(NOON), sf.MemoryStore()
    organization = sf.Organization([sf.Employee("li")], administrators=["root"])
    processes = [*sf.templates.builtin().values()]
    flow = sf.SalesFlow(store=store, organization=organization, processes=processes, clock=clock, ids=CountingIds())
    li, root = flow.acting_as("li").opportunities, flow.acting_as("root").opportunities
    customer = flow.acting_as("li").customers.create("Acme").id
    close = flow.today() + 60 * DAY
    yuan = sf.Money("100", "CNY")
    deal = li.create("A", customer=customer, process="salesforce_standard", amount=yuan, close_date=close).id
    for step in (
        lambda: li.edit(deal, amount=sf.Money("150", "CNY"), close_date=close + DAY),
        lambda: li.edit(deal, amount=sf.Money("40", "CNY"), close_date=close - DAY),
        lambda: li.edit(deal, amount=sf.Money("40", "USD")),
        lambda: li.change_stage(deal, "negotiation"),
        lambda: li.change_stage(deal, "prospecting", reason="they changed their mind"),
        lambda: li.edit(deal, amount=None, close_date=None),
        lambda: li.edit(deal, amount=sf.Money("7", "USD"), close_date=close),
        lambda: li.lose(deal, reason="price"),
        lambda: li.reopen(deal),
        lambda: root.void(deal),
        lambda: root.unvoid(deal),
        lambda: li.change_stage(deal, "negotiation"),
        lambda: li.win(deal),
        lambda: li.reopen(deal),
        lambda: li.invalidate(deal, reason="other"),
    ):
        clock.move(DAY)
        step()
    return [store.events("opportunity", deal)], clock


def test_each_movement_has_its_name():
    """PIPE-3: new, won, lost, forward, back, amount up and down, close date pushed and pulled, reopened …"""
    histories, clock = worked()
    found = changes(histories, NOON - DAY, clock.now())
    told = {str(each.movement): len(each.events) for each in found.changes}
    assert told == {
        "new": 1, "won": 1, "lost": 1, "invalidated": 1, "reopened": 2, "voided": 1, "unvoided": 1,
        "moved_forward": 2, "moved_back": 1, "amount_up": 2, "amount_down": 2, "currency_changed": 1,
        "close_date_pushed": 1, "close_date_pulled": 1,
    }  # fmt: skip
    assert (found.start, found.end) == (Level(), Level())
    assert moved(found)[Movement.AMOUNT_UP] == Level(0, Totals((("CNY", Decimal(50)), ("USD", Decimal(7)))))
    assert moved(found)[Movement.CURRENCY_CHANGED].amounts == Totals((("CNY", Decimal(-40)), ("USD", Decimal(40))))
    assert moved(found)[Movement.WON] == Level(-1, Totals((("USD", Decimal(-7)),)))
    assert str(found).splitlines()[:3] == [
        "open at 2026-01-04 12:00: 0 opportunities",
        "  new: 1, 1 opportunities, 100 CNY",
        "  won: 1, -1 opportunities, -7 USD",
    ]


def test_the_end_of_a_period_belongs_to_it():
    """PIPE-3: after the start, up to and with the end; what a clock told too early stays behind what it followed."""
    histories, _ = worked()
    assert Movement.NEW in moved(changes(histories, NOON - DAY, NOON))
    assert not changes(histories, NOON, NOON + DAY / 2).changes
    assert not changes(histories, NOON, NOON).changes


def test_a_period_runs_forward_between_moments():
    """HIST-2: a naive moment is refused, and so is a period that ends before it begins."""
    with pytest.raises(sf.InvalidInput, match="since"):
        changes([], datetime(2026, 1, 1), NOON)
    with pytest.raises(sf.InvalidInput, match="must not be before since"):
        changes([], NOON, NOON - DAY)
