"""`salesflow schema`: each published schema, as it is."""

import json
from importlib.resources import files
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it ships no types

from salesflow.cli.schemas import SCHEMAS
from tests.cli.calls import Demo, done, refused
from tests.files.published import ROOT


def test_every_published_schema_is_printed() -> None:
    """IO-2, PROC-2: those that lie beside the code and no others, each a sound schema."""
    held = {path.name.removesuffix(".schema.json") for path in (ROOT / "src/salesflow/files").glob("*.schema.json")}
    assert set(SCHEMAS) == held
    for name in SCHEMAS:
        text = done("schema", name).stdout
        assert text == (files("salesflow.files") / f"{name}.schema.json").read_text(encoding="utf-8")
        jsonschema.Draft202012Validator.check_schema(json.loads(text))
    assert "template" in refused("schema", "recipe", code=2)


def test_an_export_from_the_door_is_what_the_schema_says(demo: Demo, tmp_path: Path) -> None:
    """IO-2: what `salesflow export` writes is a list that `salesflow schema record` takes."""
    validator = jsonschema.Draft202012Validator(json.loads(done("schema", "record").stdout))
    for kind in ("opportunity", "lead", "customer", "contact", "document"):
        file = tmp_path / f"{kind}.json"
        done("export", *demo.where, "--as", "chen", "--kind", kind, "-o", file)
        validator.validate(json.loads(file.read_text(encoding="utf-8")))
