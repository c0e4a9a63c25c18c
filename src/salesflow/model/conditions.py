"""
Conditions: what may be asked of one field of a record, as data that a template can hold (RULE-1).

A closed set: a field is filled, equals a value, is one of several, is at least or at most so much. What is absent
never matches, and unlike currencies never compare. Nothing here runs what a template says: a field is looked up in a
table, a value is only compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import attrs
from attrs import frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import Grade, LeadStatus, LedBy, Registration, ReviewState, Route
from salesflow.model.money import LARGEST_AMOUNT, Money
from salesflow.model.opportunity import Opportunity

CUSTOM = "custom."
"""What a field of the application's own begins with."""

Test = Callable[[Any], bool]
"""Tells of one record whether something holds."""


class ValueType(StrEnum):
    """What a field holds, and so what it can be compared with."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DAY = "day"
    CUSTOM = "custom"
    """Text, a whole number, true or false, or money: whatever the application puts there."""


@frozen
class ConditionField:
    """
    A field that a condition can ask for.

    Args:
        is_filled: Tells whether a record has it. Money of zero is an amount and False is an answer: only the absent
            or blank is empty.
        type: What it holds; None where it can only be asked whether it is filled.
        read: Gives its value, None where it is absent; None where *type* is.
        choices: The only values that it ever has; empty where there is no such list.
    """

    is_filled: Test
    type: ValueType | None = None
    read: Callable[[Any], Any] | None = None
    choices: tuple[str, ...] = ()


def _has_feedback(opportunity: Opportunity) -> bool:
    visits = opportunity.visits
    return bool(visits) and any(given.visit == visits[-1].number for given in opportunity.feedback)


def _has_helpers(opportunity: Opportunity) -> bool:
    return any(member.person != opportunity.owner for member in opportunity.team)


def _always(_record: Any) -> bool:
    return True


_TEXT, _DAY = ValueType.TEXT, ValueType.DAY

OPPORTUNITY_FIELDS: Mapping[str, ConditionField] = MappingProxyType(
    {
        "amount": ConditionField(lambda it: it.amount is not None, ValueType.MONEY, lambda it: it.amount),
        "close_date": ConditionField(lambda it: it.close_date is not None, _DAY, lambda it: it.close_date),
        "customer": ConditionField(lambda it: bool(it.customer), _TEXT, lambda it: it.customer),
        "contact": ConditionField(lambda it: bool(it.contact), _TEXT, lambda it: it.contact),
        "source": ConditionField(lambda it: bool(it.source), _TEXT, lambda it: it.source),
        "competitors": ConditionField(lambda it: bool(it.competitors)),
        "contact_roles": ConditionField(lambda it: bool(it.contact_roles)),
        "primary_contact": ConditionField(lambda it: any(role.is_primary for role in it.contact_roles)),
        "products": ConditionField(lambda it: bool(it.products)),
        "activities": ConditionField(lambda it: bool(it.activities)),
        "team": ConditionField(_has_helpers),
        "feedback": ConditionField(_has_feedback),
        "probability": ConditionField(_always, ValueType.NUMBER, lambda it: it.probability.percent),
        "owner": ConditionField(_always, _TEXT, lambda it: it.owner),
        "led_by": ConditionField(_always, _TEXT, lambda it: it.led_by, tuple(LedBy)),
        "registration": ConditionField(_always, _TEXT, lambda it: it.registration, tuple(Registration)),
        "grade": ConditionField(
            lambda it: it.grade.effective is not None, _TEXT, lambda it: it.grade.effective, tuple(Grade)
        ),
        "route": ConditionField(_always, _TEXT, lambda it: it.grade.route, tuple(Route)),
    }
)
"""
Every field of an opportunity that a condition can ask for, beside ``custom.NAME``.

