"""
PERF-7: JSON of 100,000 opportunities (`benchmarks.documents`) against pydantic 2 with an equal model.

Both sides leave out what has its default, write exact numbers as text, refuse what is not known and coerce nothing.
The peer's document is a plain list; ours is what `export_json` writes, where each value says besides what it is.

*Writing* is `write_exported` into memory, against `dump_json`. *Reading* is `read_exported` of that file, held
to every invariant, and *trusted* the same of what salesflow wrote, against `validate_json`; all objects are kept, and
the garbage collector is on, as in a program that goes on with them. PERF-11: ours at a quarter of the size and at the
size. The lines without a bar are a quarter of the size with the collector off.
``SALESFLOW_BENCH_OPPORTUNITIES`` makes another size, for trying.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchmarks.documents import opportunities
from benchmarks.measure import Result, Work, agree, compared, interleaved
from benchmarks.pydantic_opportunity import Opportunity as Model
from salesflow import InvalidInput
from salesflow.files.exported import read_exported, write_exported
from salesflow.files.json_codec import from_json, to_text, write_plain
from salesflow.model import Opportunity

SIZE = int(os.environ.get("SALESFLOW_BENCH_OPPORTUNITIES", "100000"))
"""How many opportunities there are, at the size."""

ROUNDS = 5
_MODELS = TypeAdapter(list[Model])
_MISFITS: dict[str, Any] = {
    "unknown": 1, "version": "1", "voided": 1, "amount": 1, "close_date": 5, "led_by": "them", "name": 5,
}  # fmt: skip
"""What neither side takes, by field."""


def measure() -> list[Result]:
    """Return the ratios of PERF-7, and PERF-11 for it."""
    shown = "" if SIZE == 100_000 else f", {SIZE:,} opportunities"
    results: list[Result] = []
    found = {**_writing(), **_reading()}
    for (name, (ours, quarter, peer)), bar in zip(found.items(), ("<= 1.0", "<= 1.0", "<= 0.5"), strict=True):
        results.append(compared(f"PERF-7 {name} vs pydantic{shown}", ours, peer, bar))
        whole, part = ([time * size / 1e6 for time in times] for times, size in ((ours, SIZE), (quarter, SIZE // 4)))
        told = f"PERF-11 PERF-7 {name}, four times the size{shown}"
        results.append(compared(told, whole, part, "<= 4.4", "s"))
    for name, (_, ours, peer) in _reading(kept=False).items():
        results.append(compared(f"PERF-7 {name} vs pydantic, a quarter, no collector{shown}", ours, peer, None))
    return results


Times = dict[str, tuple[Sequence[float], Sequence[float], Sequence[float]]]
"""Ours at the size and at a quarter of it, and the peer's, all taken in the same rounds."""


def _writing() -> Times:
    records = list(opportunities(SIZE))
    models = _MODELS.validate_json(_document(records))
    _see_that_they_agree(records[:500], models[:500])
    some = records[: SIZE // 4]
    times = interleaved(
        {
            "writing": Work(lambda _: _written(records), SIZE),
            "quarter": Work(lambda _: _written(some), SIZE // 4),
            "peer": Work(lambda _: _MODELS.dump_json(models, exclude_defaults=True), SIZE),
        },
        ROUNDS,
    )
    return {"writing": (times["writing"], times["quarter"], times["peer"])}


def _reading(*, kept: bool = True) -> Times:
    """Return the times of reading; without the collector the peer reads a quarter, and ours at the size is left out."""
    records = list(opportunities(SIZE if kept else SIZE // 4))
    file, quarter = _written(records), _written(records[: SIZE // 4])
    document, size = _document(records), len(records)
    agree({"written": records[:500], "read": _first(file, False), "trusted": _first(file, True)})
    del records
    works = {"peer": Work(lambda _: _MODELS.validate_json(document), size)}
    for name, is_trusted in (("reading", False), ("trusted", True)):
        works[f"{name}, a quarter"] = Work(partial(_all, quarter, is_trusted), SIZE // 4)
        if kept:
            works[name] = Work(partial(_all, file, is_trusted), size)
    times = interleaved(works, ROUNDS, kept=kept)
    return {
        f"{name}, all kept": (times.get(name, ()), times[f"{name}, a quarter"], times["peer"])
        for name in ("reading", "trusted")
    }


def _all(file: bytes, is_trusted: bool, _prepared: Any) -> list[Any]:
    return list(read_exported(BytesIO(file), is_trusted=is_trusted))


def _written(records: Sequence[Opportunity]) -> bytes:
    file = BytesIO()
    write_exported(records, file)
    return file.getvalue()


def _document(records: Sequence[Opportunity]) -> bytes:
    return ("[" + ",".join(map(to_text, records)) + "]").encode()


def _first(file: bytes, is_trusted: bool) -> list[Any]:
    some = read_exported(BytesIO(file), is_trusted=is_trusted)
    return [value for value, _ in zip(some, range(500), strict=False)]


def _see_that_they_agree(records: Sequence[Opportunity], models: Sequence[Any]) -> None:
    """Raise unless both write the same, but for how UTC is spelt, and both refuse the same misfits."""
    theirs = json.loads(_MODELS.dump_json(list(models), exclude_defaults=True).replace(b'Z"', b'+00:00"'))
    agree({"ours": list(map(write_plain, records)), "pydantic": theirs})
    sound = write_plain(records[0])
    readers: dict[type[Exception], Callable[[Any], object]] = {
        InvalidInput: lambda plain: from_json(json.dumps({"salesflow": 1, "type": "opportunity", "value": plain})),
        ValidationError: lambda plain: _MODELS.validate_json(json.dumps([plain])),
    }
    for error, read in readers.items():
        read(sound)
        for name, value in _MISFITS.items():
            try:
                read(sound | {name: value})
            except error:
                continue
            raise AssertionError(f"{name} = {value!r} is taken by the reader that raises {error.__name__}")
