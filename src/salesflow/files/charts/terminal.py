"""A chart as plain text for a terminal: tables in columns, with bars of blocks; Chinese takes two cells (PIPE-7)."""

from __future__ import annotations

import unicodedata

from salesflow.files.charts.figures import Chart, Panel, Row
from salesflow.files.drawing.text_measure import wrapped

_BARS = 32  # cells for the bars of a panel
_LABEL = 36  # the most cells that a label takes before it goes on in a further line
_MARK = "|"
_BLOCKS = {
    "open": "░", "amount": "░", "percentile_90": "░", "pipeline": "░", "undated": "·", "outside": "·", "invalid": "·",
    "lost": "▒", "dropped": "▒", "less": "▒", "slipped": "▚", "won": "▓", "more": "▓", "closed": "▓", "best_case": "▒",
}  # fmt: skip
_FULL = "█"


def terminal(chart: Chart) -> str:
    """Return the tables, one for each panel, under the title and above the note."""
    parts = [chart.title, *(_panel(chart, panel) for panel in chart.panels), chart.note]
    return "\n\n".join(parts) + "\n"


def cells(text: str) -> int:
    """Return how many cells of a terminal *text* takes."""
    return sum(
        0 if unicodedata.category(sign) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def _panel(chart: Chart, panel: Panel) -> str:
    table = [
        ([panel.caption], " " * _BARS, panel.heads),
        *((wrapped(row.label, _LABEL, cells) or [""], _bar(panel, row), row.cells) for row in panel.rows),
    ]
    label = max(cells(line) for names, _, _ in table for line in names)
    widths = [max(cells(numbers[at]) for _, _, numbers in table) for at in range(len(panel.heads))]
    lines = []
    for (name, *further), bar, numbers in table:
        shown = [" " * (wide - cells(number)) + number for number, wide in zip(numbers, widths, strict=True)]
        lines.append("  ".join([name + " " * (label - cells(name)), bar, *shown]).rstrip())
        lines += further
    legend = [f"{_BLOCKS.get(style, _FULL)} {chart.words.say(style)}" for style in panel.styles]
    has_mark = any(row.mark is not None for row in panel.rows)
    legend += [f"{_MARK} {chart.words.say('quota')}"] if has_mark else []
    if len(panel.styles) > 1 or has_mark:
        lines.append(" " * (label + 2) + "  ".join(legend))
    return "\n".join(lines)


def _bar(panel: Panel, row: Row) -> str:
    least, most = panel.scale
    signs = [" "] * _BARS

    def at(value: float) -> int:
        return round((value - least) / (most - least) * _BARS)

    for segment in row.segments:
        start, end = sorted((at(segment.start), at(segment.end)))
        if start == end:
            start, end = min(start, _BARS - 1), min(start, _BARS - 1) + 1
        signs[start:end] = _BLOCKS.get(segment.style, _FULL) * (end - start)
    if row.mark is not None:
        signs[min(at(row.mark), _BARS - 1)] = _MARK
    return "".join(signs)
