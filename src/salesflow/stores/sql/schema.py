"""
The tables: the tenant first in every key, key columns beside the record's JSON document.

An application may put `metadata` under its own Alembic. Text compares by code point, as Python's does; money is
whole minor units, time is `UtcMoment`, and what a list may be ordered by has an index of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any

from attrs import frozen
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine

from salesflow.files.json_codec import RECORDS
from salesflow.model import ORDER_KEYS, Money, utc
from salesflow.model.money import minor_digits

SCHEMA_VERSION = 2
"""What `salesflow_schema` holds; a database of another version is refused."""

metadata = MetaData()
"""Every table of the store, all named ``salesflow_…``."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_TEXT = String().with_variant(String(collation="C"), "postgresql")


class UtcMoment(TypeDecorator[datetime]):
    """A moment in UTC: microseconds since 1970 where the database would drop the zone, as SQLite does (HIST-2)."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of the database's own."""
        if dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import TIMESTAMP

            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Return what the database keeps; a naive datetime is refused."""
        if value is None:
            return None
        moment = utc(value)
        return moment if dialect.name == "postgresql" else (moment - EPOCH) // MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return the moment that was kept."""
        if value is None:
            return None
        moment: datetime = value if dialect.name == "postgresql" else EPOCH + value * MICROSECOND
        return moment.astimezone(UTC)


class KeyType(Enum):
    """What kind of value a key column holds."""

    TEXT = "text"
    WHOLE = "whole"
    DAY = "day"
    MOMENT = "moment"
    MONEY = "money"


_COLUMN_TYPES: dict[KeyType, TypeEngine[Any]] = {
    KeyType.TEXT: _TEXT,
    KeyType.WHOLE: Integer(),
    KeyType.DAY: Date(),
    KeyType.MOMENT: UtcMoment(),
}

_COMMON = {"created_at": KeyType.MOMENT, "updated_at": KeyType.MOMENT}
_OWNED = {"owner": KeyType.TEXT, "voided": KeyType.WHOLE, **_COMMON}
_KEYS: dict[str, dict[str, KeyType]] = {
    "opportunity": {
        **_OWNED,
        **dict.fromkeys(("name", "status", "process", "stage", "source", "led_by"), KeyType.TEXT),
        **dict.fromkeys(("customer", "contact"), KeyType.TEXT),
        "grade.effective": KeyType.TEXT,
        "probability.percent": KeyType.WHOLE,
        "amount": KeyType.MONEY,
        "close_date": KeyType.DAY,
        "last_activity_at": KeyType.MOMENT,
    },
    "lead": {
        **_OWNED,
        **dict.fromkeys(("title", "status", "source", "pool"), KeyType.TEXT),
        **dict.fromkeys(("conversion.customer", "conversion.contact"), KeyType.TEXT),
        "last_follow_up_at": KeyType.MOMENT,
    },
    "customer": {**_OWNED, "name": KeyType.TEXT, "deal_status": KeyType.TEXT},
    "contact": {**_OWNED, "name": KeyType.TEXT, "customer": KeyType.TEXT},
    "competitor": {**_COMMON, "name": KeyType.TEXT},
    "document": {**_COMMON, **dict.fromkeys(("kind", "number", "customer", "opportunity", "lead"), KeyType.TEXT)},
    "literature": _COMMON,
    "lead_source": _COMMON,
    "sharing_rule": _COMMON,
    "pool": _COMMON,
    "delivery": {**_COMMON, "status": KeyType.TEXT, "next_at": KeyType.MOMENT},
}
_ORDER_FIELDS = {"probability": "probability.percent"}
_ASCENDING = frozenset({"name", "title"})
_FOUND_BY = ("owner", "opportunity", "lead", "customer", "contact", "conversion.customer", "conversion.contact")


@frozen(eq=False)
class KeyField:
    """
    A field of a record that stands in columns of its own.

    Args:
        path: The field's name; dots lead into it.
        type: What it holds.
        columns: The columns' names: one, or currency and minor units of money.
    """

    path: str
    type: KeyType
    columns: tuple[str, ...]

    def values(self, value: Any) -> tuple[Any, ...]:
        """Return what the columns hold for the field's *value*, which is not None."""
        if self.type is KeyType.MONEY:
            return value.currency, minor_units(value)
        if self.type is KeyType.TEXT:
            return (str(value),)
        return (int(value),) if self.type is KeyType.WHOLE else (value,)


