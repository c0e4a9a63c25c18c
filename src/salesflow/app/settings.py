"""What an application decides once for its flow, checked when it is made."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.grading import Resources
from salesflow.model.requests import flag, named
from salesflow.process import KEY_FIELDS


def _flag(_instance: object, attribute: Any, value: Any) -> None:
    flag(value, attribute.name)


def _name(_instance: object, attribute: Any, value: Any) -> None:
    named(value, attribute.name)


def _key_fields(_instance: object, attribute: Any, value: tuple[Any, ...]) -> None:
    if any(name not in KEY_FIELDS for name in value) or len(set(value)) < len(value):
        raise InvalidInput(attribute.name, value, f"must be some of {', '.join(KEY_FIELDS)}, each once")


def _in_order(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise InvalidInput("duplicate_keys", value, f"must be a list of some of {', '.join(KEY_FIELDS)}")
    return tuple(value)


def _resources(_instance: object, attribute: Any, value: Any) -> None:
    if not isinstance(value, Resources):
        raise InvalidInput(attribute.name, value, "must be grading.Resources")


@frozen
class Settings:
    """
    What an application decided once for its flow.

    Args:
        keep_manual_probability: Whether a probability set by hand outlives entering a stage (OPP-2).
        past_close_date_allowed: Whether a new opportunity may expect to close before today (OPP-2).
        after_sales_process: The template that after-sales starts with where none is named (OPP-12).
        resources: What each grade may use (GRADE-5).
        duplicate_keys: What tells that two customers are one, and that a lead is about a known one, the most telling
            first: some of ``"phone"``, ``"email"`` and ``"company"``, or none of them (LEAD-12).
        reveal_duplicates: Whether whoever saves a duplicate is told the name of what it is a duplicate of, though
            they may not see it (LEAD-12).

    Raises:
        InvalidInput: A value does not fit; whoever configures the flow must mend that.
    """

    keep_manual_probability: bool = field(default=False, validator=_flag)
    past_close_date_allowed: bool = field(default=False, validator=_flag)
    after_sales_process: str = field(default="after_sales", validator=_name)
    resources: Resources = field(default=Resources(), validator=_resources)
    duplicate_keys: tuple[str, ...] = field(default=("phone",), converter=_in_order, validator=_key_fields)
    reveal_duplicates: bool = field(default=False, validator=_flag)
