"""The path of a first-time user, as README and the how-to tell it: every line of their shell blocks is run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.calls import Demo

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(toml|csv|shell)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILES = {"toml": ["repair.toml", "deals.toml"], "csv": ["deals.csv"]}
"""The names under which README says to save its blocks, in their order."""


class Ended(NamedTuple):
    """What one line of a shell block printed."""

    line: str
    stdout: str
    stderr: str


def shell(line: str, folder: Path) -> Ended:
    """Run one line in a shell, where `salesflow` is the one under test; it must end with 0."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / "salesflow"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m salesflow "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "PYTHONUTF8": "1"}
    ended = subprocess.run(
        line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert ended.returncode == 0, (line, ended.stdout, ended.stderr)
    return Ended(line, ended.stdout, ended.stderr)


def blocks(document: str, kind: str) -> list[str]:
    """Return the blocks of one kind in a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [body for found, body in BLOCK.findall(text) if found == kind]


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Ended]]:
    """A folder in which README was followed from its first shell line to its last."""
    folder = tmp_path_factory.mktemp("first time")
    for kind, names in FILES.items():
        for name, body in zip(names, blocks("README.md", kind), strict=True):
            (folder / name).write_text(body, encoding="utf-8")
    return folder, [shell(line, folder) for block in blocks("README.md", "shell") for line in block.splitlines()]


def test_readme_leads_to_the_end(followed: tuple[Path, list[Ended]]) -> None:
    """Done means: demo, own template (`check`, `draw`), own CSV, `list`, `board`, `why`, literally from README."""
    folder, ended = followed
    demo, check, draw, taken, listed, board, why = ended
    page = demo.stdout.splitlines()[-1].removeprefix("A page to look at: ")
    assert (folder / page).is_file()
    assert check.stderr == "repair.toml: no errors, no warnings\n"
    assert (folder / "repair.svg").read_text(encoding="utf-8").startswith("<svg")
    assert draw.stderr == "repair.svg\n"
    assert "2 taken in, 0 there already, 0 refused" in taken.stdout
    assert listed.stderr.startswith("2 of 2")
    assert "冷却泵" in listed.stdout
    assert "inspect" in board.stdout
    assert why.stdout.startswith("not visible")


def test_the_how_to_is_right_too(demo: Demo) -> None:
    """Friendliness: what docs/how-to/command_line.md says to type works on what the demo left behind."""
    first, onward, plain = blocks("docs/how-to/command_line.md", "shell")
    assert first.splitlines()[-1] == "salesflow demo"
    changed, *lines = onward.splitlines()
    assert changed == "cd salesflow-demo"
    for line in (*lines, plain.partition(" | ")[0]):
        assert shell(line, demo.folder).stdout
