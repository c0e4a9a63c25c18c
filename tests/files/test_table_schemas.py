"""The published JSON Schemas of mappings and organisation files: all that is sound passes, what they refuse is not."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from importlib.resources import files
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.files.mapping import FIELDS, PARTIES, examine_mapping
from salesflow.files.organization import EMPLOYEE, examine_organization
from salesflow.files.table_schemas import mapping_schema, organization_schema
from salesflow.files.toml import read_toml, toml_key, toml_value
from tests.files import test_bad_mappings, test_killed_import, test_organization
from tests.files.published import ROOT

EXAMINE: dict[str, Callable[[str], Any]] = {"mapping": examine_mapping, "organization": examine_organization}
SCHEMAS = {"mapping": mapping_schema(), "organization": organization_schema()}
VALIDATORS = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in SCHEMAS.items()}

SEEN = {
    "missing_key", "unknown_key", "wrong_type", "empty", "too_long", "hidden_character", "too_many", "unknown_choice",
    "choose_one", "not_together", "only_for", "file_name",
}  # fmt: skip
"""The errors that show at their own place, so that the schemas see them too."""

UNSEEN = {"join with a line break": "to Python's patterns, $ stands before a last line break too"}
"""Files whose errors only the reader sees, although their code is one of `SEEN`."""

SEEN_TOO = {"identity twice", "columns twice", "administrator twice", "file is a path"}
"""Files that a schema refuses, although others with the same code it cannot."""

ALL_OF_A_MAPPING = """
kind = "opportunity"
key = ["no"]
delimiter = ";"
encoding = "gb18030"
empty = ["N/A"]
time_zone = "Asia/Shanghai"
[fields]
name = { columns = ["what", "where"], join = ", " }
owner = { column = "who", values = { "张伟" = "zhang" }, otherwise = "" }
process = { column = "line", lookup = { file = "lines.csv", key = "line", value = "process" } }
stage = "stage"
outcome = { column = "stage", values = { Won = "won" }, otherwise = "" }
currency = { constant = "CNY" }
amount = { column = "worth", decimal = ",", thousands = "." }
close_date = { column = "due", format = "%d.%m.%Y", required = true }
[history]
bidding = { column = "bid", format = "%Y/%m/%d" }
[customer]
name = "customer"
owner = { constant = "li" }
[contact]
name = "contact"
[spellings]
what = { GTXPro = "GTX Pro" }
"""


def written(folder: str) -> Iterator[str]:
    """The TOML files of a folder."""
    yield from (path.read_text(encoding="utf-8") for path in sorted((ROOT / folder).rglob("*.toml")))


EXAMPLES = [*written("examples"), (files("salesflow.cli.demo") / "company.toml").read_text(encoding="utf-8")]
GOOD = {
    "mapping": [
        test_bad_mappings.LEADS, test_bad_mappings.DEALS, test_killed_import.MAPPING, ALL_OF_A_MAPPING,
        *(text for text in EXAMPLES if "[fields]" in text),
    ],
    "organization": [
        test_organization.WHOLE.replace("[[employees_from]]", "[[employees_from]]\n"), "",
        *(text for text in EXAMPLES if "employees = [" in text),
    ],
}  # fmt: skip
BAD = {"mapping": test_bad_mappings.BAD, "organization": test_organization.BAD}
READ = {
    (kind, name): (table, {code for _, code in wanted})
    for kind, corpus in BAD.items()
    for name, (source, wanted) in corpus.items()
    if isinstance(table := read_toml(source), dict)
}


def table_of(text: str) -> dict[str, Any]:
    """What the text holds."""
    table = read_toml(text)
    assert isinstance(table, dict)
    return table


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_schemas_are_published(kind):
    """IO-1, ORG-1: each is sound by its own draft, lies beside the code, and refers to nothing outside."""
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[kind])
    published = (files("salesflow.files") / f"{kind}.schema.json").read_text(encoding="utf-8")

    assert json.loads(published) == SCHEMAS[kind]
    assert published.count("http") == 1
    assert (SCHEMAS[kind]["$id"], "None" in published) == (f"urn:salesflow:{kind}", False)


def test_every_key_is_there_and_described():
    """IO-1, ORG-1: a schema knows exactly the keys that the reader knows."""
    mapping, organization = SCHEMAS["mapping"], SCHEMAS["organization"]
    for kind, fields in FIELDS.items():
        assert list(mapping["$defs"][f"{kind}_fields"]["properties"]) == list(fields)
    for party, known in PARTIES.items():
        assert tuple(mapping["properties"][party]["properties"]) == known
    assert list(organization["properties"]["employees"]["items"]["properties"]) == list(EMPLOYEE)
    for kind, examine in EXAMINE.items():
        (finding,) = (item for item in examine("zz = 1")[-1] if item.code == "unknown_key")
        assert finding.message == f"there is no such key; known here are {', '.join(known_keys(kind))}"
        assert all(SCHEMAS[kind]["properties"][key]["description"] for key in known_keys(kind))


def known_keys(kind: str) -> list[str]:
    """The top keys, in the order of the reader's message."""
    order = {
        "mapping": "kind key fields history customer contact spellings delimiter encoding empty sparse time_zone",
        "organization": "employees employees_from departments groups administrators depth_subordinates depth_superiors "
        "include_subdepartments",
    }[kind].split()
    assert set(order) == set(SCHEMAS[kind]["properties"])
    return order


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in GOOD.items() for text in texts])
def test_what_is_sound_passes(kind, text):
    """IO-1, ORG-1: every example, and a file that says all that can be said."""
    if "employees_from" not in text:  # which needs its CSV file
        assert EXAMINE[kind](text)[-1] == ()
    assert list(VALIDATORS[kind].iter_errors(table_of(text))) == []


