"""Plain functions over the cached sets, everything written into one body, as one would by hand."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.visibility.facts import NOBODY, Facts
from salesflow.model import Opportunity


def hand_inlined(facts: Facts) -> Callable[[str, Opportunity], bool]:
    """Return the question as one closure over *facts*: viewer and record in, yes or no out."""
    administrators, upward, main_upward = facts.administrators, facts.upward, facts.main_upward
    headed, shared_with = facts.headed, facts.shared_with

    def sees(viewer: str, record: Opportunity) -> bool:
        if record.voided:
            return False
        if viewer in administrators:
            return True
        owner = record.owner
        if viewer in upward[owner] or viewer in shared_with.get(owner, NOBODY):
            return True
        for member in record.team:
            if viewer in upward[member.person]:
                return True
        department = headed.get(viewer)
        if department is not None:
            if department in main_upward[owner]:
                return True
            for member in record.team:
                if department in main_upward[member.person]:
                    return True
        return False

    return sees


def hand_bound(facts: Facts, viewer: str) -> Callable[[Opportunity], bool]:
    """Return the same for one viewer, with all that depends on the viewer alone worked out beforehand."""
    upward, main_upward, shared_with = facts.upward, facts.main_upward, facts.shared_with
    department = facts.headed.get(viewer)
    if viewer in facts.administrators:
        return lambda record: not record.voided

    def sees(record: Opportunity) -> bool:
        if record.voided:
            return False
        owner = record.owner
        if viewer in upward[owner] or viewer in shared_with.get(owner, NOBODY):
            return True
        for member in record.team:
            if viewer in upward[member.person]:
                return True
        if department is not None:
            if department in main_upward[owner]:
                return True
            for member in record.team:
                if department in main_upward[member.person]:
                    return True
        return False

    return sees
