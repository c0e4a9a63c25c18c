"""
A filter as a where-clause: the only place that turns visibility into SQL (VIS-15).

A clause lets every record pass that `matches` lets pass. Where SQL can tell exactly, it lets no other pass;
where it cannot (a field without a column, a node of the application's own), `told` says so and the store asks
`matches` too; `clause` itself refuses a node that it does not know. Only semi-joins, never a join; what is NULL
passes neither a comparison nor its negation. Of an opportunity it is taken for granted that its owner stands in its
team (TEAM-2).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from attrs import frozen
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    false,
    literal_column,
    or_,
    select,
    true,
    union,
    union_all,
)

from salesflow.errors import InvalidInput
from salesflow.model import Access, TeamRole
from salesflow.ports import RecordFilter
from salesflow.stores.sql.comparisons import compared
from salesflow.stores.sql.dialects import Dialect
from salesflow.stores.sql.schema import (
    CONTACT_ROLES,
    KEYS,
    SHELVES,
    TEAM,
    Shelf,
)
from salesflow.visibility.behind import BEARING_KINDS, BELONGING_KINDS, Behind, BelongsTo, Names
from salesflow.visibility.filters import (
    EVERYTHING,
    NOTHING,
    AllOf,
    AnyOf,
    Everything,
    FieldCompare,
    Filter,
    Negation,
    Nothing,
    OwnerIn,
    PoolIn,
    TeamIn,
    Voided,
    all_of,
    any_of,
    negation,
)
from salesflow.visibility.known_by import KnownBy

OfPeople: TypeAlias = OwnerIn | TeamIn | PoolIn | Names | Behind | BelongsTo | KnownBy
"""What finds its records by an index: by people, by the pool of what is nobody's, by who names whom, or by keys."""

_OneOf: TypeAlias = Callable[[ColumnElement[Any], str], ColumnElement[bool]]

Place: TypeAlias = str
"""Where a node stands in its filter; the parameter of its people, or its pools, has this name."""

_NAMING = {
    ("opportunity", "customer"): "customer",
    ("opportunity", "contact"): "contact",
    ("lead", "customer"): "conversion_customer",
    ("lead", "contact"): "conversion_contact",
    **{(kind, other): other for kind in BELONGING_KINDS for other in BEARING_KINDS},
}
"""The column by which one kind of record names another; opportunities have `CONTACT_ROLES` beside it."""

_Naming: TypeAlias = tuple[ColumnElement[Any], ColumnElement[bool] | None]
"""A column that names a customer or a contact, and what joins it to the record where it stands in a table beside."""

TENANT: BindParameter[str] = bindparam("tenant", type_=String())
"""Whose records: given when a statement is run, so that tenants share what is compiled."""


@frozen(eq=False)
class Arms:
    """
    A filter as "some of these people's, and the rest": few rows are found by it without looking at the others.

    Args:
        people: Each finds its records by an index; a record passes if some one does.
        rest: What a record must pass too.
    """

    people: tuple[tuple[OfPeople, Place], ...]
    rest: tuple[tuple[Filter, Place], ...]

    @property
    def beside(self) -> tuple[tuple[Filter, Place], ...]:
        """What of the rest stands beside each arm's people, so that no record need be read for it."""
        is_told = all(isinstance(node, OwnerIn | TeamIn) for node, _ in self.people)
        return tuple(part for part in self.rest if is_told and isinstance(part[0], Voided))

    @property
    def are_alone(self) -> bool:
        """Whether the people's rows tell all, and each of them is of a record."""
        return self.rest == self.beside and all(isinstance(node, OwnerIn | TeamIn) for node, _ in self.people)

    @property
    def shape(self) -> Hashable:
        """What tells these arms from others of the same filter."""
        return tuple(place for _, place in self.people)


