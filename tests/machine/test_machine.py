"""
The whole facade, driven by chance against a reference that shares no code with it (REL-2).

Each step is one operation by somebody on a generated company with generated templates. After it: the library ended
as the reference said, with exactly its reasons; every record written is the reference's, folded from its events,
sound and one version on; a refusal left nothing but an audit entry; what `moves` foretold is what happened.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

import salesflow as sf
from tests.app.test_operations import GROUPS, OPERATIONS
from tests.machine import other_steps
from tests.machine.all_steps import STEPS
from tests.machine.driver import COUNTS, Run
from tests.stores.databases import fresh_store, prepared_engine

CHANCE = st.integers(0, 2**64)
"""
The seed of what happens in one step. A step is picked by its weight and draws its arguments from a source of chance
of its own: evenly, and ten times as fast as by drawing each. With the number of the step, since Hypothesis likes to
give a seed again; a failure is replayed exactly, and shortened by leaving steps out at the end.
"""

CATALOGUES = ("competitors", "literature", "sources")
"""What administrators keep, and nothing else depends on."""

ELSEWHERE = {
    "files.import_csv": "text, proved in tests/files and tests/app/test_imports.py; an arrival by object is driven",
    "files.import_json": "likewise",
    "files.export_csv": "text, proved in tests/files and tests/app/test_exports.py; what is listed is driven",
    "files.export_json": "likewise",
    **dict.fromkeys(("leads.each", "opportunities.each"), "does what is driven many times: tests/app/test_each.py"),
    "leads.recycle_overdue": "tests/app/test_recycling.py, on generated leads against a plain loop",
    **dict.fromkeys(
        ("pools.create", "pools.edit", "pools.delete"),
        "tests/app/test_pools.py and tests/stores/test_pools.py; the common pool is driven",
    ),
    **dict.fromkeys(
        [f"{kept}.{does}" for kept in CATALOGUES for does in ("create", "edit", "delete")],
        "tests/app/test_catalogues.py and tests/stores/test_catalogues.py",
    ),
    **dict.fromkeys(("pipeline.competitors", "pipeline.sources"), "tests/pipeline and tests/app/test_catalogues.py"),
}
"""The operations that no step drives, each with who proves it."""

BESIDE = {
    "opportunities.card", "opportunities.resources", "opportunities.stalled", "opportunities.silent",
    "pipeline.funnel", "pipeline.win_rates", "pipeline.sales_cycle", "pipeline.forecast", "pipeline.velocity",
    "pipeline.losses", "pipeline.risks", "pipeline.chances", "pipeline.stage_times", "pipeline.stage_flow",
}  # fmt: skip
"""The operations that a step drives beside the one that it is named after."""

ON_THE_FLOW = {
    "as_of": "what was read then is read again in tests/app/test_past.py",
    "migrate": "on generated edits and populations in tests/process/test_migration.py and tests/app/test_migrations.py",
    "rehearse": "changes nothing; tests/process/test_rehearsal.py and tests/app/test_rehearsals.py",
    "pipeline_over": "the same figures as in memory, over tables: tests/analytics",
    "what_if": "changes nothing; tests/grading/test_what_if.py",
}
"""What hangs on the flow itself and no step drives, each with who proves it."""


def machine(make_store: Callable[[], Any]) -> type[RuleBasedStateMachine]:
    """Return the state machine over a kind of store."""

    class Machine(RuleBasedStateMachine):
        @initialize(seed=CHANCE)
        def open(self, seed: int) -> None:
            chance = Random(seed)
            self.taken = 0
            self.run = Run(chance, make_store())
            other_steps.open_for_business(self.run)
            # Each company does some things more often than others, so that all of them meet in the end.
            self.weights = [step.weight * chance.choice((1, 1, 4)) for step in STEPS]

        @rule(seed=CHANCE)
        def something_happens(self, seed: int) -> None:
            self.taken += 1
            chance = self.run.chance = Random(f"{seed} {self.taken}")
            (step,) = chance.choices(STEPS, self.weights)
            step.happen(self.run)

        def teardown(self) -> None:
            if hasattr(self, "run"):
                self.run.check_all()

    return Machine


def run_machine(make_store: Callable[[], Any], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine(make_store),
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def driven() -> set[str]:
    """The operations that a step drives; ``*.get`` stands for that of every group that has one."""
    named = {step.operation for step in STEPS}
    reads = {"get", "list", "count", "moves", "history", "as_of"}
    return named | {operation for operation in OPERATIONS if operation.split(".")[1] in reads}


def test_every_operation_of_the_facade_is_driven():
    """REL-2: found by introspection; what no step drives is listed with who proves it instead."""
    assert OPERATIONS - driven() - BESIDE == set(ELSEWHERE)


def test_what_hangs_on_the_flow_is_driven_or_proved_elsewhere():
    """REL-2: the same for `SalesFlow` and for what acting_as returns."""
    hanging = {name for cls in (sf.Acting, sf.SalesFlow) for name in vars(cls) if not name.startswith("_")}
    driven_here = {"acting_as", "once", "today", "why", "who_can_see", "person", "deliver", "deliveries", *GROUPS}
    assert hanging - driven_here == set(ON_THE_FLOW)


def test_the_reference_shares_no_code_with_the_library():
    """REL-2: a reference that asked the engine would agree with it."""
    for file in (Path(__file__).parent / "reference").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if "salesflow" in name]
            assert not [name for name in names if name.startswith("tests") and "reference" not in name]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = prepared_engine(f"sqlite:///{tmp_path_factory.mktemp('machine') / 'sales.db'}")
    yield engine
    engine.dispose()


def test_the_facade_does_what_the_reference_says():
    """REL-2, I-1 … I-20: in memory."""
    run_machine(sf.MemoryStore, 25, 30)


def test_the_facade_does_what_the_reference_says_on_sqlite(engine):
    """REL-2: the same steps on a database."""
    run_machine(lambda: fresh_store(engine), 4, 25)


@pytest.mark.long
def test_the_facade_does_what_the_reference_says_200000_times():
    """REL-2: 200,000 steps; each operation that was attempted was done among them."""
    COUNTS.clear()
    while sum(COUNTS.values()) < 200_000:
        run_machine(sf.MemoryStore, 500, 100)
    ends = {operation: {end for name, end in COUNTS if name == operation} for operation, _ in COUNTS}
    assert {operation for operation, found in ends.items() if "done" not in found} == set()


@pytest.mark.long
def test_the_facade_does_what_the_reference_says_20000_times_on_sqlite(engine):
    """REL-2: 20,000 steps on a database."""
    COUNTS.clear()
    while sum(COUNTS.values()) < 20_000:
        run_machine(lambda: fresh_store(engine), 100, 50)
