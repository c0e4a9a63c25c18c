"""
Lists, counts and ids: by the people's rows where few records can pass, by the order's index where many do.

Gathering costs a step for each record that may pass, walking as many as meet `limit` of them: the two cost the
same at about √(limit · records). Either way the answer is that of a scan by `matches`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator
from itertools import islice
from math import isqrt
from typing import Any

from attrs import define, evolve
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    GenerativeSelect,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    select,
    union_all,
)
from sqlalchemy import union as union_of

from salesflow.model import sort_value
from salesflow.ports import Query, RecordFilter
from salesflow.stores.sql.compiler import TENANT, Arms, FilterCompiler, people, shape
from salesflow.stores.sql.dialects import FEW
from salesflow.stores.sql.order import Order, Position
from salesflow.stores.sql.schema import COUNTERS, SHELVES
from salesflow.stores.sql.statements import statement_of
from salesflow.stores.sql.trouble import read_document
from salesflow.visibility.behind import asking
from salesflow.visibility.filters import EVERYTHING, Filter

_CHUNK = 200
"""Where SQL cannot decide, this many records are read at a time, then twice as many, until the page is full."""

_SAMPLE = 32
"""Of so many people the records are counted, to guess how many all of them have."""

_MOST_PLANS = 256

_TRUSTED = 50
"""So many times a count of some people's records serves; only the choice of a way goes by it."""

_SHARE_TO_GATHER = 4
"""Without a limit, gathering pays while at most one record in this many may pass."""

_ROWS_PER_RECORD = 2
"""At most about so many of its people's rows tell of a record that their viewer sees."""

_READ_PER_GATHERED = 10
"""Where all ids are gathered before the first is counted: so many records are read one behind the other meanwhile."""

_HASHED_PER_PROBE = 30
"""So many rows of teams are hashed in the time in which one record's team is asked for."""

_ROOT = "f"
_LIMIT = bindparam("limit", type_=Integer())


@define(eq=False)
class Plan:
    """
    What is known of one filter before anything is asked.

    Args:
        filter: As it was given.
        told, is_exact: What of it SQL can tell, and whether that is all.
        compiler: What compiles it, for as many people as it has.
        arms: How its people's records are found; None where it names none.
        are_alone: Whether the people's rows tell all of it.
        shape: What its statements are kept under.
        values: Its people, as parameters.
        sample: Some of them, and *scale* times as many are all.
        rows: About how many rows its people have, as counted last.
        asked: How often that was asked for.
        are_short: Whether they are at most the dialect's *few_rows*, as counted last.
        judged: How often that was asked for.
    """

    filter: RecordFilter
    told: Filter
    is_exact: bool
    compiler: FilterCompiler
    arms: Arms | None
    are_alone: bool
    shape: Hashable
    values: dict[str, Any]
    sample: dict[str, Any]
    scale: float
    rows: float = 0
    asked: int = 0
    are_short: bool = False
    judged: int = 0


class Memory:
    """
    What is worth keeping from one list to the next.

    Attributes:
        size: How many records there were when last looked up; only the choice of a way goes by it.
        plans: By the id of the filter, which the plan keeps alive.
    """

    def __init__(self) -> None:
        self.size = 0
        self.plans: dict[int, Plan] = {}


