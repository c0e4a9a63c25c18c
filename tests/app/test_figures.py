"""Boards and figures, and all else that one is told: of what one sees, and of nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salesflow as sf
from salesflow.app.opportunities import OpportunityDesk
from salesflow.app.pipeline import PipelineDesk
from salesflow.pipeline import GROUPINGS, SHARED_GROUPINGS, Population
from tests.app.test_lists import KINDS, SCENERY
from tests.app.world import LATER, TODAY, BareStore, World


def answers(world: World, person: str) -> list[Any]:
    """Return everything that a person can be told without naming a record."""
    acting = world.acting(person)
    told: list[Any] = []
    for group in KINDS:
        desk = getattr(acting, group)
        for scene in sf.scenes.default():
            told += [desk.list(scene), desk.list(scene, limit=1).has_more, desk.count(scene)]
    for scene in sf.scenes.default():
        told += [acting.opportunities.board(scene, process=process) for process in ("crm2000", "gated")]
        told += [acting.pipeline.funnel(scene, process="crm2000"), acting.pipeline.sales_cycle(scene)]
        told += [acting.pipeline.win_rates(scene), acting.pipeline.win_rates(scene, by="owner")]
        told += [acting.pipeline.stage_times(scene, process="crm2000"), acting.pipeline.forecast(scene)]
        told += [acting.pipeline.competitors(scene), acting.pipeline.sources(scene)]
        told += [acting.pipeline.changes(scene, since=world.clock.now() - timedelta(days=1))]
    for by in (*GROUPINGS, *SHARED_GROUPINGS, "department"):
        told += [acting.pipeline.win_rates(by=by), acting.pipeline.velocity(by=by)]
    told += [acting.pipeline.losses(), acting.pipeline.risks()]
    told += [acting.pipeline.stage_flow(process="crm2000", since=TODAY, until=LATER)]
    told += [acting.pipeline.chances(process="crm2000")]
    told.append(acting.what_if(sf.Employee("chen", department="west")) if person != "chen" else None)
    return told


HIDDEN = st.tuples(
    st.sampled_from(("qian", "zhou", "wu", "sun")),
    st.sampled_from(("crm2000", "gated", "tas_bidding")),
    st.sampled_from(("open", "lost", "invalid", "voided")),
    st.sampled_from((None, sf.Money(1, "CNY"), sf.Money(10**9, "CNY"), sf.Money(5, "USD"))),
    st.sampled_from((None, LATER)),
)


@given(st.lists(HIDDEN, min_size=1, max_size=4), st.sampled_from(("li", "chen", "zhang")))
def test_what_is_hidden_changes_nothing_that_one_is_told(hidden: list[Any], person: str):
    """VIS-16, VIS-17, REL-11: lists, counts, boards, funnels, rates and cycles are of what one sees only."""
    world = World()
    world.lost()
    world.deal("chen", process="gated")
    world.lead()
    before = answers(world, person)
    for by, process, state, amount, close_date in hidden:
        desk = world.acting(by).opportunities
        deal = world.deal(by, process=process, amount=amount, close_date=close_date)
        world.acting(by).leads.create(title="A", phone="1")
        world.contact(by=by)
        if state == "lost":
            desk.lose(deal, reason="price")
        elif state == "invalid":
            desk.invalidate(deal, reason="other")
        elif state == "voided":
            desk.void(deal)
        with pytest.raises(sf.NotFound):
            world.acting(person).why(person, deal.id)
    assert answers(world, person) == before


def test_figures_are_of_one_scene_and_what_one_sees():
    """PIPE-1, PIPE-2, VIS-16: board, funnel, win rates and sales cycle of a scene, per process."""
    li, zhang = SCENERY.acting("li"), SCENERY.acting("zhang")
    board = li.opportunities.board(process="crm2000")
    (first, *_) = board.columns
    assert (first.code, first.count, dict(first.amount)["CNY"]) == ("qualification", 7, Decimal(8_400_000))
    assert li.opportunities.board("mine", process="crm2000").columns[0].count == 1
    assert li.pipeline.funnel("mine", process="gated").won == 1
    assert zhang.pipeline.funnel("mine", process="gated").won == 0
    assert li.pipeline.win_rates().overall.rate == 0.5
    (group,) = li.pipeline.win_rates("won", by="owner").groups
    assert (group.key, group.won, group.lost) == ("li", 1, 0)
    assert li.pipeline.sales_cycle().completed.count == 2
    assert li.pipeline.sales_cycle("subordinates").completed.count == 0
    assert SCENERY.acting("qian").pipeline.win_rates().overall.rate is None


def populations(cls: type) -> list[str]:
    """The fields of a figure that say which records it counts."""
    return [name for name, kind in get_type_hints(cls).items() if kind is Population]


def test_every_figure_says_what_it_counts():
    """PIPE-8: found by looking, so that a new figure without its population fails; and it counts what it says."""
    figures = [value for name, value in vars(PipelineDesk).items() if inspect.isfunction(value) and name[0] != "_"]
    made = [get_type_hints(each)["return"] for each in (*figures, OpportunityDesk.board)]
    assert len(figures) > 10
    assert [cls.__name__ for cls in made if not populations(cls)] == []
    li = SCENERY.acting("li")
    for scene in ("all", "won", "lost"):
        for board in (li.opportunities.board(scene, process=process) for process in ("crm2000", "gated")):
            assert board.population.counted == sum(column.count for column in board.columns)
        rates, seen = li.pipeline.win_rates(scene), li.opportunities.count(scene, cap=None)
        assert rates.population.counted == rates.overall.won + rates.overall.lost
        for told in (rates, li.pipeline.forecast(scene), li.pipeline.losses(scene), li.pipeline.sales_cycle(scene)):
            assert told.population.counted + told.population.left_out == seen
            assert told.population.voided == 0


def test_a_figure_of_what_is_voided_is_an_administrators():
    """PIPE-8, ORG-5: voided records count in the `voided` scene alone, and the population says so."""
    world = World()
    world.deal()
    world.acting("root").opportunities.void(world.deal(amount=sf.Money("7", "CNY")).id)
    root = world.acting("root")
    for scene, number in (("all", 0), ("voided", 1)):
        board = root.opportunities.board(scene, process="crm2000")
        assert (board.population.voided, board.population.counted) == (number, 1)
        assert root.pipeline.funnel(scene, process="crm2000").population.voided == number


def test_changes_and_forecast_are_of_what_one_sees():
    """PIPE-3, PIPE-4, VIS-16: the week's changes reconcile, and a forecast of today's month needs no arguments."""
    li, qian = SCENERY.acting("li").pipeline, SCENERY.acting("qian").pipeline
    now = SCENERY.clock.now()
    week = li.changes(since=now - timedelta(days=7))
    assert week.start.count == 0
    assert week.end.count == sum(
        deal.status == "in_progress" for deal in SCENERY.acting("li").opportunities.list(limit=1000).items
    )
    assert week == li.changes(since=now - timedelta(days=7), until=now)
    assert qian.changes(since=now - timedelta(days=7)).end.count == 1
    (month,) = li.forecast().periods
    assert month.label == f"{TODAY:%Y-%m}"
    assert li.forecast(since=TODAY, until=LATER).periods[0] == month
    quotas = {"2026Q1": sf.Money(10**6, "CNY")}
    assert li.forecast(since=LATER, period="quarter", quotas=quotas).periods[0].quota == quotas["2026Q1"]
    assert li.stage_times(process="crm2000").stages[0].code == "qualification"
    wrongs: list[dict[str, Any]] = [
        {"since": "2026-01-01"},
        {"until": now},
        {"period": ["month"]},
        {"quotas": 5},
        {"quotas": {"2026-01": 5}},
    ]
    for wrong in wrongs:
        with pytest.raises(sf.InvalidInput):
            li.forecast(**wrong)
    badly: list[dict[str, Any]] = [{"since": "2026-01-01"}, {"since": TODAY}, {"since": now, "until": 5}]
    for moments in badly:
        with pytest.raises(sf.InvalidInput):
            li.changes(**moments)


@pytest.mark.parametrize("by", ["none", "", 5, ["owner"], lambda deal: [deal.owner]])
def test_figures_are_grouped_by_known_names(by: Any):
    """PIPE-2: an unknown grouping is refused, and one that gives no keys."""
    with pytest.raises(sf.InvalidInput):
        SCENERY.acting("li").pipeline.win_rates(by=by)
    with pytest.raises(sf.InvalidInput):
        SCENERY.acting("li").pipeline.velocity(by=by)


def test_the_department_is_that_of_the_owner():
    """PIPE-2, ORG-1: by the organisation's main departments; a function groups by whatever the application knows."""
    li = SCENERY.acting("li").pipeline
    (east,) = li.win_rates(by="department").groups
    assert (east.key, east.won, east.lost) == ("east", 1, 1)
    assert li.win_rates(by=lambda deal: "east") == li.win_rates(by="department")
    assert {group.key: group.won for group in li.win_rates("won", by="team").groups} == {"li": 1}


