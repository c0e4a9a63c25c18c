"""
PERF-8: what ``import salesflow`` costs, against importing attrs, cattrs and transitions, which it stands on.

Each import runs in a fresh interpreter, which measures its own CPU time around the import alone, so that the
interpreter's start is in neither. The package loads its names when they are first used: what an application
pays in the end, once it has touched the facade, a store, an organisation and the built-in templates, is
reported beside it, without a bar.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measure import Result, compared

ROUNDS = 15

FOUNDATION = "import attrs, cattrs, transitions"
PACKAGE = "import salesflow"
TOUCHED = "import salesflow; salesflow.SalesFlow, salesflow.MemoryStore, salesflow.Organization, salesflow.templates"

_TIMED = "from time import process_time_ns; began = process_time_ns(); {}; print(process_time_ns() - began)"


def measure() -> list[Result]:
    """Return the ratios of PERF-8."""
    statements = (PACKAGE, FOUNDATION, TOUCHED)
    for statement in statements:
        _milliseconds(statement)  # writes the byte code
    times: dict[str, list[float]] = {statement: [] for statement in statements}
    for _ in range(ROUNDS):
        for statement in statements:
            times[statement].append(_milliseconds(statement))
    foundation = times[FOUNDATION]
    return [
        compared("PERF-8 import salesflow vs attrs, cattrs, transitions", times[PACKAGE], foundation, "<= 1.6", "ms"),
        compared("PERF-8 the same with the facade touched", times[TOUCHED], foundation, None, "ms"),
    ]  # fmt: skip


def _milliseconds(statement: str) -> float:
    command = [sys.executable, "-c", _TIMED.format(statement)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1e6
