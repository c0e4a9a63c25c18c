"""
Every value of the library as JSON and back, equal to what it was (IO-2).

Read strictly: nothing is coerced, an unknown key is refused, and an error names every problem with its place.
What has its default value is left out. A change of an event is read as the record's field declares it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import attrs
from cattrs import BaseValidationError, Converter, ForbiddenExtraKeysError
from cattrs.errors import AttributeValidationNote
from cattrs.gen import make_dict_structure_fn, override

from salesflow.errors import InvalidInput
from salesflow.files import json_values as values
from salesflow.files.json_text import LARGEST_TEXT, read_json, refuse_half_characters
from salesflow.files.json_values import Wrong
from salesflow.model import (
    RECORD_CLASSES,
    Activity,
    Change,
    Decision,
    Department,
    Employee,
    Event,
    ImportedLead,
    ImportedOpportunity,
    Label,
    LeadCard,
    Money,
    NewContact,
    NewCustomer,
    NewOpportunity,
    Reason,
    Ref,
    SalesProcess,
    UserGroup,
    check,
    enums,
)
from salesflow.model.events import shape
from salesflow.ports import AuditEntry, DoneOnce, Tombstone

T = TypeVar("T")


def _is_choice(declared: Any) -> bool:
    return isinstance(declared, type) and issubclass(declared, Enum) and len(declared) > 0


FORMAT = 1
"""The version of what is written here; a file of a later one is refused."""

RECORDS: MappingProxyType[str, type[Any]] = MappingProxyType(RECORD_CLASSES)
"""Every kind of record that can be kept, with its class."""

TYPES: MappingProxyType[str, type[Any]] = MappingProxyType(
    {
        **RECORDS,
        "event": Event,
        "decision": Decision,
        "reason": Reason,
        "sales_process": SalesProcess,
        "done_once": DoneOnce,
        "tombstone": Tombstone,
        "audit_entry": AuditEntry,
        "activity": Activity,
        "lead_card": LeadCard,
        "ref": Ref,
        "employee": Employee,
        "department": Department,
        "user_group": UserGroup,
        "new_customer": NewCustomer,
        "new_contact": NewContact,
        "new_opportunity": NewOpportunity,
        "imported_opportunity": ImportedOpportunity,
        "imported_lead": ImportedLead,
    }
)
"""Everything that `to_json` writes, by the name that stands in the file."""

MOST_PROBLEMS = 20
"""An error names at most so many problems."""

_NAMES = {cls: name for name, cls in TYPES.items()}
_CUSTOM = str | int | bool | Money | None
_READERS: dict[Any, Callable[[Any, Any], Any]] = {
    str: values.read_text, int: values.read_whole, bool: values.read_truth, Decimal: values.read_decimal,
    datetime: values.read_moment, date: values.read_day, timedelta: values.read_span, Money: values.read_money,
    Label: values.read_label, Reason: values.read_reason,
    **{choices: values.choice_reader(choices) for choices in vars(enums).values() if _is_choice(choices)},
}  # fmt: skip
_WRITERS: dict[type[Any], Callable[[Any], Any]] = {
    Decimal: values.write_decimal, datetime: values.write_moment, date: date.isoformat,
    timedelta: values.write_span, Money: values.write_money, Label: values.write_label,
    Reason: values.write_reason, frozenset: sorted,
}  # fmt: skip


class _Problems(Exception):
    """What is wrong inside one value, each with the rest of its place."""

    def __init__(self, found: list[tuple[str, Exception]]) -> None:
        self.found = found
        super().__init__(found)


def _converter(*, detailed: bool) -> Converter:
    """
    Return a converter with every class's functions made.

    Args:
        detailed: Whether it goes on after a problem and notes each one's place, which costs time.
    """
    converter = Converter(forbid_extra_keys=True, detailed_validation=detailed, omit_if_default=True)
    for cls, write in _WRITERS.items():
        converter.register_unstructure_hook(cls, write)
    converter.register_unstructure_hook_func(_is_set, sorted)
    converter.register_unstructure_hook_factory(_is_fixed, lambda kind: _fixed_writer(kind, converter))
    converter.register_structure_hook_factory(attrs.has, lambda cls: _class_reader(cls, converter))
    converter.register_structure_hook_factory(_is_sequence, lambda kind: _sequence_reader(kind, converter))
    converter.register_structure_hook_func(lambda asked: asked == _CUSTOM, values.read_custom)
    for declared, read in _READERS.items():
        converter.register_structure_hook(declared, read)
    converter.register_structure_hook(Event, _event_reader(converter))
    for cls in TYPES.values():
        converter.get_structure_hook(cls)
        converter.get_unstructure_hook(cls)
    return converter


def _is_sequence(declared: Any) -> bool:
    return get_origin(declared) in (tuple, frozenset)


def _is_set(declared: Any) -> bool:
    return get_origin(declared) is frozenset


def _is_fixed(declared: Any) -> bool:
    return get_origin(declared) is tuple and get_args(declared)[-1] is not Ellipsis


def _fixed_writer(declared: Any, converter: Converter) -> Callable[[Any], list[Any]]:
    writers = [converter.get_unstructure_hook(each) for each in get_args(declared)]
    return lambda items: [write(item) for write, item in zip(writers, items, strict=True)]


def _class_reader(cls: type[Any], converter: Converter, **overrides: Any) -> Callable[[Any, Any], Any]:
    build = make_dict_structure_fn(cls, converter, **overrides)

    def read_object(plain: Any, _: Any = None) -> Any:
        if type(plain) is not dict:
            raise Wrong(plain, "must be an object")
        return build(plain, cls)

    return read_object


def _sequence_reader(declared: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    inner = get_args(declared)
    make = get_origin(declared)
    is_fixed = _is_fixed(declared)
    readers = [converter.get_structure_hook(each) for each in (inner if is_fixed else inner[:1])]
    first, kind = readers[0], inner[0]

    def read_list(plain: Any, _: Any = None) -> Any:
        if type(plain) is not list:
            raise Wrong(plain, "must be a list")
        try:
            return make([first(item, kind) for item in plain])
        except Exception:
            raise _Problems(list(_failing(first, kind, plain))) from None

    def read_fixed(plain: Any, _: Any = None) -> Any:
        if type(plain) is not list or len(plain) != len(readers):
            raise Wrong(plain, f"must be a list of {len(readers)}")
        return tuple([read(item, each) for read, each, item in zip(readers, inner, plain, strict=True)])

    return read_fixed if is_fixed else read_list


def _failing(read: Callable[[Any, Any], Any], kind: Any, items: list[Any]) -> Iterator[tuple[str, Exception]]:
    for number, item in enumerate(items):
        try:
            read(item, kind)
        except Exception as problem:
            yield f"[{number}]", problem


def _event_reader(converter: Converter) -> Callable[[Any, Any], Any]:
    readers = {
        kind: _class_reader(Event, converter, changes=override(struct_hook=_changes_reader(kind, cls, converter)))
        for kind, cls in RECORDS.items()
    }
    rule = f"must be an event with a record_kind of {', '.join(readers)}"

    def read_event(plain: Any, _: Any = None) -> Any:
        read = readers.get(str(plain.get("record_kind"))) if type(plain) is dict else None
        if read is None:
            raise Wrong(plain, rule)
        return read(plain, Event)

    return read_event


def _changes_reader(kind: str, cls: type[Any], converter: Converter) -> Callable[[Any, Any], Any]:
    """Return what reads the changes of an event of one kind of record, each as its field declares."""
    collections, hints = shape(cls).collections, get_type_hints(cls)
    known = {}
    for declared in attrs.fields(cls):
        hint = hints[declared.name]
        is_collection = declared.name in collections
        asked = (get_args(hint)[0] if is_collection else hint) | None
        known[declared.name] = (is_collection, converter.get_structure_hook(asked), asked)

    def read_change(plain: Any, _: Any = None) -> Change:
        if type(plain) is not dict or not {"field", "before", "after"} <= plain.keys():
            raise Wrong(plain, "must be an object with field, before, after")
        if len(plain) > 4 or (len(plain) == 4 and "key" not in plain):
            raise Wrong(plain, "must hold nothing but field, key, before, after")
        name, key = plain["field"], plain.get("key")
        field = known.get(name) if type(name) is str else None
        if field is None:
            raise Wrong(name, f"must be a field of {kind}")
        is_collection, read, asked = field
        if is_collection is not (type(key) is str):
            raise Wrong(key, f"must be {'the key of an item' if is_collection else 'left out'}")
        try:
            return Change(name, key, read(plain["before"], asked), read(plain["after"], asked))
        except Exception:
            both = [("." + side, plain[side]) for side in ("before", "after")]
            found = [(side, problem) for side, item in both for _, problem in _failing(read, asked, [item])]
            raise _Problems(found) from None

    def read_changes(plain: Any, _: Any = None) -> tuple[Change, ...]:
        if type(plain) is not list:
            raise Wrong(plain, "must be a list")
        try:
            return tuple([read_change(item) for item in plain])
        except Exception:
            raise _Problems(list(_failing(read_change, None, plain))) from None

    return read_changes


def _write_items(items: tuple[Any, ...]) -> list[Any]:
    return [write_plain(item) for item in items]


def _write_change(change: Change, written: Mapping[int, Any] = MappingProxyType({})) -> dict[str, Any]:
    field, key, before, after = change
    told = {
        "field": field,
        "before": None if before is None else write_plain(before),  # what is new was nothing before
        "after": None if after is None else written[id(after)] if id(after) in written else write_plain(after),
    }
    if key is not None:
        told["key"] = key
    return told


def _write_event(event: Event, written: Mapping[int, Any]) -> dict[str, Any]:
    told = {
        "record_kind": event.record_kind, "record_id": event.record_id, "version": event.version,
        "number": event.number, "kind": event.kind, "at": values.write_moment(event.at), "by": event.by,
        "operation": event.operation, "changes": [_write_change(change, written) for change in event.changes],
    }  # fmt: skip
    if event.reason is not None:
        told["reason"] = event.reason
    return told


_WRITERS[tuple] = _write_items
_WRITERS[Change] = _write_change
_QUICK = _converter(detailed=False)
_DETAILED = _converter(detailed=True)
# what was unstructured is a tree: looking for circles would cost a third
_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), allow_nan=False).encode


def write_plain(value: Any) -> Any:
    """
    Return *value*, of one of `TYPES` or a part of one, as plain objects, lists and text.

    Raises:
        InvalidInput: It holds something that could not be read back; whoever made it must mend it.

    Source: IO-2.
    """
    return _QUICK.unstructure(value)


def read_plain(cls: type[T], plain: Any, what: str = "") -> T:
    """
    Return the *cls* that `write_plain` made *plain* of.

    Args:
        cls: One of `TYPES`, or a part of one.
        plain: What JSON gives.
        what: What to call it in an error; empty means the class's name.

    Raises:
        InvalidInput: It is none; ``what`` is the first problem's place, ``rule`` names the others too.

    Source: IO-2.
    """
    with suppress(Exception):
        return _QUICK.structure(plain, cls)
    try:
        return _DETAILED.structure(plain, cls)
    except Exception as problem:
        raise _refusal(what or _NAMES.get(cls, cls.__name__), list(_told(problem, ""))) from None


def to_text(value: Any) -> str:
    """Return *value* as JSON text without an envelope: what a store keeps, `from_text` reads it."""
    return _ENCODE(_QUICK.unstructure(value))


def to_texts(record: Any, events: Iterable[Event]) -> tuple[str, list[str]]:
    """Return a record and its events as `to_text` gives them; what an event put into the record is converted once."""
    plain = _QUICK.unstructure(record)
    collections = shape(type(record)).collections
    written: dict[int, Any] = {}
    for name, part in plain.items():
        value = getattr(record, name)
        if name in collections:
            written.update(zip(map(id, value), part, strict=True))
        else:
            written[id(value)] = part
    return _ENCODE(plain), [_ENCODE(_write_event(event, written)) for event in events]


def from_text(cls: type[T], text: str) -> T:
    """
    Return the *cls* that `to_text` made *text* of: for text that salesflow itself wrote and kept.

    Raises:
        InvalidInput: The text is damaged.
    """
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InvalidInput(_NAMES.get(cls, cls.__name__), text, f"is no JSON: {problem}") from None
    return read_plain(cls, plain)


def to_json(value: Any) -> str:
    """
    Return *value* as a JSON text that says what it is: ``{"salesflow": 1, "type": …, "value": …}``.

    Args:
        value: Of one of `TYPES`.

    Raises:
        InvalidInput: It is of no such type, or holds what could not be read back.

    Source: IO-2.

    >>> from_json(to_json(Reason("task_open", task="call")))
    task_open(task='call')
    """
    name = _NAMES.get(type(value))
    if name is None:
        raise InvalidInput("value", value, f"must be one of {', '.join(TYPES)}")
    text = _ENCODE({"salesflow": FORMAT, "type": name, "value": _QUICK.unstructure(value)})
    if "\\u0000" in text:  # a NUL, or text that only looks like one
        read_json(text, largest=len(text))
    elif not text.isascii():
        refuse_half_characters(text)
    return text


def from_json(source: str | bytes, *, largest: int = LARGEST_TEXT) -> Any:
    """
    Return the value that `to_json` wrote, from anybody's hand: sound, or refused.

    Args:
        source: Text, or the bytes of a UTF-8 file.
        largest: How many bytes or characters it may have.

    Raises:
        InvalidInput: It is no such text; ``what`` is the first problem's place, ``rule`` names the others too.

    Source: IO-2, REL-8.
    """
    plain = read_json(source, largest=largest)
    if type(plain) is not dict or plain.keys() != {"salesflow", "type", "value"}:
        raise InvalidInput("file", picture(plain), "must be an object with salesflow, type, value")
    if type(plain["salesflow"]) is not int or plain["salesflow"] != FORMAT:
        raise InvalidInput("salesflow", picture(plain["salesflow"]), f"must be {FORMAT}, the format known here")
    name = plain["type"]
    cls = TYPES.get(name) if type(name) is str else None
    if cls is None:
        raise InvalidInput("type", picture(name), f"must be one of {', '.join(TYPES)}")
    value = read_plain(cls, plain["value"])
    broken = check(value) if name in RECORD_CLASSES else []
    if broken:
        raise InvalidInput(name, value.id, "; ".join(broken[:MOST_PROBLEMS]))
    return value


def picture(plain: Any) -> str:
    """Return a short picture of a plain value, however large it is."""
    if isinstance(plain, dict | list):
        return f"{'an object' if isinstance(plain, dict) else 'a list'} of {len(plain):,}"
    return plain[:120] if isinstance(plain, str) else repr(plain)


def _told(problem: Exception, place: str) -> Iterator[tuple[str, Any, str]]:
    """Give place, value and rule of each problem inside *problem*."""
    if isinstance(problem, _Problems):
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
