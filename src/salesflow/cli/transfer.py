"""`salesflow import` and `salesflow export`: records in from files, and out to files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from salesflow.cli.options import EXISTING_FILE, Session, colour_option, flow_options, json_option, scene_option
from salesflow.cli.terminal import answer, console, say

if TYPE_CHECKING:
    from salesflow.app import ImportReport

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
FORMATS = ("csv", "json")
MOST_SHOWN = 50
"""So many problems of rows are shown; ``--json`` has more."""
ROWS_A_LINE = 5_000
"""Where standard error is no terminal, progress is a line for so many rows."""


@click.command("import")
@click.argument("file", type=EXISTING_FILE)
@click.option(
    "--map", "mapping", required=True, type=EXISTING_FILE, metavar="MAP.toml",
    help="Which column becomes which field.",
)  # fmt: skip
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="What FILE is; else the end of its name says it.")
@click.option("--dry-run", is_flag=True, help="Write nothing, and report what would be.")
@flow_options(makes_database=True)
@json_option
@colour_option
def import_file(
    session: Session, file: Path, mapping: Path, wanted: str | None, dry_run: bool, as_json: bool
) -> None:  # fmt: skip
    """
    Take in opportunities or leads from a CSV or JSON FILE.

    A row that is wrong is reported and stops no other; exit code 1 says that there was one. Running it twice
    changes nothing.
    """
    desk = session.acting.files
    take = desk.import_json if _format(file, wanted) == "json" else desk.import_csv
    try:
        with _progress() as progress:
            report = take(file, mapping, dry_run=dry_run, progress=progress)
    except KeyboardInterrupt:
        rest = "what was taken in stays, and the same command again takes in the rest"
        say(f"salesflow: interrupted; {rest}", stderr=True)
        raise click.exceptions.Exit(1) from None
    if as_json:
        from salesflow.cli.figures import plain

        answer({"file": str(file), "dry_run": dry_run, **plain(report)})
    else:
        _show(file, report, dry_run)
    if report.refused or report.problems:
        click.get_current_context().exit(1)


def _format(file: Path, wanted: str | None) -> str:
    return wanted or ("json" if file.suffix.lower() in JSON_SUFFIXES else "csv")


def _show(file: Path, report: ImportReport, dry_run: bool) -> None:
    for problem in report.problems[:MOST_SHOWN]:
        line = f"{file}:{problem.line}" if problem.line is not None else f"{file}: row {problem.row}"
        column = f"{problem.column}: " if problem.column else ""
        say(f"{line}: {column}{problem.problem} [{problem.code}]")
    if len(report.problems) > MOST_SHOWN:
        say(f"and {len(report.problems) - MOST_SHOWN:,} more problems; --json lists them")
    done = "would be taken in" if dry_run else "taken in"
    say(f"{report.imported:,} {done}, {report.unchanged:,} there already, {report.refused:,} refused")
    for caption, counts in (("made", report.made), ("missing", report.missing), ("respelled", report.respelled)):
        if counts:
            say(f"{caption}: {', '.join(f'{name} {count:,}' for name, count in sorted(counts.items()))}")
    if report.linked:
        say(f"known already: lead {report.linked:,}")


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Give what to call with the number of rows done; it is shown on standard error."""
    if not sys.stderr.isatty():
        yield _tell_row
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.completed:,} rows"), TimeElapsedColumn()
    with Progress(*columns, console=console(stderr=True), transient=True) as shown:
        task = shown.add_task("rows", total=None)
        yield lambda row: shown.update(task, completed=row)


def _tell_row(row: int) -> None:
    if row % ROWS_A_LINE == 0:
        say(f"{row:,} rows", stderr=True)


@click.command("export")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Where to write it; else to standard output.",
)  # fmt: skip
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="Else the end of FILE's name says it, or json.")
@click.option(
    "--kind", type=click.Choice(("opportunity", "lead", "customer", "contact", "document")), default="opportunity",
    show_default=True, help="The kind of record.",
)  # fmt: skip
@flow_options()
@scene_option
@colour_option
def export_file(session: Session, out: Path | None, wanted: str | None, kind: str, scene: str) -> None:
    """Write what PERSON may see, as JSON that reads back equal, or as CSV for a spreadsheet."""
    known = wanted or ("csv" if out is not None and out.suffix.lower() == ".csv" else "json")
    desk = session.acting.files
    write = desk.export_csv if known == "csv" else desk.export_json
    if out is None:
        # A file is UTF-8 whatever the terminal shows, and a JSON file with a terminal's escapes would be none.
        getattr(sys.stdout, "reconfigure", lambda **_: None)(encoding="utf-8", errors="strict")
    count = write(scene, sys.stdout if out is None else out, kind=kind)
    say(f"{count:,} written", stderr=True)
