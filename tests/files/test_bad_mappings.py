"""Import mappings that are wrong: every problem at its place by its code, at once and soon (IO-1, REL-8)."""

import tracemalloc

import pytest

from salesflow.errors import FileError
from salesflow.files.mapping import examine_mapping, parse_mapping
from salesflow.files.problems import FILE_ERRORS
from salesflow.files.toml import LARGEST_FILE
from tests.files.timing import best_time

SECONDS = 0.1
BYTES = 64 * 2**20

LEADS = """\
kind = "lead"
key = ["mail"]
[fields]
title = "what"
"""
DEALS = """\
kind = "opportunity"
[fields]
id = "no"
name = "what"
owner = "who"
process = { constant = "p" }
stage = "where"
currency = { constant = "USD" }
"""


def cell(definition: str, field: str = "source") -> str:
    """A sound mapping of leads but for one field."""
    return f"{LEADS}{field} = {definition}\n"


def deal(rest: str) -> str:
    """A sound mapping of opportunities with something behind it."""
    return f"{DEALS}{rest}\n"


BAD: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "nothing": ("", [("kind", "unknown_choice")]),
    "no kind": ('[fields]\ntitle = "a"', [("kind", "unknown_choice")]),
    "another kind": (LEADS.replace("lead", "invoice"), [("kind", "unknown_choice")]),
    "kind in capitals": (LEADS.replace("lead", "Lead"), [("kind", "unknown_choice")]),
    "kind is a number": (LEADS.replace('"lead"', "1"), [("kind", "wrong_type")]),
    "kind is a list": (LEADS.replace('"lead"', "[]"), [("kind", "wrong_type")]),
    "kind is a table": (LEADS.replace('"lead"', "{}"), [("kind", "wrong_type")]),
    "no fields": ('kind = "lead"\nkey = ["a"]', [("fields.title", "missing_key")]),
    "fields are text": ('kind = "lead"\nkey = ["a"]\nfields = "x"',
                        [("fields", "wrong_type"), ("fields.title", "missing_key")]),
    "fields are a list": ('kind = "lead"\nkey = ["a"]\nfields = [1]',
                          [("fields", "wrong_type"), ("fields.title", "missing_key")]),
    "unknown key": ('secret = 1\n' + LEADS, [("secret", "unknown_key")]),
    "unknown keys": ('a = 1\nb = 2\n' + LEADS, [("a", "unknown_key"), ("b", "unknown_key")]),
    "code": ('code = "__import__(\'os\')"\n' + LEADS, [("code", "unknown_key")]),
    "python": ('python = "os:system"\n' + LEADS, [("python", "unknown_key")]),
    "unknown field": (cell('"a"', "colour"), [("fields.colour", "unknown_key")]),
    "field of the other kind": (cell('"a"', "stage"), [("fields.stage", "unknown_key")]),
    "hidden field name": (cell('"a"', '"a\\u202eb"'), [("fields.'a\\u202eb'", "unknown_key")]),
    "no title": ('kind = "lead"\nkey = ["a"]\n[fields]\nphone = "p"', [("fields.title", "missing_key")]),
    "no identity": (LEADS.replace('key = ["mail"]\n', ""), [("fields.id", "choose_one")]),
    "two identities": (cell('"a"', "id"), [("fields.id", "choose_one")]),
    "empty identity": (LEADS.replace('["mail"]', "[]"), [("key", "empty")]),
    "identity is text": (LEADS.replace('["mail"]', '"mail"'), [("key", "wrong_type")]),
    "identity of numbers": (LEADS.replace('["mail"]', "[1]"), [("key[0]", "wrong_type")]),
    "identity twice": (LEADS.replace('["mail"]', '["a", "a"]'), [("key[1]", "duplicate")]),
    "identity of blanks": (LEADS.replace('["mail"]', '[" "]'), [("key[0]", "empty")]),
    "identity with a line break": (LEADS.replace('["mail"]', '["a\\nb"]'), [("key[0]", "hidden_character")]),
    "no name, owner, process, stage": (
        'kind = "opportunity"\n[fields]\nid = "a"',
        [(f"fields.{field}", "missing_key") for field in ("name", "owner", "process", "stage")]),
    "an amount without a currency": (
        DEALS.replace('currency = { constant = "USD" }', 'amount = "worth"'), [("fields.currency", "missing_key")]),
    "an actual amount without a currency": (
        DEALS.replace('currency = { constant = "USD" }', 'actual_amount = "w"'), [("fields.currency", "missing_key")]),
    "column is a number": (cell("1"), [("fields.source", "wrong_type")]),
    "column is true": (cell("true"), [("fields.source", "wrong_type")]),
    "column is a list": (cell('["a"]'), [("fields.source", "wrong_type")]),
    "column is a date": (cell("2020-01-01"), [("fields.source", "wrong_type")]),
    "column is infinite": (cell("inf"), [("fields.source", "wrong_type")]),
    "column is empty": (cell('""'), [("fields.source", "empty")]),
    "column is blank": (cell('"  "'), [("fields.source", "empty")]),
    "column is long": (cell('"' + "x" * 301 + '"'), [("fields.source", "too_long")]),
    "column with a line break": (cell('"a\\nb"'), [("fields.source", "hidden_character")]),
    "column with a byte order mark": (cell('"\\uFEFFa"'), [("fields.source", "hidden_character")]),
    "column with bidi": (cell('"a\\u202Eb"'), [("fields.source", "hidden_character")]),
    "empty definition": (cell("{}"), [("fields.source", "choose_one")]),
    "column and constant": (cell('{ column = "a", constant = "b" }'), [("fields.source", "choose_one")]),
    "column and columns": (cell('{ column = "a", columns = ["b"] }'), [("fields.source", "choose_one")]),
    "all three": (cell('{ column = "a", columns = ["b"], constant = "c" }'), [("fields.source", "choose_one")]),
    "unknown key of a field": (cell('{ column = "a", eval = "1" }'), [("fields.source.eval", "unknown_key")]),
    "column is a table": (cell('{ column = {} }'), [("fields.source.column", "wrong_type")]),
    "columns are text": (cell('{ columns = "a" }'), [("fields.source.columns", "wrong_type")]),
    "columns are none": (cell('{ columns = [] }'), [("fields.source.columns", "empty")]),
    "columns of tables": (cell('{ columns = [{}] }'), [("fields.source.columns[0]", "wrong_type")]),
    "columns twice": (cell('{ columns = ["a", "a"] }'), [("fields.source.columns[1]", "duplicate")]),
    "too many columns": (cell("{ columns = [" + ",".join(f'"c{n}"' for n in range(2001)) + "] }"),
                         [("fields.source.columns", "too_many")]),
    "constant is a number": (cell("{ constant = 1 }"), [("fields.source.constant", "wrong_type")]),
    "constant is empty": (cell('{ constant = "" }'), [("fields.source.constant", "empty")]),
    "join without columns": (cell('{ column = "a", join = "," }'), [("fields.source.join", "only_for")]),
    "join is a number": (cell('{ columns = ["a"], join = 1 }'), [("fields.source.join", "wrong_type")]),
    "join with a line break": (cell('{ columns = ["a"], join = "\\n" }'), [("fields.source.join", "hidden_character")]),
    "otherwise alone": (cell('{ column = "a", otherwise = "b" }'), [("fields.source.otherwise", "only_for")]),
    "otherwise is a number": (cell('{ column = "a", values = { x = "y" }, otherwise = 1 }'),
                              [("fields.source.otherwise", "wrong_type")]),
    "values are text": (cell('{ column = "a", values = "b" }'), [("fields.source.values", "wrong_type")]),
    "values are a list": (cell('{ column = "a", values = ["b"] }'), [("fields.source.values", "wrong_type")]),
    "a value is a number": (cell('{ column = "a", values = { x = 1 } }'), [("fields.source.values.x", "wrong_type")]),
    "a value is a list": (cell('{ column = "a", values = { x = [] } }'), [("fields.source.values.x", "wrong_type")]),
    "a value is hidden": (cell('{ column = "a", values = { x = "\\u200b" } }'),
                          [("fields.source.values.x", "hidden_character")]),
    "a value is long": (cell('{ column = "a", values = { x = "' + "y" * 301 + '" } }'),
                        [("fields.source.values.x", "too_long")]),
    "very many values": (cell('{ column = "a", values = {' + ",".join(f'v{n}="x"' for n in range(2001)) + "} }"),
                         [("fields.source.values", "too_many")]),
    "look-up is text": (cell('{ column = "a", lookup = "b.csv" }'),
                        [("fields.source.lookup", "wrong_type"), *((f"fields.source.lookup.{key}", "missing_key")
                                                                  for key in ("file", "key", "value"))]),
    "look-up of nothing": (cell('{ column = "a", lookup = {} }'),
                           [(f"fields.source.lookup.{key}", "missing_key") for key in ("file", "key", "value")]),
    "look-up without a key": (cell('{ column = "a", lookup = { file = "b.csv", value = "v" } }'),
                              [("fields.source.lookup.key", "missing_key")]),
    "look-up with a query": (cell('{ column = "a", lookup = { file = "f", key = "k", value = "v", sql = "x" } }'),
                             [("fields.source.lookup.sql", "unknown_key")]),
    "look-up key is a number": (cell('{ column = "a", lookup = { file = "f", key = 1, value = "v" } }'),
                                [("fields.source.lookup.key", "wrong_type")]),
    "format of text": (cell('{ column = "a", format = "%Y-%m-%d" }'), [("fields.source.format", "only_for")]),
    "format is a number": (cell('{ column = "a", format = 1 }', "created_at"),
                           [("fields.created_at.format", "wrong_type")]),
    "decimal of text": (cell('{ column = "a", decimal = "," }'), [("fields.source.decimal", "only_for")]),
    "thousands of text": (cell('{ column = "a", thousands = "," }'), [("fields.source.thousands", "only_for")]),
    "decimal of a date": (cell('{ column = "a", decimal = "," }', "created_at"),
                          [("fields.created_at.decimal", "only_for")]),
    "format of a number": (deal('amount = { column = "a", format = "%d" }'), [("fields.amount.format", "only_for")]),
    "decimal is a letter": (deal('amount = { column = "a", decimal = "x" }'),
                            [("fields.amount.decimal", "unknown_choice")]),
    "decimal is a number": (deal('amount = { column = "a", decimal = 1 }'), [("fields.amount.decimal", "wrong_type")]),
    "thousands is a word": (deal('amount = { column = "a", thousands = "of" }'),
                            [("fields.amount.thousands", "unknown_choice")]),
    "thousands is the decimal": (deal('amount = { column = "a", decimal = ",", thousands = "," }'),
                                 [("fields.amount.thousands", "not_together")]),
    "required is text": (cell('{ column = "a", required = "yes" }'), [("fields.source.required", "wrong_type")]),
    "required is a number": (cell('{ column = "a", required = 1 }'), [("fields.source.required", "wrong_type")]),
    "history of a lead": (LEADS + "[history]\na = \"b\"", [("history", "only_for")]),
    "customer of a lead": (LEADS + "[customer]\nname = \"b\"", [("customer", "only_for")]),
    "contact of a lead": (LEADS + "[contact]\nname = \"b\"", [("contact", "only_for")]),
    "history is text": ('history = "x"\n' + DEALS, [("history", "wrong_type")]),
    "history without a column": (deal("[history]\na = {}"), [("history.a", "choose_one")]),
    "history of a number": (deal("[history]\na = 1"), [("history.a", "wrong_type")]),
    "customer is text": ('customer = "x"\n' + DEALS, [("customer", "wrong_type"), ("customer.name", "missing_key")]),
    "customer without a name": (deal('[customer]\nphone = "p"'), [("customer.name", "missing_key")]),
    "customer with an id": (deal('[customer]\nname = "n"\nid = "i"'), [("customer.id", "unknown_key")]),
    "customer twice": (deal('customer = "c"\n[customer]\nname = "n"'), [("customer", "not_together")]),
    "contact twice": (deal('contact = "c"\n[contact]\nname = "n"'), [("contact", "not_together")]),
    "contact with an owner": (deal('[contact]\nname = "n"\nowner = "o"'), [("contact.owner", "unknown_key")]),
    "spellings are text": ('spellings = "x"\n' + LEADS, [("spellings", "wrong_type")]),
    "spellings of a column are text": (LEADS + '[spellings]\na = "b"', [("spellings.a", "wrong_type")]),
    "a spelling is a number": (LEADS + "[spellings.a]\nb = 1", [("spellings.a.b", "wrong_type")]),
    "delimiter is a word": ('delimiter = "and"\n' + LEADS, [("delimiter", "unknown_choice")]),
    "delimiter is a number": ("delimiter = 1\n" + LEADS, [("delimiter", "wrong_type")]),
    "encoding in two bytes": ('encoding = "utf-16"\n' + LEADS, [("encoding", "unknown_choice")]),
    "encoding that runs code": ('encoding = "rot13"\n' + LEADS, [("encoding", "unknown_choice")]),
    "empty is text": ('empty = "N/A"\n' + LEADS, [("empty", "wrong_type")]),
    "empty of numbers": ("empty = [0]\n" + LEADS, [("empty[0]", "wrong_type")]),
    "zone is unknown": ('time_zone = "Mars/Base"\n' + LEADS, [("time_zone", "unknown_zone")]),
    "zone is a path": ('time_zone = "../../etc/passwd"\n' + LEADS, [("time_zone", "unknown_zone")]),
    "zone is a folder": ('time_zone = "Europe"\n' + LEADS, [("time_zone", "unknown_zone")]),
    "zone is a number": ("time_zone = 8\n" + LEADS, [("time_zone", "wrong_type")]),
    "no TOML": ("{", [("line 1, column 1", "syntax")]),
    "JSON": ('{"kind": "lead"}', [("line 1, column 1", "syntax")]),
    "a key twice": ('kind = "lead"\nkind = "lead"\n', [("line 2, column 14", "syntax")]),
    "too large": ("#" * (LARGEST_FILE + 1), [("file", "too_large")]),
    "nested": ("a = " + "[" * 60_000, [("line 1", "too_deep")]),
    "a long dotted key": ("a" + ".a" * 30_000 + " = 1", [("line 1", "key_too_deep")]),
    "very many keys": ("".join(f"k{n}=1\n" for n in range(6_001)), [("line 6001", "too_many_values")]),
    "everything": (
        'kind = "lead"\nnoise = 1\n[fields]\nphone = {}\n[history]\na = 1',
        [("noise", "unknown_key"), ("fields.phone", "choose_one"), ("fields.title", "missing_key"),
         ("fields.id", "choose_one"), ("history", "only_for"), ("history.a", "wrong_type")]),
    **{
        f"file {file!r}": (
            cell(f'{{ column = "a", lookup = {{ file = \'{file}\', key = "k", value = "v" }} }}'),
            [("fields.source.lookup.file", "file_name")])
        for file in ("../secret.csv", "/etc/passwd", "a/b.csv", "..", ".", "C:\\x.csv", "a\\b", "\\\\host\\x", "*")
    },
    **{
        f"format {form!r}": (
            cell(f'{{ column = "a", format = "{form}" }}', "created_at"), [("fields.created_at.format", "date_format")])
        for form in (
            "%Y", "%d.%m", "%Y-%m", "%q", "%Y-%m-%d %", "%Y%y-%m-%d", "%Y-%m-%d %d", "%m%b-%d-%Y", "%c", "dd.mm"
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_mapping_is_refused_with_every_place(name):
    """IO-1, REL-8: every problem of a mapping is told at its place by its code, soon, and nothing else is."""
    source, wanted = BAD[name]
    took, (mapping, found) = best_time(lambda: examine_mapping(source), SECONDS)

    assert sorted(wanted) == sorted((item.place, item.code) for item in found)
    assert mapping is None
    assert {item.code for item in found} <= set(FILE_ERRORS)
    assert took < SECONDS
    with pytest.raises(FileError) as refused:
        parse_mapping(source.encode(), name="my.toml")
    assert refused.value.file == "my.toml"
    assert refused.value.problems == tuple(map(str, found))


def test_at_least_100_bad_mappings_are_kept():
    """REL-8: the corpus of bad mappings is no smaller than promised, and none of them costs much memory."""
    assert len(BAD) >= 100
    tracemalloc.start()
    for source, _ in BAD.values():
        examine_mapping(source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BYTES


def test_no_more_problems_are_listed_than_anybody_reads():
    """REL-8: a mapping of thousands of problems is answered with 200 of them and a count."""
    _, found = examine_mapping(LEADS + "".join(f"k{n} = 1\n" for n in range(1000)))

    assert len(found) == 201
    assert found[-1].message == "and 800 more errors, not listed"
