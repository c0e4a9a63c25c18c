"""What is delivered later: automations that were refused when their change happened (RULE-3)."""

from __future__ import annotations

from datetime import timedelta

from tests.machine import following
from tests.machine.driver import Run
from tests.machine.steps import pick, step

LATER = (timedelta(0), timedelta(minutes=2), timedelta(hours=2), timedelta(days=2))


@step("flow.deliver")
def deliver(run: Run) -> None:
    """RULE-3: whatever is due by then is tried again, as whoever caused it, by what they may do now."""
    following.deliver(run, pick(run, LATER))
