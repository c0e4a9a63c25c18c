"""Import mappings: read strictly with every problem at its place, and applied to rows value by value."""

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from salesflow.errors import FileError, InvalidInput
from salesflow.files import mapping as mappings
from salesflow.files.mapping import RowMapper, derived_id, examine_mapping, load_mapping, parse_mapping
from salesflow.files.problems import FILE_ERRORS, ROW_ERRORS, WrongRow
from salesflow.files.toml import LARGEST_FILE
from salesflow.model import ImportedLead, Money, NewContact, NewCustomer, OpportunityStatus
from tests.files.timing import best_time

ZONE = ZoneInfo("Asia/Shanghai")
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
    "nested": ("a = " + "[" * 90_000, [("line 1", "too_deep")]),
    "a long dotted key": ("a" + ".a" * 40_000 + " = 1", [("line 1", "key_too_deep")]),
    "very many keys": ("".join(f"k{n}=1\n" for n in range(8_001)), [("line 8001", "too_many_values")]),
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


@pytest.mark.parametrize("source", [None, 1, ["kind"]])
def test_what_is_no_text_is_refused(source):
    """REL-8: the calling code's mistake is told as such."""
    with pytest.raises(InvalidInput, match="TOML text"):
        parse_mapping(source)


def test_a_mapping_is_loaded_from_a_file(tmp_path):
    """IO-1: a mapping is a file, named in its errors; one that is not there is an OSError."""
    (tmp_path / "m.toml").write_text(DEALS, encoding="utf-8")
    (tmp_path / "bad.toml").write_text("x", encoding="utf-8")

    mapping = load_mapping(tmp_path / "m.toml")
    assert (mapping.name, mapping.kind) == ("m.toml", "opportunity")
    assert mapping.columns == ("no", "what", "who", "where")
    with pytest.raises(FileError, match=r"bad\.toml"):
        load_mapping(str(tmp_path / "bad.toml"))
    with pytest.raises(OSError, match="none"):
        load_mapping(tmp_path / "none.toml")


def row(source: str, folder=None, **cells: str):
    """What the mapping makes of one row."""
    mapping = parse_mapping(source)
    known = dict.fromkeys(mapping.columns, "") | cells
    return RowMapper(mapping, list(known), "data.csv", folder, ZONE)(list(known.values()))


def problems(source: str, folder=None, **cells: str) -> list[tuple[str | None, str]]:
    """What is wrong with one row: column and code."""
    with pytest.raises(WrongRow) as refused:
        row(source, folder, **cells)
    assert {found.code for found in refused.value.problems} <= set(ROW_ERRORS)
    return [(found.column, found.code) for found in refused.value.problems]


def lead(definition: str, field: str = "source", **cells: str) -> object:
    """The value of one field of a lead."""
    made = row(cell(definition, field), what="w", mail="m", **cells).record
    return getattr(made, field)


def test_a_value_comes_from_a_column_several_or_none():
    """IO-1: a column, joined columns without the empty ones, or a constant; an empty cell is nothing."""
    assert lead('"a"', a="x") == "x"
    assert lead('{ column = "a" }', a="x") == "x"
    assert lead('"a"', a="") is None
    assert lead('{ columns = ["a", "b", "c"] }', a="x", b="", c="y") == "x y"
    assert lead('{ columns = ["a", "b"], join = "" }', a="x", b="y") == "xy"
    assert lead('{ columns = ["a", "b"] }', a="", b="") is None
    assert lead('{ constant = "web" }') == "web"


def test_a_value_map_is_strict_unless_it_says_otherwise():
    """IO-1: a text that the map does not have refuses the row, becomes the named value, or nothing."""
    assert lead('{ column = "a", values = { x = "y" } }', a="x") == "y"
    assert lead('{ column = "a", values = { x = "" } }', a="x") is None
    assert lead('{ column = "a", values = { x = "y" }, otherwise = "z" }', a="w") == "z"
    assert lead('{ column = "a", values = { x = "y" }, otherwise = "" }', a="w") is None
    assert problems(cell('{ column = "a", values = { x = "y" } }'), a="X", what="w", mail="m") == [
        ("a", "unknown_value")
    ]


