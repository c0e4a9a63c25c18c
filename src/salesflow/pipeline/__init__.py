"""
What does it all add up to? Board, funnel, win rates and sales cycle (PIPE).

Each function takes any iterable of opportunities, once through, and counts all that it is given: who may see
what, and which scene is meant, is for the caller to settle before. Every figure carries its population.
"""

from salesflow.pipeline.board import Board, Card, Column, board, card
from salesflow.pipeline.cycle import SalesCycle, Spread, sales_cycle, spread_of
from salesflow.pipeline.funnel import Funnel, FunnelStage, funnel
from salesflow.pipeline.population import Population
from salesflow.pipeline.totals import Totals, total_of, value_of
from salesflow.pipeline.winning import GROUPINGS, WinRate, WinRates, win_rates

__all__ = [
    "GROUPINGS",
    "Board",
    "Card",
    "Column",
    "Funnel",
    "FunnelStage",
    "Population",
    "SalesCycle",
    "Spread",
    "Totals",
    "WinRate",
    "WinRates",
    "board",
    "card",
    "funnel",
    "sales_cycle",
    "spread_of",
    "total_of",
    "value_of",
    "win_rates",
]
