"""
What makes an object of plain values, written out for each class once and compiled: a quarter of the time of hooks.

Sound or nothing: whatever is not exactly as the class declares raises, of any type and without a place. Who asked then
has `salesflow.files.json_problems` read it again, which says everything that is wrong and where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, get_args, get_origin, get_type_hints

import attrs

from salesflow.files import json_values as values
from salesflow.files.compiled import Code, choices_of, is_fixed, optional
from salesflow.files.json_values import CUSTOM, MOST_WHOLE, Wrong
from salesflow.model import RECORD_CLASSES, Change, Event, Label, Money, Reason
from salesflow.model.construction import settable
from salesflow.model.events import shape

REMEMBERED = 4096
"""So many moments, days and exact numbers are remembered: the same few stand again and again in one record."""

Read = Callable[..., Any]

_remembered = lru_cache(REMEMBERED)
_MADE_BY: dict[Any, Read] = {
    datetime: _remembered(values.read_moment),
    date: _remembered(values.read_day),
    Decimal: _remembered(values.read_decimal),
    Money: values.read_money,
    timedelta: values.read_span,
    Label: values.read_label,
    Reason: values.read_shallow_reason,
    CUSTOM: values.read_custom,
    Any: values.read_scalar,
}
_TRUSTED: dict[Any, Read] = _MADE_BY | {
    datetime: _remembered(datetime.fromisoformat),
    date: _remembered(date.fromisoformat),
    Decimal: Decimal,
    Money: values.trust_money,
    Reason: values.trust_reason,
}
_MISFIT = {
    str: "type({0}) is not str",
    int: f"type({{0}}) is not int or not {-MOST_WHOLE} <= {{0}} < {MOST_WHOLE}",
    bool: "{0} is not True and {0} is not False",
}


class Problems(Exception):
    """What is wrong inside one value, each with the rest of its place."""

    def __init__(self, found: list[tuple[str, Exception]]) -> None:
        self.found = found
        super().__init__(found)


@cache
def reader_of(declared: Any, trusting: bool = False) -> Read:
    """
    Return what reads a value that is *declared* so: it gives what was written, or raises.

    Args:
        declared: A class of the model, or how a field of one is declared.
        trusting: Whether what it is given was surely written here; it then looks no closer than it must.

    Raises:
        TypeError: No field is declared so.
    """
    if declared is Event:
        return event_reader(lambda kind: _class_reader(Event, {"changes": changes_reader(kind, reader_of)}, trusting))
    made_by = _TRUSTED if trusting else _MADE_BY
    if declared in made_by:
        return made_by[declared]
    if attrs.has(declared):
        return _class_reader(declared, {}, trusting)
    code = Code()
    code.add(0, "def made(v, _=None):")
    _read(code, 1, declared, "v", trusting)
    code.add(1, "return v")
    return code.function(str(declared))


def _class_reader(cls: Any, special: dict[str, Read], trusting: bool) -> Read:
    """
    Return what reads a *cls*.

    Args:
        special: What reads the fields whose declaration does not say how, by name.
    """
    hints, declared = get_type_hints(cls), attrs.fields(cls)
    code = Code()
    code.add(0, "def made(plain, _=None):")
    if not trusting:
        known = code.name(frozenset(field.name for field in declared))
        code.add(1, f"if type(plain) is not dict or not {known}.issuperset(plain): raise ValueError")
    try:
        make = code.name(settable(cls))
    except TypeError:  # it checks what it is given, so it is asked
        make = None
        code.add(1, "given = {}")
        keep = "given['{0}'] = {0}"
    else:
        code.add(1, f"made = {code.name(object.__new__)}({make})")
        keep = "made.{0} = {0}"
    for field in declared:
        name, depth = field.name, 1
        if field.default is not attrs.NOTHING:
            code.add(1, f"if '{name}' in plain:")
            depth = 2
        code.add(depth, f"{name} = plain['{name}']")
        if name in special:
            code.add(depth, f"{name} = {code.name(special[name])}({name})")
        else:
            _read(code, depth, hints[name], name, trusting)
        code.add(depth, keep.format(name))
        if make is not None and depth == 2:
            code.add(1, f"else: made.{name} = {code.name(field.default)}")
    if make is None:
        code.add(1, f"return {code.name(cls)}(**given)")
    else:
        code.add(1, f"made.__class__ = {code.name(cls)}")
        code.add(1, "return made")
    return code.function(cls.__name__)


def _read(code: Code, depth: int, declared: Any, name: str, trusting: bool) -> None:
    """Write what makes the plain value called *name* into one that is *declared* so, or raises."""
    inner = optional(declared)
    choices = choices_of(declared)
    if declared in _MISFIT or inner in _MISFIT:
        if not trusting:
            may_be_none = "" if declared in _MISFIT else f"{name} is not None and "
            misfit = _MISFIT[declared if declared in _MISFIT else inner].format(name)
            code.add(depth, f"if {may_be_none}({misfit}): raise ValueError")
    elif choices is not None:
        code.add(depth, f"{name} = {code.name(choices)}[{name}]")
    elif inner is not None:
        code.add(depth, f"if {name} is not None:")
        _read(code, depth + 1, inner, name, trusting)
    elif declared == CUSTOM:
        code.add(depth, f"if type({name}) is not str and type({name}) is not bool and {name} is not None:")
        code.add(depth + 1, f"{name} = {code.name(values.read_custom)}({name})")
    elif get_origin(declared) in (tuple, frozenset):
        _read_items(code, depth, declared, name, trusting)
    else:
        code.add(depth, f"{name} = {code.name(reader_of(declared, trusting))}({name})")


def _read_items(code: Code, depth: int, declared: Any, name: str, trusting: bool) -> None:
    inner, make = get_args(declared), code.name(get_origin(declared))
    code.add(depth, f"if type({name}) is not list: raise ValueError")
    if is_fixed(declared):
        code.add(depth, f"if len({name}) != {len(inner)}: raise ValueError")
        readers = (f"{code.name(reader_of(each, trusting))}({name}[{n}])" for n, each in enumerate(inner))
        code.add(depth, f"{name} = ({', '.join(readers)},)")
    elif inner[0] in _MISFIT:
        code.add(depth, f"for each in {name}:")
        code.add(depth + 1, f"if {_MISFIT[inner[0]].format('each')}: raise ValueError")
        code.add(depth, f"{name} = {make}({name})")
    else:
        code.add(depth, f"{name} = {make}([{code.name(reader_of(inner[0], trusting))}(each) for each in {name}])")


def event_reader(reader_for: Callable[[str], Read]) -> Read:
    """
    Return what reads an event, by the kind of record that it is of.

    Args:
        reader_for: Gives what reads the events of one kind.
    """
    made = cache(reader_for)  # one kind at a time: all of them together take a tenth of a second
    rule = f"must be an event with a record_kind of {', '.join(RECORD_CLASSES)}"

    def read_event(plain: Any, _: Any = None) -> Any:
        kind = plain.get("record_kind") if type(plain) is dict else None
        if type(kind) is not str or kind not in RECORD_CLASSES:
            raise Wrong(plain, rule)
        return made(kind)(plain)

    return read_event


def changes_reader(kind: str, reader_for: Callable[[Any], Read]) -> Read:
    """
    Return what reads the changes of an event of one kind of record, each as its field declares.

    Args:
        kind: A key of `RECORD_CLASSES`.
        reader_for: Gives what reads a value that is declared so.

    Raises:
        Problems: By what is returned; it names every change that is wrong.
    """
    cls = RECORD_CLASSES[kind]
    collections, hints = shape(cls).collections, get_type_hints(cls)
    known = {}
    for declared in attrs.fields(cls):
        hint = hints[declared.name]
        is_collection = declared.name in collections
        asked = (get_args(hint)[0] if is_collection else hint) | None
        known[declared.name] = (is_collection, reader_for(asked))

    def read_change(plain: Any) -> Change:
        if type(plain) is not dict or not {"field", "before", "after"} <= plain.keys():
            raise Wrong(plain, "must be an object with field, before, after")
        if len(plain) > 4 or (len(plain) == 4 and "key" not in plain):
            raise Wrong(plain, "must hold nothing but field, key, before, after")
        name, key = plain["field"], plain.get("key")
        field = known.get(name) if type(name) is str else None
        if field is None:
            raise Wrong(name, f"must be a field of {kind}")
        is_collection, read = field
        if is_collection is not (type(key) is str):
            raise Wrong(key, f"must be {'the key of an item' if is_collection else 'left out'}")
        try:
            return Change(name, key, read(plain["before"]), read(plain["after"]))
        except Exception:
            both = [("." + side, plain[side]) for side in ("before", "after")]
            found = [(side, problem) for side, item in both for _, problem in failing(read, [item])]
            raise Problems(found) from None

    def read_changes(plain: Any, _: Any = None) -> tuple[Change, ...]:
        if type(plain) is not list:
            raise Wrong(plain, "must be a list")
        try:
            return tuple([read_change(item) for item in plain])
        except Exception:
            raise Problems(list(failing(read_change, plain))) from None

    return read_changes


def failing(read: Read, items: list[Any]) -> Iterator[tuple[str, Exception]]:
    """Give the place and the problem of each of *items* that cannot be read."""
    for number, item in enumerate(items):
        try:
            read(item)
        except Exception as problem:
            yield f"[{number}]", problem
