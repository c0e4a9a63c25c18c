"""The command that finds rules without a test (tests/domain_rows.py)."""

from pathlib import Path

import pytest

from tests import domain_rows

KNOWN = {"OPP-5": "next", "OPP-6": "change stage", "OPP-6a": "routes", "OPP-7": "finish", "VIS-1": "all"}


def test_rows_are_read_from_the_first_column_of_the_tables():
    page = "Text on OPP-1.\n\n| id | rule |\n|---|---|\n| OPP-6 | change stage |\n| OPP-6a | see OPP-7 |\n"
    assert domain_rows.rows(page) == {"OPP-6": "change stage", "OPP-6a": "see OPP-7"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Proves OPP-6.", {"OPP-6"}),
        ("OPP-6a and VIS-1", {"OPP-6a", "VIS-1"}),
        ("OPP-5 … OPP-7", {"OPP-5", "OPP-6", "OPP-6a", "OPP-7"}),
        ("OPP-5..7", {"OPP-5", "OPP-6", "OPP-6a", "OPP-7"}),
        ("the end is OPP-7...", {"OPP-7"}),
        ("OPP-5 … VIS-1", {"OPP-5", "VIS-1"}),
        ("XOPP-5 OPP-6b PERF-1", set()),
    ],
)
def test_a_citation_is_an_id_or_a_range(text, expected):
    assert set(domain_rows.cited(text, KNOWN)) == expected


def test_the_report_lists_rows_without_a_test_and_ids_without_a_row():
    missing, unknown = domain_rows.report(KNOWN, ["OPP-5..7", "VIS-99"])
    assert missing == ["VIS-1"]
    assert unknown == ["VIS-99"]


def test_the_rules_page_holds_every_row_once():
    text = domain_rows.RULES.read_text(encoding="utf-8")
    found = domain_rows.ROW.findall(text)
    assert len(found) == len(domain_rows.rows(text)) == 138


@pytest.mark.parametrize(
    ("test_file", "loose", "strict"),
    [
        ("# OPP-5, VIS-1", 0, 0),
        ("# OPP-5", 0, 1),
        ("# OPP-5, VIS-1, VIS-2", 1, 1),
    ],
    ids=["all cited", "one missing", "one unknown"],
)
def test_the_exit_code(test_file: str, loose: int, strict: int, tmp_path: Path, monkeypatch, capsys):
    (tmp_path / "rules.md").write_text("| OPP-5 | next |\n| VIS-1 | all |\n", encoding="utf-8")
    (tmp_path / "test_one.py").write_text(test_file, encoding="utf-8")
    (tmp_path / "domain_rows.py").write_text("# VIS-1 as an example proves nothing", encoding="utf-8")
    monkeypatch.setattr(domain_rows, "HERE", tmp_path)
    monkeypatch.setattr(domain_rows, "RULES", tmp_path / "rules.md")
    assert domain_rows.main([]) == loose
    assert "of 2 rows" in capsys.readouterr().out
    assert domain_rows.main(["--strict"]) == strict
