"""How the tests call the command line: in this process, as a terminal would."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner, Result

from salesflow.cli.commands import salesflow
from salesflow.cli.demo import DATABASE, REPORT


class Demo(NamedTuple):
    """What one run of `salesflow demo` left behind."""

    folder: Path
    result: Result

    @property
    def where(self) -> list[str]:
        """The options that open its database."""
        database = f"sqlite:///{self.folder / DATABASE}"
        return ["--db", database, "--org", str(self.folder / "company.toml"), "--time-zone", "Asia/Shanghai"]

    @property
    def page(self) -> str:
        """The report."""
        return (self.folder / REPORT).read_text(encoding="utf-8")


def run(*arguments: object, **settings: Any) -> Result:
    """Run the command line; a traceback fails the test at once."""
    result = CliRunner().invoke(salesflow, [str(argument) for argument in arguments], prog_name="salesflow", **settings)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def done(*arguments: object, **settings: Any) -> Result:
    """Run the command line, which must do what it was asked."""
    result = run(*arguments, **settings)
    assert result.exit_code == 0, result.output
    return result


def answered(*arguments: object) -> Any:
    """Return what the command line answers as JSON, alone on standard output."""
    return json.loads(done(*arguments, "--json").stdout)


def refused(*arguments: object, code: int = 1) -> str:
    """Return what standard error says of a command that cannot be done."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    return result.stderr
