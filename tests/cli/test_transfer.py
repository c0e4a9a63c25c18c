"""`salesflow import` and `salesflow export`."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from salesflow.files.json_codec import from_json
from tests.cli.calls import Demo, answered, done, refused, run

MAPPING = """
kind = "lead"
[fields]
id = "id"
title = "title"
owner = "owner"
source = "source"
email = "email"
"""
ROWS = """id,title,owner,source,email
1,采购系统,li,website,a@b.example
2,,li,website,a@b.example
3,Third,nobody,fair,a@b.example
4,Fourth,zhao,fair,a@b.example
"""


@pytest.fixture
def place(demo: Demo, tmp_path: Path) -> list[Any]:
    """The arguments of an import into a new database."""
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    where = ["--db", f"sqlite:///{tmp_path / 'new.db'}", *demo.where[2:], "--as", "root"]
    return [tmp_path / "rows.csv", "--map", tmp_path / "map.toml", *where]


def test_wrong_rows_are_told_and_stop_no_other(place: list[Any]) -> None:
    """IO-1: exit code 1, file and line of each problem, and the other rows are in; a second time changes nothing."""
    result = run("import", *place)
    assert result.exit_code == 1
    assert f"{place[0]}:3: title: this must be given [missing]" in result.stdout
    assert f"{place[0]}:4: " in result.stdout
    assert "2 taken in, 0 there already, 2 refused" in result.stdout
    assert "0 taken in, 2 there already, 2 refused" in run("import", *place).stdout


def test_a_dry_run_writes_nothing(place: list[Any], tmp_path: Path) -> None:
    """IO-1: it reports what would be; a database that is not there, or has no tables, counts as empty and stays so."""
    database = tmp_path / "new.db"
    assert "2 would be taken in" in run("import", *place, "--dry-run").stdout
    assert not database.exists()
    database.write_bytes(b"")
    assert "2 would be taken in" in run("import", *place, "--dry-run").stdout
    assert database.read_bytes() == b""
    assert "2 taken in" in run("import", *place).stdout
    assert "0 would be taken in, 2 there already" in run("import", *place, "--dry-run").stdout


def test_counts_and_problems_as_json(place: list[Any]) -> None:
    """IO-1: the report of the library, alone on standard output."""
    told = json.loads(run("import", *place, "--json").stdout)
    assert (told["imported"], told["unchanged"], told["refused"], told["dry_run"]) == (2, 0, 2, False)
    assert {(problem["line"], problem["column"]) for problem in told["problems"]} >= {(3, "title")}


def test_json_rows(place: list[Any]) -> None:
    """IO-1: the end of the name, or --format, says that a file is JSON."""
    rows = list(csv.DictReader(io.StringIO(ROWS)))[:1]
    path = place[0].with_suffix(".json")
    path.write_text(json.dumps(rows), encoding="utf-8")
    assert "1 taken in" in done("import", path, *place[1:]).stdout
    path.rename(path.with_suffix(".txt"))
    assert "1 there already" in done("import", path.with_suffix(".txt"), *place[1:], "--format", "json").stdout


def test_leads_that_are_known_already_are_counted(place: list[Any], tmp_path: Path) -> None:
    """LEAD-12: a file of deals brings a customer along; of two leads the one that has his number is linked to it."""
    deals = 'kind = "opportunity"\n[fields]\nid = "id"\nname = "id"\nowner = "owner"\nstage = "stage"\n'
    deals += 'process = { constant = "crm2000" }\n[customer]\nname = "customer"\nphone = "phone"\n'
    (tmp_path / "map.toml").write_text(deals, encoding="utf-8")
    place[0].write_text("id,owner,stage,customer,phone\n1,li,bidding,Wang,139 1234 5678\n", encoding="utf-8")
    assert "known already" not in done("import", *place).stdout
    (tmp_path / "map.toml").write_text(MAPPING.replace("email", "phone"), encoding="utf-8")
    rows = "id,title,owner,source,phone\n1,A,li,fair,+86 13912345678\n2,B,li,fair,13800000000\n"
    place[0].write_text(rows, encoding="utf-8")
    for more in (["--dry-run"], []):
        assert "known already: lead 1\n" in done("import", *place, *more).stdout


def test_many_problems_are_cut_short(place: list[Any]) -> None:
    """IO-1: the terminal shows some; progress is told on standard error."""
    place[0].write_text(
        "id,title,owner,source,email\n" + "".join(f"{n},,li,,\n" for n in range(5_001)), encoding="utf-8"
    )
    result = run("import", *place)
    assert "and 950 more problems; --json lists them" in result.stdout
    assert "5,000 rows" in result.stderr


def test_an_import_that_is_interrupted(place: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """IO-1: Ctrl-C in the middle is no traceback; it says what to do, and doing it loses and doubles nothing."""

    def interrupt(row: int) -> None:
        if row > 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr("salesflow.cli.transfer._tell_row", interrupt)
        said = refused("import", *place)
    assert said == "salesflow: interrupted; what was taken in stays, and the same command again takes in the rest\n"
    told = json.loads(run("import", *place, "--json").stdout)
    assert (told["imported"] + told["unchanged"], told["refused"]) == (2, 2)


def test_progress_on_a_terminal(place: list[Any]) -> None:
    """IO-1: on a terminal the number of rows moves on one line of standard error; standard output stays clean."""
    terminal, other_end = os.openpty()
    command = [sys.executable, "-m", "salesflow", "import", *map(str, place), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=other_end) as started:
        os.close(other_end)
        shown = b""
        with contextlib.suppress(OSError):  # how Linux says that the other end is closed
            while part := os.read(terminal, 4096):
                shown += part
        assert started.stdout is not None
        assert json.loads(started.stdout.read())["imported"] == 2
    os.close(terminal)
    assert b" rows" in shown


def test_an_import_that_cannot_begin(place: list[Any], tmp_path: Path) -> None:
    """IO-1, REL-8: a wrong mapping lists all its problems; a missing file is wrong usage."""
    (tmp_path / "map.toml").write_text('kind = "lead"\n[fields]\ncolour = "x"\nbody = "y"\n', encoding="utf-8")
    said = refused("import", *place)
    assert "colour" in said
    assert "body" in said
    assert "does not exist" in refused("import", tmp_path / "none.csv", *place[1:], code=2)
    assert "Missing option '--map'" in refused("import", place[0], *place[3:], code=2)
    (tmp_path / "map.toml").write_text(MAPPING, encoding="utf-8")
    org = tmp_path / "org.toml"
    org.write_text("employees = 3\nfriends = 4\n", encoding="utf-8")
    said = refused("import", *place, "--org", org)
    assert "employees" in said
    assert "friends" in said


def test_export_is_what_the_person_sees(demo: Demo) -> None:
    """IO-2, VIS-16: JSON reads back equal, one record a line; CSV has one row for each."""
    result = done("export", *demo.where, "--as", "wang")
    records = [from_json(json.dumps(item)) for item in json.loads(result.stdout)]
    listed = answered("list", *demo.where, "--as", "wang", "--order-by", "id")["items"]
    assert {record.id for record in records} == {item["id"] for item in listed}
    assert result.stderr == "2 written\n"
    rows = list(csv.DictReader(io.StringIO(done("export", *demo.where, "--as", "wang", "--format", "csv").stdout)))
    assert {row["name"] for row in rows} == {"智慧园区平台", "CRM2000 for Atlas"}


def test_export_into_a_file(demo: Demo, tmp_path: Path) -> None:
    """IO-2: the end of the name says the format; other kinds of records too."""
    done("export", *demo.where, "--as", "root", "--kind", "lead", "-o", tmp_path / "leads.csv")
    assert (tmp_path / "leads.csv").read_text(encoding="utf-8").count("\nlead-") == 4
    done("export", *demo.where, "--as", "li", "-o", tmp_path / "deals.json", "--scene", "won")
    assert len(json.loads((tmp_path / "deals.json").read_text(encoding="utf-8"))) == 1
    said = refused("export", *demo.where, "--as", "root", "-o", tmp_path / "none" / "a.json")
    assert said == f"salesflow: {tmp_path / 'none' / 'a.json'}: No such file or directory; is its folder there?\n"


def test_an_export_is_utf_8_whatever_the_terminal_shows(demo: Demo) -> None:
    """IO-2: what goes to a file through a pipe is the file's text, not what the terminal could print of it."""
    for format, begins in (("json", b"["), ("csv", b"id,")):
        run = subprocess.run(
            [sys.executable, "-m", "salesflow", "export", *demo.where, "--as", "wang", "--format", format],
            env={**os.environ, "PYTHONIOENCODING": "cp1252"},
            capture_output=True,
            check=True,
        )
        assert run.stdout.startswith(begins)
        assert "智慧园区平台" in run.stdout.decode("utf-8")
        assert b"\\u" not in run.stdout
