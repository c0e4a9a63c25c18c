"""Files as `export_json` makes them, one value a line: memory does not grow with them (IO-2)."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

from salesflow.errors import InvalidInput
from salesflow.files.json_codec import from_json, to_json_bytes
from salesflow.files.json_text import LARGEST_TEXT

AT_ONCE = 1000
"""So many values are read before the first of them is given."""


def write_exported(values: Iterable[Any], file: IO[bytes]) -> int:
    """
    Write *values* as `export_json` does, whoever may see them, and return how many they are.

    Args:
        values: Each of one of the types that `to_json` writes.
        file: The file, opened for writing bytes.

    Raises:
        InvalidInput: As by `to_json`; the values before it are written.

    Source: IO-2.
    """
    count = 0
    for value in values:
        file.write(b",\n" if count else b"[\n")
        file.write(to_json_bytes(value))
        count += 1
    file.write(b"\n]\n" if count else b"[]\n")
    return count


def read_exported(file: IO[str] | IO[bytes], *, is_trusted: bool = False) -> Iterator[Any]:
    """
    Give every value of a file that `export_json` wrote, one after the other.

    Args:
        file: The file, opened for reading as text or as bytes, at its beginning.
        is_trusted: As of `from_json`: whether salesflow wrote the file and nobody has touched it since.

    Raises:
        InvalidInput: It is no such file, or only a part of one; ``what`` begins with the line. The values before it are
            given first.

    Source: IO-2, REL-8.
    """
    found = _values(file, is_trusted)
    some: list[Any] = [None]
    while some:
        problem, some = None, []
        with _no_collection():
            try:
                some.extend(islice(found, AT_ONCE))
            except InvalidInput as refused:
                problem = refused
        yield from some
        if problem is not None:
            raise problem


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let the garbage collector wait: it would look again and again through what has just been made, and is kept."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _values(file: IO[Any], is_trusted: bool) -> Iterator[Any]:
    line, number = _line(file), 1
    if line not in (b"[", b"[]"):
        raise InvalidInput("line 1", line[:40], "must be [ alone: such a file holds one value a line")
    is_followed = line == b"["
    while is_followed:
        line, number = _line(file), number + 1
        is_followed = line.endswith(b",")
        try:
            yield from_json(line.removesuffix(b","), is_trusted=is_trusted)
        except InvalidInput as problem:
            inside = problem.what.removeprefix("line 1").removeprefix(", ")  # a value is one line
            place = ", ".join(filter(None, (f"line {number}", inside)))
            raise InvalidInput(place, problem.value, problem.rule) from None
    for end in (b"]", b"") if number > 1 else (b"",):
        line, number = _line(file), number + 1
        if line != end:
            raise InvalidInput(f"line {number}", line[:40], f"must be {'] alone' if end else 'the end of the file'}")


def _line(file: IO[Any]) -> bytes:
    """Return the next line, or as much of it as is too much already; nothing at the end."""
    line = file.readline(LARGEST_TEXT + 3)
    return (line if isinstance(line, bytes) else line.encode(errors="surrogatepass")).rstrip(b"\r\n")
