"""The published JSON Schema of template files: it takes what the loader takes, and refuses what it can see."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import attrs
import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given

from salesflow import templates
from salesflow.files.toml import read_toml
from salesflow.model import (
    Condition,
    Dialog,
    DialogChoice,
    DialogQuestion,
    ProcessApproval,
    ProcessRule,
    RequiredField,
    SalesProcess,
    Stage,
    TaskTemplate,
)
from salesflow.testing.strategies.templates import sales_processes
from tests.files.published import PUBLISHED, ROOT

CORPUS = Path(__file__).parent / "corpus" / "template"
SCHEMA = json.loads((files("salesflow.files") / "template.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

SEEN = {
    "missing_key",
    "unknown_key",
    "wrong_type",
    "empty",
    "too_long",
    "hidden_character",
    "out_of_range",
    "too_many",
    "code_form",
    "outcome_code",
    "language_form",
    "no_stage",
    "unknown_choice",
    "unknown_field",
    "second_core_task",
}
"""The errors that show at their own place, so that the schema sees them too."""

UNSEEN = {
    "id_line_break": "to Python's patterns, $ stands before a last line break too",
    "version_hexadecimal_of_9000_digits": "the validator refuses it by a crash of its own, over printing the number",
    "version_1_0": "to JSON Schema 1.0 is a whole number",
    "required_field_without_vocabulary": "a custom field may be the application's",
    "rule_field_custom_undeclared": "so may that of a condition",
    "dialog_fills_custom_unknown": "and that of a question",
    "dialog_amount_without_currency": "whether a currency must be there depends on the field",
    "dialog_text_empty": "a text of several languages may leave one out",
    "dialog_finishes_unknown": "which tasks there are stands elsewhere",
    "dialog_finishes_elsewhere": "and of which stage",
    "dialog_next_back": "so do the questions that may be next",
    "dialog_next_itself": "so do they",
    "dialog_next_unknown": "so do they",
}
"""Files whose errors only the loader sees, although their kind is one of `SEEN`."""


def corpus() -> Iterator[tuple[str, dict[str, object], set[str]]]:
    """The files of the corpus that are TOML at all: name, content, codes of their errors."""
    for path in sorted(CORPUS.glob("*.toml")):
        table = read_toml(path.read_bytes())
        if isinstance(table, dict):
            found = templates.examine(path.read_bytes())[1]
            yield path.stem, table, {item.code for item in found.errors}


READ = {name: (table, codes) for name, table, codes in corpus()}
GOOD = sorted(name for name, (_, codes) in READ.items() if not codes)
BAD = sorted(name for name, (_, codes) in READ.items() if codes & SEEN and name not in UNSEEN)
OTHERS = sorted(set(READ) - set(GOOD) - set(BAD))


@pytest.mark.parametrize("path", sorted(PUBLISHED))
def test_what_is_published_is_up_to_date(path):
    """PROC-2, PROC-5: the schema and the gallery are what the code makes; else `python -m tests.files.published`."""
    assert (ROOT / path).read_text(encoding="utf-8") == PUBLISHED[path]()


def test_the_schema_is_one():
    """PROC-2: it is sound by its own draft, is what `templates.schema` returns, and refers to nothing outside."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert templates.schema() == SCHEMA
    assert SCHEMA["$schema"].endswith("/2020-12/schema")


def test_every_field_is_described():
    """PROC-2: each table has exactly the model's fields, each in the words of its docstring."""
    for cls in (
        SalesProcess, Stage, TaskTemplate, RequiredField, ProcessRule, ProcessApproval, Condition, Dialog,
        DialogQuestion, DialogChoice,
    ):  # fmt: skip
        table = SCHEMA if cls is SalesProcess else SCHEMA["$defs"][cls.__name__]
        assert [field.name for field in attrs.fields(cls)] == list(table["properties"])
        assert all(value["description"] for value in table["properties"].values())
        assert "None" not in json.dumps(table)
    assert SCHEMA["$defs"]["Stage"]["properties"]["ends_when"]["description"].startswith("The marks")
    assert SCHEMA["properties"]["lost_reasons"]["default"][0] == "budget"


@pytest.mark.parametrize("id", sorted(templates.builtin()))
def test_the_built_in_templates_pass(id):
    """PROC-2, PROC-4: every built-in file is valid."""
    table = read_toml((files("salesflow.files.builtin") / f"{id}.toml").read_bytes())

    assert list(VALIDATOR.iter_errors(table)) == []


@pytest.mark.parametrize("name", GOOD)
def test_good_files_pass(name):
    """PROC-2: what the loader takes, the schema takes."""
    assert list(VALIDATOR.iter_errors(READ[name][0])) == []


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused(name):
    """PROC-3: an error that shows at its own place is seen while the file is written."""
    assert not VALIDATOR.is_valid(READ[name][0])


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_schema_cannot_see(name):
    """PROC-3: what rests on another place is left to the loader, and nothing else is."""
    codes = READ[name][1]

    assert codes
    assert name in UNSEEN or codes.isdisjoint(SEEN)


def test_the_corpus_tries_the_schema():
    """REL-8: good and bad files are both there, and most bad ones can be seen."""
    assert len(GOOD) >= 5
    assert len(BAD) > 2 * len(OTHERS)


@given(sales_processes())
def test_sound_templates_pass(process):
    """PROC-2: any sound template, written out, is valid."""
    assert list(VALIDATOR.iter_errors(read_toml(templates.dump(process)))) == []
