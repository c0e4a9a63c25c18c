"""
The figures of `salesflow.pipeline` over any number of records: tables in an engine, by Ibis (PIPE-1 to PIPE-5).

`write_tables` writes a store's opportunities as Parquet; `open_tables` opens them in DuckDB, which is embedded, or
unchanged in an engine that is distributed, such as PySpark. Each function counts in the engine and gives the very
object that its namesake in `salesflow.pipeline` gives; what the viewer sees narrows it, as a filter. It needs the
extra ``analytics``.
"""

from salesflow.analytics.chances import chances
from salesflow.analytics.changes import Moved, changes, moved
from salesflow.analytics.closing import competitor_records, losses, sales_cycle, velocity, win_rates
from salesflow.analytics.forecasts import forecast
from salesflow.analytics.layout import LAYOUTS, Layout
from salesflow.analytics.stages import board, funnel, stage_flow, stage_times
from salesflow.analytics.tables import Tables, open_tables
from salesflow.analytics.writing import write_tables

__all__ = [
    "LAYOUTS", "Layout", "Moved", "Tables", "board", "chances", "changes", "competitor_records", "forecast", "funnel",
    "losses", "moved", "open_tables", "sales_cycle", "stage_flow", "stage_times", "velocity", "win_rates",
    "write_tables",
]  # fmt: skip
