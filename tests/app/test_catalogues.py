"""Competitors, sales literature and lead sources through the facade: kept by administrators, read by everybody."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from attrs import evolve

import salesflow as sf
from salesflow.model import Label
from salesflow.pipeline import RatePolicy
from salesflow.process.catalogue_fields import COMPETITOR_FIELDS, LITERATURE_FIELDS, SOURCE_FIELDS
from tests.app.world import LARGE, LATER, SMALL, TODAY, BareStore, World, codes

CARD = sf.ProductScorecard("CRM2000", "GlobexCRM", [sf.ScoredCriterion("price", 3, 4, 8)])
WORDS = "address overview strengths weaknesses opportunities threats notes".split()
PROFILE: dict[str, Any] = {
    "ticker": "GLX", "main_product": "GlobexCRM", "website": "https://globex.example",
    "reported_revenue": sf.Money("9000000", "USD"), **{name: f"{name},\nin two lines" for name in WORDS},
    "products": ("GlobexCRM", "GlobexERP"), "scorecards": (CARD,),
}  # fmt: skip
SPRING = sf.Ref("campaign", "spring", "Spring")


def test_a_competitor_has_all_that_the_domain_lists():
    """CUS-4: every field is kept and read back; an edit changes exactly what it names."""
    world = World()
    desk = world.acting("root").competitors
    globex = desk.create("Globex", **PROFILE)
    assert {name: getattr(globex, name) for name in PROFILE} == PROFILE
    assert {"name", *PROFILE} == set(COMPETITOR_FIELDS)
    assert (globex.created_by, globex.created_at, globex.updated_at) == ("root", *[world.clock.now()] * 2)
    world.clock.move(timedelta(days=1))
    edited = desk.edit(globex, ticker=None, products=iter(["GlobexOS"]))
    assert edited == evolve(globex, version=2, ticker=None, products=("GlobexOS",), updated_at=world.clock.now())
    assert world.acting("qian").competitors.get("competitor-1") == edited
    assert world.acting("qian").competitors.list() == (edited,)
    assert desk.create("Initech") == world.acting("li").competitors.get("competitor-2")


def test_the_application_itself_keeps_the_catalogues_too():
    """ACC-23: trusted code has the same desks, and nobody stands in what it made."""
    world = World()
    made: list[Any] = [
        world.flow.competitors.create("Globex"),
        world.flow.literature.create("A", kind="manual", document="https://a"),
        world.flow.sources.create("fair"),
    ]
    desks: list[Any] = [world.flow.competitors, world.flow.literature, world.flow.sources]
    for desk, entry in zip(desks, made, strict=True):
        assert (entry.created_by, desk.get(entry.id), tuple(desk.list())) == ("", entry, (entry,))
        desk.delete(entry)
        assert tuple(desk.list()) == ()
        with pytest.raises(sf.NotFound):
            desk.get(entry.id)
    with pytest.raises(sf.Refused) as refused:
        [world.flow.competitors.create("Initech") for _ in range(2)]
    assert codes(refused.value) == {"competitor_exists"}
    assert world.audit.entries == []


def test_a_competitor_keeps_its_own_name():
    """CUS-4: editing one with the name that it has is no second competitor of that name; a free name may be taken."""
    desk = World().acting("root").competitors
    globex = desk.create("Globex")
    assert desk.edit(globex, name="Globex", notes="A").notes == "A"
    assert desk.edit("competitor-1", name="Globex AG").name == "Globex AG"
    assert desk.create("Globex").id == "competitor-2"


@pytest.mark.parametrize(
    "leave", ["remove", "reopen", "void", "by name", "never"],
)  # fmt: skip
def test_what_deals_say_stays_readable(leave: str):
    """CUS-4: a competitor goes only while no deal names it by its id, now or in a closing that was taken back."""
    world = World()
    root, li = world.acting("root"), world.acting("li").opportunities
    globex = root.competitors.create("Globex")
    deal = world.deal()
    if leave in ("reopen", "void"):
        deal = li.lose(deal, reason="price", competitor=globex.id)
        deal = li.reopen(deal) if leave == "reopen" else li.void(deal)
    elif leave != "never":
        deal = li.add_competitor(deal, "Globex" if leave == "by name" else globex.id)
        deal = li.remove_competitor(deal, globex.id) if leave == "remove" else deal
    if leave in ("reopen", "void"):
        with pytest.raises(sf.Refused) as refused:
            root.competitors.delete(globex)
        assert codes(refused.value) == {"competitor_in_use"}
        assert root.competitors.get(globex) == globex
    else:
        root.competitors.delete(globex)
        assert root.competitors.list() == ()


def test_literature_has_what_it_is_for():
    """CUS-5: every field is kept and read back; a plain text for the document is its URL."""
    world = World()
    desk = world.acting("root").literature
    details: dict[str, Any] = {
        "language": "zh", "valid_until": LATER, "products": ("crm",), "competitors": ("Globex",),
        "campaigns": (SPRING,), "stages": (("crm2000", "bidding"), ("gated", "talk")),
    }  # fmt: skip
    prices = desk.create("Prices", kind="price_list", document="https://a/prices", **details)
    assert {name: getattr(prices, name) for name in details} == details
    assert {"title", "kind", "document", *details} == set(LITERATURE_FIELDS)
    assert (prices.title, prices.kind, prices.document) == ("Prices", "price_list", sf.Ref("url", "https://a/prices"))
    edited = desk.edit(prices, document=SPRING, stages=[], valid_until=None)
    assert edited == evolve(
        prices, version=2, document=SPRING, stages=(), valid_until=None, updated_at=world.clock.now()
    )


STAGES = ((), (("crm2000", "bidding"),), (("crm2000", "agreement"), ("gated", "talk")))
ASKED: dict[str, tuple[Any, ...]] = {
    "process": (None, "crm2000", "gated", "walk_in"),
    "stage": (None, "bidding", "talk"),
    "competitor": (None, "competitor-1", "Globex", "Initech", "Umbrella"),
    "product": (None, "crm", "erp"),
    "campaign": (None, SPRING, sf.Ref("campaign", "spring"), sf.Ref("fair", "spring")),
}


def test_literature_is_found_by_stage_and_competitor_and_all_else_that_it_is_for():
    """CUS-5: every combination of what is asked, against every combination of what documents are for."""
    world = World()
    root = world.acting("root")
    root.competitors.create("Globex")
    mentions = ((), ("competitor-1",), ("Globex", "Umbrella"))
    for stages, rivals, products, campaigns in product(STAGES, mentions, ((), ("crm",)), ((), (SPRING,))):
        root.literature.create(
            "A", kind="x", document="https://a", stages=stages, competitors=rivals, products=products,
            campaigns=campaigns,
        )  # fmt: skip
    desk = world.acting("li").literature
    every = desk.list()
    assert len(every) == 36
    for asked in product(*ASKED.values()):
        process, stage, rival, code, campaign = asked
        known_as = {"competitor-1", "Globex"} if rival in ("competitor-1", "Globex") else {rival}
        expected = []
        for each in every:
            pairs = [(p, s) for p, s in each.stages if process in (p, None) and stage in (s, None)]
            is_found = bool(pairs) or (process is None and stage is None)
            is_found = is_found and (rival is None or bool(known_as & {*each.competitors}))
            is_found = is_found and (code is None or code in each.products)
            is_found = is_found and (campaign is None or (campaign.kind == "campaign" and bool(each.campaigns)))
            expected += [each] if is_found else []
        found = desk.list(process=process, stage=stage, competitor=rival, product=code, campaign=campaign)
        assert list(found) == expected, asked
    assert desk.list(competitor=world.flow.competitors.get("competitor-1")) == desk.list(competitor="Globex")


def test_a_renamed_competitor_is_still_the_same():
    """CUS-4, CUS-5: what names it by its id follows the new name, in literature and in figures."""
    world = World()
    root, li = world.acting("root"), world.acting("li")
    globex = root.competitors.create("Globex")
    paper = root.literature.create("A", kind="x", document="https://a", competitors=[globex.id])
    li.opportunities.lose(world.deal(), reason="price", competitor=globex.id)
    root.competitors.edit(globex, name="Globex AG")
    assert li.literature.list(competitor="Globex AG") == (paper,)
    assert li.literature.list(competitor="Globex") == ()
    record = li.pipeline.competitors().against("Globex AG")
    assert record is not None
    assert (record.id, record.lost_to) == (globex.id, 1)


def test_the_record_against_a_competitor_is_of_what_one_sees():
    """CUS-4, VIS-16: won, lost to them, lost where they stood, by id or name; a hidden deal changes nothing."""
    world = World()
    globex = world.acting("root").competitors.create("Globex")
    li = world.acting("li").opportunities
    li.win(li.add_competitor(world.agreed(), globex.id))
    li.lose(world.deal(amount=SMALL), reason="price", competitor="Globex")
    li.lose(li.add_competitor(world.deal(), "Globex"), reason="competitor", competitor="Umbrella")
    li.invalidate(li.add_competitor(world.deal(), globex.id), reason="other")
    li.add_competitor(world.deal(), globex.id)
    qian = world.acting("qian").opportunities
    qian.lose(world.deal("qian"), reason="price", competitor=globex.id)
    for person in ("li", "zhang"):
        figures = world.acting(person).pipeline
        found = figures.competitors()
        record, umbrella = found.competitors
        told = (record.name, record.id, record.won, record.lost_to, record.lost_beside, record.rate)
        assert told == ("Globex", globex.id, 1, 1, 1, 1 / 3)
        assert dict(record.won_value) == {"CNY": Decimal(1_200_000)}
        assert dict(record.lost_to_value) == {"CNY": Decimal(400_000)}
        assert (umbrella.name, umbrella.id, umbrella.lost_to) == ("Umbrella", None, 1)
        assert (found.population.counted, found.population.left_out) == (3, 2)
        rates = figures.win_rates(by="competitor").groups
        assert [(rate.key, rate.won, rate.lost) for rate in rates] == [("Globex", 1, 2), ("Umbrella", 0, 1)]
        speeds = figures.velocity(by="competitor").groups
        assert [(speed.key, speed.open) for speed in speeds] == [("Globex", 1), ("Umbrella", 0)]
    assert world.acting("root").pipeline.competitors().population.counted == 4
    mine = world.acting("qian").pipeline.competitors("mine").against("Globex")
    assert mine is not None
    assert (mine.lost_to, mine.won) == (1, 0)


class Desk:
    """A dollar is seven yuan."""

    def rate(self, currency: str, home: str, on: date) -> Decimal | None:
        """Return seven for dollars."""
        return Decimal(7) if currency == "USD" else None


def test_the_return_on_a_lead_source_is_value_won_for_cost():
    """LEAD-16, VIS-16, PIPE-8: from lead to win by source, against what it cost; any word is a source."""
    world = World()
    root, li = world.acting("root"), world.acting("li")
    rent = sf.SourceCost(amount=sf.Money(100_000, "CNY"), since=TODAY, until=LATER, note="rent")
    leaflets = sf.SourceCost(amount=sf.Money(20_000, "USD"), campaign=SPRING)
    fair = root.sources.create("fair", name={"en": "Trade show", "zh": "展会"}, costs=[rent])
    fair = root.sources.edit(fair, costs=[*fair.costs, leaflets])
    root.sources.create("bought_list")
    deal = li.leads.convert(
        world.lead(source="fair"), customer=sf.NewCustomer("Acme"),
        opportunity=sf.NewOpportunity("CRM", process="one_stage", amount=LARGE, close_date=LATER),
    ).opportunity  # fmt: skip
    assert deal is not None
    assert deal.source == "fair"
    li.opportunities.win(world.finished(deal))
    world.lead(phone="2", source="fair")
    world.lead(phone="3", source="a friend")
    world.lead(phone="4")
    world.acting("qian").leads.create(title="Hidden", phone="5", source="fair")
    world.acting("qian").leads.create(title="Hidden", phone="6", source="nobody's")
    found = li.pipeline.sources()
    assert [each.source for each in found.sources] == ["a friend", "bought_list", "fair", None]
    show = found.source("fair")
    assert show is not None
    assert (show.name, show.leads, show.converted, show.conversion) == (fair.name, 2, 1, 0.5)
    assert (show.opportunities, show.won, dict(show.won_value)) == (1, 1, {"CNY": Decimal(1_200_000)})
    assert dict(show.cost) == {"CNY": Decimal(100_000), "USD": Decimal(20_000)}
    assert (show.return_in("CNY"), show.return_in("USD"), show.return_in("JPY")) == (12.0, 0.0, None)
    assert (found.leads.counted, found.opportunities.counted) == (4, 1)
    converted = li.pipeline.sources(rates=RatePolicy("CNY", Desk())).source("fair")
    assert converted is not None
    assert (dict(converted.cost), converted.return_in("CNY")) == ({"CNY": Decimal(240_000)}, 5.0)
    whole = root.pipeline.sources().source("fair")
    assert whole is not None
    assert (whole.leads, whole.cost) == (3, show.cost)
    assert root.pipeline.sources("subordinates").leads.counted == 0


def test_a_pools_lead_counts_for_whoever_sees_its_card():
    """LEAD-16, VIS-18: a card tells the source, so the lead counts; who sees no card counts nothing."""
    world = World()
    world.pooled()
    assert world.acting("li").pipeline.sources().leads.counted == 1
    assert world.acting("qian").pipeline.sources().leads.counted == 0


def test_the_code_of_a_source_is_for_ever():
    """LEAD-16: the code is the id; a second one, also after the first was deleted, is a conflict."""
    world = World()
    desk = world.acting("root").sources
    website = desk.create("website")
    assert (website.id, website.name) == ("website", Label("website"))
    for _ in range(2):
        with pytest.raises(sf.Conflict):
            desk.create("website", name="Another")
        if desk.list():
            desk.delete(website)
    lead = world.lead(source="website")
    assert lead.source == "website"
    assert desk.edit(desk.create("fair"), name="Trade show").name.text() == "Trade show"
    assert {"name", "costs"} == set(SOURCE_FIELDS)


COST = sf.SourceCost(amount=SMALL, campaign=SPRING)
WRONG: list[tuple[str, str, dict[str, Any], str]] = [
    ("competitors", "edit", {"name": ""}, "name"),
    ("competitors", "edit", {"name": None}, "name"),
    ("competitors", "edit", {"ticker": "a\nb"}, "ticker"),
    ("competitors", "edit", {"website": 5}, "website"),
    ("competitors", "edit", {"reported_revenue": sf.Money(-1, "CNY")}, "reported_revenue"),
    ("competitors", "edit", {"reported_revenue": 5}, "reported_revenue"),
    *[("competitors", "edit", {name: 5}, name) for name in WORDS],
    ("competitors", "edit", {"products": "GlobexCRM"}, "products"),
    ("competitors", "edit", {"products": {"a": 1}}, "products"),
    ("competitors", "edit", {"products": 5}, "products"),
    ("competitors", "edit", {"products": ["a", ""]}, "products[1]"),
    ("competitors", "edit", {"products": ["a", "a"]}, "products"),
    ("competitors", "edit", {"products": [str(number) for number in range(1001)]}, "products"),
    ("competitors", "edit", {"scorecards": ["a"]}, "scorecards[0]"),
    (
        "competitors",
        "edit",
        {"scorecards": [CARD, evolve(CARD, rows=[sf.ScoredCriterion("a", 1, 1, 1)])]},
        "scorecards",
    ),
    ("competitors", "edit", {"scorecards": [CARD, CARD]}, "scorecards"),
    ("competitors", "edit", {"colour": "red"}, "field"),
    ("competitors", "edit", {"id": "x"}, "field"),
    ("literature", "edit", {"title": ""}, "title"),
    ("literature", "edit", {"kind": None}, "kind"),
    ("literature", "edit", {"document": ""}, "document"),
    ("literature", "edit", {"document": None}, "document"),
    ("literature", "edit", {"document": sf.Ref("url", "")}, "document.id"),
    ("literature", "edit", {"language": 5}, "language"),
    ("literature", "edit", {"valid_until": "2026-01-01"}, "valid_until"),
    ("literature", "edit", {"campaigns": ["spring"]}, "campaigns[0]"),
    ("literature", "edit", {"campaigns": [SPRING, SPRING]}, "campaigns"),
    ("literature", "edit", {"stages": ["bidding"]}, "stages[0]"),
    ("literature", "edit", {"stages": [("crm2000", "bidding", "x")]}, "stages[0]"),
    ("literature", "edit", {"stages": [("crm2000", None)]}, "stages[0]"),
    ("literature", "edit", {"stages": [("unheard_of", "bidding")]}, "process"),
    ("literature", "edit", {"competitors": [None]}, "competitors[0]"),
    ("literature", "list", {"process": 5}, "process"),
    ("literature", "list", {"stage": ""}, "stage"),
    ("literature", "list", {"competitor": 5}, "competitor"),
    ("literature", "list", {"competitor": ""}, "competitor"),
    ("literature", "list", {"product": []}, "product"),
    ("literature", "list", {"campaign": "spring"}, "campaign"),
    ("sources", "edit", {"name": None}, "name"),
    ("sources", "edit", {"name": ""}, "name in en"),
    ("sources", "edit", {"name": {}}, "name"),
    ("sources", "edit", {"name": {"": "Fair"}}, "name's language"),
    ("sources", "edit", {"name": {5: "Fair"}}, "name's language"),
    ("sources", "edit", {"name": {5: "Fair", "en": "Fair"}}, "name"),
    ("sources", "edit", {"name": {"en": 5}}, "name in en"),
    ("sources", "edit", {"costs": COST}, "costs"),
    ("sources", "edit", {"costs": [COST, 5]}, "costs[1]"),
    ("sources", "edit", {"costs": [COST] * 1001}, "costs"),
    ("sources", "edit", {"code": "x"}, "field"),
    ("sources", "create", {"code": ""}, "code"),
    ("sources", "create", {"code": "x" * 201}, "code"),
]


@pytest.mark.parametrize(
    ("group", "method", "given", "what"), WRONG, ids=[f"{group}-{given}"[:60] for group, _, given, _ in WRONG]
)
def test_what_does_not_fit_is_named_and_changes_nothing(group: str, method: str, given: dict[str, Any], what: str):
    """CUS-4, CUS-5, LEAD-16, REL-8: the wrong value is the calling code's mistake, and its place is said."""
    world = World()
    root = world.acting("root")
    root.competitors.create("Globex")
    root.literature.create("A", kind="x", document="https://a")
    root.sources.create("fair")
    before = world.everything()
    entry = {"competitors": "competitor-1", "literature": "literature-1", "sources": "fair"}[group]
    with pytest.raises(sf.InvalidInput) as invalid:
        getattr(getattr(root, group), method)(*([entry] if method == "edit" else []), **given)
    assert invalid.value.what == what
    assert world.everything() == before


