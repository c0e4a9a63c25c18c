"""
What does it all add up to? Board, funnel, stage times and flows, changes, forecast, win rates, velocity, losses,
chances, risks, the record against competitors and the return on lead sources (PIPE).

Each function takes any iterable of opportunities, once through, and counts all that it is given: who may see
what, and which scene is meant, is for the caller to settle before. Every figure carries its population.
"""

from salesflow.pipeline.board import Board, Card, Column, board, card
from salesflow.pipeline.chances import Chance, Chances, Learned, Outlook, StageChance, chances, wilson
from salesflow.pipeline.changes import Level, Movement, PipelineChange, PipelineChanges, changes, movements
from salesflow.pipeline.conversion import (
    RateDay,
    RatePolicy,
    check_policy,
    converted,
    converted_changes,
    converted_costs,
)
from salesflow.pipeline.cycle import SalesCycle, Spread, days_taken, sales_cycle, spread_of
from salesflow.pipeline.forecast import Forecast, ForecastBucket, ForecastCategory, ForecastPeriod, forecast
from salesflow.pipeline.funnel import Funnel, FunnelStage, funnel
from salesflow.pipeline.grouping import GROUPINGS, SHARED_GROUPINGS, GroupBy, grouped
from salesflow.pipeline.losses import Loss, Losses, losses
from salesflow.pipeline.population import Population
from salesflow.pipeline.returns import SourceReturn, SourceReturns, source_returns
from salesflow.pipeline.risks import (
    AtRisk,
    Risk,
    RiskList,
    RiskSign,
    risks,
)
from salesflow.pipeline.rivalry import CompetitorRecord, CompetitorRecords, competitor_records, competitors_named
from salesflow.pipeline.stage_flow import StageFlow, StageFlows, StagePeriod, stage_flow
from salesflow.pipeline.stage_times import Durations, StageTime, StageTimes, durations_of, stage_times
from salesflow.pipeline.totals import Totals, total_of, value_of
from salesflow.pipeline.velocity import Velocities, Velocity, velocity
from salesflow.pipeline.winning import WinRate, WinRates, win_rates

__all__ = [
    "GROUPINGS", "SHARED_GROUPINGS", "AtRisk", "Board", "Card", "Chance", "Chances", "Column", "CompetitorRecord",
    "CompetitorRecords", "Durations", "Forecast", "ForecastBucket", "ForecastCategory", "ForecastPeriod", "Funnel",
    "FunnelStage", "GroupBy", "Learned", "Level", "Loss", "Losses", "Movement", "Outlook", "PipelineChange",
    "PipelineChanges", "Population", "RateDay", "RatePolicy", "Risk", "RiskList", "RiskSign", "SalesCycle",
    "SourceReturn", "SourceReturns", "Spread", "StageChance", "StageFlow", "StageFlows", "StagePeriod", "StageTime",
    "StageTimes", "Totals", "Velocities", "Velocity", "WinRate", "WinRates", "board", "card", "chances", "changes",
    "check_policy", "competitor_records", "competitors_named", "converted", "converted_changes", "converted_costs",
    "days_taken", "durations_of", "forecast", "funnel", "grouped", "losses", "movements", "risks", "sales_cycle",
    "source_returns", "spread_of", "stage_flow", "stage_times", "total_of", "value_of", "velocity", "wilson",
    "win_rates",
]  # fmt: skip
