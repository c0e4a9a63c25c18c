"""
Rows out of CSV and JSON, one by one: a row that cannot be read is told with its line, and the next one is read.

Memory is bounded whatever the file holds: no row is longer than `LONGEST_ROW`, no more than that is looked ahead.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

from attrs import frozen

from salesflow.files.formulas import as_it_was
from salesflow.files.problems import CellProblem, file_error, wrong
from salesflow.files.toml import toml_value
from salesflow.process.findings import picture
from salesflow.process.value_checks import listed

LONGEST_ROW = 128 * 1024
"""A row has at most so many characters, the line breaks inside quotes included."""

MOST_COLUMNS = 1_000
"""A header names at most so many columns."""

ENCODINGS = ("utf-8", "gb18030", "gbk", "big5", "cp1252", "iso-8859-1")
"""The encodings that can be read line by line."""

DELIMITERS = (",", ";", "\t", "|")
"""What may stand between the cells of a row."""


@frozen
class Layout:
    """
    How a file is written.

    Args:
        delimiter: What stands between cells.
        encoding: One of `ENCODINGS`.
        empty: Texts that mean nothing is there, such as ``N/A``.
        sparse: Whether the objects of a JSON file leave out what is empty.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    empty: frozenset[str] = frozenset()
    sparse: bool = False


class Row(NamedTuple):
    """
    One row of a file.

    Args:
        line: Where it begins, from 1.
        cells: The stripped text of each column, "" where empty; nothing where the row cannot be read.
        problem: Why it cannot be read, or None.
    """

    line: int
    cells: Sequence[str]
    problem: CellProblem | None = None


_OTHER_FORMATS = {
    codecs.BOM_UTF16_LE: "UTF-16 text",
    codecs.BOM_UTF16_BE: "UTF-16 text",
    b"PK\x03\x04": "a spreadsheet or an archive",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
}
"""What a file may be that was meant to be text, by how it begins."""


def _other_format(beginning: str | bytes) -> CellProblem | None:
    """Return what else a file is that begins so, or None; in text, a byte that is no UTF-8 stands escaped."""
    for mark, name in _OTHER_FORMATS.items():
        begins = mark if isinstance(beginning, bytes) else mark.decode("utf-8", "surrogateescape")
        if beginning.startswith(begins):  # type: ignore[arg-type]  # both are text, or both bytes
            return wrong("other_format", found=name)
    return None


class _RowTooLong(Exception):
    """More lines would make the row longer than it may be."""


class _Lines:
    """
    The lines of a file, for the parser, which asks for another where a quote is open.

    Attributes:
        number: How many lines were read.
        taken: The lines of this row, each with what is wrong with it.
    """

    def __init__(self, file: IO[Any], encoding: str) -> None:
        self._file, self._encoding = file, encoding
        self._waiting: deque[tuple[str, CellProblem | None]] = deque()
        self._length = 0
        self.number = 0
        self.taken: list[tuple[str, CellProblem | None]] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._read()
        self.number += 1
        self.taken.append(line)
        self._length += len(line[0])
        if self._length > LONGEST_ROW:
            raise _RowTooLong
        return line[0]

    def begin(self) -> int:
        """Begin a row; return the line where it begins."""
        self.taken.clear()
        self._length = 0
        return self.number + 1

    def give_back(self) -> None:
        """Have the lines of this row read again, but for the first: a quote that is never closed swallowed them."""
        self._waiting.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken[1:])

    def _read(self) -> tuple[str, CellProblem | None]:
        raw = self._file.readline(LONGEST_ROW + 1)
        if not raw:
            raise StopIteration
        if len(raw) > LONGEST_ROW:
            while raw and raw[-1:] not in (b"\n", "\n"):
                raw = self._file.readline(LONGEST_ROW)
            return "\n", wrong("too_long", most=LONGEST_ROW)
        problem = None
        text = raw
        if isinstance(raw, bytes):
            try:
                text = raw.decode(self._encoding)
            except UnicodeDecodeError:
                text = raw.decode(self._encoding, "replace")
                problem = wrong("not_text", encoding=self._encoding.upper())
        if self.number == 0:
            text = text.removeprefix("\ufeff")
        if "\0" in text:
            problem = wrong("null_character")
        if self.number == 0 and isinstance(raw, bytes):
            problem = _other_format(raw) or problem
        return text, problem


_CARRIAGE_RETURN = "a carriage return stands alone; put cells of several lines in quotes, and end rows with line feeds"


