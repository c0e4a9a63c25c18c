"""JSON text of anybody: refused with a place before it costs too much, or read as it is (IO-2, REL-8)."""

import json
import tracemalloc

import pytest

from salesflow.errors import InvalidInput
from salesflow.files.json_codec import from_json
from salesflow.files.json_text import DEEPEST_NESTING, LARGEST_TEXT, MOST_CONTAINERS, MOST_VALUES, read_json
from tests.files.timing import best_time

SECONDS = 0.1

NAMED = '{"salesflow":1,"type":"reason","value":{"code":"%s","facts":{}}}'

HOSTILE: dict[str, str | bytes] = {
    "empty": "", "blank": " \n", "half": '{"a":', "comment": "{} // x", "trailing": "[1,]", "two values": "{}{}",
    "NaN": "[NaN]", "infinity": "[-Infinity]", "a fraction": "[0.1]", "an exponent": "[1e999999]",
    "many digits": "[" + "9" * 5000 + "]", "twenty digits": "[12345678901234567890]", "leading zero": "[01]",
    "deep lists": "[" * 100_000, "deep objects": '{"a":' * 100_000, "deep and closed": "[" * 5000 + "]" * 5000,
    "doubled key": '{"a":1,"a":2}', "doubled deep key": '[{"b":{"a":1,"\\u0061":2}}]',
    "half a character": NAMED % "\\ud800", "half a character raw": NAMED % "\ud800", "NUL": NAMED % "\\u0000",
    "NUL in a list": '[5, ["\\u0000"]]', "NUL key": '{"\\u0000":1}', "raw control": '["a\x01b"]',
    "raw line break": '["a\nb"]',
    "bare NUL": "\x00",
    "mark": "\ufeff{}", "mark bytes": b"\xef\xbb\xbf{}", "UTF-16": '{"a":1}'.encode("utf-16"),
    "bad UTF-8": b'{"a":"\xff"}',
    "overlong": b'["\xc0\x80"]', "surrogate bytes": b'["\xed\xa0\x80"]', "unterminated": '"' + "a" * LARGEST_TEXT,
    "unterminated quotes": '"' + '\\"' * (LARGEST_TEXT // 2 - 1), "too large": "[" + " " * LARGEST_TEXT + "]",
    "empty lists": "[" + "[]," * (LARGEST_TEXT // 3 - 1) + "[]]", "zeros": "[" + "0," * (LARGEST_TEXT // 2 - 2) + "0]",
    "colliding numbers": json.dumps([n * (2**61 - 1) for n in range(4)] * 20_000), "one key": '{"a":1}' * 3,
    "many keys": json.dumps({f"k{n}": n for n in range(100_000)}), "brackets": "]" * 1000, "quotes": '"' * 100_001,
    "escapes": '["' + "\\u00e9" * 300_000 + '"', "bad escape": '["\\x"]', "single quotes": "{'a':1}",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_a_typed_error(name):
    """REL-8: each is a typed error with a place, within 100 ms and 64 MB."""
    source = HOSTILE[name]

    def refused() -> InvalidInput:
        with pytest.raises(InvalidInput) as caught:
            from_json(source)
        return caught.value

    spent, error = best_time(refused, SECONDS)
    tracemalloc.start()
    refused()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert error.what
    assert len(str(error)) < 1000
    assert peak < 64 * 2**20
    assert spent < SECONDS


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"0.5": "NaN",\n "a": [1, 0.5]}', "line 2, column 11"), ('["NaN", NaN]', "line 1, column 9"),
        ('["-Infinity",\n\n-Infinity]', "line 3, column 1"), (f'["{"9" * 30}", {"9" * 30}]', "line 1, column 36"),
        (f'["{"[" * 30}",\n{"[" * 30}', "line 2, column 24"), ('["\\ud83d\\ude00",\n "a\\ud800"]', "line 2, column 2"),
        ('["\\\\u0000", "a\\u0000"]', "line 1, column 13"), ('["\\u0000", "\ud800"]', "line 1, column 2"),
        ('["\\ud83d\\ude00", "\ud800"]', "line 1, column 19"), ('["a",\n"b\ud800"]', "line 2, column 3"),
    ],
)  # fmt: skip
def test_what_a_parser_would_take_is_refused_at_its_place(text, place):
    """REL-8: numbers, nesting and characters that are refused are told with line and column, whatever strings hold."""
    with pytest.raises(InvalidInput) as caught:
        read_json(text)
    assert caught.value.what == place


def test_caps_stand_where_they_say():
    """REL-8, I-56: at each cap a text is read, one beyond it is refused."""
    deepest = "[" * DEEPEST_NESTING + "]" * DEEPEST_NESTING
    most = "[" + "[]," * (MOST_CONTAINERS - 2) + "[]]"
    values = "[" + "0," * MOST_VALUES + "0]"
    for text in (deepest, most, values, "[" + " " * (LARGEST_TEXT - 2) + "]", "[1234567890123456789]"):
        assert isinstance(read_json(text), list)
    for text in (f"[{deepest}]", most[:-1] + ",[]]", values[:-1] + ",0]", " " * LARGEST_TEXT + "1"):
        with pytest.raises(InvalidInput):
            read_json(text)
    assert read_json("5", largest=1) == 5


@pytest.mark.parametrize(
    "plain", [{"a": "\\u0000"}, ["é"], "\\ud800 in words", {"é": [None, True]}, "[" * 99, "\U0001f600"]
)
@pytest.mark.parametrize("ascii", [True, False])
def test_harmless_text_is_read(plain, ascii):
    """IO-2: text that only looks like an escape, any script, and brackets inside text are read as they are."""
    text = json.dumps(plain, ensure_ascii=ascii)
    assert read_json(text) == read_json(text.encode()) == plain


def test_the_source_is_text_or_bytes():
    """REL-8: anything else is the caller's mistake."""
    with pytest.raises(InvalidInput, match="source"):
        read_json(5)  # type: ignore[arg-type]  # that is what is tested
