"""Every way in for one value: JSON of the library's own, rules, money, days, names, places in a list (REL-8)."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import salesflow as sf
from salesflow import scenes
from salesflow.app.paging import cursor, read_cursor
from salesflow.files.cells import CellSource, Kind, compile_cell
from salesflow.files.exported import read_exported
from salesflow.files.json_codec import RECORDS, from_json, from_text, read_plain, to_json, to_text, write_plain
from salesflow.files.json_text import read_json
from salesflow.files.problems import WrongRow
from salesflow.files.rule_text import parse_rule, rule_text
from salesflow.model import Condition, Dialog, DialogQuestion, Label, NewContact, Reason, created
from salesflow.model.conditions import FIELDS_OF, compile_condition
from salesflow.model.requests import named, worded
from salesflow.process.dialogs import DialogRun
from salesflow.process.match_keys import KEY_FIELDS, PlainKeys
from salesflow.process.phone_numbers import PhoneNumberKeys
from salesflow.testing.records import AT, make_opportunity
from tests.files.decoding import Decoder, as_text
from tests.files.file_decoders import RESELLER, flow
from tests.files.hostile import WORDS

RULES = (
    "everybody",
    "owner.is_viewer | team.includes_viewer(role='joint') & record.amount >= Money('1000000', 'CNY')",
    "~owner.shares_with_viewer(access='read') | (pool.admits_viewer & ~(pool.is_dispatched_by_viewer))",
    r"record.created_at > datetime.fromisoformat('2026-01-31T00:00:00+00:00') | record.source == '\x41\u5f20\n'",
    "record.custom['area'] != 1.5 & record.grade.effective <= 'B' & record.custom.new == True",
    "team.includes_below_viewer(role=['joint', 'x'], access='read_write') | record.close_date == date(2026, 1, 31)",
    "record.amount < Decimal('12.50') | record.name == \"it's\"",
)


def _rule_again(rule: Any) -> bool | None:
    try:
        text = rule_text(rule)
    except sf.InvalidInput:
        return None
    return parse_rule(text, scenes.default()) == rule


def _values() -> tuple[Any, ...]:
    deal = make_opportunity(
        "a", amount=sf.Money("1.50", "CNY"), close_date=date(2026, 1, 5), led_by=sf.LedBy.PARTNER,
        products=(sf.ProductLine("x", "X", Decimal("1.0"), sf.Money("1", "CNY")),),
    )  # fmt: skip
    reason = Reason("task_open", task="call", amount=sf.Money("3", "EUR"), until=AT, day=date(2026, 1, 5), n=Decimal(2))
    lead = flow().acting_as("li").leads.create(title="CRM for Acme", contact="Ms Qian", phone="+86 139 1234 5678")
    return deal, lead, created(deal, at=AT, by="li", operation="create"), reason, RESELLER


_DEAL, _LEAD, *_OTHERS = _values()
_RECORDS = {"opportunity": _DEAL, "lead": _LEAD}


def _from_text(content: bytes) -> Any:
    text = as_text(content)
    name, _, rest = text.partition("\n")
    cls = RECORDS.get(name, RECORDS["opportunity"])
    return from_text(cls, rest if name in RECORDS else text)


def _exported(content: bytes) -> list[Any]:
    return list(read_exported(io.BytesIO(content)))


def _exported_again(values: list[Any]) -> bool:
    lines = ",\n".join(map(to_json, values))
    return not values or list(read_exported(io.StringIO(f"[\n{lines}\n]\n"))) == values


def _came_back(value: Any) -> bool:
    return bool(from_json(to_json(value)) == value)


def _text_came_back(value: Any) -> bool:
    return bool(from_text(type(value), to_text(value)) == value)


PARTS: dict[str, Any] = {
    "day": date, "moment": datetime, "span": timedelta, "number": Decimal, "money": sf.Money, "label": Label,
    "reason": Reason, "whole": int, "text": str, "truth": bool, "status": sf.OpportunityStatus,
}  # fmt: skip
"""The types of single values in JSON."""

_PART_SEEDS = (
    'day "2026-01-05"', 'moment "2026-01-05T09:00:00+00:00"', 'span {"days":1,"seconds":5,"microseconds":7}',
    'number "12.50"', 'money {"amount":"12.50","currency":"CNY"}', 'label {"en":"A","zh":"一"}', "whole -5",
    'reason {"code":"x","facts":{"a":{"$day":"2026-01-05"},"b":[1,{"$money":{"amount":"1","currency":"CNY"}}],'
    '"c":{"$decimal":"1E+2"},"d":{"$moment":"2026-01-05T09:00:00+00:00"}}}', 'text "x"', "truth true", 'status "won"',
)  # fmt: skip


def _part(content: bytes) -> Any:
    name, _, rest = as_text(content).partition(" ")
    cls = PARTS.get(name, sf.Money)
    return cls, read_plain(cls, read_json(rest))


def _part_came_back(found: Any) -> bool | None:
    cls, value = found
    try:
        plain = write_plain(value)
    except sf.InvalidInput:
        return None  # a moment beyond the years that are told, which can be read and nowhere be kept
    return bool(read_plain(cls, plain) == value)


def _money(content: bytes) -> Any:
    amount, _, currency = as_text(content).partition(" ")
    money = sf.Money(amount, currency or "CNY")
    assert str(money)
    return money


def _money_again(money: Any) -> bool:
    return sf.Money(str(money.amount), money.currency) == money


CELLS: tuple[tuple[CellSource, Kind], ...] = (
    (CellSource(columns=("x",)), "text"), (CellSource(columns=("x",)), "day"), (CellSource(columns=("x",)), "moment"),
    (CellSource(columns=("x",)), "number"), (CellSource(columns=("x",)), "flag"),
    (CellSource(columns=("x",), decimal=",", thousands="."), "number"),
    (CellSource(columns=("x",), thousands=" "), "number"), (CellSource(columns=("x",), thousands="\u202f"), "number"),
    (CellSource(columns=("x",), format="%d.%m.%Y"), "day"), (CellSource(columns=("x",), format="%m/%d/%y"), "moment"),
    (CellSource(columns=("x",), format="%Y-%m-%d %H:%M:%S%z"), "moment"),
    (CellSource(columns=("x",), format="%d %b %Y %I:%M %p"), "day"),
    (CellSource(columns=("x",), format="%d %B %Y %f %%"), "moment"),
)  # fmt: skip
_CELLS = [
    compile_cell(source, kind, {"x": 0}, {}, zone)
    for source, kind in CELLS
    for zone in (ZoneInfo("UTC"), ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York"))
]


def _cell(content: bytes) -> Any:
    text = as_text(content)
    found, refused = [], None
    for read in _CELLS:
        try:
            found.append(read([text]))
        except WrongRow as problem:
            refused = problem
    if refused is not None:
        raise refused
    return found


def _name(content: bytes) -> Any:
    text = as_text(content)
    return named(text, "name"), worded(text, "words"), sf.NewCustomer(text), NewContact("x", phone=text)


def _form(content: bytes) -> Any:
    """A form's fields, one hostile at a time; and what was made is found by no other id."""
    text = as_text(content)
    business = flow()
    acting = business.acting_as("li")
    sound = {"title": "CRM for Acme", "phone": "+86 139 1234 5678"}
    leads = _all_of(
        [
            lambda field=field: acting.leads.create(**{**sound, field: text})  # type: ignore[misc]  # bound at once
            for field in ("title", "phone", "contact", "company", "email", "channel", "source", "description")
        ]
    )
    for lead in leads:
        assert acting.leads.get(lead.id) == lead
        with suppress(sf.NotFound):
            assert acting.leads.get(text).id == text
    return leads


