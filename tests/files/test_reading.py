"""Rows of CSV and JSON: each wrong one is told with its line and code, and never takes another with it."""

import csv
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import FileError
from salesflow.files.problems import ROW_ERRORS
from salesflow.files.reading import LONGEST_ROW, MOST_COLUMNS, CsvRows, JsonRows, Layout
from tests.files.timing import best_time

SECONDS = 0.1
BYTES = 64 * 2**20
LONG = LONGEST_ROW + 10


def csv_rows(content: bytes | str, layout: Layout | None = None) -> CsvRows:
    opened = io.BytesIO(content) if isinstance(content, bytes) else io.StringIO(content, newline="")
    return CsvRows(opened, layout or Layout(), "f.csv")


def json_rows(content: bytes | str, columns: str = "a b", layout: Layout | None = None) -> JsonRows:
    opened = io.BytesIO(content) if isinstance(content, bytes) else io.StringIO(content, newline="")
    return JsonRows(opened, columns.split(), layout or Layout(sparse=True), "f.json")


def told(rows: Any) -> list[tuple[int, Any]]:
    """Each row: its line, with its cells or the code of what is wrong."""
    return [(row.line, list(row.cells) if row.problem is None else row.problem.code) for row in rows]


# What follows the header, and what comes of it; each is followed by a good row, which is always read.
BAD_CSV: dict[str, tuple[bytes, list[tuple[int, Any]]]] = {
    "too few cells": (b"1\n", [(2, "cell_count")]),
    "too many cells": (b"1,2,3\n", [(2, "cell_count")]),
    "very many cells": (b"," * 100_000 + b"\n", []),
    "very many full cells": (b"1," * 50_000 + b"\n", [(2, "cell_count")]),
    "wrong delimiter": (b"1;2\n", [(2, "cell_count")]),
    "tabs": (b"1\t2\n", [(2, "cell_count")]),
    "quote that is never closed": (b'"1,2\n3,4\n', [(2, "quoting"), (3, ["3", "4"])]),
    "quote never closed in the last cell": (b'1,"2\n3,4\n', [(2, "quoting"), (3, ["3", "4"])]),
    "two quotes that are never closed": (b'"1,2\n"3,4\n5,6\n', [(2, "quoting"), (3, "quoting"), (4, ["5", "6"])]),
    "quote closed too early": (b'"1"2,3\n4,5\n', [(2, "quoting"), (3, ["4", "5"])]),
    "quote that swallowed a good quoted row": (
        b'"1,2\n"3",4\n', [(2, "quoting"), (3, ["3", "4"])]),
    "only a quote": (b'"\n', [(2, "quoting")]),
    "three quotes": (b'"""\n', [(2, "quoting")]),
    "many quotes": (b'"' * 60_001 + b"\n", [(2, "quoting")]),
    "a NUL": (b"1,a\0b\n", [(2, "null_character")]),
    "only NULs": (b"\0\0\n", [(2, "null_character")]),
    "a NUL in quotes over lines": (b'1,"a\n\0"\n', [(2, "null_character")]),
    "Latin-1": ("1,\u00e9\n".encode("latin-1"), [(2, "not_text")]),
    "GB18030": ("1,\u5f20\u4f1f\n".encode("gb18030"), [(2, "not_text")]),
    "UTF-16": ("1,2\n".encode("utf-16-le"), [(2, "null_character"), (3, "null_character")]),
    "half a character": (b"1,\xe5\xbc\n", [(2, "not_text")]),
    "a surrogate": (b"1,\xed\xa0\x80\n", [(2, "not_text")]),
    "an overlong form": (b"1,\xc0\xaf\n", [(2, "not_text")]),
    "wrong text in open quotes": (b'1,"\xff\n3,4\n', [(2, "not_text"), (3, ["3", "4"])]),
    "line that is too long": (b"1," + b"x" * LONG + b"\n", [(2, "too_long")]),
    "line that is much too long": (b"x" * 20 * LONG + b"\n", [(2, "too_long")]),
    "quoted cell that is too long": (
        b'1,"' + (b"x" * 997 + b",x\n") * 140 + b'"\n',
        [(2, "too_long"), *((n, ["x" * 997, "x"]) for n in range(3, 142)), (142, "quoting")]),
    "too long in open quotes": (
        b'1,"\n' + b"x" * LONG + b"\n5,6\n", [(2, "too_long"), (3, "too_long"), (4, ["5", "6"])]),
    "old line ends": (b"1,2\r3,4\n", [(2, "quoting")]),
    "line end in a cell": (b"1,a\rb\n", [(2, "quoting")]),
    "line ends of a page": (b"1,2\x0c3\n", [(2, ["1", "2\x0c3"])]),
    "empty lines": (b"\n\n\r\n", []),
    "empty cells": (b",\n , \n", []),
    "good over lines": (b'"1\n1",2\n', [(2, ["1\n1", "2"])]),
    "byte order mark in the middle": (b"\xef\xbb\xbf1,2\n", [(2, ["\ufeff1", "2"])]),
    "bidi": ("1,\u202e2\n".encode(), [(2, ["1", "\u202e2"])]),
    "quotes inside": (b'5" pipe,"a ""b"" c"\n', [(2, ['5" pipe', 'a "b" c'])]),
    "formula": (b"=1+1,@SUM\n", [(2, ["=1+1", "@SUM"])]),
    **{f"{count} cells": (b"x," * count + b"x\n", [(2, "cell_count")]) for count in range(2, 42)},
    **{f"control character {code}": (b"1,a\0" + bytes([code]) + b"\n", [(2, "null_character")])
       for code in (1, 2, 7, 8, 11, 12, 14, 27, 31, 127)},
    **{f"byte {code:x}": (b"1," + bytes([code]) + b"\n", [(2, "not_text")]) for code in range(0xC0, 0x100, 4)},
}  # fmt: skip

