"""With the extra `fast` and without it: the same text, the same values, the same refusals (IO-2, REL-8)."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.files import json_codec
from salesflow.files.json_codec import FORMAT, TYPES, from_json, from_text, read_plain, to_json, to_text, to_texts
from salesflow.files.json_problems import read_carefully
from salesflow.files.json_readers import reader_of
from salesflow.files.json_text import DEEPEST_NESTING, MOST_VALUES
from salesflow.files.json_values import read_money
from salesflow.files.json_writers import write_value
from salesflow.model import Change, Condition, Event, Money, Opportunity, Reason, TeamMember, TeamRole, created
from salesflow.testing.records import AT, make_opportunity
from tests.files.test_json_codec import EVENT, MISFITS, QUICK, SOUND, changed, reasons, records
from tests.files.test_json_text import HOSTILE
from tests.files.test_json_types import others

pytest.importorskip("orjson")


@contextmanager
def without_extra() -> Iterator[None]:
    """As if the extra were not installed."""
    kept = json_codec._fast, json_codec._loads
    json_codec._fast, json_codec._loads = None, json.loads
    try:
        yield
    finally:
        json_codec._fast, json_codec._loads = kept


def outcome(run: Callable[[], Any]) -> tuple[str, Any]:
    """What comes of it: a value, or what the refusal says."""
    try:
        return "gives", run()
    except InvalidInput as refused:
        return "refuses", (refused.what, repr(refused.value), refused.rule)


def either_way(run: Callable[[], Any]) -> tuple[str, Any]:
    """The outcome, which must be the same with the extra and without."""
    found = outcome(run)
    with without_extra():
        assert outcome(run) == found
    return found


@pytest.mark.parametrize("name", [*records, *others], ids=str)
def test_every_type_is_written_and_read_alike(name):
    """IO-2: the same text to the byte, and equal values, trusted or not."""
    strategy = records[name] if name in records else others[name]

    @settings(max_examples=max(5, QUICK // 5))
    @given(strategy)
    def alike(value):
        _, text = either_way(lambda: to_json(value))
        assert either_way(lambda: from_json(text)) == ("gives", value)
        assert either_way(lambda: from_json(text.encode())) == ("gives", value)
        assert either_way(lambda: from_json(text, is_trusted=True)) == ("gives", value)
        assert repr(from_json(text, is_trusted=True)) == repr(from_json(text))
        kept = either_way(lambda: to_text(value))[1]
        assert either_way(lambda: from_text(type(value), kept)) == ("gives", value)

    alike()


@settings(max_examples=max(5, QUICK // 5))
@given(st.sampled_from(("opportunity", "lead", "pool", "lead_source")).flatmap(records.__getitem__))
def test_records_with_their_events_are_written_alike(record):
    """HIST-1: what the store keeps is the same text, and reads back equal even when it is trusted."""
    event = created(record, at=AT, by="li", operation="create")
    _, (document, (told,)) = either_way(lambda: to_texts(record, [event]))
    assert (document, told) == (to_text(record), to_text(event))
    assert either_way(lambda: from_text(Event, told)) == ("gives", event)
    assert either_way(lambda: from_json(to_json(event), is_trusted=True)) == ("gives", event)


plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["2026-01-05", "2026-01-05T09:00:00+00:00", "1.50", "owner", "us", "won", "1e5", "CNY"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def parts(plain: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a plain value: what holds it, and its key or number there."""
    for key, value in list(plain.items()) if isinstance(plain, dict) else enumerate(plain):
        yield plain, key
        if isinstance(value, dict | list):
            yield from parts(value)


@settings(max_examples=QUICK)
@given(st.sampled_from(sorted(records)), st.data())
def test_a_value_with_one_part_changed_is_read_alike(name, data):
    """IO-2, REL-8: what the quick readers take, the careful ones take too, and give the same; errors are the same."""
    plain = json.loads(to_json(data.draw(records[name])))
    places = list(parts(plain))
    held, key = places[data.draw(st.integers(0, len(places) - 1))]
    change = data.draw(st.sampled_from(("replace", "remove", "add")))
    if change == "replace":
        held[key] = data.draw(plain_values)
    elif change == "remove":
        del held[key]
    elif isinstance(held, dict):
        held[data.draw(st.sampled_from(("more", "id", "key", "after", "name")))] = data.draw(plain_values)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    either_way(lambda: from_json(text))
    if isinstance(plain, dict) and "value" in plain:
        cls = TYPES[name]
        assert outcome(lambda: read_plain(cls, plain["value"])) == outcome(
            lambda: read_carefully(cls, plain["value"], name)
        )


