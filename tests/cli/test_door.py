"""The command line as a whole: help, exit codes, colours, what is not installed, and no traceback anywhere."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import pytest

from salesflow import cli
from salesflow.cli.commands import remedy, salesflow, told
from salesflow.cli.options import opened_store
from salesflow.cli.terminal import console, harmless, heading, padded, paragraph, say, table
from salesflow.errors import PortError
from tests.cli.calls import Demo, done, refused, run

COMMANDS = ["board", "check", "demo", "draw", "export", "history", "import", "list", "pipeline", "schema", "why"]


def test_help_names_every_command() -> None:
    """api.md §7: each command is there, says what it does, and the exit codes are told."""
    said = done("--help").stdout
    assert sorted(salesflow.commands) == COMMANDS
    assert all(f"  {name} " in said for name in COMMANDS)
    assert "Exit codes: 0 done" in said
    for name in COMMANDS:
        assert "Usage: salesflow" in done(name, "--help").stdout
    assert done("--version").stdout.startswith("salesflow ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["unknown"], ["list"], ["check"], ["draw"], ["list", "--limit", "0"], ["list", "--limit", "many"],
        ["check", "/no/such/file"], ["check", "/"], ["demo", "--colour"], ["export", "--kind", "dragon"],
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    """api.md §7: a command that was called wrongly says how it is called."""
    assert "Usage: salesflow" in refused(*arguments, code=2)


def test_help_imports_nothing_heavy() -> None:
    """PERF-8: `salesflow --help` loads neither SQLAlchemy nor rich nor the rooms."""
    code = (
        "import sys\nfrom salesflow.cli.commands import salesflow\n"
        "try: salesflow(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'sqlalchemy', 'rich', 'cattrs', 'transitions', 'salesflow.app', 'salesflow.process'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False)
    assert run.returncode == 0, run.stderr


def test_it_runs_as_a_module() -> None:
    """api.md §7: `python -m salesflow` is the same; a terminal without Chinese gets escapes, not a traceback."""
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    run = subprocess.run(
        [sys.executable, "-m", "salesflow", "--help"], capture_output=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    assert b"\\u" in run.stdout


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """architecture.md: without its extra, the command line says how to install it."""
    monkeypatch.setitem(sys.modules, "salesflow.cli.commands", None)
    with pytest.raises(ModuleNotFoundError):
        cli.main()
    monkeypatch.delitem(sys.modules, "salesflow.cli.commands")
    monkeypatch.setitem(sys.modules, "click", None)
    for name in [name for name in sys.modules if name.startswith("salesflow.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(SystemExit, match=r"needs click: pip install 'salesflow\[cli\]'"):
        cli.main()


def test_what_to_install(monkeypatch: pytest.MonkeyPatch, demo: Demo) -> None:
    """architecture.md: what a command needs is named with the command that installs it."""
    assert remedy("sqlalchemy.orm") == "pip install 'salesflow[sql]'"
    assert remedy("rich") == "pip install 'salesflow[cli]'"
    assert remedy("psycopg") == "pip install psycopg"
    monkeypatch.setitem(sys.modules, "salesflow.stores.sql", None)
    assert "pip install" in refused("list", *demo.where, "--as", "li")


def test_databases_that_cannot_be_opened(tmp_path: Path, demo: Demo) -> None:
    """REL-8: a missing file is not made by reading it, nor are tables in one without; none ends in a traceback."""
    others = [*demo.where[2:], "--as", "li"]
    missing = tmp_path / "missing.db"
    assert "there is no database" in refused("list", "--db", f"sqlite:///{missing}", *others)
    assert not missing.exists()
    empty = tmp_path / "empty.db"
    empty.write_bytes(b"")
    assert "has no tables of salesflow; `salesflow import` makes them" in refused(
        "list", "--db", f"sqlite:///{empty}", *others
    )
    assert empty.read_bytes() == b""
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE mine (x)")
    before = (tmp_path / "other.db").read_bytes()
    assert "has no tables" in refused("board", "--db", f"sqlite:///{tmp_path / 'other.db'}", *others)
    assert (tmp_path / "other.db").read_bytes() == before
    (tmp_path / "text.db").write_text("this is no database, " * 100, encoding="utf-8")
    said = refused("list", "--db", f"sqlite:///{tmp_path / 'text.db'}", *others)
    assert "file is not a database" in said
    assert said.count("\n") == 1
    assert "sqlite:///sales.db" in refused("list", "--db", "sales.db", *others)
    assert "0 of 0" in done("list", "--db", "sqlite:///:memory:", *others).stderr
    with pytest.raises(PortError), opened_store(f"sqlite:///{missing}"):
        pass


def test_whatever_a_driver_raises_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch, demo: Demo) -> None:
    """REL-7: a driver has errors of its own; the first line of what it says is shown."""

    class Broken:
        """A store whose driver fails."""

        def __init__(self, url: str) -> None:
            raise RuntimeError(f"no route to {len(url)} hosts\nand more")

    monkeypatch.setattr("salesflow.stores.sql.SqlStore", Broken)
    said = refused("list", *demo.where, "--as", "li")
    assert said.startswith("salesflow: port store: the database cannot be opened: no route to ")
    assert "and more" not in said


def test_colours(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Friendliness: a terminal gets colours, unless --no-color, before or after the command, forbids them."""
    arguments = [*demo.where, "--as", "li"]
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = done("list", *arguments).stdout
    assert "\x1b[" in coloured
    for plain in (done("--no-color", "list", *arguments), done("list", *arguments, "--no-color")):
        assert "\x1b[3" not in plain.stdout
    monkeypatch.delenv("FORCE_COLOR")
    assert "\x1b" not in done("list", *arguments).stdout


