"""
What a rule becomes for one viewer: a small closed expression over a record's own fields.

The filter is what is evaluated, what a store searches by, and what an explanation must agree with. A value
that is missing makes a comparison neither true nor false: then neither it nor its negation passes, so a
record without owner satisfies no owner rule by accident. Negation therefore stands at the leaves only;
`negation` pushes it there.
"""

from __future__ import annotations

import operator as operators
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from attrs import field, frozen

from salesflow.errors import InvalidInput
from salesflow.model.enums import Access
from salesflow.model.moments import utc
from salesflow.model.money import Money
from salesflow.model.requests import can_be_stored
from salesflow.visibility.people import People

if TYPE_CHECKING:
    from salesflow.visibility.behind import Behind, BelongsTo, Names
    from salesflow.visibility.known_by import KnownBy


class Test(Protocol):
    """Says of one record whether it passes."""

    def __call__(self, record: Any) -> bool:
        """Whether *record* passes."""
        ...


def _people(people: Iterable[str]) -> People:
    return people if isinstance(people, People) else People(frozenset(people))


class FilterNode:
    """Compiles itself when it is first asked; `matches` is then a plain function, with nothing in between."""

    __slots__ = ("matches",)

    matches: Test

    def __getattr__(self, name: str) -> Any:
        if name != "matches":
            raise AttributeError(name)
        test = self._compiled()
        object.__setattr__(self, "matches", test)
        return test

    @abstractmethod
    def _compiled(self) -> Test: ...


@frozen
class Everything(FilterNode):
    """Every record passes. Said by name only: an empty set never means everything."""

    def _compiled(self) -> Test:
        return _yes


@frozen
class Nothing(FilterNode):
    """No record passes."""

    def _compiled(self) -> Test:
        return _no


@frozen
class OwnerIn(FilterNode):
    """
    The record has an owner, and it is one of *people*.

    Args:
        people: Iterable, countable and quick to ask; compares as a frozenset of ids does.
    """

    people: People = field(converter=_people)

    def _compiled(self) -> Test:
        people = self.people
        return lambda record: record.owner in people


@frozen
class TeamIn(FilterNode):
    """
    Some team member is one of *people*, in one of *roles*, with at least *access*.

    A kind of record without a team has nobody in it.

    Args:
        people: As in `OwnerIn`.
        roles: Role names; None means any role.
        access: `READ` admits `READ_WRITE` too.
    """

    people: People = field(converter=_people)
    roles: frozenset[str] | None = field(default=None)
    access: Access = Access.READ

    def _compiled(self) -> Test:
        people, roles, read_only = self.people, self.roles, self.access is Access.READ

        def matches(record: Any) -> bool:
            for member in getattr(record, "team", ()):
                if (
                    member.person in people
                    and (roles is None or member.role in roles)
                    and (read_only or member.access == Access.READ_WRITE)
                ):
                    return True
            return False

        return matches


def _pools(pools: Iterable[str | None]) -> frozenset[str | None]:
    return frozenset(pools)


@frozen
class PoolIn(FilterNode):
    """
    The record has no owner and lies in one of *pools*.

    Args:
        pools: Ids; None among them is the common pool.
    """

    pools: frozenset[str | None] = field(converter=_pools)

    def _compiled(self) -> Test:
        pools = self.pools
        return lambda record: record.owner is None and getattr(record, "pool", _NO_POOL) in pools


_NO_POOL = object()


@frozen
class Voided(FilterNode):
    """The record is voided, or is not."""

    is_voided: bool

    def _compiled(self) -> Test:
        wanted = self.is_voided
        return lambda record: record.voided is wanted


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "==": operators.eq,
        "!=": operators.ne,
        "<": operators.lt,
        "<=": operators.le,
        ">": operators.gt,
        ">=": operators.ge,
    }
)
"""The closed list of comparisons."""

OPPOSITE: Mapping[str, str] = MappingProxyType({"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"})
"""What holds of two values that compare where the named comparison does not."""


CUSTOM = "custom"
"""The field that holds an application's own, by key."""


def _known_operator(_instance: object, _attribute: object, value: Any) -> None:
    if value not in OPERATORS:
        raise InvalidInput("operator", value, f"must be one of {' '.join(OPERATORS)}")


