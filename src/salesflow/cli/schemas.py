"""`salesflow schema`: the JSON Schemas of the files that people and programs write."""

from __future__ import annotations

from importlib.resources import files

import click

from salesflow.cli.options import colour_option

SCHEMAS = ("template", "mapping", "organization", "record")
"""What there is a schema of: stage templates, import mappings, organisation files, and what `to_json` writes."""


@click.command
@click.argument("name", type=click.Choice(SCHEMAS))
@colour_option
def schema(name: str) -> None:
    """Print the JSON Schema of stage templates, import mappings, organisation files, or records in JSON."""
    held = files("salesflow.files") / f"{name}.schema.json"
    click.echo(held.read_text(encoding="utf-8"), nl=False)