class Sevenfold:
    """A dollar is seven yuan; of other currencies nothing is known."""

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        """Return it."""
        return Decimal(7) if currency == "USD" else None


def test_money_becomes_one_currency_by_a_stated_policy_only():
    """PIPE-8: without a policy currencies stand apart; with one, what has a rate is converted, and no rate stops."""
    world = World()
    now = world.clock.now()
    for amount in (sf.Money("100", "USD"), sf.Money("1000", "JPY")):
        world.deal(amount=amount)
    world.acting("li").opportunities.lose(world.deal(amount=sf.Money("5", "CNY")), reason="price")
    pipeline = world.acting("li").pipeline
    apart, yuan = {"JPY": Decimal(1000), "USD": Decimal(100)}, {"CNY": Decimal(700), "JPY": Decimal(1000)}
    policy = sf.pipeline.RatePolicy("CNY", Sevenfold())
    for rates, wanted in ((None, apart), (policy, yuan)):
        week = pipeline.changes(rates=rates)
        assert dict(week.end.amounts) == wanted
        assert (week.since, week.until, week.start.count) == (now - timedelta(days=7), now, 0)
        (month,) = pipeline.forecast(since=LATER, rates=rates).periods
        assert dict(month.total.amounts) == wanted
        assert dict(pipeline.losses(rates=rates).by_stage[0].amounts) == {"CNY": Decimal(5)}
        assert dict(pipeline.win_rates(rates=rates).overall.lost_value) == {"CNY": Decimal(5)}
        assert pipeline.velocity(rates=rates).overall.open == 2
        board = world.acting("li").opportunities.board(process="crm2000", rates=rates)
        assert dict(board.columns[0].amount) == wanted
        assert [card.opportunity.amount for card in board.columns[0].cards] == [
            sf.Money("100", "USD"), sf.Money("1000", "JPY"),
        ]  # fmt: skip
    wrong: Any = {"USD": 7}
    wrongly: list[Callable[[], Any]] = [
        lambda: pipeline.changes(rates=wrong),
        lambda: pipeline.forecast(rates=wrong),
        lambda: pipeline.win_rates(rates=wrong),
        lambda: world.acting("li").opportunities.board(process="crm2000", rates=wrong),
    ]
    for call in wrongly:
        with pytest.raises(sf.InvalidInput, match="rates"):
            call()


