"""A chart as a PNG, drawn from its SVG by the extra ``charts``, light and with the fonts of this machine (PIPE-7)."""

from __future__ import annotations

import resvg_py

from salesflow.errors import InvalidInput
from salesflow.files.charts import draw_chart
from salesflow.files.charts.figures import Drawn
from salesflow.model import SalesProcess

LARGEST_SCALE = 10
"""A picture is at most so many times as large as its SVG says."""


def draw_chart_png(
    figure: Drawn, *, process: SalesProcess | None = None, language: str = "en", scale: int = 2
) -> bytes:
    """
    Return a chart of *figure* as a PNG. Chinese needs a font of this machine that has it.

    Args:
        figure, process, language: As of `draw_chart`.
        scale: How many dots the picture has to each of its SVG's, from 1 to 10.

    Raises:
        InvalidInput: As of `draw_chart`, or the scale is none.

    Source: PIPE-7.
    """
    given: object = scale
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= LARGEST_SCALE:
        raise InvalidInput("scale", scale, f"must be a whole number from 1 to {LARGEST_SCALE}")
    drawn = draw_chart(figure, "svg", process=process, language=language)
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, zoom=scale))
