"""Every value as JSON and back (IO-2): equal to what it was, strictly read, and hostile text refused (REL-8)."""

import json
import pickle
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from attrs import evolve, fields
from hypothesis import given, settings
from hypothesis import strategies as st

from salesflow.errors import InvalidInput
from salesflow.files.json_codec import (
    FORMAT,
    RECORDS,
    TYPES,
    from_json,
    from_text,
    read_plain,
    to_json,
    to_text,
    to_texts,
    write_plain,
)
from salesflow.files.json_problems import MOST_PROBLEMS
from salesflow.model import (
    REASONS,
    RECORD_CLASSES,
    Access,
    AfterSales,
    Approval,
    Change,
    Contact,
    ContactRole,
    Customer,
    Decision,
    Delivery,
    DeliveryStatus,
    Employee,
    Event,
    Feedback,
    Grade,
    LedBy,
    Money,
    Opportunity,
    Pool,
    ProductLine,
    Reason,
    Route,
    SharingRule,
    Task,
    TaskStatus,
    Waiver,
    created,
)
from salesflow.ports import AuditEntry, DoneOnce, Tombstone
from salesflow.testing.records import AT, make_opportunity
from salesflow.testing.strategies import (
    PEOPLE,
    competitors,
    custom_fields,
    days,
    documents,
    histories,
    lead_sources,
    leads,
    literature,
    moments,
    money,
    names,
    opportunities,
    record_ids,
    visits,
)

QUICK = settings().max_examples
"""How many examples the profile asks for; what is costly takes a part of it."""

person = st.sampled_from(PEOPLE)
exact = moments().flatmap(lambda at: st.integers(0, 999_999).map(lambda n: at + timedelta(microseconds=n)))
decimals = st.decimals(-(10**9), 10**9, places=4, allow_nan=False) | st.just(Decimal("1E+2"))
facts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | names() | money() | decimals | exact | days(),
    lambda inner: st.lists(inner, max_size=2).map(tuple),
    max_leaves=4,
)
reasons = st.builds(
    lambda code, told: Reason(code, **told),
    st.sampled_from(sorted(REASONS)),
    st.dictionaries(st.sampled_from(("task", "stage", "amount", "until")), facts, max_size=2),
)
lines = st.lists(
    st.builds(ProductLine, record_ids(), names(), decimals, money()), max_size=2, unique_by=lambda line: line.key
).map(tuple)
stamps = {"version": st.integers(1, 2**40), "created_at": st.none() | exact, "created_by": st.none() | person,
          "updated_at": st.none() | exact}  # fmt: skip
after_sales = st.builds(
    AfterSales, number=st.integers(1, 9), process=names(), process_version=st.integers(1, 9), stage=names(),
    started_at=exact, visits=visits(),
    feedback=st.builds(Feedback, names(), st.just(1), names(), names(), exact, person).map(lambda one: (one,)),
    tasks=st.builds(Task, names(), names(), names(), st.sampled_from(TaskStatus), routes=st.just((Route.FULL,)))
    .map(lambda one: (one,)),
)  # fmt: skip


@st.composite
def full_opportunities(draw) -> Opportunity:
    """Opportunities with something in every collection."""
    return evolve(
        draw(opportunities()),
        products=draw(lines),
        feedback=(Feedback("1", 1, "bidding", draw(names()), draw(exact), "li"),),
        approvals=(
            Approval(
                "1",
                "advance",
                "bidding",
                (("reason", draw(names())),),
                "li",
                draw(exact),
                approver=f"role:{draw(names())}",
                expires_at=draw(st.none() | exact),
            ),
        ),
        waivers=(Waiver("bidding", draw(names()), draw(exact), "li"),),
        contact_roles=(ContactRole("c1", "user", True, "c2"),),
        after_sales=(draw(after_sales),),
        source_lead=draw(st.none() | record_ids()),
        updated_at=draw(exact),
    )