def test_two_equal_costs_are_two_costs_and_every_list_may_be_emptied():
    """LEAD-16, HIST-1: paid for in two like parts, it cost twice as much; empty is not absent."""
    desk = World().acting("root").sources
    fair = desk.create("fair", costs=[COST, COST])
    assert fair.costs == (COST, COST)
    assert desk.edit(fair, name={"zh": "展会"}).costs == fair.costs
    assert desk.edit("fair", costs=()).costs == ()


def test_a_store_of_three_methods_keeps_catalogues():
    """CUS-4, CUS-5, LEAD-16: nothing here needs more of a store than every store has."""
    world = World(through=BareStore)
    root = world.acting("root")
    globex = root.competitors.create("Globex", scorecards=[CARD])
    root.literature.create("A", kind="x", document="https://a", competitors=["Globex"])
    root.sources.create("fair", costs=[COST])
    world.acting("li").opportunities.add_competitor(world.deal(source="fair"), globex.id)
    with pytest.raises(sf.Refused):
        root.competitors.delete(globex)
    assert [each.name for each in world.acting("li").pipeline.competitors().competitors] == ["Globex"]
    assert [each.source for each in world.acting("li").pipeline.sources().sources] == ["fair"]
    assert len(world.acting("li").literature.list(competitor=globex)) == 1