@pytest.mark.parametrize(
    ("form", "text", "moment"),
    [
        (None, "2016-10-20", datetime(2016, 10, 19, 16, tzinfo=UTC)),
        (None, "2016-10-20 08:30:00", datetime(2016, 10, 20, 0, 30, tzinfo=UTC)),
        (None, "2016-10-20T08:30:00+01:00", datetime(2016, 10, 20, 7, 30, tzinfo=UTC)),
        ("%d.%m.%Y", "20.10.2016", datetime(2016, 10, 19, 16, tzinfo=UTC)),
        ("%m/%d/%y %I:%M %p", "02/23/26 08:55 PM", datetime(2026, 2, 23, 12, 55, tzinfo=UTC)),
        ("%Y-%m-%d %H:%M:%S%z", "2016-10-20 08:30:00+0100", datetime(2016, 10, 20, 7, 30, tzinfo=UTC)),
        ("%d %b %Y 100%%", "20 Oct 2016 100%", datetime(2016, 10, 19, 16, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_moment_is_read_in_its_zone(form, text, moment):
    """IO-1, HIST-2: a moment that names no zone is in the business's; a day alone is its first instant."""
    definition = '"at"' if form is None else f'{{ column = "at", format = "{form}" }}'
    assert lead(definition, "created_at", at=text) == moment


def test_a_mapping_may_name_the_zone():
    """HIST-2: the zone of the file goes before that of the business."""
    made = row('time_zone = "UTC"\n' + cell('"at"', "created_at"), what="w", mail="m", at="2016-10-20").record
    assert made.created_at == datetime(2016, 10, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["20.10.2016", "2016-13-01", "2016-02-30", "0", "x" * 5000, "0001-01-01", "9999-12-31T23:59:59-10:00", "²"]
)
def test_a_wrong_moment_is_told(text):
    """REL-8: what is no date, no such day, or beyond the calendar names its column."""
    assert problems(cell('"at"', "created_at"), what="w", mail="m", at=text) == [("at", "date_form")]


def test_a_day_has_no_clock_time():
    """HIST-2: a close date is a plain day; a format may cut the time off, plain ISO has none."""
    sound = {"no": "1", "what": "w", "who": "li", "where": "s"}
    assert row(deal('close_date = "d"'), d="2020-02-29", **sound).record.close_date == date(2020, 2, 29)
    formatted = deal('close_date = { column = "d", format = "%d/%m/%Y %H:%M" }')
    assert row(formatted, d="29/02/2020 10:00", **sound).record.close_date == date(2020, 2, 29)
    assert problems(deal('close_date = "d"'), d="2020-02-29 10:00", **sound) == [("d", "date_form")]
    assert problems(formatted, d="29/02/2020", **sound) == [("d", "date_form")]


@pytest.mark.parametrize(
    ("form", "text", "amount"),
    [
        ("", "1234.5", "1234.5"), ("", "+7", "7"), ('decimal = ","', "1234,50", "1234.5"),
        ('decimal = ",", thousands = "."', "1.234.567,89", "1234567.89"),
        ('thousands = ","', "12,34,567.89", "1234567.89"), ('thousands = ","', "1234567", "1234567"),
        ('thousands = " "', "1 234", "1234"), ("thousands = \"'\"", "1'234.50", "1234.5"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_it_is_written(form, text, amount):
    """IO-1: decimal comma and separated thousands; money is exact."""
    definition = f'amount = {{ column = "a"{", " + form if form else ""} }}'
    made = row(deal(definition), no="1", what="w", who="li", where="s", a=text).record
    assert made.amount == Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("form", "text", "code"),
    [
        ("", "1,234", "number_form"), ("", "1e9", "number_form"), ("", "1e999999", "number_form"),
        ("", "NaN", "number_form"), ("", "Infinity", "number_form"), ("", "0x10", "number_form"),
        ("", "١٢٣", "number_form"), ("", "1_000", "number_form"), ("", "$5", "number_form"),
        ("", "9" * 41, "number_form"), ("", "9" * 100_000, "number_form"), ("", "--1", "number_form"),
        ("", "1.", "number_form"), ("", ".5", "number_form"), ('thousands = ","', "1,2", "number_form"),
        ('decimal = ","', "1.5", "number_form"), ("", "-1", "invalid_value"), ("", "0.001", "invalid_value"),
        ("", "1" + "0" * 15, "invalid_value"),
    ],
)  # fmt: skip
def test_a_wrong_number_is_told(form, text, code):
    """REL-8, OPP-2: what is no such number, negative, too large or too fine names its column."""
    definition = f'amount = {{ column = "a"{", " + form if form else ""} }}'
    assert problems(deal(definition), no="1", what="w", who="li", where="s", a=text) == [("a", code)]


def test_a_currency_is_needed_where_there_is_an_amount():
    """OPP-2: an amount without a currency is refused; without an amount nothing is asked."""
    source = deal('amount = "a"').replace('{ constant = "USD" }', '"money"')
    sound = {"no": "1", "what": "w", "who": "li", "where": "s"}

    assert row(source, a="5", money="CNY", **sound).record.amount == Money("5", "CNY")
    assert row(source, a="", money="", **sound).record.amount is None
    assert problems(source, a="5", money="", **sound) == [("money", "missing")]
    assert problems(source, a="5", money="dollars", **sound) == [("money", "invalid_value")]


def test_every_problem_of_a_row_is_told_at_once():
    """IO-1: what is missing and what is wrong, each with its column."""
    source = deal('amount = "a"\nclose_date = "d"\noutcome = "o"\n[history]\nx = "h"\n[customer]\nname = "c"')
    assert problems(source, no="", what="", who="li", where="s", a="x", d="y", h="z", c="Acme") == [
        ("what", "missing"), ("a", "number_form"), ("d", "date_form"), ("h", "date_form")
    ]  # fmt: skip
    assert problems(source, no="", what="w", who="li", where="s") == [("no", "missing")]
    assert problems(source, no="1", what="w", who="li", where="s", o="maybe") == [("o", "invalid_value")]
    assert problems(source, no="1", what="a\x00b", who="li", where="s") == [("what", "invalid_value")]
    assert problems(cell('{ column = "a", required = true }'), mail="m", what="w") == [("a", "missing")]
    assert problems(cell('{ constant = "x", values = { y = "z" } }'), mail="m", what="w") == [(None, "unknown_value")]


def test_an_identity_is_a_column_or_derived_from_some():
    """IO-1: the same key gives the same id, another key another one; an empty key is none."""
    made = row(LEADS, what="w", mail="a@b").record
    assert isinstance(made, ImportedLead)
    assert made.id == derived_id("lead", "a@b") == row(LEADS, what="other", mail="a@b").record.id
    assert made.id != row(LEADS, what="w", mail="a@c").record.id
    assert derived_id("lead", "a", "bc") != derived_id("lead", "ab", "c") != derived_id("lead", "abc")
    assert problems(LEADS, what="w", mail="") == [("mail", "missing")]


def test_history_columns_become_dated_visits():
    """IO-3: each stage that has a date, in the order of time; the current one's date is when it was entered."""
    source = deal('entered_at = "e"\n[history]\ntalk = "t"\noffer = "f"\nsign = "g"')
    sound = {"no": "1", "what": "w", "who": "li"}
    days = {day: datetime(2020, 1, day, tzinfo=ZONE).astimezone(UTC) for day in (1, 2, 3)}

    made = row(source, where="sign", t="2020-01-02", f="2020-01-01", g="2020-01-03", **sound).record
    assert made.history == (("offer", days[1]), ("talk", days[2]))
    assert made.entered_at == days[3]
    made = row(source, where="sign", t="2020-01-01", e="2020-01-02", g="2020-01-03", **sound).record
    assert (made.history, made.entered_at) == ((("talk", days[1]),), days[2])
    made = row(source, where="other", **sound).record
    assert (made.history, made.entered_at) == ((), None)


def test_customers_and_contacts_come_by_name():
    """IO-1: a row that names one asks for it, with what else the row knows; one that does not asks for none."""
    source = deal('outcome = "o"\n[customer]\nname = "c"\nphone = "p"\nowner = "k"\n[contact]\nname = "n"\ntitle = "t"')
    sound = {"no": "1", "what": "w", "who": "li", "where": "s"}

    made = row(source, c="Acme", p="139", k="zhang", n="Ms Qian", t="Head", o="won", **sound)
    assert made.customer == NewCustomer("Acme", phone="139")
    assert (made.customer_owner, made.contact) == ("zhang", NewContact("Ms Qian", title="Head"))
    assert made.record.outcome is OpportunityStatus.WON
    made = row(source, p="139", **sound)
    assert (made.customer, made.contact, made.customer_owner) == (None, None, None)


def test_spellings_are_corrected_before_anything_is_read():
    """IO-1: a wrong spelling is corrected for every field that reads the column, and noted once."""
    source = deal('source = "what"\n[spellings]\nwhat = { GTXPro = "GTX Pro" }')
    sound = {"no": "1", "who": "li", "where": "s"}

    made = row(source, what="GTXPro", **sound)
    assert (made.record.name, made.record.source) == ("GTX Pro", "GTX Pro")
    assert made.respelled == (("what", "GTXPro"),)
    assert row(source, what="GTX Pro", **sound).respelled == ()


LOOKED_UP = cell('{ column = "a", lookup = { file = "b.csv", key = "k", value = "v" } }')


def test_a_look_up_reads_a_file_beside_the_data(tmp_path):
    """IO-1: key column to value column of a second file; what is not there refuses the row."""
    (tmp_path / "b.csv").write_text("k,v,w\nx,1,\ny,,\nx,1,again\n", encoding="utf-8")

    assert row(LOOKED_UP, tmp_path, what="w", mail="m", a="x").record.source == "1"
    assert row(LOOKED_UP, tmp_path, what="w", mail="m", a="y").record.source is None
    assert problems(LOOKED_UP, tmp_path, what="w", mail="m", a="z") == [("a", "not_found")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "b.csv.*line 1: there is no header"),
        ("k,w\n", "b.csv.*line 1: there is no column 'v'; there are k, w"),
        ("k,v,v\n", "b.csv.*line 1: the column 'v' stands there more than once"),
        ("k,v\nx,1\nx,2\n", "b.csv.*line 3: 'x' stands there twice"),
        ("k,v\nx\n", "b.csv.*line 2: the row has 1 cells"),
        ('k,v\n"x\n', "b.csv.*line 2: the quotes do not fit"),
    ],
)
def test_a_bad_look_up_file_is_refused_as_a_whole(tmp_path, content, message):
    """IO-1, REL-8: a file that is looked up in has no row to spare; its name and line are told."""
    (tmp_path / "b.csv").write_text(content, encoding="utf-8")
    with pytest.raises(FileError, match=f"(?s){message}"):
        row(LOOKED_UP, tmp_path, what="w", mail="m", a="x")


def test_a_look_up_file_is_bounded(tmp_path, monkeypatch):
    """REL-8: what is kept in memory has a limit, in rows and in characters."""
    (tmp_path / "b.csv").write_text("k,v\nx,1\ny,2\n", encoding="utf-8")
    with monkeypatch.context() as small:
        small.setattr(mappings, "MOST_LOOKUP_ROWS", 1)
        with pytest.raises(FileError, match="line 3"):
            row(LOOKED_UP, tmp_path, what="w", mail="m", a="x")
    monkeypatch.setattr(mappings, "MOST_LOOKUP_CHARACTERS", 3)
    with pytest.raises(FileError, match="line 3"):
        row(LOOKED_UP, tmp_path, what="w", mail="m", a="x")


def test_nothing_outside_the_folder_is_looked_up_in(tmp_path):
    """REL-8: no file without a folder, none that is not there, and no path even in a mapping made by hand."""
    with pytest.raises(FileError, match="say which folder"):
        row(LOOKED_UP, None, what="w", mail="m", a="x")
    with pytest.raises(FileError, match="cannot be read: No such file"):
        row(LOOKED_UP, tmp_path, what="w", mail="m", a="x")
    with pytest.raises(FileError, match="cannot be read"):
        mappings.open_beside("a\0b", tmp_path, "m")
    with pytest.raises(FileError, match="plain name"):
        mappings.open_beside("../b.csv", tmp_path, "m")


def test_the_file_has_each_column_of_the_mapping_once():
    """IO-1: a column that is not there, or stands there twice, stops the file before its first row."""
    mapping = parse_mapping(LEADS)
    with pytest.raises(FileError, match=r"f\.csv.*no column 'mail'; there are what, other"):
        RowMapper(mapping, ["what", "other", ""], "f.csv", None, ZONE)
    with pytest.raises(FileError, match="'what' stands there more than once"):
        RowMapper(mapping, ["what", "mail", "what"], "f.csv", None, ZONE)
    assert RowMapper(mapping, ["x", "x", "what", "mail"], "f.csv", None, ZONE).column_of("title") == "what"
