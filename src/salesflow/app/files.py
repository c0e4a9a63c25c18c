"""Records in from files and other systems, and out to files: `flow.acting_as(person).files` (IO-1, IO-2, IO-3)."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from secrets import token_hex
from typing import IO, Any, TypeAlias

from salesflow.app.execution import Execution
from salesflow.app.exporting import write_csv, write_json
from salesflow.app.import_report import ImportReport, Item
from salesflow.app.importing import Intake
from salesflow.errors import InvalidInput
from salesflow.files.mapping import Arrival, ImportMapping, RowMapper, load_mapping
from salesflow.files.problems import RowProblem, WrongRow, wrong
from salesflow.files.reading import CsvRows, JsonRows
from salesflow.model import ImportedOpportunity

__all__ = ["FileDesk", "ImportReport", "RowProblem"]

AnyPath: TypeAlias = str | os.PathLike[str]


class FileDesk:
    """Imports and exports, each checked against what the person may see and do."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def import_opportunities(
        self, arrivals: Iterable[ImportedOpportunity], *, progress: Callable[[int], None] | None = None
    ) -> ImportReport:
        """
        Take in opportunities with their past; the rules guard moves, not arrivals.

        Each row is saved by itself and at most once, so an import that was stopped is simply run again; an
        idempotency key adds nothing.

        Args:
            arrivals: What the other system knew; read one by one.
            progress: Called with the number of rows done, after each.

        Raises:
            NotFound: The acting person does not work here.
            Refused: The acting person may not import at all.
            PortError: The store failed; the rows before are in.

        Source: IO-3, ACC-16.
        """
        intake = Intake(self._execution, "files.import_opportunities", batch=1)
        if not isinstance(arrivals, Iterable):
            raise InvalidInput("arrivals", arrivals, "must be ImportedOpportunity objects, such as a list of them")
        return intake.take(_arrived(arrivals), progress=progress)

    def import_csv(
        self, file: AnyPath | IO[Any], mapping: ImportMapping | AnyPath, *, folder: AnyPath | None = None,
        dry_run: bool = False, progress: Callable[[int], None] | None = None,
    ) -> ImportReport:  # fmt: skip
        """
        Take in leads or opportunities from a CSV file.

        A row that is wrong is reported and does not stop the rest. A row whose record is there already changes
        nothing, so an import that was stopped is simply run again. 1,000 rows at a time are saved together.

        Args:
            file: Its path, or the file, opened for reading.
            mapping: Which column becomes which field, or the path of a mapping's TOML file.
            folder: Where the files lie that the mapping looks up in; None means beside the file.
            dry_run: Whether to write nothing, and report what would be.
            progress: Called with the number of each row once it is saved.

        Raises:
            FileError: The mapping or the file cannot be used as a whole; nothing was taken in.
            NotFound: The acting person does not work here.
            Refused: The acting person may not import at all.
            PortError: The store failed; the batches before are in.
            OSError: The file cannot be read.

        Source: IO-1, IO-3, LEAD-2, ACC-16.
        """
        intake = Intake(self._execution, "files.import_csv", dry_run=dry_run)
        known = _known(mapping)
        with _reading(file) as opened:
            name = _name(file)
            return self._import(intake, CsvRows(opened, known.layout, name), known, file, folder, progress)

    def import_json(
        self, file: AnyPath | IO[Any], mapping: ImportMapping | AnyPath, *, folder: AnyPath | None = None,
        dry_run: bool = False, progress: Callable[[int], None] | None = None,
    ) -> ImportReport:  # fmt: skip
        """
        Take in leads or opportunities from a JSON file: a list of flat objects, or one object a line.

        Args:
            file, mapping, folder, dry_run, progress: As of `import_csv`; a column is a key of the objects.

        Raises:
            FileError: The mapping cannot be used, or its first object lacks a key of the mapping that is not `sparse`.
            NotFound, Refused, PortError, OSError: As of `import_csv`.

        Source: IO-1, IO-3, LEAD-2, ACC-16.
        """
        intake = Intake(self._execution, "files.import_json", dry_run=dry_run)
        known = _known(mapping)
        with _reading(file) as opened:
            rows = JsonRows(opened, known.columns, known.layout, _name(file))
            return self._import(intake, rows, known, file, folder, progress)

    def export_csv(self, scene: str, file: AnyPath | IO[str], *, kind: str = "opportunity") -> int:
        """
        Write every record that the person sees in *scene* as CSV, and return how many they are.

        CSV is for spreadsheets. A cell that one would run as a formula is written with an apostrophe before it. A
        file at a path begins with a byte order mark: without it a spreadsheet takes UTF-8 for the system's older
        encoding, and shows Chinese as noise. A program reads such a file as ``utf-8-sig``, `import_csv` as it is,
        and what nobody edits by hand is better exported as JSON.

        Args:
            scene: A name of `salesflow.scenes`, such as ``all``.
            file: Its path, or a text file, opened for writing with ``newline=""``, whose encoding is the caller's
                choice. A file at a path is replaced when all of it is written, and left as it was otherwise.
            kind: ``opportunity``, ``lead``, ``customer``, ``contact`` or ``document``.

        Raises:
            InvalidInput: There is no such scene or kind, or *file* is neither a path nor a text file.
            NotFound: The acting person does not work here.
            OSError: The file cannot be written.

        Source: IO-2, VIS-16, ACC-26.
        """
        run = self._execution
        run.admit(run.blank(), "files.export_csv", ())
        with _writing(file, "utf-8-sig") as opened:
            return write_csv(run, kind, scene, opened)

    def export_json(self, scene: str, file: AnyPath | IO[str], *, kind: str = "opportunity") -> int:
        """
        Write every record that the person sees in *scene* as a JSON list, and return how many they are.

        Each item is what `salesflow.files.json_codec.to_json` writes, on a line of its own, and reads back equal.

        Args:
            scene, file, kind: As of `export_csv`; JSON has no byte order mark.

        Raises:
            InvalidInput, NotFound, OSError: As of `export_csv`.

        Source: IO-2, VIS-16, ACC-26.
        """
        run = self._execution
        run.admit(run.blank(), "files.export_json", ())
        with _writing(file, "utf-8") as opened:
            return write_json(run, kind, scene, opened)

    def _import(
        self, intake: Intake, rows: CsvRows | JsonRows, mapping: ImportMapping, file: AnyPath | IO[Any],
        folder: AnyPath | None, progress: Callable[[int], None] | None,
    ) -> ImportReport:  # fmt: skip
        if folder is not None and not isinstance(folder, str | os.PathLike):
            raise InvalidInput("folder", folder, "must be the path of a folder, or None")
        beside = Path(folder) if folder is not None else _folder(file)
        mapper = RowMapper(mapping, rows.columns, _name(file), beside, self._execution.kernel.zone)
        return intake.take(_mapped(rows, mapper), column_of=mapper.column_of, progress=progress)


