"""The clocks and ids of the kit: HIST-2."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from salesflow.errors import InvalidInput
from salesflow.testing import CountingIds, CountingNumbers, FixedClock, TickingClock
from salesflow.testing.strategies import documents

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=8)))


def test_a_fixed_clock_stands_until_it_is_moved():
    """HIST-2: it shows the same moment, in UTC, until the test moves it, forward or back."""
    clock = FixedClock(NOON)
    before = clock.now(), clock.now()
    clock.move(timedelta(days=-1, hours=2))

    assert before == (NOON, NOON)
    assert clock.now() == datetime(2026, 2, 28, 6, tzinfo=UTC)
    assert clock.now().tzinfo is UTC
    assert FixedClock().now() == FixedClock().now()


def test_a_ticking_clock_moves_at_every_look():
    """HIST-2: no two moments are equal, and each is a step after the one before."""
    clock = TickingClock(NOON, timedelta(minutes=5))

    assert [clock.now() - NOON for _ in range(3)] == [timedelta(minutes=5 * n) for n in range(3)]
    assert TickingClock().now() == FixedClock().now()


@pytest.mark.parametrize("clock", [FixedClock, TickingClock])
def test_a_naive_moment_is_refused(clock):
    """HIST-2: a clock without a zone tells no time."""
    with pytest.raises(InvalidInput, match="aware"):
        clock(datetime(2026, 1, 1))


def test_ids_count_within_their_kind():
    """HIST-2: no two records of a kind get one id, and two runs get the same."""
    one, other = CountingIds(), CountingIds()

    assert [one.new(kind) for kind in ("lead", "opportunity", "lead")] == ["lead-1", "opportunity-1", "lead-2"]
    assert other.new("lead") == "lead-1"


@given(documents())
def test_numbers_count_within_their_kind(document):
    """OPP-13: no two documents of a kind get one number, and two runs get the same."""
    one, other = CountingNumbers(), CountingNumbers()
    letter = {"quote": "Q", "contract": "C", "order": "O", "invoice": "I"}[document.kind]

    assert [one.number(document) for _ in range(2)] == [f"{letter}-1", f"{letter}-2"]
    assert other.number(document) == f"{letter}-1"
