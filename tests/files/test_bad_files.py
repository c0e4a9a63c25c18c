"""
The corpus of bad files: each is refused at its places by its codes, soon and in little memory, whatever reads it.

Five hundred files stand in ``corpus``, a folder for each decoder. What is bad by its size alone is made here, and
counted apart.
"""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

import salesflow as sf
from salesflow import templates
from salesflow.files.json_text import LARGEST_TEXT
from salesflow.files.problems import FILE_ERRORS, ROW_ERRORS
from salesflow.files.reading import MOST_COLUMNS
from salesflow.files.toml import LARGEST_FILE
from salesflow.model import REASONS
from salesflow.process.findings import ERRORS
from salesflow.template_cases import LARGEST_TEXT as LARGEST_CASES
from salesflow.template_cases import MOST_CASES
from tests.files.bad_files import EXPECTED, READERS, expected_of, files_of
from tests.files.decoding import CORPUS
from tests.files.file_decoders import DEALS, FILE_DECODERS, LEADS, PEOPLE
from tests.files.fuzzing import unfit
from tests.files.timing import best_time
from tests.files.value_decoders import VALUE_DECODERS

SECONDS = 0.1
BYTES = 64 * 2**20

FILES = [(decoder, path) for decoder in READERS for path in files_of(decoder)]
WANTED = {decoder: expected_of(decoder) for decoder in READERS}
CODES = {*ERRORS, *FILE_ERRORS, *ROW_ERRORS, *REASONS, "case", "FileError", "InvalidInput"}
"""Every code that an expectation may have: those that are published, and the errors' own types where there is none."""

DOORS: dict[str, tuple[Callable[[bytes], Any], tuple[type[Exception], ...]]] = {
    **{name: (FILE_DECODERS[name].decode, FILE_DECODERS[name].refusals)
       for name in ("mapping", "people", "lookup", "scenes")},
    "template": (templates.loads, (sf.TemplateError,)),
    **{name: (VALUE_DECODERS[name].decode, VALUE_DECODERS[name].refusals) for name in ("record", "exported")},
}  # fmt: skip
"""What raises where a file is bad; rows and cases are reported instead, and the others go on."""


def name_of(decoder: str, file: str) -> str:
    """Return how the expectations call a file: a template without its suffix."""
    return file.removesuffix(".toml") if decoder == "template" else file


@pytest.mark.parametrize(("decoder", "path"), FILES, ids=[f"{decoder}-{path.name}" for decoder, path in FILES])
def test_a_bad_file_is_refused_at_every_place(decoder, path):
    """REL-8: every problem is told at its place by its code, and nothing else is, within 100 ms."""
    content = path.read_bytes()
    wanted = WANTED[decoder][name_of(decoder, path.name)]
    took, found = best_time(lambda: READERS[decoder](content), SECONDS)

    assert sorted(found) == sorted(wanted)
    assert took < SECONDS
    if wanted and decoder in DOORS:
        decode, refusals = DOORS[decoder]
        with pytest.raises(refusals) as refused:
            decode(content)
        assert isinstance(refused.value, sf.SalesflowError)
        assert unfit(refused.value) is None


