"""
The fields that a stage may require (必填内容), and how to tell that one is filled (PROC-1, OPP-5).

One closed list. Money of zero is an amount and False is an answer: only the absent or blank is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from salesflow.errors import InvalidInput
from salesflow.model import Opportunity

FilledTest = Callable[[Opportunity], bool]
"""Tells of one opportunity whether one field is filled."""

CUSTOM = "custom."
"""What a field of the application's own begins with."""


def _has_feedback(opportunity: Opportunity) -> bool:
    visits = opportunity.visits
    return bool(visits) and any(given.visit == visits[-1].number for given in opportunity.feedback)


def _has_helpers(opportunity: Opportunity) -> bool:
    return any(member.person != opportunity.owner for member in opportunity.team)


FIELDS = MappingProxyType[str, FilledTest](
    {
        "amount": lambda opportunity: opportunity.amount is not None,
        "close_date": lambda opportunity: opportunity.close_date is not None,
        "customer": lambda opportunity: bool(opportunity.customer),
        "contact": lambda opportunity: bool(opportunity.contact),
        "source": lambda opportunity: bool(opportunity.source),
        "competitors": lambda opportunity: bool(opportunity.competitors),
        "contact_roles": lambda opportunity: bool(opportunity.contact_roles),
        "primary_contact": lambda opportunity: any(role.is_primary for role in opportunity.contact_roles),
        "products": lambda opportunity: bool(opportunity.products),
        "activities": lambda opportunity: bool(opportunity.activities),
        "team": _has_helpers,
        "feedback": _has_feedback,
    }
)
"""
Every field that a template may require, beside ``custom.NAME``.

``feedback`` is that of the current stay in the stage (OPP-4); ``team`` is anybody beside the owner;
``primary_contact`` is a contact role marked as such.
"""


def filled_test(field: str) -> FilledTest:
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
    if not field.startswith(CUSTOM) or field == CUSTOM:
        names = ", ".join(FIELDS)
        raise InvalidInput("required_fields", field, f"is no field; known are {names} and custom.NAME")
    name = field[len(CUSTOM) :]

    def is_custom_filled(opportunity: Opportunity) -> bool:
        for held in opportunity.custom:
            if held.key == name:
                value = held.value
                return value is not None and not (isinstance(value, str) and not value.strip())
        return False

    return is_custom_filled


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
