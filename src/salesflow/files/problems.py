"""
What can be wrong with a mapping, an organisation file, or a row of data: a stable code, its place, what would do.

The two tables are the whole vocabulary. A problem of a file stops the file; a problem of a row stops that row only.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from attrs import frozen

from salesflow.errors import FileError
from salesflow.process.findings import ERRORS, Finding, FindingCollector

FILE_ERRORS = MappingProxyType(
    {
        **ERRORS,
        "choose_one": "give exactly one of {known}",
        "not_together": "cannot stand beside {other}",
        "only_for": "is for {known} only",
        "date_format": "{value} is no date format: %Y or %y, %m or %b, %d are needed; %H %I %M %S %p %z may follow",
        "unknown_zone": "{value} is no IANA zone, such as 'Asia/Shanghai'",
        "file_name": "{value} must be the plain name of a file that lies beside the data",
        "no_folder": "{value} lies beside the data: say which folder that is",
        "unreadable": "{value} cannot be read: {problem}",
        "no_header": "there is no header line that names the columns",
        "unknown_column": "there is no column {value}; there are {known}",
        "absent_key": "the first object has no {value}; it has {known}. Where objects leave out what is empty, say so: "
        "sparse = true",
        "other_delimiter": "the columns are separated by {found}; say so: delimiter = {found}",
        "doubled_column": "the column {value} stands there more than once",
        "too_large": "what is read beside the data has more than {most} characters",
        "doubled_key": "{value} stands there twice with different values",
        "cycle": "must not form a cycle: {value}",
        "row": "{problem}",
        "rule": "{problem}",
    }
)
"""Every problem of a mapping, an organisation file or a whole data file, with the message that its facts fill."""

ROW_ERRORS = MappingProxyType(
    {
        # the text of the row
        "other_format": "this is {found}; save it as UTF-8 text",
        "not_text": "this is no {encoding} text; save the file as UTF-8, or name the encoding of a CSV in its mapping",
        "null_character": "holds a NUL character; leave it out",
        "too_long": "the row is longer than {most} characters, or a quote is never closed",
        "quoting": "the quotes do not fit: {problem}",
        "cell_count": "the row has {found} cells, the header {wanted}",
        "syntax": "this is no JSON: {problem}",
        "too_deep": "values are nested too deep",
        "no_object": "a row is an object with a value for each column",
        "truncated": "the file ends before its list does; it may have been cut off",
        # one cell
        "missing": "this must be given",
        "nested": "must be text, a number, true, false or null",
        "unknown_value": "{value} is none of {known}",
        "not_found": "{value} is not in {file}",
        "date_form": "{value} is no date of the form {wanted}",
        "number_form": "{value} is no number of the form {wanted}",
        "invalid_value": "{problem}",
        # the record
        "for_others": "{value} is somebody else; importing for others takes an administrator",
        "id_taken": "{value} cannot be taken; choose another id",
        "duplicate_id": "{value} is the id of an earlier row, which says something else; give each an id of its own",
        "in_future": "{field} is {value}, which has not come yet; an import takes what has happened",
        "conflict": "{problem}",
    }
)
"""Every problem of a row, with its message; a reason of `salesflow.model.REASONS` keeps its own code."""


@frozen
class CellProblem:
    """
    One thing that is wrong with a row.

    Args:
        code: A key of `ROW_ERRORS`, or the code of a reason.
        column: The column it stands in, or None where it is about the whole row.
        message: What is wrong, and what would do.
    """

    code: str
    column: str | None
    message: str


class WrongRow(Exception):
    """A row cannot be taken in; `problems` says all of why."""

    def __init__(self, problems: Sequence[CellProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)


def wrong(code: str, column: str | None = None, **facts: object) -> CellProblem:
    """Return the problem *code* of `ROW_ERRORS`, its message filled with the facts."""
    return CellProblem(code, column, ROW_ERRORS[code].format(**facts))


@frozen
class RowProblem:
    """
    One problem of a row that was not taken in.

    Args:
        row: The row's number, from 1; a header does not count.
        id: The record's id, where the row has one.
        problem: What is wrong, in words.
        code: A key of `ROW_ERRORS`, or the code of a reason.
        column: The column at fault, or None where it is the whole row.
        line: The line of the file where the row begins, from 1; None where there is no file.

    Source: IO-1.
    """

    row: int
    id: str | None
    problem: str
    code: str = "invalid_value"
    column: str | None = None
    line: int | None = None


class FileFindings(FindingCollector):
    """Collects what is wrong with a file, with the messages of `FILE_ERRORS`."""

    __slots__ = ()

    messages = FILE_ERRORS
    whole = "file"


def require(name: str, findings: Sequence[Finding]) -> None:
    """
    Return if there is no finding.

    Raises:
        FileError: There is; all are named, each with its place.
    """
    if findings:
        raise FileError(name, [str(found) for found in findings])


def file_error(name: str, place: str, code: str, **facts: object) -> FileError:
    """Return the error of a file with one problem."""
    return FileError(name, [f"{place}: {FILE_ERRORS[code].format(**facts)}"])
