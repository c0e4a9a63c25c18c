"""
What every store must do, as a pytest suite: subclass it, give it your store, run pytest.

    class TestMyStore(StoreConformance):
        def make_store(self):
            return MyStore()

The three methods of `salesflow.ports.Store` are tested always; a capability that the store does not have is
skipped, and the skip says which. Nothing here looks inside a store. Each module holds the rules of one matter.
"""

from __future__ import annotations

from salesflow.testing.conformance.deleting import DeletionRules
from salesflow.testing.conformance.keys import KeyRules
from salesflow.testing.conformance.kinds import KindRules
from salesflow.testing.conformance.listing import ListRules
from salesflow.testing.conformance.racing import RaceRules
from salesflow.testing.conformance.saving import SavingRules
from salesflow.testing.conformance.telling import TellingRules
from salesflow.testing.conformance.values import ValueRules

__all__ = ["StoreConformance"]


class StoreConformance(SavingRules, DeletionRules, ListRules, KindRules, KeyRules, ValueRules, TellingRules, RaceRules):
    """
    The rules of `salesflow.ports.Store` and of its capabilities. Subclass it and define `make_store`.

    Source: HIST-1, HIST-3, LEAD-11, LEAD-12, VIS-15.
    """