HEADERS: dict[str, bytes] = {
    "nothing": b"",
    "empty lines": b"\n\n\r\n",
    "empty cells": b",,,\n",
    "byte order mark": b"\xef\xbb\xbf",
    "not text": b"a,\xff\n1,2\n",
    "NUL": b"a\0,b\n",
    "UTF-16": "a,b\n1,2\n".encode("utf-16"),
    "open quote": b'"a,b\n1,2\n',
    "too long": b"a," + b"x" * LONG,
    "too many columns": b"x," * (MOST_COLUMNS + 1) + b"\n",
    "old line ends": b"a,b\r1,2\r",
    "spreadsheet": b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0",
    "old spreadsheet": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "UTF-16 of the other end": "\ufeffa,b\n1,2\n".encode("utf-16-be"),
    "GB18030": "电话,标题\n1,2\n".encode("gb18030"),
    "quote closed too early": b'"a"b,c\n',
    "surrogate": b"a,\xed\xa0\x80\n",
}
SAID = {
    "UTF-16": "this is UTF-16 text; save it as UTF-8 text",
    "UTF-16 of the other end": "this is UTF-16 text; save it as UTF-8 text",
    "spreadsheet": "this is a spreadsheet or an archive; save it as UTF-8 text",
    "old spreadsheet": "this is an old spreadsheet; save it as UTF-8 text",
    "GB18030": "this is no UTF-8 text; save the file as UTF-8, or name the encoding of a CSV in its mapping",
    "old line ends": "a carriage return stands alone",
}
"""What would do, where a file was plainly meant to be another."""


@pytest.mark.parametrize("name", BAD_CSV)
def test_a_bad_row_of_csv_stops_no_other(name):
    """IO-1, REL-8: line and code of each wrong row, soon, and the good row behind it is read."""
    bad, wanted = BAD_CSV[name]
    content = b"a,b\n" + bad
    lines = content.count(b"\n")
    took, found = best_time(lambda: told(csv_rows(content + b"7,8\n")), SECONDS)

    if name == "UTF-16":  # nothing after it can be told apart from it
        assert [code for _, code in found] == ["null_character", "null_character"]
        return
    assert found == [*wanted, (lines + 1, ["7", "8"])]
    assert {code for _, code in found if isinstance(code, str)} <= set(ROW_ERRORS)
    assert took < SECONDS


@pytest.mark.parametrize("name", HEADERS)
def test_a_file_without_a_usable_header_is_refused_as_a_whole(name):
    """IO-1, REL-8: without the columns no row means anything; the error names the file and the line."""
    with pytest.raises(FileError, match=r"f\.csv.*line 1") as refused:
        csv_rows(HEADERS[name])
    (problem,) = refused.value.problems
    assert SAID.get(name, "") in problem


def test_csv_is_read_as_its_layout_says():
    """IO-1: a byte order mark and blanks are passed over; delimiter, encoding and empty texts are the mapping's."""
    assert csv_rows(b"\xef\xbb\xbf a ,b\n1, 2 \r\n").columns == ("a", "b")
    assert told(csv_rows("a;b\n张;N/A\n".encode("gb18030"), Layout(";", "gb18030", frozenset(["N/A"])))) == [
        (2, ["张", ""])
    ]
    assert told(csv_rows("\ufeffa\tb\n1\t-\n", Layout("\t", empty=frozenset(["-"])))) == [(2, ["1", ""])]


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))