people_sets = st.frozensets(person)
records: dict[str, st.SearchStrategy] = {
    "opportunity": full_opportunities(),
    "lead": leads(),
    "customer": st.builds(Customer, id=record_ids(), name=names(), owner=st.none() | person, **stamps,
                          deals_won=st.integers(0, 5), custom=custom_fields()),
    "contact": st.builds(Contact, id=record_ids(), name=names(), owner=st.none() | person, **stamps,
                         customer=st.none() | record_ids(), custom=custom_fields()),
    "competitor": competitors(),
    "literature": literature(),
    "lead_source": lead_sources(),
    "sharing_rule": st.builds(SharingRule, id=record_ids(), from_person=st.none() | person,
                              access=st.sampled_from(Access), from_subdepartments=st.booleans(), **stamps),
    "pool": st.builds(Pool, id=record_ids(), members=st.none() | people_sets, dispatchers=people_sets,
                      cool_down=st.none() | st.timedeltas(), ceiling=st.none() | st.integers(0, 9), **stamps),
    "document": documents(),
    "delivery": st.builds(
        Delivery, id=record_ids(), automation=names(), process=st.none() | names(), process_version=st.none(),
        event=names(), on=st.just("won"), record_kind=st.just("opportunity"), record_id=record_ids(),
        stage=st.none() | names(), at=exact, by=person, depth=st.integers(1, 9), attempts=st.integers(0, 9),
        status=st.sampled_from(DeliveryStatus), next_at=exact, reasons=st.lists(reasons, max_size=2).map(tuple),
        **stamps),
}  # fmt: skip
"""A strategy of each kind of record."""


def test_every_kind_has_a_strategy():
    """IO-2: a new kind of record is coded, and tested here, or this fails."""
    assert records.keys() == RECORDS.keys() == {*RECORD_CLASSES}


