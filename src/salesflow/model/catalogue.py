"""
What administrators keep for everybody: competitors, sales literature, lead sources (CUS-4, CUS-5, LEAD-16).

The values in them come from people's hands and check themselves; the records, like all records, do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.label import Label
from salesflow.model.moments import plain_day
from salesflow.model.money import Money
from salesflow.model.party import Ref
from salesflow.model.requests import named, not_negative, worded

HIGHEST_SCORE = 10
"""What a product gets for a criterion at best; 0 is the worst."""

LARGEST_WEIGHT = 100
"""No criterion weighs more; 1 is the least."""


def _whole(value: object, what: str, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidInput(what, value, f"must be a whole number, {least} to {most}")


@frozen
class ScoredCriterion:
    """
    How one product of ours and one of theirs do by one criterion.

    Args:
        criterion: Any words, such as ``"price"`` or ``"service nearby"``.
        weight: How much it counts, 1 to `LARGEST_WEIGHT`.
        our_score, their_score: 0 to `HIGHEST_SCORE`, the more the better.
        note: Further words, or None.

    Raises:
        InvalidInput: A value does not fit.

    Source: CUS-4.
    """

    criterion: str
    weight: int
    our_score: int
    their_score: int
    note: str | None = None

    def __attrs_post_init__(self) -> None:
        named(self.criterion, "criterion")
        _whole(self.weight, "weight", 1, LARGEST_WEIGHT)
        _whole(self.our_score, "our_score", 0, HIGHEST_SCORE)
        _whole(self.their_score, "their_score", 0, HIGHEST_SCORE)
        worded(self.note, "note")


def _rows(rows: Any) -> tuple[ScoredCriterion, ...]:
    found: tuple[Any, ...] = tuple(rows) if isinstance(rows, Iterable) else ()
    if not found or not all(isinstance(row, ScoredCriterion) for row in found):
        raise InvalidInput("rows", rows, "must be one or more of ScoredCriterion")
    if len({row.criterion for row in found}) < len(found):
        raise InvalidInput("rows", rows, "must not hold one criterion twice")
    return found


@frozen
class ProductScorecard:
    """
    One product of ours against one of theirs, criterion by criterion.

    Args:
        our_product, their_product: What people call them, or their codes.
        rows: One or more criteria, each once.

    Raises:
        InvalidInput: A value does not fit.

    Source: CUS-4.

    >>> card = ProductScorecard("CRM2000", "GlobexCRM", [ScoredCriterion("price", 3, 4, 8)])
    >>> card.our_total, card.their_total, card.advantage, card.highest_total
    (12, 24, -12, 30)
    """

    our_product: str
    their_product: str
    rows: tuple[ScoredCriterion, ...] = field(converter=_rows)

    def __attrs_post_init__(self) -> None:
        named(self.our_product, "our_product")
        named(self.their_product, "their_product")

    @property
    def our_total(self) -> int:
        """The sum of weight × our score."""
        return sum(row.weight * row.our_score for row in self.rows)

    @property
    def their_total(self) -> int:
        """The sum of weight × their score."""
        return sum(row.weight * row.their_score for row in self.rows)

    @property
    def advantage(self) -> int:
        """How far ours is ahead of theirs; below zero where it is behind."""
        return self.our_total - self.their_total

    @property
    def highest_total(self) -> int:
        """What a product would have that is the best by every criterion."""
        return sum(row.weight * HIGHEST_SCORE for row in self.rows)


@frozen(kw_only=True)
class Competitor:
    """
    A competitor (竞争对手) and what we know of them.

    Args:
        name: What deals may name it by, beside its id.
        products: What they sell.
        scorecards: Products of ours against products of theirs, each pair once.

    Source: CUS-4.
    """

    KIND: ClassVar[str] = "competitor"

    id: str
    version: int
    name: str
    ticker: str | None = None
    main_product: str | None = None
    website: str | None = None
    reported_revenue: Money | None = None
    address: str | None = None
    overview: str | None = None
    strengths: str | None = None
    weaknesses: str | None = None
    opportunities: str | None = None
    threats: str | None = None
    notes: str | None = None
    products: tuple[str, ...] = ()
    scorecards: tuple[ProductScorecard, ...] = ()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None


@frozen(kw_only=True)
class Literature:
    """
    A document that helps to sell (销售资料): where it lies, and what it is for.

    Args:
        title: What people call it.
        kind: ``presentation brochure price_list manual``, or any other word.
        document: Where it lies: what only the application knows, or ``Ref("url", …)``.
        language: Such as ``"zh"``; None where it does not matter.
        valid_until: The last day on which it may be used; None means for good.
        products: Codes of the products that it is about.
        competitors: Ids or names of the competitors that it helps against.
        campaigns: The campaigns that it belongs to.
        stages: Pairs of a process's id and a stage's code in which it helps.

    Source: CUS-5.
    """

    KIND: ClassVar[str] = "literature"

    id: str
    version: int
    title: str
    kind: str
    document: Ref
    language: str | None = None
    valid_until: date | None = None
    products: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    campaigns: tuple[Ref, ...] = ()
    stages: tuple[tuple[str, str], ...] = ()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None

    def is_valid_on(self, day: date) -> bool:
        """Whether it may still be used on *day*."""
        return self.valid_until is None or day <= self.valid_until


@frozen(kw_only=True)
class SourceCost:
    """
    What a lead source cost: over some days, or by one campaign.

    Args:
        amount: At least zero.
        since, until: The first and the last day that it paid for; both or neither.
        campaign: The campaign that it paid for; None is fine where there are days.
        note: Further words, or None.

    Raises:
        InvalidInput: A value does not fit, or there are neither days nor a campaign.

    Source: LEAD-16.
    """

    amount: Money
    since: date | None = None
    until: date | None = None
    campaign: Ref | None = None
    note: str | None = None

    def __attrs_post_init__(self) -> None:
        not_negative(self.amount, "amount")
        if (self.since is None) is not (self.until is None):
            raise InvalidInput("since, until", (self.since, self.until), "must both be given, or neither")
        if self.since is not None and plain_day(self.since, "since") > plain_day(self.until, "until"):
            raise InvalidInput("until", self.until, f"must not lie before {self.since}, where the cost begins")
        if self.campaign is not None:
            reference_to(self.campaign, "campaign")
        elif self.since is None:
            raise InvalidInput("campaign", None, "must be given where since and until are not")
        worded(self.note, "note")


@frozen(kw_only=True)
class LeadSource:
    """
    Where leads come from (线索来源), and what that cost.

    Args:
        id: Its code, which leads and opportunities hold in their `source`: ``website bought_list trade_show
            social_media referral partner``, or any other.
        name: For people, in any languages.
        costs: What it cost so far.

    Source: LEAD-16.
    """

    KIND: ClassVar[str] = "lead_source"

    id: str
    version: int
    name: Label
    costs: tuple[SourceCost, ...] = ()
    created_at: datetime | None = None
    created_by: str | None = None
    updated_at: datetime | None = None


def reference_to(value: object, what: str) -> Ref:
    """Return *value* if it is a `Ref` to something, with a sound label; else raise `InvalidInput`."""
    if not isinstance(value, Ref):
        raise InvalidInput(what, value, "must be a Ref, such as Ref('campaign', 'spring-fair')")
    named(value.kind, f"{what}.kind")
    named(value.id, f"{what}.id")
    if worded(value.label, f"{what}.label") is None:
        raise InvalidInput(f"{what}.label", None, "must be text; nothing to say is ''")
    return value
