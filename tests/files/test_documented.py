"""The reference pages of files name every key, column and code that there is, and no other."""

import re

import pytest

from salesflow.files.cells import CELL_KEYS
from salesflow.files.export import COLUMNS
from salesflow.files.mapping import FIELDS, PARTIES
from salesflow.files.organization import EMPLOYEE
from salesflow.files.problems import ROW_ERRORS
from salesflow.files.table_schemas import mapping_schema, organization_schema
from tests.files.published import ROOT


def first_cells(page: str, heading: str) -> list[str]:
    """The words in code in the first column of the table whose header begins with *heading*."""
    text = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")
    _, found, rest = text.partition(f"| {heading} |")
    assert found, f"{page} has no table with {heading!r}"
    rows = rest.split("\n\n", 1)[0].splitlines()[2:]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


@pytest.mark.parametrize(
    ("page", "heading", "known"),
    [
        ("imports.md", "key | means", mapping_schema()["properties"]),
        ("imports.md", "field of an opportunity | is", FIELDS["opportunity"]),
        ("imports.md", "field of a lead | is", FIELDS["lead"]),
        ("imports.md", "key of a value | means", CELL_KEYS),
        ("imports.md", "code | the row", ROW_ERRORS),
        ("organization_file.md", "key | means", organization_schema()["properties"]),
        ("organization_file.md", "key of `employees_from` | means",
         [*EMPLOYEE, "file", "separator", "delimiter", "encoding", "empty"]),
        ("exports.md", "kind | columns", COLUMNS),
    ],
)  # fmt: skip
def test_every_key_and_code_is_on_its_page(page, heading, known):
    """IO-1, IO-2, ORG-1: what can be written, and what can be answered, can be looked up."""
    found = first_cells(page, heading)

    assert sorted(found) == sorted(known)
    assert len(found) == len(set(found))


def test_every_column_is_on_its_page():
    """IO-1, IO-2: what is said of customers and contacts, and the columns of a CSV file."""
    imports, exports = ((ROOT / "docs/reference" / page).read_text("utf-8") for page in ("imports.md", "exports.md"))
    for known in PARTIES.values():
        assert " ".join(f"`{key}`" for key in known) in imports
    for columns in COLUMNS.values():
        assert f"| `{' '.join(columns)}` |" in exports
