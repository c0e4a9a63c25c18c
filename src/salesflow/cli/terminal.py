"""
What the commands print: tables and text in which a Chinese character is two columns wide.

Results go to standard output, progress and messages to standard error. Nothing that a record holds works on the
terminal: it is shown as plain text, with a stand-in for every control character.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 120
"""How many columns text has where there is no terminal to ask, and ``COLUMNS`` does not say."""

GAP = 2
"""How many columns stand between those of a table."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that keeps to ``--no-color``, ``NO_COLOR`` and ``COLUMNS``."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    context = click.get_current_context(silent=True)
    # None leaves it to NO_COLOR
    no_color = True if context is not None and context.find_root().color is False else None
    width = None if stream.isatty() or os.environ.get("COLUMNS", "").isdecimal() else WIDTH
    return Console(
        file=stream, no_color=no_color, width=width, markup=False, highlight=False, emoji=False, legacy_windows=False
    )


def say(text: str, *, stderr: bool = False) -> None:
    """Print *text*, line by line, just as it is but for control characters."""
    for line in text.splitlines() or [""]:
        click.echo(harmless(line), err=stderr)


def harmless(text: object) -> str:
    """Return *text* on one line, with a stand-in for each character that would work on a terminal unseen."""
    from salesflow.files.drawing.sheet import plain

    held = str(text)
    indent = len(held) - len(held.lstrip(" "))
    return " " * indent + plain(held)


def heading(text: str) -> None:
    """Print a heading, after an empty line."""
    from rich.cells import cell_len

    say(f"\n{text}\n{'─' * cell_len(text)}")


def padded(text: str, columns: int) -> str:
    """Return *text* filled with spaces up to *columns*; a Chinese character is two wide."""
    from rich.cells import cell_len

    return text + " " * (columns - cell_len(text))


def paragraph(text: str, *, indent: int = 2, mark: str = "") -> None:
    """Print *text*, each of its lines wrapped and indented; *mark* stands before the first of each."""
    from rich.cells import cell_len
    from rich.text import Text

    shown = console()
    for line in text.splitlines():
        held = harmless(line)
        inner = held.lstrip(" ")
        place = indent + len(held) - len(inner)
        room = max(shown.width - place - cell_len(mark), 20)
        lines = Text(inner).wrap(shown, room)
        for number, part in enumerate(lines):
            lead = mark if number == 0 else " " * cell_len(mark)
            click.echo(f"{' ' * place}{lead}{part.plain.rstrip()}")


def table(titles: str, rows: Iterable[Sequence[object]]) -> None:
    """
    Print a table, as wide as it must be and the terminal allows.

    Args:
        titles: The columns' titles, with two spaces between them; a ``>`` in front aligns to the right.
        rows: The cells.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    printer = console()
    names = [title.removeprefix(">") for title in titles.split("  ")]
    numbers = [title.startswith(">") for title in titles.split("  ")]
    cells = [names, *([harmless(cell) for cell in row] for row in rows)]
    # A word is broken only where the table would not fit otherwise; a number counts as one word.
    parts = [[[row[at]] if is_number else row[at].split() for row in cells] for at, is_number in enumerate(numbers)]
    least = [max(cell_len(word) for words in column for word in words or [""]) for column in parts]
    fits = sum(least) + GAP * len(least) <= printer.width
    shown = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name, is_number, width in zip(names, numbers, least, strict=True):
        justify: Literal["left", "right"] = "right" if is_number else "left"
        shown.add_column(Text(name), justify=justify, overflow="fold", min_width=width if fits else None)
    for row in cells[1:]:
        shown.add_row(*map(Text, row))
    with printer.capture() as lines:
        printer.print(shown)
    for line in lines.get().splitlines():
        click.echo(line.rstrip(), color=True)


def answer(value: Any) -> None:
    """Print *value* as JSON: the only thing on standard output where ``--json`` asks for it."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
