"""
Pictures of a stage template: its stage chart and its framework matrix (PROC-5).

`sheet` says what is told and in which words; each other module writes that in one format. Nothing that a template
holds is ever taken for markup.
"""

from __future__ import annotations

from salesflow.errors import InvalidInput
from salesflow.files.drawing.html import html_fragment, html_page
from salesflow.files.drawing.markdown import markdown
from salesflow.files.drawing.mermaid import mermaid
from salesflow.files.drawing.sheet import sheet_of
from salesflow.files.drawing.svg import svg
from salesflow.files.drawing.words import LANGUAGES
from salesflow.model import SalesProcess

_WRITERS = {
    "svg": svg,
    "mermaid": mermaid,
    "markdown": markdown,
    "html": html_page,
    "html_fragment": html_fragment,
}

FORMATS = tuple(_WRITERS)
"""The formats that `draw_template` knows."""


def draw_template(process: SalesProcess, format: str = "svg", language: str = "en") -> str:
    """
    Return a picture of *process*: its stages in order, and across them what each one asks for.

    Args:
        process: The template. It need not be sound: a draft may be looked at too.
        format: One of `FORMATS`. ``svg`` is one picture for light and dark screens; ``html`` a whole page that
            loads nothing; ``html_fragment`` the same without page and styles, to put into a page of one's own;
            ``markdown`` tables as GitHub and MyST read them; ``mermaid`` the stage chart alone.
        language: ``en`` or ``zh``: of the captions, and of names where the template has them in it.

    Raises:
        InvalidInput: *process* is no `SalesProcess`, or there is no such format or language.

    Source: PROC-5.
    """
    if not isinstance(process, SalesProcess):
        raise InvalidInput("process", process, "must be a SalesProcess")
    if format not in FORMATS:
        raise InvalidInput("format", format, f"must be one of {', '.join(FORMATS)}")
    if language not in LANGUAGES:
        raise InvalidInput("language", language, f"must be one of {', '.join(LANGUAGES)}")
    return _WRITERS[format](sheet_of(process, language))
