"""
Single values in JSON, each read strictly: nothing is coerced, so 12 is no text and true is no number.

An exact number is text, a moment is ISO 8601 in UTC, a day is ISO 8601, money is ``{amount, currency}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model import Label, Money, Reason, utc
from salesflow.model.construction import settable
from salesflow.model.money import minor_digits

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{6})?\+00:00")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:E[+-]?[0-9]{1,3})?")
_LONGEST_DECIMAL = 40
MOST_WHOLE = 2**63
"""A whole number is smaller, and not smaller than this below zero."""

CUSTOM = str | int | bool | Money | None
"""What a custom field holds."""

_WHOLE_PARTS = ("days", "seconds", "microseconds")

_new: Callable[..., Any] = object.__new__
_MONEY, _REASON = settable(Money, unchecked=True), settable(Reason, unchecked=True)


class Wrong(ValueError):
    """A value that does not fit, and what it must be; the place is added by whoever reads what holds it."""

    def __init__(self, value: object, rule: str) -> None:
        self.value, self.rule = value, rule
        super().__init__(value, rule)


def read_text(plain: Any, _: Any = None) -> str:
    """Return text."""
    if not isinstance(plain, str):
        raise Wrong(plain, "must be text")
    return plain


def read_whole(plain: Any, _: Any = None) -> int:
    """Return a whole number of 64 bits."""
    if type(plain) is not int or not -MOST_WHOLE <= plain < MOST_WHOLE:
        raise Wrong(plain, "must be a whole number of at most 64 bits")
    return plain


def read_truth(plain: Any, _: Any = None) -> bool:
    """Return true or false."""
    if type(plain) is not bool:
        raise Wrong(plain, "must be true or false")
    return plain


def read_decimal(plain: Any, _: Any = None) -> Decimal:
    """Return an exact number, written as text."""
    if type(plain) is not str or len(plain) > _LONGEST_DECIMAL or not _DECIMAL.fullmatch(plain):
        raise Wrong(plain, "must be a decimal number as text, such as '12.50'")
    return Decimal(plain)


def write_decimal(value: Decimal) -> str:
    """Return *value* as text that reads back equal, to the last zero."""
    text = str(value)
    if len(text) > _LONGEST_DECIMAL or not (text.isdigit() or _DECIMAL.fullmatch(text)):
        raise InvalidInput("decimal", text, f"must be finite, of at most {_LONGEST_DECIMAL} characters")
    return text


def read_moment(plain: Any, _: Any = None) -> datetime:
    """Return a moment, written in UTC."""
    if type(plain) is str and _MOMENT.fullmatch(plain):
        try:
            return datetime.fromisoformat(plain)
        except ValueError:
            pass
    raise Wrong(plain, "must be a moment in UTC, such as '2026-01-05T09:00:00+00:00'")


def write_moment(value: datetime) -> str:
    """Return *value*, which must be aware, in UTC."""
    return utc(value, "moment").isoformat()


def read_day(plain: Any, _: Any = None) -> date:
    """Return a plain day."""
    if type(plain) is str and _DAY.fullmatch(plain):
        try:
            return date.fromisoformat(plain)
        except ValueError:
            pass
    raise Wrong(plain, "must be a day, such as '2026-01-05'")


def read_span(plain: Any, _: Any = None) -> timedelta:
    """Return a length of time, written as whole days, seconds and microseconds."""
    if type(plain) is not dict or not plain.keys() <= set(_WHOLE_PARTS):
        raise Wrong(plain, "must be an object with whole days, seconds, microseconds")
    try:
        return timedelta(**{name: read_whole(part) for name, part in plain.items()})
    except OverflowError:
        raise Wrong(plain, "must be at most 999,999,999 days") from None


def write_span(value: timedelta) -> dict[str, int]:
    """Return the parts of *value* that are not zero."""
    return {name: getattr(value, name) for name in _WHOLE_PARTS if getattr(value, name)}


def read_money(plain: Any, _: Any = None) -> Any:
    """Return an amount with its currency."""
    if type(plain) is not dict or len(plain) != 2 or "amount" not in plain or "currency" not in plain:
        raise Wrong(plain, "must be an object with amount and currency")
    amount, currency = plain["amount"], plain["currency"]
    try:
        if type(amount) is str and type(currency) is str and _is_sound(currency)(amount):
            made = _new(_MONEY)
            made.amount, made.currency, made.__class__ = Decimal(amount), currency, Money
            return made
        return Money(read_decimal(amount), read_text(currency))
    except InvalidInput as problem:
        raise Wrong(problem.value, problem.rule) from None


@lru_cache(256)
def _is_sound(currency: str) -> Callable[[str], object]:
    """Return what tells whether a text is an amount of *currency* that `Money` would take as it is."""
    digits = minor_digits(Money(0, currency).currency)
    return re.compile(rf"-?[0-9]{{1,15}}(?:\.[0-9]{{1,{digits}}})?" if digits else "-?[0-9]{1,15}").fullmatch


def write_money(value: Money) -> dict[str, str]:
    """Return the amount, to the last zero, and the currency."""
    text = str(value.amount)
    is_plain = len(text) <= _LONGEST_DECIMAL and "E" not in text  # money is finite
    return {"amount": text if is_plain else write_decimal(value.amount), "currency": value.currency}


def read_custom(plain: Any, _: Any = None) -> Any:
    """Return the value of a custom field: text, a whole number, true, false, money or nothing."""
    if plain is None or type(plain) is bool or isinstance(plain, str):
        return plain
    return read_money(plain) if type(plain) is dict else read_whole(plain)


def read_label(plain: Any, _: Any = None) -> Label:
    """Return a name for people: an object from language to text."""
    if type(plain) is not dict:
        raise Wrong(plain, "must be an object from language to text")
    return Label({language: read_text(text) for language, text in plain.items()})


def write_label(value: Label) -> dict[str, str]:
    """Return the texts by language."""
    return dict(value.texts)


def choice_reader(choices: type[Enum]) -> Callable[[Any, Any], Any]:
    """Return what reads one of *choices* by its value."""
    known = {member.value: member for member in choices}
    rule = f"must be one of {', '.join(known)}"

    def read_choice(plain: Any, _: Any = None) -> Any:
        found = known.get(plain) if isinstance(plain, str) else None
        if found is None:
            raise Wrong(plain, rule)
        return found

    return read_choice


_TAGGED: dict[str, Callable[[Any], Any]] = {
    "$decimal": read_decimal,
    "$moment": read_moment,
    "$day": read_day,
    "$money": read_money,
}


def read_fact(plain: Any) -> Any:
    """Return a value whose type no field declares: an object with one tag says what is no plain value."""
    if plain is None or isinstance(plain, str | bool):
        return plain
    if type(plain) is list:
        return tuple(map(read_fact, plain))
    if type(plain) is dict:
        tags = list(plain)
        if len(tags) != 1 or tags[0] not in _TAGGED:
            raise Wrong(plain, f"must be an object with one of {', '.join(_TAGGED)}")
        return _TAGGED[tags[0]](plain[tags[0]])
    return read_whole(plain)


def write_fact(value: Any) -> Any:
    """
    Return *value*, whose type no field declares, as `read_fact` reads it.

    Raises:
        InvalidInput: It is none of text, whole number, truth, Decimal, moment, day, money, or a tuple of such.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, tuple):
        return [write_fact(item) for item in value]
    if isinstance(value, Decimal):
        return {"$decimal": write_decimal(value)}
    if isinstance(value, datetime):
        return {"$moment": write_moment(value)}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    if isinstance(value, Money):
        return {"$money": write_money(value)}
    raise InvalidInput("fact", value, "must be text, a whole number, an exact number, Money, a day or a moment")