@frozen(eq=False)
class FilterCompiler:
    """
    Compiles filters for one kind of record of whichever tenant is asked for.

    Args:
        shelf: The kind's table.
        dialect: The database's ways.
        is_fenced: Whether a semi-join is asked of each record by itself: right for a walk that ends soon.
        alike: Where the same people stand, so that thousands of them are handed over once.
    """

    shelf: Shelf
    dialect: Dialect
    is_fenced: bool = True
    alike: Mapping[Place, Place] = MappingProxyType({})

    def told(self, filter: RecordFilter) -> tuple[Filter, bool]:
        """Return the narrowest filter that SQL can tell and that all of *filter* pass, and whether it is the same."""
        match filter:
            case AllOf() | AnyOf():
                parts = [self.told(part) for part in filter.parts]
                join = all_of if isinstance(filter, AllOf) else any_of
                joined = join(part for part, _ in parts)
                if isinstance(joined, AnyOf) and self.shelf.kind == "opportunity":
                    joined = any_of(_without_owners_of_teams(joined.parts))
                return joined, all(is_exact for _, is_exact in parts)
            case FieldCompare() if filter.name in self.shelf.fields:
                return filter, True
            case Voided() if "voided" in self.shelf.fields:
                return filter, True
            case PoolIn() | Negation(part=PoolIn()):
                return (filter, True) if "pool" in self.shelf.fields else (NOTHING, True)
            case Negation(part=OwnerIn() | TeamIn()) | Everything() | Nothing() | OwnerIn() | TeamIn():
                return filter, True
            case Names() | Negation(part=Names()) | KnownBy():
                return filter, True
            case Behind():
                inner, is_exact = self._of_kind(filter.kind).told(filter.filter)
                return Behind(filter.kind, inner, filter.find), is_exact
            case BelongsTo():
                inner, is_exact = self._of_kind(filter.kind).told(filter.filter)
                return BelongsTo(filter.kind, inner, filter.get), is_exact
            case Negation(part=Behind() | BelongsTo()):
                through, is_exact = self.told(filter.part)
                return (Negation(through), True) if is_exact else (EVERYTHING, False)
            case Negation(part=AllOf() | AnyOf() | FieldCompare() | Voided() | Negation() | Everything() | Nothing()):
                return self.told(negation(filter.part))
            case _:
                return EVERYTHING, False

    def clause(self, filter: Filter, table: FromClause, place: Place) -> ColumnElement[bool]:
        """Return what lets pass every record of *table*, an alias of the kind's own, that passes *filter*."""
        match filter:
            case AllOf():
                return and_(*(self.clause(part, table, f"{place}_{n}") for n, part in enumerate(filter.parts)))
            case AnyOf():
                return or_(*(self.clause(part, table, f"{place}_{n}") for n, part in enumerate(filter.parts)))
            case Everything():
                return true()
            case Nothing():
                return false()
            case OwnerIn():
                return self._owner_in(table, place, self.dialect.among)
            case TeamIn():
                return self._team_in(filter, table, place)
            case PoolIn():
                return and_(self._hidden_owner(table).is_(None), self._pool_in(filter, table, place))
            case Negation(part=PoolIn() as part):
                return and_(self._hidden_owner(table).is_(None), ~self._pool_in(part, table, place))
            case Voided():
                return and_(table.c.voided == int(filter.is_voided))
            case FieldCompare():
                return compared(filter, self.shelf.fields[filter.name], table)
            case Negation(part=OwnerIn()):
                has_owner = self._hidden_owner(table).is_not(None) if "owner" in table.c else false()
                return and_(has_owner, ~self._owner_in(table, place, self.dialect.among))
            case Names():
                return self._names(filter, table, place)
            case Behind():
                return self._behind(filter, table, place)
            case KnownBy():
                return self._known_by(table, place)
            case BelongsTo():
                return self._belongs_to(filter, table, place)
            case Negation(part=TeamIn() | Names() | Behind() | BelongsTo()):
                return ~self.clause(filter.part, table, place)
            case _:
                raise InvalidInput("filter", filter, "is a node that cannot be compiled; ask `told` first")

    def arms(self, filter: Filter, place: Place) -> Arms | None:
        """Return the arms of *filter*, those with the fewest people where there is a choice; None without any."""
        match filter:
            case OwnerIn() | TeamIn() | PoolIn() | Names() | KnownBy():
                return Arms(((filter, place),), ())
            case Behind() | BelongsTo():
                has_arms = self._of_kind(filter.kind).arms(filter.filter, place) is not None
                return Arms(((filter, place),), ()) if has_arms else None
            case AnyOf():
                people = [(part, f"{place}_{n}") for n, part in enumerate(filter.parts)]
                armed = tuple(
                    (part, where)
                    for part, where in people
                    if isinstance(part, OfPeople) and self.arms(part, where) is not None
                )
                return Arms(armed, ()) if len(armed) == len(people) else None
            case AllOf():
                parts = [(part, f"{place}_{n}") for n, part in enumerate(filter.parts)]
                found = [(self.arms(part, where), where) for part, where in parts]
                choices = [(arms.people, where) for arms, where in found if arms is not None]
                if not choices:
                    return None
                people_, chosen = min(choices, key=lambda choice: sum(len(_of_whom(node)) for node, _ in choice[0]))
                return Arms(people_, tuple(part for part in parts if part[1] != chosen))
            case _:
                return None

    def ids(self, arm: tuple[OfPeople, Place], rest: Collection[tuple[Filter, Place]]) -> Select[Any]:
        """Return the ids that *arm* finds, of records that pass *rest*; some may come twice."""
        node, place = arm
        if isinstance(node, Behind):
            return self._ids_behind(node, place, rest)
        if isinstance(node, BelongsTo):
            return self._ids_belonging(node, place, rest)
        table = self.shelf.table.alias()
        clauses = [self.clause(part, table, where) for part, where in rest]
        if isinstance(node, OwnerIn):
            found = self._owner_in(table, place, self.dialect.one_of)
            return select(table.c.id).where(table.c.tenant == TENANT, found, *clauses)
        if isinstance(node, PoolIn):
            nobodys = table.c.owner.is_(None)  # by the index of owners
            return select(table.c.id).where(
                table.c.tenant == TENANT, nobodys, self._pool_in(node, table, place), *clauses
            )
        if isinstance(node, Names | KnownBy):
            return select(table.c.id).where(table.c.tenant == TENANT, self.clause(node, table, place), *clauses)
        team = TEAM.alias()
        # plain: to tell ids apart without sorting, SQLite would read all teams, which it has in their order
        ids = select(self.dialect.plain(team.c.opportunity).label("id"))
        ids = ids.where(self._members(node, team, place, self.dialect.one_of))
        ids = ids.where(*(team.c.voided == int(part.is_voided) for part, _ in rest if isinstance(part, Voided)))
        apart = [self.clause(part, table, where) for part, where in rest if not isinstance(part, Voided)]
        if not apart:
            return ids
        behind: Select[Any] = select(literal_column("1")).where(
            table.c.tenant == TENANT, table.c.id == team.c.opportunity, *apart
        )
        return ids.where(behind.correlate(team).exists())

    def _of_kind(self, kind: str) -> FilterCompiler:
        return FilterCompiler(SHELVES[kind], self.dialect, self.is_fenced)

    def _naming(self, kind: str, record: FromClause) -> list[_Naming]:
        """Return by what *record*, an alias of this kind's table, names customers, or contacts."""
        column = _NAMING.get((self.shelf.kind, kind))
        found: list[_Naming] = [] if column is None else [(record.c[column], None)]
        if column == "contact":
            role = CONTACT_ROLES.alias()
            found.append((role.c.contact, and_(role.c.tenant == TENANT, role.c.opportunity == record.c.id)))
        return found

    def _names(self, filter: Names, table: FromClause, place: Place) -> ColumnElement[bool]:
        """Return whether a record names the one of *filter*: never NULL, so that it can be negated."""
        found: list[ColumnElement[bool]] = [false()]
        for party, beside in self._naming(filter.kind, table):
            # SQLite would search a range of the index for what is not NULL, rather than the one that is named
            named = and_(self.dialect.plain(party).is_not(None), self.dialect.one_of(party, place))
            if beside is not None:
                rows: Select[Any] = select(literal_column("1")).where(beside, named)
                named = rows.correlate(table).exists()
            found.append(named)
        return or_(*found)

    def _behind(self, filter: Behind, table: FromClause, place: Place) -> ColumnElement[bool]:
        """Return whether some record that passes names the one of *table*: a semi-join for each way of naming."""
        other = self._of_kind(filter.kind)
        record = other.shelf.table.alias()
        found: list[ColumnElement[bool]] = [false()]
        for party, beside in other._naming(self.shelf.kind, record):
            rows: Select[Any] = select(literal_column("1")).where(
                record.c.tenant == TENANT,
                true() if beside is None else beside,
                party == table.c.id,
                other.clause(filter.filter, record, place),
            )
            found.append(self._semi_join(rows.correlate(table)))
        return or_(*found)

    def _ids_behind(self, node: Behind, place: Place, rest: Iterable[tuple[Filter, Place]]) -> Select[Any]:
        """Return the ids that records of the people of *node* name; some may come twice, some may be of no record."""
        other = self._of_kind(node.kind)
        arms = other.arms(node.filter, place)
        assert arms is not None
        record, table = other.shelf.table.alias(), self.shelf.table.alias()
        of_people = record.c.id.in_(union(*(other.ids(arm, ()) for arm in arms.people)))
        narrow = [other.clause(part, record, where) for part, where in arms.rest]
        parts = [
            select(party.label("id")).where(
                record.c.tenant == TENANT,
                true() if beside is None else beside,
                self.dialect.plain(party).is_not(None),
                of_people,
                *narrow,
            )
            for party, beside in other._naming(self.shelf.kind, record)
        ]
        named = union_all(*parts).subquery()
        clauses = [self.clause(part, table, where) for part, where in rest]
        if not clauses:
            return select(named.c.id)
        passing: Select[Any] = select(literal_column("1")).where(
            table.c.tenant == TENANT, table.c.id == named.c.id, *clauses
        )
        return select(named.c.id).where(passing.correlate(named).exists())

    def _belongs_to(self, filter: BelongsTo, table: FromClause, place: Place) -> ColumnElement[bool]:
        """Return whether the record that one of *table* belongs to passes: never NULL, so that it can be negated."""
        if self.shelf.kind not in BELONGING_KINDS:
            return false()
        other = self._of_kind(filter.kind)
        record = other.shelf.table.alias()
        rows: Select[Any] = select(literal_column("1")).where(
            record.c.tenant == TENANT,
            record.c.id == table.c[filter.kind],
            other.clause(filter.filter, record, place),
        )
        return and_(self._is_borne_by(filter.kind, table), self._semi_join(rows.correlate(table)))

    def _ids_belonging(self, node: BelongsTo, place: Place, rest: Iterable[tuple[Filter, Place]]) -> Select[Any]:
        """Return the ids of records that belong to those of the people of *node*."""
        other, table = self._of_kind(node.kind), self.shelf.table.alias()
        arms = other.arms(node.filter, place)
        if arms is None or self.shelf.kind not in BELONGING_KINDS:
            return select(table.c.id).where(false())
        of_people = table.c[node.kind].in_(union(*(other.ids(arm, arms.rest) for arm in arms.people)))
        clauses = [self.clause(part, table, where) for part, where in rest]
        is_borne = self._is_borne_by(node.kind, table)
        return select(table.c.id).where(table.c.tenant == TENANT, of_people, is_borne, *clauses)

    def _is_borne_by(self, kind: str, table: FromClause) -> ColumnElement[bool]:
        """Return whether a record belongs to one of *kind*: it names such a one, and none of a kind before it."""
        before = [table.c[other].is_(None) for other in BEARING_KINDS[: BEARING_KINDS.index(kind)]]
        return and_(self.dialect.plain(table.c[kind]).is_not(None), *before)

    def _known_by(self, table: FromClause, place: Place) -> ColumnElement[bool]:
        keys = KEYS.get(self.shelf.kind)
        if keys is None:
            return false()
        known = keys.alias()
        found = and_(known.c.tenant == TENANT, self.dialect.one_of(known.c.key, place))
        return table.c.id.in_(select(known.c[self.shelf.kind]).where(found))

    def _parameter(self, place: Place) -> str:
        """Return the parameter that the people at *place* travel in."""
        return self.alike.get(place, place)

    def _semi_join(self, rows: Select[Any]) -> ColumnElement[bool]:
        return (self.dialect.fenced(rows) if self.is_fenced else rows).exists()

    def _owner_in(self, table: FromClause, place: Place, one_of: _OneOf) -> ColumnElement[bool]:
        return one_of(table.c.owner, self._parameter(place)) if "owner" in table.c else false()

    def _hidden_owner(self, table: FromClause) -> ColumnElement[Any]:
        return self.dialect.plain(table.c.owner)

    def _pool_in(self, filter: PoolIn, table: FromClause, place: Place) -> ColumnElement[bool]:
        """Return whether a record lies in one of the pools: never NULL, since NULL is the common pool."""
        pool = self.dialect.plain(table.c.pool)
        is_common = pool.is_(None)
        named = and_(pool.is_not(None), self.dialect.one_of(pool, place))
        return or_(is_common, named) if None in filter.pools else named

    def _team_in(self, filter: TeamIn, table: FromClause, place: Place) -> ColumnElement[bool]:
        if self.shelf.kind != "opportunity":
            return false()
        team = TEAM.alias()
        if not self.is_fenced:
            members = self._members(filter, team, place, self.dialect.one_of)
            ids = self.dialect.plain(table.c.id).in_(select(team.c.opportunity).where(members))
            return ids.is_(True)  # alone in a where-clause PostgreSQL would make it a join
        members = self._members(filter, team, place, self.dialect.among)
        rows: Select[Any] = select(literal_column("1")).where(team.c.opportunity == table.c.id, members)
        return self._semi_join(rows.correlate(table))

    def _members(self, filter: TeamIn, team: FromClause, place: Place, one_of: _OneOf) -> ColumnElement[bool]:
        found = [team.c.tenant == TENANT, one_of(team.c.person, self._parameter(place))]
        if self.shelf.kind != "opportunity":
            found.append(false())
        if filter.roles is not None:
            found.append(or_(false(), *(team.c.role == str.__str__(role) for role in sorted(filter.roles))))
        if filter.access is not Access.READ:
            found.append(team.c.access == str(Access.READ_WRITE))
        return and_(*found)