def _arrived(arrivals: Iterable[object]) -> Iterator[Item]:
    for row, arrival in enumerate(arrivals, 1):
        if isinstance(arrival, ImportedOpportunity):
            yield Item(row, None, Arrival(arrival))
        else:
            problem = str(InvalidInput("row", arrival, "must be an ImportedOpportunity"))
            yield Item(row, None, None, (wrong("invalid_value", problem=problem),))


def _mapped(rows: CsvRows | JsonRows, mapper: RowMapper) -> Iterator[Item]:
    for number, row in enumerate(rows, 1):
        if row.problem is not None:
            yield Item(number, row.line, None, (row.problem,))
            continue
        try:
            yield Item(number, row.line, mapper(row.cells))
        except WrongRow as found:
            yield Item(number, row.line, None, found.problems)


def _known(mapping: ImportMapping | AnyPath) -> ImportMapping:
    if isinstance(mapping, ImportMapping):
        return mapping
    if isinstance(mapping, str | os.PathLike):
        return load_mapping(mapping)
    raise InvalidInput("mapping", mapping, "must be an ImportMapping, or the path of a mapping's TOML file")


def _reading(file: AnyPath | IO[Any]) -> AbstractContextManager[IO[Any]]:
    if isinstance(file, str | os.PathLike):
        return open(file, "rb")
    if callable(getattr(file, "readline", None)):
        return nullcontext(file)
    raise InvalidInput("file", file, "must be a path, or a file opened for reading")


@contextmanager
def _writing(file: Any, encoding: str) -> Iterator[IO[str]]:
    """Give a text file to write to; at a path, it takes its place only once all is written."""
    if not isinstance(file, str | os.PathLike):
        if not callable(getattr(file, "write", None)) or isinstance(file, io.RawIOBase | io.BufferedIOBase):
            raise InvalidInput("file", file, "must be a path, or a text file opened for writing")
        yield file
        return
    path = Path(file)
    if path.exists() and not path.is_file():  # a pipe or a device, which nothing can take the place of
        with path.open("w", encoding=encoding, newline="") as opened:
            yield opened
        return
    path = path.resolve()  # of a link, the file that it leads to is replaced
    beside = path.with_name(f"{path.name}.{token_hex(4)}.part")  # two exports at once do not share it
    try:
        with beside.open("x", encoding=encoding, newline="") as opened:
            yield opened
        beside.replace(path)
    except OSError as error:
        error.filename = str(path)  # what was asked for, not what stands in for it until all is written
        raise
    finally:
        beside.unlink(missing_ok=True)


def _name(file: AnyPath | IO[Any]) -> str:
    given = file if isinstance(file, str | os.PathLike) else getattr(file, "name", None)
    return os.path.basename(os.fspath(given)) if isinstance(given, str | os.PathLike) else "file"


def _folder(file: AnyPath | IO[Any]) -> Path | None:
    return Path(file).parent if isinstance(file, str | os.PathLike) else None