``feedback`` is that of the current stay in the stage (OPP-4); ``team`` is anybody beside the owner;
``primary_contact`` is a contact role marked as such; ``grade`` is the one that counts; ``probability`` is in percent.
"""


def _text_field(name: str) -> ConditionField:
    return ConditionField(lambda it: bool(getattr(it, name)), _TEXT, lambda it: getattr(it, name))


LEAD_FIELDS: Mapping[str, ConditionField] = MappingProxyType(
    {
        **{
            name: _text_field(name)
            for name in (
                "title", "contact", "company", "phone", "email", "channel", "source", "description", "branch", "owner",
            )
        },
        "status": ConditionField(_always, _TEXT, lambda it: it.status, tuple(LeadStatus)),
        "review": ConditionField(_always, _TEXT, lambda it: it.review, tuple(ReviewState)),
    }
)  # fmt: skip
"""Every field of a lead that a condition can ask for, beside ``custom.NAME``."""

FIELDS_OF: Mapping[str, Mapping[str, ConditionField]] = MappingProxyType(
    {"opportunity": OPPORTUNITY_FIELDS, "lead": LEAD_FIELDS}
)
"""The fields by the kind of record."""


def condition_field(kind: str, field: str) -> ConditionField | None:
    """
    Return what can be asked of *field* of a record of this *kind*; None where there is no such field.

    Args:
        kind: A key of `FIELDS_OF`.
        field: A key of its fields, or ``custom.NAME``.
    """
    known = FIELDS_OF[kind].get(field)
    name = field.removeprefix(CUSTOM)
    if known is not None or name == field or not name:
        return known

    def read(record: Any) -> Any:
        return next((held.value for held in record.custom if held.key == name), None)

    def is_filled(record: Any) -> bool:
        value = read(record)
        return value is not None and not (isinstance(value, str) and not value.strip())

    return ConditionField(is_filled, ValueType.CUSTOM, read)


def _as_written(value: Any) -> Any:
    """Return a value as a file has it: money as ``"1000 CNY"``, a day as ``"2026-05-31"``, the rest as it is."""
    if isinstance(value, Money):
        return f"{value.amount:f} {value.currency}"
    return value.isoformat() if isinstance(value, date) else value


def _all_as_written(values: Any) -> Any:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        return values  # no list, or left out: for the checker to report with its place
    return tuple(map(_as_written, values))


@frozen
class Condition:
    """
    Something that is asked of one field; all that is given must hold, and with nothing given it must be filled.

    Args:
        field: What is asked, such as ``amount`` or ``custom.budget``.
        equals: The value that it has.
        one_of: The values of which it has one; None means that this is not asked.
        at_least: What it reaches: a whole number, money such as ``"1000 CNY"``, or a day such as ``"2026-05-31"``.
        at_most: What it does not pass, in the same way.

    Source: RULE-1.
    """

    field: str
    equals: Any = attrs.field(default=None, converter=_as_written, kw_only=True)
    one_of: tuple[Any, ...] | None = attrs.field(default=None, converter=_all_as_written, kw_only=True)
    at_least: Any = attrs.field(default=None, converter=_as_written, kw_only=True)
    at_most: Any = attrs.field(default=None, converter=_as_written, kw_only=True)

    def __str__(self) -> str:
        asked = []
        if self.equals is not None:
            asked.append(f"is {self.equals}")
        if self.one_of is not None:
            asked.append(f"is one of {', '.join(map(str, self.one_of))}")
        if self.at_least is not None:
            asked.append(f"is at least {self.at_least}")
        if self.at_most is not None:
            asked.append(f"is at most {self.at_most}")
        return f"{self.field} {' and '.join(asked or ['is filled'])}"


def compile_condition(condition: Condition, kind: str) -> Test:
    """
    Return the test whether *condition* holds for a record: make it once, ask it for every record.

    Args:
        condition: A sound one.
        kind: A key of `FIELDS_OF`.

    Raises:
        InvalidInput: The field is none of this kind, or a value cannot be compared with it; whoever wrote the
            condition must mend it.

    Source: RULE-1.
    """
    known = condition_field(kind, condition.field)
    if known is None:
        names = ", ".join(FIELDS_OF[kind])
        raise InvalidInput("field", condition.field, f"is no field of a {kind}; known are {names} and custom.NAME")
    tests = []
    if condition.equals is not None:
        tests.append(_among(known, (condition.equals,)))
    if condition.one_of is not None:
        tests.append(_among(known, condition.one_of))
    if condition.at_least is not None:
        tests.append(_bounded(known, condition.at_least, lambda value, bound: value >= bound))
    if condition.at_most is not None:
        tests.append(_bounded(known, condition.at_most, lambda value, bound: value <= bound))
    if len(tests) == 1:
        return tests[0]
    return (lambda record: all(test(record) for test in tests)) if tests else known.is_filled


def _among(field: ConditionField, written: tuple[Any, ...]) -> Test:
    values = [comparable(field, value) for value in written]

    def holds(record: Any) -> bool:
        held = _held(field, record)
        return any(type(held) is type(value) and held == value for each in values for value in each)

    return holds


def _bounded(field: ConditionField, written: Any, passes: Callable[[Any, Any], bool]) -> Test:
    bounds = [value for value in comparable(field, written) if has_order(value)]
    if not bounds:
        raise InvalidInput("bound", written, "has no order; it must be a whole number, money or a day")

    def holds(record: Any) -> bool:
        held = _held(field, record)
        return any(_is_alike(held, bound) and passes(held, bound) for bound in bounds)

    return holds


def _held(field: ConditionField, record: Any) -> Any:
    """Return the field's value as it is compared: a choice as its plain text."""
    value = field.read(record) if field.read is not None else None
    return str(value) if isinstance(value, str) else value