class CsvRows:
    """
    The rows of a CSV file; its first line names the columns.

    Args:
        file: Opened for reading, in binary or as text.
        layout: How it is written.
        name: What to call it in an error.

    Attributes:
        columns: The header's cells.

    Raises:
        FileError: It has no usable header.

    Source: IO-1, REL-8.
    """

    def __init__(self, file: IO[Any], layout: Layout, name: str) -> None:
        self._lines = _Lines(file, layout.encoding)
        self._parser = csv.reader(self._lines, delimiter=layout.delimiter, strict=True)
        self._empty = layout.empty
        header = next(self._rows(0), None)
        if header is None:
            raise file_error(name, "line 1", "no_header")
        if header.problem is not None:
            raise file_error(name, f"line {header.line}", "row", problem=header.problem.message)
        if len(header.cells) > MOST_COLUMNS:
            raise file_error(name, f"line {header.line}", "too_many", most=MOST_COLUMNS)
        self.columns = tuple(header.cells)

    def __iter__(self) -> Iterator[Row]:
        """Give each row; one without anything in it is none."""
        return self._rows(len(self.columns))

    def _rows(self, width: int) -> Iterator[Row]:
        """Give each row; a *width* of 0 asks for no certain number of cells."""
        lines, empty, taken = self._lines, self._empty, self._lines.taken
        wasted = 0
        while True:
            line = lines.begin()
            cells: list[str] = []
            problem = None
            try:
                cells = [cell.strip() for cell in next(self._parser)]
            except StopIteration:
                return
            except _RowTooLong:
                problem = wrong("too_long", most=LONGEST_ROW)
            except csv.Error as error:
                problem = wrong("quoting", problem=_CARRIAGE_RETURN if "new-line" in str(error) else str(error))
            problem = next((found for _, found in lines.taken if found is not None), problem)
            if problem is None:
                if not any(cells):
                    continue
                if width and len(cells) != width:
                    problem = wrong("cell_count", found=len(cells), wanted=width)
            elif not cells and wasted < _PATIENCE:
                wasted += sum(len(text) for text, _ in lines.taken)
                lines.give_back()
            if empty and not empty.isdisjoint(cells):
                cells = ["" if cell in empty else cell for cell in cells]
            if width and ("'" in taken[0][0] or (len(taken) > 1 and any("'" in text for text, _ in taken))):
                cells = [as_it_was(cell) for cell in cells]
            yield Row(line, () if problem is not None else cells, problem)


_SEPARATORS = re.compile(r"[\s,]*+")
_OVERLAP = 64  # what separates two objects may lie across the end of what is there
_PATIENCE = 8 * LONGEST_ROW  # so many characters are read again in search of swallowed objects
_BRACE = re.compile(r"\{(?<=[\s,\[]\{)")
_BEGINS_LINE = re.compile(r"[\s,\[]*+")
_BEHIND_OBJECT = re.compile(r"\}\s*+,\s*+")