def test_the_examples_are_there():
    """IO-1: a mapping and two organisations are among the examples."""
    assert sum("[fields]" in text for text in EXAMPLES) >= 1
    assert sum("employees = [" in text for text in EXAMPLES) >= 2


@pytest.mark.parametrize(("kind", "name"), READ)
def test_a_bad_file_is_refused_where_that_can_be_seen(kind, name):
    """REL-8: an error that shows at its own place is seen while the file is written; nothing else is refused."""
    table, codes = READ[kind, name]
    is_seen = name in SEEN_TOO or (bool(codes & SEEN) and name not in UNSEEN)

    assert VALIDATORS[kind].is_valid(table) is not is_seen


def places(table: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a table, itself left out."""
    items = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    for key, value in items:
        yield (*place, key)
        yield from places(value, (*place, key))


WORDS = ["", " ", "x", "a\u202eb", "lead", "opportunity", ",", ".", "y" * 301, "../x.csv", "%Y-%m-%d", "utf-8", "all"]
KEYS = ["x", "id", "name", "column", "columns", "constant", "join", "values", "otherwise", "lookup", "format",
        "decimal", "thousands", "required", "history", "customer", "owner", "manager", "empty"]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from(WORDS) | st.booleans() | st.integers(-1, 2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=4,
)


@given(st.sampled_from([(kind, text) for kind, texts in GOOD.items() for text in texts if text]), st.data())
def test_what_a_schema_refuses_the_reader_refuses(good, data):
    """IO-1, REL-8: of a sound file with something changed, added or left out, a schema refuses nothing that is read."""
    kind, text = good
    table = deepcopy(table_of(text))
    for _ in range(data.draw(st.integers(1, 2))):
        *way, last = data.draw(st.sampled_from(list(places(table))))
        inner: Any = table
        for part in way:
            inner = inner[part]
        change = data.draw(st.sampled_from(["replace", "leave out", "add"]))
        if change == "leave out":
            del inner[last]
        elif change == "replace" or isinstance(inner, list):
            inner[last] = data.draw(VALUES)
        else:
            inner[data.draw(st.sampled_from(KEYS))] = data.draw(VALUES)
        if not list(places(table)):
            break
    source = "\n".join(f"{toml_key(key)} = {toml_value(value)}" for key, value in table.items())

    assert VALIDATORS[kind].is_valid(table) or EXAMINE[kind](source)[-1]
