"""The tables as expressions, in whatever engine holds them, narrowed to what one person sees (VIS-15)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen
from pyarrow import parquet

from salesflow.analytics.compiler import condition
from salesflow.analytics.layout import FORMAT, LAYOUTS
from salesflow.analytics.writing import ABOUT, PART, plain_folder
from salesflow.errors import InvalidInput
from salesflow.model.moments import zone_of
from salesflow.visibility.filters import Filter

Table: TypeAlias = Any
"""A table expression of Ibis, which tells a type checker nothing of its columns."""


@frozen(eq=False)
class Tables:
    """
    The tables that figures are made from.

    Args:
        opportunity, stay, movement, team_member, product, competitor: Table expressions of one engine, with the
            columns of `LAYOUTS`.
        zone: The business's time zone that they were written for.

    Source: PIPE-2.
    """

    opportunity: Table
    stay: Table
    movement: Table
    team_member: Table
    product: Table
    competitor: Table
    zone: str

    def seen(self, filter: Filter) -> Table:
        """
        Return the opportunities that pass *filter*.

        Raises:
            InvalidInput: These tables cannot tell who passes it.

        Source: VIS-15.
        """
        return self.opportunity.filter(condition(filter, self.opportunity, self.team_member))


def open_tables(connection: Any, folder: str | Path) -> Tables:
    """
    Return the tables that `write_tables` wrote.

    Args:
        connection: An Ibis connection that reads Parquet files: ``ibis.duckdb.connect()``,
            ``ibis.pyspark.connect(session)`` and so on. Tables that were loaded into an engine by other means are
            handed to `Tables` directly. One thread at a time asks one connection: open the tables in each.
        folder: Where they are.

    Raises:
        InvalidInput: There are no such tables, not all of them, or of another format; or the path has a character that
            engines read as a pattern.

    Source: PIPE-2.
    """
    place = plain_folder(folder)
    try:
        about = json.loads((place / ABOUT).read_text("utf-8"))
        format, zone = about["format"], zone_of(about["zone"]).key
        columns = {name: parquet.read_schema(place / name / PART).names for name in LAYOUTS}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise InvalidInput("folder", place.name, f"must hold the tables and the {ABOUT} that were written") from None
    if format != FORMAT or any(columns[name] != [*layout.columns] for name, layout in LAYOUTS.items()):
        raise InvalidInput("folder", place.name, f"is of another format than {FORMAT}, which this version reads")
    found = {name: connection.read_parquet(str(place / name / PART)) for name in LAYOUTS}
    return Tables(zone=zone, **found)