def _without_owners_of_teams(parts: Iterable[Filter]) -> Iterator[Filter]:
    """Give *parts* but for owners who are among a team's people: an owner stands in the team (TEAM-2)."""
    parts = list(parts)
    teams = [
        part.people.ids
        for part in parts
        if isinstance(part, TeamIn) and (part.roles is None or TeamRole.OWNER in part.roles)
    ]
    for part in parts:
        if not isinstance(part, OwnerIn):
            yield part
        elif left := part.people.ids.difference(*teams):
            yield OwnerIn(left)


def _of_whom(node: OfPeople) -> frozenset[str]:
    """Return the people of *node*, its pools but for the common one, which has no id, or the one that is named."""
    match node:
        case PoolIn():
            return frozenset(pool for pool in node.pools if pool is not None)
        case Names():
            return frozenset((node.id,))
        case KnownBy():
            return node.keys
        case Behind() | BelongsTo():
            return frozenset().union(*(ids for _, ids in people(node.filter, "")))
        case _:
            return node.people.ids


def people(filter: Filter, place: Place) -> Iterator[tuple[Place, frozenset[str]]]:
    """Give the people, or the pools, of every node of *filter*, by its place."""
    match filter:
        case Behind() | BelongsTo() | Negation(part=Behind() | BelongsTo()):
            behind: Any = filter.part if isinstance(filter, Negation) else filter
            yield from people(behind.filter, place)
        case KnownBy():
            yield place, filter.keys
        case OwnerIn() | TeamIn() | PoolIn() | Names() | Negation(part=OwnerIn() | TeamIn() | PoolIn() | Names()):
            node: Any = filter.part if isinstance(filter, Negation) else filter
            yield place, _of_whom(node)
        case AllOf() | AnyOf():
            for n, part in enumerate(filter.parts):
                yield from people(part, f"{place}_{n}")
        case _:
            pass


def shape(filter: Filter) -> Hashable:
    """Return what is left of *filter* without its people: filters of one shape have one statement."""
    match filter:
        case OwnerIn():
            return OwnerIn
        case TeamIn():
            return TeamIn, filter.roles, filter.access
        case PoolIn():
            return PoolIn, None in filter.pools
        case Names():
            return Names, filter.kind
        case KnownBy():
            return KnownBy
        case Behind() | BelongsTo():
            return type(filter), filter.kind, shape(filter.filter)
        case Negation():
            return Negation, shape(filter.part)
        case AllOf() | AnyOf():
            return type(filter), *map(shape, filter.parts)
        case _:
            return filter
