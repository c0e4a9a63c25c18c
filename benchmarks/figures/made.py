"""Tables as `salesflow.analytics` lays them out, made by DuckDB out of numbers: a store would take hours to fill."""

from __future__ import annotations

from pathlib import Path

import duckdb

from salesflow.analytics import LAYOUTS

STAGES = ("find", "qualify", "demo", "offer", "talk", "sign", "deliver")

_TYPES = {
    "text": "VARCHAR", "whole": "BIGINT", "small": "INTEGER", "flag": "BOOLEAN", "day": "DATE",
    "money": "DECIMAL(18,3)",
}  # fmt: skip

_DAY = 86_400_000_000
_START = 1_672_531_200_000_000  # 2023-01-01
_SPREAD = 1_000 * _DAY

_KNOWN = {
    "opportunity": """
        SELECT 'o' || n AS id, n % 20 = 7 AS voided, 'Deal ' || n AS name, 'p' || hash(n) % 10000 AS owner,
               'sales' AS process, stages[1 + furthest] AS stage, status, 's' || n % 9 AS source,
               probability AS probability_percent, amount, 'CNY' AS amount_currency,
               'us' AS led_by
        FROM deal""",
    "stay": """
        SELECT 'o' || n AS opportunity, 1 + k::INTEGER AS number, stages[1 + k] AS stage, true AS is_first,
               begun + k * step AS entered_at_us,
               CASE WHEN k < furthest OR status <> 'in_progress' THEN step + (hash(n * 8 + k) % 1000000)::BIGINT
               END AS took_us
        FROM deal, range(0, 7) places(k) WHERE k <= furthest""",
    "movement": """
        SELECT 'o' || n AS opportunity, 1 + e AS version, 0 AS number, 'opportunities.edit' AS operation,
               'p1' AS by_person, begun + e * step AS at_us,
               CASE e WHEN 0 THEN 'new' WHEN 1 THEN 'moved_forward' WHEN 2 THEN 'amount_up'
                      ELSE CASE status WHEN 'won' THEN 'won' WHEN 'lost' THEN 'lost' ELSE 'close_date_pushed' END
               END AS movement,
               1 AS events,
               CASE WHEN e = 0 THEN 1 WHEN e = 3 AND status <> 'in_progress' THEN -1 ELSE 0 END AS opened,
               CASE WHEN e = 0 THEN amount - 1 WHEN e = 2 THEN 1
                    WHEN e = 3 AND status <> 'in_progress' THEN -amount ELSE 0 END AS amount,
               CASE WHEN e IN (0, 2) OR (e = 3 AND status <> 'in_progress') THEN 'CNY' END AS amount_currency
        FROM deal, range(0, 4) happened(e)""",
}


def make_tables(folder: Path, deals: int) -> None:
    """Write the tables of so many deals, with four events and about three stays each, below *folder*."""
    connection = duckdb.connect()
    connection.execute(
        f"""
        CREATE VIEW deal AS
        SELECT n, {list(STAGES)!r} AS stages, (hash(n) % 6)::BIGINT AS furthest,
               CASE WHEN hash(n + 1) % 3 = 0 THEN 'in_progress' WHEN hash(n + 1) % 3 = 1 THEN 'won' ELSE 'lost' END
                   AS status,
               {_START} + (hash(n + 2) % {_SPREAD})::BIGINT AS begun,
               {_DAY} + (hash(n + 3) % (9 * {_DAY}))::BIGINT AS step,
               (hash(n + 4) % 101)::INTEGER AS probability,
               (2 + (hash(n + 5) % 1000000)::BIGINT)::DECIMAL(18,3) AS amount
        FROM range(0, {deals}) numbers(n)
        """
    )
    for name, layout in LAYOUTS.items():
        place = folder / name
        place.mkdir()
        known = _KNOWN.get(name)
        if known is None:
            blank = ", ".join(f"NULL::{_TYPES[type]} AS {column}" for column, type in layout.columns.items())
            rows = f"SELECT {blank} WHERE false"
        else:
            given = {column for column, _, _, _, _, _, _ in connection.execute(known).description or ()}
            columns = ", ".join(
                f"{column if column in given else 'NULL'}::{_TYPES[type]} AS {column}"
                for column, type in layout.columns.items()
            )
            rows = f"SELECT {columns} FROM ({known})"
        connection.execute(f"COPY ({rows}) TO '{place / 'part-0.parquet'}' (FORMAT parquet, COMPRESSION zstd)")
    connection.close()