@given(st.lists(st.tuples(ANY_TEXT, st.text('ab", \n;'))))
def test_whatever_a_writer_writes_is_read_back(rows):
    """IO-1: any text that a CSV writer quotes comes back, but for blanks around it; rows of nothing are none."""
    content = io.StringIO(newline="")
    csv.writer(content, lineterminator="\n").writerows([("a", "b"), *rows])

    found = [tuple(row.cells) for row in csv_rows(content.getvalue().encode())]
    assert found == [pair for first, second in rows if any(pair := (first.strip(), second.strip()))]


@given(st.lists(st.sampled_from([b'"', b",", b"\n", b"a", b"\0", b"\xff", b"\r", b" ", "张".encode()])).map(b"".join))
def test_csv_of_anybody_is_read_to_its_end(content):
    """REL-8: no file crashes the reader, and what is behind it is read; two line ends close whatever was open."""
    try:
        found = told(csv_rows(b"a,b\n" + content + b'"\n\n1,"2"x\n7,8\n'))
    except FileError:
        pytest.fail("the header was sound")
    assert found[-1][1] == ["7", "8"]


BAD_JSON: dict[str, tuple[bytes, list[tuple[int, Any]]]] = {
    "number": (b"1", [(2, "no_object")]),
    "text": (b'"x"', [(2, "no_object")]),
    "null": (b"null", [(2, "no_object")]),
    "list": (b"[1]", [(2, "no_object")]),
    "empty list": (b"[]", [(2, "no_object")]),
    "word": (b"undefined", [(2, "syntax")]),
    "open object": (b'{"a": 1', [(2, "syntax")]),
    "open text": (b'{"a": "x', [(2, "syntax")]),
    "open list": (b'{"a": [1', [(2, "syntax")]),
    "line break in text": (b'{"a": "x\ny"}', [(2, "syntax")]),
    "no value": (b'{"a": }', [(2, "syntax")]),
    "no comma": (b'{"a": 1 "b": 2}', [(2, "syntax")]),
    "comma too many": (b'{"a": 1,}', [(2, "syntax")]),
    "single quotes": (b"{'a': 1}", [(2, "syntax")]),
    "comment": (b'{"a": 1 /* one */}', [(2, "syntax")]),
    "bad escape": (b'{"a": "\\x"}', [(2, "syntax")]),
    "half an escape": (b'{"a": "\\u12"}', [(2, "syntax")]),
    "leading zero": (b'{"a": 01}', [(2, "syntax")]),
    "plus": (b'{"a": +1}', [(2, "syntax")]),
    "hexadecimal": (b'{"a": 0x1}', [(2, "syntax")]),
    "true in capitals": (b'{"a": True}', [(2, "syntax")]),
    "none": (b'{"a": None}', [(2, "syntax")]),
    "NUL": (b'{"a": "\0"}', [(2, "syntax")]),
    "escaped NUL": (b'{"a": "\\u0000"}', [(2, "null_character")]),
    "control character": (b'{"a": "\x01"}', [(2, "syntax")]),
    "not a number": (b'{"a": NaN}', [(2, "nested")]),
    "infinite": (b'{"a": Infinity}', [(2, "nested")]),
    "minus infinite": (b'{"a": -Infinity}', [(2, "nested")]),
    "nested object": (b'{"a": {"x": 1}}', [(2, "nested")]),
    "nested list": (b'{"a": [1]}', [(2, "nested")]),
    "key twice": (b'{"a": 1, "a": 2}', [(2, "no_object")]),
    "key twice inside": (b'{"a": {"x": 1, "x": 2}}', [(2, "nested")]),
    "not text": (b'{"a": "\xff"}', [(2, "not_text")]),
    "half a character": (b'{"a": "\xe5\xbc"}', [(2, "not_text")]),
    "lone surrogate": (b'{"a": "\\ud800"}', [(2, "not_text")]),
    "deep lists": (b'{"a": ' + b"[" * 100_000, [(2, "too_deep")]),
    "deep closed lists": (b'{"a": ' + b"[" * 60_000 + b"]" * 60_000 + b"}", [(2, "too_deep")]),
    "deep objects": (b'{"a": ' * 20_000, [(2, "too_deep")]),
    "long text": (b'{"a": "' + b"x" * LONG + b'"}', [(2, "too_long")]),
    "much too long text": (b'{"a": "' + b"x" * 20 * LONG + b'"}', [(2, "too_long")]),
    "many values that are too long": (b'{"a": [' + b"1," * 9 * LONG + b"1]}", [(2, "too_long")]),
    "open text, much too long": (b'{"a": "' + b"x" * 20 * LONG, [(2, "too_long")]),
    "digits": (b'{"a": ' + b"9" * 100_000 + b"}", [(2, ["9" * 100_000, ""])]),
    "huge exponent": (b'{"a": 1e999999}', [(2, ["1e999999", ""])]),
    "exact number": (b'{"a": 0.10, "b": -0}', [(2, ["0.10", "-0"])]),
    "nothing": (b'{"a": null}', [(2, ["", ""])]),
    "empty object": (b"{}", [(2, ["", ""])]),
    "flags": (b'{"a": true, "b": false}', [(2, ["true", "false"])]),
    "further keys": (b'{"a": "x", "c": [{"d": {}}]}', [(2, ["x", ""])]),
    "long key": (b'{"' + b"k" * 100_000 + b'": 1}', [(2, ["", ""])]),
    "escapes": ('{"a": "\\u5f20\\n", "b": "\U0001f600"}'.encode(), [(2, ["张", "\U0001f600"])]),
    "open list over lines": (b'{"a": [1,\n{"a": 5},\n{"b": 6}', [(2, "syntax"), (3, ["5", ""]), (4, ["", "6"])]),
    "over lines": (b'{\n "a": 1,\n "b": 2\n}', [(2, ["1", "2"])]),
    **{f"junk {junk}": (junk.encode(), [(2, "syntax")]) for junk in "abcdghijklmopqrsuvwxyz!#$%&'()*+-./:;<=>?@^_`|~"},
}  # fmt: skip


