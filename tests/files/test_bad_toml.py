"""Text that is no mapping and no organisation at all: refused at its place by its code, whoever reads it (REL-8)."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from salesflow.files.mapping import examine_mapping
from salesflow.files.organization import examine_organization
from salesflow.files.toml import LARGEST_FILE
from tests.files.timing import best_time

SECONDS = 0.1
BYTES = 64 * 2**20
READERS: dict[str, Callable[[Any], Any]] = {"mapping": examine_mapping, "organization": examine_organization}

BAD: dict[str, tuple[str | bytes, str, str]] = {
    "UTF-16": ("empty = []\n".encode("utf-16"), "line 1", "not_utf8"),
    "UTF-16 without a mark": ("empty = []\n".encode("utf-16-le"), "line 1, column 2", "syntax"),
    "GB18030": ('# one\n"张" = 1\n'.encode("gb18030"), "line 2", "not_utf8"),
    "Latin-1": ('"\u00e9" = 1\n'.encode("latin-1"), "line 1", "not_utf8"),
    "overlong form": (b'a = "\xc0\xaf"', "line 1", "not_utf8"),
    "surrogate in bytes": (b'a = "\xed\xa0\x80"', "line 1", "not_utf8"),
    "surrogate escaped": ('a = "\\ud800"', "line 1, column 12", "syntax"),
    "two byte order marks": ("\ufeff\ufeffa = 1", "line 1, column 1", "syntax"),
    "NUL": ('a = "x\0"', "line 1, column 7", "syntax"),
    "NUL escaped": ('"a\\u0000b" = 1', "'a\\x00b'", "unknown_key"),
    "control character": ("a = 1\x01", "line 1, column 6", "syntax"),
    "bidi key": ('"a\u202eb" = 1', "'a\\u202eb'", "unknown_key"),
    "zero-width key": ('"kind\u200b" = "lead"', "'kind\\u200b'", "unknown_key"),
    "key that looks like another": ('"k\u0456nd" = "lead"', "'k\u0456nd'", "unknown_key"),
    "line break in a key": ('"a\\nb" = 1', "'a\\nb'", "unknown_key"),
    "empty key": ('"" = 1', "''", "unknown_key"),
    "long key": ("k" * 60_000 + " = 1", "'" + "k" * 57 + "...'", "unknown_key"),
    "formula key": ('"=1+1" = 1', "'=1+1'", "unknown_key"),
    "not a number": ("empty = nan", "empty", "wrong_or_unknown"),
    "infinite": ("empty = 1e999999", "empty", "wrong_or_unknown"),
    "huge whole number": ("empty = 0x" + "f" * 60_000, "empty", "wrong_or_unknown"),
    "number of very many digits": ("empty = " + "9" * 60_000, "file", "syntax"),
    "key twice": ("a = 1\na = 2", "end of document", "syntax"),
    "table twice": ("[a]\n[a]", "line 2, column 3", "syntax"),
    "unterminated quote": ('a = "x\nb = 1', "line 1, column 7", "syntax"),
    "unterminated long quote": ('a = """x\nb = 1', "end of document", "syntax"),
    "unterminated list": ("a = [1,\n2", "end of document", "syntax"),
    "deep lists": ("a = " + "[" * 60_000, "line 1", "too_deep"),
    "deep tables": ("a = " + "{a=" * 20_000, "line 1", "too_deep"),
    "long dotted key": ("a" + ".a" * 30_000 + " = 1", "line 1", "key_too_deep"),
    "long dotted header": ("[a" + ".a" * 30_000 + "]", "line 1", "key_too_deep"),
    "very many keys": ("".join(f"k{n}=1\n" for n in range(6_001)), "line 6001", "too_many_values"),
    "a byte too many": ("#" * (LARGEST_FILE + 1), "file", "too_large"),
    "much too large": ("x" * (50 * LARGEST_FILE), "file", "too_large"),
    "YAML": ("kind: lead\n", "line 1, column 5", "syntax"),
    "JSON": ('{"kind": "lead"}', "line 1, column 1", "syntax"),
    "CSV": ("id,name\n1,x\n", "line 1, column 3", "syntax"),
    "prose": ("Dear colleague,\n", "line 1, column 6", "syntax"),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00", "line 1, column 3", "syntax"),
    "comments alone": ("#\n" * 32_000, "kind", "unknown_choice"),
}  # fmt: skip
WRONG = {"mapping": "wrong_type", "organization": "unknown_key"}
"""What `empty` with a number is to each reader, whether it knows the key or not."""


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", BAD)
def test_bad_text_is_refused_at_its_place(name, reader):
    """REL-8: the same for every reader, within 100 ms and 64 MB, and in words that can be shown."""
    source, place, code = BAD[name]
    if (name, reader) == ("comments alone", "organization"):
        assert examine_organization(source)[1] == ()  # an organisation of nobody is one
        return
    code = WRONG[reader] if code == "wrong_or_unknown" else code
    took, (made, found) = best_time(lambda: READERS[reader](source), SECONDS)
    tracemalloc.start()
    READERS[reader](source)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (place, code) in [(item.place, item.code) for item in found]
    assert made is None
    assert sum(len(str(item)) for item in found) < 100_000
    assert all(str(item).isprintable() for item in found)
    assert took < SECONDS
    assert peak < BYTES


def test_the_corpus_is_broad():
    """REL-8: at least forty, beside those that each reader has for its own keys."""
    assert len(BAD) >= 40