@given(st.sampled_from(sorted(TYPES)), plain_values)
def test_what_the_quick_readers_take_is_sound(name, plain):
    """REL-8: of any plain value whatever, a quick reader takes nothing that the careful one refuses."""
    read, found = reader_of(TYPES[name]), None
    try:
        found = read(plain)
    except Exception:
        return
    assert found == read_carefully(TYPES[name], plain, name)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_alike(name):
    """REL-8: the same error with the same place."""
    assert either_way(lambda: from_json(HOSTILE[name]))[0] == "refuses"
    outcome(lambda: from_json(HOSTILE[name], is_trusted=True))  # by mistake: still nothing but a typed error


@pytest.mark.parametrize(("place", "value"), MISFITS)
def test_misfits_are_refused_alike(place, value):
    """IO-2: nothing is coerced on the quick way either."""
    text = json.dumps({"salesflow": FORMAT, "type": "opportunity", "value": changed(place, value)})
    compact = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    assert either_way(lambda: from_json(text))[0] == either_way(lambda: from_json(compact))[0] == "refuses"


TEXT = to_json(SOUND)
NAMED = '{"salesflow":1,"type":"reason","value":{"code":"x","facts":{"a":%s}}}'


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace('"name":', '"name":"twice","name":'), TEXT.replace('"salesflow":1', '"salesflow":true'),
        TEXT.replace('"salesflow":1', '"salesflow":2'), TEXT.replace('"type"', '"more":1,"type"'),
        TEXT.replace("opportunity", "dragon"), TEXT.replace('"type":"opportunity"', '"type":["opportunity"]'),
        TEXT.replace("deal a", "deal \\u0000"), TEXT.replace("deal a", "deal \\ud800"), TEXT + " " * MOST_VALUES,
        TEXT.replace('"version":1', '"version":1.0'), TEXT.replace('"version":1', '"version":18446744073709551615'),
        TEXT.replace('"version":1', '"version":0'), TEXT.replace('"role":"owner"', '"role":"joint"'),
        NAMED % "1.5", NAMED % "9223372036854775808", NAMED % "-9223372036854775808", NAMED % '["a",["b"]]',
        *(NAMED % ("[" * depth + "]" * depth) for depth in range(DEEPEST_NESTING - 5, DEEPEST_NESTING)),
        '{"salesflow":1,"type":"reason","value":{"code":"x","facts":{"self":"y"}}}',
        '{"salesflow":1,"type":"reason","value":{"code":5,"facts":{}}}',
        '{"salesflow":1,"type":"reason","value":{"code":"x","facts":[]}}',
        '{"salesflow":1,"type":"reason","value":{"code":"x","facts":{},"more":"y"}}',
    ],
)  # fmt: skip
def test_the_edges_of_the_quick_way(text):
    """REL-8: what the quick way cannot judge is left to the careful one, so that both say the same."""
    either_way(lambda: from_json(text))
    either_way(lambda: from_json(text.encode()) if text.isascii() else None)


