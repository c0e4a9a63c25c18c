"""
Rules are values: they combine with ``&``, ``|``, ``~``, compare, hash, and print as written (VIS-14).

A rule knows no viewer and no organisation. Two relational atoms (the owner, some team member) over the terms
of `terms`, the pool of a lead without owner, and comparisons of the record's own fields, are all there is. A rule
under which everybody would see a record says so by name: `everybody`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import NoReturn, TypeAlias, TypeGuard, cast

from attrs import fields_dict, frozen

from salesflow.errors import InvalidInput
from salesflow.model.apply import RECORD_CLASSES
from salesflow.model.enums import Access
from salesflow.model.money import Money
from salesflow.visibility import terms
from salesflow.visibility.filters import OPPOSITE, FieldCompare
from salesflow.visibility.terms import Term

_BARE = re.compile(r"[^\W\d_]\w*")  # a name that begins with _ is none of a record, and some letters are no words

KINDS = ("opportunity", "lead", "customer", "contact")
"""The kinds of record that have an owner, and so scenes (VIS-21)."""

KINDS_WITH_TEAM = frozenset(kind for kind in KINDS if "team" in fields_dict(RECORD_CLASSES[kind]))
KINDS_WITH_POOL = frozenset(kind for kind in KINDS if "pool" in fields_dict(RECORD_CLASSES[kind]))


class _Combines:
    """What every rule can do: combine."""

    __slots__ = ()

    def __and__(self, other: object) -> Rule:
        return both((cast("Rule", self), other)) if is_rule(other) else NotImplemented

    def __or__(self, other: object) -> Rule:
        return either((cast("Rule", self), other)) if is_rule(other) else NotImplemented

    def __invert__(self) -> Rule:
        return self.part if isinstance(self, Not) else Not(cast("Rule", self))

    def __bool__(self) -> NoReturn:
        rule = "is neither true nor false; combine rules with & | ~, not with and, or, not"
        raise InvalidInput("rule", self, rule)


def is_rule(value: object) -> TypeGuard[Rule]:
    """Whether *value* is a rule."""
    return isinstance(value, _Combines)


_OWNER_WORDS: dict[Term, str] = {
    terms.ME: "owner.is_viewer",
    terms.BELOW: "owner.is_below_viewer",
    terms.BELOW_SUPERIOR: "owner.answers_to_viewer",
    terms.HEADED: "owner.is_in_viewers_department",
    terms.SHARED: "owner.shares_with_viewer()",
    terms.SHARED_READ_WRITE: "owner.shares_with_viewer(access='read_write')",
}
_TEAM_WORDS: dict[Term, str] = {
    terms.ME: "team.includes_viewer",
    terms.BELOW: "team.includes_below_viewer",
    terms.BELOW_SUPERIOR: "team.includes_who_answers_to_viewer",
    terms.HEADED: "team.includes_viewers_department",
}


@frozen(repr=False)
class OwnerRule(_Combines):
    """
    The owner is one of the viewer's people. False for a record without owner, and so is the negation.

    Args:
        term: Which people.
    """

    term: Term

    def __repr__(self) -> str:
        return _OWNER_WORDS.get(self.term, f"OwnerRule({self.term!r})")


@frozen(repr=False)
class TeamRule(_Combines):
    """
    Some team member, in one of *roles* and with at least *access*, is one of the viewer's people.

    Args:
        term: Which people.
        roles: Role names; None means any role.
        access: `READ` admits `READ_WRITE` too.
    """

    term: Term
    roles: frozenset[str] | None = None
    access: Access = Access.READ

    def __repr__(self) -> str:
        told = []
        if self.roles is not None:
            roles = sorted(map(str, self.roles))
            told.append(f"role={roles[0]!r}" if len(roles) == 1 else f"role={roles!r}")
        if self.access is not Access.READ:
            told.append(f"access={str(self.access)!r}")
        return f"{_TEAM_WORDS.get(self.term, f'TeamRule({self.term!r})')}({', '.join(told)})"


class PoolRelation(StrEnum):
    """How a viewer stands to a pool (公海)."""

    ADMITS = "admits_viewer"
    DISPATCHED = "is_dispatched_by_viewer"


@frozen(repr=False)
class PoolRule(_Combines):
    """
    The record has no owner and lies in a pool that the viewer may claim from, or dispatches.

    False for a record with an owner and for a kind that lies in no pool, and so is the negation.

    Args:
        relation: Which of the two.

    Source: VIS-18.
    """

    relation: PoolRelation

    def __repr__(self) -> str:
        return f"pool.{self.relation}"


@frozen(repr=False)
class FieldRule(_Combines):
    """
    A field of the record compares with a value; see `FieldCompare` for what a missing value does.

    Args:
        compare: The comparison.
    """

    compare: FieldCompare

    def __repr__(self) -> str:
        first, *rest = self.compare.path
        path = first + "".join(f".{name}" if _is_bare(name) else f"[{name!r}]" for name in rest)
        return f"record.{path} {self.compare.operator} {_shown(self.compare.value)}"


@frozen(repr=False)
class Everybody(_Combines):
    """Everybody who is known to the organisation sees the record."""

    def __repr__(self) -> str:
        return "everybody"


@frozen(repr=False)
class Both(_Combines):
    """Every part holds. Made by ``&``."""

    parts: tuple[Rule, ...]

    def __repr__(self) -> str:
        return " & ".join(f"({part!r})" if isinstance(part, Either | FieldRule) else repr(part) for part in self.parts)


@frozen(repr=False)
class Either(_Combines):
    """Some part holds. Made by ``|``."""

    parts: tuple[Rule, ...]

    def __repr__(self) -> str:
        return " | ".join(f"({part!r})" if isinstance(part, Both | FieldRule) else repr(part) for part in self.parts)


@frozen(repr=False)
class Not(_Combines):
    """The part certainly fails. Made by ``~``."""

    part: Rule

    def __repr__(self) -> str:
        return f"~({self.part!r})" if isinstance(self.part, Both | Either | FieldRule) else f"~{self.part!r}"


Rule: TypeAlias = OwnerRule | TeamRule | PoolRule | FieldRule | Everybody | Both | Either | Not
"""The closed set of rules."""

everybody = Everybody()


def both(rules: Iterable[Rule]) -> Rule:
    """Return the rule that all of *rules* hold; there is at least one."""
    parts = [part for rule in rules for part in (rule.parts if isinstance(rule, Both) else (rule,))]
    parts = list(dict.fromkeys(parts))
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def either(rules: Iterable[Rule]) -> Rule:
    """Return the rule that some one of *rules* holds; there is at least one."""
    parts = [part for rule in rules for part in (rule.parts if isinstance(rule, Either) else (rule,))]
    parts = list(dict.fromkeys(parts))
    return parts[0] if len(parts) == 1 else Either(tuple(parts))


def implies(rule: Rule, whole: Rule) -> bool:
    """
    Whether whatever passes *rule* passes *whole*, as far as their shapes show; False where they do not.

    It lets a scene that only repeats a part of `all` be evaluated without `all`.
    """
    if rule == whole or isinstance(whole, Everybody):
        return True
    match rule, whole:
        case Either(), _:
            return all(implies(part, whole) for part in rule.parts)
        case _, Both():
            return all(implies(rule, part) for part in whole.parts)
        case (Both(), _) | (_, Either()):
            narrower = rule.parts if isinstance(rule, Both) else ()
            wider = whole.parts if isinstance(whole, Either) else ()
            return any(implies(part, whole) for part in narrower) or any(implies(rule, part) for part in wider)
        case TeamRule(), TeamRule():
            has_roles = whole.roles is None or (rule.roles is not None and rule.roles <= whole.roles)
            return rule.term == whole.term and has_roles and whole.access in (Access.READ, rule.access)
        case OwnerRule(), OwnerRule():
            return whole.term == terms.SHARED and rule.term == terms.SHARED_READ_WRITE
        case _:
            return False


def is_guarded(rule: Rule) -> bool:
    """Whether nobody passes *rule* but through a relation to the record, or because it says `everybody`."""
    match rule:
        case Both():
            return any(map(is_guarded, rule.parts))
        case Either():
            return all(map(is_guarded, rule.parts))
        case OwnerRule() | TeamRule() | PoolRule() | Everybody():
            return True
        case Not():
            return isinstance(rule.part, Both | Either | Not) and is_guarded(spread(rule.part))
        case _:
            return False


def spread(denied: Both | Either | Not | FieldRule) -> Rule:
    """Return the rule that holds where *denied* certainly fails, with negation one level further down."""
    match denied:
        case Both():
            return either(~part for part in denied.parts)
        case Either():
            return both(~part for part in denied.parts)
        case Not():
            return denied.part
        case _:
            compare = denied.compare
            return FieldRule(FieldCompare(compare.name, OPPOSITE[compare.operator], compare.value))


def _is_bare(key: str) -> bool:
    """Whether a field's key reads back without quotes."""
    return key.isidentifier() and _BARE.fullmatch(key) is not None


def _shown(value: object) -> str:
    if isinstance(value, Money):
        return f"Money({str(value.amount)!r}, {value.currency!r})"
    if isinstance(value, datetime):
        return f"datetime.fromisoformat({value.isoformat()!r})"
    if isinstance(value, date):
        return f"date({value.year}, {value.month}, {value.day})"
    return repr(str(value)) if isinstance(value, str) else repr(value)
