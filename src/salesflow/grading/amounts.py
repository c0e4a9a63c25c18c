"""Grades by amount: led by us A to D by three boundaries, led by a partner E; no amount, no guess."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.grading.conversion import has_rates, worth_at_home
from salesflow.grading.policy import GradeDecision
from salesflow.model.enums import Grade, LedBy
from salesflow.model.money import Money
from salesflow.model.opportunity import Opportunity
from salesflow.model.reasons import Reason
from salesflow.ports import Rates


def _money(_instance: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, Money):
        raise InvalidInput(attribute.name, value, "must be Money, such as Money('1000000', 'CNY')")


@frozen
class AmountPolicy:
    """
    The grade by amount; a boundary itself belongs to the upper grade.

    Args:
        boundary: From here on A or B, below it C or D; its currency is the home currency.
        upper: From here on A.
        lower: Below it D.
        rates: Converts other currencies on the grading date; None leaves those undecided.

    Raises:
        InvalidInput: The boundaries fall, are negative, or are not all of one currency, or *rates* is no port.
            Whoever configures the policy must mend that.

    Source: GRADE-1, GRADE-6.
    """

    boundary: Money = field(default=Money("1000000", "CNY"), validator=_money)
    upper: Money = field(default=Money("5000000", "CNY"), validator=_money, kw_only=True)
    lower: Money = field(default=Money("300000", "CNY"), validator=_money, kw_only=True)
    rates: Rates | None = field(default=None, validator=has_rates, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.lower.amount < 0 or not self.lower <= self.boundary <= self.upper:
            raise InvalidInput(
                "boundaries", f"{self.lower}, {self.boundary}, {self.upper}", "must rise from zero or more"
            )

    def grade(self, opportunity: Opportunity, on: date | None = None) -> GradeDecision:
        """
        Return the grade of *opportunity*, with the reason.

        Args:
            opportunity: Only its amount and its lead party are read.
            on: The grading date; needed only where an amount is converted.

        Raises:
            InvalidInput: An amount must be converted, and the caller named no day.
            PortError: The rates port failed, or gave no positive Decimal.

        Source: GRADE-1, GRADE-6.
        """
        if opportunity.led_by is LedBy.PARTNER:
            return GradeDecision(Grade.E, Reason("led_by_partner"))
        amount, home = opportunity.amount, self.boundary.currency
        worth = worth_at_home(amount, home, self.rates, on)
        if isinstance(worth, Reason):
            return GradeDecision(None, worth)
        is_home = amount is not None and amount.currency == home
        return self._by_size(worth, str(amount) if is_home else f"{amount} ({worth:,} {home})")

    def _by_size(self, worth: Decimal, shown: str) -> GradeDecision:
        for step, grade in ((self.upper, Grade.A), (self.boundary, Grade.B)):
            if worth >= step.amount:
                return GradeDecision(grade, Reason("at_least", amount=shown, boundary=str(step)))
        grade, step = (Grade.D, self.lower) if worth < self.lower.amount else (Grade.C, self.boundary)
        return GradeDecision(grade, Reason("below", amount=shown, boundary=str(step)))