@pytest.mark.parametrize("decoder", READERS)
def test_no_bad_file_costs_much_memory(decoder):
    """REL-8: all files of a decoder, one after the other, never take more than 64 MB."""
    contents = [path.read_bytes() for path in files_of(decoder)]
    tracemalloc.start()
    for content in contents:
        READERS[decoder](content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BYTES


@pytest.mark.parametrize("decoder", READERS)
def test_every_file_has_its_expectation_and_every_expectation_its_file(decoder):
    """REL-8: no file is unlisted, no expectation is without its file, and each has a place and a known code."""
    assert {name_of(decoder, path.name) for path in files_of(decoder)} == WANTED[decoder].keys()
    assert all(place and code in CODES for wanted in WANTED[decoder].values() for place, code in wanted)
    assert (CORPUS / decoder / EXPECTED).read_text(encoding="utf-8").startswith("# file\tplace\tcode")


def test_every_folder_of_the_corpus_is_read():
    """REL-8: no folder is left out, and no file stands outside of them."""
    assert {path.name for path in CORPUS.iterdir()} == READERS.keys()


def test_at_least_500_bad_files_are_kept():
    """REL-8: five hundred that are refused; those that only look bad, and are read, do not count."""
    refused = {decoder: sum(bool(wanted) for wanted in WANTED[decoder].values()) for decoder in READERS}

    assert sum(refused.values()) >= 500
    assert min(refused.values()) >= 10  # of every decoder
    assert len({path.read_bytes() for _, path in FILES}) >= len(FILES) - 40  # the same may be hostile to several


def test_no_file_of_the_corpus_is_large():
    """REL-8: what is bad by its size is made below, so that nobody has to keep it."""
    assert max(path.stat().st_size for _, path in FILES) < 10 * 1024


def csv_of(table: str, *rows: str) -> str:
    """The header of a table, with other rows below it."""
    return "\n".join([table.partition("\n")[0], *rows]) + "\n"


WIDE = ",".join(f"c{n}" for n in range(200_000))
DEAL = "D-1,Press,Li,inquiry" + "," * 10
GENERATED: dict[tuple[str, str], tuple[str | bytes, list[tuple[str, str]]]] = {
    ("deals_csv", "a header of 200,000 columns"): (WIDE + "\n" + "1," * 50, [("line 1", "FileError")]),
    ("deals_csv", "a header of as many columns as there may be, and one"): (
        DEALS.partition("\n")[0] + "," * (MOST_COLUMNS - 13) + "\n", [("line 1", "FileError")]),
    ("deals_csv", "one line of four megabytes"): ("x" * 4_000_000, [("line 1", "FileError")]),
    ("deals_csv", "one cell of a megabyte"): (
        csv_of(DEALS, f'D-1,"{"x" * 1_000_000}"', DEAL), [("line 2", "too_long")]),
    ("deals_csv", "a quote that swallows a megabyte"): (
        csv_of(DEALS, 'D-1,"' + "\n" * 20_000), [("line 2", "quoting")]),
    ("deals_csv", "a row of 60,000 cells"): (csv_of(DEALS, "," * 60_000 + "x"), [("line 2", "cell_count")]),
    ("deals_csv", "a name of 100,000 characters"): (
        csv_of(DEALS, DEAL.replace("Press", "x" * 100_000)), [("line 2, name", "invalid_value")]),
    ("deals_csv", "an amount of 100,000 digits"): (
        csv_of(DEALS, f"D-1,Press,Li,inquiry,{'9' * 100_000},CNY{',' * 8}"), [("line 2, amount", "number_form")]),
    ("deals_csv", "NUL characters only"): (b"\0" * 1_000_000, [("line 1", "FileError")]),
    ("leads_csv", "a description of 20,001 characters"): (
        csv_of(LEADS, f"CRM,li,,,139,,{'x' * 20_001},"), [("line 2, description", "invalid_value")]),
    ("leads_csv", "empty lines only"): ("\n" * 30_000, [("line 1", "FileError")]),
    ("people", "a header of 200,000 columns"): (WIDE, [("people.csv", "row")]),
    ("people", "an id of 100,000 characters"): (
        csv_of(PEOPLE, "x" * 100_000 + ",,,,,"), [("people.csv line 2, id", "too_long")]),
    ("people", "a chain that ends in a ring"): (
        csv_of(PEOPLE, *(f"e{n},,e{n + 1 if n < 999 else 0},,," for n in range(1000))),
        [("people.csv line 2", "cycle")]),
    ("lookup", "a value of a megabyte"): (f"who,phone\nli,{'1' * 1_000_000}\n", [("line 2", "FileError")]),
    ("lookup", "a header of 200,000 columns"): (WIDE, [("line 1", "FileError")]),
    ("deals_json", "a list of brackets"): ("[" * 100_000, [("line 1", "too_deep")]),
    ("deals_json", "text that never ends"): (
        '[{"id": "' + "x" * 2_000_000, [("line 1", "too_long"), ("line 1", "truncated")]),
    ("deals_json", "an object of a megabyte"): (
        "[{" + ",".join(f'"k{n}":{n}' for n in range(60_000)) + "}]", [("line 1", "too_long")]),
    ("leads_json", "a name of very many escapes"): (
        '[{"title": "' + "\\u0041" * 30_000 + '"}]', [("line 1", "too_long")]),
    ("record", "a list of brackets"): ("[" * 1_000_000, [("file", "InvalidInput")]),
    ("record", "a text of two megabytes that is not closed"): (
        '{"salesflow": "' + "x" * (LARGEST_TEXT - 20), [("line 1, column 15", "InvalidInput")]),
    ("record", "larger than a text may be"): (" " * (LARGEST_TEXT + 1), [("file", "InvalidInput")]),
    ("record", "very many keys"): (json.dumps(dict.fromkeys(map(str, range(70_000)))), [("file", "InvalidInput")]),
    ("record", "digits"): ('{"salesflow": ' + "9" * 1_000_000 + "}", [("line 1, column 15", "InvalidInput")]),
    ("scenes", "as many scenes as a file holds"): (
        "[scenes]\n" + "".join(f"s{n} = 'x'\n" for n in range(2_500)), [("scenes", "too_many")]),
    ("scenes", "a rule of 60,000 characters"): (
        "[scenes]\na = '" + "~" * 60_000 + "everybody'\n", [("scenes.a", "rule")]),
    ("scenes", "a byte too many"): ("#" * (LARGEST_FILE + 1), [("file", "too_large")]),
    ("mapping", "a key of 20,000 dots"): ("a" + ".a" * 20_000 + " = 1\n", [("line 1", "key_too_deep")]),
    ("mapping", "tables in tables"): ("a = " + "{ a = " * 10_000, [("line 1", "too_deep")]),
    ("organization", "lists in lists"): ("employees = " + "[" * 60_000, [("line 1", "too_deep")]),
    ("organization", "a ring of 900"): (
        "employees = [" + ",".join(f'{{id="e{n}",manager="e{(n + 1) % 900}"}}' for n in range(900)) + "]",
        [("employees[0].manager", "cycle")]),
    ("template", "a key of 20,000 dots"): ("a" + ".a" * 20_000 + " = 1\n", [("line 1", "key_too_deep")]),
    ("template", "digits"): ("version = " + "9" * 60_000, [("file", "syntax")]),
    ("cases", "larger than a text may be"): ("x" * (LARGEST_CASES + 1), [("cases", "InvalidInput")]),
    ("cases", "a row too many"): (
        "|given|when|then|\n" + "||||\n" * (MOST_CASES + 1), [("cases", "InvalidInput")]),
    ("cases", "a cell of 1,000 steps"): (
        "|given|when|then|\n||" + "change_stage offer a; change_stage inquiry b;" * 500 + "|at inquiry|\n",
        [("cases, line 2", "InvalidInput")]),
    ("cases", "a row of bars"): ("|given|when|then|\n" + "|" * 60_000, [("cases, line 2", "InvalidInput")]),
}  # fmt: skip
"""What is bad by its size, by decoder and what it is; the first of its problems are those named here."""


@pytest.mark.parametrize(("decoder", "name"), GENERATED, ids=[f"{decoder}-{name}" for decoder, name in GENERATED])
def test_what_is_bad_by_its_size_is_refused_too(decoder, name):
    """REL-8: long, wide and deep, as far as a file goes: a place and a code, within 100 ms and 64 MB."""
    source, wanted = GENERATED[decoder, name]
    content = source if isinstance(source, bytes) else source.encode()
    took, found = best_time(lambda: READERS[decoder](content), SECONDS)
    tracemalloc.start()
    READERS[decoder](content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found[: len(wanted)] == wanted
    assert took < SECONDS
    assert peak < BYTES
