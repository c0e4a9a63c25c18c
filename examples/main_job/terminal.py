"""Plain text for a terminal of 100 columns, where a Chinese character is two columns wide."""

import unicodedata
from collections.abc import Iterable, Sequence

WIDTH = 100


def width(text: str) -> int:
    """Return how many columns *text* takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def shortened(text: str, columns: int) -> str:
    """Return *text*, or as much of its beginning as fits, with an ellipsis."""
    if width(text) <= columns:
        return text
    while width(text) > columns - 1:
        text = text[:-1]
    return f"{text}…"


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Return *text* filled with spaces up to *columns*; cut where it is longer."""
    text = shortened(text, columns)
    space = " " * (columns - width(text))
    return space + text if right else text + space


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'─' * width(text)}")


def table(titles: str, lines: Iterable[Sequence[object]]) -> None:
    """
    Print a table.

    Args:
        titles: The columns' titles, with two spaces between them; a ``>`` in front aligns to the right.
        lines: The cells.
    """
    names = titles.split("  ")
    texts = [[name.lstrip(">") for name in names], *([str(cell) for cell in line] for line in lines)]
    columns = [max(width(text[place]) for text in texts) for place in range(len(names))]
    columns[-1] = min(columns[-1], WIDTH - 2 - sum(columns[:-1]) - 2 * (len(names) - 1))
    for text in texts:
        cells = [
            padded(cell, room, right=name.startswith(">"))
            for cell, room, name in zip(text, columns, names, strict=True)
        ]
        print(f"  {'  '.join(cells)}".rstrip())


def lines(text: str) -> None:
    """Print text line by line, indented, each cut to the terminal's width."""
    for line in text.splitlines():
        print(f"  {shortened(line, WIDTH - 2)}")
