"""
What is wrong with plain values, each problem with its place; for those that `salesflow.files.json_readers` refused.

Slower than those readers, and never stopping at the first problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from typing import Any, get_args, get_origin

import attrs
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.errors import AttributeValidationNote
from cattrs.gen import make_dict_structure_fn, override

from salesflow.errors import InvalidInput
from salesflow.files import json_values as values
from salesflow.files.compiled import is_choice, is_fixed
from salesflow.files.json_readers import Problems, changes_reader, event_reader, failing
from salesflow.files.json_values import CUSTOM, Wrong
from salesflow.model import Event, Label, Money, Reason, enums

MOST_PROBLEMS = 20
"""An error names at most so many problems."""

_READERS: dict[Any, Callable[[Any, Any], Any]] = {
    str: values.read_text, int: values.read_whole, bool: values.read_truth, Decimal: values.read_decimal,
    datetime: values.read_moment, date: values.read_day, timedelta: values.read_span, Money: values.read_money,
    Label: values.read_label, Reason: values.read_reason,
    **{choices: values.choice_reader(choices) for choices in vars(enums).values() if is_choice(choices)},
}  # fmt: skip


def read_carefully(cls: type[Any], plain: Any, what: str) -> Any:
    """
    Return the *cls* that *plain* stands for.

    Args:
        what: What to call it in an error.

    Raises:
        InvalidInput: It is none; ``what`` is the first problem's place, ``rule`` names the others too.
    """
    try:
        return _converter().structure(plain, cls)
    except Exception as problem:
        raise _refusal(what, list(_told(problem, ""))) from None


def picture(plain: Any) -> str:
    """Return a short picture of a plain value, however large it is."""
    if isinstance(plain, dict | list):
        return f"{'an object' if isinstance(plain, dict) else 'a list'} of {len(plain):,}"
    return plain[:120] if isinstance(plain, str) else repr(plain)


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True)
    converter.register_structure_hook_factory(attrs.has, lambda cls: _class_reader(cls, converter))
    converter.register_structure_hook_factory(_is_sequence, lambda kind: _sequence_reader(kind, converter))
    converter.register_structure_hook_func(lambda asked: asked == CUSTOM, values.read_custom)
    for declared, read in _READERS.items():
        converter.register_structure_hook(declared, read)

    def reader_for(asked: Any) -> Callable[..., Any]:
        read = converter.get_structure_hook(asked)
        return lambda plain: read(plain, asked)

    def events_reader(kind: str) -> Callable[[Any], Any]:
        return _class_reader(Event, converter, changes=override(struct_hook=changes_reader(kind, reader_for)))

    converter.register_structure_hook(Event, event_reader(events_reader))
    return converter


def _is_sequence(declared: Any) -> bool:
    return get_origin(declared) in (tuple, frozenset)


def _class_reader(cls: type[Any], converter: Converter, **overrides: Any) -> Callable[..., Any]:
    build = make_dict_structure_fn(cls, converter, **overrides)

    def read_object(plain: Any, _: Any = None) -> Any:
        if type(plain) is not dict:
            raise Wrong(plain, "must be an object")
        return build(plain, cls)

    return read_object


def _sequence_reader(declared: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    inner = get_args(declared)
    make = get_origin(declared)
    fixed = is_fixed(declared)
    readers = [converter.get_structure_hook(each) for each in (inner if fixed else inner[:1])]
    first = partial(_called, readers[0], inner[0])

    def read_list(plain: Any, _: Any = None) -> Any:
        if type(plain) is not list:
            raise Wrong(plain, "must be a list")
        try:
            return make([first(item) for item in plain])
        except Exception:
            raise Problems(list(failing(first, plain))) from None

    def read_fixed(plain: Any, _: Any = None) -> Any:
        if type(plain) is not list or len(plain) != len(readers):
            raise Wrong(plain, f"must be a list of {len(readers)}")
        return tuple([read(item, each) for read, each, item in zip(readers, inner, plain, strict=True)])

    return read_fixed if fixed else read_list


def _called(read: Callable[[Any, Any], Any], kind: Any, item: Any) -> Any:
    return read(item, kind)


def _told(problem: Exception, place: str) -> Iterator[tuple[str, Any, str]]:
    """Give place, value and rule of each problem inside *problem*."""
    if isinstance(problem, Problems):
        for part, inner in problem.found:
            yield from _told(inner, place + part)
    elif isinstance(problem, BaseValidationError):
        for inner in problem.exceptions:
            notes = [note for note in getattr(inner, "__notes__", ()) if isinstance(note, AttributeValidationNote)]
            # the last note is of the object that noticed it, the innermost one
            part = f".{notes[0].name}" if notes else ""
            yield from _told(inner, place + part)
    elif isinstance(problem, ForbiddenExtraKeysError):
        for key in sorted(problem.extra_fields)[:MOST_PROBLEMS]:
            yield f"{place}.{key[:60]}", "a key", "is not known here"
    elif isinstance(problem, KeyError):
        yield place, "nothing", "must be given"
    elif isinstance(problem, Wrong):
        yield place, picture(problem.value), problem.rule
    elif isinstance(problem, InvalidInput):  # what was built checks itself, and names the field
        yield f"{place}.{problem.what}", picture(problem.value), problem.rule
    else:
        yield place, type(problem).__name__, f"cannot be read: {problem}"


def _refusal(what: str, found: list[tuple[str, Any, str]]) -> InvalidInput:
    place, value, rule = found[0]
    others = [f"{what}{place}: {value!r} {rule}" for place, value, rule in found[1:MOST_PROBLEMS]]
    if len(found) > MOST_PROBLEMS:
        others.append(f"and {len(found) - MOST_PROBLEMS:,} more")
    return InvalidInput(what + place, value, "; ".join([rule, *others]))