def _form_again(leads: Any) -> bool:
    return all(from_json(to_json(lead)) == lead for lead in leads)


def _all_of(calls: list[Callable[[], Any]]) -> list[Any]:
    """What each call gives that is not refused; where all are, the first refusal."""
    found, first = [], None
    for call in calls:
        try:
            found.append(call())
        except sf.InvalidInput as refusal:
            first = first or refusal
    if first is not None and not found:
        raise first
    return found


def _person(content: bytes) -> Any:
    text = as_text(content)
    people = sf.Organization([sf.Employee(text, name=text, manager=text[:1] or None)])
    return people.employees


def _keys(content: bytes) -> Any:
    text = as_text(content)
    return [normalize(field, text) for normalize in (PlainKeys(), PhoneNumberKeys()) for field in KEY_FIELDS]


def _cursor(content: bytes) -> Any:
    order, _, after = as_text(content).partition(" ")
    return order, *read_cursor(after, order)


def _cursor_again(place: Any) -> bool | None:
    order, value, id = place
    text = cursor(order, value, id)
    return read_cursor(text, order) == (value, id) if len(text) <= 20_000 else None  # no record has such a key


_CURSORS = tuple(
    f"{order} {cursor(order, value, 'deal-1')}".encode()
    for order, value in (
        ("close_date", date(2026, 1, 5)), ("-amount", ("CNY", Decimal("12.50"))), ("updated_at", AT), ("id", "deal-1"),
        ("name", None), ("probability", 40),
    )
)  # fmt: skip


def _packed(content: bytes) -> Any:
    """A cursor whose inside is hostile, since no mutation of base64 gets that far."""
    order, _, inside = as_text(content).partition(" ")
    after = base64.urlsafe_b64encode(inside.encode("utf-8", "surrogateescape")).decode()
    return order, *read_cursor(after, order)


