"""
A chart as one SVG picture, for light and dark screens (PIPE-7).

Labels, bars and numbers stand in columns of their own, measured before they are drawn, so that nothing overlaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from salesflow.files.charts.figures import Chart, Panel, Row
from salesflow.files.drawing.text_measure import text_width, wrapped

_EDGE = 24  # around everything
_LABEL = 190  # the widest that labels may be
_BARS = 400  # for the bars of a panel
_TITLES = 800  # the widest that a title makes a picture; a longer one goes on in a further line
_LEAST = 2  # of a bar that is not nothing
_ROW, _BAR = 28, 16
_GAP = 18
_SMALL, _NORMAL, _TITLE = 11.5, 13, 19
_BOLD = 1.13  # how much wider bold type is
_ROUNDING = 0.01  # what is just as wide as the room fits in
_LEADING = 1.36  # from line to line, in times the size of the font
_FONTS = "system-ui,-apple-system,'Segoe UI','Noto Sans','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"

_BLUE, _PALE, _DEEP = ("#2f66cc", "#7fb0ff"), ("#a9c3f2", "#35507d"), ("#1d3f86", "#bcd5ff")
_GREEN, _RED, _GREY, _AMBER = ("#1b7f4b", "#55c98c"), ("#b3372f", "#f0857c"), ("#8a94a1", "#737f8d"), (
    "#c26a0a", "#f0ad4e",
)  # fmt: skip
_COLOURS = {
    "paper": ("#ffffff", "#12161c"), "ink": ("#1c2733", "#e4e9f0"), "soft": ("#5a6775", "#9aa7b6"),
    "passed": _BLUE, "open": _PALE, "dropped": _RED, "won": _GREEN, "lost": _RED, "invalid": _GREY, "weighted": _BLUE,
    "amount": _PALE, "median": _BLUE, "percentile_90": _PALE, "level": _BLUE, "more": _GREEN, "less": _RED,
    "closed": _GREEN, "commit": _DEEP, "best_case": _BLUE, "pipeline": _PALE, "slipped": _AMBER, "undated": _GREY,
    "outside": _GREY,
}  # fmt: skip


def svg(chart: Chart) -> str:
    """Return the picture: one ``svg`` element without ids, scripts or anything to fetch."""
    rows = [row for panel in chart.panels for row in panel.rows]
    label = min(max(_wide(row.label) for row in rows), _LABEL)
    numbers = max(sum(_columns(panel)) for panel in chart.panels)
    inner = max(label + _GAP + _BARS + numbers, min(_wide(chart.title, _TITLE) * _BOLD, _TITLES))
    drawn: list[str] = []
    title = wrapped(chart.title, inner / _TITLE / _BOLD + _ROUNDING)
    y = _lines(drawn, _EDGE, _EDGE - 6, title, _TITLE, "ink strong")
    for panel in chart.panels:
        y = _panel(drawn, chart, panel, label, y + _GAP)
    y = _lines(drawn, _EDGE, y + _GAP / 2, wrapped(chart.note, inner / _SMALL), _SMALL, "soft")
    return _document(chart, drawn, inner + 2 * _EDGE, y + _EDGE)


def _panel(drawn: list[str], chart: Chart, panel: Panel, label: float, y: float) -> float:
    left = _EDGE + label + _GAP
    columns = _columns(panel)
    ends = [left + _BARS + sum(columns[: at + 1]) for at in range(len(columns))]
    below = _lines(drawn, _EDGE, y, [panel.caption], _NORMAL, "ink strong")
    for end, head in zip(ends, panel.heads, strict=True):
        _lines(drawn, end, y, [head], _SMALL, "soft", "end")
    y = below + 4
    least, most = panel.scale

    def at(value: float) -> float:
        return left + (value - least) / (most - least) * _BARS

    for row in panel.rows:
        y = _row(drawn, row, label, at, ends, y)
    zero = at(0)
    drawn.append(f'<path d="M{zero:.1f} {below + 4:.1f}V{y:.1f}" class="axis"/>')
    return _legend(drawn, chart, panel, left, y + 4)


def _row(drawn: list[str], row: Row, label: float, at: Callable[[float], float], ends: list[float], y: float) -> float:
    lines = wrapped(row.label, label / _NORMAL)
    height = max(_ROW, len(lines) * _NORMAL * _LEADING + 8)
    _lines(drawn, _EDGE, y + (height - len(lines) * _NORMAL * _LEADING) / 2, lines, _NORMAL, "ink")
    top = y + (height - _BAR) / 2
    for segment in row.segments:
        start, end = sorted((at(segment.start), at(segment.end)))
        drawn.append(_box(start, top, max(end - start, _LEAST), _BAR, segment.style))
    if row.mark is not None:
        drawn.append(f'<path d="M{at(row.mark):.1f} {top - 4:.1f}v{_BAR + 8}" class="mark"/>')
    for end, cell in zip(ends, row.cells, strict=True):
        _lines(drawn, end, y + (height - _NORMAL * _LEADING) / 2, [cell] if cell else [], _NORMAL, "ink", "end")
    return y + height


def _legend(drawn: list[str], chart: Chart, panel: Panel, left: float, y: float) -> float:
    """What the colours stand for, beside each other below the bars; a panel of one colour needs none."""
    said = [(style, chart.words.say(style)) for style in panel.styles]
    has_mark = any(row.mark is not None for row in panel.rows)
    if len(said) < 2 and not has_mark:
        return y
    x, top = left, y
    for style, text in [*said, *([("mark", chart.words.say("quota"))] if has_mark else [])]:
        wide = _wide(text, _SMALL) + 30
        if x > left and x + wide > left + _BARS:
            x, top = left, top + 18
        if style == "mark":
            drawn.append(f'<path d="M{x + 5:.1f} {top + 2:.1f}v13" class="mark"/>')
        else:
            drawn.append(_box(x, top + 4, 10, 10, style))
        _lines(drawn, x + 15, top, [text], _SMALL, "soft")
        x += wide
    return top + 20


def _columns(panel: Panel) -> list[float]:
    """How wide each column of numbers is."""
    cells = zip(*(row.cells for row in panel.rows), strict=True)
    return [
        max(_wide(head, _SMALL), *map(_wide, column)) + _GAP for head, column in zip(panel.heads, cells, strict=True)
    ]


def _wide(text: str, size: float = _NORMAL) -> float:
    return text_width(text) * size


def _lines(
    drawn: list[str], x: float, y: float, lines: Iterable[str], size: float, style: str, anchor: str = ""
) -> float:
    """Write *lines* below *y*; return where the last one ends."""
    side = f' text-anchor="{anchor}"' if anchor else ""
    for line in lines:
        y += size * _LEADING
        drawn.append(
            f'<text x="{x:.1f}" y="{y - size * 0.36:.1f}" class="{style}" font-size="{size:g}"{side}>'
            f"{escape(line)}</text>"
        )
    return y


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5" class="{escape(style)}"/>'


def _document(chart: Chart, drawn: list[str], width: float, height: float) -> str:
    told = "; ".join(
        f"{panel.caption}: {', '.join(' '.join((row.label, *filter(None, row.cells))) for row in panel.rows)}"
        for panel in chart.panels
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="salesflow-chart" role="img" lang="{chart.words.language}" '
        f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">'
    )
    return "\n".join(
        [
            head,
            f"<title>{escape(chart.title)}</title>",
            f"<desc>{escape(told)}</desc>",
            f"<style>{_styles()}</style>",
            '<rect width="100%" height="100%" class="paper"/>',
            *drawn,
            "</svg>\n",
        ]
    )


def _styles() -> str:
    shared = f".salesflow-chart{{font-family:{_FONTS}}}.salesflow-chart .strong{{font-weight:600}}"
    return shared + _coloured(0) + "@media (prefers-color-scheme:dark){" + _coloured(1) + "}"


def _coloured(at: int) -> str:
    fills = "".join(f".salesflow-chart .{name}{{fill:{pair[at]}}}" for name, pair in _COLOURS.items())
    axis, mark = _COLOURS["soft"][at], _COLOURS["ink"][at]
    return (
        f"{fills}.salesflow-chart .axis{{stroke:{axis};fill:none}}"
        f".salesflow-chart .mark{{stroke:{mark};stroke-width:2.5;fill:none}}"
    )
