"""The how-to for people who do not program, followed literally: each piece into the file, each command run (PROC-2)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.calls import run

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "write_your_own_process.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(toml|console|markdown)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def follow(folder: Path) -> list[tuple[str, str]]:
    """Do what the page says, in its order; return each command with what it printed that the page does not say."""
    wrong = []
    for language, text in BLOCKS:
        if language == "toml":
            with (folder / "spare_parts.toml").open("a", encoding="utf-8") as file:
                file.write(text + "\n")
        elif language == "markdown":
            (folder / "spare_parts_cases.md").write_text(text, encoding="utf-8")
        else:
            command, *said = text.splitlines()
            result = run(*command.removeprefix("$ salesflow ").split())
            if result.exit_code or result.output.splitlines() != said:
                wrong.append((command, result.output))
    return wrong


def test_the_page_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """PROC-2, RULE-1, RULE-2, RULE-3, OPP-16: somebody who does nothing but what it says ends with what it says."""
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) >= 10
    assert follow(tmp_path) == []
    assert (tmp_path / "spare_parts.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_misspelt_key_is_told_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """PROC-3: the file, the line, the place, and what would do."""
    monkeypatch.chdir(tmp_path)
    follow(tmp_path)
    file = tmp_path / "spare_parts.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("probability = 20", "probabilty = 20"), encoding="utf-8")
    result = run("check", "spare_parts.toml")
    assert "spare_parts.toml:12: error: stages[0].probabilty: there is no such key; known here are" in result.output
