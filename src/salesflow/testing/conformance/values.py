"""What a record holds comes back to the letter: text, money, moments and days at their ends, and large records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from salesflow.model import Activity, Customer, Event, Money, TeamMember, replay
from salesflow.model.moments import EARLIEST, LATEST
from salesflow.ports import DoneOnce, Query
from salesflow.testing.conformance.suite import StoreSuite
from salesflow.testing.records import AT, change, deletion, expected_page, make_opportunity, new, unit
from salesflow.visibility.filters import EVERYTHING, FieldCompare, OwnerIn, TeamIn

_TEXTS = {
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "capital sharp s": "STRASSE \u1e9e",
    "dotless i": "\u0131I\u0130i",
    "Chinese": "商机跟进",
    "beyond the basic plane": "\U00020bb7\U0001f44d\U0001f3fd",
    "right to left": "\u05e9\u05dc\u05d5\u05dd",
    "joined": "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "direction marks": "a\u202eb\u2066c\u2069",
    "line breaks": "a\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029b",
    "control characters": "\x01\x07\x1b[31m\x7f\x9f",
    "quotes": "'; DROP TABLE x; -- \" ` \\ \\' ''",
    "patterns": "100% _ [a] * ? %s :id $1 {x}",
    "what looks like JSON": '{"a": "\\u0041"}',
    "spaces around": "  a\u00a0 ",
    "noncharacters": "\ufffe\uffff\ue000\ufffd",
    "a byte order mark": "\ufeffa",
    "digits of others": "٣٥ 1_000 ①",
    "long": "长" * 20_000,
}
"""Text that a record may hold in some field; never a NUL or half a character, which no request lets in (I-48)."""

_TWINS = (
    ("a", "A"),
    ("a", "a "),
    ("\u00e9", "e\u0301"),
    ("ss", "ß"),
    ("K", "\u212a"),
    ("1", "01"),
    ("x" * 199, "x" * 200),
    ("10", "9"),
    ("z", "\U0001f44d"),
    ("\uffff", "\U00010000"),
)
"""Texts that a database may take for one, or sort the other way round."""

_AMOUNTS = [
    Money(amount, currency)
    for currency, amounts in {
        "CNY": ("0", "0.01", "-0.01", "0.10", "0.1", "999999999999999.99", "-999999999999999.99", "900719925474099.31"),
        "JPY": ("0", "1", "999999999999999", "1E+3"),
        "KWD": ("0.001", "999999999999999.999", "1.500"),
    }.items()
    for amount in amounts
]  # fmt: skip

_MOMENTS = (
    EARLIEST,
    EARLIEST + timedelta(microseconds=1),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    AT + timedelta(microseconds=1),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    LATEST,
)

_DAYS = (date.min, date(1582, 10, 10), date(1900, 2, 28), date(2024, 2, 29), date.max)


class ValueRules(StoreSuite):
    """
    That values come back equal, are told apart and are put in order.

    Source: HIST-2, HIST-3, OPP-2.
    """

    @pytest.mark.parametrize("text", _TEXTS)
    def test_text_comes_back_to_the_letter(self, store: Any, text: str) -> None:
        """HIST-3: no text is trimmed, folded, composed, cut, or taken for a part of a statement (I-48)."""
        told = _TEXTS[text]
        record: Any = make_opportunity("a", "li", TeamMember("zhao", told), name=told, source=told)
        store.save(unit(new(record)))
        write = change(record, activities=(Activity("1", told, told, AT, told),), created_by=told)
        store.save(unit(write))

        assert store.get("opportunity", "a") == write.record
        query = Query("opportunity", FieldCompare("name", "==", told), "name", 1)
        assert list(store.query(query)) == [write.record]
        assert list(store.query(Query("opportunity", FieldCompare("source", "!=", told)))) == []
        if hasattr(store, "events"):
            assert replay(store.events("opportunity", "a")) == write.record

    @pytest.mark.parametrize(("one", "other"), _TWINS)
    def test_texts_that_look_alike_are_two(self, store: Any, one: str, other: str) -> None:
        """HIST-3, I-38: ids, owners, members and keys are equal only if they are the same, and sort by code point."""
        records = [make_opportunity(text, text, TeamMember(text, text), name=text) for text in (other, one)]
        for record in records:
            store.save(unit(new(record), done=DoneOnce(record.id, record.id, ())))
        for record in records:
            assert store.get("opportunity", record.id) == record
            for filter in (OwnerIn({record.id}), TeamIn({record.id}), FieldCompare("name", "==", record.id)):
                assert list(store.query(Query("opportunity", filter))) == [record]
            if hasattr(store, "done"):
                assert store.done(record.id).request == record.id
        for order_by in ("id", "-id", "name", "-name"):
            query = Query("opportunity", EVERYTHING, order_by)
            assert list(store.query(query)) == expected_page(records, query)
            assert self._paged(store, EVERYTHING, order_by, 1) == expected_page(records, query)
        for operator in ("<", ">="):
            query = Query("opportunity", FieldCompare("name", operator, other))
            assert list(store.query(query)) == expected_page(records, query)

    @pytest.mark.parametrize("order_by", ["amount", "-amount"])
    def test_money_is_exact_to_the_last_unit(self, store: Any, order_by: str) -> None:
        """OPP-2, I-45: from the smallest unit to fifteen digits before the point; none is rounded, all are in order."""
        records = [make_opportunity(str(number), amount=amount) for number, amount in enumerate(_AMOUNTS)]
        store.save(unit(*map(new, records)))

        assert [store.get("opportunity", record.id).amount for record in records] == _AMOUNTS
        whole = expected_page(records, Query("opportunity", EVERYTHING, order_by))
        assert list(store.query(Query("opportunity", EVERYTHING, order_by))) == whole
        assert self._paged(store, EVERYTHING, order_by, 3) == whole
        for amount in _AMOUNTS:
            for operator in ("==", "<", ">="):
                query = Query("opportunity", FieldCompare("amount", operator, amount))
                assert list(store.query(query)) == expected_page(records, query)

    @pytest.mark.parametrize("key", ["created_at", "updated_at", "last_activity_at"])
    def test_moments_are_exact_to_the_microsecond(self, store: Any, key: str) -> None:
        """HIST-2, I-55: before 1970, after 2038, from the earliest to the latest that there is, always in UTC."""
        given: list[dict[str, Any]] = [{key: moment} for moment in _MOMENTS]
        records = [make_opportunity(str(number), **values) for number, values in enumerate(given)]
        store.save(unit(*map(new, records)))
        for record, moment in zip(records, _MOMENTS, strict=True):
            found = getattr(store.get("opportunity", record.id), key)
            assert (found, found.utcoffset()) == (moment, timedelta())
            for operator in ("==", "<", ">"):
                query = Query("opportunity", FieldCompare(key, operator, moment), f"-{key}")
                assert list(store.query(query)) == expected_page(records, query)
        assert self._paged(store, EVERYTHING, key, 2) == expected_page(records, Query("opportunity", EVERYTHING, key))

    def test_days_are_days(self, store: Any) -> None:
        """HIST-2: a day stays one, from the first of the calendar to the last."""
        records = [make_opportunity(str(number), close_date=day) for number, day in enumerate(_DAYS)]
        store.save(unit(*map(new, records)))

        assert [store.get("opportunity", record.id).close_date for record in records] == list(_DAYS)
        for day in _DAYS:
            query = Query("opportunity", FieldCompare("close_date", "<=", day), "-close_date")
            assert list(store.query(query)) == expected_page(records, query)
        whole = expected_page(records, Query("opportunity", EVERYTHING, "-close_date"))
        assert self._paged(store, EVERYTHING, "-close_date", 2) == whole

    def test_a_large_record_is_kept_whole(self, store: Any) -> None:
        """HIST-3: two thousand activities and two hundred members in one record, and its history."""
        team = [TeamMember(f"p{number}", "coach") for number in range(200)]
        record: Any = make_opportunity("a", "li", *team)
        store.save(unit(new(record)))
        many = tuple([Activity(str(number), "note", "备注" * 100, AT, "li") for number in range(2_000)])
        write = change(record, activities=many)
        store.save(unit(write))

        assert store.get("opportunity", "a") == write.record
        assert list(store.query(Query("opportunity", TeamIn({"p199"})))) == [write.record]
        if hasattr(store, "events"):
            assert replay(store.events("opportunity", "a")) == write.record

    def test_a_large_unit_is_saved_whole(self, store: Any) -> None:
        """IO-1: a thousand records of two kinds in one unit of work."""
        deals = [make_opportunity(f"{number:03}") for number in range(500)]
        customers = [
            Customer(id=f"{number:03}", version=1, name="A", owner=None, updated_at=AT) for number in range(500)
        ]
        store.save(unit(*map(new, [*deals, *customers])))

        assert list(store.query(Query("opportunity", EVERYTHING))) == deals
        assert list(store.query(Query("customer", EVERYTHING))) == customers

    def test_many_people_are_asked_for_at_once(self, store: Any) -> None:
        """PERF-5: the records of ten thousand people, as a vice-president sees them."""
        deals = self._filled(store)
        people = {f"p{number}" for number in range(10_000)} | {"li"}
        for filter in (OwnerIn(people), TeamIn(people)):
            query = Query("opportunity", filter, "-close_date", 7)
            assert list(store.query(query)) == expected_page(deals, query)

    def test_what_was_given_never_changes(self, store: Any) -> None:
        """HIST-3: a list, a record and an event handed over once stay what they were, whatever is saved later."""
        record: Any = make_opportunity("a")
        store.save(unit(new(record)))
        page, kept = store.query(Query("opportunity", EVERYTHING)), store.get("opportunity", "a")
        told: list[Event] = list(store.events("opportunity", "a")) if hasattr(store, "events") else []
        write = change(record, name="later")
        store.save(unit(write))
        store.save(unit(deletion(write.record)))

        assert (list(page), kept) == ([record], record)
        assert [event.version for event in told] == [1] * len(told)
