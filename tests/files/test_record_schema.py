"""The published JSON Schema of records: it takes all that is written, and refuses what has another shape (IO-2)."""

import json
from collections.abc import Iterator
from importlib.resources import files
from io import StringIO
from typing import Any

import attrs
import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import salesflow as sf
from salesflow.errors import InvalidInput
from salesflow.files.json_codec import RECORDS, TYPES, from_json, read_plain, to_json
from salesflow.files.record_schema import record_schema
from salesflow.model import Decision, Reason
from salesflow.ports import AuditEntry, DoneOnce, Tombstone
from salesflow.testing.strategies import histories, names, record_ids
from tests.app.world import World
from tests.files.test_json_codec import QUICK, exact, reasons, records
from tests.files.test_json_types import others

SCHEMA = json.loads((files("salesflow.files") / "record.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

events = st.sampled_from(["opportunity", "lead"]).flatmap(
    lambda kind: histories(records[kind], max_size=2).map(lambda history: history.events)
)
one_reason = reasons.map(lambda reason: (reason,))
written: dict[str, st.SearchStrategy[Any]] = {
    **records,
    **{name: others[cls] for name, cls in TYPES.items() if cls in others},
    "event": events.map(lambda told: told[-1]),
    "decision": st.builds(Decision, events.map(tuple), st.just(())) | st.builds(Decision, st.just(()), one_reason),
    "reason": reasons,
    "done_once": st.builds(DoneOnce, names(), names(), st.just((("lead", "1", 2),))),
    "tombstone": st.builds(Tombstone, st.just("lead"), record_ids(), st.integers(1, 9), exact, names(), names()),
    "audit_entry": st.builds(AuditEntry, exact, names(), names(), st.just("lead"), record_ids(), one_reason),
}
"""A strategy of each type that is written."""


def is_sound(plain: Any) -> bool:
    return bool(VALIDATOR.is_valid(plain))


def test_the_schema_is_one_and_knows_every_type():
    """IO-2: sound by its own draft, what the function returns, and of every field of every record."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert record_schema() == SCHEMA
    assert SCHEMA["$defs"]["Envelope"]["properties"]["type"]["enum"] == list(TYPES)
    assert written.keys() == TYPES.keys()
    for cls in RECORDS.values():
        assert SCHEMA["$defs"][cls.__name__]["properties"].keys() == {field.name for field in attrs.fields(cls)}


@pytest.mark.parametrize("name", TYPES)
def test_all_that_is_written_is_taken(name: str):
    """IO-2: one value, and a list of them, as an export is."""

    @settings(max_examples=max(5, QUICK // 8))
    @given(written[name])
    def is_taken(value: Any) -> None:
        plain = json.loads(to_json(value))
        VALIDATOR.validate(plain)
        assert is_sound([plain, plain])
        assert not is_sound([plain, 5])

    is_taken()


def places(plain: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value, from the outside in."""
    yield path
    if isinstance(plain, dict | list):
        for key, part in plain.items() if isinstance(plain, dict) else enumerate(plain):
            yield from places(part, (*path, key))


def changed(plain: Any, path: tuple[Any, ...], how: str) -> Any:
    """The value with another one at a place, or without it, or with one key more."""
    copy = json.loads(json.dumps(plain))
    if not path:
        return {**copy, "surplus": "x"} if how == "more" and isinstance(copy, dict) else 1.5
    holder = copy
    for key in path[:-1]:
        holder = holder[key]
    if how == "other":
        holder[path[-1]] = 1.5  # a fraction is nothing anywhere
    elif how == "less":
        del holder[path[-1]]
    elif isinstance(holder[path[-1]], dict):
        holder[path[-1]]["surplus"] = "x"
    return copy


def refusal(name: str, plain: Any) -> str | None:
    """What the reader says against a value, or None."""
    try:
        read_plain(TYPES[name], plain)
    except InvalidInput as error:
        return error.rule
    return None


@pytest.mark.parametrize("name", TYPES)
def test_another_shape_is_refused_by_both(name: str):
    """IO-2: a wrong type anywhere, a key too few or too many; and nothing is refused that the reader takes."""

    @settings(max_examples=max(5, QUICK // 8))
    @given(written[name], st.data())
    def is_refused(value: Any, data: st.DataObject) -> None:
        plain = json.loads(to_json(value))["value"]
        path = data.draw(st.sampled_from(list(places(plain))))
        how = data.draw(st.sampled_from(("other", "less", "more")))
        other = changed(plain, path, how)
        said, taken = refusal(name, other), is_sound({"salesflow": 1, "type": name, "value": other})
        if said is None:
            assert taken
        elif taken:
            assert how != "other"
            told = [part.rpartition("'")[2].strip() for part in said.split("; ")]
            assert not {"must be given", "is not known here"} & set(told)

    is_refused()


@pytest.mark.parametrize(
    "plain",
    [
        5, None, "x", {}, {"salesflow": 1}, {"salesflow": 2, "type": "ref", "value": {}},
        {"salesflow": 1, "type": "nothing", "value": {}}, {"salesflow": True, "type": "ref", "value": {}},
        {"salesflow": 1, "type": "activity", "value": {}}, {"salesflow": 1, "type": "reason", "value": {"code": "x"}},
    ],
    ids=str,
)  # fmt: skip
def test_an_envelope_is_looked_at_too(plain: Any):
    """IO-2: of another version, of no type, or empty."""
    assert not is_sound(plain)
    with pytest.raises(InvalidInput):
        from_json(json.dumps(plain))


def test_an_export_is_sound_as_a_whole():
    """IO-2: what `export_json` writes, of every kind, is a list that the schema takes."""
    world = World()
    deal = world.deal()
    world.lead()
    li = world.acting("li")
    li.opportunities.add_activity(deal, "call", "rang")
    for kind in ("opportunity", "lead", "customer", "contact"):
        file = StringIO()
        assert li.files.export_json("all", file, kind=kind) == len(json.loads(file.getvalue()))
        VALIDATOR.validate(json.loads(file.getvalue()))
    told = [json.loads(to_json(event)) for event in li.opportunities.history(deal)]
    VALIDATOR.validate(told)
    told[0]["value"]["changes"][0]["after"] = 1.5
    assert not is_sound(told)
    assert is_sound(json.loads(to_json(Reason("task_open", task="call", amounts=(sf.Money("1", "CNY"), None)))))
