"""
Import mappings as TOML: which column becomes which field of an opportunity or a lead (IO-1, IO-3).

A mapping is data: it names columns, constants, value maps, formats and files beside the data, and no code. It is
read strictly, with every problem at its place; applied to a row it gives the record to take in, or every reason
why not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.files.cells import CellSource, Kind, Lookup, compile_cell, is_plain_name, read_cell_source
from salesflow.files.problems import CellProblem, WrongRow, file_error, require, wrong
from salesflow.files.reading import DELIMITERS, ENCODINGS, CsvRows, Layout, places_of
from salesflow.files.tables import TableReader, join, read_table
from salesflow.files.toml import LARGEST_FILE
from salesflow.model import ImportedLead, ImportedOpportunity, Money, NewContact, NewCustomer, OpportunityStatus
from salesflow.process.checks import OUTCOME_CODES
from salesflow.process.findings import Finding, picture

MOST_LOOKUP_ROWS = 100_000
"""The files that a mapping looks up in hold at most so many rows together: they are kept in memory."""

MOST_LOOKUP_CHARACTERS = 8_000_000
"""Keys and values of all of those files have at most so many characters together."""

RecordKind = Literal["opportunity", "lead"]

FIELDS: Mapping[str, Mapping[str, Kind]] = {
    "opportunity": {
        **dict.fromkeys("id name owner process stage customer contact outcome reason source currency".split(), "text"),
        **dict.fromkeys(("entered_at", "closed_at", "created_at"), "moment"),
        "close_date": "day", "amount": "number", "actual_amount": "number",
    },
    "lead": {
        **dict.fromkeys(
            "id title owner contact company phone email channel source branch description".split(), "text"
        ),
        "created_at": "moment",
    },
}  # fmt: skip
"""The fields that a mapping may name, by kind of record; `currency` is that of the amounts."""

PARTIES: Mapping[str, tuple[str, ...]] = {
    "customer": ("name", "phone", "email", "industry", "owner"),
    "contact": ("name", "phone", "email", "title"),
}
"""What a mapping may name of a customer or contact that it makes on the way."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "opportunity": ("name", "owner", "process", "stage"),
    "lead": ("title",),
}
"""The fields that every record has; a row where one is empty is refused."""

_OF_AMOUNTS = ("amount", "actual_amount")
_KEYS = "kind key fields history customer contact spellings delimiter encoding empty sparse time_zone".split()


