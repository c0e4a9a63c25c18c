"""What a decoder is: a way in for what anybody may have written, and how it may refuse (REL-8)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).parents[2]
"""The project."""

CORPUS = Path(__file__).parent / "corpus"
"""A folder for each decoder of files, with the files that it must refuse and an ``expected.tsv``."""


@frozen
class Decoder:
    """
    One way in.

    Args:
        decode: What reads the bytes.
        refusals: The errors by which it may refuse them.
        seeds: Sound input, from which hostile input is made.
        again: Writes a value and reads that back: whether it is equal, or None where it cannot be written, which the
            writer's own refusal says. None where nothing writes such a value.
        share: How many runs it gets, against the others'.
        seconds: How long an answer may take, in processor time.
    """

    decode: Callable[[bytes], Any]
    refusals: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    again: Callable[[Any], bool | None] | None = None
    share: int = 10
    seconds: float = 0.1


def as_text(content: bytes) -> str:
    """Return the bytes as a form hands them over: a byte that is no UTF-8 becomes half a character."""
    return content.decode("utf-8", "surrogateescape")
