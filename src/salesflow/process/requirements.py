"""
The fields that a stage may require (必填内容), and how to tell that one is filled (PROC-1, OPP-5).

One closed list: those of `salesflow.model.conditions` that people fill in.
"""

from __future__ import annotations

from types import MappingProxyType

from salesflow.errors import InvalidInput
from salesflow.model import Opportunity
from salesflow.model.conditions import CUSTOM, OPPORTUNITY_FIELDS, Test, condition_field

FIELDS = MappingProxyType[str, Test](
    {
        name: OPPORTUNITY_FIELDS[name].is_filled
        for name in (
            "amount", "close_date", "customer", "contact", "source", "competitors", "contact_roles",
            "primary_contact", "products", "activities", "team", "feedback",
        )
    }
)  # fmt: skip
"""Every field that a template may require, beside ``custom.NAME``, with the test whether it is filled."""


def filled_test(field: str) -> Test:
    """
    Return the test whether *field* is filled: look it up once, ask it for every opportunity.

    Args:
        field: A key of `FIELDS`, or ``custom.NAME``.

    Raises:
        InvalidInput: There is no such field; the template's author must mend it.

    Source: PROC-1, OPP-5.
    """
    known = FIELDS.get(field)
    if known is not None:
        return known
    custom = condition_field("opportunity", field) if field.startswith(CUSTOM) else None
    if custom is None:
        names = ", ".join(FIELDS)
        raise InvalidInput("required_fields", field, f"is no field; known are {names} and custom.NAME")
    return custom.is_filled


def is_filled(opportunity: Opportunity, field: str) -> bool:
    """
    Return whether *field* of *opportunity* is filled.

    Args:
        field: A key of `FIELDS`, or ``custom.NAME``.

    Raises:
        InvalidInput: There is no such field.

    Source: PROC-1, OPP-5.
    """
    return filled_test(field)(opportunity)