@given(
    st.from_regex(r"-?[0-9]{1,17}(\.[0-9]{1,4})?(E[+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(("CNY", "JPY", "KWD", "cny", "EURO", "")),
)
def test_money_read_quickly_is_money(amount, currency):
    """PIPE-8: the quick way gives what the constructor gives, or both refuse."""
    found = outcome(lambda: Money(Decimal(amount), currency))
    plain = {"amount": amount, "currency": currency}
    try:
        read = read_money(plain)
    except ValueError:
        assert found[0] == "refuses"
    else:
        assert (found, repr(read)) == (("gives", read), repr(found[1]))


def changed_to(name: str, value: Any) -> Opportunity:
    """A sound opportunity with one value that its field cannot hold."""
    return evolve(SOUND, **{name: value})


@pytest.mark.parametrize(
    "value",
    [
        changed_to("version", "1"), make_opportunity("a", voided=0.5), make_opportunity("a", customer=5),
        make_opportunity("a", close_date="2026-01-05"), make_opportunity("a", close_date=AT),
        make_opportunity("a", created_at=datetime(2026, 1, 5)), make_opportunity("a", created_at=date(2026, 1, 5)),
        make_opportunity("a", name="half \ud800"), make_opportunity("a", led_by="us"), Reason("x", fact=1.5),
        make_opportunity("a", created_at=datetime(1, 1, 1, tzinfo=UTC)), make_opportunity("a", competitors=(5,)),
    ],
)  # fmt: skip
def test_what_no_field_holds_is_treated_alike(value):
    """IO-2: whatever the usual way does with a value that its field cannot hold, the quick way does too."""

    def written() -> str:
        try:
            return to_text(value)
        except (AttributeError, TypeError, ValueError) as problem:
            return type(problem).__name__

    either_way(written)


@pytest.mark.parametrize("version", [2**63, 2**70, float("nan"), float("inf"), True])
def test_numbers_that_no_reader_takes_are_treated_alike(version):
    """IO-2: a number beyond 64 bits, or none, never becomes another."""

    def written() -> str:
        try:
            return to_text(evolve(SOUND, version=version))
        except ValueError as problem:
            return type(problem).__name__

    either_way(written)


@given(st.datetimes(datetime(2, 1, 2), datetime(9998, 12, 30)), st.integers(-1439, 1439))
def test_moments_are_written_alike(at, minutes):
    """HIST-2: of any zone and with any fraction of a second."""
    deal = evolve(SOUND, created_at=at.replace(tzinfo=timezone(timedelta(minutes=minutes))))
    kind, text = either_way(lambda: to_text(deal))
    assert (kind, from_text(Opportunity, text).created_at) == ("gives", deal.created_at)


def test_words_of_a_role_are_plain_text():
    """IO-2: what is written natively holds no class of ours, and nothing that no field holds passes."""
    assert type(write_value(TeamMember("li", TeamRole.OWNER), native=True)["role"]) is str
    assert write_value(Condition("amount", one_of=(1, "x")))["one_of"] == [1, "x"]
    with pytest.raises(TypeError):
        write_value(1.5, native=True)
    assert write_value(1.5) == 1.5
    with pytest.raises(InvalidInput):
        write_value(TeamMember(5))  # type: ignore[arg-type]  # that is what is tested


def test_trust_ends_where_nothing_can_be_made_of_it():
    """REL-8: text that was not written here is refused as ever, whatever the caller believes."""
    for text in (TEXT[:-9], "[]", '{"type":"lead"}', TEXT.replace('"owner"', '"boss"', 1)):
        assert either_way(partial(from_json, text, is_trusted=True))[0] == "refuses"


_ALONE = """
import sys
sys.modules["orjson"] = None
from salesflow.files import json_codec
from salesflow.model import Event
text = sys.stdin.read()
event = json_codec.from_json(text)
assert json_codec._fast is None and event == json_codec.from_json(text, is_trusted=True)
assert event == json_codec.from_text(Event, json_codec.to_text(event))
print(json_codec.to_json(event), end="")
"""


def test_the_core_does_without_the_extra():
    """IO-2: without orjson all of it works, and writes the same."""
    text = to_json(EVENT)
    done = subprocess.run([sys.executable, "-c", _ALONE], input=text, capture_output=True, text=True, check=True)
    assert done.stdout == text


@given(reasons)
def test_reasons_are_trusted_alike(reason):
    """IO-2: facts of every type."""
    assert either_way(lambda: from_json(to_json(reason), is_trusted=True)) == ("gives", reason)


def test_one_change_alone_is_written_as_in_its_event():
    """IO-2, HIST-1: a part of an event by itself."""
    assert to_text(Change("name", None, "a", "b")) == '{"field":"name","before":"a","after":"b"}'
