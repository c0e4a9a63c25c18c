"""
What the fields of competitors, sales literature and lead sources take (CUS-4, CUS-5, LEAD-16).

Each field has one test; whatever does not fit is the caller's mistake and raised.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model import Label, ProductScorecard, Ref, SourceCost
from salesflow.model.catalogue import reference_to
from salesflow.model.label import as_label
from salesflow.model.moments import plain_day
from salesflow.model.requests import named, not_negative, worded
from salesflow.process.fields import Check, or_none

MOST_ENTRIES = 1000
"""A field with many entries has at most so many."""


def _many(check: Check) -> Check:
    """Return the test of a list whose every item passes *check* and stands in it once."""

    def check_all(value: Any, what: str) -> tuple[Any, ...]:
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
            raise InvalidInput(what, value, "must be a list")
        items: Collection[Hashable] = [check(item, f"{what}[{number}]") for number, item in enumerate(value)]
        if len(items) > MOST_ENTRIES:
            raise InvalidInput(what, f"{len(items)} entries", f"must be at most {MOST_ENTRIES}")
        if len(set(items)) < len(items):
            raise InvalidInput(what, value, "must not hold anything twice")
        return tuple(items)

    return check_all


def _scorecard(value: Any, what: str) -> ProductScorecard:
    if not isinstance(value, ProductScorecard):
        raise InvalidInput(what, value, "must be a ProductScorecard")
    return value


def _scorecards(value: Any, what: str) -> tuple[ProductScorecard, ...]:
    cards: tuple[ProductScorecard, ...] = _many(_scorecard)(value, what)
    if len({(card.our_product, card.their_product) for card in cards}) < len(cards):
        raise InvalidInput(what, value, "must not compare one product with another twice")
    return cards


def _document(value: Any, what: str) -> Ref:
    """A plain text is a URL."""
    return Ref("url", named(value, what)) if isinstance(value, str) else reference_to(value, what)


def _stage(value: Any, what: str) -> tuple[str, str]:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InvalidInput(what, value, "must be a pair of a process's id and a stage's code")
    return named(value[0], what), named(value[1], what)


def _cost(value: Any, what: str) -> SourceCost:
    if not isinstance(value, SourceCost):
        raise InvalidInput(what, value, "must be a SourceCost")
    return value


def _costs(value: Any, what: str) -> tuple[SourceCost, ...]:
    """Two equal costs are two costs: a fair may be paid for in two like parts."""
    if not isinstance(value, list | tuple) or len(value) > MOST_ENTRIES:
        raise InvalidInput(what, value, f"must be a list of at most {MOST_ENTRIES} costs")
    return tuple([_cost(item, f"{what}[{number}]") for number, item in enumerate(value)])


def _label(value: Any, what: str) -> Label:
    if not isinstance(value, Label | str | Mapping):
        raise InvalidInput(what, value, "must be text, or a mapping from language to text")
    try:
        label = as_label(value)
    except TypeError:
        raise InvalidInput(what, value, "must have languages and texts that are text") from None
    if not label.texts:
        raise InvalidInput(what, value, "must hold a text in one language at least")
    for language, text in label.texts:
        named(language, f"{what}'s language", longest=20)
        named(text, f"{what} in {language}")
    return label


COMPETITOR_FIELDS: Mapping[str, Check] = MappingProxyType(
    {
        "name": named,
        "ticker": or_none(named),
        "main_product": or_none(named),
        "website": or_none(named),
        "reported_revenue": or_none(not_negative),
        **dict.fromkeys("address overview strengths weaknesses opportunities threats notes".split(), worded),
        "products": _many(named),
        "scorecards": _scorecards,
    }
)
"""The fields of a competitor."""

LITERATURE_FIELDS: Mapping[str, Check] = MappingProxyType(
    {
        "title": named,
        "kind": named,
        "document": _document,
        "language": or_none(named),
        "valid_until": or_none(plain_day),
        "products": _many(named),
        "competitors": _many(named),
        "campaigns": _many(reference_to),
        "stages": _many(_stage),
    }
)
"""The fields of a piece of sales literature."""

SOURCE_FIELDS: Mapping[str, Check] = MappingProxyType({"name": _label, "costs": _costs})
"""The fields of a lead source, beside its code."""
