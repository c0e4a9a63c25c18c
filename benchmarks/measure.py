"""
How a ratio is taken: interleaved rounds in one process, CPU time, the garbage collector off while timing.

Each round runs every candidate once, each time beginning with another one, so that whatever else the machine
does meanwhile falls on all of them alike. A ratio is the median of the rounds' own ratios, a time the median
of the rounds' times; so dividing two printed times may differ a little from the printed ratio.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from time import process_time_ns
from typing import Any

from attrs import frozen

ROUNDS = 7
"""How many rounds a figure is the median of."""


@frozen
class Work:
    """
    What one candidate does in one round.

    Args:
        run: The timed part; takes what *prepare* gave.
        operations: How many operations one run does.
        prepare: The untimed part, such as making fresh records.
    """

    run: Callable[[Any], object]
    operations: int
    prepare: Callable[[], Any] = lambda: None


@frozen
class Result:
    """
    One line of `results.json`.

    Args:
        name: Begins with the id of the bar, such as ``"PERF-4 bound check vs oso"``.
        ours, peer: What was measured, in *unit*.
        unit: Of *ours* and *peer*.
        ratio: As *bar* compares it: ours by peer for ``<=``, peer by ours (times faster) for ``>=``.
        bar: ``"<= 1.5"`` or ``">= 7"``; None for a figure that is only reported.
        holds: Whether the ratio meets the bar; None without one.
    """

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    bar: str | None
    holds: bool | None


def interleaved(
    works: Mapping[str, Work], rounds: int = ROUNDS, clock: Callable[[], int] = process_time_ns, *, kept: bool = False
) -> dict[str, list[float]]:
    """
    Return microseconds of CPU per operation, per candidate and round, after one round that does not count.

    Args:
        clock: Nanoseconds of CPU so far; this process's own, where others work for it too another.
        kept: Whether the garbage collector stays on, but for what was there before, and what a run gives is kept until
            the time is taken: what a program pays that goes on with it.
    """
    names = list(works)
    times: dict[str, list[float]] = {name: [] for name in names}
    for work in works.values():
        work.run(work.prepare())
    for number in range(rounds):
        start = number % len(names)
        for name in (*names[start:], *names[:start]):
            work = works[name]
            given = work.prepare()
            gc.collect()
            if kept:
                gc.freeze()
            else:
                gc.disable()
            began = clock()
            result = work.run(given)
            spent = clock() - began
            gc.enable()
            gc.unfreeze()
            del result
            times[name].append(spent / work.operations / 1000)
    return times


def compared(name: str, ours: Sequence[float], peer: Sequence[float], bar: str | None, unit: str = "us") -> Result:
    """Return the result of *ours* against *peer*, round by round; without a bar, the ratio is ours by peer."""
    is_times_faster = bar is not None and bar.startswith(">=")
    pairs = [(b, a) if is_times_faster else (a, b) for a, b in zip(ours, peer, strict=True)]
    ratio = median([a / b for a, b in pairs])
    return Result(name, round(median(ours), 3), round(median(peer), 3), unit, round(ratio, 2), bar, meets(ratio, bar))


def meets(ratio: float, bar: str | None) -> bool | None:
    """Whether *ratio* meets *bar*; None without one."""
    if bar is None:
        return None
    relation, limit = bar.split()
    return ratio <= float(limit) if relation == "<=" else ratio >= float(limit)


def agree(answers: Mapping[str, Any]) -> None:
    """
    Raise unless every candidate gave the same answers: a comparison of different work says nothing.

    Raises:
        AssertionError: Some candidate differs from the first; the message says where.
    """
    (first, expected), *others = answers.items()
    for name, given in others:
        if given == expected:
            continue
        where = ""
        if isinstance(expected, Sequence) and isinstance(given, Sequence) and len(expected) == len(given):
            n = next(n for n, (a, b) in enumerate(zip(expected, given, strict=True)) if a != b)
            where = f" at {n}: {expected[n]!r} against {given[n]!r}"
        raise AssertionError(f"{first} and {name} do not agree{where}")


def repeated(run: Callable[[], object], times: int) -> Callable[[Any], None]:
    """Return a timed part that calls *run* so many times."""

    def run_all(_prepared: Any) -> None:
        for _ in range(times):
            run()

    return run_all


def table(results: Iterable[Result]) -> str:
    """Return *results* as a table for people, one line each."""
    head = ("", "ours", "peer", "unit", "ratio", "bar", "")
    rows = [
        (r.name, _shown(r.ours), _shown(r.peer), r.unit, f"{_shown(r.ratio)}x", r.bar or "-", _verdict(r.holds))
        for r in results
    ]
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if n in (1, 2, 4) else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    )


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _verdict(holds: bool | None) -> str:
    return "" if holds is None else "holds" if holds else "DOES NOT HOLD"
