"""Hypothesis profiles. Choose one by $HYPOTHESIS_PROFILE or --hypothesis-profile; the option wins."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import salesflow
from salesflow.process.machine import ProcessMachine, StockMachine
from tests import postgresql

# A shared machine is slow now and then: time is measured by `make bench`, not by a deadline here.
settings.register_profile("quick", max_examples=50, stateful_step_count=30, deadline=None)
settings.register_profile(
    "ci", max_examples=200, stateful_step_count=50, deadline=None, derandomize=True, print_blob=True
)
settings.register_profile(
    "long",
    max_examples=5_000,
    stateful_step_count=100,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

STOCK = os.environ.get("SALESFLOW_MACHINE") == "stock"
"""Whether every machine of this run has the stock events of `transitions` in place of the plans (`make test-stock`)."""

collect_ignore: list[str] = []
"""What is not for this run."""

if STOCK:
    ProcessMachine.event_cls = StockMachine.event_cls
    collect_ignore = ["process/test_machine.py", "process/test_machine_agreement.py"]  # they prove the plan itself


def pytest_report_header() -> str:
    """Say which salesflow is tested: the wheel under `make test`, else the checkout; and with which events."""
    return f"salesflow: {Path(salesflow.__file__).parent}{', with the stock events of transitions' if STOCK else ''}"


@pytest.fixture(scope="session")
def postgresql_url():
    """The URL of a fresh PostgreSQL server; skips where none is installed, and fails there under CI."""
    lacking = postgresql.missing()
    if lacking is not None:
        if os.environ.get("CI"):
            pytest.fail(lacking)
        pytest.skip(lacking)
    with postgresql.server() as url:
        yield url
