"""
Stage templates as TOML: read strictly, with every problem at once, and written to read back equal.

A key of the file is a field of `SalesProcess` or of a part of it, such as `Stage`, by the same name.
Nothing is coerced: 12 is no text and true is no number.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, get_args, get_origin, get_type_hints

import attrs

from salesflow.errors import InvalidInput, TemplateError
from salesflow.files.toml import LARGEST_FILE, read_toml, toml_key, toml_value
from salesflow.model import (
    AutomaticNotice,
    AutomaticTask,
    Automation,
    Condition,
    Dialog,
    DialogChoice,
    DialogQuestion,
    Label,
    ProcessApproval,
    ProcessRule,
    RequiredField,
    SalesProcess,
    Stage,
    TaskTemplate,
)
from salesflow.process.checks import check_template
from salesflow.process.findings import Finding, FindingCollector, Findings, picture
from salesflow.process.value_checks import MOST_ITEMS, key_picture, listed

_PARTS = (
    Stage, TaskTemplate, RequiredField, ProcessRule, ProcessApproval, Automation, AutomaticTask, AutomaticNotice,
    Condition, Dialog, DialogQuestion, DialogChoice,
)  # fmt: skip
_FIELDS: dict[type[Any], dict[str, attrs.Attribute[Any]]] = {
    cls: {attribute.name: attribute for attribute in attrs.fields(cls)} for cls in (SalesProcess, *_PARTS)
}
_KNOWN = {cls: listed(declared) for cls, declared in _FIELDS.items()}
_HINTS = {cls: get_type_hints(cls) for cls in _FIELDS}
_HOLDS: dict[type[Any], dict[str, type[Any]]] = {
    cls: {name: part for name, hint in hints.items() for part in get_args(hint) if part in _PARTS}
    for cls, hints in _HINTS.items()
}
"""Which fields hold a table of another class, or a list of such."""
_STAND_INS: dict[Any, Any] = {int: 1, tuple: (), Label: Label("")}
"""For what is missing or of no use, by the type of the field; text is ``""``."""
_SECTIONS = ("stages", "rules", "approvals", "automation", "dialogs")
"""The lists whose items stand under a header of their own, such as ``[[stages]]``."""
_RESTS_ON = {
    "unknown_stage": re.compile(r"stages(\[\d+\](\.code)?)?"),
    "unknown_waiver": re.compile(r"stages(\[\d+\](\.code)?)?"),
    "waiver_unused": re.compile(r"stages.*"),
    "unknown_field": re.compile(r"custom_fields"),
    "unknown_role": re.compile(r"custom_roles"),
}
"""Where a stand-in must stand for a finding to be excused: it was judged by what could not be read."""


def load_template(
    path: str | os.PathLike[str],
    *,
    roles: Collection[str] | None = (),
    fields: Collection[str] | None = (),
    handlers: Collection[str] | None = (),
    strict: bool = False,
) -> SalesProcess:
    """
    Return the template in the TOML file at *path*.

    Args:
        path: The file; at most 64 KiB of UTF-8.
        roles: Team roles that the application knows beyond the built-in ones; None means any.
        fields: Custom fields that the application knows, each a NAME as in ``custom.NAME``; None means any.
        handlers: The handlers that the application registers for automation; None means any.
        strict: Whether a warning that the file does not waive is an error.

    Raises:
        TemplateError: The file holds no sound template; ``problems`` lists everything, and its author must
            mend it.
        OSError: The file cannot be read.

    Source: PROC-2, PROC-3.
    """
    with open(path, "rb") as file:
        content = file.read(LARGEST_FILE + 1)
    name = os.path.basename(os.fspath(path))
    return parse_template(content, name=name, roles=roles, fields=fields, handlers=handlers, strict=strict)


def parse_template(
    source: str | bytes,
    *,
    name: str = "text",
    roles: Collection[str] | None = (),
    fields: Collection[str] | None = (),
    handlers: Collection[str] | None = (),
    strict: bool = False,
) -> SalesProcess:
    """
    Return the template that *source* holds.

    Args:
        source: TOML text of at most 65,536 characters, or the bytes of a file.
        name: What to call it in an error.
        roles, fields, handlers, strict: As of `load_template`.

    Raises:
        TemplateError: It is no sound template; ``problems`` lists everything.
        InvalidInput: *source* is neither text nor bytes.

    Source: PROC-2, PROC-3.
    """
    process, findings = examine_template(
        source, name=name, roles=roles, fields=fields, handlers=handlers, strict=strict
    )
    findings.require()
    assert process is not None
    return process


def examine_template(
    source: str | bytes,
    *,
    name: str = "text",
    roles: Collection[str] | None = (),
    fields: Collection[str] | None = (),
    handlers: Collection[str] | None = (),
    strict: bool = False,
) -> tuple[SalesProcess | None, Findings]:
    """
    Return the template that *source* holds, and everything that is wrong with it, warnings included.

    Args:
        source, name: As of `parse_template`.
        roles, fields, handlers, strict: As of `load_template`.

    Returns:
        The template, None where there are errors; and the findings.

    Raises:
        InvalidInput: *source* is neither text nor bytes.

    Source: PROC-3.
    """
    if not isinstance(source, str | bytes):
        raise InvalidInput("source", source, "must be TOML text, or the bytes of a file")
    table = read_toml(source)
    if not isinstance(table, dict):
        return None, Findings(name, (table,))
    reader = _Reader()
    process = reader.read(SalesProcess, table, "")
    if reader.found.is_full:  # nobody reads more, and judging what was misread costs time
        return None, Findings(name, reader.found.findings())
    checked = check_template(process, roles=roles, fields=fields, handlers=handlers, strict=strict)
    found = (*reader.found.findings(), *reader.unexplained(checked))
    findings = Findings(name, found)
    return (None if findings.errors else process), findings


class _Reader:
    """Makes a template of what a file holds; notes what has the wrong shape, and uses a stand-in for it."""

    def __init__(self) -> None:
        self.found = FindingCollector()
        self.broken: set[str] = set()
        self.holding_broken: set[str] = set()

    def read(self, cls: type[Any], table: dict[str, Any], place: str) -> Any:
        """Return a *cls* made of *table*; *place* is what its keys' places begin with."""
        declared = _FIELDS[cls]
        unknown = [key for key in table if key not in declared]
        for key in unknown[:MOST_ITEMS]:
            self.found.error(place + key_picture(key), "unknown_key", known=_KNOWN[cls])
        if len(unknown) > MOST_ITEMS:
            self.found.error(place.rstrip(".") or "template", "too_many", most=MOST_ITEMS)
        values = {}
        for name, attribute in declared.items():
            if name in table:
                values[name] = self.value(cls, table[name], name, place + name)
            elif attribute.default is attrs.NOTHING:
                values[name] = _stand_in(cls, name)
                self.refuse(place + name, "missing_key")
        return cls(**values)

    def value(self, holder: type[Any], value: Any, name: str, place: str) -> Any:
        """Return what the field *name* of *holder* is made of; a plain value goes as it is, the checks judge it."""
        stand_in = _stand_in(holder, name)
        if isinstance(stand_in, Label) and not isinstance(value, str | dict):
            return self.mistyped(place, "text or a table", value, stand_in)
        if isinstance(stand_in, tuple) and not isinstance(value, list):
            return self.mistyped(place, "a list", value, stand_in)
        cls = _HOLDS[holder].get(name)
        if cls is None:
            return value
        if not isinstance(stand_in, tuple):
            return self.item(cls, value, place)
        some = value[: MOST_ITEMS + 1]  # enough for the checks to see that there are too many
        return [self.item(cls, item, f"{place}[{n}]") for n, item in enumerate(some)]

    def item(self, cls: type[Any], item: Any, place: str) -> Any:
        """Return the *cls* that stands in a list; a required field may be given by its name alone."""
        if isinstance(item, dict):
            return self.read(cls, item, f"{place}.")
        if cls is RequiredField and isinstance(item, str):
            return RequiredField(item)
        return self.mistyped(place, "a table", item, _blank(cls))

    def mistyped(self, place: str, wanted: str, value: Any, stand_in: Any) -> Any:
        """Note a value of a wrong type; return its stand-in."""
        self.refuse(place, "wrong_type", wanted=wanted, found=picture(value))
        return stand_in

    def refuse(self, place: str, code: str, **facts: object) -> None:
        """Note a place where a stand-in stands."""
        self.found.error(place, code, **facts)
        if not self.found.is_full:
            self.broken.add(place)
            self.holding_broken.update(_enclosing(place))

    def unexplained(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Give those of the checks' findings that are neither about a stand-in nor judged by one."""
        excused = {code for code, where in _RESTS_ON.items() if any(map(where.fullmatch, self.broken))}
        for finding in findings:
            place = finding.place
            # what is wrong with the name of a required field stands at the required field itself
            about = {place, f"{place}.field", *_enclosing(place)}
            is_above = not finding.is_error and place in self.holding_broken
            if finding.code not in excused and not is_above and self.broken.isdisjoint(about):
                yield finding


def _blank(cls: type[Any]) -> Any:
    """A *cls* of which nothing is known."""
    return cls(*(_stand_in(cls, name) for name, each in _FIELDS[cls].items() if each.default is attrs.NOTHING))


def _enclosing(place: str) -> list[str]:
    """Return the places that hold *place*: of ``stages[2].code``, ``stages`` and ``stages[2]``."""
    return [place[:end] for end, character in enumerate(place) if character in ".["]


def _stand_in(cls: type[Any], name: str) -> Any:
    default = _FIELDS[cls][name].default
    hint = _HINTS[cls][name]
    return _STAND_INS.get(get_origin(hint) or hint, "") if default is attrs.NOTHING else default


def dump_template(process: SalesProcess) -> str:
    """
    Return *process* as TOML that reads back as an equal template. What has its default value is left out.

    Args:
        process: A sound template; see `check_template`.

    Raises:
        InvalidInput: It holds a value of a wrong type.
        TemplateError: It is larger than a file may be.

    Source: PROC-2.
    """
    lines = _fields(process, leaving=set(_SECTIONS))
    for name in _SECTIONS:
        for item in getattr(process, name):
            lines += ["", f"[[{name}]]", *_fields(item, leaving=set())]
    text = "\n".join(lines) + "\n"
    table = read_toml(text)
    if not isinstance(table, dict):
        raise TemplateError(process.id, [str(table)])
    return text


def _fields(part: Any, leaving: set[str]) -> list[str]:
    """The lines of a table: one a value, but one an item of a list of tables."""
    lines = []
    for name, value in _told(part).items():
        if name in leaving:
            continue
        if name in _HOLDS[type(part)] and isinstance(value, list):
            lines += [f"{name} = [", *(f"  {toml_value(item)}," for item in value), "]"]
        else:
            lines.append(f"{toml_key(name)} = {toml_value(value)}")
    return lines


def _told(part: Any) -> dict[str, Any]:
    """The fields of *part* that differ from their defaults, as TOML has them."""
    told = {}
    for attribute in attrs.fields(type(part)):
        value = getattr(part, attribute.name)
        if value != attribute.default:
            told[attribute.name] = _plain(value)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, Label):
        texts = dict(value.texts)
        return texts["en"] if list(texts) == ["en"] else texts
    if isinstance(value, RequiredField) and not value.routes:
        return value.field
    if attrs.has(type(value)):
        return _told(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
