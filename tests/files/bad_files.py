"""
The corpus of bad files: a folder for each decoder, and what each of its files must be refused for (REL-8).

``expected.tsv`` has a line for each problem: the file, its place, its code; ``-`` for a file without any, which is kept
since it looks like one. Where a decoder has no codes, the error's type stands there.

    python -m tests.files.bad_files DECODER

prints what the files of a decoder are refused for now, to be read and judged before it is kept as an expectation.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import salesflow as sf
from salesflow import templates
from salesflow.files.json_codec import from_json
from salesflow.files.mapping import examine_mapping, parse_mapping
from salesflow.files.organization import examine_organization
from salesflow.files.scenes import examine_scenes
from salesflow.process.findings import Finding
from salesflow.template_cases import check_cases
from tests.files.decoding import CORPUS
from tests.files.file_decoders import (
    DEAL_MAPPING,
    FILE_DECODERS,
    LEAD_MAPPING,
    PEOPLE_MAPPING,
    RESELLER,
    flow,
)
from tests.files.value_decoders import VALUE_DECODERS

Problems = list[tuple[str, str]]
"""Each problem of a file: its place and its code."""

EXPECTED = "expected.tsv"
BESIDE = CORPUS / "organization" / "beside"
"""Where the files lie that bad organisations read; none of them is bad itself."""

_CHARACTER = re.compile(r"rule, (character \d+)")


def _of(findings: Iterable[Finding]) -> Problems:
    return [(_in_rule(found), found.code) for found in findings]


def _in_rule(found: Finding) -> str:
    """A rule is read by the character, and its message says which."""
    inside = _CHARACTER.search(found.message) if found.code == "rule" else None
    return f"{found.place}, {inside[1]}" if inside else found.place


def _refused(decode: Callable[[bytes], object], *errors: type[Exception]) -> Callable[[bytes], Problems]:
    """Return the reader for what has no codes: the error's own type is its code."""

    def read(content: bytes) -> Problems:
        try:
            decode(content)
        except errors as error:
            if isinstance(error, sf.FileError):
                return [(problem.partition(": ")[0], type(error).__name__) for problem in error.problems]
            return [(getattr(error, "what", ""), type(error).__name__)]
        return []

    return read


def _people(content: bytes) -> Problems:
    with TemporaryDirectory() as folder:
        (Path(folder) / "people.csv").write_bytes(content)
        return _of(examine_organization(PEOPLE_MAPPING, folder=folder)[1])


def _cases(content: bytes) -> Problems:
    try:
        problems = check_cases(RESELLER, content.decode("utf-8-sig", "replace"))
    except sf.InvalidInput as error:
        return [(error.what, type(error).__name__)]
    return [(f"line {problem.line}", "case") for problem in problems]


def _taken_in(mapping: str, *, is_json: bool) -> Callable[[bytes], Problems]:
    known = parse_mapping(mapping)

    def take(content: bytes) -> Problems:
        desk = flow().acting_as("root").files
        try:
            report = (desk.import_json if is_json else desk.import_csv)(io.BytesIO(content), known)
        except sf.FileError as error:
            return [(problem.partition(": ")[0], type(error).__name__) for problem in error.problems]
        return [
            (f"line {found.line}" + (f", {found.column}" if found.column else ""), found.code)
            for found in report.problems
        ]

    return take


READERS: dict[str, Callable[[bytes], Problems]] = {
    "template": lambda content: _of(templates.examine(content)[1].errors),
    "mapping": lambda content: _of(examine_mapping(content)[1]),
    "organization": lambda content: _of(examine_organization(content, folder=BESIDE)[1]),
    "people": _people,
    "scenes": lambda content: _of(examine_scenes(content)[1]),
    "lookup": _refused(FILE_DECODERS["lookup"].decode, sf.FileError),
    "cases": _cases,
    "deals_csv": _taken_in(DEAL_MAPPING, is_json=False),
    "leads_csv": _taken_in(LEAD_MAPPING, is_json=False),
    "deals_json": _taken_in(DEAL_MAPPING, is_json=True),
    "leads_json": _taken_in(LEAD_MAPPING, is_json=True),
    "record": _refused(from_json, sf.InvalidInput),
    "exported": _refused(VALUE_DECODERS["exported"].decode, sf.InvalidInput),
}
"""What each decoder says of a file, by the name of its folder."""


def files_of(decoder: str) -> list[Path]:
    """Return the files of a decoder's folder, its expectations and its companions aside."""
    return sorted(path for path in (CORPUS / decoder).iterdir() if path.is_file() and path.name != EXPECTED)


def expected_of(decoder: str) -> dict[str, Problems]:
    """Return what each file of a decoder's folder must be refused for."""
    found: dict[str, Problems] = {}
    for line in (CORPUS / decoder / EXPECTED).read_text(encoding="utf-8").splitlines()[1:]:
        name, place, code = line.split("\t")
        found.setdefault(name, []).extend([] if place == "-" else [(place, code)])
    return found


if __name__ == "__main__":
    for each in files_of(sys.argv[1]):
        for at, code in READERS[sys.argv[1]](each.read_bytes()) or [("-", "-")]:
            print(f"{each.stem if sys.argv[1] == 'template' else each.name}\t{at}\t{code}")