def read_reason(plain: Any, _: Any = None) -> Reason:
    """Return a reason: its code, and its facts by name."""
    if type(plain) is not dict or plain.keys() != {"code", "facts"} or type(plain["facts"]) is not dict:
        raise Wrong(plain, "must be an object with a code and facts")
    facts = {name: read_fact(fact) for name, fact in plain["facts"].items()}
    if facts.keys() & {"self", "code"}:
        raise Wrong(plain, "must not have a fact named self or code")
    return Reason(read_text(plain["code"]), **facts)


def read_shallow_reason(plain: Any) -> Any:
    """Return a reason none of whose facts holds a list in a list, so that nothing can be deep."""
    facts = plain["facts"]
    for fact in facts.values():
        if type(fact) is not str:
            break
    else:
        if len(plain) == 2 and type(plain["code"]) is str and "self" not in facts and "code" not in facts:
            made = _new(_REASON)
            made.code, made.items, made.__class__ = plain["code"], tuple(sorted(facts.items())), Reason
            return made
    for fact in facts.values():
        if type(fact) is list and any(type(each) is list for each in fact):
            raise Wrong(plain, "must be read with its depth counted")
    return read_reason(plain)


def trust_reason(plain: Any) -> Any:
    """Return a reason that `write_reason` made *plain* of."""
    made = _new(_REASON)
    facts = [(name, fact if type(fact) is str else read_fact(fact)) for name, fact in plain["facts"].items()]
    made.code, made.items, made.__class__ = plain["code"], tuple(facts), Reason
    return made


def trust_money(plain: Any) -> Any:
    """Return the money that `write_money` made *plain* of."""
    made = _new(_MONEY)
    made.amount, made.currency, made.__class__ = Decimal(plain["amount"]), plain["currency"], Money
    return made


def read_scalar(plain: Any) -> str | int | bool | None:
    """Return text, a whole number, true, false or nothing."""
    return plain if plain is None or type(plain) in (str, bool) else read_whole(plain)


def write_reason(value: Reason) -> dict[str, Any]:
    """Return the code, and the facts by name."""
    facts = {name: fact if type(fact) is str else write_fact(fact) for name, fact in value.items}
    return {"code": value.code, "facts": facts}