@pytest.mark.parametrize("form", ["list", "lines", "one line"])
@pytest.mark.parametrize("name", BAD_JSON)
def test_a_bad_object_of_json_stops_no_other(name, form):
    """IO-1, REL-8: line and code of each wrong object, soon, and the good one behind it is read, in every form."""
    bad, wanted = BAD_JSON[name]
    lines = bad.count(b"\n")
    good = b'{"a": "7", "b": 8}'
    content = {
        "list": b"[\n" + bad + b",\n" + good + b"\n]\n",
        "lines": good + b"\n" + bad + b"\n" + good,
        "one line": b"\n[" + bad + b", " + good + b"]",
    }[form]
    took, found = best_time(lambda: told(json_rows(content)), SECONDS)

    last = (2 + lines + (form != "one line"), ["7", "8"])
    if form == "one line" and not bad.endswith(b"}") and wanted[0][1] in ("syntax", "too_long", "too_deep"):
        assert found[0] == wanted[0]  # where no line ends and no object closes, nothing can be told apart
        assert all(isinstance(code, str) for _, code in found)
    else:
        assert found == [*([(1, ["7", "8"])] if form == "lines" else []), *wanted, last]
    assert {code for _, code in found if isinstance(code, str)} <= set(ROW_ERRORS)
    assert took < SECONDS


def test_json_of_the_end():
    """REL-8: no row where there is none; a list that does not end is told, since rows may be lost."""
    for nothing in (b"", b" \n ", b"[]", b"\n[ ]\n"):
        assert told(json_rows(nothing)) == []
    assert told(json_rows(b"\xef\xbb\xbf[]")) == told(json_rows("\ufeff[]")) == []
    assert told(json_rows(b"[")) == [(1, "truncated")]
    assert told(json_rows(b'[{"a": 1},\n')) == [(1, ["1", ""]), (2, "truncated")]
    assert told(json_rows(b'[{"a": 1},\n{"a"')) == [(1, ["1", ""]), (2, "syntax"), (2, "truncated")]
    assert told(json_rows(b'[{"a": x}]')) == [(1, "syntax")]
    assert told(json_rows(b'[] {"a": 1}]')) == [(1, ["1", ""])]


def test_json_that_is_another_format_is_told_once():
    """REL-8: UTF-16 and spreadsheets are named as what they are, in place of a thousand broken objects."""
    for content in ('[{"a": 1}]'.encode("utf-16"), "\ufeff[]".encode("utf-16-be"), b"PK\x03\x04\x14\0"):
        assert told(json_rows(content)) == [(1, "other_format")]


def test_nobody_can_make_the_reader_search_for_ever():
    """REL-8: objects that each swallow all the rest are not read again and again."""
    content = b"".join(b'{"a": [' + b"1," * 200 + b"\n" for _ in range(2_000))
    took, found = best_time(lambda: told(json_rows(content)), 5 * SECONDS)

    assert {code for _, code in found} <= {"syntax", "too_deep", "too_long"}
    assert took < 5 * SECONDS  # for 800 KB