def minor_units(money: Money) -> int:
    """Return the amount as a whole number of the currency's smallest unit."""
    return int(money.amount.scaleb(minor_digits(money.currency)))


def _key_field(path: str, type: KeyType) -> KeyField:
    name = path.replace(".", "_")
    return KeyField(path, type, (f"{name}_currency", f"{name}_minor") if type is KeyType.MONEY else (name,))


_KEPT_AS_THEY_ARE = frozenset({str, int, date, datetime})


@frozen(eq=False)
class Shelf:
    """
    One kind of record: its class, its table, and which of its fields stand in columns.

    Args:
        orders: The key field of each order key; ``id`` has none.
        read: Gives a record's values of all `fields`, in their order.
        blank: The columns of all `fields`, each with nothing in it.
        indexed: The columns of `fields` that stand in an index.
    """

    kind: str
    record: type[Any]
    table: Table
    fields: dict[str, KeyField]
    orders: dict[str, KeyField]
    read: Callable[[Any], tuple[Any, ...]]
    blank: dict[str, None]
    indexed: frozenset[str]

    def row(self, record: Any) -> dict[str, Any]:
        """Return the key columns of *record*."""
        found: dict[str, Any] = dict(self.blank)
        for key, value in zip(self.fields.values(), self.read(record), strict=True):
            if value is None:
                continue
            if type(value) in _KEPT_AS_THEY_ARE:
                found[key.columns[0]] = value
            else:
                found.update(zip(key.columns, key.values(value), strict=True))
        return found


def _shelf(kind: str, record: type[Any]) -> Shelf:
    fields = {path: _key_field(path, type) for path, type in _KEYS[kind].items()}
    names = [name for name in ORDER_KEYS.get(kind, _COMMON) if name != "id"]
    orders = {name: fields[_ORDER_FIELDS.get(name, name)] for name in names}
    columns: list[Column[Any]] = []
    for key in fields.values():
        is_money = key.type is KeyType.MONEY
        types: list[TypeEngine[Any]] = [_TEXT, BigInteger()] if is_money else [_COLUMN_TYPES[key.type]]
        columns += [Column(name, kept_as) for name, kept_as in zip(key.columns, types, strict=True)]
    table = Table(
        f"salesflow_{kind}", metadata,
        Column("tenant", _TEXT, primary_key=True), Column("id", _TEXT, primary_key=True),
        Column("version", BigInteger, nullable=False), *columns, Column("document", Text, nullable=False),
    )  # fmt: skip
    for name, key in orders.items():
        sorted_by = [table.c[column] if name in _ASCENDING else table.c[column].desc() for column in key.columns]
        Index(f"salesflow_{kind}_by_{name}", table.c.tenant, *sorted_by, table.c.id)
    for name in _FOUND_BY:
        if name in fields:
            # with the id in it, and what hides a record from lists, people's records are counted without reading them
            column = table.c[fields[name].columns[0]]
            hiding = [table.c.voided] if name == "owner" else []
            Index(f"salesflow_{kind}_of_{column.name}", table.c.tenant, column, table.c.id, *hiding)
    blank = dict.fromkeys(column for key in fields.values() for column in key.columns)
    indexed = frozenset(column.name for index in table.indexes for column in index.columns) & blank.keys()
    return Shelf(kind, record, table, fields, orders, _reader(fields), blank, indexed)


