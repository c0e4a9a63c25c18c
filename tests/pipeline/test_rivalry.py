"""Wins and losses against each competitor: CUS-4, PIPE-8."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.model import Closing, Competitor, Money, Opportunity, OpportunityStatus, Probability, ProbabilitySource
from salesflow.pipeline import CompetitorRecord, Totals, competitor_records, competitors_named, win_rates
from salesflow.testing.records import make_opportunity
from tests.pipeline.deals import many

FEWER = settings(max_examples=max(10, settings().max_examples // 2))
"""What the profile asks for, less, since each example takes long to draw."""

WON, LOST = OpportunityStatus.WON, OpportunityStatus.LOST
GLOBEX = Competitor(id="competitor-1", version=1, name="Globex")
INITECH = Competitor(id="competitor-2", version=1, name="Initech")
CATALOGUE = (GLOBEX, INITECH)
NAME_OF = {"competitor-1": "Globex", "competitor-2": "Initech"}
MENTIONS = st.sampled_from(("competitor-1", "Globex", "competitor-2", "Umbrella"))


def closed(outcome: OpportunityStatus, *stood: str, to: str | None = None, worth: Any = None) -> Opportunity:
    chance = Probability(10, ProbabilitySource.STAGE)
    closing = Closing(1, outcome, "a", None, "li", None, chance, competitor=to, actual_amount=worth)
    return make_opportunity("x", status=outcome, closings=(closing,), competitors=stood, amount=worth)


def rivals(deal: Opportunity) -> tuple[set[str], str | None]:
    """Who stood in a deal and who won it, by name, found the slow way."""
    winner = (
        deal.closings[-1].competitor if deal.closings and deal.status is not OpportunityStatus.IN_PROGRESS else None
    )
    stood = {NAME_OF.get(each, each) for each in (*deal.competitors, *filter(None, [winner]))}
    return stood, None if winner is None else NAME_OF.get(winner, winner)


@st.composite
def contested(draw: st.DrawFn) -> list[Opportunity]:
    """Deals that name some competitors, by id or by name, and lost ones perhaps who won them."""
    found = []
    for deal in draw(many()):
        stood = tuple(draw(st.lists(MENTIONS, max_size=3, unique=True)))
        to = draw(st.none() | MENTIONS) if deal.status is LOST else None
        closings = tuple(evolve(closing, competitor=to) for closing in deal.closings)
        found.append(evolve(deal, competitors=stood, closings=closings))
    return found


@FEWER
@given(contested())
def test_the_record_is_that_of_a_naive_count(deals: list[Opportunity]):
    """CUS-4: won where they stood, lost to them, lost where they merely stood; id and name are one competitor."""
    found = competitor_records(iter(deals), CATALOGUE)
    decided = [deal for deal in deals if deal.status in (WON, LOST)]
    named = {name for deal in decided for name in rivals(deal)[0]}
    assert [each.name for each in found.competitors] == sorted({"Globex", "Initech"} | named)
    for each in found.competitors:
        theirs = [deal for deal in decided if each.name in rivals(deal)[0]]
        won = [deal for deal in theirs if deal.status is WON]
        lost_to = [deal for deal in theirs if deal.status is LOST and rivals(deal)[1] == each.name]
        assert (each.won, each.lost_to, each.won + each.lost_to + each.lost_beside) == (
            len(won), len(lost_to), len(theirs),
        )  # fmt: skip
        assert each.rate == (len(won) / len(theirs) if theirs else None)
        for currency in ("CNY", "USD", "JPY"):
            sold = [deal.actual_amount for deal in won]
            missed = [deal.amount for deal in lost_to]
            assert each.won_value.of(currency) == sum(m.amount for m in sold if m and m.currency == currency)
            assert each.lost_to_value.of(currency) == sum(m.amount for m in missed if m and m.currency == currency)
        assert each.id == {"Globex": "competitor-1", "Initech": "competitor-2"}.get(each.name)
    assert (found.population.counted, found.population.statuses) == (len(decided), (WON, LOST))
    assert found.population.left_out == len(deals) - len(decided)


@FEWER
@given(contested())
def test_the_win_rate_by_competitor_says_the_same(deals: list[Opportunity]):
    """PIPE-2: the win rate grouped by competitor is of the same deals, once ids are names."""
    rates = win_rates(competitors_named(deals, NAME_OF), "competitor")
    for each in competitor_records(deals, CATALOGUE).competitors:
        group = rates.group(each.name)
        told = (0, 0, None) if group is None else (group.won, group.lost, group.rate)
        assert told == (each.won, each.lost_to + each.lost_beside, each.rate)


@FEWER
@given(contested())
def test_naming_changes_nothing_but_the_names(deals: list[Opportunity]):
    """CUS-4: no deal is dropped or changed otherwise, and one that names no entry of the catalogue is itself."""
    named = list(competitors_named(deals, NAME_OF))
    assert len(named) == len(deals)
    for before, after in zip(deals, named, strict=True):
        assert rivals(after) == rivals(before)
        assert not {*after.competitors} & NAME_OF.keys()
        blank: dict[str, Any] = {"competitors": (), "closings": ()}
        assert evolve(after, **blank) == evolve(before, **blank)
    assert list(competitors_named(deals, {})) == deals


def test_one_deal_that_names_an_entry_twice_counts_once():
    """CUS-4: by id, by name and as the winner, it is one competitor in one deal."""
    deal = closed(LOST, "competitor-1", "Globex", to="competitor-1", worth=Money(5, "CNY"))
    (globex, initech) = competitor_records([deal], CATALOGUE).competitors
    assert globex == CompetitorRecord("Globex", "competitor-1", 0, 1, 0, 0.0, Totals(), globex.lost_to_value)
    assert globex.lost_to_value.of("CNY") == 5
    assert initech == CompetitorRecord("Initech", "competitor-2", 0, 0, 0, None, Totals(), Totals())


def test_a_record_is_found_by_id_and_by_name():
    """CUS-4: by what the deals call them; who is in neither the catalogue nor a deal is not there."""
    records = competitor_records([closed(WON, "Umbrella")], CATALOGUE)
    assert records.against("competitor-2") is records.against("Initech")
    umbrella = records.against("Umbrella")
    assert umbrella is not None
    assert (umbrella.id, umbrella.won, umbrella.rate) == (None, 1, 1.0)
    assert records.against("Hooli") is None


def test_an_id_goes_before_a_name():
    """CUS-4: a competitor that is called what is another's id does not take the other's deals."""
    odd = Competitor(id="competitor-3", version=1, name="competitor-1")
    records = competitor_records([closed(WON, "competitor-1")], (GLOBEX, odd))
    found = records.against("competitor-1")
    assert found is not None
    assert (found.name, found.won) == ("Globex", 1)
