"""What administrators keep: competitors with scorecards, sales literature, lead sources with costs (CUS-4, CUS-5)."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st

from salesflow.model import (
    Competitor,
    LeadSource,
    Literature,
    ProductScorecard,
    Ref,
    ScoredCriterion,
    SourceCost,
)
from salesflow.model.catalogue import HIGHEST_SCORE, LARGEST_WEIGHT
from salesflow.testing.strategies.values import days, labels, moments, money, names, record_ids


def references() -> st.SearchStrategy[Ref]:
    """Things that only the application knows (CUS-1)."""
    return st.builds(Ref, st.sampled_from(("campaign", "url", "dms")), record_ids(), st.just("") | names())


def scorecards() -> st.SearchStrategy[ProductScorecard]:
    """One product of ours against one of theirs by one to four criteria (CUS-4)."""
    scores = st.integers(0, HIGHEST_SCORE)
    row = st.builds(ScoredCriterion, names(), st.integers(1, LARGEST_WEIGHT), scores, scores, st.none() | names())
    rows = st.lists(row, min_size=1, max_size=4, unique_by=lambda each: each.criterion)
    return st.builds(ProductScorecard, names(), names(), rows)


def competitors() -> st.SearchStrategy[Competitor]:
    """Competitors of which more or less is known (CUS-4)."""
    words = st.none() | names()
    return st.builds(
        Competitor, id=record_ids(), version=st.just(1), name=names(), main_product=words, strengths=words,
        reported_revenue=st.none() | money(), products=st.lists(names(), max_size=2).map(tuple),
        scorecards=st.lists(scorecards(), max_size=2).map(tuple), updated_at=moments(),
    )  # fmt: skip


def literature() -> st.SearchStrategy[Literature]:
    """Documents for some products, competitors, campaigns and stages (CUS-5)."""
    several = st.lists(names(), max_size=2).map(tuple)
    return st.builds(
        Literature, id=record_ids(), version=st.just(1), title=names(), kind=names(), document=references(),
        language=st.sampled_from((None, "en", "zh")), valid_until=st.none() | days(), products=several,
        competitors=several, campaigns=st.lists(references(), max_size=2).map(tuple),
        stages=st.lists(st.tuples(names(), names()), max_size=2).map(tuple), updated_at=moments(),
    )  # fmt: skip


@st.composite
def source_costs(draw: st.DrawFn) -> SourceCost:
    """A cost over some days, or of a campaign, or both (LEAD-16)."""
    since = draw(st.none() | days())
    until = None if since is None else since + timedelta(draw(st.integers(0, 90)))
    campaign = draw(references() if since is None else st.none() | references())
    return SourceCost(amount=draw(money()), since=since, until=until, campaign=campaign, note=draw(st.none() | names()))


def lead_sources() -> st.SearchStrategy[LeadSource]:
    """Lead sources with up to three costs (LEAD-16)."""
    costs = st.lists(source_costs(), max_size=3).map(tuple)
    return st.builds(LeadSource, id=record_ids(), version=st.just(1), name=labels(), costs=costs, updated_at=moments())