def test_risks_are_told_of_what_one_sees():
    """PIPE-6, OPP-15: with the owed stages, by the limits of each record's own template, and from its history."""
    world = World()
    owing, overdue = world.owing(), world.deal(close_date=TODAY)
    world.clock.move(timedelta(days=40))
    world.acting("li").opportunities.edit(owing.id, amount=sf.Money("1100000", "CNY"))
    found = world.acting("li").pipeline.risks()
    signs = {item.opportunity.id: {str(sign.risk): sign for sign in item.signs} for item in found.items}
    assert signs[owing.id]["owed_stages"].detail == tuple(
        stage.code for stage in sf.templates.builtin()["tas_bidding"].stages[:-1]
    )
    assert signs[owing.id]["amount_falling"].number == 1
    assert signs[overdue.id]["overdue"].number == 40
    assert signs[overdue.id]["silent"].number == 40
    assert "silent" not in {
        sign.risk for item in world.acting("li").pipeline.risks(silent_days=40).items for sign in item.signs
    }
    assert world.acting("qian").pipeline.risks().items == ()
    bare = World(through=BareStore)
    bare.deal()
    assert "amount_falling" not in bare.acting("li").pipeline.risks().judged


@pytest.mark.parametrize("process", [None, "none", 5, ["crm2000"]])
def test_boards_and_funnels_are_of_a_known_process(process: Any):
    """PIPE-1: one must be named where there are several; an unknown one is refused, and the known ones listed."""
    li = SCENERY.acting("li")
    with pytest.raises(sf.InvalidInput, match=r"process.*crm2000"):
        li.opportunities.board(process=process)
    with pytest.raises(sf.InvalidInput, match=r"process.*crm2000"):
        li.pipeline.funnel(process=process)


