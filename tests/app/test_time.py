"""The business day, and switches that are about days and settings of a flow (HIST-2, OPP-2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

import salesflow as sf
from salesflow.testing import FixedClock
from tests.app.world import World, codes

NIGHT = datetime(2026, 1, 5, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 1, 5)), ("Asia/Shanghai", date(2026, 1, 6)), ("America/New_York", date(2026, 1, 5)),
        ("Pacific/Kiritimati", date(2026, 1, 6)), ("Pacific/Pago_Pago", date(2026, 1, 5)),
    ],
)  # fmt: skip
def test_today_is_the_day_of_the_business(zone: str, day: date):
    """HIST-2: a day is one of the business's own zone, worked out in one place; close dates go by it."""
    world = World(clock=FixedClock(NIGHT), time_zone=zone)
    assert world.flow.today() == day
    customer = world.customer()
    create = world.acting("li").opportunities.create
    assert create("A", customer=customer.id, process="crm2000", close_date=day).close_date == day
    with pytest.raises(sf.Refused) as refused:
        create("A", customer=customer.id, process="crm2000", close_date=day - timedelta(days=1))
    assert codes(refused.value) == {"close_date_past"}
    lost = world.acting("li").opportunities.lose(world.deal(), reason="price")
    assert lost.actual_close_date == day


def test_moments_are_kept_in_utc_whatever_zone_the_clock_tells():
    """HIST-2: all time is aware and UTC."""
    shanghai = timezone(timedelta(hours=8))

    class Local:
        def now(self) -> datetime:
            return NIGHT.astimezone(shanghai)

    world = World(clock=Local())
    lead = world.acting("li").leads.follow_up(world.lead(), "rang", at=NIGHT.astimezone(shanghai))
    for moment in (lead.created_at, lead.updated_at, lead.last_follow_up_at, lead.activities[0].at):
        assert moment == NIGHT
        assert moment is not None
        assert moment.tzinfo is UTC


def test_a_flow_has_a_clock_and_ids_of_its_own():
    """HIST-2: where the application brings none: the computer's clock, and ids that nobody else has."""
    flow = sf.SalesFlow(
        store=sf.MemoryStore(), organization=sf.Organization([sf.Employee("li")]), processes=sf.templates.builtin()
    )
    before = datetime.now(UTC)
    leads = [flow.acting_as("li").leads.create(title="A", phone="1") for _ in range(3)]
    assert len({lead.id for lead in leads}) == 3
    assert all(lead.created_at and before <= lead.created_at <= datetime.now(UTC) for lead in leads)
    assert abs(flow.today() - before.date()) <= timedelta(days=1)


def test_a_past_close_date_is_an_error_unless_the_policy_says_otherwise():
    """OPP-2: an expected close date is today or later, by default."""
    world = World(settings=sf.Settings(past_close_date_allowed=True))
    past = date(2025, 12, 31)
    assert world.deal(close_date=past).close_date == past
    asked = sf.NewOpportunity("A", process="crm2000", close_date=past)
    made = world.acting("li").leads.convert(world.lead(), customer=sf.NewCustomer("A"), opportunity=asked)
    assert made.opportunity is not None
    assert made.opportunity.close_date == past


@pytest.mark.parametrize("keep", [False, True])
def test_a_probability_set_by_hand_lasts_until_the_next_stage_or_for_good(keep: bool):
    """OPP-2: a real 0 % stays 0 %; the policy `keep_manual` makes what was set by hand outlive the stage."""
    world = World(settings=sf.Settings(keep_manual_probability=keep))
    opportunities = world.acting("li").opportunities
    deal = opportunities.edit(world.deal(), probability=0)
    assert (deal.probability.percent, deal.probability.source) == (0, "hand")
    deal = opportunities.change_stage(deal, "bidding", reason="x")
    assert deal.probability.percent == (0 if keep else 50)
    deal = opportunities.advance(world.finished(deal))
    assert deal.probability.percent == (0 if keep else 75)


def test_the_after_sales_process_is_the_flows_setting_unless_named():
    """OPP-12: which template after-sales starts with."""
    world = World(settings=sf.Settings(after_sales_process="one_stage"))
    opportunities = world.acting("li").opportunities
    assert opportunities.start_after_sales(world.deal()).after_sales[0].process == "one_stage"
    assert opportunities.start_after_sales(world.deal(), "after_sales").after_sales[0].process == "after_sales"
