"""
Cells that a spreadsheet would run as a formula: an apostrophe stops them, and reading takes it away again (I-49).

What begins with apostrophes already gets one more, so that every text comes back as it was.
"""

from __future__ import annotations

_RUNS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the full-width forms are read as formulas too


def harmless(text: str) -> str:
    """
    Return *text* as a spreadsheet shows it and never runs it.

    >>> harmless("=1+1")
    "'=1+1"
    """
    return "'" + text if text.lstrip("'").startswith(_RUNS) else text


def as_it_was(cell: str) -> str:
    """
    Return the text that `harmless` made *cell* of; any other cell stays as it is.

    >>> as_it_was("'=1+1"), as_it_was("'quoted'")
    ('=1+1', "'quoted'")
    """
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(_RUNS) else cell