def _reader(paths: Iterable[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the values at *paths*; None where nothing is on the way, as before a lead's conversion."""
    if not any(path.startswith("conversion.") for path in paths):
        return attrgetter(*paths)
    getters = [attrgetter(path) for path in paths]

    def value(get: Callable[[Any], Any], record: Any) -> Any:
        try:
            return get(record)
        except AttributeError:
            return None

    return lambda record: tuple([value(get, record) for get in getters])


SHELVES = {kind: _shelf(kind, record) for kind, record in RECORDS.items()}
"""Every kind of record that the store keeps."""


def _part(name: str, kind: str, *columns: Column[Any]) -> Table:
    """Return the table of what stands beside records of *kind*, whose ids are in the column of that name."""
    whole = SHELVES[kind].table
    return Table(
        f"salesflow_{name}", metadata,
        Column("tenant", _TEXT, primary_key=True), Column(kind, _TEXT, primary_key=True),
        Column("number", Integer, primary_key=True), *columns,
        ForeignKeyConstraint(["tenant", kind], [whole.c.tenant, whole.c.id]),
        sqlite_with_rowid=False,
    )  # fmt: skip


TEAM = _part(
    "team_member", "opportunity",
    Column("person", _TEXT, nullable=False), Column("role", _TEXT, nullable=False),
    Column("access", _TEXT, nullable=False), Column("voided", Integer, nullable=False),
)  # fmt: skip
"""Team members, one a row, numbered from 0 in the record's order; each says whether the record is voided."""

_SEARCHED = ("tenant", "person", "opportunity", "role", "access", "voided")
Index("salesflow_team_member_of_person", *(TEAM.c[name] for name in _SEARCHED))

VISITS = _part(
    "stage_visit", "opportunity",
    Column("stage", _TEXT, nullable=False), Column("entry", _TEXT, nullable=False), Column("exit", _TEXT),
    Column("entered_at", UtcMoment), Column("left_at", UtcMoment), Column("took_us", BigInteger),
)  # fmt: skip
"""Stage visits, one a row, with the microseconds that a finished one took: time in stage needs no window function."""

CONTACT_ROLES = _part("contact_role", "opportunity", Column("contact", _TEXT, nullable=False))
"""Contacts with a role in a deal, one a row: a contact is also read through the deal (VIS-21)."""

Index("salesflow_contact_role_of_contact", *(CONTACT_ROLES.c[name] for name in ("tenant", "contact", "opportunity")))


def _keys(kind: str, *, is_unique: bool) -> Table:
    table = _part(f"{kind}_key", kind, Column("key", _TEXT, nullable=False))
    Index(f"salesflow_{kind}_key_of_key", table.c.tenant, table.c.key, unique=is_unique)
    return table


KEYS = {"customer": _keys("customer", is_unique=True), "lead": _keys("lead", is_unique=False)}
"""Per kind, the keys that its records are known by, one a row (LEAD-12)."""

EVENTS = Table(
    "salesflow_event", metadata,
    Column("tenant", _TEXT, primary_key=True), Column("kind", _TEXT, primary_key=True),
    Column("id", _TEXT, primary_key=True), Column("version", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False), Column("document", Text, nullable=False),
)  # fmt: skip
"""What happened; `position` is the place in the outbox, without gaps but for what was deleted."""

Index("salesflow_event_outbox", EVENTS.c.tenant, EVENTS.c.position, unique=True)

TOMBSTONES = Table(
    "salesflow_tombstone", metadata,
    Column("tenant", _TEXT, primary_key=True), Column("kind", _TEXT, primary_key=True),
    Column("id", _TEXT, primary_key=True), Column("version", BigInteger, nullable=False),
    Column("at", UtcMoment, nullable=False), Column("by", _TEXT, nullable=False),
    Column("operation", _TEXT, nullable=False),
)  # fmt: skip

DONE = Table(
    "salesflow_done", metadata,
    Column("tenant", _TEXT, primary_key=True), Column("key", _TEXT, primary_key=True),
    Column("document", Text, nullable=False),
)  # fmt: skip
"""Idempotency marks."""

COUNTERS = Table(
    "salesflow_counter", metadata,
    Column("tenant", _TEXT, primary_key=True), Column("name", _TEXT, primary_key=True),
    Column("value", BigInteger, nullable=False),
)  # fmt: skip
"""
Per tenant: the outbox's last position, and of each kind its revision and how many records there are.

Whoever saves holds these rows until the commit, so that positions become visible in their order.
"""

SCHEMA = Table("salesflow_schema", metadata, Column("version", SmallInteger, primary_key=True))
"""One row: `SCHEMA_VERSION`."""

LARGEST_WHOLE = Decimal(2**62)
"""No whole-number column holds more; a comparison with more is one with this."""