def test_chinese_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    """Friendliness: two columns for a Chinese character; a table that fits breaks no word."""
    assert padded("李娜", 6) == "李娜  "
    table("name  >count", [("李娜", 10), ("Zhao Min", 2)])
    assert capsys.readouterr().out.splitlines() == ["name      count", "李娜         10", "Zhao Min      2"]
    heading("阶段")
    assert capsys.readouterr().out == "\n阶段\n────\n"
    paragraph("one\n  two", indent=1, mark="✗ ")
    assert capsys.readouterr().out == " ✗ one\n   ✗ two\n"
    say("")
    assert capsys.readouterr().out == "\n"


def test_a_narrow_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Friendliness: what does not fit is folded, never cut."""
    monkeypatch.setenv("COLUMNS", "30")
    table("name  what", [("abcdefghijklmnopqrstuvwxyz", "0123456789" * 3)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 30
    assert set("".join(lines)) >= set("abcdefghijklmnopqrstuvwxyz0123456789")
    paragraph("word " * 12, mark="- ")
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 30


@pytest.mark.parametrize("hostile", ["\x1b[2J", "a\x07b", "\u202eabc", "[red]bold[/red]", "\r\n"])
def test_records_do_not_work_on_the_terminal(hostile: str, capsys: pytest.CaptureFixture[str]) -> None:
    """REL-8: no control character, turning mark or markup of a record reaches the terminal as such."""
    table("name", [(hostile,)])
    shown = capsys.readouterr().out
    assert not set("\x1b\x07\u202e\r") & set(shown)
    assert "[red]" not in hostile or "[red]bold[/red]" in shown
    assert harmless("  two") == "  two"


def test_a_console_outside_of_a_command() -> None:
    """Friendliness: colours are the terminal's own business there."""
    assert console().no_color is ("NO_COLOR" in os.environ)
    with click.Context(salesflow) as context:
        context.color = False
        assert console(stderr=True).no_color is True


def test_a_reader_that_goes_away(demo: Demo) -> None:
    """Friendliness: a pipe that is closed early, as `| head` does, ends the command quietly."""
    command = [sys.executable, "-m", "salesflow", "export", *demo.where, "--as", "root"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert b"Traceback" not in started.stderr.read()


def test_the_errors_of_files_name_the_file(tmp_path: Path) -> None:
    """REL-8: what the operating system refuses is told with the file."""
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    result = run("demo", "--out", blocked / "below")
    assert result.exit_code == 1
    assert str(blocked) in result.stderr
    assert "a file stands where a folder is needed" in result.stderr
    assert told(OSError("odd")) == "the file: odd"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_full_disk(demo: Demo) -> None:
    """REL-8: a result that cannot be printed is exit code 1 and one line, even where it is the terminal's fault."""
    command = [sys.executable, "-m", "salesflow", "list", *demo.where, "--as", "chen", "--json"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    assert ended.returncode == 1
    assert "make room" in ended.stderr
    assert "Traceback" not in ended.stderr
