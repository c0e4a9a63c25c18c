"""
The commands by name, and what becomes of errors.

Exit codes: 0 done; 1 it could not be done, or problems were found; 2 the command was called wrongly.
"""

from __future__ import annotations

import errno
from typing import Any

import click

from salesflow.cli.demo import command as demo
from salesflow.cli.options import colour_option
from salesflow.cli.reading import board, history, list_opportunities, pipeline, why
from salesflow.cli.schemas import schema
from salesflow.cli.stage_templates import check, draw
from salesflow.cli.terminal import say
from salesflow.cli.transfer import export_file, import_file
from salesflow.errors import PortError, SalesflowError

WOULD_DO = {
    errno.ENOENT: "is its folder there?",
    errno.EACCES: "choose a place that you may use",
    errno.EROFS: "choose a place that is not read-only",
    errno.ENOTDIR: "choose another place: a file stands where a folder is needed",
    errno.ENOSPC: "make room, or choose another place",
}
"""What would do, where the operating system says no."""


class Door(click.Group):
    """Turns every error that a person can act on into a message and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """
        Run the command.

        Raises:
            click.exceptions.Exit: With code 1, after a message, where it could not be done.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise
        except (SalesflowError, OSError) as error:
            say(f"salesflow: {told(error)}", stderr=True)
        except ModuleNotFoundError as missing:
            say(f"salesflow: this needs {missing.name}: {remedy(missing.name or '')}", stderr=True)
        raise click.exceptions.Exit(1)


def told(error: SalesflowError | OSError) -> str:
    """Return what is wrong, one line for each problem where there are several."""
    problems = getattr(error, "problems", ())
    if len(problems) > 1:
        return "\n".join([f"{str(error).partition(': ')[0]}:", *(f"  {problem}" for problem in problems)])
    if isinstance(error, OSError):
        hint = WOULD_DO.get(error.errno or 0)
        return f"{error.filename or 'the file'}: {error.strerror or error}{f'; {hint}' if hint else ''}"
    # a database's own words run over several lines, and end in an address
    return str(error).partition("\n")[0] if isinstance(error, PortError) else str(error)


def remedy(module: str) -> str:
    """Return the command that installs what is missing."""
    extra = "cli" if module.partition(".")[0] in ("click", "rich") else "sql"
    known = module.partition(".")[0] in ("click", "rich", "sqlalchemy")
    return f"pip install 'salesflow[{extra}]'" if known else f"pip install {module}"


@click.group(
    cls=Door,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 it could not be done, or problems were found; 2 the command was called wrongly.",
)
@colour_option
@click.version_option(package_name="salesflow", message="%(prog)s %(version)s")
def salesflow() -> None:
    """A complete sales process: leads, opportunities, stage templates, visibility, grading (商机管理)."""


for command in (demo, check, draw, schema, import_file, export_file, list_opportunities, board, pipeline, history, why):
    salesflow.add_command(command)