@pytest.mark.parametrize("head", [b'{"a": [', b'{"a": x', b'{"a": {}', b"}", b'{"a": "'])
@pytest.mark.parametrize("gap", [b"\n", b",\n", b" ", b"[\n", b"},"])
def test_blanks_without_end_are_looked_through_once(head, gap):
    """REL-8: where an object is broken, the search for the next one takes as long as what it looks through."""
    content = head + gap * (100_000 // len(gap)) + b"x\n" + b'{"a": 7, "b": 8}'
    took, found = best_time(lambda: told(json_rows(content)), SECONDS)

    assert found[-1][1] in (["7", "8"], "syntax", "truncated")
    assert took < SECONDS


def test_json_of_any_length_is_read_piece_by_piece():
    """IO-1: a character may be cut in two where a piece ends, and blanks may be longer than any row."""
    name = "张" * 60_000
    assert told(json_rows(f'[{{"a": "{name}"}},{{"b": "{name}"}}]'.encode())) == [(1, [name, ""]), (1, ["", name])]
    assert told(json_rows(b"\n" * 400_000 + b"[" + b"\n" * 400_000 + b'{"a": 1}]')) == [(800_001, ["1", ""])]


def test_json_is_stripped_and_its_empty_texts_are_empty():
    """IO-1: as in CSV, blanks around a text and what the mapping calls empty are nothing."""
    assert told(json_rows('[{"a": " x ", "b": "N/A"}]', layout=Layout(empty=frozenset(["N/A"])))) == [(1, ["x", ""])]


VALUES = st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES)), st.booleans(), st.sampled_from([None, 1]))
def test_whatever_json_is_written_is_read_back(rows, is_list, indent):
    """IO-1: any flat objects, as a list or one behind the other, pretty or not."""
    texts = [json.dumps(row, ensure_ascii=False, indent=indent) for row in rows]
    content = f"[{','.join(texts)}]" if is_list else "\n".join(texts)
    plain = {None: "", True: "true", False: "false"}

    def cell(value: str | bool | None) -> str:
        return value.strip() if isinstance(value, str) else plain[value]

    found = [row.cells for row in json_rows(content.encode())]
    assert found == [[cell(row.get(key)) for key in ("a", "b")] for row in rows]


@given(st.lists(st.sampled_from([bytes([code]) for code in b'",\na{}[]:\\\xff1'])).map(b"".join))
def test_json_of_anybody_is_read_to_its_end(content):
    """REL-8: no file crashes the reader or keeps it from an object that begins a line of its own."""
    found = told(json_rows(b'[{"b": 1}\n' + content + b'\n"\n{"a": "7", "b": "8"}\n]'))
    assert ["7", "8"] in [cells for _, cells in found]


class Pieces(io.RawIOBase):
    """A file of many equal rows that is made while it is read."""

    def __init__(self, head: bytes, row: bytes, count: int) -> None:
        self._row, self._left = row, count
        self._rest = head

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if len(self._rest) < len(into) and self._left:
            count = min(self._left, len(into) // len(self._row) + 1)
            self._left -= count
            self._rest += self._row * count
        taken, self._rest = self._rest[: len(into)], self._rest[len(into) :]
        into[: len(taken)] = taken
        return len(taken)


@pytest.mark.parametrize("kind", ["csv", "json", "json lines"])
def test_memory_does_not_grow_with_the_rows(kind):
    """IO-1, PERF-9: three times the rows need no more memory; the import of 100,000 is in `test_import`."""

    def peak(count: int) -> int:
        if kind == "csv":
            pieces = Pieces(b"a,b\n", f"张伟,{'x' * 200}\n".encode(), count)
            rows: Any = CsvRows(io.BufferedReader(pieces), Layout(), "f")
        else:
            head = b"[" if kind == "json" else b""
            file = io.BufferedReader(Pieces(head, f'{{"a":"张伟","b":"{"x" * 200}"}},\n'.encode(), count))
            rows = JsonRows(file, ["a", "b"], Layout())
        tracemalloc.start()
        assert sum(row.problem is None for row in rows) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    small = peak(3_000)
    assert peak(9_000) < 1.2 * small < BYTES


def test_lines_that_never_close_their_quotes_cost_no_more_than_their_length():
    """REL-8: what is read again in search of swallowed rows is bounded, however many lines ask for it."""
    data = b"a,b\n" + b'x","\n' * 26_040
    took, rows = best_time(
        lambda: sum(row.problem is not None for row in CsvRows(io.BytesIO(data), Layout(), "f")), 2.0
    )
    assert rows >= 1
    assert took < 2.0