_PACKED = (
    b'close_date ["close_date",["d","2026-01-05"],"deal-1"]', b'-amount ["-amount",["m","CNY","12.50"],"deal-1"]',
    b'updated_at ["updated_at",["t","2026-01-05T09:00:00+00:00"],"deal-1"]', b'id ["id",["s","deal-1"],"deal-1"]',
    b'name ["name",["n"],"deal-1"]', b'probability ["probability",["i","40"],"deal-1"]',
)  # fmt: skip


def _listed(content: bytes) -> Any:
    """The same as a page of a list asks for it: a store must be able to go on from every place that is one."""
    order, value, _ = _packed(content)
    inside = as_text(content).partition(" ")[2]
    after = base64.urlsafe_b64encode(inside.encode("utf-8", "surrogateescape")).decode()
    return order, value, flow().acting_as("li").opportunities.list("all", order_by=order, after=after)


def _condition(content: bytes) -> Any:
    field, _, text = as_text(content).partition(" ")
    value: Any = int(text) if text.isdecimal() and len(text) < 30 else text
    conditions = [
        (kind, condition)
        for kind in FIELDS_OF
        for condition in (
            Condition(field, equals=value), Condition(field, one_of=[value, value]), Condition(field, at_least=value),
            Condition(field, at_most=value), Condition(field),
        )
    ]  # fmt: skip
    tests = _all_of([partial(_tested, kind, condition) for kind, condition in conditions])
    return tests, [str(condition) for _, condition in conditions]


def _tested(kind: str, condition: Condition) -> bool:
    return compile_condition(condition, kind)(_RECORDS[kind])


_QUESTIONS = (
    DialogQuestion("note", "Note?", kind="text", is_required=False),
    DialogQuestion("worth", "Worth?", kind="number", fills="amount", currency="CNY", is_required=False),
    DialogQuestion("count", "Count?", kind="number", is_required=False),
    DialogQuestion("when", "When?", kind="date", is_required=False),
)


def _answers(content: bytes) -> Any:
    """An answer as text, and as the number or day that a form would make of it."""
    text = as_text(content)
    answers: list[Any] = [text]
    for make in (Decimal, int, date.fromisoformat):
        with suppress(ArithmeticError, ValueError):
            answers.append(make(text[:60]))
    return _all_of([partial(_answered, question, answer) for question in _QUESTIONS for answer in answers])


def _answered(question: DialogQuestion, answer: Any) -> Any:
    run = DialogRun(Dialog("ask", [question])).answer(answer)
    return run.fills, run.told, run.back()


VALUE_DECODERS: dict[str, Decoder] = {
    "rule": Decoder(
        lambda content: parse_rule(as_text(content), scenes.default()), (sf.InvalidInput,),
        tuple(rule.encode() for rule in RULES), _rule_again, share=100,
    ),
    "record": Decoder(
        from_json, (sf.InvalidInput,), tuple(to_json(value).encode() for value in (_DEAL, _LEAD, *_OTHERS)),
        _came_back, share=60,
    ),
    "exported": Decoder(
        _exported, (sf.InvalidInput,),
        (b"[]\n", b"[\n" + b",\n".join(to_json(value).encode() for value in (_DEAL, _LEAD, _OTHERS[1])) + b"\n]\n"),
        _exported_again, share=40,
    ),
    "stored_record": Decoder(
        _from_text, (sf.InvalidInput,),
        tuple(f"{value.KIND}\n{to_text(value)}".encode() for value in (_DEAL, _LEAD)), _text_came_back, share=30,
    ),
    "part": Decoder(
        _part, (sf.InvalidInput,), tuple(seed.encode() for seed in _PART_SEEDS), _part_came_back, share=100,
    ),
    "money": Decoder(_money, (sf.InvalidInput,), (b"12.50 CNY", b"1E+2 JPY", *WORDS), _money_again, share=100),
    "cell": Decoder(_cell, (WrongRow,), (*WORDS, b"5 Jan 2026 10:15 AM", b"5 January 2026 5 %"), share=60),
    "name": Decoder(_name, (sf.InvalidInput,), WORDS, share=80),
    "form": Decoder(_form, (sf.InvalidInput,), WORDS, _form_again, share=10),
    "person": Decoder(_person, (sf.InvalidInput, sf.OrganizationError), WORDS, share=20),
    "match_key": Decoder(_keys, (), WORDS, share=30),
    "cursor": Decoder(_cursor, (sf.InvalidInput,), _CURSORS, _cursor_again, share=50),
    "packed_cursor": Decoder(_packed, (sf.InvalidInput,), _PACKED, _cursor_again, share=60),
    "listed": Decoder(_listed, (sf.InvalidInput,), _PACKED, share=5),
    "condition": Decoder(
        _condition, (sf.InvalidInput,),
        (b"amount 1000 CNY", b"close_date 2026-05-31", b"probability 50", b"custom.budget x", b"grade A",
         b"status won"),
        share=60,
    ),
    "answer": Decoder(_answers, (sf.InvalidInput,), WORDS, share=30),
}  # fmt: skip
"""The decoders of single values, by name."""
