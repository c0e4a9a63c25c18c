"""Files of `export_json` read again, line by line (IO-2, REL-8)."""

import gc
from collections.abc import Callable, Iterable
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.files import exported
from salesflow.files.exported import read_exported, write_exported
from salesflow.files.json_codec import to_json
from salesflow.files.json_text import LARGEST_TEXT
from salesflow.model import StageEntry, StageVisit
from salesflow.testing.records import AT, make_opportunity
from salesflow.testing.strategies import opportunities

VISIT = StageVisit(1, "qualification", AT, StageEntry.CREATED)
DEALS = [make_opportunity(f"{number}", name=f"商机 {number}", visits=(VISIT,)) for number in range(3)]


def file_of(deals: list) -> str:
    """What `export_json` writes."""
    return "[\n" + ",\n".join(map(to_json, deals)) + "\n]\n" if deals else "[]\n"


def for_each(values: Iterable, call: Callable) -> None:
    """Call something with each value."""
    for value in values:
        call(value)


@given(st.lists(opportunities(), max_size=4), st.booleans())
def test_what_was_exported_comes_back_equal(deals, is_trusted):
    """IO-2: as text and as bytes, trusted or not."""
    text, written = file_of(deals), BytesIO()
    assert write_exported(deals, written) == len(deals)
    assert written.getvalue() == text.encode()
    for file in (StringIO(text), BytesIO(text.encode()), BytesIO(text.replace("\n", "\r\n").encode())):
        assert list(read_exported(file, is_trusted=is_trusted)) == deals


def test_more_than_are_read_at_once(monkeypatch):
    """IO-2: piece after piece, and the garbage collector is as it was in between."""
    monkeypatch.setattr(exported, "AT_ONCE", 2)
    deals = DEALS * 3
    for is_enabled in (True, False):
        (gc.enable if is_enabled else gc.disable)()
        try:
            found = []
            for deal in read_exported(StringIO(file_of(deals))):
                assert gc.isenabled() is is_enabled
                found.append(deal)
        finally:
            gc.enable()
        assert found == deals


@pytest.mark.parametrize(
    ("text", "what", "before"),
    [
        ("", "line 1", 0), ("{}", "line 1", 0), ("\ufeff[]", "line 1", 0), ("[\n", "line 2, column 1", 0),
        ("[]\n[]", "line 2", 0), ("[\n]\n", "line 2, column 1", 0),
        (file_of(DEALS) + "x", "line 6", 3), (file_of(DEALS)[:-3], "line 5", 3), (file_of(DEALS)[:-2], "line 5", 3),
        (file_of(DEALS).replace("商机 2", "商机 \ud800"), "line 4", 2),
        (file_of(DEALS[:2])[:-3] + ",\n]\n", "line 4, column 1", 2),
        ("[\n" + to_json(DEALS[0]) + ",\n" + " " * LARGEST_TEXT + "5,\n", "line 3, file", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_trusted", [True, False])
def test_what_is_no_such_file_is_refused(text, what, before, is_trusted):
    """REL-8: with the line, and after the values that stand before it."""
    found: list = []
    values = read_exported(StringIO(text), is_trusted=is_trusted)
    with pytest.raises(InvalidInput) as caught:
        for_each(values, found.append)
    assert caught.value.what == what
    assert found == DEALS[:before]
    assert gc.isenabled()
