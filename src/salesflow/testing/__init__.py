"""The kit for testing what embeds salesflow: clocks, ids, strategies, conformance suites."""

from salesflow.testing.clocks import CountingIds, CountingNumbers, FixedClock, TickingClock
from salesflow.testing.conformance import StoreConformance

__all__ = ["CountingIds", "CountingNumbers", "FixedClock", "StoreConformance", "TickingClock"]
