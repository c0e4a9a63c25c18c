"""Import mappings applied to rows, value by value; those that are wrong are in `test_bad_mappings`."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from salesflow.errors import FileError, InvalidInput
from salesflow.files import mapping as mappings
from salesflow.files.mapping import RowMapper, derived_id, load_mapping, open_beside, parse_mapping
from salesflow.files.problems import ROW_ERRORS, WrongRow
from salesflow.model import ImportedLead, Money, NewContact, NewCustomer, OpportunityStatus
from tests.files.test_bad_mappings import DEALS, LEADS, cell, deal

ZONE = ZoneInfo("Asia/Shanghai")


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
        ('thousands = ","', "12,50", "number_form"), ('thousands = ","', "1,234,56", "number_form"),
        ('decimal = ",", thousands = "."', "12.99", "number_form"), ('thousands = " "', "3 50", "number_form"),
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
    assert RowMapper(parse_mapping(LEADS), ["what", "mail"], "f", None, ZONE).column_of("id") == "mail"
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


def test_what_is_wrong_with_a_customer_or_contact_names_its_own_column():
    """IO-1: a customer has a name and a contact has one, and neither is the opportunity's."""
    source = deal('[customer]\nname = "c"\nphone = "p"\n[contact]\nname = "n"\nemail = "e"\ntitle = {constant = "x"}')
    sound = {"no": "1", "what": "w", "who": "li", "where": "s", "c": "Acme", "n": "Ms Qian"}

    for wrong, column in (("x" * 301, "c"), ("a\u202eb", "c"), ("1\n2", "p"), ("a\u200bb", "n"), ("\x7f", "e")):
        assert problems(source, **sound | {column: wrong}) == [(column, "invalid_value")]
    assert row(source, **sound).contact == NewContact("Ms Qian", title="x")


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
    with pytest.raises(FileError, match=r"line 3.*more than 3 characters"):
        row(LOOKED_UP, tmp_path, what="w", mail="m", a="x")


@pytest.mark.parametrize(("limit", "most"), [("MOST_LOOKUP_ROWS", 3), ("MOST_LOOKUP_CHARACTERS", 7)])
def test_the_limits_are_for_all_look_ups_together(tmp_path, monkeypatch, limit, most):
    """REL-8: many files, or one that is looked up in for many values, are kept in memory together."""
    (tmp_path / "b.csv").write_text("k,v,w\nx,1,2\ny,2,3\n", encoding="utf-8")
    look_up = 'column = "a"\nlookup = { file = "b.csv", key = "k", value = '
    both = f'[fields.title]\n{look_up}"v" }}\n[fields.company]\n{look_up}"w" }}'
    mapping = mappings.parse_mapping(f'kind = "lead"\nkey = ["a"]\n{both}')
    mapper = mappings.RowMapper(mapping, ("a",), "f.csv", tmp_path, ZoneInfo("UTC"))
    first: Any = mapper(["x"]).record
    assert (first.title, first.company) == ("1", "2")
    monkeypatch.setattr(mappings, limit, most)
    with pytest.raises(FileError, match=r"b\.csv.*line 3"):
        mappings.RowMapper(mapping, ("a",), "f.csv", tmp_path, ZoneInfo("UTC"))


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
    for header in ("what;mail", "what\tmail", "mail|what"):
        with pytest.raises(FileError, match=r"separated by .*; say so: delimiter = "):
            RowMapper(mapping, [header], "f.csv", None, ZONE)
    with pytest.raises(FileError, match="no column 'mail'; there are 'other;what'"):
        RowMapper(mapping, ["other;what"], "f.csv", None, ZONE)
    with pytest.raises(FileError, match="'what' stands there more than once"):
        RowMapper(mapping, ["what", "mail", "what"], "f.csv", None, ZONE)
    assert RowMapper(mapping, ["x", "x", "what", "mail"], "f.csv", None, ZONE).column_of("title") == "what"


def test_a_link_leads_nowhere(tmp_path):
    """REL-8: a file of the folder is one that lies there; neither a link out of it nor a folder is opened."""
    folder = tmp_path / "data"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "sub").mkdir()
    for name in ("link.csv", "sub"):
        with pytest.raises(FileError, match="no file of that folder"):
            open_beside(name, folder, "m.toml")
    (folder / "own.csv").write_text("x")
    with open_beside("own.csv", folder, "m.toml") as file:
        assert file.read() == b"x"
