"""
Which rows of the domain have a test that cites them, and which have none?

    python -m tests.domain_rows [--strict]

The rows are the ids of docs/reference/rules.md. A test cites one by naming it anywhere in its file:
``OPP-6a``, or a range, ``VIS-1 … VIS-12`` or ``VIS-1..12``. An id that is not a row is a slip and always
fails; a row without a test fails under ``--strict`` only, since some rows belong to later milestones.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent
RULES = HERE.parent / "docs" / "reference" / "rules.md"
# These two name ids as examples, which proves nothing.
NOT_EVIDENCE = {"domain_rows.py", "test_domain_rows.py"}

AREA = "ORG|LEAD|CUS|PROC|OPP|TEAM|VIS|ACC|GRADE|RULE|PIPE|IO|HIST|SCENE"
ROW = re.compile(rf"^\| *((?:{AREA})-\d+a?) *\| *(.*?) *\|", re.MULTILINE)
CITATION = re.compile(
    rf"\b(?P<area>{AREA})-(?P<first>\d+)(?P<letter>a?)\b"
    rf"(?:(?:\s*(?:…|\.\.)\s*(?P=area)-(?P<last>\d+)|(?:…|\.\.)(?P<short>\d+))a?\b)?"
)


def rows(rules: str) -> dict[str, str]:
    """Every id of the rules page with its line, in the page's order."""
    return dict(ROW.findall(rules))


def cited(text: str, known: Iterable[str]) -> Iterator[str]:
    """The ids that *text* names. A range stands for the known rows from its first to its last."""
    known = list(known)
    for found in CITATION.finditer(text):
        area, first, letter = found["area"], int(found["first"]), found["letter"]
        last = found["last"] or found["short"]
        yield f"{area}-{first}{letter}"
        if last:
            yield f"{area}-{int(last)}"
            yield from (row for row in known if _lies_between(row, area, first, int(last)))


def _lies_between(row: str, area: str, first: int, last: int) -> bool:
    row_area, number = row.rstrip("a").split("-")
    return row_area == area and first <= int(number) <= last


def report(known: Mapping[str, str], texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """(rows without a test, cited ids that are no row), each in reading order."""
    named = {row for text in texts for row in cited(text, known)}
    return [row for row in known if row not in named], sorted(named - set(known))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.domain_rows", description="Rows without a test.")
    parser.add_argument("--strict", action="store_true", help="exit 1 if any row is without a test")
    strict = parser.parse_args(argv).strict

    known = rows(RULES.read_text(encoding="utf-8"))
    files = [path for path in sorted(HERE.rglob("*.py")) if path.name not in NOT_EVIDENCE]
    missing, unknown = report(known, (path.read_text(encoding="utf-8") for path in files))
    for row in missing:
        print(f"no test  {row:<9} {known[row]}")
    for row in unknown:
        print(f"no row   {row:<9} cited in a test, but not in docs/reference/rules.md")
    print(f"{len(known) - len(missing)} of {len(known)} rows of the domain have a test that cites them")
    return 1 if unknown or (strict and missing) else 0


if __name__ == "__main__":
    sys.exit(main())
