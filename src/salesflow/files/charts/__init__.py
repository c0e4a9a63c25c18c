"""
Charts of pipeline figures: funnel, board, stage times, change statement and forecast (PIPE-7).

`figures` says what is told and how long each bar is; `svg` and `terminal` each write that in one format. Unlike
currencies never share a scale, and no name that a template holds is ever taken for markup.
"""

from __future__ import annotations

from salesflow.errors import InvalidInput
from salesflow.files.charts.figures import FIGURES, Drawn, chart_of
from salesflow.files.charts.svg import svg
from salesflow.files.charts.terminal import terminal
from salesflow.files.drawing.words import LANGUAGES
from salesflow.model import SalesProcess

_WRITERS = {"svg": svg, "text": terminal}

FORMATS = tuple(_WRITERS)
"""The formats that `draw_chart` knows."""


def draw_chart(
    figure: Drawn, format: str = "svg", *, process: SalesProcess | None = None, language: str = "en"
) -> str:  # fmt: skip
    """
    Return a chart of *figure*.

    Args:
        figure: A `Funnel`, `Board`, `StageTimes`, `PipelineChanges` (as a waterfall) or `Forecast`.
        format: ``svg``, one picture for light and dark screens that loads nothing; or ``text``, tables with bars for
            a terminal.
        process: The template that gives stages their names; None shows their codes.
        language: ``en`` or ``zh``: of the captions, and of names where the template has them in it.

    Raises:
        InvalidInput: There is no chart of such a figure, or no such format, language or process.

    Source: PIPE-7.
    """
    if not isinstance(figure, tuple(FIGURES)):
        raise InvalidInput("figure", figure, f"must be one of {', '.join(cls.__name__ for cls in FIGURES)}")
    if format not in FORMATS:
        raise InvalidInput("format", format, f"must be one of {', '.join(FORMATS)}")
    if language not in LANGUAGES:
        raise InvalidInput("language", language, f"must be one of {', '.join(LANGUAGES)}")
    if process is not None and not isinstance(process, SalesProcess):
        raise InvalidInput("process", process, "must be a SalesProcess or None")
    return _WRITERS[format](chart_of(figure, process, language))
