"""
A template as one SVG picture, for light and dark screens (PROC-5): stage chart, framework matrix, rules.

Everything stands on lines of its own, measured before it is drawn, so that nothing overlaps however long it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from attrs import frozen

from salesflow.files.drawing.sheet import Column, Line, Rule, Sheet
from salesflow.files.drawing.text_measure import wrapped
from salesflow.model import Jump

_EDGE = 32  # around everything
_GUTTER = 124  # for the captions of the rows
_ACROSS = 1190  # for the stages of a band
_WIDEST = 318  # of one stage
_PADDING = 10  # in a cell
_INDENT = 15  # of a line behind its marker
_BOLD = 1.13  # how much wider bold type runs
_TIP = 14  # how far the point of a stage reaches
_BAR = 5  # the bar of probability
_GAP = 14
_RAIL = 34  # above the stages of a band: the line along which stages are jumped over
_SMALL, _NORMAL, _LARGE, _TITLE = 11, 12.5, 14, 24
_LEADING = 1.36  # from line to line, in times the size of the font
_NARROWEST = _GUTTER + 2 * _WIDEST  # a picture of two stages still has room for its rules

_LIGHT = {
    "paper": "#ffffff", "ink": "#1c2733", "soft": "#5a6775", "line": "#d8dfe7", "head": "#f3f6fa",
    "stage": "#dce8fb", "name": "#12376e", "track": "#b9cdf0", "bar": "#2f66cc", "gate": "#c26a0a",
    "jump": "#7a4fc0", "won": "#1b7f4b", "lost": "#b3372f", "invalid": "#6b7280",
}  # fmt: skip
_DARK = {
    "paper": "#12161c", "ink": "#e4e9f0", "soft": "#9aa7b6", "line": "#323c49", "head": "#1b222c",
    "stage": "#21395f", "name": "#dbe8ff", "track": "#3a5788", "bar": "#7fb0ff", "gate": "#f0ad4e",
    "jump": "#b79af0", "won": "#55c98c", "lost": "#f0857c", "invalid": "#a3acb8",
}  # fmt: skip
_FONTS = "system-ui,-apple-system,'Segoe UI','Noto Sans','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"


def svg(sheet: Sheet) -> str:
    """Return the picture: one ``svg`` element without ids, scripts or anything to fetch."""
    canvas = _Canvas()
    width = _stage_width(sheet)
    across = max((len(band) for band in sheet.bands), default=0)
    right = max(_EDGE + _GUTTER + across * width, _EDGE + _NARROWEST)
    y = _heading(canvas, sheet, right)
    for band in sheet.bands:
        y = _chart(canvas, sheet, band, width, y)
        y = _matrix(canvas, sheet, band, width, y) + 2 * _GAP
    y = _rules(canvas, sheet.rules, right, y)
    y = canvas.text(_EDGE, y + 8, _wrap(" · ".join(sheet.legend), right - _EDGE, _SMALL), _SMALL, "soft")
    return canvas.document(sheet, right + _EDGE, y + _EDGE)


def _stage_width(sheet: Sheet) -> float:
    across = max((len(band) for band in sheet.bands), default=1)
    return min(_WIDEST, _ACROSS // across)


class _Canvas:
    """Collects the elements of the picture in the order in which they are painted."""

    def __init__(self) -> None:
        self.elements: list[str] = []

    def text(self, x: float, y: float, lines: Iterable[str], size: float, style: str) -> float:
        """Write *lines* below *y*; return where the last one ends."""
        for line in lines:
            y += size * _LEADING
            self.elements.append(
                f'<text x="{x:g}" y="{y - size * 0.3:.1f}" class="{style}" font-size="{size:g}">{escape(line)}</text>'
            )
        return y

    def box(self, x: float, y: float, width: float, height: float, style: str, radius: float = 0) -> None:
        """Draw a rectangle."""
        rounding = f' rx="{radius:g}"' if radius else ""
        self.elements.append(
            f'<rect x="{x:g}" y="{y:.1f}" width="{width:.4g}" height="{height:.1f}"{rounding} class="{style}"/>'
        )

    def path(self, path: str, style: str) -> None:
        """Draw a path."""
        self.elements.append(f'<path d="{path}" class="{style}"/>')

    def document(self, sheet: Sheet, width: float, height: float) -> str:
        """Return everything as one document."""
        stages = " → ".join(f"{column.number}. {column.name} ({column.percent} %)" for column in sheet.columns)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="salesflow-drawing" role="img" '
            f'lang="{sheet.words.language}" width="{width:g}" height="{height:.0f}" '
            f'viewBox="0 0 {width:g} {height:.0f}">'
        )
        return "\n".join(
            [
                head,
                f"<title>{escape(sheet.title)}</title>",
                f"<desc>{escape(stages)}</desc>",
                f"<style>{_styles()}</style>",
                '<rect width="100%" height="100%" class="paper"/>',
                *self.elements,
                "</svg>\n",
            ]
        )


def _styles() -> str:
    shared = [
        f".salesflow-drawing{{font-family:{_FONTS}}}",
        ".salesflow-drawing .strong{font-weight:600}",
        ".salesflow-drawing .code{font-family:ui-monospace,monospace}",
        ".salesflow-drawing .optional{stroke-dasharray:5 4}",
        ".salesflow-drawing .rail{fill:none;stroke-width:1.5;stroke-dasharray:3 4}",
    ]
    return "".join([*shared, *_colours(_LIGHT), "@media (prefers-color-scheme:dark){", *_colours(_DARK), "}"])


def _colours(colours: dict[str, str]) -> Iterable[str]:
    yield from (f".salesflow-drawing .{name}{{fill:{colour}}}" for name, colour in colours.items())
    yield f".salesflow-drawing .grid{{fill:none;stroke:{colours['line']}}}"
    yield f".salesflow-drawing .optional{{fill:{colours['paper']};stroke:{colours['bar']}}}"
    yield f".salesflow-drawing .rail{{stroke:{colours['jump']}}}"


def _heading(canvas: _Canvas, sheet: Sheet, right: float) -> float:
    room = right - _EDGE
    y = canvas.text(_EDGE, _EDGE - 8, _wrap(sheet.title, room, _TITLE, _BOLD), _TITLE, "ink strong")
    y = canvas.text(_EDGE, y, _wrap(sheet.subtitle, room, _NORMAL), _NORMAL, "soft")
    y += 6
    for caption, text in sheet.facts:
        canvas.text(_EDGE, y, [caption], _NORMAL, "soft")
        y = canvas.text(_EDGE + _GUTTER, y, _wrap(text, room - _GUTTER, _NORMAL), _NORMAL, "ink")
    return y + _GAP


def _chart(canvas: _Canvas, sheet: Sheet, band: tuple[Column, ...], width: float, y: float) -> float:
    """The stages as a row of arrows; above them where one may jump to, and where converted leads enter."""
    left = _EDGE + _GUTTER
    for at, column in enumerate(band):
        if column.takes_leads:
            canvas.text(left + at * width + 4, y, [f"▾ {sheet.words.say('lead')}"], _SMALL, "won strong")
    if any(column.takes_leads for column in band):
        y += _SMALL * _LEADING
    if len(sheet.columns) > 1:
        _rail(canvas, sheet, band, width, y)
        y += _RAIL
    names = [_wrap(f"{column.number}. {column.name}", width - 3 * _TIP, _LARGE, _BOLD) for column in band]
    height = max(map(len, names)) * _LARGE * _LEADING + _SMALL * _LEADING + _BAR + 22
    for at, (column, name) in enumerate(zip(band, names, strict=True)):
        _arrow(canvas, column, name, left + at * width, y, width - 5, height)
    for at, column in enumerate(band):
        if column.needs_approval:
            x, middle = left + (at + 1) * width - 2, y + height / 2
            canvas.path(f"M{x:g} {middle - 9:.1f}l9 9l-9 9l-9 -9z", "gate")
    return y + height + _GAP


def _arrow(
    canvas: _Canvas, column: Column, name: list[str], x: float, y: float, width: float, height: float
) -> None:  # fmt: skip
    shape = f"M{x:g} {y:.1f}h{width - _TIP:.4g}l{_TIP} {height / 2:.1f}l-{_TIP} {height / 2:.1f}"
    canvas.path(f"{shape}h-{width - _TIP:.4g}l{_TIP} -{height / 2:.1f}z", "optional" if column.is_optional else "stage")
    inside, room = x + 1.6 * _TIP, width - 3.2 * _TIP
    canvas.text(inside, y + 6, name, _LARGE, "name strong")
    below = y + height - _BAR - 11
    canvas.text(inside, below - _SMALL * _LEADING - 2, [f"{column.percent} %"], _SMALL, "name")
    canvas.box(inside, below, room, _BAR, "track", _BAR / 2)
    share = min(max(column.percent, 0), 100) / 100
    canvas.box(inside, below, room * share, _BAR, "bar", _BAR / 2)


def _rail(canvas: _Canvas, sheet: Sheet, band: tuple[Column, ...], width: float, y: float) -> None:
    """A line with a dot where a jump may begin and an arrow where it may end; it runs on into the next band."""
    left, last = _EDGE + _GUTTER, len(sheet.columns)
    middles = {column.number: left + (at + 0.5) * width for at, column in enumerate(band)}
    line = y + _RAIL - 13
    start, end = middles.get(1, left), middles.get(last, left + len(band) * width)
    canvas.path(f"M{start:g} {line + 8:.1f}v-8H{end:g}" if 1 in middles else f"M{start:g} {line:.1f}H{end:g}", "rail")
    for number, x in middles.items():
        if number < last and number > 1:
            canvas.path(f"M{x - 3:g} {line:.1f}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z", "jump")
        if number == last or (number > 1 and sheet.jump != Jump.FAST_TRACK):
            canvas.path(f"M{x - 5:g} {line + 3:.1f}h10l-5 8z", "jump")
    if 1 in middles:
        said = f"{sheet.rules[0].caption}: {sheet.rules[0].lines[0].text}"
        room = max(len(band) * width - width / 2, 2 * width)
        canvas.text(start, line - _SMALL * _LEADING - 5, _wrap(said, room, _SMALL)[:1], _SMALL, "jump")


@frozen
class _Printed:
    """
    One printed line of a cell.

    Args:
        text: What it says.
        style: The classes of its colour and type.
        marker: What stands before it; empty where it goes on with the line above.
        indent: How far it stands from the edge of the cell.
        above: The room kept above it.
    """

    text: str
    style: str = "ink"
    marker: str = ""
    indent: float = 0
    above: float = 0

    @property
    def size(self) -> float:
        return _SMALL if "code" in self.style else _NORMAL

    @property
    def height(self) -> float:
        return self.above + self.size * _LEADING


def _matrix(canvas: _Canvas, sheet: Sheet, band: tuple[Column, ...], width: float, y: float) -> float:
    """The aspects down, the stages across; a row is as high as its longest cell."""
    top, left, right = y, _EDGE + _GUTTER, _EDGE + _GUTTER + len(band) * width
    room = width - 2 * _PADDING
    codes = [[_Printed(part, "soft code") for part in _wrap(column.code, room, _SMALL, 1.1)] for column in band]
    rows = [(sheet.words.say("stage"), codes)]
    rows += [(aspect, [_cell(column.cells[at], room) for column in band]) for at, aspect in enumerate(sheet.aspects)]
    captions = [_wrap(caption, _GUTTER - 2 * _PADDING, _NORMAL, _BOLD) for caption, _ in rows]
    tallest = [max(sum(line.height for line in cell) for cell in cells) for _, cells in rows]
    heights = [
        max(len(caption) * _NORMAL * _LEADING, height) + 16 for caption, height in zip(captions, tallest, strict=True)
    ]
    canvas.box(_EDGE, top, _GUTTER, sum(heights), "head")
    for (_, cells), caption, height in zip(rows, captions, heights, strict=True):
        canvas.path(f"M{_EDGE} {y:.1f}H{right:g}", "grid")
        canvas.text(_EDGE + _PADDING, y + 7, caption, _NORMAL, "ink strong")
        for at, cell in enumerate(cells):
            _print(canvas, cell, left + at * width + _PADDING, y + 7)
        y += height
    canvas.path(f"M{_EDGE} {y:.1f}H{right:g}", "grid")
    for x in [_EDGE, *(left + at * width for at in range(len(band) + 1))]:
        canvas.path(f"M{x:g} {top:.1f}V{y:.1f}", "grid")
    return y


def _print(canvas: _Canvas, cell: list[_Printed], x: float, y: float) -> None:
    for line in cell:
        y += line.above
        if line.marker:
            canvas.text(x, y, [line.marker], line.size, line.style)
        y = canvas.text(x + line.indent, y, [line.text], line.size, line.style)


def _cell(lines: tuple[Line, ...], room: float) -> list[_Printed]:
    """The lines of a cell, broken, each with its marker and style."""
    if not lines:
        return [_Printed("–", "soft")]
    if len(lines) == 1 and not lines[0].code:
        return [_Printed(part) for part in _wrap(lines[0].text, room, _NORMAL)]
    printed: list[_Printed] = []
    for line in lines:
        style, factor, marker = ("ink strong", _BOLD, "★") if line.is_core else ("ink", 1, "•")
        for part in _wrap(line.text, room - _INDENT, _NORMAL, factor):
            printed.append(_Printed(part, style, marker, _INDENT, 4 if marker and printed else 0))
            marker = ""
        if line.note:
            parts = _wrap(f"({line.note})", room - _INDENT, _NORMAL)
            printed += [_Printed(part, "soft", indent=_INDENT) for part in parts]
    return printed


def _rules(canvas: _Canvas, rules: tuple[Rule, ...], right: float, y: float) -> float:
    """One card a rule, side by side."""
    width = (right - _EDGE - (len(rules) - 1) * _GAP) / len(rules)
    room = width - 2 * _PADDING - 4
    said = [[part for line in rule.lines for part in _wrap(line.text, room, _NORMAL)] for rule in rules]
    captions = [_wrap(rule.caption, room, _LARGE, _BOLD) for rule in rules]
    heights = [
        len(caption) * _LARGE * _LEADING + len(lines) * _NORMAL * _LEADING
        for caption, lines in zip(captions, said, strict=True)
    ]
    height = max(heights) + 22
    for at, rule in enumerate(rules):
        x = _EDGE + at * (width + _GAP)
        canvas.box(x, y, width, height, "head", 6)
        canvas.box(x, y, width, 4, rule.kind, 2)
        inside = canvas.text(x + _PADDING + 2, y + 8, captions[at], _LARGE, f"{rule.kind} strong")
        canvas.text(x + _PADDING + 2, inside, said[at], _NORMAL, "ink")
    return y + height


def _wrap(text: str, room: float, size: float, factor: float = 1) -> list[str]:
    return wrapped(text, room / size / factor)