def test_records_come_back_equal():
    """IO-2: every kind of record, through an envelope and through a store's document."""
    for strategy in records.values():

        @settings(max_examples=max(5, QUICK // 8))
        @given(strategy)
        def comes_back(record):
            text = to_text(record)
            assert from_text(type(record), text) == record
            assert to_text(from_text(type(record), text)) == text
            plain = json.loads(to_json(record))
            assert plain["type"] == record.KIND
            assert read_plain(type(record), plain["value"]) == record

        comes_back()


@settings(max_examples=max(5, QUICK // 3))
@given(st.sampled_from(("opportunity", "lead")).flatmap(lambda kind: histories(records[kind], max_size=2)))
def test_events_come_back_equal(history):
    """HIST-1: events of changes to fields of every type, and a decision of them, come back equal."""
    for event in history.events:
        assert from_json(to_json(event)) == event
    decision = Decision(history.decisions[-1])
    assert from_json(to_json(decision)) == decision


def test_a_record_and_its_events_are_written_together_as_each_alone():
    """IO-2: what a record shares with an event is converted once, and neither text shows it; nor does a stranger's."""
    for strategy in records.values():

        @settings(max_examples=5)
        @given(strategy, strategy)
        def is_written(record, other):
            events = [created(one, at=AT, by="li", operation="create") for one in (record, other)]
            events.append(evolve(events[0], reason="so"))
            assert to_texts(record, events) == (to_text(record), list(map(to_text, events)))

        is_written()


def test_creations_of_every_kind_come_back_equal():
    """HIST-1: each record class's own field types decide how a change is read."""
    for strategy in records.values():

        @settings(max_examples=5)
        @given(strategy)
        def comes_back(record):
            event = created(record, at=AT, by="li", operation="create")
            assert from_json(to_json(event)) == event

        comes_back()


@given(st.lists(reasons, max_size=3).map(tuple), exact, names())
def test_decisions_marks_and_tombstones_come_back_equal(told, at, text):
    """HIST-3, ACC-25: refusals with facts of every type, idempotency marks, tombstones and audit entries."""
    for value in (
        Decision(reasons=told),
        *told,
        DoneOnce(text, text, (("opportunity", "a", 1), ("lead", text, 2))),
        Tombstone("lead", text, 3, at, "li", "leads.delete"),
        AuditEntry(at, "li", "win", "opportunity", text, told, is_override=True),
    ):
        assert from_json(to_json(value)) == value


@given(exact, st.timezones())
def test_a_moment_of_any_zone_becomes_utc(at, zone):
    """HIST-2: an aware moment comes back as the same one, in UTC."""
    found = from_json(to_json(Tombstone("lead", "a", 1, at.astimezone(zone), "li", "x"))).at
    assert (found, found.tzinfo) == (at, UTC)


NAIVE = datetime(2026, 1, 5, 9)


@pytest.mark.parametrize(
    "value",
    [
        object(), 5, Money("1", "CNY"), Reason("x", fact=1.5), Reason("x", fact=[1]), Reason("x", fact=Decimal("NaN")),
        Reason("x", fact=Decimal("1e999999")), Reason("x", fact=Decimal("0." + "1" * 50)),
        Tombstone("lead", "a", 1, NAIVE, "li", "x"), Reason("x", fact=NAIVE), Employee("a", name="x\0"),
        Employee("a", name="张\ud800"), Employee("\ud800"), Reason("x", fact="\\u0000\0"),
    ],
)  # fmt: skip
def test_what_could_not_be_read_back_is_not_written(value):
    """IO-2: a value that no reader would take is refused when it is written."""
    with pytest.raises(InvalidInput):
        to_json(value)


def test_text_that_only_looks_like_a_nul_is_written():
    """IO-2: a backslash is a character like others."""
    for name in ("\\u0000", "张\\u0000", "\\\\u0000\x01"):
        assert from_json(to_json(Employee("a", name=name))).name == name


def changed(place: str, value: object) -> dict:
    """Return a sound opportunity as plain values, with one put in another's place."""
    plain = json.loads(to_text(SOUND))
    inner = plain
    *way, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    for part in way:
        inner = inner[part]
    inner[last] = value
    return plain


SOUND = make_opportunity("a", amount=Money("1.50", "CNY"), close_date=date(2026, 1, 5), led_by=LedBy.PARTNER,
                         products=(ProductLine("x", "X", Decimal("1.0"), Money("1", "CNY")),))  # fmt: skip

MISFITS = [
    ("version", "1"), ("version", True), ("version", 1.0), ("version", 2**63), ("version", None),
    ("name", 12), ("name", None), ("name", ["a"]), ("owner", {}), ("customer", False),
    ("voided", 1), ("voided", "true"), ("voided", None), ("is_imported", 0),
    ("amount", 1.5), ("amount", "1.50 CNY"), ("amount", {"amount": "1"}), ("amount.amount", 1),
    ("amount.amount", "NaN"),
    ("amount.amount", "1e999999"), ("amount.amount", "1_000"), ("amount.amount", "٣٥"), ("amount.amount", "1.505"),
    ("amount.amount", "Infinity"), ("amount.amount", "9" * 39), ("amount.currency", "cny"), ("amount.currency", 5),
    ("amount.more", "x"), ("close_date", "20260105"), ("close_date", "2026-02-30"), ("close_date", "2026-W01-1"),
    ("close_date", "2026-01-05T09:00:00+00:00"), ("close_date", 1), ("created_at", "2026-01-05T09:00:00"),
    ("created_at", "2026-01-05T09:00:00+08:00"), ("created_at", "2026-01-05"),
    ("created_at", "2026-13-05T09:00:00+00:00"),
    ("created_at", 0), ("led_by", "them"), ("led_by", 1), ("led_by", ["us"]), ("team", {}), ("team", "li"),
    ("team", None),
    ("team.0", "li"), ("team.0.person", 5), ("team.0.more", 1), ("team.0.access", "write"), ("probability", 50),
    ("probability.percent", "50"), ("products.0.quantity", 1), ("products.0.quantity", "x"), ("unknown", 1),
    ("KIND", "x"),
    ("__class__", "x"), ("grade", {"reason": {"code": "x"}}), ("grade", {"reason": {"code": 1, "facts": {}}}),
    ("grade", {"reason": {"code": "x", "facts": {"a": 1.5}}}),
    ("grade", {"reason": {"code": "x", "facts": {"self": 1}}}),
    ("grade", {"reason": {"code": "x", "facts": {"a": {"$day": "x"}}}}), ("custom", [{"key": "k", "value": 1.5}]),
    ("grade", {"reason": {"code": "x", "facts": {"a": {"day": "x"}}}}), ("custom", [{"key": "k", "value": ["x"]}]),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), MISFITS)
def test_nothing_is_coerced(place, value):
    """IO-2, I-45: a value of another type, an unknown key or a missing part is refused with its place."""
    assert read_plain(Opportunity, json.loads(to_text(SOUND))) == SOUND
    with pytest.raises(InvalidInput) as caught:
        read_plain(Opportunity, changed(place, value))

    top = place.split(".")[0]
    assert caught.value.what.startswith(f"opportunity.{top}")
    assert "Error" not in str(caught.value)
    assert len(str(caught.value)) < 1000


def test_every_problem_is_named():
    """REL-8: one reading tells every problem with its place; a great many are counted."""
    plain = json.loads(to_text(SOUND))
    plain |= {"version": "1", "team": [5, {"person": 5}], "zz": 1, "led_by": "them"}
    del plain["name"]
    with pytest.raises(InvalidInput) as caught:
        read_plain(Opportunity, plain, "row 7")
    told = str(caught.value)

    for place in ("row 7.version", "row 7.name", "row 7.team[0]", "row 7.team[1].person", "row 7.led_by", "row 7.zz"):
        assert place in told
    assert pickle.loads(pickle.dumps(caught.value)).args == caught.value.args
    with pytest.raises(InvalidInput, match=f"and {500 - MOST_PROBLEMS} more"):
        read_plain(Opportunity, changed("team", [5] * 500))


EVENT = created(SOUND, at=AT, by="li", operation="create")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (5, "changes[0]"), ({}, "changes[0]"), ({"field": "name", "before": None}, "changes[0]"),
        ({"field": "nothing", "before": None, "after": 1}, "changes[0]"),
        ({"field": 5, "before": None, "after": 1}, "changes[0]"),
        ({"field": "name", "before": None, "after": 5}, "changes[0].after"),
        ({"field": "name", "before": [], "after": 5}, "changes[0].before"),
        ({"field": "name", "key": "x", "before": None, "after": "x"}, "changes[0]"),
        ({"field": "team", "before": None, "after": {"person": "li"}}, "changes[0]"),
        ({"field": "team", "key": "sales:li", "before": None, "after": {"person": 5}}, "changes[0].after.person"),
        ({"field": "name", "before": None, "after": "x", "more": 1}, "changes[0]"),
        ({"field": "name", "key": None, "before": None, "after": "x", "more": 1}, "changes[0]"),
    ],
)  # fmt: skip
def test_a_change_is_read_as_its_field_declares(change, place):
    """HIST-1: a change of an unknown field, or of a value that the field cannot hold, is refused with its place."""
    plain = json.loads(to_text(EVENT)) | {"changes": [change]}
    with pytest.raises(InvalidInput) as caught:
        read_plain(Event, plain)
    assert caught.value.what == f"event.{place}"


@pytest.mark.parametrize("value", [5, [], {"record_kind": "dragon"}, {"record_kind": []}, {"record_kind": "lead"},
                                   {"record_kind": "lead", "changes": 5}])  # fmt: skip
def test_an_event_is_of_a_known_kind(value):
    """HIST-1: an event of an unknown kind of record, or without its parts, is refused."""
    with pytest.raises(InvalidInput, match="event"):
        read_plain(Event, value)


@pytest.mark.parametrize("span", ["P1D", {"weeks": 1}, {"days": "1"}, {"days": 10**12}, 5])
def test_a_length_of_time_is_whole_parts(span):
    """IO-2: a length of time is whole days, seconds and microseconds, within what Python holds."""
    with pytest.raises(InvalidInput, match="cool_down"):
        read_plain(Pool, {"id": "p", "version": 1, "cool_down": span})


def test_a_list_of_fixed_length_has_it():
    """IO-2: the result of a mark is triples; two or four are refused."""
    for result in ([["lead", "a"]], [["lead", "a", 1, 2]], ["lead"], [["lead", "a", "1"]]):
        with pytest.raises(InvalidInput, match="result"):
            read_plain(DoneOnce, {"key": "k", "request": "r", "result": result})


def test_labels_are_texts_by_language():
    """PROC-9: the name of a stage is an object from language to text."""
    for name in ("x", [["en", "x"]], {"en": 5}):
        with pytest.raises(InvalidInput, match=r"sales_process\.name"):
            read_plain(TYPES["sales_process"], {"id": "p", "version": 1, "stages": [], "name": name})


@pytest.mark.parametrize(
    "envelope",
    [[], 5, {}, {"salesflow": FORMAT, "type": "lead"}, {"salesflow": FORMAT + 1, "type": "lead", "value": {}},
     {"salesflow": True, "type": "lead", "value": {}}, {"salesflow": FORMAT, "type": "dragon", "value": {}},
     {"salesflow": FORMAT, "type": ["lead"], "value": {}}, {"salesflow": FORMAT, "type": "lead", "value": []},
     {"salesflow": FORMAT, "type": "lead", "value": {}, "more": 1}],
)  # fmt: skip
def test_an_envelope_says_what_it_holds(envelope):
    """IO-2: a file says its format and type; another format, an unknown type or more keys are refused."""
    with pytest.raises(InvalidInput):
        from_json(json.dumps(envelope))


def test_an_unsound_record_is_refused():
    """OPP-2: a record from a file keeps every invariant; a store's own document is taken as it was kept."""
    deal = evolve(SOUND, team=())
    assert from_text(Opportunity, to_text(deal)) == deal
    with pytest.raises(InvalidInput, match="exactly one owner"):
        from_json(to_json(deal))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"id":' * 5_000 + "1" + "}" * 5_000, "9" * 5_000, "NaN"])
def test_a_damaged_document_of_a_store_is_a_typed_error(text):
    """REL-8: whatever became of what a store kept, however deep, its reader says so in the library's own error."""
    with pytest.raises(InvalidInput, match="lead"):
        from_text(RECORDS["lead"], text)


def damaged(text: str) -> Iterator[str]:
    """Give *text* with each piece cut out, and with pieces swapped for others."""
    for start in range(0, len(text), 7):
        yield text[:start] + text[start + 5 :]
        yield text[:start] + '"' + text[start:]


def test_a_damaged_file_is_never_taken_for_another():
    """REL-8: any cut gives a typed error or a sound value, and never another exception."""
    text = to_json(SOUND)
    for piece in damaged(text):
        try:
            value = from_json(piece)
        except InvalidInput:
            continue
        assert from_json(to_json(value)) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_any_json_is_a_typed_error(plain):  # fmt: skip
    """REL-8: for every type, any JSON whatever is a typed error or a value."""
    for cls in TYPES.values():
        names = [declared.name for declared in fields(cls)]
        for candidate in (plain, dict.fromkeys(names, plain)):
            with suppress(InvalidInput):
                assert isinstance(read_plain(cls, candidate), cls)


def test_unknown_exceptions_are_told_plainly():
    """REL-8: what a class itself refuses is told with its place too."""
    with pytest.raises(InvalidInput):
        read_plain(Change, {"field": "name", "key": None, "before": object(), "after": 1, "more": 2})
    with pytest.raises(InvalidInput, match="lead"):
        from_text(TYPES["lead"], "nonsense")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_plain(complex, "x")


def test_a_plain_part_is_written_too():
    """IO-2: a part of a record is written and read by itself."""
    part = SOUND.team[0]
    assert read_plain(type(part), write_plain(part)) == part
    assert write_plain(Grade.A) == "A"
    assert write_plain(AT) == "2026-01-05T09:00:00+00:00"
