"""
An organisation as TOML: employees written there or read from CSV files beside it, departments, groups, switches.

Read strictly, with every problem at once and its place: a key of the file, or a line and column of a CSV file. Who
is named and not there is no problem of the file; `Organization.warnings` lists them (ORG-2).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from salesflow.errors import FileError
from salesflow.files.cells import CellSource, Kind, compile_cell, read_cell_source
from salesflow.files.mapping import open_beside, read_layout
from salesflow.files.problems import WrongRow, require
from salesflow.files.reading import CsvRows, places_of
from salesflow.files.tables import TableReader, join, read_table
from salesflow.files.toml import LARGEST_FILE
from salesflow.model import Department, Employee, UserGroup
from salesflow.model.organization import LONGEST_ID
from salesflow.process.findings import Finding, picture
from salesflow.visibility import Organization
from salesflow.visibility.forest import find_cycle

MOST_EMPLOYEES = 200_000
"""An organisation file, and the CSV files that it names, give at most so many employees."""

MOST_ROWS = 400_000
"""Those CSV files hold at most so many rows together: somebody may stand in several."""

MOST_CHARACTERS = 64_000_000
"""What is read of those rows has at most so many characters together."""

_KEYS = (
    "employees employees_from departments groups administrators "
    "depth_subordinates depth_superiors include_subdepartments"
).split()
EMPLOYEE: Mapping[str, Kind] = {
    **dict.fromkeys(("id", "name", "manager", "department", "departments", "groups"), "text"),
    "active": "flag",
}  # fmt: skip
"""What a file may say of an employee, and what each is."""

_FROM = (*EMPLOYEE, "file", "separator", "delimiter", "encoding", "empty")
DEPTHS = ("all", "direct")
"""How deep a switch reaches; the first is the default."""

_UTC = ZoneInfo("UTC")


def load_organization(path: str | os.PathLike[str], *, folder: str | os.PathLike[str] | None = None) -> Organization:
    """
    Return the organisation in the TOML file at *path*.

    Args:
        path: The file; at most 64 KiB of UTF-8.
        folder: Where its CSV files lie; None means beside it.

    Raises:
        FileError: It is no sound organisation; ``problems`` lists everything with its place.
        OSError: The file cannot be read.

    Source: ORG-1 … ORG-6.
    """
    with open(path, "rb") as file:
        content = file.read(LARGEST_FILE + 1)
    beside = Path(folder) if folder is not None else Path(path).parent
    return parse_organization(content, name=os.path.basename(os.fspath(path)), folder=beside)


def parse_organization(
    source: str | bytes, *, name: str = "text", folder: str | os.PathLike[str] | None = None
) -> Organization:
    """
    Return the organisation that *source* holds.

    Args:
        source: TOML text, or the bytes of a file.
        name: What to call it in an error.
        folder: Where its CSV files lie; None where it has none.

    Raises:
        FileError: It is no sound organisation; ``problems`` lists everything with its place.
        InvalidInput: *source* is neither text nor bytes.

    Source: ORG-1 … ORG-6.
    """
    organization, findings = examine_organization(source, name=name, folder=folder)
    require(name, findings)
    assert organization is not None
    return organization


def examine_organization(
    source: str | bytes, *, name: str = "text", folder: str | os.PathLike[str] | None = None
) -> tuple[Organization | None, tuple[Finding, ...]]:
    """
    Return the organisation that *source* holds, None where it is unsound, and everything that is wrong with it.

    Raises:
        InvalidInput: *source* is neither text nor bytes.

    Source: ORG-1 … ORG-6.
    """
    table = read_table(source)
    if isinstance(table, Finding):
        return None, (table,)
    reader = _OrganizationReader(name, None if folder is None else Path(folder))
    arguments = reader.read(table)
    findings = reader.found.findings()
    return (None if findings else Organization(**arguments)), findings


class _OrganizationReader(TableReader):
    """Makes an organisation's parts of what a file holds, and remembers where each employee stands."""

    def __init__(self, name: str, folder: Path | None) -> None:
        super().__init__()
        self._name, self._folder = name, folder
        self._employees: dict[str, Employee] = {}
        self._places: dict[str, str] = {}
        self._rows = self._characters = 0

    def read(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of `Organization`; sound only where nothing was found."""
        self.keys(table, "", _KEYS)
        for place, entry in self.tables(table, "employees"):
            self._add(self._employee(entry, place), f"{place}.id")
        for place, entry in self.tables(table, "employees_from"):
            self._read_rows(entry, place)
        managers = {id: employee.manager for id, employee in self._employees.items()}
        self._refuse_cycles(managers, self._places, "manager")
        departments = self._departments(table)
        return {
            "employees": tuple(self._employees.values()),
            "departments": departments,
            "groups": self._groups(table),
            "administrators": self.names(table, "administrators", ""),
            "depth_subordinates": self.choice(table, "depth_subordinates", "", DEPTHS, "all"),
            "depth_superiors": self.choice(table, "depth_superiors", "", DEPTHS, "all"),
            "include_subdepartments": self.flag(table, "include_subdepartments", "", True),
        }

    def _id(self, entry: Mapping[str, Any], place: str, key: str = "id") -> str | None:
        id = self.text(entry, key, place, required=key == "id")
        return id if id is None or self._is_short(id, join(place, key)) else None

    def _is_short(self, id: str, place: str) -> bool:
        if len(id) > LONGEST_ID:
            self.found.error(place, "too_long", length=len(id), most=LONGEST_ID)
        return len(id) <= LONGEST_ID

    def _employee(self, entry: Mapping[str, Any], place: str) -> Employee | None:
        self.keys(entry, place, tuple(EMPLOYEE))
        id, name = self._id(entry, place), self.text(entry, "name", place)
        manager, department = (self._id(entry, place, key) for key in ("manager", "department"))
        departments, groups = (self.names(entry, key, place) for key in ("departments", "groups"))
        active = self.flag(entry, "active", place, True)
        if id is None:
            return None
        return Employee(
            id, name=name or "", manager=manager, department=department, departments=departments,
            groups=frozenset(groups), active=active,
        )  # fmt: skip

    def _add(self, employee: Employee | None, place: str, *, may_repeat: bool = False) -> None:
        if employee is None:
            return
        known = self._employees.setdefault(employee.id, employee)
        if employee.id not in self._places:
            self._places[employee.id] = place
        elif not (may_repeat and known == employee):
            self.found.error(place, "duplicate", value=picture(employee.id))

    def _read_rows(self, entry: Mapping[str, Any], place: str) -> None:
        before = len(self.found.findings())
        self.keys(entry, place, _FROM)
        file = self.text(entry, "file", place, required=True)
        sources = {
            key: read_cell_source(self, entry[key], join(place, key), kind, required=key == "id")
            for key, kind in EMPLOYEE.items()
            if key in entry
        }
        if "id" not in entry:
            self.found.error(join(place, "id"), "missing_key")
        for key, source in sources.items():
            if source.lookup is not None:
                self.found.error(join(join(place, key), "lookup"), "only_for", known="import mappings")
        separator = self.name(entry["separator"], join(place, "separator")) if "separator" in entry else ";"
        layout = read_layout(self, entry, place)
        if file is None or len(self.found.findings()) > before:
            return
        try:
            with open_beside(file, self._folder, self._name) as opened:
                rows = CsvRows(opened, layout, file)
                self._take_rows(rows, sources, file, separator or ";")
        except FileError as error:
            at = place if error.file == self._name else error.file
            for problem in error.problems:
                self.found.error(at, "row", problem=problem)

    def _take_rows(self, rows: CsvRows, sources: Mapping[str, CellSource], file: str, separator: str) -> None:
        wanted = list(dict.fromkeys(column for source in sources.values() for column in source.columns))
        places = places_of(rows.columns, wanted, file)
        cells = {key: compile_cell(source, EMPLOYEE[key], places, {}, _UTC) for key, source in sources.items()}
        for row in rows:
            self._rows += 1
            if row.problem is None:
                self._characters += sum(len(row.cells[place]) for place in places.values())
            at = f"{file} line {row.line}"
            if self._rows > MOST_ROWS:
                self.found.error(at, "too_many", most=MOST_ROWS)
                return
            if self._characters > MOST_CHARACTERS:
                self.found.error(at, "too_large", most=MOST_CHARACTERS)
                return
            if row.problem is not None:
                self.found.error(at, "row", problem=row.problem.message)
            elif len(self._employees) >= MOST_EMPLOYEES:
                self.found.error(at, "too_many", most=MOST_EMPLOYEES)
                return
            else:
                self._add(self._row(cells, row.cells, at, separator), at, may_repeat=True)

    def _row(
        self, cells: Mapping[str, Callable[[Sequence[str]], Any]], row: Sequence[str], at: str, separator: str
    ) -> Employee | None:
        values: dict[str, Any] = {}
        sound = True
        for key, read in cells.items():
            try:
                values[key] = read(row)
            except WrongRow as found:
                sound = False
                for problem in found.problems:
                    self.found.error(f"{at}, column {problem.column}", "row", problem=problem.message)
        for key in ("id", "name", "manager", "department"):
            value, place = values.get(key), f"{at}, {key}"
            is_name = value is None or self.name(value, place) is not None
            sound = is_name and (value is None or key == "name" or self._is_short(value, place)) and sound
        if not sound:
            return None
        for key in ("departments", "groups"):
            parts = (part.strip() for part in (values.get(key) or "").split(separator))
            values[key] = tuple(dict.fromkeys(part for part in parts if part))
        active = values.pop("active", None)
        return Employee(**values | {"name": values.get("name") or "", "active": active is not False})

    def _departments(self, table: Mapping[str, Any]) -> tuple[Department, ...]:
        found: dict[str, Department] = {}
        places: dict[str, str] = {}
        for place, entry in self.tables(table, "departments"):
            self.keys(entry, place, ("id", "name", "head", "parent"))
            id, name = self._id(entry, place), self.text(entry, "name", place)
            head, parent = (self._id(entry, place, key) for key in ("head", "parent"))
            if id is None:
                continue
            if id in found:
                self.found.error(f"{place}.id", "duplicate", value=picture(id))
            found[id] = Department(id, name=name or "", head=head, parent=parent)
            places[id] = f"{place}.id"
        self._refuse_cycles({id: one.parent for id, one in found.items()}, places, "parent")
        return tuple(found.values())

    def _groups(self, table: Mapping[str, Any]) -> tuple[UserGroup, ...]:
        found: dict[str, UserGroup] = {}
        for place, entry in self.tables(table, "groups"):
            self.keys(entry, place, ("id", "name", "members"))
            id, name = self._id(entry, place), self.text(entry, "name", place)
            members = self.names(entry, "members", place)
            if id in found:
                self.found.error(f"{place}.id", "duplicate", value=picture(id))
            if id is not None:
                found[id] = UserGroup(id, name=name or "", members=frozenset(members))
        return tuple(found.values())

    def _refuse_cycles(self, parents: Mapping[str, str | None], places: Mapping[str, str], key: str) -> None:
        """Note each cycle once, where the first of its members stands."""
        for cycle in _cycles(parents):
            place = places[cycle[0]].removesuffix(".id")
            at = join(place, key) if place.endswith("]") else place
            self.found.error(at, "cycle", value=" -> ".join(map(picture, (*cycle[:20], cycle[0]))))


def _cycles(parents: Mapping[str, str | None]) -> Iterator[tuple[str, ...]]:
    """Give each cycle, beginning with the member that comes first."""
    settled: set[str] = set()
    for start in parents:
        way: dict[str, None] = {}
        here: str | None = start
        while here is not None and here in parents and here not in settled and here not in way:
            way[here] = None
            here = parents[here]
        if here is not None and here in way:
            yield find_cycle(parents, here)
        settled.update(way)
