"""The stage view and its cards: PIPE-1, PIPE-8."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import (
    Activity,
    Money,
    OpportunityStatus,
    Probability,
    ProbabilitySource,
    SalesProcess,
    Stage,
    Task,
    TaskStatus,
)
from salesflow.pipeline import Board, Card, Totals, board, card, total_of, value_of
from salesflow.testing import strategies as some
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import STAGES, many

NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)
TODAY = date(2026, 3, 31)
PROCESS = SalesProcess("crm2000", 1, (Stage("a"), Stage("b"), Stage("c")))


def shown(opportunities) -> Board:
    return board(opportunities, PROCESS, now=NOW, today=TODAY)


def naive(opportunity) -> str:
    return opportunity.stage if opportunity.status is OpportunityStatus.IN_PROGRESS else opportunity.status.value


@given(many())
def test_columns_are_a_partition(opportunities):
    """PIPE-1: each record of the process stands in exactly one column, open under its stage, else its outcome."""
    found = shown(iter(opportunities))
    ours = [opportunity for opportunity in opportunities if opportunity.process == "crm2000"]
    counts = Counter(map(naive, ours))

    assert {column.code: column.count for column in found.columns if column.count} == counts
    assert [each.opportunity for column in found.columns for each in column.cards] == sorted(
        ours, key=lambda opportunity: [column.code for column in found.columns].index(naive(opportunity))
    )
    assert found.population.counted == len(ours)
    assert found.population.left_out == len(opportunities) - len(ours)
    assert found.population.voided == sum(opportunity.voided for opportunity in ours)


@given(many())
def test_columns_stand_in_the_templates_order(opportunities):
    """PIPE-1: the template's stages first, all of them; then stages it does not have; then the three outcomes."""
    codes = [column.code for column in shown(opportunities).columns]
    open_elsewhere = {
        opportunity.stage
        for opportunity in opportunities
        if opportunity.process == "crm2000" and not opportunity.is_completed
    } - set(STAGES[:3])

    assert codes == [*STAGES[:3], *sorted(open_elsewhere), "won", "lost", "invalid"]


@given(many())
def test_amounts_are_exact_and_per_currency(opportunities):
    """PIPE-1, PIPE-8: open counts the amount, won the actual amount, the rest nothing; currencies never mix."""
    for column in shown(opportunities).columns:
        sums: dict[str, Fraction] = {}
        weighted: dict[str, Fraction] = {}
        missing = 0
        for held in (each.opportunity for each in column.cards):
            if held.status in (OpportunityStatus.LOST, OpportunityStatus.INVALID):
                continue
            worth = held.amount if held.status is OpportunityStatus.IN_PROGRESS else held.closings[-1].actual_amount
            if worth is None:
                missing += 1
                continue
            exact = Fraction(worth.amount)
            sums[worth.currency] = sums.get(worth.currency, Fraction(0)) + exact
            weighted[worth.currency] = (
                weighted.get(worth.currency, Fraction(0)) + exact * held.probability.percent / 100
            )

        assert {currency: Fraction(amount) for currency, amount in column.amount} == sums
        assert {currency: Fraction(amount) for currency, amount in column.weighted} == weighted
        assert column.without_amount == missing


@given(many(), many())
def test_two_boards_add_up_to_one(one, other):
    """PIPE-1: splitting the records splits every figure."""
    whole, left, right = shown(one + other), shown(one), shown(other)
    for column in whole.columns:
        parts = [part for part in (left.column(column.code), right.column(column.code)) if part is not None]

        assert column.count == sum(part.count for part in parts)
        assert column.without_amount == sum(part.without_amount for part in parts)
        assert column.amount == sum((part.amount for part in parts), Totals())
        assert column.weighted == sum((part.weighted for part in parts), Totals())


def test_a_column_that_is_not_there_is_none():
    """PIPE-1: a column is got by its code."""
    found = shown([])
    column = found.column("won")

    assert column is not None
    assert (column.status, column.count, bool(column.amount)) == (OpportunityStatus.WON, 0, False)
    assert found.column("retired") is None
    assert str(found.population).startswith("0 counted, 0 left out: open, won, lost and invalid")


def test_sums_are_larger_than_any_amount_may_be():
    """PIPE-1: a sum beyond the largest amount, and a tiny weighted part of it, lose nothing."""
    largest = Money("999999999999999.99", "CNY")
    one_percent = Probability(1, ProbabilitySource.HAND)
    held = [make_opportunity(f"{n}", stage="a", amount=largest, probability=one_percent) for n in range(1000)]
    column = shown(held).column("a")

    assert column is not None
    assert column.amount.of("CNY") == Decimal("999999999999999990.00")
    assert column.weighted.of("CNY") == Decimal("9999999999999999.9000")
    assert column.amount.of("USD") == 0


def test_a_missing_amount_adds_nothing():
    """PIPE-8: no amount adds neither a sum nor a currency; a zero adds its currency."""
    assert total_of([None, Money(0, "JPY"), None]) == Totals((("JPY", Decimal(0)),))
    assert list(total_of([Money(2, "USD"), Money(1, "CNY")])) == [("CNY", Decimal(1)), ("USD", Decimal(2))]
    assert not total_of([None])
    assert value_of(make_opportunity("a")) is None


@given(st.builds(lambda tasks: make_opportunity("a", tasks=tasks), some.tasks()))
def test_a_card_shows_the_next_due_task(opportunity):
    """PIPE-1: the open task with the earliest day; done, skipped and undated ones are not waited for."""
    found = card(opportunity, now=NOW, today=TODAY)
    due = [task.due for task in opportunity.tasks if task.status is TaskStatus.OPEN and task.due]

    assert (found.next_task.due if found.next_task else None) == min(due, default=None)
    assert found.is_task_overdue == any(day < TODAY for day in due)
    assert found.opportunity is opportunity


def test_a_task_is_overdue_the_day_after():
    """PIPE-1: on its day a task is not overdue, the day after it is; of equal days the first by id is shown."""
    tasks = tuple(Task(id, "call", "bidding", due=TODAY) for id in ("2:call", "1:call"))
    opportunity = make_opportunity("a", tasks=tasks)

    assert card(opportunity, now=NOW, today=TODAY) == Card(opportunity, 0, tasks[1], False)
    assert card(opportunity, now=NOW, today=TODAY + timedelta(1)).is_task_overdue


def test_activities_of_thirty_days_are_recent():
    """PIPE-1: an activity counts until it is 30 days old, and not before it happens."""
    ages = [timedelta(0), timedelta(days=30) - timedelta(microseconds=1), timedelta(days=30), -timedelta(seconds=1)]
    opportunity = make_opportunity("a")

    counts = [
        card(
            evolve(opportunity, activities=(Activity("1", "call", "", NOW - age, "li"),)), now=NOW, today=TODAY
        ).recent_activities
        for age in ages
    ]

    assert counts == [1, 1, 0, 0]
