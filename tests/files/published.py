"""
The files that are made of the code, and published beside it: this writes them, and tests hold them up to date.

    python -m tests.files.published
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from salesflow import templates
from salesflow.files.record_schema import record_schema
from salesflow.files.schema_parts import schema_text
from salesflow.files.table_schemas import mapping_schema, organization_schema

ROOT = Path(__file__).parents[2]


INTRODUCTION = """\
# The built-in templates

`salesflow.templates.builtin()` has them by id. Probabilities, and whatever else no source states, are our
suggestions: copy a file, change what differs, and give it an id of its own.
[Draw a template](../how-to/draw_a_template.md) tells how pictures such as these are made.
"""


def gallery() -> str:
    """The page of the built-in templates: the matrix of each."""
    pages = [templates.draw(process, "markdown") for _, process in sorted(templates.builtin().items())]
    return "\n".join([INTRODUCTION, *(f"#{page}" for page in pages)])


PUBLISHED: dict[str, Callable[[], str]] = {
    "docs/reference/templates.md": gallery,
    "src/salesflow/files/template.schema.json": lambda: schema_text(templates.schema()),
    "src/salesflow/files/mapping.schema.json": lambda: schema_text(mapping_schema()),
    "src/salesflow/files/record.schema.json": lambda: schema_text(record_schema()),
    "src/salesflow/files/organization.schema.json": lambda: schema_text(organization_schema()),
}
"""What each file must hold, by its path."""


if __name__ == "__main__":
    for path, text in PUBLISHED.items():
        (ROOT / path).write_text(text(), encoding="utf-8")