def test_a_flow_with_one_process_needs_no_name():
    """PROC-7: the choice is clear."""
    li = SCENERY.acting("li")
    only = sf.SalesFlow(**{**SCENERY.ports, "processes": [sf.templates.builtin()["crm2000"]]}).acting_as("li")
    assert only.opportunities.board() == li.opportunities.board(process="crm2000")
    assert only.pipeline.funnel() == li.pipeline.funnel(process="crm2000")


def test_figures_are_for_whoever_works_here_and_unknown_scenes_are_invalid():
    """ACC-26, VIS-1: for readers of any kind; once they left, no more."""
    world = World()
    li = world.acting("li")
    unknown: list[Callable[[], Any]] = [
        lambda: li.pipeline.funnel("none", process="crm2000"),
        lambda: li.pipeline.win_rates("none"),
        lambda: li.pipeline.sales_cycle("none"),
        lambda: li.pipeline.stage_times("none", process="crm2000"),
        lambda: li.pipeline.changes("none", since=world.clock.now()),
        lambda: li.pipeline.forecast("none"),
        lambda: li.pipeline.velocity("none"),
        lambda: li.pipeline.losses("none"),
        lambda: li.pipeline.stage_flow("none", process="crm2000", since=TODAY, until=LATER),
        lambda: li.pipeline.chances("none", process="crm2000"),
        lambda: li.pipeline.risks("none"),
        lambda: li.opportunities.board("none", process="crm2000"),
    ]
    for call in unknown:
        with pytest.raises(sf.InvalidInput, match="scene"):
            call()
    world.organization.put_employee(sf.Employee("li", active=False))
    calls: list[Callable[[], Any]] = [
        lambda: li.pipeline.funnel(process="crm2000"),
        lambda: li.pipeline.win_rates(),
        lambda: li.pipeline.sales_cycle(),
        lambda: li.pipeline.stage_times(process="crm2000"),
        lambda: li.pipeline.changes(since=world.clock.now()),
        lambda: li.pipeline.forecast(),
        lambda: li.pipeline.velocity(),
        lambda: li.pipeline.losses(),
        lambda: li.pipeline.stage_flow(process="crm2000", since=TODAY, until=LATER),
        lambda: li.pipeline.chances(process="crm2000"),
        lambda: li.pipeline.risks(),
        lambda: li.opportunities.board(process="crm2000"),
        lambda: li.opportunities.list(),
        lambda: li.opportunities.count(),
        lambda: li.opportunities.create("A"),
        lambda: li.leads.get("lead-1"),
        lambda: li.once("k").leads.get("lead-1"),
        lambda: li.why("li", "lead-1"),
        lambda: li.files.import_opportunities([]),
        lambda: li.sharing.list(),
    ]
    for call in calls:
        with pytest.raises(sf.NotFound, match="no person 'li'"):
            call()
