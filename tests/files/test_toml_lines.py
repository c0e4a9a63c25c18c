"""On which line of a file each place of a finding stands."""

from __future__ import annotations

import tomllib
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from salesflow import templates
from salesflow.files.toml import read_toml
from salesflow.files.toml_lines import line_of_each_place, with_lines
from salesflow.model import SalesProcess
from salesflow.process.value_checks import key_picture
from salesflow.testing.strategies.templates import sales_processes

CORPUS = sorted((Path(__file__).parent / "corpus" / "template").glob("*.toml"))

TEXT = '''\
# a comment with [brackets] = "and quotes"
id = "x"   # and one behind a value
"version" = 1
day = 2026-01-02 10:00:00.5
long = """
two = 2
"""
name = { en = "One # {", zh = "一" }
"odd key" = ['a,]', "b"]

[[stages]]
code = 'first'
tasks = [
  { code = "call", name = { en = "Call" } },

  # a note
  { code = "write" },
]
[stages.origin]
source.page = 4

[[stages]]
code = "second"
lists = [[1, 2], [
  3,
]]
[[stages.tasks]]
code = "sign"
'''


def test_each_value_is_found_on_its_line():
    """PROC-3: comments, strings of many lines, inline tables, lists and lists of tables are walked through rightly."""
    lines = line_of_each_place(TEXT)
    expected = {
        "id": 2, "version": 3, "day": 4, "long": 5, "name": 8, "name.en": 8, "name.zh": 8, "'odd key'[1]": 9,
        "stages": 11, "stages[0]": 11, "stages[0].code": 12, "stages[0].tasks": 13, "stages[0].tasks[0].name.en": 14,
        "stages[0].tasks[1]": 17, "stages[0].tasks[1].code": 17, "stages[0].origin": 19,
        "stages[0].origin.source.page": 20, "stages[1]": 22, "stages[1].code": 23, "stages[1].lists[1][0]": 25,
        "stages[1].tasks[0].code": 28,
    }  # fmt: skip
    assert {place: lines[place] for place in expected} == expected


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_text_of_many_lines_ends_where_the_parser_says(quote: str):
    """PROC-3, REL-8: whatever up to six quotes, backslashes, letters and line breaks stand in it, all of them tried."""
    for letters in chain.from_iterable(product(f"{quote}\\a\n", repeat=length) for length in range(7)):
        written = quote * 3 + "".join(letters) + quote * 3
        text = f"x = {written}\nname = 1\n"
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        assert read_toml(text) == tomllib.loads(text)
        assert line_of_each_place(text) == {"x": 1, "name": 2 + written.count("\n")}


def places(value: Any, place: str = "") -> set[str]:
    """Every place of what the standard parser reads."""
    if isinstance(value, dict):
        parts = {f"{place}.{key_picture(key)}" if place else key_picture(key): item for key, item in value.items()}
    elif isinstance(value, list):
        parts = {f"{place}[{number}]": item for number, item in enumerate(value)}
    else:
        parts = {}
    return set(parts).union(*(places(item, inner) for inner, item in parts.items()))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_places_are_those_of_the_parser(path: Path):
    """PROC-3, REL-8: whatever a file can be read as has exactly the places that it holds, none beyond the file."""
    content = path.read_bytes()
    if not isinstance(read_toml(content), dict):
        return
    text = content.decode().removeprefix("\ufeff")
    lines = line_of_each_place(text)
    assert set(lines) == places(tomllib.loads(text))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@given(sales_processes())
def test_the_places_of_any_template_are_found(process: SalesProcess):
    """PROC-2, PROC-3: of any template that is written out."""
    text = templates.dump(process)
    lines = line_of_each_place(text)
    assert set(lines) == places(tomllib.loads(text))
    written = text.splitlines()
    for number, stage in enumerate(process.stages):
        assert stage.code in written[lines[f"stages[{number}].code"] - 1]


def test_a_finding_names_the_line_or_that_of_what_should_hold_it():
    """PROC-3: a missing key stands nowhere: the line is that of its table; what the whole file lacks has none."""
    text = 'id = "x"\n[[stages]]\ncode = "A"\n\n[[stages]]\nname = "Two"\n'
    findings = with_lines(templates.examine(text)[1].errors, text)
    told = {(found.place, found.code): found.line for found in findings}
    assert told == {
        ("version", "missing_key"): None, ("stages[0].code", "code_form"): 3, ("stages[1].code", "missing_key"): 5,
    }  # fmt: skip
    assert all(found.line is None for found in templates.check(SalesProcess("a", 0, ())))
    assert with_lines((), text) == ()
    broken = templates.examine("id = = 1")[1].items
    assert with_lines(broken, "id = = 1") == broken