def _plain_value(_instance: object, _attribute: object, value: Any) -> None:
    if not isinstance(value, str | int | Decimal | Money | date):
        raise InvalidInput("value", value, "must be text, an exact number, Money or a date")
    if isinstance(value, Decimal) and not value.is_finite():
        raise InvalidInput("value", value, "must be finite")
    if isinstance(value, str) and not can_be_stored(value):
        raise InvalidInput("value", value, "must hold neither a NUL nor half a character: no record does")
    if isinstance(value, datetime) and value.utcoffset() is not None:
        utc(value, "value")  # no record holds another, and stores disagree on what is more than it


@frozen
class FieldCompare(FilterNode):
    """
    A field of the record compares with a value.

    A missing field, a missing value, unlike types and unlike currencies compare in no way: the record does
    not pass, nor does it pass the negation.

    Args:
        name: The field's name; dots lead into it (``"grade.effective"``), and after ``custom.`` stands the key of
            a field of the application's own, with dots or without.
        operator: One of `OPERATORS`.
        value: Text, number, `Money` or date.
    """

    name: str
    operator: str = field(validator=_known_operator)
    value: str | int | Decimal | Money | date = field(validator=_plain_value)

    def _compiled(self) -> Test:
        compare, value, value_in = OPERATORS[self.operator], self.value, self.value_in

        def matches(record: Any) -> bool:
            found = value_in(record)
            return found is not None and _comparable(found, value) and compare(found, value)

        return matches

    def value_in(self, record: Any) -> Any:
        """Return what the field holds; None where it, or something on the way to it, is missing."""
        first, *rest = self.path
        found = getattr(record, first, None)
        if first == CUSTOM:
            return next((each.value for each in found or () if [each.key] == rest), None)
        for name in rest:
            found = getattr(found, name, None)
        return found

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to the value."""
        first, _, rest = self.name.partition(".")
        return (first, rest) if first == CUSTOM else tuple(self.name.split("."))


@frozen
class AllOf(FilterNode):
    """Every part passes. Made by `all_of`."""

    parts: tuple[Filter, ...]

    def _compiled(self) -> Test:
        if len(self.parts) == 2 and self.parts[0] == NOT_VOIDED:
            test = _as_owner_or_team(self.parts[1], hidden=True)
            if test is not None:
                return test
        tests = tuple(part.matches for part in self.parts)

        def matches(record: Any) -> bool:
            for test in tests:  # noqa: SIM110 - a generator costs twice as much as this loop
                if not test(record):
                    return False
            return True

        return matches


@frozen
class AnyOf(FilterNode):
    """Some part passes. Made by `any_of`."""

    parts: tuple[Filter, ...]

    def _compiled(self) -> Test:
        test = _as_owner_or_team(self, hidden=None)
        if test is not None:
            return test
        tests = tuple(part.matches for part in self.parts)

        def matches(record: Any) -> bool:
            for test in tests:  # noqa: SIM110 - as in AllOf
                if test(record):
                    return True
            return False

        return matches


@frozen
class Negation(FilterNode):
    """
    The part certainly fails. Made by `negation`; the part is then an `OwnerIn`, a `TeamIn`, a `PoolIn`, or a node of
    ``salesflow.visibility.behind``, which fails wherever it does not pass.

    A record without owner passes neither an `OwnerIn` nor its negation; one without team members passes the
    negation of every `TeamIn`; one with an owner, or of a kind without pools, neither a `PoolIn` nor its negation.
    """

    part: Filter

    def _compiled(self) -> Test:
        part = self.part
        if isinstance(part, OwnerIn):
            people = part.people
            return lambda record: record.owner is not None and record.owner not in people
        if isinstance(part, PoolIn):
            pools = part.pools | {_NO_POOL}
            return lambda record: record.owner is None and getattr(record, "pool", _NO_POOL) not in pools
        turned = negation(part)
        if turned != self:
            return turned.matches
        test = part.matches
        return lambda record: not test(record)


Leaf: TypeAlias = (
    "Everything | Nothing | OwnerIn | TeamIn | PoolIn | Voided | FieldCompare | Names | Behind | BelongsTo | KnownBy"
)
"""The nodes that hold no other of the same record."""

Filter: TypeAlias = "Leaf | AllOf | AnyOf | Negation"
"""The closed set of nodes. A store may look inside by `isinstance`, and refuses a node it does not know."""

EVERYTHING = Everything()
NOTHING = Nothing()
NOT_VOIDED = Voided(False)


def all_of(parts: Iterable[Filter]) -> Filter:
    """Return the filter of what passes every one of *parts*, in short form; of none it is `Everything`."""
    found: list[Filter] = []
    for part in parts:
        if isinstance(part, Nothing):
            return part
        if isinstance(part, AllOf):
            found += part.parts
        elif not isinstance(part, Everything):
            found.append(part)
    if not found:
        return EVERYTHING
    return found[0] if len(found) == 1 else AllOf(tuple(found))


def any_of(parts: Iterable[Filter]) -> Filter:
    """Return the filter of what passes some one of *parts*, in short form; of none it is `Nothing`."""
    found: list[Filter] = []
    for part in parts:
        if isinstance(part, Everything):
            return part
        if isinstance(part, AnyOf):
            found += part.parts
        elif not isinstance(part, Nothing):
            found.append(part)
    if not found:
        return NOTHING
    return found[0] if len(found) == 1 else AnyOf(tuple(found))


def negation(part: Filter) -> Filter:
    """Return the filter of what certainly fails *part*, with negation at the leaves only."""
    match part:
        case Everything():
            return NOTHING
        case Nothing():
            return EVERYTHING
        case Voided():
            return Voided(not part.is_voided)
        case FieldCompare():
            return FieldCompare(part.name, OPPOSITE[part.operator], part.value)
        case AllOf():
            return any_of(map(negation, part.parts))
        case AnyOf():
            return all_of(map(negation, part.parts))
        case Negation():
            return negation(negation(part.part)) if isinstance(part.part, AllOf | AnyOf) else part.part
        case _:
            return Negation(part)


def write_out(filter: Filter, most: int) -> None:
    """Write out the people of *filter*, up to *most* each: worth it for a filter that will be asked often."""
    match filter:
        case OwnerIn() | TeamIn():
            filter.people.write_out(most)
        case Negation():
            write_out(filter.part, most)
        case AllOf() | AnyOf():
            for part in filter.parts:
                write_out(part, most)
        case _:
            pass


def _yes(record: Any) -> bool:
    return True


def _no(record: Any) -> bool:
    return False


def _comparable(found: Any, value: Any) -> bool:
    """Whether two values have an order: the same kind of thing, and of one currency."""
    if isinstance(value, Money):
        return isinstance(found, Money) and found.currency == value.currency
    if isinstance(value, datetime):
        return isinstance(found, datetime) and (found.utcoffset() is None) == (value.utcoffset() is None)
    if isinstance(value, date):
        return isinstance(found, date) and not isinstance(found, datetime)
    if isinstance(value, str):
        return isinstance(found, str)
    return isinstance(found, int | Decimal)


def owner_or_team(owners: People, members: People, *, hidden: bool | None) -> Test:
    """
    Return the test "owner among these, or any member among those", the shape of the scene `all`, as one loop.

    Args:
        owners: Whom the owner must be one of.
        members: Whom some team member must be one of; a record without team has none.
        hidden: The value of `voided` that never passes; None where it does not matter.
    """
    if owners.is_written_out and members.is_written_out:
        return _in_sets(owners.ids, members.ids, hidden)
    return _in_stretches(owners, members, hidden)


def _as_owner_or_team(filter: Filter, *, hidden: bool | None) -> Test | None:
    if not isinstance(filter, AnyOf) or len(filter.parts) != 2:
        return None
    owner, team = filter.parts
    if not (isinstance(owner, OwnerIn) and isinstance(team, TeamIn)):
        return None
    if team.roles is not None or team.access is not Access.READ:
        return None
    return owner_or_team(owner.people, team.people, hidden=hidden)


def _in_sets(owners: Set[str], members: Set[str], hidden: bool | None) -> Test:
    def matches(record: Any) -> bool:
        if record.voided is hidden:
            return False
        if record.owner in owners:
            return True
        try:
            team = record.team
        except AttributeError:
            return False
        for member in team:  # noqa: SIM110 - as in AllOf
            if member.person in members:
                return True
        return False

    return matches


def _in_stretches(owners: People, members: People, hidden: bool | None) -> Test:
    named, low, high, sets = owners.named, owners.low, owners.high, owners.sets
    number = owners.line.numbers.get
    team_named, team_low, team_high, team_sets = members.named, members.low, members.high, members.sets
    team_number = members.line.numbers.get

    def matches(record: Any) -> bool:
        if record.voided is hidden:
            return False
        owner = record.owner
        if owner in named or low <= number(owner, -1) < high:
            return True
        for people in sets:
            if owner in people:
                return True
        try:
            team = record.team
        except AttributeError:
            return False
        for member in team:
            person = member.person
            if person in team_named or team_low <= team_number(person, -1) < team_high:
                return True
            for people in team_sets:
                if person in people:
                    return True
        return False

    return matches
