"""`STEPS` with every kind of step in it: each module of steps adds its own when it is imported."""

from tests.machine import (  # noqa: F401 - each adds its steps
    automation_steps,
    deal_steps,
    lead_steps,
    other_steps,
    paper_steps,
    people_steps,
    reading_steps,
)
from tests.machine.steps import STEPS

__all__ = ["STEPS"]
