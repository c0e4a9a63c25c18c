"""
Every value of the library as JSON and back, equal to what it was (IO-2).

Read strictly: nothing is coerced, an unknown key is refused, and an error names every problem with its place.
What has its default value is left out. A change of an event is read as the record's field declares it.

The extra ``fast`` reads and writes the same in less time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import MappingProxyType
from typing import Any, TypeVar

from salesflow.errors import InvalidInput
from salesflow.files.json_problems import MOST_PROBLEMS, picture, read_carefully
from salesflow.files.json_readers import reader_of
from salesflow.files.json_text import LARGEST_TEXT, MOST_VALUES, read_json, refuse_half_characters
from salesflow.files.json_writers import write_event, write_value
from salesflow.model import (
    RECORD_CLASSES,
    Activity,
    Decision,
    Department,
    Employee,
    Event,
    ImportedLead,
    ImportedOpportunity,
    LeadCard,
    NewContact,
    NewCustomer,
    NewOpportunity,
    Reason,
    Ref,
    SalesProcess,
    UserGroup,
    check,
)
from salesflow.model.events import shape
from salesflow.ports import AuditEntry, DoneOnce, Tombstone

T = TypeVar("T")

FORMAT = 1
"""The version of what is written here; a file of a later one is refused."""

RECORDS: MappingProxyType[str, type[Any]] = MappingProxyType(RECORD_CLASSES)
"""Every kind of record that can be kept, with its class."""

TYPES: MappingProxyType[str, Any] = MappingProxyType(
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

_NAMES = {cls: name for name, cls in TYPES.items()}
# what was unstructured is a tree: looking for circles would cost a third
_ENCODE = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), allow_nan=False).encode

_fast: Any
try:
    import orjson as _fast
except ImportError:
    _fast = None
_loads: Callable[[str | bytes], Any] = json.loads if _fast is None else _fast.loads


def write_plain(value: Any) -> Any:
    """
    Return *value*, of one of `TYPES` or a part of one, as plain objects, lists and text.

    Raises:
        InvalidInput: It holds something that could not be read back; whoever made it must mend it.

    Source: IO-2.
    """
    return write_value(value)


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
    kind: Any = cls
    found: T
    with suppress(Exception):
        found = reader_of(kind)(plain)
        return found
    found = read_carefully(cls, plain, what or _NAMES.get(cls, cls.__name__))
    return found


def to_text(value: Any) -> str:
    """Return *value* as JSON text without an envelope: what a store keeps, `from_text` reads it."""
    if _fast is not None:
        with suppress(Exception):  # such as half a character, or a number that is too long: told the usual way
            text: str = _fast.dumps(write_value(value, True)).decode()
            return text
    return _ENCODE(write_value(value))


def to_texts(record: Any, events: Iterable[Event]) -> tuple[str, list[str]]:
    """Return a record and its events as `to_text` gives them; what an event put into the record is converted once."""
    told = list(events)
    if _fast is not None:
        with suppress(Exception):
            plain, happened = _together(record, told, True)
            return _fast.dumps(plain).decode(), [_fast.dumps(each).decode() for each in happened]
    plain, happened = _together(record, told, False)
    return _ENCODE(plain), [_ENCODE(each) for each in happened]


def _together(record: Any, events: list[Event], native: bool) -> tuple[Any, list[Any]]:
    plain = write_value(record, native)
    collections = shape(type(record)).collections
    written: dict[int, Any] = {}
    for name, part in plain.items():
        value = getattr(record, name)
        if name in collections:
            written.update(zip(map(id, value), part, strict=True))
        else:
            written[id(value)] = part
    return plain, [write_event(event, written, native) for event in events]


def from_text(cls: type[T], text: str) -> T:
    """
    Return the *cls* that `to_text` made *text* of: for text that salesflow itself wrote and kept.

    Every value is still seen to be what its field declares; that nothing stands twice or too deep is taken on trust.

    Raises:
        InvalidInput: The text is damaged.
    """
    if _fast is not None:
        kind: Any = cls
        with suppress(Exception):
            found: T = reader_of(kind)(_fast.loads(text))
            return found
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
    return to_json_bytes(value).decode()


def to_json_bytes(value: Any) -> bytes:
    """
    Return what `to_json` does, as UTF-8: what a file holds.

    Raises:
        InvalidInput: As by `to_json`.

    Source: IO-2.
    """
    name = _NAMES.get(type(value))
    if name is None:
        raise InvalidInput("value", value, f"must be one of {', '.join(TYPES)}")
    envelope = {"salesflow": FORMAT, "type": name, "value": None}
    if _fast is not None:
        with suppress(Exception):
            envelope["value"] = write_value(value, True)
            content: bytes = _fast.dumps(envelope)  # which refuses half characters itself
            if rb"\u0000" not in content:
                return content
    envelope["value"] = write_value(value)
    text = _ENCODE(envelope)
    if "\\u0000" in text:  # a NUL, or text that only looks like one
        read_json(text, largest=len(text))
    elif not text.isascii():
        refuse_half_characters(text)
    return text.encode()


def from_json(source: str | bytes, *, largest: int = LARGEST_TEXT, is_trusted: bool = False) -> Any:
    """
    Return the value that `to_json` wrote, from anybody's hand: sound, or refused.

    Args:
        source: Text, or the bytes of a UTF-8 file.
        largest: How many bytes or characters it may have.
        is_trusted: Whether `to_json` surely wrote it, and nobody has touched it since. It is then read without looking
            whether that is so, in about half the time.

    Raises:
        InvalidInput: It is no such text; ``what`` is the first problem's place, ``rule`` names the others too.

    Source: IO-2, REL-8.
    """
    if is_trusted:
        with suppress(Exception):
            plain = _loads(source)
            return reader_of(TYPES[plain["type"]], True)(plain["value"])
    elif _fast is not None:
        with suppress(Exception):
            return _at_once(source, min(largest, MOST_VALUES))
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


def _at_once(source: str | bytes, largest: int) -> Any:
    """
    Return the value of a text that is short, and written just as `to_json` writes; raise for every other.

    What gives the same bytes when it is written again has no key twice, no space, no number that lost anything. So
    short a text cannot hold too many values, and the readers take nothing that is deep.
    """
    content = source.encode() if isinstance(source, str) else source
    if len(content) > largest:
        raise ValueError
    plain = _fast.loads(content)
    if _fast.dumps(plain) != content or rb"\u0000" in content:
        raise ValueError
    name = plain["type"]
    if len(plain) != 3 or type(plain["salesflow"]) is not int or plain["salesflow"] != FORMAT:
        raise ValueError
    value = reader_of(TYPES[name])(plain["value"])
    if name in RECORD_CLASSES and check(value):
        raise ValueError
    return value
