"""Writing a store's opportunities as Parquet tables, in pieces: memory does not grow with the records (PIPE-2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as arrow
from pyarrow import parquet

from salesflow.analytics.layout import FORMAT, LAYOUTS, MONEY_DECIMALS, MONEY_DIGITS, Layout
from salesflow.errors import InvalidInput, PortError
from salesflow.model import Opportunity, utc
from salesflow.model.moments import zone_of
from salesflow.model.ordering import sort_value
from salesflow.ports import Query, Store
from salesflow.visibility.filters import EVERYTHING

ABOUT = "salesflow.json"
"""The file that says of which format, zone and moment the tables beside it are."""

PART = "part-0.parquet"
"""The file that a table is, in the folder of its name."""

_PATTERN = frozenset("*?[]{}\\")
_PAGE = 1_000
_PIECE = 50_000

_TYPES: dict[str, Any] = {
    "text": arrow.string(),
    "whole": arrow.int64(),
    "small": arrow.int32(),
    "flag": arrow.bool_(),
    "day": arrow.date32(),
    "money": arrow.decimal128(MONEY_DIGITS, MONEY_DECIMALS),
}


def write_tables(
    store: Store, folder: str | Path, *, zone: str, now: datetime, progress: Callable[[int], None] | None = None
) -> int:
    """
    Write every opportunity of *store*, voided ones included, as tables of Parquet files.

    This is for whoever runs the application: nobody's view narrows it. Who may see what is asked when figures are made.
    The store may change meanwhile: each record comes once, as it stood when it was read and with its history until
    then; one that is created meanwhile may be left out.

    Args:
        store: Keeps history.
        folder: Is made, and must be empty.
        zone: The business's time zone, as of the flow: it decides on which day something happened.
        now: The moment that the tables are of, timezone-aware; nothing is left out by it.
        progress: Is called with the number of records done, now and then.

    Returns:
        How many opportunities were written.

    Raises:
        InvalidInput: There is something in the folder already, it is a file, or its path has a character that engines
            read as a pattern; there is no such zone; or *now* is naive.
        PortError: The store keeps no history.

    Source: PIPE-2, PIPE-3.
    """
    moment, business, place = utc(now, "now"), zone_of(zone, "zone"), plain_folder(folder)
    events = getattr(store, "events", None)
    if events is None:
        raise PortError("store", "keeps no history, which the tables are made from")
    if place.exists() and not place.is_dir():
        raise InvalidInput("folder", place.name, "must be a folder")
    place.mkdir(parents=True, exist_ok=True)
    if any(place.iterdir()):
        raise InvalidInput("folder", place.name, "must be empty: tables are written whole")
    tables = [_Table(place / name, layout) for name, layout in LAYOUTS.items()]
    count = 0
    try:
        for record in _records(store):
            history = [event for event in events(Opportunity.KIND, record.id) if event.version <= record.version]
            for table in tables:
                table.add(record, history, business)
            count += 1
            if progress is not None and count % _PAGE == 0:
                progress(count)
    finally:
        for table in tables:
            table.close()
    about = {"format": FORMAT, "zone": zone, "at": moment.isoformat()}
    (place / ABOUT).write_text(json.dumps(about) + "\n", "utf-8")  # last: tables without it are not whole
    return count


def plain_folder(folder: str | Path) -> Path:
    """
    Return where tables are.

    Raises:
        InvalidInput: The path has a character that engines read as a pattern, which may fit other folders too.
    """
    place = Path(folder)
    if not _PATTERN.isdisjoint(place.absolute().as_posix()):
        raise InvalidInput("folder", str(folder), "must hold none of " + " ".join(sorted(_PATTERN)))
    return place


def _records(store: Store) -> Iterator[Opportunity]:
    value, after = sort_value(Opportunity.KIND, "id"), None
    while True:
        page = store.query(Query(Opportunity.KIND, EVERYTHING, "id", _PAGE, after))
        yield from page
        if len(page) < _PAGE:
            return
        after = (value(page[-1]), page[-1].id)


class _Table:
    """Collects the rows of one table and writes them piece by piece."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._layout = layout
        self._schema = arrow.schema([(name, _TYPES[type]) for name, type in layout.columns.items()])
        folder.mkdir()
        self._writer = parquet.ParquetWriter(folder / PART, self._schema, compression="zstd")
        self._rows: list[tuple[Any, ...]] = []

    def add(self, record: Opportunity, history: Any, zone: ZoneInfo) -> None:
        """Add the rows of one record."""
        self._rows.extend(self._layout.rows(record, history, zone))
        if len(self._rows) >= _PIECE:
            self._flush()

    def close(self) -> None:
        """Write what is left; of no rows there is a file too."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else ([] for _ in self._schema)
        arrays = [arrow.array(list(column), field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()
