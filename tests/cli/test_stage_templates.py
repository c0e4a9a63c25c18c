"""`salesflow check` and `salesflow draw`: stage templates in files."""

from pathlib import Path

import pytest

import salesflow as sf
from tests.cli.calls import done, refused, run

BUILTIN = Path(sf.templates.__file__).parent / "files" / "builtin"
CORPUS = Path(__file__).parents[1] / "files" / "corpus" / "template"
GOOD = BUILTIN / "crm2000.toml"


def write(folder: Path, name: str, text: str) -> Path:
    """Return a file in *folder* that holds *text*."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_template_is_clean() -> None:
    """PROC-2, PROC-3: exit code 0, nothing on standard output, a count on standard error."""
    result = done("check", *sorted(BUILTIN.glob("*.toml")))
    assert result.stdout == ""
    assert result.stderr.count("no errors, no warnings") == len(sf.templates.builtin())


def test_every_problem_is_listed_with_its_place(tmp_path: Path) -> None:
    """PROC-3: all of them at once, of every file, with file and line where the place is a line."""
    syntax = write(tmp_path, "syntax.toml", 'id = "a"\nversion = = 1\n')
    several = write(tmp_path, "several.toml", 'id = "A"\nversion = 0\n[[stages]]\ncode = "x"\nprobability = 101\n')
    result = run("check", syntax, several, GOOD)
    assert result.exit_code == 1
    assert f"{syntax}:2:11: error: " in result.stdout
    for line, place in ((1, "id"), (2, "version"), (5, "stages[0].probability")):
        assert f"{several}:{line}: error: {place}: " in result.stdout
    assert f"{GOOD}: no errors" in result.stderr


def test_problems_as_json(tmp_path: Path) -> None:
    """PROC-3: the same as the findings of the library, for machines."""
    import json

    broken = write(tmp_path, "broken.toml", 'id = "A"\nversion = 0\nstages = []\n')
    result = run("check", broken, "--json")
    findings = sf.templates.examine(broken.read_bytes(), name=str(broken))[1]
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(one["place"], one["code"], one["message"]) for one in told] == [
        (found.place, found.code, found.message) for found in findings
    ]
    syntax = write(tmp_path, "syntax.toml", "id = \n")
    (told,) = json.loads(run("check", syntax, "--json").stdout)
    assert (told["line"], told["is_error"]) == (1, True)


def test_warnings_are_shown_and_strict_counts_them(tmp_path: Path) -> None:
    """PROC-3: a warning stops nobody, unless it is asked to."""
    thin = write(tmp_path, "thin.toml", 'id = "thin"\nversion = 1\n[[stages]]\ncode = "only"\n')
    result = done("check", thin)
    assert "warning: stages[0]" in result.stdout
    assert "no errors, 3 warnings" in result.stderr
    assert run("check", "--strict", thin).exit_code == 1


def test_a_handler_is_known_where_it_is_named(tmp_path: Path) -> None:
    """RULE-3, PROC-3: a file cannot know what an application registers; whoever checks it may say so."""
    text = GOOD.read_text(encoding="utf-8") + '\n[[automation]]\ncode = "erp"\non = "won"\ncall = "book_order"\n'
    calling = write(tmp_path, "calling.toml", text)
    assert "automation[0].call: the application must register a handler 'book_order'" in done("check", calling).stdout
    assert run("check", "--strict", "--handler", "other", calling).exit_code == 1
    assert done("check", "--strict", "--handler", "other", "--handler", "book_order", calling).stdout == ""


def test_hostile_files_have_problems_and_no_traceback(tmp_path: Path) -> None:
    """REL-8: each file of the corpus is either sound or has problems; none breaks the command."""
    for path in sorted(CORPUS.glob("*.toml")):
        result = run("check", path)
        assert result.exit_code in (0, 1), path
        assert "\x1b" not in result.output
    huge = write(tmp_path, "huge.toml", "#" * 200_000)
    assert run("check", huge).exit_code == 1


def test_hostile_cases_have_problems_and_no_traceback() -> None:
    """REL-8, PROC-3: so it is with files of cases; what a template does not do is told, and works on no terminal."""
    template = CORPUS.parents[3] / "docs" / "how-to" / "reseller.toml"
    for path in sorted((CORPUS.parent / "cases").glob("*.txt")):
        result = run("check", template, "--cases", path)
        assert result.exit_code == 1, path
        assert "\x1b" not in result.output


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.svg", "svg"), ("a.mmd", "mermaid"), ("a.MD", "markdown"), ("a.html", "html"), ("a.htm", "html")],
)
def test_the_end_of_the_name_says_the_format(tmp_path: Path, name: str, format: str) -> None:
    """PROC-5: what is written is what the library draws."""
    result = done("draw", GOOD, "-o", tmp_path / name)
    assert result.stdout == ""
    assert (tmp_path / name).read_text(encoding="utf-8") == sf.templates.draw(sf.templates.load(GOOD), format)


@pytest.mark.parametrize("format", ["svg", "mermaid", "markdown", "html"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_format_goes_to_standard_output(format: str, language: str) -> None:
    """PROC-5: in both languages, and nothing else is printed."""
    result = done("draw", GOOD, "--format", format, "--language", language)
    assert result.stdout == sf.templates.draw(sf.templates.load(GOOD), format, language)
    assert result.stderr == ""


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    """PROC-3, REL-8: usage is exit code 2, a broken template 1 with all its problems, a folder that is not there 1."""
    assert "-o FILE, or --format" in refused("draw", GOOD, code=2)
    assert ".svg" in refused("draw", GOOD, "-o", tmp_path / "picture.bmp", code=2)
    assert "does not exist" in refused("draw", tmp_path / "nothing.toml", "--format", "svg", code=2)
    broken = write(tmp_path, "broken.toml", 'id = "A"\nversion = 0\nstages = []\n')
    said = refused("draw", broken, "--format", "svg")
    assert said.startswith("salesflow: ")
    assert said.count("\n") >= 3
    assert "No such file" in refused("draw", GOOD, "-o", tmp_path / "none" / "a.svg")
