"""
What makes plain values of an object, written out for each class once and compiled: a third of the time of hooks.

There are two ways of writing from one source: texts only, and with moments and days as they are, for `orjson`, which
writes them itself and gives the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from types import MappingProxyType, NoneType
from typing import Any, get_args, get_origin, get_type_hints

import attrs

from salesflow.errors import InvalidInput
from salesflow.files import json_values as values
from salesflow.files.compiled import Code, choices_of, optional
from salesflow.files.json_values import CUSTOM
from salesflow.model import Change, Event, Label, Money, Reason
from salesflow.model.moments import utc

Write = Callable[[Any], Any]


def write_value(value: Any, native: bool = False) -> Any:
    """
    Return *value* as plain values.

    Args:
        native: Whether moments and days stay what they are. What no field holds is then refused; else it is left.

    Raises:
        InvalidInput: It holds what could not be read back.
        TypeError: It holds what no field holds, and *native* was asked for.
    """
    kind: Any = type(value)
    write = _writer_of_class(kind, native)
    return value if write is None else write(value)


def write_event(event: Event, written: Mapping[int, Any] = MappingProxyType({}), native: bool = False) -> Any:
    """
    Return an event as plain values.

    Args:
        written: What stands for a value that was written already, by the value's `id`.
        native: As of `write_value`.
    """
    at = _native_moment(event.at) if native else values.write_moment(event.at)
    told = {
        "record_kind": event.record_kind, "record_id": event.record_id, "version": event.version,
        "number": event.number, "kind": _text(event.kind), "at": at, "by": event.by,
        "operation": event.operation, "changes": _write_changes(event.changes, written, native),
    }  # fmt: skip
    if event.reason is not None:
        told["reason"] = event.reason
    return told


def _write_changes(changes: Iterable[Change], written: Mapping[int, Any], native: bool) -> list[dict[str, Any]]:
    told = []
    for field, key, before, after in changes:
        place = id(after)
        change = {
            "field": field,
            "before": None if before is None else write_value(before, native),  # what is new was nothing before
            "after": written[place] if place in written else write_value(after, native),
        }
        if key is not None:
            change["key"] = key
        told.append(change)
    return told


def _write_items(items: Any, native: bool) -> list[Any]:
    return [write_value(item, native) for item in items]


def _text(value: Any) -> Any:
    """Return text itself, and of no class that is made of it."""
    return str.__str__(value) if isinstance(value, str) else _refuse_text(value)


def _refuse_text(value: Any) -> Any:
    raise InvalidInput("value", value, "must be text")


def _refuse(value: Any) -> Any:
    raise InvalidInput("value", value, "must be a whole number, or true or false, as its field says")


def _native_moment(value: Any) -> datetime:
    is_plain = type(value) is datetime and value.tzinfo is UTC and 1 < value.year < 9999
    return value if is_plain else utc(value, "moment")


def _native_day(value: Any) -> date:
    if type(value) is not date:
        raise TypeError(value)
    return value


_MADE_BY: dict[Any, Write] = {
    datetime: values.write_moment, date: date.isoformat, Decimal: values.write_decimal, timedelta: values.write_span,
    Money: values.write_money, Label: values.write_label, Reason: values.write_reason, frozenset: sorted,
}  # fmt: skip
_MADE_NATIVELY_BY: dict[Any, Write] = _MADE_BY | {datetime: _native_moment, date: _native_day}
_AS_THEY_ARE = {
    datetime: "type({0}) is not {1} or {0}.tzinfo is not {2} or not 1 < {0}.year < 9999",
    date: "type({0}) is not {1}",
}
"""When a moment or a day cannot stay what it is, though it may."""


@cache
def _writer_of_class(cls: Any, native: bool) -> Write | None:
    """Return what writes instances of *cls*; None where they stay as they are."""
    made_by = _MADE_NATIVELY_BY if native else _MADE_BY
    if cls in made_by:
        return made_by[cls]
    if cls in (NoneType, str, int, bool):
        return None
    if cls is Event:
        return partial(write_event, native=native)
    if cls is Change:
        return lambda change: _write_changes((change,), {}, native)[0]
    if attrs.has(cls):
        return _class_writer(cls, native)
    if issubclass(cls, Enum):
        return lambda choice: choice.value
    if issubclass(cls, tuple):
        return partial(_write_items, native=native)
    if native:
        raise TypeError(cls)
    return None


def _class_writer(cls: type[Any], native: bool) -> Write:
    hints, code = get_type_hints(cls), Code()
    code.add(0, "def made(v):")
    always = [field for field in attrs.fields(cls) if field.default is attrs.NOTHING]
    for field in always:
        code.add(1, f"{field.name} = v.{field.name}")
        _write(code, 1, hints[field.name], field.name, native)
    code.add(1, f"plain = {{{', '.join(f'{field.name!r}: {field.name}' for field in always)}}}")
    for field in attrs.fields(cls):
        if field in always:
            continue
        name, declared = field.name, hints[field.name]
        code.add(1, f"{name} = v.{name}")
        if field.default is None:
            code.add(1, f"if {name} is not None:")
            declared = optional(declared) or declared
        else:
            blank = code.name(field.default)
            code.add(1, f"if {name} is not {blank} and {name} != {blank}:")
        _write(code, 2, declared, name, native)
        code.add(2, f"plain['{name}'] = {name}")
    code.add(1, "return plain")
    return code.function(cls.__name__)


def _write(code: Code, depth: int, declared: Any, name: str, native: bool) -> None:
    """Write what makes the value called *name*, which is *declared* so, into a plain one."""
    inner = optional(declared)
    if declared is str:
        plain, refuse = code.name(str.__str__), code.name(_refuse_text)
        code.add(depth, f"if type({name}) is not str:")  # such as a role: text of a class of ours
        code.add(depth + 1, f"{name} = {plain}({name}) if isinstance({name}, str) else {refuse}({name})")
    elif declared in (int, bool):
        code.add(depth, f"if type({name}) is not {declared.__name__}: {code.name(_refuse)}({name})")
    elif choices_of(declared) is not None:
        code.add(depth, f"{name} = {name}._value_")
    elif native and declared in _AS_THEY_ARE:
        known = code.name(declared), code.name(UTC), code.name(_MADE_NATIVELY_BY[declared])
        code.add(depth, f"if {_AS_THEY_ARE[declared].format(name, *known)}: {name} = {known[2]}({name})")
    elif inner is not None:
        code.add(depth, f"if {name} is not None:")
        _write(code, depth + 1, inner, name, native)
    elif declared == CUSTOM:
        code.add(depth, f"if type({name}) not in {code.name(frozenset((str, int, bool)))}:")
        code.add(depth + 1, f"{name} = {code.name(write_value)}({name}, {native})")
    elif get_origin(declared) is tuple:
        _write_tuple(code, depth, declared, name, native)
    else:
        write = _writer_of_class(get_origin(declared) or declared, native) if declared is not Any else None
        code.add(depth, f"{name} = {code.name(write or partial(write_value, native=native))}({name})")


def _write_tuple(code: Code, depth: int, declared: Any, name: str, native: bool) -> None:
    inner = get_args(declared)
    if inner[0] is str:
        code.add(depth, f"{name} = [each if type(each) is str else {code.name(_text)}(each) for each in {name}]")
    elif attrs.has(inner[0]):
        code.add(depth, f"{name} = [{code.name(_writer_of_class(inner[0], native))}(each) for each in {name}]")
    else:
        code.add(depth, f"{name} = {code.name(_write_items)}({name}, {native})")
