"""
One value out of a row: from a column, several columns or a constant, through look-up and value map, to its type.

A cell's definition is data out of a TOML table; compiled against the columns of a file it is one function of a row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Literal
from zoneinfo import ZoneInfo

from attrs import field, frozen

from salesflow.files.problems import WrongRow, wrong
from salesflow.files.tables import TableReader, join
from salesflow.process.findings import picture
from salesflow.process.value_checks import listed

Kind = Literal["text", "day", "moment", "number", "flag"]
"""What a cell becomes: text, a plain date, a moment in UTC, a decimal number as text, or true and false."""

REMEMBERED = 512
"""So many different texts of one field are remembered with what they became; a file repeats itself."""

CELL_KEYS = "column columns constant join lookup values otherwise format decimal thousands required".split()
"""What the table of a value may say."""

DECIMALS = (".", ",")
"""What may stand before the decimals of a number."""

THOUSANDS = (",", ".", " ", "'", "\u00a0", "\u202f")
"""What may stand between the thousands of a number."""

_DIRECTIVES = re.compile(r"%(.?)")
_ALLOWED = frozenset("YymbBdHIMSpzf%")
_FLAGS = {"true": True, "false": False}


@frozen
class Lookup:
    """
    A second file beside the data, in which a key is looked up.

    Args:
        file: Its plain name.
        key, value: The columns of what is looked up, and of what comes out.
    """

    file: str
    key: str
    value: str


@frozen(kw_only=True)
class CellSource:
    """
    Where a value comes from.

    Args:
        columns: The columns that are read; several are joined, the empty ones left out. None for a constant.
        constant: The same text for every row, or None.
        separator: What stands between joined columns.
        lookup: What the text is looked up in, or None.
        values: What the text becomes, by text; empty means as it is.
        otherwise: What a text becomes that look-up and values do not have; None refuses the row, "" is empty.
        format: How dates are written (`datetime.strptime`); None means ISO 8601.
        decimal, thousands: How numbers are written; an empty `thousands` means no separator.
        required: Whether an empty value refuses the row.

    Source: IO-1.
    """

    columns: tuple[str, ...] = ()
    constant: str | None = None
    separator: str = " "
    lookup: Lookup | None = None
    values: Mapping[str, str] = field(factory=dict)
    otherwise: str | None = None
    format: str | None = None
    decimal: str = "."
    thousands: str = ""
    required: bool = False

    @property
    def column(self) -> str | None:
        """The column that a problem is told with; None for a constant."""
        return self.columns[0] if self.columns else None


def read_cell_source(reader: TableReader, value: Any, place: str, kind: Kind, required: bool = False) -> CellSource:
    """
    Return the definition that a file gives for one value: a column's name, or a table.

    Args:
        reader: Takes what is wrong.
        value: What the file has.
        place: Where it stands there.
        kind: What the value becomes.
        required: Whether it must not be empty, whatever the file says.
    """
    if isinstance(value, str):
        name = reader.name(value, place)
        return CellSource(columns=() if name is None else (name,), required=required)
    if not isinstance(value, dict):
        reader.found.error(place, "wrong_type", wanted="a column's name or a table", found=picture(value))
        return CellSource()
    reader.keys(value, place, CELL_KEYS)
    given = [key for key in ("column", "columns", "constant") if key in value]
    if len(given) != 1:
        reader.found.error(place, "choose_one", known="column, columns, constant")
    columns = reader.names(value, "columns", place)
    if "columns" in value and value["columns"] == []:
        reader.found.error(join(place, "columns"), "empty")
    column = reader.text(value, "column", place)
    if "join" in value and "columns" not in value:
        reader.found.error(join(place, "join"), "only_for", known="columns")
    separator = reader.words(value.get("join", " "), join(place, "join"))
    otherwise = reader.words(value["otherwise"], join(place, "otherwise")) if "otherwise" in value else None
    if otherwise is not None and not value.keys() & {"values", "lookup"}:
        reader.found.error(join(place, "otherwise"), "only_for", known="values, lookup")
    decimal, thousands = _number_format(reader, value, place, kind)
    return CellSource(
        columns=columns if column is None else (column,), constant=reader.text(value, "constant", place),
        separator=" " if separator is None else separator, lookup=_lookup(reader, value, place),
        values=reader.texts(value, "values", place), otherwise=otherwise,
        format=_date_format(reader, value, place, kind), decimal=decimal, thousands=thousands,
        required=reader.flag(value, "required", place, required) or required,
    )  # fmt: skip


def _lookup(reader: TableReader, value: Mapping[str, Any], place: str) -> Lookup | None:
    if "lookup" not in value:
        return None
    place, table = join(place, "lookup"), reader.table(value, "lookup", place)
    reader.keys(table, place, ("file", "key", "value"))
    file, key, out = (reader.text(table, name, place, required=True) for name in ("file", "key", "value"))
    if file is not None and not is_plain_name(file):
        reader.found.error(join(place, "file"), "file_name", value=picture(file))
    return Lookup(file or "", key or "", out or "")


def is_plain_name(name: str) -> bool:
    """Whether *name* is that of a file in a folder, on every system: no path, no drive, no way up."""
    return not (set(name) & set('/\\:*?"<>|')) and name not in (".", "..")


def _date_format(reader: TableReader, value: Mapping[str, Any], place: str, kind: Kind) -> str | None:
    given = reader.text(value, "format", place)
    if given is None:
        return None
    found = _DIRECTIVES.findall(given)
    if kind not in ("day", "moment"):
        reader.found.error(join(place, "format"), "only_for", known="dates")
    elif not (
        _ALLOWED.issuperset(found)
        and "" not in found
        and len(set(found) - {"%"}) == len([one for one in found if one != "%"])
        and len({"Y", "y"} & set(found)) == len({"m", "b", "B"} & set(found)) == 1
        and "d" in found
    ):
        reader.found.error(join(place, "format"), "date_format", value=picture(given))
    else:
        return given
    return None


def _number_format(reader: TableReader, value: Mapping[str, Any], place: str, kind: Kind) -> tuple[str, str]:
    for key in ("decimal", "thousands"):
        if key in value and kind != "number":
            reader.found.error(join(place, key), "only_for", known="numbers")
    decimal = reader.choice(value, "decimal", place, DECIMALS, ".")
    thousands = reader.choice(value, "thousands", place, ("", *THOUSANDS), "")
    if decimal == thousands:
        reader.found.error(join(place, "thousands"), "not_together", other=f"decimal = {picture(decimal)}")
    return decimal, thousands


def compile_cell(
    source: CellSource, kind: Kind, places: Mapping[str, int], lookups: Mapping[Lookup, Mapping[str, str]],
    zone: ZoneInfo,
) -> Callable[[Sequence[str]], Any]:  # fmt: skip
    """
    Return the function that gives a row's value: None where it is empty, `WrongRow` where it is wrong.

    Args:
        source: Where the value comes from.
        kind: What it becomes.
        places: The place of each column in a row; every column of the source is among them.
        lookups: What each look-up holds.
        zone: The zone of moments that name none.
    """
    text = _text(source, places)
    value = _value(source, kind, lookups, zone)
    column, required = source.column, source.required

    def read(cells: Sequence[str]) -> Any:
        given = text(cells)
        found = value(given) if given else None
        if found is None and required:
            raise WrongRow([wrong("missing", column)])
        return found

    return read


def _text(source: CellSource, places: Mapping[str, int]) -> Callable[[Sequence[str]], str]:
    """Return the function from a row to the text that it has there."""
    constant, separator = source.constant, source.separator
    if constant is not None:
        return lambda _: constant
    if len(source.columns) == 1:
        return itemgetter(places[source.columns[0]])
    several = [places[name] for name in source.columns]
    return lambda cells: separator.join([cells[place] for place in several if cells[place]])


def _value(
    source: CellSource, kind: Kind, lookups: Mapping[Lookup, Mapping[str, str]], zone: ZoneInfo
) -> Callable[[str], Any]:
    """Return the function from a text that is not empty to the value."""
    steps: list[tuple[Mapping[str, str], str, dict[str, str]]] = []
    if source.lookup is not None:
        steps.append((lookups[source.lookup], "not_found", {"file": source.lookup.file}))
    if source.values:
        steps.append((source.values, "unknown_value", {"known": listed(source.values)}))
    parse = _parser(source, kind, zone)
    if not steps and kind == "text":
        return parse

    def value(text: str) -> Any:
        for step, code, facts in steps:
            found = step.get(text, source.otherwise)
            if found is None:
                raise WrongRow([wrong(code, source.column, value=picture(text), **facts)])
            if not found:
                return None
            text = found
        return parse(text)

    return lru_cache(REMEMBERED)(value)


def _parser(source: CellSource, kind: Kind, zone: ZoneInfo) -> Callable[[str], Any]:
    column = source.column
    if kind == "text":
        return str
    if kind == "flag":

        def flag(text: str) -> bool:
            if text.lower() not in _FLAGS:
                raise WrongRow([wrong("unknown_value", column, value=picture(text), known="true, false")])
            return _FLAGS[text.lower()]

        return flag
    if kind == "number":
        return _number_parser(source)
    form = source.format

    def moment(text: str) -> Any:
        try:
            if kind == "day" and form is None:
                return date.fromisoformat(text)
            found = datetime.fromisoformat(text) if form is None else datetime.strptime(text[:100], form)
            if kind == "day":
                return found.date()
            if found.tzinfo is None:
                found = found.replace(tzinfo=zone)
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            shown = form or ("YYYY-MM-DD" if kind == "day" else "YYYY-MM-DD HH:MM:SS")
            raise WrongRow([wrong("date_form", column, value=picture(text), wanted=shown)]) from None

    return moment


def _number_parser(source: CellSource) -> Callable[[str], str]:
    point, comma = re.escape(source.decimal), re.escape(source.thousands)
    whole = rf"\d{{1,3}}(?:{comma}\d{{2,4}})*{comma}\d{{3,4}}|\d+" if comma else r"\d+"
    form = re.compile(rf"[+-]?(?:{whole})(?:{point}\d+)?", re.ASCII)
    example = f"1{source.thousands}234{source.decimal}50"

    def number(text: str) -> str:
        if len(text) > 40 or not form.fullmatch(text):
            raise WrongRow([wrong("number_form", source.column, value=picture(text), wanted=example)])
        return text.replace(source.thousands, "").replace(source.decimal, ".") if comma else text.replace(",", ".")

    return number
