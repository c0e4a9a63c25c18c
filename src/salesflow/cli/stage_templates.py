"""`salesflow check` and `salesflow draw`: stage templates in files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from salesflow.cli.options import EXISTING_FILE, colour_option, json_option
from salesflow.cli.terminal import answer, say
from salesflow.errors import TemplateError

if TYPE_CHECKING:
    from salesflow.process.findings import Finding, Findings

FORMATS = ("svg", "mermaid", "markdown", "html")
SUFFIXES = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".md": "markdown", ".html": "html", ".htm": "html"}
"""The format that the end of a file's name asks for."""

_POSITION = re.compile(r"line (\d+), column (\d+)")


@click.command
@click.argument("files", nargs=-1, required=True, type=EXISTING_FILE, metavar="FILE…")
@click.option("--strict", is_flag=True, help="Count a warning that the file does not waive as an error.")
@click.option(
    "--cases", type=EXISTING_FILE, metavar="FILE",
    help="Also try the one template with the tables | given | when | then | of a Markdown file.",
)  # fmt: skip
@click.option(
    "--handler", "handlers", multiple=True, metavar="CODE",
    help="A handler that the application registers for automation; may be given again.",
)  # fmt: skip
@json_option
@colour_option
def check(files: tuple[Path, ...], strict: bool, cases: Path | None, handlers: tuple[str, ...], as_json: bool) -> None:
    """Check stage templates; every problem is listed with its place."""
    if cases is not None and len(files) > 1:
        raise click.UsageError("--cases tries one template: name one file")
    found = {file: _examine(file, strict, handlers) for file in files}
    if cases is not None:
        found[cases] = _tried(next(iter(files)), cases)
    if as_json:
        answer([_plain(file, problem) for file, problems in found.items() for problem in problems])
    else:
        for file, problems in found.items():
            for problem in problems:
                say(_line(file, problem))
            errors, warnings = len(problems.errors), len(problems.warnings)
            say(f"{file}: {_counted(errors, 'error')}, {_counted(warnings, 'warning')}", stderr=True)
    if any(problems.errors for problems in found.values()):
        click.get_current_context().exit(1)


def _tried(file: Path, cases: Path) -> Findings:
    """The cases that do not hold, each at its line; none where the template has errors, which are told already."""
    from salesflow import templates
    from salesflow.process.findings import Finding, Findings
    from salesflow.template_cases import LARGEST_TEXT, check_cases

    process, _ = templates.examine(_content(file))
    if process is None:
        return Findings(str(cases))
    with cases.open(encoding="utf-8-sig", errors="replace") as opened:
        problems = check_cases(process, opened.read(LARGEST_TEXT + 1))
    return Findings(str(cases), tuple(Finding("case", "case", each.problem, line=each.line) for each in problems))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count or 'no'} {noun}s"


def _examine(file: Path, strict: bool, handlers: tuple[str, ...]) -> Findings:
    from salesflow import templates
    from salesflow.files.toml_lines import with_lines
    from salesflow.process.findings import Findings

    content = _content(file)
    found = templates.examine(content, name=str(file), handlers=handlers, strict=strict)[1]
    return Findings(found.template, with_lines(found.items, content))


def _content(file: Path) -> bytes:
    """Return the file's bytes; of one that is too large as many as show that it is."""
    from salesflow.files.toml import LARGEST_FILE

    with file.open("rb") as opened:
        return opened.read(LARGEST_FILE + 1)


def _line(file: Path, problem: Finding) -> str:
    severity = "error" if problem.is_error else "warning"
    position = _POSITION.fullmatch(problem.place)
    if position:
        return f"{file}:{position[1]}:{position[2]}: {severity}: {problem.message} [{problem.code}]"
    where = file if problem.line is None else f"{file}:{problem.line}"
    return f"{where}: {severity}: {problem.place}: {problem.message} [{problem.code}]"


def _plain(file: Path, problem: Finding) -> dict[str, object]:
    position = _POSITION.fullmatch(problem.place)
    return {
        "file": str(file),
        "line": int(position[1]) if position else problem.line,
        "column": int(position[2]) if position else None,
        "place": problem.place,
        "code": problem.code,
        "message": problem.message,
        "is_error": problem.is_error,
    }


@click.command
@click.argument("file", type=EXISTING_FILE)
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help=f"Where to write it; its end says the format: {' '.join(SUFFIXES)}.",
)  # fmt: skip
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="The format; without -o, to standard output.")
@click.option("--language", type=click.Choice(("en", "zh")), default="en", show_default=True, help="Of the captions.")
@colour_option
def draw(file: Path, out: Path | None, wanted: str | None, language: str) -> None:
    """Draw a stage template: its stage chart and its framework matrix (阶段图)."""
    if wanted is None:
        if out is None:
            raise click.UsageError("say where to draw it: -o FILE, or --format for standard output")
        wanted = SUFFIXES.get(out.suffix.lower())
        if wanted is None:
            raise click.UsageError(f"no format is known by {out.suffix!r}: end the name in {' '.join(SUFFIXES)}")
    from salesflow import templates

    process, findings = templates.examine(_content(file), name=str(file))
    if process is None:
        raise TemplateError(str(file), [str(error) for error in findings.errors])
    drawn = templates.draw(process, wanted, language)
    if out is None:
        click.echo(drawn, nl=False)
    else:
        out.write_text(drawn, encoding="utf-8")
        say(str(out), stderr=True)
