"""
Run the benchmarks: ``python -m benchmarks [PERF-4 …] [--strict]``.

Without ids all of them run. `results.json` keeps the lines of ids that did not run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import perf_counter

from attrs import asdict

from benchmarks.measure import Result, table

RESULTS = Path(__file__).with_name("results.json")

MODULES = {
    "PERF-1": "benchmarks.perf_1_stage_move",
    "PERF-2": "benchmarks.perf_2_state_machines",
    "PERF-3": "benchmarks.perf_3_facade",
    "PERF-4": "benchmarks.perf_4_visibility",
    "PERF-5": "benchmarks.perf_5_lists",
    "PERF-6": "benchmarks.perf_6_memory_lists",
    "PERF-7": "benchmarks.perf_7_json",
    "PERF-8": "benchmarks.perf_8_import",
    "PERF-9": "benchmarks.perf_9_csv",
    "PERF-10": "benchmarks.perf_10_figures",
    "PERF-11": "benchmarks.perf_11_duplicates",
}
"""Where each bar is measured; a module has `measure()`, which gives its results."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write and print; return 1 if a bar does not hold and ``--strict`` was given, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("ids", nargs="*", metavar="ID", help=f"of {', '.join(MODULES)}; all if left out")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a bar does not hold")
    given = parser.parse_args(arguments)
    unknown = [id for id in given.ids if id not in MODULES]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(MODULES)}")
    results: list[Result] = []
    for id, module in MODULES.items():
        if given.ids and id not in given.ids:
            continue
        began = perf_counter()
        print(f"{id} …", end=" ", flush=True)
        results += import_module(module).measure()
        print(f"{perf_counter() - began:.0f} s")
    _write(results)
    print(f"\n{table(results)}\n")
    failed = [result.name for result in results if result.holds is False]
    print(f"{len(failed)} of {sum(r.bar is not None for r in results)} bars do not hold; all in {RESULTS.name}")
    return 1 if failed and given.strict else 0


def _write(results: list[Result]) -> None:
    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else []
    measured = {_bar(result.name) for result in results}
    lines = [line for line in kept if _bar(line["name"]) not in measured] + [asdict(r) for r in results]
    lines.sort(key=lambda line: int(line["name"].split()[0].removeprefix("PERF-")))
    RESULTS.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _bar(name: str) -> tuple[str, ...]:
    """Return whose line it is: PERF-11 is measured for each of several bars."""
    return tuple(name.split()[: 2 if name.startswith("PERF-11 ") else 1])


if __name__ == "__main__":
    raise SystemExit(main())
