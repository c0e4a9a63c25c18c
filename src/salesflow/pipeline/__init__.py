"""
What does it all add up to? Board, funnel, changes, forecast, win rates, sales cycle and time in stage (PIPE).

Each function takes any iterable of opportunities, once through, and counts all that it is given: who may see
what, and which scene is meant, is for the caller to settle before. Every figure carries its population.
"""

from salesflow.pipeline.board import Board, Card, Column, board, card
from salesflow.pipeline.changes import Level, Movement, PipelineChange, PipelineChanges, changes
from salesflow.pipeline.cycle import SalesCycle, Spread, sales_cycle, spread_of
from salesflow.pipeline.forecast import Forecast, ForecastBucket, ForecastCategory, ForecastPeriod, forecast
from salesflow.pipeline.funnel import Funnel, FunnelStage, funnel
from salesflow.pipeline.population import Population
from salesflow.pipeline.stage_times import Durations, StageTime, StageTimes, durations_of, stage_times
from salesflow.pipeline.totals import Totals, total_of, value_of
from salesflow.pipeline.winning import GROUPINGS, WinRate, WinRates, win_rates

__all__ = [
    "GROUPINGS",
    "Board",
    "Card",
    "Column",
    "Durations",
    "Forecast",
    "ForecastBucket",
    "ForecastCategory",
    "ForecastPeriod",
    "Funnel",
    "FunnelStage",
    "Level",
    "Movement",
    "PipelineChange",
    "PipelineChanges",
    "Population",
    "SalesCycle",
    "Spread",
    "StageTime",
    "StageTimes",
    "Totals",
    "WinRate",
    "WinRates",
    "board",
    "card",
    "changes",
    "durations_of",
    "forecast",
    "funnel",
    "sales_cycle",
    "spread_of",
    "stage_times",
    "total_of",
    "value_of",
    "win_rates",
]
