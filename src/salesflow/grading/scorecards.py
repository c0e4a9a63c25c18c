"""Grades by a weighted scorecard: amount, strategic value, win chance and whatever else counts (GRADE-7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Protocol

from attrs import field, frozen

from salesflow.errors import InvalidInput, PortError
from salesflow.grading.conversion import has_rates, worth_at_home
from salesflow.grading.policy import GradeDecision, fields_read
from salesflow.model.enums import Grade, LedBy
from salesflow.model.money import Money
from salesflow.model.opportunity import Opportunity
from salesflow.model.reasons import Reason
from salesflow.model.requests import named, not_negative
from salesflow.ports import Rates

MOST_POINTS = 100
"""What a criterion gives at best."""


class Points(Protocol):
    """
    How many points an opportunity gets for one criterion.

    One that reads more than amount and lead party names it in an attribute `reads`, as a `GradingPolicy` does.
    """

    def points(self, opportunity: Opportunity, on: date | None) -> int | Reason:
        """Return 0 to 100 points, or the reason why nobody can say."""
        ...


def _is_points(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_POINTS


def _points(what: str, value: Any) -> int:
    if not _is_points(value):
        raise InvalidInput(what, value, f"must be whole points, 0 to {MOST_POINTS}")
    return int(value)


def _steps(given: Any) -> tuple[tuple[Money, int], ...]:
    pairs = tuple(given.items() if isinstance(given, Mapping) else given) if isinstance(given, Iterable) else ()
    if not pairs or not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
        raise InvalidInput("steps", given, "must be one or more pairs of Money and points")
    steps = tuple((not_negative(least, "steps"), _points("steps", points)) for least, points in pairs)
    return tuple(sorted(steps, key=lambda step: step[0]))


@frozen
class AmountPoints:
    """
    Points by amount: those of the highest step that is reached; a step's own amount reaches it, below all are none.

    Args:
        steps: From how much on, how many points; all in one currency, which is the home currency.
        rates: Converts other currencies on the grading date; None leaves those undecided.

    Source: GRADE-6, GRADE-7.
    """

    steps: tuple[tuple[Money, int], ...] = field(converter=_steps)
    rates: Rates | None = field(default=None, validator=has_rates, kw_only=True)

    def points(self, opportunity: Opportunity, on: date | None) -> int | Reason:
        """Return the points, or why the amount is not known at home."""
        worth = worth_at_home(opportunity.amount, self.steps[0][0].currency, self.rates, on)
        if isinstance(worth, Reason):
            return worth
        return next((points for least, points in reversed(self.steps) if worth >= least.amount), 0)


@frozen
class ChancePoints:
    """
    Points by the win probability: as many as it has percent.

    Source: GRADE-7.
    """

    @property
    def reads(self) -> tuple[str, ...]:
        """The probability."""
        return ("probability",)

    def points(self, opportunity: Opportunity, on: date | None) -> int | Reason:
        """Return the percent."""
        return opportunity.probability.percent


def _choices(given: Any) -> Mapping[str, int]:
    if not isinstance(given, Mapping) or not given:
        raise InvalidInput("choices", given, "must be a mapping from a value to its points")
    return MappingProxyType({named(value, "choices"): _points("choices", points) for value, points in given.items()})


def _name(_instance: object, attribute: Any, value: Any) -> None:
    named(value, attribute.name)


@frozen
class CustomPoints:
    """
    Points by a custom field of the application's own, such as the strategic value.

    Args:
        custom_field: The field's name.
        choices: The points of each value, such as ``{"high": 100, "medium": 50, "low": 0}``.

    Source: GRADE-7.
    """

    custom_field: str = field(validator=_name)
    choices: Mapping[str, int] = field(converter=_choices)

    @property
    def reads(self) -> tuple[str, ...]:
        """The custom fields."""
        return ("custom",)

    def points(self, opportunity: Opportunity, on: date | None) -> int | Reason:
        """Return the points of the field's value, or the reason where it has none of the known values."""
        value = next((held.value for held in opportunity.custom if held.key == self.custom_field), None)
        points = self.choices.get(value) if isinstance(value, str) else None
        if points is None:
            return Reason("value_not_rated", field=self.custom_field, known=tuple(self.choices))
        return points