class JsonRows:
    """
    The rows of a JSON file: a list of objects, or objects one behind the other (JSON lines).

    Args:
        file: Opened for reading, in binary or as text.
        columns: The keys that are read of each object; what else it holds is passed over.
        layout: How it is written; a JSON file is UTF-8 always.
        name: What to call it in an error.

    Iterating raises `FileError` where the first object lacks one of *columns*, which is how a key looks that the
    mapping misspells; unless the layout is `sparse`.

    Source: IO-1, REL-8.
    """

    def __init__(self, file: IO[Any], columns: Sequence[str], layout: Layout, name: str = "file") -> None:
        self._file, self.columns, self._empty = file, tuple(columns), layout.empty
        self._name, self._is_whole = name, layout.sparse
        self._text, self._at, self._line = "", 0, 1
        self._rest = b""
        self._ended = False
        self._wasted = 0
        self._decoder = json.JSONDecoder(
            parse_float=str, parse_int=str, parse_constant=_NoValue, object_pairs_hook=_unique
        )

    def __iter__(self) -> Iterator[Row]:
        """Give each row."""
        self._fill()
        other = _other_format(self._text)
        if other is not None:
            yield Row(1, (), other)
            return
        self._text = self._text.removeprefix("\ufeff")
        self._skip(re.compile(r"\s*+"))
        is_list = self._text[self._at : self._at + 1] == "["
        self._move(self._at + is_list)
        closed = not is_list
        while True:
            self._skip(_SEPARATORS)
            if self._at == len(self._text):
                break
            if is_list and self._text[self._at] == "]":
                closed = True
                self._move(self._at + 1)
                continue
            yield self._row(self._line)
        if not closed:
            yield Row(self._line, (), wrong("truncated"))

    def _fill(self) -> None:
        """Make sure that a whole row lies ahead, or the rest of the file."""
        if self._ended or len(self._text) - self._at > LONGEST_ROW:
            return
        pieces = [self._text[self._at :]]
        length = len(pieces[0])
        while length <= LONGEST_ROW and not self._ended:
            raw = self._file.read(LONGEST_ROW)
            self._ended = not raw
            piece = raw if isinstance(raw, str) else self._decoded(raw)
            pieces.append(piece)
            length += len(piece)
        self._text, self._at = "".join(pieces), 0

    def _decoded(self, raw: bytes) -> str:
        """Return the text of *raw*; a character that is cut in two waits, a byte that is none stays to be told."""
        raw = self._rest + raw
        whole = len(raw)
        if not self._ended:
            # Of the last three bytes, one may begin a character that goes on in the next piece.
            for back in range(1, min(3, whole) + 1):
                if raw[whole - back] >= 0xC0:
                    whole -= back
                    break
        self._rest = raw[whole:]
        return raw[:whole].decode("utf-8", "surrogateescape")

    def _move(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to
        self._fill()

    def _skip(self, form: re.Pattern[str]) -> None:
        while True:
            found = form.match(self._text, self._at)
            end = found.end() if found is not None else self._at
            reached_end = end == len(self._text)
            self._move(end)
            if not reached_end or self._at == len(self._text):
                return

    def _row(self, line: int) -> Row:
        start = self._at
        try:
            found, end = self._decoder.raw_decode(self._text, start)
        except (json.JSONDecodeError, RecursionError) as error:
            return Row(line, (), self._lost(error))
        self._move(end)
        self._wasted = max(0, self._wasted - (end - start))
        if end - start > LONGEST_ROW:
            return Row(line, (), wrong("too_long", most=LONGEST_ROW))
        if not isinstance(found, dict):
            return Row(line, (), wrong("no_object"))
        if not self._is_whole:
            self._check_keys(found, line)
        cells = []
        for column in self.columns:
            value = found.get(column)
            if value is None:
                cells.append("")
            elif isinstance(value, str):
                text = value.strip()
                if "\0" in text:
                    return Row(line, (), wrong("null_character", column))
                if not text.isascii() and _has_surrogate(text):
                    return Row(line, (), wrong("not_text", column, encoding="UTF-8"))
                cells.append("" if text in self._empty else text)
            elif isinstance(value, bool):
                cells.append("true" if value else "false")
            else:
                return Row(line, (), wrong("nested", column))
        return Row(line, cells)

    def _check_keys(self, first: Mapping[str, Any], line: int) -> None:
        """Refuse the file where its first object has not all that is read, as a CSV file whose header has not."""
        self._is_whole = True
        for column in self.columns:
            if column not in first:
                known = listed(picture(key) for key in first)
                raise file_error(self._name, f"line {line}", "absent_key", value=picture(column), known=known)

    def _lost(self, error: Exception) -> CellProblem:
        """Go on to where the next object seems to begin; return what was wrong with this one."""
        problem, to = wrong("too_deep"), self._at + LONGEST_ROW
        has_swallowed = True
        if isinstance(error, json.JSONDecodeError):
            is_cut = error.pos - self._at > LONGEST_ROW or error.msg.startswith("Unterminated")
            if is_cut and not self._ended:
                problem = wrong("too_long", most=LONGEST_ROW)
            else:
                problem = wrong("syntax", problem=error.msg)
            to = min(error.pos, to)
            has_swallowed = any(begins_line for _, begins_line in _rows_ahead(self._text, self._at + 1, to))
        self._wasted += to - self._at
        begun = self._at + 1
        if has_swallowed and self._wasted < _PATIENCE:
            to = begun  # a bracket is never closed, and what follows stands behind it
        # the object may have been met where a comma or a name was looked for
        self._move(begun + len(self._text[begun:to].rstrip(" \t\r\n,[")))
        while True:
            ahead = next(_rows_ahead(self._text, self._at, len(self._text)), None)
            if ahead is not None:
                self._move(ahead[0])
                return problem
            if self._ended:
                text = self._text.rstrip()
                self._move(max(self._at, len(text) - text.endswith("]")))
                return problem
            self._move(max(self._at + 1, len(self._text) - _OVERLAP))


def _rows_ahead(text: str, start: int, end: int) -> Iterator[tuple[int, bool]]:
    """
    Give each place where a row seems to begin, and whether on a line of its own; else an object ends before it.

    What stands between two braces is looked at once, so that blanks without end cost no more than their length.
    """
    line, before = -1, start
    for brace in _BRACE.finditer(text, start, end):
        at = brace.start()
        line = max(line, text.rfind("\n", before, at))
        if line >= 0 and _BEGINS_LINE.fullmatch(text, line + 1, at):
            yield at, True
        else:
            closing = text.rfind("}", before, at)
            if closing >= 0 and _BEHIND_OBJECT.fullmatch(text, closing, at):
                yield at, False
        before = at


class _NoValue:
    """Stands for what the parser would take and JSON does not have: NaN, or an object with a key twice."""

    def __init__(self, _text: str = "") -> None:
        pass


def _unique(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _NoValue()


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def places_of(columns: Sequence[str], wanted: Sequence[str], name: str) -> Mapping[str, int]:
    """
    Return where each wanted column stands.

    Raises:
        FileError: One is not there, or stands there twice.
    """
    alone = columns[0] if len(columns) == 1 else ""
    for column in wanted:
        count = columns.count(column)
        other = next((one for one in DELIMITERS if one in alone and column in alone), None)
        if not count and other is not None:
            raise file_error(name, "line 1", "other_delimiter", found=toml_value(other))
        if count != 1:
            code = "doubled_column" if count else "unknown_column"
            raise file_error(name, "line 1", code, value=picture(column), known=listed(c for c in columns if c))
    return {column: columns.index(column) for column in wanted}
