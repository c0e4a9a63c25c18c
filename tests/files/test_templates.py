"""Stage templates as TOML files: read strictly, written back equal, and hostile ones refused quickly with a place."""

import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salesflow import templates
from salesflow.errors import InvalidInput, TemplateError
from salesflow.files.toml import DEEPEST_NESTING, LARGEST_FILE, MOST_KEY_PARTS, MOST_VALUES, read_toml, toml_value
from salesflow.model import (
    Condition,
    Jump,
    Label,
    Money,
    ProcessApproval,
    ProcessRule,
    RequiredField,
    Route,
    SalesProcess,
    Stage,
    TaskTemplate,
    WinFrom,
)
from salesflow.process.findings import MOST_ERRORS, Finding
from salesflow.process.value_checks import MOST_ITEMS
from salesflow.testing.strategies.templates import sales_processes
from tests.files.timing import best_time

CORPUS = Path(__file__).parent / "corpus" / "template"
SECONDS = 0.1
BYTES = 64 * 2**20

SMALL = """\
id = "t"
version = 1

[[stages]]
code = "a"
starts_when = "x"
ends_when = "y"
procedures = ["z"]
"""


def expected() -> dict[str, list[tuple[str, str]]]:
    """The errors of each file of the corpus."""
    errors: dict[str, list[tuple[str, str]]] = {}
    for line in (CORPUS / "expected.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, place, code = line.split("\t")
        errors.setdefault(name, []).extend([] if place == "-" else [(place, code)])
    return errors


EXPECTED = expected()


def filled(pattern: str, size: int = LARGEST_FILE) -> str:
    """*pattern*, with its number wherever it has ``@``, as often as fits into *size*."""
    times = size // (len(pattern) + (4 if "@" in pattern else 0))
    return "".join(pattern.replace("@", str(n)) for n in range(times))


# Built here, since each is as large as a file may be, or larger. Each is refused at its place, by its code.
LARGE: dict[str, tuple[str, str, str]] = {
    "a byte too many": (SMALL + "#" * (LARGEST_FILE + 1 - len(SMALL)), "file", "too_large"),
    "much too large": ("x" * (20 * LARGEST_FILE), "file", "too_large"),
    "deep list": ("a = " + "[" * 60_000, "line 1", "too_deep"),
    "deep closed list": ("a = " + "[" * 30_000 + "]" * 30_000, "line 1", "too_deep"),
    "deep table": ("a = " + "{ a = " * 10_000, "line 1", "too_deep"),
    "deep after closing": ("]" * 30_000 + "[" * 34_000, "line 1", "too_deep"),
    "long dotted key": ("a" + ".a" * 30_000 + " = 1", "line 1", "key_too_deep"),
    "long dotted header": ("\n[a" + ".a" * 30_000 + "]", "line 2", "key_too_deep"),
    "long quoted dotted key": ("a" + '."a"' * 15_000 + " = 1", "line 1", "key_too_deep"),
    "very many numbers": ("a = [" + "1," * 30_000 + "]", "line 1", "too_many_values"),
    "very many keys": (filled("k@=1\n"), "line 6001", "too_many_values"),
    "very many tables": ("a = [" + "{c=1}," * 10_000 + "]", "line 1", "too_many_values"),
    "very many lists": ("a = [" + "[]," * 20_000 + "]", "line 1", "too_many_values"),
    "very many stages": ("[[stages]]\n" * 5_900, "line 3001", "too_many_values"),
    "very many dotted keys": (filled("a.b.c.d.e.f.g.h@=1\n"), "line 751", "too_many_values"),
    "very many headers": (filled("[a.b.c@]\n"), "line 2001", "too_many_values"),
    "as many keys as may be": (filled("k@=1\n", 50_000), "k0", "unknown_key"),
    "as many numbers as may be": ("a = [" + "1," * (MOST_VALUES - 2) + "]", "a", "unknown_key"),
    "as many tables as may be": ("id = [" + "{c=1}," * (MOST_VALUES // 3 - 2) + "]", "id", "wrong_type"),
    "as many stages as may be": ("[[stages]]\n" * (MOST_VALUES // 2), "stages", "too_many"),
    "as many dotted keys as may be": (filled("a.b.c.d.e.f.g.h@=1\n", 16_000), "a", "unknown_key"),
    "newlines": ("\n" * LARGEST_FILE, "id", "missing_key"),
    "spaces": ("id =" + " " * 64_000 + "1", "id", "wrong_type"),
    "comments": ("#\n" * (LARGEST_FILE // 2), "id", "missing_key"),
    "long text": ('id = "' + "x" * 64_000 + '"', "id", "code_form"),
    "escapes": ('id = "' + "\\n" * 32_000 + '"', "id", "code_form"),
    "long escapes": ('id = "' + "\\U0000202e" * 6_000 + '"', "id", "code_form"),
    "line ending escapes": ('id = """' + "\\\n" * 32_000 + '"""', "id", "code_form"),
    "unterminated text": ('id = """' + '\\"""' * 16_000, "end of document", "syntax"),
    "unterminated literals": ("id = " + "''" * 32_000, "line 1, column 14", "syntax"),
    "quotes": ("id = " + '"' * 64_000, "line 1, column 14", "syntax"),
    "digits": ("version = " + "9" * 64_000, "file", "syntax"),
    "digits with underscores": ("version = " + "9_" * 32_000 + "9", "file", "syntax"),
    "hexadecimal digits": ("version = 0x" + "f" * 64_000, "version", "out_of_range"),
    "fraction digits": ("version = 0." + "9" * 64_000, "version", "wrong_type"),
    "dates": ("roles = [" + "1979-05-27," * 5_000 + "]", "roles", "unknown_key"),
    "languages": ("name = {" + filled('en-x@="",', 30_000).rstrip(",") + "}", "name", "too_many"),
    "unknown keys everywhere": (
        "stages = [" + ("{tasks=[" + "{a=1}," * 40 + "]}," * 1) * 45 + "]",
        "stages[0].code",
        "missing_key",
    ),
    "bad values": (SMALL + "tasks = [" + "{code=1,origin=3}," * 50 + "]", "stages[0].tasks[0].code", "wrong_type"),
    "waivers": ("waived = [" + filled('"a: no@",', 60_000) + "]\n" + SMALL, "waived", "too_many"),
    "long unknown keys": (filled("k" * 2_000 + "@ = 1\n"), "'" + "k" * 57 + "...'", "unknown_key"),
    "list that never ends": ("stages = [" + "\n" * 64_000, "end of document", "syntax"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_hostile_file_is_refused_with_every_place(name):
    """PROC-3, REL-8: every error of a wrong file is told at its place, and nothing else is; it never crashes."""
    content = (CORPUS / f"{name}.toml").read_bytes()
    process, found = templates.examine(content, name=name)

    assert sorted(EXPECTED[name]) == sorted((item.place, item.code) for item in found.errors)
    assert bool(EXPECTED[name]) == (process is None)
    if process is None:
        with pytest.raises(TemplateError) as refused:
            templates.load(CORPUS / f"{name}.toml")
        assert refused.value.template == f"{name}.toml"
        assert refused.value.problems == tuple(map(str, found.errors))
        assert all(str(item).isprintable() for item in found if "homoglyph" not in name)
    else:
        assert process == templates.load(CORPUS / f"{name}.toml")


def test_the_corpus_is_complete():
    """REL-8: every file of the corpus has its expectation, and there are at least sixty."""
    assert {path.stem for path in CORPUS.glob("*.toml")} == set(EXPECTED)
    assert len(EXPECTED) >= 60


@pytest.mark.parametrize("name", LARGE)
def test_a_large_hostile_file_is_refused_in_time(name):
    """REL-8: whatever is thrown at it, the answer takes at most 100 ms and 64 MB, and has a place."""
    text, place, code = LARGE[name]
    spent, (process, found) = best_time(lambda: templates.examine(text), SECONDS)
    tracemalloc.start()
    templates.examine(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert process is None
    assert (place, code) in {(item.place, item.code) for item in found.errors}
    assert len(found) <= MOST_ERRORS * 2 + 2
    assert sum(len(str(item)) for item in found) < 10**6
    assert spent <= SECONDS
    assert peak <= BYTES


@pytest.mark.parametrize("size", [LARGEST_FILE, LARGEST_FILE + 1])
def test_the_largest_file(size, tmp_path):
    """REL-8: a file of exactly the largest size is read, one byte more is refused before it is looked at."""
    path = tmp_path / "mine.toml"
    path.write_text(SMALL + "#" * (size - len(SMALL)), encoding="utf-8")

    if size == LARGEST_FILE:
        assert templates.loads(SMALL) == templates.load(path)
    else:
        with pytest.raises(TemplateError, match=r"mine.toml.*file: the file is larger than 64 KiB"):
            templates.load(str(path))


def test_a_file_that_is_not_there():
    """PROC-2: a path that cannot be read is the caller's trouble, said in the system's own words."""
    with pytest.raises(FileNotFoundError):
        templates.load(CORPUS / "nowhere.toml")


@pytest.mark.parametrize("source", [None, 5, ["id"]])
def test_only_text_or_bytes_are_read(source):
    """PROC-2: what is neither text nor bytes is refused as such."""
    with pytest.raises(InvalidInput, match="source"):
        templates.loads(source)


def test_the_same_in_python():
    """PROC-2: a template written in Python equals the one written as TOML, in every field."""
    text = """
        id = "mine"
        version = 3
        name = { zh = "我的", en = "Mine" }
        customer_types = ["shops"]
        starts_when = "a call"
        ends_when = "a deal"
        jump = "free"
        win_from = "any"
        entry_from_lead = "quote"
        lost_reasons = ["price"]
        invalid_reasons = ["other"]
        custom_fields = ["budget"]
        custom_roles = ["legal"]
        waived = ["quote: no_end_mark"]
        origin = "us"

        [[stages]]
        code = "inquiry"

        [[stages]]
        code = "quote"
        name = "Quote"
        probability = 40
        starts_when = "an inquiry"
        ends_when = ""
        required_fields = ["amount", { field = "custom.budget", routes = ["full", "partner"] }]
        tasks = [{ code = "calculate", name = { en = "Calculate" }, is_core = true, routes = ["full"], origin = "us" }]
        procedures = ["four eyes"]
        roles = ["sales", "legal"]
        limit_days = 7
        is_optional = true
        approval = "owner_superior"
        origin = "us"
    """
    quote = Stage(
        "quote",
        "Quote",
        probability=40,
        starts_when="an inquiry",
        required_fields=["amount", RequiredField("custom.budget", [Route.FULL, Route.PARTNER])],
        tasks=[TaskTemplate("calculate", "Calculate", is_core=True, routes=[Route.FULL], origin="us")],
        procedures=["four eyes"],
        roles=["sales", "legal"],
        limit_days=7,
        is_optional=True,
        approval="owner_superior",
        origin="us",
    )
    expected = SalesProcess(
        "mine",
        3,
        [Stage("inquiry"), quote],
        name={"en": "Mine", "zh": "我的"},
        customer_types=["shops"],
        starts_when="a call",
        ends_when="a deal",
        jump=Jump.FREE,
        win_from=WinFrom.ANY,
        entry_from_lead="quote",
        lost_reasons=["price"],
        invalid_reasons=["other"],
        custom_fields=["budget"],
        custom_roles=["legal"],
        waived=["quote: no_end_mark"],
        origin="us",
    )

    assert expected == templates.loads(text)
    assert hash(expected) == hash(templates.loads(text))
    assert expected == templates.loads(templates.dump(expected))


def test_what_is_left_out_has_its_default():
    """PROC-2: a file that says only what must be said gives what Python gives for the same, and is written so."""
    bare = SalesProcess("t", 1, [Stage("a", tasks=[TaskTemplate("b")])])

    assert bare == templates.loads('id = "t"\nversion = 1\nstages = [{ code = "a", tasks = [{ code = "b" }] }]')
    assert templates.dump(bare) == (
        'id = "t"\nversion = 1\n\n[[stages]]\ncode = "a"\ntasks = [\n  { code = "b" },\n]\n'
    )


@given(sales_processes(least_stages=1))
def test_what_is_written_reads_back_equal(process):
    """PROC-2: any sound template, written out and read back, is equal, and is written the same again."""
    text = templates.dump(process)

    assert process == templates.loads(text)
    assert text == templates.dump(templates.loads(text))


@pytest.mark.parametrize("name", ["", {}, {"en": ""}, {"zh": "一"}, {"en": "a", "zh-TW": 'b"\\\t'}])
def test_names_are_written_in_every_language(name):
    """PROC-2, PROC-9: a name keeps its languages, none and the empty one included."""
    bare = SalesProcess("t", 1, [Stage("a")], name=name)

    assert Label(name) == read_name(templates.dump(bare))


def read_name(text: str) -> Label:
    """The name in a written template, whose tab is no sound name."""
    table = read_toml(text)
    assert isinstance(table, dict)
    return Label(table.get("name", ""))


def test_what_cannot_be_written_is_refused():
    """PROC-2: a template that holds no plain values, or is larger than a file may be, is not written."""
    bare = templates.loads(SMALL)

    fraction: Any = 1.5

    with pytest.raises(InvalidInput, match="cannot be written as TOML"):
        templates.dump(evolve(bare, version=fraction))
    with pytest.raises(TemplateError, match="larger than 64 KiB"):
        templates.dump(evolve(bare, ends_when="x" * LARGEST_FILE))


def test_a_strict_reader_takes_no_warning():
    """PROC-3: a warning lets the template through, is told by `examine`, and stops a strict reader unless waived."""
    text = SMALL.replace('ends_when = "y"', "")
    waived = f'waived = ["a: no_end_mark"]\n{text}'
    process, found = templates.examine(text)

    assert process == templates.loads(text)
    assert [(item.place, item.code) for item in found.warnings] == [("stages[0].ends_when", "no_end_mark")]
    assert found.errors == ()
    with pytest.raises(TemplateError, match="ends_when"):
        templates.loads(text, strict=True)
    assert templates.loads(waived, strict=True).waived == ("a: no_end_mark",)


def test_the_application_hands_in_its_vocabulary(tmp_path):
    """PROC-3: roles and custom fields that only the application knows are passed to every way of reading."""
    text = SMALL + 'roles = ["boss"]\nrequired_fields = ["custom.budget"]\n'
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(TemplateError, match=r"budget.*boss"):
        templates.load(path)
    process = templates.load(path, roles={"boss"}, fields={"budget"})
    assert process == templates.loads(text, roles=None, fields=None)
    examined, found = templates.examine(text, roles={"boss"}, fields={"budget"})
    assert (process, 0) == (examined, len(found))


def test_a_warning_about_what_could_not_be_read_is_not_given():
    """PROC-3: a stage whose tasks are unreadable is not said to have none, nor is a waiver of it said to be stale."""
    text = 'waived = ["a: no_start_mark"]\n' + SMALL.replace('procedures = ["z"]', "tasks = 5")

    assert [item.place for item in templates.examine(text)[1]] == ["stages[0].tasks"]


def test_very_many_unknown_keys_are_cut_short():
    """REL-8: of a table with very many unknown keys the first fifty are named."""
    found = templates.examine("".join(f"k{n} = 1\n" for n in range(MOST_ITEMS + 1)) + SMALL)[1]
    in_stage = templates.examine(SMALL + "".join(f"k{n} = 1\n" for n in range(MOST_ITEMS + 1)))[1]

    assert [f"k{n}" for n in range(MOST_ITEMS)] + ["template"] == [item.place for item in found]
    assert [f"stages[0].k{n}" for n in range(MOST_ITEMS)] + ["stages[0]"] == [item.place for item in in_stage]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a = " + "[" * DEEPEST_NESTING + "]" * DEEPEST_NESTING, None),
        ("a = " + "[" * (DEEPEST_NESTING + 1) + "]" * (DEEPEST_NESTING + 1), "too_deep"),
        ("a" + ".a" * (MOST_KEY_PARTS - 1) + " = 1", None),
        ("a" + ".a" * MOST_KEY_PARTS + " = 1", "key_too_deep"),
        ("a = [" + "1," * (MOST_VALUES - 2) + "]", None),
        ("a = [" + "1," * (MOST_VALUES - 1) + "]", "too_many_values"),
        ("a = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5]", None),
        ("a.b = 1\na.c = 1\na.d = 1\na.e = 1\na.f = 1\na.g = 1\na.h = 1\na.i = 1\na.j = 1", None),
        ("a = [[1], [2], [3], [4], [5], [6], [7], [8], [9], [10]]", None),
    ],
)
def test_the_bounds_of_a_file(text, code):
    """REL-8: what a file may hold is read up to each bound, and refused beyond it."""
    table = read_toml(text)

    assert code == (table.code if isinstance(table, Finding) else None)


@given(st.text() | st.text(alphabet="[]{}=,.\"'\\#\n a1-_"), st.integers(0, len(SMALL)))
def test_nothing_crashes(noise, position):
    """REL-8: any text, also in the middle of a sound file, is a template or a list of places."""
    for text in (noise, SMALL[:position] + noise + SMALL[position:]):
        process, found = templates.examine(text)
        assert (process is None) == bool(found.errors)
        assert all(item.place for item in found)


@given(st.binary())
def test_no_bytes_crash(content):
    """REL-8: any bytes are a template or a list of places."""
    assert templates.examine(content)[1].errors


@given(st.recursive(st.text() | st.integers() | st.booleans(), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_values_are_written_as_they_are_read(value):
    """PROC-2: text with any characters, numbers, truth values and lists of them survive being written."""
    written = f"a = {toml_value(value)}"
    table = read_toml(written)
    if isinstance(table, Finding):
        assert table.code in {"syntax", "too_deep"}
        assert table.code == "too_deep" or not written.isprintable()
    else:
        assert value == table["a"]


def test_rules_and_approvals_in_python_and_toml_are_equal():
    """PROC-2, RULE-1, RULE-2: money, days and languages too, and a day may be written as TOML has days."""
    in_toml = templates.loads(
        SMALL + "\n".join(
            [
                'approval = "role:presales"', "approval_expires_after_days = 3", "[[rules]]", 'code = "worth_it"',
                'before = ["advance", "win"]', 'stages = ["a"]',
                'when = [{ field = "source", one_of = ["web", "fair"] }]',
                'needs = [{ field = "amount", at_least = "1000 CNY" }, { field = "close_date", at_most = 2026-12-31 }]',
                'message = { en = "Too small", zh = "太小" }', "[[approvals]]", 'before = "lose"',
                'approver = "person:zhang"', "expires_after_days = 14",
            ]
        )
    )  # fmt: skip
    (stage,) = in_toml.stages
    in_python = evolve(
        in_toml,
        stages=[evolve(stage, approval="role:presales", approval_expires_after_days=3)],
        rules=[
            ProcessRule(
                "worth_it", ("advance", "win"),
                (Condition("amount", at_least=Money(1000, "CNY")), Condition("close_date", at_most=date(2026, 12, 31))),
                {"zh": "太小", "en": "Too small"}, stages=["a"], when=[Condition("source", one_of=["web", "fair"])],
            )
        ],
        approvals=[ProcessApproval("lose", "person:zhang", expires_after_days=14)],
    )  # fmt: skip
    assert in_toml == in_python
    assert templates.loads(templates.dump(in_python)) == in_python
