"""Why and where deals were lost or invalid (PIPE-2)."""

from collections import Counter
from decimal import Decimal

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow.model import Opportunity, OpportunityStatus
from salesflow.pipeline import losses
from tests.pipeline.deals import many

ENDED = (OpportunityStatus.LOST, OpportunityStatus.INVALID)
reasons = st.sampled_from((None, "None", "price", "other"))


@st.composite
def ended(draw: st.DrawFn) -> list[Opportunity]:
    """Deals that ended for some reason, if any is known."""
    return [
        evolve(
            deal,
            closings=tuple(evolve(each, reason=draw(reasons)) for each in deal.closings) if draw(st.booleans()) else (),
        )
        for deal in draw(many())
    ]


@given(ended())
def test_reasons_and_stages_are_each_a_partition(deals: list[Opportunity]):
    """PIPE-2, PIPE-8: each lost or invalid one is once under its reason and once under its stage, in whatever order."""
    found = losses(iter(deals))
    assert losses(reversed(deals)) == found
    ours = [deal for deal in deals if deal.status in ENDED]
    assert {(each.outcome, each.key): each.count for each in found.by_reason} == Counter(
        (deal.status, deal.closing.reason if deal.closing else None) for deal in ours
    )
    assert {(each.outcome, each.key): each.count for each in found.by_stage} == Counter(
        (deal.status, deal.stage) for deal in ours
    )
    hoped = sum((deal.amount.amount for deal in ours if deal.amount and deal.amount.currency == "CNY"), Decimal(0))
    for parts in (found.by_reason, found.by_stage):
        assert sum((each.amounts.of("CNY") for each in parts), Decimal(0)) == hoped
        order = [(ENDED.index(each.outcome), -each.count) for each in parts]
        assert order == sorted(order)
    assert (found.population.counted, found.population.left_out) == (len(ours), len(deals) - len(ours))
    assert found.population.statuses == ENDED