def _is_alike(held: Any, bound: Any) -> bool:
    """Whether two values can be told apart by size; nothing stands for money but money of the same currency."""
    return type(held) is type(bound) and (not isinstance(held, Money) or held.currency == bound.currency)


def has_order(value: Any) -> bool:
    """Whether a compared value is one of those of which one can be more than another."""
    return isinstance(value, int | Money | date) and not isinstance(value, bool)


def comparable(field: ConditionField, written: Any) -> tuple[Any, ...]:
    """
    Return the values that *written* stands for where it is compared with *field*; mostly one.

    Only a custom field may hold text or money, so there ``"1000 CNY"`` stands for both.

    Raises:
        InvalidInput: The field cannot hold such a value; whoever wrote it must mend it.
    """
    if field.type is ValueType.NUMBER and _is_whole(written):
        return (written,)
    if field.type is ValueType.CUSTOM and (_is_whole(written) or isinstance(written, bool)):
        return (written,)
    if isinstance(written, str):
        if field.type is ValueType.MONEY:
            return (_money(written),)
        if field.type is ValueType.DAY:
            return (_day(written),)
        if field.type is ValueType.CUSTOM:
            return (written, *_perhaps_money(written))
        if field.type is ValueType.TEXT:
            if field.choices and written not in field.choices:
                raise InvalidInput("value", written, f"must be one of {', '.join(field.choices)}")
            return (written,)
    raise InvalidInput("value", written, f"must be {_WANTED[field.type]}")


_WANTED: Mapping[ValueType | None, str] = {
    ValueType.TEXT: "text",
    ValueType.NUMBER: "a whole number of at most 15 digits",
    ValueType.MONEY: "money, such as '1000 CNY'",
    ValueType.DAY: "a day, such as '2026-05-31'",
    ValueType.CUSTOM: "text, a whole number of at most 15 digits, true or false",
    None: "left out: this field can only be asked whether it is filled",
}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST_AMOUNT


def _money(text: str) -> Money:
    amount, _, currency = text.partition(" ")
    try:
        return Money(amount, currency)
    except InvalidInput:
        raise InvalidInput("value", text, f"must be {_WANTED[ValueType.MONEY]}") from None


def _perhaps_money(text: str) -> tuple[Money, ...]:
    try:
        return (_money(text),)
    except InvalidInput:
        return ()


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise InvalidInput("value", text, f"must be {_WANTED[ValueType.DAY]}")
    return day
