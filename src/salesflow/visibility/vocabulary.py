"""The words that rules are written with: ``owner``, ``team``, ``pool``, ``record``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from salesflow.errors import InvalidInput
from salesflow.model.apply import RECORD_CLASSES
from salesflow.model.enums import Access
from salesflow.model.money import Money
from salesflow.visibility import terms
from salesflow.visibility.filters import CUSTOM, FieldCompare
from salesflow.visibility.rules import KINDS, FieldRule, OwnerRule, PoolRelation, PoolRule, Rule, TeamRule
from salesflow.visibility.terms import Term


class _Owner:
    """Rules about the record's owner."""

    __slots__ = ()

    is_viewer = OwnerRule(terms.ME)
    """The viewer owns the record."""
    is_below_viewer = OwnerRule(terms.BELOW)
    """A subordinate of the viewer owns it, as far as `depth_subordinates` reaches."""
    answers_to_viewer = OwnerRule(terms.BELOW_SUPERIOR)
    """The viewer is a superior of its owner, as far as `depth_superiors` reaches."""
    is_in_viewers_department = OwnerRule(terms.HEADED)
    """The viewer heads their own main department, and the owner's main department is in it (VIS-12)."""

    @staticmethod
    def shares_with_viewer(access: str = Access.READ) -> Rule:
        """A sharing rule shares the owner's records with the viewer, with at least *access* (VIS-11)."""
        return OwnerRule(terms.Shared(_access(access)))


class _Team:
    """
    Rules about the record's team. False for a kind of record that has no team.

    Each takes *role*, one or several (None means any), and *access*, the least that the member must have.
    """

    __slots__ = ()

    @staticmethod
    def includes_viewer(role: str | Iterable[str] | None = None, access: str | None = None) -> Rule:
        """The viewer stands in the team."""
        return _team_rule(terms.ME, role, access)

    @staticmethod
    def includes_below_viewer(role: str | Iterable[str] | None = None, access: str | None = None) -> Rule:
        """A subordinate of the viewer stands in the team, as far as `depth_subordinates` reaches."""
        return _team_rule(terms.BELOW, role, access)

    @staticmethod
    def includes_who_answers_to_viewer(role: str | Iterable[str] | None = None, access: str | None = None) -> Rule:
        """The viewer is a superior of such a member, as far as `depth_superiors` reaches."""
        return _team_rule(terms.BELOW_SUPERIOR, role, access)

    @staticmethod
    def includes_viewers_department(role: str | Iterable[str] | None = None, access: str | None = None) -> Rule:
        """A member's main department is in the one that the viewer heads, which is their own (VIS-12)."""
        return _team_rule(terms.HEADED, role, access)


class _Pool:
    """Rules about the pool (公海) of a lead without owner. False for a record with one, and for what has no pool."""

    __slots__ = ()

    admits_viewer = PoolRule(PoolRelation.ADMITS)
    """The viewer may claim from the pool that it lies in (VIS-18)."""
    is_dispatched_by_viewer = PoolRule(PoolRelation.DISPATCHED)
    """The viewer dispatches that pool's leads."""


class _Field:
    """A field of the record, to be compared: every comparison gives a rule."""

    __slots__ = ("_path",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, name: str) -> _Field:
        if name.startswith("_"):
            raise AttributeError(name)
        return _Field(f"{self._path}.{name}")

    def __getitem__(self, key: str) -> _Field:
        if self._path != CUSTOM or not isinstance(key, str):
            raise InvalidInput(f"record.{self._path}", key, "must be the key, a text, of a field of record.custom")
        return _Field(f"{CUSTOM}.{key}")

    def __eq__(self, value: Any) -> Rule:  # type: ignore[override]
        return self._compared("==", value)

    def __ne__(self, value: Any) -> Rule:  # type: ignore[override]
        return self._compared("!=", value)

    def __lt__(self, value: Any) -> Rule:
        return self._compared("<", value)

    def __le__(self, value: Any) -> Rule:
        return self._compared("<=", value)

    def __gt__(self, value: Any) -> Rule:
        return self._compared(">", value)

    def __ge__(self, value: Any) -> Rule:
        return self._compared(">=", value)

    def __repr__(self) -> str:
        return f"record.{self._path}"

    def _compared(self, operator: str, value: str | int | Decimal | Money | date) -> Rule:
        if self._path == CUSTOM:
            raise InvalidInput("record.custom", value, "compares a field at a time: record.custom[key]")
        return FieldRule(FieldCompare(self._path, operator, value))


class _Record:
    """
    The fields of a record, by name: ``record.amount >= Money("1000000", "CNY")``.

    An application's own stand in ``custom``, by key: ``record.custom.region == "north"``, or with any key at all
    ``record.custom["sales region"] == "north"``.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> _Field:
        if name.startswith("_"):
            raise AttributeError(name)
        if not any(hasattr(RECORD_CLASSES[kind], name) for kind in KINDS):
            raise InvalidInput(f"record.{name}", name, f"is no field of {', '.join(KINDS)}")
        return _Field(name)


owner = _Owner()
team = _Team()
pool = _Pool()
record = _Record()


def _access(access: str | None) -> Access:
    try:
        return Access.READ if access is None else Access(access)
    except ValueError:
        raise InvalidInput("access", access, f"must be one of {', '.join(Access)}") from None


def _team_rule(term: Term, role: str | Iterable[str] | None, access: str | None) -> TeamRule:
    roles = None if role is None else frozenset((role,) if isinstance(role, str) else role)
    return TeamRule(term, roles, _access(access))
