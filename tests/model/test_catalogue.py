"""Competitors with their scorecards, literature and lead sources: their values check themselves."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.model import Literature, Money, ProductScorecard, Ref, ScoredCriterion, SourceCost, check
from salesflow.model.catalogue import HIGHEST_SCORE
from salesflow.testing.strategies import competitors, lead_sources, literature, scorecards

FEWER = settings(max_examples=max(10, settings().max_examples // 4))
"""What the profile asks for, less, since each example takes long to draw."""

ROW = ScoredCriterion("price", 3, 4, 8)
TEN = Money(10, "CNY")
NO_TEXT: Any = None
NUMBER: Any = 5
FIRST, LAST = date(2026, 1, 5), date(2026, 1, 9)


@FEWER
@given(scorecards(), st.randoms())
def test_totals_are_what_the_rows_add_up_to_in_any_order(card: ProductScorecard, chance: Any):
    """CUS-4: row by row weight x score; whatever their order; no product gets more than the best would."""
    ours = theirs = best = 0
    for row in card.rows:
        for _ in range(row.weight):
            ours, theirs, best = ours + row.our_score, theirs + row.their_score, best + HIGHEST_SCORE
    assert (card.our_total, card.their_total, card.highest_total) == (ours, theirs, best)
    assert card.advantage == ours - theirs
    assert 0 <= card.our_total <= card.highest_total
    shuffled = evolve(card, rows=chance.sample(card.rows, len(card.rows)))
    assert (shuffled.our_total, shuffled.their_total) == (ours, theirs)


@FEWER
@given(scorecards())
def test_seen_from_the_other_side_the_advantage_is_theirs(card: ProductScorecard):
    """CUS-4: with sides changed a scorecard says the opposite."""
    rows = [ScoredCriterion(row.criterion, row.weight, row.their_score, row.our_score) for row in card.rows]
    other = ProductScorecard(card.their_product, card.our_product, rows)
    assert (other.our_total, other.advantage) == (card.their_total, -card.advantage)


@FEWER
@given(scorecards(), st.integers(2, 9))
def test_a_further_criterion_adds_its_own_part(card: ProductScorecard, weight: int):
    """CUS-4: totals are sums, so a criterion more changes them by its own part alone."""
    more = evolve(card, rows=(*card.rows, ScoredCriterion("a line\u2010of its own", weight, 1, HIGHEST_SCORE)))
    assert (more.our_total - card.our_total, more.their_total - card.their_total) == (weight, weight * HIGHEST_SCORE)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (("", 3, 4, 8), "criterion"), ((" ", 3, 4, 8), "criterion"), ((5, 3, 4, 8), "criterion"),
        (("price", 0, 4, 8), "weight"), (("price", 101, 4, 8), "weight"), (("price", True, 4, 8), "weight"),
        (("price", 1.5, 4, 8), "weight"), (("price", 3, -1, 8), "our_score"), (("price", 3, 11, 8), "our_score"),
        (("price", 3, 4, None), "their_score"), (("price", 3, 4, 11), "their_score"), (("price", 3, 4, 8, 5), "note"),
    ],
)  # fmt: skip
def test_a_criterion_that_makes_no_sense_is_refused(values: tuple[Any, ...], what: str):
    """CUS-4: a criterion is any words; weights and scores are whole numbers within their bounds."""
    with pytest.raises(InvalidInput) as invalid:
        ScoredCriterion(*values)
    assert invalid.value.what == what
    ScoredCriterion("price", 1, 0, HIGHEST_SCORE, "of the list price")
    ScoredCriterion("价格", 100, HIGHEST_SCORE, 0)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (("", "B", [ROW]), "our_product"), (("A", None, [ROW]), "their_product"), (("A", "B", []), "rows"),
        (("A", "B", None), "rows"), (("A", "B", ["price"]), "rows"), (("A", "B", [ROW, evolve(ROW, weight=1)]), "rows"),
    ],
)  # fmt: skip
def test_a_scorecard_has_two_products_and_each_criterion_once(values: tuple[Any, ...], what: str):
    """CUS-4: without rows there is nothing to compare, and one criterion twice would count twice."""
    with pytest.raises(InvalidInput) as invalid:
        ProductScorecard(*values)
    assert invalid.value.what == what
    assert ProductScorecard("A", "B", iter([ROW])).rows == (ROW,)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"since": FIRST, "until": LAST}, None), ({"since": FIRST, "until": FIRST, "note": "rent"}, None),
        ({"campaign": Ref("campaign", "spring")}, None),
        ({"campaign": Ref("campaign", "spring", "Spring"), "since": FIRST, "until": LAST}, None),
        ({}, "campaign"), ({"since": FIRST}, "since, until"), ({"until": FIRST}, "since, until"),
        ({"since": LAST, "until": FIRST}, "until"), ({"campaign": "spring"}, "campaign"),
        ({"campaign": Ref("", "spring")}, "campaign.kind"), ({"campaign": Ref("campaign", "\u202e")}, "campaign.id"),
        ({"campaign": Ref("campaign", "a", NO_TEXT)}, "campaign.label"),
        ({"campaign": Ref("campaign", "a", NUMBER)}, "campaign.label"),
        ({"since": datetime(2026, 1, 5), "until": LAST}, "since"), ({"since": FIRST, "until": "2026-01-09"}, "until"),
        ({"since": FIRST, "until": LAST, "amount": Money(-1, "CNY")}, "amount"),
        ({"since": FIRST, "until": LAST, "amount": 10}, "amount"), ({"since": FIRST, "until": LAST, "note": 5}, "note"),
    ],
)  # fmt: skip
def test_a_cost_is_for_days_or_for_a_campaign(values: dict[str, Any], what: str | None):
    """LEAD-16: a cost says what it was for; a day is a plain day (HIST-2), an amount is not negative (OPP-2)."""
    given = {"amount": TEN, **values}
    if what is None:
        assert SourceCost(**given).amount == TEN
        return
    with pytest.raises(InvalidInput) as invalid:
        SourceCost(**given)
    assert invalid.value.what == what


def test_literature_is_valid_up_to_its_last_day():
    """CUS-5: the last day counts; without one it is valid for good."""
    prices = Literature(id="a", version=1, title="Prices", kind="price_list", document=Ref("url", "x"))
    assert prices.is_valid_on(LAST)
    until = evolve(prices, valid_until=FIRST)
    assert (until.is_valid_on(FIRST), until.is_valid_on(LAST)) == (True, False)


@FEWER
@given(st.one_of(competitors(), literature(), lead_sources()))
def test_what_is_drawn_is_sound(record: Any):
    """CUS-4, CUS-5, LEAD-16: the strategies give nothing that a store would refuse."""
    assert check(record) == []