class Reader:
    """
    Answers lists of one kind of record over one connection, which sees one moment of the database.

    Args:
        connection: An open one, in a transaction.
        compiler: Of the kind of record.
        tenant: Whose records.
        memory: What readers of this tenant and kind know already; None means a new one.
    """

    def __init__(
        self, connection: Connection, compiler: FilterCompiler, tenant: str, memory: Memory | None = None
    ) -> None:
        self._connection = connection
        self._memory = Memory() if memory is None else memory
        self._plans = self._memory.plans
        self._compiler = compiler
        self._tenant = tenant
        self._shelf, self._dialect = compiler.shelf, compiler.dialect

    def get_many(self, ids: Collection[str]) -> dict[str, Any]:
        """Return those of the records that are there, by id."""
        table = self._shelf.table

        def make() -> Any:
            wanted = self._dialect.one_of(table.c.id, "ids")
            return select(table.c.id, table.c.document).where(table.c.tenant == TENANT, wanted)

        found = self._run(("get",), {"ids": self._dialect.ids(frozenset(ids))}, make, None)
        return {id: read_document(self._shelf.record, document) for id, document in found}

    def page(self, query: Query) -> list[Any]:
        """Return the records that pass, in order."""
        plan = self._planned(query.filter)
        if plan.is_exact:
            return self._records(plan, query.order_by, query.limit, query.after)
        return list(self._asked(query, plan))

    def ids(self, filter: RecordFilter) -> set[str]:
        """Return the ids of the records that pass."""
        plan = self._planned(filter)
        if not plan.is_exact:
            return {record.id for record in self._asked(Query(self._shelf.kind, filter), plan)}
        return {id for (id,) in self._run(*self._passing(plan, None), select_ids)}

    def count(self, filter: RecordFilter, cap: int | None) -> int:
        """Return how many records pass, or *cap* where they are at least that many."""
        plan = self._planned(filter)
        if cap is not None and cap < 1:
            return 0
        if not plan.is_exact:
            return sum(1 for _ in self._asked(Query(self._shelf.kind, filter, limit=cap), plan))
        if plan.told == EVERYTHING:
            return self.size() if cap is None else min(self.size(), cap)
        ((number,),) = self._run(*self._passing(plan, cap), count_ids)
        return int(number)

    def size(self) -> int:
        """Return how many records of the kind there are, as the counters know."""
        found = self._run(("size",), {}, self._size_of_kind, None)
        return int(found[0][0]) if found else 0

    def _asked(self, query: Query, plan: Plan) -> Iterator[Any]:
        """Give the records that pass where `matches` must be asked, reading little more than a page takes."""
        value = sort_value(query.kind, query.order_by)
        # what stands behind a record is looked up over this connection, at the moment that it sees
        matches = asking(query.filter, self._find, self._get).matches
        left, after, size = query.limit, query.after, _CHUNK
        while True:
            records = self._records(plan, query.order_by, size, after)
            for record in records:
                if matches(record):
                    yield record
                    if left is not None:
                        left -= 1
                        if left == 0:
                            return
            if len(records) < size:
                return
            after, size = (value(records[-1]), records[-1].id), size * 2

    def _get(self, kind: str, id: str) -> Any | None:
        compiler = FilterCompiler(SHELVES[kind], self._dialect)
        return Reader(self._connection, compiler, self._tenant).get_many((id,)).get(id)

    def _find(self, kind: str, filter: Filter, limit: int | None) -> list[Any]:
        compiler = FilterCompiler(SHELVES[kind], self._dialect)
        return Reader(self._connection, compiler, self._tenant).page(Query(kind, filter, limit=limit))

    def _run(
        self,
        key: tuple[Hashable, ...],
        values: dict[str, Any],
        make: Callable[[], GenerativeSelect],
        wrap: Callable[[GenerativeSelect], GenerativeSelect] | None,
    ) -> list[Any]:
        """Run the statement that *key* tells; *make* builds it, and *wrap* what is asked of it."""
        statement = statement_of(
            (self._shelf.kind, *key, wrap),
            self._connection.dialect,
            lambda: make() if wrap is None else wrap(make()),
        )
        return list(statement.run(self._connection, {**values, "tenant": self._tenant}).all())

    def _planned(self, filter: RecordFilter) -> Plan:
        """Return what is known of *filter*; a viewer's filter comes again and again, and is worked out once."""
        kept = self._plans.get(id(filter))
        if kept is not None and kept.filter is filter:
            return kept
        told, is_exact = self._compiler.told(filter)
        ids = dict(people(told, _ROOT))
        has_few_people = all(len(each) <= FEW for each in ids.values())
        first: dict[frozenset[str], str] = {}
        alike = {place: first.setdefault(each, place) for place, each in ids.items()}
        dialect = self._dialect.of_few if has_few_people else self._dialect
        compiler = evolve(self._compiler, dialect=dialect, alike=alike)
        arms = compiler.arms(told, _ROOT)
        some = {place: frozenset(islice(each, _SAMPLE)) for place, each in ids.items()}
        are_alone = arms is not None and arms.are_alone
        plan = Plan(
            filter, told, is_exact, compiler, arms, are_alone, (dialect.one_of, *alike.values(), shape(told)),
            {place: self._dialect.ids(each) for place, each in ids.items()},
            {place: self._dialect.ids(each) for place, each in some.items()},
            max([len(each) / len(some[place]) for place, each in ids.items() if each], default=1.0),
        )  # fmt: skip
        if len(self._plans) >= _MOST_PLANS:
            self._plans.clear()
        self._plans[id(filter)] = plan
        return plan

    def _passing(
        self, plan: Plan, cap: int | None
    ) -> tuple[tuple[Hashable, ...], dict[str, Any], Callable[[], GenerativeSelect]]:
        """Return the statement of the ids that pass, each once, at most *cap*."""
        values, limit = {**plan.values, "limit": cap}, None if cap is None else _LIMIT
        arms = plan.arms
        if arms is not None and self._is_gathered(plan, arms, cap):
            all_of_them = arms
            are_short = plan.are_alone and self._are_short(plan, arms, cap)

            def gather() -> Select[Any]:
                found = union_all(*(plan.compiler.ids(arm, all_of_them.rest) for arm in all_of_them.people)).subquery()
                return select(found.c.id).distinct().limit(_LIMIT)

            def gather_all() -> GenerativeSelect:
                if not plan.are_alone:
                    return self._of_people(plan, self._shelf.table.c.id, all_of_them).limit(limit)
                ids = [plan.compiler.ids(arm, all_of_them.rest) for arm in all_of_them.people]
                return self._dialect.each_once(ids, are_short).limit(limit)

            if cap is not None and not self._dialect.hashes and not are_short:
                return ("gather ids", plan.shape, arms.shape), values, gather
            return ("gather all ids", plan.shape, arms.shape, cap is None, are_short), values, gather_all
        table = self._shelf.table
        compiler = self._scanning(plan, cap)

        def scan() -> Select[Any]:
            return select(table.c.id).where(self._all(table, plan, compiler)).limit(limit)

        return ("scan ids", plan.shape, cap is None, compiler.is_fenced), values, scan

    def _is_gathered(self, plan: Plan, arms: Arms, cap: int | None) -> bool:
        """Whether ids are found by the people's rows, and not by going through the records until *cap* have passed."""
        if cap is None or not self._dialect.hashes:
            return True
        return self._are_few(plan, arms, cap * _ROWS_PER_RECORD if plan.are_alone else cap // _READ_PER_GATHERED)

    def _are_short(self, plan: Plan, arms: Arms, cap: int | None) -> bool:
        """Whether the rows of all people of *plan* are taken for few: at most *few_rows*, as counted not long ago."""
        if cap is not None and self._dialect.hashes:
            return True  # not counted again: few enough to be gathered under a cap
        if plan.judged % _TRUSTED == 0:
            limit = self._dialect.few_rows
            ((number, _),) = self._counted(plan, arms, plan.values, limit + 1)
            plan.are_short = number <= limit
        plan.judged += 1
        return plan.are_short

    def _scanning(self, plan: Plan, limit: int | None) -> FilterCompiler:
        """Return what compiles a scan that ends at *limit*: teams are hashed where few rows of them count."""
        arms = plan.arms
        if limit is None:
            is_hashed = self._dialect.hashes
        else:
            is_hashed = arms is not None and self._are_few(plan, arms, limit * _HASHED_PER_PROBE)
        return evolve(plan.compiler, is_fenced=not is_hashed)

    def _are_few(self, plan: Plan, arms: Arms, limit: int | None) -> bool:
        """Whether gathering costs less than walking to *limit*; None means to the end."""
        rows, size = self._rows_about(plan, arms), self._memory.size
        most = size // _SHARE_TO_GATHER  # none is counted past it
        return rows <= (most if limit is None else min(most, isqrt(limit * size)))

    def _rows_about(self, plan: Plan, arms: Arms) -> float:
        """Return about how many rows the people of *plan* have, as counted not long ago."""
        if plan.asked % _TRUSTED == 0:
            plan.rows = self._rows_of_people(plan, arms)
        plan.asked += 1
        return plan.rows

    def _rows_of_people(self, plan: Plan, arms: Arms) -> float:
        """
        Return about how many rows the people of *plan* have, as some of them tell; none is counted past what is many.

        What is many goes by the size when last looked up, which is looked up on the way: one statement, not two.
        """
        many = (self._memory.size or self.size()) // _SHARE_TO_GATHER + 1
        ((number, size),) = self._counted(plan, arms, plan.sample, int(many / plan.scale) + 1)
        self._memory.size = size or 0
        return float(number * plan.scale)

    def _counted(self, plan: Plan, arms: Arms, people: dict[str, Any], limit: int) -> list[Any]:
        """Return how many rows *people* have, at most *limit*, and how many records there are."""

        def make() -> Any:
            found = union_all(*(plan.compiler.ids(arm, ()) for arm in arms.people)).limit(_LIMIT).subquery()
            return select(
                select(func.count()).select_from(found).scalar_subquery(), self._size_of_kind().scalar_subquery()
            )

        return self._run(("few", plan.shape, arms.shape), {**people, "limit": limit}, make, None)

    def _size_of_kind(self) -> Select[Any]:
        name = f"size:{self._shelf.kind}"
        return select(COUNTERS.c.value).where(COUNTERS.c.tenant == TENANT, COUNTERS.c.name == name)

    def _of_people(self, plan: Plan, column: ColumnElement[Any], arms: Arms) -> Select[Any]:
        """Return *column* of the records that the arms find and that pass the rest."""
        table = self._shelf.table
        found = union_of(*(plan.compiler.ids(arm, arms.beside) for arm in arms.people))
        # all of the rest again: were the order's columns all that is asked of the table, SQLite would read the whole
        # index of that order, for it has them, rather than look up these ids
        rest = [plan.compiler.clause(part, table, place) for part, place in arms.rest]
        return select(column).where(table.c.tenant == TENANT, table.c.id.in_(found), *rest)

    def _all(self, table: FromClause, plan: Plan, compiler: FilterCompiler) -> ColumnElement[bool]:
        return and_(table.c.tenant == TENANT, compiler.clause(plan.told, table, _ROOT))

    def _records(self, plan: Plan, order_by: str, limit: int | None, after: Position | None) -> list[Any]:
        record = self._shelf.record
        return [read_document(record, document) for (document,) in self._rows(plan, order_by, limit, after)]

    def _rows(self, plan: Plan, order_by: str, limit: int | None, after: Position | None) -> list[Any]:
        sort_value(self._shelf.kind, order_by)  # refuses an unknown order
        arms = plan.arms
        if arms is not None and self._are_few(plan, arms, limit):
            return self._gathered(plan, arms, order_by, limit, after)
        return self._walked(plan, order_by, limit, after)

    def _gathered(self, plan: Plan, arms: Arms, order_by: str, limit: int | None, after: Position | None) -> list[Any]:
        """Return the documents of a page by the people's rows, sorted."""
        order = Order(self._shelf.orders, order_by, self._shelf.table)
        is_behind_value = after is not None and (after[0] is not None or not order.keys)
        values = {**plan.values, **order.values(after)}

        def make() -> Select[Any]:
            table, is_apart = self._shelf.table, self._dialect.reads_apart
            found = self._of_people(plan, table.c.id if is_apart else table.c.document, arms)
            if after is not None:
                found = found.where(order.behind() if is_behind_value else order.behind_nothing())
            found = found.order_by(*order.terms(self._dialect.plain)).limit(None if limit is None else _LIMIT)
            if not is_apart:
                return found
            page, record = found.add_columns(*order.keys).subquery(), table.alias()
            its = and_(record.c.tenant == TENANT, record.c.id == page.c.id)
            in_order = Order(self._shelf.orders, order_by, page).terms(self._dialect.plain)
            return select(record.c.document).select_from(page.join(record, its)).order_by(*in_order)

        key = ("gather", plan.shape, arms.shape, order_by, after is None, is_behind_value, limit is None)
        return self._run(key, {**values, "limit": limit}, make, None)

    def _walked(self, plan: Plan, order_by: str, limit: int | None, after: Position | None) -> list[Any]:
        """Return the documents of a page by the order's index: those with a value first, those without then."""
        order = Order(self._shelf.orders, order_by, self._shelf.table)
        values = {**plan.values, **order.values(after)}
        compiler = self._scanning(plan, limit)
        key = ("walk", plan.shape, order_by, after is None, limit is None, compiler.is_fenced)
        is_without = bool(order.keys) and after is not None and after[0] is None

        def walk(part: ColumnElement[bool] | None, further: ColumnElement[bool] | None) -> Select[Any]:
            page = select(self._shelf.table.c.document).where(self._all(self._shelf.table, plan, compiler))
            page = page.where(*(clause for clause in (part, further) if clause is not None))
            return page.limit(None if limit is None else _LIMIT)

        def with_value() -> Select[Any]:
            part = order.has_value() if order.keys else None
            return walk(part, None if after is None else order.further()).order_by(*order.terms())

        def without_value() -> Select[Any]:
            return walk(order.has_none(), order.behind_nothing() if is_without else None).order_by(order.last)

        found: list[Any] = []
        if not is_without:
            found = self._run((*key, "with value"), {**values, "limit": limit}, with_value, None)
        if order.keys and (limit is None or len(found) < limit):
            left = None if limit is None else limit - len(found)
            found += self._run((*key, "without", is_without), {**values, "limit": left}, without_value, None)
        return found


def select_ids(passing: GenerativeSelect) -> GenerativeSelect:
    """Ask for the ids themselves."""
    return passing


def count_ids(passing: GenerativeSelect) -> GenerativeSelect:
    """Ask how many ids there are."""
    return select(func.count()).select_from(passing.subquery())
