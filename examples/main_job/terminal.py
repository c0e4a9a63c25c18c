"""Plain text for a terminal of 100 columns, where a Chinese character is two columns wide."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest

WIDTH = 100


def width(text: str) -> int:
    """Return how many columns *text* takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Return *text* filled with spaces up to *columns*."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def wrapped(text: str, columns: int) -> list[str]:
    """Return *text* in lines of at most *columns*, broken between words."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width(longer) <= columns or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'─' * width(text)}")


def paragraph(text: str, *, indent: int = 2, mark: str = "") -> None:
    """Print *text*, each of its lines wrapped and indented; *mark* stands before the first."""
    for line in text.splitlines():
        inner = line.lstrip(" ")
        place = indent + len(line) - len(inner) + width(mark)
        first, *others = wrapped(inner, WIDTH - place)
        print(f"{' ' * (place - width(mark))}{mark}{first}")
        for other in others:
            print(f"{' ' * (place + 2)}{other}")


def table(titles: str, rows: Iterable[Sequence[object]]) -> None:
    """
    Print a table; where it is too wide, the widest column is wrapped.

    Args:
        titles: The columns' titles, with two spaces between them; a ``>`` in front aligns to the right.
        rows: The cells.
    """
    names = titles.split("  ")
    texts = [[name.lstrip(">") for name in names], *([str(cell) for cell in row] for row in rows)]
    columns = [max(width(text[place]) for text in texts) for place in range(len(names))]
    too_wide = sum(columns) + 2 * len(columns) - WIDTH
    if too_wide > 0:
        columns[columns.index(max(columns))] -= too_wide
    for text in texts:
        cells = [wrapped(cell, room) for cell, room in zip(text, columns, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            shown = [
                padded(cell, room, right=name.startswith(">"))
                for cell, room, name in zip(line, columns, names, strict=True)
            ]
            print(f"  {'  '.join(shown)}".rstrip())
