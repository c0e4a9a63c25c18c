"""Writing what somebody sees to a file, page by page: memory does not grow with the number of records (IO-2)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import IO, Any

from salesflow.app.execution import Execution
from salesflow.errors import InvalidInput
from salesflow.files.export import COLUMNS, csv_row


def write_csv(run: Execution, kind: str, scene: str, file: IO[str]) -> int:
    """Write the records as CSV below a header; return how many they are."""
    pages = _pages(run, kind, scene)
    writer = csv.writer(file)
    count = 0
    for number, page in enumerate(pages):
        if number == 0:
            writer.writerow(COLUMNS[kind])
        writer.writerows(csv_row(kind, record) for record in page)
        count += len(page)
    return count


def write_json(run: Execution, kind: str, scene: str, file: IO[str]) -> int:
    """Write the records as a list, one a line; return how many they are."""
    from salesflow.files.json_codec import to_json

    count = 0
    for page in _pages(run, kind, scene):
        for record in page:
            file.write(",\n" if count else "[\n")
            file.write(to_json(record))
            count += 1
    file.write("\n]\n" if count else "[]\n")
    return count


def _pages(run: Execution, kind: str, scene: str) -> Iterator[tuple[Any, ...]]:
    """Give the pages of what the person sees, at least one."""
    if kind not in tuple(COLUMNS):
        raise InvalidInput("kind", kind, f"must be one of {', '.join(COLUMNS)}")
    return run.pages(kind, scene)
