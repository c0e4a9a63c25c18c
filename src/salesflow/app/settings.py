"""What an application decides once for its flow, checked when it is made."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.grading import Resources
from salesflow.model.requests import flag, named


def _flag(_instance: object, attribute: Any, value: Any) -> None:
    flag(value, attribute.name)


def _name(_instance: object, attribute: Any, value: Any) -> None:
    named(value, attribute.name)


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

    Raises:
        InvalidInput: A value does not fit; whoever configures the flow must mend that.
    """

    keep_manual_probability: bool = field(default=False, validator=_flag)
    past_close_date_allowed: bool = field(default=False, validator=_flag)
    after_sales_process: str = field(default="after_sales", validator=_name)
    resources: Resources = field(default=Resources(), validator=_resources)