@frozen(kw_only=True)
class ImportMapping:
    """
    How the rows of a file become opportunities or leads.

    Args:
        name: What to call it in an error.
        kind: What a row becomes.
        fields: Where each field comes from.
        key: The columns that make a row's identity, where no field `id` does; the id is derived from them.
        history: For each earlier stage, when it was entered; for an outcome, when it was closed so.
        parties: What is made on the way, ``customer`` or ``contact``, with where each of its fields comes from.
        spellings: Per column, each wrong spelling with the right one.
        layout: How the file is written.
        time_zone: The zone of moments that name none, by its IANA name; None means the business's.

    Source: IO-1.
    """

    name: str
    kind: RecordKind
    fields: Mapping[str, CellSource]
    key: tuple[str, ...] = ()
    history: Mapping[str, CellSource] = field(factory=dict)
    parties: Mapping[str, Mapping[str, CellSource]] = field(factory=dict)
    spellings: Mapping[str, Mapping[str, str]] = field(factory=dict)
    layout: Layout = field(default=Layout())
    time_zone: str | None = None

    @property
    def sources(self) -> tuple[CellSource, ...]:
        """Every definition of a value."""
        parties = [source for party in self.parties.values() for source in party.values()]
        return (*self.fields.values(), *self.history.values(), *parties)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, in the order of the mapping."""
        named = [column for source in self.sources for column in source.columns]
        return tuple(dict.fromkeys((*self.key, *named, *self.spellings)))


@frozen
class Arrival:
    """
    What a row became.

    Args:
        record: What is to be taken in.
        customer, contact: What is to be found by its name, or made, on the way; None where nothing is.
        customer_owner: Who shall keep the customer; None means the record's owner.
        respelled: Each column and wrong spelling that was corrected.
    """

    record: ImportedOpportunity | ImportedLead
    customer: NewCustomer | None = None
    contact: NewContact | None = None
    customer_owner: str | None = None
    respelled: tuple[tuple[str, str], ...] = ()


def load_mapping(path: str | os.PathLike[str]) -> ImportMapping:
    """
    Return the mapping in the TOML file at *path*.

    Raises:
        FileError: It is no sound mapping; ``problems`` lists everything.
        OSError: The file cannot be read.

    Source: IO-1.
    """
    with open(path, "rb") as file:
        content = file.read(LARGEST_FILE + 1)
    return parse_mapping(content, name=os.path.basename(os.fspath(path)))


def parse_mapping(source: str | bytes, *, name: str = "text") -> ImportMapping:
    """
    Return the mapping that *source* holds.

    Args:
        source: TOML text, or the bytes of a file; at most 64 KiB.
        name: What to call it in an error.

    Raises:
        FileError: It is no sound mapping; ``problems`` lists everything.
        InvalidInput: *source* is neither text nor bytes.

    Source: IO-1.
    """
    mapping, findings = examine_mapping(source, name=name)
    require(name, findings)
    assert mapping is not None
    return mapping


def examine_mapping(source: str | bytes, *, name: str = "text") -> tuple[ImportMapping | None, tuple[Finding, ...]]:
    """
    Return the mapping that *source* holds, None where it is unsound, and everything that is wrong with it.

    Raises:
        InvalidInput: *source* is neither text nor bytes.

    Source: IO-1.
    """
    table = read_table(source)
    if isinstance(table, Finding):
        return None, (table,)
    reader = TableReader()
    mapping = _mapping(reader, table, name)
    findings = reader.found.findings()
    return (None if findings else mapping), findings


def _mapping(reader: TableReader, table: Mapping[str, Any], name: str) -> ImportMapping:
    reader.keys(table, "", _KEYS)
    kind: Any = reader.choice(table, "kind", "", tuple(FIELDS), "")
    declared = FIELDS.get(kind, {})
    given = reader.table(table, "fields", "")
    if declared:
        reader.keys(given, "fields", tuple(declared))
    fields = {
        key: read_cell_source(reader, value, join("fields", key), declared[key], key in REQUIRED[kind])
        for key, value in given.items()
        if key in declared
    }
    key = reader.names(table, "key", "")
    _check_fields(reader, table, kind, given)
    history = {
        stage: read_cell_source(reader, value, join("history", stage), "moment")
        for stage, value in reader.entries(reader.table(table, "history", ""), "history")
    }
    parties = {}
    for party, known in PARTIES.items():
        if party in table and kind == "opportunity":
            asked = reader.table(table, party, "")
            reader.keys(asked, party, known)
            if "name" not in asked:
                reader.found.error(join(party, "name"), "missing_key")
            if party in given:
                reader.found.error(party, "not_together", other=f"fields.{party}")
            parties[party] = {
                part: read_cell_source(reader, value, join(party, part), "text")
                for part, value in asked.items()
                if part in known
            }
    asked = reader.table(table, "spellings", "")
    spellings = {column: reader.texts(asked, column, "spellings") for column, _ in reader.entries(asked, "spellings")}
    zone = reader.text(table, "time_zone", "")
    if zone is not None and not is_zone(zone):
        reader.found.error("time_zone", "unknown_zone", value=picture(zone))
    return ImportMapping(
        name=name, kind=kind, fields=fields, key=key, history=history, parties=parties, spellings=spellings,
        layout=read_layout(reader, table, ""), time_zone=zone,
    )  # fmt: skip


def _check_fields(reader: TableReader, table: Mapping[str, Any], kind: str, given: Mapping[str, Any]) -> None:
    """Note what is missing, and what cannot stand together."""
    for key in REQUIRED.get(kind, ()):
        if key not in given:
            reader.found.error(join("fields", key), "missing_key")
    if kind and ("id" in given) == ("key" in table):
        reader.found.error("fields.id", "choose_one", known="fields.id, key")
    if table.get("key") == []:
        reader.found.error("key", "empty")
    if "currency" not in given and any(amount in given for amount in _OF_AMOUNTS):
        reader.found.error("fields.currency", "missing_key")
    if kind == "lead":
        for key in ("history", *PARTIES):
            if key in table:
                reader.found.error(key, "only_for", known="opportunities")


def read_layout(reader: TableReader, table: Mapping[str, Any], place: str) -> Layout:
    """Return how a data file is written, from the keys ``delimiter encoding empty sparse`` of *table*."""
    return Layout(
        reader.choice(table, "delimiter", place, DELIMITERS, ","),
        reader.choice(table, "encoding", place, ENCODINGS, "utf-8"),
        frozenset(reader.names(table, "empty", place)),
        reader.flag(table, "sparse", place, False),
    )


def is_zone(name: str) -> bool:
    """Whether *name* is that of a time zone."""
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True


class RowMapper:
    """
    A mapping, compiled against the columns of one file.

    Args:
        mapping: What becomes what.
        columns: The file's columns, in order.
        name: What to call the file in an error.
        folder: Where the files lie that are looked up in; None where there is no such folder.
        zone: The business's zone.

    Raises:
        FileError: A column is not there, or a file cannot be looked up in.

    Source: IO-1.
    """

    def __init__(
        self, mapping: ImportMapping, columns: Sequence[str], name: str, folder: Path | None, zone: ZoneInfo
    ) -> None:
        zone = ZoneInfo(mapping.time_zone) if mapping.time_zone is not None else zone
        places = places_of(columns, mapping.columns, name)
        looked_up = {source.lookup for source in mapping.sources if source.lookup is not None}
        lookups = read_lookups(looked_up, mapping, folder)
        kinds = FIELDS[mapping.kind]

        def cell(source: CellSource, kind: Kind) -> Callable[[Sequence[str]], Any]:
            return compile_cell(source, kind, places, lookups, zone)

        self._mapping = mapping
        self._fields = [(key, cell(source, kinds[key])) for key, source in mapping.fields.items()]
        self._history = [(stage, cell(source, "moment")) for stage, source in mapping.history.items()]
        self._parties = {
            party: [(key, cell(source, "text")) for key, source in parts.items()]
            for party, parts in mapping.parties.items()
        }
        self._key = [places[column] for column in mapping.key]
        self._spellings = [(column, places[column], wrongs) for column, wrongs in mapping.spellings.items()]

    def column_of(self, field: str) -> str | None:
        """Return the column that *field* comes from, or None; of a derived id, the first that it is made of."""
        if field == "id" and self._mapping.key:
            return self._mapping.key[0]
        parts = self._mapping.parties.get(field, {})
        source = self._mapping.fields.get(field) or parts.get("name") or self._mapping.history.get(field)
        return source.column if source is not None else None

    def __call__(self, cells: Sequence[str]) -> Arrival:
        """
        Return what a row becomes.

        Raises:
            WrongRow: It cannot become anything; its problems are all of why.
        """
        respelled = []
        for column, place, wrongs in self._spellings:
            right = wrongs.get(cells[place])
            if right is not None:
                respelled.append((column, cells[place]))
                cells = [*cells[:place], right, *cells[place + 1 :]]
        problems: list[CellProblem] = []
        values = self._values(self._fields, cells, problems)
        if self._key:
            values["id"] = self._derived_id(cells, problems)
        elif values.get("id") is None and not problems:
            problems.append(wrong("missing", self.column_of("id")))
        history = self._values(self._history, cells, problems)
        parties = {party: self._values(parts, cells, problems) for party, parts in self._parties.items()}
        if problems:
            raise WrongRow(problems)
        try:
            if self._mapping.kind == "lead":
                return Arrival(ImportedLead(**values), respelled=tuple(respelled))
            owner = parties.get("customer", {}).pop("owner", None)
            return Arrival(
                self._opportunity(values, history),
                self._named(NewCustomer, "customer", parties),
                self._named(NewContact, "contact", parties),
                owner,
                tuple(respelled),
            )
        except InvalidInput as error:
            raise WrongRow([_invalid(self.column_of(error.what), error)]) from None

    def _values(
        self, cells: Sequence[tuple[str, Callable[[Sequence[str]], Any]]], row: Sequence[str],
        problems: list[CellProblem],
    ) -> dict[str, Any]:  # fmt: skip
        values = {}
        for key, read in cells:
            try:
                values[key] = read(row)
            except WrongRow as found:
                problems += found.problems
        return values

    def _derived_id(self, cells: Sequence[str], problems: list[CellProblem]) -> str:
        parts = [cells[place] for place in self._key]
        if not any(parts):
            problems.append(wrong("missing", self._mapping.key[0]))
        return derived_id(self._mapping.kind, *parts)

    def _opportunity(self, values: dict[str, Any], history: Mapping[str, Any]) -> ImportedOpportunity:
        currency = values.pop("currency", None)
        for amount in _OF_AMOUNTS:
            if values.get(amount) is not None:
                if currency is None:
                    raise WrongRow([wrong("missing", self._mapping.fields["currency"].column)])
                try:
                    values[amount] = _money(values[amount], currency)
                except InvalidInput as error:
                    at = "currency" if error.what == "currency" else amount
                    raise InvalidInput(at, error.value, error.rule) from None
        outcome = values.get("outcome")
        if outcome is not None:
            try:
                values["outcome"] = OpportunityStatus(outcome)
            except ValueError:
                raise InvalidInput("outcome", outcome, f"must be one of {', '.join(OpportunityStatus)}") from None
        entered: list[tuple[datetime, str]] = [(at, stage) for stage, at in history.items() if at is not None]
        # where days are told and no hours, what ends a deal came last, and its own outcome last of all
        entered.sort(key=lambda step: (step[0], step[1] in OUTCOME_CODES, step[1] == outcome))
        if entered and entered[-1][1] == outcome and values.get("closed_at") in (None, entered[-1][0]):
            values["closed_at"] = entered.pop()[0]
        stays = [stage for _, stage in entered]
        here = values["stage"]
        if here in stays and OUTCOME_CODES.isdisjoint(stays[stays.index(here) :]):
            begun, _ = entered.pop(stays.index(here))
            values["entered_at"] = values.get("entered_at") or begun
        values["history"] = [(stage, at) for at, stage in entered]
        return ImportedOpportunity(**values)

    def _named(self, cls: Any, party: str, parties: Mapping[str, Mapping[str, Any]]) -> Any:
        """Return the customer or contact, None where the row names none."""
        values = parties.get(party)
        if not values or values["name"] is None:
            return None
        try:
            return cls(**values)
        except InvalidInput as error:
            at = self._mapping.parties[party][error.what].column
            raise WrongRow([_invalid(at, error)]) from None


def _invalid(column: str | None, error: InvalidInput) -> CellProblem:
    return wrong("invalid_value", column, problem=f"{error.value!r} {error.rule}")


@lru_cache(2048)
def _money(amount: str, currency: str) -> Money:
    return Money(amount, currency)


@lru_cache(2048)  # a customer's is asked for in the row and again for what is there already
def derived_id(kind: str, *parts: str) -> str:
    """Return the id that the same parts always give, and no others."""
    told = "".join(f"{len(part)}:{part}" for part in (kind, *parts))
    return f"{kind}-{hashlib.sha256(told.encode()).hexdigest()[:32]}"


def read_lookups(
    lookups: Iterable[Lookup], mapping: ImportMapping, folder: Path | None
) -> Mapping[Lookup, Mapping[str, str]]:
    """
    Return what each file beside the data holds, from key to value; the limits are for all of them together.

    Raises:
        FileError: A file is not there, is none, or gives one key two values; or they hold too much.
    """
    tables: dict[Lookup, dict[str, str]] = {}
    count = size = 0
    for lookup in sorted(lookups, key=repr):
        found = tables[lookup] = {}
        with open_beside(lookup.file, folder, mapping.name) as file:
            rows = CsvRows(file, mapping.layout, lookup.file)
            places = places_of(rows.columns, (lookup.key, lookup.value), lookup.file)
            for row in rows:
                at = f"line {row.line}"
                if row.problem is not None:
                    raise file_error(lookup.file, at, "row", problem=row.problem.message)
                key, value = row.cells[places[lookup.key]], row.cells[places[lookup.value]]
                count, size = count + 1, size + len(key) + len(value)
                if count > MOST_LOOKUP_ROWS:
                    raise file_error(lookup.file, at, "too_many", most=MOST_LOOKUP_ROWS)
                if size > MOST_LOOKUP_CHARACTERS:
                    raise file_error(lookup.file, at, "too_large", most=MOST_LOOKUP_CHARACTERS)
                if found.setdefault(key, value) != value:
                    raise file_error(lookup.file, at, "doubled_key", value=picture(key))
    return tables


def open_beside(file: str, folder: Path | None, name: str) -> Any:
    """
    Return a file of *folder*, opened; nothing outside the folder is opened, whatever it is called.

    Raises:
        FileError: It cannot be read, or is no plain name; *name* is whose problem that is.
    """
    if not is_plain_name(file):
        raise file_error(name, "file", "file_name", value=picture(file))
    if folder is None:
        raise file_error(name, "file", "no_folder", value=picture(file))
    try:
        path = (folder / file).resolve()
        if path.parent != folder.resolve() or not path.is_file():
            why = "it is no file of that folder" if path.exists() else "No such file in that folder"
            raise file_error(name, "file", "unreadable", value=picture(file), problem=why)
        return path.open("rb")
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise file_error(name, "file", "unreadable", value=picture(file), problem=problem) from None