def _weight(_instance: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000:
        raise InvalidInput(attribute.name, value, "must be a whole number, 1 to 1000")


def _rating(_instance: object, attribute: Any, value: Any) -> None:
    if not callable(getattr(value, "points", None)):
        raise InvalidInput(attribute.name, value, "must have a method points(opportunity, on)")


@frozen
class Criterion:
    """
    One line of a scorecard.

    Args:
        name: What is rated, for people.
        rating: Gives the points.
        weight: How much it counts beside the others, from 1.

    Source: GRADE-7.
    """

    name: str = field(validator=_name)
    rating: Points = field(validator=_rating)
    weight: int = field(default=1, validator=_weight)


def _criteria(given: Any) -> tuple[Criterion, ...]:
    kept = tuple(given) if isinstance(given, Iterable) else ()
    if not kept or not all(isinstance(criterion, Criterion) for criterion in kept):
        raise InvalidInput("criteria", given, "must be a list of one or more Criterion")
    if len({criterion.name for criterion in kept}) < len(kept):
        raise InvalidInput("criteria", [criterion.name for criterion in kept], "must not hold one name twice")
    return kept


@frozen
class ScorecardPolicy:
    """
    The grade by the weighted mean of several criteria, 0 to 100; a boundary itself belongs to the upper grade.

    What a partner leads is E, whatever the score. A criterion that nobody can rate leaves the grade undecided.

    Args:
        criteria: At least one, each name once.
        upper: From here on A.
        boundary: From here on B.
        lower: From here on C, below it D.

    Raises:
        InvalidInput: There is no criterion, one stands twice, or the boundaries do not rise from 0 to 100.
            Whoever configures the policy must mend that.

    Source: GRADE-1, GRADE-7.
    """

    criteria: tuple[Criterion, ...] = field(converter=_criteria)
    upper: int = field(default=75, kw_only=True)
    boundary: int = field(default=50, kw_only=True)
    lower: int = field(default=25, kw_only=True)

    def __attrs_post_init__(self) -> None:
        boundaries = (self.lower, self.boundary, self.upper)
        if not all(map(_is_points, boundaries)) or not self.lower <= self.boundary <= self.upper:
            raise InvalidInput("boundaries", boundaries, f"must be whole points that rise from 0 to {MOST_POINTS}")

    @property
    def reads(self) -> frozenset[str]:
        """Every field whose change grades again under any of the criteria."""
        return frozenset().union(*(fields_read(criterion.rating) for criterion in self.criteria))

    def grade(self, opportunity: Opportunity, on: date | None = None) -> GradeDecision:
        """
        Return the grade of *opportunity*, with the score and what it is made of.

        Args:
            opportunity: Only read.
            on: The grading date.

        Raises:
            PortError: A rating gave neither points nor a reason.

        Source: GRADE-7.
        """
        if opportunity.led_by is LedBy.PARTNER:
            return GradeDecision(Grade.E, Reason("led_by_partner"))
        total = weights = 0
        parts, unrated = [], []
        for criterion in self.criteria:
            points: object = criterion.rating.points(opportunity, on)
            if isinstance(points, Reason):
                unrated.append(f"{criterion.name}: {points}")
                continue
            if not isinstance(points, int) or not _is_points(points):
                raise PortError("grading policy", f"criterion {criterion.name!r} gave {points!r}, not 0 to 100 points")
            total, weights = total + points * criterion.weight, weights + criterion.weight
            parts.append(f"{criterion.name} {points} x {criterion.weight}")
        if unrated:
            return GradeDecision(None, Reason("criteria_not_rated", criteria=tuple(unrated)))
        return self._by_score(Fraction(total, weights), tuple(parts))

    def _by_score(self, score: Fraction, parts: tuple[str, ...]) -> GradeDecision:
        hundredths = int(score * 100)  # cut, not rounded: what is shown never reaches a boundary that the score missed
        shown = f"{hundredths // 100}.{hundredths % 100:02}"
        for least, grade in ((self.upper, Grade.A), (self.boundary, Grade.B), (self.lower, Grade.C)):
            if score >= least:
                return GradeDecision(grade, Reason("score_at_least", score=shown, boundary=least, parts=parts))
        return GradeDecision(Grade.D, Reason("score_below", score=shown, boundary=self.lower, parts=parts))
