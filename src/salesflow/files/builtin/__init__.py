"""The built-in stage templates: one TOML file each, beside this one (PROC-4)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from salesflow.files.templates import parse_template
from salesflow.model import SalesProcess


def builtin_templates() -> dict[str, SalesProcess]:
    """
    Return the built-in templates by id, each in its latest version; the dictionary is the caller's own.

    To use them beside templates of one's own: ``{**builtin_templates(), mine.id: mine}``.

    Source: PROC-4, PROC-4a.
    """
    return dict(_read())


@cache
def _read() -> dict[str, SalesProcess]:
    found = sorted((file for file in files(__name__).iterdir() if file.name.endswith(".toml")), key=lambda f: f.name)
    templates = [parse_template(file.read_bytes(), name=file.name) for file in found]
    return {template.id: template for template in templates}
